//! Tiles on the graphics card: uploaded a few a frame, the least recently drawn thrown out first. Where a
//! tile is not there yet, the part of a coarser one that covers it is drawn.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{self, Color32, ColorImage, Context, Painter, Rect, TextureHandle, TextureOptions};

use crate::app::explore::camera::Camera;
use crate::app::explore::images::{TileLevel, TileSource};
use crate::core::geometry::{SlidePoint, SlideRect};

/// The most memory of the graphics card that tiles take.
const BUDGET_BYTES: usize = 256 * 1024 * 1024;
/// The most tiles uploaded in one frame: a few milliseconds.
const UPLOADS_A_FRAME: usize = 8;
/// A level is fine enough when its pixels are at most this much larger than those of the screen.
const ENLARGEMENT: f64 = 1.25;

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
    tile: u32,
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
    fn meeting(level: &TileLevel, tile: u32, rect: SlideRect) -> Self {
        let count = |pixels: u32| pixels.div_ceil(tile.max(1));
        let side = f64::from(tile) * level.downsample;
        let range = |from: f64, to: f64, count: u32| {
            let first = ((from / side).floor().max(0.0) as u32).min(count);
            (first, ((to / side).ceil().max(0.0) as u32).clamp(first, count))
        };
        Self {
            cols: range(rect.min.x, rect.max.x, count(level.width)),
            rows: range(rect.min.y, rect.max.y, count(level.height)),
        }
    }

    fn iter(self) -> impl Iterator<Item = (u32, u32)> {
        (self.rows.0..self.rows.1).flat_map(move |row| (self.cols.0..self.cols.1).map(move |col| (col, row)))
    }
}

/// The coarsest level that is still fine enough for `wanted` slide pixels a screen pixel.
fn level_for(levels: &[TileLevel], wanted: f64) -> usize {
    levels.iter().rposition(|l| l.downsample <= wanted * ENLARGEMENT).unwrap_or(0)
}

impl Current {
    /// The part of the slide that a tile covers.
    fn covered(&self, level: usize, col: u32, row: u32) -> Option<SlideRect> {
        let l = self.levels.get(level)?;
        let start = |i: u32| f64::from(i * self.tile) * l.downsample;
        let end = |i: u32, size: u32| f64::from(((i + 1) * self.tile).min(size)) * l.downsample;
        Some(SlideRect::new(
            SlidePoint::new(start(col), start(row)),
            SlidePoint::new(end(col, l.width), end(row, l.height)),
        ))
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
        let (levels, tile) = (source.levels(), source.tile_size().max(1));
        self.current = Some(Current { slide, source, levels, tile });
    }

