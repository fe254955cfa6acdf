//! The other files of slides that scanners write as several.

use std::fs;
use std::path::{Path, PathBuf};

use super::identify::{FileKind, identify};
use crate::core::files::FileError;

/// How many files of a slide are looked at.
const MAX_FILES: usize = 20_000;

/// The files that hold the pixels of the slide at `path` beside that file itself, sorted; none of a slide in one file.
/// MIRAX has them in a folder of its name, the VMS files of Hamamatsu and series of DICOM beside it.
///
/// # Errors
/// [`FileError`] when the file cannot be read or its folder not be listed.
pub fn companions(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let folder = match identify(path)? {
        FileKind::Mirax => path.with_extension(""),
        FileKind::HamamatsuVms | FileKind::Dicom => path.parent().unwrap_or(Path::new("")).to_path_buf(),
        _ => return Ok(Vec::new()),
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(FileError::io("list", &folder))?.take(MAX_FILES) {
        let file = entry.map_err(FileError::io("list", &folder))?.path();
        if file.is_file() && file != path {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slide_in_one_file_has_none_and_dicom_has_its_series() {
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("a.png");
        image::RgbImage::new(4, 4).save(&plain).unwrap();
        assert!(companions(&plain).unwrap().is_empty());
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM");
        for name in ["1.dcm", "2.dcm"] {
            fs::write(dir.path().join(name), &dicom).unwrap();
        }
        assert_eq!(companions(&dir.path().join("1.dcm")).unwrap(), [dir.path().join("2.dcm"), plain]);
        assert!(companions(&dir.path().join("none.svs")).is_err());
    }
}
