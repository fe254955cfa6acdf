//! The spots of all panes. Their places are computed once for all panes and only when the camera moves;
//! a pane's colours only when the gene or the display changes; otherwise the last mesh is drawn again.

use std::sync::Arc;

use eframe::egui::{
    self, Color32, ColorImage, Context, Mesh, Painter, Pos2, Rect, Shape, Stroke, TextureHandle, TextureId,
    TextureOptions, Vec2, epaint::Vertex,
};

use crate::app::explore::camera::Camera;
use crate::app::explore::spot_grid::{CoarseLevel, SpotGrid};
use crate::app::explore::values::{NO_COLOR, PaneMap};
use crate::core::cells::{Cell, Cells};
use crate::core::colormap::NO_DATA;

/// Spots closer than this on the screen, in pixels, are drawn as blocks of several.
const MIN_SPACING: f64 = 2.0;
/// The most spots drawn one by one.
const MAX_SPOTS: usize = 150_000;
/// Sides of the pictures of a disc, in pixels; the smallest that is large enough is used.
const DISCS: [u32; 5] = [8, 16, 32, 64, 128];
/// How visible a spot without a value is, compared with one that has one.
const NO_VALUE_OPACITY: f32 = 0.35;

/// Lines through spots whose values are to be taken with care.
const STRUCK: Color32 = Color32::from_rgba_premultiplied(20, 20, 24, 210);
const UNDER_STRUCK: Color32 = Color32::from_rgba_premultiplied(110, 110, 110, 110);

/// What the places depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct PlaceKey {
    spots: u64,
    corner: [f64; 2],
    scale: f64,
    size: Vec2,
    radius: f64,
    cell: Option<Cell>,
    pixels_per_point: f32,
}

/// What a pane's mesh depends on besides the places.
#[derive(Debug, Clone, Copy, PartialEq)]
struct MeshKey {
    places: u64,
    colors: u64,
    opacity: f32,
    origin: Pos2,
    texture: TextureId,
}

#[derive(Default)]
struct PaneMesh {
    key: Option<MeshKey>,
    mesh: Arc<Mesh>,
    /// Corners of each mark in the mesh.
    corners: usize,
    /// Colour table entries of blocks, when blocks are drawn.
    blocks: Vec<u16>,
}

/// How spots, cells or blocks are drawn: the corners around a middle, in points and in a picture, and that picture. There
/// are `sides` corners for all marks, or as many for each.
#[derive(Debug, Clone)]
struct Stamp {
    corners: Vec<(Vec2, Pos2)>,
    sides: usize,
    texture: TextureId,
}

impl Stamp {
    /// A square of one colour.
    fn square(half: f32) -> Self {
        let corners = [(-half, -half), (half, -half), (half, half), (-half, half)];
        Self::solid(4, corners.into_iter().map(|(x, y)| Vec2::new(x, y)))
    }

    /// Convex shapes of one colour. Their edges are not softened, so that neighbours that share them leave no seam.
    fn solid(sides: usize, corners: impl Iterator<Item = Vec2>) -> Self {
        let corners = corners.map(|corner| (corner, egui::epaint::WHITE_UV)).collect();
        Self { corners, sides, texture: TextureId::default() }
    }

    /// The corners of mark number `mark`.
    fn corners(&self, mark: usize) -> &[(Vec2, Pos2)] {
        let own = mark * self.sides..(mark + 1) * self.sides;
        self.corners.get(own).or_else(|| self.corners.get(..self.sides)).unwrap_or_default()
    }

    /// A picture in a square.
    fn picture(half: f32, texture: TextureId) -> Self {
        let corner =
            |x: f32, y: f32| (Vec2::new(x * half, y * half), Pos2::new((x + 1.0) / 2.0, (y + 1.0) / 2.0));
        let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        Self { corners: corners.into_iter().map(|(x, y)| corner(x, y)).collect(), sides: 4, texture }
    }
}

/// The spots.
#[derive(Default)]
pub struct SpotLayer {
    key: Option<PlaceKey>,
    /// Grows when the places change.
    version: u64,
    /// The spots (or blocks) in view, and where, from the top left corner of the pane.
    shown: Vec<u32>,
    places: Vec<Vec2>,
    /// Which coarser lattice is drawn; `None` for the spots themselves.
    level: Option<usize>,
    radius: f32,
    panes: Vec<PaneMesh>,
    discs: Vec<(u32, TextureHandle)>,
}

