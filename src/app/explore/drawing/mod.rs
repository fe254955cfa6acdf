//! Drawing and editing regions with the pointer: the tool, what is selected, and what the hand is doing. It goes with the hand,
//! so the panes move it themselves; what it leads to is a [`RegionEdit`], which can be taken back.

#[cfg(test)]
mod tests;
mod tool;

use std::collections::HashSet;
use std::sync::Arc;

use crate::app::region_edit::RegionEdit;
use crate::core::geometry::{SlidePoint, SlideRect};
use crate::data::regions::{
    BrushMode, BrushOutcome, ClassName, Classes, Region, RegionError, RegionId, RegionSet, Shape, Stamp,
    VertexPath, ellipse, lasso, polygon, rectangle,
};

pub use tool::Tool;

/// Keys that are held, as far as they matter to a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Shift: a square or circle; one region more.
    pub shift: bool,
    /// Alt: the eraser instead of the brush; a point is removed.
    pub alt: bool,
}

/// What the hand is doing.
#[derive(Debug, Clone, PartialEq)]
enum Hand {
    /// A rectangle or an ellipse from corner to corner.
    Box { from: SlidePoint, to: SlidePoint },
    /// The corners of a polygon so far, and where the pointer is.
    Corners { set: Vec<SlidePoint>, pointer: SlidePoint },
    /// The way of a lasso or a cut.
    Way(Vec<SlidePoint>),
    /// Regions that are moved.
    Move { ids: Vec<RegionId>, from: SlidePoint, to: SlidePoint },
    /// A point that is moved.
    Point { id: RegionId, at: VertexPath, to: SlidePoint },
    /// Painting the draft: the regions that the brush may change, the one that it made, where it was, and what it does.
    Paint { touched: Vec<RegionId>, new: Option<RegionId>, last: SlidePoint, mode: BrushMode },
}

/// What the hand works on.
#[derive(Debug, Clone, Copy)]
pub struct Canvas<'a> {
    /// The regions of the section shown.
    pub regions: &'a RegionSet,
    /// The classes of the project.
    pub classes: &'a Classes,
    /// Pixels of the slide within which a point is still meant.
    pub reach: f64,
    /// Micrometres per pixel of the slide.
    pub mpp: f64,
}

impl Canvas<'_> {
    fn is_free(&self, region: &Region) -> bool {
        self.classes.shows(region)
            && !region.locked
            && !region.kind.is_detected()
            && self.classes.check_unlocked(region).is_ok()
    }
}

/// The tools, and what they are doing.
#[derive(Debug)]
pub struct Drawing {
    tool: Tool,
    class: Option<ClassName>,
    selected: Vec<RegionId>,
    diameter_um: f64,
    hand: Option<Hand>,
    /// The regions as they will be when the hand lets go, where they are changed by it.
    draft: Option<RegionSet>,
    version: u64,
}

impl Default for Drawing {
    fn default() -> Self {
        Self {
            tool: Tool::Look,
            class: None,
            selected: Vec::new(),
            diameter_um: 400.0,
            hand: None,
            draft: None,
            version: 0,
        }
    }
}

/// By how much a key changes the size of the brush.
const SIZE_STEP: f64 = 1.25;
/// Movement of less than this share of the reach is a click.
const CLICK: f64 = 0.5;
/// Half a pixel of the screen, as a share of the reach: how closely a lasso follows the hand.
const FINE: f64 = 0.0625;

impl Drawing {
    /// The range of the diameter of the brush, in micrometres.
    pub const DIAMETERS_UM: std::ops::RangeInclusive<f64> = 5.0..=5_000.0;

    /// The tool in use.
    pub fn tool(&self) -> Tool {
        self.tool
    }

    /// The class that new regions get.
    pub fn class(&self) -> Option<&ClassName> {
        self.class.as_ref()
    }

    /// The selected regions.
    pub fn selected(&self) -> &[RegionId] {
        &self.selected
    }

    /// Diameter of the brush in micrometres.
    pub fn diameter_um(&self) -> f64 {
        self.diameter_um
    }

