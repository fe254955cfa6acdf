//! The state of the page: what is chosen, and everything that follows from it. Painting reads it and
//! computes nothing; [`ExploreState::refresh`] brings it up to date, touching only what has changed.

mod drawing;
mod refresh;
mod similar;
mod workbench;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::camera::{Camera, Pose};
use super::clusters::Clusters;
use super::command::ExploreCommand;
use super::compare::{Comparing, Tab};
use super::drawing::{Drawing, Tool};
use super::evidence::Evidence;
use super::facts::GeneFacts;
use super::genes::{GeneFilter, GeneList, GeneRow, GeneSort, PanelGenes};
use super::highlights::Highlight;
use super::index_cache::IndexCache;
use super::mix::MAX_MIXED;
use super::own_scores::OwnScores;
use super::regions::ShownRegions;
use super::section_index::SectionIndex;
use super::signatures::Signatures;
use super::similar::SimilarGenes;
use super::tissue::Tissue;
use super::trust::Trust;
use super::values::{MapValues, PaneMap, PlaceClassMap, PredictionIndex};
use crate::core::display::{DisplaySettings, PaneKind, unmeasured_panes};
use crate::core::geometry::SlidePoint;
use crate::core::target::Target;
use crate::data::aliases;
use crate::data::regions::RegionError;
use crate::evaluate::report::EvalReport;
use crate::jobs::reach::SlideReach;
use crate::jobs::tissue::TissueRequest;

pub use drawing::PointerStep;

/// The most places to go back to.
const MAX_BACK: usize = 50;
/// Points across the view that a spot visited from elsewhere should at least take.
const VISITED_SPOT_POINTS: f64 = 40.0;

/// Somewhere to go back to.
#[derive(Debug, Clone)]
struct Place {
    section: String,
    spot: Option<usize>,
    pose: Pose,
}

/// What to do once the section asked for is there.
#[derive(Debug, Clone)]
enum Arrival {
    Spot(String),
    Place(Place),
}

/// The gene shown on the section shown.
#[derive(Debug, Default)]
pub struct GeneMap {
    /// Its values.
    pub values: MapValues,
    /// The panes, in the order of [`ExploreState::panes`].
    pub panes: Vec<PaneMap>,
    /// Its maps together with those of the genes that are mixed in, by pane.
    pub mixed: Vec<(PaneKind, PlaceClassMap)>,
    /// What is known of it.
    pub facts: GeneFacts,
    /// Spots worth looking at first.
    pub highlights: Vec<Highlight>,
}

/// The list of similar genes.
#[derive(Debug)]
pub struct Similar {
    /// The gene asked about.
    pub gene: String,
    /// The section on which the maps were compared.
    pub section: String,
    /// The answer, once it is there.
    pub found: Option<SimilarGenes>,
    receive: Option<Receiver<SimilarGenes>>,
    /// Whether predicted maps were compared, too.
    predicted: bool,
}

/// Counters that grow when something changes, so that what is drawn from it is rebuilt only then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Versions {
    /// The spots and their places.
    pub spots: u64,
    /// The colours of the panes.
    pub colors: u64,
    /// The gene list.
    pub list: u64,
}

/// What must be done before trust is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WayToTrust {
    #[default]
    CrossValidate,
    /// With a single section nothing can be held out.
    AddSection,
}

#[derive(Debug, Clone, Copy, Default)]
struct Stale {
    list: bool,
    shown: bool,
    map: bool,
    panes: bool,
    evidence: bool,
}

