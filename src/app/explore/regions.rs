//! The annotated regions of the section shown, by class.

use std::sync::Arc;

use crate::core::cancel::CancelToken;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::data::project::SectionEntry;
use crate::data::regions::{Classes, Membership, PlaceIndex, RegionSet, palette};
use crate::data::section::Section;

/// The regions of a section, with what their classes look like.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RegionsInput {
    /// In pixels of the full-resolution slide.
    pub regions: RegionSet,
    /// The classes of the project.
    pub classes: Classes,
    /// Pixels of the image per pixel of the full-resolution slide.
    pub factor: f64,
}

impl RegionsInput {
    /// Those of a section of a project with these classes.
    pub fn new(entry: &SectionEntry, classes: &Classes) -> Self {
        Self { regions: entry.regions.clone(), classes: classes.clone(), factor: entry.image_factor() }
    }
}

/// A class in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassRow {
    /// Its name; `None` for the regions without a class.
    pub class: Option<String>,
    /// Red, green and blue.
    pub color: [u8; 3],
    /// Whether its regions are left out of the view.
    pub hidden: bool,
    /// How many regions it has here.
    pub regions: usize,
    /// Their area in square millimetres.
    pub area_mm2: f64,
    /// Spots or grid points whose centre lies in one of them.
    pub places: usize,
}

/// The regions of the section shown.
#[derive(Debug, Default)]
pub struct ShownRegions {
    input: RegionsInput,
    /// The places, of the spots of this version.
    index: Option<(u64, PlaceIndex)>,
    membership: Option<Membership>,
    rows: Vec<ClassRow>,
    version: u64,
}

impl ShownRegions {
    /// Turns to other regions or places; cheap when nothing has changed. `spots` grows when the places are others.
    pub(super) fn follow(
        &mut self,
        input: Option<&RegionsInput>,
        section: Option<&Arc<Section>>,
        spots: u64,
    ) {
        let same_places = self.index.as_ref().is_some_and(|(version, _)| *version == spots);
        let (Some(input), Some(section)) = (input, section) else {
            if self.index.is_some() {
                *self = Self { version: self.version + 1, ..Self::default() };
            }
            return;
        };
        if same_places && self.input == *input {
            return;
        }
        if !same_places || self.input.factor != input.factor {
            let on_slide = |c: SlidePoint| SlidePoint::new(c.x / input.factor, c.y / input.factor);
            let places: Vec<SlidePoint> = section.centers().map(on_slide).collect();
            self.index = Some((spots, PlaceIndex::new(&places)));
            self.membership = None;
        }
        self.input = input.clone();
        if let Some((_, index)) = &self.index {
            // Nothing cancels it.
            let found = Membership::new(&input.regions, index, self.membership.as_ref(), &CancelToken::new());
            self.membership = found.ok();
        }
        self.rows = rows(&self.input, self.membership.as_ref(), Mpp(section.mpp.0 * input.factor));
        self.version += 1;
    }

    /// The regions.
    pub fn set(&self) -> &RegionSet {
        &self.input.regions
    }

    /// The classes of the project.
    pub fn classes(&self) -> &Classes {
        &self.input.classes
    }

    /// Pixels of the image per pixel of the full-resolution slide.
    pub fn factor(&self) -> f64 {
        self.input.factor
    }

    /// The classes that have regions here, in the project's order, then the regions without a class.
    pub fn rows(&self) -> &[ClassRow] {
        &self.rows
    }

    /// Grows when other regions are shown, or the same in another way.
    pub fn version(&self) -> u64 {
        self.version
    }
}

fn rows(input: &RegionsInput, membership: Option<&Membership>, mpp: Mpp) -> Vec<ClassRow> {
    let named = input.classes.iter().map(|c| (Some(c.name.as_str()), c.color, c.hidden));
    let all = named.chain(std::iter::once((None, palette::UNCLASSIFIED, false)));
    let row = |(class, color, hidden): (Option<&str>, [u8; 3], bool)| {
        let of_class = || input.regions.iter().filter(|r| r.class.as_ref().map(|c| c.as_str()) == class);
        let mut places: Vec<u32> =
            of_class().flat_map(|r| membership.map_or(&[][..], |m| m.places_in(r.id))).copied().collect();
        places.sort_unstable();
        places.dedup();
        ClassRow {
            class: class.map(str::to_owned),
            color,
            hidden,
            regions: of_class().count(),
            area_mm2: of_class().map(|r| r.shape().area_mm2(mpp)).sum(),
            places: places.len(),
        }
    };
    all.map(row).filter(|row| row.regions > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::explore::section_index::tests::section;
    use crate::data::regions::{ClassName, Region, rectangle};

    #[test]
    fn classes_are_counted_with_area_and_places() {
        // Spots lie 200 pixels apart.
        let section = Arc::new(section("S", 4, &["A"]));
        let first = section.spots[0].center;
        let around = |reach: f64| {
            let (a, b) = (first.x - reach, first.x + reach);
            rectangle(SlidePoint::new(a, a), SlidePoint::new(b, b)).unwrap()
        };
        let tumour = ClassName::new("Tumour").unwrap();
        let mut classes = Classes::default();
        classes.ensure(&tumour);
        let set: RegionSet = [
            Region::new(around(10.0)).with_class(Some(tumour.clone())),
            Region::new(around(20.0)).with_class(Some(tumour)),
            Region::new(around(5.0)),
        ]
        .into_iter()
        .collect();
        let input = RegionsInput { regions: set, classes, factor: 1.0 };
        let mut shown = ShownRegions::default();
        shown.follow(Some(&input), Some(&section), 1);
        let [tumour, unclassified] = shown.rows() else { panic!("{:?}", shown.rows()) };
        assert_eq!((tumour.class.as_deref(), tumour.regions, tumour.places), (Some("Tumour"), 2, 1));
        assert_eq!((unclassified.class.as_deref(), unclassified.regions), (None, 1));
        let mm2 = (400.0 + 1600.0) * (section.mpp.0 / 1000.0).powi(2);
        assert!((tumour.area_mm2 - mm2).abs() < 1e-12);
        let before = shown.version();
        shown.follow(Some(&input), Some(&section), 1);
        assert_eq!(shown.version(), before, "nothing has changed");
        shown.follow(None, None, 2);
        assert!(shown.rows().is_empty() && shown.version() > before);
    }
}
