//! A network where it runs: on the processor, or on a GPU in batches that fit there.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, ExecutionError};

use super::architecture::Architecture;
use super::batch::{self, MAX_BATCH_ON_CPU};
use super::cpu::CpuNetwork;
use super::half::HalfNetwork;
use super::halving::{AdaptiveBatch, Failure};
use super::listing::Listed;
use super::parameters::Parameters;
use super::precision::Precision;
use super::presets::Normalisation;
use super::tensor::TensorNetwork;
use crate::core::encoder::{EncoderError, RgbPatch};
use crate::core::gpu::GpuLimits;

/// Where encoders run.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// On the processor, in single precision.
    Processor,
    /// On a GPU.
    Gpu(Device, GpuLimits, Precision),
}

impl Place {
    /// On `gpu`, or on the processor.
    pub(super) fn new(
        gpu: Option<(Device, GpuLimits)>,
        precision: impl FnOnce(&Device) -> Precision,
    ) -> Self {
        match gpu {
            None => Self::Processor,
            Some((device, limits)) => {
                let precision = precision(&device);
                Self::Gpu(device, limits, precision)
            }
        }
    }

    /// How precisely networks are computed there.
    pub(super) fn precision(&self) -> Precision {
        match self {
            Self::Processor => Precision::Single,
            Self::Gpu(.., precision) => *precision,
        }
    }

    /// How many images of a network it takes at once.
    pub(super) fn batch(&self, network: &Listed) -> usize {
        match self {
            Self::Processor => {
                let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
                batch::on_processor(network, cores)
            }
            Self::Gpu(_, limits, _) => batch::on_gpu(network, *limits),
        }
    }
}

/// A network with its parameters where it runs.
#[derive(Debug)]
pub(super) enum Network {
    Processor(CpuNetwork),
    Gpu(Box<OnGpu>, Device),
}

/// A network on a GPU.
#[derive(Debug)]
pub(super) enum OnGpu {
    Single(TensorNetwork),
    Half(HalfNetwork),
}

impl Network {
    /// Puts a network where it runs.
    pub(super) fn new(architecture: Architecture, parameters: Parameters, place: &Place) -> Self {
        match place {
            Place::Processor => Self::Processor(CpuNetwork::new(architecture, parameters)),
            Place::Gpu(device, _, Precision::Single) => {
                let network = TensorNetwork::new(architecture, parameters, device);
                Self::Gpu(Box::new(OnGpu::Single(network)), device.clone())
            }
            Place::Gpu(device, _, Precision::Half) => {
                let network = HalfNetwork::new(architecture, parameters, device);
                Self::Gpu(Box::new(OnGpu::Half(network)), device.clone())
            }
        }
    }

    /// Feature vectors of patches of `side` pixels, one after another, in batches as `halving` has them. `title`
    /// is the encoder to people.
    ///
    /// # Errors
    /// A GPU has no memory even for one patch, or works no more: one sentence that says what to do.
    pub(super) fn features(
        &self,
        patches: &[RgbPatch],
        side: usize,
        normalisation: Normalisation,
        halving: &AdaptiveBatch,
        title: &str,
    ) -> Result<Vec<f32>, EncoderError> {
        let pixels = |batch: &[RgbPatch]| {
            let mut images = Vec::with_capacity(batch.len() * side * side * 3);
            batch.iter().for_each(|patch| normalisation.apply(&patch.rgb, &mut images));
            images
        };
        match self {
            Self::Processor(network) => {
                let batches = patches.chunks(MAX_BATCH_ON_CPU);
                Ok(batches.flat_map(|batch| network.run(pixels(batch), side)).collect())
            }
            Self::Gpu(network, device) => {
                let run = |batch: &[RgbPatch]| {
                    let images = pixels(batch);
                    let found = attempt(|| network.run(images, side));
                    if matches!(found, Err(Failure::Batch(_))) {
                        give_back(device);
                    }
                    found
                };
                let failed = |failure| EncoderError::Failed(sentence(title, &failure));
                let features = halving.run(patches, run).map_err(failed)?;
                if features.iter().any(|v| !v.is_finite()) {
                    let text = format!("{title} produced non-finite values on the GPU: choose the CPU");
                    return Err(EncoderError::Failed(text));
                }
                Ok(features)
            }
        }
    }
}

impl OnGpu {
    fn run(&self, images: Vec<f32>, side: usize) -> Result<Vec<f32>, ExecutionError> {
        match self {
            Self::Single(network) => network.run(images, side),
            Self::Half(network) => network.run(images, side),
        }
    }
}

/// Runs something on a GPU.
fn attempt(run: impl FnOnce() -> Result<Vec<f32>, ExecutionError>) -> Result<Vec<f32>, Failure> {
    // Most faults come back as errors when results are read. Some cannot: where wgpu itself is out of memory, its
    // error handler panics, as do kernels that do not start while the fastest of them is looked for, and the
    // runtime carries that panic to the thread that waits for the result.
    let (reason, is_lost) = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(values)) => return Ok(values),
        Ok(Err(e)) => (e.reason().to_owned(), e.is_device_poisoned()),
        Err(panic) => (panic_text(panic.as_ref()), false),
    };
    match is_lost || says(&reason, &LOST) {
        true => Err(Failure::Device(reason)),
        // The runtime does not tell lack of memory from other faults, but promises that the rest can be redone.
        false => Err(Failure::Batch(reason)),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason was given").to_owned()
}

/// Gives memory back that a failed batch left in the pool, once what is underway has ended.
fn give_back(device: &Device) {
    // Whether that works shows when the next batch runs.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _ = device.sync();
        device.memory_cleanup();
    }));
}

