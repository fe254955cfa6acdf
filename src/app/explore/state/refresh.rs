//! Bringing the page up to date: what follows from what, each step only when something before it changed.

use std::sync::Arc;

use super::{Arrival, ExploreState, VISITED_SPOT_POINTS, WayToTrust};
use crate::app::explore::clusters::Clusters;
use crate::app::explore::compare::Origin;
use crate::app::explore::evidence::Evidence;
use crate::app::explore::facts::{GeneFacts, Source};
use crate::app::explore::genes::{GeneFilter, GeneList, PanelGenes};
use crate::app::explore::highlights::highlights;
use crate::app::explore::input::{ExploreInput, SectionInput};
use crate::app::explore::mix::mixed;
use crate::app::explore::regions::ShownRegions;
use crate::app::explore::trust::trust_of;
use crate::app::explore::values::{MapValues, PlaceClassMap, PredictionIndex, pane_maps};
use crate::app::genes::parse_genes;
use crate::core::display::{DisplaySettings, PaneKind};
use crate::data::genes::bare_id;
use crate::data::panels::panel_of_score;
use crate::predict::Predictions;

impl ExploreState {
    /// Brings everything up to date with `input`. Cheap when nothing has changed.
    pub fn refresh(&mut self, input: &ExploreInput) {
        self.choose_section(input);
        let measured = |s: &&SectionInput| s.section.as_ref().is_none_or(|s| !s.genes.is_empty());
        self.way_to_trust = match input.sections.iter().filter(measured).count() {
            0 | 1 => WayToTrust::AddSection,
            _ => WayToTrust::CrossValidate,
        };
        self.refresh_trust(input);
        let section = self.section.as_deref().and_then(|n| input.section(n));
        self.tissue.follow(section.and_then(|s| s.places.as_ref()));
        self.refresh_tested(section);
        self.refresh_section(section, input);
        let shown = self.index.as_ref().map(|index| Arc::clone(index.section()));
        let before = self.regions.version();
        self.regions.follow(section.and_then(|s| s.regions.as_ref()), shown.as_ref(), self.versions.spots);
        if self.regions.version() != before {
            self.drawing.follow(self.regions.set(), self.regions.classes());
            self.stale.panes = true;
        }
        self.refresh_own_scores();
        self.refresh_signatures();
        self.refresh_list(input);
        self.refresh_map();
        self.arrive();
        self.refresh_evidence(input);
        self.refresh_similar();
        self.collect_similar();
    }

    fn choose_section(&mut self, input: &ExploreInput) {
        if self.section.as_deref().is_some_and(|n| input.section(n).is_some()) {
            return;
        }
        // One that can show everything comes first.
        let first =
            input.sections.iter().find(|s| s.predictions.is_some()).or_else(|| input.sections.first());
        match first.map(|s| s.name.clone()) {
            Some(name) => self.go_to_section(&name, None),
            None if self.section.is_some() => {
                let kept = (std::mem::take(&mut self.display), self.versions);
                *self = Self { display: kept.0, versions: kept.1, ..Self::default() };
                self.versions.spots += 1;
            }
            None => {}
        }
    }

