//! Images in strips, read as if they were tiled.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Page, TiffLevel};
use crate::data::slide::codec::CodecError;
use crate::data::slide::source::Tile;
use crate::data::slide::tiff::TiffFile;

/// Side that tiles have, about.
const TILE: u32 = 512;
/// Tiles are never higher than this.
const MAX_HEIGHT: u32 = 1024;
/// Decoded bands that are kept: the one that is read, and the one below.
const KEPT: usize = 2;

/// An image in strips. The strips behind a row of tiles are decoded at once and kept for the next tile of the row.
#[derive(Debug)]
pub struct Strips {
    page: Page,
    strips_per_band: u32,
    tile_height: u32,
    bands: Mutex<VecDeque<(u32, Arc<Tile>)>>,
}

impl Strips {
    /// The image of `page`, which is in strips.
    pub fn new(page: Page) -> Self {
        let rows = page.tile_size().1;
        let strips_per_band = (TILE / rows).max(1);
        let band_height = strips_per_band * rows;
        let tile_height = if band_height <= MAX_HEIGHT { band_height } else { TILE };
        Self { page, strips_per_band, tile_height, bands: Mutex::default() }
    }

    /// `page` itself where it is tiled, else as strips.
    pub fn or_tiles(page: Page) -> Box<dyn TiffLevel> {
        if page.is_tiled() { Box::new(page) } else { Box::new(Self::new(page)) }
    }

    fn band_height(&self) -> u32 {
        self.strips_per_band * self.page.tile_size().1
    }

    fn band(&self, file: &TiffFile, index: u32) -> Result<Arc<Tile>, CodecError> {
        // Held while decoding, so that no band is decoded twice at once. A deque is whole between any two statements.
        let mut bands = self.bands.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, band)) = bands.iter().find(|(i, _)| *i == index) {
            return Ok(Arc::clone(band));
        }
        let (width, whole_height) = self.page.size();
        if self.strips_per_band == 1 {
            // Not copied: a strip may be a whole image.
            let (rows, white) = (self.page.tile_size().1, |height| Tile::filled(width, height, [255; 3]));
            let strip = self.page.decode(file, 0, index)?;
            let strip = Arc::new(strip.unwrap_or_else(|| white(rows.min(whole_height - index * rows))));
            keep(&mut bands, index, &strip);
            return Ok(strip);
        }
        let top = index * self.band_height();
        let mut band = Tile::filled(width, self.band_height().min(whole_height - top), [255; 3]);
        for strip in 0..self.strips_per_band {
            let row = index * self.strips_per_band + strip;
            if row >= self.page.rows() {
                break;
            }
            if let Some(decoded) = self.page.decode(file, 0, row)? {
                band.paste(&decoded, 0, i64::from(strip * self.page.tile_size().1));
            }
        }
        let band = Arc::new(band);
        keep(&mut bands, index, &band);
        Ok(band)
    }
}

fn keep(bands: &mut VecDeque<(u32, Arc<Tile>)>, index: u32, band: &Arc<Tile>) {
    bands.push_back((index, Arc::clone(band)));
    if bands.len() > KEPT {
        bands.pop_front();
    }
}

impl TiffLevel for Strips {
    fn size(&self) -> (u32, u32) {
        self.page.size()
    }

    fn tile_size(&self) -> (u32, u32) {
        (TILE, self.tile_height)
    }

    fn is_tiled(&self) -> bool {
        false
    }

    fn max_unpacked(&self) -> u64 {
        self.page.max_unpacked()
    }

    fn brightest(&self, file: &TiffFile) -> Option<u16> {
        self.page.brightest(file)
    }

    fn set_significant_bits(&mut self, bits: u8) {
        self.page.set_significant_bits(bits);
    }

    fn read(&self, file: &TiffFile, col: u32, row: u32) -> Result<Option<Tile>, CodecError> {
        let (width, height) = self.size();
        let (left, top) = (col * TILE, row * self.tile_height);
        let tile_size =
            (TILE.min(width.saturating_sub(left)), self.tile_height.min(height.saturating_sub(top)));
        let mut tile = Tile::filled(tile_size.0, tile_size.1, [255; 3]);
        let band_height = self.band_height();
        let bottom = top + tile_size.1;
        for index in top / band_height..bottom.div_ceil(band_height) {
            let band = self.band(file, index)?;
            tile.paste(&band, -i64::from(left), i64::from(index * band_height) - i64::from(top));
        }
        Ok(Some(tile))
    }
}
