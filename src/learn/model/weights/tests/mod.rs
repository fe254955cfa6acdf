//! Tests of whole files.

mod damaged;
mod pytorch;
mod refused;
mod safetensors;
mod translation;

use std::path::{Path, PathBuf};

use super::*;

/// A file of `tests/fixtures/weights`, made by `tests/tools/make_weights_files.py`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/weights").join(name)
}

/// A safetensors file of tensors in single precision: name, shape, numbers.
fn safetensors_file(path: &Path, tensors: &[(&str, &[usize], &[f32])]) {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, n)| n.iter().flat_map(|n| n.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        let kind = ::safetensors::Dtype::F32;
        (*name, ::safetensors::tensor::TensorView::new(kind, shape.to_vec(), bytes).unwrap())
    });
    std::fs::write(path, ::safetensors::serialize(views, None).unwrap()).unwrap();
}

/// What a file of these bytes is refused with, without its path.
fn refusal(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("w.bin");
    std::fs::write(&path, bytes).unwrap();
    refusal_of(&path)
}

fn refusal_of(path: &Path) -> String {
    let text = WeightsFile::open(path).unwrap_err().to_string();
    let rest = text.strip_prefix(&path.display().to_string());
    rest.unwrap_or_else(|| panic!("does not name the file: {text}")).trim_start_matches([':', ' ']).to_owned()
}

/// Opens bytes and reads every tensor; whether all of it worked. Sentences name the file in any case.
fn opens(bytes: &[u8], path: &Path) -> bool {
    std::fs::write(path, bytes).unwrap();
    match WeightsFile::open(path) {
        Ok(file) => {
            let names: Vec<String> = file.names().map(|(name, _)| name.to_owned()).collect();
            assert!(!names.is_empty());
            file.bytes();
            names.iter().fold(true, |all, name| match file.read(name) {
                Ok(numbers) => {
                    let count: usize = file.info(name).unwrap().shape.iter().product();
                    assert_eq!(numbers.len(), count, "{name}");
                    all
                }
                Err(e) => {
                    assert!(e.to_string().contains(&path.display().to_string()), "{e}");
                    false
                }
            })
        }
        Err(e) => {
            let text = e.to_string();
            assert!(text.contains(&path.display().to_string()) && !text.contains('\n'), "{text}");
            false
        }
    }
}
