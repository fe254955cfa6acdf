//! Red, green and blue as images of their own, as OME-TIFF may have them.

use super::{Page, TiffLevel};
use crate::data::slide::codec::CodecError;
use crate::data::slide::source::Tile;
use crate::data::slide::tiff::TiffFile;

/// Three grey levels of the same shape that are the channels of one.
#[derive(Debug)]
pub struct Planes {
    channels: [Box<dyn TiffLevel>; 3],
}

impl Planes {
    /// From red, green and blue; `None` unless they have the same size and tiles.
    pub fn new(pages: [Page; 3]) -> Option<Self> {
        let [red, green, blue] = &pages;
        let shape = |p: &Page| (p.size(), p.tile_size());
        let is_one = shape(red) == shape(green) && shape(red) == shape(blue);
        is_one.then(|| Self { channels: pages.map(super::Strips::or_tiles) })
    }
}

impl TiffLevel for Planes {
    fn size(&self) -> (u32, u32) {
        self.channels[0].size()
    }

    fn tile_size(&self) -> (u32, u32) {
        self.channels[0].tile_size()
    }

    fn is_tiled(&self) -> bool {
        self.channels[0].is_tiled()
    }

    fn brightest(&self, file: &TiffFile) -> Option<u16> {
        self.channels.iter().filter_map(|c| c.brightest(file)).max()
    }

    fn set_significant_bits(&mut self, bits: u8) {
        self.channels.iter_mut().for_each(|c| c.set_significant_bits(bits));
    }

    fn read(&self, file: &TiffFile, col: u32, row: u32) -> Result<Option<Tile>, CodecError> {
        let mut merged: Option<Tile> = None;
        for (index, channel) in self.channels.iter().enumerate() {
            let Some(plane) = channel.read(file, col, row)? else { continue };
            let tile = merged.get_or_insert_with(|| Tile::filled(plane.width, plane.height, [255; 3]));
            if (tile.width, tile.height) != (plane.width, plane.height) {
                return Err(CodecError::Damaged("its channels differ in size".to_owned()));
            }
            for (to, from) in tile.rgb.iter_mut().skip(index).step_by(3).zip(plane.rgb.iter().step_by(3)) {
                *to = *from;
            }
        }
        Ok(merged)
    }
}
