//! The window, clicked through by label and role. Jobs are played by a double that answers at once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod encoders;
mod evaluate;
#[path = "../explore/mod.rs"]
mod explore;
mod faults;
mod genes;
mod jobs;
mod keyboard;
mod notices;
#[path = "../support/picture.rs"]
mod picture;
mod pictures;
mod recipe;
mod regions;
mod remembered;
mod samples;
mod slides;
mod tissue;
mod workbench;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, accesskit::Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use hiscmcl::app::command::{Command, Overlay, ProjectCommand, Step};
use hiscmcl::app::queue::Engine;
use hiscmcl::app::state::App;
use hiscmcl::core::geometry::{Mpp, SlidePoint};
use hiscmcl::core::matrix::CsrBuilder;
use hiscmcl::data::project::{GeneOrigin, GeneSelection, Project, SectionEntry};
use hiscmcl::data::section::{Gene, MppSource, Section, Spot, SpotGeometry, ValueKind};
use hiscmcl::device::{DeviceInfo, Kind};
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::outcome::{OpenedProject, Outcome, ReadSection};
use hiscmcl::jobs::request::Request;
use hiscmcl::ui::{StartupAction, Window};

const GENES: [&str; 3] = ["GNAS", "FASN", "ERBB2"];

/// The genes of a section; those of patient A have PGR as well.
fn genes_of(name: &str) -> Vec<&'static str> {
    GENES.into_iter().chain(name.starts_with('A').then_some("PGR")).collect()
}

fn section(name: &str) -> Section {
    let genes = genes_of(name);
    let mut counts = CsrBuilder::new(genes.len());
    let mut spots = Vec::new();
    for i in 0..16_u8 {
        for g in 0..genes.len() {
            assert!(counts.push(g, f32::from(i) + g as f32));
        }
        counts.end_row();
        let center = SlidePoint::new(f64::from(i % 4) * 200.0 + 200.0, f64::from(i / 4) * 200.0 + 200.0);
        spots.push(Spot { id: format!("{}x{}", i % 4, i / 4), center });
    }
    Section {
        name: name.into(),
        patient: Some(name[..1].into()),
        spots,
        genes: genes.into_iter().map(Gene::named).collect(),
        counts: counts.finish(),
        values: ValueKind::Counts,
        labels: None,
        in_tissue: 0,
        sum: 0.0,
        mpp: Mpp(1.0),
        mpp_source: MppSource::SpotPitch,
        mpp_by_spots: None,
        geometry: SpotGeometry::LEGACY_ST,
        slide: "missing.png".into(),
        slide_size: (1000, 1000),
    }
}

fn project(genes: bool) -> Project {
    let mut project = Project::new();
    for name in ["A1", "A2", "B1"] {
        let entry = SectionEntry {
            patient: Some(name[..1].into()),
            ..SectionEntry::legacy(
                name,
                PathBuf::from(format!("/nowhere/{name}.tsv")),
                PathBuf::from(format!("/nowhere/{name}_selection.tsv")),
                PathBuf::from(format!("/nowhere/{name}.jpg")),
            )
        };
        project.add(entry).unwrap();
    }
    let selection = GeneSelection { genes: GENES.map(Into::into).to_vec(), how: GeneOrigin::ByHand };
    project.selection = genes.then_some(selection);
    project
}

fn opened(path: PathBuf, project: Project, new: bool) -> Outcome {
    Outcome::Project(Box::new(OpenedProject {
        path,
        project,
        missing: Vec::new(),
        demo: false,
        new,
        found: Vec::new(),
        suggestions: Vec::new(),
        notes: Vec::new(),
    }))
}

/// What the window asked for, in order.
type Asked = Arc<Mutex<Vec<Request>>>;

