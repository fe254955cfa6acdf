//! What the model is trained to predict.

use serde::{Deserialize, Serialize};

use crate::core::matrix::{Csr, Matrix};

/// The scale on which expression is predicted; stored with every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `log10(1 + 1e4 * count / sum over the selected genes)`, as in the published protocol.
    #[default]
    Published,
    /// `ln(1 + 1e4 * count / sum over all genes)`.
    Lognorm,
}

impl Target {
    /// Name with unit, as it stands beside a colour bar.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Published => "log10(1 + CP10k), selected genes",
            Self::Lognorm => "ln(1 + CP10k), all genes",
        }
    }

    /// The target of `count` transcripts in a spot that has `total` of them (over the selected genes for
    /// [`Target::Published`], over all genes for [`Target::Lognorm`]). 0 in a spot without any.
    pub fn of_count(self, count: f64, total: f64) -> f64 {
        if total <= 0.0 {
            return 0.0;
        }
        let per_ten_thousand = 1e4 * count / total;
        match self {
            Self::Published => (1.0 + per_ten_thousand).log10(),
            Self::Lognorm => per_ten_thousand.ln_1p(),
        }
    }

    /// The target of the given columns of a count table: `counts.rows() x columns.len()`. Columns that do
    /// not exist are zeros.
    pub fn of_counts(self, counts: &Csr, columns: &[usize]) -> Matrix {
        let selected: Vec<Option<usize>> = columns.iter().map(|&c| Some(c)).collect();
        let mut out = counts.dense_columns(&selected);
        for r in 0..out.rows() {
            let total = match self {
                Self::Published => out.row(r).iter().map(|&v| f64::from(v)).sum(),
                Self::Lognorm => counts.row_sum(r),
            };
            for v in out.row_mut(r) {
                *v = self.of_count(f64::from(*v), total) as f32;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::matrix::CsrBuilder;

    #[test]
    fn formulas() {
        assert_eq!(Target::Published.of_count(1.0, 1e4), 2f64.log10());
        assert_eq!(Target::Lognorm.of_count(3.0, 1e4), 4f64.ln());
        assert_eq!(Target::Published.of_count(0.0, 0.0), 0.0);
    }

    #[test]
    fn totals_are_over_the_selected_or_over_all_genes() {
        let mut b = CsrBuilder::new(3);
        assert!(b.push(0, 1.0) && b.push(1, 3.0) && b.push(2, 4.0));
        b.end_row();
        assert!(b.push(2, 5.0));
        b.end_row();
        let counts = b.finish();
        let published = Target::Published.of_counts(&counts, &[1, 0]);
        assert_eq!(published.row(0), [7501f64.log10() as f32, 2501f64.log10() as f32]);
        assert_eq!(published.row(1), [0.0, 0.0]);
        let lognorm = Target::Lognorm.of_counts(&counts, &[1, 0]);
        assert_eq!(lognorm.row(0), [3751f64.ln() as f32, 1251f64.ln() as f32]);
    }
}
