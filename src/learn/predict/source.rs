//! From standardised features on the host to the tensors of a batch.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::model::ImageBatch;
use crate::model::positions::Phases;
use crate::preprocess::features::NEIGHBOURHOOD;
use crate::preprocess::standardise::StandardFeatures;

/// The fewest numbers whose interpolation is worth other cores; below, waking them takes longer.
const WORTH_CORES: usize = 1 << 22;

/// A spot of one of the sections of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpotRef {
    /// Which section.
    pub section: usize,
    /// Which of its spots.
    pub spot: usize,
}

/// Sections that batches are taken from, each in one or several views. Features of spots stay on the host, since
/// a large section's would not fit a graphics card; landmarks, which every batch needs, are on the device once.
#[derive(Debug)]
pub struct ImageSource<'a> {
    /// The plain one first.
    views: Vec<Seen<'a>>,
    ranges: Vec<Range<usize>>,
    width: usize,
    device: Device,
}

/// All sections in one view.
#[derive(Debug)]
struct Seen<'a> {
    sections: &'a [StandardFeatures<'a>],
    landmarks: Landmarks,
}

/// Landmarks of all sections, one section's after the other's.
#[derive(Debug, Clone)]
struct Landmarks {
    features: Tensor<2>,
    phases: Phases,
}

impl<'a> ImageSource<'a> {
    /// Batches of `sections`, all of the same feature width, on `device`.
    pub fn new(sections: &'a [StandardFeatures<'a>], device: &Device) -> Self {
        let width = sections.first().map_or(0, StandardFeatures::width);
        let mut ranges = Vec::with_capacity(sections.len());
        let mut count = 0;
        for section in sections {
            let start = count;
            count += section.landmark_um().len();
            ranges.push(start..count);
        }
        let mut source = Self { views: Vec::new(), ranges, width, device: device.clone() };
        source.views.push(source.see(sections));
        source
    }

    /// The same, to be seen in `views` as well: each has the same sections with as many spots and landmarks.
    pub fn and_views(mut self, views: &'a [Vec<StandardFeatures<'a>>]) -> Self {
        let seen: Vec<Seen<'a>> = views.iter().map(|sections| self.see(sections)).collect();
        self.views.extend(seen);
        self
    }

    fn see(&self, sections: &'a [StandardFeatures<'a>]) -> Seen<'a> {
        let (mut values, mut places) = (Vec::new(), Vec::new());
        for section in sections {
            values.extend_from_slice(section.landmarks().as_slice());
            places.extend_from_slice(section.landmark_um());
        }
        if places.is_empty() {
            // Attention needs a token to look past: this one is masked for every spot.
            values = vec![0.0; self.width];
            places.push([0.0, 0.0]);
        }
        let features = Tensor::from_data(TensorData::new(values, [places.len(), self.width]), &self.device);
        let phases = Phases::new(places.into_iter(), &self.device);
        Seen { sections, landmarks: Landmarks { features, phases } }
    }

    /// Length of a patch's features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Sections there are.
    pub fn section_count(&self) -> usize {
        self.ranges.len()
    }

    /// Views that batches may be seen in, the plain one included.
    pub fn view_count(&self) -> usize {
        self.views.len()
    }

    /// All spots of one section.
    pub fn picks_of(&self, section: usize) -> impl Iterator<Item = SpotRef> + use<> {
        let count = self.sections().get(section).map_or(0, StandardFeatures::spots);
        (0..count).map(move |spot| SpotRef { section, spot })
    }

    fn sections(&self) -> &'a [StandardFeatures<'a>] {
        self.views.first().map_or(&[], |seen| seen.sections)
    }

    /// The tensors of `picks` in the plain view.
    pub fn batch(&self, picks: &[SpotRef]) -> ImageBatch {
        self.batch_seen(picks, &vec![0; self.ranges.len()], None)
    }

    /// The tensors of `picks`, those of section `s` in view `views[s]`, below [`ImageSource::view_count`]; the
    /// numbers of `keep_tokens`, one a neighbourhood patch, multiply its mask.
    pub fn batch_seen(&self, picks: &[SpotRef], views: &[usize], keep_tokens: Option<&[f32]>) -> ImageBatch {
        let (count, d) = (picks.len(), self.width);
        let section = |p: &SpotRef| &self.views[views[p.section]].sections[p.section];
        let mut spot = vec![0.0; count * d];
        let mut near = vec![0.0; count * NEIGHBOURHOOD * d];
        let mut mask = vec![0.0; count * NEIGHBOURHOOD];
        // Neighbourhoods are interpolated: with a wide encoder that is work for all cores.
        let (many, grid) = (near.len() >= WORTH_CORES, (NEIGHBOURHOOD * d).max(1));
        let read = |spot: &mut [f32], near: &mut [f32], mask: &mut [f32], p: &SpotRef| {
            section(p).read_spot(p.spot, spot);
            section(p).read_neighbourhood(p.spot, near, mask);
        };
        if many {
            let rows = spot.par_chunks_mut(d.max(1)).zip(near.par_chunks_mut(grid));
            let rows = rows.zip(mask.par_chunks_mut(NEIGHBOURHOOD)).zip(picks);
            rows.for_each(|(((spot, near), mask), p)| read(spot, near, mask, p));
        } else {
            let rows = spot.chunks_mut(d.max(1)).zip(near.chunks_mut(grid));
            let rows = rows.zip(mask.chunks_mut(NEIGHBOURHOOD)).zip(picks);
            rows.for_each(|(((spot, near), mask), p)| read(spot, near, mask, p));
        }
        let places: Vec<[f32; 2]> = picks.iter().map(|p| section(p).place_um(p.spot)).collect();
        let landmarks = self.landmarks(views);
        let marks = landmarks.features.dims()[0];
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
            landmarks: landmarks.features,
            landmark_phases: landmarks.phases,
            landmark_mask: tensor(sees, [count, marks]),
        }
    }

    /// The landmarks of each section in its view.
    fn landmarks(&self, views: &[usize]) -> Landmarks {
        let first = views.first().copied().unwrap_or(0);
        if views.iter().all(|&view| view == first) {
            return self.views[first].landmarks.clone();
        }
        let part = |pick: fn(&Landmarks) -> &Tensor<2>| {
            let sections = views.iter().zip(&self.ranges).filter(|(_, range)| !range.is_empty());
            let parts: Vec<Tensor<2>> = sections
                .map(|(&view, range)| {
                    pick(&self.views[view].landmarks).clone().narrow(0, range.start, range.len())
                })
                .collect();
            if parts.is_empty() { pick(&self.views[first].landmarks).clone() } else { Tensor::cat(parts, 0) }
        };
        let phases = Phases { sin: part(|l| &l.phases.sin), cos: part(|l| &l.phases.cos) };
        Landmarks { features: part(|l| &l.features), phases }
    }
}
