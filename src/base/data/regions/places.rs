//! Which places (spots, or points of a grid) lie in which regions, and the class that each has.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};

use super::class::{Class, ClassName, Classes};
use super::region::{RegionId, Shape};
use super::set::RegionSet;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::geometry::SlidePoint;

/// The centres of places, to be asked which of them lie in a region. Clones are the same places.
#[derive(Debug, Clone)]
pub struct PlaceIndex {
    tree: Arc<RTree<GeomWithData<[f64; 2], u32>>>,
    len: usize,
}

impl PlaceIndex {
    /// An index of places, in slide pixels. Those that are not finite lie in no region.
    pub fn new(places: &[SlidePoint]) -> Self {
        let finite = (0u32..).zip(places).filter(|(_, p)| p.x.is_finite() && p.y.is_finite());
        let points = finite.map(|(at, p)| GeomWithData::new([p.x, p.y], at)).collect();
        Self { tree: Arc::new(RTree::bulk_load(points)), len: places.len() }
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The places whose centre is inside `shape`, in ascending order; see [`Edges`](super::Edges) for those on an edge.
    pub fn inside(&self, shape: &Shape) -> Vec<u32> {
        let b = shape.bounds();
        let window = AABB::from_corners([b.min.x, b.min.y], [b.max.x, b.max.y]);
        let near = self.tree.locate_in_envelope(&window);
        let is_inside = |p: &[f64; 2]| shape.contains(SlidePoint::new(p[0], p[1]));
        let mut found: Vec<u32> = near.filter(|p| is_inside(p.geom())).map(|p| p.data).collect();
        found.sort_unstable();
        found
    }
}

#[derive(Debug, Clone)]
struct Inside {
    region: RegionId,
    shape: Arc<Shape>,
    places: Arc<[u32]>,
}

/// The places in each region of a set.
#[derive(Debug, Clone)]
pub struct Membership {
    index: PlaceIndex,
    regions: Vec<Inside>,
}

impl Membership {
    /// The places of `index` in each region of `set`. What `earlier` says of shapes that have not changed since is taken over, so
    /// that after an edit only what was edited is computed.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn new(
        set: &RegionSet,
        index: &PlaceIndex,
        earlier: Option<&Self>,
        cancel: &CancelToken,
    ) -> Result<Self, Cancelled> {
        let earlier = earlier.filter(|e| Arc::ptr_eq(&e.index.tree, &index.tree));
        let address = |shape: &Arc<Shape>| Arc::as_ptr(shape).addr();
        let known: HashMap<usize, &Arc<[u32]>> =
            earlier.iter().flat_map(|e| &e.regions).map(|i| (address(&i.shape), &i.places)).collect();
        let regions: Vec<_> = set.iter().collect();
        let inside = regions.into_par_iter().map(|region| {
            cancel.check()?;
            let shape = region.shape();
            // A shape that `earlier` holds cannot have been freed, so no other lies where it did.
            let places = match known.get(&address(shape)) {
                Some(places) => Arc::clone(places),
                None => index.inside(shape).into(),
            };
            Ok(Inside { region: region.id, shape: Arc::clone(shape), places })
        });
        Ok(Self { index: index.clone(), regions: inside.collect::<Result<_, _>>()? })
    }

    /// The places in a region, in ascending order; none of one that is not in the set.
    pub fn places_in(&self, region: RegionId) -> &[u32] {
        self.regions.iter().find(|i| i.region == region).map_or(&[], |i| &i.places)
    }

    /// Each region with how many places lie in it, in the order of the set.
    pub fn counts(&self) -> impl ExactSizeIterator<Item = (RegionId, usize)> + '_ {
        self.regions.iter().map(|i| (i.region, i.places.len()))
    }

    /// The class of each place: that of the smallest region with a class that it lies in, by area; of the same area, the newest.
    /// Regions without a class and detected objects are passed over. `set` is the one that this was made of, whose classes may
    /// have changed since; classes follow the order of `classes`.
    pub fn classes(&self, set: &RegionSet, classes: &Classes) -> PlaceClasses {
        let mut found = PlaceClasses::new(self.index.len());
        let mut list = classes.clone();
        let classified = self.regions.iter().filter_map(|inside| {
            let region = set.get(inside.region).filter(|r| !r.kind.is_detected())?;
            Some((inside, region.class.clone()?))
        });
        let mut classified: Vec<(&Inside, ClassName)> = classified.collect();
        // The largest first, so that smaller ones overwrite it; this keeps the order of those that are as large.
        classified.sort_by(|a, b| b.0.shape.area_px2().total_cmp(&a.0.shape.area_px2()));
        for (inside, class) in classified {
            let class = u32::try_from(list.ensure(&class)).ok();
            for place in inside.places.iter() {
                if let Some(slot) = found.of_place.get_mut(*place as usize) {
                    *slot = class;
                }
            }
        }
        found.classes = list.iter().cloned().collect();
        found
    }
}

