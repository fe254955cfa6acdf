//! What a slide file holds, and pictures of it.

use std::path::Path;

use anyhow::bail;
use serde::Serialize;

use super::context::JobContext;
use crate::core::files::{FileError, create_folder_of, write_atomically};
use crate::core::geometry::SlideRect;
use crate::data::slide::{Level, RgbImage, Slide, read_info};

/// The most pixels of a picture: 300 MB in memory.
const MAX_PICTURE: u64 = 100_000_000;

/// What a slide file says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    /// The kind of file, "Aperio SVS".
    pub format: String,
    /// Width in pixels of the finest level.
    pub width: u32,
    /// Height in pixels of the finest level.
    pub height: u32,
    /// Levels, the finest first.
    pub levels: Vec<DescribedLevel>,
    /// Micrometres per pixel of the finest level, where the file says it.
    pub mpp: Option<f64>,
    /// Magnification of the objective, where the file says it.
    pub magnification: Option<f64>,
    /// Kinds of further images, which are never shown: "label", "macro", "thumbnail".
    pub associated: Vec<String>,
    /// The EXIF or TIFF orientation, 1 to 8; pixels are given as they are stored.
    pub orientation: u8,
}

/// One level of a slide.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DescribedLevel {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels of the finest level along one of this level.
    pub downsample: f64,
}

/// Reads what the slide at `path` says of itself, without its pixels.
///
/// # Errors
/// One sentence naming the file.
pub fn describe(path: &Path) -> anyhow::Result<Description> {
    let info = read_info(path)?;
    let (width, height) = info.size();
    let level = |l: &Level| DescribedLevel { width: l.width, height: l.height, downsample: l.downsample };
    Ok(Description {
        format: info.format.to_string(),
        width,
        height,
        levels: info.levels.iter().map(level).collect(),
        mpp: info.mpp.map(|mpp| mpp.0),
        magnification: info.magnification,
        associated: info.associated,
        orientation: info.orientation.tag(),
    })
}

/// What a picture of a slide shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum View {
    /// A rectangle in pixels of the finest level, drawn at this width and height.
    Region {
        /// Where it lies; what is off the slide is white.
        rect: SlideRect,
        /// Width and height of the picture in pixels.
        size: (u32, u32),
    },
    /// The whole slide, its longer side this many pixels, or as many as it has.
    Thumbnail(u32),
}

/// Saves a picture of the slide at `path` as the PNG `out`. Gives its width and height in pixels.
///
/// # Errors
/// One sentence naming the file, and the tile where one is damaged.
pub fn save_picture(path: &Path, view: View, out: &Path, ctx: &JobContext) -> anyhow::Result<(u32, u32)> {
    if !out.extension().is_some_and(|e| e.eq_ignore_ascii_case("png")) {
        bail!("{}: pictures of slides are saved as .png; choose a name that ends in it", out.display());
    }
    if let (Ok(slide), Ok(picture)) = (path.canonicalize(), out.canonicalize())
        && slide == picture
    {
        bail!("{} is the slide itself, so it is not overwritten; choose another name", out.display());
    }
    if let View::Region { size: (width, height), .. } = view
        && (width == 0 || height == 0 || u64::from(width) * u64::from(height) > MAX_PICTURE)
    {
        let most = MAX_PICTURE / 1_000_000;
        bail!("A picture of {width} x {height} pixels cannot be made; at most {most} million pixels can");
    }
    let slide = Slide::open(path, ctx.progress(), ctx.cancel)?;
    let image = match view {
        View::Region { rect, size: (width, height) } => slide.region(rect, width, height)?,
        // Wide enough for any screen, and within what a picture may have.
        View::Thumbnail(side) => slide.thumbnail(side.clamp(1, 10_000))?,
    };
    ctx.check()?;
    create_folder_of(out)?;
    write_png(&image, out)?;
    Ok((image.width, image.height))
}

fn write_png(image: &RgbImage, out: &Path) -> Result<(), FileError> {
    let failed = |e: png::EncodingError| match e {
        png::EncodingError::IoError(e) => FileError::io("write", out)(e),
        other => FileError::malformed(out, format!("it cannot be written: {other}")),
    };
    write_atomically(out, |file| {
        let mut encoder = png::Encoder::new(file, image.width, image.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&image.rgb).map_err(failed)?;
        writer.finish().map_err(failed)
    })
}
