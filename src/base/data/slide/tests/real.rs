//! Slides from scanners and from reports, where they are at hand: `HISCMCL_REAL_DATA` names the folder that
//! holds `real_data` and `cases`. What is expected was read with OpenSlide 4.0.1 or tifffile.

use std::path::Path;

use serde::Deserialize;

use super::fixtures::{open, read_rect};
use crate::data::slide::*;
use crate::data::testing::real_data;

#[derive(Debug, Deserialize)]
struct Expected {
    file: String,
    reader: String,
    levels: Vec<(u32, u32)>,
    mpp: Option<f64>,
    orientation: u8,
    associated: Vec<String>,
    patches: Vec<Patch>,
}

/// Level, left, top, width, height, and the means of red, green and blue of the four quarters.
type Patch = (usize, u32, u32, u32, u32, [[f64; 3]; 4]);

fn quarters(image: &Tile) -> [[f64; 3]; 4] {
    let (w, h) = (image.width as usize / 2, image.height as usize / 2);
    [(0, 0), (w, 0), (0, h), (w, h)].map(|(left, top)| {
        let mut sums = [0.0; 3];
        for row in image.rows().skip(top).take(h) {
            for pixel in row.chunks_exact(3).skip(left).take(w) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += f64::from(value);
                }
            }
        }
        sums.map(|s| s / (w * h) as f64)
    })
}

#[test]
fn real_slides_read_as_other_readers_do() {
    let Some(data) = real_data() else { return };
    let text = include_str!("real.json");
    let all: Vec<Expected> = serde_json::from_str(text).unwrap();
    for expected in &all {
        let source = match open(&data.join(&expected.file)) {
            Ok(source) => source,
            Err(error) => panic!("{error}"),
        };
        let info = source.info();
        let sizes: Vec<_> = info.levels.iter().map(|l| (l.width, l.height)).collect();
        assert!(sizes.starts_with(&expected.levels), "{}: {sizes:?}", expected.file);
        assert_eq!(info.orientation.tag(), expected.orientation, "{}", expected.file);
        assert_eq!(info.associated, expected.associated, "{}", expected.file);
        let mpp = info.mpp.map(|m| (m.0 * 1e4).round() / 1e4);
        assert_eq!(mpp, expected.mpp, "{}", expected.file);
        let mut largest = 0.0_f64;
        for (level, x, y, w, h, wanted) in &expected.patches {
            let found = quarters(&read_rect(source.as_ref(), *level, *x, *y, *w, *h).unwrap());
            for (found, wanted) in found.iter().flatten().zip(wanted.iter().flatten()) {
                largest = largest.max((found - wanted).abs());
            }
        }
        println!("{:60} {:16} {largest:.3}", expected.file, expected.reader);
        assert!(largest < 0.6, "{}: {largest}", expected.file);
    }
}

#[test]
fn the_same_tissue_in_other_files_looks_the_same() {
    let Some(data) = real_data() else { return };
    let mean = |path: &Path| {
        let source = open(path).unwrap();
        let (w, h) = source.info().size();
        quarters(&read_rect(source.as_ref(), 0, 0, 0, w, h).unwrap())
    };
    let same = |folder: &str, first: &str, others: &[&str], limit: f64| {
        let folder = data.join("cases").join(folder);
        let wanted = mean(&folder.join(first));
        for other in others {
            let found = mean(&folder.join(other));
            for (a, b) in found.iter().flatten().zip(wanted.iter().flatten()) {
                assert!((a - b).abs() < limit, "{other}: {found:?}, not {wanted:?}");
            }
        }
    };
    same("28_planar_tiff", "rgb.tif", &["bands4.tif", "pages.ome.tif", "planar.tif", "wide.tif"], 1.0);
    same("28_planar_tiff", "rgb.tif", &["palette.png"], 6.0);
    same("39_jpeg_in_tiff", "patch.jpg", &["bioformats.tif", "vips.tif", "patch.png"], 2.0);
}
