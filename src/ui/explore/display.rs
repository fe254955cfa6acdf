//! How maps are shown. Every change is an edit that can be taken back.

use eframe::egui::{
    self, Align, Color32, CornerRadius, DragValue, Layout, Mesh, PopupCloseBehavior, Pos2, Rect, Response,
    RichText, Sense, Shape, Slider, Stroke, StrokeKind, TextStyle, Ui, Vec2,
};

use super::explore;
use crate::app::command::Command;
use crate::app::explore::mix::MAX_MIXED;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::app::terms::Term;
use crate::core::color_scale::ColorScale;
use crate::core::colormap::ColorMap;
use crate::core::display::{DisplaySettings, Limits, MarkShape, PaneKind, RegionStyle, panes_text};
use crate::core::target::ExpressionScale;
use crate::figures::GeneMix;
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Width of the labels.
const LABEL: f32 = 76.0;
/// Height of the list of panes, which is seen as a whole.
const PANES: f32 = 420.0;
/// Height of a colour bar.
const BAR: f32 = 14.0;

/// Combinations of panes offered by name.
const PRESETS: [&[PaneKind]; 6] = [
    &[PaneKind::Measured, PaneKind::Predicted],
    &[PaneKind::He, PaneKind::Predicted],
    &[PaneKind::He, PaneKind::Predicted, PaneKind::Uncertainty],
    &[PaneKind::Measured, PaneKind::Predicted, PaneKind::Difference],
    &[PaneKind::Predicted, PaneKind::Uncertainty],
    &[PaneKind::Measured, PaneKind::Predicted, PaneKind::Difference, PaneKind::Uncertainty],
];

/// Draws the settings.
pub fn show(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let now = state.display();
    let mut edit = |what: &'static str, change: &dyn Fn(&mut DisplaySettings)| {
        let mut settings = now.clone();
        change(&mut settings);
        if settings != *now {
            commands.push(explore(ExploreCommand::Display { what, settings }));
        }
    };
    ui.spacing_mut().item_spacing.y = 5.0;
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        widgets::caption_with(ui, "Display", |ui| {
            let changed = *now != DisplaySettings::default();
            let text = RichText::new("Reset").text_style(TextStyle::Small);
            let button = egui::Button::new(text).small().frame_when_inactive(false);
            if ui.add_enabled(changed, button).on_hover_text("Reset to defaults").clicked() {
                edit("Reset the display", &|s| *s = DisplaySettings::default());
            }
        });
    });
    widgets::field(ui, "Panes", LABEL, |ui| panes(ui, state, &mut edit));
    widgets::field(ui, "Colour map", LABEL, |ui| colormap(ui, now, &mut edit));
    widgets::field(ui, "Limits", LABEL, |ui| limits(ui, state, &mut edit));
    limit_values(ui, now, &mut edit);
    let values = &state.map().values;
    if let Some(scale) = values.maps.scale(PaneKind::Measured).or(values.maps.scale(PaneKind::Predicted)) {
        widgets::field(ui, "Transform", LABEL, |ui| {
            let label = ui.label(scale.short_unit());
            label.on_hover_text(format!("{}. {}", scale.unit(), scale.explanation()));
        });
    }
    bars(ui, state);
    widgets::field(ui, "Draw as", LABEL, |ui| shape(ui, state, &mut edit));
    if !state.draws_cells() {
        spot_size(ui, state, &mut edit);
    }
    if !state.regions().set().is_empty() {
        widgets::field(ui, "Regions", LABEL, |ui| region_style(ui, now, &mut edit));
    }
    widgets::field(ui, "Opacity", LABEL, |ui| {
        let mut value = now.opacity;
        let text = format!("{:.0} %", value * 100.0);
        if slider(ui, &mut value, 0.0..=1.0, text, "Opacity").changed() {
            edit("Opacity", &|s| s.opacity = value);
        }
    });
    mixed(ui, state, commands);
}

