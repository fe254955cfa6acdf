//! Smooth randomness that can be asked for at any place in any order, so that every strip of a slide can
//! be painted by itself.

/// Random bits of a lattice point.
pub(super) fn hash(seed: u32, x: i32, y: i32) -> u32 {
    let mut h =
        seed ^ x.cast_unsigned().wrapping_mul(0x9e37_79b1) ^ y.cast_unsigned().wrapping_mul(0x85eb_ca77);
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

/// Uniform in 0 to 1 from random bits.
pub(super) fn unit(bits: u32) -> f32 {
    (bits >> 8) as f32 / 16_777_216.0
}

/// Rounds down; quicker than `floor` where the processor has no instruction for it.
fn floor(v: f32) -> i32 {
    let i = v as i32;
    i - i32::from((i as f32) > v)
}

/// Value noise between -1 and 1: random values at whole numbers, smooth between them.
pub(super) fn value(seed: u32, x: f32, y: f32) -> f32 {
    let (i, j) = (floor(x), floor(y));
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (smooth(x - i as f32), smooth(y - j as f32));
    let at = |di: i32, dj: i32| unit(hash(seed, i.wrapping_add(di), j.wrapping_add(dj)));
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * u;
    let bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * u;
    2.0 * (top + (bottom - top) * v) - 1.0
}

/// Value noise of several scales, each half the size and half the strength of the one before; between
/// about -1 and 1. Each scale is turned against the others, so that no direction of a lattice shows.
pub(super) fn fractal(seed: u32, x: f32, y: f32, octaves: u32) -> f32 {
    let (mut sum, mut strength) = (0.0, 0.5);
    let (mut u, mut v) = (0.82 * x - 0.57 * y + 11.3, 0.57 * x + 0.82 * y + 5.7);
    for o in 0..octaves {
        sum += strength * value(seed.wrapping_add(o.wrapping_mul(0x68e3_1da4)), u, v);
        strength *= 0.5;
        (u, v) = (1.2 * u - 1.6 * v, 1.6 * u + 1.2 * v);
    }
    sum * 1.5
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(super) fn smoothstep(low: f32, high: f32, v: f32) -> f32 {
    let t = ((v - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_bounded_continuous_and_repeats() {
        let mut last = value(7, -3.0, 1.7);
        for i in 1..600 {
            let v = value(7, -3.0 + i as f32 * 0.01, 1.7);
            assert!((-1.0..=1.0).contains(&v) && (v - last).abs() < 0.04, "{i}: {last} then {v}");
            last = v;
        }
        assert_eq!(value(7, -2.5, 9.25), value(7, -2.5, 9.25));
        assert_ne!(value(7, -2.5, 9.25), value(8, -2.5, 9.25));
        let mean = (0..4000).map(|i| unit(hash(3, i % 63, i / 63))).sum::<f32>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
