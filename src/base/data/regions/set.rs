//! The regions of a section, in the order in which they were made, and what is found at a place.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::class::ClassName;
use super::error::RegionError;
use super::geometry::VertexPath;
use super::region::{Region, RegionId};
use crate::core::geometry::{SlidePoint, SlideRect};

/// The regions of a section. A clone shares all regions with the set it is of, so one is kept per edit for undo.
#[derive(Debug, Clone, Default)]
pub struct RegionSet {
    regions: Vec<Arc<Region>>,
    /// Where each region stands; made when it is needed first after a region came, went or changed place.
    places: OnceLock<Arc<HashMap<RegionId, usize>>>,
    /// The rectangles around them; made when they are needed first after any change.
    boxes: OnceLock<Arc<RTree<Boxed>>>,
}

impl PartialEq for RegionSet {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<Region>, &Arc<Region>)| Arc::ptr_eq(a, b) || a == b;
        self.regions.len() == other.regions.len() && self.regions.iter().zip(&other.regions).all(same)
    }
}

type Boxed = GeomWithData<Rectangle<[f64; 2]>, u32>;

fn boxes_of(regions: &[Arc<Region>]) -> RTree<Boxed> {
    let boxed = |(at, region): (u32, &Arc<Region>)| {
        let b = region.shape().bounds();
        GeomWithData::new(Rectangle::from_corners([b.min.x, b.min.y], [b.max.x, b.max.y]), at)
    };
    RTree::bulk_load((0..).zip(regions).map(boxed).collect())
}

/// A point of a region near a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearVertex {
    /// The region.
    pub region: RegionId,
    /// Which of its points.
    pub at: VertexPath,
    /// How far it is, in slide pixels.
    pub distance: f64,
}

/// Regions of a file that repeat the identifier of another get a new one.
impl FromIterator<Region> for RegionSet {
    fn from_iter<I: IntoIterator<Item = Region>>(regions: I) -> Self {
        let mut set = Self::default();
        set.extend(regions);
        set
    }
}

impl RegionSet {
    /// All regions, the oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Region>> {
        self.regions.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.regions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    fn places(&self) -> &HashMap<RegionId, usize> {
        self.places
            .get_or_init(|| Arc::new(self.regions.iter().enumerate().map(|(at, r)| (r.id, at)).collect()))
    }

    /// The regions, to be added to, removed or put into another order: what was found out of them is forgotten.
    pub(super) fn regions_mut(&mut self) -> &mut Vec<Arc<Region>> {
        self.places = OnceLock::new();
        self.boxes = OnceLock::new();
        &mut self.regions
    }

    /// The region of this identifier.
    pub fn get(&self, id: RegionId) -> Option<&Arc<Region>> {
        self.regions.get(*self.places().get(&id)?)
    }

    /// Where the region stands in the order.
    ///
    /// # Errors
    /// [`RegionError::NotFound`].
    pub(super) fn position(&self, id: RegionId) -> Result<usize, RegionError> {
        self.places().get(&id).copied().ok_or(RegionError::NotFound(id))
    }

    /// Adds a region and says what identifies it: a new identifier, where there is one with its own already.
    pub fn add(&mut self, mut region: Region) -> RegionId {
        if self.places().contains_key(&region.id) {
            region.id = RegionId::random();
        }
        let id = region.id;
        self.regions_mut().push(Arc::new(region));
        id
    }

    /// Adds regions as [`Self::add`] does.
    pub fn extend(&mut self, regions: impl IntoIterator<Item = Region>) {
        let mut known: std::collections::HashSet<RegionId> = self.regions.iter().map(|r| r.id).collect();
        let own = self.regions_mut();
        for mut region in regions {
            while !known.insert(region.id) {
                region.id = RegionId::random();
            }
            own.push(Arc::new(region));
        }
    }

    /// Removes regions, and gives those that were there.
    ///
    /// # Errors
    /// [`RegionError::NotFound`], [`RegionError::Locked`]; then all stay.
    pub fn remove(&mut self, ids: &[RegionId]) -> Result<Vec<Arc<Region>>, RegionError> {
        for id in ids {
            unlocked(self.get(*id).ok_or(RegionError::NotFound(*id))?)?;
        }
        let (gone, kept) = self.regions.iter().cloned().partition(|r| ids.contains(&r.id));
        *self.regions_mut() = kept;
        Ok(gone)
    }

    /// Puts regions into a class, or takes them out of any.
    ///
    /// # Errors
    /// [`RegionError::NotFound`], [`RegionError::Locked`]; then none is changed.
    pub fn set_class(&mut self, ids: &[RegionId], class: Option<&ClassName>) -> Result<(), RegionError> {
        self.change(ids, |region| {
            unlocked(region)?;
            Ok(region.reclassified(class))
        })
    }

