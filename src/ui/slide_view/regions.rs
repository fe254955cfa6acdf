//! The annotated regions over all panes. Those at rest are made into triangles only when they are others or the camera moves;
//! what is selected or in the hand is drawn anew.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::epaint::{PathStroke, tessellator::Path};
use eframe::egui::{self, Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2};

use super::lines::{self, BEYOND};
use crate::app::explore::ExploreState;
use crate::app::explore::camera::Camera;
use crate::app::explore::drawing::Tool;
use crate::core::display::RegionStyle;
use crate::core::geometry::{SlidePoint, SlideRect};
use crate::data::regions::{ChainKind, Mesh as Filled, Region, RegionId, Shape as RegionShape};

/// Width of an outline, and of the lighter one beneath it that sets it off from dark maps.
const INK: f32 = 1.6;
const HALO: Stroke = Stroke { width: 3.4, color: Color32::from_rgba_premultiplied(200, 200, 200, 200) };
/// Regions smaller than this on the screen, in points, have no lighter line.
const HALO_FROM: f64 = 24.0;
/// How much wider the outline of a selected region is.
const SELECTED: f32 = 1.4;
/// Radius of a point, in points.
const POINT: f32 = 3.0;
/// Side of a handle, in points, and the most that are drawn.
const HANDLE: f32 = 6.0;
const MAX_HANDLES: usize = 600;
/// How opaque an area is.
const FILL: f32 = 0.28;
/// Detail that is left out of filled areas, in points.
const FILL_DETAIL: f64 = 0.7;

/// What the triangles of regions at rest depend on, beside where the slide lies: a pan moves them.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    regions: u64,
    style: RegionStyle,
    scale: f64,
    size: Vec2,
    pixels_per_point: f32,
    apart: Vec<RegionId>,
}

/// A region in view, from the top left corner of the pane.
struct Drawn {
    color: Color32,
    lines: Vec<Vec<Vec2>>,
    points: Vec<Vec2>,
    /// Corners and triangles.
    fill: Option<(Vec<Vec2>, Vec<u32>)>,
    selected: bool,
    has_halo: bool,
    handles: Vec<Vec2>,
}

/// The regions in view.
#[derive(Default)]
pub struct RegionLayer {
    key: Option<Key>,
    /// Where the corner of the slide was when they were made, and how far it has gone since.
    corner: [f64; 2],
    moved: Vec2,
    /// Areas as triangles, with the shape they are of, and how fine they are.
    filled: HashMap<usize, (Arc<RegionShape>, i32, Arc<Filled>)>,
    /// All at rest: their areas and lines.
    resting: Mesh,
    points: Vec<(Vec2, Color32)>,
    /// Those selected or in the hand.
    apart: Vec<Drawn>,
}

/// How slide and pane lie to each other.
struct View<'a> {
    camera: &'a Camera,
    factor: f64,
    size: Vec2,
    style: RegionStyle,
    /// How far beyond the pane lines are drawn.
    beyond: f32,
}

