//! AnnData files: counts, positions and labels in one.

use std::path::Path;

use super::{Measured, Scale, entered};
use crate::core::cancel::CancelToken;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::progress::Progress;
use crate::core::text::counted;
use crate::data::anndata::{self, AnnData, MatrixChoice, ReadOptions};
use crate::data::genes::make_unique;
use crate::data::project::SectionEntry;
use crate::data::section::{MppSource, SpotGeometry, ValueKind};
use crate::data::st::ReadError;
use crate::data::st::names::{bare_barcode, file_name, grid_of_id, is_bases};
use crate::data::st::pitch::{self, Lattice};
use crate::data::st::source::SampleKind;
use crate::data::st::spots::SpotRow;

/// Distances of neighbouring spots in HEST: Visium and pooled Xenium, pooled Visium HD, two generations of legacy ST.
const HEST_PITCHES_UM: [f64; 4] = [100.0, 128.0, 150.0, 200.0];

/// What a layer is called that stands for `raw/X`.
const RAW: &str = "raw";

pub(super) fn read(
    entry: &SectionEntry,
    file: &Path,
    library: Option<&str>,
    layer: Option<&str>,
    said: Option<Mpp>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Measured, ReadError> {
    let options = ReadOptions {
        matrix: match layer {
            None => MatrixChoice::X,
            Some(RAW) => MatrixChoice::Raw,
            Some(name) => MatrixChoice::Layer(name.to_owned()),
        },
        labels: entry.label_column.clone(),
        library: library.map(str::to_owned),
    };
    let mut data = anndata::read(file, &options, progress, cancel)?;
    if data.table.spots.is_empty() {
        return Err(ReadError::malformed(file, "there is no spot in it"));
    }
    let repeated = make_unique(data.table.spots.iter_mut().collect());
    if repeated > 0 {
        progress.note(&format!(
            "{}: {} of {} had the name of another and got a number",
            entry.name,
            counted(repeated, "spot"),
            file_name(file)
        ));
    }
    drop_controls(entry, file, &mut data, progress)?;
    if entry.kind == SampleKind::Hest {
        // HEST holds the spots on tissue alone, and its column in_tissue is 0 for some of them.
        data.in_tissue = None;
    }
    let spots = spots(file, &data)?;
    if data.values == ValueKind::Normalised {
        progress.note(&format!(
            "{}: {} of {} are not counts (they are negative or fractional); they are treated as already normalised",
            entry.name,
            layer.map_or_else(|| "the values".to_owned(), |l| format!("the values of layer {l}")),
            file_name(file)
        ));
    }
    let scale = match entered(entry)? {
        Some(mpp) => {
            let full = Mpp(mpp.0 * entry.image_scale.unwrap_or(1.0));
            let by_spots = by_spots(entry.kind, &spots, full);
            Scale { mpp: full, source: MppSource::User, by_spots, geometry: geometry(&spots, Some(full)) }
        }
        None => scale(entry, file, &spots, said, progress)?,
    };
    let positions = file.to_path_buf();
    Ok(Measured { table: data.table, values: data.values, spots, labels: data.labels, positions, scale })
}

/// What probes of Xenium, CosMx and MERSCOPE are called that count noise instead of a gene.
const CONTROLS: [&str; 9] = [
    "NegControlProbe",
    "NegControlCodeword",
    "NegPrb",
    "UnassignedCodeword",
    "DeprecatedCodeword",
    "BLANK_",
    "Blank-",
    "antisense_",
    "Intergenic_Region",
];

/// Leaves out control probes, which are no genes.
fn drop_controls(
    entry: &SectionEntry,
    file: &Path,
    data: &mut AnnData,
    progress: &dyn Progress,
) -> Result<(), ReadError> {
    let is_gene = |name: &str| !CONTROLS.iter().any(|control| name.starts_with(control));
    let keep: Vec<bool> = data.table.genes.iter().map(|g| is_gene(&g.name)).collect();
    let controls = keep.iter().filter(|&&k| !k).count();
    if controls == 0 {
        return Ok(());
    }
    if controls == keep.len() {
        return Err(ReadError::malformed(
            file,
            "all of its genes are control probes; there is nothing to predict",
        ));
    }
    data.table.counts.keep_cols(&keep);
    data.table.genes.retain(|g| is_gene(&g.name));
    let were = if controls == 1 { "was" } else { "were" };
    progress.note(&format!("{}: {} {were} left out", entry.name, counted(controls, "control probe")));
    Ok(())
}

/// The spots that have a position.
fn spots(file: &Path, data: &AnnData) -> Result<Vec<SpotRow>, ReadError> {
    let positions = data.require_positions(file)?;
    let on_tissue = |row: usize| data.in_tissue.as_ref().is_none_or(|t| t.get(row).copied().unwrap_or(true));
    let of_array = |row: usize| {
        let [r, c] = *data.array.as_ref()?.get(row)?;
        (r >= 0 && c >= 0).then_some([c, r])
    };
    let row = |(row, (id, &[x, y])): (usize, (&String, &[f64; 2]))| {
        (x.is_finite() && y.is_finite()).then(|| SpotRow {
            id: id.clone(),
            grid: of_array(row).or_else(|| grid_of_id(id)),
            center: SlidePoint::new(x, y),
            selected: on_tissue(row),
            line: row as u64 + 1,
        })
    };
    let spots: Vec<SpotRow> = data.table.spots.iter().zip(positions).enumerate().filter_map(row).collect();
    if spots.is_empty() && !positions.is_empty() {
        let n = counted(positions.len(), "spot");
        return Err(ReadError::malformed(
            file,
            format!("none of the {n} has a position; put their pixels into obsm[\"spatial\"]"),
        ));
    }
    Ok(spots)
}

/// The resolution that metadata give, or else the one at which spots are as far apart as their assay prints them.
fn scale(
    entry: &SectionEntry,
    file: &Path,
    spots: &[SpotRow],
    said: Option<Mpp>,
    progress: &dyn Progress,
) -> Result<Scale, ReadError> {
    if let Some(mpp) = entry.slide_mpp {
        let geometry = geometry(spots, Some(Mpp(mpp)));
        let is_known = |um: f64| (geometry.pitch_um / um - 1.0).abs() < 0.15;
        if entry.kind == SampleKind::Hest && !HEST_PITCHES_UM.into_iter().any(is_known) {
            progress.note(&format!(
                "{}: at the {mpp:.3} µm per pixel of its metadata neighbouring spots are {:.0} µm apart, which no \
                 assay of HEST has; check the resolution",
                entry.name, geometry.pitch_um
            ));
        }
        let by_spots = by_spots(entry.kind, spots, Mpp(mpp));
        return Ok(Scale { mpp: Mpp(mpp), source: MppSource::File, by_spots, geometry });
    }
    let geometry = geometry(spots, None);
    let (pitch, mpp) =
        pitch::resolution(file, Lattice::Square, &without_array(spots), geometry.pitch_um, said)?;
    if pitch.is_none() {
        return Ok(Scale { mpp, source: MppSource::File, by_spots: None, geometry });
    }
    progress.note(&format!(
        "{}: the file does not say how large its pixels are; spots were taken to be {:.0} µm apart",
        entry.name, geometry.pitch_um
    ));
    Ok(Scale { mpp, source: MppSource::SpotPitch, by_spots: None, geometry })
}

/// The spots without their places on the array, which files count in their own ways: then the distance to the nearest
/// spot is the pitch, on any lattice.
fn without_array(spots: &[SpotRow]) -> Vec<SpotRow> {
    spots.iter().map(|s| SpotRow { grid: None, ..s.clone() }).collect()
}

fn pitch_px(spots: &[SpotRow]) -> Option<f64> {
    pitch::measure(&without_array(spots)).map(|p| p.px())
}

/// The resolution by the distance between the spots, which have `mpp` so far; `None` where it is not known of which assay
/// they are. HEST pools the spots of several, so the nearest of its distances is the one meant.
fn by_spots(kind: SampleKind, spots: &[SpotRow], mpp: Mpp) -> Option<Mpp> {
    /// Farther off it is no distance of HEST at all, which is said where the section is read.
    const NEAR: f64 = 0.15;
    if kind == SampleKind::Hest {
        let px = pitch_px(spots)?;
        let off = |um: &f64| (px * mpp.0 / um - 1.0).abs();
        let nearest = HEST_PITCHES_UM.into_iter().min_by(|a, b| off(a).total_cmp(&off(b)))?;
        return (off(&nearest) < NEAR).then_some(Mpp(nearest / px));
    }
    let most = |count: usize| count * 2 > spots.len();
    let pitch_um = if most(spots.iter().filter(|s| grid_of_id(&s.id).is_some()).count()) {
        SpotGeometry::LEGACY_ST.pitch_um
    } else if most(spots.iter().filter(|s| is_bases(bare_barcode(&s.id))).count()) {
        SpotGeometry::VISIUM.pitch_um
    } else {
        return None;
    };
    // Spots under tissue alone may be few; those around them lie on the same lattice.
    pitch_px(spots).map(|px| Mpp(pitch_um / px))
}

/// What the spots are: legacy ST by their identifiers; with a resolution, what lies that far apart; else Visium.
fn geometry(spots: &[SpotRow], mpp: Option<Mpp>) -> SpotGeometry {
    let named = spots.iter().filter(|s| grid_of_id(&s.id).is_some()).count();
    let assumed = if named * 2 > spots.len() { SpotGeometry::LEGACY_ST } else { SpotGeometry::VISIUM };
    let Some((mpp, px)) = mpp.zip(pitch_px(spots)) else { return assumed };
    let pitch_um = px * mpp.0;
    let near = |g: SpotGeometry| (pitch_um / g.pitch_um - 1.0).abs() < 0.15;
    // Bins without gaps, when nothing else fits.
    let bins = SpotGeometry { pitch_um, diameter_um: pitch_um };
    [SpotGeometry::VISIUM, SpotGeometry::LEGACY_ST].into_iter().find(|&g| near(g)).unwrap_or(bins)
}
