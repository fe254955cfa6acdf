//! The images of a sample: those that Space Ranger made, and the slide from which it made them.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::names::file_name;
use super::super::source::Source;
use super::super::visium::{ScaleFactors, read_positions};
use super::visium::Belongs;
use super::walk::Listing;
use super::{ImageKind, Sample, SampleImage};
use crate::core::cancel::CancelToken;
use crate::core::geometry::SlideRect;
use crate::core::progress::Silent;
use crate::core::text::counted;
use crate::data::slide::Slide;

/// By how much the size of a slide may differ from what its reduced images say: those are rounded to pixels.
const TOLERANCE: f64 = 0.01;
/// Spots on their slide spread over at least so much of its width or height.
const LEAST_SPREAD: f64 = 0.15;
/// So many images beside a sample are measured.
const MOST_CANDIDATES: usize = 50;
/// So many names are told in one line.
const MOST_TOLD: usize = 3;

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
    ignored: &mut Vec<String>,
) {
    for (kind, path) in images {
        if sample.images.iter().any(|i| i.kind == *kind) {
            ignored.push(format!("a second {} ({})", kind.noun(), file_name(path)));
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
            Err(e) => ignored.push(format!("{} ({})", file_name(path), e.reason())),
        }
    }
    let expected = expected_size(&sample.images);
    let slide = find_slide(slides, expected, listing, ignored).or_else(|| {
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
    let scans = listing.files.iter().filter(|f| f.is_scan() && slides.belongs.has(&f.path)).take(MOST_TOLD);
    ignored.extend(scans.map(|f| {
        format!(
            "{} (a scanner format that is not read here; export it as TIFF, for example from QuPath)",
            f.name
        )
    }));
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

fn find_slide(
    slides: &Slides,
    expected: Option<(f64, f64)>,
    listing: &Listing,
    ignored: &mut Vec<String>,
) -> Option<(PathBuf, (u32, u32))> {
    let candidates = listing.files.iter().filter(|f| f.is_image() && !f.used && slides.belongs.has(&f.path));
    let candidates: Vec<PathBuf> = candidates.map(|f| f.path.clone()).take(MOST_CANDIDATES).collect();
    if candidates.is_empty() {
        return None;
    }
    let spread = if expected.is_none() { spread(slides.positions) } else { None };
    let mut best: Option<(PathBuf, (u32, u32))> = None;
    let mut others = Vec::new();
    for path in candidates {
        let Ok(size) = Slide::read_size(&path) else {
            others.push(format!("{} (not an image that can be read)", file_name(&path)));
            continue;
        };
        let fits = match (expected, spread) {
            (Some(expected), _) => agrees(size, expected),
            (None, Some(spread)) => holds(size, spread),
            (None, None) => false,
        };
        let area = |(w, h): (u32, u32)| u64::from(w) * u64::from(h);
        if fits && best.as_ref().is_none_or(|(_, known)| area(size) > area(*known)) {
            best = Some((path, size));
        } else if !fits {
            others.push(match expected {
                Some((w, h)) => format!(
                    "{} ({} x {} pixels; the slide has about {w:.0} x {h:.0})",
                    file_name(&path),
                    size.0,
                    size.1
                ),
                None => {
                    format!("{} ({} x {} pixels do not fit the positions)", file_name(&path), size.0, size.1)
                }
            });
        }
    }
    let more = others.len().saturating_sub(MOST_TOLD);
    ignored.extend(others.into_iter().take(MOST_TOLD));
    if more > 0 {
        ignored.push(counted(more, "more image"));
    }
    best
}

/// The part of the slide that has spots under tissue; `None` for millions of bins, which would take seconds.
fn spread(positions: &Path) -> Option<SlideRect> {
    const LARGEST: u64 = 32 << 20;
    if fs::metadata(positions).ok()?.len() > LARGEST {
        return None;
    }
    let spots = read_positions(positions, &Silent, &CancelToken::new()).ok()?;
    SlideRect::around(spots.iter().filter(|s| s.selected).map(|s| s.center))
}

/// Whether spots that spread so can be on an image of this size.
pub(crate) fn holds((width, height): (u32, u32), spread: SlideRect) -> bool {
    let slide = SlideRect::of_size(width, height);
    let share = (spread.width() / slide.width()).max(spread.height() / slide.height());
    slide.contains(spread.min) && slide.contains(spread.max) && share >= LEAST_SPREAD
}
