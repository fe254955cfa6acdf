//! What each command does: call the job, print its result.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::anyhow;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::files::{FileError, write_bytes_atomically};
use hiscmcl::core::geometry::Mpp;
use hiscmcl::core::places::GridSettings;
use hiscmcl::core::text::counted;
use hiscmcl::data::gene_list::{self, Known};
use hiscmcl::data::project::{Project, ProjectError};
use hiscmcl::data::slide::look_for_openslide_at;
use hiscmcl::data::st::source::SampleKind;
use hiscmcl::device;
use hiscmcl::evaluate::tables;
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::labels::{self, LabelChoice};
use hiscmcl::jobs::predict_places::{self, PredictOutcome, PredictRequest, Saved};
use hiscmcl::jobs::settings::Settings;
use hiscmcl::jobs::workspace::Workspace;
use hiscmcl::jobs::{demo, encoder_speed, encoders, genes, project, run_store};
use hiscmcl::preprocess::hvg::HvgOptions;
use hiscmcl::ui::{self, StartupAction};
use serde_json::json;

use super::args::{Cli, CliCommand, CliProjectCommand, GenesArgs};
use super::terminal::{Terminal, print, say};
use super::{figure, fit, slide, workbench};

/// Runs the command, or opens the window. `began` is when the program did.
pub fn dispatch(cli: Cli, began: Instant) -> anyhow::Result<()> {
    let begin = match (&cli.command, cli.open) {
        (None, None) => Some(StartupAction::Welcome),
        (None, Some(path)) => Some(StartupAction::Path(path)),
        (Some(CliCommand::Demo { headless: None, .. }), _) => Some(StartupAction::Demo),
        (Some(_), _) => None,
    };
    if let Some(begin) = begin {
        return ui::start(begin, cli.times.then_some(began))
            .map_err(|e| anyhow!("The window could not be opened: {e}"));
    }
    let Some(command) = cli.command else { return Ok(()) };
    // The library chosen in the window is used here too. Settings that cannot be read are reported by the window.
    if let Some(place) = Settings::folder().and_then(|f| Settings::load(&f).ok()?.openslide) {
        look_for_openslide_at(place);
    }
    let terminal = Terminal::new();
    let cancel = CancelToken::new();
    let result = run(command, &JobContext { observer: &terminal, cancel: &cancel });
    terminal.finish();
    result
}

/// Loads the project at `path`, changes it, and saves it where `change` says that it did. Where another program saved it
/// meanwhile, its state is loaded and changed instead, so that neither change is lost.
pub(super) fn edit<T>(
    path: &Path,
    change: impl Fn(&mut Project) -> anyhow::Result<(T, bool)>,
) -> anyhow::Result<T> {
    const MAX_TRIES: usize = 50;
    let mut tries = 0;
    loop {
        let mut project = Workspace::open(path.to_path_buf())?.project;
        let (done, changed) = change(&mut project)?;
        if !changed {
            return Ok(done);
        }
        tries += 1;
        match project.save(path) {
            Err(ProjectError::Changed { .. }) if tries < MAX_TRIES => {}
            saved => return Ok(saved.map(|()| done)?),
        }
    }
}

