//! What stands beneath the maps: the comparison of groups and the clusters of places.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ExploreState, refresh};
use crate::app::explore::clusters::Clusters;
use crate::app::explore::compare::{Comparing, Tab};
use crate::app::explore::trust::Trust;
use crate::app::explore::values::PlaceClassMap;
use crate::core::display::PaneKind;
use crate::jobs::cluster::{ClusterRequest, ClusteredPlaces};

impl ExploreState {
    /// The genes that are shown together with the one shown.
    pub fn mixed(&self) -> &[String] {
        &self.mixed
    }

    /// The panel beneath the maps.
    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// The comparison of two groups.
    pub fn comparing(&self) -> &Comparing {
        &self.comparing
    }

    /// The comparison, to ask and to answer, with the trust in genes that its table shows.
    pub(in crate::app) fn comparing_mut(&mut self) -> (&mut Comparing, &HashMap<String, Trust>) {
        (&mut self.comparing, &self.trust)
    }

    /// The clusters of places.
    pub fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    /// Takes up clusters that were found.
    pub(in crate::app) fn take_clusters(&mut self, request: &ClusterRequest, found: Arc<ClusteredPlaces>) {
        self.clusters.arrived(request, found);
        self.stale.panes = true;
    }

    /// The map of classes that a pane shows on the section shown.
    pub fn class_map(&self, kind: PaneKind) -> Option<&PlaceClassMap> {
        refresh::class_map(kind, self.section.as_deref()?, &self.regions, &self.clusters)
    }
}
