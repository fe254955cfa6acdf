//! How fast image encoders are here: measured, or told beforehand from the speed of networks of their kind.

use std::time::{Duration, Instant};

use anyhow::bail;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::context::JobContext;
use super::encoders::{EncoderChoice, EncoderInfo, TEXTURE, known};
use super::workspace::Workspace;
use crate::core::encoder::{PatchEncoder, RgbPatch};
use crate::core::progress::Task;
use crate::device::ComputeDevice;
pub use crate::model::encoder::Precision;
use crate::model::encoder::{Architecture, Preset, Pretrained, preset};
use crate::preprocess::texture::TextureEncoder;

/// What progress is reported under.
/// The least time that is measured.
const MIN_DURATION: Duration = Duration::from_millis(700);
/// The least number of calls that are measured.
const CALLS: usize = 5;
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
pub fn rates(device: &ComputeDevice, ctx: &JobContext) -> anyhow::Result<Rates> {
    ctx.observer.report(&Task::EncodingPatches.into(), 0, 3);
    let texture = fastest(&TextureEncoder, ctx)?;
    ctx.observer.report(&Task::EncodingPatches.into(), 1, 3);
    let convolutional = rate(CONVOLUTIONAL, device, ctx)?;
    ctx.observer.report(&Task::EncodingPatches.into(), 2, 3);
    Ok(Rates { convolutional, transformer: rate(TRANSFORMER, device, ctx)?, texture })
}

/// Multiply-adds a second of a preset's network, with weights that mean nothing.
fn rate(name: &str, device: &ComputeDevice, ctx: &JobContext) -> anyhow::Result<f64> {
    let mut preset = known(name)?;
    if let Architecture::Vit(vit) = &mut preset.architecture {
        vit.depth = LAYERS;
    }
    let work = preset.architecture.list(preset.side).multiply_adds as f64;
    let encoder = Pretrained::with_made_up_weights(preset, device.gpu(), None);
    Ok(fastest(&encoder, ctx)? * work)
}

/// Measures how many patches a second an encoder does, once it is warm. Its weights are read first.
///
/// # Errors
/// One sentence naming the weights file, or that it was cancelled.
pub fn measure(
    workspace: &Workspace,
    choice: &EncoderChoice,
    device: &ComputeDevice,
    ctx: &JobContext,
) -> anyhow::Result<f64> {
    let encoder = workspace.with_encoder(choice, device, ctx)?.encoder;
    encoder.prepare(ctx.progress(), ctx.cancel)?;
    ctx.observer.report(&Task::EncodingPatches.into(), 0, 0);
    fastest(encoder.as_ref(), ctx)
}

/// How fast an encoder is on a device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EncoderSpeed {
    /// How it is named.
    pub encoder: &'static str,
    /// What it ran on.
    pub device: String,
    /// How precisely it was computed.
    pub precision: Precision,
    /// Patches at a time.
    pub batch: usize,
    /// Patches a second, the median of several calls.
    pub patches_per_second: f64,
}

/// Measures a pretrained encoder without its weights: made-up ones take as long, and as much memory. `precision` is
/// what it is computed in on a GPU, where not in the best for it.
///
/// # Errors
/// The device fails or has no such precision, or it was cancelled: one sentence.
pub fn without_weights(
    preset: Preset,
    device: &ComputeDevice,
    precision: Option<Precision>,
    ctx: &JobContext,
) -> anyhow::Result<EncoderSpeed> {
    let best = |(gpu, _): (Device, _)| Precision::on_gpu(&gpu, &preset.architecture);
    if precision == Some(Precision::Half) && device.gpu().map(best) != Some(Precision::Half) {
        bail!("{} is not computed in half precision on {}: measure in f32", preset.title, device.info().name);
    }
    let encoder = Pretrained::with_made_up_weights(preset, device.gpu(), precision);
    let calls = paces(&encoder, ctx)?;
    Ok(EncoderSpeed {
        encoder: encoder.preset().name,
        device: device.info().name.clone(),
        precision: encoder.precision(),
        // What did not fit into memory was halved meanwhile.
        batch: encoder.batch(),
        patches_per_second: calls[calls.len() / 2],
    })
}

/// Patches a second of an encoder's fastest call, since whatever else the computer does for a moment slows the others.
fn fastest(encoder: &dyn PatchEncoder, ctx: &JobContext) -> anyhow::Result<f64> {
    Ok(paces(encoder, ctx)?.into_iter().fold(0.0, f64::max))
}

/// Patches a second of several calls, the slowest first. One before them warms up: it finds the fastest kernels of a
/// GPU, and the batch that fits there. A call ends when its features are back, so that nothing is still underway.
fn paces(encoder: &dyn PatchEncoder, ctx: &JobContext) -> anyhow::Result<Vec<f64>> {
    // Not uniform, so that nothing is shorter than with tissue.
    let size = encoder.patch_size();
    let rgb = (0..size * size * 3).map(|i| (i * 31 % 251) as u8).collect();
    let mut patches = vec![RgbPatch { size, rgb, on_slide: 1.0 }; encoder.batch().max(1)];
    encoder.encode(&patches)?;
    patches.truncate(encoder.batch().max(1));
    let (start, mut paces) = (Instant::now(), Vec::new());
    while paces.len() < CALLS || start.elapsed() < MIN_DURATION {
        ctx.check()?;
        let began = Instant::now();
        encoder.encode(&patches)?;
        paces.push(patches.len() as f64 / began.elapsed().as_secs_f64().max(1e-9));
    }
    paces.sort_by(f64::total_cmp);
    Ok(paces)
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
