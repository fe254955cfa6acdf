//! The plots of a comparison. What is clicked in them is shown on the maps.

use eframe::egui::{
    self, Align2, Color32, FontId, Pos2, Rect, Sense, Stroke, TextStyle, Ui, Vec2, WidgetInfo, accesskit,
};
use egui_plot::{Plot, PlotPoint, PlotPoints, Points};

use super::compare::p_text;
use crate::app::explore::ExploreState;
use crate::app::explore::compare::ComparedGene;
use crate::jobs::compare::Compared;
use crate::ui::theme::{self, colors};
use crate::ui::{plots, widgets};

/// Genes that are named in the volcano plot.
const NAMED: usize = 10;
/// How near to a dot a click still means it, in points.
const REACH: f32 = 8.0;
/// p-values smaller than this are drawn as this one.
const LEAST_P: f64 = 1e-300;
/// Genes of each group in the dot plot.
const EACH: usize = 8;

fn place(g: &ComparedGene, widest: f64) -> [f64; 2] {
    [g.found.effect().clamp(-widest, widest), -g.found.q.max(LEAST_P).log10()]
}

/// Fold change and p-value of every gene. Gives the one that was clicked.
pub fn volcano(
    ui: &mut Ui,
    state: &ExploreState,
    compared: &Compared,
    [in_a, in_b]: [Color32; 2],
    height: f32,
) -> Option<String> {
    let c = colors(ui);
    let genes = state.comparing().genes();
    let widest = compared.comparison.widest_effect();
    let place = |g: &ComparedGene| place(g, widest);
    let of = |pick: &dyn Fn(&ComparedGene) -> bool| -> Vec<[f64; 2]> {
        genes.iter().filter(|g| pick(g)).map(place).collect()
    };
    let higher = |g: &ComparedGene| g.is_significant() && g.found.auroc > 0.5;
    let lower = |g: &ComparedGene| g.is_significant() && g.found.auroc <= 0.5;
    let groups = [
        ("not significant", of(&|g| !g.is_significant()), c.poor.gamma_multiply(0.5)),
        ("lower", of(&lower), in_b),
        ("higher", of(&higher), in_a),
    ];
    let mut clicked = None;
    ui.scope(|ui| {
        ui.style_mut().text_styles.insert(TextStyle::Body, FontId::proportional(11.5));
        ui.style_mut().text_styles.insert(TextStyle::Small, FontId::proportional(10.5));
        ui.visuals_mut().extreme_bg_color = c.panel;
        let plot = Plot::new("volcano plot")
            .height(height.max(80.0))
            .width(ui.available_width())
            .set_margin_fraction(Vec2::splat(0.06))
            .allow_zoom(false)
            .allow_drag(false)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .allow_double_click_reset(false)
            .allow_axis_zoom_drag(false)
            .show_x(false)
            .show_y(false)
            .show_crosshair(false)
            .show_grid(false)
            .reset()
            .sense(Sense::click())
            .label_formatter(|_| None);
        let what = match genes.first().is_none_or(|g| g.found.log2_fold_change.is_some()) {
            true => "log2 fold change",
            false => "difference of means",
        };
        let across = format!("{what}, {} vs. {}", compared.a, compared.b);
        let plot = plots::with_axes(plot, &across, "\u{2212}log10 adjusted p");
        let shown = plot.show(ui, |plot| {
            for (name, dots, color) in groups {
                let dots = Points::new(name, PlotPoints::from(dots)).radius(2.0).color(color);
                plot.points(dots.allow_hover(false));
            }
            if let Some(g) = state.gene().and_then(|gene| state.comparing().gene(gene)) {
                let mark = Points::new("shown", PlotPoints::from(vec![place(g)])).radius(4.5);
                plot.points(mark.color(c.bad).filled(false).allow_hover(false));
            }
        });
        // Names where there is room for them, the smallest p-values first.
        let mut taken: Vec<Rect> = Vec::new();
        for g in genes.iter().filter(|g| g.is_significant()).take(3 * NAMED) {
            let [x, y] = place(g);
            let at = shown.transform.position_from_point(&PlotPoint::new(x, y));
            let font = FontId::new(10.5, theme::italic());
            let galley = ui.painter().layout_no_wrap(g.name.clone(), font, c.text);
            let (anchor, by) =
                if x < 0.0 { (Align2::RIGHT_CENTER, -5.0) } else { (Align2::LEFT_CENTER, 5.0) };
            let name = anchor.anchor_size(at + Vec2::new(by, 0.0), galley.size());
            let frame = *shown.transform.frame();
            if taken.len() < NAMED && frame.contains_rect(name) && !taken.iter().any(|t| t.intersects(name)) {
                ui.painter().galley(name.min, galley, c.text);
                taken.push(name);
            }
        }
        let response = shown.response;
        widgets::name(&response, "Volcano plot");
        let pointer = response.hover_pos();
        let near = pointer.and_then(|pointer| {
            let distance = |g: &ComparedGene| {
                let [x, y] = place(g);
                shown.transform.position_from_point(&PlotPoint::new(x, y)).distance(pointer)
            };
            let all = genes.iter().map(|g| (g, distance(g))).filter(|(_, d)| *d <= REACH);
            all.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(g, _)| g)
        });
        if let Some(g) = near {
            clicked = response.clicked().then(|| g.name.clone());
            let told = format!("{}: {:+.2}, adjusted p {}", g.name, g.found.effect(), p_text(g.found.q));
            response.on_hover_ui_at_pointer(|ui| {
                ui.label(told);
            });
        }
    });
    clicked
}

