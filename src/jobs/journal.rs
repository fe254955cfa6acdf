//! The log file: what the program did and what went wrong, for whoever is asked for help. It stays on this computer.

use std::path::Path;

use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Files that are kept, one for each day on which the program ran.
const DAYS: usize = 7;

/// From now on what happens is written into a file in `folder`, one a day: what this program says from "info" on, libraries
/// from "warn" on. Without a file the program runs as well, so that nothing is said of a failure.
pub fn start(folder: &Path) {
    let file = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("hiscmcl")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder);
    let Ok(file) = file else { return };
    let levels = Targets::new().with_default(LevelFilter::WARN).with_target("hiscmcl", LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file).with_filter(levels);
    // It fails where it was started before.
    if tracing_subscriber::registry().with(lines).try_init().is_ok() {
        tracing::info!("HisCMCL {} began on {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    }
}
