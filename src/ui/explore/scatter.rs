//! Measured vs. predicted, one dot per spot.

use eframe::egui::{self, Color32, Sense, TextStyle, Ui, Vec2};
use egui_plot::{Line, Plot, PlotPoint, PlotPoints, Points};

use super::explore;
use crate::app::command::Command;
use crate::app::explore::text::thousands;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::core::display::PaneKind;
use crate::ui::plots;
use crate::ui::theme::colors;
use crate::ui::widgets;

/// Least and usual height.
pub const HEIGHT: (f32, f32) = (110.0, 172.0);
/// The most dots drawn; of more spots, an even choice.
const MAX_DOTS: usize = 2_500;
/// How near to a dot a click still means it, in points.
const REACH: f32 = 8.0;

/// Draws the plot so high, or says why there is none. Gives the height that it took.
pub fn show(ui: &mut Ui, state: &ExploreState, height: f32, commands: &mut Vec<Command>) -> f32 {
    widgets::caption(ui, "Measured vs. predicted");
    let values = &state.map().values;
    let (Some(measured), Some(predicted)) = (values.maps.measured(), values.maps.predicted()) else {
        let text = match (values.maps.measured(), values.maps.predicted()) {
            (None, Some(_)) => "This gene was not measured here, so there is nothing to compare with.",
            _ if state.prediction().is_none() => "Appears when this section has a prediction.",
            _ => "This gene was not predicted.",
        };
        widgets::remark(ui, text);
        return 0.0;
    };
    let all = measured.len().min(predicted.len());
    let every = all.div_ceil(MAX_DOTS).max(1);
    let dots: Vec<(usize, [f64; 2])> = (0..all)
        .step_by(every)
        .filter_map(|i| {
            let (m, p) = (*measured.get(i)?, *predicted.get(i)?);
            (m.is_finite() && p.is_finite()).then(|| (i, [f64::from(m), f64::from(p)]))
        })
        .collect();
    if dots.is_empty() {
        widgets::remark(ui, "No spot has both values.");
        return 0.0;
    }
    plot(ui, state, &dots, height, commands);
    if every > 1 {
        widgets::remark(ui, format!("{} of {} spots", thousands(dots.len()), thousands(all)));
    }
    height
}

fn plot(
    ui: &mut Ui,
    state: &ExploreState,
    dots: &[(usize, [f64; 2])],
    height: f32,
    commands: &mut Vec<Command>,
) {
    let c = colors(ui);
    let values = &state.map().values;
    let at = |spot: usize| {
        let (m, p) = (values.maps.at(PaneKind::Measured, spot)?, values.maps.at(PaneKind::Predicted, spot)?);
        Some([f64::from(m), f64::from(p)])
    };
    let both = |pick: fn(f64, f64) -> f64, start: f64| dots.iter().flat_map(|d| d.1).fold(start, pick);
    let (low, high) = (both(f64::min, f64::INFINITY), both(f64::max, f64::NEG_INFINITY));
    let points = |dots: Vec<[f64; 2]>| PlotPoints::from(dots);
    ui.scope(|ui| {
        ui.style_mut().text_styles.insert(TextStyle::Body, egui::FontId::proportional(11.5));
        ui.style_mut().text_styles.insert(TextStyle::Small, egui::FontId::proportional(10.5));
        ui.visuals_mut().extreme_bg_color = c.panel;
        let plot = Plot::new("measured against predicted")
            .height(height)
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
        let plot = plots::with_axes(plot, "measured", "predicted");
        let shown = plot.show(ui, |plot| {
            let same = Line::new("equal", points(vec![[low, low], [high, high]]));
            plot.line(same.color(c.border).width(1.0).allow_hover(false));
            let dots = points(dots.iter().map(|d| d.1).collect());
            let blue = Color32::from_rgba_unmultiplied(c.accent.r(), c.accent.g(), c.accent.b(), 120);
            plot.points(Points::new("spots", dots).radius(2.2).color(blue).allow_hover(false));
            for (spot, color) in [(state.hovered_spot(), c.text), (state.spot(), c.bad)] {
                if let Some(p) = spot.and_then(at) {
                    let mark = Points::new("marked", points(vec![p])).radius(4.0).color(color);
                    plot.points(mark.allow_hover(false));
                }
            }
        });
        let response = shown.response;
        widgets::name(&response, "Measured vs. predicted");
        if response.clicked()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            let distance = |d: &[f64; 2]| {
                shown.transform.position_from_point(&PlotPoint::new(d[0], d[1])).distance(pointer)
            };
            let nearest = dots
                .iter()
                .map(|(i, d)| (*i, distance(d)))
                .filter(|(_, d)| *d <= REACH)
                .min_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((spot, _)) = nearest {
                commands.push(explore(ExploreCommand::SelectSpot(Some(spot))));
            }
        }
    });
}