/// Mean and share of expressing spots of the foremost genes in both groups. Gives the gene that was clicked.
pub fn dots(ui: &mut Ui, state: &ExploreState, compared: &Compared, height: f32) -> Option<String> {
    let c = colors(ui);
    let genes = state.comparing().genes();
    let best = |higher: bool| {
        genes.iter().filter(move |g| g.is_significant() && (g.found.auroc > 0.5) == higher).take(EACH)
    };
    let shown: Vec<&ComparedGene> = best(true).chain(best(false)).collect();
    if shown.is_empty() {
        widgets::remark(ui, "No gene differs significantly.");
        return None;
    }
    let (names, legend) = (66.0, 34.0);
    let room = Rect::from_min_size(ui.cursor().min, Vec2::new(ui.available_width(), height.max(80.0)));
    let step = ((room.height() - legend) / 2.0).min(64.0);
    let across = (room.width() - names) / shown.len() as f32;
    let most = shown.iter().flat_map(|g| [g.found.mean_a, g.found.mean_b]).fold(0.0, f64::max);
    let column = |i: usize| room.left() + names + (i as f32 + 0.5) * across;
    let mut clicked = None;
    for (row, group) in [&compared.a, &compared.b].into_iter().enumerate() {
        let y = room.top() + (row as f32 + 0.5) * step;
        let mut job =
            egui::text::LayoutJob::simple_singleline(group.clone(), FontId::proportional(11.5), c.text);
        job.wrap = egui::text::TextWrapping::truncate_at_width(names - 6.0);
        let galley = ui.fonts_mut(|f| f.layout_job(job));
        ui.painter().galley(Pos2::new(room.left(), y - galley.size().y / 2.0), galley, c.text);
    }
    for (i, g) in shown.iter().enumerate() {
        let at = Rect::from_center_size(
            Pos2::new(column(i), room.top() + room.height() / 2.0),
            Vec2::new(across, room.height()),
        );
        let response = ui.interact(at, ui.scope_id().with(("dot", &g.name)), Sense::click());
        response.widget_info(|| {
            WidgetInfo::labeled(accesskit::Role::Button, true, format!("Maps of {}", g.name))
        });
        if response.hovered() || response.has_focus() || state.gene() == Some(g.name.as_str()) {
            ui.painter().rect_filled(at, 3.0, c.quiet);
        }
        let groups = [(g.found.mean_a, g.found.expressing_a), (g.found.mean_b, g.found.expressing_b)];
        for (row, (mean, share)) in groups.into_iter().enumerate() {
            let y = room.top() + (row as f32 + 0.5) * step;
            let full = (across.min(step) / 2.0 - 2.0).clamp(3.0, 14.0);
            // The area stands for the share; predictions have none.
            let radius = full * share.map_or(1.0, |s| s.clamp(0.0, 1.0).sqrt()) as f32;
            let strength = if most > 0.0 { (mean / most).clamp(0.0, 1.0) as f32 } else { 0.0 };
            let ink = c.quiet.lerp_to_gamma(c.accent, 0.12 + 0.88 * strength);
            ui.painter().circle(Pos2::new(column(i), y), radius.max(1.0), ink, Stroke::new(0.5, c.border));
        }
        let top = Pos2::new(column(i), room.top() + 2.0 * step + 4.0);
        let font = FontId::new(10.5, theme::italic());
        let galley = ui.painter().layout_no_wrap(g.name.clone(), font, c.text);
        // Turned where there is no room for it.
        if galley.size().x <= across {
            ui.painter().galley(top - Vec2::new(galley.size().x / 2.0, 0.0), galley, c.text);
        } else {
            let place = top + Vec2::new(galley.size().y / 2.0, 0.0);
            let turned = egui::epaint::TextShape::new(place, galley, c.text);
            ui.painter().add(turned.with_angle(std::f32::consts::FRAC_PI_2));
        }
        let share =
            |s: Option<f64>| s.map_or_else(String::new, |s| format!(" ({:.0} % of spots)", 100.0 * s));
        let told = format!(
            "{}\n{}: mean {:.2}{}\n{}: mean {:.2}{}",
            g.name,
            compared.a,
            g.found.mean_a,
            share(g.found.expressing_a),
            compared.b,
            g.found.mean_b,
            share(g.found.expressing_b)
        );
        if response.clicked() {
            clicked = Some(g.name.clone());
        }
        response.on_hover_text(told);
    }
    clicked
}
