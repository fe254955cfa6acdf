//! The classes of the places of a section, from all sources: its regions, the labels of its files, and clusters.

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::geometry::SlidePoint;
use crate::data::project::SectionEntry;
use crate::data::regions::{Classes, Membership, PlaceClasses, PlaceIndex, RegionId};
use crate::data::section::Section;

/// The classes of the places of one section. A place may have one from each source.
#[derive(Debug, Clone)]
pub struct SectionClasses {
    /// By the regions of the project.
    pub regions: PlaceClasses,
    /// By the labels of the files.
    pub labels: PlaceClasses,
    /// By clusters, where any were found.
    pub clusters: Vec<PlaceClasses>,
    inside: Membership,
}

impl SectionClasses {
    /// The classes of the places of `section`, which was read from `entry`. `classes` are those of the project.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn new(
        entry: &SectionEntry,
        section: &Section,
        classes: &Classes,
        cancel: &CancelToken,
    ) -> Result<Self, Cancelled> {
        let factor = entry.image_factor();
        let on_slide: Vec<SlidePoint> =
            section.centers().map(|c| SlidePoint::new(c.x / factor, c.y / factor)).collect();
        let index = PlaceIndex::new(&on_slide);
        let inside = Membership::new(&entry.regions, &index, None, cancel)?;
        let regions = inside.classes(&entry.regions, classes);
        let labels = match &section.labels {
            Some(labels) => PlaceClasses::from_labels(labels, &mut Classes::default()),
            None => PlaceClasses::new(section.spots.len()),
        };
        Ok(Self { regions, labels, clusters: Vec::new(), inside })
    }

    /// With the cluster of each place, by name; clusters that were added before stay.
    #[must_use]
    pub fn with_clusters(mut self, of_places: &[Option<String>]) -> Self {
        self.clusters.push(PlaceClasses::from_labels(of_places, &mut Classes::default()));
        self
    }

    /// The places in any of these regions, in ascending order.
    pub fn places_in(&self, regions: &[RegionId]) -> Vec<usize> {
        let mut places: Vec<usize> =
            regions.iter().flat_map(|id| self.inside.places_in(*id)).map(|p| *p as usize).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The class of each place by regions; where it lies in none that has a class, by labels.
    pub fn by_region_or_label(&self) -> PlaceClasses {
        let of_place = |place: usize| {
            let class = self.regions.of(place).or_else(|| self.labels.of(place));
            class.map(|c| c.name.to_string())
        };
        let names: Vec<Option<String>> = (0..self.regions.len()).map(of_place).collect();
        let known = self.regions.classes().iter().chain(self.labels.classes());
        PlaceClasses::from_labels(&names, &mut Classes::from(known.cloned().collect::<Vec<_>>()))
    }

    fn sources(&self) -> impl Iterator<Item = &PlaceClasses> {
        [&self.regions, &self.labels].into_iter().chain(&self.clusters)
    }

    /// The places that have this class from any source, in ascending order.
    pub fn places_of(&self, class: &str) -> Vec<usize> {
        let mut places: Vec<usize> = self.sources().flat_map(|source| source.places_of(class)).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The names of the classes that any place has, those of regions first.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for source in self.sources() {
            for (class, count) in source.classes().iter().zip(source.counts()) {
                if count > 0 && !names.iter().any(|n| n == class.name.as_str()) {
                    names.push(class.name.to_string());
                }
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::regions::{ClassName, Region, rectangle};
    use crate::data::section::Spot;
    use crate::data::testing;

    #[test]
    fn regions_are_in_pixels_of_the_full_slide_and_labels_count_too() {
        let mut section = testing::section("S", &["A"], &[&[1.0], &[1.0], &[1.0]]);
        section.spots = (0..3)
            .map(|i| Spot { id: format!("s{i}"), center: SlidePoint::new(10.0 * f64::from(i) + 5.0, 5.0) })
            .collect();
        section.labels = Some(vec![None, Some("immune".into()), Some("tumour".into())]);
        let class = ClassName::new("tumour").unwrap();
        // The image is half as large as the slide.
        let over_the_first = rectangle(SlidePoint::new(0.0, 0.0), SlidePoint::new(20.0, 20.0)).unwrap();
        let entry = SectionEntry {
            image_scale: Some(0.5),
            regions: [Region::new(over_the_first).with_class(Some(class))].into_iter().collect(),
            ..SectionEntry::default()
        };
        let found = SectionClasses::new(&entry, &section, &Classes::default(), &CancelToken::new()).unwrap();
        assert_eq!(found.places_of("tumour"), [0, 2]);
        assert_eq!(found.places_of("immune"), [1]);
        assert_eq!(found.names(), ["tumour", "immune"]);
        let drawn: Vec<_> = entry.regions.iter().map(|r| r.id).collect();
        assert_eq!(found.places_in(&drawn), [0]);
        let found = found.with_clusters(&[None, Some("Cluster 1".into()), Some("Cluster 1".into())]);
        assert_eq!(found.places_of("Cluster 1"), [1, 2]);
        assert!(found.places_of("stroma").is_empty());
    }
}