/// Genes that are shown in one map with the gene shown: what their colours are, and one more.
fn mixed(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let Some(gene) = state.gene() else { return };
    let others: Vec<&String> = state.mixed().iter().filter(|other| *other != gene).collect();
    let mut next: Vec<String> = others.iter().map(|other| (*other).clone()).collect();
    let colors = GeneMix::colors(1 + others.len());
    if !others.is_empty() {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for (name, [r, g, b]) in
                std::iter::once(gene).chain(others.iter().map(|o| o.as_str())).zip(colors)
            {
                let (rect, _) = ui.allocate_exact_size(Vec2::splat(11.0), Sense::hover());
                ui.painter().rect_filled(rect, 2.0, Color32::from_rgb(*r, *g, *b));
                let is_shown = name == gene;
                let text = theme::gene(if is_shown { name.to_owned() } else { format!("{name} \u{00D7}") });
                if is_shown {
                    ui.label(text.size(12.0));
                } else if ui
                    .add(egui::Button::new(text.size(12.0)).small())
                    .on_hover_text("Take it out")
                    .clicked()
                {
                    next.retain(|other| other != name);
                }
            }
        });
        widgets::remark(ui, "Colours add up: white is all of them, black none.");
    }
    if others.len() < MAX_MIXED {
        widgets::field(ui, "Mix with", LABEL, |ui| {
            let id = ("mix with", gene.to_owned(), others.len());
            let width = ui.available_width();
            let typed = widgets::hinted_field(ui, id, "Gene to mix in", "", "another gene\u{2026}", width);
            let known = typed.and_then(|typed| {
                let listed = |name: &str| state.genes().row(name).map(|row| row.name.clone());
                listed(&typed).or_else(|| listed(&typed.to_uppercase()))
            });
            next.extend(known.filter(|name| name != gene && !state.mixed().contains(name)));
        });
    }
    if next.iter().collect::<Vec<_>>() != others {
        commands.push(explore(ExploreCommand::MixGenes(next)));
    }
}

/// Whether values are spots or cells.
fn shape(ui: &mut Ui, state: &ExploreState, edit: &mut Edit) {
    let now = state.display().shape;
    let is_measured = state.index().is_none_or(|index| index.is_measured());
    let name = |shape: MarkShape| match shape {
        MarkShape::Automatic if shape.draws_cells(is_measured) => "automatic (cells)",
        MarkShape::Automatic => "automatic (spots)",
        MarkShape::Spots => "spots",
        MarkShape::Cells => "cells",
    };
    let shown = combo(ui, "shape", name(now)).show_ui(ui, |ui| {
        for shape in MarkShape::ALL {
            if ui.selectable_label(now == shape, name(shape)).clicked() {
                edit("Draw as", &|s| s.shape = shape);
            }
        }
    });
    widgets::name(&shown.response, "Draw as");
    let help = "Cells are as wide as the distance between places, so that they fill the tissue. Automatic draws cells on \
                slides without measurements and spots elsewhere.";
    widgets::hint_beside(shown.response, help);
}

fn spot_size(ui: &mut Ui, state: &ExploreState, edit: &mut Edit) {
    widgets::field(ui, "Spot size", LABEL, |ui| {
        let mut value = state.display().spot_scale;
        let text = spot_size_text(state, value);
        let slider = slider(ui, &mut value, DisplaySettings::SPOT_SCALES, text, "Spot size");
        let slider = match actual_um(state) {
            Some(um) => slider.on_hover_text(format!("Actual size: {um:.0} µm")),
            None => slider,
        };
        if slider.changed() {
            // Near the true diameter the slider snaps to it.
            let value = if (value - 1.0).abs() < 0.04 { 1.0 } else { value };
            edit("Spot size", &|s| s.spot_scale = value);
        }
    });
}

/// The true diameter of the spots of the section that is shown.
fn actual_um(state: &ExploreState) -> Option<f64> {
    state.index().map(|index| index.section().geometry.diameter_um)
}

fn spot_size_text(state: &ExploreState, scale: f32) -> String {
    match actual_um(state) {
        Some(um) => format!("{:.0} µm", um * f64::from(scale)),
        None => format!("{scale:.1} ×"),
    }
}

