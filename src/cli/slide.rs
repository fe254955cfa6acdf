//! `hiscmcl slide`: what a slide holds, and pictures of it.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use hiscmcl::core::geometry::{SlidePoint, SlideRect};
use hiscmcl::core::text::counted;
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::slide::{self, Description, View};

use super::terminal::print;

/// What to show of a slide.
#[derive(Debug, Args)]
pub struct SlideArgs {
    /// The slide: SVS, NDPI, SCN, BIF, OME-TIFF, Philips TIFF, any tiled TIFF, JPEG or PNG.
    pub file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Save this rectangle, in pixels of the finest level.
    #[arg(long, value_name = "X,Y,W,H", requires = "out", value_parser = rectangle)]
    pub region: Option<[u32; 4]>,
    /// Width and height of the saved region [default: those of the region].
    #[arg(long, value_name = "WxH", requires = "region", value_parser = width_by_height)]
    pub size: Option<(u32, u32)>,
    /// Save the whole slide, its longer side this many pixels.
    #[arg(long, value_name = "N", requires = "out", conflicts_with = "region")]
    pub thumbnail: Option<u32>,
    /// The PNG to write.
    #[arg(long, value_name = "PNG")]
    pub out: Option<PathBuf>,
}

fn rectangle(text: &str) -> Result<[u32; 4], String> {
    let numbers: Vec<u32> = text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let whole = text.split(',').count() == 4;
    let numbers = <[u32; 4]>::try_from(numbers).ok().filter(|_| whole);
    numbers.ok_or_else(|| "four whole numbers are needed, as in 1000,2000,512,512".to_owned())
}

fn width_by_height(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once('x').unwrap_or_default();
    match (width.trim().parse(), height.trim().parse()) {
        (Ok(width), Ok(height)) => Ok((width, height)),
        _ => Err("width and height are needed, as in 512x512".to_owned()),
    }
}

/// Shows what the file says of itself; saves a picture where one is asked for.
pub fn show(args: &SlideArgs, ctx: &JobContext) -> anyhow::Result<()> {
    let about = slide::describe(&args.file)?;
    let mut lines = describe(args, &about);
    let view = match (args.region, args.thumbnail) {
        (Some([x, y, width, height]), _) => {
            let corner = |x: u32, y: u32| SlidePoint::new(f64::from(x), f64::from(y));
            let far = corner(x.saturating_add(width), y.saturating_add(height));
            Some(View::Region {
                rect: SlideRect::new(corner(x, y), far),
                size: args.size.unwrap_or((width, height)),
            })
        }
        (None, Some(side)) => Some(View::Thumbnail(side)),
        (None, None) => None,
    };
    match (view, &args.out) {
        (Some(view), Some(out)) => {
            let (width, height) = slide::save_picture(&args.file, view, out, ctx)?;
            lines = vec![format!("{}: {width} x {height} px", out.display())];
        }
        (None, Some(_)) => {
            return Err(anyhow!("--out needs --region or --thumbnail, which say what to save"));
        }
        (_, None) => {}
    }
    print(args.json, &serde_json::to_value(&about)?, lines.into_iter())
}

fn describe(args: &SlideArgs, about: &Description) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: {}, {} x {} px, {}",
        args.file.display(),
        about.format,
        about.width,
        about.height,
        about.mpp.map_or_else(
            || "\u{b5}m per pixel not given".to_owned(),
            |mpp| format!("{mpp:.4} \u{b5}m per pixel")
        )
    )];
    lines.extend(about.magnification.map(|m| format!("  objective {m}x")));
    lines.push(format!("  {}", counted(about.levels.len(), "level")));
    lines.extend(
        about
            .levels
            .iter()
            .map(|l| format!("    {} x {} px, downsampled {:.2} times", l.width, l.height, l.downsample)),
    );
    if !about.associated.is_empty() {
        lines.push(format!("  further images, which are never shown: {}", about.associated.join(", ")));
    }
    if about.orientation != 1 {
        lines.push(format!("  orientation {}: the pixels are stored turned or mirrored", about.orientation));
    }
    lines
}
