//! Commands change the state as the user expects. Jobs are played by a double that answers at once.

mod demo;
mod entries;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::app::command::{
    Command, ExportCommand, FeaturesCommand, GenesCommand, JobCommand, Overlay, PanelForm, ProjectCommand,
    SectionCommand, Step, TrainCommand,
};
use crate::app::explore::ExploreCommand;
use crate::app::explore::section_index::tests::section;
use crate::app::forms::{HoldOut, TrainForm};
use crate::app::held_out;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::state::App;
use crate::core::colormap::ColorMap;
use crate::core::display::DisplaySettings;
use crate::data::candidates::Candidate;
use crate::data::project::{GeneOrigin, GeneSelection, Project, SectionEntry};
use crate::data::st::{FileRole, MissingFile};
use crate::device::DeviceChoice;
use crate::jobs::context::JobContext;
use crate::jobs::labels::Labelled;
use crate::jobs::outcome::{OpenedProject, Outcome, ReadSection};
use crate::jobs::request::Request;
use crate::jobs::settings::Settings;

type Asked = Arc<Mutex<Vec<Request>>>;

fn project(names: &[&str]) -> Project {
    let mut project = Project::new();
    for name in names {
        let entry = SectionEntry {
            patient: Some(name[..1].into()),
            ..SectionEntry::legacy(
                *name,
                PathBuf::from(format!("/nowhere/{name}.tsv")),
                PathBuf::from(format!("/nowhere/{name}_spots.tsv")),
                PathBuf::from(format!("/nowhere/{name}.jpg")),
            )
        };
        project.add(entry).unwrap();
    }
    project.selection = Some(GeneSelection {
        genes: vec!["A".into(), "B".into()],
        how: GeneOrigin::from_list("from genes.txt"),
    });
    project
}

fn candidate(entry: SectionEntry) -> Candidate {
    Candidate {
        entry,
        chosen: true,
        line: String::new(),
        warnings: Vec::new(),
        size: None,
        label_columns: Vec::new(),
        refused: None,
        copy_of: None,
        label_fit: None,
    }
}

fn app() -> (App, Asked) {
    let asked = Asked::default();
    let heard = Arc::clone(&asked);
    let runner = move |request: Request, _: &JobContext| -> anyhow::Result<Outcome> {
        heard.lock().unwrap().push(request.clone());
        Ok(match request {
            Request::OpenProject(path) => Outcome::Project(Box::new(OpenedProject {
                path,
                project: project(&["C1", "C2", "D1"]),
                missing: Vec::new(),
                demo: false,
                new: true,
                found: Vec::new(),
                suggestions: Vec::new(),
                notes: Vec::new(),
            })),
            Request::OpenSection { entry, .. } if entry.image.ends_with("gone.jpg") => {
                let path = entry.image.clone();
                Outcome::MissingFile(MissingFile { section: entry.name, role: FileRole::Image, path })
            }
            Request::OpenSection { entry, .. } => {
                let section = section(&entry.name, 3, &["A", "B", "C"]);
                Outcome::Section(ReadSection { section: Arc::new(section), umis: 9.0 })
            }
            Request::SaveProject { path, .. } if path.starts_with("/full") => {
                anyhow::bail!("Cannot write p.hiscmcl: the disk is full")
            }
            Request::SaveProject { path, .. } | Request::SaveProjectAs { to: path, .. } => {
                Outcome::Saved(path)
            }
            Request::ComputeFeatures { .. } => Outcome::Features {
                cached: vec!["C1".into()],
                bytes: 1,
                patches: Default::default(),
                missing_views: Default::default(),
            },
            Request::ReadLabels { section, .. } => {
                Outcome::Labels(Labelled { section, labelled: 2, spots: 3, column: None })
            }
            Request::LoadGenes { .. } => Outcome::Genes(vec!["X".into(), "Y".into()]),
            Request::FindSamples { .. } => {
                let found = project(&["E1", "C1"]).sections.into_iter().map(candidate).collect();
                Outcome::Scanned { found, suggestions: Vec::new(), notes: vec!["E2 has no image".into()] }
            }
            _ => Outcome::Done,
        })
    };
    (App::new(None, Arc::new(runner), Arc::new(|| ())), asked)
}

