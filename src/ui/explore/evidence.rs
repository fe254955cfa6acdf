//! The evidence of the spot chosen: its own patch, and the training spots its prediction comes from.

use eframe::egui::{
    self, Align, Align2, Color32, FontFamily, FontId, Layout, Pos2, Rect, Response, RichText, Sense, Stroke,
    StrokeKind, TextStyle, Ui, Vec2,
    text::{LayoutJob, TextFormat, TextWrapping},
};

use super::thumbnails::{Thumbnail, Thumbnails};
use super::{explore, tabs};
use crate::app::command::Command;
use crate::app::explore::evidence::{Evidence, Neighbour};
use crate::app::explore::highlights::Highlight;
use crate::app::explore::images::PatchKey;
use crate::app::explore::text::value_text;
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState};
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Side of a thumbnail.
const SIDE: f32 = 82.0;
/// Free space between thumbnails.
const BETWEEN: f32 = 8.0;
/// Height of a line beneath a thumbnail.
const LINE: f32 = 16.0;
/// Size of a caption that is too long in the usual one.
const SMALL: f32 = 9.5;

/// Draws the panel.
pub fn show(
    ui: &mut Ui,
    state: &ExploreState,
    input: &ExploreInput,
    thumbnails: &mut Thumbnails,
    commands: &mut Vec<Command>,
) {
    let c = colors(ui);
    let evidence = state.evidence();
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.horizontal(|ui| {
        ui.set_height(24.0);
        tabs::show(ui, state, commands);
        ui.add_space(4.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let small = |text: &str| RichText::new(text).text_style(TextStyle::Small);
            if evidence.is_some() {
                let close = ui.add(egui::Button::new(egui::RichText::new("×").size(16.0)).frame_when_inactive(false).small());
                widgets::name(&close, "Close the evidence");
                if close.on_hover_text("Close (Escape)").clicked() {
                    commands.push(explore(ExploreCommand::SelectSpot(None)));
                }
            }
            if state.can_go_back() && ui.button(small("Back")).on_hover_text("Back (Alt+Left)").clicked() {
                commands.push(explore(ExploreCommand::Back));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = match evidence {
                    Some(e) => RichText::new(&e.sentence).size(12.5).color(c.text),
                    None => RichText::new(
                        "Click a spot to see its patch, and the training spots that its prediction comes from.",
                    )
                    .size(12.5)
                    .color(c.weak),
                };
                ui.add(egui::Label::new(text).truncate());
            });
        });
    });
    let gene = state.gene().unwrap_or("");
    let mut pictures = Pictures { thumbnails, input, gene };
    ui.add_space(2.0);
    match evidence {
        Some(evidence) => show_evidence(ui, state, evidence, &mut pictures, commands),
        None => show_highlights(ui, state, &mut pictures, commands),
    }
}

/// A line beneath the thumbnails.
fn footnote(ui: &mut Ui, text: String) {
    let c = colors(ui);
    ui.add(egui::Label::new(RichText::new(text).text_style(TextStyle::Small).color(c.weak)).truncate());
}

/// How many thumbnails fit into what is left of the line.
fn fitting(ui: &Ui) -> usize {
    ((ui.available_width() + BETWEEN) / (size().x + BETWEEN)).floor().max(0.0) as usize
}