/// A slider with its value written beside it.
fn slider(
    ui: &mut Ui,
    value: &mut f32,
    range: std::ops::RangeInclusive<f32>,
    text: String,
    name: &str,
) -> Response {
    slider_beside(ui, 80.0, value, range, text, name)
}

/// A slider with its value written beside it, where that has `room` points.
pub(super) fn slider_beside(
    ui: &mut Ui,
    room: f32,
    value: &mut f32,
    range: std::ops::RangeInclusive<f32>,
    text: String,
    name: &str,
) -> Response {
    let c = colors(ui);
    ui.spacing_mut().slider_width = (ui.available_width() - room - ui.spacing().item_spacing.x).max(30.0);
    ui.spacing_mut().interact_size.y = 20.0;
    let response = ui.add(Slider::new(value, range.clone()).show_value(false));
    widgets::name(&response, name);
    // Drawn over: a thin rail with a round handle where the toolkit has its own.
    let rect = response.rect;
    let t = (*value - range.start()) / (range.end() - range.start());
    let handle = Pos2::new(egui::lerp(rect.x_range().shrink(8.0), t), rect.center().y);
    let rail = Rect::from_center_size(rect.center(), Vec2::new(rect.width() - 4.0, 4.0));
    ui.painter().rect_filled(rect.expand(1.0), CornerRadius::ZERO, c.panel);
    ui.painter().rect_filled(rail, 2.0, c.border);
    ui.painter().rect_filled(rail.with_max_x(handle.x), 2.0, c.accent);
    let size = if response.hovered() || response.dragged() || response.has_focus() { 8.0 } else { 7.0 };
    ui.painter().circle(handle, size, c.accent, Stroke::new(2.0, c.panel));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.label(RichText::new(text).size(12.0));
    });
    response
}

type Edit<'a> = dyn FnMut(&'static str, &dyn Fn(&mut DisplaySettings)) + 'a;

fn combo<'a>(ui: &mut Ui, id: &'a str, text: &str) -> egui::ComboBox<'a> {
    ui.spacing_mut().button_padding.x = 8.0;
    ui.spacing_mut().icon_spacing = 4.0;
    let text = RichText::new(text).size(12.5);
    egui::ComboBox::from_id_salt(id).selected_text(text).width(ui.available_width()).truncate()
}

fn panes(ui: &mut Ui, state: &ExploreState, edit: &mut Edit) {
    // What is shown, which on a slide without measurements may be other panes than were chosen for the sections with them.
    let now = state.panes();
    let is_measured = state.index().is_none_or(|index| index.is_measured());
    let offered = |kind: &PaneKind| is_measured || !kind.needs_measurement();
    let text = panes_text(&now);
    let combo =
        combo(ui, "panes", &text).height(PANES).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let shown = combo.show_ui(ui, |ui| {
        for preset in PRESETS.into_iter().filter(|preset| preset.iter().all(offered)) {
            if ui.selectable_label(now == preset, panes_text(preset)).clicked() {
                edit("Panes", &|s| s.panes = preset.to_vec());
                ui.close();
            }
        }
        ui.separator();
        for kind in PaneKind::ALL.into_iter().filter(offered) {
            let mut on = now.contains(&kind);
            let last = on && now.len() == 1;
            let mut response = ui.add_enabled(!last, egui::Checkbox::new(&mut on, kind.name()));
            if kind == PaneKind::Uncertainty {
                response = response.on_hover_text(Term::Uncertainty.sentence());
            }
            if response.on_disabled_hover_text("At least one pane must stay visible.").changed() {
                edit("Panes", &|s| {
                    s.panes = PaneKind::ALL
                        .into_iter()
                        .filter(|k| if *k == kind { on } else { now.contains(k) })
                        .collect();
                });
            }
        }
    });
    widgets::name(&shown.response, "Panes");
    shown.response.on_hover_text(text);
}

