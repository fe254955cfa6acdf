//! One section made ready for looking at: any gene's values, any spot by its id or place, at once.

use std::collections::HashMap;
use std::sync::Arc;

use super::spot_grid::SpotGrid;
use crate::core::cells::Cells;
use crate::core::geometry::SlidePoint;
use crate::core::matrix::Csr;
use crate::core::target::{ExpressionScale, Target};
use crate::data::genes::GeneIndex;
use crate::data::section::{Section, Spot};
use crate::preprocess::target::Totals;

/// From this many spots on, looking a gene up spot by spot takes longer than a frame.
const COLUMNS_FROM: usize = 8_000;
/// The most stored values that are copied by column (8 bytes each); beyond it genes are looked up by spot.
const MAX_COLUMN_VALUES: usize = 120_000_000;

/// Counts by gene instead of by spot.
#[derive(Debug)]
struct Columns {
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f32>,
}

impl Columns {
    fn new(counts: &Csr) -> Self {
        let mut starts = vec![0usize; counts.cols() + 1];
        for r in 0..counts.rows() {
            for &c in counts.row(r).0 {
                starts[c as usize + 1] += 1;
            }
        }
        for c in 0..counts.cols() {
            starts[c + 1] += starts[c];
        }
        let mut next = starts.clone();
        let mut rows = vec![0u32; counts.nnz()];
        let mut values = vec![0f32; counts.nnz()];
        for r in 0..counts.rows() {
            let (cols, row) = counts.row(r);
            for (&c, &v) in cols.iter().zip(row) {
                let at = &mut next[c as usize];
                rows[*at] = u32::try_from(r).unwrap_or(u32::MAX);
                values[*at] = v;
                *at += 1;
            }
        }
        Self { starts, rows, values }
    }

    fn column(&self, c: usize) -> (&[u32], &[f32]) {
        match (self.starts.get(c), self.starts.get(c + 1)) {
            (Some(&from), Some(&to)) => (&self.rows[from..to], &self.values[from..to]),
            _ => (&[], &[]),
        }
    }
}

/// A section with its look-up tables.
#[derive(Debug)]
pub struct SectionIndex {
    section: Arc<Section>,
    target: Target,
    gene_of: GeneIndex,
    spot_of: HashMap<String, u32>,
    /// What each spot's counts are divided by.
    totals: Totals,
    mean_counts: Vec<f32>,
    columns: Option<Columns>,
    grid: SpotGrid,
    cells: Cells,
}

impl SectionIndex {
    /// Reads `section` once. `genes` are the genes over which [`Target::Published`] sums; when there are none, every
    /// gene is shown as one outside the list (see [`SectionIndex::scale`]).
    pub fn new(section: Arc<Section>, genes: &[String], target: Target) -> Self {
        let gene_of = GeneIndex::new(&section.genes);
        let spot_of = (0u32..).zip(&section.spots).map(|(i, s)| (s.id.clone(), i)).collect();
        let counts = &section.counts;
        let totals = Totals::new(counts, genes.iter().filter_map(|g| gene_of.find(g)), target);
        let n = counts.rows().max(1) as f64;
        let mean_counts = counts.col_sums().into_iter().map(|s| (s / n) as f32).collect();
        let by_column = counts.rows() >= COLUMNS_FROM && counts.nnz() <= MAX_COLUMN_VALUES;
        let columns = by_column.then(|| Columns::new(counts));
        let pitch = section.mpp.px(section.geometry.pitch_um);
        let grid = SpotGrid::new(section.centers().collect(), pitch);
        let cells = Cells::new(grid.points(), pitch);
        Self { section, target, gene_of, spot_of, totals, mean_counts, columns, grid, cells }
    }

    /// The section itself.
    pub fn section(&self) -> &Arc<Section> {
        &self.section
    }

    /// Where its spots lie.
    pub fn grid(&self) -> &SpotGrid {
        &self.grid
    }

    /// The cell around each of its spots.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// The target of the genes that are listed.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Whether anything was measured here; an H&E slide without ST has spots to predict and no counts.
    pub fn is_measured(&self) -> bool {
        !self.section.genes.is_empty()
    }

    /// Whether `gene` was measured here.
    pub fn has_gene(&self, gene: &str) -> bool {
        self.gene_of.find(gene).is_some()
    }

    /// The column of `gene` in the counts.
    pub fn column(&self, gene: &str) -> Option<usize> {
        self.gene_of.find(gene)
    }

