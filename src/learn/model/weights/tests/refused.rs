//! What is refused, and in which words.

use super::*;

#[test]
fn pickles_that_run_code_are_refused_by_name() {
    let sentence =
        |call| format!("asks Python to run {call} when it is opened; nothing was run; do not use this file");
    for (name, call) in [
        ("asks_system.pt", "os.system"),
        ("asks_system_legacy.pt", "os.system"),
        ("asks_eval.pt", "builtins.eval"),
        ("asks_system.pkl", "os.system"),
        ("asks_system_text.pkl", "os.system"),
        ("asks_inst.pkl", "os.system"),
        ("asks_popen.pkl", "subprocess.Popen"),
        ("asks_getattr.pkl", "builtins.getattr"),
        ("asks_load.pt", "torch.storage._load_from_bytes"),
    ] {
        assert_eq!(refusal_of(&fixture(name)), sentence(call), "{name}");
    }
}

#[test]
fn whole_models_are_refused_with_what_to_do() {
    for name in ["whole_model.pt", "whole_model_legacy.pt", "whole_model_within.pt"] {
        assert_eq!(
            refusal_of(&fixture(name)),
            "holds a whole pickled model (networks.Network), which only its own Python code can open; in Python, \
             save model.state_dict() instead",
            "{name}"
        );
    }
    assert_eq!(
        refusal_of(&fixture("script.pt")),
        "is a TorchScript program, not a weights file; in Python, save the state_dict() of the model instead"
    );
    assert_eq!(
        refusal_of(&fixture("list.pt")),
        "is a PyTorch file without named tensors, not a weights file; save weights with \
         torch.save(model.state_dict(), ...)"
    );
}

#[test]
fn other_files_are_told_what_they_are() {
    for (bytes, expected) in [
        (&b""[..], "is an empty file, not a weights file; download or copy it again"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1213\n",
            "is a Git LFS pointer, not a weights file; fetch the real file with: git lfs pull",
        ),
        (
            b"\n<!DOCTYPE html><html><head>",
            "is a web page, not a weights file: the download failed or asked for a login",
        ),
        (
            b"{\"error\": \"gated\"}",
            "is a JSON text, not a weights file: perhaps the answer to a download that failed, or a configuration",
        ),
        (
            b"Invalid username or password.",
            "is a text, not a weights file: perhaps the answer to a download that failed",
        ),
        (
            b"\x08\x07\x12\x07pytorch\x1a\x052.1.0",
            "is an ONNX model, not a weights file; the weights of the PyTorch model are needed",
        ),
        (
            b"\x89HDF\r\n\x1a\n\0\0",
            "is an HDF5 file (Keras or TensorFlow), not a weights file; weights of PyTorch are needed",
        ),
        (b"GGUF\x03\0\0\0", "is a GGUF file of a language model, not a weights file"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG image, not a weights file"),
        (b"\x1f\x8b\x08\0", "is a gzip-compressed file, not a weights file; unpack it first"),
        (
            &[7, 8, 9, 0xff, 0xfe, 1],
            "is a file of an unknown format, not a weights file; .safetensors, .pt, .pth and .bin files are read",
        ),
        (
            b"\x80\x04K\x01.",
            "is a Python pickle without tensors of PyTorch, not a weights file; save weights with \
             torch.save(model.state_dict(), ...)",
        ),
    ] {
        assert_eq!(refusal(bytes), expected);
    }
    let dir = tempfile::tempdir().unwrap();
    let text = WeightsFile::open(dir.path()).unwrap_err().to_string();
    assert_eq!(text, format!("Cannot open {}: it is a folder", dir.path().display()));
    let text = WeightsFile::open(&dir.path().join("a.pt")).unwrap_err().to_string();
    assert!(text.ends_with("a.pt: it is not there"), "{text}");
}

#[test]
fn a_zip_archive_is_told_what_is_in_it() {
    // An archive with one entry without content.
    let archive = |name: &str| {
        let n = (name.len() as u16).to_le_bytes();
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend([0; 22]);
        bytes.extend(n);
        bytes.extend([0, 0]);
        bytes.extend(name.as_bytes());
        let start = bytes.len() as u32;
        bytes.extend(b"PK\x01\x02");
        bytes.extend([0; 24]);
        bytes.extend(n);
        bytes.extend([0; 16]);
        bytes.extend(name.as_bytes());
        let size = bytes.len() as u32 - start;
        bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        bytes.extend(size.to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    };
    for (name, expected) in [
        ("photo.jpg", "is a zip archive of other things, not a weights file"),
        (
            "uni/pytorch_model.bin",
            "is a zip archive that contains uni/pytorch_model.bin, not a weights file; unpack it first",
        ),
        ("weight.npy", "is a NumPy archive (.npz), not a weights file; weights of PyTorch are needed"),
        ("model.weights.h5", "is a Keras model, not a weights file; weights of PyTorch are needed"),
        ("[Content_Types].xml", "is an Office document, not a weights file"),
    ] {
        assert_eq!(refusal(&archive(name)), expected);
    }
}

#[test]
fn files_that_are_cut_or_odd_are_told_so() {
    let bytes = std::fs::read(fixture("zip.pt")).unwrap();
    let says = |name: &str| refusal_of(&fixture(name));
    assert_eq!(says("big_endian.pt"), "was written by a big-endian computer, which is not supported");
    let compressed =
        "is a compressed archive, which torch.save does not write; open and save it again in Python";
    assert_eq!(says("compressed.pt"), compressed);
    for keep in [10, 600, bytes.len() - 1] {
        assert_eq!(refusal(&bytes[..keep]), "is cut off; download or copy it again", "{keep}");
    }
    let bytes = std::fs::read(fixture("legacy.pt")).unwrap();
    assert_eq!(refusal(&bytes[..100]), "is cut off; download or copy it again");
    let (has, needs) = (bytes.len() - 5, bytes.len());
    assert_eq!(
        refusal(&bytes[..has]),
        format!("is cut off ({has} of its {needs} bytes are there); download or copy it again")
    );
}
