//! Genes whose maps resemble the map of a given gene.

use std::collections::HashMap;

use rayon::prelude::*;

use super::section_index::SectionIndex;
use super::text::correlation_text;
use super::values::pearson;
use crate::core::matrix::Matrix;
use crate::predict::Predictions;

/// The most genes told.
const TOLD: usize = 15;

/// A gene and how its maps correlate with those of the gene asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarGene {
    /// Its name.
    pub gene: String,
    /// Pearson's correlation of the measured maps.
    pub measured: Option<f64>,
    /// Pearson's correlation of the predicted maps.
    pub predicted: Option<f64>,
}

impl SimilarGene {
    /// What the list is ordered by: the measured maps, which are the data; genes without them come last.
    fn rank(&self) -> (f64, f64) {
        let number = |r: Option<f64>| r.unwrap_or(f64::NEG_INFINITY);
        (number(self.measured), number(self.predicted))
    }
}

/// Genes with similar maps, and how much maps resemble each other at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SimilarGenes {
    /// The most similar ones, the best first.
    pub genes: Vec<SimilarGene>,
    /// The mean correlation with the maps of all other genes that are both measured and predicted: of the measured maps,
    /// and of the predicted ones.
    pub with_all: Option<(f64, f64)>,
}

impl SimilarGenes {
    /// What to know before a gene is called similar, in a sentence or two; `None` without both kinds of maps.
    pub fn caution(&self) -> Option<String> {
        let (measured, predicted) = self.with_all?;
        let numbers = format!(
            "mean correlation with all other genes {} measured, {} predicted",
            correlation_text(measured),
            correlation_text(predicted)
        );
        // What a predictor draws for every gene comes from the same picture.
        Some(if predicted > measured {
            format!(
                "Predicted maps resemble each other more than measured ones do ({numbers}), so judge similarity by the \
                 measured maps."
            )
        } else {
            format!("For comparison: {numbers}.")
        })
    }
}

/// The genes among `genes` whose maps correlate best with that of `gene`.
pub fn similar_genes(
    gene: &str,
    genes: &[String],
    section: &SectionIndex,
    predictions: Option<&Predictions>,
) -> SimilarGenes {
    let own = section.measured(gene);
    let predicted: HashMap<&str, f64> = predictions
        .and_then(|p| {
            let column = p.genes.iter().position(|g| g == gene)?;
            let correlations = correlations_with_column(&p.mean, column);
            Some(
                p.genes
                    .iter()
                    .map(String::as_str)
                    .zip(correlations)
                    .filter_map(|(g, r)| Some((g, r?)))
                    .collect(),
            )
        })
        .unwrap_or_default();
    let mut all: Vec<SimilarGene> = genes
        .par_iter()
        .filter(|g| *g != gene)
        .map(|g| SimilarGene {
            gene: g.clone(),
            measured: own.as_deref().and_then(|own| pearson(own, &section.measured(g)?)),
            predicted: predicted.get(g.as_str()).copied(),
        })
        .filter(|g| g.measured.is_some() || g.predicted.is_some())
        .collect();
    all.sort_by(|a, b| {
        let (a_rank, b_rank) = (a.rank(), b.rank());
        let by_maps = b_rank.0.total_cmp(&a_rank.0).then(b_rank.1.total_cmp(&a_rank.1));
        by_maps.then_with(|| a.gene.cmp(&b.gene))
    });
    let both: Vec<(f64, f64)> = all.iter().filter_map(|g| g.measured.zip(g.predicted)).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / both.len() as f64;
    let with_all = (!both.is_empty()).then(|| (mean(|b| b.0), mean(|b| b.1)));
    all.truncate(TOLD);
    SimilarGenes { genes: all, with_all }
}