    /// Uploads what the next [`TileCache::paint`] needs most, and asks for another frame when there is
    /// more to upload. Call once a frame.
    pub fn prepare(&mut self, ctx: &Context, camera: &Camera) {
        self.frame += 1;
        let Some(current) = &self.current else { return };
        let Some(coarsest) = current.levels.len().checked_sub(1) else { return };
        let most_side = ctx.input(|i| i.max_texture_side) as u32;
        let visible = camera.visible().intersect(camera.slide());
        let level = level_for(&current.levels, wanted_downsample(ctx, camera));
        let middle = visible.center();
        let mut wanted: Vec<(TileKey, f64)> = Vec::new();
        // The coarsest level is one tile or few: with it there is always something to draw.
        for l in [coarsest, level] {
            let Some(info) = current.levels.get(l) else { continue };
            let rect = if l == coarsest { camera.slide() } else { visible };
            for (col, row) in TileRange::meeting(info, current.tile, rect).iter() {
                let far = current.covered(l, col, row).map_or(0.0, |r| r.center().distance(middle));
                let key = TileKey { slide: current.slide, level: l, col, row };
                match self.uploaded.get_mut(&key) {
                    Some(tile) => tile.last_drawn = self.frame,
                    None => wanted.push((key, if l == coarsest { -1.0 } else { far })),
                }
            }
            if level == coarsest {
                break;
            }
        }
        wanted.sort_by(|a, b| a.1.total_cmp(&b.1));
        let more = wanted.len() > UPLOADS_A_FRAME;
        for (key, _) in wanted.into_iter().take(UPLOADS_A_FRAME) {
            let Some(pixels) = current.source.tile(key.level, key.col, key.row) else { continue };
            let size = [pixels.width as usize, pixels.height as usize];
            let fits = pixels.width.max(pixels.height) <= most_side.max(1);
            if !fits || pixels.rgb.len() != size[0] * size[1] * 3 || pixels.rgb.is_empty() {
                continue;
            }
            let image = ColorImage::from_rgb(size, pixels.rgb);
            let texture = ctx.load_texture("slide tile", image, TextureOptions::LINEAR);
            self.uploaded.insert(key, Uploaded { texture, last_drawn: self.frame });
        }
        if more {
            ctx.request_repaint();
        }
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

    /// Draws the slide into `pane`.
    pub fn paint(&self, painter: &Painter, pane: Rect, camera: &Camera) {
        let Some(current) = &self.current else { return };
        let level = level_for(&current.levels, wanted_downsample(painter.ctx(), camera));
        let visible = camera.visible().intersect(camera.slide());
        let Some(info) = current.levels.get(level) else { return };
        for (col, row) in TileRange::meeting(info, current.tile, visible).iter() {
            let Some(rect) = current.covered(level, col, row) else { continue };
            let found = (level..current.levels.len()).find_map(|l| self.part(current, l, rect));
            if let Some((texture, uv)) = found {
                painter.image(texture.id(), on_screen(pane, camera, rect), uv, Color32::WHITE);
            }
        }
    }

    /// The uploaded tile of `level` around the middle of `rect`, and where `rect` lies in it.
    fn part(&self, current: &Current, level: usize, rect: SlideRect) -> Option<(&TextureHandle, Rect)> {
        let side = f64::from(current.tile) * current.levels.get(level)?.downsample;
        let middle = rect.center();
        let (col, row) = ((middle.x / side) as u32, (middle.y / side) as u32);
        let tile = self.uploaded.get(&TileKey { slide: current.slide, level, col, row })?;
        let covered = current.covered(level, col, row)?;
        let share = |v: f64, from: f64, length: f64| ((v - from) / length).clamp(0.0, 1.0) as f32;
        let uv = |p: SlidePoint| {
            egui::pos2(
                share(p.x, covered.min.x, covered.width()),
                share(p.y, covered.min.y, covered.height()),
            )
        };
        Some((&tile.texture, Rect::from_min_max(uv(rect.min), uv(rect.max))))
    }

    /// Whether there are pixels of a slide to draw.
    pub fn has_pixels(&self) -> bool {
        !self.uploaded.is_empty()
    }

    /// Draws the whole slide into `rect`, for the minimap. Whether there was something to draw.
    pub fn paint_overview(&self, painter: &Painter, rect: Rect, slide: SlideRect) -> bool {
        let Some(current) = &self.current else { return false };
        let Some(level) = current.levels.len().checked_sub(1) else { return false };
        let Some(info) = current.levels.get(level) else { return false };
        let mut drawn = false;
        for (col, row) in TileRange::meeting(info, current.tile, slide).iter() {
            let key = TileKey { slide: current.slide, level, col, row };
            let (Some(tile), Some(covered)) = (self.uploaded.get(&key), current.covered(level, col, row))
            else {
                continue;
            };
            let place = |p: SlidePoint| {
                egui::pos2(
                    rect.left() + (p.x / slide.width()) as f32 * rect.width(),
                    rect.top() + (p.y / slide.height()) as f32 * rect.height(),
                )
            };
            let target = Rect::from_min_max(place(covered.min), place(covered.max)).intersect(rect);
            let all = Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
            painter.image(tile.texture.id(), target, all, Color32::WHITE);
            drawn = true;
        }
        drawn
    }
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
        [1u32, 2, 4, 8]
            .map(|d| TileLevel { width: 4000 / d, height: 3000 / d, downsample: f64::from(d) })
            .to_vec()
    }

    #[test]
    fn picks_the_level_the_screen_can_show() {
        let l = levels();
        assert_eq!(level_for(&l, 0.2), 0);
        assert_eq!(level_for(&l, 1.0), 0);
        assert_eq!(level_for(&l, 1.7), 1);
        assert_eq!(level_for(&l, 5.0), 2);
        assert_eq!(level_for(&l, 100.0), 3);
    }

    #[test]
    fn only_tiles_in_view_are_wanted() {
        let l = levels();
        let rect = SlideRect::new(SlidePoint::new(600.0, 0.0), SlidePoint::new(1100.0, 400.0));
        assert_eq!(TileRange::meeting(&l[0], 512, rect), TileRange { cols: (1, 3), rows: (0, 1) });
        let beyond = SlideRect::new(SlidePoint::new(-900.0, -900.0), SlidePoint::new(9000.0, 9000.0));
        assert_eq!(TileRange::meeting(&l[3], 512, beyond).iter().count(), 1);
        let off = SlideRect::new(SlidePoint::new(9000.0, 0.0), SlidePoint::new(9500.0, 10.0));
        assert_eq!(TileRange::meeting(&l[0], 512, off).iter().count(), 0);
    }
}
