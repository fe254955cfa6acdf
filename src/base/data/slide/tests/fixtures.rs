//! The slides that `make_slides.py` writes, against OpenSlide and tifffile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::core::cancel::CancelToken;
use crate::core::progress::Silent;
use crate::data::slide::*;

#[derive(Debug, Deserialize)]
struct Expected {
    file: String,
    kind: String,
    reader: String,
    limit: f64,
    levels: Vec<(u32, u32)>,
    downsamples: Vec<f64>,
    mpp: Option<f64>,
    magnification: Option<f64>,
    associated: Vec<String>,
    /// Level, left, top, width, height in pixels of the level.
    patches: Vec<(usize, u32, u32, u32, u32)>,
    note: String,
}

const PATCH: usize = 32;

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/slides")
}

pub(super) fn open(path: &Path) -> Result<Arc<dyn SlideSource>, SlideError> {
    open_source(path, &OpenOptions::default(), &Silent, &CancelToken::new())
}

/// The pixels of a rectangle of a level, put together from tiles.
pub(super) fn read_rect(
    source: &dyn SlideSource,
    level: usize,
    x: u32,
    y: u32,
    w: u32,
    h: u32,
) -> Result<Tile, SlideError> {
    let about = source.info().levels[level];
    let mut rect = Tile::filled(w, h, [1, 2, 3]);
    for row in y / about.tile_height..=(y + h - 1) / about.tile_height {
        for col in x / about.tile_width..=(x + w - 1) / about.tile_width {
            let tile = source.read_tile(level, col, row)?;
            let left = i64::from(col * about.tile_width) - i64::from(x);
            rect.paste(&tile, left, i64::from(row * about.tile_height) - i64::from(y));
        }
    }
    Ok(rect)
}

fn expected_patch(image: &Tile, index: usize, w: u32, h: u32) -> Vec<u8> {
    let rows = image.rows().take(h as usize);
    rows.flat_map(|row| row[index * PATCH * 3..(index * PATCH + w as usize) * 3].to_vec()).collect()
}

pub(super) fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len().max(1) as f64
}

pub(super) fn png(path: &Path) -> Tile {
    let source = open(path).unwrap();
    let (w, h) = source.info().size();
    read_rect(source.as_ref(), 0, 0, 0, w, h).unwrap()
}

/// What does not agree about a slide, and the largest difference of a patch.
fn compare(expected: &Expected) -> (Vec<String>, f64) {
    let (mut wrong, mut largest) = (Vec::new(), 0.0_f64);
    let path = folder().join(&expected.file);
    let source = match open(&path) {
        Ok(source) => source,
        Err(error) => return (vec![error.to_string()], f64::NAN),
    };
    let info = source.info();
    let sizes: Vec<_> = info.levels.iter().map(|l| (l.width, l.height)).collect();
    // Images in strips get levels of their own.
    let has_levels = expected.kind == "strips" && sizes.first() == expected.levels.first();
    if !sizes.starts_with(&expected.levels) && !has_levels {
        wrong.push(format!("levels {sizes:?}, not {:?}", expected.levels));
    }
    for (level, wanted) in info.levels.iter().zip(&expected.downsamples) {
        if (level.downsample / wanted - 1.0).abs() > 1e-6 {
            wrong.push(format!("downsample {}, not {wanted}", level.downsample));
        }
    }
    let near = |found: Option<f64>, wanted: Option<f64>| match (found, wanted) {
        (Some(found), Some(wanted)) => (found / wanted - 1.0).abs() < 1e-3,
        (None, None) => true,
        // No scanner has so coarse a resolution; it is that of a screen.
        (None, Some(wanted)) => wanted > 20.0,
        (Some(_), None) => false,
    };
    if !near(info.mpp.map(|m| m.0), expected.mpp) {
        wrong.push(format!("mpp {:?}, not {:?}", info.mpp, expected.mpp));
    }
    if !near(info.magnification, expected.magnification) {
        wrong.push(format!("magnification {:?}, not {:?}", info.magnification, expected.magnification));
    }
    if info.associated != expected.associated {
        wrong.push(format!("associated {:?}, not {:?}", info.associated, expected.associated));
    }
    let reference = png(&folder().join("expected").join(format!("{}.png", expected.file)));
    for (index, &(level, x, y, w, h)) in expected.patches.iter().enumerate() {
        match read_rect(source.as_ref(), level, x, y, w, h) {
            Ok(found) => {
                let difference = mean_difference(&found.rgb, &expected_patch(&reference, index, w, h));
                if difference > expected.limit {
                    wrong.push(format!("{difference:.2} at {x}, {y} of level {level}"));
                }
                largest = largest.max(difference);
            }
            Err(error) => wrong.push(error.to_string()),
        }
    }
    (wrong, largest)
}

#[test]
fn every_format_and_compression_reads_as_other_readers_do() {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let all: Vec<Expected> = serde_json::from_str(&text).unwrap();
    let mut failures = 0;
    println!("{:36} {:16} {:>10}", "slide", "checked against", "difference");
    for expected in &all {
        let (wrong, largest) = compare(expected);
        println!(
            "{:36} {:16} {largest:10.3}  {}{}",
            expected.file,
            expected.reader,
            wrong.join("; "),
            expected.note
        );
        if !wrong.is_empty() {
            println!("    WRONG");
        }
        failures += usize::from(!wrong.is_empty());
    }
    assert!(all.len() >= 40, "only {} slides", all.len());
    assert_eq!(failures, 0, "see above");
}
