//! A pyramid in memory.

use std::path::Path;
use std::sync::Arc;

use super::build::{TILE, TileSink};
use crate::data::slide::SlideError;
use crate::data::slide::source::{Level, SlideFormat, SlideInfo, SlideSource, Tile, TilePlace};

/// Collects the tiles of a pyramid.
#[derive(Debug, Default)]
pub struct MemorySink {
    sizes: Vec<(u32, u32)>,
    tiles: Vec<Vec<Arc<Tile>>>,
}

impl TileSink for MemorySink {
    fn put(&mut self, level: usize, size: (u32, u32), tiles: Vec<Tile>) -> Result<(), SlideError> {
        while self.tiles.len() <= level {
            self.sizes.push(size);
            self.tiles.push(Vec::new());
        }
        if let (Some(stored), Some(all)) = (self.sizes.get_mut(level), self.tiles.get_mut(level)) {
            *stored = size;
            all.extend(tiles.into_iter().map(Arc::new));
        }
        Ok(())
    }
}

impl MemorySink {
    /// The slide at `path` whose tiles these are. Each level is half of the one before.
    pub fn into_source(self, path: &Path) -> MemorySource {
        let level = |(index, &(width, height)): (usize, &(u32, u32))| Level {
            width,
            height,
            downsample: (index as f64).exp2(),
            tile_width: TILE,
            tile_height: TILE,
        };
        let levels = self.sizes.iter().enumerate().map(level).collect();
        let info = SlideInfo { levels, ..SlideInfo::of_image(path, SlideFormat::Memory, (0, 0)) };
        MemorySource { info, tiles: self.tiles }
    }
}

/// A slide whose tiles all lie in memory.
#[derive(Debug)]
pub struct MemorySource {
    info: SlideInfo,
    tiles: Vec<Vec<Arc<Tile>>>,
}

impl SlideSource for MemorySource {
    fn info(&self) -> &SlideInfo {
        &self.info
    }

    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        let about = self.info.levels.get(level).filter(|l| l.tile_place(col, row).is_some());
        let index = about.map(|l| row as usize * l.tile_columns() as usize + col as usize);
        let tile = index.and_then(|i| self.tiles.get(level)?.get(i));
        tile.cloned()
            .ok_or_else(|| TilePlace { level, col, row }.error(&self.info.path, "there is no such tile"))
    }

    fn is_at_hand(&self, _level: usize) -> bool {
        true
    }

    fn memory_bytes(&self) -> u64 {
        self.tiles.iter().flatten().map(|t| t.rgb.capacity() as u64).sum()
    }
}
