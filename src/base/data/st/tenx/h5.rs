//! Feature-barcode matrices as HDF5. There the matrix is features x barcodes in compressed columns, which is
//! barcodes x features in compressed rows.

use std::collections::HashMap;
use std::path::Path;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator};

use super::MAX_COUNT;
use super::features::{FeatureKind, FeatureMatrix, check_barcodes};
use crate::core::cancel::CancelToken;
use crate::core::matrix::{Csr, CsrBuilder, PartsError};
use crate::core::progress::{Progress, Task};
use crate::core::text::counted;
use crate::data::genes::with_unique_ids;
use crate::data::hdf5::{File, ObjectKind, Watch};
use crate::data::section::CountTable;
use crate::data::st::ReadError;
use crate::data::st::names::{file_name, quoted};

/// Which layout a matrix file has.
enum Layout {
    /// `/matrix` with features, version 3.
    Features,
    /// One group for each genome, version 2; their names.
    Genomes(Vec<String>),
}

/// What a matrix file holds, without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct H5Summary {
    /// Format version, 2 or 3.
    pub version: u8,
    /// Barcodes (of the largest genome).
    pub spots: usize,
    /// Features.
    pub features: usize,
    /// Stored values.
    pub stored: u64,
    /// The genomes of version 2, by name.
    pub genomes: Vec<String>,
}

/// Looks at a matrix file without reading its values.
///
/// # Errors
/// [`ReadError`] as [`read_h5`].
pub fn inspect_h5(path: &Path) -> Result<H5Summary, ReadError> {
    let file = File::open(path)?;
    let rows = |p: String| Ok::<_, ReadError>(file.dataset(&p)?.rows());
    let small = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(match layout(&file)? {
        Layout::Features => H5Summary {
            version: 3,
            spots: small(rows("matrix/barcodes".into())?),
            features: small(rows("matrix/features/id".into())?),
            stored: rows("matrix/data".into())?,
            genomes: Vec::new(),
        },
        Layout::Genomes(genomes) => {
            let (mut spots, mut features, mut stored) = (0, 0, 0u64);
            for genome in &genomes {
                spots = spots.max(small(rows(format!("{genome}/barcodes"))?));
                features += small(rows(format!("{genome}/genes"))?);
                stored = stored.saturating_add(rows(format!("{genome}/data"))?);
            }
            H5Summary { version: 2, spots, features, stored, genomes }
        }
    })
}

