//! Nonlinear functions, written so that the compiler can use the widest vectors the processor has.

use rayon::prelude::*;

use super::tokens::ROWS;

/// Work in loops that are to use the widest vectors. [`Loops::run`] and all it calls must be `#[inline(always)]`,
/// and closures must be tiny: what is not inlined is compiled for the oldest processor.
pub(super) trait Loops {
    /// Does the work.
    fn run(self);
}

/// Does work that was compiled for this processor's widest vectors.
pub(super) fn wide(work: impl Loops) {
    struct Dispatched<L>(L);
    impl<L: Loops> pulp::WithSimd for Dispatched<L> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) {
            self.0.run();
        }
    }
    pulp::Arch::new().dispatch(Dispatched(work));
}

/// GELU of every row after `bias` was added: `x * (1 + erf(x / sqrt 2)) / 2`.
pub(super) fn gelu(values: &mut [f32], bias: &[f32]) {
    struct Gelu<'a>(&'a mut [f32], &'a [f32]);
    impl Loops for Gelu<'_> {
        #[inline(always)]
        fn run(self) {
            for row in self.0.chunks_exact_mut(self.1.len()) {
                for (v, b) in row.iter_mut().zip(self.1) {
                    let x = *v + b;
                    *v = 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
                }
            }
        }
    }
    values.par_chunks_mut(ROWS * bias.len()).for_each(|rows| wide(Gelu(rows, bias)));
}

/// After `bias` was added: the first half of every row, through SiLU, times its second half.
pub(super) fn swiglu(values: &[f32], bias: &[f32]) -> Vec<f32> {
    struct Swiglu<'a> {
        out: &'a mut [f32],
        rows: &'a [f32],
        bias: &'a [f32],
    }
    impl Loops for Swiglu<'_> {
        #[inline(always)]
        fn run(self) {
            let half = self.bias.len() / 2;
            let (gate_bias, value_bias) = self.bias.split_at(half);
            for (out, row) in self.out.chunks_exact_mut(half).zip(self.rows.chunks_exact(2 * half)) {
                let (gate, value) = row.split_at(half);
                let (gate, value) = (gate.iter().zip(gate_bias), value.iter().zip(value_bias));
                for ((o, (gate, gate_bias)), (value, value_bias)) in out.iter_mut().zip(gate).zip(value) {
                    let gate = gate + gate_bias;
                    *o = gate / (1.0 + exp(-gate)) * (value + value_bias);
                }
            }
        }
    }
    let half = bias.len() / 2;
    let mut out = vec![0.0; values.len() / 2];
    let parts = out.par_chunks_mut(ROWS * half).zip(values.par_chunks(ROWS * 2 * half));
    parts.for_each(|(out, rows)| wide(Swiglu { out, rows, bias }));
    out
}

/// `e^(scale x)` over their sum, for every row of `columns` values and a scale above 0.
pub(super) fn softmax(values: &mut [f32], columns: usize, scale: f32) {
    struct Softmax<'a>(&'a mut [f32], usize, f32);
    impl Loops for Softmax<'_> {
        #[inline(always)]
        fn run(self) {
            let Self(values, columns, scale) = self;
            for row in values.chunks_exact_mut(columns) {
                let largest =
                    fold(row, f32::NEG_INFINITY, f32::max).into_iter().fold(f32::NEG_INFINITY, f32::max);
                for v in row.iter_mut() {
                    *v = exp((*v - largest) * scale);
                }
                let share = 1.0 / fold(row, 0.0, |sum, v| sum + v).iter().sum::<f32>();
                for v in row.iter_mut() {
                    *v *= share;
                }
            }
        }
    }
    wide(Softmax(values, columns, scale));
}

/// Every row of `x` to mean 0 and variance 1, then scaled by `weight` and shifted by `bias`.
pub(super) fn normalise(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
    struct Normalise<'a> {
        x: &'a [f32],
        weight: &'a [f32],
        bias: &'a [f32],
        eps: f32,
        y: &'a mut [f32],
    }
    impl Loops for Normalise<'_> {
        #[inline(always)]
        fn run(self) {
            let width = self.weight.len();
            let affine = self.weight.iter().zip(self.bias);
            for (y, x) in self.y.chunks_exact_mut(width).zip(self.x.chunks_exact(width)) {
                let mean = fold(x, 0.0, |sum, v| sum + v).iter().sum::<f32>() / width as f32;
                for (y, x) in y.iter_mut().zip(x) {
                    *y = x - mean;
                }
                let squares: f32 = fold(y, 0.0, |sum, v| sum + v * v).iter().sum();
                let scale = 1.0 / (squares / width as f32 + self.eps).sqrt();
                for (y, (weight, bias)) in y.iter_mut().zip(affine.clone()) {
                    *y = *y * scale * weight + bias;
                }
            }
        }
    }
    wide(Normalise { x, weight, bias, eps, y });
}

/// How many partial results a sum keeps: enough for the widest vectors, and exact to more digits than one.
const LANES: usize = 32;

/// Partial results of `f` over all values, each beginning with `start`.
#[inline(always)]
fn fold(values: &[f32], start: f32, f: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    let mut partial = [start; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (p, v) in partial.iter_mut().zip(chunk) {
            *p = f(*p, *v);
        }
    }
    for (p, v) in partial.iter_mut().zip(rest) {
        *p = f(*p, *v);
    }
    partial
}

/// `e^x` to 2 units in the last place, 0 and infinity beyond single precision: `2^n` by the exponent's
/// bits, and the remainder by the polynomial of Cephes' `expf`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.3, 88.3);
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the lowest bits; without a conversion or a check
    // for overflow, which would keep the loop from being vectorised.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    // ln 2 in two parts, so that x - n ln 2 keeps its digits.
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5.0e-1;
    let y = p * r * r + r + 1.0;
    y * f32::from_bits(rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23)
}

/// The error function to 3e-7, by the rational approximation that Eigen and XLA use.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let mut p = -2.726_142_3e-10;
    p = p * x2 + 2.770_681_4e-8;
    p = p * x2 - 2.101_024e-6;
    p = p * x2 - 5.692_506_5e-5;
    p = p * x2 - 7.349_906_3e-4;
    p = p * x2 - 2.954_6e-3;
    p = p * x2 - 1.609_603_3e-2;
    let mut q = -1.456_607_2e-5;
    q = q * x2 - 2.133_740_6e-4;
    q = q * x2 - 1.682_827e-3;
    q = q * x2 - 7.373_329e-3;
    q = q * x2 - 1.426_473_9e-2;
    x * p / q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_exact() {
        for i in -8700..=8800 {
            let x = i as f32 * 0.01;
            let expected = f64::from(x.clamp(-87.3, 88.3)).exp();
            let relative = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(relative < 3e-7, "exp({x}): off by {relative}");
        }
        assert!(exp(-1e30) < 1e-37 && exp(1e30) > 1e38);
    }

    #[test]
    fn the_error_function_has_its_known_values() {
        // Abramowitz and Stegun, table 7.1.
        for (x, expected) in
            [(0.0, 0.0), (0.1, 0.112_462_92), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3)]
        {
            assert!((erf(x) - expected).abs() < 3e-7, "erf({x}) = {}", erf(x));
            assert!((erf(-x) + expected).abs() < 3e-7);
        }
        assert!((erf(9.0) - 1.0).abs() < 3e-7);
    }
}
