//! How fast image encoders are here: measured, or told beforehand from the speed of networks of their kind.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::context::Ctx;
use super::encoders::{EncoderChoice, EncoderInfo, TEXTURE};
use super::workspace::Workspace;
use crate::core::encoder::{PatchEncoder, RgbPatch};
use crate::device::{ComputeDevice, Kind};
use crate::model::encoder::parameters::Array;
use crate::model::encoder::{Architecture, CpuNetwork, Preset, Pretrained, TensorNetwork, preset};
use crate::preprocess::texture::TextureEncoder;

/// What progress is reported under.
const STAGE: &str = "encoding patches";
/// The least time that is measured.
const LEAST: Duration = Duration::from_millis(700);
/// The least number of patches that are measured.
const PATCHES: u64 = 8;
/// The network that speaks for convolutional ones.
const CONVOLUTIONAL: &str = "resnet18";
/// The network that speaks for transformers, of which a few layers are enough.
const TRANSFORMER: &str = "vit-b16";
const LAYERS: usize = 3;

/// How fast a device runs networks of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Multiply-adds a second of a convolutional network.
    pub convolutional: f64,
    /// Multiply-adds a second of a transformer.
    pub transformer: f64,
    /// Patches a second of the texture encoder, which always runs on the processor.
    pub texture: f64,
}

impl Rates {
    /// About how many patches a second an encoder will do.
    pub fn patches_per_second(&self, encoder: &EncoderInfo) -> f64 {
        if encoder.name == TEXTURE {
            return self.texture;
        }
        let rate = match preset(encoder.name).map(|p| p.architecture) {
            Some(Architecture::Vit(_)) => self.transformer,
            _ => self.convolutional,
        };
        rate / (encoder.multiply_adds.max(1) as f64)
    }
}

/// Measures how fast a device is, in two or three seconds: no weights are needed for it.
///
/// # Errors
/// When cancelled.
pub fn rates(device: &ComputeDevice, ctx: &Ctx) -> anyhow::Result<Rates> {
    ctx.observer.report(STAGE, 0, 3);
    let patch = grey(TextureEncoder.patch_size());
    let texture = pace(ctx, TextureEncoder.batch(), |n| {
        let _ = TextureEncoder.encode(&vec![patch.clone(); n])?;
        Ok(())
    })?;
    ctx.observer.report(STAGE, 1, 3);
    let convolutional = rate(CONVOLUTIONAL, device, ctx)?;
    ctx.observer.report(STAGE, 2, 3);
    Ok(Rates { convolutional, transformer: rate(TRANSFORMER, device, ctx)?, texture })
}

/// Multiply-adds a second of a preset's network, with zeros for weights.
fn rate(name: &str, device: &ComputeDevice, ctx: &Ctx) -> anyhow::Result<f64> {
    let Some(preset) = preset(name) else { return Ok(0.0) };
    let (mut architecture, side) = (preset.architecture, preset.side);
    if let Architecture::Vit(vit) = &mut architecture {
        vit.depth = LAYERS;
    }
    let listed = architecture.list(side);
    let zeros = |shape: Vec<usize>| Array { values: vec![0.0; shape.iter().product()], shape };
    let parameters: BTreeMap<_, _> =
        listed.parameters.into_iter().map(|(name, shape)| (name, zeros(shape))).collect();
    let images = |n: usize| vec![0.0; n * side * side * 3];
    let batch = 4;
    let patches = if device.info().kind == Kind::Cpu {
        let network = CpuNetwork::new(architecture, parameters);
        pace(ctx, batch, |n| {
            let _ = network.run(images(n), side);
            Ok(())
        })?
    } else {
        let network = TensorNetwork::new(architecture, parameters, device.burn());
        pace(ctx, batch, |n| {
            let _ = network.run(images(n), side);
            Ok(())
        })?
    };
    Ok(patches * listed.multiply_adds as f64)
}

/// Measures how many patches a second an encoder does, once it is warm. Its weights are read first.
///
/// # Errors
/// One sentence naming the weights file, or that it was cancelled.
pub fn measure(
    workspace: &Workspace,
    choice: &EncoderChoice,
    device: &ComputeDevice,
    ctx: &Ctx,
) -> anyhow::Result<f64> {
    let encoder = workspace.with_encoder(choice, device, ctx)?.encoder;
    encoder.prepare(ctx.progress(), ctx.cancel)?;
    ctx.observer.report(STAGE, 0, 0);
    let patch = grey(encoder.patch_size());
    pace(ctx, encoder.batch(), |n| {
        let _ = encoder.encode(&vec![patch.clone(); n])?;
        Ok(())
    })
}

/// How fast an encoder is on a device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    /// How it is named.
    pub encoder: &'static str,
    /// What it ran on.
    pub device: String,
    /// Patches at a time.
    pub batch: usize,
    /// Patches a second, the median of several calls.
    pub patches_per_second: f64,
}

/// Measures a pretrained encoder without its weights: made-up ones take as long, and as much memory.
///
/// # Errors
/// When cancelled, or when the device fails.
pub fn without_weights(preset: Preset, device: &ComputeDevice, ctx: &Ctx) -> anyhow::Result<Speed> {
    const CALLS: usize = 5;
    let encoder = Pretrained::with_made_up_weights(preset, device.gpu().cloned());
    let (name, batch) = (encoder.preset().name, encoder.batch());
    let patches = vec![grey(encoder.patch_size()); batch];
    encoder.encode(&patches)?;
    let mut seconds = Vec::with_capacity(CALLS);
    for call in 0..CALLS {
        ctx.check()?;
        ctx.observer.report(STAGE, call as u64, CALLS as u64);
        let began = Instant::now();
        encoder.encode(&patches)?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(CALLS / 2).copied().unwrap_or(f64::INFINITY);
    let device = device.info().name.clone();
    Ok(Speed { encoder: name, device, batch, patches_per_second: batch as f64 / median })
}

fn grey(size: usize) -> RgbPatch {
    // Not uniform, so that nothing is shorter than with tissue.
    let rgb = (0..size * size * 3).map(|i| (i * 31 % 251) as u8).collect();
    RgbPatch { size, rgb, on_slide: 1.0 }
}

/// Patches a second of `encode`, which is given a number of patches; the first call only warms up. The fastest call
/// counts, since whatever else the computer does for a moment slows the others.
fn pace(ctx: &Ctx, batch: usize, mut encode: impl FnMut(usize) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    encode(batch)?;
    let start = Instant::now();
    let (mut done, mut best) = (0_u64, Duration::MAX);
    while done < PATCHES || start.elapsed() < LEAST {
        ctx.check()?;
        let began = Instant::now();
        encode(batch)?;
        best = best.min(began.elapsed());
        done += batch as u64;
    }
    Ok(batch as f64 / best.as_secs_f64().max(1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::encoders::{list, texture};

    #[test]
    fn larger_networks_are_slower() {
        let rates = Rates { convolutional: 60e9, transformer: 120e9, texture: 90.0 };
        let all = list();
        let of = |name: &str| rates.patches_per_second(all.iter().find(|e| e.name == name).unwrap());
        assert!((of("uni") - 1.95).abs() < 0.01 && (of("densenet121") - 21.2).abs() < 0.1);
        assert!(of("h-optimus-0") < of("uni"));
        assert_eq!(rates.patches_per_second(&texture()), 90.0);
    }
}
