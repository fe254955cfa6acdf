//! Which image encoder a job uses, where its weights are, and opening it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use image::RgbImage;
use image::imageops::{self, FilterType};
use serde::{Deserialize, Serialize};

use super::context::JobContext;
use crate::core::encoder::{PatchEncoder, RgbPatch};
use crate::core::files::FileError;
use crate::core::geometry::SlideRect;
use crate::data::slide::Slide;
use crate::device::ComputeDevice;
use crate::model::encoder::{Preset, Pretrained, TrainedOn, check, preset, presets};
use crate::preprocess::texture::TextureEncoder;

/// The encoder that needs no weights.
pub const TEXTURE: &str = "texture";
const TEXTURE_TITLE: &str = "Texture";
/// The encoder that the published recipe trains.
pub const TRAINED: &str = "densenet121";
/// Names another folder of weights than the user's own.
const FOLDER_VARIABLE: &str = "HISCMCL_WEIGHTS";
/// What weights files end in, the safest first.
const ENDINGS: [&str; 4] = ["safetensors", "bin", "pth", "pt"];

/// An encoder, and where its weights are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EncoderChoice {
    /// [`TEXTURE`], or the name of a preset.
    pub name: String,
    /// The weights file; found in the folder of weights where none is named.
    pub weights: Option<PathBuf>,
}

impl Default for EncoderChoice {
    fn default() -> Self {
        Self { name: TEXTURE.to_owned(), weights: None }
    }
}

/// What kind of encoder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Part of the application, without weights.
    BuiltIn,
    /// Trained on everyday photographs.
    Photographs,
    /// Trained on stained tissue.
    Pathology,
}

/// An encoder in the list of encoders.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EncoderInfo {
    /// How it is named.
    pub name: &'static str,
    /// How it is named in its publication.
    pub title: &'static str,
    /// What it is and what it was trained on.
    pub about: &'static str,
    /// What kind of encoder it is.
    pub group: Group,
    /// The licence of its weights.
    pub licence: &'static str,
    /// Where to get its weights.
    pub source: &'static str,
    /// Whether its authors ask for consent first.
    pub gated: bool,
    /// Numbers in its parameters.
    pub parameters: u64,
    /// Length of a feature vector.
    pub width: usize,
    /// Bytes of memory that its weights take.
    pub memory: u64,
    /// Multiply-adds for one patch.
    pub multiply_adds: u64,
    /// The name that its weights file has in the folder of weights.
    pub file: String,
    /// Its weights, where they were found.
    pub weights: Option<PathBuf>,
}

impl EncoderInfo {
    /// Whether it can be used: it needs no weights, or they are there.
    pub fn is_ready(&self) -> bool {
        self.group == Group::BuiltIn || self.weights.is_some()
    }
}

/// The texture encoder as an entry of the list of encoders.
pub fn texture() -> EncoderInfo {
    EncoderInfo {
        name: TEXTURE,
        title: TEXTURE_TITLE,
        about: "stains, nuclei and texture in numbers that are computed, not learned; always at hand",
        group: Group::BuiltIn,
        licence: "part of the application",
        source: "",
        gated: false,
        parameters: 0,
        width: TextureEncoder.width(),
        memory: 0,
        multiply_adds: 0,
        file: String::new(),
        weights: None,
    }
}

/// How the encoder of a run is named in its publication, from the name that the run knows it by
/// ([`PatchEncoder::id`]); that name where it is none that is known here.
pub(super) fn title_of(id: &str) -> String {
    match preset_of(id) {
        Some(preset) => preset.title.to_owned(),
        None if id.starts_with(TEXTURE) => TEXTURE_TITLE.to_owned(),
        None => id.to_owned(),
    }
}

/// Makes sure that a file holds the weights of an encoder.
///
/// # Errors
/// One sentence that says what the file is instead, or what is wrong with it.
pub fn check_weights(name: &str, weights: &Path) -> anyhow::Result<()> {
    Ok(check(&known(name)?, weights)?)
}