fn play(asked: &Asked) -> Engine {
    let asked = Arc::clone(asked);
    let runner = move |request: Request, ctx: &JobContext| -> anyhow::Result<Outcome> {
        asked.lock().unwrap().push(request.clone());
        let known = tissue::answer(&request, ctx)
            .or_else(|| encoders::answer(&request))
            .or_else(|| genes::answer(&request))
            .or_else(|| regions::answer(&request, ctx))
            .or_else(|| workbench::answer(&request))
            .or_else(|| slides::answer(&request));
        if let Some(answer) = known {
            return answer;
        }
        Ok(match request {
            Request::ListDevices => {
                Outcome::Devices(vec![DeviceInfo { name: "CPU (2 threads)".into(), kind: Kind::Cpu }])
            }
            Request::OpenProject(path) if path.ends_with("none.hiscmcl") => {
                anyhow::bail!("Cannot read none.hiscmcl: it is not there")
            }
            // A project that a test has written, and one that is made up.
            Request::OpenProject(path) if path.is_file() => {
                let project = Project::load(&path)?;
                opened(path, project, false)
            }
            Request::OpenProject(path) => {
                let project = project(!path.ends_with("nogenes.hiscmcl"));
                opened(PathBuf::from("/nowhere").join(path), project, true)
            }
            Request::OpenSection { entry, .. } => {
                let mut section = section(&entry.name);
                if let Some(mpp) = entry.mpp {
                    let by_spots = Some(section.mpp);
                    (section.mpp, section.mpp_source, section.mpp_by_spots) =
                        (Mpp(mpp), MppSource::User, by_spots);
                }
                Outcome::Section(ReadSection { section: Arc::new(section), umis: 1234.0 })
            }
            Request::SaveProject { path, project } => {
                if path.parent().is_some_and(|p| p.is_dir()) {
                    project.save(&path)?;
                }
                Outcome::Saved(path)
            }
            Request::SaveView { path, view } => {
                if path.is_file() {
                    Project::save_view(&path, &view)?;
                }
                Outcome::Done
            }
            Request::ListRuns(path) => Outcome::Runs(jobs::runs_of(&path)),
            Request::Train { run, .. } if run.starts_with("slow") => jobs::until_stopped(ctx)?,
            Request::Evaluate { snapshot, .. } if snapshot.path.ends_with("slow.hiscmcl") => {
                jobs::until_stopped(ctx)?
            }
            Request::SelectGenes { .. } => Outcome::Genes(vec!["GNAS".into(), "SCD".into()]),
            Request::Train { .. } => anyhow::bail!("The GPU is gone"),
            Request::FindSamples { .. } => samples::found(),
            _ => Outcome::Done,
        })
    };
    Engine { runner: Arc::new(runner), slides: Arc::default() }
}

struct Test {
    harness: Harness<'static, Window>,
    asked: Asked,
}

impl Test {
    fn new() -> Self {
        Self::sized(1440.0, 900.0)
    }

    fn sized(width: f32, height: f32) -> Self {
        Self::with_settings(width, height, None)
    }

    fn with_settings(width: f32, height: f32, settings: Option<PathBuf>) -> Self {
        let asked = Asked::default();
        let engine = play(&asked);
        let harness =
            Harness::builder().with_size(vec2(width, height)).with_max_steps(60).build_eframe(move |cc| {
                Window::new(&cc.egui_ctx, settings, engine, false, StartupAction::Welcome)
            });
        Self { harness, asked }
    }

    fn open(name: &str) -> Self {
        let mut test = Self::new();
        test.send(Command::Project(ProjectCommand::Open(PathBuf::from(name))));
        test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
        test
    }

    fn send(&mut self, command: Command) {
        self.harness.state_mut().app_mut().apply(command);
        self.settle();
    }

    fn settle(&mut self) {
        self.harness.run_steps(8);
    }

    /// Runs frames until `test` holds.
    fn until(&mut self, test: impl Fn(&Window) -> bool) {
        let start = Instant::now();
        while !test(self.harness.state()) {
            assert!(start.elapsed() < Duration::from_secs(20), "it did not happen");
            std::thread::sleep(Duration::from_millis(5));
            self.harness.run_steps(1);
        }
        self.settle();
    }

