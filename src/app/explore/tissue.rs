//! The tissue of the slide shown: what is known of it, the brush that changes it, and a change that is being made.

use std::path::Path;
use std::sync::Arc;

use super::input::PlacesInput;
use crate::app::command::TissueEdit;
use crate::core::geometry::SlidePoint;
use crate::core::places::{GridSettings, Stroke, TissueSettings, TooManyStrokes};
use crate::data::section::Section;
use crate::data::slide::place;
use crate::jobs::tissue::{FoundTissue, TissueRequest};

/// Distance between the circles of a stroke, as a share of their radius.
const SPACING: f64 = 0.5;
/// By how much a key changes the size of the brush.
const SIZE_STEP: f64 = 1.25;

/// What the pointer does to tissue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brush {
    /// What it goes over becomes tissue.
    Add,
    /// What it goes over is tissue no more.
    Remove,
}

impl Brush {
    /// The edit that it makes.
    pub fn edit(self) -> TissueEdit {
        match self {
            Self::Add => TissueEdit::Add,
            Self::Remove => TissueEdit::Remove,
        }
    }
}

/// The tissue of the slide shown.
#[derive(Debug)]
pub struct Tissue {
    /// Of the slide shown; none of a section with spots.
    places: Option<PlacesInput>,
    /// The settings while a slider or the brush is dragged, before they become an edit.
    draft: Option<TissueSettings>,
    brush: Option<Brush>,
    diameter_um: f64,
    /// Where the brush last left a circle.
    last: Option<SlidePoint>,
    /// What was found last, and what for.
    found: Option<(TissueRequest, Result<Arc<FoundTissue>, String>)>,
    /// Grows when other tissue is found.
    version: u64,
    refusal: Option<TooManyStrokes>,
}

impl Default for Tissue {
    fn default() -> Self {
        Self {
            places: None,
            draft: None,
            brush: None,
            diameter_um: 400.0,
            last: None,
            found: None,
            version: 0,
            refusal: None,
        }
    }
}

impl Tissue {
    /// The range of the diameter of the brush, in micrometres.
    pub const DIAMETERS_UM: std::ops::RangeInclusive<f64> = 20.0..=5_000.0;

    /// Another section is shown, or its settings are others: what was being changed is given up.
    pub(in crate::app) fn follow(&mut self, places: Option<&PlacesInput>) {
        if self.places.as_ref() == places {
            return;
        }
        self.forget_draft();
        if places.is_none() {
            self.brush = None;
        }
        self.places = places.cloned();
    }

    /// Whether the section shown is a slide without measurements.
    pub fn is_shown(&self) -> bool {
        self.places.is_some()
    }

    /// How the places of the slide shown lie.
    pub fn grid(&self) -> Option<GridSettings> {
        Some(self.places.as_ref()?.grid)
    }

    /// What is tissue on the slide shown, as far as it was changed by now.
    pub fn settings(&self) -> Option<&TissueSettings> {
        self.draft.as_ref().or_else(|| Some(&self.places.as_ref()?.tissue))
    }

    /// Shows what would be tissue with these settings.
    pub(super) fn set_draft(&mut self, settings: TissueSettings) {
        self.draft = self.places.as_ref().map(|_| settings);
    }

    /// Gives up a change that is being made.
    pub(in crate::app) fn forget_draft(&mut self) {
        self.draft = None;
        self.last = None;
    }

    /// The settings that a drag has led to, which are to become an edit.
    pub fn draft(&self) -> Option<&TissueSettings> {
        self.draft.as_ref()
    }

    /// The brush in use.
    pub fn brush(&self) -> Option<Brush> {
        self.brush
    }

    pub(super) fn set_brush(&mut self, brush: Option<Brush>) {
        self.brush = brush.filter(|_| self.is_shown());
        self.forget_draft();
    }

    /// Diameter of the brush in micrometres.
    pub fn diameter_um(&self) -> f64 {
        self.diameter_um
    }

    pub(super) fn set_diameter(&mut self, um: f64) {
        if um.is_finite() {
            self.diameter_um = um.clamp(*Self::DIAMETERS_UM.start(), *Self::DIAMETERS_UM.end());
        }
    }

    /// The diameter `steps` steps larger, in whole micrometres.
    pub fn diameter_in_steps(&self, steps: i32) -> f64 {
        (self.diameter_um * SIZE_STEP.powi(steps)).round()
    }

    /// Goes with the brush to `at` on a slide on which it has this radius in slide pixels: leaves circles on the way from
    /// where it was, however far that is.
    pub fn stroke(&mut self, at: SlidePoint, radius: f64) {
        let (Some(brush), Some(places)) = (self.brush, &self.places) else { return };
        if !(radius > 0.0 && at.x.is_finite() && at.y.is_finite()) {
            return;
        }
        let step = radius * SPACING;
        let from = self.last.unwrap_or(at);
        let way = from.distance(at);
        let steps = (way / step).floor();
        if self.last.is_some() && steps < 1.0 {
            return;
        }
        let draft = self.draft.get_or_insert_with(|| places.tissue.clone());
        let first = if self.last.is_some() { 1 } else { 0 };
        for i in first..=(steps as u64).min(TissueSettings::MAX_STROKES as u64) {
            let share = if way > 0.0 { i as f64 * step / way } else { 0.0 };
            let center = SlidePoint::new(from.x + (at.x - from.x) * share, from.y + (at.y - from.y) * share);
            let painted = draft.paint(Stroke { center, radius, is_tissue: brush == Brush::Add });
            if let Err(refused) = painted {
                self.refusal = Some(refused);
                break;
            }
            self.last = Some(center);
        }
    }

