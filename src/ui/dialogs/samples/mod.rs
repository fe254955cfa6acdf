//! The import summary: a row a sample, edited before anything is added.

mod keys;
mod row;
mod together;

use eframe::egui::{
    Align, Context, Label, Layout, Rect, RichText, ScrollArea, TextStyle, Ui, UiBuilder, vec2,
};

use crate::app::command::{Command, SectionCommand};
use crate::app::keys::COMMAND_KEY;
use crate::app::samples::{SamplesForm, some_names};
use crate::app::state::App;
use crate::app::terms::Term;
use crate::ui::dialogs::{Closing, free};
use crate::ui::theme::colors;
use crate::ui::widgets::{Tone, banner, primary, remark};

const WIDTH: f32 = 1300.0;
/// Height that the rest of the dialog takes of what is free for dialogs.
const REST: f32 = 360.0;
/// Height of a row, and its distance to the next.
const ROW: f32 = 32.0;
/// Names told with a warning.
const NAMES: usize = 4;

/// Draws the summary.
pub fn show(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    super::form(ctx, "What was found", WIDTH, Closing::ByKey, out, |ui, out| {
        let form = &app.forms.samples;
        let mut next = form.clone();
        let problems = form.problems();
        heading(ui, form);
        ui.add_space(4.0);
        let moved = keys::apply(ui, form, &mut next, out);
        table(ui, form, &problems, &mut next, moved, out);
        together::show(ui, app, form, &mut next, out);
        told(ui, form);
        if next != *form {
            out.push(Command::Section(SectionCommand::EditSamples(next)));
        }
        ui.add_space(6.0);
        let problem = problems.iter().flatten().next().cloned().or_else(|| form.problem());
        if let Some(problem) = &problem {
            banner(ui, Tone::Warning, problem.as_str());
        }
        ui.horizontal(|ui| {
            let count = form.rows.iter().filter(|r| r.taken).count();
            let text = if count == 1 { "Add 1 section".to_owned() } else { format!("Add {count} sections") };
            if primary(ui, problem.is_none(), &text).on_hover_text(format!("{COMMAND_KEY}Enter")).clicked() {
                out.push(Command::Section(SectionCommand::AddSamples));
            }
            if ui.button("Cancel").clicked() {
                out.push(Command::CloseOverlay);
            }
        });
    });
}

fn heading(ui: &mut Ui, form: &SamplesForm) {
    let mut text = "Ticked samples become sections of the project when you press Add.".to_owned();
    if form.rows.len() > 1 {
        text.push_str(&format!(
            " Click rows to edit several at once: with Shift up to a row, with {} one more, {COMMAND_KEY}A all.",
            COMMAND_KEY.trim_end_matches('+')
        ));
    }
    remark(ui, text);
}

/// Where the columns of a row lie, from left to right.
struct Columns {
    tick: Rect,
    name: Rect,
    patient: Rect,
    kind: Rect,
    size: Rect,
    image: Rect,
    mpp: Rect,
    labels: Rect,
    remarks: Rect,
}

impl Columns {
    /// The columns within `row`; in a narrow window all of them are narrower.
    fn new(row: Rect) -> Self {
        /// Least and usual widths: patient, kind, size, image, mpp, labels, and the distance between columns.
        const MIN_WIDTHS: [f32; 7] = [64.0, 62.0, 94.0, 96.0, 64.0, 84.0, 6.0];
        const USUAL: [f32; 7] = [100.0, 88.0, 104.0, 150.0, 76.0, 140.0, 10.0];
        const TICK: f32 = 24.0;
        /// Of the name and of the remarks together.
        const REST: (f32, f32) = (140.0, 330.0);
        let total =
            |widths: &[f32; 7], rest: f32| TICK + widths.iter().take(6).sum::<f32>() + 9.0 * widths[6] + rest;
        let (least, usual) = (total(&MIN_WIDTHS, REST.0), total(&USUAL, REST.1));
        let share = ((row.width() - least) / (usual - least)).clamp(0.0, 1.0);
        let widths: [f32; 7] = std::array::from_fn(|i| MIN_WIDTHS[i] + share * (USUAL[i] - MIN_WIDTHS[i]));
        let [patient, kind, size, image, mpp, labels, gap] = widths;
        let rest = (row.width() - total(&widths, 0.0)).max(REST.0);
        let name = (rest * 0.5).clamp(110.0, 260.0);
        let mut left = row.left() + gap * 0.5;
        let mut next = |width: f32| {
            let rect = Rect::from_min_size(row.left_top(), vec2(width, row.height()))
                .translate(vec2(left - row.left(), 0.0));
            left += width + gap;
            rect
        };
        Self {
            tick: next(TICK),
            name: next(name),
            patient: next(patient),
            kind: next(kind),
            size: next(size),
            image: next(image),
            mpp: next(mpp),
            labels: next(labels),
            remarks: next(rest - name),
        }
    }
}

