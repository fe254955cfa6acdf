//! From samples of any depth and meaning to 8-bit RGB.

use super::{CodecError, ycbcr};
use crate::data::slide::tiff::ByteOrder;

/// What samples mean.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Color {
    Grey { min_is_white: bool },
    Rgb,
    Palette(Vec<[u8; 3]>),
    Cmyk,
    YCbCr,
}

impl Color {
    /// How many samples it takes.
    pub fn samples(&self) -> usize {
        match self {
            Self::Grey { .. } | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// How transparency is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Alpha {
    /// Colours are already multiplied with it.
    Associated,
    Unassociated,
}

/// How the samples of a tile lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleLayout {
    /// Bits of a sample, 1 to 16.
    pub bits: u8,
    /// Samples of a pixel, with those that are dropped.
    pub samples: usize,
    /// What they mean.
    pub color: Color,
    /// The value of a sample that stands for full intensity.
    pub max: u32,
    /// Whether the sample after the colours is transparency, which is drawn over white.
    pub alpha: Option<Alpha>,
    /// Byte order of 16-bit samples.
    pub order: ByteOrder,
}

impl SampleLayout {
    /// Bytes of a row of `width` pixels with `samples` samples each; `None` when that is more than memory has.
    pub fn row_bytes(&self, width: u32, samples: usize) -> Option<usize> {
        let bits = (width as usize).checked_mul(samples)?.checked_mul(usize::from(self.bits))?;
        Some(bits.div_ceil(8))
    }

    /// RGB pixels of rows that hold all samples of a pixel together.
    ///
    /// # Errors
    /// [`CodecError`] when there is too little memory.
    pub fn chunky_to_rgb(&self, bytes: Vec<u8>, width: u32, height: u32) -> Result<Vec<u8>, CodecError> {
        if self.bits == 8 && self.samples == 3 && self.color == Color::Rgb && self.max == 255 {
            return Ok(bytes);
        }
        let row_bytes = self.row_bytes(width, self.samples).ok_or(CodecError::Memory)?;
        let mut rgb = Vec::new();
        rgb.try_reserve_exact(width as usize * height as usize * 3).map_err(|_| CodecError::Memory)?;
        let mut values = vec![0_u16; width as usize * self.samples];
        for row in bytes.chunks_exact(row_bytes.max(1)).take(height as usize) {
            self.read_row(row, &mut values);
            for pixel in values.chunks_exact(self.samples.max(1)) {
                rgb.extend(self.rgb(pixel));
            }
        }
        Ok(rgb)
    }

    /// RGB pixels of one plane of rows for every sample; planes beyond the colours need not be given.
    ///
    /// # Errors
    /// As [`SampleLayout::chunky_to_rgb`].
    pub fn planes_to_rgb(&self, planes: &[Vec<u8>], width: u32, height: u32) -> Result<Vec<u8>, CodecError> {
        let row_bytes = self.row_bytes(width, 1).ok_or(CodecError::Memory)?;
        let mut rgb = Vec::new();
        rgb.try_reserve_exact(width as usize * height as usize * 3).map_err(|_| CodecError::Memory)?;
        let mut rows = vec![vec![0_u16; width as usize]; planes.len()];
        let mut pixel = vec![0_u16; planes.len()];
        for y in 0..height as usize {
            for (plane, row) in planes.iter().zip(&mut rows) {
                let bytes = plane.get(y * row_bytes..(y + 1) * row_bytes).ok_or(CodecError::CutOff)?;
                self.read_row(bytes, row);
            }
            for x in 0..width as usize {
                for (value, row) in pixel.iter_mut().zip(&rows) {
                    *value = row[x];
                }
                rgb.extend(self.rgb(&pixel));
            }
        }
        Ok(rgb)
    }

    /// The largest of the first `colors` 16-bit samples of pixels of `samples` each.
    pub fn brightest(&self, bytes: &[u8], samples: usize, colors: usize) -> Option<u16> {
        let of_pixel = |pixel: &[u8]| pixel.chunks_exact(2).take(colors).map(|v| self.wide(v)).max();
        bytes.chunks_exact((samples * 2).max(2)).filter_map(of_pixel).max()
    }

    fn wide(&self, raw: &[u8]) -> u16 {
        let raw = raw.first_chunk::<2>().copied().unwrap_or_default();
        match self.order {
            ByteOrder::Little => u16::from_le_bytes(raw),
            ByteOrder::Big => u16::from_be_bytes(raw),
        }
    }

    fn read_row(&self, bytes: &[u8], values: &mut [u16]) {
        match self.bits {
            8 => values.iter_mut().zip(bytes).for_each(|(v, &b)| *v = u16::from(b)),
            16 => {
                values.iter_mut().zip(bytes.chunks_exact(2)).for_each(|(v, raw)| *v = self.wide(raw));
            }
            bits => {
                let (mut held, mut count, mut bytes) = (0_u32, 0, bytes.iter());
                for value in values {
                    while count < u32::from(bits) {
                        held = (held << 8) | u32::from(bytes.next().copied().unwrap_or(0));
                        count += 8;
                    }
                    count -= u32::from(bits);
                    *value = ((held >> count) & ((1 << bits) - 1)) as u16;
                    held &= (1 << count) - 1;
                }
            }
        }
    }