/// What to draw.
pub struct SpotView<'a> {
    /// The spots' places.
    pub grid: &'a SpotGrid,
    /// Grows when `grid` changes.
    pub spots_version: u64,
    /// Grows when a colour changes.
    pub colors_version: u64,
    /// Distance between neighbouring spots in slide pixels.
    pub pitch: f64,
    /// Radius of a drawn spot in slide pixels.
    pub radius: f64,
    /// The cells that are drawn around the spots in place of discs.
    pub cells: Option<&'a Cells>,
    /// Opacity, 0 to 1.
    pub opacity: f32,
}

impl SpotLayer {
    /// Finds the spots in view. Call once a frame before [`SpotLayer::paint`]; `size` is that of a pane.
    pub fn prepare(&mut self, ctx: &Context, view: &SpotView, camera: &Camera, size: Vec2) {
        let pixels_per_point = ctx.pixels_per_point();
        let cell = view.cells.map(Cells::cell);
        let corner = camera.view_from_slide(crate::core::geometry::SlidePoint::new(0.0, 0.0));
        let key = PlaceKey {
            spots: view.spots_version,
            corner,
            scale: camera.scale(),
            size,
            radius: view.radius,
            cell,
            pixels_per_point,
        };
        if self.key == Some(key) {
            return;
        }
        self.key = Some(key);
        self.version += 1;
        let scale = camera.scale();
        let reach = cell.map_or(view.radius, |cell| cell.pitch);
        let rect = camera.visible().grown(reach);
        let pixels = scale * f64::from(pixels_per_point);
        self.level = None;
        if view.pitch * pixels >= MIN_SPACING || view.grid.coarse().is_empty() {
            view.grid.inside(rect, &mut self.shown);
        } else {
            self.shown.clear();
        }
        let crowded = view.pitch * pixels < MIN_SPACING || self.shown.len() > MAX_SPOTS;
        if crowded && !view.grid.coarse().is_empty() {
            let coarse = view.grid.coarse();
            let fits = coarse.iter().position(|l| l.side * pixels >= MIN_SPACING);
            let level = fits.unwrap_or(coarse.len() - 1);
            self.level = Some(level);
            self.shown.clear();
            if let Some(l) = coarse.get(level) {
                let near = rect.grown(l.side);
                self.shown
                    .extend((0u32..).zip(&l.centers).filter(|(_, c)| near.contains(**c)).map(|(i, _)| i));
            }
        }
        let centers = match self.level.and_then(|l| view.grid.coarse().get(l)) {
            Some(level) => &level.centers[..],
            None => view.grid.points(),
        };
        self.places.clear();
        self.places.extend(self.shown.iter().filter_map(|&i| centers.get(i as usize)).map(|&c| {
            let [x, y] = camera.view_from_slide(c);
            Vec2::new(x as f32, y as f32)
        }));
        self.radius = (cell.map_or(view.radius, |cell| cell.pitch / 2.0) * scale) as f32;
    }

