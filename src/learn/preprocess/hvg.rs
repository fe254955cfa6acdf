//! Highly variable genes as scanpy's `seurat` flavour selects them: genes whose dispersion (variance over
//! mean, after normalising spots to one total) is high among genes of similar mean. Equals
//! `normalize_total()`, `log1p`, `highly_variable_genes(flavor='seurat', n_top_genes=n)` per section.

use std::collections::{BTreeSet, HashSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::matrix::Csr;
use crate::core::progress::{Progress, Task};
use crate::data::aliases;
use crate::data::genes::GeneIndex;
use crate::data::section::{Section, ValueKind};

/// Genes of similar mean are compared within this many bins (scanpy's default).
const BINS: usize = 20;

/// How the selections of several sections become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Genes selected in any section.
    #[default]
    Union,
    /// Genes selected in every section.
    Intersection,
}

/// What to select.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HvgOptions {
    /// Highly variable genes a section; genes tied at the cut-off are all kept, as in scanpy.
    pub per_section: usize,
    /// How the sections' selections become one.
    pub combine: Combine,
    /// The smallest share of spots, 0 to 1, over all sections together, in which a gene must be counted
    /// to be selected. Statistics are over all genes whatever the share, so that they equal scanpy's.
    pub min_spots: f64,
    /// Genes that are kept whatever their statistics, as long as every section measured them.
    pub always: Vec<String>,
}

impl Default for HvgOptions {
    fn default() -> Self {
        Self { per_section: 1000, combine: Combine::Union, min_spots: 0.0, always: Vec::new() }
    }
}

/// The statistics of one gene in one section.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeneStats {
    /// `ln(1 + mean)` of the normalised counts.
    pub mean: f64,
    /// `ln(variance / mean)` of the normalised counts; `None` for a gene without any counts.
    pub dispersion: Option<f64>,
    /// The dispersion relative to genes of similar mean, in standard deviations; `None` where undefined.
    pub dispersion_norm: Option<f64>,
}

/// The selection of one section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionHvgs {
    /// Name of the section.
    pub section: String,
    /// Statistics of each of [`HvgSelection::shared`], in order.
    pub stats: Vec<GeneStats>,
    /// Names of its highly variable genes, sorted.
    pub genes: Vec<String>,
}

/// The result of [`select`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HvgSelection {
    /// The selected genes, the user's markers among them, sorted by name.
    pub genes: Vec<String>,
    /// Genes that all sections measured, sorted by name: those the statistics are about.
    pub shared: Vec<String>,
    /// The share of spots, over all sections together, in which each of `shared` was counted.
    pub detected: Vec<f64>,
    /// Per section.
    pub per_section: Vec<SectionHvgs>,
    /// Markers that were asked for and that not every section measured; they are not in `genes`.
    pub missing_markers: Vec<String>,
}

/// Genes could not be selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HvgError {
    /// No sections were given.
    #[error("There is no section to select genes from; add one with counts")]
    NoSections,
    /// The sections have no gene in common.
    #[error("The sections have no gene in common; do all count tables use the same kind of gene name?")]
    NothingShared,
    /// A section is empty.
    #[error(
        "Section {0} holds normalised values, but highly variable genes are selected on counts; leave it out or load a gene list"
    )]
    NotCounts(String),
    /// A section without a count in the shared genes.
    #[error("Section {0} has no counts in the genes that all sections measured; leave it out")]
    NoCounts(String),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Selects highly variable genes. Pass the training sections only: a test section that takes part in the
