//! The encoders that people in the field use: what they are, what they need, and where to ask for them.
//! Architectures are those of the model cards; weights are never downloaded, users bring them.

use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, DenseNet, Mlp, MlpKind, Pooling, ResNet, Vit};

/// How pixels are normalised: `(v / 255 - mean) / std`, channel by channel (red, green, blue).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// Subtracted.
    pub mean: [f32; 3],
    /// Divided by.
    pub std: [f32; 3],
}

impl Normalisation {
    /// Of networks that were pretrained on ImageNet by torchvision, and most that follow.
    pub const IMAGENET: Self = Self { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    /// To -1 to 1.
    pub const HALF: Self = Self { mean: [0.5; 3], std: [0.5; 3] };
    /// Of H-optimus: the statistics of its H&E training patches.
    pub const H_OPTIMUS: Self =
        Self { mean: [0.707_223, 0.578_729, 0.703_617], std: [0.211_883, 0.230_117, 0.177_517] };

    /// Appends the normalised values of RGB bytes.
    pub fn apply(&self, rgb: &[u8], values: &mut Vec<f32>) {
        for pixel in rgb.chunks_exact(3) {
            values.extend(std::array::from_fn::<f32, 3, _>(|c| {
                (f32::from(pixel[c]) / 255.0 - self.mean[c]) / self.std[c]
            }));
        }
    }
}

/// What kind of images a network was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainedOn {
    /// Everyday photographs.
    Photographs,
    /// Stained tissue.
    Pathology,
}

/// A published encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// How it is named on the command line and in projects: `uni2-h`.
    pub name: &'static str,
    /// How it is named in its publication.
    pub title: &'static str,
    /// What it is and what it was trained on, in a sentence.
    pub about: &'static str,
    /// What kind of images it was trained on.
    pub trained_on: TrainedOn,
    /// The network.
    pub architecture: Architecture,
    /// Side of its input in pixels.
    pub side: usize,
    /// Micrometres per pixel that it was trained at, or is used at by convention.
    pub mpp: f64,
    /// What pixels are normalised by.
    pub normalisation: Normalisation,
    /// The licence of the published weights.
    pub licence: &'static str,
    /// Where to get the weights, or to ask for them.
    pub source: &'static str,
    /// Whether the authors ask for consent to their terms first.
    pub gated: bool,
    /// Names under which the weights are published.
    pub files: &'static [&'static str],
}