/// The class of each place of a section, wherever it comes from: regions, labels of files, clusters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlaceClasses {
    classes: Vec<Class>,
    of_place: Vec<Option<u32>>,
}

impl PlaceClasses {
    /// So many places without a class.
    pub fn new(places: usize) -> Self {
        Self { classes: Vec::new(), of_place: vec![None; places] }
    }

    /// The classes that labels stand for: each label is a class of its name. Labels that are not in `classes` are added to it, in
    /// the order of their text with numbers in it by value ("2" before "10"), so that the same labels have the same colours in
    /// every section.
    pub fn from_labels<S: AsRef<str>>(labels: &[Option<S>], classes: &mut Classes) -> Self {
        let name = |label: &Option<S>| label.as_ref().and_then(|l| ClassName::new(l.as_ref()));
        let names: Vec<Option<ClassName>> = labels.iter().map(name).collect();
        let mut new: Vec<&ClassName> = names.iter().flatten().collect();
        new.sort_unstable();
        new.dedup();
        new.sort_by_cached_key(|name| natural(name.as_str()));
        for name in new {
            classes.ensure(name);
        }
        let positions: HashMap<&str, u32> =
            (0u32..).zip(classes.iter()).map(|(at, c)| (c.name.as_str(), at)).collect();
        let of = |name: &Option<ClassName>| positions.get(name.as_ref()?.as_str()).copied();
        Self { of_place: names.iter().map(of).collect(), classes: classes.iter().cloned().collect() }
    }

    /// All classes, also those that no place has.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.of_place.len()
    }

    /// Whether there are no places.
    pub fn is_empty(&self) -> bool {
        self.of_place.is_empty()
    }

    /// Which of [`Self::classes`] each place has.
    pub fn indices(&self) -> &[Option<u32>] {
        &self.of_place
    }

    /// The class of a place.
    pub fn of(&self, place: usize) -> Option<&Class> {
        self.classes.get((*self.of_place.get(place)?)? as usize)
    }

    /// The name of the class of each place, as labels are kept.
    pub fn labels(&self) -> Vec<Option<String>> {
        (0..self.len()).map(|place| self.of(place).map(|c| c.name.to_string())).collect()
    }

    /// The places of a class, in ascending order.
    pub fn places_of(&self, class: &str) -> Vec<usize> {
        let of_class = |place: &usize| self.of(*place).is_some_and(|c| c.name.as_str() == class);
        (0..self.len()).filter(of_class).collect()
    }

    /// How many places have each of [`Self::classes`].
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for class in self.of_place.iter().flatten() {
            if let Some(count) = counts.get_mut(*class as usize) {
                *count += 1;
            }
        }
        counts
    }
}

