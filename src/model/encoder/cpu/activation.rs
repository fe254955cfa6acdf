//! Nonlinear functions, written so that the compiler can use the widest vectors the processor has.

use rayon::prelude::*;

use super::tokens::ROWS;

/// Runs `f` compiled for the processor's widest vectors. What `f` calls must be inlined into it.
#[inline(always)]
pub(super) fn wide<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// GELU of every row after `bias` was added: `x * (1 + erf(x / sqrt 2)) / 2`.
pub(super) fn gelu(values: &mut [f32], bias: &[f32]) {
    values.par_chunks_mut(ROWS * bias.len()).for_each(|rows| {
        wide(|| {
            for row in rows.chunks_exact_mut(bias.len()) {
                for (v, b) in row.iter_mut().zip(bias) {
                    let x = *v + b;
                    *v = 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
                }
            }
        });
    });
}

/// After `bias` was added: the first half of every row, through SiLU, times its second half.
pub(super) fn swiglu(values: &[f32], bias: &[f32]) -> Vec<f32> {
    let half = bias.len() / 2;
    let (gate_bias, value_bias) = bias.split_at(half);
    let mut out = vec![0.0; values.len() / 2];
    out.par_chunks_mut(ROWS * half).zip(values.par_chunks(ROWS * 2 * half)).for_each(|(out, rows)| {
        wide(|| {
            for (out, row) in out.chunks_exact_mut(half).zip(rows.chunks_exact(2 * half)) {
                let (gate, value) = row.split_at(half);
                let biases = gate_bias.iter().zip(value_bias);
                for (((o, gate), value), (gate_bias, value_bias)) in
                    out.iter_mut().zip(gate).zip(value).zip(biases)
                {
                    let gate = gate + gate_bias;
                    *o = gate / (1.0 + exp(-gate)) * (value + value_bias);
                }
            }
        });
    });
    out
}

/// `e^x` to 2 units in the last place, 0 and infinity beyond single precision: `2^n` by the exponent's
/// bits, and the remainder by the polynomial of Cephes' `expf`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.3, 88.3);
    // Adding and taking away 1.5 * 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    // ln 2 in two parts, so that x - n ln 2 keeps its digits.
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5.0e-1;
    let y = p * r * r + r + 1.0;
    y * f32::from_bits(((n as i32 + 127) << 23) as u32)
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
    p = p * x2 - 2.954_599_8e-3;
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
            [(0.0, 0.0), (0.1, 0.112_462_92), (0.5, 0.520_499_88), (1.0, 0.842_700_8), (2.0, 0.995_322_27)]
        {
            assert!((erf(x) - expected).abs() < 3e-7, "erf({x}) = {}", erf(x));
            assert!((erf(-x) + expected).abs() < 3e-7);
        }
        assert!((erf(9.0) - 1.0).abs() < 3e-7);
    }
}