    /// Runs frames until nothing is under way that would change the page.
    fn rest(&mut self) {
        self.until(|w| {
            let explores = w.app().step == Step::Explore;
            !w.app().work.any(|_| true) && (!explores || w.app().explore.index().is_some())
        });
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.settle();
    }

    fn app(&self) -> &App {
        self.harness.state().app()
    }

    fn overlay(&self) -> Option<&Overlay> {
        self.app().overlay.as_ref()
    }

    fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.settle();
    }

    fn command_key(&mut self, key: Key) {
        self.harness.key_press_modifiers(Modifiers::COMMAND, key);
        self.settle();
    }

    /// Where the button of this name is.
    fn place(&self, label: &str) -> Rect {
        self.harness.get_by_role_and_label(Role::Button, label).rect()
    }

    /// Presses and lets go at a place within one frame, so that two calls are a double click.
    fn press_at(&mut self, at: Pos2) {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        let press = |pressed| Event::PointerButton { pos: at, button, pressed, modifiers };
        let events = [Event::PointerMoved(at), press(true), press(false)];
        self.harness.input_mut().events.extend(events);
        self.harness.run_steps(1);
    }

    /// Where a point of the slide is on the screen, in the pane of this name.
    fn on_screen(&self, pane: &str, x: f64, y: f64) -> Pos2 {
        let map = self.harness.get_by_label(pane).rect();
        let [x, y] = self.app().explore.camera.view_from_slide(SlidePoint::new(x, y));
        map.min + vec2(x as f32, y as f32)
    }

    /// Drags the pointer from one place to another.
    fn drag(&mut self, from: Pos2, to: Pos2) {
        self.drag_along(&[from, to]);
    }

    /// Drags the pointer from place to place.
    fn drag_along(&mut self, way: &[Pos2]) {
        let [first, rest @ ..] = way else { return };
        self.harness.drag_at(*first);
        self.harness.run_steps(2);
        for at in rest {
            self.harness.hover_at(*at);
            self.harness.run_steps(2);
        }
        self.harness.drop_at(*way.last().unwrap());
        self.settle();
    }

    fn shows(&self, label: &str) -> bool {
        self.harness.query_all_by_label_contains(label).next().is_some()
    }

    fn asked(&self, test: impl Fn(&Request) -> bool) -> bool {
        self.asked.lock().unwrap().iter().any(test)
    }
}

#[test]
fn the_first_page_offers_three_ways_to_begin() {
    let mut test = Test::new();
    test.settle();
    for label in ["Open the demo", "Open a folder with sections", "Open a project"] {
        test.harness.get_by_role_and_label(Role::Button, label);
    }
    assert!(test.shows("18030446"));
    let train = test.harness.get_by_role_and_label(Role::Button, "2 Train");
    assert!(train.accesskit_node().is_disabled());
    test.click("Open the demo");
    let asked = Arc::clone(&test.asked);
    test.until(|_| asked.lock().unwrap().iter().any(|r| matches!(r, Request::MakeDemo { .. })));
}

#[test]
fn steps_are_clicked_through() {
    let mut test = Test::open("test.hiscmcl");
    for (label, step) in [
        ("2 Train", Step::Train),
        ("3 Explore", Step::Explore),
        ("4 Evaluate", Step::Evaluate),
        ("5 Export", Step::Export),
        ("1 Data", Step::Data),
    ] {
        test.click(label);
        assert_eq!(test.harness.state().app().step, step);
    }
    test.click("Next \u{203A}");
    assert_eq!(test.harness.state().app().step, Step::Train);
    test.command_key(Key::Num4);
    assert_eq!(test.harness.state().app().step, Step::Evaluate);
}

#[test]
fn a_step_that_cannot_work_says_why() {
    let test = Test::open("nogenes.hiscmcl");
    let train = test.harness.get_by_role_and_label(Role::Button, "2 Train");
    assert!(train.accesskit_node().is_disabled());
    let blocked = test.harness.state().app().step_state(Step::Train).blocked.unwrap();
    assert_eq!(blocked.why, "There is no gene list yet. Choose genes on the Data page.");
}