impl RegionLayer {
    /// Finds what is in view. Call once a frame before [`RegionLayer::paint`]; `size` is that of a pane.
    pub fn prepare(&mut self, ctx: &egui::Context, state: &ExploreState, size: Vec2) {
        let (shown, drawing) = (state.regions(), state.drawing());
        let (set, style) = (state.drawn_regions(), state.display().regions);
        if style == RegionStyle::Hidden || set.is_empty() {
            *self = Self::default();
            return;
        }
        let camera = &state.camera;
        // So that a pan need not make anything anew until it has gone as far.
        let beyond = BEYOND + size.max_elem() / 2.0;
        let view = View { camera, factor: shown.factor(), size, style, beyond };
        let seen = camera.visible().grown(f64::from(beyond) / camera.scale());
        let on_slide = |p: SlidePoint| SlidePoint::new(p.x / view.factor, p.y / view.factor);
        let seen = SlideRect { min: on_slide(seen.min), max: on_slide(seen.max) };
        let classes = shown.classes();
        let visible = || set.in_window(seen).into_iter().filter(|region| classes.shows(region));
        let is_apart = |region: &Region| {
            drawing.selected().contains(&region.id)
                || (drawing.draft().is_some()
                    && shown.set().get(region.id).is_none_or(|r| !std::ptr::eq(&**r, region)))
        };
        let apart: Vec<_> = visible().filter(|region| is_apart(region)).collect();
        let key = Key {
            regions: shown.version(),
            style,
            scale: camera.scale(),
            size,
            pixels_per_point: ctx.pixels_per_point(),
            apart: apart.iter().map(|region| region.id).collect(),
        };
        let color_of = |region: &Region| {
            let [r, g, b] = classes.color_of(region);
            Color32::from_rgb(r, g, b)
        };
        let corner = camera.view_from_slide(SlidePoint::default());
        let [x, y] = self.corner;
        self.moved = Vec2::new((corner[0] - x) as f32, (corner[1] - y) as f32);
        // Regions that come into view were made with the others as far as `beyond`.
        let far = self.moved.abs().max_elem() > beyond - BEYOND;
        if self.key.as_ref() != Some(&key) || far {
            let feathering = 1.0 / key.pixels_per_point;
            let at_rest: Vec<Drawn> = visible()
                .filter(|region| !is_apart(region))
                .map(|region| view.draw(region, color_of(region), &mut self.filled))
                .collect();
            self.resting.clear();
            at_rest.iter().for_each(|drawn| drawn.fill_into(&mut self.resting));
            at_rest.iter().for_each(|drawn| drawn.stroke_into(feathering, &mut self.resting));
            let points = at_rest.iter().flat_map(|d| d.points.iter().map(|at| (*at, d.color)));
            self.points = points.collect();
            self.key = Some(key);
            (self.corner, self.moved) = (corner, Vec2::ZERO);
            // Of regions that are gone nothing is kept.
            self.filled.retain(|_, (shape, ..)| Arc::strong_count(shape) > 1);
        }
        let has_handles = drawing.tool() == Tool::Select;
        let mut draw_apart = |region: &&Arc<Region>| {
            let mut drawn = view.draw(region, color_of(region), &mut self.filled);
            drawn.selected = drawing.selected().contains(&region.id);
            if has_handles && drawn.selected && !region.locked {
                drawn.handles = view.handles(region);
            }
            drawn
        };
        let drawn: Vec<Drawn> = apart.iter().map(&mut draw_apart).collect();
        self.apart = drawn;
    }

    /// Draws them into the pane at `map`.
    pub fn paint(&self, painter: &Painter, map: Rect) {
        if !self.resting.is_empty() {
            let mut mesh = self.resting.clone();
            mesh.translate(map.min.to_vec2() + self.moved);
            painter.add(Shape::mesh(mesh));
        }
        let dot = |at: Vec2, color: Color32| {
            painter.circle(map.min + at, POINT, color, Stroke::new(1.0, HALO.color));
        };
        self.points.iter().for_each(|(at, color)| dot(*at + self.moved, *color));
        let feathering = 1.0 / painter.pixels_per_point();
        let mut mesh = Mesh::default();
        self.apart.iter().for_each(|drawn| drawn.fill_into(&mut mesh));
        self.apart.iter().for_each(|drawn| drawn.stroke_into(feathering, &mut mesh));
        if !mesh.is_empty() {
            mesh.translate(map.min.to_vec2());
            painter.add(Shape::mesh(mesh));
        }
        for drawn in &self.apart {
            drawn.points.iter().for_each(|at| dot(*at, drawn.color));
            for at in &drawn.handles {
                let square = Rect::from_center_size(map.min + *at, Vec2::splat(HANDLE));
                painter.rect(square, 1.0, Color32::WHITE, Stroke::new(1.2, drawn.color), StrokeKind::Middle);
            }
        }
    }
}

