//! The tissue of slides, found again and again while its settings are changed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::context::JobContext;
use super::resources::Resources;
use crate::core::cancel::CancelToken;
use crate::core::geometry::Mpp;
use crate::core::places::{GridSettings, TissueSettings};
use crate::core::progress::{Progress, Stage, Task};
use crate::core::text::{counted, thousands};
use crate::data::section::Section;
use crate::data::slide::{RgbImage, SlideStore};
use crate::preprocess::grid::{self, GridError};
use crate::preprocess::tissue_mask::{Outline, TissueMask, overview_side};

/// What is said where nothing is tissue.
const NO_TISSUE: &str = "No tissue was found: lower the threshold, or add tissue with the brush";

/// A slide, and how its tissue is found and covered.
#[derive(Debug, Clone, PartialEq)]
pub struct TissueRequest {
    /// The slide image.
    pub slide: PathBuf,
    /// Its width and height in pixels.
    pub slide_size: (u32, u32),
    /// Its resolution.
    pub mpp: Mpp,
    /// What is tissue.
    pub tissue: TissueSettings,
    /// The places on it.
    pub grid: GridSettings,
}

/// Tissue that was found on a slide, and how many places cover it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTissue {
    /// Its edges, those of holes too.
    pub outlines: Vec<Outline>,
    /// Its area in square millimetres.
    pub area_mm2: f64,
    /// The staining from which pixels are tissue, as set or as found.
    pub threshold: f32,
    /// How many places cover it, or why none can, in one sentence.
    pub places: Result<usize, String>,
}

impl FoundTissue {
    /// "1,234 places on 12.3 mm² of tissue"; of a grid that is not possible, why.
    pub fn sentence(&self) -> String {
        let area = match self.area_mm2 {
            area if area >= 100.0 => thousands(area.round() as usize),
            area if area >= 1.0 => format!("{area:.1}"),
            area => format!("{area:.2}"),
        };
        match &self.places {
            Ok(n) => format!("{} on {area} mm\u{00B2} of tissue", counted(*n, "place")),
            Err(why) => format!("{why}."),
        }
    }
}

/// Resolution and threshold with which tissue was found, and that tissue.
type Found = ((Mpp, Option<f32>), Arc<TissueMask>);

/// An overview of a slide, and its tissue without strokes.
struct Known {
    /// The slide's number, and the side of the overview.
    overview_of: (u64, u32),
    overview: Arc<RgbImage>,
    /// The tissue found last.
    found: Option<Found>,
}

/// Finds tissue. What was computed for the slide that was asked for last is kept, so that a stroke more takes milliseconds.
#[derive(Default)]
pub(super) struct TissueFinder {
    /// One slide only: an overview may have 50 MB.
    known: Mutex<Option<Known>>,
}