    /// Draws pane number `pane`. Nothing is computed when neither camera nor colours have changed.
    pub fn paint(&mut self, painter: &Painter, rect: Rect, pane: usize, map: &PaneMap, view: &SpotView) {
        let Some(colors_of) = map.table() else { return };
        if map.colors.is_empty() || self.places.is_empty() {
            return;
        }
        let block = self.level.and_then(|l| view.grid.coarse().get(l));
        let stamp = self.stamp(painter.ctx(), block, view.cells, painter.pixels_per_point());
        if self.panes.len() <= pane {
            self.panes.resize_with(pane + 1, PaneMesh::default);
        }
        let Some(slot) = self.panes.get_mut(pane) else { return };
        let key = MeshKey {
            places: self.version,
            colors: view.colors_version,
            opacity: view.opacity,
            origin: rect.min,
            texture: stamp.texture,
        };
        if slot.key != Some(key) {
            let moved = slot
                .key
                .is_none_or(|k| (k.places, k.origin, k.texture) != (key.places, key.origin, key.texture));
            if let Some(level) = block {
                merge_colors(level, map, &mut slot.blocks);
            }
            let colors = if block.is_some() { &slot.blocks } else { &map.colors };
            let table = color_table(colors_of, view.opacity);
            let color = |i: u32| {
                let entry = colors.get(i as usize).copied().unwrap_or(NO_COLOR);
                table.get(usize::from(entry)).copied().unwrap_or(Color32::TRANSPARENT)
            };
            // The last frame has let go of the mesh, so this writes in place.
            let mesh = Arc::make_mut(&mut slot.mesh);
            if moved {
                if slot.corners != stamp.sides {
                    slot.corners = stamp.sides;
                    mesh.indices.clear();
                }
                let at = self.places.iter().map(|&p| rect.min + p);
                write_mesh(mesh, &stamp, at, self.shown.iter().map(|&i| color(i)));
            } else {
                for (vertices, &i) in mesh.vertices.chunks_exact_mut(slot.corners.max(1)).zip(&self.shown) {
                    let color = color(i);
                    for v in vertices {
                        v.color = color;
                    }
                }
            }
            slot.key = Some(key);
        }
        painter.add(Shape::Mesh(Arc::clone(&slot.mesh)));
    }

    fn stamp(
        &mut self,
        ctx: &Context,
        block: Option<&CoarseLevel>,
        cells: Option<&Cells>,
        pixels_per_point: f32,
    ) -> Stamp {
        if let (Some(level), Some(key)) = (block, self.key) {
            return Stamp::square((level.side * key.scale / 2.0) as f32);
        }
        if let (Some(cells), Some(PlaceKey { scale, .. })) = (cells, self.key) {
            let points = |[x, y]: [f64; 2]| Vec2::new((x * scale) as f32, (y * scale) as f32);
            let (cell, drawn) = (cells.cell(), self.shown.iter().map(|&i| i as usize));
            return match cells.are_even() {
                true => Stamp::solid(cell.shape.sides(), cell.corners().map(points)),
                false => Stamp::solid(cell.shape.sides(), drawn.flat_map(|i| cells.corners(i).map(points))),
            };
        }
        let wanted = (2.0 * self.radius * pixels_per_point).ceil() as u32 + 2;
        let last = DISCS[DISCS.len() - 1];
        let side = DISCS.into_iter().find(|&d| d >= wanted).unwrap_or(last);
        let known = self.discs.iter().find(|(s, _)| *s == side).map(|(_, t)| t.id());
        let texture = known.unwrap_or_else(|| {
            let handle = ctx.load_texture("spot", disc(side), TextureOptions::LINEAR);
            let id = handle.id();
            self.discs.push((side, handle));
            id
        });
        // The picture has a free pixel all around the disc.
        let half = self.radius * side as f32 / (side as f32 - 2.0);
        Stamp::picture(half, texture)
    }

    /// Strikes through the spots for which `is`, and the blocks in which it is so for most, in the pane at `rect`.
    pub fn strike(&self, painter: &Painter, rect: Rect, view: &SpotView, is: impl Fn(usize) -> bool) {
        let block = self.level.and_then(|l| view.grid.coarse().get(l));
        let half = match (block, self.key) {
            (Some(level), Some(key)) => (level.side * key.scale / 2.0) as f32,
            _ => self.radius * std::f32::consts::FRAC_1_SQRT_2,
        };
        let reach = Vec2::new(half.max(1.0), -half.max(1.0));
        let is_struck = |i: u32| match block {
            Some(level) => {
                let members = level.members(i as usize);
                2 * members.iter().filter(|&&m| is(m as usize)).count() > members.len()
            }
            None => is(i as usize),
        };
        let struck = self.shown.iter().zip(&self.places).filter(|(i, _)| is_struck(**i));
        let struck: Vec<Pos2> = struck.map(|(_, &place)| rect.min + place).collect();
        // The wider line beneath is for dark colours.
        for stroke in [Stroke::new(2.6, UNDER_STRUCK), Stroke::new(1.0, STRUCK)] {
            painter.extend(struck.iter().map(|&at| Shape::line_segment([at - reach, at + reach], stroke)));
        }
    }

    /// Radius of a drawn spot in points.
    pub fn radius(&self) -> f32 {
        self.radius
    }
}