/// What a failure means for encoding.
fn sentence(title: &str, failure: &Failure) -> String {
    let (Failure::Device(reason) | Failure::Batch(reason)) = failure;
    match (failure, says(reason, &NO_MEMORY)) {
        (Failure::Device(_), true) => format!(
            "The GPU ran out of memory under {title} and stopped working: restart HisCMCL, and choose the CPU \
             or a smaller encoder"
        ),
        (Failure::Device(_), false) => format!(
            "The GPU stopped working while {title} ran on it ({}): restart HisCMCL, and choose the CPU if \
             it happens again",
            first_line(reason)
        ),
        (Failure::Batch(_), true) => format!(
            "The GPU has too little memory for {title}, even for one patch at a time: choose the CPU or a \
             smaller encoder"
        ),
        (Failure::Batch(_), false) => format!(
            "{title} cannot be run on the GPU ({}): choose the CPU, or update the driver",
            first_line(reason)
        ),
    }
}

/// How the layers below say that memory is lacking. A buffer that was never given any is "not found" later.
const NO_MEMORY: [&str; 5] =
    ["out of memory", "out-of-memory", "out of device memory", "can't allocate", "couldn't find resource"];
/// How they say that the device can do nothing any more.
const LOST: [&str; 1] = ["device is poisoned"];

fn says(reason: &str, sayings: &[&str]) -> bool {
    let reason = reason.to_ascii_lowercase();
    sayings.iter().any(|saying| reason.contains(saying))
}

/// The first line that says something; what follows is where in the libraries it was found.
fn first_line(reason: &str) -> &str {
    let tells =
        |line: &&str| !line.is_empty() && *line != "Caused by:" && !line.ends_with("during execution");
    reason.lines().map(str::trim).find(tells).unwrap_or("no reason was given").trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(failure: Failure) -> String {
        let text = sentence("UNI", &failure);
        assert!(!text.contains('\n') && text.contains("UNI") && text.contains("choose the CPU"), "{text}");
        text
    }

    #[test]
    fn failures_are_told_apart_and_said_in_a_sentence() {
        let error = |e: ExecutionError| attempt(|| Err(e)).unwrap_err();
        let memory = error(ExecutionError::with_context(
            "out of device memory allocating 1073741824 bytes\n   0: cubecl::alloc",
        ));
        assert!(matches!(memory, Failure::Batch(_)));
        assert!(said(memory).contains("too little memory"));
        let unbound = error(ExecutionError::generic("couldn't find resource for that handle: unbound\n"));
        assert!(said(unbound).contains("too little memory"));

        let compiler = error(ExecutionError::with_context(
            "An error happened during execution\nCaused by:\n  A compilation error happened.\n at x.rs:1",
        ));
        let text = said(compiler);
        assert!(text.contains("UNI cannot be run on the GPU (A compilation error happened):"), "{text}");

        let lost = error(ExecutionError::device_poisoned("Unknown: the driver was reset"));
        assert_eq!(lost, Failure::Device("Unknown: the driver was reset".to_owned()));
        assert!(said(lost).contains("stopped working while UNI ran on it (Unknown: the driver was reset)"));
        let full = error(ExecutionError::generic(
            "bytes: host access failed: Read(\"The device is poisoned\\nCaused by:\\n  Unknown: Out of memory\")",
        ));
        assert!(matches!(full, Failure::Device(_)));
        assert!(said(full).contains("ran out of memory under UNI and stopped working"));
    }

    #[test]
    fn panics_of_the_runtime_are_failures() {
        let failure = attempt(|| panic!("wgpu error: {}", "Out of Memory")).unwrap_err();
        assert_eq!(failure, Failure::Batch("wgpu error: Out of Memory".to_owned()));
        assert!(said(failure).contains("too little memory"));
        let lost = attempt(|| panic!("bytes: host access failed: Read(\"The device is poisoned\")"));
        assert!(matches!(lost, Err(Failure::Device(_))));
        assert_eq!(attempt(|| Ok(vec![1.0])), Ok(vec![1.0]));
    }

    /// On whatever runs shaders here, software included: 200 MB in one buffer, which some devices refuse.
    #[test]
    #[ignore = "needs a graphics API; one in software is slow, and may fail by its own faults"]
    fn a_batch_that_fits_no_buffer_is_halved() {
        use crate::model::encoder::architecture::ResNet;
        use crate::model::encoder::first_parameters;
        let (side, count) = (32, 1 << 14);
        let net = ResNet { stem: 4, channels: [4, 4, 4, 4], blocks: [1, 1, 1, 1], bottleneck: false };
        let architecture = Architecture::Resnet(net);
        let parameters = first_parameters(&architecture, side, 1);
        let device = Device::wgpu_options().init().unwrap();
        let limits = GpuLimits { largest_buffer: u64::MAX, shares_memory: false };
        let patches: Vec<RgbPatch> = (0..count)
            .map(|i| RgbPatch { size: side, rgb: vec![(i % 251) as u8; side * side * 3], on_slide: 1.0 })
            .collect();
        let on_processor = Network::new(architecture.clone(), parameters.clone(), &Place::Processor);
        let features = |network: &Network, halving: &AdaptiveBatch| {
            network.features(&patches, side, Normalisation::HALF, halving, "ResNet").unwrap()
        };
        let expected = features(&on_processor, &AdaptiveBatch::new(1));
        let network = Network::new(architecture, parameters, &Place::Gpu(device, limits, Precision::Single));
        let halving = AdaptiveBatch::new(count);
        let found = features(&network, &halving);
        let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{} at a time, {off:.1e} off", halving.most());
        assert_eq!(found.len(), expected.len());
        assert!(off < 1e-4, "{off}");
    }
}
