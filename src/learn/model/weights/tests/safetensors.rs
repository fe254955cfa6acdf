//! Safetensors files, made here.

use super::*;

fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn tensors_read_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.anything");
    let (b, c) = ([1.0, 2.0], [3.0]);
    safetensors_file(&path, &[("model.b", &[2, 1], &b), ("model.a.c", &[], &c), ("model.d", &[0, 2], &[])]);
    let file = WeightsFile::open(&path).unwrap();
    let names: Vec<_> = file.names().map(|(name, info)| (name, info.shape.clone())).collect();
    assert_eq!(names, [("a.c", vec![]), ("b", vec![2, 1]), ("d", vec![0, 2])]);
    assert_eq!(file.read("b").unwrap(), b);
    assert_eq!(file.read("a.c").unwrap(), c);
    assert_eq!(file.read("d").unwrap(), [0.0; 0]);
    assert_eq!((file.bytes(), file.path()), (12, path.as_path()));
}

#[test]
fn half_precision_is_converted() {
    let header = r#"{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[4,6]},"c":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[6,7]},"d":{"dtype":"F4","shape":[2],"data_offsets":[7,8]}}"#;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    std::fs::write(&path, with_header(header, &[0x80, 0x3f, 0, 0xc0, 0, 0x3c, 0, 0])).unwrap();
    let file = WeightsFile::open(&path).unwrap();
    assert_eq!(file.read("a").unwrap(), [1.0, -2.0]);
    assert_eq!(file.read("b").unwrap(), [1.0]);
    let text = file.read("c").unwrap_err().to_string();
    assert!(
        text.ends_with("c holds 8-bit floating point numbers, which are not supported; save it as float32")
    );
    assert!(file.read("d").unwrap_err().to_string().contains("4-bit"));
}

#[test]
fn headers_are_checked() {
    let one = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let whole = with_header(one, &[0; 8]);
    assert_eq!(
        refusal(&whole[..whole.len() - 3]),
        format!(
            "is cut off ({} of its {} bytes are there); download or copy it again",
            whole.len() - 3,
            whole.len()
        )
    );
    assert_eq!(
        refusal(&whole[..20]),
        format!("is cut off (20 of its {} bytes are there); download or copy it again", whole.len() - 8)
    );
    assert_eq!(refusal(&with_header(one, &[0; 9])), "has 1 byte more than its header says; it is damaged");
    let contradicts = "its header contradicts itself: sizes and places of tensors do not fit; it is damaged";
    for header in [
        r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
        r#"{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}}"#,
    ] {
        assert_eq!(refusal(&with_header(header, &[0; 8])), contradicts, "{header}");
    }
    let text = refusal(&with_header(r#"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, &[0; 8]));
    assert!(text.starts_with("its header names a kind of numbers that is not known"), "{text}");
    let text = refusal(&with_header("{nonsense", &[]));
    assert!(text.starts_with("its header cannot be read (") && text.ends_with("; it is damaged"), "{text}");
    assert_eq!(refusal(&with_header("{}", &[])), "holds no tensors");
    let same = [("module.a", &[1][..], &[1.0][..]), ("module.norm.1", &[1], &[f32::INFINITY])];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    safetensors_file(&path, &same);
    let text = WeightsFile::open(&path).unwrap().read("norm.1").unwrap_err().to_string();
    assert_eq!(
        text,
        format!("{}: norm.1 holds numbers that are not finite (NaN or infinity)", path.display())
    );
}

#[test]
fn two_tensors_of_one_name_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    safetensors_file(
        &path,
        &[("model.a", &[1], &[1.0]), ("model.fc.b", &[1], &[1.0]), ("fc.b", &[1], &[1.0])],
    );
    assert_eq!(
        refusal_of(&path),
        "two tensors are called fc.b when prefixes are taken off (fc.b and model.fc.b)"
    );
}

#[test]
fn the_fingerprint_is_that_of_all_bytes() {
    use crate::core::cancel::CancelToken;
    use crate::core::progress::Silent;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    std::fs::write(&path, b"abc").unwrap();
    // The test vector of BLAKE3's authors for "abc".
    assert_eq!(
        fingerprint(&path, &Silent, &CancelToken::new()).unwrap(),
        "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
    );
    let cancelled = CancelToken::new();
    cancelled.cancel();
    assert!(matches!(fingerprint(&path, &Silent, &cancelled), Err(WeightsError::Cancelled(_))));
}
