//! The values of some genes at a time, out of matrices that are stored row by row.

use std::ops::Range;

use rayon::prelude::*;

use super::ranks::Group;
use super::{CompareError, ComparedSection, Side, members};
use crate::core::cancel::CancelToken;
use crate::evaluate::expression::Expression;

/// The most values that one block gathers, unless a single gene has more.
const MAX_BLOCK_VALUES: usize = 4 << 20;
/// The fewest, so that small comparisons are not all overhead.
const MIN_BLOCK_VALUES: usize = 16 << 10;
/// Blocks for each thread, so that none waits long for the others at the end.
const BLOCKS_PER_THREAD: usize = 4;
/// Members between two looks at the cancel token while counting.
const CHUNK: usize = 4096;
/// No gene.
const NONE: u32 = u32::MAX;

/// Sums over the members of one group in one section.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    /// Of the values.
    pub values: f64,
    /// Of what is stored: counts, or the values again.
    pub stored: f64,
    /// Members whose value is above zero.
    pub positive: usize,
}

/// The values of one gene.
#[derive(Debug, Clone)]
pub(super) struct GeneValues {
    /// Its place in the list of genes.
    pub gene: usize,
    /// The values of group A and of group B in the sections that measured the gene.
    pub groups: [Group; 2],
    /// The sums of each section, of group A and of group B.
    pub sums: Vec<[Sums; 2]>,
}

/// Which genes are gathered together.
///
/// Genes are taken in the order of the columns of the first section that has them, so that the genes of a block are
/// neighbours in every section whose columns are in the same order, and only that part of each row is read. In a section of
/// another order more of each row is read; the result is the same.
#[derive(Debug)]
pub(super) struct Plan {
    /// Genes in the order in which they are gathered.
    order: Vec<u32>,
    /// For each section and column, the place in `order`.
    places: Vec<Vec<u32>>,
    /// Totals of the members of group A and of group B of each section.
    totals: Vec<[Vec<f64>; 2]>,
    /// Stored values of each gene in `order`.
    stored: Vec<u32>,
    blocks: Vec<Range<usize>>,
}

