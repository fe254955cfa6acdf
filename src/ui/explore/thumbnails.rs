//! Patches on the graphics card, for thumbnails. The least recently drawn are thrown out first.

use std::collections::HashMap;

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::app::explore::images::{Images, Later, PatchKey};

/// The most patches kept: 200 KB each.
const KEPT: usize = 256;

/// What there is of a patch.
pub enum Thumbnail {
    /// Its picture.
    Ready(TextureHandle),
    /// It is on its way.
    Loading,
    /// It will not come, for this reason.
    Failed(String),
}

/// The patches.
#[derive(Default)]
pub struct Thumbnails {
    kept: HashMap<PatchKey, (TextureHandle, u64)>,
    uses: u64,
}

impl Thumbnails {
    /// The picture of a patch; asks for it where it is missing.
    pub fn get(&mut self, ctx: &Context, images: &dyn Images, key: &PatchKey) -> Thumbnail {
        self.uses += 1;
        if let Some((texture, used)) = self.kept.get_mut(key) {
            *used = self.uses;
            return Thumbnail::Ready(texture.clone());
        }
        let patch = match images.patch(key) {
            Later::Ready(patch) => patch,
            Later::Loading => return Thumbnail::Loading,
            Later::Failed(why) => return Thumbnail::Failed(why),
        };
        if patch.size == 0 || patch.rgb.len() != patch.size * patch.size * 3 {
            return Thumbnail::Failed("The patch is empty".to_owned());
        }
        let image = ColorImage::from_rgb([patch.size, patch.size], &patch.rgb);
        let texture = ctx.load_texture("patch", image, TextureOptions::LINEAR);
        if self.kept.len() >= KEPT
            && let Some(oldest) = self.kept.iter().min_by_key(|(_, (_, used))| *used).map(|(k, _)| k.clone())
        {
            self.kept.remove(&oldest);
        }
        self.kept.insert(key.clone(), (texture.clone(), self.uses));
        Thumbnail::Ready(texture)
    }
}