    /// The diameter `steps` steps larger, in whole micrometres.
    pub fn diameter_in_steps(&self, steps: i32) -> f64 {
        (self.diameter_um * SIZE_STEP.powi(steps)).round()
    }

    /// The regions as they are while the hand changes them.
    pub fn draft(&self) -> Option<&RegionSet> {
        self.draft.as_ref()
    }

    /// Grows when the draft or the selection is another.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether something is being drawn or moved.
    pub fn is_busy(&self) -> bool {
        self.hand.is_some()
    }

    /// Whether the corners of a polygon are being set, which goes on between clicks.
    pub fn sets_corners(&self) -> bool {
        matches!(self.hand, Some(Hand::Corners { .. }))
    }

    pub(super) fn use_tool(&mut self, tool: Tool) {
        self.give_up();
        self.tool = tool;
    }

    pub(super) fn use_class(&mut self, class: Option<ClassName>) {
        self.class = class;
    }

    pub(in crate::app) fn select(&mut self, ids: Vec<RegionId>) {
        if self.selected != ids {
            self.selected = ids;
            self.version += 1;
        }
    }

    pub(super) fn set_diameter(&mut self, um: f64) {
        if um.is_finite() {
            self.diameter_um = um.clamp(*Self::DIAMETERS_UM.start(), *Self::DIAMETERS_UM.end());
        }
    }

    /// Stops what the hand is doing; nothing comes of it.
    pub fn give_up(&mut self) {
        let (hand, draft) = (self.hand.take(), self.draft.take());
        if hand.is_some() || draft.is_some() {
            self.version += 1;
        }
    }

    /// Other regions are shown: what is selected is so as far as it is still there.
    pub(super) fn follow(&mut self, regions: &RegionSet, classes: &Classes) {
        let before = self.selected.len();
        self.selected.retain(|id| regions.get(*id).is_some());
        if self.selected.len() != before {
            self.version += 1;
        }
        if self.class.as_ref().is_some_and(|c| !classes.contains(c.as_str())) {
            self.class = None;
        }
        self.give_up();
    }

    /// The pointer was pressed at a place of the slide.
    pub fn press(&mut self, at: SlidePoint, held: Held, canvas: Canvas<'_>) {
        match self.tool {
            Tool::Look => {}
            Tool::Select => self.grasp(at, held, canvas),
            Tool::Rectangle | Tool::Ellipse => self.hand = Some(Hand::Box { from: at, to: at }),
            // Corners are set by clicks.
            Tool::Polygon => {}
            Tool::Lasso | Tool::Cut => self.hand = Some(Hand::Way(vec![at])),
            Tool::Brush | Tool::Eraser => self.begin_painting(at, held, canvas),
        }
    }

    /// Takes hold of a point of a selected region, or of a region.
    fn grasp(&mut self, at: SlidePoint, held: Held, canvas: Canvas<'_>) {
        let is_selected = |r: &Region| self.selected.contains(&r.id) && canvas.is_free(r);
        let point = canvas.regions.nearest_vertex(at, canvas.reach, is_selected);
        if let Some(point) = point.filter(|_| !held.alt) {
            self.hand = Some(Hand::Point { id: point.region, at: point.at, to: at });
            return;
        }
        let over = canvas.regions.pick(at, canvas.reach, |r| canvas.classes.shows(r));
        if let Some(region) = over
            && self.selected.contains(&region.id)
        {
            let is_free = |id: &RegionId| canvas.regions.get(*id).is_some_and(|r| canvas.is_free(r));
            let ids: Vec<RegionId> = self.selected.iter().copied().filter(is_free).collect();
            if !ids.is_empty() {
                self.hand = Some(Hand::Move { ids, from: at, to: at });
            }
        }
    }

