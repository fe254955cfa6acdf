//! The resolution of a slide from two points on it whose distance is known, such as the ends of a scale bar.

use std::path::PathBuf;

use crate::core::geometry::{Mpp, SlidePoint};

/// Whose resolution is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeasuredOn {
    /// That of a row of the import summary.
    Sample(usize),
    /// That of a section of the project.
    Section(String),
}

/// The slide that is measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureRequest {
    /// Whose resolution it is.
    pub of: MeasuredOn,
    /// What it is called.
    pub name: String,
    /// The slide image.
    pub slide: PathBuf,
}

/// Why two points and what was typed give no resolution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MeasureError {
    /// Not both points are placed.
    #[error("Click the two ends of a distance that you know, such as a scale bar.")]
    NoPoints,
    /// Nothing was typed.
    #[error("Enter the distance between the two points.")]
    NoDistance,
    /// It is no length.
    #[error("\"{0}\" is not a length: enter a number in µm, such as 500, or with its unit, such as 1 mm.")]
    NotALength(String),
    /// The points coincide.
    #[error("The two points are in the same place. Move one of them.")]
    SamePlace,
    /// No scan has such a resolution.
    #[error("That would be {:.3} µm per pixel, which is not plausible. Check the distance and its unit.", .0)]
    Implausible(f64),
}

/// A length in micrometres, as it is typed: "500", "500 µm", "1,5 mm", "1 cm".
///
/// # Errors
/// [`MeasureError::NoDistance`] of a blank text, [`MeasureError::NotALength`] of what is no positive length.
pub fn length_um(typed: &str) -> Result<f64, MeasureError> {
    let text = typed.trim().to_lowercase().replace(',', ".");
    if text.is_empty() {
        return Err(MeasureError::NoDistance);
    }
    // Both signs for micro are in use.
    let units = [("mm", 1e3), ("cm", 1e4), ("um", 1.0), ("\u{00B5}m", 1.0), ("\u{03BC}m", 1.0)];
    let with_unit = units.into_iter().find_map(|(unit, um)| Some((text.strip_suffix(unit)?, um)));
    let (number, um) = with_unit.unwrap_or((text.as_str(), 1.0));
    let length = number.trim().parse::<f64>().ok().map(|n| n * um).filter(|um| um.is_finite() && *um > 0.0);
    length.ok_or_else(|| MeasureError::NotALength(typed.trim().to_owned()))
}

/// The resolution of a slide on which `points` lie `typed` apart.
///
/// # Errors
/// [`MeasureError`].
pub fn measure(points: &[SlidePoint], typed: &str) -> Result<Mpp, MeasureError> {
    let [from, to] = points else { return Err(MeasureError::NoPoints) };
    let px = from.distance(*to);
    if px < 1.0 {
        return Err(MeasureError::SamePlace);
    }
    let mpp = length_um(typed)? / px;
    match Mpp::PLAUSIBLE.contains(&mpp) {
        true => Ok(Mpp(mpp)),
        false => Err(MeasureError::Implausible(mpp)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_users_write_them() {
        for (typed, um) in
            [("500", 500.0), (" 0,5 mm ", 500.0), ("1cm", 10_000.0), ("20 \u{00B5}m", 20.0), ("7um", 7.0)]
        {
            assert_eq!(length_um(typed), Ok(um), "{typed}");
        }
        assert_eq!(length_um("  "), Err(MeasureError::NoDistance));
        for typed in ["long", "-5", "0", "inf", "1 inch", "mm"] {
            assert_eq!(length_um(typed), Err(MeasureError::NotALength(typed.to_owned())), "{typed}");
        }
    }

    #[test]
    fn two_points_and_their_distance_give_the_resolution() {
        let at = SlidePoint::new;
        let points = [at(100.0, 100.0), at(700.0, 900.0)];
        assert_eq!(measure(&points, "0.5 mm"), Ok(Mpp(0.5)));
        assert_eq!(measure(&points[..1], "500"), Err(MeasureError::NoPoints));
        assert_eq!(measure(&points, ""), Err(MeasureError::NoDistance));
        assert_eq!(measure(&[points[0]; 2], "500"), Err(MeasureError::SamePlace));
        assert_eq!(measure(&points, "500 mm"), Err(MeasureError::Implausible(500.0)));
    }
}
