//! Damaged and arbitrary files: a sentence, never a panic, never much memory.

use proptest::prelude::*;

use super::super::mutate::{Mutator, fuzz};
use super::*;

fn pytorch_files() -> Vec<Vec<u8>> {
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(fixture("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() > 15);
    names.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn safetensors_files() -> Vec<Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    safetensors_file(&path, &[("module.a", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), ("module.b", &[], &[1.0])]);
    let plain = std::fs::read(&path).unwrap();
    let mut tensors = vec![("embeddings.cls_token".to_owned(), vec![1.0, 2.0])];
    for part in ["query", "key", "value"] {
        tensors.push((format!("encoder.layer.0.attention.attention.{part}.weight"), vec![1.0, 2.0]));
    }
    let tensors: Vec<(&str, &[usize], &[f32])> =
        tensors.iter().map(|(name, n)| (name.as_str(), &[1, 2][..], n.as_slice())).collect();
    safetensors_file(&path, &tensors);
    vec![plain, std::fs::read(&path).unwrap()]
}

fn some_damaged(sound: Vec<Vec<u8>>) {
    let dir = tempfile::tempdir().unwrap();
    let mut mutator = Mutator::new(7, sound);
    let still = (0..3000).filter(|_| opens(&mutator.damaged(), &dir.path().join("a"))).count();
    assert!((1..2990).contains(&still), "{still} of 3000 damaged files were read");
}

#[test]
fn damaged_pytorch_files_are_refused_or_read() {
    some_damaged(pytorch_files());
}

#[test]
fn damaged_safetensors_files_are_refused_or_read() {
    some_damaged(safetensors_files());
}

#[test]
#[ignore = "runs for HISCMCL_FUZZ_MINUTES"]
fn damaged_pytorch_files_for_minutes() {
    let dir = tempfile::tempdir().unwrap();
    fuzz("pytorch", pytorch_files(), |bytes| opens(bytes, &dir.path().join("a")));
}

#[test]
#[ignore = "runs for HISCMCL_FUZZ_MINUTES"]
fn damaged_safetensors_files_for_minutes() {
    let dir = tempfile::tempdir().unwrap();
    fuzz("safetensors", safetensors_files(), |bytes| opens(bytes, &dir.path().join("a")));
}

proptest! {
    #[test]
    fn any_bytes_are_refused(start in 0_usize..6, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let starts: [&[u8]; 6] = [b"", b"\x80\x02", b"PK\x03\x04", b"\x20\0\0\0\0\0\0\0{", b"\x80\x02}q\x00", b"c"];
        let dir = tempfile::tempdir().unwrap();
        opens(&[starts[start], &bytes].concat(), &dir.path().join("a"));
    }
}
