//! The application as a whole: what is open, what runs, what is shown over the pages.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::command::{Command, Overlay, Step};
use super::encoders::Encoders;
use super::explore::{ExploreState, PlacesInput, RegionsInput, RunScale, SectionInput};
use super::forms::{EvaluateForm, ExportForm, HvgForm, TrainForm};
use super::history::History;
use super::import::ImportForm;
use super::notices::{Notices, Severity};
use super::predictions::places_key;
use super::project::{OpenProject, SectionState, SectionView};
use super::samples::{SampleRow, SamplesForm};
use super::steps::{StepState, step_state};
use super::view::SavedView;
use crate::app::queue::{JobId, JobQueue, Runner, Wake};
use crate::core::fault;
use crate::data::panels::GenePanel;
use crate::data::project::Project;
use crate::data::slide::look_for_openslide_at;
use crate::device::DeviceInfo;
use crate::jobs::outcome::PreviewImage;
use crate::jobs::request::Request;
use crate::jobs::settings::Settings;

/// Settings are written this long after the last change.
const SETTINGS_AFTER: Duration = Duration::from_secs(1);

/// What the project remembers of the view is written this long after the first change.
const VIEW_AFTER: Duration = Duration::from_secs(2);

/// Something only the window can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Put text on the clipboard.
    Copy(String),
    /// Open a page in the web browser.
    OpenLink(String),
    /// Read images again that could not be read.
    ReadImagesAgain,
    /// Close the window.
    Quit,
}

/// What the pages let the user fill in.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// Selecting genes.
    pub hvg: HvgForm,
    /// What was found to import.
    pub samples: SamplesForm,
    /// Its edits, to be taken back while it is open.
    pub samples_history: History<Vec<SampleRow>>,
    /// Importing sections.
    pub import: ImportForm,
    /// Training.
    pub train: TrainForm,
    /// Cross-validation.
    pub evaluate: EvaluateForm,
    /// Figures.
    pub export: ExportForm,
}

/// Why something failed: a headline and its causes.
pub type Failure = (String, Vec<String>);

/// The figure on the Export page.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// What is drawn now, or why nothing is.
    pub image: Option<Result<Arc<PreviewImage>, Failure>>,
    /// What it was asked for with; asked again when the form differs.
    pub(super) asked: Option<Request>,
}

/// Everything the window shows.
#[derive(Debug)]
pub struct App {
    /// What is remembered between starts.
    pub settings: Settings,
    /// The step that is shown.
    pub step: Step,
    /// What lies over the pages.
    pub overlay: Option<Overlay>,
    /// What the user was told.
    pub notices: Notices,
    /// What runs.
    pub work: JobQueue,
    /// What can compute, the best first; empty until it is known.
    pub devices: Vec<DeviceInfo>,
    /// The project, once one is open.
    pub open: Option<OpenProject>,
    /// What is being filled in.
    pub forms: Forms,
    /// The image encoders.
    pub encoders: Encoders,
    /// The Explore page.
    pub explore: ExploreState,
    /// The Export page's figure.
    pub preview: Preview,
    /// The panels that come with the application.
    pub builtin_panels: Vec<GenePanel>,
    /// What a question was asked over, to go on with after it.
    pub(super) beneath: Option<Overlay>,
    /// Whether the user was asked to resume what was interrupted in the open project.
    pub(super) offered_to_resume: bool,
    /// The job that was stopped last, and when.
    pub(super) stopped: Option<(JobId, Instant)>,
    view_changed: Option<Instant>,
    drawn: Option<(PathBuf, u64)>,
    pub(super) effects: Vec<Effect>,
    /// Files to import once the new project is there.
    pub(super) pending_import: Vec<PathBuf>,
    /// Whether a model is to be trained once the genes are selected.
    pub(super) train_after_selection: bool,
    settings_folder: Option<PathBuf>,
    settings_changed: Option<Instant>,
}

impl App {
    /// The application at its start. Reads nothing but the settings; everything else is asked for and comes
    /// later.
    pub fn new(settings_folder: Option<PathBuf>, runner: Runner, wake: Wake) -> Self {
        let mut notices = Notices::default();
        let settings = match settings_folder.as_deref().map(Settings::load) {
            Some(Ok(settings)) => settings,
            Some(Err(error)) => {
                notices.push(
                    Severity::Warning,
                    "The settings could not be read; defaults are used",
                    vec![error.to_string()],
                    None,
                );
                Settings::default()
            }
            None => Settings::default(),
        };
        if let Some(place) = &settings.openslide {
            look_for_openslide_at(place.clone());
        }
        let mut app = Self {
            settings,
            step: Step::Data,
            overlay: None,
            notices,
            work: JobQueue::new(runner, wake),
            devices: Vec::new(),
            open: None,
            forms: Forms::default(),
            encoders: Encoders::default(),
            explore: ExploreState::default(),
            preview: Preview::default(),
            builtin_panels: crate::data::panels::builtin(),
            beneath: None,
            offered_to_resume: false,
            stopped: None,
            view_changed: None,
            drawn: None,
            effects: Vec::new(),
            pending_import: Vec::new(),
            train_after_selection: false,
            settings_folder,
            settings_changed: None,
        };
        app.work.start(Request::ListDevices);
        app.list_encoders();
        app.tell_of_reports();
        app
    }

