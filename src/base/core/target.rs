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

/// What a value on a map of expression means. Values of different scales are never compared by size: they
/// have separate colour limits and no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExpressionScale {
    /// `log10(1 + 1e4 * count / sum over the selected genes)`: [`Target::Published`] of a selected gene.
    Log10Selected,
    /// `log10(1 + 1e4 * count / sum over all genes)`: a gene that is not selected, where the target is
    /// [`Target::Published`]. The sum over the selected genes does not contain its counts.
    Log10All,
    /// `ln(1 + 1e4 * count / sum over all genes)`: [`Target::Lognorm`] of any gene.
    LnAll,
    /// Whatever the file holds, where its values were normalised before.
    AsInFile,
    /// Score of a gene panel on measured values: how much higher its genes are than genes of similar expression.
    MeasuredScore,
    /// The same on predicted values, which are on another scale.
    PredictedScore,
}

impl ExpressionScale {
    /// Name with unit, as it stands beside a colour bar.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Log10Selected => "log10(1 + CP10k), selected genes",
            Self::Log10All => "log10(1 + CP10k), all genes",
            Self::LnAll => "ln(1 + CP10k), all genes",
            Self::AsInFile => "as in the file (normalised)",
            Self::MeasuredScore => "score of measured values",
            Self::PredictedScore => "score of predicted values",
        }
    }

    /// The unit in a few words, still different from that of the other scales of the same target.
    pub const fn short_unit(self) -> &'static str {
        match self {
            Self::Log10Selected => "log10(1 + CP10k)",
            Self::Log10All => "log10, all genes",
            Self::LnAll => "ln(1 + CP10k)",
            Self::AsInFile => "as in the file",
            Self::MeasuredScore => "score, measured",
            Self::PredictedScore => "score, predicted",
        }
    }

    /// What CP10k means here, or where the values come from, in one sentence.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Log10Selected => {
                "CP10k are counts per 10,000 counts of the genes of the model (or of the gene list, before \
                 there is a model) in the spot."
            }
            Self::Log10All => {
                "This gene is not in the gene list, so CP10k are counts per 10,000 counts of all genes in the spot."
            }
            Self::LnAll => "CP10k are counts per 10,000 counts of all genes in the spot.",
            Self::AsInFile => "The file holds normalised values instead of counts; they are shown unchanged.",
            Self::MeasuredScore | Self::PredictedScore => {
                "The mean of the panel's genes minus the mean of control genes of similar expression, as scanpy's score_genes \
                 computes it."
            }
        }
    }

    /// The value of a gene without counts, below which there is nothing; `None` where the scale has no such end.
    pub const fn zero(self) -> Option<f32> {
        match self {
            Self::Log10Selected | Self::Log10All | Self::LnAll => Some(0.0),
            Self::AsInFile | Self::MeasuredScore | Self::PredictedScore => None,
        }
    }

    /// Whether it is the score of a gene panel.
    pub const fn is_score(self) -> bool {
        matches!(self, Self::MeasuredScore | Self::PredictedScore)
    }

    /// The value of `count` transcripts in a spot that has `total` of them, over the genes that the scale sums
    /// over. 0 in a spot without any. Values as in the file, and scores, stay what they are.
    pub fn value(self, count: f64, total: f64) -> f64 {
        if self == Self::AsInFile || self.is_score() {
            return count;
        }
        if total <= 0.0 {
            return 0.0;
        }
        let per_ten_thousand = 1e4 * count / total;
        match self {
            Self::LnAll => per_ten_thousand.ln_1p(),
            _ => (1.0 + per_ten_thousand).log10(),
        }
    }
}

impl Target {
    /// Name with unit, as it stands beside a colour bar.
    pub fn unit(self) -> &'static str {
        self.scale(true).unit()
    }

    /// The scale of a gene's values: the target itself for a gene that is `selected`, the same logarithm over all
    /// genes for any other.
    pub const fn scale(self, selected: bool) -> ExpressionScale {
        match (self, selected) {
            (Self::Published, true) => ExpressionScale::Log10Selected,
            (Self::Published, false) => ExpressionScale::Log10All,
            (Self::Lognorm, _) => ExpressionScale::LnAll,
        }
    }

    /// The target of `count` transcripts in a spot that has `total` of them (over the selected genes for
    /// [`Target::Published`], over all genes for [`Target::Lognorm`]). 0 in a spot without any.
    pub fn of_count(self, count: f64, total: f64) -> f64 {
        self.scale(true).value(count, total)
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
    fn genes_outside_the_list_have_a_scale_of_their_own() {
        assert_eq!(Target::Published.scale(true), ExpressionScale::Log10Selected);
        assert_eq!(Target::Published.scale(false), ExpressionScale::Log10All);
        assert_eq!(Target::Lognorm.scale(true), Target::Lognorm.scale(false));
        // A gene never has more counts than its spot, so neither scale exceeds that of 10,000 of 10,000.
        assert_eq!(ExpressionScale::Log10All.value(7.0, 7.0), 10_001f64.log10());
        assert_eq!(ExpressionScale::LnAll.value(7.0, 7.0), 10_001f64.ln());
        assert_eq!(ExpressionScale::AsInFile.value(-0.5, 0.0), -0.5);
        assert_eq!((ExpressionScale::Log10All.zero(), ExpressionScale::AsInFile.zero()), (Some(0.0), None));
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
