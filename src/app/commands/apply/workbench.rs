//! Comparing groups of places, and clustering them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::explore::compare::{Origin, Tab};
use crate::app::state::App;
use crate::data::project::SectionEntry;
use crate::jobs::cluster::{ClusterRequest, ClusteredPlaces};
use crate::jobs::compare::{CompareRequest, Compared};
use crate::jobs::request::Request;

impl App {
    /// The sections to look at together: that which is shown, or all with such values.
    fn sections_for(&self, origin: Origin, all: bool) -> Vec<SectionEntry> {
        let (Some(open), Some(shown)) = (&self.open, self.explore.section_name()) else { return Vec::new() };
        let fits = |entry: &&SectionEntry| match origin {
            Origin::Measured => entry.is_measured(),
            Origin::Predicted => true,
        };
        let meant = |entry: &&SectionEntry| all || entry.name == shown;
        open.doc().sections.iter().filter(fits).filter(meant).cloned().collect()
    }

    /// The run that predicts the section shown.
    fn run_shown(&self) -> Option<String> {
        let open = self.open.as_ref()?;
        let section = open.section(self.explore.section_name()?)?;
        Some(open.runs.for_maps(section.entry)?.id.clone())
    }

    /// Compares what is chosen, where that or the regions are others than when it was last compared.
    pub(in crate::app) fn look_for_comparison(&mut self) {
        if self.explore.tab() != Tab::Compare {
            return;
        }
        let run = self.run_shown();
        for origin in Origin::ALL {
            let all = self.explore.comparing().form().all_sections;
            let sections = self.sections_for(origin, all);
            let names = sections.iter().map(|s| s.name.clone()).collect();
            let clusters = self.explore.clusters().names();
            let request = self.explore.comparing().request(origin, names, run.as_deref(), clusters);
            let wanted = request.as_ref().filter(|_| !sections.is_empty()).map(|r| (r, sections.as_slice()));
            let (comparing, trust) = self.explore.comparing_mut();
            let is_new = comparing.is_new(origin, wanted, trust);
            if let Some((compare, snapshot)) = request.filter(|_| is_new).zip(self.snapshot()) {
                self.work.start(Request::Compare { snapshot, compare });
            }
        }
    }

    /// What came of a comparison, or why nothing did, in one sentence.
    pub(super) fn compared(&mut self, request: &CompareRequest, found: Result<Arc<Compared>, String>) {
        let (comparing, trust) = self.explore.comparing_mut();
        comparing.arrived(request, found, trust);
    }

    /// Clusters places as the form says.
    pub(super) fn cluster(&mut self) {
        let form = *self.explore.clusters().form();
        let sections = self.sections_for(form.origin, form.all_sections);
        if sections.is_empty() {
            self.notices.warn("No section to cluster has measured values. Cluster predicted ones.");
            return;
        }
        let names = sections.into_iter().map(|s| s.name).collect();
        match form.request(names, self.run_shown().as_deref()).zip(self.snapshot()) {
            Some((cluster, snapshot)) => {
                self.work.start(Request::Cluster { snapshot, cluster });
            }
            None => self.notices.warn("There is no model that predicts this section. Train one first."),
        }
    }

    /// Takes up clusters that were found.
    pub(super) fn clustered(&mut self, request: &ClusterRequest, found: Arc<ClusteredPlaces>) {
        self.explore.take_clusters(request, found);
    }

    /// Writes the table of the comparison as it stands on the screen.
    pub(super) fn save_comparison(&mut self, path: PathBuf) {
        if let Some(text) = self.explore.comparing().csv() {
            self.save_result(&path.clone(), Request::SaveTable { text, path });
        }
    }
}
