//! Micrometres per pixel from TIFF's resolution tags.

use crate::data::slide::tiff::{Directory, TiffFile, tags};

/// What a scanner may have. Coarser values are those of a printer or screen (72, 96, 300 dpi).
const SCANNED: std::ops::RangeInclusive<f64> = 0.02..=20.0;

/// Micrometres of a unit of length that ImageJ names.
fn image_j_unit(description: &str) -> Option<f64> {
    let rest = description.strip_prefix("ImageJ=")?;
    let unit = rest.lines().find_map(|line| line.trim().strip_prefix("unit="))?;
    match unit.trim() {
        "micron" | "microns" | "um" | "µm" | "μm" | "\\u00B5m" => Some(1.0),
        "nm" => Some(1e-3),
        "mm" => Some(1e3),
        "cm" => Some(1e4),
        "inch" => Some(25_400.0),
        _ => None,
    }
}

/// Micrometres per pixel of `directory`, where its tags say something that a scanner may have.
pub fn mpp(file: &TiffFile, directory: &Directory) -> Option<f64> {
    let unit = match directory.number_or(file, tags::RESOLUTION_UNIT, 2).ok()? {
        2 => 25_400.0,
        3 => 10_000.0,
        // ImageJ says elsewhere in what it counts.
        _ => image_j_unit(&directory.text(file, tags::IMAGE_DESCRIPTION))?,
    };
    let x = unit / directory.real(file, tags::X_RESOLUTION)?;
    let y = directory.real(file, tags::Y_RESOLUTION).map_or(x, |y| unit / y);
    let mpp = f64::midpoint(x, y);
    (SCANNED.contains(&x) && SCANNED.contains(&y) && (x / y - 1.0).abs() < 0.1).then_some(mpp)
}
