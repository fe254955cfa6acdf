//! Long lists, read with progress and a look at the cancel token several times a second.

use super::dataset::Dataset;
use super::numbers::Number;
use crate::core::cancel::CancelToken;
use crate::core::progress::{Progress, Stage};
use crate::data::st::ReadError;

/// Bytes that are unpacked between two looks at the cancel token.
const PIECE: usize = 32 << 20;

/// Reads lists and tells how far it is.
pub struct Watch<'a> {
    stage: &'a Stage,
    total: u64,
    done: u64,
    progress: &'a dyn Progress,
    cancel: &'a CancelToken,
}

impl<'a> Watch<'a> {
    /// `total` is the number of rows that will be read of all lists together.
    pub fn new(stage: &'a Stage, total: u64, progress: &'a dyn Progress, cancel: &'a CancelToken) -> Self {
        Self { stage, total, done: 0, progress, cancel }
    }

    /// All numbers of a list or table.
    ///
    /// # Errors
    /// [`ReadError`]: as [`Dataset::numbers`], or cancelled.
    pub fn read<T: Number>(&mut self, data: &Dataset<'_>) -> Result<Vec<T>, ReadError> {
        let mut all = Vec::new();
        let rows = usize::try_from(data.rows()).unwrap_or(usize::MAX);
        all.try_reserve_exact(rows.saturating_mul(data.row_len()))
            .map_err(|_| data.wrong("there is not enough memory to read it"))?;
        self.pieces(data, |piece: &[T], _| {
            all.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(all)
    }

    /// The numbers of a list or table piece by piece, each with its first row.
    ///
    /// # Errors
    /// [`ReadError`]: as [`Dataset::numbers`], cancelled, or what `each` says.
    pub fn pieces<T: Number>(
        &mut self,
        data: &Dataset<'_>,
        mut each: impl FnMut(&[T], u64) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let step = data.rows_for(PIECE);
        let mut at = 0u64;
        while at < data.rows() {
            self.cancel.check()?;
            self.progress.report(self.stage, self.done.saturating_add(at), self.total);
            let end = at.saturating_add(step).min(data.rows());
            each(&data.numbers::<T>(at..end)?, at)?;
            at = end;
        }
        self.done = self.done.saturating_add(at);
        Ok(())
    }
}
