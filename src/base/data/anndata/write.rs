//! Writing an AnnData file in the current encodings ("on-disk format" of anndata 0.8 and later).

use std::io::Write;
use std::path::Path;

use hdf5_pure::{AttrValue, DatasetBuilder, EnumTypeBuilder, Error, FileBuilder, GroupBuilder, make_i8_type};

use crate::core::files::{FileError, write_atomically};
use crate::core::matrix::Matrix;

/// Bytes of a chunk, about.
const CHUNK: usize = 1 << 20;
/// What zlib calls fast: numbers of a model hardly get smaller at higher levels.
const LEVEL: u32 = 2;

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum ObsColumn {
    /// Labels; `None` where there is none. The categories are sorted.
    Categorical(Vec<Option<String>>),
    /// Decimal numbers, NaN where there are none.
    Float(Vec<f64>),
    /// Whole numbers.
    Int(Vec<i64>),
    /// True or false.
    Bool(Vec<bool>),
    /// Texts.
    Text(Vec<String>),
}

impl ObsColumn {
    fn len(&self) -> usize {
        match self {
            Self::Categorical(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Int(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }
}

/// A table: the names of its rows, and columns in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// One a row.
    pub names: Vec<String>,
    /// Names and values, as many as there are rows.
    pub columns: Vec<(String, ObsColumn)>,
}

/// What has no shape: the entries of `uns`.
#[derive(Debug, Clone, PartialEq)]
pub enum Uns {
    /// Named entries.
    Map(Vec<(String, Uns)>),
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// A decimal number.
    Float(f64),
    /// Decimal numbers.
    Floats(Vec<f64>),
    /// A whole number.
    Int(i64),
    /// True or false.
    Bool(bool),
}

/// What is written. Matrices are spots x genes, in the order of `obs` and `var`.
#[derive(Debug, Clone, Default)]
pub struct Contents<'a> {
    /// The table of spots.
    pub obs: Columns,
    /// The table of genes.
    pub var: Columns,
    /// `X`.
    pub x: Option<&'a Matrix>,
    /// Further matrices of the size of `X`.
    pub layers: Vec<(String, &'a Matrix)>,
    /// Coordinates of the spots: a name, how many numbers a spot, and those numbers row by row.
    pub obsm: Vec<(String, usize, Vec<f64>)>,
    /// Everything else.
    pub uns: Vec<(String, Uns)>,
}

/// Writes an AnnData file as a whole: `path` holds its old or its new content, never part of one. A "/" in a
/// name, which HDF5 takes for a folder, becomes "_".
///
/// # Errors
/// [`FileError`] naming `path`: the operating system refused, or the parts are not of one size.
pub fn write(path: &Path, contents: &Contents<'_>) -> Result<(), FileError> {
    check(path, contents)?;
    let build = || -> Result<FileBuilder, Error> {
        let mut file = FileBuilder::new();
        file.set_attr("encoding-type", text("anndata"));
        file.set_attr("encoding-version", text("0.1.0"));
        if let Some(x) = contents.x {
            dense(file.create_dataset("X"), x);
        }
        for (name, table) in [("obs", &contents.obs), ("var", &contents.var)] {
            let group = file.create_group(name);
            file.add_group(frame(group, table)?.finish());
        }
        let mut layers = group(file.create_group("layers"), "dict", "0.1.0");
        for (name, matrix) in &contents.layers {
            dense(layers.create_dataset(&key(name)), matrix);
        }
        file.add_group(layers.finish());
        let mut obsm = group(file.create_group("obsm"), "dict", "0.1.0");
        for (name, width, values) in &contents.obsm {
            let shape = [contents.obs.names.len() as u64, *width as u64];
            let data = obsm.create_dataset(&key(name));
            packed(encoded(data.with_f64_data(values).with_shape(&shape), "array"), &shape, 8);
        }
        file.add_group(obsm.finish());
        for name in ["obsp", "varm", "varp"] {
            let empty = group(file.create_group(name), "dict", "0.1.0");
            file.add_group(empty.finish());
        }
        let uns = file.create_group("uns");
        file.add_group(map(uns, &contents.uns)?.finish());
        Ok(file)
    };
    let failed = |error: Error| match error {
        Error::Io(source) => FileError::io("write", path)(source),
        other => FileError::malformed(path, format!("this cannot be written as .h5ad: {other}")),
    };
    let file = build().map_err(failed)?;
    write_atomically(path, |w| {
        let w: &mut dyn Write = w;
        file.finish_to(w).map_err(failed)
    })
}

/// Everything is of one size.
fn check(path: &Path, contents: &Contents<'_>) -> Result<(), FileError> {
    let wrong = |what: String| Err(FileError::malformed(path, what));
    let (rows, cols) = (contents.obs.names.len(), contents.var.names.len());
    for (table, columns) in [("obs", &contents.obs), ("var", &contents.var)] {
        let mut seen = vec!["_index".to_owned()];
        for (name, column) in &columns.columns {
            if column.len() != columns.names.len() {
                let (n, of) = (column.len(), columns.names.len());
                return wrong(format!("column {name} of {table} has {n} values for {of} rows"));
            }
            if seen.contains(&key(name)) {
                return wrong(format!("{table} has two columns called {name}"));
            }
            seen.push(key(name));
        }
    }
    let layers = contents.layers.iter().map(|(name, m)| (name.as_str(), *m));
    for (name, m) in contents.x.map(|x| ("X", x)).into_iter().chain(layers) {
        if (m.rows(), m.cols()) != (rows, cols) {
            return wrong(format!("{name} is {} x {}, not {rows} x {cols}", m.rows(), m.cols()));
        }
    }
    for (name, width, values) in &contents.obsm {
        if rows.checked_mul(*width) != Some(values.len()) {
            return wrong(format!("obsm {name} has {} numbers, not {rows} x {width}", values.len()));
        }
    }
    Ok(())
}

/// A name within a group.
fn key(name: &str) -> String {
    if name.is_empty() || name == "." { "_".to_owned() } else { name.replace(['/', '\0'], "_") }
}

fn text(value: &str) -> AttrValue {
    AttrValue::VarLenString(value.to_owned())
}

fn group(mut group: GroupBuilder, kind: &str, version: &str) -> GroupBuilder {
    group.set_attr("encoding-type", text(kind));
    group.set_attr("encoding-version", text(version));
    group
}

fn encoded<'a>(data: &'a mut DatasetBuilder, kind: &str) -> &'a mut DatasetBuilder {
    data.set_attr("encoding-type", text(kind)).set_attr("encoding-version", text("0.2.0"))
}

