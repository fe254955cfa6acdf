//! The one camera of all panes: which part of the slide is seen, and how it moves there.
//!
//! View space is points of one pane, from its top left corner. Slide space is level-0 pixels.

use serde::{Deserialize, Serialize};

use crate::core::geometry::{SlidePoint, SlideRect};

/// The most a slide pixel is enlarged, in points.
const MAX_SCALE: f64 = 16.0;
/// How far out the camera goes, as a share of the scale at which the whole slide fits.
const FARTHEST: f64 = 0.6;
/// Share of the view left free around what is fitted.
const MARGIN: f64 = 0.04;
/// The least side of a pane that can be gone by, in points.
const MIN_VIEW: f64 = 20.0;
/// The least part of half a view that shows tissue after the view has changed its size.
const KEPT: f64 = 0.5;
/// How quickly the camera reaches its goal, per second.
const SPEED: f64 = 16.0;

/// A place and a scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pose {
    /// The slide point in the middle of the view.
    pub center: SlidePoint,
    /// Points a slide pixel.
    pub scale: f64,
}

impl Pose {
    /// On the way to `to`, `t` from 0 to 1. The scale changes at an even pace for the eye, and a point
    /// that has the same place in both views keeps it throughout.
    fn toward(self, to: Self, t: f64) -> Self {
        let scale = self.scale * (to.scale / self.scale).powf(t);
        let (from, end, here) = (1.0 / self.scale, 1.0 / to.scale, 1.0 / scale);
        let way = if (end - from).abs() > 1e-12 * from.abs() { (here - from) / (end - from) } else { t };
        let mix = |a: f64, b: f64| (b - a).mul_add(way, a);
        let center = SlidePoint::new(mix(self.center.x, to.center.x), mix(self.center.y, to.center.y));
        Self { center, scale }
    }

    fn is_near(self, other: Self) -> bool {
        let ratio = self.scale / other.scale;
        (0.999..1.001).contains(&ratio) && self.center.distance(other.center) * self.scale < 0.3
    }
}

/// What the view was fitted to; it is fitted again when the view changes its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fitted {
    Tissue,
    Slide,
    No,
}

/// The camera.
#[derive(Debug, Clone)]
pub struct Camera {
    now: Pose,
    goal: Pose,
    fitted: Fitted,
    slide: SlideRect,
    tissue: SlideRect,
    view: [f64; 2],
}

impl Default for Camera {
    fn default() -> Self {
        let pose = Pose { center: SlidePoint::new(0.5, 0.5), scale: 1.0 };
        let slide = SlideRect::of_size(1, 1);
        Self { now: pose, goal: pose, fitted: Fitted::Tissue, slide, tissue: slide, view: [1.0, 1.0] }
    }
}

impl Camera {
    /// Looks at another slide: its size in pixels, and the part of it that holds tissue.
    pub fn show_slide(&mut self, size: (u32, u32), tissue: Option<SlideRect>) {
        self.slide = SlideRect::of_size(size.0.max(1), size.1.max(1));
        self.set_tissue(tissue);
        self.fitted = Fitted::Tissue;
        self.goal = self.fitting(self.tissue);
        self.now = self.goal;
    }

    /// Tells which part of the slide holds tissue, where that has changed; what is in view stays.
    pub fn set_tissue(&mut self, tissue: Option<SlideRect>) {
        self.tissue = tissue
            .map(|t| t.intersect(self.slide))
            .filter(|t| t.width() > 0.0 && t.height() > 0.0)
            .unwrap_or(self.slide);
    }

    /// Tells the size of a pane in points. A view that was fitted stays fitted; any other goes on showing what it
    /// showed, larger or smaller with the pane, and never loses the tissue.
    pub fn resize(&mut self, width: f64, height: f64) {
        let view = [width.max(1.0), height.max(1.0)];
        if view == self.view {
            return;
        }
        let before = std::mem::replace(&mut self.view, view);
        self.goal = match self.fitted {
            Fitted::Tissue => self.fitting(self.tissue),
            Fitted::Slide => self.fitting(self.slide),
            Fitted::No => {
                let [old, new] = [before, view].map(|v| v[0].min(v[1]));
                // Before the first frame there is no pane to go by.
                let factor = if old < MIN_VIEW || new < MIN_VIEW { 1.0 } else { new / old };
                let pose = Pose { scale: self.goal.scale * factor, ..self.goal };
                self.toward_tissue(self.clamped(pose))
            }
        };
        self.now = self.goal;
    }

