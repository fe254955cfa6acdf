//! Pictures of the window as they were approved.

use std::fs;

use egui_kittest::{Harness, SnapshotOptions};

/// Pixels that may differ, as drivers round differently; a changed word is more.
const MAX_DIFFERENT: usize = 150;

/// Compares what the window shows with `tests/snapshots/window/NAME.png`; `UPDATE_SNAPSHOTS=1` writes it. Without a
/// driver that draws, as where Mesa's software driver is not installed, the test passes and says so.
pub fn compare<State>(harness: &mut Harness<'_, State>, name: &str) {
    let drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let can_draw = drivers.iter().any(|d| fs::read_dir(d).is_ok_and(|mut files| files.next().is_some()));
    if !cfg!(target_os = "linux") || !can_draw {
        println!("skipped: pictures are compared on Linux, with a Vulkan driver");
        return;
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/window");
    let options = SnapshotOptions::new().output_path(folder).max_failed_pixels(MAX_DIFFERENT);
    harness.snapshot_options(name, &options);
}