    /// 8 bits of a value whose full intensity is `max`.
    fn scaled(&self, value: u16) -> u8 {
        if self.max == 255 {
            return value.min(255) as u8;
        }
        let max = self.max.max(1);
        ((u32::from(value).min(max) * 255 + max / 2) / max) as u8
    }

    fn rgb(&self, pixel: &[u16]) -> [u8; 3] {
        let at = |i: usize| pixel.get(i).map_or(0, |&v| self.scaled(v));
        let color = match &self.color {
            Color::Grey { min_is_white: false } => [at(0); 3],
            Color::Grey { min_is_white: true } => [255 - at(0); 3],
            Color::Rgb => [at(0), at(1), at(2)],
            Color::YCbCr => ycbcr::to_rgb(at(0), at(1), at(2)),
            Color::Palette(colors) => {
                let index = pixel.first().map_or(0, |&v| usize::from(v));
                colors.get(index).copied().unwrap_or_default()
            }
            Color::Cmyk => [0, 1, 2].map(|i| (u32::from(255 - at(i)) * u32::from(255 - at(3)) / 255) as u8),
        };
        let Some(alpha) = self.alpha else { return color };
        let opacity = u32::from(at(self.color.samples()));
        color.map(|value| match alpha {
            Alpha::Associated => (u32::from(value) + 255 - opacity).min(255) as u8,
            Alpha::Unassociated => ((u32::from(value) * opacity + 255 * (255 - opacity) + 127) / 255) as u8,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bits: u8, samples: usize, color: Color) -> SampleLayout {
        let max = (1 << bits) - 1;
        SampleLayout { bits, samples, color, max, alpha: None, order: ByteOrder::Little }
    }

    #[test]
    fn every_depth_becomes_8_bits() {
        let grey = Color::Grey { min_is_white: false };
        let one = layout(1, 1, grey.clone()).chunky_to_rgb(vec![0b1010_0000, 0xFF], 3, 1).unwrap();
        assert_eq!(one, [255, 255, 255, 0, 0, 0, 255, 255, 255]);
        let white = layout(1, 1, Color::Grey { min_is_white: true }).chunky_to_rgb(vec![0x80], 2, 1).unwrap();
        assert_eq!(white, [0, 0, 0, 255, 255, 255]);
        let four = layout(4, 1, grey.clone()).chunky_to_rgb(vec![0xF0, 0x80], 3, 1).unwrap();
        assert_eq!(four[..9], [255, 255, 255, 0, 0, 0, 136, 136, 136]);
        let twelve = layout(12, 1, grey.clone()).chunky_to_rgb(vec![0xFF, 0xF8, 0x00], 2, 1).unwrap();
        assert_eq!(twelve, [255, 255, 255, 128, 128, 128]);
        let mut wide = layout(16, 3, Color::Rgb);
        let bytes: Vec<u8> = [65535_u16, 257, 128].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(wide.chunky_to_rgb(bytes, 1, 1).unwrap(), [255, 1, 0]);
        wide.max = 4095;
        let bytes: Vec<u8> = [4095_u16, 2048, 9000].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(wide.chunky_to_rgb(bytes, 1, 1).unwrap(), [255, 128, 255]);
    }

    #[test]
    fn every_colour_becomes_rgb() {
        assert_eq!(layout(8, 4, Color::Rgb).chunky_to_rgb(vec![1, 2, 3, 9], 1, 1).unwrap(), [1, 2, 3]);
        assert_eq!(
            layout(8, 4, Color::Cmyk).chunky_to_rgb(vec![0, 255, 51, 0], 1, 1).unwrap(),
            [255, 0, 204]
        );
        let palette = layout(8, 1, Color::Palette(vec![[1, 2, 3], [4, 5, 6]]));
        assert_eq!(palette.chunky_to_rgb(vec![1, 200], 2, 1).unwrap(), [4, 5, 6, 0, 0, 0]);
        let mut clear = layout(8, 4, Color::Rgb);
        clear.alpha = Some(Alpha::Unassociated);
        assert_eq!(
            clear.chunky_to_rgb(vec![0, 100, 200, 0, 0, 100, 200, 255], 2, 1).unwrap(),
            [255, 255, 255, 0, 100, 200]
        );
        let planes = [vec![1, 2], vec![3, 4], vec![5, 6]];
        assert_eq!(layout(8, 3, Color::Rgb).planes_to_rgb(&planes, 2, 1).unwrap(), [1, 3, 5, 2, 4, 6]);
    }
}
