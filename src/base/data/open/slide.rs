//! A slide without measurements: its size and resolution. Where on it is predicted follows later from its pixels.

use std::path::Path;

use super::{Opened, entered, orientation};
use crate::core::files::FileError;
use crate::core::geometry::Mpp;
use crate::core::matrix::Csr;
use crate::core::places::GridSettings;
use crate::data::project::SectionEntry;
use crate::data::section::{MppSource, Section, SpotGeometry, ValueKind};
use crate::data::slide::{SlideError, SlideInfo, place, read_info};
use crate::data::st::ReadError;

/// What the slide at `path` says of itself.
///
/// # Errors
/// [`ReadError`] in one sentence naming the file.
pub(in crate::data) fn about(path: &Path) -> Result<SlideInfo, ReadError> {
    read_info(path).map_err(|error| read_error(path, error))
}

/// What is wrong with the slide at `path`, as what is wrong with a section.
pub(super) fn read_error(path: &Path, error: SlideError) -> ReadError {
    match error {
        SlideError::File(error) => error.into(),
        SlideError::Cancelled(cancelled) => cancelled.into(),
        other => {
            let text = other.to_string();
            let named = format!("{}: ", path.display());
            FileError::malformed(path, text.strip_prefix(&named).unwrap_or(&text)).into()
        }
    }
}

/// The section of a slide without measurements, still without places.
pub(super) fn read(entry: &SectionEntry) -> Result<Opened, ReadError> {
    let about = about(&entry.image)?;
    let plausible = |mpp: &Mpp| Mpp::PLAUSIBLE.contains(&mpp.0);
    let of_file = about.mpp.or(entry.slide_mpp.map(Mpp)).filter(plausible);
    let (mpp, mpp_source) = match (entered(entry)?, of_file) {
        (Some(mpp), _) => (mpp, MppSource::User),
        (None, Some(mpp)) => (mpp, MppSource::File),
        (None, None) => return Err(ReadError::malformed(&entry.image, NO_RESOLUTION)),
    };
    let grid = entry.grid.unwrap_or_default();
    let turn = orientation::by_tag(&about);
    let section = Section {
        name: entry.name.clone(),
        patient: entry.patient.clone(),
        spots: Vec::new(),
        genes: Vec::new(),
        counts: Csr::default(),
        values: ValueKind::Counts,
        labels: None,
        in_tissue: 0,
        sum: 0.0,
        mpp,
        mpp_source,
        mpp_by_spots: None,
        geometry: geometry_of(&grid),
        slide: place::turned(&entry.image, turn.orientation),
        slide_size: turn.size,
    };
    Ok(Opened { section, remark: turn.remark })
}

/// Places are as wide as they are apart, so that they cover the tissue.
pub fn geometry_of(grid: &GridSettings) -> SpotGeometry {
    SpotGeometry { pitch_um: grid.pitch_um, diameter_um: grid.pitch_um }
}

/// What is said of a slide whose file tells no resolution.
const NO_RESOLUTION: &str = "the file does not say how many micrometres a pixel measures; enter it (0.25 for a scan at 40x, \
                             0.5 at 20x), on the command line with --mpp";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cancel::CancelToken;
    use crate::core::progress::Silent;
    use crate::data::open::open_section;
    use crate::data::testing::real_data;

    fn open(entry: &SectionEntry) -> Result<Section, ReadError> {
        open_section(entry, &Silent, &CancelToken::new())
    }

    #[test]
    fn the_resolution_is_that_of_the_user_or_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.png");
        image::RgbImage::new(40, 30).save(&path).unwrap();
        let mut entry = SectionEntry::slide("s", path, None);
        let says = open(&entry).unwrap_err().to_string();
        assert!(
            says.contains("s.png: the file does not say how many micrometres a pixel measures"),
            "{says}"
        );
        entry.mpp = Some(0.5);
        let section = open(&entry).unwrap();
        assert_eq!((section.mpp.0, section.mpp_source), (0.5, MppSource::User));
        assert!(!section.is_measured() && section.spots.is_empty() && section.slide_size == (40, 30));
        entry.mpp = Some(5000.0);
        assert!(open(&entry).unwrap_err().to_string().contains("the resolution entered for section s"));
        std::fs::remove_file(&entry.image).unwrap();
        assert!(open(&entry).unwrap_err().to_string().starts_with("The slide image of section s is not at"));
    }

    #[test]
    fn a_scanner_file_tells_its_resolution() {
        let Some(shared) = real_data() else { return };
        let entry = SectionEntry::slide("a", shared.join("real_data/wsi/CMU-1-Small-Region.svs"), None);
        let section = open(&entry).unwrap();
        assert_eq!((section.mpp.0, section.mpp_source), (0.499, MppSource::File));
        assert_eq!(section.slide_size, (2220, 2967));
    }
}
