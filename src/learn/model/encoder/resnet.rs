//! ResNet, with torchvision's names.

use super::architecture::ResNet;
use super::ops::{Conv, Ops};

/// How much wider a bottleneck's output is than its middle.
pub(super) const EXPANSION: usize = 4;

/// Runs the network: the mean over the pixels of the last stage.
pub(super) fn run<O: Ops>(net: &ResNet, ops: &O, images: O::Maps) -> O::Tokens {
    let stem = Conv { out: net.stem, kernel: 7, stride: 2, padding: 3 };
    let mut x = ops.max_pool(&ops.conv(&images, "conv1", stem, Some("bn1"), true));
    let mut channels = net.stem;
    for (stage, (&inner, &blocks)) in net.channels.iter().zip(&net.blocks).enumerate() {
        let out = if net.bottleneck { inner * EXPANSION } else { inner };
        for block in 0..blocks {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let name = format!("layer{}.{block}", stage + 1);
            let y = if net.bottleneck {
                bottleneck(ops, &x, &name, inner, stride)
            } else {
                basic(ops, &x, &name, inner, stride)
            };
            if stride != 1 || channels != out {
                let shortcut = Conv { out, kernel: 1, stride, padding: 0 };
                let norm = format!("{name}.downsample.1");
                x = ops.conv(&x, &format!("{name}.downsample.0"), shortcut, Some(&norm), false);
            }
            x = ops.add_relu(y, &x);
            channels = out;
        }
    }
    ops.mean(&x)
}

fn basic<O: Ops>(ops: &O, x: &O::Maps, name: &str, out: usize, stride: usize) -> O::Maps {
    let three = |stride| Conv { out, kernel: 3, stride, padding: 1 };
    let y = ops.conv(x, &format!("{name}.conv1"), three(stride), Some(&format!("{name}.bn1")), true);
    ops.conv(&y, &format!("{name}.conv2"), three(1), Some(&format!("{name}.bn2")), false)
}

/// The stride is in the 3 x 3 convolution, as in torchvision ("ResNet V1.5").
fn bottleneck<O: Ops>(ops: &O, x: &O::Maps, name: &str, inner: usize, stride: usize) -> O::Maps {
    let one = |out| Conv { out, kernel: 1, stride: 1, padding: 0 };
    let three = Conv { out: inner, kernel: 3, stride, padding: 1 };
    let y = ops.conv(x, &format!("{name}.conv1"), one(inner), Some(&format!("{name}.bn1")), true);
    let y = ops.conv(&y, &format!("{name}.conv2"), three, Some(&format!("{name}.bn2")), true);
    ops.conv(&y, &format!("{name}.conv3"), one(inner * EXPANSION), Some(&format!("{name}.bn3")), false)
}