fn until(app: &mut App, test: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !test(app) {
        assert!(start.elapsed() < Duration::from_secs(20), "it did not happen");
        app.tick(Instant::now());
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn opened(path: &str) -> (App, Asked) {
    let (mut app, asked) = app();
    app.apply(Command::Project(ProjectCommand::Open(path.into())));
    until(&mut app, |a| a.open.as_ref().is_some_and(|o| o.ready().count() == 3));
    (app, asked)
}

fn names(app: &App) -> Vec<String> {
    app.open.as_ref().unwrap().doc().sections.iter().map(|s| s.name.clone()).collect()
}

#[test]
fn a_project_is_opened_remembered_and_closed() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    assert_eq!(app.title(), "p - HisCMCL");
    assert_eq!(app.settings.recent, [PathBuf::from("/nowhere/p.hiscmcl")]);
    app.apply(Command::GoTo(Step::Evaluate));
    assert_eq!(app.step, Step::Evaluate);
    app.apply(Command::Project(ProjectCommand::Close));
    assert!(app.open.is_none() && app.step == Step::Data);
    app.apply(Command::GoTo(Step::Train));
    assert_eq!(app.step, Step::Data, "a step that cannot be taken is not");
    assert!(app.notices.open().any(|n| n.headline.contains("Open a project")));
}

#[test]
fn sections_are_edited_and_refused() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    let rename = |from: &str, to: &str| {
        Command::Section(SectionCommand::Rename { section: from.into(), name: to.into() })
    };
    app.apply(rename("C1", "Left"));
    assert_eq!(names(&app), ["Left", "C2", "D1"]);
    assert_eq!(app.open.as_ref().unwrap().section("Left").unwrap().ready().unwrap().name, "Left");
    app.apply(rename("C2", "Left"));
    assert_eq!(names(&app), ["Left", "C2", "D1"]);
    assert!(app.notices.open().any(|n| n.headline.contains("already")));
    app.apply(Command::Section(SectionCommand::SetMpp { section: "C2".into(), mpp: Some(1e9) }));
    assert_eq!(app.open.as_ref().unwrap().doc().sections[1].mpp, None);
    app.apply(Command::Section(SectionCommand::Remove("D1".into())));
    let undo = app.notices.open().find_map(|n| n.action.clone()).unwrap().1;
    assert_eq!(names(&app), ["Left", "C2"]);
    app.apply(undo);
    assert_eq!(names(&app), ["Left", "C2", "D1"]);
}

#[test]
fn a_gene_is_not_listed_under_two_symbols() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    let genes = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    app.apply(Command::Genes(GenesCommand::Set(genes(&["FAM64A", "GNAS"]))));
    app.apply(Command::Genes(GenesCommand::Add(genes(&["PIMREG", "JPT1", "GNAS"]))));
    assert_eq!(app.open.as_ref().unwrap().genes(), genes(&["FAM64A", "GNAS", "JPT1"]));
}