/// selection has been looked at.
///
/// # Errors
/// [`HvgError`] when there are no sections, no gene or no count that they share, or on cancel.
pub fn select(
    sections: &[&Section],
    options: &HvgOptions,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<HvgSelection, HvgError> {
    if sections.is_empty() {
        return Err(HvgError::NoSections);
    }
    let indexes: Vec<GeneIndex> = sections.iter().map(|s| GeneIndex::new(&s.genes)).collect();
    let (shared, columns) = shared_genes(sections, &indexes);
    if shared.is_empty() {
        return Err(HvgError::NothingShared);
    }
    let detected = detected_share(sections, &columns);
    let eligible: Vec<bool> = detected.iter().map(|&share| share >= options.min_spots).collect();
    let mut per_section = Vec::with_capacity(sections.len());
    for (done, (section, columns)) in sections.iter().zip(&columns).enumerate() {
        cancel.check()?;
        progress.report(&Task::SelectingGenes.into(), done as u64, sections.len() as u64);
        if section.values != ValueKind::Counts {
            return Err(HvgError::NotCounts(section.name.clone()));
        }
        let stats = seurat_statistics(&section.counts, columns)
            .ok_or_else(|| HvgError::NoCounts(section.name.clone()))?;
        let genes = top(&stats, &eligible, options.per_section).map(|i| shared[i].clone()).collect();
        per_section.push(SectionHvgs { section: section.name.clone(), stats, genes });
    }
    progress.report(&Task::SelectingGenes.into(), sections.len() as u64, sections.len() as u64);
    let mut genes = combine(&per_section, options.combine);
    let mut missing_markers = Vec::new();
    for marker in &options.always {
        match name_in_all(marker, &shared, &indexes) {
            Some(name) => {
                genes.insert(name);
            }
            None => missing_markers.push(marker.clone()),
        }
    }
    Ok(HvgSelection {
        genes: genes.into_iter().collect(),
        shared,
        detected,
        per_section,
        missing_markers: dedup_in_order(missing_markers),
    })
}

/// What to call a marker that every section measured, some perhaps under another symbol: the name that all have
/// where there is one.
fn name_in_all(marker: &str, shared: &[String], indexes: &[GeneIndex]) -> Option<String> {
    let is_shared = |name: &str| shared.binary_search_by(|s| s.as_str().cmp(name)).is_ok();
    match aliases::found_as(marker, is_shared) {
        Some(name) => Some(name.to_owned()),
        None => indexes.iter().all(|index| index.find(marker).is_some()).then(|| marker.to_owned()),
    }
}

fn dedup_in_order(mut genes: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    genes.retain(|g| seen.insert(g.clone()));
    genes
}

/// Names of the genes that all sections have, sorted, and for each section the columns of these. A gene that shares its
/// symbol in one section and not in another is joined by its identifier, under the name that shows it.
fn shared_genes(sections: &[&Section], indexes: &[GeneIndex]) -> (Vec<String>, Vec<Vec<usize>>) {
    let everywhere =
        |name: &str| indexes.iter().map(|i| i.get_in_any_case(name)).collect::<Option<Vec<usize>>>();
    let told_apart = |name: &str| indexes.iter().any(|i| i.is_shared(name));
    let mut names: Vec<&str> =
        sections.iter().flat_map(|s| s.genes.iter().map(|g| g.name.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    let mut found: Vec<(&str, Vec<usize>)> =
        names.into_iter().filter_map(|name| Some((name, everywhere(name)?))).collect();
    // Of two names for one gene, the one that is not shared by several stays.
    found.sort_by_key(|(name, _)| told_apart(name));
    let mut taken: Vec<HashSet<usize>> = vec![HashSet::new(); sections.len()];
    found.retain(|(_, columns)| {
        let free = columns.iter().zip(&taken).all(|(c, t)| !t.contains(c));
        if free {
            columns.iter().zip(&mut taken).for_each(|(c, t)| {
                t.insert(*c);
            });
        }
        free
    });
    found.sort_unstable_by_key(|(name, _)| *name);
    let columns = (0..sections.len()).map(|s| found.iter().map(|(_, c)| c[s]).collect()).collect();
    (found.into_iter().map(|(name, _)| name.to_owned()).collect(), columns)
}

/// The share of all spots in which each shared gene is above zero.
fn detected_share(sections: &[&Section], columns: &[Vec<usize>]) -> Vec<f64> {
    let spots: usize = sections.iter().map(|s| s.counts.rows()).sum();
    let mut counted = vec![0usize; columns.first().map_or(0, Vec::len)];
    for (section, columns) in sections.iter().zip(columns) {
        let nonzero = section.counts.col_nonzeros();
        for (n, &c) in counted.iter_mut().zip(columns) {
            *n += nonzero[c];
        }
    }
    counted.into_iter().map(|n| n as f64 / spots.max(1) as f64).collect()
}

/// The statistics of the given columns over all spots of a section; `None` when it has no counts there.
///
/// Source: scanpy 1.11 `_highly_variable_genes_single_batch`. Counts are normalised to the median total
/// of spots that have any; log1p and its inverse cancel out, so the normalised counts are used directly.
pub fn seurat_statistics(counts: &Csr, columns: &[usize]) -> Option<Vec<GeneStats>> {
    let (mean, variance) = normalised_moments(counts, columns)?;
    let means: Vec<f64> = mean.iter().map(|&m| if m == 0.0 { 1e-12 } else { m }).collect();
    let dispersions: Vec<f64> = variance
        .iter()
        .zip(&means)
        .map(|(v, m)| v / m)
        .map(|d| if d == 0.0 { f64::NAN } else { d.ln() })
        .collect();
    let log_means: Vec<f64> = means.iter().map(|m| m.ln_1p()).collect();
    let norm = normalise_within_bins(&log_means, &dispersions);
    let known = |v: f64| v.is_finite().then_some(v);
    Some(
        log_means
            .into_iter()
            .zip(dispersions)
            .zip(norm)
            .map(|((mean, d), n)| GeneStats { mean, dispersion: known(d), dispersion_norm: known(n) })
            .collect(),
    )
}

/// Mean and variance (of a sample) of the columns after each spot is scaled to the median total.
fn normalised_moments(counts: &Csr, columns: &[usize]) -> Option<(Vec<f64>, Vec<f64>)> {
    let mut place = vec![usize::MAX; counts.cols()];
    for (i, &c) in columns.iter().enumerate() {
        place[c] = i;
    }
    let picked = |r: usize| {
        let (cols, values) = counts.row(r);
        let place = &place;
        cols.iter()
            .zip(values)
            .map(|(&c, &v)| (place[c as usize], f64::from(v)))
            .filter(|&(i, _)| i != usize::MAX)
    };
    let totals: Vec<f64> = (0..counts.rows()).map(|r| picked(r).map(|(_, v)| v).sum()).collect();
    let target = median(totals.iter().copied().filter(|&t| t > 0.0).collect())?;
    let mut sum = vec![0.0; columns.len()];
    let mut squares = vec![0.0; columns.len()];
    for (r, &total) in totals.iter().enumerate() {
        if total > 0.0 {
            let scale = target / total;
            for (i, v) in picked(r) {
                let v = v * scale;
                sum[i] += v;
                squares[i] += v * v;
            }
        }
    }
    let n = counts.rows() as f64;
    let mean: Vec<f64> = sum.iter().map(|s| s / n).collect();
    let variance = squares.iter().zip(&mean).map(|(s, m)| (s / n - m * m) * (n / (n - 1.0))).collect();
    Some((mean, variance))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.par_sort_unstable_by(f64::total_cmp);
    let n = values.len();
    let upper = *values.get(n / 2)?;
    Some(if n % 2 == 1 { upper } else { (values[n / 2 - 1] + upper) / 2.0 })
}

/// Dispersions minus the mean of their bin over its standard deviation. A bin with one dispersion gives
/// 1, as in Seurat.
fn normalise_within_bins(log_means: &[f64], dispersions: &[f64]) -> Vec<f64> {
    let bins = cut(log_means);
    let mut n = [0.0; BINS];
    let mut sum = [0.0; BINS];
    let known = || bins.iter().zip(dispersions).filter(|(_, d)| !d.is_nan());
    for (&b, d) in known() {
        n[b] += 1.0;
        sum[b] += d;
    }
    let mut squares = [0.0; BINS];
    for (&b, d) in known() {
        squares[b] += (d - sum[b] / n[b]).powi(2);
    }
    bins.iter()
        .zip(dispersions)
        .map(|(&b, &d)| {
            let average = sum[b] / n[b];
            if n[b] == 1.0 { d / average } else { (d - average) / (squares[b] / (n[b] - 1.0)).sqrt() }
        })
        .collect()
}

/// The bin of each value as `pandas.cut(values, 20)` assigns it: bins of equal width, closed on the
/// right, the first one stretched by a thousandth of the range so that it holds the smallest value.
fn cut(values: &[f64]) -> Vec<usize> {
    let mut low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let mut high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low == high {
        let margin = if low == 0.0 { 0.001 } else { 0.001 * low.abs() };
        low -= margin;
        high += margin;
    }
    let step = (high - low) / BINS as f64;
    let mut edges: Vec<f64> = (0..BINS).map(|i| i as f64 * step + low).collect();
    edges.push(high);
    values.iter().map(|&v| edges.partition_point(|&e| e < v).saturating_sub(1).min(BINS - 1)).collect()
}

/// The genes of the highest normalised dispersion among the eligible, in order of their index: the first
/// `count`, and all that tie with the last of them.
fn top<'a>(stats: &'a [GeneStats], eligible: &'a [bool], count: usize) -> impl Iterator<Item = usize> + 'a {
    let score = |i: usize| stats[i].dispersion_norm.filter(|_| eligible[i]);
    let mut scores: Vec<f64> = (0..stats.len()).filter_map(score).collect();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    let cut_off = match count {
        0 => f64::INFINITY,
        n => scores.get(n - 1).or(scores.last()).copied().unwrap_or(f64::INFINITY),
    };
    (0..stats.len()).filter(move |&i| score(i).is_some_and(|s| s >= cut_off))
}

fn combine(per_section: &[SectionHvgs], how: Combine) -> BTreeSet<String> {
    let mut sets = per_section.iter().map(|s| s.genes.iter().cloned().collect::<BTreeSet<_>>());
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |all, set| match how {
        Combine::Union => all.union(&set).cloned().collect(),
        Combine::Intersection => all.intersection(&set).cloned().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::Silent;
    use crate::data::section::Gene;
    use crate::data::testing::{real_data, real_section, reference, section};

    fn run(sections: &[&Section], options: &HvgOptions) -> Result<HvgSelection, HvgError> {
        select(sections, options, &Silent, &CancelToken::new())
    }

    #[test]
    fn equals_scanpy_on_her2st() {
        let Some(shared) = real_data() else { return };
        for file in ["hvg_scanpy_C2-C5.json", "hvg_scanpy.json"] {
            let wanted = reference(&shared, file);
            let names = |v: &serde_json::Value| -> Vec<String> { serde_json::from_value(v.clone()).unwrap() };
            let sections: Vec<Section> =
                names(&wanted["sections"]).iter().map(|n| real_section(&shared, n)).collect();
            let sections: Vec<&Section> = sections.iter().collect();
            let union = run(&sections, &HvgOptions::default()).unwrap();
            assert_eq!(union.shared.len() as u64, wanted["shared_genes"].as_u64().unwrap());
            for s in &union.per_section {
                let w = &wanted["per_section"][&s.section];
                assert_eq!(s.genes, names(&w["genes"]), "{}", s.section);
                for (gene, stats) in w["stats"].as_object().unwrap() {
                    let got = &s.stats[union.shared.binary_search(gene).unwrap()];
                    for (value, key) in [
                        (got.mean, "mean"),
                        (got.dispersion.unwrap(), "dispersion"),
                        (got.dispersion_norm.unwrap(), "dispersion_norm"),
                    ] {
                        let want = stats[key].as_f64().unwrap();
                        assert!((value - want).abs() < 1e-5, "{} {gene} {key}: {value} {want}", s.section);
                    }
                }
            }
            assert_eq!(union.genes, names(&wanted["union"]));
            let both = HvgOptions { combine: Combine::Intersection, ..HvgOptions::default() };
            assert_eq!(run(&sections, &both).unwrap().genes, names(&wanted["intersection"]));
        }
    }

    /// Two bins of genes: C and D vary, A and B do not (much); E is never counted.
    fn small() -> Section {
        section(
            "S",
            &["A", "B", "C", "D", "E"],
            &[
                &[5.0, 5.0, 9.0, 0.0, 0.0],
                &[5.0, 5.0, 0.0, 9.0, 0.0],
                &[5.0, 4.0, 1.0, 9.0, 0.0],
                &[5.0, 6.0, 8.0, 0.0, 0.0],
            ],
        )
    }

    #[test]
    fn rare_genes_are_left_out_and_markers_kept() {
        let s = small();
        let options = HvgOptions { per_section: 1, ..HvgOptions::default() };
        let plain = run(&[&s], &options).unwrap();
        assert_eq!(plain.detected, [1.0, 1.0, 0.75, 0.5, 0.0]);
        assert_eq!(plain.per_section[0].stats[4].dispersion, None);
        let often = HvgOptions {
            min_spots: 0.6,
            per_section: 5,
            always: vec!["E".into(), "X".into(), "X".into()],
            ..options
        };
        let kept = run(&[&s], &often).unwrap();
        assert!(!kept.genes.contains(&"D".to_owned()), "{:?}", kept.genes);
        assert!(kept.genes.contains(&"E".to_owned()), "a marker is kept whatever its counts");
        assert_eq!(kept.missing_markers, ["X"]);
        assert_eq!(kept.per_section[0].stats, plain.per_section[0].stats);
    }

    #[test]
    fn genes_that_share_a_symbol_are_joined_by_identifier() {
        let gene = |name: &str, id: &str| Gene { name: name.into(), id: id.into() };
        let rows: &[&[f32]] = &[&[1.0, 2.0, 3.0], &[4.0, 0.0, 1.0], &[0.0, 5.0, 2.0]];
        let mut both = section("both", &["x", "y", "z"], rows);
        both.genes = vec![gene("TBCE (E1)", "E1"), gene("TBCE (E2)", "E2"), gene("GNAS", "E3")];
        let mut one = section("one", &["x", "y", "z"], rows);
        one.genes = vec![gene("GNAS", "E3"), gene("TBCE", "E2"), gene("FN1", "E4")];
        for sections in [[&both, &one], [&one, &both]] {
            let shared = run(&sections, &HvgOptions::default()).unwrap().shared;
            assert_eq!(shared, ["GNAS", "TBCE (E2)"]);
        }
        // A table without identifiers has only the symbol, which means the first.
        let mut legacy = section("legacy", &["x", "y", "z"], rows);
        legacy.genes = ["GNAS", "TBCE", "FN1"].map(Gene::named).to_vec();
        let shared = run(&[&both, &legacy], &HvgOptions::default()).unwrap().shared;
        assert_eq!(shared.len(), 2, "{shared:?}");
    }

    #[test]
    fn genes_in_other_capitals_are_shared() {
        let rows: &[&[f32]] = &[&[1.0, 2.0], &[4.0, 0.0], &[0.0, 5.0]];
        let (upper, lower) =
            (section("A1", &["GNAS", "FASN"], rows), section("low", &["fasn", "gnas"], rows));
        for sections in [[&upper, &lower], [&lower, &upper]] {
            assert_eq!(run(&sections, &HvgOptions::default()).unwrap().shared, ["FASN", "GNAS"]);
        }
    }

    #[test]
    fn what_cannot_be_selected_is_said() {
        assert_eq!(run(&[], &HvgOptions::default()), Err(HvgError::NoSections));
        let (a, b) = (section("a", &["A"], &[&[1.0]]), section("b", &["B"], &[&[1.0]]));
        assert_eq!(run(&[&a, &b], &HvgOptions::default()), Err(HvgError::NothingShared));
        let empty = section("e", &["A"], &[&[0.0], &[0.0]]);
        assert_eq!(run(&[&a, &empty], &HvgOptions::default()), Err(HvgError::NoCounts("e".into())));
        let cancel = CancelToken::new();
        cancel.cancel();
        let cancelled = select(&[&a], &HvgOptions::default(), &Silent, &cancel);
        assert_eq!(cancelled, Err(HvgError::Cancelled(Cancelled)));
    }

    #[test]
    fn bins_equal_pandas_cut() {
        // pandas 2: pd.cut([0, .05, .0500001, .5, .95, 1], 20, labels=False) -> [0, 0, 1, 9, 18, 19]
        assert_eq!(cut(&[0.0, 0.05, 0.050_000_1, 0.5, 0.95, 1.0]), [0, 0, 1, 9, 18, 19]);
        // pd.cut([2, 2], 20, labels=False) -> [9, 9]
        assert_eq!(cut(&[2.0, 2.0]), [9, 9]);
    }
}
