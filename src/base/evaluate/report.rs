//! The result of a cross-validation, as it is stored and shown.

use serde::{Deserialize, Serialize};

use crate::core::note::Note;
use crate::core::target::Target;
use crate::evaluate::judgement::Judgement;

/// Scores of one method on one test section, or their mean over folds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Scores {
    /// Mean Pearson correlation over all genes where it is defined. `None` where it is for no gene, as in a section
    /// of a few spots.
    pub pcc_all: Option<f64>,
    /// The same over the 50 genes with the highest mean expression.
    pub pcc_heg50: Option<f64>,
    /// Mean squared error over all values.
    pub mse: f64,
    /// Mean absolute error over all values.
    pub mae: f64,
}

/// The best mean correlation that a perfect predictor could reach, given counting noise.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Ceiling {
    /// Over all genes. `None` where it is known for no gene.
    pub pcc_all: Option<f64>,
    /// Over the 50 genes with the highest mean expression.
    pub pcc_heg50: Option<f64>,
}

/// Whose scores a report holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Model,
    Ridge,
    Mean,
    Ceiling,
}

impl Method {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Model, Self::Ridge, Self::Mean, Self::Ceiling];

    /// What files and the terminal call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Ridge => "ridge",
            Self::Mean => "mean",
            Self::Ceiling => "ceiling",
        }
    }
}

/// Which values of a metric are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Better {
    Higher,
    Lower,
}

/// A metric of held-out sections, as all tables show it.
#[derive(Debug)]
pub struct Metric {
    /// Its column in CSV files, and its field in JSON.
    pub key: &'static str,
    /// Its heading in the terminal.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// Which values are good.
    pub better: Better,
    /// The methods that the window shows it of, with the headings.
    pub columns: &'static [(Method, &'static str)],
    of_method: fn(&Scores) -> Option<f64>,
    of_ceiling: fn(&Ceiling) -> Option<f64>,
}

/// What the Pearson correlation is.
pub const PCC_MEANING: &str = "Pearson correlation of predicted and measured expression over the spots of a section: 1 is perfect, 0 is no \
                               relation.";
/// What HEG-50 is.
pub const HEG50_MEANING: &str = "The mean over the 50 genes with the highest mean expression on the section.";
/// What the errors are.
pub const ERRORS_MEANING: &str =
    "Mean squared and mean absolute error of the predicted values; smaller is better.";

/// All metrics, in the order of tables.
pub static METRICS: [Metric; 4] = [
    Metric {
        key: "pcc_all",
        title: "PCC all",
        meaning: PCC_MEANING,
        better: Better::Higher,
        columns: &[(Method::Model, "PCC all"), (Method::Ridge, "Ridge PCC"), (Method::Ceiling, "Ceiling")],
        of_method: |s| s.pcc_all,
        of_ceiling: |c| c.pcc_all,
    },
    Metric {
        key: "pcc_heg50",
        title: "PCC HEG-50",
        meaning: HEG50_MEANING,
        better: Better::Higher,
        columns: &[
            (Method::Model, "HEG-50"),
            (Method::Ridge, "Ridge HEG-50"),
            (Method::Ceiling, "Ceiling HEG-50"),
        ],
        of_method: |s| s.pcc_heg50,
        of_ceiling: |c| c.pcc_heg50,
    },
    Metric {
        key: "mse",
        title: "MSE",
        meaning: ERRORS_MEANING,
        better: Better::Lower,
        columns: &[
            (Method::Model, "MSE"),
            (Method::Ridge, "Ridge MSE"),
            (Method::Mean, "Mean predictor MSE"),
        ],
        of_method: |s| Some(s.mse),
        of_ceiling: |_| None,
    },
    Metric {
        key: "mae",
        title: "MAE",
        meaning: ERRORS_MEANING,
        better: Better::Lower,
        columns: &[(Method::Model, "MAE")],
        of_method: |s| Some(s.mae),
        of_ceiling: |_| None,
    },
];

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Metric {}

impl Metric {
    /// Its value for a method; `None` where it is undefined, or the method has none.
    pub fn value(&self, scores: &MeanReport, method: Method) -> Option<f64> {
        match method {
            Method::Model => (self.of_method)(&scores.model),
            Method::Ridge => (self.of_method)(&scores.ridge),
            Method::Mean => (self.of_method)(&scores.mean),
            Method::Ceiling => (self.of_ceiling)(&scores.ceiling),
        }
    }
}

