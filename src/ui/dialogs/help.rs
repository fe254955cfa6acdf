//! How to work with the window.

use eframe::egui::{Context, Grid, RichText, ScrollArea, Ui};

use super::Closing;
use crate::app::command::Command;
use crate::app::keys::{COMMAND_KEY, EXPLORE_KEYS};
use crate::app::palette::all_items;
use crate::app::state::App;
use crate::app::terms::Term;
use crate::ui::theme::colors;
use crate::ui::widgets::{caption, remark};

/// Height that the rest of the dialog takes.
const REST: f32 = 150.0;

const MOUSE: &[(&str, &str)] = &[
    ("Wheel over a map", "Zoom at the cursor"),
    ("Drag a map", "Pan; all maps move together"),
    ("Space held over a map", "Pan without selecting a spot"),
    ("Double click a map", "Zoom in (with Shift: zoom out)"),
    ("Fit, or 0", "Show all of the tissue; press again for the whole slide"),
    (
        "Click a spot",
        "Show the training spots its prediction was retrieved from; between spots, the nearest one is taken",
    ),
    ("Click the small overview", "Jump to that place"),
    (
        "Add tissue, Remove tissue",
        "Drag over a slide without measurements to correct its tissue; Space or the middle button pans",
    ),
];

/// "Ctrl+" stands for the command key of the system.
const KEYBOARD: &[(&str, &str)] = &[
    ("Tab, Shift+Tab", "Go to the next or previous control, beginning with the page"),
    ("Space or Enter on a control", "Press it"),
    ("Enter in a text field", "Apply the text; the field keeps the keyboard"),
    ("Escape", "Leave a text field; close a menu, a list or a dialog"),
    ("Ctrl+Z in a text field", "Undo the typing, not the last edit of the project"),
];

const SAMPLES: &[(&str, &str)] = &[
    ("Click a row", "Select it (Shift: range, Ctrl: add)"),
    ("Edit in a selected row", "The patient or the labels of all selected rows"),
    ("Space", "Tick or untick the selected rows"),
    ("Ctrl+A, Escape", "Select all rows, or none"),
    ("Ctrl+Enter", "Add the ticked samples"),
];

const STEPS: &[(&str, &str)] = &[
    ("1 Data", "Add sections with H&E image, spots and counts; choose the genes."),
    ("2 Train", "Train a model that predicts those genes from the H&E image."),
    (
        "3 Explore",
        "Compare measured and predicted maps side by side, and see the evidence behind each prediction.",
    ),
    ("4 Evaluate", "Test on held-out patients or sections how far to trust each gene: good, fair or poor."),
    ("5 Export", "Save figures for print, and predictions as tables."),
];

/// Draws the page.
pub fn show(ctx: &Context, app: &App, out: &mut Vec<Command>) {
    super::dialog(ctx, "Help", 720.0, Closing::Easily, out, |ui, out| {
        ui.spacing_mut().interact_size.y = 16.0;
        let most = (super::free(ctx).height() - REST).clamp(100.0, 520.0);
        ScrollArea::vertical().max_height(most).auto_shrink([false, true]).show(ui, |ui| {
            caption(ui, "The five steps");
            table(ui, "steps", STEPS.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())));
            ui.add_space(8.0);
            caption(ui, "Mouse and maps");
            table(ui, "mouse", MOUSE.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())));
            ui.add_space(8.0);
            caption(ui, "Keys of the Explore page");
            table(ui, "explore keys", EXPLORE_KEYS.iter().map(|k| (k.text(), k.does.to_owned())));
            ui.add_space(8.0);
            caption(ui, "Keyboard");
            table(ui, "keyboard", KEYBOARD.iter().map(keys));
            ui.add_space(8.0);
            caption(ui, "Shortcuts");
            let all = all_items(app)
                .into_iter()
                .filter_map(|i| Some((i.shortcut?.text(), i.plain_name().to_owned())));
            table(ui, "keys", all);
            ui.add_space(8.0);
            caption(ui, "Samples that were found");
            table(ui, "samples", SAMPLES.iter().map(keys));
            ui.add_space(8.0);
            caption(ui, "Terms");
            table(ui, "terms", Term::ALL.iter().map(|t| (t.name().to_owned(), t.sentence().to_owned())));
            remark(ui, "HisCMCL is for research. It is not a medical device and not for diagnosis.");
        });
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.button("Close").clicked() {
                out.push(Command::CloseOverlay);
            }
        });
    });
}

/// A row about keys, with the command key as this system calls it.
fn keys(&(keys, what): &(&str, &str)) -> (String, String) {
    let here = |text: &str| {
        text.replace("Ctrl+", COMMAND_KEY)
            .replace("with Ctrl", &format!("with {}", COMMAND_KEY.trim_end_matches("+")))
    };
    (here(keys), here(what))
}

fn table(ui: &mut Ui, id: &str, rows: impl Iterator<Item = (String, String)>) {
    let c = colors(ui);
    Grid::new(id).num_columns(2).min_col_width(150.0).max_col_width(500.0).spacing([16.0, 4.0]).show(
        ui,
        |ui| {
            for (left, right) in rows {
                ui.label(RichText::new(left).color(c.text));
                ui.label(RichText::new(right).color(c.weak));
                ui.end_row();
            }
        },
    );
}