    /// `pose`, moved as little as shows some of the tissue.
    fn toward_tissue(&self, pose: Pose) -> Pose {
        // How much of the tissue is to be seen: a part of the view, or all of it where it is smaller than that.
        let place = |center: f64, view: f64, low: f64, high: f64| {
            let half = view / pose.scale / 2.0;
            let seen = (KEPT * half).min((high - low) / 2.0);
            center.clamp(low + seen - half, (high - seen + half).max(low + seen - half))
        };
        let (low, high) = (self.tissue.min, self.tissue.max);
        let center = SlidePoint::new(
            place(pose.center.x, self.view[0], low.x, high.x),
            place(pose.center.y, self.view[1], low.y, high.y),
        );
        Pose { center, ..pose }
    }

    fn fitting(&self, rect: SlideRect) -> Pose {
        let room = 1.0 - 2.0 * MARGIN;
        let scale = (self.view[0] * room / rect.width()).min(self.view[1] * room / rect.height());
        self.clamped(Pose { center: rect.center(), scale })
    }

    fn clamped(&self, pose: Pose) -> Pose {
        let whole = (self.view[0] / self.slide.width()).min(self.view[1] / self.slide.height());
        let least = whole * FARTHEST;
        let scale = pose.scale.clamp(least, MAX_SCALE.max(least));
        let center = SlidePoint::new(
            pose.center.x.clamp(self.slide.min.x, self.slide.max.x),
            pose.center.y.clamp(self.slide.min.y, self.slide.max.y),
        );
        Pose { center, scale }
    }

    /// Shows all of the tissue; the whole slide when the tissue is already shown.
    pub fn fit(&mut self) {
        let tissue = self.fitting(self.tissue);
        self.fitted = if self.goal.is_near(tissue) { Fitted::Slide } else { Fitted::Tissue };
        self.goal = if self.fitted == Fitted::Slide { self.fitting(self.slide) } else { tissue };
    }

    /// Zooms by `factor` so that what is at `at` in the view stays there.
    pub fn zoom_at(&mut self, at: [f64; 2], factor: f64) {
        if !factor.is_finite() || factor <= 0.0 {
            return;
        }
        let fixed = Self::slide_at(self.goal, self.view, at);
        let scale = self.clamped(Pose { scale: self.goal.scale * factor, ..self.goal }).scale;
        let center = SlidePoint::new(
            fixed.x - (at[0] - self.view[0] / 2.0) / scale,
            fixed.y - (at[1] - self.view[1] / 2.0) / scale,
        );
        self.move_to(Pose { center, scale });
    }

    /// Zooms by `factor` around the middle of the view.
    pub fn zoom(&mut self, factor: f64) {
        self.zoom_at([self.view[0] / 2.0, self.view[1] / 2.0], factor);
    }

    /// Moves the slide with the hand: at once.
    pub fn drag(&mut self, by: [f64; 2]) {
        let center = SlidePoint::new(
            self.now.center.x - by[0] / self.now.scale,
            self.now.center.y - by[1] / self.now.scale,
        );
        self.fitted = Fitted::No;
        self.now = self.clamped(Pose { center, ..self.now });
        self.goal = self.now;
    }

    /// Moves the view by shares of its size: smoothly.
    pub fn pan(&mut self, right: f64, down: f64) {
        let center = SlidePoint::new(
            self.goal.center.x + right * self.view[0] / self.goal.scale,
            self.goal.center.y + down * self.view[1] / self.goal.scale,
        );
        self.move_to(Pose { center, ..self.goal });
    }

    /// Puts `center` into the middle of the view: smoothly, and without zooming out.
    pub fn look_at(&mut self, center: SlidePoint, at_least: f64) {
        self.move_to(Pose { center, scale: self.goal.scale.max(at_least) });
    }

    /// Puts `center` into the middle of the view: at once.
    pub fn jump_to(&mut self, center: SlidePoint) {
        self.move_to(Pose { center, ..self.goal });
        self.now = self.goal;
    }