/// The state of the page.
#[derive(Debug, Default)]
pub struct ExploreState {
    section: Option<String>,
    gene: Option<String>,
    /// Whether the user chose the gene; otherwise a better one may take its place.
    gene_chosen: bool,
    spot: Option<usize>,
    search: String,
    /// A gene that is searched for and was measured in other sections only, and these.
    measured_elsewhere: Option<(String, Vec<String>)>,
    filter: GeneFilter,
    sort: GeneSort,
    display: DisplaySettings,
    /// The camera. It moves with the hand and is nothing to undo, so the panes move it themselves.
    pub camera: Camera,
    /// The slide point under the cursor.
    pub cursor: Option<SlidePoint>,
    /// The tissue of the slide shown. The brush goes with the hand; the panes move it themselves.
    pub tissue: Tissue,
    regions: ShownRegions,
    drawing: Drawing,
    /// Why what was drawn last is no region.
    refused_drawing: Option<RegionError>,
    /// Genes that are shown together with the one shown.
    mixed: Vec<String>,
    tab: Tab,
    comparing: Comparing,
    clusters: Clusters,
    back: Vec<Place>,
    arrival: Option<Arrival>,
    trust: HashMap<String, Trust>,
    report: Option<Arc<EvalReport>>,
    /// How the run that predicts the section shown did on what it was tested on.
    tested: Option<Arc<EvalReport>>,
    /// Whether that run was trained on it.
    seen_in_training: bool,
    /// The scores of the section shown, where no run was tested on it.
    own_scores: OwnScores,
    signatures: Signatures,
    panels: Vec<PanelGenes>,
    /// The genes and the target of the values shown: those of the run, else of the project.
    scale_genes: Arc<Vec<String>>,
    target: Target,
    project_genes: Vec<String>,
    project_set: HashSet<String>,
    /// Whether the list is yet to be shown so that the gene is in it.
    reveal: bool,
    /// Whether the genes of the project are others than when the list was last narrowed.
    new_genes: bool,
    cache: IndexCache,
    index: Option<Arc<SectionIndex>>,
    prediction: Option<PredictionIndex>,
    /// How the slide shown compares with what the run was trained on.
    slide_reach: Option<Arc<SlideReach>>,
    list: GeneList,
    map: GeneMap,
    evidence: Option<Evidence>,
    similar: Option<Similar>,
    way_to_trust: WayToTrust,
    versions: Versions,
    stale: Stale,
}

impl ExploreState {
    /// Applies a command of the user. What follows from it is there after the next
    /// [`ExploreState::refresh`].
    pub fn apply(&mut self, command: ExploreCommand) {
        match command {
            ExploreCommand::SelectSection(name) => self.go_to_section(&name, None),
            ExploreCommand::SelectGene(gene) => self.select_gene(gene),
            ExploreCommand::StepGene(by) => self.step_gene(by),
            ExploreCommand::SelectSpot(spot) => {
                self.spot = spot;
                self.stale.evidence = true;
                // A spot chosen from a list or a plot may be out of view.
                let center = self.index.as_ref().and_then(|i| Some(i.spot_at(spot?)?.center));
                if let Some(center) = center.filter(|&c| !self.camera.visible().contains(c)) {
                    self.camera.look_at(center, 0.0);
                }
            }
            ExploreCommand::GoToSpot { section, spot } => {
                self.remember_place();
                self.go_to_section(&section, Some(Arrival::Spot(spot)));
            }
            ExploreCommand::Back => {
                if let Some(place) = self.back.pop() {
                    self.go_to_section(&place.section.clone(), Some(Arrival::Place(place)));
                }
            }
            ExploreCommand::Search(text) => {
                self.reveal = false;
                self.search = text;
                self.stale.shown = true;
            }
            ExploreCommand::Filter(filter) => {
                self.reveal = false;
                self.filter = filter;
                self.stale.shown = true;
            }
            ExploreCommand::Sort(sort) => {
                self.sort = sort;
                self.stale.shown = true;
            }
            ExploreCommand::Display { settings, .. } => self.set_display(settings),
            ExploreCommand::Fit => self.camera.fit(),
            ExploreCommand::FindSimilar => self.find_similar(),
            ExploreCommand::CloseSimilar => self.similar = None,
            ExploreCommand::DraftTissue(settings) => self.tissue.set_draft(settings),
            ExploreCommand::UseBrush(brush) => {
                self.tissue.set_brush(brush);
                self.drawing.use_tool(Tool::Look);
            }
            ExploreCommand::SizeBrush(um) if self.drawing.tool().has_size() => self.drawing.set_diameter(um),
            ExploreCommand::SizeBrush(um) => self.tissue.set_diameter(um),
            ExploreCommand::UseTool(tool) => {
                self.tissue.set_brush(None);
                self.drawing.use_tool(tool);
            }
            ExploreCommand::DrawClass(class) => self.drawing.use_class(class),
            ExploreCommand::SelectRegions(ids) => self.drawing.select(ids),
            ExploreCommand::SortClasses(by_area) => self.regions.sort_by_area(by_area),
            ExploreCommand::MixGenes(genes) => {
                self.mixed = genes;
                self.mixed.truncate(MAX_MIXED);
                self.stale.map = true;
            }
            ExploreCommand::ShowTab(tab) => self.tab = tab,
            ExploreCommand::Compare(form) => self.comparing.edit(form, &self.trust),
            ExploreCommand::Cluster(form) => self.clusters.edit(form),
        }
    }

    /// How maps are shown.
    pub fn display(&self) -> &DisplaySettings {
        &self.display
    }

    /// The panes that are shown: those of the display, unless nothing is measured on the slide shown.
    pub fn panes(&self) -> Vec<PaneKind> {
        match &self.index {
            Some(index) if !index.is_measured() => unmeasured_panes(&self.display.panes),
            _ => self.display.panes.clone(),
        }
    }

