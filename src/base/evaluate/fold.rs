//! The report of one held-out section, from what was measured and what was predicted.

use rayon::prelude::*;

use crate::core::matrix::Matrix;
use crate::core::note::Note;
use crate::core::text::counted;
use crate::evaluate::metrics::{
    benjamini_hochberg, highest_expressed, mae, mean, mean_where_defined, mse, pearson, pearson_p, spearman,
};
use crate::evaluate::report::{Ceiling, FoldReport, GeneScore, MeanReport, RegionAgreement, Scores};

/// One held-out section. All matrices are `spots x genes` on the scale of the target.
#[derive(Debug, Clone)]
pub struct FoldInput<'a> {
    /// The test section.
    pub test: &'a str,
    /// Its patient, where known.
    pub patient: Option<&'a str>,
    /// Sections the model was fitted on.
    pub train: Vec<String>,
    /// The section that stopped training and chose the blend.
    pub validation: Option<String>,
    /// Names, one a column.
    pub genes: &'a [String],
    /// What was measured.
    pub measured: &'a Matrix,
    /// What the model predicts.
    pub predicted: &'a Matrix,
    /// Half an 80 % interval of it.
    pub uncertainty: &'a Matrix,
    /// What ridge regression predicts.
    pub ridge: &'a Matrix,
    /// Its penalty.
    pub ridge_alpha: f64,
    /// What the mean predictor predicts.
    pub mean: &'a Matrix,
    /// Noise ceiling of each gene.
    pub ceiling: &'a [Option<f64>],
    /// Clusters against labels, where the section has labels.
    pub regions: Option<RegionAgreement>,
    /// Remarks.
    pub notes: Vec<Note>,
}

/// The arrays of a fold do not have the same spots and genes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The {what} of section {test} are {rows} spots x {cols} genes instead of {spots} x {genes}")]
pub struct FoldShapeError {
    what: &'static str,
    test: String,
    rows: usize,
    cols: usize,
    spots: usize,
    genes: usize,
}

/// Correlations over fewer spots than this say nothing, so they count as undefined.
pub const MIN_SPOTS_TO_CORRELATE: usize = 10;

/// Correlations over fewer spots than this are told to be uncertain.
const CERTAIN_SPOTS: usize = 30;

/// Scores the model, ridge regression and the mean predictor on one held-out section. Correlations are undefined in
/// a section of fewer than [`MIN_SPOTS_TO_CORRELATE`] spots.
///
/// # Errors
/// [`FoldShapeError`] when the arrays do not belong together.
pub fn report(input: FoldInput<'_>) -> Result<FoldReport, FoldShapeError> {
    check(&input)?;
    let spots = input.measured.rows();
    let is_scored = spots >= MIN_SPOTS_TO_CORRELATE;
    let ceilings: Vec<Option<f64>> = input.ceiling.iter().map(|c| c.filter(|_| is_scored)).collect();
    let mut notes = input.notes.clone();
    notes.extend(note_on_size(input.test, spots).map(Note::from));
    let genes: Vec<GeneResult> =
        (0..input.genes.len()).into_par_iter().map(|g| GeneResult::new(&input, g)).collect();
    let means: Vec<f64> = genes.iter().map(|g| g.mean_expression).collect();
    let heg = highest_expressed(&means);
    let scores = |of: fn(&GeneResult) -> Agreement| Scores {
        pcc_all: mean_where_defined(genes.iter().map(|g| of(g).pcc)),
        pcc_heg50: mean_where_defined(heg.iter().map(|&g| of(&genes[g]).pcc)),
        mse: mean(genes.iter().map(|g| of(g).mse)),
        mae: mean(genes.iter().map(|g| of(g).mae)),
    };
    let ceiling = Ceiling {
        pcc_all: mean_where_defined(ceilings.iter().copied()),
        pcc_heg50: mean_where_defined(heg.iter().map(|&g| ceilings[g])),
    };
    let p_values: Vec<Option<f64>> = genes.iter().map(|g| pearson_p(g.model.pcc?, spots)).collect();
    let q_values = benjamini_hochberg(&p_values);
    Ok(FoldReport {
        test: input.test.to_owned(),
        patient: input.patient.map(str::to_owned),
        model: scores(|g| g.model),
        ridge: scores(|g| g.ridge),
        ridge_alpha: input.ridge_alpha,
        mean: scores(|g| g.mean),
        ceiling,
        undefined_genes: genes.iter().filter(|g| g.model.pcc.is_none()).count(),
        genes: genes
            .iter()
            .zip(input.genes)
            .zip(q_values)
            .zip(ceilings)
            .map(|(((g, name), q), ceiling)| GeneScore {
                gene: name.clone(),
                mean_expression: g.mean_expression,
                pcc: g.model.pcc,
                q,
                spearman: g.spearman,
                mse: g.model.mse,
                mae: g.model.mae,
                ridge_pcc: g.ridge.pcc,
                ceiling,
                uncertainty: g.uncertainty,
            })
            .collect(),
        train: input.train,
        validation: input.validation,
        regions: input.regions.filter(|_| is_scored),
        notes,
    })
}

