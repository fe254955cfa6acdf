//! What groups must be like to be compared.

use super::{ComparedSection, MIN_MEMBERS, Side, members};
use crate::core::cancel::Cancelled;
use crate::core::target::ExpressionScale;
use crate::core::text::counted;
use crate::evaluate::expression::Flaw;

/// Groups cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// The list of genes is empty.
    #[error("There are no genes to compare; choose at least one")]
    NoGenes,
    /// A group is too small.
    #[error("Group {} has {}, but a comparison needs at least {MIN_MEMBERS} in each group; add some to it",
        letter(*.group), counted(*.members, "member"))]
    TooFew {
        /// The group.
        group: Side,
        /// How many members it has.
        members: usize,
    },
    /// A place belongs to both groups.
    #[error("Groups A and B share {} of section {section}; a place can be in one group only", counted(*.places, "place"))]
    Overlap {
        /// The section.
        section: String,
        /// How many places of it are in both groups.
        places: usize,
    },
    /// A place stands in a group twice.
    #[error("Group {} names place {place} of section {section} twice; name it once", letter(*.group))]
    Repeated {
        /// The group.
        group: Side,
        /// The section.
        section: String,
        /// The row.
        place: usize,
    },
    /// A place does not exist.
    #[error("Group {} names place {place} of section {section}, which has {}", letter(*.group), counted(*.rows, "place"))]
    NoSuchPlace {
        /// The group.
        group: Side,
        /// The section.
        section: String,
        /// The row.
        place: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// The columns of a section do not fit its expression or the list of genes.
    #[error("The genes of section {section} do not fit its values: {why}")]
    Columns {
        /// The section.
        section: String,
        /// What does not fit.
        why: ColumnsFault,
    },
    /// Values of different scales cannot be ranked together.
    #[error(
        "{first} holds values on the scale \"{}\" and {second} on the scale \"{}\"; compare sections of one scale",
        scales[0].unit(), scales[1].unit()
    )]
    MixedScales {
        /// A section.
        first: String,
        /// One of another scale.
        second: String,
        /// Both scales.
        scales: [ExpressionScale; 2],
    },
    /// A value is infinite or not a number.
    #[error(
        "The value of {gene} at place {place} of section {section} is not a finite number; reload the section"
    )]
    NotFinite {
        /// The section.
        section: String,
        /// The gene.
        gene: String,
        /// The row.
        place: usize,
    },
    /// A count is below zero.
    #[error(
        "The count of {gene} at place {place} of section {section} is below zero, so these are not counts"
    )]
    Negative {
        /// The section.
        section: String,
        /// The gene.
        gene: String,
        /// The row.
        place: usize,
    },
    /// It was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// How the columns of a section can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsFault {
    /// There is not one for each gene.
    #[error("{} for {}", counted(*.found, "column"), counted(*.genes, "gene"))]
    Length {
        /// Columns.
        found: usize,
        /// Genes.
        genes: usize,
    },
    /// A column does not exist.
    #[error("column {column} of {cols}")]
    Beyond {
        /// The column.
        column: usize,
        /// How many columns there are.
        cols: usize,
    },
    /// Two genes have the same column.
    #[error("column {0} belongs to two genes")]
    Twice(usize),
}

const fn letter(side: Side) -> char {
    match side {
        Side::A => 'A',
        Side::B => 'B',
    }
}

impl CompareError {
    /// The error of an unusable value.
    pub(super) fn unusable(flaw: Flaw, section: &str, gene: &str, place: usize) -> Self {
        let (section, gene) = (section.to_owned(), gene.to_owned());
        match flaw {
            Flaw::NotFinite => Self::NotFinite { section, gene, place },
            Flaw::Negative => Self::Negative { section, gene, place },
        }
    }
}

/// Checks everything but the values. Gives the scale that all sections with members share.
pub(super) fn check(
    genes: &[String],
    sections: &[ComparedSection<'_>],
) -> Result<ExpressionScale, CompareError> {
    if genes.is_empty() {
        return Err(CompareError::NoGenes);
    }
    for section in sections {
        check_columns(genes.len(), section)
            .map_err(|why| CompareError::Columns { section: section.name.to_owned(), why })?;
        check_members(section)?;
    }
    for group in [Side::A, Side::B] {
        let members = sections.iter().map(|s| members(s, group).len()).sum();
        if members < MIN_MEMBERS {
            return Err(CompareError::TooFew { group, members });
        }
    }
    let mut with_members = sections.iter().filter(|s| !s.a.is_empty() || !s.b.is_empty());
    let Some(first) = with_members.next() else {
        return Err(CompareError::TooFew { group: Side::A, members: 0 });
    };
    match with_members.find(|s| s.expression.scale() != first.expression.scale()) {
        None => Ok(first.expression.scale()),
        Some(second) => Err(CompareError::MixedScales {
            first: first.name.to_owned(),
            second: second.name.to_owned(),
            scales: [first.expression.scale(), second.expression.scale()],
        }),
    }
}

fn check_columns(genes: usize, section: &ComparedSection<'_>) -> Result<(), ColumnsFault> {
    let found = section.columns.len();
    if found != genes {
        return Err(ColumnsFault::Length { found, genes });
    }
    let cols = section.expression.cols();
    let mut taken = vec![false; cols];
    for &column in section.columns.iter().flatten() {
        match taken.get_mut(column) {
            None => return Err(ColumnsFault::Beyond { column, cols }),
            Some(true) => return Err(ColumnsFault::Twice(column)),
            Some(free) => *free = true,
        }
    }
    Ok(())
}

fn check_members(section: &ComparedSection<'_>) -> Result<(), CompareError> {
    let rows = section.expression.rows();
    let mut of: Vec<Option<Side>> = vec![None; rows];
    let mut shared = 0;
    for group in [Side::A, Side::B] {
        for &place in members(section, group) {
            let name = || section.name.to_owned();
            match of.get_mut(place) {
                None => return Err(CompareError::NoSuchPlace { group, section: name(), place, rows }),
                Some(Some(known)) if *known == group => {
                    return Err(CompareError::Repeated { group, section: name(), place });
                }
                Some(Some(_)) => shared += 1,
                Some(free) => *free = Some(group),
            }
        }
    }
    match shared {
        0 => Ok(()),
        places => Err(CompareError::Overlap { section: section.name.to_owned(), places }),
    }
}
