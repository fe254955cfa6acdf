//! The ground of a section that has no slide image: white, as large as its spots need.

use std::path::Path;
use std::sync::Arc;

use super::SlideError;
use super::source::{Level, SlideFormat, SlideInfo, SlideSource, Tile, TilePlace};

/// Side of a tile in pixels.
const TILE: u32 = 512;
/// The colour of glass.
const WHITE: [u8; 3] = [255; 3];

/// A slide of which nothing is known but its size.
#[derive(Debug)]
pub struct Blank {
    info: SlideInfo,
}

impl Blank {
    /// A blank slide of `size` pixels, known by `path`.
    pub fn new(path: &Path, size: (u32, u32)) -> Self {
        let mut info = SlideInfo::of_image(path, SlideFormat::Memory, size);
        let (mut width, mut height) = size;
        info.levels.clear();
        loop {
            let downsample = Level::measure(size, width, height);
            info.levels.push(Level { width, height, downsample, tile_width: TILE, tile_height: TILE });
            if width.max(height) <= TILE {
                return Self { info };
            }
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
        }
    }
}

impl SlideSource for Blank {
    fn info(&self) -> &SlideInfo {
        &self.info
    }

    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        let place = self.info.levels.get(level).and_then(|l| l.tile_place(col, row));
        let (_, _, width, height) = place
            .ok_or_else(|| TilePlace { level, col, row }.error(&self.info.path, "there is no such tile"))?;
        Ok(Arc::new(Tile::filled(width, height, WHITE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_white_everywhere_at_all_levels() {
        let blank = Blank::new(Path::new("x"), (1_300, 700));
        let levels: Vec<_> = blank.info().levels.iter().map(|l| (l.width, l.height)).collect();
        assert_eq!(levels, [(1_300, 700), (650, 350), (325, 175)]);
        let edge = blank.read_tile(0, 2, 1).unwrap();
        assert_eq!((edge.width, edge.height), (276, 188));
        assert!(edge.rgb.iter().all(|&v| v == 255));
        assert!(blank.read_tile(0, 3, 0).is_err() && blank.read_tile(3, 0, 0).is_err());
    }
}
