//! Leica SCN: the XML lists images with their place on the slide in nanometres; those that cover all of it are macros.

use roxmltree::Node;

use super::xml;
use crate::data::slide::SlideError;
use crate::data::slide::levels::{Canvas, Page, Placed, TiffLevel, TiffPyramid};
use crate::data::slide::source::SlideFormat;
use crate::data::slide::tiff::{Problem, TiffError, TiffFile};

/// Whether a description is the one that Leica writes.
pub fn is_leica(description: &str) -> bool {
    let head = description.get(..description.floor_char_boundary(2000)).unwrap_or_default();
    head.contains("<scn") && head.contains("leica-microsystems.com/scn")
}

/// An image of the slide in one illumination.
#[derive(Debug)]
struct Area {
    /// Left, top, width and height in nanometres.
    view: (f64, f64, f64, f64),
    /// Directory, width and height of every resolution, the finest first.
    resolutions: Vec<(usize, u32, u32)>,
    magnification: Option<f64>,
}

/// Opens a file with the `description` that Leica writes.
pub fn open(file: TiffFile, description: &str) -> Result<TiffPyramid, SlideError> {
    let refuse = |says: &str| TiffError::file(file.path(), Problem::Unsupported(says.to_owned()));
    let (ground, areas, has_macro) = xml::parse(description)
        .and_then(|document| read_collection(document.root_element()))
        .ok_or_else(|| refuse("the description of the slide is damaged"))?;
    let Some(first) = areas.first() else {
        return Err(refuse("it holds no brightfield scan of tissue").into());
    };
    let mut levels: Vec<Box<dyn TiffLevel>> = Vec::new();
    let mut finest = None;
    for index in 0..first.resolutions.len() {
        // Nanometres per pixel: the finest of all areas at this resolution.
        let density = |a: &Area| a.resolutions.get(index).map(|r| a.view.2 / f64::from(r.1));
        let nm = areas.iter().filter_map(density).fold(f64::INFINITY, f64::min);
        if !nm.is_finite() || areas.iter().filter_map(density).any(|d| (d / nm - 1.0).abs() > 0.05) {
            return Err(refuse("its scans differ in resolution").into());
        }
        finest.get_or_insert(nm);
        let pixels = |nanometres: f64| (nanometres / nm).ceil().clamp(1.0, f64::from(i32::MAX)) as u32;
        let mut placed = Vec::new();
        for area in &areas {
            let Some(&(number, ..)) = area.resolutions.get(index) else {
                return Err(refuse("its scans differ in their levels").into());
            };
            let directory = file
                .directories()
                .get(number)
                .ok_or_else(|| TiffError::directory(file.path(), number, Problem::Missing))?;
            let offset = |nanometres: f64| (nanometres / nm).round().clamp(0.0, f64::from(i32::MAX)) as u32;
            let (x, y) = (offset(area.view.0), offset(area.view.1));
            placed.push(Placed { area: super::level(Page::read(&file, directory)?), x, y });
        }
        levels.push(Box::new(Canvas::new((pixels(ground.0), pixels(ground.1)), [255; 3], placed)));
    }
    let magnification = first.magnification;
    let associated = if has_macro { vec!["macro".to_owned()] } else { Vec::new() };
    Ok(TiffPyramid::new(file, SlideFormat::Leica, levels)
        .with_mpp(finest.map(|nm| nm / 1000.0))
        .with_magnification(magnification)
        .with_associated(associated))
}

/// Size of the slide in nanometres, its brightfield scans, and whether there is a macro.
fn read_collection(root: Node<'_, '_>) -> Option<((f64, f64), Vec<Area>, bool)> {
    let collection = xml::child(root, "collection")?;
    let ground: (f64, f64) = (xml::number(collection, "sizeX")?, xml::number(collection, "sizeY")?);
    let (mut areas, mut has_macro) = (Vec::new(), false);
    for image in xml::children(collection, "image") {
        let view = xml::child(image, "view")?;
        let at = |name| xml::number::<f64>(view, name);
        let view = (at("offsetX")?, at("offsetY")?, at("sizeX")?, at("sizeY")?);
        if view == (0.0, 0.0, ground.0, ground.1) {
            has_macro = true;
            continue;
        }
        let settings = xml::child(image, "scanSettings");
        let within =
            |outer, inner| settings.and_then(|s| xml::child(s, outer)).and_then(|n| xml::child(n, inner));
        let illumination = within("illuminationSettings", "illuminationSource").map(xml::text);
        if illumination.is_some_and(|source| source != "brightfield") {
            continue;
        }
        let mut resolutions = Vec::new();
        for pixels in xml::children(image, "pixels") {
            for dimension in xml::children(pixels, "dimension") {
                if dimension.attribute("z").is_none_or(|z| z == "0") {
                    let size = (xml::number(dimension, "sizeX")?, xml::number(dimension, "sizeY")?);
                    resolutions.push((xml::number(dimension, "ifd")?, size.0, size.1));
                }
            }
        }
        resolutions.retain(|r| r.1 > 0 && r.2 > 0);
        resolutions.sort_by_key(|r| std::cmp::Reverse(r.1));
        let magnification = within("objectiveSettings", "objective").and_then(|n| xml::text(n).parse().ok());
        areas.push(Area { view, resolutions, magnification });
    }
    (ground.0 > 0.0 && ground.1 > 0.0).then_some((ground, areas, has_macro))
}
