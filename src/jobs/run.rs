//! From a request to the function that does it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};

use super::cached_features::check_features;
use super::cluster::cluster_places;
use super::context::JobContext;
use super::figure::{self, files::Previewed};
use super::fit::{FitRequest, evaluate, train};
use super::labels::{self, LabelChoice};
use super::outcome::{OpenedProject, Outcome, PreviewImage, ReadSection};
use super::predict::predictions_and_reach;
use super::predict_places::PredictRequest;
use super::request::{Request, Snapshot};
use super::resources::Resources;
use super::run_store::{RunInfo, RunKind, copy_all, copy_runs, delete_run, list_runs, load_run, runs_folder};
use super::traits::Lane;
use super::workspace::Workspace;
use super::{
    compare, demo, encoder_speed, encoders, genes, predict_places, project, regions, run_report, tissue,
};
use crate::core::files::{write_bytes_atomically, write_json_atomically};
use crate::core::progress::Task;
use crate::data::candidates::{self, Candidate};
use crate::data::gene_list;
use crate::data::project::{EXTENSION, Project, SectionEntry};
use crate::data::slide::use_openslide_at;
use crate::data::st::ReadError;
use crate::data::st::pairing::{PartKind, Suggestion, files_below, kind_of, suggest_pairs};
use crate::device::{self, DeviceChoice};
use crate::evaluate::judgement::JudgedReport;
use crate::evaluate::tables;
use crate::predict::Predictions;
use crate::preprocess::hvg::HvgOptions;

/// Width of a previewed figure in pixels.
const PREVIEW_PX: u32 = 1400;

/// Samples whose counts take more bytes on disk are not read before the summary of what was found is shown: that would take too
/// long. What is wrong with them is said when they are added and read.
const READ_BEFORE: u64 = 32 << 20;

fn workspace(snapshot: Snapshot, resources: &Resources) -> Workspace {
    Workspace::new(snapshot.path, snapshot.project, resources.clone())
}

/// Does what is asked for, with what is in memory and cached.
///
/// # Errors
/// What went wrong, or that it was cancelled.
pub fn run(resources: &Resources, request: Request, ctx: &JobContext) -> anyhow::Result<Outcome> {
    if request.lane() == Lane::Compute {
        let (resources, _turn) = resources.for_computing(ctx)?;
        return perform(&resources, request, ctx);
    }
    perform(resources, request, ctx)
}

