//! A few alternatives in rows of small buttons; what does not fit is in a menu.

use eframe::egui::{self, Color32, FontId, RichText, Stroke, Ui, Vec2};

use crate::ui::theme::{self, colors};

/// One alternative.
pub struct Chip<T> {
    /// Its text.
    pub text: String,
    /// What it stands for.
    pub value: T,
}

const HEIGHT: f32 = 24.0;
const PAD: f32 = 9.0;
const BETWEEN: f32 = 5.0;
const MORE: &str = "More …";
const SIZE: f32 = 12.0;

/// Draws `chips` in at most `lines` lines; `current` is always among those drawn. Gives the one clicked.
pub fn show<T: Clone + PartialEq>(ui: &mut Ui, chips: &[Chip<T>], current: &T, lines: usize) -> Option<T> {
    let width = |ui: &Ui, text: &str| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(SIZE), Color32::BLACK);
        galley.size().x + 2.0 * PAD
    };
    let room = ui.available_width();
    let widths: Vec<f32> = chips.iter().map(|c| width(ui, &c.text).min(room)).collect();
    let drawn =
        fitting(&widths, chips.iter().position(|c| c.value == *current), room, width(ui, MORE), lines);
    let mut chosen = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(BETWEEN);
        ui.horizontal_wrapped(|ui| {
            for &i in &drawn {
                let (Some(chip), Some(&width)) = (chips.get(i), widths.get(i)) else { continue };
                if button(ui, &chip.text, chip.value == *current, width).clicked() {
                    chosen = Some(chip.value.clone());
                }
            }
            let hidden: Vec<&Chip<T>> =
                chips.iter().enumerate().filter(|(i, _)| !drawn.contains(i)).map(|(_, c)| c).collect();
            if !hidden.is_empty() {
                let text = RichText::new(MORE).size(SIZE);
                ui.spacing_mut().button_padding = Vec2::new(PAD - 1.0, 3.0);
                ui.spacing_mut().interact_size.y = HEIGHT;
                ui.menu_button(text, |ui| {
                    for chip in hidden {
                        if ui.button(&chip.text).clicked() {
                            chosen = Some(chip.value.clone());
                            ui.close();
                        }
                    }
                })
                .response
                .on_hover_text("More gene panels");
            }
        });
    });
    chosen
}

fn button(ui: &mut Ui, text: &str, selected: bool, width: f32) -> egui::Response {
    let c = colors(ui);
    let (fill, line) = if selected { (c.selected, c.accent) } else { (c.quiet, c.border) };
    ui.spacing_mut().button_padding = Vec2::new(PAD - 1.0, 3.0);
    ui.add(
        egui::Button::selectable(selected, RichText::new(text).size(SIZE).color(c.text))
            .fill(fill)
            .stroke(Stroke::new(1.0, line))
            .corner_radius(theme::ROUND)
            .frame_when_inactive(true)
            .truncate()
            .min_size(Vec2::new(width, HEIGHT)),
    )
}

/// Which chips of these widths fit into `lines` lines of `room` points, leaving place for a button of
/// width `more` when not all do. `current` comes in place of the last one if it would not fit.
fn fitting(widths: &[f32], current: Option<usize>, room: f32, more: f32, lines: usize) -> Vec<usize> {
    let fits = |chosen: &[usize], extra: f32| {
        let (mut line, mut x) = (0, 0.0);
        for w in chosen.iter().filter_map(|&i| widths.get(i)).copied().chain((extra > 0.0).then_some(extra)) {
            if x > 0.0 && x + w > room {
                line += 1;
                x = 0.0;
            }
            x += w + BETWEEN;
        }
        line < lines
    };
    let all: Vec<usize> = (0..widths.len()).collect();
    if fits(&all, 0.0) {
        return all;
    }
    let mut chosen = Vec::new();
    for i in all {
        chosen.push(i);
        if !fits(&chosen, more) {
            // A shorter one further on may still fit.
            chosen.pop();
        }
    }
    if let Some(current) = current.filter(|c| !chosen.contains(c)) {
        chosen.push(current);
        while chosen.len() > 2 && !fits(&chosen, more) {
            chosen.remove(chosen.len() - 2);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_chip_is_always_there() {
        let widths = [50.0; 9];
        assert_eq!(fitting(&widths[..4], None, 230.0, 40.0, 1), [0, 1, 2, 3]);
        assert_eq!(fitting(&widths, Some(0), 230.0, 40.0, 1), [0, 1, 2]);
        assert_eq!(fitting(&widths, Some(8), 230.0, 40.0, 1), [0, 1, 8]);
        assert_eq!(fitting(&widths, Some(8), 230.0, 40.0, 2), [0, 1, 2, 3, 4, 5, 8]);
    }
}
