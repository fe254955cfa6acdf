//! Predictions of a section by a stored run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};

use super::context::JobContext;
use super::encoders;
use super::predict_section::predict_section;
use super::reach::{self, SlideReach};
use super::run_store::{RunFolder, RunInfo, RunKind, find_run};
use super::workspace::Workspace;
use crate::core::files::{FileError, write_atomically};
use crate::data::project::{Project, SectionEntry};
use crate::data::section::{Section, Spot};
use crate::device::{self, ComputeDevice, DeviceChoice};
use crate::evaluate::report::FoldReport;
use crate::predict::{Model, Predictions, Reach};

/// What the run `run` predicts for the section `section`: the stored held-out prediction where the section
/// was tested, otherwise predicted now.
///
/// # Errors
/// One sentence naming the run, section or file at fault.
pub fn predictions(
    workspace: &Workspace,
    run: &str,
    section: &str,
    choice: DeviceChoice,
    ctx: &JobContext,
) -> anyhow::Result<Predictions> {
    let run = find_run(&workspace.path, run)?;
    let mut predictors = Predictors::new(workspace, &run, choice);
    Ok(predict_usual_places(&mut predictors, section, false, ctx)?.0)
}

/// As [`predictions`], with how a slide without measurements compares with what the run was trained on; none of a section
/// with spots, or where the run does not tell.
///
/// # Errors
/// As [`predictions`].
pub fn predictions_and_reach(
    workspace: &Workspace,
    run: &str,
    section: &str,
    choice: DeviceChoice,
    ctx: &JobContext,
) -> anyhow::Result<(Predictions, Option<SlideReach>)> {
    let run = find_run(&workspace.path, run)?;
    predict_usual_places(&mut Predictors::new(workspace, &run, choice), section, true, ctx)
}

fn predict_usual_places(
    predictors: &mut Predictors,
    section: &str,
    compares: bool,
    ctx: &JobContext,
) -> anyhow::Result<(Predictions, Option<SlideReach>)> {
    let workspace = predictors.workspace;
    let entry = workspace.entry(section)?;
    if let Some(stored) = predictors.stored(entry)? {
        return Ok((stored, None));
    }
    let places = workspace.section(section, ctx)?;
    let made = predictors.predict(entry, &places, None, ctx)?;
    let reach = match compares && !places.is_measured() {
        true => predictors.reach(entry, &places, None, ctx)?,
        false => None,
    };
    Ok((made, reach))
}

/// The models of a run, each loaded once.
pub(super) struct Predictors<'a> {
    workspace: &'a Workspace,
    run: &'a RunInfo,
    choice: DeviceChoice,
    /// The one used last, of which there is only one unless the run is a cross-validation.
    loaded: Option<Loaded>,
}

/// A model and what it sees slides through.
struct Loaded {
    folder: RunFolder,
    model: Model,
    /// None for runs of earlier versions.
    reach: Option<Reach>,
    /// The workspace seen through the encoder of the run; none where the model has an encoder of its own.
    seen: Option<Workspace>,
}

impl<'a> Predictors<'a> {
    pub(super) fn new(workspace: &'a Workspace, run: &'a RunInfo, choice: DeviceChoice) -> Self {
        Self { workspace, run, choice, loaded: None }
    }

    /// What the run predicted for a section when it was tested on it.
    ///
    /// # Errors
    /// One sentence naming the section or file at fault.
    pub(super) fn stored(&self, entry: &SectionEntry) -> anyhow::Result<Option<Predictions>> {
        let stored = load_stored(&model_folder(self.run, entry)?, entry)?;
        Ok(stored.map(|stored| under_current_names(stored, &self.workspace.project)))
    }

    fn load(&mut self, entry: &SectionEntry, ctx: &JobContext) -> anyhow::Result<&Loaded> {
        let folder = model_folder(self.run, entry)?;
        let loaded = match self.loaded.take().filter(|l| l.folder == folder) {
            Some(loaded) => loaded,
            None => {
                let device = device::choose(self.choice)?;
                let model = Model::load(folder.path(), &device)?;
                let seen = match reach::reads_features(&model) {
                    true => Some(with_encoder_of(self.workspace, self.run, &device, ctx)?),
                    false => None,
                };
                Loaded { reach: Reach::load(folder.path())?, folder, model, seen }
            }
        };
        Ok(self.loaded.insert(loaded))
    }

