//! The one place where commands change the state.

mod data;
mod demo;
mod encoders;
mod export;
mod genes;
mod leave;
mod models;
mod outcomes;
mod places;
mod project;
mod regions;
mod retrain;
#[cfg(test)]
mod tests;
mod unfinished;
mod workbench;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::app::command::{
    Command, EncoderCommand, EvaluateCommand, ExportCommand, GenesCommand, JobCommand, NoticeCommand,
    Overlay, ProjectCommand, SectionCommand, Step, TrainCommand,
};
use crate::app::explore::ExploreCommand;
use crate::app::forms::HoldOut;
use crate::app::import::ImportForm;
use crate::app::measure::{MeasureRequest, MeasuredOn};
use crate::app::notices::Severity;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::queue::JobId;
use crate::app::state::{App, Effect};
use crate::core::display::DisplaySettings;
use crate::data::st::FileRole;
use crate::jobs::request::Request;
use crate::jobs::settings::FolderKind;

pub use models::{default_split, held_out};
pub use retrain::FEW_GENES;

/// Two clicks that follow each other this quickly are meant for one thing.
const DOUBLE_CLICK: Duration = Duration::from_millis(500);

/// Whether it lies over what it interrupts, which goes on after it: a question, or the list of notices.
fn lies_over(overlay: &Overlay) -> bool {
    matches!(overlay, Overlay::Confirm { .. } | Overlay::Notices)
}

impl App {
    /// Does what the user asked for.
    pub fn apply(&mut self, command: Command) {
        match command {
            Command::GoTo(step) => self.go_to(step),
            Command::Undo => self.take_back(true),
            Command::Redo => self.take_back(false),
            Command::Copy(text) => self.effects.push(Effect::Copy(text)),
            Command::OpenLink(address) => self.effects.push(Effect::OpenLink(address)),
            Command::SetTheme(theme) => {
                self.settings.theme = theme;
                self.settings_touched();
            }
            Command::Ask(request) => self.ask(request),
            Command::Chosen(request, path) => self.chosen(request, path),
            Command::ChosenSeveral(request, paths) => self.chosen_several(&request, paths),
            Command::Show(overlay) => {
                if overlay == Overlay::Import {
                    self.forms.import = ImportForm::new(Vec::new());
                }
                self.show_overlay(overlay);
            }
            Command::CloseOverlay => self.close_overlay(),
            Command::Present(overlay) => self.show_overlay(overlay),
            Command::AskToQuit => self.ask_to_quit(),
            Command::Quit => self.effects.push(Effect::Quit),
            Command::Leave(command) => self.leave_for(command),
            Command::Dropped(paths) => self.dropped(paths),
            Command::Project(command) => self.apply_project(command),
            Command::Section(command) => self.apply_section(command),
            Command::Genes(command) => self.apply_genes(command),
            Command::Features(command) => self.apply_features(command),
            Command::Encoder(command) => self.apply_encoder(command),
            Command::Train(command) => self.apply_train(command),
            Command::Evaluate(command) => self.apply_evaluate(command),
            Command::Export(command) => self.apply_export(command),
            Command::Explore(command) => self.apply_explore(command),
            Command::AddToFigure { section, gene } => self.add_to_figure(section, gene),
            Command::Predict { run, section } => self.predict(&run, &section),
            Command::Job(command) => match command {
                JobCommand::Cancel(id) => self.stop_job(id),
                JobCommand::Pause(id) => self.work.pause(id, true),
                JobCommand::Resume(id) => self.work.pause(id, false),
            },
            Command::Notice(command) => match command {
                NoticeCommand::Dismiss(id) => self.notices.dismiss(id),
                NoticeCommand::DismissShown => self.notices.dismiss_newest(),
                NoticeCommand::DismissAll => self.notices.dismiss_all(),
                NoticeCommand::Clear => self.notices.clear(),
            },
        }
    }

    /// Stops a job. The second half of a double click is not meant for the job that takes its place in the bar.
    fn stop_job(&mut self, id: JobId) {
        let now = Instant::now();
        let double = self.stopped.is_some_and(|(job, at)| job != id && now.duration_since(at) < DOUBLE_CLICK);
        if !double {
            self.stopped = Some((id, now));
            self.work.cancel(id);
        }
    }

    fn go_to(&mut self, step: Step) {
        match self.step_state(step).blocked {
            Some(blocked) => {
                // Where it can be solved, with the reason in view.
                if let Some(step) = blocked.solved_at {
                    self.step = step;
                }
                self.notices.info(blocked.why);
            }
            None => self.step = step,
        }
    }

