//! The annotated regions of the section shown, by class.

use std::collections::HashMap;
use std::sync::Arc;

use super::values::PlaceClassMap;
use crate::core::cancel::CancelToken;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::data::project::SectionEntry;
use crate::data::regions::{
    Class, ClassName, Classes, Membership, PlaceClasses, PlaceIndex, Region, RegionId, RegionSet, palette,
};
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
    /// Whether its regions cannot be changed.
    pub locked: bool,
    /// How many regions it has here.
    pub regions: usize,
    /// Their area in square millimetres.
    pub area_mm2: f64,
    /// Spots or grid points whose centre lies in one of them.
    pub places: usize,
}

/// A label that spots of the section shown have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRow {
    /// The label.
    pub name: String,
    /// Red, green and blue.
    pub color: [u8; 3],
    /// Spots that have it.
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
    labels: Vec<LabelRow>,
    places: PlaceClassMap,
    by_area: bool,
    /// Micrometres per pixel of the full-resolution slide.
    mpp: f64,
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
                *self = Self { version: self.version + 1, by_area: self.by_area, ..Self::default() };
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
        self.mpp = section.mpp.0 * input.factor;
        let labels =
            PlaceClasses::from_labels(section.labels.as_deref().unwrap_or(&[]), &mut Classes::default());
        let counted = labels.classes().iter().zip(labels.counts());
        let row = |(class, places): (&Class, usize)| LabelRow {
            name: class.name.to_string(),
            color: class.color,
            places,
        };
        self.labels = counted.map(row).collect();
        let by_regions = self.membership.as_ref().map(|m| m.classes(&input.regions, &input.classes));
        self.places = place_classes(section.spots.len(), by_regions.as_ref(), &labels);
        self.list();
        self.version += 1;
    }

    fn list(&mut self) {
        self.rows = rows(&self.input, self.membership.as_ref(), Mpp(self.mpp));
        if self.by_area {
            self.rows.sort_by(|a, b| b.area_mm2.total_cmp(&a.area_mm2));
        }
    }

    /// Lists classes by area, the largest first, or in the project's order.
    pub(super) fn sort_by_area(&mut self, by_area: bool) {
        self.by_area = by_area;
        self.list();
    }

    /// The class of each spot: that of the region it lies in, or its label where it lies in none.
    pub fn place_classes(&self) -> &PlaceClassMap {
        &self.places
    }

    /// The labels of the spots, from the section's files, in natural order.
    pub fn labels(&self) -> &[LabelRow] {
        &self.labels
    }

    /// Whether classes are listed by area.
    pub fn is_by_area(&self) -> bool {
        self.by_area
    }

    /// The area of regions in square millimetres, each counted in full.
    pub fn area_mm2(&self, ids: &[RegionId]) -> f64 {
        ids.iter().filter_map(|id| self.set().get(*id)).map(|r| r.shape().area_mm2(Mpp(self.mpp))).sum()
    }

    /// How many spots or grid points lie in any of these regions.
    pub fn places_in(&self, ids: &[RegionId]) -> usize {
        places_in(self.membership.as_ref(), ids.iter().copied()).len()
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

    /// The classes of the project, then the regions without a class, where there are any.
    pub fn rows(&self) -> &[ClassRow] {
        &self.rows
    }

    /// Grows when other regions are shown, or the same in another way.
    pub fn version(&self) -> u64 {
        self.version
    }
}

fn rows(input: &RegionsInput, membership: Option<&Membership>, mpp: Mpp) -> Vec<ClassRow> {
    let mut of_class: HashMap<Option<&str>, Vec<&Arc<Region>>> = HashMap::new();
    for region in input.regions.iter() {
        of_class.entry(region.class.as_ref().map(ClassName::as_str)).or_default().push(region);
    }
    let row = |class: Option<&Class>| {
        let name = class.map(|c| c.name.as_str());
        let regions = of_class.get(&name).map_or(&[][..], Vec::as_slice);
        ClassRow {
            class: name.map(str::to_owned),
            color: class.map_or(palette::UNCLASSIFIED, |c| c.color),
            hidden: class.is_some_and(|c| c.hidden),
            locked: class.is_some_and(|c| c.locked),
            regions: regions.len(),
            area_mm2: regions.iter().map(|r| r.shape().area_mm2(mpp)).sum(),
            places: places_in(membership, regions.iter().map(|r| r.id)).len(),
        }
    };
    let unclassified = of_class.contains_key(&None).then_some(None);
    input.classes.iter().map(Some).chain(unclassified).map(row).collect()
}

fn place_classes(places: usize, regions: Option<&PlaceClasses>, labels: &PlaceClasses) -> PlaceClassMap {
    let mut map = PlaceClassMap { classes: Vec::new(), of_places: vec![None; places] };
    let mut at: HashMap<&ClassName, u32> = HashMap::new();
    for (place, slot) in map.of_places.iter_mut().enumerate() {
        if let Some(class) = regions.and_then(|r| r.of(place)).or_else(|| labels.of(place)) {
            let next = u32::try_from(map.classes.len()).unwrap_or(u32::MAX);
            let known = *at.entry(&class.name).or_insert(next);
            if known == next {
                map.classes.push((class.name.to_string(), class.color));
            }
            *slot = Some(known);
        }
    }
    map
}

/// The places in any of these regions, in ascending order.
fn places_in(membership: Option<&Membership>, ids: impl Iterator<Item = RegionId>) -> Vec<u32> {
    let mut places: Vec<u32> =
        ids.flat_map(|id| membership.map_or(&[][..], |m| m.places_in(id))).copied().collect();
    places.sort_unstable();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::explore::section_index::tests::section;
    use crate::data::regions::rectangle;

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
