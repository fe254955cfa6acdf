//! Everything a user can ask for. Buttons, menus, shortcuts and the command list send these and never
//! change state themselves.

use std::path::PathBuf;

use super::explore::ExploreCommand;

/// The five steps of the work, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Sections, genes and image features.
    Data,
    /// Training the model.
    Train,
    /// Looking at maps.
    Explore,
    /// Cross-validation.
    Evaluate,
    /// Figures and tables.
    Export,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 5] = [Self::Data, Self::Train, Self::Explore, Self::Evaluate, Self::Export];

    /// 1 for the first step.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|&s| s == self).unwrap_or(0) + 1
    }

    /// "Data".
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Train => "Train",
            Self::Explore => "Explore",
            Self::Evaluate => "Evaluate",
            Self::Export => "Export",
        }
    }
}

/// One thing that the user asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Show a step.
    GoTo(Step),
    /// Take back the last edit.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Something on the Explore page: display, gene, section, camera-independent choices.
    Explore(ExploreCommand),
    /// Add this gene of this section to the figure of the Export page.
    AddToFigure {
        /// Name of the section.
        section: String,
        /// Name of the gene.
        gene: String,
    },
    /// Predict a section with a run, both by name.
    Predict {
        /// Identifier of the run.
        run: String,
        /// Name of the section.
        section: String,
    },
    /// Put text on the clipboard.
    Copy(String),
    /// Open a project file.
    OpenProject(PathBuf),
}
