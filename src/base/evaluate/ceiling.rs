//! The noise ceiling: the best correlation with measured expression that a perfect predictor could reach,
//! since counts are samples of what is there.
//!
//! Each spot's counts are split in two at random and the target is computed on both halves. How well the
//! halves correlate over spots is the reliability of half the data; Spearman-Brown extends it to all
//! of it, and the square root of a reliability bounds the correlation with the noisy values.

use rand::{Rng, RngExt};
use rayon::prelude::*;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::matrix::Csr;
use crate::core::rng;
use crate::core::target::Target;

/// Random halvings that the correlation of the halves is averaged over.
pub const SPLITS: usize = 10;

/// Spots whose random numbers come from one stream, whatever the number of threads.
const CHUNK: usize = 512;

/// The ceiling of each gene in `columns` over the spots of `counts`. `None` for genes that are constant in
/// one half of every split (too rare to say).
///
/// # Errors
/// [`Cancelled`].
pub fn noise_ceiling(
    counts: &Csr,
    columns: &[usize],
    target: Target,
    seed: u64,
    cancel: &CancelToken,
) -> Result<Vec<Option<f64>>, Cancelled> {
    let mut sums = vec![0.0; columns.len()];
    let mut defined = vec![0u32; columns.len()];
    for split in 0..SPLITS {
        cancel.check()?;
        let correlations = half_correlations(counts, columns, target, seed, split, cancel)?;
        for ((sum, n), r) in sums.iter_mut().zip(&mut defined).zip(correlations) {
            if let Some(r) = r {
                *sum += r;
                *n += 1;
            }
        }
    }
    let ceiling = |(sum, n): (f64, u32)| (n > 0).then(|| spearman_brown(sum / f64::from(n)).max(0.0).sqrt());
    Ok(sums.into_iter().zip(defined).map(ceiling).collect())
}

/// The reliability of twice the data, from the correlation `r` of two halves.
fn spearman_brown(r: f64) -> f64 {
    // Only r = -1 makes the denominator vanish, and a negative reliability is cut to none anyway.
    if r <= 0.0 { r } else { 2.0 * r / (1.0 + r) }
}

/// Sums from which a correlation follows. Spots where both halves are zero add nothing, so that only the
/// stored counts cost time.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    a: f64,
    b: f64,
    aa: f64,
    bb: f64,
    ab: f64,
}

impl Moments {
    fn add(&mut self, a: f64, b: f64) {
        self.a += a;
        self.b += b;
        self.aa += a * a;
        self.bb += b * b;
        self.ab += a * b;
    }

    fn merge(&mut self, other: &Self) {
        self.a += other.a;
        self.b += other.b;
        self.aa += other.aa;
        self.bb += other.bb;
        self.ab += other.ab;
    }

    fn correlation(&self, n: f64) -> Option<f64> {
        let variance_a = self.aa - self.a * self.a / n;
        let variance_b = self.bb - self.b * self.b / n;
        // What rounding leaves of a constant's variance is far below this share of its square.
        if variance_a <= 1e-12 * self.aa || variance_b <= 1e-12 * self.bb {
            return None;
        }
        Some((self.ab - self.a * self.b / n) / (variance_a * variance_b).sqrt())
    }
}

fn half_correlations(
    counts: &Csr,
    columns: &[usize],
    target: Target,
    seed: u64,
    split: usize,
    cancel: &CancelToken,
) -> Result<Vec<Option<f64>>, Cancelled> {
    let mut place = vec![usize::MAX; counts.cols()];
    for (i, &c) in columns.iter().enumerate() {
        place[c] = i;
    }
    let chunks = counts.rows().div_ceil(CHUNK);
    let parts: Vec<Vec<Moments>> = (0..chunks)
        .into_par_iter()
        .map(|chunk| {
            cancel.check()?;
            let mut random = rng::stream(seed, "count split", (split * chunks + chunk) as u64);
            let mut moments = vec![Moments::default(); columns.len()];
            for r in chunk * CHUNK..counts.rows().min((chunk + 1) * CHUNK) {
                add_spot(counts, r, &place, target, &mut random, &mut moments);
            }
            Ok(moments)
        })
        .collect::<Result<_, Cancelled>>()?;
    let mut all = vec![Moments::default(); columns.len()];
    for part in &parts {
        all.iter_mut().zip(part).for_each(|(m, p)| m.merge(p));
    }
    let n = counts.rows() as f64;
    Ok(all.iter().map(|m| m.correlation(n)).collect())
}

/// Splits the counts of spot `r` and adds the target of both halves to the moments of its genes.
fn add_spot(
    counts: &Csr,
    r: usize,
    place: &[usize],
    target: Target,
    random: &mut impl Rng,
    moments: &mut [Moments],
) {
    let (cols, values) = counts.row(r);
    let mut halves = Vec::new();
    let (mut total_a, mut total_b) = (0.0, 0.0);
    let mut others = 0.0;
    for (&c, &v) in cols.iter().zip(values) {
        let v = f64::from(v);
        match place[c as usize] {
            usize::MAX => others += v,
            gene => {
                let a = half(v, random);
                total_a += a;
                total_b += v - a;
                halves.push((gene, a, v - a));
            }
        }
    }
    if target == Target::Lognorm {
        // The sum of halved counts is the halved sum, so the other genes are split together.
        let a = half(others, random);
        total_a += a;
        total_b += others - a;
    }
    for (gene, a, b) in halves {
        moments[gene].add(target.of_count(a, total_a), target.of_count(b, total_b));
    }
}

