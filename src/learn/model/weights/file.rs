//! A weights file, opened: names and sizes are known, numbers are read when asked for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::error::WeightsError;
use super::kind::NumberKind;
use super::sniff::{self, Format};
use super::stored::Stored;
use super::{names, prefixes, pytorch, safetensors};
use crate::core::files::FileError;

/// Size and kind of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Length of each dimension; none for a single number.
    pub shape: Vec<usize>,
    /// How its numbers are stored.
    pub kind: NumberKind,
}

#[derive(Debug)]
struct Tensor {
    info: TensorInfo,
    /// What it is made of, one below the other along dimension 0.
    parts: Vec<Stored>,
}

/// A file with the weights of a network. Only names and sizes are kept in memory.
#[derive(Debug)]
pub struct WeightsFile {
    path: PathBuf,
    // The file that was looked at, whatever happens to its name. Reading moves its position.
    file: Mutex<File>,
    tensors: BTreeMap<String, Tensor>,
}

impl WeightsFile {
    /// Opens a file by its content, whatever its name: safetensors, PyTorch's archive (`.pt`, `.pth`, `.bin`), and
    /// the format of PyTorch before 1.6. Nothing in it is run. The state dict is found below `state_dict`, `model`,
    /// `teacher` and the like; prefixes that all names have are taken off; names of Hugging Face's transformers
    /// become timm's.
    ///
    /// # Errors
    /// [`WeightsError`]: one sentence that says what the file is instead, or what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let mut file = File::open(path).map_err(FileError::io("open", path))?;
        let about = file.metadata().map_err(FileError::io("read", path))?;
        if !about.is_file() {
            let source =
                if about.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
            return Err(FileError::io("open", path)(source.into()).into());
        }
        let length = about.len();
        let mut head = Vec::new();
        (&mut file).take(sniff::HEAD as u64).read_to_end(&mut head).map_err(FileError::io("read", path))?;
        let stored = match sniff::format(path, &head)? {
            Format::Safetensors => safetensors::open(path, &mut file, length)?,
            Format::Zip => pytorch::open_zip(path, &mut file, length)?,
            Format::Pickle => pytorch::open_legacy(path, &mut file, length)?,
        };
        let tensors = named(path, stored)?;
        Ok(Self { path: path.to_path_buf(), file: Mutex::new(file), tensors })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All tensors by the names of timm and torchvision, sorted.
    pub fn names(&self) -> impl Iterator<Item = (&str, &TensorInfo)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), &tensor.info))
    }

    /// Size and kind of one tensor.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name).map(|tensor| &tensor.info)
    }

    /// The numbers of a tensor in single precision, row-major. Besides them, 1 MB is needed; twice their size when
    /// they are stored in another order.
    ///
    /// # Errors
    /// [`WeightsError::NoTensor`], [`WeightsError::UnsupportedKind`], [`WeightsError::NotFinite`], or
    /// [`WeightsError::File`] when the file changed or memory is short.
    pub fn read(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let path = self.path.clone();
        let Some(tensor) = self.tensors.get(name) else {
            return Err(WeightsError::NoTensor { path, name: name.to_owned() });
        };
        if let Some(part) = tensor.parts.iter().find(|part| !part.kind.is_supported()) {
            return Err(WeightsError::UnsupportedKind {
                path,
                name: name.to_owned(),
                kind: part.kind.to_string(),
            });
        }
        // A position left anywhere does no harm: every read seeks first.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let count = tensor.parts.iter().map(Stored::count).fold(0, u64::saturating_add);
        let mut numbers: Vec<f32> = Vec::new();
        let reserved = usize::try_from(count).ok().and_then(|count| numbers.try_reserve_exact(count).ok());
        let read = match reserved {
            Some(()) => tensor.parts.iter().try_for_each(|part| part.read(&mut file, &mut numbers)),
            None => Err(io::ErrorKind::OutOfMemory.into()),
        };
        read.map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => {
                WeightsError::malformed(&path, "became shorter while it was read; copy it again")
            }
            io::ErrorKind::OutOfMemory => {
                WeightsError::malformed(&path, format!("there is not enough memory for {name}"))
            }
            _ => FileError::io("read", &path)(e).into(),
        })?;
        if !numbers.iter().all(|n| n.is_finite()) {
            return Err(WeightsError::NotFinite { path, name: name.to_owned() });
        }
        Ok(numbers)
    }

    /// Bytes that all tensors take in the file; tensors that share numbers count each.
    pub fn bytes(&self) -> u64 {
        let parts = self.tensors.values().flat_map(|tensor| &tensor.parts);
        parts.map(|part| part.count().saturating_mul(part.kind.bytes())).fold(0, u64::saturating_add)
    }
}

/// Gives tensors their names in the network.
fn named(path: &Path, stored: Vec<(String, Stored)>) -> Result<BTreeMap<String, Tensor>, WeightsError> {
    if stored.is_empty() {
        return Err(WeightsError::malformed(path, "holds no tensors"));
    }
    let originals: Vec<String> = stored.iter().map(|(name, _)| name.clone()).collect();
    let mut shorter = originals.clone();
    prefixes::strip(&mut shorter);
    let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
    let mut origin: BTreeMap<String, String> = BTreeMap::new();
    for (name, indices) in names::translated(&shorter) {
        let parts: Vec<Stored> = indices.iter().filter_map(|&i| Some(stored.get(i)?.1.clone())).collect();
        let first = indices.first().and_then(|&i| originals.get(i)).cloned().unwrap_or_default();
        if let Some(other) = origin.insert(name.clone(), first.clone()) {
            return Err(WeightsError::Duplicate {
                path: path.to_path_buf(),
                name,
                first: other,
                second: first,
            });
        }
        let info = info(&parts).map_err(|e| WeightsError::malformed(path, format!("{name} {e}")))?;
        tensors.insert(name, Tensor { info, parts });
    }
    Ok(tensors)
}

/// Size and kind of what `parts` are when joined along dimension 0.
fn info(parts: &[Stored]) -> Result<TensorInfo, String> {
    let Some((first, others)) = parts.split_first() else { return Err("has no numbers".to_owned()) };
    let mut shape = first.shape.clone();
    for part in others {
        let (Some(rows), Some(more)) = (shape.first_mut(), part.shape.first()) else {
            return Err("is made of single numbers".to_owned());
        };
        *rows = rows.checked_add(*more).ok_or("has an impossible size")?;
        if shape.get(1..) != part.shape.get(1..) {
            return Err("is made of query, key and value of different widths".to_owned());
        }
    }
    Ok(TensorInfo { shape, kind: first.kind })
}