/// The colour of each block: the mean of its spots' entries in the colour table.
fn merge_colors(level: &CoarseLevel, map: &PaneMap, out: &mut Vec<u16>) {
    let colors = &map.colors;
    out.clear();
    if !map.classes.is_empty() {
        // Classes have no mean: the one that most of its spots have stands for a block.
        let mut counts = vec![0_u32; usize::from(NO_COLOR)];
        out.extend((0..level.centers.len()).map(|b| {
            counts.fill(0);
            let entries = level.members(b).iter().filter_map(|&i| colors.get(i as usize));
            for &entry in entries {
                if let Some(count) = counts.get_mut(usize::from(entry)) {
                    *count += 1;
                }
            }
            let most = (0_u16..).zip(&counts).filter(|(_, n)| **n > 0).max_by_key(|(_, n)| **n);
            most.map_or(NO_COLOR, |(entry, _)| entry)
        }));
        return;
    }
    out.extend((0..level.centers.len()).map(|b| {
        let entries =
            level.members(b).iter().filter_map(|&i| colors.get(i as usize)).filter(|&&c| c != NO_COLOR);
        let (n, sum) = entries.fold((0u32, 0u32), |(n, s), &c| (n + 1, s + u32::from(c)));
        sum.checked_div(n).and_then(|mean| u16::try_from(mean).ok()).unwrap_or(NO_COLOR)
    }));
}

fn color_table(table: &[[u8; 3]], opacity: f32) -> Vec<Color32> {
    let with = |[r, g, b]: [u8; 3], opacity: f32| Color32::from_rgb(r, g, b).gamma_multiply(opacity);
    let mut out: Vec<Color32> = table.iter().map(|&c| with(c, opacity)).collect();
    out.resize(usize::from(NO_COLOR), Color32::TRANSPARENT);
    out.push(with(NO_DATA, opacity * NO_VALUE_OPACITY));
    out
}

fn write_mesh(
    mesh: &mut Mesh,
    stamp: &Stamp,
    places: impl ExactSizeIterator<Item = Pos2>,
    colors: impl Iterator<Item = Color32>,
) {
    let (n, corners) = (places.len(), stamp.sides);
    mesh.texture_id = stamp.texture;
    mesh.vertices.clear();
    mesh.vertices.reserve(n * corners);
    for (mark, (at, color)) in places.zip(colors).enumerate() {
        let vertex = |&(by, uv): &(Vec2, Pos2)| Vertex { pos: at + by, uv, color };
        mesh.vertices.extend(stamp.corners(mark).iter().map(vertex));
    }
    // The triangles of a longer mesh begin like those of a shorter one.
    let triangles = corners.saturating_sub(2);
    let had = mesh.indices.len() / (3 * triangles).max(1);
    if had > n {
        mesh.indices.truncate(n * 3 * triangles);
    } else {
        mesh.indices.reserve((n - had) * 3 * triangles);
        for i in had..n {
            let first = u32::try_from(i * corners).unwrap_or(0);
            mesh.indices.extend((1..=triangles as u32).flat_map(|t| [first, first + t, first + t + 1]));
        }
    }
}