    /// Shows maps in another way: from a project file, by an edit, or by taking an edit back.
    pub fn set_display(&mut self, settings: DisplaySettings) {
        if self.display != settings {
            self.display = settings.clamped();
            self.stale.panes = true;
        }
    }

    /// Lists the genes of `filter` in this order.
    pub fn list_by(&mut self, filter: GeneFilter, sort: GeneSort) {
        self.filter = filter;
        self.sort = sort;
        self.stale.shown = true;
    }

    /// Shows what was shown when the project was left, as far as it is still there. A place without sense
    /// (the file may have been edited by hand) is passed over.
    pub fn restore(&mut self, section: Option<String>, gene: Option<String>, pose: Option<Pose>) {
        let clamped =
            |p: &Pose| [p.center.x, p.center.y, p.scale].iter().all(|v| v.is_finite()) && p.scale > 0.0;
        if let Some(section) = section {
            let place = pose.filter(clamped).map(|pose| Place { section: section.clone(), spot: None, pose });
            self.go_to_section(&section, place.map(Arrival::Place));
        }
        if let Some(gene) = gene {
            self.select_gene(gene);
            self.reveal = true;
        }
    }

    /// Name of the section shown.
    pub fn section_name(&self) -> Option<&str> {
        self.section.as_deref()
    }

    /// The section shown, once it is ready.
    pub fn index(&self) -> Option<&Arc<SectionIndex>> {
        self.index.as_ref()
    }

    /// The prediction of the section shown.
    pub fn prediction(&self) -> Option<&PredictionIndex> {
        self.prediction.as_ref()
    }

    /// How the slide shown compares with what the run that predicts it was trained on; only of a slide without measurements
    /// whose prediction is shown, for each of its places.
    pub fn slide_reach(&self) -> Option<&SlideReach> {
        let places = self.index.as_ref()?.section().spots.len();
        self.slide_reach.as_deref().filter(|r| self.prediction.is_some() && r.distances.len() == places)
    }

    /// The tissue that is to be found, where it is not known.
    pub fn wanted_tissue(&self) -> Option<TissueRequest> {
        self.tissue.wanted(self.index.as_ref()?.section())
    }

    /// The annotated regions of the section shown.
    pub fn regions(&self) -> &ShownRegions {
        &self.regions
    }

    /// Whether values are drawn as cells on the section shown.
    pub fn draws_cells(&self) -> bool {
        let is_measured = self.index.as_ref().is_none_or(|index| index.is_measured());
        self.display.shape.draws_cells(is_measured)
    }

    /// The gene shown.
    pub fn gene(&self) -> Option<&str> {
        self.gene.as_deref()
    }

    /// The spot whose evidence is shown.
    pub fn spot(&self) -> Option<usize> {
        self.spot
    }

    /// What the gene list is searched for.
    pub fn search(&self) -> &str {
        &self.search
    }

    /// Which genes are listed.
    pub fn filter(&self) -> &GeneFilter {
        &self.filter
    }

    /// In what order.
    pub fn sort(&self) -> GeneSort {
        self.sort
    }

    /// The gene list.
    pub fn genes(&self) -> &GeneList {
        &self.list
    }

    /// The panels that have genes here.
    pub fn panels(&self) -> &[PanelGenes] {
        &self.panels
    }

    /// The gene shown on the section shown.
    pub fn map(&self) -> &GeneMap {
        &self.map
    }