    /// Whether a stroke of the brush has begun and not ended.
    pub fn is_painting(&self) -> bool {
        self.last.is_some()
    }

    /// Why the brush left no circle, once.
    pub(in crate::app) fn take_refusal(&mut self) -> Option<TooManyStrokes> {
        self.refusal.take()
    }

    /// What is to be found for `section`, where that is not known.
    pub(super) fn wanted(&self, section: &Section) -> Option<TissueRequest> {
        let (places, tissue) = (self.places.as_ref()?, self.settings()?);
        let known = self.found.as_ref().is_some_and(|(asked, _)| {
            asked.slide == section.slide
                && asked.slide_size == section.slide_size
                && asked.mpp == section.mpp
                && asked.grid == places.grid
                && asked.tissue == *tissue
        });
        (!known).then(|| TissueRequest {
            slide: section.slide.clone(),
            slide_size: section.slide_size,
            mpp: section.mpp,
            tissue: tissue.clone(),
            grid: places.grid,
        })
    }

    /// What was found for `asked`.
    pub(in crate::app) fn found(&mut self, asked: TissueRequest, found: Arc<FoundTissue>) {
        self.found = Some((asked, Ok(found)));
        self.version += 1;
    }

    /// Why nothing was found for `asked`, in one sentence.
    pub(in crate::app) fn not_found(&mut self, asked: TissueRequest, why: String) {
        self.found = Some((asked, Err(why)));
        self.version += 1;
    }

    /// Grows when other tissue is found.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The latest that was found on the slide of this image, or why nothing was; it may be behind the settings.
    pub fn latest(&self, slide: &Path) -> Option<Result<&FoundTissue, &str>> {
        let (_, found) = self.found.as_ref().filter(|(asked, _)| asked.slide == slide)?;
        Some(found.as_deref().map_err(String::as_str))
    }

    /// The area of tissue found on the slide in `file`, in square millimetres.
    pub fn area_of(&self, file: &Path) -> Option<f64> {
        let (_, found) = self.found.as_ref().filter(|(asked, _)| place::file_of(&asked.slide) == file)?;
        Some(found.as_ref().ok()?.area_mm2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tissue(brush: Brush) -> Tissue {
        let mut tissue = Tissue::default();
        tissue.follow(Some(&PlacesInput::default()));
        tissue.set_brush(Some(brush));
        tissue
    }

    #[test]
    fn a_quick_drag_leaves_no_gaps_and_a_slow_one_no_heap() {
        let mut quick = tissue(Brush::Add);
        for x in [0.0, 1000.0] {
            quick.stroke(SlidePoint::new(x, 0.0), 100.0);
        }
        let strokes = quick.settings().unwrap().strokes.clone();
        assert_eq!(strokes.len(), 21);
        assert!(strokes.windows(2).all(|s| (s[1].center.x - s[0].center.x - 50.0).abs() < 1e-6));
        let mut slow = tissue(Brush::Add);
        for x in 0..=1000 {
            slow.stroke(SlidePoint::new(f64::from(x), 0.0), 100.0);
        }
        assert_eq!(slow.settings().unwrap().strokes, strokes);
        // A click is one circle; another one at the same place none.
        let mut click = tissue(Brush::Remove);
        click.stroke(SlidePoint::new(5.0, 5.0), 10.0);
        let edited = click.draft().unwrap().clone();
        assert_eq!((edited.strokes.len(), edited.strokes[0].is_tissue), (1, false));
        click.follow(Some(&PlacesInput { tissue: edited, ..PlacesInput::default() }));
        assert!(click.draft().is_none());
        click.stroke(SlidePoint::new(5.0, 5.0), 10.0);
        assert_eq!(click.settings().unwrap().strokes.len(), 1);
    }

    #[test]
    fn the_brush_is_for_slides_without_measurements() {
        let mut tissue = tissue(Brush::Add);
        tissue.stroke(SlidePoint::new(0.0, 0.0), 10.0);
        tissue.follow(None);
        assert_eq!((tissue.brush(), tissue.draft()), (None, None));
        tissue.set_brush(Some(Brush::Add));
        tissue.stroke(SlidePoint::new(0.0, 0.0), 10.0);
        assert_eq!((tissue.brush(), tissue.settings()), (None, None));
    }

    #[test]
    fn the_size_of_the_brush_has_limits() {
        let mut tissue = tissue(Brush::Add);
        tissue.set_diameter(tissue.diameter_in_steps(1));
        assert_eq!(tissue.diameter_um(), 500.0);
        tissue.set_diameter(1e9);
        assert_eq!(tissue.diameter_um(), 5_000.0);
        tissue.set_diameter(f64::NAN);
        assert_eq!(tissue.diameter_um(), 5_000.0);
    }
}
