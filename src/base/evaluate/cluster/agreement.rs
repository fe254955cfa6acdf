//! How well two classifications of the same places agree.

use super::ClusterError;
use super::numbering::compact;

/// How well two classifications agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// See [`adjusted_rand_index`].
    pub ari: f64,
    /// See [`normalised_mutual_information`].
    pub nmi: f64,
    /// Places compared: those that have a class in both.
    pub places: usize,
}

/// Compares the classes of the same places, where both have one. `None` when there is no such place.
///
/// # Errors
/// [`ClusterError::Length`] when they are not of the same places.
pub fn compare(a: &[Option<usize>], b: &[Option<usize>]) -> Result<Option<Agreement>, ClusterError> {
    if a.len() != b.len() {
        return Err(ClusterError::Length {
            what: "the second classification",
            expected: a.len(),
            found: b.len(),
        });
    }
    let (a, b): (Vec<usize>, Vec<usize>) = a.iter().zip(b).filter_map(|(&a, &b)| Some((a?, b?))).unzip();
    Ok((!a.is_empty()).then(|| Agreement {
        ari: adjusted_rand_index(&a, &b),
        nmi: normalised_mutual_information(&a, &b),
        places: a.len(),
    }))
}

/// How many items fall in each pair of classes, and in each class of either.
pub(super) struct Contingency {
    /// Class of the first, class of the second, items: sorted, pairs without items left out.
    pub(super) cells: Vec<(usize, usize, f64)>,
    pub(super) rows: Vec<f64>,
    pub(super) cols: Vec<f64>,
    n: f64,
}

impl Contingency {
    /// Classes are numbered by the order of their numbers.
    pub(super) fn new(a: &[usize], b: &[usize]) -> Self {
        let n = a.len().min(b.len());
        let ((a, a_classes), (b, b_classes)) = (compact(&a[..n]), compact(&b[..n]));
        let mut pairs: Vec<(usize, usize)> = a.iter().copied().zip(b.iter().copied()).collect();
        pairs.sort_unstable();
        let mut table = Self {
            cells: pairs
                .chunk_by(|x, y| x == y)
                .map(|same| (same[0].0, same[0].1, same.len() as f64))
                .collect(),
            rows: vec![0.0; a_classes.len()],
            cols: vec![0.0; b_classes.len()],
            n: n as f64,
        };
        for &(i, j, count) in &table.cells {
            table.rows[i] += count;
            table.cols[j] += count;
        }
        table
    }

    fn counts(&self) -> impl Iterator<Item = f64> {
        self.cells.iter().map(|&(_, _, count)| count)
    }
}

/// The adjusted Rand index of two classifications of the same items (Hubert and Arabie 1985): 1 when they agree, about
/// 0 when one is random.
pub fn adjusted_rand_index(a: &[usize], b: &[usize]) -> f64 {
    fn pairs(counts: impl Iterator<Item = f64>) -> f64 {
        counts.map(|c| c * (c - 1.0) / 2.0).sum()
    }
    let t = Contingency::new(a, b);
    let same = pairs(t.counts());
    let (in_a, in_b) = (pairs(t.rows.iter().copied()), pairs(t.cols.iter().copied()));
    let expected = in_a * in_b / (t.n * (t.n - 1.0) / 2.0);
    let most = f64::midpoint(in_a, in_b);
    // Both have one class, or each item its own: they agree.
    if t.n < 2.0 || most == expected { 1.0 } else { (same - expected) / (most - expected) }
}

/// Mutual information over the arithmetic mean of the two entropies: 1 when the classifications agree, 0
/// when they are independent.
pub fn normalised_mutual_information(a: &[usize], b: &[usize]) -> f64 {
    let t = Contingency::new(a, b);
    let entropy =
        |counts: &mut dyn Iterator<Item = f64>| -> f64 { counts.map(|c| -c / t.n * (c / t.n).ln()).sum() };
    let (in_a, in_b) = (entropy(&mut t.rows.iter().copied()), entropy(&mut t.cols.iter().copied()));
    if in_a == 0.0 && in_b == 0.0 {
        return 1.0;
    }
    let mutual = in_a + in_b - entropy(&mut t.counts());
    (mutual / f64::midpoint(in_a, in_b)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::testing::small;
    use super::*;

    #[test]
    fn indices_equal_scikit_learn() {
        // scikit-learn 1.9: adjusted_rand_score, normalized_mutual_info_score.
        let a = [0, 0, 1, 1, 2, 2, 2, 3, 3, 0];
        let b = [1, 1, 1, 0, 2, 2, 0, 0, 0, 1];
        assert!((adjusted_rand_index(&a, &b) - 0.328_358_208_955_223_9).abs() < 1e-12);
        assert!((normalised_mutual_information(&a, &b) - 0.599_184_476_611_833_4).abs() < 1e-12);
        let renamed = a.map(|c| 3 - c);
        assert_eq!(adjusted_rand_index(&a, &renamed), 1.0);
        assert!((normalised_mutual_information(&a, &renamed) - 1.0).abs() < 1e-12);
        assert_eq!(
            (adjusted_rand_index(&[0; 4], &[0; 4]), normalised_mutual_information(&[0; 4], &[0; 4])),
            (1.0, 1.0)
        );
        assert_eq!(normalised_mutual_information(&[0; 4], &[0, 1, 0, 1]), 0.0);
    }

    #[test]
    fn larger_classifications_equal_scikit_learn() {
        let s = small();
        assert!((adjusted_rand_index(&s.a, &s.b) - s.ari).abs() < 1e-12);
        assert!((normalised_mutual_information(&s.a, &s.b) - s.nmi).abs() < 1e-12);
        // Numbers of classes mean nothing, however large.
        let far: Vec<usize> = s.a.iter().map(|a| usize::MAX - a).collect();
        assert!((adjusted_rand_index(&far, &s.b) - s.ari).abs() < 1e-12);
    }

    #[test]
    fn places_without_a_class_take_no_part() {
        let a = [Some(0), Some(1), None, Some(1), Some(0)];
        let b = [Some(7), Some(3), Some(3), Some(3), None];
        let found = compare(&a, &b).unwrap().unwrap();
        assert_eq!((found.ari, found.nmi, found.places), (1.0, 1.0, 3));
        assert_eq!(compare(&[None], &[Some(1)]), Ok(None));
        assert!(matches!(compare(&a, &b[..2]), Err(ClusterError::Length { expected: 5, found: 2, .. })));
    }
}
