//! Reading an AnnData file.

use std::path::Path;

use super::frame::{Frame, distinct};
use super::image::libraries;
use super::kind::kind_of_matrix;
use super::matrix::Stored;
use super::origin::libraries_of;
use super::positions::{pair, positions};
use crate::core::cancel::CancelToken;
use crate::core::matrix::Csr;
use crate::core::progress::{Progress, Task};
use crate::core::text::counted;
use crate::data::genes::with_unique_ids;
use crate::data::hdf5::{File, Watch};
use crate::data::section::ValueKind;
use crate::data::section::{CountTable, Gene};
use crate::data::st::ReadError;
use crate::data::st::names::{file_name, quoted};

/// Which matrix to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MatrixChoice {
    /// `X`.
    #[default]
    X,
    /// A layer by its name.
    Layer(String),
    /// `raw/X`, whose genes are those of `raw/var`.
    Raw,
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// Which matrix.
    pub matrix: MatrixChoice,
    /// The column of `obs` whose values are the labels of the spots.
    pub labels: Option<String>,
    /// Only the spots of this library.
    pub library: Option<String>,
}

/// What was read; everything is by spot, in the order of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnData {
    /// Values, spots x genes.
    pub table: CountTable,
    /// Whether these are counts.
    pub values: ValueKind,
    /// Centres as `x`, `y` in pixels of the full-resolution slide, NaN where there is none.
    pub positions: Option<Vec<[f64; 2]>>,
    /// Row and column on the array, -1 where there is none.
    pub array: Option<Vec<[i32; 2]>>,
    /// Whether the spot lies on tissue; so where nothing is said.
    pub in_tissue: Option<Vec<bool>>,
    /// The labels that were asked for.
    pub labels: Option<Vec<Option<String>>>,
    /// The library of each spot, where the file says.
    pub libraries: Option<Vec<Option<String>>>,
}

impl AnnData {
    /// The positions, where they are required.
    ///
    /// # Errors
    /// [`ReadError`] when `path` has none.
    pub fn require_positions(&self, path: &Path) -> Result<&[[f64; 2]], ReadError> {
        self.positions.as_deref().ok_or_else(|| {
            let message = "the file has no spot positions (obsm[\"spatial\"]); add them";
            ReadError::malformed(path, message)
        })
    }
}

/// Columns that may hold identifiers of genes, and names where the index holds identifiers.
const IDS: [&str; 8] =
    ["gene_ids", "gene_id", "ensembl_id", "ensembl_ids", "ensembl", "Ensembl", "feature_id", "ENSEMBL"];
const NAMES: [&str; 8] =
    ["feature_name", "gene_name", "gene_names", "gene_symbol", "gene_symbols", "symbol", "SYMBOL", "gene"];

