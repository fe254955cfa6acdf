//! Saving that fails keeps what was there.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use hiscmcl::core::files::{FileError, write_atomically};
use hiscmcl::data::panels::GenePanel;
use hiscmcl::data::project::{Project, ProjectError};

use super::Sound;

#[test]
fn what_cannot_be_saved_leaves_the_old_project() {
    let sound = Sound::new();
    let path = sound.path("p.hiscmcl");
    let mut project = Project::new();
    project.save(&path).unwrap();
    let old = fs::read(&path).unwrap();

    // Two sections of one name never reach the file.
    project.sections = vec![sound.entry(), sound.entry()];
    assert!(matches!(project.save(&path), Err(ProjectError::NameTaken { .. })));
    assert_eq!(fs::read(&path).unwrap(), old);

    // A folder that is a file.
    let inside = path.join("q.hiscmcl");
    let text = Project::new().save(&inside).unwrap_err().to_string();
    assert!(text.starts_with(&format!("Cannot write {}: ", path.display())), "{text}");
    assert_eq!(fs::read(&path).unwrap(), old);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_called_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.hiscmcl");
    fs::write(&path, "old").unwrap();
    // /dev/full refuses every byte as a full disk does.
    let mut full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let refused = write_atomically(&path, |w| {
        w.write_all(b"half").map_err(FileError::io("write", &path))?;
        full.write_all(b"rest").map_err(FileError::io("write", &path))
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("Cannot write {}: the disk is full", path.display())
    );
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a temporary file was left");
}

/// Saves a project of many sections where `HISCMCL_FULL_DISK` says; run by the test below in a file system of
/// its own.
#[test]
fn child_saving_on_a_full_disk() {
    let Some(folder) = std::env::var_os("HISCMCL_FULL_DISK") else { return };
    let path = Path::new(&folder).join("p.hiscmcl");
    let mut project = Project::new();
    project.save(&path).unwrap();
    let old = fs::read(&path).unwrap();
    project.panels.push(GenePanel::new("large", "", &["A".repeat(400_000)]));
    let error = project.save(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("Cannot write {}: the disk is full", path.display()));
    assert_eq!(fs::read(&path).unwrap(), old);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "a temporary file was left");
    println!("the disk was full");
}

#[cfg(target_os = "linux")]
#[test]
fn saving_on_a_really_full_disk_keeps_the_old_project() {
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=128k none \"$HISCMCL_FULL_DISK\" || exit 77; \
                  exec \"$0\" --exact damaged_input::saving::child_saving_on_a_full_disk --nocapture";
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("HISCMCL_FULL_DISK", dir.path())
        .output();
    match run {
        Ok(out) if out.status.success() => {
            assert!(String::from_utf8_lossy(&out.stdout).contains("the disk was full"));
        }
        Ok(out) if out.status.code() == Some(101) => {
            panic!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        }
        _ => println!("skipped: no file system of one's own can be made here"),
    }
}
