//! The only place that chooses what to compute on: a real GPU through wgpu, or the CPU.
//!
//! A software rasteriser that poses as a GPU (llvmpipe, SwiftShader) is never used: it is slower than
//! computing on the CPU directly, and its drivers crash on compute shaders.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

use burn::tensor::wgpu::WgpuBackend;
use burn::tensor::{Device, DeviceKind};
use serde::{Deserialize, Serialize};

use crate::core::gpu::GpuLimits;

/// What the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// A GPU where there is one, else the CPU.
    #[default]
    Auto,
    /// A GPU; an error where there is none.
    Gpu,
    /// The CPU.
    Cpu,
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "gpu" => Ok(Self::Gpu),
            "cpu" => Ok(Self::Cpu),
            _ => Err(DeviceError::UnknownChoice(text.to_owned())),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Gpu => "gpu",
            Self::Cpu => "cpu",
        })
    }
}

/// What kind of processor a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A graphics card with memory of its own.
    DiscreteGpu,
    /// Graphics that share the computer's memory.
    IntegratedGpu,
    /// A graphics card passed to a virtual machine.
    VirtualGpu,
    /// The processor.
    Cpu,
}

/// A device that can be computed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Its name: "NVIDIA GeForce RTX 4070", "CPU (8 threads)".
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// A device could not be chosen or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// Not a word for a choice.
    #[error("\"{0}\" is not a device: choose gpu, cpu or auto")]
    UnknownChoice(String),
    /// There is no GPU.
    #[error("No GPU was found on this computer: choose cpu, or auto to use a GPU where there is one")]
    NoGpu,
    /// The GPU is there but does not start.
    #[error("The GPU {name} could not be started ({reason}): choose cpu, or update its driver")]
    Gpu {
        /// Its name.
        name: String,
        /// The driver's words.
        reason: String,
    },
}

/// A device that was chosen and opened.
#[derive(Debug, Clone)]
pub struct ComputeDevice {
    info: DeviceInfo,
    device: Device,
    limits: Option<GpuLimits>,
}

impl ComputeDevice {
    /// The CPU.
    pub fn cpu() -> Self {
        Self { info: cpu_info(), device: Device::flex(), limits: None }
    }

    /// What it is.
    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// Where tensors are made.
    pub fn burn(&self) -> &Device {
        &self.device
    }

    /// Where tensors are made, if that is a GPU, and its limits.
    pub fn gpu(&self) -> Option<(Device, GpuLimits)> {
        self.limits.map(|limits| (self.device.clone(), limits))
    }

    /// Whether the same work always gives the same numbers here.
    pub fn is_deterministic(&self) -> bool {
        self.info.kind == Kind::Cpu
    }
}

/// All devices, GPUs first, the CPU last. Asks the drivers once and remembers.
pub fn list() -> Vec<DeviceInfo> {
    gpus().iter().map(|gpu| gpu.info.clone()).chain([cpu_info()]).collect()
}

/// Opens the device that `choice` means here: the first discrete GPU, else any other GPU, else the CPU.
///
/// # Errors
/// [`DeviceError::NoGpu`] when a GPU is asked for and there is none; [`DeviceError::Gpu`] when the one
/// asked for does not start. With [`DeviceChoice::Auto`] a GPU that does not start is passed over.
pub fn choose(choice: DeviceChoice) -> Result<ComputeDevice, DeviceError> {
    if choice == DeviceChoice::Cpu {
        // Drivers are not asked for what is not wanted: some of them print.
        return Ok(ComputeDevice::cpu());
    }
    match (choice, gpus().first()) {
        (DeviceChoice::Cpu | DeviceChoice::Auto, None) => Ok(ComputeDevice::cpu()),
        (DeviceChoice::Gpu, None) => Err(DeviceError::NoGpu),
        (DeviceChoice::Gpu, Some(gpu)) => gpu.open(),
        (_, Some(gpu)) => Ok(gpu.open().unwrap_or_else(|_| ComputeDevice::cpu())),
    }
}

fn cpu_info() -> DeviceInfo {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let plural = if threads == 1 { "" } else { "s" };
    DeviceInfo { name: format!("CPU ({threads} thread{plural})"), kind: Kind::Cpu }
}

/// A GPU and its index among devices of the same kind on this graphics API.
#[derive(Debug)]
struct Gpu {
    info: DeviceInfo,
    limits: GpuLimits,
    selector: DeviceKind,
    api: WgpuBackend,
    opened: Mutex<Option<Device>>,
}

