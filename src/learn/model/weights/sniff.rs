//! What a file is, by its first bytes: people rename files, and downloads fail in many ways.

use std::path::Path;

use super::error::WeightsError;
use super::pickle::{self, PickleError};
use super::pytorch::Entry;

/// How a weights file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Hugging Face's format.
    Safetensors,
    /// An archive, perhaps of PyTorch.
    Zip,
    /// A pickle, perhaps of PyTorch before 1.6.
    Pickle,
}

/// How many first bytes [`format`] wants to see.
pub(super) const HEAD: usize = 4096;

/// Formats with a mark at their beginning, and what to say of them.
const MARKS: [(&[u8], &str, &str); 27] = [
    (b"version https://git-lfs", "a Git LFS pointer", "; fetch the real file with: git lfs pull"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras or TensorFlow)", "; weights of PyTorch are needed"),
    (b"GGUF", "a GGUF file of a language model", ""),
    (b"\x93NUMPY", "a NumPy array", ""),
    (b"\x89PNG", "a PNG image", ""),
    (b"\xff\xd8\xff", "a JPEG image", ""),
    (b"II*\0", "a TIFF image", ""),
    (b"MM\0*", "a TIFF image", ""),
    (b"II+\0", "a TIFF image", ""),
    (b"MM\0+", "a TIFF image", ""),
    (b"GIF8", "a GIF image", ""),
    (b"%PDF", "a PDF document", ""),
    (b"\x1f\x8b", "a gzip-compressed file", "; unpack it first"),
    (b"BZh", "a bzip2-compressed file", "; unpack it first"),
    (b"\xfd7zXZ", "an xz-compressed file", "; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd-compressed file", "; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "; unpack it first"),
    (b"Rar!", "a RAR archive", "; unpack it first"),
    (b"\x7fELF", "a program", ""),
    (b"MZ", "a program", ""),
    (b"SQLite format 3", "an SQLite database", ""),
    (b"ARROW1", "an Arrow file", ""),
    (b"PAR1", "a Parquet file", ""),
    (b"lmgg", "a GGML file of a language model", ""),
    (b"tjgg", "a GGML file of a language model", ""),
    (b"\x08\x01\x12", "a TensorFlow SavedModel", "; weights of PyTorch are needed"),
    (b"PK\x05\x06", "an empty zip archive", ""),
];

/// What a file that begins with `head` is.
pub(super) fn format(path: &Path, head: &[u8]) -> Result<Format, WeightsError> {
    let not = |what: &str, advice: &str| {
        Err(WeightsError::NotWeights {
            path: path.to_path_buf(),
            what: what.to_owned(),
            advice: advice.to_owned(),
        })
    };
    if head.is_empty() {
        return not("an empty file", "; download or copy it again");
    }
    // First, as its length can look like the beginning of anything else.
    if let Some(size) = head.first_chunk::<8>().map(|&size| u64::from_le_bytes(size))
        && head.get(8) == Some(&b'{')
        && size <= super::safetensors::MAX_HEADER
    {
        return Ok(Format::Safetensors);
    }
    if head.starts_with(b"PK\x03\x04") {
        return Ok(Format::Zip);
    }
    if head.first() == Some(&0x80) && head.get(1).is_some_and(|&version| (1..=5).contains(&version)) {
        return Ok(Format::Pickle);
    }
    if let Some((_, what, advice)) = MARKS.iter().find(|(mark, ..)| head.starts_with(mark)) {
        return not(what, advice);
    }
    if head.get(4..8) == Some(b"TFL3") {
        return not("a TensorFlow Lite file", "; weights of PyTorch are needed");
    }
    if head.get(257..262) == Some(b"ustar") {
        if head.starts_with(b"sys_info\0") || head.starts_with(b"storages\0") || head.starts_with(b"pickle\0")
        {
            return not("a file of PyTorch before 0.1.10", "; open it with an old PyTorch and save it again");
        }
        return not("a tar archive", "; unpack it first");
    }
    // A protobuf whose first field is a version, followed by the name of its producer or by the graph.
    if let [0x08, 2..=30, 0x12 | 0x1a | 0x22 | 0x2a | 0x3a, ..] = head {
        return not("an ONNX model", "; the weights of the PyTorch model are needed");
    }
    // The oldest pickles look like text.
    if let Err(PickleError::Calls(call)) = pickle::parse(head) {
        return Err(WeightsError::RunsCode { path: path.to_path_buf(), call });
    }
    let Some(text) = as_text(head) else {
        return not("a file of an unknown format", "; .safetensors, .pt, .pth and .bin files are read");
    };
    let start = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if ["<!doctype html", "<html", "<head", "<!--"].iter().any(|tag| start.starts_with(tag)) {
        return not("a web page", ": the download failed or asked for a login");
    }
    if start.starts_with('<') {
        return not("an XML document", ": perhaps the answer to a download that failed");
    }
    if start.starts_with('{') || start.starts_with('[') {
        return not("a JSON text", ": perhaps the answer to a download that failed, or a configuration");
    }
    not("a text", ": perhaps the answer to a download that failed")
}

/// The text that `head` is the beginning of.
fn as_text(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(e) if e.error_len().is_none() => std::str::from_utf8(head.get(..e.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}');
    (!text.is_empty() && !text.contains(odd)).then_some(text)
}

/// An archive that is not of `torch.save`.
pub(super) fn zip_of(path: &Path, entries: &[Entry]) -> WeightsError {
    let any = |test: &dyn Fn(&str) -> bool| entries.iter().any(|entry| test(&entry.name));
    let inner = entries
        .iter()
        .map(|entry| entry.name.as_str())
        .find(|name| [".safetensors", ".pt", ".pth", ".bin", ".ckpt"].iter().any(|end| name.ends_with(end)));
    let (what, advice) = if any(&|name| name.ends_with("constants.pkl")) {
        ("a TorchScript program".to_owned(), "; in Python, save the state_dict() of the model instead")
    } else if any(&|name| name == "model.weights.h5") {
        ("a Keras model".to_owned(), "; weights of PyTorch are needed")
    } else if any(&|name| name.ends_with("META-INF/MANIFEST.MF")) {
        ("a Java archive".to_owned(), "")
    } else if any(&|name| name == "[Content_Types].xml") {
        ("an Office document".to_owned(), "")
    } else if let Some(inner) = inner {
        let inner: String = inner.chars().filter(|c| !c.is_control()).take(100).collect();
        (format!("a zip archive that contains {inner}"), "; unpack it first")
    } else if !entries.is_empty() && entries.iter().all(|entry| entry.name.ends_with(".npy")) {
        ("a NumPy archive (.npz)".to_owned(), "; weights of PyTorch are needed")
    } else {
        ("a zip archive of other things".to_owned(), "")
    };
    WeightsError::NotWeights { path: path.to_path_buf(), what, advice: advice.to_owned() }
}