impl TissueFinder {
    /// The tissue of a section's slide.
    ///
    /// # Errors
    /// One sentence naming the image, or that it was cancelled.
    pub(super) fn find(
        &self,
        slides: &SlideStore,
        section: &Section,
        settings: &TissueSettings,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> anyhow::Result<TissueMask> {
        progress.report(&Stage::new(Task::FindingTissue, &section.name), 0, 0);
        let request = TissueRequest {
            slide: section.slide.clone(),
            slide_size: section.slide_size,
            mpp: section.mpp,
            tissue: settings.clone(),
            grid: GridSettings::default(),
        };
        self.answer(slides, &request, progress, cancel)
    }

    fn answer(
        &self,
        slides: &SlideStore,
        request: &TissueRequest,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> anyhow::Result<TissueMask> {
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let slide = slides.get(&request.slide, progress, cancel)?;
        let overview_of = (slide.number(), overview_side(request.slide_size, request.mpp));
        let found_with = (request.mpp, request.tissue.threshold);
        let (overview, found) = match &*lock() {
            Some(known) if known.overview_of == overview_of => {
                let found = known.found.as_ref().filter(|(with, _)| *with == found_with);
                (Some(Arc::clone(&known.overview)), found.map(|(_, mask)| Arc::clone(mask)))
            }
            _ => (None, None),
        };
        let overview = match overview {
            Some(overview) => overview,
            None => Arc::new(slide.thumbnail(overview_of.1)?),
        };
        cancel.check()?;
        let mask = found.unwrap_or_else(|| {
            let settings = TissueSettings { strokes: Vec::new(), ..request.tissue.clone() };
            Arc::new(TissueMask::find(&overview, request.slide_size, request.mpp, &settings))
        });
        let found = Some((found_with, Arc::clone(&mask)));
        *lock() = Some(Known { overview_of, overview, found });
        Ok(Arc::unwrap_or_clone(mask).painted(&request.tissue.strokes))
    }
}

/// Finds the tissue of a slide, and how many places cover it.
///
/// # Errors
/// One sentence naming the image, or that it was cancelled.
pub fn look(resources: &Resources, request: &TissueRequest, ctx: &JobContext) -> anyhow::Result<FoundTissue> {
    let mask = resources.tissue.answer(&resources.slides, request, ctx.progress(), ctx.cancel)?;
    ctx.check()?;
    let places = grid::places(&request.grid, &mask, request.mpp);
    Ok(FoundTissue {
        outlines: mask.outlines(),
        area_mm2: mask.area_mm2(),
        threshold: mask.threshold(),
        places: places.map(|places| places.len()).map_err(|error| match error {
            GridError::NoTissue => NO_TISSUE.to_owned(),
            other => other.to_string(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::SlidePoint;
    use crate::core::places::Stroke;
    use crate::core::progress::Silent;

    #[test]
    fn tissue_follows_its_settings() {
        let dir = tempfile::tempdir().unwrap();
        let slide = dir.path().join("slide.png");
        // 4 x 4 mm at 4 micrometres per pixel, with 2 x 2 mm of tissue.
        let inside = |v: u32| (250..750).contains(&v);
        let pixel = |x, y| image::Rgb(if inside(x) && inside(y) { [190, 130, 185] } else { [240, 236, 241] });
        image::RgbImage::from_fn(1000, 1000, pixel).save(&slide).unwrap();
        let resources = Resources::new();
        let cancel = CancelToken::new();
        let ctx = JobContext { observer: &Silent, cancel: &cancel };
        let mut request = TissueRequest {
            slide,
            slide_size: (1000, 1000),
            mpp: Mpp(4.0),
            tissue: TissueSettings::default(),
            grid: GridSettings::default(),
        };
        let found = look(&resources, &request, &ctx).unwrap();
        assert!((found.area_mm2 - 4.0).abs() < 0.1, "{}", found.area_mm2);
        assert_eq!(found.outlines.len(), 1);
        let places = found.places.clone().unwrap();
        assert_eq!(
            found.sentence(),
            format!("{places} places on {:.1} mm\u{00B2} of tissue", found.area_mm2)
        );
        // A hole of 1 mm in the middle.
        request.tissue.strokes =
            vec![Stroke { center: SlidePoint::new(500.0, 500.0), radius: 125.0, is_tissue: false }];
        let holed = look(&resources, &request, &ctx).unwrap();
        assert!((found.area_mm2 - holed.area_mm2 - 0.785).abs() < 0.02, "{}", holed.area_mm2);
        assert!(holed.outlines.iter().any(|o| o.is_hole) && holed.places.unwrap() < places);
        request.tissue = TissueSettings { threshold: Some(2.0), ..TissueSettings::default() };
        let none = look(&resources, &request, &ctx).unwrap();
        assert_eq!((none.area_mm2, none.threshold), (0.0, 2.0));
        assert_eq!(none.sentence(), format!("{NO_TISSUE}."));
        request.tissue.threshold = None;
        assert_eq!(look(&resources, &request, &ctx).unwrap(), found);
    }
}
