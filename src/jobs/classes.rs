//! The classes of the places of a section, from all sources: its regions, and the labels of its files.

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::geometry::SlidePoint;
use crate::data::project::SectionEntry;
use crate::data::regions::{Classes, Membership, PlaceClasses, PlaceIndex};
use crate::data::section::Section;

/// The classes of the places of one section. A place may have one from regions and another from labels.
#[derive(Debug, Clone)]
pub struct SectionClasses {
    /// By the regions of the project.
    pub regions: PlaceClasses,
    /// By the labels of the files.
    pub labels: PlaceClasses,
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
        let regions = Membership::new(&entry.regions, &index, None, cancel)?.classes(&entry.regions, classes);
        let labels = match &section.labels {
            Some(labels) => PlaceClasses::from_labels(labels, &mut Classes::default()),
            None => PlaceClasses::new(section.spots.len()),
        };
        Ok(Self { regions, labels })
    }

    /// The places that have this class from any source, in ascending order.
    pub fn places_of(&self, class: &str) -> Vec<usize> {
        let mut places = self.regions.places_of(class);
        places.extend(self.labels.places_of(class));
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The names of the classes that any place has, those of regions first.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for source in [&self.regions, &self.labels] {
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
        assert!(found.places_of("stroma").is_empty());
    }
}