fn perform(resources: &Resources, request: Request, ctx: &JobContext) -> anyhow::Result<Outcome> {
    Ok(match request {
        Request::ListDevices => Outcome::Devices(device::list()),
        Request::SaveSettings { folder, settings } => {
            settings.save(&folder)?;
            Outcome::Done
        }
        Request::MakeDemo { folder } => make_demo(&folder, ctx)?,
        Request::OpenProject(path) => {
            resources.forget_all();
            opened(&path, Project::load(&path)?, false)
        }
        Request::NewFromFolder { folder, file } => new_from_folder(&folder, &file, ctx)?,
        Request::NewEmpty { file } => {
            let path = free_file(&file);
            let project = Project::new();
            project.save(&path)?;
            opened(&path, project, true)
        }
        Request::SaveProject { path, project } => {
            project.save(&path)?;
            Outcome::Saved(path)
        }
        Request::SaveView { path, view } => {
            // Where the user was is no reason to complain of a file that cannot be read or written.
            let _ = Project::save_view(&path, &view);
            Outcome::Done
        }
        Request::SaveProjectAs { from, to, project } => {
            save_as(&from, &to, &project, ctx)?;
            Outcome::Saved(to)
        }
        Request::FindSamples { paths, as_slides: true, sections } => slides_of(&paths, &sections, ctx)?,
        Request::FindSamples { paths, as_slides: false, sections } => {
            match samples_of(&paths, &sections, ctx) {
                Ok((found, suggestions, notes)) => Outcome::Scanned { found, suggestions, notes },
                Err(why) => match names_in(&paths) {
                    Some(names) => Outcome::Names { names, otherwise: why.to_string() },
                    None => return Err(why),
                },
            }
        }
        Request::OpenSection { entry, .. } => open_section(resources, entry, ctx)?,
        Request::ReadLabels { snapshot: Snapshot { mut project, .. }, section, path } => {
            Outcome::Labels(labels::set(&mut project, &section, &LabelChoice::File(path), ctx)?)
        }
        Request::ReadRegions { path, .. } => Outcome::Regions(Box::new(regions::read(&path)?)),
        Request::ExportRegions { snapshot, section, path } => {
            regions::export(&workspace(snapshot, resources), &section, &path, ctx)?;
            Outcome::Saved(path)
        }
        Request::Compare { snapshot, compare } => {
            Outcome::Compared(Arc::new(compare::compare(&workspace(snapshot, resources), &compare, ctx)?))
        }
        Request::Cluster { snapshot, cluster } => {
            let found = cluster_places(&workspace(snapshot, resources), &cluster, ctx)?;
            Outcome::Clustered(Arc::new(found))
        }
        Request::CheckFeatures { sections, encoder, device, views } => {
            check_features(resources, &sections, &encoder, device, &views, ctx)?
        }
        Request::ComputeFeatures { snapshot, encoder, device } => {
            let device = device::choose(device)?;
            let workspace = workspace(snapshot, resources).with_encoder(&encoder, &device, ctx)?;
            let infos = project::compute_features(&workspace, ctx)?;
            let cached = infos.into_iter().map(|i| i.section).collect();
            let (bytes, of_none) = (resources.cached_bytes(), BTreeMap::new());
            Outcome::Features { cached, bytes, patches: of_none.clone(), missing_views: of_none }
        }
        Request::ListEncoders { chosen } => {
            Outcome::Encoders { list: encoders::list_with(&chosen), folder: encoders::weights_folder() }
        }
        Request::CheckWeights { encoder, path } => {
            encoders::check_weights(&encoder, &path)?;
            Outcome::Done
        }
        Request::UseOpenSlide { library } => Outcome::OpenSlide { version: use_openslide_at(&library)? },
        Request::OpenWeightsFolder => {
            encoders::open_weights_folder()?;
            Outcome::Done
        }
        Request::MeasureRates { device } => {
            let device = device::choose(device)?;
            let rates = encoder_speed::rates(&device, ctx)?;
            Outcome::Rates { device: device.info().name.clone(), rates }
        }
        Request::MeasureSpeed { encoder, device } => {
            let device = device::choose(device)?;
            let workspace = Workspace::new(PathBuf::new(), Project::new(), resources.clone());
            let per_second = encoder_speed::measure(&workspace, &encoder, &device, ctx)?;
            Outcome::Speed { device: device.info().name.clone(), per_second }
        }
        Request::ClearCache => {
            resources.clear_cached()?;
            Outcome::Done
        }
        Request::SelectGenes { snapshot, count, combine, min_spots, keep } => {
            let options = HvgOptions { per_section: count, combine, min_spots, always: keep };
            let selection = genes::select(&workspace(snapshot, resources), &[], &options, ctx)?;
            Outcome::Genes(selection.genes)
        }
        Request::LoadGenes { snapshot, path } => {
            Outcome::Genes(genes::load(&workspace(snapshot, resources), &path, ctx)?)
        }
        Request::SaveGenes { path, genes } => {
            gene_list::write(&path, &genes)?;
            Outcome::Saved(path)
        }
        Request::ListRuns(path) => Outcome::Runs(list_runs(&path)?),
        Request::Train { snapshot, run, fit, test } => {
            run_training(&workspace(snapshot, resources), &fit, &test, &run, ctx)?
        }
        Request::Resume { snapshot, run, device } => {
            resume(&workspace(snapshot, resources), run, device, ctx)?
        }
        Request::Evaluate { snapshot, run, fit, split } => {
            let report = evaluate(&workspace(snapshot, resources), &fit, split, Some(&run), ctx)?;
            Outcome::Evaluated { run, report: Arc::new(report) }
        }
        Request::CopyRuns { from, to } => Outcome::CopiedRuns(copy_runs(&from, &to, &[], ctx)?),
        Request::DeleteRun { id, folder } => {
            delete_run(&folder, &id)?;
            Outcome::Done
        }
        Request::LoadRun(run) => Outcome::Run(Box::new(load_run(&run)?)),
        Request::Predict { snapshot, run, section } => {
            let workspace = workspace(snapshot, resources);
            let (predicted, reach) =
                predictions_and_reach(&workspace, &run.id, &section, DeviceChoice::Auto, ctx)?;
            Outcome::Predicted { run: run.id, predictions: Arc::new(predicted), reach: reach.map(Arc::new) }
        }
        Request::FindTissue(request) => Outcome::Tissue(Arc::new(tissue::look(resources, &request, ctx)?)),
        Request::Preview { snapshot, figure, intent } => {
            let workspace = workspace(snapshot, resources);
            let previewed = figure::files::preview(&workspace, &figure, intent, PREVIEW_PX, ctx)?;
            let Previewed { raster, caption, not_allowed } = previewed;
            let (width, height) = (raster.width as usize, raster.height as usize);
            Outcome::Preview(Arc::new(PreviewImage {
                width,
                height,
                rgba: raster.rgba,
                caption,
                not_allowed,
            }))
        }
        Request::SaveFigure { snapshot, figure, path } => {
            let saved = figure::files::save(&workspace(snapshot, resources), &figure, &path, ctx)?;
            Outcome::SavedFigure { path, missing: saved.missing }
        }
        Request::SaveFigures { snapshot, figure, folder, format } => {
            let workspace = workspace(snapshot, resources);
            let saved = figure::files::save_each(&workspace, &figure, &folder, format, ctx)?;
            Outcome::SavedMany { folder, count: saved.count, missing: saved.missing }
        }
        Request::SaveRunReport { snapshot, report, path } => {
            let missing = run_report::save(&workspace(snapshot, resources), &report, &path, ctx)?;
            Outcome::SavedFigure { path, missing }
        }
        Request::SavePredictions { snapshot, run, sections, path } => {
            let workspace = workspace(snapshot, resources);
            let request = PredictRequest { run: run.id, sections, grid: None, device: DeviceChoice::Auto };
            predict_places::save(&workspace, &request, &path, ctx)?;
            Outcome::Saved(path)
        }
        Request::PredictSlides { snapshot, run, slides, folder } => {
            let workspace = workspace(snapshot, resources);
            let request =
                PredictRequest { run: run.id, sections: slides, grid: None, device: DeviceChoice::Auto };
            let done = predict_places::save_each(&workspace, &request, &folder, ctx)?;
            Outcome::PredictedSlides { folder, count: done.saved.len(), failed: done.failed }
        }
        Request::SaveReport { report, path } => {
            if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
                write_json_atomically(&path, &JudgedReport::new(&report))?;
            } else {
                write_bytes_atomically(&path, tables::genes_csv(&report.folds).as_bytes())?;
            }
            Outcome::Saved(path)
        }
        Request::SaveTable { text, path } => {
            write_bytes_atomically(&path, text.as_bytes())?;
            Outcome::Saved(path)
        }
    })
}