#[test]
fn what_was_read_from_runs_follows_names_there_and_back() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    let report = Arc::new(crate::app::scores::tests::report());
    let predictions = crate::predict::Predictions {
        section: "D1".into(),
        spots: Vec::new(),
        genes: Vec::new(),
        mean: Default::default(),
        uncertainty: Default::default(),
        retrieved: Vec::new(),
        bank_spots: vec![crate::predict::BankSpot { section: "C2".into(), spot: "1x2".into() }],
    };
    let runs = &mut app.open.as_mut().unwrap().runs;
    runs.report = Some(crate::app::scores::ShownReport::new("cv".into(), report, Some("C2".into())));
    runs.predictions.keep("cv", "", Arc::new(predictions), None);
    app.forms.evaluate.fold = Some("C2".into());
    app.forms.export.sections = vec!["C2".into(), "C1".into()];
    app.apply(Command::Explore(ExploreCommand::SelectSection("C2".into())));
    let is = |app: &App, name: &str| {
        let runs = &app.open.as_ref().unwrap().runs;
        let shown = runs.report.as_ref().unwrap();
        assert_eq!((shown.report.folds[0].test.as_str(), shown.fold.as_deref()), (name, Some(name)));
        assert_eq!(runs.predictions.get("cv", "D1", "").unwrap().bank_spots[0].section, name);
        assert_eq!(app.forms.evaluate.fold.as_deref(), Some(name));
        assert_eq!(app.forms.export.sections, [name, "C1"]);
        assert_eq!(app.explore.section_name(), Some(name));
    };
    for (section, name) in [("C2", "Left"), ("Left", "Outer")] {
        let (section, name) = (section.to_owned(), name.to_owned());
        app.apply(Command::Section(SectionCommand::Rename { section, name }));
    }
    is(&app, "Outer");
    app.apply(Command::Undo);
    is(&app, "Left");
    app.apply(Command::Undo);
    is(&app, "C2");
    app.apply(Command::Redo);
    is(&app, "Left");
}

#[test]
fn a_folder_adds_only_what_is_new() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    app.apply(Command::Section(SectionCommand::Find(vec!["/nowhere".into()])));
    until(&mut app, |a| a.overlay == Some(Overlay::Samples));
    assert_eq!(app.forms.samples.notes, ["E2 has no image"]);
    assert_eq!(names(&app), ["C1", "C2", "D1"], "nothing is added before it was looked at");
    let mut form = app.forms.samples.clone();
    form.set_patient("E");
    app.apply(Command::Section(SectionCommand::EditSamples(form)));
    app.apply(Command::Section(SectionCommand::AddSamples));
    until(&mut app, |a| a.open.as_ref().is_some_and(|o| o.ready().count() == 4));
    assert_eq!(names(&app), ["C1", "C2", "D1", "E1"]);
    assert_eq!(app.open.as_ref().unwrap().doc().sections[3].patient.as_deref(), Some("E"));
    app.apply(Command::Undo);
    assert_eq!(names(&app), ["C1", "C2", "D1"]);
}

#[test]
fn a_small_image_gives_way_to_the_full_slide() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    app.open.as_mut().unwrap().edit("Small", None, |p| p.sections[0].image_scale = Some(0.1));
    let ask = PathRequest::new(PathPurpose::FullSlide { section: "C1".into() });
    app.apply(Command::Chosen(ask, "/nowhere/full.tif".into()));
    let entry = |app: &App| app.open.as_ref().unwrap().doc().sections[0].clone();
    assert_eq!(
        (entry(&app).image.as_path(), entry(&app).image_scale),
        (Path::new("/nowhere/full.tif"), None)
    );
    app.apply(Command::Undo);
    assert_eq!(entry(&app).image_scale, Some(0.1));
}

#[test]
fn a_changed_resolution_is_read_anew_and_a_missing_file_asks() {
    let (mut app, asked) = opened("/nowhere/p.hiscmcl");
    let before = asked.lock().unwrap().len();
    app.apply(Command::Section(SectionCommand::SetMpp { section: "C2".into(), mpp: Some(0.5) }));
    until(&mut app, |a| a.open.as_ref().is_some_and(|o| !o.is_loading()));
    let again = |r: &Request| matches!(r, Request::OpenSection { entry, .. } if entry.mpp == Some(0.5));
    assert!(asked.lock().unwrap()[before..].iter().any(again));
    app.open.as_mut().unwrap().edit("Move", None, |p| p.sections[0].image = "/nowhere/gone.jpg".into());
    until(&mut app, |a| {
        let state = a.open.as_ref().unwrap().section("C1").unwrap().state;
        matches!(state, crate::app::project::SectionState::Missing(m) if m[0].role == FileRole::Image)
    });
}

