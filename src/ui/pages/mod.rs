//! One page a step, and the first page.

pub mod data;
mod data_features;
mod data_genes;
mod data_sections;
pub mod data_tissue;
pub mod evaluate;
mod evaluate_genes;
mod evaluate_runs;
mod evaluate_tables;
pub mod explore;
pub mod export;
mod fit_form;
mod fit_recipe;
mod left_out;
mod plan;
pub mod train;
mod train_curves;
mod train_live;
mod train_runs;
pub mod welcome;

use eframe::egui::{Align, Layout, ScrollArea, Ui, UiBuilder};

use super::theme;
use crate::app::queue::JobId;

/// A page that scrolls as a whole: what does not fit is reached, never cut.
fn scrolling(ui: &mut Ui, id: &str, contents: impl FnOnce(&mut Ui)) {
    scrolling_to_news(ui, id, None, contents);
}

/// The same, which goes to its top when `training` begins: how far it is stands there.
fn scrolling_to_news(ui: &mut Ui, id: &str, training: Option<JobId>, contents: impl FnOnce(&mut Ui)) {
    let key = ui.scope_id().with(("training", id));
    let known = ui.data(|d| d.get_temp::<Option<JobId>>(key)).flatten();
    ui.data_mut(|d| d.insert_temp(key, training));
    let mut area = ScrollArea::vertical().id_salt(id).auto_shrink(false);
    if training.is_some() && training != known {
        area = area.vertical_scroll_offset(0.0);
    }
    area.show(ui, |ui| {
        contents(ui);
    });
}

/// A column of [`two_columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Two columns, the right one this wide; `contents` is called for each.
fn two_columns(ui: &mut Ui, right: f32, mut contents: impl FnMut(&mut Ui, Side)) {
    let room = ui.available_rect_before_wrap();
    let right = right.min(room.width() * 0.5);
    let left = room.with_max_x(room.right() - right - theme::GAP);
    let beside = room.with_min_x(room.right() - right);
    let column = |rect| UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min));
    let a = ui.scope_builder(column(left), |ui| contents(ui, Side::Left)).response.rect;
    let b = ui.scope_builder(column(beside), |ui| contents(ui, Side::Right)).response.rect;
    ui.advance_cursor_after_rect(a.union(b));
}