    /// The workspace through which the run sees a section; that of before where its model has an encoder of its own.
    ///
    /// # Errors
    /// One sentence naming the run or file at fault.
    pub(super) fn seen(&mut self, entry: &SectionEntry, ctx: &JobContext) -> anyhow::Result<Workspace> {
        let workspace = self.workspace;
        Ok(self.load(entry, ctx)?.seen.as_ref().unwrap_or(workspace).clone())
    }

    /// Predicts the section of `entry` at `places`, its spots or others. Where it has spots and these are others, they are
    /// seen as the `spots` are.
    ///
    /// # Errors
    /// One sentence naming the section or file at fault.
    pub(super) fn predict(
        &mut self,
        entry: &SectionEntry,
        places: &Section,
        spots: Option<&Section>,
        ctx: &JobContext,
    ) -> anyhow::Result<Predictions> {
        if places.spots.is_empty() {
            bail!("{}: no tissue was found on the slide, so there is nothing to predict", entry.name);
        }
        let (workspace, run) = (self.workspace, self.run);
        let loaded = self.load(entry, ctx)?;
        if loaded.model.sections().iter().any(|s| entry.matches_name(s)) {
            ctx.observer.note(&format!(
                "{} was among the sections that \"{}\" was trained on: its prediction looks better than it is",
                entry.name, run.id
            ));
        }
        // An encoder of the run's own always encodes; features may be cached, and take a turn by themselves where they are
        // not.
        let (_turn, seen) = match &loaded.seen {
            Some(seen) => (None, seen.clone()),
            None => {
                let (resources, turn) = workspace.resources.for_computing(ctx)?;
                (Some(turn), Workspace { resources, ..workspace.clone() })
            }
        };
        let reference = match spots {
            Some(spots) if loaded.seen.is_some() => Some(seen.features(spots, ctx)?),
            _ => None,
        };
        let features = || seen.features(places, ctx);
        let slide = || workspace.slide(places, ctx);
        let made = predict_section(&loaded.model, places, features, reference.as_deref(), slide, ctx)?;
        Ok(under_current_names(made, &workspace.project))
    }

    /// Compares a slide with what the run was trained on, see [`Predictors::predict`]. `None` for a run of an earlier
    /// version, or with an encoder of its own.
    ///
    /// # Errors
    /// One sentence naming the section or file at fault.
    pub(super) fn reach(
        &mut self,
        entry: &SectionEntry,
        places: &Section,
        spots: Option<&Section>,
        ctx: &JobContext,
    ) -> anyhow::Result<Option<SlideReach>> {
        let Loaded { reach: Some(reach), seen: Some(seen), .. } = self.load(entry, ctx)? else {
            return Ok(None);
        };
        let features = seen.features(places, ctx)?;
        let reference = match spots {
            Some(spots) => seen.features(spots, ctx)?,
            None => Arc::clone(&features),
        };
        reach::compare(seen, reach, places, &features, &reference, ctx)
    }
}

/// What the run predicted for `section` when it was tested on it; `None` where that was not stored.
///
/// # Errors
/// One sentence naming the section or file at fault.
pub(super) fn stored_predictions(
    workspace: &Workspace,
    run: &RunInfo,
    section: &str,
) -> anyhow::Result<Option<Predictions>> {
    let entry = workspace.entry(section)?;
    let Ok(folder) = model_folder(run, entry) else { return Ok(None) };
    Ok(load_stored(&folder, entry)?.map(|stored| under_current_names(stored, &workspace.project)))
}