/// Image features are known by the names of sections; an edit must not make them be computed again.
#[test]
fn edits_of_sections_do_not_lose_image_features() {
    let (mut app, asked) = opened("/nowhere/p.hiscmcl");
    let open = app.open.as_mut().unwrap();
    open.cached = ["C1", "C2", "D1"].map(str::to_owned).into();
    open.features_known = true;
    let cached = |app: &App| app.open.as_ref().unwrap().cached.iter().cloned().collect::<Vec<_>>();
    let looked = |asked: &Asked| {
        asked.lock().unwrap().iter().filter(|r| matches!(r, Request::CheckFeatures { .. })).count()
    };
    app.apply(Command::Section(SectionCommand::Rename { section: "C2".into(), name: "Left".into() }));
    assert_eq!(cached(&app), ["C1", "D1", "Left"]);
    app.apply(Command::Section(SectionCommand::SetPatient { section: "C1".into(), patient: "P".into() }));
    app.apply(Command::Section(SectionCommand::SetLabels { section: "C1".into(), path: "/l.tsv".into() }));
    until(&mut app, |a| a.open.as_ref().unwrap().doc().section("C1").unwrap().labels.is_some());
    until(&mut app, |a| a.open.as_ref().is_some_and(|o| !o.is_loading()));
    assert_eq!(cached(&app), ["C1", "D1", "Left"]);
    for _ in 0..3 {
        app.apply(Command::Undo);
    }
    assert_eq!(cached(&app), ["C1", "C2", "D1"]);
    // With another resolution they are others, and without it again those of before.
    app.apply(Command::Section(SectionCommand::SetMpp { section: "C1".into(), mpp: Some(0.5) }));
    until(&mut app, |a| a.open.as_ref().is_some_and(|o| !o.is_loading()));
    let before = looked(&asked);
    app.apply(Command::Undo);
    until(&mut app, |_| looked(&asked) > before);
}

#[test]
fn genes_say_where_they_are_from() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    let how = |app: &App| app.open.as_ref().unwrap().doc().selection.as_ref().unwrap().how.to_string();
    app.apply(Command::Genes(GenesCommand::Add(vec!["B".into(), "C".into()])));
    assert_eq!(app.open.as_ref().unwrap().genes(), ["A", "B", "C"]);
    assert_eq!(how(&app), "from genes.txt, edited");
    app.apply(Command::Chosen(PathRequest::new(PathPurpose::LoadGenes), "/nowhere/mine.txt".into()));
    until(&mut app, |a| a.open.as_ref().is_some_and(|o| o.genes() == ["X", "Y"]));
    assert_eq!(how(&app), "from mine.txt");
    app.apply(Command::Genes(GenesCommand::Set(Vec::new())));
    assert!(app.step_state(Step::Train).blocked.is_some());
    app.apply(Command::Undo);
    assert_eq!(app.step_state(Step::Train).blocked, None);
}

#[test]
fn panels_are_copied_edited_and_deleted() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    let built_in = app.panels().len();
    let form = |original: Option<&str>, name: &str, genes: &str| PanelForm {
        original: original.map(Into::into),
        name: name.into(),
        source: "mine".into(),
        genes: genes.into(),
    };
    app.apply(Command::Genes(GenesCommand::SavePanel(form(None, "Mine", "A, B A"))));
    assert_eq!(app.panels().len(), built_in + 1);
    app.apply(Command::Genes(GenesCommand::SavePanel(form(Some("Mine"), "Ours", "A C"))));
    let ours = app.panels().into_iter().find(|p| p.name == "Ours").unwrap().genes.clone();
    assert_eq!(ours, ["A", "C"]);
    assert_eq!(app.panels().len(), built_in + 1);
    app.apply(Command::Genes(GenesCommand::SavePanel(form(None, "Empty", " "))));
    assert!(app.notices.open().any(|n| n.headline.contains("at least one gene")));
    app.apply(Command::Genes(GenesCommand::DeletePanel("Ours".into())));
    assert_eq!(app.panels().len(), built_in);
}