    /// What the section calls `gene` where that is not its own name: a former symbol, or the current one.
    pub fn other_name<'a>(&self, gene: &'a str) -> Option<&'a str> {
        self.gene_of.name_of(gene).filter(|name| *name != gene)
    }

    /// The scale of [`SectionIndex::measured`]: the target for a gene of the list, the same logarithm over all genes
    /// for any other. Values that were normalised before stay what they are.
    pub fn scale(&self, gene: &str) -> ExpressionScale {
        let listed = self.gene_of.find(gene).is_some_and(|c| self.totals.is_selected(c));
        self.section.values.scale(self.target, listed)
    }

    /// What a single transcript of `gene` is on its [`SectionIndex::scale`], in a spot of median depth.
    pub fn one_count(&self, gene: &str) -> Option<f32> {
        self.totals.one_count(self.scale(gene))
    }

    /// Mean count of `gene` over the spots; the mean value where the section holds no counts.
    pub fn mean_count(&self, gene: &str) -> Option<f32> {
        self.mean_counts.get(self.gene_of.find(gene)?).copied()
    }

    /// The index of the spot called `id`.
    pub fn spot(&self, id: &str) -> Option<usize> {
        self.spot_of.get(id).map(|&i| i as usize)
    }

    /// The spot with this index.
    pub fn spot_at(&self, index: usize) -> Option<&Spot> {
        self.section.spots.get(index)
    }

    /// The spot nearest to `at`, at most `reach` slide pixels away.
    pub fn nearest_spot(&self, at: SlidePoint, reach: f64) -> Option<usize> {
        self.grid.nearest(at, reach)
    }

    /// Measured expression of `gene` on its [`SectionIndex::scale`], one value a spot; `None` when it was not
    /// measured here.
    pub fn measured(&self, gene: &str) -> Option<Vec<f32>> {
        let column = self.gene_of.find(gene)?;
        let (counts, scale) = (&self.section.counts, self.scale(gene));
        let Some(columns) = &self.columns else {
            let value = |r| self.totals.value(r, counts.get(r, column), scale);
            return Some((0..counts.rows()).map(value).collect());
        };
        let mut out = vec![0.0; counts.rows()];
        let (rows, values) = columns.column(column);
        for (&r, &v) in rows.iter().zip(values) {
            if let Some(slot) = out.get_mut(r as usize) {
                *slot = self.totals.value(r as usize, v, scale);
            }
        }
        Some(out)
    }

    /// Measured expression of `gene` at one spot.
    pub fn measured_at(&self, gene: &str, spot: usize) -> Option<f32> {
        let column = self.gene_of.find(gene)?;
        let scale = self.scale(gene);
        (spot < self.section.counts.rows())
            .then(|| self.totals.value(spot, self.section.counts.get(spot, column), scale))
    }
}

#[cfg(test)]
pub(in crate::app) mod tests {
    use super::*;
    use crate::core::geometry::Mpp;
    use crate::core::matrix::CsrBuilder;
    use crate::data::section::{Gene, MppSource, SpotGeometry, ValueKind};

    /// `side * side` spots 200 um apart at 1 um a pixel; gene `g` at spot `s` counts `(s * (g + 3)) % 7`.
    pub fn section(name: &str, side: usize, genes: &[&str]) -> Section {
        let n = side * side;
        let mut counts = CsrBuilder::new(genes.len());
        for s in 0..n {
            for g in 0..genes.len() {
                assert!(counts.push(g, ((s * (g + 3)) % 7) as f32));
            }
            counts.end_row();
        }
        let spots = (0..n)
            .map(|s| Spot {
                id: format!("{}x{}", s % side, s / side),
                center: SlidePoint::new(150.0 + (s % side) as f64 * 200.0, 150.0 + (s / side) as f64 * 200.0),
            })
            .collect();
        let extent = 300 + (side as u32 - 1) * 200;
        Section {
            name: name.into(),
            patient: Some(name.chars().take(1).collect()),
            spots,
            genes: genes.iter().map(|g| Gene::named(*g)).collect(),
            counts: counts.finish(),
            values: ValueKind::Counts,
            labels: None,
            in_tissue: 0,
            sum: 0.0,
            mpp: Mpp(1.0),
            mpp_source: MppSource::SpotPitch,
            mpp_by_spots: None,
            geometry: SpotGeometry::LEGACY_ST,
            slide: "x.png".into(),
            slide_size: (extent, extent),
        }
    }

