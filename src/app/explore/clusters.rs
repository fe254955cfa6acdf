//! Clusters of places: how they are to be found, and those that were.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compare::Origin;
use super::values::PlaceClassMap;
use crate::core::display::PaneKind;
use crate::data::regions::palette;
use crate::device::DeviceChoice;
use crate::evaluate::cluster::matching::by_overlap;
use crate::evaluate::cluster::run::{ClusterMethod, ClusterSettings};
use crate::evaluate::report::RegionAgreement;
use crate::jobs::cluster::{ClusterRequest, ClusteredPlaces, Marker};
use crate::jobs::compare::ClusterNames;

/// How places are to be clustered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterForm {
    /// By which values.
    pub origin: Origin,
    /// Whether by k-means rather than Leiden.
    pub k_means: bool,
    /// Resolution of Leiden.
    pub resolution: f64,
    /// Number of clusters of k-means.
    pub k: usize,
    /// Whether the places of all sections are clustered together.
    pub all_sections: bool,
}

impl Default for ClusterForm {
    fn default() -> Self {
        Self { origin: Origin::Measured, k_means: false, resolution: 1.0, k: 6, all_sections: false }
    }
}

impl ClusterForm {
    /// The resolutions that can be chosen.
    pub const RESOLUTIONS: std::ops::RangeInclusive<f64> = 0.1..=5.0;
    /// The numbers of clusters that can be chosen.
    pub const COUNTS: std::ops::RangeInclusive<usize> = 2..=30;

    /// The request for these sections, and the run whose predictions are clustered. `None` where there is no such run.
    pub(in crate::app) fn request(&self, sections: Vec<String>, run: Option<&str>) -> Option<ClusterRequest> {
        let run = match self.origin {
            Origin::Measured => None,
            Origin::Predicted => Some(run?.to_owned()),
        };
        let method = match (self.k_means, ClusterMethod::default()) {
            (true, _) => ClusterMethod::KMeans { k: self.k },
            (false, ClusterMethod::Leiden { neighbours, iterations, .. }) => {
                ClusterMethod::Leiden { neighbours, resolution: self.resolution, iterations }
            }
            (false, other) => other,
        };
        let settings = ClusterSettings { method, ..ClusterSettings::default() };
        Some(ClusterRequest { sections, run, settings, device: DeviceChoice::Auto })
    }
}

/// Clusters that were found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundClusters {
    /// By which values.
    pub origin: Origin,
    /// The sections, in order.
    pub sections: Vec<String>,
    /// The clusters, the largest first.
    pub list: Vec<ClusterRow>,
    /// How they agree with labels, where there are any.
    pub agreement: Option<RegionAgreement>,
    /// How many genes they were found by.
    pub genes: usize,
    /// The cluster of each place, by section.
    maps: BTreeMap<String, PlaceClassMap>,
    /// The name of the cluster of each place, by section.
    names: Arc<ClusterNames>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterRow {
    /// "Cluster 1".
    pub name: String,
    /// Red, green and blue.
    pub color: [u8; 3],
    /// How many places it has.
    pub places: usize,
    /// The genes that are highest in it.
    pub markers: Vec<Marker>,
}

impl FoundClusters {
    /// `numbers` are those that clusters take instead of their own, so that those which overlap are called and coloured alike.
    fn new(origin: Origin, found: &ClusteredPlaces, numbers: Option<&[usize]>) -> Self {
        let number = |cluster: usize| numbers.and_then(|n| n.get(cluster)).copied().unwrap_or(cluster);
        let title = |cluster: usize| match origin {
            Origin::Measured => format!("Cluster {}", number(cluster) + 1),
            Origin::Predicted => format!("Predicted cluster {}", number(cluster) + 1),
        };
        let row = |(cluster, places): (usize, usize)| ClusterRow {
            name: title(cluster),
            // As classes of this name are coloured wherever they occur.
            color: palette::color_of(&title(cluster), &[]),
            places,
            markers: found.markers.get(cluster).cloned().unwrap_or_default(),
        };
        let list: Vec<ClusterRow> = found.sizes().into_iter().enumerate().map(row).collect();
        let mut sections: Vec<String> = Vec::new();
        let mut of_places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for ((section, _), cluster) in found.places.iter().zip(&found.found.clusters) {
            if !of_places.contains_key(section) {
                sections.push(section.clone());
            }
            of_places.entry(section.clone()).or_default().push(*cluster);
        }
        let named = |clusters: &Vec<usize>| clusters.iter().map(|c| Some(title(*c))).collect();
        let names = of_places.iter().map(|(section, clusters)| (section.clone(), named(clusters))).collect();
        let classes: Vec<(String, [u8; 3])> = list.iter().map(|c| (c.name.clone(), c.color)).collect();
        let map = |(section, clusters): (String, Vec<usize>)| {
            let of_places = clusters.into_iter().map(|c| u32::try_from(c).ok()).collect();
            (section, PlaceClassMap { classes: classes.clone(), of_places })
        };
        let maps = of_places.into_iter().map(map).collect();
        let (agreement, genes) = (found.agreement, found.genes);
        Self { origin, sections, list, agreement, genes, maps, names: Arc::new(names) }
    }

    /// The cluster of each place of a section; none where the section was not clustered.
    pub fn map_of(&self, section: &str) -> Option<&PlaceClassMap> {
        self.maps.get(section)
    }
}