    fn take_back(&mut self, undo: bool) {
        if self.overlay == Some(Overlay::Samples) {
            let (history, rows) = (&mut self.forms.samples_history, &mut self.forms.samples.rows);
            // What changes is in view, so nothing is told.
            let _ = if undo { history.undo(rows) } else { history.redo(rows) };
            return;
        }
        let Some(open) = &mut self.open else { return };
        let before = open.doc().sections.clone();
        let what = if undo { open.undo() } else { open.redo() };
        let other_sections = before != open.doc().sections;
        self.follow_renames();
        if other_sections {
            self.check_features();
        }
        match what {
            Some(what) if undo => self.notices.info(format!("Undone: {what}")),
            Some(what) => self.notices.info(format!("Redone: {what}")),
            None if undo => self.notices.info("There is nothing to undo."),
            None => self.notices.info("There is nothing to redo."),
        }
        self.show_display_of_document();
    }

    /// What is chosen by the name of a section goes on being chosen when that is renamed.
    pub(in crate::app) fn follow_renames(&mut self) {
        let Some(open) = &mut self.open else { return };
        for renamed in open.take_renamed() {
            self.explore.sections_renamed(&renamed);
            let rename = |name: &mut String| {
                if let Some(now) = renamed.get(name.as_str()) {
                    name.clone_from(now);
                }
            };
            self.forms.export.sections.iter_mut().for_each(rename);
            self.forms.evaluate.fold.iter_mut().for_each(rename);
            if let HoldOut::Section(name) = &mut self.forms.train.hold_out {
                rename(name);
            }
        }
    }

    /// Shows maps as the document says.
    pub(in crate::app) fn show_display_of_document(&mut self) {
        if let Some(open) = &self.open {
            let display: DisplaySettings =
                serde_json::from_value(open.doc().display.clone()).unwrap_or_default();
            self.explore.set_display(display.clamped());
        }
    }

    fn apply_explore(&mut self, command: ExploreCommand) {
        if let (ExploreCommand::Display { what, settings }, Some(open)) = (&command, &mut self.open)
            && let Ok(value) = serde_json::to_value(settings)
        {
            open.edit(what, Some(what), |doc| doc.display = value);
        }
        if matches!(command, ExploreCommand::Filter(_) | ExploreCommand::Sort(_)) {
            self.view_touched();
        }
        if matches!(command, ExploreCommand::ShowTab(_)) {
            self.go_to(Step::Explore);
        }
        self.explore.apply(command);
    }

    fn show_overlay(&mut self, overlay: Overlay) {
        if lies_over(&overlay) && !self.overlay.as_ref().is_some_and(lies_over) {
            self.beneath = self.overlay.take();
        }
        self.overlay = Some(overlay);
    }

    /// Shows something that was not asked for just now: at once where nothing is open, else when the user says so.
    pub(in crate::app) fn present(&mut self, overlay: Overlay, what: &str) {
        if self.overlay.is_none() {
            self.overlay = Some(overlay);
        } else if self.overlay.as_ref() != Some(&overlay) {
            // Samples stay as they were found; showing the import form anew would empty it.
            let show = ("Show them".to_owned(), Command::Present(overlay));
            self.notices.offer(None, what, Vec::new(), show);
        }
    }

    fn close_overlay(&mut self) {
        if self.overlay.as_ref().is_some_and(lies_over) {
            self.overlay = self.beneath.take();
            return;
        }
        // A file that was not chosen leaves the form it was for.
        self.overlay = match &self.overlay {
            Some(Overlay::Path(PathRequest { purpose: PathPurpose::ImportFile { .. }, .. })) => {
                Some(Overlay::Import)
            }
            Some(
                Overlay::Path(PathRequest { purpose: PathPurpose::SampleFile { .. }, .. })
                | Overlay::Measure(MeasureRequest { of: MeasuredOn::Sample(_), .. }),
            ) => Some(Overlay::Samples),
            Some(Overlay::Path(PathRequest { purpose: PathPurpose::EncoderWeights { .. }, .. })) => {
                Some(Overlay::Encoders)
            }
            Some(Overlay::Samples) => {
                let again = ("Show them again".to_owned(), Command::Show(Overlay::Samples));
                let text = "The samples that were found were not added.";
                self.notices.push(Severity::Info, text, Vec::new(), Some(again));
                None
            }
            _ => None,
        };
    }

    fn ask(&mut self, mut request: PathRequest) {
        // One question at a time: the system's dialog may be open for the other.
        if matches!(self.overlay, Some(Overlay::Path(_))) {
            return;
        }
        if request.folder.is_none() {
            let (settings, kind) = (&self.settings, request.folder_kind());
            // Figures go beside the project rather than among the measured data that was opened last.
            let beside =
                self.open.as_ref().and_then(|o| o.path.parent()).filter(|_| kind == FolderKind::Exports);
            let folders =
                [settings.folders.get(kind).map(PathBuf::as_path), beside, settings.last_folder.as_deref()];
            let last = folders.into_iter().flatten().find(|f| f.is_dir()).map(Path::to_path_buf);
            request.folder =
                last.or_else(|| directories::UserDirs::new().map(|d| d.home_dir().to_path_buf()));
        }
        self.overlay = Some(Overlay::Path(request));
    }

