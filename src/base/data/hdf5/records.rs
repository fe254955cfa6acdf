//! Fields of records.

use std::ops::Range;

use super::dataset::{Dataset, DatasetError};
use super::element::{CompoundField, Element};
use super::numbers::{Number, convert};
use super::strings::{fixed_text, heap_texts};
use crate::core::files::FileError;

impl Dataset<'_> {
    /// The numbers in a field of some records.
    ///
    /// # Errors
    /// [`FileError`] naming file and path: the field does not hold numbers, or the file is damaged.
    pub fn field_numbers<T: Number>(
        &self,
        field: &CompoundField,
        rows: Range<u64>,
    ) -> Result<Vec<T>, FileError> {
        let bytes = self.field_bytes(field, rows)?;
        let mut out = vec![T::default(); bytes.len() / field.element.size().max(1)];
        convert(&field.element, &bytes, &mut out)
            .map_err(|error| self.explain(DatasetError::Conversion(error), T::NOUN))?;
        Ok(out)
    }

    /// The texts in a field of some records.
    ///
    /// # Errors
    /// [`FileError`] naming file and path: the field does not hold texts, or the file is damaged.
    pub fn field_texts(&self, field: &CompoundField, rows: Range<u64>) -> Result<Vec<String>, FileError> {
        let bytes = self.field_bytes(field, rows)?;
        match field.element {
            Element::Text { size, blanks } => {
                Ok(bytes.chunks_exact(size.max(1)).map(|text| fixed_text(text, blanks)).collect())
            }
            Element::LongText => {
                heap_texts(self.file, &bytes).map_err(|trouble| self.explain(trouble, "text"))
            }
            _ => Err(self.wrong(format!("{} does not hold strings", field.name))),
        }
    }

    fn field_bytes(&self, field: &CompoundField, rows: Range<u64>) -> Result<Vec<u8>, FileError> {
        let raw = self.raw(rows)?;
        let place = field.offset..field.offset.saturating_add(field.element.size());
        let records = raw.chunks_exact(self.storage.element_size.max(1));
        let fields: Option<Vec<&[u8]>> = records.map(|record| record.get(place.clone())).collect();
        Ok(fields.ok_or_else(|| self.wrong(format!("{} lies outside of its record", field.name)))?.concat())
    }
}