/// Compressed in chunks of whole rows. What is small, or nothing, is not worth it.
fn packed(data: &mut DatasetBuilder, shape: &[u64], size: usize) {
    let row = shape.iter().skip(1).product::<u64>().saturating_mul(size as u64);
    let rows = shape.first().copied().unwrap_or(0);
    if row.saturating_mul(rows) < 4096 {
        return;
    }
    let mut chunk = shape.to_vec();
    if let Some(first) = chunk.first_mut() {
        *first = (CHUNK as u64 / row.max(1)).clamp(1, rows);
    }
    data.with_chunks(&chunk).with_shuffle().with_deflate(LEVEL);
}

fn dense(data: &mut DatasetBuilder, matrix: &Matrix) {
    let shape = [matrix.rows() as u64, matrix.cols() as u64];
    packed(encoded(data.with_f32_data(matrix.as_slice()).with_shape(&shape), "array"), &shape, 4);
}

fn strings(data: &mut DatasetBuilder, values: &[String]) {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    encoded(data.with_vlen_strings(&values).with_shape(&[values.len() as u64]), "string-array");
}

/// True and false as h5py writes them.
fn booleans<'a>(data: &'a mut DatasetBuilder, values: &[bool]) -> Result<&'a mut DatasetBuilder, Error> {
    let kind = EnumTypeBuilder::with_base(make_i8_type())
        .raw_value("FALSE", &[0])
        .raw_value("TRUE", &[1])
        .build()
        .map_err(Error::Format)?;
    let bytes = values.iter().map(|&v| u8::from(v)).collect();
    Ok(data.with_raw_data(kind, bytes, values.len() as u64))
}

