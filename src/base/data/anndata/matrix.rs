//! Matrices of an AnnData file as compressed rows: stored as compressed rows, compressed columns, or dense.

use crate::core::matrix::{Csr, PartsError};
use crate::data::hdf5::{Element, File, ObjectKind, Watch};
use crate::data::section::ValueKind;
use crate::data::st::ReadError;

/// Larger counts are not exact as `f32`.
const MAX_COUNT: f32 = (1 << 24) as f32;

/// How a matrix is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Rows,
    Columns,
    Dense,
}

/// A matrix of a file, not yet read.
pub(super) struct Stored<'a> {
    file: &'a File,
    path: String,
    pub(super) form: Form,
    pub(super) rows: u64,
    pub(super) cols: u64,
}

impl<'a> Stored<'a> {
    /// The matrix at `path`, "X" or "layers/counts".
    pub(super) fn open(file: &'a File, path: &str) -> Result<Self, ReadError> {
        let with = |form, rows, cols| Ok(Self { file, path: path.to_owned(), form, rows, cols });
        match file.kind(path)? {
            Some(ObjectKind::Dataset) => {
                let data = file.dataset(path)?;
                match *data.shape() {
                    [rows, cols] => with(Form::Dense, rows, cols),
                    // Old files keep a matrix of one gene, or of one spot, as a list.
                    [rows] => with(Form::Dense, rows, 1),
                    _ => Err(data.wrong("expected a matrix").into()),
                }
            }
            Some(ObjectKind::Group) => {
                let about = file.attributes(path)?;
                let form = about.text("encoding-type").or_else(|| about.text("h5sparse_format"));
                let form = match form.as_deref() {
                    Some("csr_matrix" | "csr") => Form::Rows,
                    Some("csc_matrix" | "csc") => Form::Columns,
                    other => {
                        let found = other.unwrap_or("unknown");
                        return Err(file
                            .wrong(
                                path,
                                format!("a matrix stored as {found} cannot be read; save it as csr_matrix"),
                            )
                            .into());
                    }
                };
                let shape = about.counts("shape").or_else(|| about.counts("h5sparse_shape"));
                match shape.as_deref() {
                    Some(&[rows, cols]) => with(form, rows, cols),
                    _ => Err(file
                        .wrong(path, "the matrix does not say how large it is (its shape is not two numbers)")
                        .into()),
                }
            }
            None => Err(ReadError::malformed(file.path(), format!("there is no {path} in the file"))),
        }
    }