    /// Remembers where `path`, an answer to `request`, was chosen.
    fn remember_folder(&mut self, request: &PathRequest, path: &Path) {
        let folder = if path.is_dir() { Some(path) } else { path.parent() };
        if let Some(folder) = folder {
            self.settings.folders.set(request.folder_kind(), folder.to_path_buf());
            self.settings.last_folder = Some(folder.to_path_buf());
        }
        self.settings_touched();
    }

    fn chosen_several(&mut self, request: &PathRequest, paths: Vec<PathBuf>) {
        if let Some(first) = paths.first() {
            self.remember_folder(request, first);
        }
        self.overlay = None;
        if request.purpose == PathPurpose::AddSlides {
            self.apply(Command::Section(SectionCommand::FindSlides(paths)));
        }
    }

    fn chosen(&mut self, request: PathRequest, path: PathBuf) {
        let path = request.with_ending(path);
        self.remember_folder(&request, &path);
        self.overlay = None;
        let command = match request.purpose {
            PathPurpose::OpenProject => Command::Project(ProjectCommand::Open(path)),
            PathPurpose::NewFromFolder => Command::Project(ProjectCommand::NewFromFolder(path)),
            PathPurpose::AddFolder | PathPurpose::AddFile => {
                Command::Section(SectionCommand::Find(vec![path]))
            }
            PathPurpose::RunsOf => Command::Train(TrainCommand::CopyRuns(path)),
            PathPurpose::AddSlides => Command::Section(SectionCommand::FindSlides(vec![path])),
            PathPurpose::SaveProjectAs => Command::Project(ProjectCommand::SaveAs(path)),
            PathPurpose::ImportFile { row, role } => {
                let mut form = self.forms.import.clone();
                if let Some(row) = form.rows.get_mut(row) {
                    row.set(role, Some(path));
                }
                self.overlay = Some(Overlay::Import);
                Command::Section(SectionCommand::EditImport(form))
            }
            PathPurpose::SampleFile { row, role } => {
                let mut form = self.forms.samples.clone();
                if let Some(row) = form.rows.get_mut(row) {
                    row.candidate.entry.set_path(role, path);
                    // What was wrong may have been with the file before.
                    row.candidate.refused = None;
                    if role == FileRole::Image {
                        // An image that the user chooses is the slide that positions refer to.
                        row.candidate.entry.image_scale = None;
                        row.candidate.warnings.clear();
                        row.taken = true;
                    }
                }
                self.overlay = Some(Overlay::Samples);
                Command::Section(SectionCommand::EditSamples(form))
            }
            PathPurpose::FullSlide { section } => {
                Command::Section(SectionCommand::UseFullSlide { section, path })
            }
            PathPurpose::SectionLabels { section } => {
                Command::Section(SectionCommand::SetLabels { section, path })
            }
            PathPurpose::ImportRegions { section } => {
                Command::Section(SectionCommand::ImportRegions { section, path })
            }
            PathPurpose::ExportRegions { section } => {
                Command::Section(SectionCommand::ExportRegions { section, path })
            }
            PathPurpose::Relocate { section, role } => {
                Command::Section(SectionCommand::Relocate { section, role, path })
            }
            PathPurpose::EncoderWeights { encoder } => {
                self.overlay = Some(Overlay::Encoders);
                Command::Encoder(EncoderCommand::SetWeights { encoder, path })
            }
            PathPurpose::OpenSlideLibrary => {
                self.work.start(Request::UseOpenSlide { library: path });
                return;
            }
            PathPurpose::LoadGenes => Command::Genes(GenesCommand::Load(path)),
            PathPurpose::SaveGenes => Command::Genes(GenesCommand::Save(path)),
            PathPurpose::SaveReportJson => Command::Evaluate(EvaluateCommand::SaveJson(path)),
            PathPurpose::SaveReportCsv => Command::Evaluate(EvaluateCommand::SaveCsv(path)),
            PathPurpose::SaveGeneTable => Command::Evaluate(EvaluateCommand::SaveTable(path)),
            PathPurpose::SaveRunReport => Command::Export(ExportCommand::SaveRunReport(path)),
            PathPurpose::SaveComparison => Command::Export(ExportCommand::SaveComparison(path)),
            PathPurpose::SaveFigure => Command::Export(ExportCommand::Save(path)),
            PathPurpose::FigureFolder => Command::Export(ExportCommand::Batch(path)),
            PathPurpose::SlidesFolder => Command::Export(ExportCommand::PredictSlides(path)),
            PathPurpose::SavePredictions | PathPurpose::SavePredictionsAnnData => {
                Command::Export(ExportCommand::SavePredictions(path))
            }
        };
        self.apply(command);
    }
}
