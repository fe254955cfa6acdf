//! Places that cover the tissue of a slide evenly, to be predicted at where there are no spots, or more finely than the
//! spots.

use super::tissue_mask::TissueMask;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::places::{GridLattice, GridSettings};
use crate::core::text::thousands;
use crate::data::section::Spot;

/// The least distance between neighbouring places, in micrometres.
pub const MIN_PITCH_UM: f64 = 20.0;
/// The largest, in micrometres: whoever enters more has mistaken the unit.
pub const MAX_PITCH_UM: f64 = 10_000.0;
/// The most places of a slide: as many as the bins of a Visium HD section.
pub const MAX_PLACES: usize = 500_000;
/// Side of the patch around a place, in micrometres: that of the finest field that encoders see.
const PATCH_UM: f64 = 112.0;
/// The share of that patch that is tissue, at least.
const MIN_TISSUE: f64 = 0.5;

/// A grid cannot be laid. Its text is one sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GridError {
    /// A distance that no grid has.
    #[error(
        "A grid of {0} \u{00B5}m is not possible: choose {MIN_PITCH_UM} to {MAX_PITCH_UM} \u{00B5}m between places"
    )]
    Pitch(f64),
    /// There would be too many places.
    #[error(
        "A grid of {pitch_um} \u{00B5}m has about {} places on this tissue, and at most {} are possible: choose \
         {needed_um} \u{00B5}m or more",
        thousands(*places), thousands(MAX_PLACES)
    )]
    TooMany {
        /// The distance asked for.
        pitch_um: f64,
        /// How many places there would be.
        places: usize,
        /// The distance that is needed, in micrometres.
        needed_um: f64,
    },
    /// There is nothing to predict on.
    #[error("No tissue was found on it")]
    NoTissue,
}

/// # Errors
/// [`GridError::Pitch`].
pub fn check(grid: &GridSettings) -> Result<(), GridError> {
    if (MIN_PITCH_UM..=MAX_PITCH_UM).contains(&grid.pitch_um) {
        Ok(())
    } else {
        Err(GridError::Pitch(grid.pitch_um))
    }
}

/// Checks that a grid is possible on tissue of this area.
///
/// # Errors
/// [`GridError::Pitch`] and [`GridError::TooMany`].
pub fn check_on(grid: &GridSettings, area_mm2: f64) -> Result<(), GridError> {
    check(grid)?;
    let area_um2 = area_mm2 * 1e6;
    let expected = area_um2 / (grid.pitch_um * grid.pitch_um * row_distance(grid.lattice));
    if expected > MAX_PLACES as f64 { Err(too_many(grid, expected, area_um2)) } else { Ok(()) }
}

/// Distance between rows, in units of the pitch.
fn row_distance(lattice: GridLattice) -> f64 {
    match lattice {
        GridLattice::Hexagonal => 3f64.sqrt() / 2.0,
        GridLattice::Square => 1.0,
    }
}

/// The error of about `places` places on `area_um2`.
fn too_many(grid: &GridSettings, places: f64, area_um2: f64) -> GridError {
    let least = (area_um2 / (row_distance(grid.lattice) * MAX_PLACES as f64)).sqrt();
    // A little more than the area asks for, as places along the edge count too; and rounded so that it can be typed.
    let needed_um = (least.max(grid.pitch_um) * 1.05 / 5.0).ceil() * 5.0;
    GridError::TooMany { pitch_um: grid.pitch_um, places: places as usize, needed_um }
}

