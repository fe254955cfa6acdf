//! Keys of the page.

use eframe::egui::{Event, Key, Popup, Ui};

use super::explore;
use super::gene_list::{can_search_wider, search_id};
use super::tools;
use crate::app::command::{Command, SectionCommand};
use crate::app::explore::drawing::Tool;
use crate::app::explore::genes::GeneFilter;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::app::keys::{ExploreKey, shortcuts_of};
use crate::app::region_edit::RegionEdit;
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
pub fn after(ui: &Ui, state: &mut ExploreState, commands: &mut Vec<Command>) {
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
    if escaped && put_away(state, commands) {
        return;
    }
    brush_size(ui, state, commands);
    if !ui.ctx().text_edit_focused() {
        tool_keys(ui, state, commands);
    }
    if ui.memory(|m| m.focused()).is_some() {
        return;
    }
    step(ui, commands);
    if escaped && state.spot().is_some() {
        commands.push(explore(ExploreCommand::SelectSpot(None)));
    }
}

/// One step back from drawing: what is being drawn, then the selection, then the tool. Whether there was one.
fn put_away(state: &mut ExploreState, commands: &mut Vec<Command>) -> bool {
    let drawing = state.drawing();
    if drawing.is_busy() {
        state.give_up_drawing();
    } else if !drawing.selected().is_empty() {
        commands.push(explore(ExploreCommand::SelectRegions(Vec::new())));
    } else if drawing.tool() != Tool::Look {
        commands.push(explore(ExploreCommand::UseTool(Tool::Look)));
    } else {
        return false;
    }
    true
}

/// Keys of the tools for regions.
fn tool_keys(ui: &Ui, state: &mut ExploreState, commands: &mut Vec<Command>) {
    for tool in Tool::ALL {
        if presses(ui, ExploreKey::Tool(tool)) > 0 {
            tools::use_tool(state, tool, commands);
        }
    }
    let edit = if state.drawing().sets_corners() {
        if presses(ui, ExploreKey::DeleteRegions) > 0 {
            state.take_corner_back();
        }
        (presses(ui, ExploreKey::ClosePolygon) > 0).then(|| state.close_polygon()).flatten()
    } else {
        let selected = state.drawing().selected();
        (!selected.is_empty() && presses(ui, ExploreKey::DeleteRegions) > 0)
            .then(|| RegionEdit::Delete(selected.to_vec()))
    };
    if let Some((edit, section)) = edit.zip(state.section_name()) {
        commands.push(Command::Section(SectionCommand::EditRegions { section: section.to_owned(), edit }));
    }
}

/// The brackets change the size of the brush in use. On some keyboards they are typed with further keys held.
fn brush_size(ui: &Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let paints = state.drawing().tool().has_size();
    if (state.tissue.brush().is_none() && !paints) || ui.ctx().text_edit_focused() {
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
        let um = match paints {
            true => state.drawing().diameter_in_steps(steps),
            false => state.tissue.diameter_in_steps(steps),
        };
        commands.push(explore(ExploreCommand::SizeBrush(um)));
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