fn opened(path: &Path, project: Project, new: bool) -> Outcome {
    let missing = project.missing_files();
    Outcome::Project(Box::new(OpenedProject {
        path: path.to_path_buf(),
        project,
        missing,
        demo: false,
        new,
        found: Vec::new(),
        suggestions: Vec::new(),
        notes: Vec::new(),
    }))
}

/// `file`, or a name beside it with a number when something is there already.
fn free_file(file: &Path) -> PathBuf {
    numbered(file).find(|f| !f.exists()).unwrap_or_else(|| file.to_path_buf())
}

fn numbered(file: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = file.extension().unwrap_or_default().to_string_lossy().into_owned();
    std::iter::once(file.to_path_buf())
        .chain((2..1000).map(move |n| file.with_file_name(format!("{stem} {n}.{ending}"))))
}

/// The samples of files and folders, or else which files may belong together.
fn samples_of(
    paths: &[PathBuf],
    sections: &[SectionEntry],
    ctx: &JobContext,
) -> anyhow::Result<(Vec<Candidate>, Vec<Suggestion>, Vec<String>)> {
    let why = match candidates::find(paths, ctx.progress(), ctx.cancel) {
        Ok((mut found, notes)) if !found.is_empty() => {
            candidates::mark_copies(found.iter_mut(), sections, ctx.cancel)?;
            candidates::check(&mut found, |c| c.chosen, Some(READ_BEFORE), ctx.progress(), ctx.cancel)?;
            return Ok((found, Vec::new(), notes));
        }
        Ok((_, notes)) => anyhow!("{}", notes.join("; ")),
        Err(why) => why.into(),
    };
    ctx.check()?;
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_below(path)?);
        } else {
            files.push(path.clone());
        }
    }
    let folders_only = paths.iter().all(|p| p.is_dir());
    let suggestions = if folders_only { suggest_pairs(&files) } else { pair_files(&files) };
    // Nothing to pair either: then what is lacking is the better explanation.
    let useful = |s: &Suggestion| s.counts.is_some() || s.spots.is_some() || s.image.is_some();
    if suggestions.iter().any(useful) { Ok((Vec::new(), suggestions, Vec::new())) } else { Err(why) }
}