impl Drawn {
    fn fill_into(&self, mesh: &mut Mesh) {
        let Some((corners, triangles)) = &self.fill else { return };
        let first = u32::try_from(mesh.vertices.len()).unwrap_or(u32::MAX);
        for &at in corners {
            mesh.colored_vertex(at.to_pos2(), self.color.gamma_multiply(FILL));
        }
        mesh.indices.extend(triangles.iter().map(|t| first.saturating_add(*t)));
    }

    fn stroke_into(&self, feathering: f32, mesh: &mut Mesh) {
        let wider = if self.selected { SELECTED } else { 0.0 };
        let strokes = [(HALO.width + wider, HALO.color), (INK + wider, self.color)];
        // Where regions are many and small, the lighter line would cover them.
        let strokes = &strokes[usize::from(!self.has_halo)..];
        for line in &self.lines {
            let points: Vec<Pos2> = line.iter().map(|at| at.to_pos2()).collect();
            for &(width, color) in strokes {
                let mut path = Path::default();
                path.add_open_points(&points);
                path.stroke_open(feathering, &PathStroke::new(width, color), mesh);
            }
        }
    }
}

impl View<'_> {
    fn place(&self, x: f64, y: f64) -> Vec2 {
        let [x, y] = self.camera.view_from_slide(SlidePoint::new(x * self.factor, y * self.factor));
        Vec2::new(x as f32, y as f32)
    }

    fn draw(
        &self,
        region: &Region,
        color: Color32,
        filled: &mut HashMap<usize, (Arc<RegionShape>, i32, Arc<Filled>)>,
    ) -> Drawn {
        let geometry = region.shape().geometry();
        let (lines, points, handles) = (Vec::new(), Vec::new(), Vec::new());
        let bounds = region.shape().bounds();
        let side = bounds.width().max(bounds.height()) * self.factor * self.camera.scale();
        let has_halo = side > HALO_FROM;
        let mut drawn = Drawn { color, lines, points, fill: None, selected: false, has_halo, handles };
        for chain in geometry.chains() {
            let at = chain.points.iter().map(|c| self.place(c.x, c.y));
            match chain.kind {
                ChainKind::Ring => drawn.lines.extend(lines::in_view(at, true, self.size, self.beyond)),
                ChainKind::Line => drawn.lines.extend(lines::in_view(at, false, self.size, self.beyond)),
                ChainKind::Points => drawn.points.extend(at),
            }
        }
        // What a program found, such as cells, is not filled.
        if self.style == RegionStyle::Transparent && region.shape().is_area() && !region.kind.is_detected() {
            // In steps of two, so that a zoom does not cut every area anew.
            let step = (FILL_DETAIL / (self.camera.scale() * self.factor)).log2().floor() as i32;
            let shape = region.shape();
            let key = Arc::as_ptr(shape).addr();
            let known = filled.get(&key).filter(|(_, known, _)| *known == step);
            let area = known.map(|(.., area)| Arc::clone(area)).unwrap_or_else(|| {
                let area = Arc::new(Filled::new(&geometry.simplified(f64::from(step).exp2())));
                filled.insert(key, (Arc::clone(shape), step, Arc::clone(&area)));
                area
            });
            let corners = area.points.iter().map(|&[x, y]| self.place(x, y)).collect();
            drawn.fill = Some((corners, area.triangles.clone()));
        }
        drawn
    }

    /// Where the points of a region lie that can be taken hold of; none where they are too many to be told apart.
    fn handles(&self, region: &Region) -> Vec<Vec2> {
        let view = Rect::from_min_size(Pos2::ZERO, self.size);
        let chains = region.shape().geometry().chains();
        let all = chains.iter().flat_map(|chain| chain.points).map(|c| self.place(c.x, c.y));
        let seen: Vec<Vec2> = all.filter(|at| view.contains(at.to_pos2())).take(MAX_HANDLES + 1).collect();
        if seen.len() > MAX_HANDLES { Vec::new() } else { seen }
    }
}
