//! Visium and Visium HD as Space Ranger writes them: a matrix, positions and scale factors.

use std::path::Path;

use super::{Measured, Scale, entered};
use crate::core::cancel::CancelToken;
use crate::core::geometry::Mpp;
use crate::core::progress::Progress;
use crate::data::project::SectionEntry;
use crate::data::section::{CountTable, MppSource, SpotGeometry, ValueKind};
use crate::data::st::ReadError;
use crate::data::st::names::file_name;
use crate::data::st::pitch::{self, Lattice};
use crate::data::st::source::SampleKind;
use crate::data::st::spots::SpotRow;
use crate::data::st::tenx::{find_mtx, read_h5, read_mtx};
use crate::data::st::visium::{read_positions, read_scale_factors, resolution};

pub(super) fn read(
    entry: &SectionEntry,
    matrix: &Path,
    positions: &Path,
    scale_factors: Option<&Path>,
    said: Option<Mpp>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Measured, ReadError> {
    let factors = scale_factors.map(read_scale_factors).transpose()?;
    let spots = read_positions(positions, progress, cancel)?;
    let bin_um = match entry.kind {
        SampleKind::VisiumHd { bin_um } => Some(f64::from(bin_um)),
        _ => None,
    };
    let scale = match entered(entry)? {
        Some(mpp) => {
            let um = factors.and_then(|f| f.bin_size_um).or(bin_um);
            let geometry =
                um.map_or(SpotGeometry::VISIUM, |um| SpotGeometry { pitch_um: um, diameter_um: um });
            let full = Mpp(mpp.0 * entry.image_scale.unwrap_or(1.0));
            let by_spots = by_spots(&spots, geometry, um.is_some());
            Scale { mpp: full, source: MppSource::User, by_spots, geometry }
        }
        None => {
            let found = resolution(positions, &spots, factors.as_ref(), bin_um, said)?;
            if let Some(doubt) = found.doubt {
                progress.note(&format!("{}: {doubt}", entry.name));
            }
            let bins = factors.and_then(|f| f.bin_size_um).or(bin_um).is_some();
            let by_spots = match found.source {
                MppSource::SpotPitch => None,
                MppSource::File | MppSource::User => by_spots(&spots, found.geometry, bins),
            };
            Scale { mpp: found.mpp, source: found.source, by_spots, geometry: found.geometry }
        }
    };
    let table = read_matrix(entry, matrix, progress, cancel)?;
    let positions = positions.to_path_buf();
    Ok(Measured { table, values: ValueKind::Counts, spots, labels: None, positions, scale })
}

/// The resolution at which the spots are as far apart as their assay prints them.
fn by_spots(spots: &[SpotRow], geometry: SpotGeometry, bins: bool) -> Option<Mpp> {
    let lattice = if bins { Lattice::Square } else { Lattice::Hexagonal };
    pitch::measure_on(lattice, spots).map(|p| p.mpp(geometry.pitch_um))
}

/// The genes of a matrix: an `.h5` file, a folder with one in text, or the `matrix.mtx` among several.
fn read_matrix(
    entry: &SectionEntry,
    path: &Path,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<CountTable, ReadError> {
    let mut matrix = if path.is_dir() {
        read_mtx(&find_mtx(path, None)?, progress, cancel)?
    } else if let Some(prefix) = mtx_prefix(&file_name(path)) {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        read_mtx(&find_mtx(folder, Some(&prefix))?, progress, cancel)?
    } else {
        read_h5(path, progress, cancel)?
    };
    for left_out in matrix.keep_genes() {
        progress.note(&format!("{}: {left_out} were left out; genes are used", entry.name));
    }
    if matrix.table.genes.is_empty() {
        return Err(ReadError::malformed(
            path,
            "the matrix holds no genes (Gene Expression); give the one that counts genes",
        ));
    }
    Ok(matrix.table)
}

/// What stands before "matrix.mtx" in the name of a file.
fn mtx_prefix(name: &str) -> Option<String> {
    let at = name.to_ascii_lowercase().find("matrix.mtx")?;
    name.get(..at).map(str::to_owned)
}