#[test]
fn a_greyed_step_leads_to_where_it_can_be_solved() {
    let mut test = Test::open("nogenes.hiscmcl");
    test.send(Command::GoTo(Step::Explore));
    test.click("Why Evaluate is not available");
    let app = test.harness.state().app();
    assert_eq!(app.step, Step::Data);
    assert!(
        app.notices.open().any(|n| n.headline == "There is no gene list yet. Choose genes on the Data page.")
    );
}

#[test]
fn terms_are_explained_on_hover_and_in_help() {
    use hiscmcl::app::terms::Term;
    let mut test = Test::open("test.hiscmcl");
    test.harness.key_press(Key::F1);
    test.settle();
    for term in Term::ALL {
        assert!(test.shows(term.sentence()), "{}", term.name());
    }
    test.click("Close");
    test.send(Command::GoTo(Step::Explore));
    assert_eq!(test.harness.state().app().overlay, None);
    assert!(!test.shows(Term::Evidence.sentence()));
    test.harness.get_by_role_and_label(Role::Tab, "Evidence").hover();
    test.harness.run_steps(60);
    assert!(test.shows(Term::Evidence.sentence()));
}

#[test]
fn a_rename_is_undone() {
    let mut test = Test::open("test.hiscmcl");
    let name = |test: &Test| test.harness.state().app().open.as_ref().unwrap().doc().sections[0].name.clone();
    test.harness.get_by_label("Name of A1").click();
    test.settle();
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    test.settle();
    test.harness.get_by_label("Name of A1").type_text("Tumour");
    test.settle();
    test.key(Key::Enter);
    assert_eq!(name(&test), "Tumour");
    assert_eq!(test.harness.state().app().open.as_ref().unwrap().ready().next().unwrap().name, "Tumour");
    test.key(Key::Escape);
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    test.settle();
    assert_eq!(name(&test), "A1");
    test.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    test.settle();
    assert_eq!(name(&test), "Tumour");
}

/// Replaces what a field holds.
fn enter(test: &mut Test, label: &str, text: &str) {
    test.harness.get_by_label(label).click();
    test.settle();
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    test.settle();
    test.harness.get_by_label(label).type_text(text);
    test.settle();
    test.harness.key_press(Key::Enter);
    test.settle();
}

#[test]
fn a_resolution_that_the_spots_contradict_is_asked_about() {
    const FIELD: &str = "Micrometres per pixel of A1";
    let mut test = Test::open("test.hiscmcl");
    let entry = |test: &Test| test.harness.state().app().open.as_ref().unwrap().doc().sections[0].clone();
    enter(&mut test, FIELD, "abc");
    assert!(test.shows("\"abc\" is neither a number of \u{00B5}m per pixel"));
    assert_eq!(entry(&test).mpp, None);
    // Within 5 % nothing is asked.
    enter(&mut test, FIELD, "1,04");
    test.until(|w| w.app().open.as_ref().unwrap().ready().count() == 3);
    assert_eq!((entry(&test).mpp, test.shows("Which is right?")), (Some(1.04), false));
    enter(&mut test, FIELD, "0.5");
    test.until(|w| w.app().open.as_ref().unwrap().ready().count() == 3);
    assert!(test.shows(
        "0.500 \u{00B5}m per pixel as entered, but by the distance between the spots it would be 1.000"
    ));
    test.click("Keep 0.500 for A1");
    assert!(entry(&test).mpp_confirmed && !test.shows("Which is right?"));
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    test.settle();
    test.click("Use 1.000 for A1");
    test.until(|w| w.app().open.as_ref().unwrap().ready().count() == 3);
    assert_eq!((entry(&test).mpp, test.shows("Which is right?")), (Some(1.0), false));
}