    /// The evidence of the spot chosen.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.evidence.as_ref()
    }

    /// The list of similar genes, where one was asked for.
    pub fn similar(&self) -> Option<&Similar> {
        self.similar.as_ref()
    }

    /// Whether there is a place to go back to.
    pub fn can_go_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// Whether the genes were evaluated.
    pub fn is_evaluated(&self) -> bool {
        !self.trust.is_empty()
    }

    /// Whether the project's gene list has `gene`, under its own name or another symbol of it.
    pub fn is_in_gene_list(&self, gene: &str) -> bool {
        aliases::found_as(gene, |name| self.project_set.contains(name)).is_some()
    }

    /// Whether `gene` is measured here and could be added to the project's gene list.
    pub fn can_be_added(&self, gene: &str) -> bool {
        self.index.as_ref().is_some_and(|i| i.has_gene(gene)) && !self.is_in_gene_list(gene)
    }

    /// The gene searched for that is in the project's gene list and that the model shown does not predict.
    pub fn listed_and_not_predicted(&self) -> Option<&str> {
        let prediction = self.prediction.as_ref()?;
        let named = |row: &&GeneRow| self.is_in_gene_list(&row.name) && !prediction.has_gene(&row.name);
        self.list.answers().find(named).map(|row| row.name.as_str())
    }

    /// A gene that is searched for by its name, not measured in the section shown, and the sections that measured it.
    pub fn measured_elsewhere(&self) -> Option<(&str, &[String])> {
        self.measured_elsewhere.as_ref().map(|(gene, sections)| (gene.as_str(), sections.as_slice()))
    }

    /// The gene of `list` that makes up most of their counts in the section shown, and its share, where that is so much
    /// that a scale which divides by the sum over the list hardly shows it.
    pub fn heaviest_gene<'a>(&self, list: &'a [String]) -> Option<(&'a str, f32)> {
        const HEAVY: f32 = 0.2;
        let index = self.index.as_ref()?;
        let counts: Vec<(&str, f32)> =
            list.iter().filter_map(|g| Some((g.as_str(), index.mean_count(g)?))).collect();
        let sum: f32 = counts.iter().map(|(_, count)| count).sum();
        let (gene, most) = counts.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        (sum > 0.0 && most > HEAVY * sum).then_some((gene, most / sum))
    }

    /// How the trust in genes can be found out here, in one sentence.
    pub fn way_to_trust(&self) -> &'static str {
        match self.way_to_trust {
            WayToTrust::CrossValidate => {
                "Run the cross-validation on the Evaluate page to see how far to trust each gene."
            }
            WayToTrust::AddSection => {
                "Trust needs a held-out section: add a second section with counts on the Data page, then cross-validate."
            }
        }
    }

    /// What grows when something changes.
    pub fn versions(&self) -> Versions {
        self.versions
    }

    /// Whether something is being made that will be there soon; then refresh again before long.
    pub fn is_busy(&self) -> bool {
        self.cache.is_busy()
            || self.own_scores.is_busy()
            || self.signatures.is_busy()
            || self.similar.as_ref().is_some_and(|s| s.found.is_none())
    }

    /// How far from its centre a spot is still meant by a cursor, in slide pixels: half the distance between spots, so
    /// that a click between two of them takes the nearer one.
    pub fn reach(&self) -> f64 {
        let Some(section) = self.index.as_ref().map(|i| i.section()) else { return 0.0 };
        let half_pitch = section.mpp.px(section.geometry.pitch_um) / 2.0;
        let drawn = section.spot_radius_px() * f64::from(self.display.spot_scale);
        half_pitch.max(drawn).max(5.0 / self.camera.scale())
    }

    /// The spot under the cursor.
    pub fn hovered_spot(&self) -> Option<usize> {
        self.index.as_ref()?.nearest_spot(self.cursor?, self.reach())
    }

    /// Sections that are called otherwise from now on: names before and after.
    pub fn sections_renamed(&mut self, renamed: &BTreeMap<String, String>) {
        let similar = self.similar.as_mut().map(|s| &mut s.section);
        let places = self.back.iter_mut().map(|p| &mut p.section);
        for name in places.chain(self.section.as_mut()).chain(similar) {
            if let Some(now) = renamed.get(name.as_str()) {
                name.clone_from(now);
            }
        }
    }

    fn select_gene(&mut self, gene: String) {
        self.gene_chosen = true;
        if self.gene.as_deref() != Some(gene.as_str()) {
            self.gene = Some(gene);
            self.stale.map = true;
        }
    }

    fn step_gene(&mut self, by: isize) {
        let Some(last) = self.list.len().checked_sub(1) else { return };
        let place = match self.gene.as_deref().and_then(|g| self.list.place(g)) {
            Some(at) => at.saturating_add_signed(by).min(last),
            // The gene shown is not in the list: the first step goes to the top.
            None => 0,
        };
        if let Some(gene) = self.list.get(place).map(|r| r.name.clone()) {
            self.select_gene(gene);
        }
    }

    fn remember_place(&mut self) {
        let Some(section) = self.section.clone() else { return };
        if self.back.len() == MAX_BACK {
            self.back.remove(0);
        }
        self.back.push(Place { section, spot: self.spot, pose: self.camera.pose() });
    }

    fn go_to_section(&mut self, name: &str, arrival: Option<Arrival>) {
        if self.section.as_deref() != Some(name) {
            self.section = Some(name.to_owned());
            self.index = None;
            self.prediction = None;
            self.spot = None;
            self.evidence = None;
            self.cursor = None;
            self.map = GeneMap::default();
            self.versions.spots += 1;
            self.versions.colors += 1;
        }
        self.arrival = arrival;
    }
}
