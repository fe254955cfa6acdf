//! The vision transformer, with timm's names.

use super::architecture::{Pooling, Vit};
use super::ops::{Ops, Prefix};

/// Runs the network.
pub(super) fn run<O: Ops>(net: &Vit, ops: &O, images: O::Maps) -> O::Tokens {
    let patches = ops.patches(&images, "patch_embed.proj", net.patch, net.width);
    let prefix = Prefix { class: net.class_token, registers: net.registers, positions: net.prefix_positions };
    let mut x = ops.with_prefix(&patches, prefix);
    for block in 0..net.depth {
        let name = format!("blocks.{block}");
        let scale = |which: &str| net.layer_scale.then(|| format!("{name}.{which}.gamma"));

        let y = ops.layer_norm(&x, &format!("{name}.norm1"), net.eps);
        let qkv = ops.linear(&y, &format!("{name}.attn.qkv"), 3 * net.width, None);
        let y = ops.attention(&qkv, net.heads);
        let y = ops.linear(&y, &format!("{name}.attn.proj"), net.width, None);
        x = ops.add(x, &y, scale("ls1").as_deref());

        let y = ops.layer_norm(&x, &format!("{name}.norm2"), net.eps);
        let y = ops.linear(&y, &format!("{name}.mlp.fc1"), net.mlp.hidden, Some(net.mlp.kind));
        let y = ops.linear(&y, &format!("{name}.mlp.fc2"), net.width, None);
        x = ops.add(x, &y, scale("ls2").as_deref());
    }
    // timm normalises tokens and takes the class token, but takes the mean first and then normalises it.
    match net.pooling {
        Pooling::Mean => {
            let pooled = ops.pool(&x, net.pooling, net.prefix());
            ops.layer_norm(&pooled, "fc_norm", net.eps)
        }
        Pooling::Class | Pooling::ClassAndMean => {
            let normalised = ops.layer_norm(&x, "norm", net.eps);
            ops.pool(&normalised, net.pooling, net.prefix())
        }
    }
}