    /// The folder of the settings; none where the system gives none.
    pub fn settings_folder(&self) -> Option<&Path> {
        self.settings_folder.as_deref()
    }

    /// Says once where the report of a fault is.
    fn tell_of_reports(&mut self) {
        let Some(folder) = self.settings_folder.as_deref().map(Settings::reports_folder) else { return };
        let Some(newest) = fault::reports(&folder).pop() else { return };
        if self.settings.last_report.as_ref() == Some(&newest) {
            return;
        }
        let text = format!(
            "HisCMCL had an internal error when it was last used. The report is in {}.",
            newest.display()
        );
        let copy = ("Copy the path".to_owned(), Command::Copy(newest.display().to_string()));
        self.notices.offer(None, text, Vec::new(), copy);
        self.settings.last_report = Some(newest);
        self.settings_touched();
    }

    /// The window was drawn without a fault: what the document holds now is saved should the next time be worse.
    pub fn drawn_well(&mut self) {
        let now = self.open.as_ref().map(|o| (o.path.clone(), o.revision()));
        if self.drawn == now {
            return;
        }
        let rescue = self.open.as_ref().map(|open| {
            let (path, project) = (open.path.clone(), open.doc().clone());
            Box::new(move || project.save(&path).map_err(|e| e.to_string())) as fault::Rescue
        });
        // A document that was only opened is as its file is.
        let changed = self.open.as_ref().is_some_and(|o| o.is_unsaved());
        fault::set_rescue(rescue.filter(|_| changed));
        self.drawn = now;
    }

    /// The window could not be drawn. A change that was made since it last was may be why: it is not written, so that the
    /// project can be opened again. Whether there is one.
    pub fn drawing_failed(&mut self) -> bool {
        let (Some(open), Some((path, revision))) = (&mut self.open, &self.drawn) else { return false };
        let changed = open.path == *path && open.revision() != *revision;
        if changed {
            open.save_no_more();
        }
        changed
    }

    /// Applies what came of jobs, closes old notices and writes what waits to be written. Returns when to
    /// look again, if anything is waiting for its time.
    pub fn tick(&mut self, now: Instant) -> Option<Duration> {
        self.collect();
        self.request_missing_data();
        let mut next = self.notices.tick(now);
        let mut sooner = |at: Option<Duration>| {
            if let Some(at) = at {
                next = Some(next.map_or(at, |n| n.min(at)));
            }
        };
        if let Some(open) = &mut self.open {
            sooner(open.lays_later(now));
            match open.wants_save(now) {
                Ok(()) => self.save(),
                Err(later) => sooner(later),
            }
        }
        if let Some(changed) = self.view_changed {
            let due = changed + VIEW_AFTER;
            if now >= due {
                self.save_view();
            } else {
                sooner(Some(due - now));
            }
        }
        if let Some(changed) = self.settings_changed {
            let due = changed + SETTINGS_AFTER;
            if now >= due {
                self.save_settings();
            } else {
                sooner(Some(due - now));
            }
        }
        next
    }

    /// What the window is to do, once.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The state of a step.
    pub fn step_state(&self, step: Step) -> StepState {
        step_state(step, self.open.as_ref())
    }

    /// The title of the window.
    pub fn title(&self) -> String {
        match &self.open {
            None => "HisCMCL".to_owned(),
            Some(open) => {
                let mark = if open.save.failed.is_some() { " (not saved)" } else { "" };
                format!("{}{mark} - HisCMCL", open.name())
            }
        }
    }

    /// The built-in panels and the project's own.
    pub fn panels(&self) -> Vec<&GenePanel> {
        let own = self.open.as_ref().map_or(&[][..], |o| &o.doc().panels);
        super::genes::all_panels(&self.builtin_panels, own)
    }

    /// Settings have changed and are to be written soon.
    pub(super) fn settings_touched(&mut self) {
        self.settings_changed = Some(Instant::now());
    }

    /// What the project remembers of the view has changed and is to be written soon.
    pub(super) fn view_touched(&mut self) {
        self.view_changed.get_or_insert_with(Instant::now);
    }

    fn save_view(&mut self) {
        self.view_changed = None;
        self.remember_view();
        // With something to save, the view goes along.
        if let Some(open) = self.open.as_ref().filter(|o| !o.is_unsaved()) {
            let (path, view) = (open.path.clone(), open.doc().view.clone());
            self.work.start(Request::SaveView { path, view });
        }
    }

    /// Remembers the size of the window.
    pub fn set_window_size(&mut self, size: [f32; 2]) {
        if self.settings.window != Some(size) {
            self.settings.window = Some(size);
            self.settings_touched();
        }
    }

    fn save_settings(&mut self) {
        self.settings_changed = None;
        if let Some(folder) = self.settings_folder.clone() {
            self.work.start(Request::SaveSettings { folder, settings: self.settings.clone() });
        }
    }

