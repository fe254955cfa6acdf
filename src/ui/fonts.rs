//! The fonts of the window: those that come with it, and those of the operating system for characters that these lack.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::{
    self, FontData, FontDefinitions, FontFamily, FontInsert, FontPriority, FontProvider,
    epaint::text::{FallbackRequest, InsertFontFamily},
};

use super::theme::{italic, semibold};
use crate::core::fonts;

/// Finds fonts of the operating system when a character is to be drawn that no other font has, and remembers those that
/// none has.
#[derive(Debug, Default)]
struct SystemFonts {
    missing: Mutex<BTreeSet<char>>,
}

impl FontProvider for SystemFonts {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let c = request.cluster.chars().next()?;
        let Some(font) = fonts::find(c) else {
            if c.is_alphanumeric() {
                self.missing.lock().unwrap_or_else(PoisonError::into_inner).insert(c);
            }
            return None;
        };
        let family = InsertFontFamily { family: request.family.clone(), priority: FontPriority::Lowest };
        let data = FontData::from_blob(Arc::clone(&font.data) as _, font.index);
        Some(FontInsert::new(&format!("{} {}", font.path.display(), font.index), data, vec![family]))
    }
}

fn id() -> egui::Id {
    egui::Id::unique("fonts of the operating system")
}

/// Gives the window its fonts. Called once, before the first frame.
pub fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    let files: [(&str, &'static [u8]); 3] = [
        ("Inter", include_bytes!("../../assets/fonts/Inter-Regular.otf")),
        ("Inter SemiBold", include_bytes!("../../assets/fonts/Inter-SemiBold.otf")),
        ("Inter Italic", include_bytes!("../../assets/fonts/Inter-Italic.otf")),
    ];
    for (name, bytes) in files {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    // What Inter lacks is taken from the fonts that come with the toolkit, and else from the operating system.
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let chain = |first: &str| [vec![first.to_owned()], fallback.clone()].concat();
    fonts.families.insert(FontFamily::Proportional, chain("Inter"));
    fonts.families.insert(semibold(), chain("Inter SemiBold"));
    fonts.families.insert(italic(), chain("Inter Italic"));
    ctx.set_fonts(fonts);
    let system = Arc::new(SystemFonts::default());
    ctx.data_mut(|d| d.insert_temp(id(), Arc::clone(&system)));
    ctx.add_font_provider(system);
}

/// The characters that were to be drawn since this was last asked, and that no font has.
pub fn take_missing(ctx: &egui::Context) -> Vec<char> {
    let Some(system) = ctx.data(|d| d.get_temp::<Arc<SystemFonts>>(id())) else { return Vec::new() };
    let mut missing = system.missing.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *missing).into_iter().collect()
}