/// How many of `count` transcripts fall into the first half: binomial with probability 1/2. The normal
/// approximation is used for counts where it is off by less than one part in a thousand.
fn half(count: f64, random: &mut impl Rng) -> f64 {
    const EXACT: f64 = 16_384.0;
    if count < EXACT {
        // The number of heads in `count` coins, 64 coins a word; what is not whole (counts that were
        // scaled) is split evenly.
        let whole = count.max(0.0).floor();
        let mut left = whole as u32;
        let mut heads = 0;
        while left > 0 {
            let coins = left.min(64);
            heads += (random.next_u64() >> (64 - coins)).count_ones();
            left -= coins;
        }
        f64::from(heads) + (count - whole) / 2.0
    } else {
        let (u, v): (f64, f64) = (random.random(), random.random());
        let normal = (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        (count / 2.0 + normal * count.sqrt() / 2.0).round().clamp(0.0, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::matrix::CsrBuilder;
    use crate::data::testing::{published_genes, real_data, real_section};
    use crate::evaluate::metrics::{highest_expressed, mean_of_defined};

    /// Two genes beside a third that takes most counts: the first has `low` or `high` counts by turns,
    /// the second always `low`.
    fn table(spots: usize, low: f32, high: f32) -> Csr {
        let mut b = CsrBuilder::new(3);
        for r in 0..spots {
            assert!(b.push(0, if r % 2 == 0 { low } else { high }) && b.push(1, low) && b.push(2, 100_000.0));
            b.end_row();
        }
        b.finish()
    }

    fn ceiling(counts: &Csr, columns: &[usize]) -> Vec<Option<f64>> {
        noise_ceiling(counts, columns, Target::Lognorm, 1, &CancelToken::new()).unwrap()
    }

    #[test]
    fn halves_have_the_right_mean_and_spread() {
        let mut random = rng::stream(1, "test", 0);
        for n in [1.0, 7.0, 64.0, 200.0, 50_000.0] {
            let draws: Vec<f64> = (0..4000).map(|_| half(n, &mut random)).collect();
            let mean = draws.iter().sum::<f64>() / 4000.0;
            let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 3999.0;
            assert!(draws.iter().all(|&d| (0.0..=n).contains(&d) && d.fract() == 0.0));
            assert!((mean - n / 2.0).abs() < 4.0 * (n / 4.0 / 4000.0).sqrt(), "{n}: mean {mean}");
            assert!((variance / (n / 4.0) - 1.0).abs() < 0.1, "{n}: variance {variance}");
        }
        assert_eq!(half(0.0, &mut random), 0.0);
    }

    #[test]
    fn certain_genes_reach_one_and_noise_none() {
        let c = ceiling(&table(1000, 1000.0, 4000.0), &[0, 1]);
        assert!(c[0].unwrap() > 0.999, "{c:?}");
        assert!(c[1].unwrap() < 0.35, "{c:?}");
    }

    /// A gene that is Poisson of mean 2 or 6 by turns: of its variance 4 + 4, half is signal, so that in
    /// the linear range of the target the ceiling is near sqrt(1/2) = .71.
    #[test]
    fn a_mixture_has_the_ceiling_of_theory() {
        let mut random = rng::stream(3, "poisson", 0);
        let mut b = CsrBuilder::new(2);
        for r in 0..4000 {
            let rate: f64 = if r % 2 == 0 { 2.0 } else { 6.0 };
            let mut p: f64 = 1.0;
            let mut n = -1.0f32;
            while p > (-rate).exp() {
                p *= random.random::<f64>();
                n += 1.0;
            }
            assert!(b.push(0, n) && b.push(1, 1e6));
            b.end_row();
        }
        let c = ceiling(&b.finish(), &[0]);
        assert!((c[0].unwrap() - 0.5f64.sqrt()).abs() < 0.03, "{c:?}");
    }

    /// numpy 2.4 on the same counts, `rng.binomial(c, .5)`, 10 splits, all genes and HEG-50: C2 .484 .735,
    /// C3 .482 .745, C4 .480 .706, C5 .471 .778.
    #[test]
    fn equals_numpy_on_her2st() {
        let Some(shared) = real_data() else { return };
        let genes = published_genes(&shared);
        for (name, all, heg) in
            [("C2", 0.484, 0.735), ("C3", 0.482, 0.745), ("C4", 0.480, 0.706), ("C5", 0.471, 0.778)]
        {
            let s = real_section(&shared, name);
            let columns: Vec<usize> = genes.iter().map(|g| s.gene(g).unwrap()).collect();
            let target = Target::Published;
            let c = noise_ceiling(&s.counts, &columns, target, 1, &CancelToken::new()).unwrap();
            let measured = target.of_counts(&s.counts, &columns);
            let n = measured.rows() as f64;
            let means: Vec<f64> = (0..genes.len())
                .map(|g| measured.column(g).into_iter().map(f64::from).sum::<f64>() / n)
                .collect();
            let over_all = mean_of_defined(c.iter().copied());
            let over_heg = mean_of_defined(highest_expressed(&means).into_iter().map(|g| c[g]));
            assert!((over_all - all).abs() < 0.01, "{name}: {over_all}");
            assert!((over_heg - heg).abs() < 0.01, "{name}: {over_heg}");
        }
    }

    #[test]
    fn absent_genes_are_undefined_and_seeds_repeat() {
        let mut b = CsrBuilder::new(2);
        for _ in 0..10 {
            assert!(b.push(0, 3.0));
            b.end_row();
        }
        let counts = b.finish();
        assert_eq!(ceiling(&counts, &[1]), [None]);
        let t = table(700, 2.0, 5.0);
        assert_eq!(ceiling(&t, &[0, 1]), ceiling(&t, &[0, 1]));
        let cancel = CancelToken::new();
        cancel.cancel();
        assert_eq!(noise_ceiling(&t, &[0], Target::Published, 1, &cancel), Err(Cancelled));
    }
}
