//! The batches of an epoch: which spots go together, and what is left out at random.

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::core::dihedral::Dihedral;
use crate::core::rng::stream;
use crate::model::positions::{POSITION_WIDTH, embed};
use crate::model::{ExpressionBatch, ImageBatch, Noise};
use crate::predict::source::{ImageSource, SpotRef};
use crate::preprocess::features::NEIGHBOURHOOD;
use crate::preprocess::views::View;
use crate::train::config::TrainConfig;
use crate::train::prepare::Prepared;

/// What one training step reads.
pub struct Batch {
    /// The image side.
    pub image: ImageBatch,
    /// The expression side.
    pub expression: ExpressionBatch,
    /// What regression should give: `[b, genes]`.
    pub target: Tensor<2>,
    /// What is left out.
    pub noise: Noise,
}

/// Makes the batches of one epoch, the same ones whenever it is asked.
pub struct Batches<'a> {
    source: &'a ImageSource<'a>,
    prepared: &'a Prepared,
    config: &'a TrainConfig,
    device: &'a Device,
    order: Vec<u32>,
    size: usize,
    rng: ChaCha8Rng,
    /// Draws views, apart from the rest: training in one view is what it would be without this.
    views: ChaCha8Rng,
}

impl<'a> Batches<'a> {
    /// Batches of `epoch`, spots of all sections mixed. All are of the same size, so that a GPU compiles
    /// one shape; the few spots that are left over come in another epoch.
    pub fn new(
        source: &'a ImageSource<'a>,
        prepared: &'a Prepared,
        config: &'a TrainConfig,
        seed: u64,
        epoch: usize,
        device: &'a Device,
    ) -> Self {
        let count = prepared.picks.len();
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.shuffle(&mut stream(seed, "batch order", epoch as u64));
        let size = batch_size(count, config.batch_size);
        let rng = stream(seed, "dropout", epoch as u64);
        let views = stream(seed, "views", epoch as u64);
        Self { source, prepared, config, device, order, size, rng, views }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.order.len() / self.size.max(1)
    }

    /// Batch `i`; to be asked for in order.
    pub fn next(&mut self, i: usize) -> Batch {
        let rows = self.order[i * self.size..(i + 1) * self.size].to_vec();
        let picks: Vec<SpotRef> = rows.iter().map(|&r| self.prepared.picks[r as usize]).collect();
        let keep = self.keep(rows.len() * NEIGHBOURHOOD, self.config.token_dropout, false);
        let views = self.draw_views();
        let image = self.source.batch_seen(&picks, &views, keep.as_deref());
        let target = &self.prepared.target;
        let mut values = Vec::with_capacity(rows.len() * target.cols());
        for &r in &rows {
            values.extend_from_slice(target.row(r as usize));
        }
        let target = self.tensor(values, [rows.len(), target.cols()]);
        let neighbours = self.config.expression_neighbours;
        let turns: Vec<Dihedral> = views.into_iter().map(View::turn_of).collect();
        let expression = expression_batch(self.prepared, &rows, neighbours, &turns, self.device);
        let noise = self.noise(rows.len());
        Batch { image, expression, target, noise }
    }

    /// The view in which a batch shows each section: the plain one or any other, each as likely.
    fn draw_views(&mut self) -> Vec<usize> {
        let (sections, views) = (self.source.section_count(), self.source.view_count());
        (0..sections).map(|_| self.views.random_range(0..views.max(1))).collect()
    }

    fn tensor(&self, values: Vec<f32>, shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, shape), self.device)
    }

    /// 1 or 0 at random, or scaled so that the mean stays 1; none where nothing is left out.
    fn keep(&mut self, count: usize, dropout: f64, scaled: bool) -> Option<Vec<f32>> {
        let (dropout, kept) = (dropout as f32, if scaled { (1.0 / (1.0 - dropout)) as f32 } else { 1.0 });
        (dropout > 0.0).then(|| {
            (0..count).map(|_| if self.rng.random::<f32>() < dropout { 0.0 } else { kept }).collect()
        })
    }

    fn mask(&mut self, shape: [usize; 2], dropout: f64) -> Option<Tensor<2>> {
        let values = self.keep(shape[0] * shape[1], dropout, true)?;
        Some(self.tensor(values, shape))
    }

    fn noise(&mut self, count: usize) -> Noise {
        let c = self.config;
        Noise {
            features: self.mask([self.source.width(), 1], c.feature_dropout),
            hidden: self.mask([count, c.width], c.dropout),
            embedding: self.mask([count, c.embedding], c.dropout),
        }
    }
}

/// What the expression branch reads of the spots `rows` with `neighbours` neighbours each, where there are as many.
/// Section `s` is turned by `turns[s]`; one that is not named there is not.
pub fn expression_batch(
    prepared: &Prepared,
    rows: &[u32],
    neighbours: usize,
    turns: &[Dihedral],
    device: &Device,
) -> ExpressionBatch {
    let tokens = 1 + neighbours;
    let count = rows.len() * tokens;
    let inputs = &prepared.inputs;
    let mut values = Vec::with_capacity(count * inputs.cols());
    let mut positions = Vec::with_capacity(count * POSITION_WIDTH);
    let mut mask = Vec::with_capacity(count);
    for &row in rows {
        let origin = prepared.places[row as usize];
        let near = &prepared.neighbours[row as usize];
        let turn = turns.get(prepared.picks[row as usize].section).copied().unwrap_or_default();
        for slot in 0..tokens {
            // Where a section has too few spots the spot itself stands in, masked.
            let other = if slot == 0 { Some(row) } else { near.get(slot - 1).copied() };
            let token = other.unwrap_or(row) as usize;
            values.extend_from_slice(inputs.row(token));
            let at = prepared.places[token];
            positions.extend(embed(turn.apply([at[0] - origin[0], at[1] - origin[1]])));
            mask.push(if other.is_some() { 1.0 } else { 0.0 });
        }
    }
    let tensor = |values, shape: [usize; 2]| Tensor::from_data(TensorData::new(values, shape), device);
    ExpressionBatch {
        expression: tensor(values, [count, inputs.cols()]),
        positions: tensor(positions, [count, POSITION_WIDTH]),
        mask: tensor(mask, [rows.len(), tokens]),
    }
}

/// The size nearest to the wished one that divides an epoch into whole batches but for less than one a batch.
pub fn batch_size(count: usize, wished: usize) -> usize {
    let batches = ((count as f64 / wished.max(1) as f64).round() as usize).max(1);
    count / batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_of_one_size_and_waste_little() {
        for (count, wished, size) in [(530, 128, 132), (100, 128, 100), (256, 128, 128), (5_000, 128, 128)] {
            assert_eq!(batch_size(count, wished), size);
            assert!(count % size < count / size + 1);
        }
    }
}