impl Gpu {
    fn open(&self) -> Result<ComputeDevice, DeviceError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // A runtime starts once for a process; after that its device is cloned.
        let device = match &*opened {
            Some(device) => device.clone(),
            None => Device::wgpu_options()
                .device_kind(self.selector.clone())
                .graphics_api(self.api)
                .init()
                .map_err(|e| DeviceError::Gpu { name: self.info.name.clone(), reason: e.to_string() })?,
        };
        *opened = Some(device.clone());
        Ok(ComputeDevice { info: self.info.clone(), device, limits: Some(self.limits) })
    }
}

fn gpus() -> &'static [Gpu] {
    static GPUS: OnceLock<Vec<Gpu>> = OnceLock::new();
    GPUS.get_or_init(|| {
        let mut found = Vec::new();
        let apis = [
            (wgpu::Backends::VULKAN, WgpuBackend::Vulkan),
            (wgpu::Backends::METAL, WgpuBackend::Metal),
            (wgpu::Backends::DX12, WgpuBackend::Dx12),
        ];
        for (bit, api) in apis {
            let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
                backends: bit,
                ..wgpu::InstanceDescriptor::new_without_display_handle()
            });
            let adapters = pollster::block_on(instance.enumerate_adapters(bit));
            found.extend(name_adapters(adapters.iter().map(|a| (a.get_info(), a.limits())), api));
            if !found.is_empty() {
                // The same card shows up again on the next API.
                break;
            }
        }
        found
    })
}

/// The real GPUs among adapters, discrete ones first.
fn name_adapters(
    adapters: impl Iterator<Item = (wgpu::AdapterInfo, wgpu::Limits)>,
    api: WgpuBackend,
) -> Vec<Gpu> {
    // The runtime counts the adapters of each kind on their own.
    let (mut discrete, mut integrated, mut virtual_) = (0, 0, 0);
    let next = |n: &mut usize| std::mem::replace(n, *n + 1);
    let mut found: Vec<Gpu> = adapters
        .filter_map(|(adapter, limits)| {
            let (kind, selector) = match adapter.device_type {
                wgpu::DeviceType::DiscreteGpu => {
                    (Kind::DiscreteGpu, DeviceKind::DiscreteGpu(next(&mut discrete)))
                }
                wgpu::DeviceType::IntegratedGpu => {
                    (Kind::IntegratedGpu, DeviceKind::IntegratedGpu(next(&mut integrated)))
                }
                wgpu::DeviceType::VirtualGpu => {
                    (Kind::VirtualGpu, DeviceKind::VirtualGpu(next(&mut virtual_)))
                }
                wgpu::DeviceType::Cpu | wgpu::DeviceType::Other => return None,
            };
            let info = DeviceInfo { name: adapter.name, kind };
            let limits = GpuLimits {
                largest_buffer: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
                shares_memory: kind == Kind::IntegratedGpu,
            };
            Some(Gpu { info, limits, selector, api, opened: Mutex::new(None) })
        })
        .collect();
    found.sort_by_key(|gpu| match gpu.info.kind {
        Kind::DiscreteGpu => 0,
        Kind::IntegratedGpu => 1,
        Kind::VirtualGpu => 2,
        Kind::Cpu => 3,
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_words() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Gpu, DeviceChoice::Cpu] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        assert!("cuda".parse::<DeviceChoice>().unwrap_err().to_string().contains("choose gpu, cpu or auto"));
    }

    #[test]
    fn the_cpu_is_always_there_and_last() {
        let all = list();
        assert_eq!(all.last().map(|d| d.kind), Some(Kind::Cpu));
        assert_eq!(all.iter().filter(|d| d.kind == Kind::Cpu).count(), 1);
        assert_eq!(choose(DeviceChoice::Cpu).unwrap().info().kind, Kind::Cpu);
    }

    #[test]
    fn asking_for_a_gpu_gives_one_or_says_there_is_none() {
        match choose(DeviceChoice::Gpu) {
            Ok(device) => assert_ne!(device.info().kind, Kind::Cpu),
            Err(e) => assert!(matches!(e, DeviceError::NoGpu | DeviceError::Gpu { .. }), "{e}"),
        }
        assert!(choose(DeviceChoice::Auto).is_ok());
    }
}
