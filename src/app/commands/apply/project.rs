//! Opening, saving and closing projects.

use std::path::{Path, PathBuf};

use crate::app::command::{Command, Overlay, ProjectCommand, Step};
use crate::app::explore::ExploreState;
use crate::app::import::ImportForm;
use crate::app::project::OpenProject;
use crate::app::state::{App, Forms, Preview};
use crate::app::view::SavedView;
use crate::data::project::EXTENSION;
use crate::jobs::outcome::OpenedProject;
use crate::jobs::request::Request;

/// Where projects go that were made without asking for a file: the user's documents.
fn documents() -> PathBuf {
    let dirs = directories::UserDirs::new();
    let folder = dirs.as_ref().and_then(|d| d.document_dir().map(Path::to_path_buf));
    folder
        .or_else(|| dirs.map(|d| d.home_dir().to_path_buf()))
        .unwrap_or_else(std::env::temp_dir)
        .join("HisCMCL")
}

/// Where the demo goes: made anew whenever it is asked for and missing.
fn demo_folder() -> PathBuf {
    directories::ProjectDirs::from("", "", "hiscmcl")
        .map_or_else(std::env::temp_dir, |dirs| dirs.data_local_dir().to_path_buf())
        .join("demo")
}

fn is_project(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(EXTENSION))
}

impl App {
    pub(super) fn apply_project(&mut self, command: ProjectCommand) {
        let leaves = match command {
            ProjectCommand::OpenDemo
            | ProjectCommand::Open(_)
            | ProjectCommand::NewFromFolder(_)
            | ProjectCommand::NewEmpty
            | ProjectCommand::Close => true,
            ProjectCommand::Save | ProjectCommand::SaveAs(_) | ProjectCommand::ForgetRecent(_) => false,
        };
        if !leaves || self.may_leave_for(&command) {
            self.leave_for(command);
        }
    }

    /// Does it, whatever runs.
    pub(super) fn leave_for(&mut self, command: ProjectCommand) {
        match command {
            ProjectCommand::OpenDemo => {
                self.leave_project();
                self.work.start(Request::MakeDemo { folder: demo_folder() });
            }
            ProjectCommand::Open(path) => {
                self.leave_project();
                self.work.start(Request::OpenProject(path));
            }
            ProjectCommand::NewFromFolder(folder) => {
                self.leave_project();
                let name = project_name(&folder);
                let file = documents().join(format!("{name}.{EXTENSION}"));
                self.work.start(Request::NewFromFolder { folder, file });
            }
            ProjectCommand::NewEmpty => {
                self.leave_project();
                self.work.start(Request::NewEmpty { file: documents().join(format!("project.{EXTENSION}")) });
            }
            ProjectCommand::Save => {
                if let Some(open) = &self.open {
                    let path = open.path.display().to_string();
                    self.save();
                    // Whether that worked is said when it has ended.
                    self.notices.info(format!("Saving {path}. Later changes are saved automatically."));
                }
            }
            ProjectCommand::SaveAs(to) => {
                if let Some(open) = &self.open {
                    let from = open.path.clone();
                    self.work.start(Request::SaveProjectAs { from, to, project: open.doc().clone() });
                }
            }
            ProjectCommand::Close => {
                self.leave_project();
                self.close_project();
            }
            ProjectCommand::ForgetRecent(path) => {
                self.settings.recent.retain(|p| *p != path);
                self.settings_touched();
            }
        }
    }

    /// Writes what the open project still has to write, before another one takes its place.
    fn leave_project(&mut self) {
        self.overlay = None;
        self.beneath = None;
        self.remember_view();
        match &self.open {
            Some(open) if open.is_unsaved() => self.save(),
            Some(open) => {
                let (path, view) = (open.path.clone(), open.doc().view.clone());
                self.work.start(Request::SaveView { path, view });
            }
            None => {}
        }
    }

    pub(super) fn close_project(&mut self) {
        self.work.abandon_where(Request::belongs_to_project);
        self.notices.project_closed();
        self.offered_to_resume = false;
        self.train_after_selection = false;
        self.open = None;
        self.step = Step::Data;
        self.forms = Forms::default();
        self.explore = ExploreState::default();
        self.preview = Preview::default();
    }

    /// Shows a project that was read or made.
    pub(super) fn opened(&mut self, opened: OpenedProject) {
        self.close_project();
        let OpenedProject { path, project, missing, demo, new, found, suggestions, notes } = opened;
        if !demo {
            self.settings.remember(&path);
            self.settings_touched();
        }
        self.forms.train.target = project.target;
        self.work.start(Request::ListRuns(path.clone()));
        let (gaps, sections) = (!missing.is_empty(), project.sections.len());
        let open = OpenProject::new(path, project, missing, demo);
        self.forms.train.encoder = match (new, demo) {
            (true, false) => self.settings.encoders.chosen.clone(),
            _ => SavedView::in_project(&open).encoder.unwrap_or_default(),
        };
        if !new {
            let view = SavedView::in_project(&open);
            self.step = view.first_step(gaps, sections);
            if let Some(figure) = view.figure {
                self.forms.export = figure.clamped();
            }
            if let Some(hold_out) = view.hold_out {
                self.forms.train.hold_out = hold_out;
            }
            self.explore.list_by(view.filter.unwrap_or_default(), view.sort.unwrap_or_default());
            self.explore.restore(view.section, view.gene, view.camera);
        }
        self.open = Some(open);
        self.show_display_of_document();
        if !found.is_empty() {
            self.show_samples(found, notes);
            return;
        }
        for note in notes {
            self.notices.info(note);
        }
        if !suggestions.is_empty() {
            self.forms.import = ImportForm::new(suggestions);
            self.present(Overlay::Import, "Files were found that may belong to sections.");
        }
    }

    /// Files and folders that were dropped on the window: a project is opened; the samples in anything else
    /// are shown, to be added.
    pub(super) fn dropped(&mut self, paths: Vec<PathBuf>) {
        // Remembered paths must mean the same wherever the application is started next.
        let paths: Vec<PathBuf> = paths.into_iter().map(|p| std::path::absolute(&p).unwrap_or(p)).collect();
        if let Some(gone) = paths.iter().find(|p| !p.exists()) {
            self.notices.error(format!("There is no file or folder {}", gone.display()), Vec::new());
            return;
        }
        if let Some(project) = paths.iter().find(|p| is_project(p)) {
            self.apply_project(ProjectCommand::Open(project.clone()));
        } else if let (None, [folder]) = (&self.open, paths.as_slice())
            && folder.is_dir()
        {
            self.apply(Command::Project(ProjectCommand::NewFromFolder(folder.clone())));
        } else if !paths.is_empty() {
            self.import_files(paths);
        }
    }
}

/// What to call a project made of a folder. "data" and the like say nothing; then the folder above does.
fn project_name(folder: &Path) -> String {
    let plain = ["data", "st-cnts", "st-imgs", "st-spotfiles", "st-pat", "img", "images"];
    folder
        .ancestors()
        .filter_map(|f| f.file_name())
        .map(|n| n.to_string_lossy().into_owned())
        .find(|n| !plain.contains(&n.to_lowercase().as_str()))
        .unwrap_or_else(|| "project".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_named_after_their_folder() {
        assert_eq!(project_name(Path::new("/x/her2st/data")), "her2st");
        assert_eq!(project_name(Path::new("/x/her2st/data/ST-cnts")), "her2st");
        assert_eq!(project_name(Path::new("/")), "project");
    }
}