    /// The pointer, which was pressed, went to a place of the slide.
    pub fn go_to(&mut self, at: SlidePoint, canvas: Canvas<'_>) {
        let brush = self.diameter_um / canvas.mpp / 2.0;
        match &mut self.hand {
            Some(Hand::Box { to, .. }) => *to = at,
            Some(Hand::Corners { pointer, .. }) => *pointer = at,
            Some(Hand::Way(way)) => lengthen(way, at, canvas.reach * FINE),
            Some(Hand::Move { ids, from, to }) => {
                *to = at;
                let mut moved = canvas.regions.clone();
                if moved.translate(ids, at.x - from.x, at.y - from.y).is_ok() {
                    self.draft = Some(moved);
                    self.version += 1;
                }
            }
            Some(Hand::Point { id, at: point, to }) => {
                *to = at;
                let mut moved = canvas.regions.clone();
                if moved.move_vertex(*id, *point, at).is_ok() {
                    self.draft = Some(moved);
                    self.version += 1;
                }
            }
            Some(Hand::Paint { touched, new, last, mode }) => {
                let stamp = Stamp { from: *last, to: at, radius: brush };
                *last = at;
                let draft = self.draft.get_or_insert_with(|| canvas.regions.clone());
                if paint(draft, &stamp, *mode, touched, new, canvas, self.class.as_ref()) {
                    self.version += 1;
                }
            }
            None => {}
        }
    }

    fn begin_painting(&mut self, at: SlidePoint, held: Held, canvas: Canvas<'_>) {
        let erases = (self.tool == Tool::Eraser) != held.alt;
        let mode = if erases { BrushMode::Subtract } else { BrushMode::Add };
        let touched: Vec<RegionId> = match mode {
            BrushMode::Add => {
                // It goes on with a region of the class that it begins in.
                let is_meant = |r: &Region| canvas.is_free(r) && r.class == self.class && r.shape().is_area();
                canvas.regions.pick(at, 0.0, is_meant).map(|r| r.id).into_iter().collect()
            }
            BrushMode::Subtract => {
                let chosen: HashSet<RegionId> = self.selected.iter().copied().collect();
                let meant = canvas.regions.iter().filter(|r| {
                    canvas.is_free(r) && r.shape().is_area() && (chosen.is_empty() || chosen.contains(&r.id))
                });
                meant.map(|r| r.id).collect()
            }
        };
        self.hand = Some(Hand::Paint { touched, new: None, last: at, mode });
        self.go_to(at, canvas);
    }

    /// The pointer was let go: what comes of it, if anything does. A draft stays in view until the edit is done.
    ///
    /// # Errors
    /// [`RegionError`]: what was drawn encloses nothing.
    pub fn release(&mut self, held: Held, canvas: Canvas<'_>) -> Option<Result<RegionEdit, RegionError>> {
        // A polygon goes on until it is closed.
        if self.sets_corners() {
            return None;
        }
        let hand = self.hand.take()?;
        let edit = self.outcome(hand, held, canvas);
        if !matches!(edit, Some(Ok(_))) {
            self.give_up();
        }
        edit
    }

    fn outcome(&self, hand: Hand, held: Held, canvas: Canvas<'_>) -> Option<Result<RegionEdit, RegionError>> {
        match hand {
            Hand::Box { from, to } => {
                let to = if held.shift { square_corner(from, to) } else { to };
                // A click draws nothing, and is no mistake to be told of.
                (from.distance(to) > canvas.reach * CLICK).then(|| {
                    let shape = match self.tool {
                        Tool::Ellipse => ellipse(from, to),
                        _ => rectangle(from, to),
                    };
                    shape.map(|shape| self.drawn(shape))
                })
            }
            Hand::Way(way) => self.way(way, canvas),
            Hand::Corners { .. } => None,
            Hand::Move { ids, from, to } => (from.distance(to) > canvas.reach * CLICK)
                .then(|| Ok(RegionEdit::Move { ids, by: [to.x - from.x, to.y - from.y] })),
            Hand::Point { id, at, to } => {
                let stayed = canvas.regions.get(id).and_then(|r| r.shape().nearest_vertex(to, 0.0));
                stayed.is_none().then_some(Ok(RegionEdit::MovePoint { id, at, to }))
            }
            Hand::Paint { touched, new, .. } => painted(self.draft.as_ref()?, &touched, new, canvas).map(Ok),
        }
    }

