//! The line above a map: what it shows, and what to think of it.

use std::sync::Arc;

use eframe::egui::{
    Color32, FontId, Galley, Pos2, Rect, Ui,
    text::{LayoutJob, TextFormat, TextWrapping},
};

use crate::app::explore::ExploreState;
use crate::app::explore::facts::Verdict;
use crate::core::display::PaneKind;
use crate::core::target::Target;
use crate::ui::theme::{self, Colors, colors};

/// Least free space between the two ends of the line.
const APART: f32 = 16.0;

/// The target as it fits into a heading.
pub fn short_unit(target: Target) -> &'static str {
    match target {
        Target::Published => "log10(1 + CP10k)",
        Target::Lognorm => "ln(1 + CP10k)",
    }
}

/// What stands at the right end, in its colour.
fn right(kind: PaneKind, state: &ExploreState, c: Colors) -> (String, Color32) {
    let Some(index) = state.index() else { return (String::new(), c.weak) };
    let section = &index.section().name;
    let unit = short_unit(index.target());
    let facts = &state.map().facts;
    if kind != PaneKind::He && state.map().values.of(kind).is_none() {
        return (section.clone(), c.weak);
    }
    match kind {
        PaneKind::He => (section.clone(), c.weak),
        PaneKind::Measured => (format!("{section} · {unit}"), c.weak),
        PaneKind::Difference => ("predicted − measured".to_owned(), c.weak),
        PaneKind::Uncertainty => ("± half an 80 % interval".to_owned(), c.weak),
        PaneKind::Predicted => {
            let pcc = facts.pcc.map(|p| format!("PCC {p:.2}"));
            let (remark, color) = match facts.verdict {
                _ if facts.trained_on_section => (Some("trained on this section"), c.fair),
                Some(v) => {
                    let color = if v == Verdict::ModelBetter { c.good } else { c.fair };
                    (Some(v.text()), color)
                }
                None => (None, c.weak),
            };
            let parts: Vec<&str> = [pcc.as_deref(), remark].into_iter().flatten().collect();
            if parts.is_empty() {
                (format!("{section} · {unit}"), c.weak)
            } else {
                (parts.join(" · "), color)
            }
        }
    }
}

/// Text cut off with an ellipsis at `room` points.
fn one_line(ui: &Ui, mut job: LayoutJob, room: f32) -> Arc<Galley> {
    job.wrap =
        TextWrapping { max_width: room.max(0.0), max_rows: 1, break_anywhere: true, ..Default::default() };
    ui.fonts_mut(|f| f.layout_job(job))
}

/// Draws the line into `line`. Gives its text, for assistive technology.
pub fn show(ui: &Ui, line: Rect, kind: PaneKind, state: &ExploreState) -> String {
    let c = colors(ui);
    let format =
        |family, color| TextFormat { font_id: FontId::new(13.5, family), color, ..Default::default() };
    let mut left = LayoutJob::default();
    left.append(kind.name(), 0.0, format(theme::semibold(), c.text));
    if let Some(gene) = state.gene().filter(|_| kind != PaneKind::He) {
        left.append(gene, 8.0, format(theme::italic(), c.text));
    }
    let left = one_line(ui, left, line.width());
    let (text, color) = right(kind, state, c);
    let room = line.width() - left.size().x - APART;
    let mut job = LayoutJob::default();
    job.append(&text, 0.0, TextFormat { font_id: FontId::proportional(12.0), color, ..Default::default() });
    let right = one_line(ui, job, room);
    let middle = |g: &Galley| line.center().y - g.size().y / 2.0;
    let left_at = Pos2::new(line.left(), middle(&left));
    let right_at = Pos2::new(line.right() - right.size().x, middle(&right));
    let shortened = right.elided;
    let right_rect = Rect::from_min_size(right_at, right.size());
    ui.painter().galley(left_at, left, c.text);
    if room > 24.0 {
        ui.painter().galley(right_at, right, color);
    }
    if shortened || room <= 24.0 {
        let id = ui.scope_id().with(("heading", kind.key()));
        let area = if room > 24.0 { right_rect } else { line };
        ui.interact(area, id, eframe::egui::Sense::hover()).on_hover_text(&text);
    }
    let gene = state.gene().filter(|_| kind != PaneKind::He).unwrap_or_default();
    format!("{gene} {text}").trim().to_owned()
}