/// The clusters of places, by measured and by predicted values.
#[derive(Debug, Default)]
pub struct Clusters {
    form: ClusterForm,
    measured: Option<(Arc<ClusteredPlaces>, FoundClusters)>,
    predicted: Option<(Arc<ClusteredPlaces>, FoundClusters)>,
    version: u64,
}

impl Clusters {
    /// How places are to be clustered.
    pub fn form(&self) -> &ClusterForm {
        &self.form
    }

    pub(super) fn edit(&mut self, form: ClusterForm) {
        let [least, most] = [ClusterForm::RESOLUTIONS.start(), ClusterForm::RESOLUTIONS.end()];
        let (fewest, greatest) = (*ClusterForm::COUNTS.start(), *ClusterForm::COUNTS.end());
        self.form = ClusterForm {
            resolution: if form.resolution.is_finite() { form.resolution.clamp(*least, *most) } else { 1.0 },
            k: form.k.clamp(fewest, greatest),
            ..form
        };
    }

    /// What was found by these values.
    pub fn found(&self, origin: Origin) -> Option<&FoundClusters> {
        let found = match origin {
            Origin::Measured => &self.measured,
            Origin::Predicted => &self.predicted,
        };
        found.as_ref().map(|(_, found)| found)
    }

    /// The names of all clusters of places, to compare them.
    pub(in crate::app) fn names(&self) -> Vec<Arc<ClusterNames>> {
        Origin::ALL.iter().filter_map(|o| self.found(*o)).map(|found| Arc::clone(&found.names)).collect()
    }

    /// The same by the pane that shows them.
    pub(in crate::app) fn by_pane(&self) -> BTreeMap<PaneKind, Arc<ClusterNames>> {
        let pane = |origin: &Origin| {
            let kind = match origin {
                Origin::Measured => PaneKind::Clusters,
                Origin::Predicted => PaneKind::PredictedClusters,
            };
            Some((kind, Arc::clone(&self.found(*origin)?.names)))
        };
        Origin::ALL.iter().filter_map(pane).collect()
    }

    /// Grows when other clusters are found.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Takes up clusters. Those by predicted values take the numbers of those by measured values that they overlap most.
    pub(in crate::app) fn arrived(&mut self, request: &ClusterRequest, found: Arc<ClusteredPlaces>) {
        match request.run {
            None => {
                let shown = FoundClusters::new(Origin::Measured, &found, None);
                self.measured = Some((found, shown));
                // The others follow.
                if let Some((predicted, _)) = self.predicted.take() {
                    self.take_predicted(predicted);
                }
            }
            Some(_) => self.take_predicted(found),
        }
        self.version += 1;
    }

    fn take_predicted(&mut self, found: Arc<ClusteredPlaces>) {
        let same_places = self.measured.as_ref().filter(|(measured, _)| measured.places == found.places);
        let matching =
            same_places.and_then(|(m, _)| by_overlap(&m.found.clusters, &found.found.clusters).ok());
        let numbers = matching.as_ref().map(|m| m.numbers.as_slice());
        let shown = FoundClusters::new(Origin::Predicted, &found, numbers);
        self.predicted = Some((found, shown));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::cluster::run::Clustering;

    fn found(clusters: Vec<usize>, count: usize) -> Arc<ClusteredPlaces> {
        let places = (0..clusters.len()).map(|i| ("C2".to_owned(), format!("s{i}"))).collect();
        let found = Clustering { clusters, count, modularity: None };
        Arc::new(ClusteredPlaces { places, found, genes: 9, agreement: None, markers: Vec::new() })
    }

    #[test]
    fn predicted_clusters_are_called_and_coloured_like_those_they_overlap() {
        let mut clusters = Clusters::default();
        let ask = |origin| {
            ClusterForm { origin, ..ClusterForm::default() }.request(vec!["C2".into()], Some("r")).unwrap()
        };
        clusters.arrived(&ask(Origin::Predicted), found(vec![0, 0, 0, 1, 1], 2));
        let alone = clusters.found(Origin::Predicted).unwrap();
        assert_eq!(alone.list[0].name, "Predicted cluster 1");
        clusters.arrived(&ask(Origin::Measured), found(vec![1, 1, 0, 0, 0], 2));
        let [measured, predicted] = Origin::ALL.map(|o| clusters.found(o).unwrap());
        let of_places = &measured.map_of("C2").unwrap().of_places;
        assert_eq!(of_places[..], [1, 1, 0, 0, 0].map(Some));
        assert_eq!(measured.map_of("C2").unwrap().name_at(4), Some("Cluster 1"));
        assert_eq!(predicted.list[0].name, "Predicted cluster 2");
        assert_eq!(predicted.list[0].color, measured.list[1].color);
        assert_eq!(predicted.map_of("C3"), None);
        assert_eq!(clusters.names().len(), 2);
        assert_eq!(clusters.names()[0]["C2"][4].as_deref(), Some("Cluster 1"));
    }

    #[test]
    fn settings_are_kept_within_bounds() {
        let mut clusters = Clusters::default();
        clusters.edit(ClusterForm { resolution: f64::NAN, k: 0, ..ClusterForm::default() });
        assert_eq!((clusters.form().resolution, clusters.form().k), (1.0, 2));
        let by_k = ClusterForm { k_means: true, ..ClusterForm::default() }.request(Vec::new(), None).unwrap();
        assert_eq!(by_k.settings.method, ClusterMethod::KMeans { k: 6 });
        let predicted = ClusterForm { origin: Origin::Predicted, ..ClusterForm::default() };
        assert!(predicted.request(Vec::new(), None).is_none());
    }
}
