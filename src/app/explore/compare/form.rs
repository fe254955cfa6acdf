//! What is compared, and how it is shown.

use crate::app::sorting::Sorting;
use crate::jobs::compare::Group;

/// The panels beneath the maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// What the prediction of a spot comes from.
    #[default]
    Evidence,
    /// Two groups of places.
    Compare,
    /// Clusters of places.
    Clusters,
}

impl Tab {
    /// All of them, from left to right.
    pub const ALL: [Self; 3] = [Self::Evidence, Self::Compare, Self::Clusters];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evidence => "Evidence",
            Self::Compare => "Compare",
            Self::Clusters => "Clusters",
        }
    }
}

/// Measured or predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Origin {
    /// What was measured.
    #[default]
    Measured,
    /// What the run shown predicts.
    Predicted,
}

impl Origin {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Measured, Self::Predicted];

    /// "measured".
    pub const fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Predicted => "predicted",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Measured => Self::Predicted,
            Self::Predicted => Self::Measured,
        }
    }
}

/// Which genes are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listed {
    /// All.
    #[default]
    All,
    /// Those that are significantly higher in the first group.
    HigherInA,
    /// Those that are significantly higher in the second group.
    HigherInB,
}

/// What is drawn beside the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ComparePlot {
    /// Fold change and p-value of every gene.
    #[default]
    Volcano,
    /// Mean and share of expressing places of the foremost genes in both groups.
    Dots,
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the titles say it")]
pub enum CompareColumn {
    Gene,
    MeanA,
    MeanB,
    FoldChange,
    Expressing,
    Adjusted,
    Auroc,
    Sections,
    Other,
    Trust,
}

impl CompareColumn {
    /// All of them, from left to right.
    pub const ALL: [Self; 10] = [
        Self::Gene,
        Self::MeanA,
        Self::MeanB,
        Self::FoldChange,
        Self::Expressing,
        Self::Adjusted,
        Self::Auroc,
        Self::Sections,
        Self::Other,
        Self::Trust,
    ];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Gene => "Gene",
            Self::MeanA => "Mean A",
            Self::MeanB => "Mean B",
            Self::FoldChange => "log2 FC",
            Self::Expressing => "% expr.",
            Self::Adjusted => "adj. p",
            Self::Auroc => "AUROC",
            Self::Sections => "per section",
            Self::Other => "other",
            Self::Trust => "Prediction",
        }
    }
}

/// What is compared, and how it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareForm {
    /// The group that is described; none until a class is chosen.
    pub a: Option<Group>,
    /// What it is compared with.
    pub b: Group,
    /// Which values the table shows first.
    pub origin: Origin,
    /// Whether all sections are compared together, rather than the one shown.
    pub all_sections: bool,
    /// Only genes whose name contains this are listed.
    pub search: String,
    /// Which genes are listed.
    pub listed: Listed,
    /// In what order.
    pub sorting: Sorting<CompareColumn>,
    /// What is drawn beside the table.
    pub plot: ComparePlot,
}

impl Default for CompareForm {
    fn default() -> Self {
        Self {
            a: None,
            b: Group::Rest,
            origin: Origin::Measured,
            all_sections: false,
            search: String::new(),
            listed: Listed::All,
            sorting: Sorting { by: CompareColumn::Adjusted, descending: false },
            plot: ComparePlot::Volcano,
        }
    }
}