/// Reads an AnnData file.
///
/// # Errors
/// [`ReadError`] in one sentence with the file and the path within it: no HDF5 file, no AnnData file, a matrix,
/// column or library that is not there, parts that do not fit each other, damage.
pub fn read(
    path: &Path,
    options: &ReadOptions,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<AnnData, ReadError> {
    read_file(&File::open(path)?, options, progress, cancel)
}

pub(super) fn read_file(
    file: &File,
    options: &ReadOptions,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<AnnData, ReadError> {
    let obs = Frame::open(file, "obs")?;
    let spots = obs.index()?;
    let (matrix, var) = match &options.matrix {
        MatrixChoice::X => ("X".to_owned(), "var"),
        MatrixChoice::Layer(name) => (format!("layers/{name}"), "var"),
        MatrixChoice::Raw => match raw(file) {
            Some((matrix, var)) => (matrix.to_owned(), var),
            // A layer may bear the same name.
            None => ("layers/raw".to_owned(), "var"),
        },
    };
    if matrix == "X" && !file.has("X") {
        let message = "there is no X in the file; choose one of its layers, or raw";
        return Err(ReadError::malformed(file.path(), message));
    }
    let genes = genes(&Frame::open(file, var)?)?;
    let stored = Stored::open(file, &matrix)?;
    if stored.rows != spots.len() as u64 || stored.cols != genes.len() as u64 {
        let message = format!(
            "the matrix is {} x {}, but obs names {} and {var} {}; the file is damaged",
            stored.rows,
            stored.cols,
            counted(spots.len(), "spot"),
            counted(genes.len(), "gene")
        );
        return Err(file.wrong(&matrix, message).into());
    }
    if stored.is_bool()? {
        let message =
            "the values are only true and false; counts are needed, in X or in a layer called counts";
        return Err(file.wrong(&matrix, message).into());
    }
    let stage = Task::Reading(file_name(file.path())).into();
    let counts =
        stored.read(spots.len(), genes.len(), &mut Watch::new(&stage, stored.work(), progress, cancel))?;
    cancel.check()?;
    require_finite(file, &matrix, &spots, &genes, &counts)?;
    let positions = positions(file, &obs, spots.len())?;
    let array = pair(&obs, "array_row", "array_col")?.map(|all| {
        let whole = |v: f64| if v.is_finite() { v.round() as i32 } else { -1 };
        all.into_iter().map(|[row, col]| [whole(row), whole(col)]).collect()
    });
    let in_tissue = obs.values("in_tissue")?;
    let in_tissue = in_tissue.map(|values| values.into_numbers().into_iter().map(|v| v != 0.0).collect());
    let labels = match &options.labels {
        None => None,
        Some(column) => Some(column_texts(file, &obs, column)?),
    };
    let slides = libraries(file)?;
    let names: Vec<&str> = slides.iter().map(|l| l.name.as_str()).collect();
    let libraries = libraries_of(&obs, &names)?;
    let values = kind_of_matrix(file, &matrix, &spots, &genes, &counts)?;
    let table = CountTable { spots, genes, counts };
    let all = AnnData { table, values, positions, array, in_tissue, labels, libraries };
    match &options.library {
        None => Ok(all),
        Some(library) => only(file, all, library),
    }
}

/// Infinities and NaN cannot be predicted, drawn or averaged.
fn require_finite(
    file: &File,
    matrix: &str,
    spots: &[String],
    genes: &[Gene],
    values: &Csr,
) -> Result<(), ReadError> {
    let Some((row, column, value)) = values.find(|v| !v.is_finite()) else { return Ok(()) };
    let others = values.values().iter().filter(|v| !v.is_finite()).count() - 1;
    let others = match others {
        0 => String::new(),
        1 => " (and 1 other value is not finite either)".to_owned(),
        n => format!(" (and {n} other values are not finite either)"),
    };
    let spot = spots.get(row).map_or("", String::as_str);
    let gene = genes.get(column).map_or("", |g| g.name.as_str());
    let value = match value {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "infinity",
        _ => "minus infinity",
    };
    let message = format!(
        "the value of gene {} at spot {} is {value}{others}; only finite numbers can be used, so correct the file and \
         add it again",
        quoted(gene),
        quoted(spot)
    );
    Err(file.wrong(matrix, message).into())
}

/// Where the matrix of `raw` and its genes are, also as before 0.7; `None` where there is no such matrix.
pub(super) fn raw(file: &File) -> Option<(&'static str, &'static str)> {
    [("raw/X", "raw/var"), ("raw.X", "raw.var")].into_iter().find(|(x, var)| file.has(x) && file.has(var))
}

/// The labels of all spots in a column of `obs`.
///
/// # Errors
/// [`ReadError`] when there is no such column, or the file is damaged.
pub fn labels(path: &Path, column: &str) -> Result<Vec<Option<String>>, ReadError> {
    let file = File::open(path)?;
    column_texts(&file, &Frame::open(&file, "obs")?, column)
}

fn column_texts(file: &File, obs: &Frame<'_>, column: &str) -> Result<Vec<Option<String>>, ReadError> {
    match obs.values(column)? {
        Some(values) => Ok(values.into_texts()),
        None => {
            let known = obs.columns()?;
            let there = match known.as_slice() {
                [] => "it has none".to_owned(),
                known => format!("there are: {}", known.join(", ")),
            };
            let message = format!("obs has no column {} that can be read; {there}", quoted(column));
            Err(ReadError::malformed(file.path(), message))
        }
    }
}

/// The genes of a table: names by its index, identifiers by a column, or the other way round.
fn genes(var: &Frame<'_>) -> Result<Vec<Gene>, ReadError> {
    let index = var.index()?;
    let texts = |columns: &[&str]| -> Result<Option<Vec<String>>, ReadError> {
        for column in columns {
            if let Some(values) = var.values(column)? {
                return Ok(Some(values.into_texts().into_iter().map(Option::unwrap_or_default).collect()));
            }
        }
        Ok(None)
    };
    let ensembl = index.iter().filter(|n| n.starts_with("ENS")).count();
    if ensembl * 2 > index.len()
        && let Some(names) = texts(&NAMES)?
    {
        return Ok(with_unique_ids(names.into_iter().zip(index)));
    }
    let ids = texts(&IDS)?.unwrap_or_else(|| vec![String::new(); index.len()]);
    Ok(with_unique_ids(index.into_iter().zip(ids)))
}

/// The spots of one library.
fn only(file: &File, all: AnnData, library: &str) -> Result<AnnData, ReadError> {
    let Some(of) = &all.libraries else {
        // A file of one slide need not say of which its spots are.
        return Ok(all);
    };
    let rows: Vec<usize> =
        of.iter().enumerate().filter(|(_, l)| l.as_deref() == Some(library)).map(|(r, _)| r).collect();
    if rows.is_empty() {
        let known = distinct(of).into_iter().take(5).collect::<Vec<_>>().join(", ");
        let message = format!("no spot is of library {}; there are {known}", quoted(library));
        return Err(ReadError::malformed(file.path(), message));
    }
    let pick = |r: &usize| all.table.spots[*r].clone();
    Ok(AnnData {
        table: CountTable {
            spots: rows.iter().map(pick).collect(),
            genes: all.table.genes,
            counts: all.table.counts.select_rows(&rows),
        },
        values: all.values,
        positions: all.positions.map(|v| rows.iter().map(|&r| v[r]).collect()),
        array: all.array.map(|v| rows.iter().map(|&r| v[r]).collect()),
        in_tissue: all.in_tissue.map(|v| rows.iter().map(|&r| v[r]).collect()),
        labels: all.labels.map(|v| rows.iter().map(|&r| v[r].clone()).collect()),
        libraries: all.libraries.map(|v| rows.iter().map(|&r| v[r].clone()).collect()),
    })
}