    /// Gives a region a name, or takes it away.
    ///
    /// # Errors
    /// [`RegionError::NotFound`], [`RegionError::Locked`].
    pub fn rename(&mut self, id: RegionId, name: Option<String>) -> Result<(), RegionError> {
        let name = name.filter(|n| !n.trim().is_empty());
        self.change(&[id], |region| {
            unlocked(region)?;
            Ok(Region { name: name.clone(), ..region.clone() })
        })
    }

    /// Locks or unlocks regions.
    ///
    /// # Errors
    /// [`RegionError::NotFound`]; then none is changed.
    pub fn set_locked(&mut self, ids: &[RegionId], locked: bool) -> Result<(), RegionError> {
        self.change(ids, |region| Ok(Region { locked, ..region.clone() }))
    }

    /// Puts all regions of class `from`, also locked ones, into class `to`, or into none; how many there were. To be called
    /// when the class is renamed, removed, or joined with another.
    pub fn rename_class(&mut self, from: &str, to: Option<&ClassName>) -> usize {
        let is_of = |r: &Region| r.class.as_ref().is_some_and(|c| c.as_str() == from);
        let count = self.regions.iter().filter(|r| is_of(r)).count();
        if count > 0 {
            for region in self.regions_mut().iter_mut().filter(|r| is_of(r)) {
                *region = Arc::new(region.reclassified(to));
            }
        }
        count
    }

    /// Replaces regions by what `f` makes of them, all or none.
    pub(super) fn change(
        &mut self,
        ids: &[RegionId],
        mut f: impl FnMut(&Region) -> Result<Region, RegionError>,
    ) -> Result<(), RegionError> {
        let mut changed = Vec::with_capacity(ids.len());
        for id in ids {
            let at = self.position(*id)?;
            if let Some(region) = self.regions.get(at) {
                changed.push((at, Arc::new(f(region)?)));
            }
        }
        // Each stays where it stands under its identifier.
        self.boxes = OnceLock::new();
        for (at, region) in changed {
            if let Some(slot) = self.regions.get_mut(at) {
                *slot = region;
            }
        }
        Ok(())
    }

    /// The regions whose surrounding rectangle meets `window`, in their order: those that a view of it has to draw.
    pub fn in_window(&self, window: SlideRect) -> Vec<&Arc<Region>> {
        let window = AABB::from_corners([window.min.x, window.min.y], [window.max.x, window.max.y]);
        let boxes = self.boxes.get_or_init(|| Arc::new(boxes_of(&self.regions)));
        let mut found: Vec<u32> = boxes.locate_in_envelope_intersecting(&window).map(|b| b.data).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|at| self.regions.get(at as usize)).collect()
    }

    fn near(&self, p: SlidePoint, reach: f64) -> Vec<&Arc<Region>> {
        if !(p.x.is_finite() && p.y.is_finite() && reach.is_finite() && reach >= 0.0) {
            return Vec::new();
        }
        self.in_window(SlideRect::new(p, p).grown(reach))
    }

    /// The regions at `p` that `shown` lets through, as QuPath orders them: points and lines within `reach` pixels first, then
    /// areas from the smallest to the largest; of the same size the newest first.
    pub fn all_at(&self, p: SlidePoint, reach: f64, shown: impl Fn(&Region) -> bool) -> Vec<&Arc<Region>> {
        let is_at = |r: &&Arc<Region>| {
            shown(r)
                && (r.shape().contains(p) || (!r.shape().is_area() && r.shape().distance(p, reach).is_some()))
        };
        let mut found: Vec<&Arc<Region>> = self.near(p, reach).into_iter().rev().filter(is_at).collect();
        found.sort_by(|a, b| a.shape().area_px2().total_cmp(&b.shape().area_px2()));
        found
    }

    /// The first of [`Self::all_at`]: what a click at `p` selects.
    pub fn pick(&self, p: SlidePoint, reach: f64, shown: impl Fn(&Region) -> bool) -> Option<&Arc<Region>> {
        self.all_at(p, reach, shown).into_iter().next()
    }

    /// The point nearest to `p`, of regions that `shown` lets through, that is not farther than `reach` slide pixels.
    pub fn nearest_vertex(
        &self,
        p: SlidePoint,
        reach: f64,
        shown: impl Fn(&Region) -> bool,
    ) -> Option<NearVertex> {
        let candidates = self.near(p, reach).into_iter().filter(|r| shown(r)).filter_map(|r| {
            let (at, distance) = r.shape().nearest_vertex(p, reach)?;
            Some(NearVertex { region: r.id, at, distance })
        });
        candidates.min_by(|a, b| a.distance.total_cmp(&b.distance))
    }
}