fn frame(frame: GroupBuilder, table: &Columns) -> Result<GroupBuilder, Error> {
    let mut frame = group(frame, "dataframe", "0.2.0");
    frame.set_attr("_index", text("_index"));
    let order: Vec<String> = table.columns.iter().map(|(name, _)| key(name)).collect();
    // An empty list of texts has no type of its own; anndata writes one of numbers.
    let order =
        if order.is_empty() { AttrValue::F64Array(Vec::new()) } else { AttrValue::VarLenStringArray(order) };
    frame.set_attr("column-order", order);
    strings(frame.create_dataset("_index"), &table.names);
    for (name, column) in &table.columns {
        let name = key(name);
        let shape = [column.len() as u64];
        match column {
            ObsColumn::Float(v) => {
                packed(
                    encoded(frame.create_dataset(&name).with_f64_data(v).with_shape(&shape), "array"),
                    &shape,
                    8,
                );
            }
            ObsColumn::Int(v) => {
                packed(
                    encoded(frame.create_dataset(&name).with_i64_data(v).with_shape(&shape), "array"),
                    &shape,
                    8,
                );
            }
            ObsColumn::Bool(v) => {
                encoded(booleans(frame.create_dataset(&name), v)?.with_shape(&shape), "array");
            }
            ObsColumn::Text(v) => strings(frame.create_dataset(&name), v),
            ObsColumn::Categorical(v) => {
                let inner = categorical(frame.create_group(&name), v);
                frame.add_group(inner.finish());
            }
        }
    }
    Ok(frame)
}

fn categorical(column: GroupBuilder, values: &[Option<String>]) -> GroupBuilder {
    let mut column = group(column, "categorical", "0.2.0");
    column.set_attr("ordered", AttrValue::U8(0));
    let mut names: Vec<String> = values.iter().flatten().cloned().collect();
    names.sort();
    names.dedup();
    let code = |v: &Option<String>| -> i32 {
        let at = v.as_ref().and_then(|v| names.binary_search(v).ok());
        at.and_then(|at| i32::try_from(at).ok()).unwrap_or(-1)
    };
    let codes: Vec<i32> = values.iter().map(code).collect();
    let shape = [codes.len() as u64];
    strings(column.create_dataset("categories"), &names);
    let data = column.create_dataset("codes");
    let data = match names.len() {
        0..=127 => data.with_i8_data(&codes.iter().map(|&c| c as i8).collect::<Vec<_>>()),
        128..=32767 => data.with_i16_data(&codes.iter().map(|&c| c as i16).collect::<Vec<_>>()),
        _ => data.with_i32_data(&codes),
    };
    packed(encoded(data.with_shape(&shape), "array"), &shape, 4);
    column
}

fn map(into: GroupBuilder, entries: &[(String, Uns)]) -> Result<GroupBuilder, Error> {
    let mut into = group(into, "dict", "0.1.0");
    for (name, value) in entries {
        let name = key(name);
        match value {
            Uns::Map(inner) => {
                let inner = map(into.create_group(&name), inner)?;
                into.add_group(inner.finish());
            }
            Uns::Text(v) => {
                encoded(
                    into.create_dataset(&name).with_vlen_strings(&[v.as_str()]).with_shape(&[]),
                    "string",
                );
            }
            Uns::Texts(v) => strings(into.create_dataset(&name), v),
            Uns::Float(v) => {
                encoded(into.create_dataset(&name).with_f64_data(&[*v]).with_shape(&[]), "numeric-scalar");
            }
            Uns::Floats(v) => {
                let shape = [v.len() as u64];
                packed(
                    encoded(into.create_dataset(&name).with_f64_data(v).with_shape(&shape), "array"),
                    &shape,
                    8,
                );
            }
            Uns::Int(v) => {
                encoded(into.create_dataset(&name).with_i64_data(&[*v]).with_shape(&[]), "numeric-scalar");
            }
            Uns::Bool(v) => {
                encoded(booleans(into.create_dataset(&name), &[*v])?.with_shape(&[]), "numeric-scalar");
            }
        }
    }
    Ok(into)
}
