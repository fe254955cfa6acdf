//! The metadata of OME-TIFF: which images there are, and in which directories their planes lie.

use std::collections::HashMap;

use roxmltree::Node;

use super::xml;

/// The most planes an image may have.
const MAX_PLANES: u64 = 1 << 20;

/// Whether a description is OME-XML.
pub fn is_ome(description: &str) -> bool {
    let head = description.get(..description.floor_char_boundary(20_000)).unwrap_or_default();
    head.contains("<OME") && head.contains("openmicroscopy.org")
}

/// An image of an OME-TIFF file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OmeImage {
    /// What it is called, which may be "label image" or "macro image".
    pub name: String,
    /// Width and height in pixels as the metadata have them.
    pub size: (u32, u32),
    /// Channels; with three samples in the only one, these are red, green and blue.
    pub channels: u64,
    /// Samples of a channel.
    pub samples: u64,
    /// The directory of the middle plane of every channel.
    pub directories: Vec<usize>,
    /// Bits that are used of each sample.
    pub significant_bits: Option<u8>,
    /// Micrometres per pixel.
    pub mpp: Option<f64>,
    /// Magnification of the objective.
    pub magnification: Option<f64>,
    /// Whether its planes lie in another file.
    pub is_elsewhere: bool,
}

/// The images that `text` lists, in the order of the file; `None` when it is no OME-XML.
pub fn images(text: &str) -> Option<Vec<OmeImage>> {
    let document = xml::parse(text)?;
    let root = document.root_element();
    let mut objectives = HashMap::new();
    for objective in root.descendants().filter(|n| n.tag_name().name() == "Objective") {
        let power = xml::number::<f64>(objective, "NominalMagnification");
        if let Some((id, power)) = objective.attribute("ID").zip(power) {
            objectives.insert(id.to_owned(), power);
        }
    }
    let mut next_directory = 0;
    let images =
        xml::children(root, "Image").filter_map(|image| read_image(image, &objectives, &mut next_directory));
    Some(images.collect())
}

fn read_image(image: Node<'_, '_>, objectives: &HashMap<String, f64>, next: &mut u64) -> Option<OmeImage> {
    let pixels = xml::child(image, "Pixels")?;
    let count = |name| xml::number::<u64>(pixels, name).unwrap_or(1).clamp(1, MAX_PLANES);
    let (size_c, size_z, size_t) = (count("SizeC"), count("SizeZ"), count("SizeT"));
    let channels: Vec<_> = xml::children(pixels, "Channel").collect();
    let samples =
        channels.first().and_then(|c| xml::number::<u64>(*c, "SamplesPerPixel")).unwrap_or(1).max(1);
    // A single channel without a count of samples may still be the colours of one plane.
    let samples = if channels.len() == 1 && samples == 1 && size_c > 1 { size_c } else { samples };
    let channels = size_c.div_ceil(samples);
    let planes = channels.saturating_mul(size_z).saturating_mul(size_t);
    if planes > MAX_PLANES {
        return None;
    }
    let order = pixels.attribute("DimensionOrder").unwrap_or("XYCZT");
    let index = |c: u64, z: u64, t: u64| plane_index(order, (c, channels), (z, size_z), (t, size_t));
    let (table, is_elsewhere) = plane_directories(pixels, planes, next, index);
    let directories =
        (0..channels.min(16)).map(|c| table.get(&index(c, size_z / 2, 0)).copied()).collect::<Option<_>>();
    let power = xml::child(image, "ObjectiveSettings")
        .and_then(|o| o.attribute("ID"))
        .and_then(|id| objectives.get(id));
    Some(OmeImage {
        name: image.attribute("Name").unwrap_or_default().to_owned(),
        size: (xml::number(pixels, "SizeX")?, xml::number(pixels, "SizeY")?),
        channels,
        samples,
        directories: directories.unwrap_or_default(),
        significant_bits: xml::number(pixels, "SignificantBits"),
        mpp: physical_size(pixels),
        magnification: power.copied(),
        is_elsewhere,
    })
}

/// The number of a plane among those of its image.
fn plane_index(order: &str, c: (u64, u64), z: (u64, u64), t: (u64, u64)) -> u64 {
    let (mut index, mut stride) = (0, 1);
    for dimension in order.chars().skip(2) {
        let (at, size) = match dimension {
            'C' => c,
            'Z' => z,
            'T' => t,
            _ => continue,
        };
        index = u64::saturating_add(index, u64::saturating_mul(at, stride));
        stride = u64::saturating_mul(stride, size);
    }
    index
}

