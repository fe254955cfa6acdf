//! Expression as the model predicts it, from the counts of a section.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use crate::core::matrix::{Csr, Matrix};
use crate::core::target::{ExpressionScale, Target};
use crate::data::genes::GeneIndex;
use crate::data::section::{Section, ValueKind};

/// The genes asked for cannot be had from a section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The section did not measure some of the genes.
    #[error("Section {section} did not measure {}; remove {them} from the gene list or leave the section out",
        some_of(genes), them = if genes.len() == 1 { "this gene" } else { "these genes" })]
    NotMeasured {
        /// The section.
        section: String,
        /// The genes it lacks, in the order asked for.
        genes: Vec<String>,
    },
    /// A gene stands twice in the list.
    #[error("The gene list names {0} twice; keep it once")]
    Repeated(String),
    /// Two names of the list are one gene, under its current and under a former symbol.
    #[error(
        "{first} and {second} of the gene list are one gene, which {section} measured once; keep one of them"
    )]
    Same {
        /// The section.
        section: String,
        /// The name that stands first in the list.
        first: String,
        /// The other one.
        second: String,
    },
    /// The list is empty.
    #[error("The gene list is empty; add at least one gene")]
    Empty,
}

/// "A, B, C and 12 more genes".
fn some_of(genes: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = genes.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match genes.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The expression of `genes` at the spots of `section`: `spots x genes`. Values that are normalised already are used as
/// they are.
///
/// # Errors
/// [`TargetError`] when the list is empty, repeats a gene, or names one that the section did not measure.
pub fn expression(section: &Section, genes: &[String], target: Target) -> Result<Matrix, TargetError> {
    let columns = columns(section, genes)?;
    Ok(match section.values {
        ValueKind::Counts => target.of_counts(&section.counts, &columns),
        ValueKind::Normalised => {
            let columns: Vec<Option<usize>> = columns.into_iter().map(Some).collect();
            section.counts.dense_columns(&columns)
        }
    })
}

/// The columns of `genes` in the counts of `section`, found as [`GeneIndex::find`] does.
///
/// # Errors
/// As [`expression`].
pub fn columns(section: &Section, genes: &[String]) -> Result<Vec<usize>, TargetError> {
    if genes.is_empty() {
        return Err(TargetError::Empty);
    }
    let mut seen = HashSet::new();
    if let Some(twice) = genes.iter().find(|g| !seen.insert(g.as_str())) {
        return Err(TargetError::Repeated(twice.clone()));
    }
    let found = find_columns(section, genes);
    let missing: Vec<String> =
        genes.iter().zip(&found).filter(|(_, c)| c.is_none()).map(|(g, _)| g.clone()).collect();
    if !missing.is_empty() {
        return Err(TargetError::NotMeasured { section: section.name.clone(), genes: missing });
    }
    let columns: Vec<usize> = found.into_iter().flatten().collect();
    let mut gene_of = HashMap::with_capacity(columns.len());
    for (gene, &column) in genes.iter().zip(&columns) {
        if let Some(first) = gene_of.insert(column, gene) {
            let (first, second) = (first.clone(), gene.clone());
            return Err(TargetError::Same { section: section.name.clone(), first, second });
        }
    }
    Ok(columns)
}

/// The column of each gene, `None` where the section has no such gene.
fn find_columns(section: &Section, genes: &[String]) -> Vec<Option<usize>> {
    let index = GeneIndex::new(&section.genes);
    genes.iter().map(|gene| index.find(gene)).collect()
}

/// As [`expression`], a column for each gene that the section measured and none for the others, which then count
/// as zeros where the target sums over the selected genes.
pub fn measured(section: &Section, genes: &[String], target: Target) -> Vec<Option<Vec<f32>>> {
    let found = find_columns(section, genes);
    let columns: Vec<usize> = found.iter().copied().flatten().collect();
    let values = match section.values {
        ValueKind::Counts => target.of_counts(&section.counts, &columns),
        ValueKind::Normalised => {
            let columns: Vec<Option<usize>> = columns.into_iter().map(Some).collect();
            section.counts.dense_columns(&columns)
        }
    };
    let mut next = 0;
    let mut column = |found: Option<usize>| {
        found?;
        next += 1;
        Some(values.column(next - 1))
    };
    found.into_iter().map(&mut column).collect()
}

/// What the counts of each spot are divided by, for genes of the list and for any other.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    selected: HashSet<usize>,
    of_selected: Vec<f64>,
    of_all: Vec<f64>,
    /// Medians of the two, over spots that have any.
    typical_of_selected: f64,
    typical_of_all: f64,
}

