//! What a directory says of its samples.

use crate::data::slide::codec::jpeg::JpegColor;
use crate::data::slide::codec::{Alpha, Color, Compression, SampleLayout};
use crate::data::slide::tiff::{Directory, Problem, TiffError, TiffFile, tags};

/// How samples lie and what they mean.
pub(super) fn read(
    file: &TiffFile,
    directory: &Directory,
    compression: Compression,
) -> Result<(SampleLayout, JpegColor), TiffError> {
    let error = |tag, problem| TiffError::tag(file.path(), directory.index(), tag, problem);
    let unsupported = |tag, says: String| error(tag, Problem::Unsupported(says));
    let samples = directory.number_or(file, tags::SAMPLES_PER_PIXEL, 1)?;
    let depths = directory.numbers(file, tags::BITS_PER_SAMPLE)?;
    let bits = depths.first().copied().unwrap_or(1);
    if depths.iter().any(|&d| d != bits) {
        return Err(unsupported(
            tags::BITS_PER_SAMPLE,
            "samples of different depths cannot be read".to_owned(),
        ));
    }
    if !(1..=16).contains(&bits) {
        let says = format!("samples of {bits} bits cannot be read; save the image in 8-bit RGB");
        return Err(unsupported(tags::BITS_PER_SAMPLE, says));
    }
    if directory.numbers(file, tags::SAMPLE_FORMAT)?.iter().any(|f| !matches!(f, 1 | 4)) {
        let says = "signed or real numbers cannot be read; save the image in 8-bit RGB".to_owned();
        return Err(unsupported(tags::SAMPLE_FORMAT, says));
    }
    let photometric = directory.number_or(file, tags::PHOTOMETRIC, if samples >= 3 { 2 } else { 1 })?;
    let (color, jpeg_color) = match photometric {
        // Some writers say "grey" of three samples.
        0 | 1 if samples < 3 => {
            let min_is_white = photometric == 0;
            (Color::Grey { min_is_white }, JpegColor::Grey { min_is_white })
        }
        0..=2 => (Color::Rgb, JpegColor::Rgb),
        3 => (palette(file, directory, bits)?, JpegColor::Grey { min_is_white: false }),
        5 => (Color::Cmyk, JpegColor::Cmyk),
        6 => (Color::YCbCr, JpegColor::YCbCr),
        8..=10 => {
            return Err(unsupported(
                tags::PHOTOMETRIC,
                "CIE L*a*b* colours cannot be read; save the image in RGB".to_owned(),
            ));
        }
        other => {
            return Err(unsupported(
                tags::PHOTOMETRIC,
                format!("colours of kind {other} cannot be read; save the image in RGB"),
            ));
        }
    };
    if !(color.samples() as u64..=64).contains(&samples) {
        return Err(error(tags::SAMPLES_PER_PIXEL, Problem::Value(samples)));
    }
    if color == Color::YCbCr && !compression.is_image() {
        let subsampling = directory.numbers(file, tags::YCBCR_SUBSAMPLING)?;
        if subsampling != [1, 1] {
            let says = "subsampled colours without JPEG cannot be read; save the image in RGB".to_owned();
            return Err(unsupported(tags::YCBCR_SUBSAMPLING, says));
        }
    }
    let full = (1_u32 << bits) - 1;
    let said = match directory.number(file, tags::S_MAX_SAMPLE_VALUE) {
        Ok(Some(max)) => Some(max),
        _ => directory.number(file, tags::MAX_SAMPLE_VALUE).ok().flatten(),
    };
    // Only depths that exceed a byte are used in part; a maximum that is not one less than a power of two is the
    // brightest pixel of this image rather than the scale's end.
    let scale_end = said.and_then(|v| u32::try_from(v).ok());
    let max =
        scale_end.filter(|&v| bits > 8 && v >= 255 && v < full && (v + 1).is_power_of_two()).unwrap_or(full);
    let extra = directory.number(file, tags::EXTRA_SAMPLES)?;
    let alpha = match extra.filter(|_| samples > color.samples() as u64) {
        Some(1) => Some(Alpha::Associated),
        Some(2) => Some(Alpha::Unassociated),
        _ => None,
    };
    let (bits, samples) = (bits as u8, samples as usize);
    Ok((SampleLayout { bits, samples, color, max, alpha, order: file.order() }, jpeg_color))
}

/// The colours of a palette: all reds, then greens, then blues, in 16 bits.
fn palette(file: &TiffFile, directory: &Directory, bits: u64) -> Result<Color, TiffError> {
    let values = directory.numbers(file, tags::COLOR_MAP)?;
    let count = 1_usize << bits;
    if values.len() < 3 * count {
        let problem = Problem::Count { found: values.len() as u64, wanted: 3 * count as u64 };
        return Err(TiffError::tag(file.path(), directory.index(), tags::COLOR_MAP, problem));
    }
    // Some writers leave values in 8 bits.
    let is_short = values.iter().all(|&v| v < 256);
    let value = |v: u64| if is_short { v as u8 } else { ((v + 128) / 257).min(255) as u8 };
    let color = |i: usize| [0, 1, 2].map(|c| values.get(c * count + i).map_or(0, |&v| value(v)));
    Ok(Color::Palette((0..count).map(color).collect()))
}
