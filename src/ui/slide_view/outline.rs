//! The outline of the tissue over all panes. It is cut to the view only when the tissue is another or the camera moves.

use eframe::egui::{Color32, Painter, Rect, Shape, Stroke, Vec2};

use super::lines;
use crate::app::explore::ExploreState;
use crate::app::explore::camera::Camera;
use crate::preprocess::tissue_mask::Outline;

/// The line, and a wider one beneath it that sets it off from dark maps.
const INK: Stroke = Stroke { width: 1.2, color: Color32::from_rgb(0x14, 0x16, 0x1a) };
const HALO: Stroke = Stroke { width: 3.0, color: Color32::from_rgba_premultiplied(190, 190, 190, 190) };

/// What the lines depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Key {
    spots: u64,
    tissue: u64,
    corner: [f64; 2],
    scale: f64,
    size: Vec2,
}

/// The outline.
#[derive(Default)]
pub struct OutlineLayer {
    key: Option<Key>,
    /// Lines from the top left corner of the pane.
    lines: Vec<Vec<Vec2>>,
}

impl OutlineLayer {
    /// Finds the lines in view. Call once a frame before [`OutlineLayer::paint`]; `size` is that of a pane.
    pub fn prepare(&mut self, state: &ExploreState, size: Vec2) {
        let is_wanted = state.display().tissue_outline || state.tissue.brush().is_some();
        let index = state.index().filter(|_| is_wanted && state.tissue.is_shown());
        let found = index.and_then(|index| state.tissue.latest(&index.section().slide)?.ok());
        let Some(found) = found else {
            self.key = None;
            self.lines.clear();
            return;
        };
        let camera = &state.camera;
        let key = Key {
            spots: state.versions().spots,
            tissue: state.tissue.version(),
            corner: camera.view_from_slide(Default::default()),
            scale: camera.scale(),
            size,
        };
        if self.key != Some(key) {
            self.key = Some(key);
            self.lines = found.outlines.iter().flat_map(|outline| ring(outline, camera, size)).collect();
        }
    }

    /// Draws the lines into the pane at `map`.
    pub fn paint(&self, painter: &Painter, map: Rect) {
        for stroke in [HALO, INK] {
            painter.extend(self.lines.iter().map(|line| {
                let points = line.iter().map(|&at| map.min + at).collect();
                Shape::line(points, stroke)
            }));
        }
    }
}

/// The parts of a ring that are in view.
fn ring(outline: &Outline, camera: &Camera, size: Vec2) -> Vec<Vec<Vec2>> {
    let place = |&point| {
        let [x, y] = camera.view_from_slide(point);
        Vec2::new(x as f32, y as f32)
    };
    lines::in_view(outline.points.iter().map(place), true, size, lines::BEYOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::SlidePoint;

    fn camera(scale: f64) -> Camera {
        let mut camera = Camera::default();
        camera.resize(100.0, 100.0);
        camera.show_slide((1000, 1000), None);
        camera.zoom(scale / camera.scale());
        camera.arrive();
        camera
    }

    #[test]
    fn only_what_can_be_seen_is_drawn() {
        // A ring of steps of one slide pixel.
        let corner = |i: i32| match i / 1000 {
            0 => (i, 0),
            1 => (1000, i - 1000),
            2 => (3000 - i, 1000),
            _ => (0, 4000 - i),
        };
        let points =
            (0..4000).map(corner).map(|(x, y)| SlidePoint::new(f64::from(x), f64::from(y))).collect();
        let outline = Outline { points, is_hole: false };
        let all = ring(&outline, &camera(0.09), Vec2::splat(100.0));
        assert_eq!(all.len(), 1);
        assert!(all[0].len() < 400, "{} points", all[0].len());
        assert!((all[0][0] - *all[0].last().unwrap()).length() < 1e-3, "the ring is closed");
        // The middle of the slide holds none of it.
        assert!(ring(&outline, &camera(1.0), Vec2::splat(100.0)).is_empty());
    }
}
