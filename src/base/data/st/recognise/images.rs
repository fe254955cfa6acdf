//! The images of a sample: those that Space Ranger made, and the slide from which it made them.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::names::file_name;
use super::super::pitch::{Lattice, measure_on};
use super::super::source::{SampleKind, Source};
use super::super::visium::{ScaleFactors, read_positions};
use super::ignored::Ignored;
use super::slides::{self, Chosen, Spread, holds};
use super::visium::Belongs;
use super::walk::Listing;
use super::{ImageKind, Sample, SampleImage};
use crate::core::cancel::CancelToken;
use crate::core::geometry::SlideRect;
use crate::core::progress::Silent;
use crate::core::text::counted;
use crate::data::section::SpotGeometry;
use crate::data::slide::{Slide, read_info};

/// By how much the size of a slide may differ from what its reduced images say: those are rounded to pixels.
const TOLERANCE: f64 = 0.01;
/// So many images beside a sample are measured.
const MAX_CANDIDATES: usize = 50;
/// So many names are told in one line.
pub(super) const MAX_LISTED: usize = 3;

/// What is known of the slide of a sample.
pub(super) struct Slides<'a> {
    pub(super) positions: &'a Path,
    pub(super) factors: &'a ScaleFactors,
    pub(super) belongs: &'a Belongs<'a>,
}

/// Puts the images of a sample in order, finds its slide, and says what is needed.
pub(super) fn fill(
    sample: &mut Sample,
    images: &[(ImageKind, PathBuf)],
    slides: &Slides,
    listing: &Listing,
    ignored: &mut Vec<Ignored>,
) {
    for (kind, path) in images {
        if sample.images.iter().any(|i| i.kind == *kind) {
            ignored.push(Ignored::new(format!("a second {}", kind.noun()), file_name(path)));
            continue;
        }
        match Slide::read_size(path) {
            Ok(size) => {
                let scale = match kind {
                    ImageKind::FullResolution => Some(1.0),
                    ImageKind::Hires => slides.factors.tissue_hires_scalef,
                    ImageKind::Lowres => slides.factors.tissue_lowres_scalef,
                    ImageKind::CytAssist => None,
                };
                sample.images.push(SampleImage { kind: *kind, path: path.clone(), scale, size: Some(size) });
            }
            Err(e) => {
                sample.has_unreadable_image = true;
                ignored.push(Ignored::file(path, e.reason()));
            }
        }
    }
    let expected = expected_size(&sample.images);
    let found = find_slide(slides, sample.kind, expected, listing, ignored);
    let slide = found.map(|chosen| {
        sample.remarks.extend(chosen.remark);
        ignored.extend(chosen.ignored);
        (chosen.path, chosen.size)
    });
    let slide = slide.or_else(|| {
        // Without a microscope image, the picture of the instrument is the slide.
        let cyt = sample.images.iter().find(|i| i.kind == ImageKind::CytAssist)?;
        let size = cyt.size.filter(|&size| expected.is_some_and(|e| agrees(size, e)))?;
        Some((cyt.path.clone(), size))
    });
    if let Some((path, size)) = slide {
        let kind = ImageKind::FullResolution;
        sample.images.retain(|i| i.path != path);
        sample.images.push(SampleImage { kind, path, scale: Some(1.0), size: Some(size) });
    }
    sample.images.sort_by_key(|i| i.kind);
    if sample.images.iter().any(|i| i.kind == ImageKind::FullResolution) {
        return;
    }
    let unread = listing.unread_images(|f| slides.belongs.has(&f.path));
    sample.has_unreadable_image |= !unread.is_empty();
    ignored.extend(unread);
    let there: Vec<&str> = sample.images.iter().map(|i| i.kind.noun()).collect();
    sample.needed.push(match there[..] {
        [] => "an image (the full-resolution slide)".to_owned(),
        _ => format!("the full-resolution slide (only the {} here)", are(&there)),
    });
    let small = |i: &SampleImage| matches!(i.kind, ImageKind::Hires | ImageKind::Lowres);
    if sample.images.iter().any(|i| small(i) && i.scale.is_none()) {
        let file = match &sample.source {
            Source::Visium { scale_factors: Some(_), .. } if *slides.factors == ScaleFactors::default() => {
                "a sound scalefactors_json.json"
            }
            Source::Visium { scale_factors: Some(_), .. } => "their scale in scalefactors_json.json",
            _ => "scalefactors_json.json",
        };
        sample.needed.push(format!("{file} (to place spots on the smaller images)"));
    }
}

