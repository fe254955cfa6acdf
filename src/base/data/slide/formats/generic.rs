//! TIFF files of no particular scanner, as vips, libtiff and ASAP write them: the largest image, and every other that is
//! the same at a lower resolution.

use super::{described_kind, description, level, resolution};
use crate::data::slide::levels::{Page, TiffPyramid, has_shape_of};
use crate::data::slide::orient::Orientation;
use crate::data::slide::source::SlideFormat;
use crate::data::slide::tiff::{Directory, Problem, TiffError, TiffFile, tags};
use crate::data::slide::{OPENSLIDE_ADVICE, SlideError};

/// What a viewer would take for the slide: colour before grey, then the largest.
fn rank(page: &Page) -> (bool, u64) {
    let (width, height) = crate::data::slide::levels::TiffLevel::size(page);
    (page.has_color(), u64::from(width) * u64::from(height))
}

/// Opens any TIFF file that holds an image.
pub fn open(file: TiffFile) -> Result<TiffPyramid, SlideError> {
    let mut directories: Vec<Directory> = file.directories().to_vec();
    directories.extend(file.directories().iter().flat_map(|d| file.sub_directories(d)));
    if file.directories().first().is_some_and(|d| overlaps(&description(&file, d))) {
        return Err(SlideError::Unsupported {
            path: file.path().to_path_buf(),
            what: "this is a Trestle slide whose tiles overlap".to_owned(),
            advice: OPENSLIDE_ADVICE.to_owned(),
        });
    }
    let (mut pages, mut associated, mut refused) = (Vec::new(), Vec::new(), None);
    for directory in &directories {
        if let Some(kind) = described_kind(&description(&file, directory)).filter(|_| directory.index() > 0) {
            associated.push(kind.to_owned());
            continue;
        }
        // A transparency mask.
        if directory.number_or(&file, tags::NEW_SUBFILE_TYPE, 0).unwrap_or(0) & 4 != 0 {
            continue;
        }
        match Page::read(&file, directory) {
            Ok(page) => pages.push((page, directory)),
            Err(error) => drop(refused.get_or_insert(error)),
        }
    }
    let best =
        pages.iter().enumerate().max_by_key(|(i, (p, _))| (rank(p), std::cmp::Reverse(*i))).map(|(i, _)| i);
    // An image that cannot be read is not passed over for a smaller one that can.
    let refused = refused.filter(|e| best.is_none() || e.directory == Some(0));
    let Some(best) = best.filter(|_| refused.is_none()) else {
        let error = refused.unwrap_or_else(|| TiffError::file(file.path(), Problem::NoDirectories));
        return Err(error.into());
    };
    let (main, directory) = pages.swap_remove(best);
    let mpp = resolution::mpp(&file, directory);
    let orientation = Orientation::from_tag(directory.number_or(&file, tags::ORIENTATION, 1).unwrap_or(1));
    let is_tiled = main.is_tiled();
    let size = crate::data::slide::levels::TiffLevel::size(&main);
    let mut levels = vec![level(main)];
    for (page, _) in pages {
        let part = crate::data::slide::levels::TiffLevel::size(&page);
        if part.0 < size.0 && has_shape_of(size, part) && page.is_tiled() == is_tiled {
            levels.push(level(page));
        } else if part.0 < size.0 {
            associated.push("thumbnail".to_owned());
        }
    }
    Ok(TiffPyramid::new(file, SlideFormat::GenericTiff, levels)
        .with_mpp(mpp)
        .with_orientation(orientation)
        .with_associated(associated))
}

/// Whether a description, as Trestle writes it, says that tiles overlap: "...;OverlapsXY= 64 64 32 32 ...;".
fn overlaps(description: &str) -> bool {
    let value = description.split(';').find_map(|part| part.trim().strip_prefix("OverlapsXY="));
    value.is_some_and(|v| v.split_whitespace().any(|n| n.parse::<f64>().is_ok_and(|n| n != 0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_of_trestle_are_seen() {
        assert!(overlaps("Objective Power=20;OverlapsXY= 64 64 32 32;"));
        assert!(!overlaps("OverlapsXY= 0 0 0 0;") && !overlaps("Created by hand"));
    }
}
