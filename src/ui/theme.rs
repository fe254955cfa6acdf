//! All colours, fonts and distances of the window.

use eframe::egui::{
    self, Color32, CornerRadius, FontFamily, FontId, Frame, Margin, RichText, Stroke, TextStyle, Vec2,
    style::ScrollStyle,
};

use crate::evaluate::judgement::Judgement;
use crate::jobs::settings::Theme;

/// The colours of one theme. Text on its background always has a contrast of at least 4.5 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colors {
    /// Behind the panels.
    pub backdrop: Color32,
    /// Panels, cards and bars.
    pub panel: Color32,
    /// Rows and bars that stand back: tracks, buttons at rest.
    pub quiet: Color32,
    /// Lines around panels and controls.
    pub border: Color32,
    /// Text.
    pub text: Color32,
    /// Captions and remarks.
    pub weak: Color32,
    /// The current step, the main button, links.
    pub accent: Color32,
    /// Text on [`Colors::accent`].
    pub on_accent: Color32,
    /// Behind a selected row.
    pub selected: Color32,
    /// Text of a selected row or button.
    pub on_selected: Color32,
    /// Good: a trustworthy gene, a finished job.
    pub good: Color32,
    /// Fair: a gene to read with care, a warning.
    pub fair: Color32,
    /// Behind a warning.
    pub fair_back: Color32,
    /// Little signal.
    pub poor: Color32,
    /// An error, and the mark of the chosen spot.
    pub bad: Color32,
    /// Behind an error.
    pub bad_back: Color32,
    /// Around the slide.
    pub canvas: Color32,
}

/// Dark text on white.
pub const LIGHT: Colors = Colors {
    backdrop: Color32::from_rgb(0xf3, 0xf5, 0xf8),
    panel: Color32::WHITE,
    quiet: Color32::from_rgb(0xee, 0xf1, 0xf5),
    border: Color32::from_rgb(0xd0, 0xd7, 0xde),
    text: Color32::from_rgb(0x1f, 0x23, 0x28),
    weak: Color32::from_rgb(0x57, 0x60, 0x6a),
    accent: Color32::from_rgb(0x1f, 0x6f, 0xeb),
    on_accent: Color32::WHITE,
    selected: Color32::from_rgb(0xe8, 0xf0, 0xfe),
    on_selected: Color32::from_rgb(0x15, 0x5c, 0xcc),
    good: Color32::from_rgb(0x1a, 0x7f, 0x37),
    fair: Color32::from_rgb(0x94, 0x62, 0x00),
    fair_back: Color32::from_rgb(0xff, 0xf8, 0xe5),
    poor: Color32::from_rgb(0x6a, 0x73, 0x7d),
    bad: Color32::from_rgb(0xcf, 0x22, 0x2e),
    bad_back: Color32::from_rgb(0xff, 0xf1, 0xf1),
    canvas: Color32::from_rgb(0xf8, 0xf9, 0xfb),
};

/// Outlines of spots on small pictures of tissue: a colour that stains do not have.
pub const SPOT_OUTLINE: Color32 = Color32::from_rgb(0x00, 0x6d, 0x77);

/// Light text on near-black.
pub const DARK: Colors = Colors {
    backdrop: Color32::from_rgb(0x12, 0x15, 0x1a),
    panel: Color32::from_rgb(0x1b, 0x1f, 0x26),
    quiet: Color32::from_rgb(0x29, 0x2f, 0x38),
    border: Color32::from_rgb(0x3a, 0x42, 0x4d),
    text: Color32::from_rgb(0xe6, 0xea, 0xef),
    weak: Color32::from_rgb(0xa3, 0xad, 0xb8),
    accent: Color32::from_rgb(0x2b, 0x6f, 0xdf),
    on_accent: Color32::WHITE,
    selected: Color32::from_rgb(0x21, 0x36, 0x57),
    on_selected: Color32::from_rgb(0x8c, 0xb8, 0xff),
    good: Color32::from_rgb(0x56, 0xc2, 0x71),
    fair: Color32::from_rgb(0xe3, 0xb3, 0x41),
    fair_back: Color32::from_rgb(0x33, 0x2b, 0x16),
    poor: Color32::from_rgb(0x93, 0x9d, 0xa8),
    bad: Color32::from_rgb(0xff, 0x7b, 0x72),
    bad_back: Color32::from_rgb(0x3a, 0x1d, 0x1f),
    canvas: Color32::from_rgb(0x16, 0x19, 0x1f),
};

/// The colours that `ui` is drawn in.
pub fn colors(ui: &egui::Ui) -> Colors {
    if ui.visuals().dark_mode { DARK } else { LIGHT }
}

/// The colour of a judgement; its word always stands beside it.
pub fn judgement_color(judgement: Judgement, c: Colors) -> Color32 {
    match judgement {
        Judgement::Good => c.good,
        Judgement::Fair => c.fair,
        Judgement::Poor => c.poor,
        Judgement::NotTested => c.weak,
    }
}

/// Distance between cards and around pages.
pub const GAP: f32 = 8.0;
/// Height of a list row.
pub const ROW: f32 = 28.0;
/// Rounding of cards and controls.
pub const ROUND: u8 = 4;

/// The family of headings and of what is selected.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// The family of gene names.
pub fn italic() -> FontFamily {
    FontFamily::Name("italic".into())
}

