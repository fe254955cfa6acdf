//! The same jobs without a window: progress on stderr, results on stdout, exit code 0 only when the work
//! was done.

mod args;
mod commands;
mod figure;
mod fit;
mod slide;
mod terminal;
mod workbench;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use hiscmcl::train::TrainConfig;
use hiscmcl::train::published::PublishedConfig;

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
    text.push('\n');
    text.push_str(PUBLISHED);
    text.push_str("\nSettings of the published recipe for --set:\n");
    for field in PublishedConfig::help() {
        text.push_str(&format!("  {:<22} {}\n", field.field, field.sentence));
    }
    text
}

/// How the published recipe is followed, and where not.
const PUBLISHED: &str = "\
The published recipe (--recipe published), for comparison on the same folds; evaluate --recipe both
runs ours and it, one after the other, and puts their scores beside each other:
  One image level, the 224-pixel patch of the spot at 0.5 µm/px. DenseNet-121, frozen (--encoder
  densenet121) or trained (--train-encoder), a projection head to 256 numbers; expression with its
  position, two layers of attention of 8 heads x 64, a projection head to 256 numbers; symmetric
  cross-entropy on plain products at temperature 1; Adam, rate 1e-4, decay 1e-3, batches of 128;
  prediction by the 200 nearest training spots, measured expression weighted by 1/d^2.
  Where we do not follow the released code:
  - There, a spot attends to the spots that happen to be in its batch, of whatever section, so its
    embedding changes with the batch. Here it attends to its nearest spots of its own section.
  - There, positions are learned vectors of array rows and columns, which mean nothing on the next
    slide. Here they are sines and cosines of distances to the spot, through a learned matrix.
  - There, patches are cut at the slide's own resolution. Here they are resampled to 0.5 µm/px.
  - Batches are made equal, so no small batch is left at the end of an epoch.
  - Rotations of patches are by 90 degrees, so no corner is filled in.
  - Features of a frozen encoder are brought to mean 0 and deviation 1 over the training spots.
  - All training sections are trained on for the same number of epochs; none is kept to choose. So
    intervals come from training sections, each retrieved from the others, and are too narrow.
  A trained encoder goes through a batch twice, encoder_chunk images at a time: once for the embeddings,
  once more to carry their gradient back. That is the gradient of the whole batch but for one thing:
  batch normalisation goes by the chunk, not by the batch, so a larger chunk trains on steadier
  statistics. It takes 2 GB on each of up to four cores at 8 images; the running averages that predict
  move by a tenth with every chunk. On the CPU cancelling waits for the chunks under way, some seconds.
";
