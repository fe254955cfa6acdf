//! Named arrays of single precision in a `.safetensors` file, read with every length checked.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};

use crate::core::files::{FileError, folder_of, write_bytes_atomically};
use crate::core::matrix::Matrix;

/// The key of the header's metadata under which a description is kept, as JSON.
const DESCRIPTION: &str = "hiscmcl";

/// One array.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredArray {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Values, last axis fastest.
    pub values: Vec<f32>,
}

impl View for StoredArray {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(self.data_len());
        for v in &self.values {
            bytes.extend_from_slice(&v.to_le_bytes());
        }
        bytes.into()
    }

    fn data_len(&self) -> usize {
        self.values.len() * 4
    }
}

impl From<&Matrix> for StoredArray {
    fn from(m: &Matrix) -> Self {
        Self { shape: vec![m.rows(), m.cols()], values: m.as_slice().to_vec() }
    }
}

impl From<&[f32]> for StoredArray {
    fn from(v: &[f32]) -> Self {
        Self { shape: vec![v.len()], values: v.to_vec() }
    }
}

/// Writes `arrays` and a `description` in one file, atomically, into a folder that is there: where it vanished with its
/// drive, nothing is put in its place.
///
/// # Errors
/// [`FileError`] naming `path`.
pub fn write(
    path: &Path,
    arrays: Vec<(String, StoredArray)>,
    description: &impl serde::Serialize,
) -> Result<(), FileError> {
    let failed = |e: String| FileError::malformed(path, format!("cannot be written: {e}"));
    if !folder_of(path).is_dir() {
        return Err(failed("its folder is not there any more; connect its drive again".to_owned()));
    }
    let text = serde_json::to_string(description).map_err(|e| failed(e.to_string()))?;
    let metadata = HashMap::from([(DESCRIPTION.to_owned(), text)]);
    let bytes = safetensors::serialize(arrays, Some(metadata)).map_err(|e| failed(e.to_string()))?;
    write_bytes_atomically(path, &bytes)
}

/// The arrays of a file, taken out one by one so that each is checked.
#[derive(Debug)]
pub struct Arrays<'a> {
    path: &'a Path,
    by_name: HashMap<String, StoredArray>,
}

/// Reads a file of [`write()`] as [`read`] does; `None` where there is no file, or where its description is not what
/// is `wanted`.
///
/// # Errors
/// [`FileError`] naming `path` when it is there but not such a file.
pub fn read_wanted<D: serde::de::DeserializeOwned>(
    path: &Path,
    wanted: impl FnOnce(&D) -> bool,
) -> Result<Option<(Arrays<'_>, D)>, FileError> {
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(read::<D>(path)?).filter(|(_, description)| wanted(description)))
}

/// Reads a file of [`write()`]: its arrays and its description.
///
/// # Errors
/// [`FileError`] naming `path` when it is not there or not such a file.
pub fn read<D: serde::de::DeserializeOwned>(path: &Path) -> Result<(Arrays<'_>, D), FileError> {
    let bytes = std::fs::read(path).map_err(FileError::io("read", path))?;
    let bad =
        |what: &str| FileError::malformed(path, format!("{what}; it may be damaged or of another program"));
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|_| bad("is not a safetensors file"))?;
    let text = header.metadata().as_ref().and_then(|m| m.get(DESCRIPTION));
    let text = text.ok_or_else(|| bad("has no description"))?;
    let description = serde_json::from_str(text).map_err(|_| bad("has a description that cannot be read"))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|_| bad("is not a safetensors file"))?;
    let mut by_name = HashMap::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(bad(&format!("holds \"{name}\" in another precision")));
        }
        let values =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        by_name.insert(name, StoredArray { shape: view.shape().to_vec(), values });
    }
    Ok((Arrays { path, by_name }, description))
}

impl Arrays<'_> {
    /// Takes the array `name`, which must have `shape`.
    ///
    /// # Errors
    /// [`FileError`] when it is missing or of another shape.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, FileError> {
        let array = self.take_any(name)?;
        if array.shape != shape {
            return Err(FileError::malformed(
                self.path,
                format!("\"{name}\" has the shape {:?} where {shape:?} belongs", array.shape),
            ));
        }
        Ok(array.values)
    }

    /// Takes the matrix `name` of `rows` rows.
    ///
    /// # Errors
    /// [`FileError`] when it is missing or has other rows.
    pub fn take_matrix(&mut self, name: &str, rows: usize) -> Result<Matrix, FileError> {
        let array = self.take_any(name)?;
        match array.shape[..] {
            [r, c] if r == rows => Matrix::from_vec(r, c, array.values),
            _ => None,
        }
        .ok_or_else(|| {
            let found = &array.shape;
            FileError::malformed(
                self.path,
                format!("\"{name}\" has the shape {found:?} where {rows} rows belong"),
            )
        })
    }

    fn take_any(&mut self, name: &str) -> Result<StoredArray, FileError> {
        let missing = || FileError::malformed(self.path, format!("\"{name}\" is missing"));
        self.by_name.remove(name).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_come_back_bit_for_bit_and_damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        let m = Matrix::from_vec(2, 2, vec![1.5, f32::MIN_POSITIVE, -0.0, 3.0e38]).unwrap();
        let arrays = || {
            vec![("m".to_owned(), StoredArray::from(&m)), ("v".to_owned(), StoredArray::from(&[2.0f32][..]))]
        };
        write(&path, arrays(), &"hello").unwrap();
        let (mut found, text): (_, String) = read(&path).unwrap();
        assert_eq!(text, "hello");
        assert_eq!(found.take_matrix("m", 2).unwrap(), m);
        assert!(
            found
                .take("v", &[3])
                .unwrap_err()
                .to_string()
                .contains("\"v\" has the shape [1] where [3] belongs")
        );
        assert!(found.take("x", &[3]).unwrap_err().to_string().contains("\"x\" is missing"));

        let bytes = std::fs::read(&path).unwrap();
        for cut in [0, 7, 40, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let e = read::<String>(&path).unwrap_err().to_string();
            assert!(e.contains("a.safetensors"), "{e}");
        }
        let mut wild = bytes;
        wild[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        std::fs::write(&path, &wild).unwrap();
        assert!(read::<String>(&path).is_err());
    }
}