fn colormap(ui: &mut Ui, now: &DisplaySettings, edit: &mut Edit) {
    let combo = combo(ui, "colour map", now.colormap.name());
    let shown = combo.show_ui(ui, |ui| {
        // The diverging map is kept for differences, where its middle means zero.
        for map in ColorMap::ALL.into_iter().filter(|m| !m.is_diverging()) {
            ui.horizontal(|ui| {
                let (rect, _) = ui.allocate_exact_size(Vec2::new(56.0, 12.0), Sense::hover());
                paint_bar(ui, rect, map);
                if ui.selectable_label(now.colormap == map, map.name()).clicked() {
                    edit("Colour map", &|s| s.colormap = map);
                    ui.close();
                }
            });
        }
    });
    widgets::name(&shown.response, "Colour map");
}

/// How annotated regions are drawn.
fn region_style(ui: &mut Ui, now: &DisplaySettings, edit: &mut Edit) {
    let shown = combo(ui, "regions", now.regions.name()).show_ui(ui, |ui| {
        for style in RegionStyle::ALL {
            if ui.selectable_label(now.regions == style, style.name()).clicked() {
                edit("Regions", &|s| s.regions = style);
            }
        }
    });
    widgets::name(&shown.response, "Regions");
}

fn limits(ui: &mut Ui, state: &ExploreState, edit: &mut Edit) {
    let now = state.display().limits;
    let own = Limits::PerPanePercentile { low: 2.0, high: 98.0 };
    let mut choices = vec![Limits::ROBUST, Limits::Shared, own, Limits::PerPane];
    if !choices.contains(&now) && !matches!(now, Limits::Fixed { .. }) {
        choices.push(now);
    }
    let fixed = match now {
        Limits::Fixed { .. } => now,
        _ => {
            let scale = expression_scale(state).map_or((0.0, 3.0), |s| (s.low, s.high));
            Limits::Fixed { low: scale.0, high: scale.1 }
        }
    };
    let shown = combo(ui, "limits", &now.describe()).show_ui(ui, |ui| {
        for choice in choices {
            if ui.selectable_label(now == choice, choice.describe()).clicked() {
                edit("Limits", &|s| s.limits = choice);
            }
        }
        let is_fixed = matches!(now, Limits::Fixed { .. });
        if ui.selectable_label(is_fixed, "fixed values").clicked() && !is_fixed {
            edit("Limits", &|s| s.limits = fixed);
        }
    });
    widgets::name(&shown.response, "Limits");
}

/// The numbers behind the limits, where they can be set.
fn limit_values(ui: &mut Ui, now: &DisplaySettings, edit: &mut Edit) {
    let (low, high, fixed) = match now.limits {
        Limits::Shared | Limits::PerPane => return,
        Limits::Percentile { low, high } | Limits::PerPanePercentile { low, high } => (low, high, false),
        Limits::Fixed { low, high } => (low, high, true),
    };
    let label = if fixed { "From, to" } else { "Percentiles" };
    widgets::field(ui, label, LABEL, |ui| {
        let (mut a, mut b) = (low, high);
        let (least, most, step) = if fixed { (-10.0, 20.0, 0.02) } else { (0.0, 100.0, 0.5) };
        // Limits that meet would leave no colour between them.
        let apart = if fixed { 0.01 } else { 1.0 };
        ui.spacing_mut().interact_size = Vec2::new((ui.available_width() - 27.0) / 2.0, 24.0);
        ui.spacing_mut().item_spacing.x = 7.0;
        let suffix = if fixed { "" } else { " %" };
        let digits = if fixed { 2 } else { 1 };
        let write =
            move |v: f64, _| if fixed { format!("{v:.2}") } else { format!("{}", (v * 10.0).round() / 10.0) };
        let drag = |v, range| {
            let value = DragValue::new(v).speed(step).range(range).suffix(suffix);
            value.max_decimals(digits).custom_formatter(write)
        };
        let first = ui.add(drag(&mut a, least..=(high - apart)));
        widgets::name(&first, if fixed { "Lower limit" } else { "Lower percentile" });
        ui.label("to");
        let second = ui.add(drag(&mut b, (low + apart)..=most));
        widgets::name(&second, if fixed { "Upper limit" } else { "Upper percentile" });
        if first.changed() || second.changed() {
            edit("Limits", &|s| match &mut s.limits {
                Limits::Percentile { low, high }
                | Limits::PerPanePercentile { low, high }
                | Limits::Fixed { low, high } => (*low, *high) = (a, b),
                Limits::Shared | Limits::PerPane => {}
            });
        }
    });
}

