//! Paths as a project file stores them: relative to its folder, with forward slashes, so that a folder moved
//! as a whole, or to another system, still opens.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The absolute path without "." and "..". Where ".." follows a link, the file system decides what it means.
pub(super) fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let goes_up = path.components().any(|c| c == Component::ParentDir);
    if goes_up && let Ok(real) = fs::canonicalize(&path) {
        return real;
    }
    lexically_normal(&path)
}

fn lexically_normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    out.push(component);
                }
            }
            other => out.push(other),
        }
    }
    out
}

/// `path` as stored in a project file in `folder`. `None` where it is not Unicode.
pub(super) fn to_stored(path: &Path, folder: &Path) -> Option<String> {
    let (path, folder) = (absolute(path), absolute(folder));
    if let Ok(below) = path.strip_prefix(&folder) {
        return slashed(below);
    }
    // Either of them may be reached through a link.
    let real_folder = fs::canonicalize(&folder).unwrap_or(folder);
    if let Some(below) =
        fs::canonicalize(&path).ok().and_then(|p| slashed(p.strip_prefix(&real_folder).ok()?))
    {
        return Some(below);
    }
    match relative(&path, &real_folder) {
        Some(stored) => slashed(&stored),
        None => slashed(&path),
    }
}

/// The path that `stored` means in a project file in `folder`.
pub(super) fn from_stored(stored: &str, folder: &Path) -> PathBuf {
    let stored = Path::new(stored);
    let folder = absolute(folder);
    if stored.components().next() == Some(Component::ParentDir) {
        // ".." was counted from the real folder, see `to_stored`.
        return lexically_normal(&fs::canonicalize(&folder).unwrap_or(folder).join(stored));
    }
    lexically_normal(&folder.join(stored))
}

/// `path` seen from `folder`, both absolute; `None` where they are on different drives.
fn relative(path: &Path, folder: &Path) -> Option<PathBuf> {
    let shared = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return None;
    }
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    Some(up.chain(path.components().skip(shared)).collect())
}

/// With forward slashes, which every system reads.
fn slashed(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    Some(if std::path::MAIN_SEPARATOR == '\\' { text.replace('\\', "/") } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_stored_relative_and_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap().join("work");
        fs::create_dir_all(home.join("study")).unwrap();
        let folder = home.join("study");
        for (path, stored) in [
            (folder.join("data/C2.tsv"), "data/C2.tsv"),
            (folder.join("./data/x/../C2.tsv"), "data/C2.tsv"),
            (home.join("her2st/C2.tsv"), "../her2st/C2.tsv"),
        ] {
            assert_eq!(to_stored(&path, &folder).as_deref(), Some(stored));
            assert_eq!(from_stored(stored, &folder), lexically_normal(&path));
        }
        let elsewhere = Path::new("/nowhere-shared/C2.tsv");
        let stored = to_stored(elsewhere, &folder).unwrap();
        assert!(stored.starts_with("../") && stored.ends_with("../nowhere-shared/C2.tsv"), "{stored}");
        assert_eq!(from_stored(&stored, &folder), elsewhere);
        assert_eq!(from_stored("/absolute/C2.tsv", &folder), Path::new("/absolute/C2.tsv"));
    }

    #[cfg(unix)]
    #[test]
    fn a_project_reached_through_a_link_stores_and_finds_the_same_files() {
        let dir = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir_all(real.join("deep/er/study/data")).unwrap();
        fs::create_dir_all(real.join("her2st")).unwrap();
        fs::write(real.join("her2st/C2.tsv"), "x").unwrap();
        fs::write(real.join("deep/er/study/data/C3.tsv"), "x").unwrap();
        let link = real.join("link");
        std::os::unix::fs::symlink(real.join("deep/er/study"), &link).unwrap();
        for folder in [&link, &real.join("deep/er/study")] {
            let stored = to_stored(&real.join("her2st/C2.tsv"), folder).unwrap();
            assert_eq!(stored, "../../../her2st/C2.tsv");
            assert!(from_stored(&stored, folder).is_file());
            let stored = to_stored(&link.join("data/C3.tsv"), folder).unwrap();
            assert_eq!(stored, "data/C3.tsv");
            assert!(from_stored(&stored, folder).is_file());
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_unicode_are_refused() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new("/d").join(std::ffi::OsStr::from_bytes(b"\xff.tsv"));
        assert_eq!(to_stored(&path, Path::new("/d")), None);
    }
}
