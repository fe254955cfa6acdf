//! Names, and the report of what fits.

use super::super::names::translated;
use super::*;

fn names(all: &[&str]) -> Vec<String> {
    translated(&all.iter().map(|&n| n.to_owned()).collect::<Vec<_>>())
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn phikon_becomes_timm() {
    let from = [
        "embeddings.cls_token",
        "embeddings.mask_token",
        "embeddings.patch_embeddings.projection.weight",
        "embeddings.position_embeddings",
        "encoder.layer.11.attention.attention.key.bias",
        "encoder.layer.11.attention.attention.query.bias",
        "encoder.layer.11.attention.attention.value.bias",
        "encoder.layer.11.attention.output.dense.bias",
        "encoder.layer.11.intermediate.dense.weight",
        "encoder.layer.11.layernorm_after.weight",
        "encoder.layer.11.layernorm_before.bias",
        "encoder.layer.11.output.dense.weight",
        "layernorm.weight",
        "pooler.dense.bias",
    ];
    assert_eq!(
        names(&from),
        [
            "blocks.11.attn.proj.bias",
            "blocks.11.attn.qkv.bias",
            "blocks.11.mlp.fc1.weight",
            "blocks.11.mlp.fc2.weight",
            "blocks.11.norm1.bias",
            "blocks.11.norm2.weight",
            "cls_token",
            "mask_token",
            "norm.weight",
            "patch_embed.proj.weight",
            "pooler.dense.bias",
            "pos_embed",
        ]
    );
    // Query, key, value, whatever their order in the file.
    let parts = translated(&from.map(str::to_owned));
    assert_eq!(parts.iter().find(|(name, _)| name.ends_with("qkv.bias")).unwrap().1, [5, 4, 6]);
}

#[test]
fn phikon_v2_becomes_timm() {
    assert_eq!(
        names(&[
            "embeddings.register_tokens",
            "encoder.layer.0.layer_scale1.lambda1",
            "encoder.layer.0.layer_scale2.lambda1",
            "encoder.layer.0.mlp.fc1.bias",
            "encoder.layer.0.mlp.fc2.bias",
            "encoder.layer.0.mlp.weights_in.weight",
            "encoder.layer.0.mlp.weights_out.weight",
            "encoder.layer.0.norm1.weight",
            "encoder.layer.0.norm2.weight",
        ]),
        [
            "blocks.0.ls1.gamma",
            "blocks.0.ls2.gamma",
            "blocks.0.mlp.fc1.bias",
            "blocks.0.mlp.fc1.weight",
            "blocks.0.mlp.fc2.bias",
            "blocks.0.mlp.fc2.weight",
            "blocks.0.norm1.weight",
            "blocks.0.norm2.weight",
            "reg_token",
        ]
    );
}

#[test]
fn what_is_not_understood_keeps_its_name() {
    // A value is missing, and an unknown part.
    let odd = [
        "embeddings.cls_token",
        "encoder.layer.0.attention.attention.key.bias",
        "encoder.layer.0.attention.attention.query.bias",
        "encoder.layer.0.layer_scale3.lambda1",
        "encoder.layer.x.norm1.weight",
    ];
    assert_eq!(names(&odd), ["cls_token", odd[1], odd[2], odd[3], odd[4]]);
    // timm's own names are left alone.
    let timm = ["blocks.0.norm1.weight", "cls_token", "layernorm.weight"];
    assert_eq!(names(&timm), timm);
}

#[test]
fn older_names_become_new_ones() {
    assert_eq!(
        names(&[
            "features.denseblock1.denselayer12.conv.2.weight",
            "features.denseblock1.denselayer2.norm.1.running_mean",
            "features.norm0.weight",
            "features.transition1.norm.weight",
        ]),
        [
            "features.denseblock1.denselayer12.conv2.weight",
            "features.denseblock1.denselayer2.norm1.running_mean",
            "features.norm0.weight",
            "features.transition1.norm.weight",
        ]
    );
    // The authors' names of DINOv2.
    let dino = ["blocks.3.mlp.w12.bias", "blocks.3.mlp.w3.weight", "cls_token", "register_tokens"];
    assert_eq!(names(&dino), ["blocks.3.mlp.fc1.bias", "blocks.3.mlp.fc2.weight", "cls_token", "reg_token"]);
    let kept = ["denselayer1.norm.3.weight", "denselayer1.norm1.weight", "denselayerx.norm.1.weight"];
    assert_eq!(names(&kept), kept);
}

#[test]
fn the_report_says_what_does_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    safetensors_file(
        &path,
        &[
            ("a", &[2, 1], &[1.0, 2.0]),
            ("bn1.num_batches_tracked", &[], &[1.0]),
            ("fc.weight", &[1], &[1.0]),
            ("x", &[1], &[1.0]),
        ],
    );
    let file = WeightsFile::open(&path).unwrap();
    let wanted = |list: &[(&str, &[usize])]| {
        compare(
            &file,
            &list.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect::<Vec<_>>(),
        )
    };
    let report = wanted(&[("x", &[1]), ("a", &[2, 1])]);
    assert!(report.fits());
    assert_eq!(report.ignored, ["bn1.num_batches_tracked", "fc.weight"]);
    assert_eq!(report.to_string(), "Every parameter is there with the right size.");

    let report =
        wanted(&[("a", &[1, 3]), ("p", &[1]), ("q", &[1]), ("r", &[1]), ("s", &[1]), ("fc.weight", &[1])]);
    assert!(!report.fits());
    assert_eq!(report.wrong_shape, [("a".to_owned(), vec![1, 3], vec![2, 1])]);
    assert_eq!(report.ignored, ["bn1.num_batches_tracked"]);
    assert_eq!(
        report.to_string(),
        "The file lacks 4 parameters (p, q, r and 1 more), has 1 parameter (x) that the network does not have, \
         and has 1 parameter (a is 2 × 1 instead of 1 × 3) of another size."
    );
    let report = wanted(&[("a", &[2, 1]), ("x", &[1]), ("p", &[1]), ("q", &[1])]);
    assert_eq!(report.to_string(), "The file lacks 2 parameters (p and q).");
}