/// All presets, smallest first within their kind.
pub fn presets() -> Vec<Preset> {
    let imagenet = |name, title, about, architecture, source, files| Preset {
        name,
        title,
        about,
        trained_on: TrainedOn::Photographs,
        architecture,
        side: 224,
        mpp: 0.5,
        normalisation: Normalisation::IMAGENET,
        licence: "BSD-3-Clause (torchvision)",
        source,
        gated: false,
        files,
    };
    let resnet = |blocks, bottleneck| {
        Architecture::Resnet(ResNet { stem: 64, channels: [64, 128, 256, 512], blocks, bottleneck })
    };
    let densenet = DenseNet { stem: 64, growth: 32, bottleneck: 4, blocks: vec![6, 12, 24, 16] };
    let pathology = |name, title, about, vit, licence, source, files| Preset {
        name,
        title,
        about,
        trained_on: TrainedOn::Pathology,
        architecture: Architecture::Vit(vit),
        side: 224,
        mpp: 0.5,
        normalisation: Normalisation::IMAGENET,
        licence,
        source,
        gated: true,
        files,
    };
    let base = Vit {
        image: 224,
        patch: 16,
        width: 768,
        depth: 12,
        heads: 12,
        mlp: Mlp { kind: MlpKind::Gelu, hidden: 3072 },
        layer_scale: false,
        registers: 0,
        class_token: true,
        prefix_positions: true,
        pooling: Pooling::Class,
        eps: 1e-6,
    };
    let large = Vit {
        width: 1024,
        depth: 24,
        heads: 16,
        mlp: Mlp { kind: MlpKind::Gelu, hidden: 4096 },
        layer_scale: true,
        ..base.clone()
    };
    let giant = Vit {
        patch: 14,
        width: 1536,
        depth: 40,
        heads: 24,
        mlp: Mlp { kind: MlpKind::Swiglu, hidden: 8192 },
        layer_scale: true,
        registers: 4,
        prefix_positions: false,
        ..base.clone()
    };
    let huge = Vit {
        patch: 14,
        width: 1280,
        depth: 32,
        heads: 16,
        mlp: Mlp { kind: MlpKind::Swiglu, hidden: 6832 },
        layer_scale: true,
        registers: 4,
        pooling: Pooling::ClassAndMean,
        ..base.clone()
    };
    let optimus = Preset {
        normalisation: Normalisation::H_OPTIMUS,
        ..pathology(
            "h-optimus-0",
            "H-optimus-0",
            "ViT-g/14 with registers, 500,000 H&E slides (Bioptimus, 2024)",
            giant.clone(),
            "Apache-2.0",
            "https://huggingface.co/bioptimus/H-optimus-0",
            &["pytorch_model.bin", "model.safetensors"],
        )
    };
    vec![
        imagenet(
            "resnet18",
            "ResNet-18",
            "small convolutional network, everyday photographs (ImageNet)",
            resnet([2, 2, 2, 2], false),
            "https://download.pytorch.org/models/resnet18-f37072fd.pth",
            &["resnet18-f37072fd.pth", "resnet18-5c106cde.pth"],
        ),
        imagenet(
            "resnet50",
            "ResNet-50",
            "convolutional network, everyday photographs (ImageNet)",
            resnet([3, 4, 6, 3], true),
            "https://download.pytorch.org/models/resnet50-11ad3fa6.pth",
            &["resnet50-11ad3fa6.pth", "resnet50-0676ba61.pth"],
        ),
        imagenet(
            "densenet121",
            "DenseNet-121",
            "convolutional network of the published HisCMCL recipe, everyday photographs (ImageNet)",
            Architecture::Densenet(densenet),
            "https://download.pytorch.org/models/densenet121-a639ec97.pth",
            &["densenet121-a639ec97.pth"],
        ),
        Preset {
            normalisation: Normalisation::HALF,
            licence: "Apache-2.0",
            ..imagenet(
                "vit-b16",
                "ViT-B/16",
                "vision transformer, everyday photographs (ImageNet-21k, AugReg)",
                Architecture::Vit(base.clone()),
                "https://huggingface.co/timm/vit_base_patch16_224.augreg2_in21k_ft_in1k",
                &["model.safetensors", "pytorch_model.bin"],
            )
        },
        // Its published settings named an eps of 1e-12 until its authors confirmed 1e-6 in October 2023.
        Preset {
            gated: false,
            ..pathology(
                "phikon",
                "Phikon",
                "ViT-B/16 by iBOT, 6,000 H&E slides of TCGA (Owkin, 2023)",
                base,
                "Owkin non-commercial",
                "https://huggingface.co/owkin/phikon",
                &["pytorch_model.bin", "model.safetensors"],
            )
        },
        Preset {
            gated: false,
            ..pathology(
                "phikon-v2",
                "Phikon-v2",
                "ViT-L/16 by DINOv2, 58,000 slides of public cohorts (Owkin, 2024)",
                large.clone(),
                "Owkin non-commercial",
                "https://huggingface.co/owkin/phikon-v2",
                &["model.safetensors"],
            )
        },
        pathology(
            "uni",
            "UNI",
            "ViT-L/16 by DINOv2, 100,000 H&E slides (Mahmood Lab, 2024)",
            large,
            "CC-BY-NC-ND-4.0",
            "https://huggingface.co/MahmoodLab/UNI",
            &["pytorch_model.bin", "model.safetensors"],
        ),
        pathology(
            "virchow2",
            "Virchow2",
            "ViT-H/14 with registers, 3.1 million slides (Paige and Microsoft, 2024)",
            huge,
            "CC-BY-NC-ND-4.0",
            "https://huggingface.co/paige-ai/Virchow2",
            &["model.safetensors", "pytorch_model.bin"],
        ),
        pathology(
            "uni2-h",
            "UNI2-h",
            "ViT-H/14 with registers, 350,000 H&E and IHC slides (Mahmood Lab, 2025)",
            Vit { depth: 24, registers: 8, ..giant.clone() },
            "CC-BY-NC-ND-4.0",
            "https://huggingface.co/MahmoodLab/UNI2-h",
            &["pytorch_model.bin", "model.safetensors"],
        ),
        pathology(
            "prov-gigapath",
            "Prov-GigaPath",
            "ViT-g/16 tile encoder, 171,000 slides (Microsoft and Providence, 2024)",
            Vit { patch: 16, registers: 0, prefix_positions: true, ..giant },
            "Apache-2.0",
            "https://huggingface.co/prov-gigapath/prov-gigapath",
            &["pytorch_model.bin"],
        ),
        optimus.clone(),
        Preset {
            name: "h-optimus-1",
            title: "H-optimus-1",
            about: "ViT-g/14 with registers, 1 million H&E slides (Bioptimus, 2025)",
            licence: "CC-BY-NC-ND-4.0",
            source: "https://huggingface.co/bioptimus/H-optimus-1",
            ..optimus
        },
    ]
}

/// The preset of this name, whatever the case.
pub fn preset(name: &str) -> Option<Preset> {
    presets().into_iter().find(|p| p.name.eq_ignore_ascii_case(name.trim()))
}

impl Preset {
    /// Memory that running it takes on the processor: all parameters in single precision, once.
    pub fn memory(&self) -> u64 {
        self.architecture.list(self.side).values() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters without batch statistics, multiply-adds of an image, and width, as torchvision and timm have them.
    #[test]
    fn sizes_are_the_published_ones() {
        for (name, parameters, work, width) in [
            ("resnet18", 11_176_512, 1_813_561_344, 512),
            ("resnet50", 23_508_032, 4_087_136_256, 2048),
            ("densenet121", 6_953_856, 2_833_137_664, 1024),
            ("vit-b16", 85_798_656, 17_563_060_224, 768),
            ("phikon", 85_798_656, 17_563_060_224, 768),
            ("uni", 303_350_784, 61_553_688_576, 1024),
            ("phikon-v2", 303_350_784, 61_553_688_576, 1024),
            ("virchow2", 631_239_424, 170_065_674_240, 2560),
            ("uni2-h", 681_394_176, 185_470_230_528, 1536),
            ("prov-gigapath", 1_134_953_984, 228_095_090_688, 1536),
            ("h-optimus-0", 1_134_774_272, 304_174_522_368, 1536),
            ("h-optimus-1", 1_134_774_272, 304_174_522_368, 1536),
        ] {
            let preset = preset(name).unwrap();
            let listed = preset.architecture.list(preset.side);
            let found: usize = listed
                .parameters
                .iter()
                .filter(|(name, _)| !name.contains(".running_"))
                .map(|(_, shape)| shape.iter().product::<usize>())
                .sum();
            let found = (found, listed.multiply_adds, preset.architecture.width());
            assert_eq!(found, (parameters, work, width), "{name}");
        }
    }
}