fn expression_scale(state: &ExploreState) -> Option<ColorScale> {
    let kinds = state.panes().into_iter();
    kinds.zip(&state.map().panes).find(|(k, _)| k.is_expression()).and_then(|(_, p)| p.scale)
}

/// One colour bar for every scale in use, with the panes it belongs to.
fn bars(ui: &mut Ui, state: &ExploreState) {
    type Scale = (ColorScale, Option<ExpressionScale>);
    let mut scales: Vec<(Scale, Vec<&'static str>)> = Vec::new();
    for (kind, pane) in state.panes().into_iter().zip(&state.map().panes) {
        let Some(colors) = pane.scale else { continue };
        let scale = (colors, state.map().values.maps.scale(kind));
        match scales.iter_mut().find(|(s, _)| *s == scale) {
            Some((_, names)) => names.push(kind.name()),
            None => scales.push((scale, vec![kind.name()])),
        }
    }
    let several = scales.len() > 1;
    for ((colors, scale), names) in scales {
        bar(ui, colors, scale, &names.join(", "), several);
    }
}

fn bar(ui: &mut Ui, scale: ColorScale, values: Option<ExpressionScale>, name: &str, named: bool) {
    let c = colors(ui);
    ui.add_space(2.0);
    let text = 16.0;
    let (rect, response) =
        ui.allocate_exact_size(Vec2::new(ui.available_width(), BAR + text), Sense::hover());
    let (low, high) = (number(scale.low), number(scale.high));
    let unit = values.map(|v| format!(", {}", v.unit())).unwrap_or_default();
    let label = format!("Colour scale of {name}: {low} to {high}{unit}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &label));
    response.on_hover_text(&label);
    let strip = rect.with_max_y(rect.top() + BAR);
    paint_bar(ui, strip, scale.map);
    ui.painter().rect_stroke(strip, CornerRadius::ZERO, Stroke::new(1.0, c.border), StrokeKind::Inside);
    let font = egui::FontId::proportional(11.5);
    let y = rect.bottom();
    let painter = ui.painter();
    painter.text(Pos2::new(rect.left(), y), egui::Align2::LEFT_BOTTOM, low, font.clone(), c.text);
    painter.text(Pos2::new(rect.right(), y), egui::Align2::RIGHT_BOTTOM, high, font.clone(), c.text);
    if named {
        painter.text(Pos2::new(rect.center().x, y), egui::Align2::CENTER_BOTTOM, name, font, c.weak);
    }
}

/// A number with a true minus sign.
fn number(v: f32) -> String {
    format!("{v:.2}").replace('-', "−")
}

/// A colour map from left to right.
fn paint_bar(ui: &Ui, rect: Rect, map: ColorMap) {
    const STEPS: usize = 64;
    let mut mesh = Mesh::default();
    for i in 0..=STEPS {
        let t = i as f32 / STEPS as f32;
        let [r, g, b] = map.rgb(t);
        let x = egui::lerp(rect.x_range(), t);
        for y in [rect.top(), rect.bottom()] {
            mesh.colored_vertex(Pos2::new(x, y), Color32::from_rgb(r, g, b));
        }
    }
    for i in 0..STEPS as u32 {
        mesh.add_triangle(2 * i, 2 * i + 1, 2 * i + 2);
        mesh.add_triangle(2 * i + 1, 2 * i + 2, 2 * i + 3);
    }
    ui.painter().add(Shape::mesh(mesh));
}
