//! The keys of the import summary, while nothing is typed.

use eframe::egui::{Key, Modifiers, Ui};

use crate::app::command::{Command, SectionCommand};
use crate::app::samples::{SamplesForm, Select};
use crate::ui::dialogs::was_typing;

/// Applies the keys that were pressed. Whether the row under the cursor is another one.
pub fn apply(ui: &Ui, form: &SamplesForm, next: &mut SamplesForm, out: &mut Vec<Command>) -> bool {
    let pressed = |modifiers: Modifiers, key: Key| ui.input_mut(|i| i.consume_key(modifiers, key));
    if pressed(Modifiers::COMMAND, Key::Enter) && form.problem().is_none() {
        out.push(Command::Section(SectionCommand::AddSamples));
    }
    if ui.ctx().text_edit_focused() {
        return false;
    }
    if pressed(Modifiers::COMMAND, Key::A) {
        next.select_all(true);
    }
    // The first Escape takes the selection away, the second closes.
    if form.selected() > 0 && !was_typing(ui.ctx()) && pressed(Modifiers::NONE, Key::Escape) {
        next.select_all(false);
    }
    if ui.memory(|m| m.focused().is_some()) {
        return false;
    }
    if form.selected() > 0 && pressed(Modifiers::NONE, Key::Space) {
        let all = form.rows.iter().filter(|r| r.selected).all(|r| r.taken);
        next.edited_together().for_each(|r| r.taken = !all);
    }
    let step = [(Key::ArrowDown, 1_isize), (Key::ArrowUp, -1)]
        .into_iter()
        .find(|&(key, _)| pressed(Modifiers::NONE, key))
        .map(|(_, by)| by);
    let Some((by, last)) = step.zip(form.rows.len().checked_sub(1)) else { return false };
    let at = form.cursor.map_or(0, |at| at.saturating_add_signed(by).min(last));
    next.select(at, Select::Only);
    true
}