    /// Goes to a pose: smoothly.
    pub fn move_to(&mut self, pose: Pose) {
        self.fitted = Fitted::No;
        self.goal = self.clamped(pose);
    }

    /// Where the camera is going, to come back to later.
    pub fn pose(&self) -> Pose {
        self.goal
    }

    /// Where the camera is going, unless that follows from the slide.
    pub fn chosen_pose(&self) -> Option<Pose> {
        (self.fitted == Fitted::No).then_some(self.goal)
    }

    /// Moves on by `seconds`. Whether it has not arrived yet.
    pub fn advance(&mut self, seconds: f64) -> bool {
        if self.now == self.goal {
            return false;
        }
        self.now = self.now.toward(self.goal, 1.0 - (-SPEED * seconds.clamp(0.0, 0.1)).exp());
        if self.now.is_near(self.goal) {
            self.now = self.goal;
        }
        self.now != self.goal
    }

    /// Arrives at once.
    pub fn arrive(&mut self) {
        self.now = self.goal;
    }

    /// Points a slide pixel, now.
    pub fn scale(&self) -> f64 {
        self.now.scale
    }

    /// The whole slide.
    pub fn slide(&self) -> SlideRect {
        self.slide
    }

    /// The part of slide space in view; it may reach beyond the slide.
    pub fn visible(&self) -> SlideRect {
        SlideRect::new(self.slide_from_view([0.0, 0.0]), self.slide_from_view(self.view))
    }

    /// Where `point` is in the view.
    pub fn view_from_slide(&self, point: SlidePoint) -> [f64; 2] {
        [
            (point.x - self.now.center.x).mul_add(self.now.scale, self.view[0] / 2.0),
            (point.y - self.now.center.y).mul_add(self.now.scale, self.view[1] / 2.0),
        ]
    }

    /// The slide point at `at` in the view.
    pub fn slide_from_view(&self, at: [f64; 2]) -> SlidePoint {
        Self::slide_at(self.now, self.view, at)
    }

    fn slide_at(pose: Pose, view: [f64; 2], at: [f64; 2]) -> SlidePoint {
        SlidePoint::new(
            pose.center.x + (at[0] - view[0] / 2.0) / pose.scale,
            pose.center.y + (at[1] - view[1] / 2.0) / pose.scale,
        )
    }
}

/// A round length for a scale bar: 1, 2 or 5 times a power of ten micrometres, the longest that needs at
/// most `room` points when a micrometre takes `points_per_um`. Gives micrometres.
pub fn round_length(room: f64, points_per_um: f64) -> Option<f64> {
    let most = room / points_per_um;
    if !most.is_finite() || most <= 0.0 {
        return None;
    }
    let decade = 10f64.powf(most.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|m| m * decade).find(|&l| l <= most * (1.0 + 1e-9))
}

