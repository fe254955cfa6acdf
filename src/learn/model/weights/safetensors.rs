//! The safetensors format: the length of a header, the header (JSON), and the numbers.
//! Source of the format: the README of `huggingface/safetensors`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::error::WeightsError;
use super::kind::NumberKind;
use super::stored::{Run, Stored};
use crate::core::files::FileError;

/// Longer headers are refused; that of a network with a thousand tensors has 0.1 MB.
pub(super) const MAX_HEADER: u64 = 8 << 20;

/// The tensors of `file`, which is `length` bytes long and begins like safetensors.
pub(super) fn open(path: &Path, file: &mut File, length: u64) -> Result<Vec<(String, Stored)>, WeightsError> {
    let bad = |what: String| WeightsError::malformed(path, what);
    let truncated =
        |needs: u64| WeightsError::Truncated { path: path.to_path_buf(), has: length, needs: Some(needs) };
    let read = FileError::io("read", path);
    let mut size = [0; 8];
    let header = (|| {
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut size)?;
        let mut header = Vec::new();
        file.take(u64::from_le_bytes(size).min(MAX_HEADER)).read_to_end(&mut header)?;
        Ok(header)
    })()
    .map_err(read)?;
    let size = u64::from_le_bytes(size);
    if size > MAX_HEADER {
        return Err(bad("its header is impossibly long".to_owned()));
    }
    let start = size + 8;
    if (header.len() as u64) < size {
        return Err(truncated(start));
    }
    let header: Metadata = serde_json::from_slice(&header).map_err(|e| bad(explained(&e.to_string())))?;
    let data = header.data_len() as u64;
    let end =
        start.checked_add(data).ok_or_else(|| bad("its header asks for an impossible size".to_owned()))?;
    if length < end {
        return Err(truncated(end));
    }
    if length > end {
        let more = match length - end {
            1 => "1 byte".to_owned(),
            n => format!("{n} bytes"),
        };
        return Err(bad(format!("has {more} more than its header says; it is damaged")));
    }
    let mut tensors = Vec::new();
    for (name, info) in header.tensors() {
        // The header was checked: offsets follow each other up to `end`.
        let (from, to) = info.data_offsets;
        let run = Run { at: start + from as u64, bytes: to.saturating_sub(from) as u64 };
        let stored = match kind(info.dtype) {
            // Numbers of 4 or 6 bits do not fill bytes.
            kind @ NumberKind::Other(_, 0) => Stored::whole(kind, vec![0], run),
            kind => Stored::whole(kind, info.shape.clone(), run),
        };
        tensors.push((name.clone(), stored.map_err(|e| bad(format!("{name} {e}")))?));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(tensors)
}

fn kind(kind: Dtype) -> NumberKind {
    match kind {
        Dtype::F64 => NumberKind::F64,
        Dtype::F32 => NumberKind::F32,
        Dtype::F16 => NumberKind::F16,
        Dtype::BF16 => NumberKind::BF16,
        Dtype::I64 => NumberKind::I64,
        Dtype::I32 => NumberKind::I32,
        Dtype::I16 => NumberKind::I16,
        Dtype::I8 => NumberKind::I8,
        Dtype::U64 => NumberKind::U64,
        Dtype::U32 => NumberKind::U32,
        Dtype::U16 => NumberKind::U16,
        Dtype::U8 => NumberKind::U8,
        Dtype::BOOL => NumberKind::Bool,
        Dtype::C64 => NumberKind::Other("complex", 8),
        Dtype::F4 => NumberKind::Other("4-bit floating point", 0),
        Dtype::F6_E2M3 | Dtype::F6_E3M2 => NumberKind::Other("6-bit floating point", 0),
        _ => NumberKind::Other("8-bit floating point", 1),
    }
}

/// The library's words on a bad header as the end of a sentence.
fn explained(error: &str) -> String {
    let what = error.split(" at line ").next().unwrap_or(error);
    if what.starts_with("unknown variant") {
        return format!("its header names a kind of numbers that is not known ({what})");
    }
    let contradictions = ["invalid shape, data type", "invalid offset", "overflow computing", "The slice is"];
    if contradictions.iter().any(|start| what.starts_with(start)) {
        return "its header contradicts itself: sizes and places of tensors do not fit; it is damaged"
            .to_owned();
    }
    let what: String = what.chars().filter(|c| !c.is_control()).take(200).collect();
    format!("its header cannot be read ({what}); it is damaged")
}