    #[test]
    fn expression_follows_the_target() {
        // Spot 1 counts 3, 4, 5.
        let s = Arc::new(section("C1", 2, &["A", "B", "C"]));
        let all = SectionIndex::new(s.clone(), &[], Target::Published);
        assert!((all.measured("B").unwrap()[1] - (1.0f32 + 1e4 * 4.0 / 12.0).log10()).abs() < 1e-6);
        let two = SectionIndex::new(s.clone(), &["A".into(), "B".into()], Target::Published);
        assert!((two.measured("B").unwrap()[1] - (1.0f32 + 1e4 * 4.0 / 7.0).log10()).abs() < 1e-6);
        // A gene outside the list is compared with all genes of the spot, whatever the list.
        assert_eq!(
            (two.scale("B"), two.scale("C")),
            (ExpressionScale::Log10Selected, ExpressionScale::Log10All)
        );
        assert!((two.measured("C").unwrap()[1] - (1.0f32 + 1e4 * 5.0 / 12.0).log10()).abs() < 1e-6);
        let one = SectionIndex::new(s.clone(), &["A".into()], Target::Published);
        assert_eq!(one.measured("C"), two.measured("C"));
        assert_eq!((all.scale("C"), all.measured("C")), (ExpressionScale::Log10All, two.measured("C")));
        let ln = SectionIndex::new(s, &["A".into()], Target::Lognorm);
        assert_eq!((ln.scale("A"), ln.scale("B")), (ExpressionScale::LnAll, ExpressionScale::LnAll));
        assert!((ln.measured("B").unwrap()[1] - (1.0f32 + 1e4 * 4.0 / 12.0).ln()).abs() < 1e-5);
        assert_eq!(ln.measured("B").unwrap()[0], 0.0, "a spot without counts");
        assert_eq!(ln.measured("missing"), None);
        assert_eq!(ln.measured_at("B", 1), Some(ln.measured("B").unwrap()[1]));
    }

    #[test]
    fn a_gene_is_found_by_its_former_symbol() {
        let index = SectionIndex::new(Arc::new(section("C1", 2, &["A", "FAM64A"])), &[], Target::Published);
        assert_eq!(index.other_name("PIMREG"), Some("FAM64A"));
        assert_eq!((index.other_name("FAM64A"), index.other_name("X")), (None, None));
        assert!(index.has_gene("PIMREG") && index.measured("PIMREG") == index.measured("FAM64A"));
    }

    #[test]
    fn values_that_were_normalised_have_no_unit_of_ours() {
        let counts = section("C1", 2, &["A"]);
        let normalised = Section { values: ValueKind::Normalised, ..counts.clone() };
        let index = |s: Section| SectionIndex::new(Arc::new(s), &["A".into()], Target::Published);
        assert_eq!(index(counts.clone()).scale("A"), ExpressionScale::Log10Selected);
        let normalised = index(normalised);
        assert_eq!(normalised.scale("A"), ExpressionScale::AsInFile);
        assert_eq!(normalised.measured("A").unwrap()[1], counts.counts.get(1, 0));
    }

    #[test]
    fn columns_give_the_same_as_rows() {
        let s = Arc::new(section("C1", 95, &["A", "B", "C"]));
        let fast = SectionIndex::new(s.clone(), &[], Target::Published);
        assert!(fast.columns.is_some());
        let slow = SectionIndex { columns: None, ..SectionIndex::new(s, &[], Target::Published) };
        for gene in ["A", "B", "C"] {
            assert_eq!(fast.measured(gene), slow.measured(gene));
        }
    }

    #[test]
    fn maps_show_what_models_learn() {
        use crate::data::testing::{published_genes, real_data, real_section};
        use crate::preprocess::target::expression;
        let Some(shared) = real_data() else { return };
        let (section, genes) = (Arc::new(real_section(&shared, "C4")), published_genes(&shared));
        for target in [Target::Published, Target::Lognorm] {
            let learnt = expression(&section, &genes, target).unwrap();
            let index = SectionIndex::new(section.clone(), &genes, target);
            // Lists as people have them: a measured gene outside them never exceeds the end of its scale.
            let outside = index.measured("ERBB2").unwrap();
            assert!(outside.iter().all(|v| (0.0..=index.scale("ERBB2").value(1.0, 1.0) as f32).contains(v)));
            for (c, gene) in genes.iter().enumerate().step_by(7) {
                let shown = index.measured(gene).unwrap();
                for (a, b) in shown.iter().zip(learnt.column(c)) {
                    assert!((a - b).abs() < 1e-5, "{gene}: {a} and {b}");
                }
            }
        }
    }

    #[test]
    fn spots_are_found_by_id_and_place() {
        let index = SectionIndex::new(Arc::new(section("C1", 3, &["A"])), &[], Target::Published);
        assert_eq!(index.spot("2x1"), Some(5));
        assert_eq!(index.nearest_spot(SlidePoint::new(540.0, 360.0), 50.0), Some(5));
        assert_eq!(index.mean_count("A"), Some((3.0 + 6.0 + 2.0 + 5.0 + 1.0 + 4.0 + 0.0 + 3.0) / 9.0));
    }
}