/// A key by which texts are sorted as people do: numbers in them by value, capitals as small letters.
fn natural(text: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let words = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(words);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        // A number without words before it comes before all words; one that is too large comes last.
        parts.push((0, word.to_lowercase()));
        if !number.is_empty() {
            parts.push((number.parse().unwrap_or(u64::MAX), String::new()));
        }
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::regions::{ObjectKind, Region, palette, rectangle};
    use proptest::prelude::*;

    fn at(x: f64, y: f64) -> SlidePoint {
        SlidePoint::new(x, y)
    }

    fn square(from: f64, to: f64, class: &str) -> Region {
        Region::new(rectangle(at(from, from), at(to, to)).unwrap()).with_class(ClassName::new(class))
    }

    /// A lattice of places 10 pixels apart, row by row.
    fn lattice(n: u32) -> Vec<SlidePoint> {
        (0..n * n).map(|i| at(f64::from(i % n) * 10.0, f64::from(i / n) * 10.0)).collect()
    }

    #[test]
    fn the_smallest_region_with_a_class_decides() {
        let places =
            [at(5.0, 5.0), at(25.0, 25.0), at(45.0, 45.0), at(75.0, 75.0), at(f64::NAN, 1.0), at(500.0, 5.0)];
        let mut set: RegionSet = [
            square(40.0, 60.0, "Tumor"),
            square(0.0, 70.0, "Stroma"),
            square(20.0, 30.0, ""),
            Region { kind: ObjectKind::Cell, ..square(44.0, 46.0, "Cell") },
            square(40.0, 60.0, "Newer"),
        ]
        .into_iter()
        .collect();
        let mut classes = Classes::default();
        classes.ensure(&ClassName::new("Stroma").unwrap());
        let index = PlaceIndex::new(&places);
        let inside = Membership::new(&set, &index, None, &CancelToken::new()).unwrap();
        let found = inside.classes(&set, &classes);
        let labels = |found: &PlaceClasses| {
            found.labels().into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>()
        };
        assert_eq!(labels(&found), ["Stroma", "Stroma", "Newer", "", "", ""]);
        assert_eq!(found.counts()[0], 2);
        assert_eq!(found.places_of("Newer"), [2]);
        let counts: Vec<usize> = inside.counts().map(|(_, n)| n).collect();
        assert_eq!(counts, [1, 3, 1, 1, 1]);
        assert_eq!(inside.places_in(set.iter().nth(1).unwrap().id), [0, 1, 2]);
        assert!(inside.places_in(RegionId::random()).is_empty());
        // A class that changes needs no new search.
        let newer = set.iter().nth(4).unwrap().id;
        set.set_class(&[newer], None).unwrap();
        assert_eq!(labels(&inside.classes(&set, &classes))[2], "Tumor");
    }

    #[test]
    fn only_what_changed_is_searched_again() {
        let mut set: RegionSet = [square(-5.0, 55.0, "A"), square(60.0, 95.0, "B")].into_iter().collect();
        let index = PlaceIndex::new(&lattice(10));
        let token = CancelToken::new();
        let first = Membership::new(&set, &index, None, &token).unwrap();
        let ids: Vec<RegionId> = set.iter().map(|r| r.id).collect();
        set.translate(&ids[1..], -10.0, 0.0).unwrap();
        let second = Membership::new(&set, &index, Some(&first), &token).unwrap();
        let fresh = Membership::new(&set, &index, None, &token).unwrap();
        assert!(Arc::ptr_eq(&first.regions[0].places, &second.regions[0].places));
        assert!(!Arc::ptr_eq(&first.regions[0].places, &fresh.regions[0].places));
        for id in ids {
            assert_eq!(second.places_in(id), fresh.places_in(id));
        }
        // What is known of other places is of no use.
        let others = PlaceIndex::new(&lattice(3));
        let of_others = Membership::new(&set, &others, Some(&first), &token).unwrap();
        assert_eq!(of_others.counts().map(|c| c.1).collect::<Vec<_>>(), [9, 0]);
        token.cancel();
        assert!(Membership::new(&set, &index, None, &token).is_err());
    }

    #[test]
    fn labels_have_the_same_colours_in_every_section() {
        let label = |l: &str| (!l.is_empty()).then(|| l.to_owned());
        let mut classes = Classes::default();
        let first: Vec<_> = ["10", "2", "", " 2 ", "0"].map(label).to_vec();
        let found = PlaceClasses::from_labels(&first, &mut classes);
        let names: Vec<&str> = found.classes().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(
            (names, found.indices()),
            (vec!["0", "2", "10"], &[Some(2), Some(1), None, Some(1), Some(0)][..])
        );
        assert_eq!(found.of(0).unwrap().color, palette::COLORS[10]);
        let mut others = Classes::default();
        let second = PlaceClasses::from_labels(&[Some("10"), Some("invasive cancer")], &mut others);
        assert_eq!(second.of(0).unwrap().color, found.of(0).unwrap().color);
        assert_eq!(PlaceClasses::from_labels::<&str>(&[], &mut others).len(), 0);
    }

    #[test]
    fn texts_are_sorted_as_people_do() {
        let mut texts = ["Cluster 10", "cluster 2", "b", "10", "9", "Layer_3b", "layer_3a"];
        texts.sort_by_cached_key(|t| natural(t));
        assert_eq!(texts, ["9", "10", "b", "cluster 2", "Cluster 10", "layer_3a", "Layer_3b"]);
    }

    proptest! {
        #[test]
        fn the_index_finds_what_asking_every_place_finds(
            corners in prop::collection::vec((0u8..100, 0u8..100), 3..12),
        ) {
            let places = lattice(11);
            let index = PlaceIndex::new(&places);
            let corners: Vec<SlidePoint> = corners.iter().map(|&(x, y)| at(f64::from(x), f64::from(y))).collect();
            if let Ok(shape) = crate::data::regions::polygon(&corners) {
                let one_by_one: Vec<u32> =
                    (0..).zip(&places).filter(|(_, p)| shape.contains(**p)).map(|(i, _)| i).collect();
                prop_assert_eq!(index.inside(&shape), one_by_one);
            }
        }
    }
}
