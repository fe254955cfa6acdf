//! The same jobs without a window: progress on stderr, results on stdout, exit code 0 only when the work
//! was done.

mod args;
mod commands;
mod terminal;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use hiscmcl::train::TrainConfig;

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let began = Instant::now();
    let cli = args::Cli::parse();
    match commands::dispatch(cli, began) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hiscmcl: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and what caused it on one line, leaving out causes that only repeat it.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// The training settings, one a line, for `--help`.
pub fn settings_help() -> String {
    let mut text = String::from("Training settings for --set:\n");
    for field in TrainConfig::help() {
        text.push_str(&format!("  {:<22} {}\n", field.field, field.sentence));
    }
    text
}
