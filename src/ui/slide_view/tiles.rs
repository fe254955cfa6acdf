//! Tiles on the graphics card: uploaded a few a frame, the least recently drawn thrown out first. Where a
//! tile is not there yet, the part of a coarser one that covers it is drawn, or else of a picture of the whole slide.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{
    self, Color32, ColorImage, Context, Painter, Rect, Stroke, TextureHandle, TextureOptions,
};

use crate::app::explore::camera::Camera;
use crate::app::explore::images::{TileLevel, TileSource, TileState};
use crate::core::geometry::{SlidePoint, SlideRect};

/// The most memory of the graphics card that tiles take.
const BUDGET_BYTES: usize = 256 * 1024 * 1024;
/// The most pixels uploaded in one frame, beyond a first tile: a few milliseconds.
const PIXELS_A_FRAME: usize = 8 * 512 * 512;
/// A level is fine enough when its pixels are at most this much larger than those of the screen.
const ENLARGEMENT: f64 = 1.25;
/// The most pixels of a level that are drawn at once. Scanners leave out levels, and the next finer one may have many
/// times more than the screen.
const MAX_VISIBLE_PIXELS: f64 = 36e6;
/// Where all of a texture is drawn.
const WHOLE: Rect = Rect { min: egui::pos2(0.0, 0.0), max: egui::pos2(1.0, 1.0) };

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct TileKey {
    slide: u32,
    level: usize,
    col: u32,
    row: u32,
}

struct Uploaded {
    texture: TextureHandle,
    last_drawn: u64,
}

/// The slide that is drawn.
struct Current {
    slide: u32,
    source: Arc<dyn TileSource>,
    levels: Vec<TileLevel>,
    overview: Option<TextureHandle>,
    /// Tiles in view that cannot be read.
    damaged: HashSet<TileKey>,
}

/// The tiles of all slides seen lately.
#[derive(Default)]
pub struct TileCache {
    current: Option<Current>,
    slides: Vec<PathBuf>,
    uploaded: HashMap<TileKey, Uploaded>,
    frame: u64,
}

/// Tiles of one level: columns and rows from the first up to, not including, the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TileRange {
    cols: (u32, u32),
    rows: (u32, u32),
}

impl TileRange {
    /// The tiles of `level` that meet `rect` in slide pixels.
    fn meeting(level: &TileLevel, rect: SlideRect) -> Self {
        let range = |from: f64, to: f64, pixels: u32, tile: u32| {
            let (count, side) = (pixels.div_ceil(tile.max(1)), f64::from(tile) * level.downsample);
            let first = ((from / side).floor().max(0.0) as u32).min(count);
            (first, ((to / side).ceil().max(0.0) as u32).clamp(first, count))
        };
        Self {
            cols: range(rect.min.x, rect.max.x, level.width, level.tile_width),
            rows: range(rect.min.y, rect.max.y, level.height, level.tile_height),
        }
    }

    fn iter(self) -> impl Iterator<Item = (u32, u32)> {
        (self.rows.0..self.rows.1).flat_map(move |row| (self.cols.0..self.cols.1).map(move |col| (col, row)))
    }
}

/// The coarsest level that is still fine enough for `wanted` slide pixels per screen pixel to show `visible`, or a coarser
/// one where that has too many pixels.
fn level_for(levels: &[TileLevel], wanted: f64, visible: SlideRect) -> usize {
    let fine = levels.iter().rposition(|l| l.downsample <= wanted * ENLARGEMENT).unwrap_or(0);
    let area = visible.width() * visible.height();
    let bearable = |l: &TileLevel| area / (l.downsample * l.downsample) <= MAX_VISIBLE_PIXELS;
    let found = levels.iter().skip(fine).position(bearable);
    found.map_or(levels.len().saturating_sub(1), |further| fine + further)
}

impl Current {
    /// The part of the slide that a tile covers.
    fn covered(&self, level: usize, col: u32, row: u32) -> Option<SlideRect> {
        let l = self.levels.get(level)?;
        let start = |i: u32, tile: u32| f64::from(i * tile) * l.downsample;
        let end = |i: u32, tile: u32, size: u32| f64::from(((i + 1) * tile).min(size)) * l.downsample;
        Some(SlideRect::new(
            SlidePoint::new(start(col, l.tile_width), start(row, l.tile_height)),
            SlidePoint::new(end(col, l.tile_width, l.width), end(row, l.tile_height, l.height)),
        ))
    }

    fn key(&self, level: usize, (col, row): (u32, u32)) -> TileKey {
        TileKey { slide: self.slide, level, col, row }
    }
}

