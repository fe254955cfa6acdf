//! A slide read by OpenSlide.

use std::path::Path;
use std::sync::Arc;

use super::library::{Handle, Library};
use crate::core::files::FileError;
use crate::core::geometry::Mpp;
use crate::data::slide::SlideError;
use crate::data::slide::orient::Orientation;
use crate::data::slide::source::{Level, SlideFormat, SlideInfo, SlideSource, Tile, TilePlace};

const TILE: u32 = 512;

/// A slide that OpenSlide has opened.
#[derive(Debug)]
pub struct OpenSlideSource {
    handle: Handle,
    info: SlideInfo,
}

impl OpenSlideSource {
    /// Opens the slide at `path`.
    ///
    /// # Errors
    /// [`SlideError`] with OpenSlide's reason.
    pub fn open(path: &Path, library: Arc<Library>) -> Result<Self, SlideError> {
        let refused = |reason: String| {
            let reason = reason.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
            SlideError::File(FileError::malformed(path, format!("OpenSlide cannot open the slide: {reason}")))
        };
        let handle = Handle::open(library, path).map_err(refused)?;
        let side = |v: i64| u32::try_from(v).ok().filter(|&s| s > 0 && s <= i32::MAX as u32);
        let sizes =
            handle.level_sizes().into_iter().map(|(w, h)| side(w).zip(side(h))).collect::<Option<Vec<_>>>();
        let sizes = sizes.filter(|s| !s.is_empty()).ok_or_else(|| refused("it has no levels".to_owned()))?;
        let first = sizes.first().copied().unwrap_or((1, 1));
        let level = |&(width, height): &(u32, u32)| {
            let downsample = Level::measure(first, width, height);
            Level { width, height, downsample, tile_width: TILE, tile_height: TILE }
        };
        let number = |name: &str| handle.property(name)?.trim().parse::<f64>().ok();
        let (x, y) = (number("openslide.mpp-x"), number("openslide.mpp-y"));
        let mpp = x.map(|x| y.map_or(x, |y| f64::midpoint(x, y))).filter(|v| Mpp::PLAUSIBLE.contains(v));
        let background =
            handle.property("openslide.background-color").and_then(|c| u32::from_str_radix(&c, 16).ok());
        let info = SlideInfo {
            path: path.to_path_buf(),
            format: SlideFormat::OpenSlide(format_name(&handle.vendor(path).unwrap_or_default())),
            levels: sizes.iter().map(level).collect(),
            mpp: mpp.map(Mpp),
            magnification: number("openslide.objective-power"),
            background: background.map_or([255; 3], |c| [(c >> 16) as u8, (c >> 8) as u8, c as u8]),
            orientation: Orientation::Upright,
            associated: handle.associated_names(),
        };
        Ok(Self { handle, info })
    }
}

/// How users know what OpenSlide calls `vendor`.
fn format_name(vendor: &str) -> String {
    let known = match vendor {
        "mirax" => "3DHISTECH MRXS",
        "dicom" => "DICOM",
        "zeiss" => "Zeiss CZI",
        "ventana" => "Ventana BIF",
        "hamamatsu" => "Hamamatsu VMS",
        "sakura" => "Sakura SVSLIDE",
        "trestle" => "Trestle TIFF",
        other => return format!("OpenSlide ({other})"),
    };
    known.to_owned()
}

impl SlideSource for OpenSlideSource {
    fn info(&self) -> &SlideInfo {
        &self.info
    }

    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        let error =
            |reason: &dyn std::fmt::Display| TilePlace { level, col, row }.error(&self.info.path, reason);
        let about = self.info.levels.get(level).and_then(|l| Some((l.downsample, l.tile_place(col, row)?)));
        let (downsample, (x, y, width, height)) = about.ok_or_else(|| error(&"there is no such tile"))?;
        let slide = |v: u32| (f64::from(v) * downsample).round() as i64;
        let pixels =
            self.handle.read(level as i32, slide(x), slide(y), width, height).map_err(|e| error(&e))?;
        let background = self.info.background.map(u32::from);
        let rgb = pixels.iter().flat_map(|argb| {
            let clear = 255 - (argb >> 24);
            // Colours are multiplied with opacity already; the ground shows through the rest.
            [16, 8, 0].into_iter().zip(background).map(move |(shift, ground)| {
                (((argb >> shift) & 255) + (ground * clear + 127) / 255).min(255) as u8
            })
        });
        Ok(Arc::new(Tile { width, height, rgb: rgb.collect() }))
    }
}
