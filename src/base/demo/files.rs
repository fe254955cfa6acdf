//! The demo on disk, in the layout of the her2st release.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use super::genes::DemoGene;
use super::paint::{MPP, SIDE_PX};
use super::spots::DemoSpot;
use crate::core::files::{FileError, write_atomically, write_bytes_atomically};

/// Where the files of a section lie.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    pub(super) counts: PathBuf,
    pub(super) spots: PathBuf,
    pub(super) image: PathBuf,
    pub(super) labels: PathBuf,
}

impl Paths {
    pub(super) fn new(dir: &Path, patient: &str, section: &str) -> Self {
        let data = dir.join("data");
        Self {
            counts: data.join("ST-cnts").join(format!("{section}.tsv.gz")),
            spots: data.join("ST-spotfiles").join(format!("{section}_selection.tsv")),
            image: data
                .join("ST-imgs")
                .join(patient)
                .join(section)
                .join(format!("{section}_synthetic_HE.jpg")),
            labels: data.join("ST-pat").join("lbl").join(format!("{section}_labeled_coordinates.tsv")),
        }
    }

    pub(super) fn all(&self) -> [&Path; 4] {
        [&self.counts, &self.spots, &self.image, &self.labels].map(PathBuf::as_path)
    }

    pub(super) fn all_exist(&self) -> bool {
        self.all().into_iter().all(Path::is_file)
    }
}

pub(super) fn write_image(path: &Path, rgb: &[u8]) -> Result<(), FileError> {
    let side = SIDE_PX as u32;
    write_atomically(path, |w| {
        JpegEncoder::new_with_quality(w, 88).encode(rgb, side, side, ExtendedColorType::Rgb8).map_err(|e| {
            match e {
                image::ImageError::IoError(e) => FileError::io("write", path)(e),
                other => FileError::io("write", path)(std::io::Error::other(other)),
            }
        })
    })
}

/// All spots of the array; those off the tissue are there with `selected` 0.
pub(super) fn write_spots(path: &Path, spots: &[DemoSpot]) -> Result<(), FileError> {
    let mut text = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n".to_owned();
    for s in spots {
        let (px, py) = (s.x / MPP, s.y / MPP);
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{}\t{}\t{:.3}\t{:.3}\t{px:.2}\t{py:.2}\t{}",
            s.column,
            s.row,
            s.column as f32,
            s.row as f32,
            u8::from(s.label.is_some())
        );
    }
    write_bytes_atomically(path, text.as_bytes())
}

pub(super) fn write_labels(path: &Path, spots: &[DemoSpot]) -> Result<(), FileError> {
    let mut text = "Row.names\tx\ty\tpixel_x\tpixel_y\tlabel\n".to_owned();
    for s in spots {
        let Some(label) = s.label else { continue };
        let (px, py) = (s.x / MPP, s.y / MPP);
        let _ = writeln!(
            text,
            "{px:.0}x{py:.0}\t{:.3}\t{:.3}\t{px:.1}\t{py:.1}\t{label}",
            s.column as f32, s.row as f32
        );
    }
    write_bytes_atomically(path, text.as_bytes())
}

/// Counts of the spots on tissue, one row a spot, one column a gene.
pub(super) fn write_counts<'a>(
    path: &Path,
    genes: &[DemoGene],
    rows: impl Iterator<Item = (&'a DemoSpot, Vec<u32>)>,
) -> Result<(), FileError> {
    let mut text = String::new();
    for gene in genes {
        let _ = write!(text, "\t{}", gene.name);
    }
    text.push('\n');
    for (spot, counts) in rows {
        let _ = write!(text, "{}x{}", spot.column, spot.row);
        for count in counts {
            let _ = write!(text, "\t{count}");
        }
        text.push('\n');
    }
    write_atomically(path, |w| {
        let mut gz = GzEncoder::new(w, Compression::default());
        gz.write_all(text.as_bytes())
            .and_then(|()| gz.finish().map(|_| ()))
            .map_err(FileError::io("write", path))
    })
}
