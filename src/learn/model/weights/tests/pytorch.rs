//! Files of PyTorch against the numbers that the script put into them.

use super::*;

fn open(name: &str) -> WeightsFile {
    WeightsFile::open(&fixture(name)).unwrap()
}

#[test]
fn a_state_dict_reads_from_both_formats() {
    for name in ["zip.pt", "legacy.pt"] {
        let file = open(name);
        let names: Vec<_> = file.names().map(|(name, info)| (name, info.shape.clone(), info.kind)).collect();
        let f32 = NumberKind::F32;
        assert_eq!(names, [("bn1.bias", vec![2], f32), ("conv1.weight", vec![2, 3], f32)], "{name}");
        assert_eq!(file.read("conv1.weight").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "{name}");
        assert_eq!(file.read("bn1.bias").unwrap(), [0.5, 1.5], "{name}");
        assert_eq!(file.bytes(), 32, "{name}");
    }
}

#[test]
fn kinds_and_views_read_as_pytorch_has_them() {
    for name in ["kinds.pt", "kinds_legacy.pt"] {
        let file = open(name);
        let read = |tensor: &str| file.read(tensor).unwrap_or_else(|e| panic!("{e}"));
        for kind in ["f16", "bf16", "f64"] {
            assert_eq!(read(kind), [0.5, 1.5, 2.5], "{name} {kind}");
        }
        assert_eq!(file.info("bf16").unwrap().kind, NumberKind::BF16);
        assert_eq!(read("i64"), [-1.0, 0.0]);
        assert_eq!(read("u8"), [254.0, 255.0]);
        assert_eq!(read("bool"), [1.0, 0.0]);
        assert_eq!(read("scalar"), [7.0]);
        assert_eq!(read("nothing"), [0.0; 0]);
        assert_eq!(file.info("nothing").unwrap().shape, [0, 4]);
        assert_eq!(read("parameter"), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(file.info("transposed").unwrap().shape, [3, 2]);
        assert_eq!(read("transposed"), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(read("permuted"), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
        assert_eq!(read("rows"), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(read("columns"), [1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 10.0, 11.0]);
        assert_eq!(read("all").len(), 12);
        assert_eq!(read("every_second"), [0.0, 2.0, 4.0]);
        let error = |tensor: &str| {
            let text = file.read(tensor).unwrap_err().to_string();
            text.replace(&file.path().display().to_string(), "F")
        };
        assert_eq!(
            error("complex"),
            "F: complex holds complex numbers, which are not supported; save it as float32"
        );
        assert_eq!(error("nan"), "F: nan holds numbers that are not finite (NaN or infinity)");
        assert_eq!(error("absent"), "F has no tensor absent");
    }
    assert_eq!(open("kinds.pt").read("u16").unwrap(), [65534.0, 65535.0]);
}

#[test]
fn the_state_dict_is_found_in_a_checkpoint() {
    let file = open("checkpoint.pt");
    assert_eq!(file.names().map(|(name, _)| name).collect::<Vec<_>>(), ["bn1.bias", "conv1.weight"]);
    assert_eq!(file.read("bn1.bias").unwrap(), [0.5, 1.5]);
    // The teacher, not the student.
    let file = open("dino.pth");
    assert_eq!(file.names().map(|(name, _)| name).collect::<Vec<_>>(), ["cls_token", "head.mlp.0.weight"]);
    assert_eq!(file.read("cls_token").unwrap(), [5.0, 6.0]);
    assert!(compare(&file, &[("cls_token".to_owned(), vec![1, 1, 2])]).fits());
}

#[test]
fn names_of_hugging_face_become_those_of_timm() {
    let file = open("hugging_face.bin");
    let names: Vec<_> = file.names().map(|(name, info)| (name, info.shape.clone())).collect();
    assert_eq!(
        names,
        [
            ("blocks.0.attn.qkv.bias", vec![6]),
            ("blocks.0.attn.qkv.weight", vec![6, 2]),
            ("classifier.weight", vec![3, 2]),
            ("cls_token", vec![1, 1, 2]),
        ]
    );
    assert_eq!(
        file.read("blocks.0.attn.qkv.weight").unwrap(),
        [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0, 20.0, 21.0, 22.0, 23.0]
    );
    assert_eq!(file.read("blocks.0.attn.qkv.bias").unwrap(), [0.0, 1.0, 10.0, 11.0, 20.0, 21.0]);
}

#[test]
fn odd_tensors_do_not_keep_others_from_being_read() {
    let file = open("sparse.pt");
    assert_eq!(file.read("a.weight").unwrap(), [0.0, 1.0]);
    assert!(file.read("b.weight").unwrap_err().to_string().contains("b.weight holds sparse numbers"));
}

/// `HISCMCL_WEIGHTS=FILE cargo test --release read_all_of -- --ignored --nocapture`
#[test]
#[ignore = "measures a large file that the environment names"]
fn read_all_of_a_large_file() {
    let path = std::env::var("HISCMCL_WEIGHTS").unwrap();
    let start = std::time::Instant::now();
    let file = WeightsFile::open(Path::new(&path)).unwrap();
    let opened = start.elapsed();
    let names: Vec<String> = file.names().map(|(name, _)| name.to_owned()).collect();
    let all: Vec<Vec<f32>> = names.iter().map(|name| file.read(name).unwrap()).collect();
    let numbers: usize = all.iter().map(Vec::len).sum();
    let sum: f64 = all.iter().flatten().map(|&n| f64::from(n.abs())).sum();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    println!(
        "{path}: {} tensors, {numbers} numbers (sum of sizes {sum}), {} bytes, opened in {opened:?}, read in {:?}, {peak}",
        names.len(),
        file.bytes(),
        start.elapsed() - opened
    );
}
