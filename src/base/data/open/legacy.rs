//! Legacy ST: a count table and a spot file.

use std::path::Path;

use super::{Measured, Scale, entered};
use crate::core::cancel::CancelToken;
use crate::core::geometry::Mpp;
use crate::core::progress::Progress;
use crate::data::project::SectionEntry;
use crate::data::section::{MppSource, SpotGeometry, ValueKind};
use crate::data::st::ReadError;
use crate::data::st::counts::read_counts;
use crate::data::st::pitch::{self, Lattice};
use crate::data::st::spots::{SpotRow, read_spots};

/// An image stretched more than this in one direction is worth a remark; hand-placed spots differ by less.
const STRETCHED: f64 = 1.1;

pub(super) fn read(
    entry: &SectionEntry,
    counts: &Path,
    spots: &Path,
    said: Option<Mpp>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Measured, ReadError> {
    // The cheap ones first: what is wrong with them is said at once.
    let rows = read_spots(spots)?;
    let geometry = SpotGeometry::LEGACY_ST;
    let scale = match entered(entry)? {
        Some(mpp) => {
            let by_spots = pitch::measure(&rows).map(|p| p.mpp(geometry.pitch_um));
            Scale { mpp, source: MppSource::User, by_spots, geometry }
        }
        None => {
            let (mpp, source) = resolution(entry, spots, &rows, said, progress)?;
            Scale { mpp, source, by_spots: None, geometry }
        }
    };
    let table = read_counts(counts, progress, cancel)?;
    let positions = spots.to_path_buf();
    Ok(Measured { table, values: ValueKind::Counts, spots: rows, labels: None, positions, scale })
}

/// The resolution that makes neighbouring spots 200 um apart, or `said` where there are too few.
fn resolution(
    entry: &SectionEntry,
    path: &Path,
    spots: &[SpotRow],
    said: Option<Mpp>,
    progress: &dyn Progress,
) -> Result<(Mpp, MppSource), ReadError> {
    let pitch_um = SpotGeometry::LEGACY_ST.pitch_um;
    let (pitch, mpp) = pitch::resolution(path, Lattice::Square, spots, pitch_um, said)?;
    let Some(pitch) = pitch else { return Ok((mpp, MppSource::File)) };
    if pitch.stretch() > STRETCHED {
        progress.note(&format!(
            "The spots of {} are {:.0} % further apart in one direction than in the other; its image may be \
             stretched",
            entry.name,
            (pitch.stretch() - 1.0) * 100.0
        ));
    }
    Ok((mpp, MppSource::SpotPitch))
}
