//! Otsu's threshold (Otsu 1979): the value that parts two classes with the largest variance between them.

const BINS: usize = 256;
/// Larger values count as this.
const MAX_DENSITY: f32 = 0.6;

/// The threshold of values from 0 on; 0 where there is nothing to part.
pub(super) fn threshold(values: impl Iterator<Item = f32>) -> f32 {
    let mut histogram = [0u64; BINS];
    for value in values {
        let bin = (value.clamp(0.0, MAX_DENSITY) / MAX_DENSITY * BINS as f32) as usize;
        histogram[bin.min(BINS - 1)] += 1;
    }
    let at = |bin: usize| bin as f64 + 0.5;
    let total: u64 = histogram.iter().sum();
    let whole: f64 = histogram.iter().enumerate().map(|(bin, &n)| at(bin) * n as f64).sum();
    let (mut below, mut sum) = (0u64, 0.0);
    let (mut best, mut first, mut last) = (0.0, 0, 0);
    for (bin, &n) in histogram.iter().enumerate() {
        below += n;
        sum += at(bin) * n as f64;
        if below == 0 || below == total {
            continue;
        }
        let (w, rest) = (below as f64, (total - below) as f64);
        let between = w * rest * (sum / w - (whole - sum) / rest).powi(2);
        // Between two classes that do not meet, all thresholds are as good: the middle one is taken.
        if between > best * (1.0 + 1e-9) {
            (best, first, last) = (between, bin + 1, bin + 1);
        } else if between >= best * (1.0 - 1e-9) && best > 0.0 {
            last = bin + 1;
        }
    }
    (first + last) as f32 / 2.0 / BINS as f32 * MAX_DENSITY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_are_parted_in_the_middle() {
        let values = [0.02f32, 0.03, 0.04]
            .into_iter()
            .cycle()
            .take(300)
            .chain([0.3, 0.32].into_iter().cycle().take(50));
        let t = threshold(values);
        assert!((0.1..0.25).contains(&t), "{t}");
        assert_eq!(threshold(std::iter::empty()), 0.0);
        assert_eq!(threshold([f32::NAN, 0.1].into_iter().filter(|v| v.is_finite())), 0.0);
    }
}
