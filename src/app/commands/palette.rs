//! The list of everything the application can do, with its shortcuts, searchable.

use crate::app::command::{
    Command, EncoderCommand, EvaluateCommand, FeaturesCommand, GenesCommand, NoticeCommand, Overlay,
    PanelForm, ProjectCommand, Step, TrainCommand,
};
use crate::app::explore::ExploreCommand;
use crate::app::explore::compare::Tab;
use crate::app::keys::Shortcut;
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::state::App;
use crate::jobs::settings::{Settings, Theme};

/// Undoes the last edit.
pub const UNDO: Shortcut = Shortcut::command("Z");
/// Redoes it.
pub const REDO: Shortcut = Shortcut::command_shift("Z");
/// Shows the list of all commands.
pub const COMMANDS: Shortcut = Shortcut::command("L");
/// The keys that show the five steps.
const STEPS: [Shortcut; 5] = [
    Shortcut::command("1"),
    Shortcut::command("2"),
    Shortcut::command("3"),
    Shortcut::command("4"),
    Shortcut::command("5"),
];

/// The keys that show a step.
pub fn step_shortcut(step: Step) -> Option<Shortcut> {
    STEPS.get(step.number() - 1).copied()
}

/// One thing the application can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is called: "Open a project".
    pub name: String,
    /// Words it is also found by.
    pub also: &'static str,
    /// Its shortcut.
    pub shortcut: Option<Shortcut>,
    /// What it sends.
    pub command: Command,
    /// Why it cannot be done now.
    pub blocked: Option<String>,
}

impl Item {
    fn new(name: impl Into<String>, also: &'static str, command: Command) -> Self {
        Self { name: name.into(), also, shortcut: None, command, blocked: None }
    }

    fn keys(mut self, shortcut: Shortcut) -> Self {
        self.shortcut = Some(shortcut);
        self
    }

    fn needs(mut self, possible: bool, why: &str) -> Self {
        if !possible && self.blocked.is_none() {
            self.blocked = Some(why.to_owned());
        }
        self
    }

    fn blocked_by(mut self, why: Option<String>) -> Self {
        self.blocked = why;
        self
    }

    /// The name without what undo would take back, and without dots.
    pub fn plain_name(&self) -> &str {
        self.name.split(':').next().unwrap_or(&self.name).trim_end_matches('…')
    }