/// The slides that files and folders hold.
fn slides_of(paths: &[PathBuf], sections: &[SectionEntry], ctx: &JobContext) -> anyhow::Result<Outcome> {
    let (mut found, notes) = candidates::slides(paths)?;
    candidates::mark_copies(found.iter_mut(), sections, ctx.cancel)?;
    candidates::check(&mut found, |c| c.chosen, Some(READ_BEFORE), ctx.progress(), ctx.cancel)?;
    Ok(Outcome::Scanned { found, suggestions: Vec::new(), notes })
}

/// The names in a single text file.
fn names_in(paths: &[PathBuf]) -> Option<Vec<String>> {
    match paths {
        [one] if one.is_file() && kind_of(one) == PartKind::Other => gene_list::read(one).ok(),
        _ => None,
    }
}

/// Which of these files belong together. Without a count table there is nothing to pair: then one section
/// of the first file of each kind.
fn pair_files(files: &[PathBuf]) -> Vec<Suggestion> {
    let pairs = suggest_pairs(files);
    if !pairs.is_empty() {
        return pairs;
    }
    let first = |kind| files.iter().find(|f| kind_of(f) == kind).cloned();
    let (spots, image, labels) = (first(PartKind::Spots), first(PartKind::Image), first(PartKind::Labels));
    vec![Suggestion { spots, image, labels, ..Suggestion::default() }]
}

/// A project of a folder. One made of the same folder before is opened again.
fn new_from_folder(folder: &Path, file: &Path, ctx: &JobContext) -> anyhow::Result<Outcome> {
    let folder = std::path::absolute(folder).with_context(|| format!("Cannot open {}", folder.display()))?;
    let (found, suggestions, notes) = samples_of(std::slice::from_ref(&folder), &[], ctx)?;
    let same = |p: &Project| found.iter().any(|c| p.holds(&c.entry.source));
    let known = numbered(file)
        .take_while(|f| f.exists())
        .find_map(|f| Project::load(&f).ok().filter(same).map(|project| (f, project)));
    let new = known.is_none();
    let (path, mut project) = known.unwrap_or_else(|| (free_file(file), Project::new()));
    // What leaves nothing to decide is added at once; the rest the user looks at first.
    let found = if candidates::need_no_review(&found) {
        let entries: Vec<SectionEntry> = found.into_iter().map(|c| c.entry).collect();
        project.add_new(entries)?;
        Vec::new()
    } else {
        found.into_iter().filter(|c| !project.holds(&c.entry.source)).collect()
    };
    project.save(&path)?;
    let missing = project.missing_files();
    Ok(Outcome::Project(Box::new(OpenedProject {
        path,
        project,
        missing,
        demo: false,
        new,
        found,
        suggestions,
        notes,
    })))
}

