//! Regions of a section in a file of their own. It is GeoJSON that QuPath opens, with the classes and a version beside the
//! features.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::class::Classes;
use super::geojson;
use super::set::RegionSet;
use crate::core::files::FileError;

/// Raised when an older program would misread the file.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(default)]
    classes: Classes,
}

/// Writes the regions of a section with their classes.
///
/// # Errors
/// [`FileError::Io`] naming `path`.
pub fn save(path: &Path, regions: &RegionSet, classes: &Classes) -> Result<(), FileError> {
    let stored = Stored { version: VERSION, classes: classes.clone() };
    geojson::write_file(path, regions, classes, Some(&stored))
}

/// Reads what [`save`] has written: the regions with the same identifiers, and the classes in their order. A file that QuPath
/// has written is read, too.
///
/// # Errors
/// [`FileError`] in one sentence: it cannot be read, is no GeoJSON, or a newer version of this program has written it.
pub fn load(path: &Path) -> Result<(RegionSet, Classes), FileError> {
    let read = geojson::read(path)?;
    let mut classes = Classes::default();
    if let Some(stored) = &read.stored {
        let damaged = "the list of classes is damaged; restore the file from a backup";
        let stored: Stored =
            serde_json::from_str(stored.0.get()).map_err(|_| FileError::malformed(path, damaged))?;
        if stored.version > VERSION {
            let message = "the regions were saved by a newer version of HisCMCL; update it to open them";
            return Err(FileError::malformed(path, message));
        }
        classes = stored.classes;
    }
    classes.adopt(&read.classes);
    Ok((read.regions.into_iter().collect(), classes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::SlidePoint;
    use crate::data::regions::{Class, ClassName, Region, rectangle};

    #[test]
    fn what_is_saved_is_loaded_again() {
        let name = |n: &str| ClassName::new(n).unwrap();
        let square = |from: f64, to: f64| {
            Region::new(rectangle(SlidePoint::new(from, from), SlidePoint::new(to, to)).unwrap())
        };
        let mut classes = Classes::default();
        for class in ["Unused", "Tumor: Positive", "Stroma"] {
            classes.ensure(&name(class));
        }
        classes.set_hidden("Stroma", true).unwrap();
        let regions: RegionSet = [
            square(0.125, 10.0).with_class(Some(name("Stroma"))),
            Region {
                name: Some("\"a\" \u{e9}".into()),
                locked: true,
                color: Some([1, 2, 3]),
                ..square(5.0, 1e5)
            },
            square(1.0, 2.0).with_class(Some(name("Tumor: Positive"))),
        ]
        .into_iter()
        .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("C4.geojson");
        save(&path, &regions, &classes).unwrap();
        assert_eq!(load(&path).unwrap(), (regions.clone(), classes.clone()));
        let empty = RegionSet::default();
        save(&path, &empty, &classes).unwrap();
        assert_eq!(load(&path).unwrap(), (empty, classes.clone()));
        // What QuPath makes of it has no list of classes.
        geojson::export(&path, &regions, &classes).unwrap();
        let (read, found) = load(&path).unwrap();
        assert_eq!(read, regions);
        let of = |c: &Class| (c.name.clone(), c.color);
        assert_eq!(
            found.iter().map(of).collect::<Vec<_>>(),
            [2, 1].map(|i| of(classes.iter().nth(i).unwrap()))
        );
    }

    #[test]
    fn files_of_newer_versions_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("C4.geojson");
        let says = |stored: &str| {
            let text = format!(r#"{{"type":"FeatureCollection","hiscmcl":{stored},"features":[]}}"#);
            std::fs::write(&path, text).unwrap();
            load(&path).unwrap_err().reason()
        };
        assert!(says(r#"{"version":2}"#).starts_with("the regions were saved by a newer version"));
        assert!(says("[]").starts_with("the list of classes is damaged"));
    }
}