impl TileCache {
    /// Draws this slide from now on; `None` while there are no pixels to draw.
    pub fn show_slide(&mut self, slide: Option<(&Path, Arc<dyn TileSource>)>) {
        let Some((path, source)) = slide else {
            self.current = None;
            return;
        };
        if self.current.as_ref().is_some_and(|c| Arc::ptr_eq(&c.source, &source)) {
            return;
        }
        let known = self.slides.iter().position(|p| p == path);
        let slide = known.unwrap_or_else(|| {
            self.slides.push(path.to_path_buf());
            self.slides.len() - 1
        });
        let slide = u32::try_from(slide).unwrap_or(u32::MAX);
        // The file may have been replaced by another one of the same name: its tiles are new.
        self.uploaded.retain(|k, _| k.slide != slide || known.is_none());
        let levels = source.levels();
        self.current = Some(Current { slide, source, levels, overview: None, damaged: HashSet::new() });
    }

    /// Uploads what the next [`TileCache::paint`] needs most, asks the source for what is not decoded yet, and for another
    /// frame when there is more to upload. Call once a frame.
    pub fn prepare(&mut self, ctx: &Context, camera: &Camera) {
        self.frame += 1;
        let Some(current) = &mut self.current else { return };
        let most_side = ctx.input(|i| i.max_texture_side);
        if current.overview.is_none()
            && let Some(image) = current.source.overview()
        {
            let size = [image.width as usize, image.height as usize];
            current.overview = upload(ctx, size, &image.rgb, most_side);
        }
        let visible = camera.visible().intersect(camera.slide());
        let level = level_for(&current.levels, wanted_downsample(ctx, camera), visible);
        let Some(info) = current.levels.get(level) else { return };
        let middle = visible.center();
        let mut missing: Vec<((u32, u32), f64)> = Vec::new();
        for at in TileRange::meeting(info, visible).iter() {
            match self.uploaded.get_mut(&current.key(level, at)) {
                Some(tile) => tile.last_drawn = self.frame,
                None => {
                    let far = current.covered(level, at.0, at.1).map_or(0.0, |r| r.center().distance(middle));
                    missing.push((at, far));
                }
            }
        }
        missing.sort_by(|a, b| a.1.total_cmp(&b.1));
        current.damaged.clear();
        let (mut waiting, mut pixels) = (Vec::new(), 0);
        for (at, _) in missing {
            match current.source.tile(level, at.0, at.1) {
                TileState::Waiting => waiting.push((level, at.0, at.1)),
                TileState::Damaged => drop(current.damaged.insert(current.key(level, at))),
                TileState::Ready(_) if pixels >= PIXELS_A_FRAME => ctx.request_repaint(),
                TileState::Ready(tile) => {
                    let size = [tile.width as usize, tile.height as usize];
                    pixels += size[0] * size[1];
                    if let Some(texture) = upload(ctx, size, &tile.rgb, most_side) {
                        let uploaded = Uploaded { texture, last_drawn: self.frame };
                        self.uploaded.insert(current.key(level, at), uploaded);
                    }
                }
            }
        }
        // The nearest to the middle is wanted most, which is named last.
        waiting.reverse();
        current.source.request(waiting);
        self.evict();
    }

    fn evict(&mut self) {
        let mut bytes: usize = self.uploaded.values().map(|t| t.texture.byte_size()).sum();
        if bytes <= BUDGET_BYTES {
            return;
        }
        let mut oldest: Vec<(u64, TileKey, usize)> =
            self.uploaded.iter().map(|(k, t)| (t.last_drawn, *k, t.texture.byte_size())).collect();
        oldest.sort_by_key(|&(drawn, k, _)| (drawn, k.level, k.row, k.col));
        for (drawn, key, size) in oldest {
            if bytes <= BUDGET_BYTES || drawn == self.frame {
                break;
            }
            self.uploaded.remove(&key);
            bytes -= size;
        }
    }

    /// Draws the slide into `pane`. Tiles that cannot be read are crossed out in `mark`.
    pub fn paint(&self, painter: &Painter, pane: Rect, camera: &Camera, mark: Color32) {
        let Some(current) = &self.current else { return };
        let visible = camera.visible().intersect(camera.slide());
        let level = level_for(&current.levels, wanted_downsample(painter.ctx(), camera), visible);
        let Some(info) = current.levels.get(level) else { return };
        let tiles = TileRange::meeting(info, visible);
        let is_there = |at| self.uploaded.contains_key(&current.key(level, at));
        if let Some(overview) = &current.overview
            && !tiles.iter().all(is_there)
        {
            painter.image(overview.id(), on_screen(pane, camera, camera.slide()), WHOLE, Color32::WHITE);
        }
        for (col, row) in tiles.iter() {
            let Some(rect) = current.covered(level, col, row) else { continue };
            let found = (level..current.levels.len()).find_map(|l| self.part(current, l, rect));
            if let Some((texture, part, uv)) = found {
                painter.image(texture.id(), on_screen(pane, camera, part), uv, Color32::WHITE);
            }
            if current.damaged.contains(&current.key(level, (col, row))) {
                cross_out(painter, on_screen(pane, camera, rect), mark);
            }
        }
    }