/// The synthetic demo: made now, or opened again with what was trained on it.
fn make_demo(folder: &Path, ctx: &JobContext) -> anyhow::Result<Outcome> {
    let made = folder.join(format!("demo.{EXTENSION}"));
    let known = Project::load(&made).ok().filter(|p| !p.sections.is_empty() && p.missing_files().is_empty());
    let new = known.is_none();
    let (path, project) = match known {
        Some(project) => (made, project),
        None => {
            let Workspace { path, project, .. } = demo::make_project(folder, demo::SEED, ctx)?;
            (path, project)
        }
    };
    let (missing, suggestions, notes) = (Vec::new(), Vec::new(), Vec::new());
    Ok(Outcome::Project(Box::new(OpenedProject {
        path,
        project,
        missing,
        demo: true,
        new,
        found: Vec::new(),
        suggestions,
        notes,
    })))
}

/// Writes the project under another name and copies its runs.
fn save_as(from: &Path, to: &Path, project: &Project, ctx: &JobContext) -> anyhow::Result<()> {
    let runs = runs_folder(from);
    if from != to && runs.is_dir() {
        ctx.observer.report(&Task::CopyingRuns.into(), 0, 0);
        copy_all(&runs, &runs_folder(to), ctx)?;
    }
    Ok(project.save_over(to)?)
}

fn open_section(resources: &Resources, entry: SectionEntry, ctx: &JobContext) -> anyhow::Result<Outcome> {
    let name = entry.name.clone();
    let mut project = Project::new();
    project.add(entry)?;
    let workspace = Workspace::new(PathBuf::new(), project, resources.clone());
    match workspace.section(&name, ctx) {
        Ok(section) => {
            let umis = section.counts.sum();
            Ok(Outcome::Section(ReadSection { section, umis }))
        }
        Err(error) => match error.downcast::<ReadError>() {
            Ok(ReadError::Missing(missing)) => Ok(Outcome::MissingFile(missing)),
            Ok(other) => Err(other.into()),
            Err(error) => Err(error),
        },
    }
}

fn run_training(
    workspace: &Workspace,
    fit: &FitRequest,
    test: &[String],
    name: &str,
    ctx: &JobContext,
) -> anyhow::Result<Outcome> {
    let trained = train(workspace, fit, test, name, ctx)?;
    let mut predicted = Vec::new();
    for section in test {
        predicted.push(Arc::new(Predictions::load(&trained.folder.predictions(section))?));
    }
    Ok(Outcome::Trained { run: trained.run, predictions: predicted, notes: trained.notes })
}

fn resume(
    workspace: &Workspace,
    run: RunInfo,
    device: DeviceChoice,
    ctx: &JobContext,
) -> anyhow::Result<Outcome> {
    let config = run.config;
    let fit = FitRequest {
        genes: config.genes,
        target: config.target,
        sections: config.sections,
        encoder: encoders::choice_of(&config.encoder, config.weights.as_deref()),
        device,
        recipe: config.recipe,
    };
    match config.kind {
        RunKind::Model { test } => run_training(workspace, &fit, &test, &run.id, ctx),
        RunKind::CrossValidation { split } => {
            let report = evaluate(workspace, &fit, split, Some(&run.id), ctx)?;
            Ok(Outcome::Evaluated { run: run.id, report: Arc::new(report) })
        }
    }
}
