//! From standardised features on the host to the tensors of a batch.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::model::ImageBatch;
use crate::model::positions::Phases;
use crate::preprocess::features::NEIGHBOURHOOD;
use crate::preprocess::standardise::StandardFeatures;

/// The fewest spots that are worth another core.
const ROWS_AT_A_TIME: usize = 16;

/// A spot of one of the sections of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pick {
    /// Which section.
    pub section: usize,
    /// Which of its spots.
    pub spot: usize,
}

/// Sections that batches are taken from. Features of spots stay on the host, since a large section's would
/// not fit a graphics card; landmarks, which every batch needs, are on the device once.
#[derive(Debug)]
pub struct ImageSource<'a> {
    sections: &'a [StandardFeatures<'a>],
    landmarks: Tensor<2>,
    landmark_phases: Phases,
    ranges: Vec<Range<usize>>,
    width: usize,
    device: Device,
}

impl<'a> ImageSource<'a> {
    /// Batches of `sections`, all of the same feature width, on `device`.
    pub fn new(sections: &'a [StandardFeatures<'a>], device: &Device) -> Self {
        let width = sections.first().map_or(0, StandardFeatures::width);
        let mut ranges = Vec::with_capacity(sections.len());
        let (mut values, mut places) = (Vec::new(), Vec::new());
        for section in sections {
            let start = places.len();
            values.extend_from_slice(section.landmarks().as_slice());
            places.extend_from_slice(section.landmark_um());
            ranges.push(start..places.len());
        }
        if places.is_empty() {
            // Attention needs a token to look past: this one is masked for every spot.
            values = vec![0.0; width];
            places.push([0.0, 0.0]);
        }
        let landmarks = Tensor::from_data(TensorData::new(values, [places.len(), width]), device);
        let landmark_phases = Phases::new(places.into_iter(), device);
        Self { sections, landmarks, landmark_phases, ranges, width, device: device.clone() }
    }

    /// Length of a patch's features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All spots of one section.
    pub fn picks_of(&self, section: usize) -> impl Iterator<Item = Pick> + use<> {
        let count = self.sections.get(section).map_or(0, StandardFeatures::spots);
        (0..count).map(move |spot| Pick { section, spot })
    }

    /// The tensors of `picks`; those of `keep_tokens`, one a neighbourhood patch, multiply its mask.
    pub fn batch(&self, picks: &[Pick], keep_tokens: Option<&[f32]>) -> ImageBatch {
        let (count, d) = (picks.len(), self.width);
        let mut spot = vec![0.0; count * d];
        let mut near = vec![0.0; count * NEIGHBOURHOOD * d];
        let mut mask = vec![0.0; count * NEIGHBOURHOOD];
        // Neighbourhoods are interpolated: with a wide encoder that is work for all cores.
        let rows = spot.par_chunks_mut(d.max(1)).zip(near.par_chunks_mut((NEIGHBOURHOOD * d).max(1)));
        let rows = rows.zip(mask.par_chunks_mut(NEIGHBOURHOOD)).zip(picks).with_min_len(ROWS_AT_A_TIME);
        rows.for_each(|(((spot, near), mask), p)| {
            let section = &self.sections[p.section];
            section.read_spot(p.spot, spot);
            section.read_neighbourhood(p.spot, near, mask);
        });
        let places: Vec<[f32; 2]> =
            picks.iter().map(|p| self.sections[p.section].spot_um()[p.spot]).collect();
        let marks = self.landmarks.dims()[0];
        let mut sees = vec![0.0f32; count * marks];
        for (row, p) in picks.iter().enumerate() {
            let range = &self.ranges[p.section];
            sees[row * marks + range.start..row * marks + range.end].fill(1.0);
        }
        if let Some(keep) = keep_tokens {
            for (m, k) in mask.iter_mut().zip(keep) {
                *m *= k;
            }
        }
        let tensor =
            |values, shape: [usize; 2]| Tensor::from_data(TensorData::new(values, shape), &self.device);
        ImageBatch {
            spot: tensor(spot, [count, self.width]),
            near: tensor(near, [count * NEIGHBOURHOOD, self.width]),
            near_mask: tensor(mask, [count, NEIGHBOURHOOD]),
            spot_phases: Phases::new(places.into_iter(), &self.device),
            landmarks: self.landmarks.clone(),
            landmark_phases: self.landmark_phases.clone(),
            landmark_mask: tensor(sees, [count, marks]),
        }
    }
}
