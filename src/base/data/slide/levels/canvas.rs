//! Several scanned areas on the ground of one slide, as Leica has them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::TiffLevel;
use crate::data::slide::codec::CodecError;
use crate::data::slide::source::Tile;
use crate::data::slide::tiff::TiffFile;

const TILE: u32 = 512;

/// A scanned area and where it lies on the ground.
#[derive(Debug)]
pub struct Placed {
    /// Its pixels.
    pub area: Box<dyn TiffLevel>,
    /// Pixels to the right of the ground's left edge.
    pub x: u32,
    /// Pixels below the ground's top edge.
    pub y: u32,
}

/// The ground of a slide with the areas that were scanned on it.
#[derive(Debug)]
pub struct Canvas {
    size: (u32, u32),
    background: [u8; 3],
    areas: Vec<Placed>,
    /// Tiles of areas lie across those of the ground: the ones decoded last, by area, column and row.
    recent: Mutex<VecDeque<(AreaTile, Option<Arc<Tile>>)>>,
}

/// Area, column and row.
type AreaTile = (usize, u32, u32);

/// Tiles of areas that are kept.
const KEPT: usize = 64;

impl Canvas {
    /// A ground of `size`, in the colour `background` where nothing was scanned.
    pub fn new(size: (u32, u32), background: [u8; 3], areas: Vec<Placed>) -> Self {
        Self { size, background, areas, recent: Mutex::default() }
    }

    fn area_tile(&self, file: &TiffFile, key: AreaTile) -> Result<Option<Arc<Tile>>, CodecError> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tile)) = recent().iter().find(|(k, _)| *k == key) {
            return Ok(tile.clone());
        }
        let Some(placed) = self.areas.get(key.0) else { return Ok(None) };
        let ((width, height), (tile_width, tile_height)) = (placed.area.size(), placed.area.tile_size());
        let (x, y) = (key.1 * tile_width, key.2 * tile_height);
        let tile = placed.area.read(file, key.1, key.2)?;
        let tile = tile.map(|t| Arc::new(crop_to(t, width - x, height - y)));
        let mut recent = recent();
        recent.push_back((key, tile.clone()));
        if recent.len() > KEPT {
            recent.pop_front();
        }
        Ok(tile)
    }
}

impl TiffLevel for Canvas {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn tile_size(&self) -> (u32, u32) {
        (TILE, TILE)
    }

    fn read(&self, file: &TiffFile, col: u32, row: u32) -> Result<Option<Tile>, CodecError> {
        let (left, top) = (i64::from(col) * i64::from(TILE), i64::from(row) * i64::from(TILE));
        let mut ground: Option<Tile> = None;
        for (index, placed) in self.areas.iter().enumerate() {
            // The piece of the area under this tile, in its own pixels.
            let (width, height) = placed.area.size();
            let (tile_width, tile_height) = placed.area.tile_size();
            let clip = |from: i64, offset: u32, length: u32| {
                let start = (from - i64::from(offset)).clamp(0, i64::from(length));
                let end = (from + i64::from(TILE) - i64::from(offset)).clamp(0, i64::from(length));
                (start as u32, end as u32)
            };
            let (x_start, x_end) = clip(left, placed.x, width);
            let (y_start, y_end) = clip(top, placed.y, height);
            if x_start >= x_end || y_start >= y_end {
                continue;
            }
            for tile_row in y_start / tile_height..=(y_end - 1) / tile_height {
                for tile_col in x_start / tile_width..=(x_end - 1) / tile_width {
                    let Some(tile) = self.area_tile(file, (index, tile_col, tile_row))? else { continue };
                    let (x, y) = (tile_col * tile_width, tile_row * tile_height);
                    let ground = ground.get_or_insert_with(|| Tile::filled(TILE, TILE, self.background));
                    ground.paste(&tile, i64::from(placed.x + x) - left, i64::from(placed.y + y) - top);
                }
            }
        }
        Ok(ground)
    }
}

/// What of `tile` lies within `width` x `height` pixels.
pub(super) fn crop_to(tile: Tile, width: u32, height: u32) -> Tile {
    let (width, height) = (tile.width.min(width), tile.height.min(height));
    if (width, height) == (tile.width, tile.height) {
        return tile;
    }
    let row = width as usize * 3;
    let rgb = tile.rows().take(height as usize).flat_map(|r| r.get(..row).unwrap_or_default()).copied();
    Tile { width, height, rgb: rgb.collect() }
}