impl Totals {
    /// The totals of `counts` over the `selected` columns and over all. Which columns are selected makes no difference
    /// under [`Target::Lognorm`].
    pub fn new(counts: &Csr, selected: impl IntoIterator<Item = usize>, target: Target) -> Self {
        let selected: HashSet<usize> = match target {
            Target::Published => selected.into_iter().filter(|&c| c < counts.cols()).collect(),
            Target::Lognorm => HashSet::new(),
        };
        let mut wanted = vec![false; counts.cols()];
        for &c in &selected {
            wanted[c] = true;
        }
        let of_selected = |r: usize| {
            let (cols, values) = counts.row(r);
            cols.iter().zip(values).filter(|(c, _)| wanted[**c as usize]).map(|(_, v)| f64::from(*v)).sum()
        };
        let rows = 0..counts.rows();
        let of_all: Vec<f64> = rows.clone().into_par_iter().map(|r| counts.row_sum(r)).collect();
        let none = selected.is_empty();
        let of_selected: Vec<f64> =
            if none { Vec::new() } else { rows.into_par_iter().map(of_selected).collect() };
        let (typical_of_selected, typical_of_all) = (typical(&of_selected), typical(&of_all));
        Self { selected, of_selected, of_all, typical_of_selected, typical_of_all }
    }

    /// Whether the gene in this column is one of the selected.
    pub fn is_selected(&self, column: usize) -> bool {
        self.selected.contains(&column)
    }

    /// What a single transcript in a spot of median depth is on `scale`; `None` for values as in the file.
    pub fn one_count(&self, scale: ExpressionScale) -> Option<f32> {
        let total = match scale {
            ExpressionScale::AsInFile | ExpressionScale::MeasuredScore | ExpressionScale::PredictedScore => {
                return None;
            }
            ExpressionScale::Log10Selected => self.typical_of_selected,
            ExpressionScale::Log10All | ExpressionScale::LnAll => self.typical_of_all,
        };
        (total > 0.0).then(|| scale.value(1.0, total) as f32)
    }

    /// A count of `spot` on `scale`. A spot without any counts has expression 0 in every gene.
    pub fn value(&self, spot: usize, count: f32, scale: ExpressionScale) -> f32 {
        let totals = match scale {
            ExpressionScale::AsInFile | ExpressionScale::MeasuredScore | ExpressionScale::PredictedScore => {
                return count;
            }
            ExpressionScale::Log10Selected => &self.of_selected,
            ExpressionScale::Log10All | ExpressionScale::LnAll => &self.of_all,
        };
        let total = totals.get(spot).copied().unwrap_or(0.0);
        scale.value(f64::from(count.max(0.0)), total) as f32
    }
}