#[test]
fn display_is_part_of_undo() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    let settings = DisplaySettings { colormap: ColorMap::Magma, ..DisplaySettings::default() };
    app.apply(Command::Explore(ExploreCommand::Display { what: "Colour map", settings }));
    assert_eq!(app.explore.display().colormap, ColorMap::Magma);
    app.apply(Command::Undo);
    assert_eq!(app.explore.display().colormap, ColorMap::Viridis);
    app.apply(Command::Redo);
    assert_eq!(app.explore.display().colormap, ColorMap::Magma);
}

#[test]
fn training_holds_out_what_was_chosen() {
    let (mut app, asked) = opened("/nowhere/p.hiscmcl");
    let open = app.open.as_ref().unwrap();
    assert_eq!(held_out(&TrainForm::default(), open), ["D1"]);
    let hold_out = HoldOut::Section("C2".into());
    let form = TrainForm { hold_out, name: "mine".into(), ..TrainForm::default() };
    app.apply(Command::Train(TrainCommand::Edit(form)));
    app.apply(Command::Train(TrainCommand::Start));
    assert!(app.is_training());
    until(&mut app, |a| !a.is_training());
    let started = |r: &Request| matches!(r, Request::Train { run, fit, test, .. } if test == &["C2"] && run == "mine" && fit.sections.len() == 3);
    assert!(asked.lock().unwrap().iter().any(started));
    let mut form = app.forms.train.clone();
    form.settings.insert("epochs".into(), "many".into());
    app.apply(Command::Train(TrainCommand::Edit(form)));
    app.apply(Command::Train(TrainCommand::Start));
    assert!(!app.is_training());
    assert!(app.notices.open().any(|n| n.headline.contains("\"many\"")));
}

#[test]
fn features_are_looked_for_again_on_another_device() {
    let (mut app, asked) = opened("/nowhere/p.hiscmcl");
    let on_cpu = |r: &Request| matches!(r, Request::CheckFeatures { device: DeviceChoice::Cpu, .. });
    assert!(!asked.lock().unwrap().iter().any(on_cpu));
    let mut form = TrainForm { name: "mine".into(), ..app.forms.train.clone() };
    app.apply(Command::Train(TrainCommand::Edit(form.clone())));
    assert!(!app.work.any(on_cpu), "a name changes nothing");
    form.device = DeviceChoice::Cpu;
    app.apply(Command::Train(TrainCommand::Edit(form)));
    until(&mut app, |a| !a.work.any(on_cpu));
    assert!(asked.lock().unwrap().iter().any(on_cpu));
}

/// Image features and training are computed one after the other.
#[test]
fn a_training_that_is_taken_out_of_the_queue_is_gone() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    app.apply(Command::Genes(GenesCommand::Set(vec!["A".into(), "B".into()])));
    app.apply(Command::Features(FeaturesCommand::Compute));
    app.apply(Command::Train(TrainCommand::Start));
    let live = |app: &App| app.open.as_ref().unwrap().runs.live.clone();
    let waiting = live(&app).unwrap();
    assert!(app.work.views().iter().any(|v| v.id == waiting.job && v.queued));
    app.apply(Command::Job(JobCommand::Cancel(waiting.job)));
    until(&mut app, |a| live(a).is_none());
    assert!(app.notices.open().any(|n| n.headline == "Training run 1 was removed from the queue."));
    assert!(app.open.as_ref().unwrap().runs.are_none());
    let told = "Image features are ready for 1 of 3 sections.";
    until(&mut app, |a| a.notices.open().any(|n| n.headline == told));
}