/// Reads a feature-barcode matrix, spots x features, in the order of the file. Genomes of version 2 are put
/// beside each other, their spots joined by barcode.
///
/// # Errors
/// [`ReadError`] in one sentence with the file and the path within it: another kind of HDF5 file, parts that do
/// not fit each other, values that are no counts, damage.
pub fn read_h5(
    path: &Path,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<FeatureMatrix, ReadError> {
    read_from(&File::open(path)?, progress, cancel)
}

pub(super) fn read_from(
    file: &File,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<FeatureMatrix, ReadError> {
    match layout(file)? {
        Layout::Features => {
            let texts = |name: &str| -> Result<Option<Vec<String>>, ReadError> {
                let path = format!("matrix/features/{name}");
                Ok(if file.has(&path) { Some(file.dataset(&path)?.all_texts()?) } else { None })
            };
            let ids = file.dataset("matrix/features/id")?.all_texts()?;
            let fits = |name: &str, found: Option<Vec<String>>| match found {
                Some(found) if found.len() == ids.len() => Ok(found),
                Some(found) => Err(ReadError::from(file.wrong(
                    &format!("matrix/features/{name}"),
                    format!(
                        "{} for {}; the file is damaged",
                        counted(found.len(), "text"),
                        counted(ids.len(), "feature")
                    ),
                ))),
                None => Ok(vec![String::new(); ids.len()]),
            };
            let names = fits("name", texts("name")?)?;
            let kinds = fits("feature_type", texts("feature_type")?)?;
            let genomes = fits("genome", texts("genome")?)?;
            let kinds: Vec<FeatureKind> = kinds.iter().map(|k| FeatureKind::named(k)).collect();
            let (spots, counts) = compressed(file, "matrix", &names, progress, cancel)?;
            let genes = with_unique_ids(names.into_iter().zip(ids));
            Ok(FeatureMatrix { table: CountTable { spots, genes, counts }, kinds, genomes })
        }
        Layout::Genomes(genomes) => {
            let mut parts = Vec::new();
            for genome in genomes {
                let ids = file.dataset(&format!("{genome}/genes"))?.all_texts()?;
                let names = file.dataset(&format!("{genome}/gene_names"))?.all_texts()?;
                if names.len() != ids.len() {
                    let (found, genes) = (counted(names.len(), "name"), counted(ids.len(), "gene"));
                    let message = format!("{found} for {genes}; the file is damaged");
                    return Err(file.wrong(&format!("{genome}/gene_names"), message).into());
                }
                let (spots, counts) = compressed(file, &genome, &names, progress, cancel)?;
                parts.push(Part { genome, names, ids, spots, counts });
            }
            Ok(beside(parts))
        }
    }
}

/// Recognises the kinds of HDF5 file that 10x writes.
fn layout(file: &File) -> Result<Layout, ReadError> {
    let refused = |what: &str| Err(ReadError::malformed(file.path(), what));
    if file.kind("matrix")? == Some(ObjectKind::Group) {
        let probes =
            ["matrix/features/probe_region", "matrix/features/filtered_probes", "matrix/filtered_barcodes"];
        if probes.iter().any(|p| file.has(p)) {
            return refused(
                "this matrix counts probes, not genes; use filtered_feature_bc_matrix.h5 of the same folder",
            );
        }
        if file.has("matrix/features/id") {
            return Ok(Layout::Features);
        }
        if file.has("matrix/genes") && file.has("matrix/gene_names") {
            return Ok(Layout::Genomes(vec!["matrix".to_owned()]));
        }
        return refused(
            "the matrix names no features (matrix/features/id is not there); the file is incomplete",
        );
    }
    if file.has("barcode_idx") || file.has("molecule_info") {
        return refused(
            "this file holds single molecules, not a matrix; use filtered_feature_bc_matrix.h5 of the same folder",
        );
    }
    if file.has("obs") && file.has("var") {
        return refused("this is an AnnData file, not a matrix of 10x; open it as .h5ad");
    }
    let genomes = file.children("")?.into_iter().filter(|(name, kind)| {
        *kind == ObjectKind::Group
            && file.has(&format!("{name}/indptr"))
            && file.has(&format!("{name}/genes"))
    });
    let genomes: Vec<String> = genomes.map(|(name, _)| name).collect();
    if genomes.is_empty() {
        return refused(
            "this HDF5 file holds no feature-barcode matrix; give filtered_feature_bc_matrix.h5 or an .h5ad file",
        );
    }
    Ok(Layout::Genomes(genomes))
}

/// The barcodes of a group and its matrix, barcodes x features, which are called `names`.
fn compressed(
    file: &File,
    group: &str,
    names: &[String],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<(Vec<String>, Csr), ReadError> {
    let features = names.len();
    let at = |name: &str| format!("{group}/{name}");
    let spots = file.dataset(&at("barcodes"))?.all_texts()?;
    check_barcodes(file.path(), &spots)?;
    if file.has(&at("shape")) {
        let shape = file.dataset(&at("shape"))?;
        if shape.rows() != 2 {
            return Err(shape.wrong("expected the numbers of features and barcodes").into());
        }
        let said: Vec<u64> = shape.all_numbers()?;
        if said != [features as u64, spots.len() as u64] {
            let said = said.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
            let found = format!("{} x {}", counted(features, "feature"), counted(spots.len(), "barcode"));
            let message = format!("it says {said} where the file names {found}; the file is damaged");
            return Err(shape.wrong(message).into());
        }
    }
    let stored = file.dataset(&at("data"))?;
    let indices = file.dataset(&at("indices"))?;
    let starts = file.dataset(&at("indptr"))?;
    if starts.rows() != spots.len() as u64 + 1 {
        let message = format!(
            "{} entries were found for {}; the file is damaged",
            starts.rows(),
            counted(spots.len(), "barcode")
        );
        return Err(starts.wrong(message).into());
    }
    if indices.rows() != stored.rows() {
        let message = format!(
            "the features of {} values were found where there are {}; the file is damaged",
            indices.rows(),
            stored.rows()
        );
        return Err(indices.wrong(message).into());
    }
    let starts: Vec<u64> = starts.all_numbers()?;
    let starts: Vec<usize> = starts.into_iter().map(|s| usize::try_from(s).unwrap_or(usize::MAX)).collect();
    let stage = Task::Reading(file_name(file.path())).into();
    let mut watch = Watch::new(&stage, stored.rows().saturating_mul(2), progress, cancel);
    let columns: Vec<u32> = watch.read(&indices)?;
    let values: Vec<f32> = watch.read(&stored)?;
    if let Some((at, value)) = no_count(&values) {
        let spot =
            spots.get(starts.partition_point(|&s| s <= at).saturating_sub(1)).map_or("", String::as_str);
        let gene = columns.get(at).and_then(|&c| names.get(c as usize)).map_or("", String::as_str);
        let start = format!("the count of {} in spot {} is {value}", quoted(gene), quoted(spot));
        let why = match value {
            v if v < 0.0 => "; counts cannot be negative, so give raw counts",
            v if v.is_finite() && v.fract() != 0.0 => {
                "; counts are whole numbers, so give raw counts, not normalised values"
            }
            _ => ", which cannot be a count; the file is damaged",
        };
        return Err(stored.wrong(format!("{start}{why}")).into());
    }
    let matrix = Csr::from_parts(features, starts, columns, values).map_err(|e| match e {
        PartsError::Column { row, column } => {
            let spot = spots.get(row).map_or("", String::as_str);
            let message =
                format!(
                    "spot {} has a count of feature {column} (counting from 0), but there are {features}; the file is damaged",
                    quoted(spot)
                );
            indices.wrong(message)
        }
        PartsError::Starts | PartsError::Lengths => {
            file.wrong(&at("indptr"), "its entries do not fit the values; the file is damaged")
        }
    })?;
    cancel.check()?;
    Ok((spots, matrix))
}

/// The first value that is no count, and where it is.
fn no_count(values: &[f32]) -> Option<(usize, f32)> {
    let wrong = |v: f32| !((0.0..=MAX_COUNT).contains(&v) && v.fract() == 0.0);
    let at = values.par_iter().position_first(|&v| wrong(v))?;
    Some((at, *values.get(at)?))
}

/// One genome of version 2.
struct Part {
    genome: String,
    names: Vec<String>,
    ids: Vec<String>,
    spots: Vec<String>,
    counts: Csr,
}

/// Genomes beside each other; spots in the order in which they first come.
fn beside(parts: Vec<Part>) -> FeatureMatrix {
    let mut spots: Vec<String> = Vec::new();
    let mut rows: Vec<Vec<Option<usize>>> = Vec::new();
    let mut place: HashMap<String, usize> = HashMap::new();
    for (p, part) in parts.iter().enumerate() {
        for (row, spot) in part.spots.iter().enumerate() {
            let at = *place.entry(spot.clone()).or_insert_with(|| {
                spots.push(spot.clone());
                rows.push(vec![None; parts.len()]);
                spots.len() - 1
            });
            rows[at][p] = Some(row);
        }
    }
    let mut names = Vec::new();
    let mut ids = Vec::new();
    let mut genomes = Vec::new();
    let mut only = None;
    let single = parts.len() == 1;
    let cols = parts.iter().map(|p| p.counts.cols()).sum();
    let mut builder = CsrBuilder::new(cols);
    if !single {
        for row in &rows {
            let mut before = 0;
            for (part, row) in parts.iter().zip(row) {
                if let Some(row) = row {
                    let (columns, values) = part.counts.row(*row);
                    for (&c, &v) in columns.iter().zip(values) {
                        // The columns are within, since each matrix was checked.
                        let _ = builder.push(before + c as usize, v);
                    }
                }
                before += part.counts.cols();
            }
            builder.end_row();
        }
    }
    for part in parts {
        genomes.extend(std::iter::repeat_n(part.genome, part.ids.len()));
        names.extend(part.names);
        ids.extend(part.ids);
        only = Some(part.counts);
    }
    let counts = match only {
        Some(counts) if single => counts,
        _ => builder.finish(),
    };
    let genes = with_unique_ids(names.into_iter().zip(ids));
    let kinds = vec![FeatureKind::Gene; genes.len()];
    FeatureMatrix { table: CountTable { spots, genes, counts }, kinds, genomes }
}