/// The median of the totals above zero, 0 without any.
fn typical(totals: &[f64]) -> f64 {
    let mut some: Vec<f64> = totals.iter().copied().filter(|t| *t > 0.0).collect();
    let middle = some.len() / 2;
    if some.is_empty() { 0.0 } else { *some.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{published_genes, real_data, real_section, reference, section};

    #[test]
    fn genes_are_found_by_name_and_in_order() {
        let s = section("S", &["A", "B", "A2", "C"], &[&[1.0, 2.0, 3.0, 4.0], &[0.0, 0.0, 9.0, 0.0]]);
        let genes = ["C".to_owned(), "A".to_owned()];
        let m = expression(&s, &genes, Target::Published).unwrap();
        assert_eq!(m.row(0), [8001f64.log10() as f32, 2001f64.log10() as f32]);
        assert_eq!(m.row(1), [0.0, 0.0]);
    }

    #[test]
    fn genes_outside_the_list_are_compared_with_all_genes() {
        let s = section("S", &["A", "B", "C"], &[&[1.0, 3.0, 6.0], &[0.0, 0.0, 0.0]]);
        let totals = Totals::new(&s.counts, [0, 1], Target::Published);
        assert_eq!((totals.is_selected(1), totals.is_selected(2)), (true, false));
        assert_eq!(totals.value(0, 3.0, ExpressionScale::Log10Selected), 7501f64.log10() as f32);
        assert_eq!(totals.value(0, 6.0, ExpressionScale::Log10All), 6001f64.log10() as f32);
        assert_eq!(totals.value(1, 0.0, ExpressionScale::Log10All), 0.0);
        assert_eq!(totals.one_count(ExpressionScale::Log10Selected), Some(2501f64.log10() as f32));
        assert_eq!(totals.one_count(ExpressionScale::Log10All), Some(1001f64.log10() as f32));
        assert_eq!(totals.one_count(ExpressionScale::AsInFile), None);
        assert_eq!(totals.value(0, -2.5, ExpressionScale::AsInFile), -2.5);
        assert!(!Totals::new(&s.counts, [0], Target::Lognorm).is_selected(0));
    }

    #[test]
    fn genes_are_found_by_former_names() {
        let s = section("S", &["FAM64A", "X", "JPT1"], &[&[1.0, 8.0, 1.0]]);
        let of = |genes: [&str; 2]| columns(&s, &genes.map(str::to_owned));
        assert_eq!(of(["HN1", "PIMREG"]), Ok(vec![2, 0]));
        let e = of(["HN1", "JPT1"]).unwrap_err().to_string();
        assert_eq!(e, "HN1 and JPT1 of the gene list are one gene, which S measured once; keep one of them");
    }

    #[test]
    fn what_was_measured_is_given_without_the_rest() {
        let s = section("S", &["A", "B", "C"], &[&[1.0, 2.0, 7.0], &[0.0, 0.0, 9.0]]);
        let genes = ["C", "X", "A"].map(str::to_owned);
        let some = measured(&s, &genes, Target::Lognorm);
        assert_eq!(some[0], Some(vec![7001f64.ln() as f32, 10_001f64.ln() as f32]));
        assert_eq!((some[1].as_ref(), some[2].as_ref().map(|c| c[1])), (None, Some(0.0)));
        let all = measured(&s, &genes[..1], Target::Published);
        assert_eq!(
            all[0].as_deref(),
            Some(&expression(&s, &genes[..1], Target::Published).unwrap().column(0)[..])
        );
    }

    #[test]
    fn missing_and_repeated_genes_are_named() {
        let s = section("C2", &["A"], &[&[1.0]]);
        let e = expression(&s, &["A".into(), "X".into()], Target::Published).unwrap_err();
        assert_eq!(
            e.to_string(),
            "Section C2 did not measure X; remove this gene from the gene list or leave the section out"
        );
        let many: Vec<String> = (0..20).map(|i| format!("X{i}")).collect();
        let e = expression(&s, &many, Target::Published).unwrap_err();
        assert!(e.to_string().contains("X7 and 12 more; remove these genes"), "{e}");
        let e = expression(&s, &["A".into(), "A".into()], Target::Published).unwrap_err();
        assert_eq!(e, TargetError::Repeated("A".into()));
        assert_eq!(expression(&s, &[], Target::Lognorm), Err(TargetError::Empty));
    }

    #[test]
    fn equals_the_published_target_on_her2st() {
        let Some(shared) = real_data() else { return };
        let wanted = reference(&shared, "published_target_785.json");
        let genes = published_genes(&shared);
        for name in ["C2", "C3", "C4", "C5", "A1"] {
            let s = real_section(&shared, name);
            let m = expression(&s, &genes, Target::Published).unwrap();
            let values: Vec<f64> = m.as_slice().iter().map(|&v| f64::from(v)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
            let number = |key: &str| wanted[name][key].as_f64().unwrap();
            assert!((mean / number("mean") - 1.0).abs() < 1e-5, "{name}: mean {mean}");
            assert!((sd / number("std") - 1.0).abs() < 1e-5, "{name}: sd {sd}");
            let first = s.spots.iter().position(|p| p.id == wanted[name]["first_spot"].as_str().unwrap());
            let row = m.row(first.unwrap());
            for (v, w) in row.iter().zip(wanted[name]["first_spot_first10"].as_array().unwrap()) {
                assert!((f64::from(*v) - w.as_f64().unwrap()).abs() < 1e-5, "{name}: {v} {w}");
            }
        }
    }
}