/// Text that stands out.
pub fn strong(text: impl Into<String>) -> RichText {
    RichText::new(text).family(semibold())
}

/// A gene name; gene names are italic by convention.
pub fn gene(name: impl Into<String>) -> RichText {
    RichText::new(name).family(italic())
}

/// The frame of a card.
pub fn card(colors: Colors) -> Frame {
    Frame::new()
        .fill(colors.panel)
        .stroke(Stroke::new(1.0, colors.border))
        .corner_radius(CornerRadius::same(ROUND))
        .inner_margin(Margin::symmetric(12, 10))
}

/// The frame of what lies over the pages.
pub fn overlay(ctx: &egui::Context) -> Frame {
    Frame::window(&ctx.global_style()).inner_margin(Margin::same(18))
}

/// Gives the window its fonts. Called once, before the first frame.
pub fn install_fonts(ctx: &egui::Context) {
    super::fonts::install(ctx);
}

/// Gives the window the look of `theme`.
pub fn apply(ctx: &egui::Context, theme: Theme) {
    ctx.set_theme(match theme {
        Theme::Light => egui::Theme::Light,
        Theme::Dark => egui::Theme::Dark,
    });
    for (kind, colors) in [(egui::Theme::Light, LIGHT), (egui::Theme::Dark, DARK)] {
        ctx.style_mut_of(kind, |style| dress(style, colors));
    }
}

fn dress(style: &mut egui::Style, c: Colors) {
    let font = |size, family| FontId::new(size, family);
    style.text_styles = [
        (TextStyle::Small, font(11.5, FontFamily::Proportional)),
        (TextStyle::Body, font(13.0, FontFamily::Proportional)),
        (TextStyle::Button, font(13.0, FontFamily::Proportional)),
        (TextStyle::Heading, font(17.0, semibold())),
        (TextStyle::Monospace, font(12.0, FontFamily::Monospace)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(8.0, 6.0);
    spacing.button_padding = Vec2::new(10.0, 4.0);
    spacing.interact_size = Vec2::new(32.0, ROW);
    spacing.combo_width = 80.0;
    spacing.combo_height = 360.0;
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(16);
    spacing.tooltip_width = 420.0;
    // Where there is more to see a thin bar says so, beside the contents and not on them.
    spacing.scroll = ScrollStyle {
        bar_width: 8.0,
        floating_width: 4.0,
        floating_allocated_width: 10.0,
        dormant_handle_opacity: 0.5,
        ..ScrollStyle::floating()
    };
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    style.visuals = visuals(style.visuals.dark_mode, c);
}

fn visuals(dark: bool, c: Colors) -> egui::Visuals {
    let mut v = if dark { egui::Visuals::dark() } else { egui::Visuals::light() };
    let round = CornerRadius::same(ROUND);
    v.panel_fill = c.backdrop;
    v.window_fill = c.panel;
    v.window_stroke = Stroke::new(1.0, c.border);
    v.window_corner_radius = CornerRadius::same(8);
    v.menu_corner_radius = CornerRadius::same(6);
    v.extreme_bg_color = c.panel;
    v.text_edit_bg_color = Some(if dark { c.backdrop } else { c.panel });
    v.faint_bg_color = c.quiet;
    v.code_bg_color = c.quiet;
    v.hyperlink_color = c.on_selected;
    v.warn_fg_color = c.fair;
    v.error_fg_color = c.bad;
    v.weak_text_color = Some(c.weak);
    v.selection.bg_fill = c.selected;
    v.selection.stroke = Stroke::new(1.0, c.on_selected);
    v.slider_trailing_fill = true;
    v.interact_cursor = Some(egui::CursorIcon::PointingHand);
    v.striped = false;
    v.disabled_alpha = 0.55;
    let widgets = &mut v.widgets;
    for (state, fill, line) in [
        (&mut widgets.noninteractive, c.panel, c.border),
        (&mut widgets.inactive, c.quiet, c.border),
        (&mut widgets.hovered, c.selected, c.accent),
        (&mut widgets.active, c.selected, c.accent),
        (&mut widgets.open, c.selected, c.accent),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, line);
        state.fg_stroke = Stroke::new(1.0, c.text);
        state.corner_radius = round;
        state.expansion = 0.0;
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast ratio after WCAG 2.
    fn contrast(a: Color32, b: Color32) -> f64 {
        let luminance = |c: Color32| {
            let channel = |v: u8| {
                let v = f64::from(v) / 255.0;
                if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(c.r()) + 0.7152 * channel(c.g()) + 0.0722 * channel(c.b())
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_in_both_themes() {
        for c in [LIGHT, DARK] {
            for (ink, paper) in [
                (c.text, c.panel),
                (c.text, c.backdrop),
                (c.text, c.quiet),
                (c.text, c.selected),
                (c.on_selected, c.selected),
                (c.on_selected, c.panel),
                (c.weak, c.panel),
                (c.weak, c.backdrop),
                (c.on_accent, c.accent),
                (c.good, c.panel),
                (c.fair, c.panel),
                (c.fair, c.fair_back),
                (c.poor, c.panel),
                (c.bad, c.panel),
                (c.bad, c.bad_back),
            ] {
                let ratio = contrast(ink, paper);
                assert!(ratio >= 4.4, "{ink:?} on {paper:?} has a contrast of {ratio:.2}");
            }
        }
    }
}
