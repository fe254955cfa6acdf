//! Spots worth looking at first: where the gene shown is highest, where the maps differ most, where the
//! prediction is least certain.

use super::evidence::patch_of;
use super::images::PatchKey;
use super::section_index::SectionIndex;
use super::values::MapValues;
use crate::core::display::PaneKind;

/// Spots told in all.
const TOLD: usize = 8;

/// A spot worth looking at.
#[derive(Debug, Clone, PartialEq)]
pub struct Highlight {
    /// Its index.
    pub spot: usize,
    /// Its identifier.
    pub id: String,
    /// The map it stands out on.
    pub map: PaneKind,
    /// Its value there.
    pub value: f32,
    /// Its patch.
    pub patch: PatchKey,
}

impl Highlight {
    /// Why it is worth a look, in two words: ("highest", "measured").
    pub fn reason(&self) -> (&'static str, &'static str) {
        self.map.superlative()
    }
}

/// The most remarkable spots of each map there is, the same number of each.
pub fn highlights(section: &SectionIndex, values: &MapValues) -> Vec<Highlight> {
    let there: Vec<PaneKind> = PaneKind::ALL.into_iter().filter(|k| values.maps.pane(*k).is_some()).collect();
    let each = TOLD.checked_div(there.len()).unwrap_or(0).min(TOLD / 2);
    let best = there.into_iter().flat_map(|map| {
        top(values.maps.pane(map).unwrap_or(&[]), each)
            .into_iter()
            .map(move |(spot, value)| (map, spot, value))
    });
    best.filter_map(|(map, spot, value)| {
        let id = section.spot_at(spot)?.id.clone();
        Some(Highlight { spot, id, map, value, patch: patch_of(section.section(), spot)? })
    })
    .collect()
}

/// The `n` values farthest above zero, or below it for differences, farthest first, with their places.
/// Values of zero are nothing to see.
fn top(values: &[f32], n: usize) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(n + 1);
    for (i, &v) in values.iter().enumerate().filter(|(_, v)| v.is_finite() && **v != 0.0) {
        let at = best.partition_point(|(_, b)| b.abs() >= v.abs());
        if at < n {
            best.insert(at, (i, v));
            best.truncate(n);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::section_index::tests::section;
    use super::*;
    use crate::core::expression_maps::ExpressionMaps;
    use crate::core::target::{ExpressionScale, Target};
    use std::sync::Arc;

    #[test]
    fn the_farthest_come_first() {
        assert_eq!(top(&[0.0, 3.0, f32::NAN, -5.0, 4.0, 0.5], 3), [(3, -5.0), (4, 4.0), (1, 3.0)]);
        assert!(top(&[0.0, 0.0], 3).is_empty());
    }

    #[test]
    fn every_map_has_its_share() {
        let index = SectionIndex::new(Arc::new(section("C1", 4, &["A", "B"])), &[], Target::Published);
        let mut values = MapValues::new(&index, None, "A");
        assert_eq!(highlights(&index, &values).len(), 4);
        let measured = values.maps.measured().map(<[f32]>::to_vec).zip(values.maps.scale(PaneKind::Measured));
        let rising: Vec<f32> = (0u8..16).map(f32::from).collect();
        let predicted = (rising.clone(), Some(rising), ExpressionScale::AsInFile);
        values.maps = ExpressionMaps::new(measured, Some(predicted));
        let told = highlights(&index, &values);
        assert_eq!(told.len(), 6);
        assert_eq!((told[2].spot, told[2].map, told[2].value), (15, PaneKind::Predicted, 15.0));
        assert!(highlights(&index, &MapValues::default()).is_empty());
    }
}