fn show_evidence(
    ui: &mut Ui,
    state: &ExploreState,
    evidence: &Evidence,
    pictures: &mut Pictures,
    commands: &mut Vec<Command>,
) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = BETWEEN;
        pictures.own(ui, state, evidence);
        for (i, neighbour) in evidence.neighbours.iter().take(fitting(ui)).enumerate() {
            if pictures.training_spot(ui, i, neighbour).clicked() {
                let (section, spot) = (neighbour.section.clone(), neighbour.spot.clone());
                commands.push(explore(ExploreCommand::GoToSpot { section, spot }));
            }
        }
        if evidence.neighbours.is_empty() {
            let text = if state.prediction().is_none() {
                "There is no prediction of this section yet, so there are no training spots to show."
            } else if evidence.own_weight.is_some() {
                "The model was trained on this very spot and retrieved nothing else."
            } else {
                "This spot was not predicted."
            };
            ui.add_space(8.0);
            widgets::remark(ui, text);
        }
    });
    if !evidence.neighbours.is_empty() {
        let share = f64::from(evidence.shown_weight) * 100.0;
        footnote(
            ui,
            format!(
                "The {} of {} training spots with the largest weight (together {share:.0} %), each with its image \
                 similarity and weight. Click one to see it on its section.",
                evidence.neighbours.len(),
                evidence.retrieved
            ),
        );
    }
}

/// Before a spot is chosen: some that are worth it.
fn show_highlights(ui: &mut Ui, state: &ExploreState, pictures: &mut Pictures, commands: &mut Vec<Command>) {
    let told = &state.map().highlights;
    if told.is_empty() {
        return;
    }
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = BETWEEN;
        for highlight in told.iter().take(fitting(ui)) {
            if pictures.highlight(ui, highlight, state).clicked() {
                commands.push(explore(ExploreCommand::SelectSpot(Some(highlight.spot))));
            }
        }
    });
    footnote(
        ui,
        "Suggested spots on this map. Click one to see the evidence behind its prediction.".to_owned(),
    );
}

struct Pictures<'a> {
    thumbnails: &'a mut Thumbnails,
    input: &'a ExploreInput<'a>,
    gene: &'a str,
}

