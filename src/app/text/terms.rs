//! The terms that a reader may not know, each explained in one sentence: on hover wherever it stands, and in Help.

use crate::evaluate::report::{ERRORS_MEANING, HEG50_MEANING, PCC_MEANING};

/// A term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Term {
    Section,
    Spot,
    Judgement,
    Pcc,
    QValue,
    NoiseCeiling,
    Trust,
    Fold,
    HeldOut,
    Ridge,
    MeanPredictor,
    Heg50,
    Errors,
    Evidence,
    Uncertainty,
    Regions,
    Ari,
    Nmi,
    Hvg,
    Umi,
    Mpp,
    FormerSymbol,
}

impl Term {
    /// All of them, in the order in which Help lists them.
    pub const ALL: [Self; 22] = [
        Self::Section,
        Self::Spot,
        Self::Judgement,
        Self::Pcc,
        Self::QValue,
        Self::NoiseCeiling,
        Self::Trust,
        Self::Fold,
        Self::HeldOut,
        Self::Ridge,
        Self::MeanPredictor,
        Self::Heg50,
        Self::Errors,
        Self::Evidence,
        Self::Uncertainty,
        Self::Regions,
        Self::Ari,
        Self::Nmi,
        Self::Hvg,
        Self::Umi,
        Self::Mpp,
        Self::FormerSymbol,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Section => "Section",
            Self::Spot => "Spot",
            Self::Judgement => "Good, fair, poor",
            Self::Pcc => "PCC",
            Self::QValue => "q-value",
            Self::NoiseCeiling => "Noise ceiling",
            Self::Trust => "Trust",
            Self::Fold => "Fold",
            Self::HeldOut => "Held out",
            Self::Ridge => "Ridge",
            Self::MeanPredictor => "Mean predictor",
            Self::Heg50 => "HEG-50",
            Self::Errors => "MSE, MAE",
            Self::Evidence => "Evidence",
            Self::Uncertainty => "Uncertainty",
            Self::Regions => "Regions",
            Self::Ari => "ARI",
            Self::Nmi => "NMI",
            Self::Hvg => "HVG",
            Self::Umi => "UMI",
            Self::Mpp => "mpp",
            Self::FormerSymbol => "as HN1, was HN1",
        }
    }

    /// What it means, in one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Section => "One tissue section on one slide image.",
            Self::Spot => "One measured location on a section.",
            Self::Judgement => {
                "Good: q below 0.05, a PCC of at least 0.4 and at least half of the noise ceiling; fair: q below 0.05, \
                 at least 0.2 and a quarter of the ceiling; poor: anything less; not tested: no held-out score exists."
            }
            Self::Pcc => PCC_MEANING,
            Self::QValue => {
                "The false discovery rate (Benjamini-Hochberg) of a correlation among all genes of a section; below \
                 0.05 it counts as significant."
            }
            Self::NoiseCeiling => {
                "The highest PCC any prediction could reach on these counts, because counting is itself noisy."
            }
            Self::Trust => {
                "The mean PCC of a gene on sections that the model did not see in training, \u{00B1} its standard \
                 deviation."
            }
            Self::Fold => {
                "One round of a cross-validation: a model is trained without some sections and tested on those."
            }
            Self::HeldOut => "Kept out of training, so that the model can be tested on it.",
            Self::Ridge => {
                "Ridge regression, a simple linear model on the same image features, for comparison."
            }
            Self::MeanPredictor => {
                "Predicts the mean of the training spots everywhere; what any model must beat."
            }
            Self::Heg50 => HEG50_MEANING,
            Self::Errors => ERRORS_MEANING,
            Self::Evidence => {
                "The training spots whose tissue looks most like a spot, from which its expression was predicted."
            }
            Self::Uncertainty => {
                "Half the width of the interval that should contain the measured value of a spot in 80 % of cases."
            }
            Self::Regions => "Areas of a section that a pathologist has labelled, such as tumour or stroma.",
            Self::Ari => {
                "Adjusted Rand index: how well clusters agree with labelled regions; 1 is perfect, 0 is chance."
            }
            Self::Nmi => {
                "Normalised mutual information: how much clusters say about labelled regions; 1 is everything, 0 is \
                 nothing."
            }
            Self::Hvg => {
                "Highly variable gene: its expression varies more between spots than expected for its mean expression."
            }
            Self::Umi => {
                "Unique molecular identifier: one counted transcript; the sum of all counts of a section."
            }
            Self::Mpp => "Micrometres per pixel of the slide image.",
            Self::FormerSymbol => {
                "Older tables call some genes by former symbols (HGNC); such a gene is shown under its current one."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_explained_once_in_one_sentence() {
        for (i, term) in Term::ALL.into_iter().enumerate() {
            assert!(Term::ALL.iter().skip(i + 1).all(|other| other.name() != term.name()));
            let text = term.sentence();
            assert!(text.ends_with('.') && !text.trim_end_matches('.').contains(". "), "{text}");
            assert!(!text.contains("  "), "{text}");
        }
    }
}
