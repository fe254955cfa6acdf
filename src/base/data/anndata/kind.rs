//! What the values of a matrix are: counts, or values that someone has normalised. A few odd values among counts are a
//! damaged file, not a normalised one.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::matrix::is_count;
use crate::core::matrix::Csr;
use crate::core::text::counted;
use crate::data::hdf5::File;
use crate::data::section::{Gene, ValueKind};
use crate::data::st::ReadError;
use crate::data::st::names::quoted;

/// No assay counts, and no normalisation gives, more than this.
const MAX_VALUE: f32 = (1u32 << 31) as f32;
/// Among this many values that are counts, one that is none is odd.
const COUNTS_PER_ODD: usize = 100;
/// A single value that is no count is odd among fewer.
const COUNTS_FOR_ONE: usize = 10;

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    TooLarge,
    NoCount,
}

/// What the values other than 0 are, or what is odd about some of them.
fn judge(values: &[f32]) -> Result<ValueKind, Oddity> {
    let number = |is: fn(f32) -> bool| values.par_iter().filter(|v| is(**v)).count();
    if number(|v| v.abs() > MAX_VALUE) > 0 {
        return Err(Oddity::TooLarge);
    }
    let counts = number(|v| v != 0.0 && is_count(v));
    match number(|v| !is_count(v)) {
        0 => Ok(ValueKind::Counts),
        // Whole numbers that are too large to be exact.
        odd if odd == number(|v| !is_count(v) && v > 0.0 && v.fract() == 0.0) => Err(Oddity::TooLarge),
        1 if counts >= COUNTS_FOR_ONE => Err(Oddity::NoCount),
        odd if counts >= COUNTS_PER_ODD.saturating_mul(odd) => Err(Oddity::NoCount),
        _ => Ok(ValueKind::Normalised),
    }
}

/// The kind of the values of a matrix.
///
/// # Errors
/// [`ReadError`] naming gene, spot and value: one that is larger than any measurement, or that is none among counts.
pub(super) fn kind_of_matrix(
    file: &File,
    matrix: &str,
    spots: &[String],
    genes: &[Gene],
    values: &Csr,
) -> Result<ValueKind, ReadError> {
    let oddity = match judge(values.values()) {
        Ok(kind) => return Ok(kind),
        Err(oddity) => oddity,
    };
    let is_beyond = |v: f32| v.abs() > MAX_VALUE;
    let any_beyond = values.values().iter().any(|v| is_beyond(*v));
    let is_odd = |v: f32| if any_beyond { is_beyond(v) } else { !is_count(v) };
    let Some((row, column, value)) = values.find(is_odd) else { return Ok(ValueKind::Normalised) };
    let others = match values.values().iter().filter(|v| is_odd(**v)).count() - 1 {
        0 => String::new(),
        1 => " (and 1 other value is like it)".to_owned(),
        n => format!(" (and {n} other values are like it)"),
    };
    let why = match oddity {
        Oddity::TooLarge => "which is too large for a count or a normalised value".to_owned(),
        Oddity::NoCount => {
            let counts = values.values().iter().filter(|v| **v != 0.0 && is_count(**v)).count();
            let are = if counts == 1 { "is a count" } else { "are counts" };
            format!("while {} {are}, which are whole numbers of 0 or more", counted(counts, "other value"))
        }
    };
    let number = if value.abs() < 1e7 { value.to_string() } else { format!("{value:e}") };
    let message = format!(
        "the value of gene {} at spot {} is {number}{others}, {why}; correct the file and add it again",
        quoted(genes.get(column).map_or("", |g| g.name.as_str())),
        quoted(spots.get(row).map_or("", String::as_str))
    );
    Err(file.wrong(matrix, message).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_odd_values_among_counts_are_damage_and_many_are_normalised() {
        let counts: Vec<f32> = (0..200).map(|n| (n % 7) as f32).collect();
        let with = |odd: &[f32]| judge(&[&counts[..], odd].concat());
        assert_eq!(with(&[]), Ok(ValueKind::Counts));
        for odd in [-2.0, 0.5, -0.25] {
            assert_eq!(with(&[odd]), Err(Oddity::NoCount), "{odd}");
            assert_eq!(with(&[odd; 40]), Ok(ValueKind::Normalised), "{odd}");
        }
        for odd in [2f32.powi(40), 1e20, -9.2e18, 3e38, 2f32.powi(26)] {
            assert_eq!(with(&[odd]), Err(Oddity::TooLarge), "{odd}");
        }
        let normalised: Vec<f32> = counts.iter().map(|v| (1.0 + v * 1.7).ln()).collect();
        assert_eq!(judge(&normalised), Ok(ValueKind::Normalised));
        assert_eq!(judge(&[&normalised[..], &[1e20]].concat()), Err(Oddity::TooLarge));
        // Counts per million exceed what a count can be, and are fractional.
        let per_million: Vec<f32> = counts.iter().map(|v| v * 12_345.67).collect();
        assert_eq!(judge(&per_million), Ok(ValueKind::Normalised));
        assert_eq!(judge(&[]), Ok(ValueKind::Counts));
        assert_eq!(judge(&[0.0, 0.5, 3.0]), Ok(ValueKind::Normalised), "too few to tell");
    }
}