#[test]
fn an_error_is_shown_until_it_is_dismissed() {
    let mut test = Test::new();
    test.send(Command::Project(ProjectCommand::Open("none.hiscmcl".into())));
    test.until(|w| w.app().notices.open().next().is_some());
    assert!(test.shows("Cannot read none.hiscmcl: it is not there"));
    test.harness.get_by_role_and_label(Role::Button, "Copy");
    test.click("Dismiss");
    assert_eq!(test.harness.state().app().notices.open().count(), 0);
    assert_eq!(test.harness.state().app().notices.history().count(), 1);
}

#[test]
fn the_command_list_filters_and_runs() {
    let mut test = Test::open("test.hiscmcl");
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
    test.settle();
    let search = test.harness.get_by_label("Search commands");
    search.type_text("go export");
    test.settle();
    assert!(test.shows("Go to Export"));
    assert!(!test.shows("Go to Train"));
    test.harness.key_press(Key::Enter);
    test.settle();
    assert_eq!(test.harness.state().app().step, Step::Export);
    assert_eq!(test.harness.state().app().overlay, None);
}

#[test]
fn without_a_system_dialog_a_path_can_be_typed() {
    let mut test = Test::new();
    test.settle();
    test.click("Open a project");
    let field = test.harness.get_by_label("Path of the file");
    field.type_text("/nowhere/at/all.hiscmcl");
    test.settle();
    test.click("Open");
    assert!(test.shows("There is no file"));
    // What was typed is not lost by a slip.
    test.key(Key::Escape);
    test.click("Discard");
    assert_eq!(test.harness.state().app().overlay, None);
}

#[test]
fn genes_are_selected_and_taken_back() {
    let mut test = Test::open("nogenes.hiscmcl");
    test.click("Select genes");
    test.until(|w| !w.app().open.as_ref().unwrap().genes().is_empty());
    assert!(test.shows("2 genes"));
    let train = test.harness.get_by_role_and_label(Role::Button, "2 Train");
    assert!(!train.accesskit_node().is_disabled());
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    test.settle();
    assert!(test.harness.state().app().open.as_ref().unwrap().genes().is_empty());
}

#[test]
fn training_that_fails_is_told() {
    let mut test = Test::open("test.hiscmcl");
    test.click("2 Train");
    test.click("Train");
    test.until(|w| w.app().notices.open().any(|n| n.headline == "run 1 failed: The GPU is gone"));
    let held_out =
        test.asked(|r| matches!(r, Request::Train { test, run, .. } if test == &["B1"] && run == "run 1"));
    assert!(held_out);
}

#[test]
fn changes_are_saved_on_their_own() {
    let mut test = Test::open("test.hiscmcl");
    test.click("Remove A2");
    test.until(|w| !w.app().open.as_ref().unwrap().is_unsaved());
    let saved =
        |r: &Request| matches!(r, Request::SaveProject { project, .. } if project.sections.len() == 2);
    assert!(test.asked(saved));
}

#[test]
fn help_lists_the_shortcuts() {
    let mut test = Test::open("test.hiscmcl");
    test.harness.key_press(Key::F1);
    test.settle();
    assert!(test.shows("Ctrl+Shift+Z"));
    test.click("Close");
    assert_eq!(test.harness.state().app().overlay, None);
}

/// Every page at the smallest promised sizes: nothing with text may lie outside of the window.
#[test]
fn nothing_is_cut_off() {
    for (width, height) in [(900.0, 570.0), (900.0, 600.0), (1280.0, 800.0), (1440.0, 900.0)] {
        let mut test = Test::sized(width, height);
        test.send(Command::Project(ProjectCommand::Open("test.hiscmcl".into())));
        test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3));
        for step in Step::ALL {
            test.send(Command::GoTo(step));
            for node in test.harness.get_all_by(|node| node.role() == Role::Button) {
                let rect = node.rect();
                let label = node.accesskit_node().label().unwrap_or_default();
                assert!(
                    rect.left() >= 0.0 && rect.right() <= width + 0.5,
                    "{label:?} of {step:?} lies at {rect:?} in a window {width} wide"
                );
            }
        }
    }
}