/// One gene on one test section. `None` where a correlation is undefined (the gene is constant there, or there are too
/// few spots). Files also hold its [`Judgement`], which follows from the rest and is not read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "WrittenGeneScore")]
pub struct GeneScore {
    /// Name.
    pub gene: String,
    /// Mean measured expression in the test section.
    pub mean_expression: f64,
    /// Pearson correlation of the model.
    pub pcc: Option<f64>,
    /// Benjamini-Hochberg q-value of `pcc` among the genes of this fold.
    pub q: Option<f64>,
    /// Spearman correlation of the model.
    pub spearman: Option<f64>,
    /// Mean squared error of the model.
    pub mse: f64,
    /// Mean absolute error of the model.
    pub mae: f64,
    /// Pearson correlation of ridge regression on the same features.
    pub ridge_pcc: Option<f64>,
    /// The best correlation a perfect predictor could reach.
    pub ceiling: Option<f64>,
    /// Mean predicted uncertainty (half an 80 % interval).
    pub uncertainty: f64,
}

/// A [`GeneScore`] as it is written.
#[derive(Serialize)]
struct WrittenGeneScore {
    gene: String,
    mean_expression: f64,
    pcc: Option<f64>,
    q: Option<f64>,
    spearman: Option<f64>,
    mse: f64,
    mae: f64,
    ridge_pcc: Option<f64>,
    ceiling: Option<f64>,
    uncertainty: f64,
    judgement: Judgement,
}

impl From<GeneScore> for WrittenGeneScore {
    fn from(score: GeneScore) -> Self {
        let judgement = Judgement::of_score(&score);
        let GeneScore { gene, mean_expression, pcc, q, spearman, mse, mae, ridge_pcc, ceiling, uncertainty } =
            score;
        Self { gene, mean_expression, pcc, q, spearman, mse, mae, ridge_pcc, ceiling, uncertainty, judgement }
    }
}

/// Agreement of clusters of predicted expression with the pathologist's regions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RegionAgreement {
    /// Adjusted Rand index.
    pub ari: f64,
    /// Normalised mutual information.
    pub nmi: f64,
    /// Number of labelled spots compared.
    pub spots: usize,
}

/// One held-out section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldReport {
    /// The test section.
    pub test: String,
    /// Its patient, where known.
    pub patient: Option<String>,
    /// Sections the model was fitted on.
    pub train: Vec<String>,
    /// The training section that decided when to stop and how to blend.
    pub validation: Option<String>,
    /// The model.
    pub model: Scores,
    /// Ridge regression on the same features.
    pub ridge: Scores,
    /// The penalty of ridge regression, chosen within the training sections.
    pub ridge_alpha: f64,
    /// The mean of the training spots.
    pub mean: Scores,
    /// The noise ceiling.
    pub ceiling: Ceiling,
    /// Genes whose correlation is undefined because they are constant in the test section, or it has too few spots.
    pub undefined_genes: usize,
    /// Clusters against labels, where the section has labels.
    pub regions: Option<RegionAgreement>,
    /// Remarks on the fold.
    pub notes: Vec<Note>,
    /// Per gene, in the order of the run's genes.
    pub genes: Vec<GeneScore>,
}

/// Means over folds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct MeanReport {
    /// The model.
    pub model: Scores,
    /// Ridge regression.
    pub ridge: Scores,
    /// The mean predictor.
    pub mean: Scores,
    /// The noise ceiling.
    pub ceiling: Ceiling,
}

/// How sections are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// One section at a time. Leaks between sections of one patient.
    Section,
    /// All sections of one patient at a time.
    Patient,
}

/// A whole cross-validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvalReport {
    /// How sections were held out.
    pub split: Split,
    /// The scale of the predictions.
    pub target: Target,
    /// Number of genes.
    pub gene_count: usize,
    /// The device that trained.
    pub device: String,
    /// The seed of everything random.
    pub seed: u64,
    /// One a test section.
    pub folds: Vec<FoldReport>,
    /// Means over folds.
    pub mean: MeanReport,
    /// What the reader must know ("sections of one patient are on both sides of the split").
    pub warnings: Vec<String>,
    /// Wall time in seconds, features included where they had to be computed.
    pub seconds: f64,
    /// The highest resident memory of the process so far, in MiB.
    pub peak_rss_mb: f64,
}
