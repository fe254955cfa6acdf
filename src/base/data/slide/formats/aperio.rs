//! Aperio SVS: tiled levels, and in strips a thumbnail, label and macro. The description is a list of `key = value`.

use super::{associated_kind, description, level, resolution};
use crate::data::slide::SlideError;
use crate::data::slide::levels::{Page, TiffPyramid};
use crate::data::slide::orient::Orientation;
use crate::data::slide::source::SlideFormat;
use crate::data::slide::tiff::{TiffFile, tags};

/// Opens a file whose first description begins with "Aperio".
pub fn open(file: TiffFile) -> Result<TiffPyramid, SlideError> {
    let (mut levels, mut associated) = (Vec::new(), Vec::new());
    let mut first = None;
    for (index, directory) in file.directories().iter().enumerate() {
        let words = description(&file, directory);
        // Titles may hold any word, so what is tiled counts as a level; another shape is left out later.
        if index > 0 && !directory.has(tags::TILE_WIDTH) {
            associated.push(associated_kind(&words).unwrap_or("thumbnail").to_owned());
            continue;
        }
        levels.push(level(Page::read(&file, directory)?));
        first.get_or_insert((
            words,
            resolution::mpp(&file, directory),
            directory.number_or(&file, tags::ORIENTATION, 1),
        ));
    }
    let (words, from_tags, orientation) = first.unwrap_or((String::new(), None, Ok(1)));
    let mpp = value(&words, "MPP").or(from_tags);
    let magnification = value(&words, "AppMag");
    Ok(TiffPyramid::new(file, SlideFormat::Aperio, levels)
        .with_mpp(mpp)
        .with_magnification(magnification)
        .with_associated(associated)
        .with_orientation(Orientation::from_tag(orientation.unwrap_or(1))))
}

/// The number behind `key` in a description: "...|AppMag = 20|MPP = 0.4990|...". Some exports write a decimal comma.
fn value(description: &str, key: &str) -> Option<f64> {
    let pairs = description.split(['|', ';', '\n']).filter_map(|part| part.split_once('='));
    let mut values = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(key));
    values.find_map(|(_, value)| value.trim().replace(',', ".").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_descriptions() {
        let words = "Aperio Image Library v11.2.1 \r\n46000x32914 (240x240) JPEG/RGB Q=30;Aperio|AppMag = 20|MPP = 0,4990";
        assert_eq!((value(words, "MPP"), value(words, "AppMag")), (Some(0.499), Some(20.0)));
        assert_eq!(value(words, "Filename"), None);
    }
}