    /// The uploaded tile of `level` around the middle of `rect`, what it covers of `rect`, and where that lies in it.
    fn part(
        &self,
        current: &Current,
        level: usize,
        rect: SlideRect,
    ) -> Option<(&TextureHandle, SlideRect, Rect)> {
        let info = current.levels.get(level)?;
        let index = |at: f64, tile: u32| (at / (f64::from(tile) * info.downsample)) as u32;
        let middle = rect.center();
        let (col, row) = (index(middle.x, info.tile_width), index(middle.y, info.tile_height));
        let tile = self.uploaded.get(&current.key(level, (col, row)))?;
        let covered = current.covered(level, col, row)?;
        let part = rect.intersect(covered);
        let share = |v: f64, from: f64, length: f64| ((v - from) / length).clamp(0.0, 1.0) as f32;
        let uv = |p: SlidePoint| {
            egui::pos2(
                share(p.x, covered.min.x, covered.width()),
                share(p.y, covered.min.y, covered.height()),
            )
        };
        Some((&tile.texture, part, Rect::from_min_max(uv(part.min), uv(part.max))))
    }

    /// Whether there are pixels of a slide to draw.
    pub fn has_pixels(&self) -> bool {
        !self.uploaded.is_empty() || self.current.as_ref().is_some_and(|c| c.overview.is_some())
    }

    /// Draws the whole slide into `rect`, for the minimap. Whether there was something to draw.
    pub fn paint_overview(&self, painter: &Painter, rect: Rect) -> bool {
        let overview = self.current.as_ref().and_then(|c| c.overview.as_ref());
        if let Some(texture) = overview {
            painter.image(texture.id(), rect, WHOLE, Color32::WHITE);
        }
        overview.is_some()
    }
}

/// Pixels as a texture, unless there are none or too many for the graphics card.
fn upload(ctx: &Context, size: [usize; 2], rgb: &[u8], most_side: usize) -> Option<TextureHandle> {
    let fits = size[0].max(size[1]) <= most_side.max(1);
    if !fits || rgb.len() != size[0] * size[1] * 3 || rgb.is_empty() {
        return None;
    }
    let image = ColorImage::from_rgb(size, rgb);
    Some(ctx.load_texture("slide tile", image, TextureOptions::LINEAR))
}

/// Marks what cannot be read.
fn cross_out(painter: &Painter, rect: Rect, color: Color32) {
    let stroke = Stroke::new(1.0, color);
    painter.rect_stroke(rect, egui::CornerRadius::ZERO, stroke, egui::StrokeKind::Inside);
    painter.line_segment([rect.left_top(), rect.right_bottom()], stroke);
    painter.line_segment([rect.right_top(), rect.left_bottom()], stroke);
}

/// Slide pixels a pixel of the screen.
fn wanted_downsample(ctx: &Context, camera: &Camera) -> f64 {
    1.0 / (camera.scale() * f64::from(ctx.pixels_per_point()))
}

/// Where a part of the slide lies on the screen, on whole pixels so that neighbouring tiles meet.
fn on_screen(pane: Rect, camera: &Camera, rect: SlideRect) -> Rect {
    let at = |p: SlidePoint| {
        let [x, y] = camera.view_from_slide(p);
        pane.min + egui::vec2(x as f32, y as f32)
    };
    Rect::from_min_max(at(rect.min), at(rect.max))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> Vec<TileLevel> {
        let level = |d: u32| TileLevel {
            width: 4000 / d,
            height: 3000 / d,
            downsample: f64::from(d),
            tile_width: 512,
            tile_height: 256,
        };
        [1, 2, 4, 8].map(level).to_vec()
    }

    #[test]
    fn picks_the_level_the_screen_can_show() {
        let l = levels();
        let level = |wanted| level_for(&l, wanted, SlideRect::of_size(1000, 1000));
        assert_eq!((level(0.2), level(1.0), level(1.7), level(5.0), level(100.0)), (0, 0, 1, 2, 3));
        // Levels 16 times apart: the finer one would be hundreds of millions of pixels.
        let sparse = [1.0, 16.0].map(|downsample| TileLevel { downsample, ..l[0] });
        assert_eq!(level_for(&sparse, 8.0, SlideRect::of_size(16_000, 9_000)), 1);
        assert_eq!(level_for(&sparse, 3.0, SlideRect::of_size(6_000, 3_000)), 0);
        assert_eq!(level_for(&[], 1.0, SlideRect::of_size(9, 9)), 0);
    }

    #[test]
    fn only_tiles_in_view_are_wanted() {
        let l = levels();
        let rect = SlideRect::new(SlidePoint::new(600.0, 0.0), SlidePoint::new(1100.0, 400.0));
        assert_eq!(TileRange::meeting(&l[0], rect), TileRange { cols: (1, 3), rows: (0, 2) });
        let beyond = SlideRect::new(SlidePoint::new(-900.0, -900.0), SlidePoint::new(9000.0, 9000.0));
        assert_eq!(TileRange::meeting(&l[3], beyond).iter().count(), 2);
        let off = SlideRect::new(SlidePoint::new(9000.0, 0.0), SlidePoint::new(9500.0, 10.0));
        assert_eq!(TileRange::meeting(&l[0], off).iter().count(), 0);
    }
}
