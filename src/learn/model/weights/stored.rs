//! Where the numbers of a tensor lie in its file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::kind::NumberKind;

/// More dimensions than this has no tensor of a network.
pub(super) const MAX_RANK: usize = 16;

/// A run of numbers of one kind in the file, which several tensors may share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// Offset of the first in the file.
    pub at: u64,
    /// How many bytes are there; they lie within the file.
    pub bytes: u64,
}

/// A tensor as a view of a [`Run`]. It has no more numbers than its run, so that no allocation is larger than
/// what the file holds (a number of one byte becomes four).
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub kind: NumberKind,
    pub shape: Vec<usize>,
    run: Run,
    /// Index of the first number in the run.
    offset: u64,
    /// Numbers from one index to the next, per dimension.
    stride: Vec<u64>,
    /// How many numbers it has.
    count: u64,
    /// Numbers of the run from the first to the last that is used, both included.
    span: u64,
}

impl Stored {
    /// A tensor whose numbers fill `run` in row-major order.
    pub fn whole(kind: NumberKind, shape: Vec<usize>, run: Run) -> Result<Self, String> {
        let mut stride = vec![1_u64; shape.len()];
        let mut step = 1_u64;
        for (stride, &size) in stride.iter_mut().zip(&shape).rev() {
            *stride = step;
            step = step.checked_mul((size as u64).max(1)).ok_or_else(|| too_large(&shape))?;
        }
        Self::view(kind, shape, run, 0, stride)
    }

    /// A tensor with a number for every index of `shape`, `stride` apart, from number `offset` of `run` on.
    pub fn view(
        kind: NumberKind,
        shape: Vec<usize>,
        run: Run,
        offset: u64,
        stride: Vec<u64>,
    ) -> Result<Self, String> {
        if shape.len() != stride.len() || shape.len() > MAX_RANK {
            return Err(format!("has {} sizes and {} strides", shape.len(), stride.len()));
        }
        let count = shape
            .iter()
            .try_fold(1_u64, |n, &size| n.checked_mul(size as u64))
            .ok_or_else(|| too_large(&shape))?;
        let span = if count == 0 {
            0
        } else {
            shape
                .iter()
                .zip(&stride)
                .try_fold(1_u64, |n, (&size, &stride)| {
                    n.checked_add((size as u64).saturating_sub(1).checked_mul(stride)?)
                })
                .ok_or_else(|| too_large(&shape))?
        };
        let available = run.bytes / kind.bytes().max(1);
        let end = offset.checked_add(span).ok_or_else(|| too_large(&shape))?;
        if end > available || count > available {
            return Err(format!(
                "needs {} numbers, but {available} are stored for it",
                if end > available { end } else { count }
            ));
        }
        Ok(Self { kind, shape, run, offset, stride, count, span })
    }

    /// How many numbers it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether its numbers lie one after the other.
    fn is_contiguous(&self) -> bool {
        let mut step = 1_u64;
        for (&stride, &size) in self.stride.iter().zip(&self.shape).rev() {
            if size != 1 && stride != step {
                return false;
            }
            step = step.saturating_mul(size as u64);
        }
        true
    }

    /// Appends the numbers to `out`, row-major.
    ///
    /// # Errors
    /// What the operating system says, [`io::ErrorKind::OutOfMemory`] included.
    pub fn read(&self, file: &mut File, out: &mut Vec<f32>) -> io::Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        if self.is_contiguous() {
            return self.read_span(file, self.count, out);
        }
        let mut span = Vec::new();
        self.read_span(file, self.span, &mut span)?;
        reserve(out, self.count)?;
        let mut index = vec![0_usize; self.shape.len()];
        let mut at = 0_u64;
        for _ in 0..self.count {
            // Within the span, whose length is the largest index plus one.
            out.extend(usize::try_from(at).ok().and_then(|at| span.get(at)));
            for ((index, &size), &stride) in index.iter_mut().zip(&self.shape).zip(&self.stride).rev() {
                *index += 1;
                if *index < size {
                    at += stride;
                    break;
                }
                *index = 0;
                at -= (size as u64 - 1) * stride;
            }
        }
        Ok(())
    }

    /// Appends `count` numbers that follow the first one.
    fn read_span(&self, file: &mut File, count: u64, out: &mut Vec<f32>) -> io::Result<()> {
        reserve(out, count)?;
        file.seek(SeekFrom::Start(self.run.at + self.offset * self.kind.bytes()))?;
        let mut left = count * self.kind.bytes();
        let mut buffer = vec![0_u8; left.min(1 << 20) as usize];
        while left > 0 {
            let (part, _) = buffer.split_at_mut(left.min(1 << 20) as usize);
            file.read_exact(part)?;
            self.kind.convert(part, out);
            left -= part.len() as u64;
        }
        Ok(())
    }
}

fn reserve(out: &mut Vec<f32>, count: u64) -> io::Result<()> {
    let count = usize::try_from(count).map_err(|_| io::ErrorKind::OutOfMemory)?;
    out.try_reserve_exact(count).map_err(|_| io::ErrorKind::OutOfMemory.into())
}

fn too_large(shape: &[usize]) -> String {
    format!("has an impossible size ({shape:?})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(shape: &[usize], offset: u64, stride: &[u64]) -> Vec<f32> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[0xee]).unwrap();
        for i in 0..12 {
            file.write_all(&(i as f32).to_le_bytes()).unwrap();
        }
        let run = Run { at: 1, bytes: 48 };
        let stored = Stored::view(NumberKind::F32, shape.to_vec(), run, offset, stride.to_vec()).unwrap();
        let mut out = Vec::new();
        stored.read(&mut file, &mut out).unwrap();
        out
    }

    #[test]
    fn views_are_read_row_major() {
        assert_eq!(read(&[2, 3], 6, &[3, 1]), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert_eq!(read(&[3, 2], 0, &[1, 3]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(read(&[2, 2, 2], 1, &[6, 1, 3]), [1.0, 4.0, 2.0, 5.0, 7.0, 10.0, 8.0, 11.0]);
        assert_eq!(read(&[3], 1, &[0]), [1.0, 1.0, 1.0]);
        assert_eq!(read(&[], 5, &[]), [5.0]);
        assert_eq!(read(&[4, 0, 2], 12, &[9, 9, 9]), [0.0; 0]);
    }

    #[test]
    fn nothing_reaches_beyond_its_run() {
        let run = Run { at: 0, bytes: 48 };
        let view = |shape: &[usize], offset, stride: &[u64]| {
            Stored::view(NumberKind::F32, shape.to_vec(), run, offset, stride.to_vec()).unwrap_err()
        };
        assert_eq!(view(&[13], 0, &[1]), "needs 13 numbers, but 12 are stored for it");
        assert_eq!(view(&[2], 11, &[1]), "needs 13 numbers, but 12 are stored for it");
        assert_eq!(view(&[1 << 40], 0, &[0]), "needs 1099511627776 numbers, but 12 are stored for it");
        assert!(view(&[usize::MAX, 2], 0, &[0, 0]).contains("impossible"));
        assert!(view(&[2], u64::MAX, &[1]).contains("impossible"));
        assert!(view(&[3], 0, &[u64::MAX]).contains("impossible"));
        assert!(view(&[1; 17], 0, &[1; 17]).contains("17 sizes"));
    }
}
