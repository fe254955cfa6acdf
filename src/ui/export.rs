//! The texture of the previewed figure.

use std::sync::Arc;

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::jobs::outcome::PreviewImage;

/// Uploads a preview once.
#[derive(Default)]
pub struct PreviewTexture {
    shown: Option<(Arc<PreviewImage>, TextureHandle)>,
}

impl PreviewTexture {
    /// The texture of `image`, uploaded when it is another one than before.
    pub fn of(&mut self, ctx: &Context, image: &Arc<PreviewImage>) -> TextureHandle {
        if let Some((shown, texture)) = &self.shown
            && Arc::ptr_eq(shown, image)
        {
            return texture.clone();
        }
        let pixels = ColorImage::from_rgba_unmultiplied([image.width, image.height], &image.rgba);
        let texture = ctx.load_texture("figure preview", pixels, TextureOptions::LINEAR);
        self.shown = Some((Arc::clone(image), texture.clone()));
        texture
    }
}
