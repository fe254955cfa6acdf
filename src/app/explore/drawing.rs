//! Drawing and editing regions with the pointer: the tool, what is selected, and what the hand is doing. It goes with the hand,
//! so the panes move it themselves; what it leads to is a [`RegionEdit`], which can be taken back.

use std::collections::HashSet;
use std::sync::Arc;

use crate::app::region_edit::RegionEdit;
use crate::core::geometry::{SlidePoint, SlideRect};
use crate::data::regions::{
    BrushMode, BrushOutcome, ClassName, Classes, Region, RegionError, RegionId, RegionSet, Shape, Stamp,
    VertexPath, ellipse, lasso, polygon, rectangle,
};

/// What the pointer does on the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tool {
    /// It moves the view and chooses spots.
    #[default]
    Look,
    /// It selects regions, and moves them and their points.
    Select,
    /// It draws a rectangle from corner to corner.
    Rectangle,
    /// It draws an ellipse from corner to corner of the rectangle around it.
    Ellipse,
    /// It sets the corners of a polygon.
    Polygon,
    /// It draws the outline freely.
    Lasso,
    /// It paints an area.
    Brush,
    /// It takes what it goes over out of regions.
    Eraser,
    /// It cuts regions along a line.
    Cut,
}

impl Tool {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 9] = [
        Self::Look,
        Self::Select,
        Self::Rectangle,
        Self::Ellipse,
        Self::Polygon,
        Self::Lasso,
        Self::Brush,
        Self::Eraser,
        Self::Cut,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Look => "Look",
            Self::Select => "Select",
            Self::Rectangle => "Rectangle",
            Self::Ellipse => "Ellipse",
            Self::Polygon => "Polygon",
            Self::Lasso => "Lasso",
            Self::Brush => "Brush",
            Self::Eraser => "Eraser",
            Self::Cut => "Cut",
        }
    }

    /// How to work with it, in one or two sentences.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Look => "Drag to move the view; click a spot to see the evidence for it.",
            Self::Select => {
                "Click a region to select it, with Shift several. Drag it or one of its points to move it; double-click its \
                 outline for a new point, and a point with Alt to remove it."
            }
            Self::Rectangle => "Drag from corner to corner. Hold Shift for a square.",
            Self::Ellipse => "Drag from corner to corner of its rectangle. Hold Shift for a circle.",
            Self::Polygon => {
                "Click from corner to corner. Double-click, or press Enter, to close it; Backspace takes a corner back."
            }
            Self::Lasso => "Drag around the tissue.",
            Self::Brush => {
                "Drag to paint. It adds to a region of the same class where it begins in one. Hold Alt to erase."
            }
            Self::Eraser => {
                "Drag over regions to take that part away: of those that are selected, or of all where none is."
            }
            Self::Cut => "Drag across regions to cut them in two.",
        }
    }

    /// Whether it paints with a brush of some size.
    pub const fn has_size(self) -> bool {
        matches!(self, Self::Brush | Self::Eraser)
    }

    /// Whether it draws new regions.
    pub const fn draws(self) -> bool {
        matches!(self, Self::Rectangle | Self::Ellipse | Self::Polygon | Self::Lasso | Self::Brush)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Held = Held { shift: false, alt: false };
    const SHIFT: Held = Held { shift: true, alt: false };
    const ALT: Held = Held { shift: false, alt: true };

    fn at(x: f64, y: f64) -> SlidePoint {
        SlidePoint::new(x, y)
    }

    /// A slide with regions at 1 µm per pixel.
    #[derive(Default)]
    struct Slide {
        regions: RegionSet,
        classes: Classes,
    }

    impl Slide {
        fn canvas(&self) -> Canvas<'_> {
            Canvas { regions: &self.regions, classes: &self.classes, reach: 8.0, mpp: 1.0 }
        }

        /// Drags from the first place over all others, and does what comes of it.
        fn drag(&mut self, drawing: &mut Drawing, way: &[SlidePoint], held: Held) -> Option<RegionError> {
            drawing.press(way[0], held, self.canvas());
            for at in &way[1..] {
                drawing.go_to(*at, self.canvas());
            }
            let edit = drawing.release(held, self.canvas())?;
            self.apply(drawing, edit)
        }

        fn apply(
            &mut self,
            drawing: &mut Drawing,
            edit: Result<RegionEdit, RegionError>,
        ) -> Option<RegionError> {
            let done = edit.and_then(|edit| edit.apply(&mut self.regions, &mut self.classes));
            match done {
                Ok(selected) => drawing.select(selected),
                Err(why) => return Some(why),
            }
            drawing.follow(&self.regions, &self.classes);
            None
        }

        fn areas(&self) -> Vec<f64> {
            self.regions.iter().map(|r| r.shape().area_px2().round()).collect()
        }
    }

    fn using(tool: Tool) -> Drawing {
        let mut drawing = Drawing::default();
        drawing.use_tool(tool);
        drawing
    }

    #[test]
    fn each_tool_draws_its_shape_in_the_chosen_class() {
        let mut slide = Slide::default();
        slide.classes.ensure(&ClassName::new("Tumour").unwrap());
        let mut drawing = using(Tool::Rectangle);
        drawing.use_class(ClassName::new("Tumour"));
        assert_eq!(slide.drag(&mut drawing, &[at(0.0, 0.0), at(50.0, 30.0), at(100.0, 40.0)], NONE), None);
        assert_eq!(slide.areas(), [4000.0]);
        let region = Arc::clone(slide.regions.iter().next().unwrap());
        assert_eq!(
            (region.class.as_ref().unwrap().as_str(), drawing.selected()),
            ("Tumour", &[region.id][..])
        );
        slide.drag(&mut drawing, &[at(200.0, 0.0), at(260.0, -100.0)], SHIFT);
        assert_eq!(slide.areas()[1], 10_000.0, "a square as wide as the longer side");
        drawing.use_tool(Tool::Ellipse);
        slide.drag(&mut drawing, &[at(0.0, 200.0), at(200.0, 300.0)], NONE);
        assert!((slide.areas()[2] / (std::f64::consts::PI * 100.0 * 50.0) - 1.0).abs() < 0.01);
        drawing.use_tool(Tool::Lasso);
        slide.drag(&mut drawing, &[at(0.0, 0.0), at(90.0, 0.0), at(90.0, 90.0)], NONE);
        assert_eq!(slide.areas()[3], 4050.0);
        let flat = slide.drag(&mut drawing, &[at(0.0, 0.0), at(90.0, 0.0)], NONE);
        assert_eq!(flat, Some(RegionError::TooFewPoints));
        // A click draws nothing and says nothing.
        for tool in [Tool::Rectangle, Tool::Ellipse, Tool::Lasso, Tool::Cut] {
            drawing.use_tool(tool);
            assert_eq!(slide.drag(&mut drawing, &[at(5.0, 5.0), at(6.0, 6.0)], NONE), None);
        }
        assert_eq!(slide.regions.len(), 4);
    }

    #[test]
    fn a_polygon_is_set_corner_by_corner() {
        let mut slide = Slide::default();
        let mut drawing = using(Tool::Polygon);
        for corner in [at(0.0, 0.0), at(100.0, 0.0), at(500.0, 500.0)] {
            assert!(drawing.set_corner(corner, slide.canvas()).is_none());
            assert!(drawing.release(NONE, slide.canvas()).is_none(), "it goes on between clicks");
        }
        drawing.take_corner_back();
        drawing.set_corner(at(100.0, 100.0), slide.canvas());
        drawing.go_to(at(3.0, 3.0), slide.canvas());
        assert_eq!(drawing.sketch(NONE).unwrap().0.len(), 4);
        let edit = drawing.set_corner(at(3.0, 3.0), slide.canvas()).unwrap();
        assert_eq!(slide.apply(&mut drawing, edit), None);
        assert_eq!(slide.areas(), [5000.0]);
        assert!(!drawing.is_busy());
        drawing.set_corner(at(0.0, 0.0), slide.canvas());
        drawing.set_corner(at(90.0, 0.0), slide.canvas());
        assert_eq!(drawing.close_polygon(), Some(Err(RegionError::TooFewPoints)));
        drawing.set_corner(at(0.0, 0.0), slide.canvas());
        drawing.take_corner_back();
        assert!(!drawing.is_busy());
    }

    #[test]
    fn the_brush_paints_goes_on_and_erases() {
        let mut slide = Slide::default();
        let mut drawing = using(Tool::Brush);
        drawing.set_diameter(100.0);
        slide.drag(&mut drawing, &[at(0.0, 0.0), at(100.0, 0.0)], NONE);
        let first = slide.areas()[0];
        assert!((first / (100.0 * 100.0 + std::f64::consts::PI * 2500.0) - 1.0).abs() < 0.01, "{first}");
        let id = slide.regions.iter().next().unwrap().id;
        slide.drag(&mut drawing, &[at(100.0, 0.0), at(200.0, 0.0)], NONE);
        assert_eq!((slide.regions.len(), slide.regions.get(id).is_some()), (1, true));
        assert!(slide.areas()[0] > first + 9000.0);
        // It begins outside: another region.
        slide.drag(&mut drawing, &[at(0.0, 300.0), at(50.0, 300.0)], NONE);
        assert_eq!(slide.regions.len(), 2);
        // Only what is selected is erased.
        drawing.select(vec![id]);
        let before = slide.areas();
        slide.drag(&mut drawing, &[at(100.0, 0.0), at(100.0, 300.0), at(0.0, 300.0)], ALT);
        assert!(slide.areas()[0] < before[0]);
        assert_eq!(slide.areas()[1], before[1]);
        drawing.use_tool(Tool::Eraser);
        drawing.set_diameter(2000.0);
        drawing.select(Vec::new());
        slide.drag(&mut drawing, &[at(100.0, 0.0), at(50.0, 300.0)], NONE);
        assert!(slide.regions.is_empty());
    }

    #[test]
    fn regions_and_points_are_moved_and_selected() {
        let mut slide = Slide::default();
        let mut drawing = using(Tool::Rectangle);
        for x in [0.0, 200.0] {
            slide.drag(&mut drawing, &[at(x, 0.0), at(x + 100.0, 100.0)], NONE);
        }
        let ids: Vec<RegionId> = slide.regions.iter().map(|r| r.id).collect();
        drawing.use_tool(Tool::Select);
        assert_eq!(drawing.picked(at(50.0, 50.0), NONE, slide.canvas()), ids[..1]);
        assert_eq!(drawing.picked(at(50.0, 50.0), SHIFT, slide.canvas()), [ids[1], ids[0]]);
        assert!(drawing.picked(at(150.0, 50.0), NONE, slide.canvas()).is_empty());
        drawing.select(vec![ids[0]]);
        slide.drag(&mut drawing, &[at(50.0, 50.0), at(60.0, 50.0), at(70.0, 80.0)], NONE);
        assert_eq!(slide.regions.get(ids[0]).unwrap().shape().bounds().min, at(20.0, 30.0));
        // The other one is not selected, so a drag does nothing to it.
        slide.drag(&mut drawing, &[at(250.0, 50.0), at(400.0, 50.0)], NONE);
        assert_eq!(slide.regions.get(ids[1]).unwrap().shape().bounds().min, at(200.0, 0.0));
        // A corner.
        slide.drag(&mut drawing, &[at(22.0, 31.0), at(0.0, 0.0)], NONE);
        assert_eq!(slide.regions.get(ids[0]).unwrap().shape().bounds().min, at(0.0, 0.0));
        // A new point on the lower edge, which is removed again.
        let edit = drawing.point_inserted(at(70.0, 133.0), slide.canvas()).unwrap();
        slide.apply(&mut drawing, Ok(edit));
        assert_eq!(slide.regions.get(ids[0]).unwrap().shape().vertex_count(), 5);
        let edit = drawing.point_removed(at(71.0, 129.0), slide.canvas()).unwrap();
        slide.apply(&mut drawing, Ok(edit));
        assert_eq!(slide.regions.get(ids[0]).unwrap().shape().vertex_count(), 4);
    }

    #[test]
    fn a_cut_and_what_is_locked() {
        let mut slide = Slide::default();
        let mut drawing = using(Tool::Rectangle);
        slide.drag(&mut drawing, &[at(0.0, 0.0), at(100.0, 100.0)], NONE);
        drawing.use_tool(Tool::Cut);
        drawing.select(Vec::new());
        slide.drag(&mut drawing, &[at(-20.0, 40.0), at(50.0, 40.0), at(120.0, 40.0)], NONE);
        assert_eq!(slide.areas(), [6000.0, 4000.0]);
        let ids: Vec<RegionId> = slide.regions.iter().map(|r| r.id).collect();
        slide.regions.set_locked(&ids, true).unwrap();
        drawing.use_tool(Tool::Eraser);
        drawing.select(Vec::new());
        assert_eq!(slide.drag(&mut drawing, &[at(50.0, 50.0), at(60.0, 50.0)], NONE), None);
        assert_eq!(slide.areas(), [6000.0, 4000.0]);
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let slide = Slide::default();
        let mut drawing = using(Tool::Brush);
        drawing.press(at(0.0, 0.0), NONE, slide.canvas());
        assert!(drawing.is_busy() && drawing.draft().is_some());
        let version = drawing.version();
        drawing.give_up();
        assert!(!drawing.is_busy() && drawing.draft().is_none() && drawing.version() > version);
        assert!(drawing.release(NONE, slide.canvas()).is_none());
    }
}
