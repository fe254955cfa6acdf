//! Ventana BIF. Tiles of some scanners overlap and must be shifted by what the XML says; those are left to OpenSlide.

use roxmltree::Node;

use super::{associated_kind, description, level, xml};
use crate::data::slide::levels::{Page, TiffPyramid};
use crate::data::slide::source::SlideFormat;
use crate::data::slide::tiff::{Directory, TiffFile, tags};
use crate::data::slide::{OPENSLIDE_ADVICE, SlideError};

/// What the scanner says of the slide.
#[derive(Debug, Default)]
pub struct ScanInfo {
    mpp: Option<f64>,
    magnification: Option<f64>,
    background: Option<u8>,
}

fn packet(file: &TiffFile, directory: &Directory) -> String {
    directory.text(file, tags::XMP)
}

fn element<'a, 'i: 'a>(root: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    root.descendants().find(|n| n.is_element() && n.tag_name().name() == name)
}

/// What one of the directories says in an element `iScan`; `None` where this is no slide of Ventana.
pub fn scan_info(file: &TiffFile) -> Option<ScanInfo> {
    file.directories().iter().find_map(|directory| {
        let text = packet(file, directory);
        if !text.contains("iScan") {
            return None;
        }
        let document = xml::parse(&text)?;
        let scan = element(document.root_element(), "iScan")?;
        Some(ScanInfo {
            mpp: xml::number(scan, "ScanRes"),
            magnification: xml::number(scan, "Magnification"),
            background: xml::number(scan, "ScanWhitePoint"),
        })
    })
}

/// Opens a slide of Ventana whose tiles do not overlap.
pub fn open(file: TiffFile, scan: &ScanInfo) -> Result<TiffPyramid, SlideError> {
    let (mut levels, mut associated) = (Vec::new(), Vec::new());
    for directory in file.directories() {
        let words = description(&file, directory);
        if !words.contains("level=") {
            let kind = associated_kind(&words).unwrap_or("macro");
            associated.push(kind.to_owned());
            continue;
        }
        if overlaps(&packet(&file, directory)) {
            return Err(SlideError::Unsupported {
                path: file.path().to_path_buf(),
                what: "this is a Ventana BIF slide whose tiles overlap".to_owned(),
                advice: OPENSLIDE_ADVICE.to_owned(),
            });
        }
        levels.push(level(Page::read(&file, directory)?));
    }
    if levels.is_empty() {
        return super::generic::open(file);
    }
    Ok(TiffPyramid::new(file, SlideFormat::Ventana, levels)
        .with_mpp(scan.mpp)
        .with_magnification(scan.magnification)
        .with_background([scan.background.unwrap_or(255); 3])
        .with_associated(associated))
}

/// Whether the joints of tiles in the XML of a level shift any of them.
fn overlaps(text: &str) -> bool {
    let Some(document) = xml::parse(text) else { return false };
    let joints = document.root_element().descendants().filter(|n| n.tag_name().name() == "TileJointInfo");
    let shift = |joint: Node<'_, '_>, name| xml::number::<f64>(joint, name).is_some_and(|v| v != 0.0);
    joints.into_iter().any(|joint| shift(joint, "OverlapX") || shift(joint, "OverlapY"))
}
