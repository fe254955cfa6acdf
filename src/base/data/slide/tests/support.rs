//! Small files made in tests.

use std::path::Path;

use crate::core::cancel::CancelToken;
use crate::core::progress::Silent;
use crate::data::slide::*;

/// A TIFF file with a few directories, little endian, that says whatever a test wants.
#[derive(Debug, Clone, Default)]
pub struct TinyTiff {
    /// Tag, type and values of every entry of every directory.
    pub directories: Vec<Vec<(u16, u16, Vec<u64>)>>,
    /// Data that stand at byte 8.
    pub data: Vec<u8>,
    /// Where the last directory says that the next one is.
    pub last: u32,
}

pub const DATA_AT: u64 = 8;

/// 40 x 30 pixels of RGB in four uncompressed tiles of 32 x 16 pixels.
pub fn tiled() -> TinyTiff {
    let tile: Vec<u8> = (0..32 * 16 * 3).map(|i| (i % 251) as u8).collect();
    let length = tile.len() as u64;
    let entries = vec![
        (256, 3, vec![40]),
        (257, 3, vec![30]),
        (258, 3, vec![8, 8, 8]),
        (259, 3, vec![1]),
        (262, 3, vec![2]),
        (277, 3, vec![3]),
        (322, 3, vec![32]),
        (323, 3, vec![16]),
        (324, 4, vec![DATA_AT; 4]),
        (325, 4, vec![length; 4]),
    ];
    TinyTiff { directories: vec![entries], data: tile, last: 0 }
}

impl TinyTiff {
    /// With `values` for `tag` of the first directory instead of what it had.
    pub fn with(mut self, tag: u16, values: &[u64]) -> Self {
        let entries = &mut self.directories[0];
        match entries.iter_mut().find(|e| e.0 == tag) {
            Some(entry) => entry.2 = values.to_vec(),
            None => entries.push((tag, 4, values.to_vec())),
        }
        self
    }

    /// With another type for `tag`.
    pub fn with_type(mut self, tag: u16, kind: u16) -> Self {
        self.directories[0].iter_mut().filter(|e| e.0 == tag).for_each(|e| e.1 = kind);
        self
    }

    pub fn with_text(mut self, tag: u16, text: &str) -> Self {
        self.directories[0].retain(|e| e.0 != tag);
        self.directories[0].push((tag, 2, text.bytes().map(u64::from).chain([0]).collect()));
        self
    }

    pub fn without(mut self, tag: u16) -> Self {
        self.directories[0].retain(|e| e.0 != tag);
        self
    }

    pub fn with_data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        let length = data.len() as u64;
        self.with(325, &[length; 4])
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = b"II\x2A\0\0\0\0\0".to_vec();
        out.extend(&self.data);
        let mut link = 4;
        for entries in &self.directories {
            let mut entries = entries.clone();
            entries.sort_by_key(|e| e.0);
            let mut table = (entries.len() as u16).to_le_bytes().to_vec();
            for (tag, kind, values) in &entries {
                let size =
                    [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8].get(usize::from(*kind)).copied().unwrap_or(4);
                let mut raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()[..size].to_vec()).collect();
                table.extend(tag.to_le_bytes());
                table.extend(kind.to_le_bytes());
                table.extend((values.len() as u32).to_le_bytes());
                if raw.len() > 4 {
                    table.extend((out.len() as u32).to_le_bytes());
                    out.extend(raw);
                } else {
                    raw.resize(4, 0);
                    table.extend(raw);
                }
            }
            let at = (out.len() as u32).to_le_bytes();
            out[link..link + 4].copy_from_slice(&at);
            out.extend(table);
            link = out.len();
            out.extend([0; 4]);
        }
        out[link..link + 4].copy_from_slice(&self.last.to_le_bytes());
        out
    }
}

pub fn open(path: &Path) -> Result<Slide, SlideError> {
    Slide::open(path, &Silent, &CancelToken::new())
}

/// An image whose red is the column and green the row (modulo 251), blue 10.
pub fn gradient(width: u32, height: u32) -> RgbImage {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            rgb.extend([(x % 251) as u8, (y % 251) as u8, 10]);
        }
    }
    RgbImage { width, height, rgb }
}

/// Reads every tile of every level.
pub fn read_all(source: &dyn SlideSource) -> Result<(), SlideError> {
    for (index, level) in source.info().levels.iter().enumerate() {
        for row in 0..level.tile_rows() {
            for col in 0..level.tile_columns() {
                source.read_tile(index, col, row)?;
            }
        }
    }
    Ok(())
}