/// # Errors
/// [`RegionError::Locked`].
pub(super) fn unlocked(region: &Region) -> Result<(), RegionError> {
    if region.locked { Err(RegionError::Locked(region.title())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::regions::draw::rectangle;
    use crate::data::regions::geometry::Geometry;
    use crate::data::regions::region::Shape;
    use geo::Coord;

    fn at(x: f64, y: f64) -> SlidePoint {
        SlidePoint::new(x, y)
    }

    fn square(from: f64, to: f64) -> Region {
        Region::new(rectangle(at(from, from), at(to, to)).unwrap())
    }

    #[test]
    fn the_smallest_region_is_picked_unless_it_is_hidden() {
        let mut set = RegionSet::default();
        let tissue = set.add(square(0.0, 100.0));
        let tumour = set.add(square(40.0, 60.0));
        let newer = set.add(square(30.0, 50.0));
        let dot = set.add(Region::new(Shape::new(Geometry::Point(Coord { x: 45.0, y: 45.0 })).unwrap()));
        let ids = |p, reach| set.all_at(p, reach, |_| true).iter().map(|r| r.id).collect::<Vec<_>>();
        assert_eq!(ids(at(55.0, 55.0), 0.0), [tumour, tissue]);
        assert_eq!(ids(at(46.0, 45.0), 2.0), [dot, newer, tumour, tissue]);
        assert_eq!(ids(at(46.0, 45.0), 0.5), [newer, tumour, tissue]);
        let picked = set.pick(at(55.0, 55.0), 0.0, |r| r.id != tumour).unwrap();
        assert_eq!(picked.id, tissue);
        assert!(set.pick(at(500.0, 0.0), 3.0, |_| true).is_none());
        assert!(set.pick(at(f64::NAN, 0.0), 3.0, |_| true).is_none());
    }

    #[test]
    fn snapshots_share_what_did_not_change() {
        let mut set: RegionSet = [square(0.0, 10.0), square(20.0, 30.0)].into_iter().collect();
        let before = set.clone();
        let [first, second] = [0, 1].map(|i| set.iter().nth(i).unwrap().id);
        set.set_class(&[second], ClassName::new("Tumor").as_ref()).unwrap();
        assert!(Arc::ptr_eq(set.get(first).unwrap(), before.get(first).unwrap()));
        assert!(Arc::ptr_eq(set.get(second).unwrap().shape(), before.get(second).unwrap().shape()));
        assert_ne!(set, before);
        assert_eq!(set.rename_class("Tumor", None), 1);
        assert_eq!(set, before);
        assert_eq!(set.rename_class("Tumor", None), 0);
    }

    #[test]
    fn locked_regions_stay_and_nothing_is_done_by_halves() {
        let mut set: RegionSet = [square(0.0, 10.0), square(20.0, 30.0)].into_iter().collect();
        let ids: Vec<RegionId> = set.iter().map(|r| r.id).collect();
        set.rename(ids[1], Some("left lobe".into())).unwrap();
        set.set_locked(&ids[1..], true).unwrap();
        let before = set.clone();
        assert_eq!(set.remove(&ids).unwrap_err().to_string(), "left lobe is locked. Unlock it first.");
        assert!(set.set_class(&ids, ClassName::new("A").as_ref()).is_err());
        assert_eq!(set, before);
        let other = RegionId::random();
        assert_eq!(set.rename(other, None), Err(RegionError::NotFound(other)));
        assert_eq!(set.remove(&ids[..1]).unwrap().len(), 1);
        assert_eq!((set.len(), set.get(ids[0])), (1, None));
    }

    #[test]
    fn repeated_identifiers_are_replaced() {
        let one = square(0.0, 10.0);
        let mut set: RegionSet = [one.clone(), one.clone()].into_iter().collect();
        set.add(one.clone());
        let mut ids: Vec<RegionId> = set.iter().map(|r| r.id).collect();
        assert_eq!(ids[0], one.id);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn the_nearest_point_of_all_regions_is_found() {
        let set: RegionSet = [square(0.0, 10.0), square(13.0, 30.0)].into_iter().collect();
        let near = set.nearest_vertex(at(12.0, 12.0), 5.0, |_| true).unwrap();
        assert_eq!(near.region, set.iter().nth(1).unwrap().id);
        assert!((near.distance - 2f64.sqrt()).abs() < 1e-12);
        assert!(set.nearest_vertex(at(12.0, 12.0), 1.0, |_| true).is_none());
        let window = SlideRect::new(at(11.0, 11.0), at(14.0, 14.0));
        assert_eq!(set.in_window(window).len(), 1);
    }
}