fn run(command: CliCommand, ctx: &JobContext) -> anyhow::Result<()> {
    match command {
        CliCommand::Project(CliProjectCommand::New { project, her2st, sections, force }) => {
            let made = project::create(&project, &her2st, &distinct(&sections), force, ctx)?;
            say(format!("{}: {}", project.display(), counted(made.sections.len(), "section")))?;
            Ok(())
        }
        CliCommand::Project(CliProjectCommand::Add {
            project,
            paths,
            sections,
            labels_column,
            labels,
            mpp,
            slides,
        }) => {
            let labels = label_choice(labels_column, labels)?;
            let (sections, mpp) = (distinct(&sections), mpp.map(|Mpp(mpp)| mpp));
            let added = edit(&project, |found| {
                let added = project::add(found, &paths, slides, &sections, &labels, mpp, ctx)?;
                let changed = !added.sections.is_empty();
                Ok((added, changed))
            })?;
            report_added(&project, &added)
        }
        CliCommand::Project(CliProjectCommand::Label { project, section, file, column }) => {
            let choice = label_choice(column, file)?;
            let set = edit(&project, |found| Ok((labels::set(found, &section, &choice, ctx)?, true)))?;
            let from = set.column.map(|column| format!(" (from {column})")).unwrap_or_default();
            say(format!(
                "{}: {} of {} have a label{from}",
                set.section,
                set.labelled,
                counted(set.spots, "spot")
            ))?;
            Ok(())
        }
        CliCommand::Project(CliProjectCommand::CopyRuns { project, from, runs: only }) => {
            // Before anything is written.
            Workspace::open(project.clone())?;
            let done = run_store::copy_runs(&from, &project, &distinct(&only), ctx)?;
            for name in &done.copied {
                say(format!("{}: copied {name}", project.display()))?;
            }
            for name in &done.known {
                say(format!("{}: has {name} already", project.display()))?;
            }
            Ok(())
        }
        CliCommand::Project(CliProjectCommand::Remove { project, sections }) => {
            let sections = distinct(&sections);
            let removed = edit(&project, |found| Ok((project::remove(found, &sections)?, true)))?;
            say(format!("{}: {} removed", project.display(), counted(removed.len(), "section")))?;
            Ok(())
        }
        CliCommand::Info { project, json } => info(project, json, ctx),
        CliCommand::Genes(args) => select_genes(args, ctx),
        CliCommand::Features { project, encoder, device, json } => {
            let device = device::choose(device)?;
            let workspace = Workspace::open(project)?.with_encoder(&encoder.into(), &device, ctx)?;
            let infos = project::compute_features(&workspace, ctx)?;
            let lines = infos.iter().map(|i| {
                format!("{}: {} spots x {} numbers, {} landmarks", i.section, i.spots, i.width, i.landmarks)
            });
            print(json, &json!({ "sections": infos }), lines)
        }
        CliCommand::Embed { encoder, image, device, json } => {
            let device = device::choose(device)?;
            let embedded = encoders::embed(&encoder.into(), &device, &image, ctx)?;
            if let Some([width, height]) = embedded.resampled_from {
                ctx.observer
                    .note(&format!("{width} x {height} pixels were resampled to the encoder's input"));
            }
            let line = embedded.vector.iter().map(f32::to_string).collect::<Vec<_>>().join(" ");
            print(json, &serde_json::to_value(&embedded)?, std::iter::once(line))
        }
        CliCommand::Encoders { speed, json, .. } if speed.is_empty() => list_encoders(json),
        CliCommand::Encoders { speed, device, precision, json } => {
            let device = device::choose(device)?;
            let measure = |name: &String| {
                encoder_speed::without_weights(encoders::known(name)?, &device, precision, ctx)
            };
            let speeds = speed.iter().map(measure).collect::<anyhow::Result<Vec<_>>>()?;
            let lines = speeds.iter().map(|s| {
                let (speed, precision) = (s.patches_per_second, s.precision.name());
                format!("{}: {speed:.2} patches/s in {precision}, {} at a time", s.encoder, s.batch)
            });
            print(json, &json!({ "speeds": speeds }), lines)
        }
        CliCommand::Train(args) => fit::train_model(args, ctx),
        CliCommand::Predict { project, run, section, grid, lattice, out, device, json } => {
            let workspace = Workspace::open(project)?;
            let grid = grid.map(|pitch_um| GridSettings { pitch_um, lattice });
            let sections = chosen_sections(&section, &workspace);
            let request = PredictRequest { run, sections, grid, device };
            predict_sections(&workspace, &request, &out, json, ctx)
        }
        CliCommand::Evaluate(args) => fit::evaluate(args, ctx),
        CliCommand::Figure(args) => figure::draw(args, ctx),
        CliCommand::Report(args) => figure::report(args, ctx),
        CliCommand::Regions(command) => workbench::regions(command, ctx),
        CliCommand::Compare(args) => workbench::compare(args, ctx),
        CliCommand::Score(args) => workbench::score(args, ctx),
        CliCommand::Cluster(args) => workbench::cluster(args, ctx),
        // Without --headless it opened the window.
        CliCommand::Demo { headless: None, .. } => Ok(()),
        CliCommand::Demo { headless: Some(folder), seed, json } => {
            let made = demo::run_headless(&folder, seed, ctx)?;
            let lines = std::iter::once(tables::text(&made.report))
                .chain(made.files.iter().map(|f| f.display().to_string()));
            print(json, &json!({ "mean": made.report.mean, "files": made.files }), lines)
        }
        CliCommand::Slide(args) => slide::show(&args, ctx),
        CliCommand::Devices { json } => {
            let devices = device::list();
            let lines = devices.iter().map(|d| d.name.clone());
            print(json, &json!({ "devices": devices }), lines)
        }
    }
}