    fn refresh_trust(&mut self, input: &ExploreInput) {
        let same = match (&self.report, input.report) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.report = input.report.map(Arc::clone);
            self.trust = self.report.as_deref().map(trust_of).unwrap_or_default();
            self.comparing.judge(&self.trust);
            self.stale.list = true;
            self.stale.map = true;
        }
    }

    fn refresh_tested(&mut self, section: Option<&SectionInput>) {
        let tested = section.and_then(|s| s.tested.as_ref());
        let same = match (&self.tested, tested) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let seen = section.is_some_and(|s| s.seen_in_training);
        if !same || seen != self.seen_in_training {
            self.tested = tested.map(Arc::clone);
            self.seen_in_training = seen;
            self.stale.map = true;
        }
    }

    fn refresh_section(&mut self, section: Option<&SectionInput>, input: &ExploreInput) {
        let predictions = section.and_then(|s| s.predictions.as_ref());
        // The genes and the target of the run, also while its prediction is still to come: the project's list may have
        // changed since the run was made. Where no run predicts, a map does not depend on which genes are listed.
        let run = section.and_then(|s| s.run.as_ref());
        let genes = match (run, predictions) {
            (Some(run), _) => run.genes.as_slice(),
            (None, Some(predictions)) => &predictions.genes,
            (None, None) => &[],
        };
        self.target = run.map_or(input.target, |r| r.target);
        if self.scale_genes.as_slice() != genes {
            self.scale_genes = Arc::new(genes.to_vec());
        }
        let index = section
            .and_then(|s| s.section.as_ref())
            .and_then(|s| self.cache.get(s, &self.scale_genes, self.target));
        // While other places are laid on a slide, those of before stay in view.
        if index.is_none() && self.index.is_some() && section.is_some_and(|s| s.places.is_some()) {
            return;
        }
        let same = match (&self.index, &index) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if !same {
            let other_spots = match (&self.index, &index) {
                (Some(a), Some(b)) => !Arc::ptr_eq(a.section(), b.section()),
                _ => true,
            };
            let before = std::mem::replace(&mut self.index, index);
            self.prediction = None;
            self.stale.list = true;
            self.stale.map = true;
            if other_spots && let Some(index) = &self.index {
                let section = index.section();
                let margin = section.mpp.px(section.geometry.pitch_um);
                let tissue = index.grid().bounds().map(|b| b.grown(margin));
                let same_slide = before.filter(|before| {
                    let before = before.section();
                    before.slide == section.slide && before.slide_size == section.slide_size
                });
                match &same_slide {
                    Some(_) => self.camera.set_tissue(tissue),
                    None => self.camera.show_slide(section.slide_size, tissue),
                }
                self.versions.spots += 1;
                // Places of one grid keep their names when there is more or less tissue.
                let id = same_slide
                    .filter(|before| before.section().geometry == section.geometry)
                    .and_then(|before| Some(before.spot_at(self.spot?)?.id.clone()));
                self.spot = match (id, section.is_measured()) {
                    (Some(id), _) => index.spot(&id),
                    (None, true) => self.spot.filter(|&s| s < index.grid().len()),
                    (None, false) => None,
                };
            }
        }
        self.slide_reach = section.and_then(|s| s.reach.as_ref()).map(Arc::clone);
        let shown = self.prediction.as_ref().map(PredictionIndex::predictions);
        if !same_predictions(shown, predictions) {
            let joined = self.index.as_ref().zip(predictions);
            let scale = run.map_or(self.target.scale(true), |r| r.predicted);
            self.prediction = joined.map(|(i, p)| PredictionIndex::new(Arc::clone(p), i, scale));
            self.stale.list = true;
            self.stale.map = true;
        }
    }

    fn refresh_own_scores(&mut self) {
        let index = self.index.as_ref().filter(|i| i.is_measured());
        let predictions = self.prediction.as_ref().map(PredictionIndex::predictions);
        let told = |name: &str| {
            self.tested.as_ref().is_some_and(|report| report.folds.iter().any(|f| f.test == name))
        };
        let in_bank = |p: &Predictions, name: &str| p.bank_spots.iter().any(|b| b.section == name);
        let wanted = index.zip(predictions).filter(|(index, predictions)| {
            let name = &index.section().name;
            !self.seen_in_training && !told(name) && !in_bank(predictions, name)
        });
        self.own_scores.turn_to(wanted);
        self.stale.map |= self.own_scores.collect();
    }

    fn refresh_signatures(&mut self) {
        let predicted = self.prediction.as_ref().map(|p| (Arc::clone(p.predictions()), p.scale()));
        self.signatures.turn_to(self.index.as_ref().map(|index| (Arc::clone(index), predicted)));
        self.stale.map |= self.signatures.collect();
    }

    fn refresh_list(&mut self, input: &ExploreInput) {
        if self.project_genes.as_slice() != input.genes {
            self.project_genes = input.genes.to_vec();
            self.project_set = input.genes.iter().cloned().collect();
            self.new_genes = true;
            self.stale.list = true;
        }
        let same_panels = self.panels.len() == input.panels.len()
            && self.panels.iter().zip(input.panels).all(|(a, b)| {
                a.name == b.name
                    && a.genes.len() == b.genes.len()
                    && b.genes.iter().all(|g| a.genes.contains(g))
            });
        if !same_panels {
            self.panels = input
                .panels
                .iter()
                .map(|p| PanelGenes { name: p.name.clone(), genes: p.genes.iter().cloned().collect() })
                .collect();
            self.signatures.forget();
            self.stale.list = true;
            self.stale.map = true;
        }
        let rebuilt = std::mem::take(&mut self.stale.list);
        if rebuilt {
            let index = self.index.as_deref();
            let measured = index.map_or(&[][..], |i| &i.section().genes).iter().map(|g| g.name.as_str());
            let predicted = self.prediction.as_ref().map(|p| p.predictions().genes.as_slice());
            // Those of the run are the genes of a slide without measurements, also while it is being predicted.
            let of_run = index.filter(|i| !i.is_measured()).map(|_| self.scale_genes.as_slice());
            let listed = predicted.or(of_run.filter(|genes| !genes.is_empty()));
            let known = |g: &&str| listed.is_some() || index.is_none_or(|i| i.has_gene(g));
            let model = listed.unwrap_or(&self.project_genes).iter().map(String::as_str).filter(known);
            let mean_count = |g: &str| index.and_then(|i| i.mean_count(g));
            self.list = GeneList::new(measured, model, &self.trust, mean_count).with_scores(&self.panels);
            self.stale.shown = true;
        }
        if std::mem::take(&mut self.stale.shown) {
            let search = self.search_by_name();
            self.list.show(&self.filter, &self.panels, &search, self.sort);
            self.measured_elsewhere = self.find_elsewhere(&search, input);
            self.versions.list += 1;
        }
        if self.new_genes && self.index.is_some() {
            self.new_genes = false;
            // What narrowed another list would make this one look empty.
            if self.list.get(0).is_none() && self.list.all() > 0 {
                self.filter = GeneFilter::default();
                self.search.clear();
                self.list.show(&self.filter, &self.panels, "", self.sort);
            }
        }
        if rebuilt {
            self.reveal_gene();
        }
        if self.index.is_some() && (self.gene.is_none() || (rebuilt && !self.gene_chosen)) {
            let marker = self.list.first_marker(&self.panels).filter(|_| self.trust.is_empty());
            let first = marker.or_else(|| self.list.get(0)).map(|r| r.name.clone());
            self.stale.map |= self.gene != first;
            self.gene = first;
        }
    }

    /// The gene called `search` where the section shown did not measure it, and the sections that did.
    fn find_elsewhere(&self, search: &str, input: &ExploreInput) -> Option<(String, Vec<String>)> {
        let names = parse_genes(search);
        let ([name], Some(index)) = (names.as_slice(), &self.index) else { return None };
        let meant = input.measured.meant(name)?.genes;
        let is_predicted = |gene: &str| self.prediction.as_ref().is_some_and(|p| p.has_gene(gene));
        if index.has_gene(name) || is_predicted(name) {
            return None;
        }
        let here = &index.section().name;
        meant.into_iter().find_map(|gene| {
            let missing = input.measured.missing_in(&gene);
            let measured = |s: &&SectionInput| s.section.is_some() && !missing.contains(&s.name);
            let others: Vec<String> =
                input.sections.iter().filter(measured).map(|s| s.name.clone()).collect();
            (!is_predicted(&gene) && !others.contains(here) && !others.is_empty()).then_some((gene, others))
        })
    }

    /// The search with identifiers ("ENSG00000141736") replaced by the names that the section has for them.
    fn search_by_name(&self) -> String {
        if !self.search.to_uppercase().contains("ENS") {
            return self.search.clone();
        }
        let genes = self.index.as_deref().map_or(&[][..], |i| &i.section().genes);
        let names = parse_genes(&self.search).into_iter().map(|typed| {
            let id = bare_id(&typed);
            let of_id = genes.iter().find(|g| g.id != g.name && bare_id(&g.id) == id);
            of_id.map_or(typed, |g| g.name.clone())
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// A project that opens on a gene shows the list so that the gene is in it, until the user searches.
    fn reveal_gene(&mut self) {
        let Some(gene) = self.gene.clone().filter(|_| self.reveal && self.index.is_some()) else { return };
        if self.list.place(&gene).is_none() && self.list.row(&gene).is_some() {
            self.search.clear();
            self.filter = GeneFilter::Listed;
            self.list.show(&self.filter, &self.panels, "", self.sort);
            if self.list.place(&gene).is_none() {
                self.filter = GeneFilter::Measured;
                self.list.show(&self.filter, &self.panels, "", self.sort);
            }
            self.versions.list += 1;
        }
    }

    fn refresh_map(&mut self) {
        let Some(index) = &self.index else { return };
        if std::mem::take(&mut self.stale.map) {
            let gene = self.gene.as_deref().unwrap_or("");
            let panel = panel_of_score(gene).and_then(|name| self.panels.iter().find(|p| p.name == name));
            self.map.values = match panel {
                Some(panel) => {
                    let mut genes: Vec<String> = panel.genes.iter().cloned().collect();
                    genes.sort_unstable();
                    let maps = self.signatures.get(&panel.name, &genes).cloned().unwrap_or_default();
                    MapValues::of_maps(maps, index, gene)
                }
                None => MapValues::new(index, self.prediction.as_ref(), gene),
            };
            let others = self.mixed.iter().map(String::as_str).filter(|other| *other != gene);
            let genes: Vec<&str> = std::iter::once(gene).chain(others).collect();
            self.map.mixed = match genes.len() {
                1 => Vec::new(),
                _ => mixed(&genes, index, self.prediction.as_ref()),
            };
            let source = Source {
                prediction: self.prediction.as_ref(),
                seen_in_training: self.seen_in_training,
                tested: self.tested.as_deref(),
                computed: self.own_scores.get(gene),
                report: self.report.as_deref(),
            };
            let trust = self.trust.get(gene).copied();
            self.map.facts = GeneFacts::new(gene, index, &self.map.values, trust, source);
            self.map.highlights = highlights(index, &self.map.values);
            self.stale.panes = true;
            self.stale.evidence = true;
        }
        if std::mem::take(&mut self.stale.panes) {
            let shown = DisplaySettings { panes: self.panes(), ..self.display.clone() };
            let section = self.section.as_deref().unwrap_or_default();
            let (regions, clusters) = (&self.regions, &self.clusters);
            let mixed = &self.map.mixed;
            let classes = |kind| {
                let together = mixed.iter().find(|(pane, _)| *pane == kind).map(|(_, map)| map);
                together.or_else(|| class_map(kind, section, regions, clusters))
            };
            pane_maps(&shown, &self.map.values, classes, &mut self.map.panes);
            self.versions.colors += 1;
        }
    }

    fn arrive(&mut self) {
        let Some(index) = &self.index else { return };
        match self.arrival.take() {
            Some(Arrival::Spot(id)) => {
                self.spot = index.spot(&id);
                if let Some(spot) = self.spot.and_then(|s| index.spot_at(s)) {
                    let diameter = 2.0 * index.section().spot_radius_px();
                    self.camera.look_at(spot.center, VISITED_SPOT_POINTS / diameter.max(1.0));
                }
                self.stale.evidence = true;
            }
            Some(Arrival::Place(place)) => {
                self.spot = place.spot;
                self.camera.move_to(place.pose);
                self.stale.evidence = true;
            }
            None => {}
        }
    }

    fn refresh_evidence(&mut self, input: &ExploreInput) {
        let waiting = self.evidence.as_ref().is_some_and(|e| {
            e.neighbours
                .iter()
                .any(|n| n.patch.is_none() && input.section(&n.section).is_some_and(|s| s.section.is_some()))
        });
        if !std::mem::take(&mut self.stale.evidence) && !waiting {
            return;
        }
        let Some((index, spot)) = self.index.clone().zip(self.spot) else {
            self.evidence = None;
            return;
        };
        let (cache, genes, target) = (&mut self.cache, &self.scale_genes, self.target);
        let other = |name: &str| {
            let section = input.section(name)?.section.as_ref()?;
            cache.get(section, genes, target)
        };
        let gene = self.gene.as_deref().unwrap_or("");
        self.evidence = Evidence::new(&index, self.prediction.as_ref(), &self.map.values, gene, spot, other);
    }
}

/// The map of classes that a pane shows.
pub(super) fn class_map<'a>(
    kind: PaneKind,
    section: &str,
    regions: &'a ShownRegions,
    clusters: &'a Clusters,
) -> Option<&'a PlaceClassMap> {
    match kind {
        PaneKind::Regions => Some(regions.place_classes()).filter(|map| !map.classes.is_empty()),
        PaneKind::Clusters => clusters.found(Origin::Measured)?.map_of(section),
        PaneKind::PredictedClusters => clusters.found(Origin::Predicted)?.map_of(section),
        _ => None,
    }
}

fn same_predictions(a: Option<&Arc<Predictions>>, b: Option<&Arc<Predictions>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}
