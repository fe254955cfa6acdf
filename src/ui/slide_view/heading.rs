//! The line above a map: what it shows, and what to think of it.

use std::sync::Arc;

use eframe::egui::{
    Color32, FontId, Galley, Pos2, Rect, Sense, Ui, Vec2,
    text::{LayoutJob, TextFormat, TextWrapping},
};

use crate::app::explore::ExploreState;
use crate::app::explore::text::correlation_text;
use crate::app::terms::Term;
use crate::core::display::PaneKind;
use crate::core::target::ExpressionScale;
use crate::core::text::thousands;
use crate::ui::theme::{self, Colors, colors};

/// Least free space between the two ends of the line.
const APART: f32 = 16.0;

/// What stands at the right end, from the longest wording to the shortest, and its colour.
fn right(kind: PaneKind, state: &ExploreState, c: Colors) -> (Vec<String>, Color32) {
    let Some(index) = state.index() else { return (Vec::new(), c.weak) };
    let section = index.section().name.clone();
    let (facts, values) = (&state.map().facts, &state.map().values);
    if !kind.is_of_gene() || values.maps.pane(kind).is_none() {
        return (vec![section], c.weak);
    }
    let mut place = vec![section.clone()];
    if let Some(scale) = values.maps.scale(kind) {
        place.insert(0, format!("{section} · {}", scale.short_unit()));
        // Where the list is not what the values are made of, that is said at length.
        if scale != ExpressionScale::Log10Selected && scale.unit() != scale.short_unit() {
            place.insert(0, format!("{section} · {}", scale.unit()));
        }
    }
    if kind == PaneKind::Measured && values.silent {
        let texts = ["no counts at any spot", "no counts"].map(|t| format!("{section} · {t}"));
        return (texts.to_vec(), c.fair);
    }
    if let Some(rare) = values.rare.filter(|_| kind == PaneKind::Measured) {
        let spots = format!("{} of {} spots", thousands(rare.0), thousands(rare.1));
        let texts = [format!("{section} · only {spots}"), spots];
        return (texts.to_vec(), c.fair);
    }
    let words = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
    if let Some(quantity) = kind.quantity() {
        return (words(quantity), c.weak);
    }
    match kind {
        PaneKind::Predicted => {
            let Some(pcc) = facts.pcc.map(|p| format!("PCC {}", correlation_text(p))) else {
                let seen = facts.trained_on_section;
                let texts = if seen { words(["trained on this section", "seen in training"]) } else { place };
                return (texts, c.weak);
            };
            let color = theme::judgement_color(facts.judgement, c);
            let word = facts.judgement.word();
            let mut texts = Vec::new();
            if facts.trained_on_section {
                texts.push(format!("{pcc} \u{00B7} {word}: the model was trained on this section"));
                texts.push(format!("{pcc} \u{00B7} {word}: seen in training"));
            } else {
                let ridge =
                    facts.against_ridge.map(|r| format!(" \u{00B7} {}", r.text())).unwrap_or_default();
                if let Some(share) = facts.share_text() {
                    texts.push(format!("{pcc} \u{00B7} {word}, {share}{ridge}"));
                    texts.push(format!("{pcc} \u{00B7} {word}, {share}"));
                } else {
                    texts.push(format!("{pcc} \u{00B7} {word}{ridge}"));
                }
            }
            texts.push(format!("{pcc} \u{00B7} {word}"));
            texts.push(word.to_owned());
            (texts, color)
        }
        _ => (place, c.weak),
    }
}

/// What the pointer shows over the right end of the line.
fn explanation(kind: PaneKind, state: &ExploreState) -> Option<String> {
    match kind {
        PaneKind::Predicted if state.map().facts.pcc.is_some() => {
            Some(format!("{} {}", Term::Pcc.sentence(), Term::Judgement.sentence()))
        }
        PaneKind::Uncertainty => Some(Term::Uncertainty.sentence().to_owned()),
        _ => None,
    }
}

/// Text cut off with an ellipsis at `room` points.
fn one_line(ui: &Ui, mut job: LayoutJob, room: f32) -> Arc<Galley> {
    job.wrap =
        TextWrapping { max_width: room.max(0.0), max_rows: 1, break_anywhere: true, ..Default::default() };
    ui.fonts_mut(|f| f.layout_job(job))
}

/// Draws the line into `line`, or two lines where it is narrow. Gives its text, for assistive technology.
pub fn show(ui: &Ui, line: Rect, two_lines: bool, kind: PaneKind, state: &ExploreState) -> String {
    let c = colors(ui);
    let format =
        |family, color| TextFormat { font_id: FontId::new(13.5, family), color, ..Default::default() };
    let mut left = LayoutJob::default();
    left.append(kind.name(), 0.0, format(theme::semibold(), c.text));
    if let Some(gene) = state.gene().filter(|_| kind.is_of_gene()) {
        left.append(gene, 8.0, format(theme::italic(), c.text));
        if state.map().mixed.iter().any(|(pane, _)| *pane == kind) {
            for other in state.mixed() {
                left.append(&format!("+ {other}"), 6.0, format(theme::italic(), c.text));
            }
        }
    }
    let left = one_line(ui, left, line.width());
    let (texts, color) = right(kind, state, c);
    let (upper, lower) = line.shrink2(Vec2::new(0.0, 4.0)).split_top_bottom_at_fraction(0.5);
    let (first, second) = if two_lines { (upper, lower) } else { (line, line) };
    let room = if two_lines { line.width() } else { line.width() - left.size().x - APART };
    let right: Vec<Arc<Galley>> = texts
        .iter()
        .map(|text| {
            let mut job = LayoutJob::default();
            let font_id = FontId::proportional(12.0);
            job.append(text, 0.0, TextFormat { font_id, color, ..Default::default() });
            one_line(ui, job, room)
        })
        .collect();
    let middle = |line: Rect, g: &Galley| line.center().y - g.size().y / 2.0;
    ui.painter().galley(Pos2::new(line.left(), middle(first, &left)), left, c.text);
    let best = right.iter().position(|g| !g.elided).or(right.len().checked_sub(1));
    let mut area = line;
    if let Some(shown) = best.and_then(|b| right.get(b)).filter(|_| room > 24.0) {
        let x = if two_lines { line.left() } else { line.right() - shown.size().x };
        let at = Pos2::new(x, middle(second, shown));
        area = Rect::from_min_size(at, shown.size());
        ui.painter().galley(at, Arc::clone(shown), color);
    }
    let text = texts.first().map_or("", String::as_str);
    let cut = best.is_some_and(|b| b > 0) || right.first().is_some_and(|g| g.elided);
    let scale = state.map().values.maps.scale(kind).map(|s| format!("{}. {}", s.unit(), s.explanation()));
    let help: Vec<String> =
        cut.then(|| text.to_owned()).into_iter().chain(scale).chain(explanation(kind, state)).collect();
    if !help.is_empty() {
        let id = ui.scope_id().with(("heading", kind.key()));
        ui.interact(area, id, Sense::hover()).on_hover_text(help.join("\n"));
    }
    let gene = state.gene().filter(|_| kind.is_of_gene()).unwrap_or_default();
    format!("{gene} {text}").trim().to_owned()
}