    fn part(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Reads all of it; the size has been compared with the tables.
    pub(super) fn read(&self, rows: usize, cols: usize, watch: &mut Watch<'_>) -> Result<Csr, ReadError> {
        match self.form {
            Form::Rows => {
                let starts = self.starts(rows)?;
                let columns: Vec<u32> = watch.read(&self.file.dataset(&self.part("indices"))?)?;
                let values: Vec<f32> = watch.read(&self.file.dataset(&self.part("data"))?)?;
                self.made(Csr::from_parts(cols, starts, columns, values))
            }
            Form::Columns => self.turned(rows, cols, watch),
            Form::Dense => self.dense(rows, cols, watch),
        }
    }

    /// Where the values are.
    fn values(&self) -> String {
        if self.form == Form::Dense { self.path.clone() } else { self.part("data") }
    }

    /// Whether the values are true and false.
    pub(super) fn is_bool(&self) -> Result<bool, ReadError> {
        Ok(*self.file.dataset(&self.values())?.element() == Element::Bool)
    }

    fn starts(&self, lines: usize) -> Result<Vec<usize>, ReadError> {
        let data = self.file.dataset(&self.part("indptr"))?;
        if data.rows() != lines as u64 + 1 {
            return Err(data
                .wrong(format!(
                    "{} entries were found, {} expected; the file is damaged",
                    data.rows(),
                    lines + 1
                ))
                .into());
        }
        let starts: Vec<u64> = data.all_numbers()?;
        Ok(starts.into_iter().map(|s| usize::try_from(s).unwrap_or(usize::MAX)).collect())
    }

    fn misfit(&self) -> ReadError {
        self.file
            .wrong(&self.path, "the parts of the matrix do not fit each other; the file is damaged")
            .into()
    }

    fn made(&self, made: Result<Csr, PartsError>) -> Result<Csr, ReadError> {
        made.map_err(|e| match e {
            PartsError::Column { row, column } => {
                let message =
                    format!(
                        "row {row} has a value of column {column} (counting from 0), but there are {}; the file is damaged",
                        self.cols
                    );
                self.file.wrong(&self.part("indices"), message).into()
            }
            PartsError::Starts | PartsError::Lengths => self.misfit(),
        })
    }

    /// Compressed columns, in two passes: how long each row is, then each value to its place.
    fn turned(&self, rows: usize, cols: usize, watch: &mut Watch<'_>) -> Result<Csr, ReadError> {
        let lines = self.starts(cols)?;
        let indices = self.file.dataset(&self.part("indices"))?;
        let data = self.file.dataset(&self.part("data"))?;
        let total = usize::try_from(data.rows()).map_err(|_| self.misfit())?;
        let sound = lines.first() == Some(&0) && lines.last() == Some(&total) && lines.is_sorted();
        if !sound || indices.rows() != data.rows() {
            return Err(self.misfit());
        }
        let mut starts = vec![0usize; rows + 1];
        watch.pieces(&indices, |piece: &[u32], _| {
            for &row in piece {
                *starts.get_mut(row as usize + 1).ok_or_else(|| self.misfit())? += 1;
            }
            Ok(())
        })?;
        for r in 0..rows {
            starts[r + 1] += starts[r];
        }
        let memory = || data.wrong("there is not enough memory to read it");
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        columns.try_reserve_exact(total).map_err(|_| memory())?;
        values.try_reserve_exact(total).map_err(|_| memory())?;
        columns.resize(total, 0u32);
        values.resize(total, 0f32);
        let mut next = starts.clone();
        let mut col = 0;
        watch.pieces(&data, |piece: &[f32], first| {
            let end = first + piece.len() as u64;
            let row_of: Vec<u32> = indices.numbers(first..end)?;
            for (at, (&value, &row)) in (first as usize..).zip(piece.iter().zip(&row_of)) {
                while lines.get(col + 1).is_some_and(|&end| end <= at) {
                    col += 1;
                }
                // The file could have changed between the passes, so nothing is taken for granted.
                let place =
                    next.get_mut(row as usize).filter(|p| **p < total).ok_or_else(|| self.misfit())?;
                columns[*place] = u32::try_from(col).map_err(|_| self.misfit())?;
                values[*place] = value;
                *place += 1;
            }
            Ok(())
        })?;
        self.made(Csr::from_parts(cols, starts, columns, values))
    }

    fn dense(&self, rows: usize, cols: usize, watch: &mut Watch<'_>) -> Result<Csr, ReadError> {
        let data = self.file.dataset(&self.path)?;
        let memory = || data.wrong("there is not enough memory to read it");
        let mut starts = vec![0usize];
        let (mut columns, mut values): (Vec<u32>, Vec<f32>) = (Vec::new(), Vec::new());
        if cols == 0 {
            starts.resize(rows + 1, 0);
        }
        watch.pieces(&data, |piece: &[f32], _| {
            let stored = piece.iter().filter(|v| **v != 0.0).count();
            columns.try_reserve(stored).map_err(|_| memory())?;
            values.try_reserve(stored).map_err(|_| memory())?;
            for row in piece.chunks_exact(cols.max(1)) {
                for (c, &value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                    columns.push(c as u32);
                    values.push(value);
                }
                starts.push(values.len());
            }
            Ok(())
        })?;
        if starts.len() != rows + 1 || u32::try_from(cols).is_err() {
            return Err(self.misfit());
        }
        self.made(Csr::from_parts(cols, starts, columns, values))
    }

    /// How many rows of lists are read, for progress.
    pub(super) fn work(&self) -> u64 {
        match self.form {
            Form::Dense => self.rows,
            _ => {
                let stored = self.file.dataset(&self.part("data")).map_or(0, |d| d.rows());
                stored.saturating_mul(2)
            }
        }
    }

    /// What a bounded sample of the values looks like.
    pub(super) fn sample(&self) -> Result<ValueKind, ReadError> {
        const PLACES: u64 = 8;
        const VALUES: usize = 16 << 10;
        let path = self.values();
        let data = self.file.dataset(&path)?;
        // Whether a gene was seen is no count.
        if *data.element() == Element::Bool {
            return Ok(ValueKind::Normalised);
        }
        let rows = (VALUES / data.row_len().max(1)).max(1) as u64;
        for place in 0..PLACES {
            let start = data.rows() / PLACES * place;
            let values: Vec<f32> = data.numbers(start..start.saturating_add(rows))?;
            if !values.iter().all(|v| is_count(*v)) {
                return Ok(ValueKind::Normalised);
            }
        }
        Ok(ValueKind::Counts)
    }
}

/// Whether `value` can be a count: whole, 0 or more, and exact.
pub(super) fn is_count(value: f32) -> bool {
    (0.0..=MAX_COUNT).contains(&value) && value.fract() == 0.0
}