    /// Whether every word of `search` occurs in the name or the words it is also found by.
    pub fn matches(&self, search: &str) -> bool {
        let text = format!("{} {}", self.name, self.also).to_lowercase();
        search.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

fn ask(purpose: PathPurpose) -> Command {
    Command::Ask(PathRequest::new(purpose))
}

const NO_PROJECT: &str = "No project is open.";

/// What concerns the project as a whole.
pub fn project_items(app: &App) -> Vec<Item> {
    let open = app.open.is_some();
    let (undo, redo) = app.open.as_ref().map_or((None, None), |o| o.undo_names());
    let named = |stem: &str, what: Option<&str>| match what {
        Some(what) => format!("{stem}: {what}"),
        None => stem.to_owned(),
    };
    vec![
        Item::new("Open a project…", "file load", ask(PathPurpose::OpenProject)).keys(Shortcut::command("O")),
        Item::new("Open a folder with sections…", "her2st new project data", ask(PathPurpose::NewFromFolder)),
        Item::new("New empty project", "create", Command::Project(ProjectCommand::NewEmpty)),
        Item::new("Open the demo", "synthetic example", Command::Project(ProjectCommand::OpenDemo)),
        Item::new("Save", "write", Command::Project(ProjectCommand::Save))
            .keys(Shortcut::command("S"))
            .needs(open, NO_PROJECT),
        Item::new("Save as…", "copy rename project", ask(PathPurpose::SaveProjectAs))
            .keys(Shortcut::command_shift("S"))
            .needs(open, NO_PROJECT),
        Item::new(named("Undo", undo), "take back", Command::Undo)
            .keys(UNDO)
            .needs(undo.is_some(), "There is nothing to undo."),
        Item::new(named("Redo", redo), "again", Command::Redo)
            .keys(REDO)
            .needs(redo.is_some(), "There is nothing to redo."),
        Item::new(
            "OpenSlide library…",
            "scanner format MRXS DICOM CZI settings",
            ask(PathPurpose::OpenSlideLibrary),
        ),
        Item::new("Close the project", "start page welcome", Command::Project(ProjectCommand::Close))
            .needs(open, NO_PROJECT),
        Item::new("Quit", "exit close window", Command::AskToQuit).keys(Shortcut::command("Q")),
    ]
}

/// Everything.
pub fn all_items(app: &App) -> Vec<Item> {
    let mut items: Vec<Item> = Step::ALL
        .into_iter()
        .map(|step| {
            let item = Item::new(format!("Go to {}", step.name()), "step page", Command::GoTo(step))
                .blocked_by(app.step_state(step).blocked.map(|b| b.why));
            match step_shortcut(step) {
                Some(keys) => item.keys(keys),
                None => item,
            }
        })
        .collect();
    items.extend(project_items(app));
    let open = app.open.as_ref();
    let has_sections = open.is_some_and(|o| !o.doc().sections.is_empty());
    let has_genes = open.is_some_and(|o| !o.genes().is_empty());
    let has_report = open.is_some_and(|o| o.runs.report.is_some());
    let can_predict_slides = open.is_some_and(|o| app.slides_to_predict(o).is_some());
    let logs = app.settings_folder().map(|folder| Settings::logs_folder(folder).display().to_string());
    let has_logs = logs.is_some();
    let no_sections = "There is no section yet.";
    let can = |step| app.step_state(step).blocked.map(|b| b.why);
    items.extend([
        Item::new("Add slides…", "predict unmeasured image scanner", ask(PathPurpose::AddSlides))
            .needs(open.is_some(), NO_PROJECT),
        Item::new("Add a folder of sections…", "data import", ask(PathPurpose::AddFolder))
            .needs(open.is_some(), NO_PROJECT),
        Item::new("Import sections with other file names…", "data pair", Command::Show(Overlay::Import))
            .needs(open.is_some(), NO_PROJECT),
        Item::new("Load a gene list…", "genes file", ask(PathPurpose::LoadGenes))
            .needs(open.is_some(), NO_PROJECT),
        Item::new("Save the gene list…", "genes file", ask(PathPurpose::SaveGenes))
            .needs(has_genes, "There is no gene list yet."),
        Item::new("Select highly variable genes", "HVG", Command::Genes(GenesCommand::Select))
            .needs(has_sections, no_sections),
        Item::new("New gene panel…", "markers", Command::Show(Overlay::Panel(PanelForm::default())))
            .needs(open.is_some(), NO_PROJECT),
        Item::new("Compute image features", "cache encoder", Command::Features(FeaturesCommand::Compute))
            .needs(has_sections, no_sections),
        Item::new(
            "Choose the image encoder…",
            "UNI weights network features",
            Command::Encoder(EncoderCommand::Choose),
        )
        .needs(open.is_some(), NO_PROJECT),
        Item::new("Train a model", "start run", Command::Train(TrainCommand::Start))
            .blocked_by(can(Step::Train)),
        Item::new("Cross-validate", "evaluate start", Command::Evaluate(EvaluateCommand::Start))
            .blocked_by(can(Step::Evaluate)),
        Item::new("Save the report as JSON…", "evaluate export", ask(PathPurpose::SaveReportJson))
            .needs(has_report, "There is no report yet."),
        Item::new("Save the table of genes as CSV…", "evaluate export", ask(PathPurpose::SaveGeneTable))
            .needs(has_report, "There is no report yet."),
        Item::new(
            "Save the scores of every gene on every section as CSV…",
            "evaluate export table",
            ask(PathPurpose::SaveReportCsv),
        )
        .needs(has_report, "There is no report yet."),
        Item::new("Save the figure…", "export image PNG SVG PDF TIFF", ask(PathPurpose::SaveFigure))
            .blocked_by(can(Step::Export)),
        Item::new("Save the report of a run…", "export PDF", ask(PathPurpose::SaveRunReport))
            .blocked_by(can(Step::Export)),
        Item::new("Save predictions as CSV…", "export table", ask(PathPurpose::SavePredictions))
            .blocked_by(can(Step::Export)),
        Item::new(
            "Save predictions for scanpy (.h5ad)…",
            "export anndata table",
            ask(PathPurpose::SavePredictionsAnnData),
        )
        .blocked_by(can(Step::Export)),
        Item::new("Use models of another project…", "copy runs import", ask(PathPurpose::RunsOf))
            .needs(open.is_some(), NO_PROJECT),
        Item::new("Predict all slides…", "unmeasured batch folder", ask(PathPurpose::SlidesFolder))
            .needs(can_predict_slides, "This needs a trained model and an H&E slide without measurements."),
        Item::new("Fit the tissue into the view", "zoom reset", Command::Explore(ExploreCommand::Fit))
            .blocked_by(can(Step::Explore)),
        Item::new(
            "Compare two groups of spots",
            "regions classes volcano wilcoxon differential",
            Command::Explore(ExploreCommand::ShowTab(Tab::Compare)),
        )
        .blocked_by(can(Step::Explore)),
        Item::new(
            "Find clusters",
            "leiden k-means groups",
            Command::Explore(ExploreCommand::ShowTab(Tab::Clusters)),
        )
        .blocked_by(can(Step::Explore)),
        Item::new("Find genes with similar maps", "explore", Command::Explore(ExploreCommand::FindSimilar))
            .blocked_by(can(Step::Explore)),
        Item::new("Light theme", "appearance", Command::SetTheme(Theme::Light)),
        Item::new("Dark theme", "appearance night", Command::SetTheme(Theme::Dark)),
        Item::new("Show all notices", "errors history messages", Command::Show(Overlay::Notices)),
        Item::new("Dismiss the notice", "error hide close", Command::Notice(NoticeCommand::DismissShown))
            .needs(app.notices.open().next().is_some(), "No notice is shown."),
        Item::new("Dismiss all notices", "errors hide", Command::Notice(NoticeCommand::DismissAll)),
        Item::new(
            "Copy the path of the log folder",
            "help support report error",
            Command::Copy(logs.unwrap_or_default()),
        )
        .needs(has_logs, "Nothing is logged."),
        Item::new("Help and shortcuts", "keyboard mouse", Command::Show(Overlay::Help))
            .keys(Shortcut::plain("F1")),
        Item::new("Command list", "palette search", Command::Show(Overlay::Commands)).keys(COMMANDS),
    ]);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_match() {
        let item = Item::new("Save the figure…", "export image PNG SVG PDF TIFF", Command::Undo);
        assert!(item.matches(""));
        assert!(item.matches("fig SAVE"));
        assert!(item.matches("png"));
        assert!(!item.matches("figure report"));
    }
}
