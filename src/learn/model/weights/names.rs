//! The names of other libraries as those of timm and torchvision.

use std::collections::{BTreeMap, BTreeSet};

/// What a tensor of the file is called.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Its name.
    Whole(String),
    /// A third of this one: query 0, key 1, value 2.
    Third(String, usize),
}

/// For every name of a network the tensors of the file that make it, one below the other along dimension 0, as
/// indices into `names`. A name that would stand for two tensors has two entries. Sorted.
///
/// - Vision transformers of Hugging Face's transformers (`ViTModel`, `Dinov2Model`, `Dinov2WithRegistersModel`)
///   are given timm's names; query, key and value, which timm keeps as one matrix, are joined in this order.
/// - Vision transformers of DINOv2's authors call the layers of a SwiGLU and the registers otherwise.
/// - DenseNets of torchvision before 2017 have `norm.1` where later ones have `norm1`.
pub(super) fn translated(names: &[String]) -> Vec<(String, Vec<usize>)> {
    let is_hugging_face = names.iter().any(|name| name.starts_with("embeddings."))
        && names.iter().any(|name| name.starts_with("encoder.layer."));
    let mut whole = Vec::new();
    let mut thirds: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        match if is_hugging_face { timm(name) } else { None } {
            Some(Place::Whole(name)) => whole.push((name, vec![index])),
            Some(Place::Third(name, third)) => thirds.entry(name).or_default().push((third, index)),
            None => {
                let name = densenet(name).or_else(|| dinov2(name)).unwrap_or_else(|| name.clone());
                whole.push((name, vec![index]));
            }
        }
    }
    for (name, mut parts) in thirds {
        parts.sort_unstable();
        let found: BTreeSet<usize> = parts.iter().map(|&(third, _)| third).collect();
        if parts.len() == 3 && found.len() == 3 {
            whole.push((name, parts.into_iter().map(|(_, index)| index).collect()));
        } else {
            // Something is missing: they stay what they are, to be reported.
            whole.extend(parts.into_iter().filter_map(|(_, i)| Some((names.get(i)?.clone(), vec![i]))));
        }
    }
    whole.sort();
    whole
}

/// timm's name for one of transformers' vision transformers.
fn timm(name: &str) -> Option<Place> {
    if let Some(rest) = name.strip_prefix("embeddings.") {
        let name = match rest {
            "cls_token" | "mask_token" => rest.to_owned(),
            "position_embeddings" => "pos_embed".to_owned(),
            "register_tokens" => "reg_token".to_owned(),
            _ => format!("patch_embed.proj.{}", rest.strip_prefix("patch_embeddings.projection.")?),
        };
        return Some(Place::Whole(name));
    }
    if let Some(rest) = name.strip_prefix("layernorm.") {
        return Some(Place::Whole(format!("norm.{rest}")));
    }
    let (block, rest) = name.strip_prefix("encoder.layer.")?.split_once('.')?;
    if block.is_empty() || !block.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    for (third, part) in ["query", "key", "value"].into_iter().enumerate() {
        if let Some(kind) = rest.strip_prefix(&format!("attention.attention.{part}.")) {
            return Some(Place::Third(format!("blocks.{block}.attn.qkv.{kind}"), third));
        }
    }
    const PARTS: [(&str, &str); 12] = [
        ("attention.output.dense.", "attn.proj."),
        ("intermediate.dense.", "mlp.fc1."),
        ("output.dense.", "mlp.fc2."),
        ("mlp.fc1.", "mlp.fc1."),
        ("mlp.fc2.", "mlp.fc2."),
        ("mlp.weights_in.", "mlp.fc1."),
        ("mlp.weights_out.", "mlp.fc2."),
        ("layernorm_before.", "norm1."),
        ("layernorm_after.", "norm2."),
        ("norm1.", "norm1."),
        ("norm2.", "norm2."),
        ("layer_scale", "ls"),
    ];
    let (_, to, rest) = PARTS.iter().find_map(|(from, to)| Some((from, to, rest.strip_prefix(from)?)))?;
    let rest = match *to {
        "ls" => format!("{}.gamma", rest.strip_suffix(".lambda1").filter(|n| matches!(*n, "1" | "2"))?),
        _ => rest.to_owned(),
    };
    Some(Place::Whole(format!("blocks.{block}.{to}{rest}")))
}

/// The names that DINOv2's authors gave to what timm calls otherwise, as timm itself translates them.
fn dinov2(name: &str) -> Option<String> {
    if name == "register_tokens" {
        return Some("reg_token".to_owned());
    }
    let (front, rest) = name.strip_prefix("blocks.")?.split_once(".mlp.")?;
    let (layer, parameter) = rest.split_once('.')?;
    let layer = match layer {
        "w12" => "fc1",
        "w3" => "fc2",
        _ => return None,
    };
    Some(format!("blocks.{front}.mlp.{layer}.{parameter}"))
}

/// "features.denseblock1.denselayer2.norm.1.weight" as "...norm1.weight", by the rule of torchvision's
/// `_load_state_dict`.
fn densenet(name: &str) -> Option<String> {
    let (front, rest) = name.rsplit_once("denselayer").map(|(front, rest)| (front.len() + 10, rest))?;
    let (number, rest) = rest.split_once('.')?;
    let (layer, rest) = rest.split_once('.')?;
    let (index, parameter) = rest.split_once('.')?;
    let fits = !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
        && matches!(layer, "norm" | "relu" | "conv")
        && matches!(index, "1" | "2")
        && matches!(parameter, "weight" | "bias" | "running_mean" | "running_var" | "num_batches_tracked");
    fits.then(|| format!("{}{number}.{layer}{index}.{parameter}", name.get(..front).unwrap_or_default()))
}
