//! Plots, all in one look.

use eframe::egui::{Color32, Rangef, RichText, Stroke, TextStyle, Ui};
use egui_plot::{
    AxisHints, GridInput, HoverPosition, Line, LineStyle, MarkerShape, Plot, PlotPoints, Points,
    uniform_grid_spacer,
};

use super::theme::colors;

/// A line of a plot.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// Its points.
    pub points: Vec<[f64; 2]>,
    /// Its colour.
    pub color: Color32,
    /// Dashed lines stand back.
    pub dashed: bool,
    /// Whether each point has a mark; for lines of few points.
    pub marks: bool,
}

fn base<'a>(ui: &Ui, id: &str, height: f32, x: &str, y: &str) -> Plot<'a> {
    let title = |text: &str| RichText::new(text).text_style(TextStyle::Small);
    Plot::new(id.to_owned())
        .height(height)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .custom_x_axes(vec![axis(AxisHints::new_x(), ACROSS).label(title(x))])
        .custom_y_axes(vec![axis(AxisHints::new_y(), DOWN).label(title(y)).min_thickness(38.0)])
        .grid_color(colors(ui).border)
        .grid_spacing(Rangef::new(6.0, 36.0))
        .x_grid_spacer(uniform_grid_spacer(steps))
        .y_grid_spacer(uniform_grid_spacer(steps))
        .show_background(false)
}

/// Least distances of numbers along the axes, in points.
const ACROSS: f32 = 26.0;
const DOWN: f32 = 15.0;

/// An axis whose numbers are written in full strength wherever there is room for them.
fn axis<'a>(hints: AxisHints<'a>, least: f32) -> AxisHints<'a> {
    hints.label_spacing(Rangef::new(least, least + 1.0)).formatter(|mark, _| tick(mark.value))
}

/// Gives a small plot numbers at round steps along both of its axes, named `x` and `y`.
pub fn with_axes<'a>(plot: Plot<'a>, x: &str, y: &str) -> Plot<'a> {
    plot.custom_x_axes(vec![axis(AxisHints::new_x(), ACROSS).label(x)])
        .custom_y_axes(vec![axis(AxisHints::new_y(), DOWN).label(y)])
        .x_grid_spacer(uniform_grid_spacer(steps))
        .y_grid_spacer(uniform_grid_spacer(steps))
}

/// Distances of grid lines: about five over the range, at 1, 2 or 5 times a power of ten.
fn steps(input: GridInput) -> [f64; 3] {
    let step = round_step((input.bounds.1 - input.bounds.0) / 5.0);
    [step, 5.0 * step, 25.0 * step]
}

/// A number beside an axis, with as many decimals as it has itself.
fn tick(value: f64) -> String {
    let exact = |d: &usize| {
        let scaled = value * 10.0_f64.powi(*d as i32);
        (scaled - scaled.round()).abs() < 1e-6
    };
    let decimals = (0..6).find(exact).unwrap_or(6);
    let text = format!("{value:.decimals$}");
    // No "-0".
    if text.trim_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text }
}

fn round_step(about: f64) -> f64 {
    if !about.is_finite() || about <= 0.0 {
        return 1.0;
    }
    let power = 10.0_f64.powf(about.log10().floor());
    match about / power {
        x if x < 1.5 => power,
        x if x < 3.5 => 2.0 * power,
        x if x < 7.5 => 5.0 * power,
        _ => 10.0 * power,
    }
}

/// Lines over a common axis, named in their colours above it.
pub fn lines(ui: &mut Ui, id: &str, height: f32, x: &str, y: &str, series: &[Series]) {
    let hover = |at: &HoverPosition<'_>| match at {
        HoverPosition::NearDataPoint { plot_name, position, .. } => {
            Some(format!("{plot_name}\n{:.0}: {:.3}", position.x, position.y))
        }
        HoverPosition::Elsewhere { .. } => None,
    };
    ui.horizontal_wrapped(|ui| {
        for s in series {
            let mark = if s.dashed { "- -" } else { "\u{2014}" };
            ui.label(RichText::new(format!("{mark} {}", s.name)).text_style(TextStyle::Small).color(s.color));
        }
    });
    base(ui, id, height, x, y).label_formatter(hover).show(ui, |plot| {
        for s in series {
            let mut line = Line::new(s.name.clone(), s.points.clone()).color(s.color).width(1.6);
            if s.dashed {
                line = line.style(LineStyle::dashed_dense());
            }
            plot.line(line);
            if s.marks {
                plot.points(Points::new(s.name.clone(), s.points.clone()).color(s.color).radius(2.5));
            }
        }
    });
}

/// One dot a gene: `points` are `[x, y]`, `names` in the same order. The diagonal is where both agree. Gives
/// the dot that was clicked.
pub fn scatter(
    ui: &mut Ui,
    id: &str,
    height: f32,
    axes: [&str; 2],
    names: &[&str],
    points: &[[f64; 2]],
) -> Option<usize> {
    let c = colors(ui);
    let bounds = points.iter().flatten().copied().fold((0.0_f64, 0.1_f64), |(a, b), v| (a.min(v), b.max(v)));
    let pad = (bounds.1 - bounds.0) * 0.05;
    let (low, high) = (bounds.0 - pad, bounds.1 + pad);
    let hover = move |at: &HoverPosition<'_>| match at {
        HoverPosition::NearDataPoint { position, index, plot_name } if *plot_name == "genes" => {
            let name = names.get(*index).copied().unwrap_or("");
            Some(format!("{name}\nmodel {:.3}, ridge {:.3}", position.y, position.x))
        }
        _ => None,
    };
    base(ui, id, height, axes[0], axes[1])
        .data_aspect(1.0)
        .include_x(low)
        .include_x(high)
        .include_y(low)
        .include_y(high)
        .label_formatter(hover)
        .show(ui, |plot| {
            let diagonal = Line::new("equal", vec![[low, low], [high, high]])
                .stroke(Stroke::new(1.0, c.weak))
                .style(LineStyle::dashed_dense())
                .allow_hover(false);
            plot.line(diagonal);
            let dots: PlotPoints<'_> = points.to_vec().into();
            let color = c.accent.gamma_multiply(0.65);
            plot.points(Points::new("genes", dots).shape(MarkerShape::Circle).radius(2.6).color(color));
            if !plot.response().clicked() {
                return None;
            }
            let at = plot.response().interact_pointer_pos()?;
            let near = |p: &[f64; 2]| plot.screen_from_plot((*p).into()).distance(at);
            let nearest = points.iter().enumerate().min_by(|a, b| near(a.1).total_cmp(&near(b.1)))?;
            (near(nearest.1) < 12.0).then_some(nearest.0)
        })
        .inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_have_the_decimals_they_need() {
        assert_eq!((tick(0.5), tick(0.05), tick(1.0)), ("0.5".into(), "0.05".into(), "1".into()));
        assert_eq!(tick(25.0), "25");
        assert_eq!(tick(-1e-17), "0");
    }

    #[test]
    fn steps_are_round() {
        for (about, step) in [(0.13, 0.1), (0.2, 0.2), (31.0, 20.0), (44.0, 50.0), (0.9, 1.0), (0.0, 1.0)] {
            assert!((round_step(about) - step).abs() < 1e-9, "{about}: {}", round_step(about));
        }
    }
}
