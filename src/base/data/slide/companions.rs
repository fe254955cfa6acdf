//! The other files of slides that scanners write as several.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::identify::{FileKind, identify};
use crate::core::files::FileError;

/// How many files of a slide are looked at.
const MAX_FILES: usize = 20_000;
/// How much of a VMS file is read; they have a few thousand bytes.
const MAX_VMS_BYTES: u64 = 1 << 20;

/// The files that hold the pixels of the slide at `path` beside that file itself, sorted; none of a slide in one file.
/// MIRAX has them in a folder of its name. Beside the file lie those of a series of DICOM, and those that a VMS file of
/// Hamamatsu names.
///
/// # Errors
/// [`FileError`] when the file cannot be read or its folder not be listed.
pub fn companions(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let beside = || path.parent().unwrap_or(Path::new("")).to_path_buf();
    match identify(path)? {
        FileKind::Mirax => files_in(&path.with_extension(""), |_| true),
        FileKind::Dicom => files_in(&beside(), |file| {
            file != path && identify(file).is_ok_and(|kind| kind == FileKind::Dicom)
        }),
        FileKind::HamamatsuVms => {
            let named = files_named_in(path)?;
            files_in(&beside(), |file| file.file_name().is_some_and(|name| named.contains(name)))
        }
        _ => Ok(Vec::new()),
    }
}

/// The files in `folder` that `belongs` takes, sorted.
fn files_in(folder: &Path, belongs: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(FileError::io("list", folder))?.take(MAX_FILES) {
        let file = entry.map_err(FileError::io("list", folder))?.path();
        if file.is_file() && belongs(&file) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The values of a VMS file, a list of keys and values (`ImageFile(1,0)=x.jpg`); most are names of files.
fn files_named_in(vms: &Path) -> Result<HashSet<OsString>, FileError> {
    let mut text = Vec::new();
    let file = fs::File::open(vms).map_err(FileError::io("open", vms))?;
    file.take(MAX_VMS_BYTES).read_to_end(&mut text).map_err(FileError::io("read", vms))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().filter_map(|line| Some(line.split_once('=')?.1.trim().into())).collect())
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
        assert_eq!(companions(&dir.path().join("1.dcm")).unwrap(), [dir.path().join("2.dcm")]);
        assert!(companions(&dir.path().join("none.svs")).is_err());
    }

    #[test]
    fn a_vms_file_has_those_that_it_names() {
        let dir = tempfile::tempdir().unwrap();
        let vms = dir.path().join("s.vms");
        let text = "[Virtual Microscope Specimen]\nNoLayers=1\nImageFile=s.jpg\r\nImageFile(1,0)=s(1,0).jpg\nMapFile=gone.jpg\n";
        fs::write(&vms, text).unwrap();
        for name in ["s.jpg", "s(1,0).jpg", "predicted.csv"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(companions(&vms).unwrap(), [dir.path().join("s(1,0).jpg"), dir.path().join("s.jpg")]);
    }
}