impl Plan {
    /// Looks through the members once to see how many values each gene has.
    pub fn new(
        genes: usize,
        sections: &[ComparedSection<'_>],
        cancel: &CancelToken,
    ) -> Result<Self, CompareError> {
        let mut order: Vec<u32> = (0u32..).take(genes).collect();
        let first = |gene: u32| {
            let column = |s: &ComparedSection<'_>| s.columns[gene as usize];
            sections.iter().enumerate().find_map(|(i, s)| Some((i, column(s)?)))
        };
        order.sort_by_cached_key(|&gene| first(gene).unwrap_or((usize::MAX, 0)));
        let mut place_of = vec![NONE; genes];
        for (place, &gene) in (0u32..).zip(&order) {
            place_of[gene as usize] = place;
        }
        let places: Vec<Vec<u32>> = sections
            .iter()
            .map(|s| {
                let mut of_column = vec![NONE; s.expression.cols()];
                for (column, &place) in s.columns.iter().zip(&place_of) {
                    if let Some(column) = column {
                        of_column[*column] = place;
                    }
                }
                of_column
            })
            .collect();
        let totals = sections
            .iter()
            .map(|s| {
                [Side::A, Side::B]
                    .map(|side| members(s, side).par_iter().map(|&m| s.expression.total(m)).collect())
            })
            .collect();
        let mut plan = Self { order, places, totals, stored: vec![0; genes], blocks: Vec::new() };
        plan.count(sections, cancel)?;
        plan.cut();
        Ok(plan)
    }

    /// Counts the stored values of each gene. Unusable values are counted too and found when they are gathered.
    fn count(&mut self, sections: &[ComparedSection<'_>], cancel: &CancelToken) -> Result<(), CompareError> {
        let genes = self.order.len();
        for (section, places) in sections.iter().zip(&self.places) {
            for side in [Side::A, Side::B] {
                cancel.check()?;
                let all = members(section, side);
                if matches!(section.expression, Expression::Dense { .. }) {
                    let n = u32::try_from(all.len()).unwrap_or(u32::MAX);
                    for &place in places.iter().filter(|&&p| p != NONE) {
                        self.stored[place as usize] = self.stored[place as usize].saturating_add(n);
                    }
                    continue;
                }
                let counted = all
                    .par_chunks(CHUNK)
                    .try_fold(
                        || vec![0u32; genes],
                        |mut counted, some| {
                            cancel.check()?;
                            let stored = some.iter().filter_map(|&m| section.expression.stored_columns(m));
                            for &column in stored.flatten() {
                                if let Some(n) = counted.get_mut(places[column as usize] as usize) {
                                    *n += 1;
                                }
                            }
                            Ok::<_, CompareError>(counted)
                        },
                    )
                    .try_reduce(
                        || vec![0u32; genes],
                        |mut a, b| {
                            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                            Ok(a)
                        },
                    )?;
                self.stored.iter_mut().zip(counted).for_each(|(sum, n)| *sum = sum.saturating_add(n));
            }
        }
        Ok(())
    }

    /// Cuts the genes into blocks of about as many values.
    fn cut(&mut self) {
        let all: usize = self.stored.iter().map(|&n| n as usize).sum();
        let parts = rayon::current_num_threads() * BLOCKS_PER_THREAD;
        let wanted = all.div_ceil(parts).clamp(MIN_BLOCK_VALUES, MAX_BLOCK_VALUES);
        let (mut start, mut sum) = (0, 0);
        for (place, &n) in self.stored.iter().enumerate() {
            if sum > 0 && sum + n as usize > wanted {
                self.blocks.push(start..place);
                (start, sum) = (place, 0);
            }
            sum += n as usize;
        }
        self.blocks.push(start..self.stored.len());
    }

    /// The blocks, as ranges of the genes in the order in which they are gathered.
    pub fn blocks(&self) -> &[Range<usize>] {
        &self.blocks
    }

    /// The totals of the members of a group in a section.
    pub fn totals(&self, section: usize, side: Side) -> &[f64] {
        &self.totals[section][side as usize]
    }

    /// The values of the genes of one block.
    pub fn gather(
        &self,
        block: Range<usize>,
        genes: &[String],
        sections: &[ComparedSection<'_>],
    ) -> Result<Vec<GeneValues>, CompareError> {
        let empty = |place: usize| GeneValues {
            gene: self.order[place] as usize,
            groups: Default::default(),
            sums: vec![Default::default(); sections.len()],
        };
        let mut gathered: Vec<GeneValues> = block.clone().map(empty).collect();
        for (s, section) in sections.iter().enumerate() {
            let columns = self.columns(&block, section);
            let places = &self.places[s];
            let within = |column: usize| block.contains(&(places[column] as usize));
            for side in [Side::A, Side::B] {
                let (side_index, all) = (side as usize, members(section, side));
                let before: Vec<usize> = gathered.iter().map(|g| g.groups[side_index].values.len()).collect();
                for (&member, &total) in all.iter().zip(self.totals(s, side)) {
                    let visited = section.expression.visit(member, total, columns.clone(), within, |entry| {
                        let gene = &mut gathered[places[entry.column] as usize - block.start];
                        let sums = &mut gene.sums[s][side_index];
                        sums.values += f64::from(entry.value);
                        sums.stored += f64::from(entry.stored);
                        sums.positive += usize::from(entry.stored > 0.0);
                        gene.groups[side_index].values.push(entry.value);
                    });
                    visited.map_err(|(column, flaw)| {
                        let gene = &genes[self.order[places[column] as usize] as usize];
                        CompareError::unusable(flaw, section.name, gene, member)
                    })?;
                }
                for (gene, before) in gathered.iter_mut().zip(before) {
                    if section.columns[gene.gene].is_some() {
                        let group = &mut gene.groups[side_index];
                        group.zeros += all.len() - (group.values.len() - before);
                    }
                }
            }
        }
        Ok(gathered)
    }

    /// The columns of a section between which all genes of a block lie.
    fn columns(&self, block: &Range<usize>, section: &ComparedSection<'_>) -> Range<usize> {
        let columns = || self.order[block.clone()].iter().filter_map(|&gene| section.columns[gene as usize]);
        columns().min().map_or(0..0, |first| first..columns().max().map_or(first, |last| last + 1))
    }
}