    fn way(&self, way: Vec<SlidePoint>, canvas: Canvas<'_>) -> Option<Result<RegionEdit, RegionError>> {
        let length: f64 = way.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
        if length <= canvas.reach * CLICK {
            return None;
        }
        if self.tool == Tool::Cut {
            let crossed = |r: &&Arc<Region>| {
                canvas.is_free(r)
                    && r.shape().is_area()
                    && (self.selected.is_empty() || self.selected.contains(&r.id))
                    && way.iter().any(|p| r.shape().bounds().grown(canvas.reach).contains(*p))
            };
            let ids: Vec<RegionId> = canvas.regions.iter().filter(crossed).map(|r| r.id).collect();
            return (!ids.is_empty()).then_some(Ok(RegionEdit::Cut { ids, line: way }));
        }
        Some(lasso(&way, canvas.reach * FINE).map(|shape| self.drawn(shape)))
    }

    fn drawn(&self, shape: Shape) -> RegionEdit {
        RegionEdit::Draw(Box::new(Region::new(shape).with_class(self.class.clone())))
    }

    /// A click of the Select tool: which regions are selected after it.
    pub fn picked(&self, at: SlidePoint, held: Held, canvas: Canvas<'_>) -> Vec<RegionId> {
        let region = canvas.regions.pick(at, canvas.reach, |r| canvas.classes.shows(r)).map(|r| r.id);
        match (region, held.shift) {
            (Some(id), false) => vec![id],
            (Some(id), true) => {
                let mut selected = self.selected.clone();
                match selected.iter().position(|s| *s == id) {
                    Some(already) => drop(selected.remove(already)),
                    None => selected.push(id),
                }
                selected
            }
            (None, true) => self.selected.clone(),
            (None, false) => Vec::new(),
        }
    }

    /// A click of the Select tool with Alt on a point of a selected region removes the point.
    pub fn point_removed(&self, at: SlidePoint, canvas: Canvas<'_>) -> Option<RegionEdit> {
        let is_selected = |r: &Region| self.selected.contains(&r.id);
        let point = canvas.regions.nearest_vertex(at, canvas.reach, is_selected)?;
        Some(RegionEdit::DeletePoint { id: point.region, at: point.at })
    }

    /// A double click of the Select tool on the outline of a selected region inserts a point.
    pub fn point_inserted(&self, at: SlidePoint, canvas: Canvas<'_>) -> Option<RegionEdit> {
        let selected = self.selected.iter().filter_map(|id| canvas.regions.get(*id));
        let edges = selected.filter_map(|r| {
            // Where there is a point already, none is inserted.
            let is_new = r.shape().nearest_vertex(at, canvas.reach * CLICK).is_none();
            r.shape().nearest_edge(at, canvas.reach).filter(|_| is_new).map(|edge| (r.id, edge))
        });
        let (id, (before, to, _)) = edges.min_by(|a, b| a.1.2.total_cmp(&b.1.2))?;
        Some(RegionEdit::InsertPoint { id, at: before, to })
    }

    /// A click of the Polygon tool sets a corner; on the first corner it closes the polygon.
    pub fn set_corner(
        &mut self,
        at: SlidePoint,
        canvas: Canvas<'_>,
    ) -> Option<Result<RegionEdit, RegionError>> {
        match &mut self.hand {
            Some(Hand::Corners { set, .. }) => {
                let closes = set.len() > 2 && set.first().is_some_and(|f| f.distance(at) <= canvas.reach);
                if closes {
                    return self.close_polygon();
                }
                if set.last().is_none_or(|last| last.distance(at) > canvas.reach * CLICK) {
                    set.push(at);
                }
                None
            }
            _ => {
                self.hand = Some(Hand::Corners { set: vec![at], pointer: at });
                None
            }
        }
    }

    /// Takes the last corner of a polygon back.
    pub fn take_corner_back(&mut self) {
        if let Some(Hand::Corners { set, .. }) = &mut self.hand {
            set.pop();
            if set.is_empty() {
                self.give_up();
            }
        }
    }

    /// Closes the polygon whose corners are set.
    pub fn close_polygon(&mut self) -> Option<Result<RegionEdit, RegionError>> {
        let Some(Hand::Corners { set, .. }) = &self.hand else { return None };
        let shape = polygon(set);
        self.give_up();
        Some(shape.map(|shape| self.drawn(shape)))
    }