    /// Writes the project in the background.
    pub(super) fn save(&mut self) {
        self.remember_view();
        if let Some(open) = &mut self.open {
            open.save_begins();
            let request = Request::SaveProject { path: open.path.clone(), project: open.doc().clone() };
            self.work.start(request);
        }
    }

    /// Writes everything that waits to be written, at once. Called when the window closes.
    ///
    /// # Errors
    /// A sentence that says what could not be written.
    pub fn save_all_now(&mut self) -> Result<(), String> {
        if self.settings_changed.take().is_some()
            && let Some(folder) = &self.settings_folder
        {
            // Losing settings is no reason to keep the window open.
            let _ = self.settings.save(folder);
        }
        self.remember_view();
        match &mut self.open {
            Some(open) if open.is_unsaved() => {
                open.save_begins();
                let saved = open.doc().save(&open.path).map_err(|e| e.to_string());
                open.save_ended(saved.clone().err());
                saved
            }
            Some(open) => {
                // Where the user was is no reason to complain of a folder that cannot be written.
                let _ = Project::save_view(&open.path, &open.doc().view);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes in the document where the user is.
    pub(super) fn remember_view(&mut self) {
        let view = SavedView::new(self.step, &self.explore, &self.forms);
        if let Some(open) = &mut self.open {
            open.remember_view(&view);
        }
    }

    /// The sections as the Explore page needs them.
    pub fn explore_sections(&self) -> Vec<SectionInput> {
        let Some(open) = &self.open else { return Vec::new() };
        let shown = self.explore.section_name();
        let input = |s: SectionView| {
            let run = open.runs.for_maps(s.entry);
            let places = places_key(s.entry);
            // Lists of genes and of strokes are long, and only one section is looked at.
            let is_shown = shown == Some(s.entry.name.as_str());
            let scale_of = run.filter(|_| is_shown);
            SectionInput {
                name: s.entry.name.clone(),
                patient: s.entry.patient.clone(),
                section: s.ready().map(Arc::clone),
                predictions: run
                    .and_then(|run| open.runs.predictions.get(&run.id, &s.entry.name, &places))
                    .map(Arc::clone),
                reach: run
                    .and_then(|run| open.runs.predictions.reach(&run.id, &s.entry.name, &places))
                    .map(Arc::clone),
                is_being_predicted: is_shown
                    && run.is_some_and(|run| {
                        let wanted = (run.id.clone(), s.entry.name.clone(), places.clone());
                        !open.runs.failed.contains(&wanted)
                    }),
                places: is_shown.then(|| PlacesInput::from_entry(s.entry)).flatten(),
                regions: is_shown.then(|| RegionsInput::new(s.entry, &open.doc().classes)),
                run: scale_of.map(|run| RunScale {
                    genes: Arc::new(run.config.genes.clone()),
                    target: run.config.target,
                    predicted: run.config.scale(),
                }),
                tested: run.and_then(|run| open.runs.report_of(&run.id)).map(Arc::clone),
                seen_in_training: run.is_some_and(|run| run.config.trained_on(s.entry)),
                problem: match s.state {
                    SectionState::Failed(why, _) => Some(why.clone()),
                    SectionState::Missing(missing) => missing.first().map(ToString::to_string),
                    SectionState::Loading | SectionState::Ready(_) => None,
                },
            }
        };
        open.sections().map(input).collect()
    }

    /// Reads or makes the prediction of the section that is looked at.
    fn request_visible_prediction(&mut self) {
        let Some(open) = &self.open else { return };
        let Some(section) = self.explore.section_name().map(str::to_owned) else { return };
        let Some(view) = open.section(&section).filter(|s| s.ready().is_some_and(|s| s.has_image())) else {
            return;
        };
        let Some(run) = open.runs.for_maps(view.entry).map(|r| r.id.clone()) else { return };
        if !open.runs.failed.contains(&(run.clone(), section.clone(), places_key(view.entry))) {
            self.predict(&run, &section);
        }
        self.read_scores_of(&run);
    }

    /// Reads how a run did on what it was tested on, so that its maps can be judged.
    fn read_scores_of(&mut self, run: &str) {
        let reads = self.work.any(|r| matches!(r, Request::LoadRun(_)));
        let Some(open) = self.open.as_mut().filter(|o| !reads && o.runs.report_of(run).is_none()) else {
            return;
        };
        if let Some(info) = open.runs.find(run).cloned()
            && open.runs.asked_for.insert(run.to_owned())
        {
            self.work.start(Request::LoadRun(info));
        }
    }

    /// Starts what the state calls for without being asked: reading sections that are new, drawing
    /// the preview that is shown.
    fn request_missing_data(&mut self) {
        if let Some(open) = &mut self.open {
            for entry in open.take_pending_sections() {
                let key = super::project::key(&entry);
                self.work.start(Request::OpenSection { key, entry });
            }
        }
        match self.step {
            Step::Export => self.refresh_preview(),
            Step::Explore => {
                self.look_for_tissue();
                self.tell_refused_drawing();
                self.look_for_comparison();
                self.request_visible_prediction();
            }
            Step::Data | Step::Train | Step::Evaluate => {}
        }
    }
}
