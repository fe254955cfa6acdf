//! The pointer on the panes while a tool for regions is in use.

use super::ExploreState;
use crate::app::explore::drawing::{Canvas, Drawing, Held, Tool};
use crate::app::region_edit::RegionEdit;
use crate::core::geometry::SlidePoint;
use crate::data::regions::{RegionError, RegionId, RegionSet};

/// Points on the screen within which a point or an outline is still meant.
const REACH: f64 = 8.0;

/// What the pointer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointerStep {
    /// It moved without being pressed.
    Hover,
    /// It was pressed.
    Press,
    /// It moved while it was pressed.
    Drag,
    /// It was let go.
    Release,
    /// It was pressed and let go at one place.
    Click,
    /// The same twice.
    DoubleClick,
}

impl ExploreState {
    /// The tools, and what they are doing.
    pub fn drawing(&self) -> &Drawing {
        &self.drawing
    }

    /// The regions to draw: those of the section, as far as the hand has changed them by now.
    pub fn drawn_regions(&self) -> &RegionSet {
        self.drawing.draft().unwrap_or(self.regions.set())
    }

    /// Stops what is being drawn; nothing comes of it.
    pub fn give_up_drawing(&mut self) {
        self.drawing.give_up();
    }

    /// Selects regions, as after an edit that made them.
    pub(in crate::app) fn select_regions(&mut self, ids: Vec<RegionId>) {
        self.drawing.select(ids);
    }

    /// Why what was drawn is no region, once.
    pub(in crate::app) fn take_refused_drawing(&mut self) -> Option<RegionError> {
        self.refused_drawing.take()
    }

    /// The tool in use at `at` on the image of the section: the edit that comes of it, if one does.
    pub fn use_tool(&mut self, step: PointerStep, at: SlidePoint, held: Held) -> Option<RegionEdit> {
        let section = self.index.as_ref()?.section();
        let factor = self.regions.factor();
        let canvas = Canvas {
            regions: self.regions.set(),
            classes: self.regions.classes(),
            reach: REACH / (self.camera.scale() * factor),
            mpp: section.mpp.0 * factor,
        };
        let at = SlidePoint::new(at.x / factor, at.y / factor);
        let drawing = &mut self.drawing;
        let tool = drawing.tool();
        let edit = match step {
            PointerStep::Hover => {
                if drawing.sets_corners() {
                    drawing.go_to(at, canvas);
                }
                None
            }
            PointerStep::Press => {
                drawing.press(at, held, canvas);
                None
            }
            PointerStep::Drag => {
                drawing.go_to(at, canvas);
                None
            }
            PointerStep::Release => drawing.release(held, canvas),
            PointerStep::Click => match tool {
                Tool::Polygon => drawing.set_corner(at, canvas),
                Tool::Select if held.alt => drawing.point_removed(at, canvas).map(Ok),
                Tool::Select => {
                    let picked = drawing.picked(at, held, canvas);
                    drawing.select(picked);
                    None
                }
                _ => None,
            },
            PointerStep::DoubleClick => match tool {
                Tool::Polygon => drawing.close_polygon(),
                Tool::Select => drawing.point_inserted(at, canvas).map(Ok),
                _ => None,
            },
        };
        self.edit_or_refusal(edit)
    }

    /// Closes the polygon whose corners are set.
    pub fn close_polygon(&mut self) -> Option<RegionEdit> {
        let edit = self.drawing.close_polygon();
        self.edit_or_refusal(edit)
    }

    /// Takes the last corner of a polygon back.
    pub fn take_corner_back(&mut self) {
        self.drawing.take_corner_back();
    }

    fn edit_or_refusal(&mut self, edit: Option<Result<RegionEdit, RegionError>>) -> Option<RegionEdit> {
        match edit? {
            Ok(edit) => Some(edit),
            Err(why) => {
                self.refused_drawing = Some(why);
                None
            }
        }
    }
}
