//! The resolution of the full-resolution slide of a Visium or Visium HD sample.

use std::path::Path;

use super::super::names::file_name;
use super::super::pitch::{self, Pitch};
use super::super::spots::SpotRow;
use super::ScaleFactors;
use crate::core::files::FileError;
use crate::core::geometry::Mpp;
use crate::data::section::{MppSource, SpotGeometry};

pub use super::super::pitch::Lattice;

/// Diameters that Space Ranger's `spot_diameter_fullres` may stand for: it means spots of 65 um; other tools
/// write it for the 55 um that are printed.
const VISIUM_DIAMETERS_UM: [f64; 2] = [65.0, 55.0];
/// Two measurements that differ by more contradict each other.
const TOLERANCE: f64 = 0.1;

/// The resolution of the full-resolution slide, and how far to trust it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// Micrometres per pixel of the full-resolution slide.
    pub mpp: Mpp,
    /// Where it comes from.
    pub source: MppSource,
    /// Size and pitch of the spots.
    pub geometry: SpotGeometry,
    /// A contradiction in the data that the user should know, in one sentence.
    pub doubt: Option<String>,
}

/// Finds the resolution of the slide that `spots` lie on: what the scale factors say (Visium HD), or else the one
/// at which neighbouring spots are 100 um apart (Visium) or one bin (Visium HD; `bin_um` where the scale factors do
/// not say it), or else `said`, what the slide file says of itself. It is held against the spot diameter of the scale factors; a contradiction is told, not believed.
///
/// # Errors
/// [`FileError`] naming `positions` when there are too few spots to say, or the resolution is one that no scan has.
pub fn resolution(
    positions: &Path,
    spots: &[SpotRow],
    scale_factors: Option<&ScaleFactors>,
    bin_um: Option<f64>,
    said: Option<Mpp>,
) -> Result<Resolution, FileError> {
    let factors = scale_factors.copied().unwrap_or_default();
    let bin_um = factors.bin_size_um.or(bin_um);
    let geometry = match bin_um {
        Some(um) => SpotGeometry { pitch_um: um, diameter_um: um },
        None => SpotGeometry::VISIUM,
    };
    if let Some(mpp) = factors.microns_per_pixel {
        let diameter = factors.spot_diameter_fullres.map(|px| geometry.diameter_um / px);
        let doubt = diameter.filter(|d| bin_um.is_some() && far(*d, mpp)).map(|d| {
            format!(
                "The scale factors of {} contradict themselves: {mpp:.3} µm per pixel, but {d:.3} by the size of a \
                 bin; the first was used",
                file_name(positions)
            )
        });
        return Ok(Resolution { mpp: Mpp(mpp), source: MppSource::File, geometry, doubt });
    }
    let lattice = if bin_um.is_some() { Lattice::Square } else { Lattice::Hexagonal };
    let (pitch, mpp) = pitch::resolution(positions, lattice, spots, geometry.pitch_um, said)?;
    let Some(pitch) = pitch else {
        return Ok(Resolution { mpp, source: MppSource::File, geometry, doubt: None });
    };
    let doubt = factors.spot_diameter_fullres.and_then(|px| doubt(positions, pitch, mpp, px, bin_um));
    Ok(Resolution { mpp, source: MppSource::SpotPitch, geometry, doubt })
}

fn far(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() > TOLERANCE
}

fn doubt(positions: &Path, pitch: Pitch, mpp: Mpp, diameter_px: f64, bin_um: Option<f64>) -> Option<String> {
    let bin;
    let diameters: &[f64] = match bin_um {
        Some(um) => {
            bin = [um];
            &bin
        }
        None => &VISIUM_DIAMETERS_UM,
    };
    let first = diameters.first()? / diameter_px;
    diameters.iter().all(|um| far(um / diameter_px, mpp.0)).then(|| {
        format!(
            "The spots of {} are {:.1} pixels apart ({:.3} µm per pixel), but their diameter of {diameter_px:.1} pixels \
             in the scale factors would mean {first:.3}; the first was used",
            file_name(positions),
            pitch.px(),
            mpp.0
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cancel::CancelToken;
    use crate::core::geometry::SlidePoint;
    use crate::core::progress::Silent;
    use crate::data::st::visium::{read_positions, read_scale_factors};
    use crate::data::testing;

    fn square(pitch: f64) -> Vec<SpotRow> {
        let at = |i: i32| [i % 20, i / 20];
        let spots = (0..200).map(at).map(|[x, y]| SpotRow {
            id: format!("s_008um_{y:05}_{x:05}-1"),
            grid: Some([x, y]),
            center: SlidePoint::new(f64::from(x) * pitch, f64::from(y) * pitch),
            selected: true,
            line: 0,
        });
        spots.collect()
    }

    #[test]
    fn bins_follow_the_file_and_else_the_lattice() {
        let hd = ScaleFactors {
            microns_per_pixel: Some(0.25),
            bin_size_um: Some(8.0),
            spot_diameter_fullres: Some(32.0),
            ..ScaleFactors::default()
        };
        let path = Path::new("p.parquet");
        let found = resolution(path, &square(32.0), Some(&hd), None, None).unwrap();
        assert_eq!((found.mpp, found.source, found.doubt), (Mpp(0.25), MppSource::File, None));
        assert_eq!(found.geometry.pitch_um, 8.0);
        let found = resolution(path, &square(32.0), None, Some(8.0), None).unwrap();
        assert_eq!((found.mpp, found.source), (Mpp(0.25), MppSource::SpotPitch));
        let torn = ScaleFactors { spot_diameter_fullres: Some(8.0), ..hd };
        assert!(resolution(path, &square(32.0), Some(&torn), None, None).unwrap().doubt.is_some());
        let says = resolution(path, &square(0.001), None, Some(8.0), None).unwrap_err().to_string();
        assert!(says.starts_with("p.parquet: neighbouring spots are 0.00 pixels apart"), "{says}");
        assert!(resolution(path, &square(32.0)[..1], None, None, None).is_err());
        let found = resolution(path, &square(32.0)[..1], None, None, Some(Mpp(0.4))).unwrap();
        assert_eq!((found.mpp, found.source), (Mpp(0.4), MppSource::File));
    }

    #[test]
    fn real_samples_have_spots_of_65_um_100_um_apart() {
        let Some(shared) = testing::real_data() else { return };
        for (sample, list, px) in [
            ("visium_scanpy_1.0.0", "tissue_positions_list.csv", 138.0),
            ("visium_scmuscle_Vis5A", "tissue_positions_list.csv", 277.35),
            ("visiumio/10xVisium/section1/outs", "tissue_positions_list.csv", 137.6),
        ] {
            let folder = shared.join("real_data").join(sample).join("spatial");
            let path = folder.join(list);
            let spots = read_positions(&path, &Silent, &CancelToken::new()).unwrap();
            let factors = read_scale_factors(&folder.join("scalefactors_json.json")).unwrap();
            let found = resolution(&path, &spots, Some(&factors), None, None).unwrap();
            assert!((100.0 / found.mpp.0 / px - 1.0).abs() < 0.005, "{sample}: {:?}", 100.0 / found.mpp.0);
            assert_eq!((found.source, found.doubt), (MppSource::SpotPitch, None), "{sample}");
            let wrong = ScaleFactors { spot_diameter_fullres: Some(20.0), ..factors };
            let doubt = resolution(&path, &spots, Some(&wrong), None, None).unwrap().doubt.unwrap();
            assert!(doubt.contains("diameter of 20.0 pixels"), "{doubt}");
        }
    }
}
