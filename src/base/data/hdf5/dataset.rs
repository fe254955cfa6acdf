//! Arrays: their shape and type, and their values in pieces.

use std::ops::Range;

use super::element::Element;
use super::file::{File, caught};
use super::numbers::{ConversionError, Number, convert};
use super::storage::Storage;
use crate::core::files::FileError;

/// An array of a file.
pub struct Dataset<'a> {
    pub(super) file: &'a File,
    pub(super) path: String,
    pub(super) inner: hdf5_pure::Dataset,
    pub(super) shape: Vec<u64>,
    pub(super) element: Element,
    pub(super) storage: Storage,
}

/// Why a piece could not be read.
pub(super) enum DatasetError {
    /// The file is damaged, in words; `None` where no more can be said.
    Damaged(Option<String>),
    /// A value is not of the wanted kind.
    Conversion(ConversionError),
    /// The memory is full.
    Memory,
}

impl<'a> Dataset<'a> {
    pub(super) fn new(file: &'a File, path: &str, inner: hdf5_pure::Dataset) -> Result<Self, FileError> {
        let about = caught(|| Ok((inner.shape()?, inner.datatype()?)));
        let (shape, datatype) = about.map_err(|e| file.refused(path, e))?;
        let element = Element::from_datatype(&datatype);
        let size = u64::from(datatype.type_size());
        if element == Element::LongText && size != 16 {
            return Err(file.wrong(
                path,
                "strings in this HDF5 variant are not supported; save the file again with a recent h5py",
            ));
        }
        let storage = Storage::new(file, path, &inner, &shape, size)?;
        Ok(Self { file, path: path.to_owned(), inner, shape, element, storage })
    }

    /// Extent along each axis; empty for a single value.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Extent along the first axis; 1 for a single value.
    pub fn rows(&self) -> u64 {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Values of a row: the product of all axes but the first.
    pub fn row_len(&self) -> usize {
        self.storage.row_len
    }

    /// The type of the values.
    pub fn element(&self) -> &Element {
        &self.element
    }

    /// The path of the array within the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The array is not as it should be.
    pub fn wrong(&self, message: impl std::fmt::Display) -> FileError {
        self.file.wrong(&self.path, message)
    }

    /// How many rows to read at a time so that a piece is about `bytes` and no chunk is unpacked twice. At
    /// least one row.
    pub fn rows_for(&self, bytes: usize) -> u64 {
        let row = self.row_len().saturating_mul(self.element.size()).max(1);
        let rows = (bytes / row).max(1) as u64;
        match self.storage.chunk_rows() {
            Some(chunk) => (rows / chunk).max(1).saturating_mul(chunk),
            None => rows,
        }
    }

    /// The numbers of some rows. Rows beyond the end are not there.
    ///
    /// # Errors
    /// [`FileError`] naming file and path: values that are not of the wanted kind, damage, not enough memory.
    pub fn numbers<T: Number>(&self, rows: Range<u64>) -> Result<Vec<T>, FileError> {
        if !self.element.is_number() {
            return Err(self.wrong(format!("expected numbers, found {}", self.element.noun())));
        }
        self.values(rows, 1, |bytes, out| convert(&self.element, bytes, out))
            .map_err(|trouble| self.explain(trouble, T::NOUN))
    }

    /// All numbers.
    ///
    /// # Errors
    /// As [`Self::numbers`].
    pub fn all_numbers<T: Number>(&self) -> Result<Vec<T>, FileError> {
        self.numbers(0..self.rows())
    }

    /// The stored bytes of some rows, unpacked.
    ///
    /// # Errors
    /// [`FileError`] naming file and path: damage, not enough memory.
    pub fn raw(&self, rows: Range<u64>) -> Result<Vec<u8>, FileError> {
        self.values(rows, self.storage.element_size, |bytes, out: &mut [u8]| {
            out.copy_from_slice(bytes);
            Ok(())
        })
        .map_err(|trouble| self.explain(trouble, "bytes"))
    }

    pub(super) fn explain(&self, trouble: DatasetError, expected: &str) -> FileError {
        match trouble {
            DatasetError::Damaged(None) => self.wrong("the file is damaged here; copy or download it again"),
            DatasetError::Damaged(Some(what)) => self.wrong(what),
            DatasetError::Conversion(ConversionError(value)) => {
                self.wrong(format!("{value} is not {expected}"))
            }
            DatasetError::Memory => self.wrong("there is not enough memory to read it"),
        }
    }
}
