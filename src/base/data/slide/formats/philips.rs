//! Philips TIFF: levels are padded to whole tiles, so that their true size follows from the pixel spacing in the XML.

use roxmltree::Node;

use super::{associated_kind, description, xml};
use crate::data::slide::SlideError;
use crate::data::slide::codec::CodecError;
use crate::data::slide::levels::{Page, TiffLevel, TiffPyramid};
use crate::data::slide::source::{SlideFormat, Tile};
use crate::data::slide::tiff::{Problem, TiffError, TiffFile, tags};

/// Whether a description is the one that Philips writes.
pub fn is_philips(description: &str) -> bool {
    let head = description.get(..description.floor_char_boundary(2000)).unwrap_or_default();
    head.contains("<DataObject") && head.contains("DPUfsImport")
}

/// A level of which only the top left part is the slide.
#[derive(Debug)]
struct Padded {
    page: Page,
    size: (u32, u32),
}

impl TiffLevel for Padded {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn tile_size(&self) -> (u32, u32) {
        self.page.tile_size()
    }

    fn read(&self, file: &TiffFile, col: u32, row: u32) -> Result<Option<Tile>, CodecError> {
        self.page.read(file, col, row)
    }
}

/// What the XML says of the scan.
#[derive(Debug, Default)]
struct Scan {
    /// Row and column spacing in mm of every level, in order.
    spacings: Vec<(f64, f64)>,
    /// That of the scan as a whole.
    spacing: Option<(f64, f64)>,
    magnification: Option<f64>,
    associated: Vec<String>,
}

/// Opens a file with the `description` that Philips writes.
pub fn open(file: TiffFile, description_text: &str) -> Result<TiffPyramid, SlideError> {
    let scan = xml::parse(description_text).map(|d| read_scan(d.root_element())).unwrap_or_default();
    let mut associated = scan.associated;
    let mut pages = Vec::new();
    for (index, directory) in file.directories().iter().enumerate() {
        let kind = associated_kind(&description(&file, directory)).filter(|_| index > 0);
        match kind.or((!directory.has(tags::TILE_WIDTH)).then_some("thumbnail")) {
            Some(kind) => associated.push(kind.to_owned()),
            None => pages.push(Page::read(&file, directory)?),
        }
    }
    let Some(whole) = pages.first().map(TiffLevel::size) else {
        return Err(
            TiffError::file(file.path(), Problem::Unsupported("it holds no tiled image".to_owned())).into()
        );
    };
    let first_spacing = scan.spacings.first().copied();
    let mut levels: Vec<Box<dyn TiffLevel>> = Vec::new();
    for (index, page) in pages.into_iter().enumerate() {
        let padded = page.size();
        let ratios = first_spacing.zip(scan.spacings.get(index).copied());
        let measured = ratios.map(|(first, here)| (here.1 / first.1, here.0 / first.0));
        let (x, y) = measured.filter(|&(x, y)| x >= 1.0 && y >= 1.0).unwrap_or_else(|| {
            // Without spacings: levels halve, and padding makes them seem finer than they are.
            let ratio = (f64::from(whole.0) / f64::from(padded.0)).max(1.0).log2().ceil().exp2();
            (ratio, ratio)
        });
        let side = |whole: u32, ratio: f64, padded: u32| ((f64::from(whole) / ratio) as u32).clamp(1, padded);
        let size = if index == 0 { whole } else { (side(whole.0, x, padded.0), side(whole.1, y, padded.1)) };
        levels.push(Box::new(Padded { page, size }));
    }
    let spacing = scan.spacing.or(first_spacing);
    Ok(TiffPyramid::new(file, SlideFormat::Philips, levels)
        .with_mpp(spacing.map(|(row, column)| f64::midpoint(row, column) * 1000.0))
        .with_magnification(scan.magnification)
        .with_associated(associated))
}

/// The attribute of a data object called `name`.
fn attribute<'a, 'i: 'a>(object: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    xml::children(object, "Attribute").find(|a| a.attribute("Name") == Some(name))
}

/// The data objects in the array of the attribute called `name`.
fn objects<'a, 'i: 'a>(object: Node<'a, 'i>, name: &str) -> Vec<Node<'a, 'i>> {
    let array = attribute(object, name).and_then(|a| xml::child(a, "Array"));
    array.map(|a| xml::children(a, "DataObject").collect()).unwrap_or_default()
}

fn value<'a>(object: Node<'a, '_>, name: &str) -> Option<&'a str> {
    attribute(object, name).map(xml::text)
}

/// Row and column spacing in `"0.000226891" "0.000226907"`.
fn spacing(text: &str) -> Option<(f64, f64)> {
    let mut numbers = text.split(['"', ' ']).filter_map(|part| part.parse::<f64>().ok());
    let (row, column) = (numbers.next()?, numbers.next()?);
    (row > 0.0 && column > 0.0).then_some((row, column))
}

fn read_scan(root: Node<'_, '_>) -> Scan {
    let mut scan = Scan::default();
    for image in objects(root, "PIM_DP_SCANNED_IMAGES") {
        match value(image, "PIM_DP_IMAGE_TYPE") {
            Some("LABELIMAGE") => scan.associated.push("label".to_owned()),
            Some("MACROIMAGE") => scan.associated.push("macro".to_owned()),
            Some("WSI") => {
                scan.spacing = value(image, "DICOM_PIXEL_SPACING").and_then(spacing);
                let levels = objects(image, "PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE");
                let mut numbered: Vec<(u32, (f64, f64))> = levels
                    .iter()
                    .enumerate()
                    .filter_map(|(index, l)| {
                        let number = value(*l, "PIIM_PIXEL_DATA_REPRESENTATION_NUMBER");
                        let number = number.and_then(|n| n.parse().ok()).unwrap_or(index as u32);
                        Some((number, value(*l, "DICOM_PIXEL_SPACING").and_then(spacing)?))
                    })
                    .collect();
                numbered.sort_by_key(|(number, _)| *number);
                scan.spacings = numbered.into_iter().map(|(_, spacing)| spacing).collect();
                let derivation = value(image, "DICOM_DERIVATION_DESCRIPTION").unwrap_or_default();
                let levels = derivation.split('-').find_map(|part| part.strip_prefix("levels="));
                scan.magnification = levels.and_then(|l| l.split(',').next()?.trim().parse().ok());
            }
            _ => {}
        }
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacings_are_quoted_pairs() {
        assert_eq!(spacing("\"0.000226891\" \"0.000226907\""), Some((0.000226891, 0.000226907)));
        assert_eq!(spacing("0.5"), None);
    }
}
