//! Names that files can have on every system.

use std::collections::HashSet;
use std::path::Path;

use super::files::FileError;

/// Refuses a name that the user gave to a file and that no file can have on some system, to which it may be copied.
///
/// # Errors
/// [`FileError::Malformed`] saying what is wrong with the name.
pub fn check_file_name(path: &Path) -> Result<(), FileError> {
    let Some(name) = path.file_name().map(|n| n.to_string_lossy()) else { return Ok(()) };
    let refused = |why: String| {
        Err(FileError::malformed(
            path,
            format!("{why}, so the file could not be copied there; choose another name"),
        ))
    };
    if let Some(c) = name.chars().find(|c| "<>:\"|?*\\".contains(*c) || c.is_control()) {
        let shown = if c.is_control() { "control characters".to_owned() } else { format!("\"{c}\"") };
        return refused(format!("Windows does not allow {shown} in file names"));
    }
    if name.ends_with(['.', ' ']) {
        return refused("on Windows a file name cannot end in a full stop or a space".to_owned());
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    if is_device(stem) {
        return refused(format!("on Windows \"{stem}\" is the name of a device"));
    }
    Ok(())
}

/// Whether Windows takes a file of this name, without its ending, for a device: "CON".
fn is_device(stem: &str) -> bool {
    const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
    let stem = stem.to_lowercase();
    let is_numbered = ["com", "lpt"].iter().any(|d| {
        stem.strip_prefix(d).is_some_and(|n| n.chars().count() == 1 && n.chars().all(char::is_numeric))
    });
    is_numbered || DEVICES.contains(&stem.as_str())
}

/// The longest name that is made of what the user called something, in bytes; file systems take 255.
const MAX_STEM: usize = 200;

/// `name` as the name of a file, without its ending, on every system: letters, digits, '.', '_' and '-' of it, an
/// underscore for anything else. Never empty, hidden or a device of Windows ("CON").
pub fn safe_stem(name: &str) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let stem: String = name.chars().map(allowed).collect();
    let stem = stem.get(..stem.floor_char_boundary(MAX_STEM)).unwrap_or_default().trim_end_matches('.');
    let first = stem.split('.').next().unwrap_or_default();
    if stem.is_empty() || stem.starts_with('.') || is_device(first) {
        format!("_{stem}")
    } else {
        stem.to_owned()
    }
}

/// Names of files that belong to one folder: no two are the same, on systems that ignore capitals either.
#[derive(Debug, Default)]
pub struct FileNames {
    used: HashSet<String>,
}

impl FileNames {
    /// A name for a file called `stem`, with this ending; a number tells it from one that was given before.
    pub fn unique(&mut self, stem: &str, ending: &str) -> String {
        let stem = safe_stem(stem);
        let mut name = format!("{stem}.{ending}");
        let mut number = 1;
        while !self.used.insert(name.to_lowercase()) {
            number += 1;
            name = format!("{stem}-{number}.{ending}");
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_system_forbids_are_refused() {
        for name in
            ["CON.csv", "nul.csv", "a/lpt1", "aux", "a:b.csv", "a.", "a ", "what?.png", "Con .txt", "a\\b"]
        {
            let said = check_file_name(Path::new(name)).unwrap_err().to_string();
            assert!(said.contains("Windows") && said.ends_with("choose another name"), "{said}");
        }
        for name in ["/data/C2/map of C2.png", "console.csv", "com10.csv", ".genes", "\u{3b1}.csv", "..", "/"]
        {
            assert!(check_file_name(Path::new(name)).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_of_files_are_safe_and_unique_on_every_system() {
        for (name, expected) in [
            ("THRA1/BTR", "THRA1_BTR"),
            ("../BTR", "_.._BTR"),
            ("IG\"K\"", "IG_K_"),
            ("\u{3b1}-SMA", "\u{3b1}-SMA"),
            ("con", "_con"),
            ("CON.1", "_CON.1"),
            ("lpt1", "_lpt1"),
            ("COM10", "COM10"),
            ("CONK", "CONK"),
            ("A.", "A"),
            ("...", "_"),
            ("", "_"),
        ] {
            assert_eq!(safe_stem(name), expected, "{name:?}");
        }
        assert_eq!(safe_stem(&"x".repeat(500)).len(), MAX_STEM);
        let mut names = FileNames::default();
        let all = ["C4_MT-CO1", "C4_mt-Co1", "C4_A/B", "C4_A_B", "C4_A?B", "C4_A_B-2"]
            .map(|n| names.unique(n, "png"));
        assert_eq!(
            all,
            [
                "C4_MT-CO1.png",
                "C4_mt-Co1-2.png",
                "C4_A_B.png",
                "C4_A_B-2.png",
                "C4_A_B-3.png",
                "C4_A_B-2-2.png"
            ]
        );
    }
}
