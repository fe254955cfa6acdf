//! What the user can ask for on the page.

use super::clusters::ClusterForm;
use super::compare::{CompareForm, Tab};
use super::drawing::Tool;
use super::genes::{GeneFilter, GeneSort};
use super::tissue::Brush;
use crate::core::display::DisplaySettings;
use crate::core::places::TissueSettings;
use crate::data::regions::{ClassName, RegionId};

/// Something the user asked for on the Explore page.
#[derive(Debug, Clone, PartialEq)]
pub enum ExploreCommand {
    /// Show this section.
    SelectSection(String),
    /// Show this gene.
    SelectGene(String),
    /// Show the gene this many places further down the list; negative moves up.
    StepGene(isize),
    /// Show the evidence of this spot of the section shown, or none.
    SelectSpot(Option<usize>),
    /// Show the evidence of a spot of any section, remembering where we are.
    GoToSpot {
        /// Name of the section.
        section: String,
        /// Identifier of the spot.
        spot: String,
    },
    /// Go back to where we were before [`ExploreCommand::GoToSpot`].
    Back,
    /// List the genes whose name contains this.
    Search(String),
    /// List these genes.
    Filter(GeneFilter),
    /// List them in this order.
    Sort(GeneSort),
    /// Show the maps in another way. This is an edit that can be taken back; edits with the same `what`
    /// that follow each other quickly (a slider being dragged) are one.
    Display {
        /// What was changed, as the undo menu tells it: "Colour map".
        what: &'static str,
        /// The settings after the edit.
        settings: DisplaySettings,
    },
    /// Show all of the tissue; the whole slide where all of the tissue is shown already.
    Fit,
    /// Look for genes with similar maps.
    FindSimilar,
    /// Put the list of similar genes away.
    CloseSimilar,
    /// Show what would be tissue with these settings, which are not an edit yet.
    DraftTissue(TissueSettings),
    /// Paint tissue with the pointer, or look at maps with it again.
    UseBrush(Option<Brush>),
    /// Set the diameter of the brush in use in micrometres.
    SizeBrush(f64),
    /// Take up another tool.
    UseTool(Tool),
    /// Give new regions this class.
    DrawClass(Option<ClassName>),
    /// Select these regions.
    SelectRegions(Vec<RegionId>),
    /// Show these genes together with the one shown, their colours added; none for that one alone.
    MixGenes(Vec<String>),
    /// Show another panel beneath the maps.
    ShowTab(Tab),
    /// Compare other groups, or show the comparison in another way.
    Compare(CompareForm),
    /// Change how places are to be clustered.
    Cluster(ClusterForm),
    /// List classes by the area of their regions instead of in the project's order.
    SortClasses(bool),
}
