//! The Explore page: sections, regions and genes at the left, the linked panes in the middle with evidence, comparison and
//! clusters beneath, display settings and facts at the right.

mod chips;
mod clusters;
mod compare;
mod compare_plots;
mod display;
mod evidence;
mod facts;
mod gene_list;
mod keys;
mod regions;
mod row;
mod scatter;
mod sections;
mod similar;
mod tabs;
mod thumbnails;
mod tissue;
pub(super) mod tools;

use eframe::egui::{self, Layout, Rect, ScrollArea, Ui, UiBuilder, Vec2};

use super::slide_view::SlideView;
use super::theme::{self, colors};
use super::widgets;
use crate::app::command::{Command, Step};
use crate::app::explore::compare::Tab;
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState};
use gene_list::GeneListView;
use thumbnails::Thumbnails;

/// Least and usual width of the column with sections and genes.
const LEFT: (f32, f32) = (216.0, 248.0);
/// Least and usual width of the column with display settings and facts.
const RIGHT: (f32, f32) = (240.0, 276.0);
/// Height of the evidence beneath the panes.
const EVIDENCE: f32 = 214.0;
/// Height of a comparison and of clusters there.
const WORKBENCH: f32 = 330.0;
/// The most of the height that the evidence takes; in a low window it scrolls.
const EVIDENCE_SHARE: f32 = 0.42;
const WORKBENCH_SHARE: f32 = 0.5;
/// A window narrower than this has narrow columns.
const NARROW: f32 = 1100.0;

/// What the page keeps from frame to frame that is about drawing only.
#[derive(Default)]
pub struct ExplorePage {
    slides: SlideView,
    genes: GeneListView,
    thumbnails: Thumbnails,
    /// Height of the right column without its plot.
    beside_scatter: Option<f32>,
    /// Height of the buttons at the foot of the right column.
    foot: f32,
}

/// A card that fills `rect`.
fn card_in<R>(ui: &mut Ui, rect: Rect, name: &str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = theme::card(colors(ui));
    let inner = rect - frame.total_margin();
    ui.painter().add(frame.paint(inner));
    let builder = UiBuilder::new().id_salt(name).max_rect(inner).layout(Layout::top_down(egui::Align::Min));
    let mut child = ui.new_child(builder);
    child.shrink_clip_rect(rect);
    child.spacing_mut().item_spacing = Vec2::new(8.0, 6.0);
    contents(&mut child)
}

impl ExplorePage {
    /// Whether pixels of a slide were drawn.
    pub fn shows_tissue(&self) -> bool {
        self.slides.shows_tissue()
    }

    /// Brings `state` up to date and draws the page. Gives what the user asked for.
    pub fn show(&mut self, ui: &mut Ui, state: &mut ExploreState, input: &ExploreInput) -> Vec<Command> {
        let mut commands = Vec::new();
        state.refresh(input);
        if state.is_busy() {
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(30));
        }
        let room = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(room);
        if input.sections.is_empty() {
            show_empty(ui, room, &mut commands);
            return commands;
        }
        keys::before(ui, state, &mut commands);
        let room = room.shrink(theme::GAP);
        let pick = |(least, usual): (f32, f32)| if room.width() < NARROW { least } else { usual };
        let left = room.with_max_x(room.left() + pick(LEFT));
        let right = room.with_min_x(room.right() - pick(RIGHT));
        let middle = Rect::from_min_max(
            egui::pos2(left.right() + theme::GAP, room.top()),
            egui::pos2(right.left() - theme::GAP, room.bottom()),
        );
        let (most, share) = match state.tab() {
            Tab::Evidence => (EVIDENCE, EVIDENCE_SHARE),
            Tab::Compare | Tab::Clusters => (WORKBENCH, WORKBENCH_SHARE),
        };
        let low = most.min(middle.height() * share);
        let panes = middle.with_max_y(middle.bottom() - low - theme::GAP);
        let beneath = middle.with_min_y(middle.bottom() - low);

        card_in(ui, left, "left", |ui| {
            sections::show(ui, state, input, &mut commands);
            ui.add_space(4.0);
            regions::show(ui, state, &mut commands);
            ui.add_space(4.0);
            self.genes.show(ui, state, &mut commands);
        });
        let mut child = ui.new_child(UiBuilder::new().id_salt("panes").max_rect(panes));
        self.slides.show(&mut child, state, input, &mut commands);
        card_in(ui, beneath, "beneath", |ui| match state.tab() {
            Tab::Evidence => {
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                    evidence::show(ui, state, input, &mut self.thumbnails, &mut commands);
                });
            }
            Tab::Compare => compare::show(ui, state, input, &mut commands),
            Tab::Clusters => clusters::show(ui, state, input, &mut commands),
        });
        card_in(ui, right, "right", |ui| {
            let (least, usual) = scatter::HEIGHT;
            // The plot gives way so that the buttons beneath it are in view.
            let above_foot = ui.available_height() - self.foot - 8.0;
            let height = self.beside_scatter.map_or(usual, |rest| (above_foot - rest).clamp(least, usual));
            let facts = ScrollArea::vertical().auto_shrink(false).max_height(above_foot.max(least));
            let shown = facts.show(ui, |ui| {
                // Above what grows and shrinks with predictions, so that it stays under the pointer.
                if state.tissue.is_shown() {
                    tissue::show(ui, state, input, &mut commands);
                    ui.add_space(6.0);
                }
                display::show(ui, state, &mut commands);
                ui.add_space(6.0);
                if !state.drawing().selected().is_empty() {
                    regions::selection(ui, state, &mut commands);
                    ui.add_space(6.0);
                }
                let mut took = 0.0;
                // Where nothing is measured there is nothing to compare with.
                if !state.tissue.is_shown() {
                    took = scatter::show(ui, state, height, &mut commands);
                    ui.add_space(6.0);
                }
                facts::show(ui, state, input);
                took
            });
            let rest = Some((shown.content_size.y - shown.inner).ceil());
            ui.add_space(8.0);
            let top = ui.cursor().top();
            facts::actions(ui, state, input, &mut commands);
            let foot = (ui.min_rect().bottom() - top).ceil();
            if (rest, foot) != (self.beside_scatter, self.foot) {
                (self.beside_scatter, self.foot) = (rest, foot);
                ui.ctx().request_repaint();
            }
        });
        // The headings of the panes stay in view.
        let beneath_headings =
            middle.with_min_y(middle.top() + super::slide_view::HEADING.1).shrink(theme::GAP);
        similar::show(ui, beneath_headings, state, &mut commands);
        keys::after(ui, state, &mut commands);
        commands
    }
}

/// A page without sections says how to get some.
fn show_empty(ui: &mut Ui, room: Rect, commands: &mut Vec<Command>) {
    let size = Vec2::new(room.width().min(420.0), 120.0);
    let rect = Rect::from_center_size(room.center(), size);
    let mut child = ui.new_child(
        UiBuilder::new().id_salt("empty").max_rect(rect).layout(Layout::top_down(egui::Align::Center)),
    );
    child.label(theme::strong("There are no sections yet").size(15.0));
    widgets::remark(&mut child, "Add sections in step 1, then look at their maps here.");
    child.add_space(6.0);
    if widgets::primary(&mut child, true, "Go to data").clicked() {
        commands.push(Command::GoTo(Step::Data));
    }
}

/// A command of this page.
fn explore(command: ExploreCommand) -> Command {
    Command::Explore(command)
}
