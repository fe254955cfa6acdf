//! Turning slides that were stored on their side.

use std::fmt;
use std::sync::Arc;

use super::SlideError;
use super::source::{SlideInfo, SlideSource, Tile, TilePlace};

/// How stored pixels must be turned to stand upright: the values of EXIF's and TIFF's tag Orientation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    Mirrored,
    /// 3: turned by half.
    Turned180,
    /// 4: mirrored top to bottom.
    Flipped,
    /// 5: mirrored along the diagonal from the top left.
    Transposed,
    /// 6: turned a quarter clockwise.
    Turned90,
    /// 7: mirrored along the diagonal from the top right.
    Transversed,
    /// 8: turned a quarter anticlockwise.
    Turned270,
}

impl Orientation {
    /// All of them, in the order of their tags.
    pub const ALL: [Self; 8] = [
        Self::Upright,
        Self::Mirrored,
        Self::Turned180,
        Self::Flipped,
        Self::Transposed,
        Self::Turned90,
        Self::Transversed,
        Self::Turned270,
    ];

    /// From the value of the tag; anything unknown is upright.
    pub fn from_tag(value: u64) -> Self {
        let index = usize::try_from(value).unwrap_or(0).wrapping_sub(1);
        Self::ALL.get(index).copied().unwrap_or_default()
    }

    /// The value of the tag, 1 to 8.
    pub fn tag(self) -> u8 {
        self as u8 + 1
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        matches!(self, Self::Transposed | Self::Turned90 | Self::Transversed | Self::Turned270)
    }

    /// The size of what was `width` x `height` when stored.
    pub fn size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps_sides() { (height, width) } else { (width, height) }
    }

    /// Where the upright pixel `x`, `y` is stored in an image whose stored size is `width` x `height`.
    fn stored(self, x: u32, y: u32, width: u32, height: u32) -> (u32, u32) {
        let (right, bottom) = (|v: u32| width - 1 - v, |v: u32| height - 1 - v);
        match self {
            Self::Upright => (x, y),
            Self::Mirrored => (right(x), y),
            Self::Turned180 => (right(x), bottom(y)),
            Self::Flipped => (x, bottom(y)),
            Self::Transposed => (y, x),
            Self::Turned90 => (y, bottom(x)),
            Self::Transversed => (right(y), bottom(x)),
            Self::Turned270 => (right(y), x),
        }
    }
}

impl fmt::Display for Orientation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upright => "upright",
            Self::Mirrored => "mirrored left to right",
            Self::Turned180 => "turned by 180 degrees",
            Self::Flipped => "mirrored top to bottom",
            Self::Transposed => "turned by 90 degrees and mirrored left to right",
            Self::Turned90 => "turned by 90 degrees",
            Self::Transversed => "turned by 90 degrees and mirrored top to bottom",
            Self::Turned270 => "turned by 270 degrees",
        })
    }
}

/// Turns an image that is stored `orientation` upright.
pub fn turned(image: &Tile, orientation: Orientation) -> Tile {
    let (width, height) = orientation.size(image.width, image.height);
    let mut rgb = Vec::with_capacity(image.rgb.len());
    for y in 0..height {
        for x in 0..width {
            let (from_x, from_y) = orientation.stored(x, y, image.width, image.height);
            let at = (from_y as usize * image.width as usize + from_x as usize) * 3;
            rgb.extend_from_slice(image.rgb.get(at..at + 3).unwrap_or(&[0; 3]));
        }
    }
    Tile { width, height, rgb }
}

/// A source turned upright. Its tiles are as large as those below, their sides exchanged where the slide's are; where
/// the slide is counted from its other end they are put together from up to four.
#[derive(Debug)]
pub struct Oriented {
    source: Arc<dyn SlideSource>,
    orientation: Orientation,
    info: SlideInfo,
}

impl Oriented {
    /// `source`, turned as if its tag were `orientation`.
    pub fn new(source: Arc<dyn SlideSource>, orientation: Orientation) -> Self {
        let mut info = source.info().clone();
        info.turn(orientation);
        Self { source, orientation, info }
    }
}

impl SlideSource for Oriented {
    fn info(&self) -> &SlideInfo {
        &self.info
    }

    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        if self.orientation == Orientation::Upright {
            return self.source.read_tile(level, col, row);
        }
        let no_tile = || TilePlace { level, col, row }.error(&self.info.path, "there is no such tile");
        let place = self.info.levels.get(level).and_then(|l| l.tile_place(col, row));
        let below = self.source.info().levels.get(level);
        let ((x, y, width, height), below) = place.zip(below).ok_or_else(no_tile)?;
        // Opposite corners of this tile as they are stored.
        let corner = |x, y| self.orientation.stored(x, y, below.width, below.height);
        let (a, b) = (corner(x, y), corner(x + width - 1, y + height - 1));
        let (left, top, right, bottom) = (a.0.min(b.0), a.1.min(b.1), a.0.max(b.0), a.1.max(b.1));
        let mut stored = Tile::filled(right - left + 1, bottom - top + 1, self.info.background);
        for tile_row in top / below.tile_height..=bottom / below.tile_height {
            for tile_col in left / below.tile_width..=right / below.tile_width {
                let tile = self.source.read_tile(level, tile_col, tile_row)?;
                let x = i64::from(tile_col) * i64::from(below.tile_width) - i64::from(left);
                let y = i64::from(tile_row) * i64::from(below.tile_height) - i64::from(top);
                stored.paste(&tile, x, y);
            }
        }
        Ok(Arc::new(turned(&stored, self.orientation)))
    }

    fn memory_bytes(&self) -> u64 {
        self.source.memory_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientations_follow_exif() {
        // 1 2 3
        // 4 5 6
        let image = Tile { width: 3, height: 2, rgb: (1..=6_u8).flat_map(|v| [v; 3]).collect() };
        let wanted: [&[u8]; 8] = [
            &[1, 2, 3, 4, 5, 6],
            &[3, 2, 1, 6, 5, 4],
            &[6, 5, 4, 3, 2, 1],
            &[4, 5, 6, 1, 2, 3],
            &[1, 4, 2, 5, 3, 6],
            &[4, 1, 5, 2, 6, 3],
            &[6, 3, 5, 2, 4, 1],
            &[3, 6, 2, 5, 1, 4],
        ];
        for (tag, wanted) in wanted.iter().enumerate() {
            let orientation = Orientation::from_tag(tag as u64 + 1);
            assert_eq!(usize::from(orientation.tag()), tag + 1);
            let upright = turned(&image, orientation);
            let values: Vec<u8> = upright.rgb.iter().copied().step_by(3).collect();
            assert_eq!(&values, wanted, "{orientation:?}");
        }
        assert_eq!(Orientation::from_tag(0), Orientation::Upright);
        assert_eq!(Orientation::from_tag(99), Orientation::Upright);
    }
}