/// A white disc with smooth edges that leaves one pixel free all around.
fn disc(side: u32) -> ColorImage {
    let radius = side as f32 / 2.0 - 1.0;
    let pixels = (0..side * side)
        .map(|i| {
            let (x, y) = ((i % side) as f32 + 0.5, (i / side) as f32 + 0.5);
            let from_middle = (x - side as f32 / 2.0).hypot(y - side as f32 / 2.0);
            let cover = (radius + 0.5 - from_middle).clamp(0.0, 1.0);
            let v = (cover * 255.0).round() as u8;
            Color32::from_rgba_premultiplied(v, v, v, v)
        })
        .collect();
    ColorImage::new([side as usize, side as usize], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::color_scale::ColorScale;
    use crate::core::colormap::ColorMap;
    use crate::core::geometry::SlidePoint;

    fn lattice(side: usize) -> SpotGrid {
        let points = (0..side * side)
            .map(|i| SlidePoint::new((i % side) as f64 * 10.0, (i / side) as f64 * 10.0))
            .collect();
        SpotGrid::new(points, 10.0)
    }

    fn draw(side: usize, zoom: f64) -> (SpotLayer, usize) {
        let layer = draw_marks(side, zoom, None);
        let quads = layer.panes[0].mesh.vertices.len() / 4;
        (layer, quads)
    }

    fn draw_marks(side: usize, zoom: f64, cells: Option<&Cells>) -> SpotLayer {
        let grid = lattice(side);
        let mut camera = Camera::default();
        camera.resize(600.0, 600.0);
        camera.show_slide((side as u32 * 10, side as u32 * 10), None);
        camera.zoom(zoom);
        camera.arrive();
        let view = SpotView {
            grid: &grid,
            spots_version: 1,
            colors_version: 1,
            pitch: 10.0,
            radius: 3.0,
            cells,
            opacity: 1.0,
        };
        let map = PaneMap {
            scale: Some(ColorScale { map: ColorMap::Viridis, low: 0.0, high: 1.0 }),
            colors: (0..side * side).map(|i| (i % 257) as u16).collect(),
            ..PaneMap::default()
        };
        let mut layer = SpotLayer::default();
        let rect = Rect::from_min_size(Pos2::ZERO, Vec2::splat(600.0));
        let ctx = Context::default();
        let _ = ctx.run_ui(egui::RawInput::default(), |ui| {
            layer.prepare(ui.ctx(), &view, &camera, rect.size());
            layer.paint(ui.painter(), rect, 0, &map, &view);
        });
        assert!(layer.panes[0].mesh.is_valid());
        layer
    }

    #[test]
    fn cells_are_as_wide_as_the_pitch() {
        let cells = Cells::new(lattice(30).points(), 9.0);
        let layer = draw_marks(30, 1.0, Some(&cells));
        let mesh = &layer.panes[0].mesh;
        assert_eq!((mesh.vertices.len(), mesh.indices.len()), (30 * 30 * 4, 30 * 30 * 6));
        assert_eq!(mesh.texture_id, TextureId::default());
        let (a, b) = (mesh.vertices[0].pos, mesh.vertices[1].pos);
        assert!(((a - b).length() - 2.0 * layer.radius()).abs() < 1e-3);
        // On a bent lattice every cell has corners of its own.
        let bent: Vec<SlidePoint> =
            lattice(30).points().iter().map(|p| SlidePoint::new(p.x + (p.y / 20.0).sin(), p.y)).collect();
        let cells = Cells::new(&bent, 10.0);
        assert!(!cells.are_even());
        let mesh = Arc::clone(&draw_marks(30, 1.0, Some(&cells)).panes[0].mesh);
        assert_eq!((mesh.vertices.len(), mesh.indices.len()), (30 * 30 * 4, 30 * 30 * 6));
    }

    #[test]
    fn all_spots_are_drawn_while_they_can_be_told_apart() {
        let (layer, quads) = draw(100, 1.0);
        assert_eq!((layer.level, quads), (None, 10_000));
    }

    #[test]
    fn only_spots_in_view_are_drawn() {
        let (layer, quads) = draw(100, 10.0);
        assert!(layer.level.is_none() && quads < 200, "{quads}");
    }

    #[test]
    fn crowded_spots_become_blocks() {
        let (layer, quads) = draw(700, 1.0);
        assert!(layer.level.is_some() && quads < 150_000, "{quads}");
    }

    #[test]
    fn blocks_have_the_mean_colour_of_their_spots() {
        let grid = lattice(200);
        let level = &grid.coarse()[0];
        let mut out = Vec::new();
        let mut colors = vec![NO_COLOR; 40_000];
        let first = level.members(0);
        assert_eq!(first.len(), 4);
        colors[first[0] as usize] = 10;
        colors[first[1] as usize] = 20;
        let mut map = PaneMap { colors, ..PaneMap::default() };
        merge_colors(level, &map, &mut out);
        assert_eq!((out[0], out[1]), (15, NO_COLOR));
        // Classes have no mean: most of the spots decide.
        map.classes = vec![[0; 3]; 30];
        map.colors[first[2] as usize] = 20;
        merge_colors(level, &map, &mut out);
        assert_eq!((out[0], out[1]), (20, NO_COLOR));
    }
}