impl Pictures<'_> {
    fn own(&mut self, ui: &mut Ui, state: &ExploreState, evidence: &Evidence) {
        let c = colors(ui);
        let (rect, response) = ui.allocate_exact_size(size(), Sense::hover());
        let name = "Patch of this spot";
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, name));
        let section = state.section_name().unwrap_or("");
        let picture = self.picture(ui, rect, Some(&evidence.patch), section);
        ui.painter().rect_stroke(picture, 0.0, Stroke::new(2.5, c.bad), StrokeKind::Outside);
        line(ui, picture, 0, &[("this spot", FontFamily::Proportional)], c.text);
        line(ui, picture, 1, &[(section, FontFamily::Proportional)], c.weak);
    }

    fn training_spot(&mut self, ui: &mut Ui, place: usize, n: &Neighbour) -> Response {
        let c = colors(ui);
        let name = format!("Training spot {} of {}", n.spot, n.section);
        let (picture, response) = self.button(ui, &name, n.patch.as_ref(), &n.section);
        let value = n.measured.map_or("–".to_owned(), |v| format!("{v:.2}"));
        line(ui, picture, 0, &[(self.gene, theme::italic()), (&value, FontFamily::Proportional)], c.text);
        line(ui, picture, 1, &[(&n.section, FontFamily::Proportional)], c.weak);
        let third = format!("sim {:.2} · {:.1} %", n.similarity, n.weight * 100.0);
        line(ui, picture, 2, &[(&third, FontFamily::Proportional)], c.weak);
        let unit = n.scale.map(|s| format!(" ({})", s.unit())).unwrap_or_default();
        let help = format!(
            "{name}: measured {} {value}{unit}, image similarity {:.3}, {:.1} % of the retrieved prediction. Number {} by weight.",
            self.gene,
            n.similarity,
            n.weight * 100.0,
            place + 1
        );
        response.on_hover_text(help)
    }

    fn highlight(&mut self, ui: &mut Ui, h: &Highlight, state: &ExploreState) -> Response {
        let (first, second) = h.reason();
        let name = format!("Spot {}, {first} {second}", h.id);
        let section = state.section_name().unwrap_or("");
        let (picture, response) = self.button(ui, &name, Some(&h.patch), section);
        let c = colors(ui);
        let value = value_text(h.map, h.value);
        line(ui, picture, 0, &[(self.gene, theme::italic()), (&value, FontFamily::Proportional)], c.text);
        line(ui, picture, 1, &[(first, FontFamily::Proportional)], c.weak);
        line(ui, picture, 2, &[(second, FontFamily::Proportional)], c.weak);
        response.on_hover_text(name)
    }

    /// A thumbnail that can be clicked. Gives the place of its picture.
    fn button(&mut self, ui: &mut Ui, name: &str, key: Option<&PatchKey>, section: &str) -> (Rect, Response) {
        let c = colors(ui);
        let (rect, response) = ui.allocate_exact_size(size(), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, name));
        let picture = self.picture(ui, rect, key, section);
        let (width, color) =
            if response.hovered() || response.has_focus() { (2.5, c.accent) } else { (1.0, c.border) };
        ui.painter().rect_stroke(picture, 0.0, Stroke::new(width, color), StrokeKind::Outside);
        (picture, response)
    }

    /// Draws a patch at the top of `rect`, or what stands in for it. Gives its place.
    fn picture(&mut self, ui: &Ui, rect: Rect, key: Option<&PatchKey>, section: &str) -> Rect {
        let c = colors(ui);
        let picture =
            Rect::from_min_size(Pos2::new(rect.center().x - SIDE / 2.0, rect.top() + 2.0), Vec2::splat(SIDE));
        let painter = ui.painter();
        let text = match key.map(|k| self.thumbnails.get(ui.ctx(), self.input.images, k)) {
            Some(Thumbnail::Ready(texture)) => {
                let all = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
                painter.image(texture.id(), picture, all, Color32::WHITE);
                return picture;
            }
            Some(Thumbnail::Loading) => "loading".to_owned(),
            Some(Thumbnail::Failed(why)) => why,
            None if self
                .input
                .section(section)
                .is_some_and(|s| s.section.is_none() && s.problem.is_none()) =>
            {
                "reading".to_owned()
            }
            None => "not in this project".to_owned(),
        };
        painter.rect_filled(picture, 0.0, c.quiet);
        let job = LayoutJob {
            wrap: TextWrapping { max_width: SIDE - 10.0, max_rows: 4, ..Default::default() },
            halign: Align::Center,
            ..LayoutJob::simple(text, FontId::proportional(11.0), c.weak, SIDE - 10.0)
        };
        let galley = ui.fonts_mut(|f| f.layout_job(job));
        let top = picture.center().y - galley.size().y / 2.0;
        painter.galley(Pos2::new(picture.center().x, top), galley, c.weak);
        picture
    }
}

/// A thumbnail with the lines beneath it.
fn size() -> Vec2 {
    Vec2::new(SIDE + 4.0, SIDE + 6.0 + 3.0 * LINE)
}

/// Draws line number `number` beneath a thumbnail, cut off at its width.
fn line(ui: &Ui, picture: Rect, number: usize, parts: &[(&str, FontFamily)], color: Color32) {
    let mut job = LayoutJob::default();
    for (i, (text, family)) in parts.iter().enumerate() {
        let font_id = FontId::new(11.5, family.clone());
        let space = if i > 0 { 4.0 } else { 0.0 };
        job.append(text, space, TextFormat { font_id, color, ..Default::default() });
    }
    let room = SIDE + 6.0;
    job.wrap = TextWrapping { max_width: room, max_rows: 1, break_anywhere: true, ..Default::default() };
    let galley = ui.fonts_mut(|f| {
        let galley = f.layout_job(job.clone());
        if !galley.elided {
            return galley;
        }
        // A name may be cut, not the number behind it; a little smaller, most of both fit.
        for section in &mut job.sections {
            section.format.font_id.size = SMALL;
        }
        f.layout_job(job)
    });
    let top = picture.bottom() + 4.0 + number as f32 * LINE;
    let place = Align2::CENTER_TOP.anchor_size(Pos2::new(picture.center().x, top), galley.size());
    ui.painter().galley(place.min, galley, color);
}