/// A length as it is written beside a scale bar: "200 µm", "1 mm".
pub fn length_text(um: f64) -> String {
    if um >= 1000.0 { format!("{} mm", um / 1000.0) } else { format!("{um} µm") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        let mut camera = Camera::default();
        camera.resize(400.0, 300.0);
        camera.show_slide((8000, 6000), None);
        camera
    }

    #[test]
    fn fits_the_slide_and_stays_fitted() {
        let mut c = camera();
        assert!(c.visible().contains(SlidePoint::new(0.0, 0.0)));
        assert!(c.visible().contains(SlidePoint::new(8000.0, 6000.0)));
        c.resize(200.0, 300.0);
        assert!(c.visible().contains(SlidePoint::new(8000.0, 6000.0)));
    }

    fn shows_tissue(c: &Camera, tissue: SlideRect) -> bool {
        let seen = c.visible().intersect(tissue);
        seen.width() > 0.0 && seen.height() > 0.0
    }

    #[test]
    fn a_view_of_another_size_shows_the_same() {
        let mut c = camera();
        c.zoom_at([350.0, 260.0], 5.0);
        c.arrive();
        let (pose, seen) = (c.pose(), c.visible());
        c.resize(200.0, 150.0);
        let smaller = c.visible();
        assert!((smaller.min.x - seen.min.x).abs() < 1e-6 && (smaller.max.y - seen.max.y).abs() < 1e-6);
        assert!((c.scale() / pose.scale - 0.5).abs() < 1e-9);
        c.resize(400.0, 300.0);
        assert!((c.pose().scale - pose.scale).abs() < 1e-9 && c.pose().center.distance(pose.center) < 1e-6);
    }

    #[test]
    fn no_size_of_the_view_loses_the_tissue() {
        let tissue = SlideRect::new(SlidePoint::new(1000.0, 1000.0), SlidePoint::new(2000.0, 2500.0));
        for (x, y) in [(1010.0, 1010.0), (1990.0, 2490.0), (5000.0, 5000.0), (100.0, 2000.0)] {
            let mut c = camera();
            c.show_slide((8000, 6000), Some(tissue));
            c.zoom(8.0);
            c.jump_to(SlidePoint::new(x, y));
            for (width, height) in [
                (80.0, 60.0),
                (1000.0, 40.0),
                (1.0, 1.0),
                (60.0, 900.0),
                (400.0, 300.0),
                (2.0, 300.0),
                (30.0, 30.0),
            ] {
                c.resize(width, height);
                assert!(shows_tissue(&c, tissue), "{width} x {height} at {x}, {y}: {:?}", c.visible());
                assert!(c.scale() > 0.0 && c.scale().is_finite());
            }
        }
    }

    #[test]
    fn a_remembered_view_waits_for_its_pane() {
        let mut c = Camera::default();
        c.show_slide((8000, 6000), None);
        let pose = Pose { center: SlidePoint::new(4000.0, 3000.0), scale: 0.5 };
        c.move_to(pose);
        c.resize(400.0, 300.0);
        assert_eq!(c.pose(), pose);
    }

    #[test]
    fn fits_the_tissue_then_the_slide() {
        let mut c = camera();
        let tissue = SlideRect::new(SlidePoint::new(1000.0, 1000.0), SlidePoint::new(2000.0, 2000.0));
        c.show_slide((8000, 6000), Some(tissue));
        assert!(!c.visible().contains(SlidePoint::new(0.0, 0.0)));
        c.fit();
        c.arrive();
        assert!(c.visible().contains(SlidePoint::new(0.0, 0.0)));
        c.fit();
        c.arrive();
        assert!(!c.visible().contains(SlidePoint::new(0.0, 0.0)));
    }

    #[test]
    fn zoom_keeps_the_point_under_the_cursor_all_the_way() {
        let mut c = camera();
        let at = [100.0, 220.0];
        let fixed = c.slide_from_view(at);
        c.zoom_at(at, 6.0);
        for _ in 0..200 {
            let there = c.view_from_slide(fixed);
            assert!((there[0] - at[0]).abs() < 1e-6 && (there[1] - at[1]).abs() < 1e-6, "{there:?}");
            if !c.advance(1.0 / 60.0) {
                break;
            }
        }
        assert!((c.scale() / camera().scale() - 6.0).abs() < 1e-6);
    }

    #[test]
    fn stays_within_reason() {
        let mut c = camera();
        c.zoom(1e9);
        c.arrive();
        assert!(c.scale() <= 16.0);
        c.zoom(1e-9);
        c.drag([1e9, -1e9]);
        assert!(c.slide().contains(c.pose().center));
        c.zoom(f64::NAN);
        assert!(c.scale().is_finite());
    }

    #[test]
    fn dragging_moves_the_slide_with_the_hand() {
        let mut c = camera();
        c.zoom(4.0);
        c.arrive();
        let p = c.slide_from_view([100.0, 100.0]);
        c.drag([30.0, -20.0]);
        let there = c.view_from_slide(p);
        assert!((there[0] - 130.0).abs() < 1e-9 && (there[1] - 80.0).abs() < 1e-9);
    }

    #[test]
    fn scale_bars_are_round() {
        assert_eq!(round_length(120.0, 0.1), Some(1000.0));
        assert_eq!(round_length(120.0, 0.5), Some(200.0));
        assert_eq!(round_length(100.0, 0.2), Some(500.0));
        assert_eq!(round_length(100.0, 0.0), None);
        assert_eq!((length_text(1000.0), length_text(50.0)), ("1 mm".into(), "50 µm".into()));
        assert_eq!(length_text(0.5), "0.5 µm");
    }
}