/// A selection that is to be followed by training is forgotten with its project.
#[test]
fn a_closed_project_does_not_train_in_the_next_one() {
    let (mut app, asked) = opened("/nowhere/p.hiscmcl");
    app.apply(Command::Genes(GenesCommand::AddAndRetrain(vec!["A".into()])));
    assert!(app.train_after_selection);
    app.close_project();
    app.apply(Command::Project(ProjectCommand::Open("/nowhere/q.hiscmcl".into())));
    until(&mut app, |a| a.open.as_ref().is_some_and(|o| o.ready().count() == 3));
    assert!(!app.train_after_selection);
    assert!(!asked.lock().unwrap().iter().any(Request::trains));
}

#[test]
fn the_figure_shows_what_is_looked_at_until_something_is_chosen() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    app.apply(Command::Explore(ExploreCommand::SelectSection("C2".into())));
    app.apply(Command::Explore(ExploreCommand::SelectGene("B".into())));
    let figure = app.figure().unwrap();
    assert_eq!((figure.sections, figure.genes), (vec!["C2".into()], vec!["B".into()]));
    assert!(figure.display.panes.iter().all(|p| !p.needs_prediction()), "there is no run");
    app.apply(Command::AddToFigure { section: "D1".into(), gene: "A".into() });
    app.apply(Command::AddToFigure { section: "D1".into(), gene: "A".into() });
    let figure = app.figure().unwrap();
    assert_eq!((figure.sections, figure.genes), (vec!["D1".into()], vec!["A".into()]));
    app.apply(Command::Export(ExportCommand::Save("/nowhere/f.png".into())));
    until(&mut app, |a| !a.work.any(|r| matches!(r, Request::SaveFigure { .. })));
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let (mut app, _) = opened("/full/p.hiscmcl");
    app.apply(Command::Section(SectionCommand::Remove("C1".into())));
    app.apply(Command::Project(ProjectCommand::Save));
    until(&mut app, |a| a.open.as_ref().is_some_and(|o| o.save.failed.is_some()));
    assert_eq!(app.title(), "p (not saved) - HisCMCL");
    assert!(app.notices.open().any(|n| n.headline.contains("the disk is full")));
    assert_eq!(names(&app), ["C2", "D1"]);
    app.apply(Command::Project(ProjectCommand::SaveAs("/elsewhere/q.hiscmcl".into())));
    until(&mut app, |a| a.title() == "q - HisCMCL");
}

#[test]
fn a_file_not_chosen_leaves_the_import_form() {
    let (mut app, _) = opened("/nowhere/p.hiscmcl");
    app.apply(Command::Show(Overlay::Import));
    let ask = |role| PathRequest::new(PathPurpose::ImportFile { row: 0, role });
    app.apply(Command::Ask(ask(FileRole::Counts)));
    app.apply(Command::CloseOverlay);
    assert_eq!(app.overlay, Some(Overlay::Import));
    for role in [FileRole::Counts, FileRole::Spots, FileRole::Image] {
        app.apply(Command::Chosen(ask(role), "/nowhere/x.tsv".into()));
    }
    let mut form = app.forms.import.clone();
    form.rows[0].0.name = "New".into();
    app.apply(Command::Section(SectionCommand::EditImport(form)));
    app.apply(Command::Section(SectionCommand::Import));
    assert_eq!(app.overlay, None);
    assert_eq!(names(&app).last().map(String::as_str), Some("New"));
}

#[test]
fn settings_are_written_after_a_while() {
    let dir = tempfile::tempdir().unwrap();
    let runner = |request: Request, _: &JobContext| -> anyhow::Result<Outcome> {
        if let Request::SaveSettings { folder, settings } = request {
            settings.save(&folder)?;
        }
        Ok(Outcome::Done)
    };
    let mut app = App::new(Some(dir.path().to_path_buf()), Arc::new(runner), Arc::new(|| ()));
    app.set_window_size([1280.0, 800.0]);
    let later = Instant::now() + Duration::from_secs(5);
    app.tick(later);
    until(&mut app, |_| Settings::load(dir.path()).is_ok_and(|s| s.window == Some([1280.0, 800.0])));
}