/// The directory of every plane, and whether they lie in other files. `next` is the first directory that no image used.
fn plane_directories(
    pixels: Node<'_, '_>,
    planes: u64,
    next: &mut u64,
    index: impl Fn(u64, u64, u64) -> u64,
) -> (HashMap<u64, usize>, bool) {
    let mut table = HashMap::new();
    let (mut is_elsewhere, mut steps) = (false, 0);
    let blocks: Vec<_> = xml::children(pixels, "TiffData").collect();
    // The file's own identifier stands at the root; a block with another one lies in another file.
    let own = pixels.document().root_element().attribute("UUID");
    for block in &blocks {
        let uuid = xml::child(*block, "UUID");
        if uuid.is_some_and(|u| own.is_some_and(|own| xml::text(u) != own)) {
            is_elsewhere = true;
            continue;
        }
        let at = |name| xml::number::<u64>(*block, name);
        let first = index(at("FirstC").unwrap_or(0), at("FirstZ").unwrap_or(0), at("FirstT").unwrap_or(0));
        let default = if at("IFD").is_some() && blocks.len() > 1 { 1 } else { planes };
        let count = at("PlaneCount").unwrap_or(default).min(planes);
        let directory = at("IFD").unwrap_or(0);
        for plane in 0..count {
            // Blocks that repeat planes over and over are damaged.
            if steps >= 4 * MAX_PLANES {
                break;
            }
            steps += 1;
            table.insert(first.saturating_add(plane), directory.saturating_add(plane) as usize);
            *next = (*next).max(directory.saturating_add(plane).saturating_add(1));
        }
    }
    if blocks.is_empty() {
        table.extend((0..planes).map(|plane| (plane, next.saturating_add(plane) as usize)));
        *next = next.saturating_add(planes);
    }
    (table, is_elsewhere && table_is_empty(&blocks, own))
}

fn table_is_empty(blocks: &[Node<'_, '_>], own: Option<&str>) -> bool {
    !blocks.iter().any(|b| xml::child(*b, "UUID").is_none_or(|u| own.is_none_or(|own| xml::text(u) == own)))
}

/// Micrometres per pixel, from whatever unit of length is used; micrometres where none is named.
fn physical_size(pixels: Node<'_, '_>) -> Option<f64> {
    let side = |size: &str, unit: &str| {
        let value: f64 = xml::number(pixels, size)?;
        let um = match pixels.attribute(unit).map_or("µm", str::trim) {
            // Micro sign and Greek mu look the same.
            "µm" | "μm" | "um" | "micron" => 1.0,
            "nm" => 1e-3,
            "pm" => 1e-6,
            "Å" => 1e-4,
            "mm" => 1e3,
            "cm" => 1e4,
            "m" => 1e6,
            "in" => 25_400.0,
            // "pixel" and "reference frame" are no lengths.
            _ => return None,
        };
        Some(value * um).filter(|v| *v > 0.0)
    };
    let x = side("PhysicalSizeX", "PhysicalSizeXUnit");
    let y = side("PhysicalSizeY", "PhysicalSizeYUnit");
    match (x, y) {
        (Some(x), Some(y)) => Some(f64::midpoint(x, y)),
        (x, y) => x.or(y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(inner: &str) -> String {
        format!(
            r#"<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{inner}</OME>"#
        )
    }

    #[test]
    fn planes_are_found_where_the_metadata_put_them() {
        let text = wrapped(
            r#"<Image ID="Image:0" Name="slide"><Pixels DimensionOrder="XYZCT" SizeX="40" SizeY="30" SizeC="3" SizeZ="2"
            SizeT="1" Type="uint16" SignificantBits="12" PhysicalSizeX="250" PhysicalSizeXUnit="nm">
            <Channel SamplesPerPixel="1"/><Channel SamplesPerPixel="1"/><Channel SamplesPerPixel="1"/>
            <TiffData IFD="4" PlaneCount="6"/></Pixels></Image>
            <Image Name="label image"><Pixels DimensionOrder="XYCZT" SizeX="4" SizeY="3" SizeC="3" SizeZ="1" SizeT="1">
            <Channel SamplesPerPixel="3"/></Pixels></Image>"#,
        );
        let found = images(&text).unwrap();
        assert_eq!((found[0].channels, found[0].samples), (3, 1));
        assert_eq!(found[0].directories, [5, 7, 9]);
        assert_eq!((found[0].significant_bits, found[0].mpp), (Some(12), Some(0.25)));
        assert_eq!(
            (found[1].channels, found[1].samples, found[1].directories.as_slice()),
            (1, 3, [10].as_slice())
        );
        assert!(is_ome(&text) && images("<OME").is_none());
    }

    #[test]
    fn absurd_numbers_are_survived() {
        let most = u64::MAX;
        let text = wrapped(&format!(
            r#"<Image><Pixels DimensionOrder="XYTZC" SizeX="4" SizeY="3" SizeC="{most}" SizeZ="2"><TiffData FirstC="{most}"
            FirstZ="{most}" FirstT="{most}" IFD="{most}" PlaneCount="{most}"/></Pixels></Image>
            <Image><Pixels SizeX="4" SizeY="3" SizeC="3"><TiffData FirstC="{most}" IFD="{most}" PlaneCount="9"/></Pixels></Image>
            <Image><Pixels SizeX="4" SizeY="3" SizeC="1"/></Image>"#
        ));
        assert!(images(&text).unwrap().iter().all(|i| i.directories.len() <= 1));
    }

    #[test]
    fn units_of_length_are_heeded() {
        for (unit, wanted) in [("µm", Some(0.5)), ("mm", Some(500.0)), ("nm", Some(0.0005)), ("pixel", None)]
        {
            let text = wrapped(&format!(
                r#"<Image><Pixels SizeX="4" SizeY="3" SizeC="1" PhysicalSizeX="0.5" PhysicalSizeXUnit="{unit}"><TiffData/></Pixels></Image>"#
            ));
            let found = images(&text).unwrap()[0].mpp;
            assert!(found == wanted || (found.unwrap() - wanted.unwrap()).abs() < 1e-9, "{unit}: {found:?}");
        }
    }
}