    /// The line of what is being drawn, and whether it is closed.
    pub fn sketch(&self, held: Held) -> Option<(Vec<SlidePoint>, bool)> {
        match self.hand.as_ref()? {
            Hand::Box { from, to } => {
                let to = if held.shift { square_corner(*from, *to) } else { *to };
                Some((outline(self.tool, *from, to), true))
            }
            Hand::Corners { set, pointer } => Some((set.iter().copied().chain([*pointer]).collect(), false)),
            Hand::Way(way) => Some((way.clone(), self.tool == Tool::Lasso)),
            Hand::Move { .. } | Hand::Point { .. } | Hand::Paint { .. } => None,
        }
    }
}

/// Lets a way go on to `at`, unless that is nearer than `least` to its end.
fn lengthen(way: &mut Vec<SlidePoint>, at: SlidePoint, least: f64) {
    if way.last().is_none_or(|last| last.distance(at) > least) {
        way.push(at);
    }
}

/// The corner of a square whose opposite corner is `from`, as near to `to` as it can be.
fn square_corner(from: SlidePoint, to: SlidePoint) -> SlidePoint {
    let side = (to.x - from.x).abs().max((to.y - from.y).abs());
    SlidePoint::new(from.x + side.copysign(to.x - from.x), from.y + side.copysign(to.y - from.y))
}

/// A rectangle or an ellipse while it is drawn.
fn outline(tool: Tool, from: SlidePoint, to: SlidePoint) -> Vec<SlidePoint> {
    const CORNERS: u32 = 72;
    if tool != Tool::Ellipse {
        return vec![from, SlidePoint::new(to.x, from.y), to, SlidePoint::new(from.x, to.y)];
    }
    let (cx, cy) = ((from.x + to.x) / 2.0, (from.y + to.y) / 2.0);
    let (rx, ry) = ((to.x - from.x) / 2.0, (to.y - from.y) / 2.0);
    let at = |i: u32| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(i) / f64::from(CORNERS)).sin_cos();
        SlidePoint::new(cx + rx * cos, cy + ry * sin)
    };
    (0..CORNERS).map(at).collect()
}

/// Paints one step of the brush. Whether anything changed.
fn paint(
    draft: &mut RegionSet,
    stamp: &Stamp,
    mode: BrushMode,
    touched: &mut Vec<RegionId>,
    new: &mut Option<RegionId>,
    canvas: Canvas<'_>,
    class: Option<&ClassName>,
) -> bool {
    if mode == BrushMode::Add && touched.is_empty() {
        let region = stamp.shape().map(|shape| Region::new(shape).with_class(class.cloned()));
        let locked = |r: &Region| canvas.classes.check_unlocked(r).is_err();
        let Some(region) = region.ok().filter(|r| !locked(r)) else { return false };
        let id = draft.add(region);
        *new = Some(id);
        touched.push(id);
        return true;
    }
    let mut changed = false;
    let covered = SlideRect::around([stamp.from, stamp.to]).map(|r| r.grown(stamp.radius));
    for id in touched.iter() {
        let meets = |r: &Arc<Region>| covered.is_some_and(|c| c.meets(r.shape().bounds()));
        if draft.get(*id).is_some_and(meets) {
            changed |= draft.brush(*id, stamp, mode).is_ok_and(|outcome| outcome != BrushOutcome::Unchanged);
        }
    }
    changed
}

/// The edit that painting leads to.
fn painted(
    draft: &RegionSet,
    touched: &[RegionId],
    new: Option<RegionId>,
    canvas: Canvas<'_>,
) -> Option<RegionEdit> {
    if let Some(region) = new.and_then(|id| draft.get(id)) {
        return Some(RegionEdit::Draw(Box::new((**region).clone())));
    }
    let shapes = touched.iter().filter_map(|id| {
        let (before, after) = (canvas.regions.get(*id)?, draft.get(*id));
        let same = after.is_some_and(|after| Arc::ptr_eq(after.shape(), before.shape()));
        (!same).then(|| (*id, after.map(|after| Arc::clone(after.shape()))))
    });
    let shapes: Vec<_> = shapes.collect();
    (!shapes.is_empty()).then_some(RegionEdit::Paint(shapes))
}
