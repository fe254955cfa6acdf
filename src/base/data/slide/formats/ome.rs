//! OME-TIFF: of the images in the file the largest one in colour, with its lower resolutions in SubIFDs or as further
//! images.

use super::ome_xml::{self, OmeImage};
use super::{associated_kind, level, resolution};
use crate::data::slide::SlideError;
use crate::data::slide::levels::{Page, Planes, TiffLevel, TiffPyramid, has_shape_of};
use crate::data::slide::orient::Orientation;
use crate::data::slide::source::SlideFormat;
use crate::data::slide::tiff::{Directory, Problem, TiffError, TiffFile, tags};

/// Opens a file whose first description is OME-XML.
pub fn open(file: TiffFile, description: &str) -> Result<TiffPyramid, SlideError> {
    // Metadata that are damaged say nothing, but the images may still be read.
    let Some(mut images) = ome_xml::images(description).filter(|i| !i.is_empty()) else {
        return super::generic::open(file);
    };
    for image in &mut images {
        // Only the first image of an old file says where it is.
        if image.directories.is_empty() && !image.is_elsewhere && image.channels == 1 {
            image.directories = vec![0];
        }
    }
    let area = |i: &OmeImage| u64::from(i.size.0) * u64::from(i.size.1);
    let is_shown = |i: &&OmeImage| associated_kind(&i.name).is_none();
    let main = images.iter().filter(is_shown).max_by_key(|i| (is_photograph(i), area(i)));
    let Some(main) = main.or(images.first()) else { return super::generic::open(file) };
    check(&file, main)?;

    let mut levels: Vec<Box<dyn TiffLevel>> = Vec::new();
    for directories in resolutions(&file, main)? {
        let is_finest = levels.is_empty();
        match read_level(&file, main, &directories) {
            Ok(level) => levels.push(level),
            Err(error) if is_finest => return Err(error.into()),
            // A lower resolution that cannot be read is done without.
            Err(_) => {}
        }
    }
    let mut associated = Vec::new();
    for other in images.iter().filter(|i| !std::ptr::eq(*i, main)) {
        if let Some(kind) = associated_kind(&other.name) {
            associated.push(kind.to_owned());
        } else if levels.len() == 1
            && is_photograph(other)
            && other.size.0 < main.size.0
            && has_shape_of(main.size, other.size)
            && let Ok(directories) = own_directories(&file, other)
        {
            levels.extend(read_level(&file, main, &directories));
        }
    }
    let first = main.directories.first().and_then(|&d| file.directories().get(d));
    let mpp = main.mpp.or_else(|| first.and_then(|d| resolution::mpp(&file, d)));
    let orientation = first.and_then(|d| d.number(&file, tags::ORIENTATION).ok().flatten()).unwrap_or(1);
    let magnification = main.magnification;
    Ok(TiffPyramid::new(file, SlideFormat::OmeTiff, levels)
        .with_mpp(mpp)
        .with_magnification(magnification)
        .with_associated(associated)
        .with_orientation(Orientation::from_tag(orientation)))
}

/// Whether an image can be one of stained tissue: red, green and blue, or grey.
fn is_photograph(image: &OmeImage) -> bool {
    matches!((image.channels, image.samples), (1, 1 | 3 | 4) | (3, 1))
}

fn check(file: &TiffFile, image: &OmeImage) -> Result<(), SlideError> {
    let unsupported = |what: String, advice: &str| {
        Err(SlideError::Unsupported { path: file.path().to_path_buf(), what, advice: advice.to_owned() })
    };
    if !is_photograph(image) {
        let count = image.channels.saturating_mul(image.samples);
        let advice = "open a brightfield image of the section in red, green and blue";
        return unsupported(format!("the image has {count} channels, as one of fluorescence has"), advice);
    }
    if image.is_elsewhere {
        let advice = "export the slide as a single OME-TIFF";
        return unsupported("the pixels of this OME-TIFF lie in another file".to_owned(), advice);
    }
    Ok(())
}

/// The directories of an image's channels.
fn own_directories(file: &TiffFile, image: &OmeImage) -> Result<Vec<Directory>, TiffError> {
    let missing = |number| TiffError::directory(file.path(), number, Problem::Missing);
    if image.directories.is_empty() {
        return Err(missing(file.directories().len()));
    }
    let directory = |&number: &usize| file.directories().get(number).cloned().ok_or_else(|| missing(number));
    image.directories.iter().map(directory).collect()
}

/// The directories of an image's channels at every resolution, the finest first.
fn resolutions(file: &TiffFile, image: &OmeImage) -> Result<Vec<Vec<Directory>>, TiffError> {
    let finest = own_directories(file, image)?;
    let subs: Vec<Vec<Directory>> = finest.iter().map(|d| file.sub_directories(d)).collect();
    let count = subs.iter().map(Vec::len).min().unwrap_or(0);
    let coarser = (0..count).map(|i| subs.iter().filter_map(|s| s.get(i).cloned()).collect());
    Ok(std::iter::once(finest.clone()).chain(coarser).collect())
}

/// A level from the directories of its channels.
fn read_level(
    file: &TiffFile,
    image: &OmeImage,
    directories: &[Directory],
) -> Result<Box<dyn TiffLevel>, TiffError> {
    let page = |directory: &Directory| {
        let mut page = Page::read(file, directory)?;
        if let Some(bits) = image.significant_bits {
            page.set_significant_bits(bits);
        }
        Ok::<_, TiffError>(page)
    };
    match directories {
        [red, green, blue] => {
            let index = red.index();
            Planes::new([page(red)?, page(green)?, page(blue)?])
                .map(|p| Box::new(p) as Box<dyn TiffLevel>)
                .ok_or_else(|| {
                    let says = "its channels differ in size".to_owned();
                    TiffError::directory(file.path(), index, Problem::Unsupported(says))
                })
        }
        [first, ..] => page(first).map(level),
        [] => Err(TiffError::file(file.path(), Problem::NoDirectories)),
    }
}
