//! Up to three genes in one map: each has a colour, and the colours of a spot are added.

use super::section_index::SectionIndex;
use super::values::{PlaceClassMap, PredictionIndex};
use crate::core::color_scale::range;
use crate::core::display::PaneKind;
use crate::figures::GeneMix;

/// The most genes beside the one shown.
pub const MAX_MIXED: usize = GeneMix::MAX_GENES - 1;

/// The maps of `genes`, the one shown first, in one: of measured values and of predicted ones, as far as all genes have them.
pub fn mixed(
    genes: &[&str],
    section: &SectionIndex,
    prediction: Option<&PredictionIndex>,
) -> Vec<(PaneKind, PlaceClassMap)> {
    let measured = genes.iter().map(|g| section.measured(g)).collect::<Option<Vec<_>>>();
    let predicted = prediction.and_then(|p| genes.iter().map(|g| p.mean_of(g)).collect::<Option<Vec<_>>>());
    let maps = [(PaneKind::Measured, measured), (PaneKind::Predicted, predicted)];
    maps.into_iter().filter_map(|(kind, values)| Some((kind, mix(genes, &values?)))).collect()
}

/// Steps of each gene, as many as a table of colours has room for.
fn steps(genes: usize) -> u32 {
    match genes {
        0 | 1 => 256,
        2 => 16,
        _ => 6,
    }
}

fn mix(genes: &[&str], values: &[Vec<f32>]) -> PlaceClassMap {
    let steps = steps(genes.len());
    let colors = GeneMix::colors(genes.len());
    let count = steps.pow(u32::try_from(genes.len()).unwrap_or(1));
    let color = |entry: u32| {
        let mut sum = [0.0_f32; 3];
        let mut rest = entry;
        for full in colors.iter().take(genes.len()) {
            let share = (rest % steps) as f32 / (steps - 1) as f32;
            rest /= steps;
            for (sum, full) in sum.iter_mut().zip(full) {
                *sum += share * f32::from(*full);
            }
        }
        (String::new(), sum.map(|c| c.round().clamp(0.0, 255.0) as u8))
    };
    // As in figures: from the 2nd to the 98th percentile, and not from below zero.
    let ends = |values: &Vec<f32>| {
        let (low, high) = range(values.iter().copied(), 2.0, 98.0).unwrap_or((0.0, 1.0));
        (low.max(0.0), high.max(low.max(0.0)))
    };
    let ends: Vec<(f32, f32)> = values.iter().map(ends).collect();
    let places = values.iter().map(Vec::len).min().unwrap_or(0);
    let of_place = |place: usize| {
        let mut entry = 0;
        for (values, (low, high)) in values.iter().zip(&ends).rev() {
            let value = values.get(place).copied().filter(|v| v.is_finite())?;
            let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
            entry = entry * steps + (share * (steps - 1) as f32).round() as u32;
        }
        Some(entry)
    };
    PlaceClassMap { classes: (0..count).map(color).collect(), of_places: (0..places).map(of_place).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_add_up_to_white() {
        let ramp: Vec<f32> = (0..100_u8).map(f32::from).collect();
        let falling: Vec<f32> = ramp.iter().rev().copied().collect();
        let two = mix(&["A", "B"], &[ramp.clone(), falling]);
        let color = |map: &PlaceClassMap, place: usize| map.classes[map.of_places[place].unwrap() as usize].1;
        let [first, second] = [0, 1].map(|i| GeneMix::colors(2)[i]);
        assert_eq!((color(&two, 99), color(&two, 0)), (first, second));
        let both = mix(&["A", "B"], &[ramp.clone(), ramp.clone()]);
        assert_eq!((color(&both, 99), color(&both, 0)), ([255; 3], [0; 3]));
        let mut gaps = ramp.clone();
        gaps[5] = f32::NAN;
        let three = mix(&["A", "B", "C"], &[ramp.clone(), gaps, ramp]);
        assert_eq!((three.of_places[5], color(&three, 99), three.classes.len()), (None, [255; 3], 216));
    }
}
