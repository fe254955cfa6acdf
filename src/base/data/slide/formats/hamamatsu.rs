//! Hamamatsu NDPI: every level is one long JPEG; the lens says what is a level, and what a macro or map.

use super::resolution;
use crate::data::slide::SlideError;
use crate::data::slide::levels::{LongJpeg, TiffLevel, TiffPyramid};
use crate::data::slide::source::SlideFormat;
use crate::data::slide::tiff::{Problem, TiffError, TiffFile, tags};

/// Opens a file in Hamamatsu's form.
pub fn open(file: TiffFile) -> Result<TiffPyramid, SlideError> {
    let (mut levels, mut associated): (Vec<Box<dyn TiffLevel>>, _) = (Vec::new(), Vec::new());
    let (mut mpp, mut magnification, mut widest) = (None, None, 0);
    for directory in file.directories() {
        let lens = directory.real(&file, tags::NDPI_SOURCE_LENS).unwrap_or(0.0);
        if lens <= 0.0 {
            // -1 is the macro, -2 the map of where was scanned.
            associated.push(if lens == -1.0 { "macro" } else { "map" }.to_owned());
            continue;
        }
        // Other focal planes show the same.
        if directory.real(&file, tags::NDPI_FOCAL_PLANE).is_some_and(|plane| plane != 0.0) {
            continue;
        }
        let level = LongJpeg::read(&file, directory)?;
        if level.size().0 > widest {
            widest = level.size().0;
            magnification = Some(lens);
            mpp = resolution::mpp(&file, directory);
        }
        levels.push(Box::new(level));
    }
    if levels.is_empty() {
        return Err(TiffError::file(
            file.path(),
            Problem::Unsupported("it holds no scan of tissue".to_owned()),
        )
        .into());
    }
    Ok(TiffPyramid::new(file, SlideFormat::Hamamatsu, levels)
        .with_mpp(mpp)
        .with_magnification(magnification)
        .with_associated(associated))
}