/// What `folder` holds of `entry`, under any of its names. A file of an earlier version that has its name may be of
/// another section.
fn load_stored(folder: &RunFolder, entry: &SectionEntry) -> anyhow::Result<Option<Predictions>> {
    for path in entry.names().map(|n| folder.predictions(n)).filter(|p| p.is_file()) {
        let stored = Predictions::load(&path)?;
        if entry.matches_name(&stored.section) {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}

/// The workspace seen through the encoder that a run was trained with.
fn with_encoder_of(
    workspace: &Workspace,
    run: &RunInfo,
    device: &ComputeDevice,
    ctx: &JobContext,
) -> anyhow::Result<Workspace> {
    let config = &run.config;
    let choice = encoders::choice_of(&config.encoder, config.weights.as_deref());
    let workspace = workspace
        .with_encoder(&choice, device, ctx)
        .with_context(|| format!("\"{}\" was trained with the encoder {}", run.id, choice.name))?;
    // Weights of the same name can be others; an encoder without weights may have changed with the program.
    if choice.name != encoders::TEXTURE && workspace.encoder.id() != config.encoder {
        return Err(anyhow!(
            "\"{}\" was trained with other weights of {} than the ones found here ({} instead of {}): put those back, or train again",
            run.id,
            choice.name,
            workspace.encoder.id(),
            config.encoder
        ));
    }
    Ok(workspace)
}

/// Sections that were renamed since the run was made are called what they are called now.
fn under_current_names(mut predictions: Predictions, project: &Project) -> Predictions {
    let rename = |name: &mut String| {
        let now = project.current_name(name);
        if now != name {
            *name = now.to_owned();
        }
    };
    rename(&mut predictions.section);
    predictions.bank_spots.iter_mut().for_each(|spot| rename(&mut spot.section));
    predictions
}

/// The test scores of a section in a run, where it was tested.
///
/// # Errors
/// One sentence naming the file that cannot be read.
pub fn test_report(
    workspace: &Workspace,
    run: &RunInfo,
    section: &str,
) -> anyhow::Result<Option<FoldReport>> {
    let entry = workspace.entry(section)?;
    let Ok(folder) = model_folder(run, entry) else { return Ok(None) };
    let reports = folder.read_fold_reports()?;
    Ok(reports.into_iter().find(|r| entry.matches_name(&r.test)))
}

/// The folder of the model that may predict `section`: of a cross-validation, the one not trained on it.
fn model_folder(run: &RunInfo, section: &SectionEntry) -> anyhow::Result<RunFolder> {
    if !matches!(run.config.kind, RunKind::CrossValidation { .. }) {
        return Ok(run.folder.clone());
    }
    // What was tested together may be named and grouped otherwise today, so the folds are asked.
    for folder in run.folder.folds()? {
        if folder.read_fold_reports()?.iter().any(|r| section.matches_name(&r.test)) {
            return Ok(folder);
        }
    }
    Err(anyhow!(
        "The cross-validation \"{}\" has no fold for section {}; train a model and predict with that",
        run.id,
        section.name
    ))
}

/// Why `path` cannot be written.
fn csv_error(path: &Path, error: csv::Error) -> FileError {
    let text = format!("it cannot be written: {error}");
    match error.into_kind() {
        csv::ErrorKind::Io(source) => FileError::io("write", path)(source),
        _ => FileError::malformed(path, text),
    }
}

/// Writes predictions as CSV: a header `spot,x_px,y_px,GENE...`, one row a spot. Of a section without measurements
/// micrometres follow the pixels: `spot,x_px,y_px,x_um,y_um,GENE...`.
///
/// # Errors
/// One sentence naming the file.
pub fn write_csv(path: &Path, predictions: &Predictions, section: &Section) -> Result<(), FileError> {
    let wrong = |e: csv::Error| csv_error(path, e);
    write_atomically(path, |writer| {
        let mut csv = csv::Writer::from_writer(writer);
        let columns: &[&str] = match section.is_measured() {
            true => &["spot", "x_px", "y_px"],
            false => &["spot", "x_px", "y_px", "x_um", "y_um"],
        };
        let header = columns.iter().copied().chain(predictions.genes.iter().map(String::as_str));
        csv.write_record(header).map_err(wrong)?;
        // Predictions and section are of the same files, but join by id all the same.
        let place: HashMap<&str, &Spot> = section.spots.iter().map(|s| (s.id.as_str(), s)).collect();
        for (i, spot) in predictions.spots.iter().enumerate() {
            csv.write_field(spot).map_err(wrong)?;
            let center = place.get(spot.as_str()).map(|s| s.center);
            let um = center.map(|c| c.to_um(section.mpp));
            let values = [center.map(|c| c.x), center.map(|c| c.y), um.map(|um| um[0]), um.map(|um| um[1])];
            for value in values.iter().take(columns.len() - 1) {
                csv.write_field(value.map(|v| format!("{v:.2}")).unwrap_or_default()).map_err(wrong)?;
            }
            for value in predictions.mean.row(i) {
                csv.write_field(value.to_string()).map_err(wrong)?;
            }
            csv.write_record(None::<&[u8]>).map_err(wrong)?;
        }
        csv.flush().map_err(FileError::io("write", path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_called_so_in_tables_too() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let said = csv_error(Path::new("a.csv"), csv::Error::from(full)).to_string();
        assert_eq!(said, "Cannot write a.csv: the disk is full");
    }
}
