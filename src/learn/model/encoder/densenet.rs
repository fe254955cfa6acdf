//! DenseNet, with torchvision's names.

use super::architecture::DenseNet;
use super::ops::{Conv, Ops};

/// Length of the feature vector.
pub(super) fn width(net: &DenseNet) -> usize {
    let last = net.blocks.len().saturating_sub(1);
    net.blocks.iter().enumerate().fold(net.stem, |channels, (block, layers)| {
        let grown = channels + layers * net.growth;
        if block < last { grown / 2 } else { grown }
    })
}

/// Runs the network: the mean over the pixels after the last normalisation and ReLU.
pub(super) fn run<O: Ops>(net: &DenseNet, ops: &O, images: O::Maps) -> O::Tokens {
    let one = |out| Conv { out, kernel: 1, stride: 1, padding: 0 };
    let stem = Conv { out: net.stem, kernel: 7, stride: 2, padding: 3 };
    let x = ops.max_pool(&ops.conv(&images, "features.conv0", stem, Some("features.norm0"), true));
    let mut channels = net.stem;
    // What every layer added, unstacked: stacking anew for each layer would copy all of it each time.
    let mut pieces = vec![x];
    for (block, &layers) in net.blocks.iter().enumerate() {
        for layer in 1..=layers {
            let name = format!("features.denseblock{}.denselayer{layer}", block + 1);
            let x = ops.norm_relu(&pieces, &format!("{name}.norm1"));
            let inner = one(net.bottleneck * net.growth);
            let x = ops.conv(&x, &format!("{name}.conv1"), inner, Some(&format!("{name}.norm2")), true);
            let three = Conv { out: net.growth, kernel: 3, stride: 1, padding: 1 };
            pieces.push(ops.conv(&x, &format!("{name}.conv2"), three, None, false));
            channels += net.growth;
        }
        if block + 1 < net.blocks.len() {
            let name = format!("features.transition{}", block + 1);
            let x = ops.norm_relu(&pieces, &format!("{name}.norm"));
            channels /= 2;
            pieces = vec![ops.halve(&ops.conv(&x, &format!("{name}.conv"), one(channels), None, false))];
        }
    }
    // Named 5 whatever the number of blocks.
    ops.mean(&ops.norm_relu(&pieces, "features.norm5"))
}
