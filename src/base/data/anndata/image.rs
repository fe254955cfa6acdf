//! Libraries of `uns["spatial"]`: the images of a slide and their scale.

use std::collections::BTreeMap;
use std::path::Path;

use image::RgbImage;

use crate::data::hdf5::{Dataset, Element, File, ObjectKind};
use crate::data::st::ReadError;

/// An image in an AnnData file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInfo {
    /// "hires", "lowres", "downscaled_fullres".
    pub key: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// One slide of an AnnData file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpatialLibrary {
    /// Its identifier, as in the column `library_id`.
    pub name: String,
    /// Its images, by key.
    pub images: Vec<ImageInfo>,
    /// Images that are stored otherwise than as rows x columns x colours: "hires is 3 x 600 x 800".
    pub misshapen: Vec<String>,
    /// Scale factors by name: `tissue_hires_scalef` is pixels of "hires" per pixel of full resolution.
    pub scale_factors: BTreeMap<String, f64>,
    /// Its spots, where a column of `obs` says which those are.
    pub spots: Option<usize>,
    /// The donor, where a column of `obs` names one for all its spots.
    pub patient: Option<String>,
}

impl SpatialLibrary {
    /// Pixels of the image `key` per pixel of full resolution.
    pub fn scale_of(&self, key: &str) -> Option<f64> {
        let said = self.scale_factors.get(&format!("tissue_{key}_scalef")).copied();
        // CELLxGENE keeps the slide itself and no factor for it.
        said.or((key == "fullres").then_some(1.0)).filter(|s| s.is_finite() && *s > 0.0)
    }
}

/// All libraries, by name.
pub(super) fn libraries(file: &File) -> Result<Vec<SpatialLibrary>, ReadError> {
    if file.kind("uns/spatial")? != Some(ObjectKind::Group) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (name, kind) in file.children("uns/spatial")? {
        let at = format!("uns/spatial/{name}");
        let images = format!("{at}/images");
        let scales = format!("{at}/scalefactors");
        if kind != ObjectKind::Group || !(file.has(&images) || file.has(&scales)) {
            continue;
        }
        let mut library = SpatialLibrary { name, ..SpatialLibrary::default() };
        if file.kind(&images)? == Some(ObjectKind::Group) {
            for (key, _) in file.children(&images)?.into_iter().filter(|(_, k)| *k == ObjectKind::Dataset) {
                // An image that cannot be read is none, the counts can be used without it.
                let Ok(data) = file.dataset(&format!("{images}/{key}")) else { continue };
                match size(&data) {
                    Some([height, width, _]) => library.images.push(ImageInfo { key, width, height }),
                    None => {
                        let shape = data.shape().iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
                        library.misshapen.push(format!("{key} is {shape}"));
                    }
                }
            }
        }
        if file.kind(&scales)? == Some(ObjectKind::Group) {
            for (key, _) in file.children(&scales)?.into_iter().filter(|(_, k)| *k == ObjectKind::Dataset) {
                let data = file.dataset(&format!("{scales}/{key}"))?;
                if !data.element().is_number() {
                    continue;
                }
                if let Some(&value) = data.numbers::<f64>(0..1)?.first() {
                    library.scale_factors.insert(key, value);
                }
            }
        }
        found.push(library);
    }
    Ok(found)
}

/// Height, width and channels, when this can be an image.
fn size(data: &Dataset<'_>) -> Option<[u32; 3]> {
    let (height, width, channels) = match *data.shape() {
        [h, w] => (h, w, 1),
        [h, w, c] if matches!(c, 1 | 3 | 4) => (h, w, c),
        _ => return None,
    };
    let small = |n: u64| u32::try_from(n).ok().filter(|n| (1..=1 << 17).contains(n));
    data.element().is_number().then_some([small(height)?, small(width)?, channels as u32])
}

/// Width and height of an image of a library; `None` when there is no such image.
///
/// # Errors
/// [`ReadError`] naming the file when it is damaged.
pub fn image_size(path: &Path, library: &str, key: &str) -> Result<Option<(u32, u32)>, ReadError> {
    let file = File::open(path)?;
    let at = format!("uns/spatial/{library}/images/{key}");
    if !file.has(&at) {
        return Ok(None);
    }
    Ok(size(&file.dataset(&at)?).map(|[height, width, _]| (width, height)))
}

/// Reads an image of a library as colours. Numbers with a point are taken as 0 to 1, unless they are larger.
///
/// # Errors
/// [`ReadError`] naming the file and the image: it is not there, of another shape, or damaged.
pub fn read_image(path: &Path, library: &str, key: &str) -> Result<RgbImage, ReadError> {
    let file = File::open(path)?;
    let data = file.dataset(&format!("uns/spatial/{library}/images/{key}"))?;
    let Some([height, width, channels]) = size(&data) else {
        return Err(data.wrong("expected an image of height x width x 3 numbers").into());
    };
    let channels = channels as usize;
    let pixels = (height as usize).checked_mul(width as usize).and_then(|n| n.checked_mul(3));
    let mut out = Vec::new();
    let memory = || data.wrong("there is not enough memory to read it");
    out.try_reserve_exact(pixels.ok_or_else(memory)?).map_err(|_| memory())?;
    let scale = scale(&data)?;
    let step = data.rows_for(16 << 20);
    let mut at = 0;
    while at < data.rows() {
        let end = at.saturating_add(step).min(data.rows());
        let piece: Vec<f32> = data.numbers(at..end)?;
        for pixel in piece.chunks_exact(channels) {
            let level = |c: usize| (pixel.get(c).copied().unwrap_or(pixel[0]) * scale).round() as u8;
            out.extend(if channels < 3 { [level(0); 3] } else { [level(0), level(1), level(2)] });
        }
        at = end;
    }
    let wrong = || ReadError::from(data.wrong("the image is damaged"));
    RgbImage::from_raw(width, height, out).ok_or_else(wrong)
}

/// What makes levels of 0 to 255 of the stored numbers.
fn scale(data: &Dataset<'_>) -> Result<f32, ReadError> {
    Ok(match *data.element() {
        Element::Integer { size: 1, .. } => 1.0,
        Element::Integer { size: 2, .. } => 255.0 / 65535.0,
        Element::Bool => 255.0,
        _ => {
            let mut most = 0f32;
            let step = data.rows_for(16 << 20);
            let mut at = 0;
            while at < data.rows() {
                let end = at.saturating_add(step).min(data.rows());
                most = data.numbers::<f32>(at..end)?.into_iter().fold(most, f32::max);
                at = end;
            }
            // A little over 1 is how interpolation overshoots.
            if most > 16.0 { 1.0 } else { 255.0 }
        }
    })
}
