//! Continuous positions: sines and cosines of micrometres at several wavelengths, always relative to the
//! spot in question, so that nothing depends on where a section lies on its slide.
//!
//! The embedding of a difference follows from those of its ends (angle sums), so relative positions of
//! all pairs of `b` spots and `m` landmarks cost two small matrices instead of `b x m` embeddings.

use burn::tensor::{Device, Tensor, TensorData};

/// The wavelengths of the embedding, in micrometres: a few cells to a whole section.
pub const WAVELENGTHS_UM: [f64; 6] = [400.0, 900.0, 2_000.0, 4_500.0, 10_000.0, 22_500.0];

/// Number of angles of a position: each wavelength along x and along y.
pub const ANGLES: usize = 2 * WAVELENGTHS_UM.len();

/// Length of a position's embedding: the sine and the cosine of each angle.
pub const POSITION_WIDTH: usize = 2 * ANGLES;

/// Sines and cosines of positions, each `n x ANGLES`.
#[derive(Debug, Clone)]
pub struct Phases {
    /// Sines.
    pub sin: Tensor<2>,
    /// Cosines.
    pub cos: Tensor<2>,
}

/// The angles of one position.
fn angles(um: [f32; 2]) -> impl Iterator<Item = f64> {
    um.into_iter().flat_map(|v| WAVELENGTHS_UM.iter().map(move |w| std::f64::consts::TAU * f64::from(v) / w))
}

/// The embedding of one difference of positions, sines before cosines: [`POSITION_WIDTH`] numbers.
pub fn embed(um: [f32; 2]) -> impl Iterator<Item = f32> {
    angles(um).map(|a| a.sin() as f32).chain(angles(um).map(|a| a.cos() as f32))
}

/// Embeddings of differences of positions.
///
/// # Shapes
/// - output: `[um.len(), POSITION_WIDTH]`
pub fn embed_all(um: impl ExactSizeIterator<Item = [f32; 2]>, device: &Device) -> Tensor<2> {
    let shape = [um.len(), POSITION_WIDTH];
    let values: Vec<f32> = um.flat_map(embed).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

impl Phases {
    /// Phases of `um`, computed in double precision: far from the origin single precision loses the angle.
    pub fn new(um: impl ExactSizeIterator<Item = [f32; 2]>, device: &Device) -> Self {
        let shape = [um.len(), ANGLES];
        let (mut sin, mut cos) =
            (Vec::with_capacity(shape[0] * ANGLES), Vec::with_capacity(shape[0] * ANGLES));
        for a in um.flat_map(angles) {
            sin.push(a.sin() as f32);
            cos.push(a.cos() as f32);
        }
        let tensor = |v| Tensor::from_data(TensorData::new(v, shape), device);
        Self { sin: tensor(sin), cos: tensor(cos) }
    }

    /// Both beside each other: `[n, POSITION_WIDTH]`.
    pub fn joined(&self) -> Tensor<2> {
        Tensor::cat(vec![self.sin.clone(), self.cos.clone()], 1)
    }

    /// Turns queries for relative positions into queries for absolute ones:
    /// `q . embed(b - a) = turn_query(q) . [sin b, cos b]`, `a` being these phases.
    ///
    /// # Shapes
    /// - query: `[n, heads, POSITION_WIDTH]`
    /// - output: `[n, heads, POSITION_WIDTH]`
    pub fn turn_query(&self, query: Tensor<3>) -> Tensor<3> {
        let (sin, cos) = (self.sin.clone().unsqueeze_dim::<3>(1), self.cos.clone().unsqueeze_dim::<3>(1));
        let of_sin = query.clone().narrow(2, 0, ANGLES);
        let of_cos = query.narrow(2, ANGLES, ANGLES);
        Tensor::cat(
            vec![of_sin.clone() * cos.clone() + of_cos.clone() * sin.clone(), of_cos * cos - of_sin * sin],
            2,
        )
    }

    /// Turns weighted sums of absolute embeddings into sums of relative ones:
    /// `sum w embed(b - a) = turn_sum(sum w [sin b, cos b])`, `a` being these phases.
    ///
    /// # Shapes
    /// - sum: `[n, heads, POSITION_WIDTH]`
    /// - output: `[n, heads, POSITION_WIDTH]`
    pub fn turn_sum(&self, sum: Tensor<3>) -> Tensor<3> {
        let (sin, cos) = (self.sin.clone().unsqueeze_dim::<3>(1), self.cos.clone().unsqueeze_dim::<3>(1));
        let of_sin = sum.clone().narrow(2, 0, ANGLES);
        let of_cos = sum.narrow(2, ANGLES, ANGLES);
        Tensor::cat(
            vec![of_sin.clone() * cos.clone() - of_cos.clone() * sin.clone(), of_cos * cos + of_sin * sin],
            2,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<const D: usize>(t: Tensor<D>) -> Vec<f32> {
        t.try_into_vec_as::<f32>().unwrap()
    }

    #[test]
    fn nothing_apart_is_zeros_and_ones() {
        let e: Vec<f32> = embed([0.0, 0.0]).collect();
        assert_eq!(e[..ANGLES], [0.0; ANGLES]);
        assert_eq!(e[ANGLES..], [1.0; ANGLES]);
        // A quarter of the shortest wavelength along x: its sine is 1, those along y stay 0.
        let e: Vec<f32> = embed([100.0, 0.0]).collect();
        assert!((e[0] - 1.0).abs() < 1e-6 && e[ANGLES].abs() < 1e-6 && e[WAVELENGTHS_UM.len()] == 0.0);
    }

    #[test]
    fn turned_queries_and_sums_are_those_of_relative_positions() {
        let device = Device::flex();
        let (spot, mark) = ([5_300.0, 812.0], [[7_000.0, 950.0], [100.0, 4_000.0]]);
        let query: Vec<f32> = (0..POSITION_WIDTH).map(|i| (i as f32 * 0.7).sin()).collect();
        let relative: Vec<Vec<f32>> =
            mark.iter().map(|m| embed([m[0] - spot[0], m[1] - spot[1]]).collect()).collect();

        let at = Phases::new([spot].into_iter(), &device);
        let to = Phases::new(mark.into_iter(), &device).joined();
        let q = Tensor::<1>::from_floats(query.as_slice(), &device).reshape([1, 1, POSITION_WIDTH]);
        let scores = values(at.turn_query(q).reshape([1, POSITION_WIDTH]).matmul(to.clone().transpose()));
        for (score, r) in scores.iter().zip(&relative) {
            let expected: f32 = query.iter().zip(r).map(|(a, b)| a * b).sum();
            assert!((score - expected).abs() < 1e-4, "{score} is not {expected}");
        }

        let weights = Tensor::<2>::from_floats([[0.25, 0.75]], &device);
        let sum = values(at.turn_sum(weights.matmul(to).unsqueeze_dim(1)));
        for (i, s) in sum.iter().enumerate() {
            let expected = 0.25 * relative[0][i] + 0.75 * relative[1][i];
            assert!((s - expected).abs() < 1e-5, "{s} is not {expected}");
        }
    }
}