/// Makes the folder of weights and shows it in the system's file manager.
///
/// # Errors
/// One sentence that names the folder.
pub fn open_weights_folder() -> anyhow::Result<()> {
    let folder = weights_folder().context("This computer has no folder for application data")?;
    fs::create_dir_all(&folder).map_err(FileError::io("make", &folder))?;
    let manager = if cfg!(windows) {
        "explorer"
    } else if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let shown = Command::new(manager).arg(&folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    shown.map(drop).with_context(|| {
        format!("No file manager was found to show {}; copy its path instead", folder.display())
    })
}

/// Where weights are looked for: `HISCMCL_WEIGHTS`, or `weights` in the user's data folder.
pub fn weights_folder() -> Option<PathBuf> {
    let named = std::env::var_os(FOLDER_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from);
    named.or_else(|| {
        directories::ProjectDirs::from("", "", "hiscmcl").map(|dirs| dirs.data_dir().join("weights"))
    })
}

/// All pretrained encoders, with the weights that are found.
pub fn list() -> Vec<EncoderInfo> {
    let folder = weights_folder();
    presets()
        .into_iter()
        .map(|preset| {
            let listed = preset.architecture.list(preset.side);
            EncoderInfo {
                name: preset.name,
                title: preset.title,
                about: preset.about,
                group: match preset.trained_on {
                    TrainedOn::Photographs => Group::Photographs,
                    TrainedOn::Pathology => Group::Pathology,
                },
                licence: preset.licence,
                source: preset.source,
                gated: preset.gated,
                parameters: listed.values(),
                width: preset.architecture.width(),
                memory: preset.memory(),
                multiply_adds: listed.multiply_adds,
                file: file_name(&preset),
                weights: folder.as_deref().and_then(|folder| find_in(folder, &preset)),
            }
        })
        .collect()
}

/// All encoders, the texture encoder first. Files that the user pointed to stand before those that are found.
pub fn list_with(chosen: &BTreeMap<String, PathBuf>) -> Vec<EncoderInfo> {
    let mut all = vec![texture()];
    all.extend(list());
    for encoder in &mut all {
        if let Some(path) = chosen.get(encoder.name).filter(|path| path.is_file()) {
            encoder.weights = Some(path.clone());
        }
    }
    all
}

/// The weights of a preset in a folder: `NAME.ENDING`, or in a folder of its own under the name it was published
/// with. Names like `pytorch_model.bin` say nothing outside such a folder.
fn find_in(folder: &Path, preset: &Preset) -> Option<PathBuf> {
    let own = folder.join(preset.name);
    let named = ENDINGS.iter().map(|ending| folder.join(format!("{}.{ending}", preset.name)));
    let published = preset.files.iter().map(|file| own.join(file));
    let telling = preset.files.iter().filter(|f| !is_common(f)).map(|file| folder.join(file));
    named.chain(published).chain(telling).find(|path| path.is_file())
}

/// Names under which many encoders are published.
fn is_common(file: &str) -> bool {
    file.starts_with("pytorch_model.") || file.starts_with("model.")
}

/// The pretrained encoder that made features under this name ([`PatchEncoder::id`]).
fn preset_of(id: &str) -> Option<Preset> {
    presets().into_iter().filter(|p| id.starts_with(&format!("{}-", p.name))).max_by_key(|p| p.name.len())
}

/// What a run that used the encoder `id` must be given.
pub fn choice_of(id: &str, weights: Option<&Path>) -> EncoderChoice {
    match preset_of(id) {
        None if id.starts_with(TEXTURE) => EncoderChoice::default(),
        // Of a newer program, say: opening it tells which encoders there are.
        None => EncoderChoice { name: id.to_owned(), weights: None },
        Some(preset) => {
            let kept = weights.filter(|path| path.is_file()).map(Path::to_owned);
            EncoderChoice { name: preset.name.to_owned(), weights: kept }
        }
    }
}

/// The pretrained encoder of this name.
///
/// # Errors
/// One sentence naming the encoders there are.
pub fn known(name: &str) -> anyhow::Result<Preset> {
    preset(name).ok_or_else(|| {
        let names: Vec<&str> = presets().iter().map(|p| p.name).collect();
        anyhow!("There is no encoder \"{name}\"; there are {TEXTURE}, {}", names.join(", "))
    })
}

/// Opens an encoder for a device.
///
/// # Errors
/// There is no such encoder, its weights are not found, or they do not fit it: one sentence that says what to do.
pub fn open(
    choice: &EncoderChoice,
    device: &ComputeDevice,
    ctx: &JobContext,
) -> anyhow::Result<Arc<dyn PatchEncoder>> {
    if choice.name.eq_ignore_ascii_case(TEXTURE) {
        return Ok(Arc::new(TextureEncoder));
    }
    Ok(Arc::new(open_pretrained(choice, device, ctx)?))
}

fn open_pretrained(
    choice: &EncoderChoice,
    device: &ComputeDevice,
    ctx: &JobContext,
) -> anyhow::Result<Pretrained> {
    let (preset, weights) = (known(&choice.name)?, weights_of(choice)?);
    Ok(Pretrained::open(preset, &weights, device.gpu(), ctx.progress(), ctx.cancel)?)
}

/// The weights file of a pretrained encoder: the one that is named, or the one that is found.
///
/// # Errors
/// There is no such encoder, or its weights are not here: one sentence that says how to get them.
pub(super) fn weights_of(choice: &EncoderChoice) -> anyhow::Result<PathBuf> {
    let preset = known(&choice.name)?;
    let found = || weights_folder().as_deref().and_then(|folder| find_in(folder, &preset));
    choice.weights.clone().or_else(found).ok_or_else(|| anyhow!("{}", how_to_get(&preset)))
}

/// One sentence for somebody without the weights.
pub fn how_to_get(preset: &Preset) -> String {
    let ask = if preset.gated { "ask its authors for them at" } else { "download them from" };
    let place = weights_folder().map_or_else(
        || format!("a folder that {FOLDER_VARIABLE} names"),
        |folder| folder.display().to_string(),
    );
    format!(
        "The weights of {} are not on this computer: {ask} {} and put the file into {place} as {}",
        preset.title,
        preset.source,
        file_name(preset)
    )
}

/// The name under which the weights are looked for first, with the ending that they are published with.
fn file_name(preset: &Preset) -> String {
    let ending = preset.files.first().and_then(|f| f.rsplit('.').next()).unwrap_or("safetensors");
    format!("{}.{ending}", preset.name)
}

/// What an encoder makes of one image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Embedded {
    /// The encoder and its weights.
    pub encoder: String,
    /// Length of the vector.
    pub width: usize,
    /// Size of the image before it was resampled to the encoder's input, where it had another.
    pub resampled_from: Option<[u32; 2]>,
    /// The feature vector.
    pub vector: Vec<f32>,
}