/// The labels that a column of `obs` or a file gives.
fn label_choice(column: Option<String>, file: Option<PathBuf>) -> Result<LabelChoice, FileError> {
    Ok(match (column, file) {
        (Some(column), _) => LabelChoice::Column(column),
        (None, Some(file)) => {
            fs::metadata(&file).map_err(FileError::io("read", &file))?;
            LabelChoice::File(std::path::absolute(&file).map_err(FileError::io("read", &file))?)
        }
        (None, None) => LabelChoice::AsFound,
    })
}

/// Says what was added and what was not.
///
/// # Errors
/// Something that was asked for by name was refused.
fn report_added(project: &Path, added: &project::Added) -> anyhow::Result<()> {
    added.samples.iter().try_for_each(say)?;
    let known = (!added.known.is_empty()).then(|| {
        let are = if added.known.len() == 1 { "is" } else { "are" };
        format!("{} {are} in the project already", added.known.join(", "))
    });
    let refused = added.refused.join("; ");
    match (added.sections.len(), known) {
        (0, None) if added.refused.is_empty() => {
            say("Nothing was added: none of the samples is added unless --sections names it")?;
        }
        (0, Some(known)) if added.refused.is_empty() => say(format!("Nothing was added: {known}"))?,
        (0, known) => {
            let reasons: Vec<String> = added.refused.iter().cloned().chain(known).collect();
            return Err(anyhow!("Nothing was added: {}", reasons.join("; ")));
        }
        (new, known) => {
            say(format!("{}: {} added", project.display(), counted(new, "section")))?;
            known.iter().try_for_each(say)?;
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(anyhow!("Not everything was added: {refused}")) }
}

/// Names that were separated by commas, put together again where a section has commas in its name; those of the sections
/// they mean, each once.
pub fn section_names(pieces: &[String], workspace: &Workspace) -> Vec<String> {
    let known = |name: &str| workspace.project.find(name.trim()).is_some();
    let mut names: Vec<String> = Vec::new();
    let mut rest = pieces;
    while let Some(first) = rest.first() {
        let whole = (2..=rest.len()).rev().map(|n| (n, rest[..n].join(","))).find(|(_, name)| known(name));
        let (taken, name) = whole.unwrap_or_else(|| (1, first.clone()));
        let name = section_name(name.trim(), workspace);
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    names
}

/// Names without blanks around them, each once.
fn distinct(names: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in names.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
        if !out.iter().any(|known| known == name) {
            out.push(name.to_owned());
        }
    }
    out
}

/// The name of the section called `name`, ignoring case; `name` itself where there is none.
pub fn section_name(name: &str, workspace: &Workspace) -> String {
    let found = workspace.project.find(name).filter(|_| workspace.project.section(name).is_none());
    found.map_or_else(|| name.to_owned(), |section| section.name.clone())
}

fn info(project: PathBuf, json: bool, ctx: &JobContext) -> anyhow::Result<()> {
    let info = project::info(&Workspace::open(project)?, ctx)?;
    let lines = info.sections.iter().map(|s| {
        if s.kind == SampleKind::Slide {
            return format!(
                "{}: {} without measurements, {}, {} x {} px, {:.3} um/px",
                s.name, s.kind, s.format, s.width_px, s.height_px, s.mpp
            );
        }
        let patient = s.patient.as_deref().unwrap_or("unknown");
        let values =
            s.umi_total.map_or_else(|| "normalised values".to_owned(), |total| format!("{total} UMIs"));
        format!(
            "{}: {}, patient {patient}, {} spots, {} genes, {values}, {} x {} px, {:.3} µm/px",
            s.name, s.kind, s.spots, s.genes, s.width_px, s.height_px, s.mpp
        )
    });
    let unreadable = info.unreadable.iter().map(|s| format!("{}: cannot be read: {}", s.name, s.reason));
    let runs = info.unreadable_runs.iter().map(|r| format!("Run {}: cannot be read: {}", r.name, r.reason));
    print(json, &serde_json::to_value(&info)?, lines.chain(unreadable).chain(runs))
}

fn select_genes(args: GenesArgs, ctx: &JobContext) -> anyhow::Result<()> {
    let workspace = Workspace::open(args.project)?;
    let keep = args.keep.as_deref().map(|text| names_in(&workspace, &workspace.section_names(), text, ctx));
    let keep = keep.transpose()?;
    let options = HvgOptions {
        per_section: args.hvg,
        combine: args.combine,
        min_spots: args.min_spots,
        always: keep.unwrap_or_default(),
    };
    if !(0.0..=1.0).contains(&options.min_spots) {
        return Err(anyhow!("--min-spots is a share, 0 to 1, not {}", options.min_spots));
    }
    let outputs: Vec<&Path> =
        [Some(&args.out), args.statistics.as_ref()].into_iter().flatten().map(AsRef::as_ref).collect();
    workspace.prepare_outputs(&outputs, None)?;
    let sections = section_names(&args.sections, &workspace);
    let selection = genes::select(&workspace, &sections, &options, ctx)?;
    gene_list::write(&args.out, &selection.genes)?;
    if let Some(path) = &args.statistics {
        write_bytes_atomically(path, genes::statistics_csv(&selection).as_bytes())?;
    }
    let value = json!({ "genes": selection.genes.len(), "shared": selection.shared.len(), "out": args.out });
    let line = format!("{}: {} genes", args.out.display(), selection.genes.len());
    print(args.json, &value, std::iter::once(line))
}

/// The genes in an argument, which commas separate unless they are part of a name.
pub fn names_in(
    workspace: &Workspace,
    sections: &[String],
    text: &str,
    ctx: &JobContext,
) -> anyhow::Result<Vec<String>> {
    // Most names hold no comma, and sections need not be read for these.
    if !text.contains(',') {
        return Ok(gene_list::split_names(text, &|_| false));
    }
    let measured = genes::Measured::new(workspace, sections, ctx)?;
    Ok(gene_list::split_names(text, &|name| measured.knows(name) != Known::No))
}

fn list_encoders(json: bool) -> anyhow::Result<()> {
    let folder = encoders::weights_folder();
    let encoders = encoders::list();
    let millions = |n: u64| n as f64 / 1e6;
    let mut lines =
        vec![format!("{:<14} needs no weights: stain, nuclei and texture statistics", encoders::TEXTURE)];
    for e in &encoders {
        let weights = e.weights.as_ref().map_or_else(
            || format!("weights not found, see {}", e.source),
            |path| path.display().to_string(),
        );
        lines.push(format!(
            "{:<14} {:.0} M parameters, {} numbers a patch, {:.1} GB, {}: {weights}",
            e.name,
            millions(e.parameters),
            e.width,
            e.memory as f64 / 1e9,
            e.licence
        ));
    }
    if let Some(folder) = &folder {
        lines.push(format!("Weights are looked for in {}", folder.display()));
    }
    print(json, &json!({ "folder": folder, "encoders": encoders }), lines.into_iter())
}

/// The sections that were typed; all of the project where "all" was, and no section is called so.
fn chosen_sections(typed: &[String], workspace: &Workspace) -> Vec<String> {
    match typed {
        [all] if all.trim().eq_ignore_ascii_case("all") && workspace.project.find(all).is_none() => {
            workspace.section_names()
        }
        typed => section_names(typed, workspace),
    }
}

fn predict_sections(
    workspace: &Workspace,
    request: &PredictRequest,
    out: &Path,
    json: bool,
    ctx: &JobContext,
) -> anyhow::Result<()> {
    let PredictOutcome { saved, failed } = predict_places::save(workspace, request, out, ctx)?;
    let line = |s: &Saved| format!("{}: {} spots x {} genes", s.out.display(), s.spots, s.genes);
    let value = match saved.as_slice() {
        [one] if failed.is_empty() && one.out == out => {
            let mut value = serde_json::to_value(one)?;
            value["run"] = json!(request.run);
            value
        }
        files => json!({ "run": request.run, "out": out, "files": files, "failed": failed }),
    };
    print(json, &value, saved.iter().map(line))?;
    if failed.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = failed.iter().map(|f| f.name.as_str()).collect();
    Err(anyhow!(
        "{} of {} could not be predicted: {}",
        failed.len(),
        counted(request.sections.len(), "section"),
        names.join(", ")
    ))
}
