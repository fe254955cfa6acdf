//! What training code puts in front of all names of a network.

/// What is taken off when every parameter of the network has it.
const PREFIXES: [&str; 16] = [
    "module.",
    "model.",
    "backbone.",
    "encoder.",
    "teacher.",
    "student.",
    "network.",
    "net.",
    "_orig_mod.",
    "state_dict.",
    "vit.",
    "dinov2.",
    "dinov2_with_registers.",
    "trunk.",
    "visual.",
    "_model.",
];

/// No names are wrapped more often than this.
const ROUNDS: usize = 6;

/// First parts of names that are not the encoder's: heads and what only training needs.
const HEADS: [&str; 12] = [
    "head",
    "heads",
    "head_dist",
    "fc",
    "classifier",
    "pooler",
    "dino_head",
    "ibot_head",
    "dino_loss",
    "ibot_patch_loss",
    "last_layer",
    "prototypes",
];

/// Whether features can be made without the parameter: classifier heads, counters, the token of masked patches.
pub(super) fn is_ignorable(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    HEADS.contains(&first) || matches!(last, "num_batches_tracked" | "mask_token")
}

/// Takes off every prefix that all names have; heads may lack it ("vit.encoder...", "classifier.weight").
pub(super) fn strip(names: &mut [String]) {
    for _ in 0..ROUNDS {
        let common = PREFIXES.iter().find(|prefix| {
            let mut judged = names.iter().filter(|name| !is_ignorable(name)).peekable();
            judged.peek().is_some()
                && judged.all(|name| name.strip_prefix(**prefix).is_some_and(|n| !n.is_empty()))
        });
        let Some(common) = common else { return };
        for name in &mut *names {
            if let Some(rest) = name.strip_prefix(common) {
                *name = rest.to_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(names: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
        strip(&mut names);
        names
    }

    #[test]
    fn common_prefixes_are_taken_off() {
        assert_eq!(
            stripped(&["module.model.norm.weight", "module.model.cls_token"]),
            ["norm.weight", "cls_token"]
        );
        assert_eq!(
            stripped(&["backbone.conv1.weight", "head.mlp.0.weight"]),
            ["conv1.weight", "head.mlp.0.weight"]
        );
        assert_eq!(stripped(&["module.conv1.weight", "module.fc.bias"]), ["conv1.weight", "fc.bias"]);
        // Not all have it.
        let kept = ["encoder.layer.0.norm1.weight", "embeddings.cls_token"];
        assert_eq!(stripped(&kept), kept);
        // Nothing but heads is no reason.
        assert_eq!(stripped(&["fc.weight"]), ["fc.weight"]);
        assert_eq!(stripped(&["model."]), ["model."]);
    }

    #[test]
    fn heads_are_ignorable() {
        for name in
            ["head.weight", "fc.bias", "classifier.weight", "pooler.dense.weight", "bn1.num_batches_tracked"]
        {
            assert!(is_ignorable(name), "{name}");
        }
        assert!(is_ignorable("embeddings.mask_token") && is_ignorable("mask_token"));
        for name in ["fc_norm.weight", "blocks.0.mlp.fc1.weight", "norm.weight", "layer1.0.bn1.weight"] {
            assert!(!is_ignorable(name), "{name}");
        }
    }
}
