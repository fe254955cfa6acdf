//! The annotated regions over all panes. They are cut to the view only when they are others or the camera moves.

use eframe::egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2};

use super::lines::{self, BEYOND};
use crate::app::explore::ExploreState;
use crate::app::explore::camera::Camera;
use crate::core::display::RegionStyle;
use crate::core::geometry::{SlidePoint, SlideRect};
use crate::data::regions::{ChainKind, Mesh, Region};

/// Width of an outline, and of the lighter one beneath it that sets it off from dark maps.
const INK: f32 = 1.6;
const HALO: Stroke = Stroke { width: 3.4, color: Color32::from_rgba_premultiplied(200, 200, 200, 200) };
/// Radius of a point, in points.
const POINT: f32 = 3.0;
/// How opaque an area is.
const FILL: f32 = 0.28;
/// Detail that is left out of filled areas, in points.
const FILL_DETAIL: f64 = 0.7;

/// What the lines depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Key {
    regions: u64,
    style: RegionStyle,
    corner: [f64; 2],
    scale: f64,
    size: Vec2,
}

/// A region in view, from the top left corner of the pane.
struct Drawn {
    color: Color32,
    lines: Vec<Vec<Vec2>>,
    points: Vec<Vec2>,
    /// Corners and triangles.
    fill: Option<(Vec<Vec2>, Vec<u32>)>,
}

/// The regions in view.
#[derive(Default)]
pub struct RegionLayer {
    key: Option<Key>,
    drawn: Vec<Drawn>,
}

impl RegionLayer {
    /// Finds what is in view. Call once a frame before [`RegionLayer::paint`]; `size` is that of a pane.
    pub fn prepare(&mut self, state: &ExploreState, size: Vec2) {
        let shown = state.regions();
        let style = state.display().regions;
        if style == RegionStyle::Hidden || shown.set().is_empty() {
            self.key = None;
            self.drawn.clear();
            return;
        }
        let camera = &state.camera;
        let key = Key {
            regions: shown.version(),
            style,
            corner: camera.view_from_slide(SlidePoint::default()),
            scale: camera.scale(),
            size,
        };
        if self.key == Some(key) {
            return;
        }
        self.key = Some(key);
        let factor = shown.factor();
        let seen = camera.visible().grown(f64::from(BEYOND) / camera.scale());
        let on_slide = |p: SlidePoint| SlidePoint::new(p.x / factor, p.y / factor);
        let seen = SlideRect { min: on_slide(seen.min), max: on_slide(seen.max) };
        let classes = shown.classes();
        self.drawn = shown
            .set()
            .in_window(seen)
            .into_iter()
            .filter(|region| classes.shows(region))
            .map(|region| {
                let [r, g, b] = classes.color_of(region);
                draw(region, Color32::from_rgb(r, g, b), camera, factor, size, style)
            })
            .collect();
    }

    /// Draws them into the pane at `map`.
    pub fn paint(&self, painter: &Painter, map: Rect) {
        for drawn in &self.drawn {
            if let Some((corners, triangles)) = &drawn.fill {
                let mut mesh = eframe::egui::Mesh::default();
                for &at in corners {
                    mesh.colored_vertex(map.min + at, drawn.color.gamma_multiply(FILL));
                }
                mesh.indices.clone_from(triangles);
                painter.add(Shape::mesh(mesh));
            }
        }
        for drawn in &self.drawn {
            for stroke in [HALO, Stroke::new(INK, drawn.color)] {
                painter.extend(drawn.lines.iter().map(|line| {
                    let points: Vec<Pos2> = line.iter().map(|&at| map.min + at).collect();
                    Shape::line(points, stroke)
                }));
            }
            for &at in &drawn.points {
                painter.circle(map.min + at, POINT, drawn.color, Stroke::new(1.0, HALO.color));
            }
        }
    }
}

fn draw(
    region: &Region,
    color: Color32,
    camera: &Camera,
    factor: f64,
    size: Vec2,
    style: RegionStyle,
) -> Drawn {
    let place = |x: f64, y: f64| {
        let [x, y] = camera.view_from_slide(SlidePoint::new(x * factor, y * factor));
        Vec2::new(x as f32, y as f32)
    };
    let geometry = region.shape().geometry();
    let mut drawn = Drawn { color, lines: Vec::new(), points: Vec::new(), fill: None };
    for chain in geometry.chains() {
        let at = chain.points.iter().map(|c| place(c.x, c.y));
        match chain.kind {
            ChainKind::Ring => drawn.lines.extend(lines::in_view(at, true, size)),
            ChainKind::Line => drawn.lines.extend(lines::in_view(at, false, size)),
            ChainKind::Points => drawn.points.extend(at),
        }
    }
    // What a program found, such as cells, is not filled.
    if style == RegionStyle::Transparent && region.shape().is_area() && !region.kind.is_detected() {
        let detail = FILL_DETAIL / (camera.scale() * factor);
        let mesh = Mesh::new(&geometry.simplified(detail));
        let corners = mesh.points.iter().map(|&[x, y]| place(x, y)).collect();
        drawn.fill = Some((corners, mesh.triangles));
    }
    drawn
}