/// The places of a grid on the tissue of a slide of `mpp`: those at least half of whose patch is tissue,
/// row by row. They are called by column and row, "10x21", counted from the top left corner of the slide, so that
/// a place keeps its name when tissue is added or removed.
///
/// # Errors
/// [`GridError`].
pub fn places(grid: &GridSettings, mask: &TissueMask, mpp: Mpp) -> Result<Vec<Spot>, GridError> {
    check(grid)?;
    let bounds = mask.bounds().ok_or(GridError::NoTissue)?;
    check_on(grid, mask.area_mm2())?;
    let (step, patch) = (mpp.px(grid.pitch_um), mpp.px(PATCH_UM));
    let row_step = step * row_distance(grid.lattice);
    let first = |from: f64, step: f64| ((from - patch) / step - 1.0).floor().max(0.0) as u64;
    let last = |to: f64, step: f64| ((to + patch) / step).ceil().max(0.0) as u64;
    let shares = mask.shares();
    let mut places = Vec::new();
    for row in first(bounds.min.y, row_step)..=last(bounds.max.y, row_step) {
        let is_shifted = grid.lattice == GridLattice::Hexagonal && row % 2 == 1;
        let shift = if is_shifted { 1.0 } else { 0.5 };
        let y = (row as f64 + 0.5) * row_step;
        for column in first(bounds.min.x, step)..=last(bounds.max.x, step) {
            let center = SlidePoint::new((column as f64 + shift) * step, y);
            if shares.in_square(center, patch) >= MIN_TISSUE {
                places.push(Spot { id: format!("{column}x{row}"), center });
            }
        }
        if places.len() > MAX_PLACES {
            return Err(too_many(grid, places.len() as f64, mask.area_mm2() * 1e6));
        }
    }
    if places.is_empty() { Err(GridError::NoTissue) } else { Ok(places) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::places::TissueSettings;
    use crate::data::slide::RgbImage;

    /// 4 x 4 mm of slide at 0.5 micrometres per pixel, with a square of tissue of 2 x 2 mm in its middle.
    fn mask() -> TissueMask {
        let inside = |v: u32| (125..375).contains(&v);
        let color = |x: u32, y: u32| if inside(x) && inside(y) { [190, 130, 185] } else { [240, 236, 241] };
        let rgb = (0..500).flat_map(|y| (0..500).flat_map(move |x| color(x, y))).collect();
        let overview = RgbImage { width: 500, height: 500, rgb };
        TissueMask::find(&overview, (8_000, 8_000), Mpp(0.5), &TissueSettings::default())
    }

    fn lay(pitch_um: f64, lattice: GridLattice) -> Result<Vec<Spot>, GridError> {
        places(&GridSettings { pitch_um, lattice }, &mask(), Mpp(0.5))
    }

    #[test]
    fn places_cover_the_tissue_evenly() {
        let square = lay(100.0, GridLattice::Square).unwrap();
        assert_eq!(square.len(), 400);
        assert_eq!((square[0].id.as_str(), square[0].center), ("10x10", SlidePoint::new(2100.0, 2100.0)));
        let hexagonal = lay(100.0, GridLattice::Hexagonal).unwrap();
        let expected = 400.0 / (3f64.sqrt() / 2.0);
        assert!((hexagonal.len() as f64 / expected - 1.0).abs() < 0.05, "{}", hexagonal.len());
        for place in &hexagonal {
            let nearest = hexagonal.iter().filter(|p| p.id != place.id);
            let nearest = nearest.map(|p| p.center.distance(place.center)).fold(f64::MAX, f64::min);
            assert!((nearest - 200.0).abs() < 1e-6, "{} is {nearest} px from the next", place.id);
            // Half of its patch is on tissue.
            assert!(
                (1_990.0..6_010.0).contains(&place.center.x) && (1_990.0..6_010.0).contains(&place.center.y)
            );
        }
        let fine = lay(20.0, GridLattice::Square).unwrap();
        assert!((fine.len() as f64 / 10_000.0 - 1.0).abs() < 0.05, "{}", fine.len());
    }

    #[test]
    fn what_cannot_be_laid_is_said() {
        for pitch in [19.0, 0.0, -5.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(lay(pitch, GridLattice::Square), Err(GridError::Pitch(_))), "{pitch}");
        }
        let huge = Mpp(50.0);
        let image = RgbImage { width: 100, height: 100, rgb: [190, 130, 185].repeat(10_000) };
        let settings = TissueSettings { threshold: Some(0.0), ..TissueSettings::default() };
        let mask = TissueMask::find(&image, (4_000, 4_000), huge, &settings);
        let grid = |pitch_um| GridSettings { pitch_um, lattice: GridLattice::Hexagonal };
        let said = places(&grid(100.0), &mask, huge).unwrap_err();
        let GridError::TooMany { needed_um, .. } = said else { panic!("{said}") };
        assert!(
            said.to_string().contains("places on this tissue, and at most 500,000 are possible"),
            "{said}"
        );
        let enough = places(&grid(needed_um), &mask, huge).unwrap();
        assert!(enough.len() > 400_000, "{}", enough.len());
        let nothing = RgbImage { rgb: vec![240; 30_000], ..image };
        let mask = TissueMask::find(&nothing, (4_000, 4_000), huge, &TissueSettings::default());
        assert_eq!(places(&grid(100.0), &mask, huge), Err(GridError::NoTissue));
    }
}