/// The most pixels of an image that is encoded by itself.
const MAX_EMBEDDED_PIXELS: u64 = 100_000_000;

/// Encodes one image as it is; one of another size than the encoder's input is resampled (bicubic).
///
/// # Errors
/// One sentence naming the image or the weights file.
pub fn embed(
    choice: &EncoderChoice,
    device: &ComputeDevice,
    image: &Path,
    ctx: &JobContext,
) -> anyhow::Result<Embedded> {
    let slide = Slide::open(image, ctx.progress(), ctx.cancel)?;
    let (width, height) = slide.size();
    if u64::from(width) * u64::from(height) > MAX_EMBEDDED_PIXELS {
        let most = MAX_EMBEDDED_PIXELS / 1_000_000;
        return Err(anyhow!(
            "{}: an image of {width} x {height} pixels cannot be encoded at once (at most {most} million pixels can); \
             cut a patch out of it first, for example with: hiscmcl slide FILE --region",
            image.display()
        ));
    }
    let read = slide.region(SlideRect::of_size(width, height), width, height)?;
    let unusable = || anyhow!("{}: the image cannot be read", image.display());
    let mut pixels = RgbImage::from_raw(read.width, read.height, read.rgb).ok_or_else(unusable)?;
    let encoder = open(choice, device, ctx)?;
    let side = encoder.patch_size() as u32;
    let mut resampled_from = None;
    if pixels.dimensions() != (side, side) {
        resampled_from = Some([pixels.width(), pixels.height()]);
        pixels = imageops::resize(&pixels, side, side, FilterType::CatmullRom);
    }
    encoder.prepare(ctx.progress(), ctx.cancel)?;
    let patch = RgbPatch { size: side as usize, rgb: pixels.into_raw(), on_slide: 1.0 };
    let vector = encoder.encode(&[patch])?.pop().unwrap_or_default();
    Ok(Embedded { encoder: encoder.id(), width: vector.len(), resampled_from, vector })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_found_by_name_and_in_folders() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let find = |name: &str| find_in(folder.path(), &preset(name).unwrap());
        assert_eq!(find("uni"), None);
        std::fs::write(at("pytorch_model.bin"), "").unwrap();
        assert_eq!(find("uni"), None, "that name can be anything");
        std::fs::create_dir(at("uni")).unwrap();
        std::fs::write(at("uni/pytorch_model.bin"), "").unwrap();
        assert_eq!(find("uni"), Some(at("uni/pytorch_model.bin")));
        std::fs::write(at("uni.safetensors"), "").unwrap();
        assert_eq!(find("uni"), Some(at("uni.safetensors")));
        std::fs::write(at("resnet18-f37072fd.pth"), "").unwrap();
        assert_eq!(find("resnet18"), Some(at("resnet18-f37072fd.pth")));
        assert_eq!(find("uni2-h"), None);
    }

    #[test]
    fn runs_name_their_encoder() {
        assert_eq!(choice_of("texture-2", None), EncoderChoice::default());
        assert_eq!(choice_of("giga-3000-0123", None).name, "giga-3000-0123", "not another encoder instead");
        let titles = ["texture-2", "uni2-h-0123456789abcdef-1", "giga-3000-0123"].map(title_of);
        assert_eq!(titles, ["Texture", "UNI2-h", "giga-3000-0123"]);
        for preset in presets() {
            let id = format!("{}-0123456789abcdef-1", preset.name);
            assert_eq!(choice_of(&id, Some(Path::new("/nowhere"))).name, preset.name);
        }
    }

    #[test]
    fn missing_weights_say_where_to_ask() {
        let text = how_to_get(&preset("uni").unwrap());
        assert!(text.contains("huggingface.co/MahmoodLab/UNI") && text.ends_with("uni.bin"), "{text}");
    }
}