/// "hires image is", "hires image and lowres image are".
fn are(there: &[&str]) -> String {
    format!("{} {}", there.join(" and "), if there.len() == 1 { "is" } else { "are" })
}

/// The size of the slide, from the size of a reduced image.
fn expected_size(images: &[SampleImage]) -> Option<(f64, f64)> {
    let known = images.iter().filter_map(|i| Some((i.size?, i.scale?)));
    let ((width, height), scale) = known.max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some((f64::from(width) / scale, f64::from(height) / scale))
}

/// Whether an image of this size is the one that is expected to have another, up to rounding.
pub(crate) fn agrees((width, height): (u32, u32), expected: (f64, f64)) -> bool {
    let near = |a: u32, b: f64| (f64::from(a) / b - 1.0).abs() <= TOLERANCE;
    near(width, expected.0) && near(height, expected.1)
}

/// What is known of the size of the slide.
enum Known {
    /// Its width and height.
    Size(f64, f64),
    /// Where its spots lie.
    Spread(Spread),
    /// Nothing, as the positions cannot be read, which is said when they are; any image may be the slide.
    Damaged,
    /// Nothing.
    Nothing,
}

fn find_slide(
    slides: &Slides,
    kind: SampleKind,
    expected: Option<(f64, f64)>,
    listing: &Listing,
    ignored: &mut Vec<Ignored>,
) -> Option<Chosen> {
    let candidates = listing.files.iter().filter(|f| f.is_image() && !f.used && slides.belongs.has(&f.path));
    let candidates: Vec<PathBuf> = candidates.map(|f| f.path.clone()).take(MAX_CANDIDATES).collect();
    if candidates.is_empty() {
        return None;
    }
    let known = match expected {
        Some((width, height)) => Known::Size(width, height),
        None => spread(slides.positions, kind),
    };
    let mut fitting = Vec::new();
    let mut others = Vec::new();
    for path in candidates {
        let name = file_name(&path);
        let info = match read_info(&path) {
            Ok(info) => info,
            Err(error) => {
                others.push(Ignored::new(name, error.reason()));
                continue;
            }
        };
        let (width, height) = info.size();
        let fits = |size| match known {
            Known::Size(width, height) => agrees(size, (width, height)),
            Known::Spread(spread) => holds(size, spread),
            Known::Damaged => true,
            Known::Nothing => false,
        };
        // Which way round it lies is told from the spots when it is opened.
        let either_way = [(width, height), info.orientation.size(width, height)];
        if let Some(size) = either_way.into_iter().find(|&size| fits(size)) {
            fitting.push((path, size));
            continue;
        }
        others.push(match known {
            Known::Size(w, h) => {
                let why = format!("{width} x {height} pixels; the slide has about {w:.0} x {h:.0}");
                Ignored::new(name, why)
            }
            _ => Ignored::new(name, format!("{width} x {height} pixels do not fit the positions")),
        });
    }
    let more = others.len().saturating_sub(MAX_LISTED);
    ignored.extend(others.into_iter().take(MAX_LISTED));
    if more > 0 {
        ignored.push(Ignored::new(counted(more, "more image"), ""));
    }
    slides::choose(fitting)
}

/// The part of the slide that has spots under tissue; nothing for millions of bins, which would take seconds.
fn spread(positions: &Path, kind: SampleKind) -> Known {
    const MAX_FILE_BYTES: u64 = 32 << 20;
    if fs::metadata(positions).map_or(0, |about| about.len()) > MAX_FILE_BYTES {
        return Known::Nothing;
    }
    let Ok(spots) = read_positions(positions, &Silent, &CancelToken::new()) else { return Known::Damaged };
    // Where no spot is marked as under tissue, all are used.
    let marked = spots.iter().any(|s| s.selected);
    let rect = SlideRect::around(spots.iter().filter(|s| s.selected || !marked).map(|s| s.center));
    let (lattice, um) = match kind {
        SampleKind::VisiumHd { bin_um } => (Lattice::Square, f64::from(bin_um)),
        _ => (Lattice::Hexagonal, SpotGeometry::VISIUM.pitch_um),
    };
    let mpp = measure_on(lattice, &spots).map(|pitch| pitch.mpp(um).0);
    rect.map_or(Known::Nothing, |rect| Known::Spread(Spread { rect, mpp }))
}
