//! Keys of the page.

use eframe::egui::{Event, Key, Popup, Ui};

use super::explore;
use super::gene_list::{can_search_wider, search_id};
use crate::app::command::Command;
use crate::app::explore::genes::GeneFilter;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::app::keys::{ExploreKey, shortcuts_of};
use crate::ui::keys::{is_pressed, presses, shortcut};

/// Genes a page key goes by.
const PAGE: isize = 10;

/// Keys that must be taken before a widget takes them.
pub fn before(ui: &Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    if presses(ui, ExploreKey::SearchGenes) > 0 {
        ui.memory_mut(|m| m.request_focus(search_id()));
    }
    if state.can_go_back() && presses(ui, ExploreKey::Back) > 0 {
        commands.push(explore(ExploreCommand::Back));
    }
    if !ui.memory(|m| m.has_focus(search_id())) {
        return;
    }
    step(ui, commands);
    let shown = state.gene().and_then(|g| state.genes().place(g));
    if shown.is_none() && ui.input(|i| i.key_pressed(Key::Enter)) {
        if state.genes().is_empty() && can_search_wider(state) {
            commands.push(explore(ExploreCommand::Filter(GeneFilter::Measured)));
        }
        // The gene shown is not in the list, so the first step leads to its top.
        commands.push(explore(ExploreCommand::StepGene(0)));
    }
}

/// Keys that no widget has taken.
pub fn after(ui: &Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    // What lies over the page takes the keys for itself.
    if ui.memory(|m| m.top_modal_layer().is_some()) || Popup::is_any_open(ui.ctx()) {
        return;
    }
    let escaped = is_pressed(ui, ExploreKey::PutAway);
    if escaped && state.similar().is_some() {
        commands.push(explore(ExploreCommand::CloseSimilar));
        return;
    }
    if escaped && state.tissue.brush().is_some() {
        commands.push(explore(ExploreCommand::UseBrush(None)));
        return;
    }
    brush_size(ui, state, commands);
    if ui.memory(|m| m.focused()).is_some() {
        return;
    }
    step(ui, commands);
    if escaped && state.spot().is_some() {
        commands.push(explore(ExploreCommand::SelectSpot(None)));
    }
}

/// The brackets change the size of the brush in use. On some keyboards they are typed with further keys held.
fn brush_size(ui: &Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    if state.tissue.brush().is_none() || ui.ctx().text_edit_focused() {
        return;
    }
    let is = |key: &Key, own| shortcuts_of(own).filter_map(shortcut).any(|s| s.logical_key == *key);
    let steps: i32 = ui.input(|i| {
        let typed = i.events.iter().map(|event| match event {
            Event::Key { key, pressed: true, .. } if is(key, ExploreKey::SmallerBrush) => -1,
            Event::Key { key, pressed: true, .. } if is(key, ExploreKey::LargerBrush) => 1,
            _ => 0,
        });
        typed.sum()
    });
    if steps != 0 {
        commands.push(explore(ExploreCommand::SizeBrush(state.tissue.diameter_in_steps(steps))));
    }
}

fn step(ui: &Ui, commands: &mut Vec<Command>) {
    let count = |key, by: isize| presses(ui, key) as isize * by;
    let by = count(ExploreKey::NextGene, 1)
        + count(ExploreKey::PreviousGene, -1)
        + count(ExploreKey::GenesDown, PAGE)
        + count(ExploreKey::GenesUp, -PAGE);
    if by != 0 {
        commands.push(explore(ExploreCommand::StepGene(by)));
    }
}
