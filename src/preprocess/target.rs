//! Expression as the model predicts it, from the counts of a section.

use std::collections::{HashMap, HashSet};

use crate::core::matrix::Matrix;
use crate::core::target::Target;
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

/// The expression of `genes` at the spots of `section`: `spots x genes`. Of genes that share a name, the
/// first is taken. Values that are normalised already are used as they are.
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

/// The columns of `genes` in the counts of `section`. Of genes that share a name, the first is taken.
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
    let column_of = first_columns(section);
    let found: Vec<Option<usize>> = genes.iter().map(|g| column_of.get(g.as_str()).copied()).collect();
    let missing: Vec<String> =
        genes.iter().zip(&found).filter(|(_, c)| c.is_none()).map(|(g, _)| g.clone()).collect();
    if missing.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(TargetError::NotMeasured { section: section.name.clone(), genes: missing })
    }
}

/// The first column of each gene name.
pub(crate) fn first_columns(section: &Section) -> HashMap<&str, usize> {
    let mut map = HashMap::with_capacity(section.genes.len());
    for (c, gene) in section.genes.iter().enumerate() {
        map.entry(gene.name.as_str()).or_insert(c);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{published_genes, real_data, real_section, reference, section};

    #[test]
    fn genes_are_found_by_name_and_in_order() {
        let s = section("S", &["A", "B", "A", "C"], &[&[1.0, 2.0, 3.0, 4.0], &[0.0, 0.0, 9.0, 0.0]]);
        let genes = ["C".to_owned(), "A".to_owned()];
        let m = expression(&s, &genes, Target::Published).unwrap();
        assert_eq!(m.row(0), [8001f64.log10() as f32, 2001f64.log10() as f32]);
        assert_eq!(m.row(1), [0.0, 0.0], "the second A is another gene");
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
