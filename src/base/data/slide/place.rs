//! Where the pixels of a slide are: in an image file, or in an AnnData file. The latter is written as a path that
//! goes on within the file: `sample.h5ad/uns/spatial/LIBRARY/images/KEY`. A slide that is to be turned upright is written
//! as a path that goes on with its orientation: `slide.jpg/orientation/6`.

use std::path::{Component, Path, PathBuf};

use super::Orientation;

/// The ending of AnnData files.
const ANNDATA: &str = "h5ad";
/// What follows the path of a slide that is to be turned, before the value of its tag.
const ORIENTATION: &str = "orientation";
/// What the path of a blank ground begins with.
const BLANK: &str = "no slide image";

/// An image in an AnnData file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// The file.
    pub file: PathBuf,
    /// The library of `uns["spatial"]`.
    pub library: String,
    /// "hires", "lowres".
    pub key: String,
}

/// The image at `path`, where it lies in an AnnData file.
pub fn embedded(path: &Path) -> Option<Embedded> {
    let file = file_of(path);
    let within: Vec<&str> = path.strip_prefix(file).ok()?.components().map(text).collect::<Option<_>>()?;
    match within.as_slice() {
        ["uns", "spatial", library, "images", key] => Some(Embedded {
            file: file.to_path_buf(),
            library: (*library).to_owned(),
            key: (*key).to_owned(),
        }),
        _ => None,
    }
}

/// The path of the image `key` of `library` in the AnnData file `file`; `None` when their names cannot be parts
/// of a path.
pub fn in_anndata(file: &Path, library: &str, key: &str) -> Option<PathBuf> {
    let plain = |part: &str| !part.is_empty() && !part.contains(['/', '\\']) && part != "." && part != "..";
    (plain(library) && plain(key))
        .then(|| file.join("uns").join("spatial").join(library).join("images").join(key))
}

/// Where the pixels of a section without an image are: nowhere, but the ground that its spots are drawn on has `size`.
/// Such a path is never that of a file, as those are absolute.
pub fn blank((width, height): (u32, u32)) -> PathBuf {
    Path::new(BLANK).join(format!("{width}x{height}"))
}

/// The size of the ground that `path` names, where it is that of a section without an image.
pub fn blank_size(path: &Path) -> Option<(u32, u32)> {
    let (width, height) = path.strip_prefix(BLANK).ok()?.to_str()?.split_once('x')?;
    let size = (width.parse().ok()?, height.parse().ok()?);
    (size.0 > 0 && size.1 > 0).then_some(size)
}

/// The slide at `path`, turned upright from how it is stored.
pub fn turned(path: &Path, orientation: Orientation) -> PathBuf {
    match orientation {
        Orientation::Upright => path.to_path_buf(),
        other => path.join(ORIENTATION).join(other.tag().to_string()),
    }
}

/// Where a slide is stored, and how it is to be turned.
pub fn as_stored(path: &Path) -> (&Path, Orientation) {
    let parts = || {
        let tag: u64 = path.file_name()?.to_str()?.parse().ok()?;
        let above =
            path.parent().filter(|above| above.file_name().is_some_and(|name| name == ORIENTATION))?;
        Some((above.parent()?, Orientation::from_tag(tag)))
    };
    parts()
        .filter(|(_, orientation)| *orientation != Orientation::Upright)
        .unwrap_or((path, Orientation::Upright))
}

/// The file that holds what `path` names: `path` itself, or the AnnData file that it leads into.
pub fn file_of(path: &Path) -> &Path {
    let (path, _) = as_stored(path);
    let holds = |p: &&Path| p.extension().is_some_and(|e| e.eq_ignore_ascii_case(ANNDATA));
    path.ancestors().skip(1).find(holds).unwrap_or(path)
}

/// Whether the image at `path` lies in `file`.
pub fn is_within(path: &Path, file: &Path) -> bool {
    embedded(path).is_some_and(|e| e.file == file)
}

/// Where the image at `path` is when `old`, in which it lies, is at `new` now.
pub fn moved(path: &Path, old: &Path, new: &Path) -> Option<PathBuf> {
    is_within(path, old).then(|| path.strip_prefix(old).ok().map(|rest| new.join(rest))).flatten()
}

fn text(component: Component<'_>) -> Option<&str> {
    match component {
        Component::Normal(part) => part.to_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_ground_has_a_size_and_no_file() {
        let path = blank((1_300, 700));
        assert_eq!(blank_size(&path), Some((1_300, 700)));
        for other in
            ["a.png", "no slide image", "no slide image/0x5", "no slide image/5", "/no slide image/5x5"]
        {
            assert_eq!(blank_size(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn a_slide_to_be_turned_is_told_from_its_file() {
        let file = Path::new("/data/slide.jpg");
        let path = turned(file, Orientation::Turned90);
        assert_eq!(path, Path::new("/data/slide.jpg/orientation/6"));
        assert_eq!((as_stored(&path), file_of(&path)), ((file, Orientation::Turned90), file));
        assert_eq!(turned(file, Orientation::Upright), file);
        for other in
            ["/data/slide.jpg", "/data/orientation/6.jpg", "/a/orientation/1", "/a/orientation/9", "6"]
        {
            assert_eq!(as_stored(Path::new(other)), (Path::new(other), Orientation::Upright), "{other}");
        }
    }

    #[test]
    fn images_within_files_have_paths() {
        let file = Path::new("/data/a.h5ad");
        let path = in_anndata(file, "V1", "hires").unwrap();
        assert_eq!(path, Path::new("/data/a.h5ad/uns/spatial/V1/images/hires"));
        assert_eq!(
            embedded(&path),
            Some(Embedded { file: file.into(), library: "V1".into(), key: "hires".into() })
        );
        assert_eq!((file_of(&path), file_of(file)), (file, file));
        assert_eq!(
            moved(&path, file, Path::new("/b.h5ad")).unwrap(),
            Path::new("/b.h5ad/uns/spatial/V1/images/hires")
        );
        assert!(moved(&path, Path::new("/data/c.h5ad"), file).is_none());
        assert!(embedded(file).is_none() && embedded(Path::new("/a.h5ad/X")).is_none());
        assert!(in_anndata(file, "a/b", "hires").is_none() && in_anndata(file, "..", "hires").is_none());
        assert_eq!(file_of(Path::new("/data/a.jpg")), Path::new("/data/a.jpg"));
    }
}