/// What to say of a test section that has few spots.
fn note_on_size(test: &str, spots: usize) -> Option<String> {
    let count = counted(spots, "spot");
    if spots < MIN_SPOTS_TO_CORRELATE {
        return Some(format!(
            "Section {test} has {count}: correlations over fewer than {MIN_SPOTS_TO_CORRELATE} are not meaningful, \
             so they are left undefined and out of the means."
        ));
    }
    (spots < CERTAIN_SPOTS)
        .then(|| format!("Section {test} has {count}: correlations over so few are uncertain."))
}

fn check(input: &FoldInput<'_>) -> Result<(), FoldShapeError> {
    let (spots, genes) = (input.measured.rows(), input.genes.len());
    let matrices = [
        ("measured values", input.measured.rows(), input.measured.cols()),
        ("predictions", input.predicted.rows(), input.predicted.cols()),
        ("uncertainties", input.uncertainty.rows(), input.uncertainty.cols()),
        ("predictions of ridge regression", input.ridge.rows(), input.ridge.cols()),
        ("predictions of the mean", input.mean.rows(), input.mean.cols()),
        ("noise ceilings", spots, input.ceiling.len()),
    ];
    match matrices.into_iter().find(|&(_, r, c)| (r, c) != (spots, genes)) {
        None => Ok(()),
        Some((what, rows, cols)) => {
            Err(FoldShapeError { what, test: input.test.to_owned(), rows, cols, spots, genes })
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Agreement {
    pcc: Option<f64>,
    mse: f64,
    mae: f64,
}

impl Agreement {
    fn new(measured: &[f64], predicted: &[f64]) -> Self {
        Self {
            pcc: pearson(measured, predicted).filter(|_| measured.len() >= MIN_SPOTS_TO_CORRELATE),
            mse: mse(measured, predicted),
            mae: mae(measured, predicted),
        }
    }
}

struct GeneResult {
    mean_expression: f64,
    model: Agreement,
    ridge: Agreement,
    mean: Agreement,
    spearman: Option<f64>,
    uncertainty: f64,
}

impl GeneResult {
    fn new(input: &FoldInput<'_>, gene: usize) -> Self {
        let column = |m: &Matrix| (0..m.rows()).map(|r| f64::from(m.get(r, gene))).collect::<Vec<f64>>();
        let measured = column(input.measured);
        let predicted = column(input.predicted);
        Self {
            mean_expression: mean(measured.iter().copied()),
            model: Agreement::new(&measured, &predicted),
            ridge: Agreement::new(&measured, &column(input.ridge)),
            mean: Agreement::new(&measured, &column(input.mean)),
            spearman: spearman(&measured, &predicted).filter(|_| measured.len() >= MIN_SPOTS_TO_CORRELATE),
            uncertainty: mean(column(input.uncertainty)),
        }
    }
}

impl FoldReport {
    /// The scores of all methods on this section.
    pub fn scores(&self) -> MeanReport {
        let Self { model, ridge, mean, ceiling, .. } = *self;
        MeanReport { model, ridge, mean, ceiling }
    }
}

impl MeanReport {
    /// The mean of each number over the folds where it is defined, each test section counting the same.
    pub fn from_folds(folds: &[FoldReport]) -> Self {
        let of = |value: &dyn Fn(&FoldReport) -> f64| mean(folds.iter().map(value));
        let pcc = |value: &dyn Fn(&FoldReport) -> Option<f64>| mean_where_defined(folds.iter().map(value));
        let scores = |part: fn(&FoldReport) -> Scores| Scores {
            pcc_all: pcc(&|f| part(f).pcc_all),
            pcc_heg50: pcc(&|f| part(f).pcc_heg50),
            mse: of(&|f| part(f).mse),
            mae: of(&|f| part(f).mae),
        };
        Self {
            model: scores(|f| f.model),
            ridge: scores(|f| f.ridge),
            mean: scores(|f| f.mean),
            ceiling: Ceiling {
                pcc_all: pcc(&|f| f.ceiling.pcc_all),
                pcc_heg50: pcc(&|f| f.ceiling.pcc_heg50),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::ridge::mean_prediction;

    fn matrix(rows: &[[f32; 3]]) -> Matrix {
        Matrix::from_vec(rows.len(), 3, rows.concat()).unwrap()
    }

    #[test]
    fn a_fold_by_hand() {
        let genes = ["A", "B", "C"].map(str::to_owned);
        // Four spots, three times.
        let three = |rows: [[f32; 3]; 4]| matrix(&[rows, rows, rows].concat());
        let measured = three([[1.0, 0.0, 5.0], [2.0, 0.0, 1.0], [3.0, 0.0, 3.0], [4.0, 0.0, 7.0]]);
        let predicted = three([[1.5, 0.0, 4.0], [2.5, 1.0, 4.0], [3.5, 0.0, 4.0], [4.5, 0.0, 4.0]]);
        let mean = mean_prediction(&measured, 12);
        let f = report(FoldInput {
            test: "C4",
            patient: Some("C"),
            train: vec!["C2".into()],
            validation: None,
            genes: &genes,
            measured: &measured,
            predicted: &predicted,
            uncertainty: &Matrix::from_fn(12, 3, |r, c| (r % 4 * c) as f32),
            ridge: &measured,
            ridge_alpha: 3.0,
            mean: &mean,
            ceiling: &[Some(0.5), None, Some(0.7)],
            regions: None,
            notes: vec![],
        })
        .unwrap();
        assert_eq!(f.undefined_genes, 1);
        // A: r = 1, errors of 0.5; B constant; C predicted constant: 0, errors 1, 3, 1, 3.
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(f.model.pcc_all.unwrap(), 0.5);
        close(f.model.pcc_heg50.unwrap(), 0.5);
        close(f.model.mse, (0.25 + 0.25 + 5.0) / 3.0);
        close(f.model.mae, (0.5 + 0.25 + 2.0) / 3.0);
        close(f.ridge.pcc_all.unwrap(), 1.0);
        close(f.ridge.mse, 0.0);
        assert_eq!((f.mean.pcc_all, f.mean.pcc_heg50), (Some(0.0), Some(0.0)));
        close(f.mean.mse, (1.25 + 0.0 + 5.0) / 3.0);
        close(f.ceiling.pcc_all.unwrap(), 0.6);
        let text = "Section C4 has 12 spots: correlations over so few are uncertain.";
        assert_eq!(f.notes, [Note::General(text.into())]);
        let [a, b, c] = &f.genes[..] else { panic!("{:?}", f.genes) };
        assert_eq!((b.pcc, b.q, b.spearman, b.ridge_pcc), (None, None, None, None));
        assert_eq!((c.pcc, c.q), (Some(0.0), Some(1.0)));
        close(a.spearman.unwrap(), 1.0);
        close(a.q.unwrap(), 0.0);
        assert_eq!((a.mean_expression, c.uncertainty), (2.5, 3.0));

        let other = FoldReport { model: Scores { pcc_all: Some(0.1), ..f.model }, ..f.clone() };
        let undefined = FoldReport { model: Scores { pcc_all: None, ..f.model }, ..f.clone() };
        close(MeanReport::from_folds(&[f, other, undefined.clone()]).model.pcc_all.unwrap(), 0.3);
        assert_eq!(MeanReport::from_folds(&[undefined]).model.pcc_all, None);
    }

    #[test]
    fn correlations_over_a_few_spots_are_undefined() {
        let m = matrix(&[[1.0, 0.0, 5.0], [2.0, 1.0, 1.0], [4.0, 0.0, 3.0]]);
        let f = report(FoldInput {
            test: "tiny",
            patient: None,
            train: vec!["A1".into()],
            validation: None,
            genes: &["A", "B", "C"].map(str::to_owned),
            measured: &m,
            predicted: &m,
            uncertainty: &m,
            ridge: &m,
            ridge_alpha: 1.0,
            mean: &m,
            ceiling: &[Some(0.9); 3],
            regions: Some(RegionAgreement { ari: 1.0, nmi: 1.0, spots: 3 }),
            notes: vec![],
        })
        .unwrap();
        for s in [f.model, f.ridge, f.mean] {
            assert_eq!((s.pcc_all, s.pcc_heg50, s.mse, s.mae), (None, None, 0.0, 0.0));
        }
        assert_eq!((f.ceiling.pcc_all, f.regions, f.undefined_genes), (None, None, 3));
        assert!(f.genes.iter().all(|g| g.pcc.or(g.q).or(g.spearman).or(g.ridge_pcc).or(g.ceiling).is_none()));
        assert!(
            f.notes[0]
                .text()
                .starts_with("Section tiny has 3 spots: correlations over fewer than 10 are not")
        );
    }

    #[test]
    fn shapes_are_checked() {
        let (m, wrong) = (Matrix::zeros(2, 1), Matrix::zeros(2, 2));
        let e = report(FoldInput {
            test: "C4",
            patient: None,
            train: vec![],
            validation: None,
            genes: &["A".to_owned()],
            measured: &m,
            predicted: &wrong,
            uncertainty: &m,
            ridge: &m,
            ridge_alpha: 1.0,
            mean: &m,
            ceiling: &[None],
            regions: None,
            notes: vec![],
        })
        .unwrap_err();
        assert_eq!(e.to_string(), "The predictions of section C4 are 2 spots x 2 genes instead of 2 x 1");
    }
}