/// Draws into a cell of the table.
fn cell<R>(ui: &mut Ui, rect: Rect, add: impl FnOnce(&mut Ui) -> R) -> R {
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(layout), |ui| {
        ui.set_clip_rect(ui.clip_rect().intersect(rect.expand2(vec2(4.0, 0.0))));
        add(ui)
    })
    .inner
}

fn table(
    ui: &mut Ui,
    form: &SamplesForm,
    problems: &[Option<String>],
    next: &mut SamplesForm,
    moved: bool,
    out: &mut Vec<Command>,
) {
    let bar = ui.spacing().scroll.bar_width + 6.0;
    let width = ui.available_width() - bar;
    let (head, _) = ui.allocate_exact_size(vec2(width, 18.0), eframe::egui::Sense::hover());
    let columns = Columns::new(head);
    let c = colors(ui);
    for (rect, text) in [
        (columns.name, "Name"),
        (columns.patient, "Patient"),
        (columns.kind, "Kind"),
        (columns.size, "Spots \u{00D7} genes"),
        (columns.image, "Slide image"),
        (columns.mpp, "\u{00B5}m/px"),
        (columns.labels, "Labels"),
        (columns.remarks, "Notes"),
    ] {
        let head = RichText::new(text).text_style(TextStyle::Small).color(c.weak);
        cell(ui, rect, |ui| {
            let label = ui.label(head);
            if rect == columns.mpp {
                label.on_hover_text(format!("mpp. {}", Term::Mpp.sentence()));
            }
        });
    }
    let most = (free(ui.ctx()).height() - REST).max(4.0 * ROW);
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = ScrollArea::vertical().max_height(most).auto_shrink([false, true]);
    area.show_viewport(ui, |ui, viewport| {
        let top = ui.max_rect().left_top();
        ui.set_height(ROW * form.rows.len() as f32);
        let place = |at: usize| Rect::from_min_size(top + vec2(0.0, at as f32 * ROW), vec2(width, ROW));
        let first = (viewport.min.y / ROW).floor().max(0.0) as usize;
        let last = ((viewport.max.y / ROW).ceil().max(0.0) as usize + 1).min(form.rows.len());
        for at in first..last {
            // The id goes with the row, so that a field keeps the focus while the list scrolls.
            let builder = UiBuilder::new().max_rect(place(at)).scope_id(ui.scope_id().with(("sample", at)));
            ui.scope_builder(builder, |ui| {
                let problem = problems.get(at).and_then(Option::as_deref);
                row::show(ui, at, place(at), problem, form, next, out);
            });
        }
        if let (true, Some(at)) = (moved, next.cursor) {
            ui.scroll_to_rect(place(at), None);
        }
    });
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.add_space(4.0);
}

/// What holds for several samples is said once, and what was left out.
fn told(ui: &mut Ui, form: &SamplesForm) {
    let warnings = form.warnings();
    if warnings.is_empty() && form.notes.is_empty() && form.refused().next().is_none() {
        return;
    }
    ScrollArea::vertical().id_salt("told").max_height(96.0).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        let c = colors(ui);
        let mut line = |text: String, color| {
            ui.add(Label::new(RichText::new(text).small().color(color)).wrap().selectable(true));
        };
        for (sample, why) in form.refused() {
            line(format!("{sample} cannot be used: {why}."), c.bad);
        }
        for (warning, names) in warnings {
            let end = if warning.ends_with('.') { "" } else { "." };
            line(format!("{}: {warning}{end}", some_names(&names, NAMES)), c.text);
        }
        for note in &form.notes {
            let end = if note.ends_with('.') { "" } else { "." };
            line(format!("{note}{end}"), c.weak);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;

    #[test]
    fn columns_stay_within_the_dialog() {
        for width in [700.0, 770.0, 900.0, 1100.0, 1240.0] {
            let row = Rect::from_min_size(pos2(40.0, 0.0), vec2(width, ROW));
            let c = Columns::new(row);
            let all = [c.tick, c.name, c.patient, c.kind, c.size, c.image, c.mpp, c.labels, c.remarks];
            assert!(all.iter().all(|cell| row.contains_rect(*cell)), "{width}: {:?}", c.remarks);
            assert!(all.windows(2).all(|two| two[0].right() <= two[1].left()), "{width}");
            assert!(c.name.width() >= 110.0 && c.remarks.width() >= 28.0, "{width}");
        }
    }
}