/// Pearson's correlation of every column with column `c`, in one pass over the rows; `None` where one of
/// them is constant.
fn correlations_with_column(m: &Matrix, c: usize) -> Vec<Option<f64>> {
    let (n, width) = (m.rows(), m.cols());
    if n < 3 || c >= width {
        return vec![None; width];
    }
    // Sums of x, x * x and x * y for every column x, y being column `c`. Moved by the first row, so that
    // large means do not eat the digits.
    let origin: Vec<f64> = m.row(0).iter().map(|&v| f64::from(v)).collect();
    let sums = m
        .as_slice()
        .par_chunks(width * 256)
        .map(|rows| {
            let mut sums = vec![[0.0f64; 3]; width];
            for row in rows.chunks_exact(width) {
                let y = f64::from(row[c]) - origin[c];
                for ((s, &v), &o) in sums.iter_mut().zip(row).zip(&origin) {
                    let x = f64::from(v) - o;
                    s[0] += x;
                    s[1] += x * x;
                    s[2] += x * y;
                }
            }
            sums
        })
        .reduce(
            || vec![[0.0; 3]; width],
            |mut a, b| {
                for (a, b) in a.iter_mut().zip(b) {
                    for (a, b) in a.iter_mut().zip(b) {
                        *a += b;
                    }
                }
                a
            },
        );
    let n = n as f64;
    let [sy, syy, _] = sums[c];
    let vy = syy - sy * sy / n;
    sums.iter()
        .map(|[sx, sxx, sxy]| {
            let vx = sxx - sx * sx / n;
            let size = (vx * vy).sqrt();
            (size > 1e-9).then(|| ((sxy - sx * sy / n) / size).clamp(-1.0, 1.0))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::section_index::tests::section;
    use super::*;
    use crate::core::target::Target;
    use std::sync::Arc;

    #[test]
    fn finds_the_gene_that_varies_alike() {
        let names = ["A", "B", "C"];
        let index = SectionIndex::new(Arc::new(section("C1", 6, &names)), &[], Target::Published);
        let genes = names.map(String::from);
        let wave = |r: usize| (r as f32 * 0.7).sin();
        let mean = Matrix::from_fn(36, 3, |r, c| match c {
            0 => wave(r),
            1 => 100.0 - 2.0 * wave(r),
            _ => 100.0 + 3.0 * wave(r) + 0.1 * (r % 2) as f32,
        });
        let predictions = Predictions {
            section: "C1".into(),
            spots: index.section().spots.iter().map(|s| s.id.clone()).collect(),
            genes: genes.to_vec(),
            uncertainty: mean.clone(),
            mean,
            retrieved: Vec::new(),
            bank_spots: Vec::new(),
        };
        let similar = similar_genes("A", &genes, &index, Some(&predictions));
        let found = &similar.genes;
        assert_eq!(found.len(), 2);
        let c = found.iter().find(|g| g.gene == "C").unwrap();
        let b = found.iter().find(|g| g.gene == "B").unwrap();
        assert!(c.predicted.unwrap() > 0.999 && b.predicted.unwrap() < -0.999);
        let (own, other) = (index.measured("A").unwrap(), index.measured("C").unwrap());
        assert_eq!(c.measured, pearson(&own, &other));
        assert!(found[0].measured >= found[1].measured);
        // One predicted map is nearly the same, the other nearly its opposite.
        let (measured, predicted) = similar.with_all.unwrap();
        assert!(predicted.abs() < 0.001, "{predicted}");
        let by_hand = (b.measured.unwrap() + c.measured.unwrap()) / 2.0;
        assert!((measured - by_hand).abs() < 1e-12);
    }

    #[test]
    fn a_gene_without_a_measured_correlation_comes_last() {
        let names = ["A", "B", "C"];
        let index = SectionIndex::new(Arc::new(section("C1", 6, &names)), &[], Target::Published);
        // D is predicted like A, but was not measured.
        let genes = ["A", "B", "C", "D"].map(String::from);
        let mean = Matrix::from_fn(36, 4, |r, c| if c % 3 == 0 { r as f32 } else { (r % 5) as f32 });
        let predictions = Predictions {
            section: "C1".into(),
            spots: index.section().spots.iter().map(|s| s.id.clone()).collect(),
            genes: genes.to_vec(),
            uncertainty: mean.clone(),
            mean,
            retrieved: Vec::new(),
            bank_spots: Vec::new(),
        };
        let found = similar_genes("A", &genes, &index, Some(&predictions)).genes;
        let last = found.last().unwrap();
        assert_eq!((last.gene.as_str(), last.measured), ("D", None));
        assert!(last.predicted.unwrap() > 0.99);
    }

    #[test]
    fn both_similarities_are_given() {
        let with_all =
            |measured, predicted| SimilarGenes { genes: Vec::new(), with_all: Some((measured, predicted)) };
        let text = with_all(0.12, 0.48).caution().unwrap();
        assert!(text.starts_with("Predicted maps resemble each other more than measured ones do"), "{text}");
        assert!(text.contains("0.12 measured, 0.48 predicted"), "{text}");
        let text = with_all(0.3, -0.1).caution().unwrap();
        assert_eq!(
            text,
            "For comparison: mean correlation with all other genes 0.30 measured, \u{2212}0.10 predicted."
        );
        assert_eq!(SimilarGenes::default().caution(), None);
    }
}
