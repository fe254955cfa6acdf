//! What training and cross-validation ask for alike: encoder, target, device and seed.

use eframe::egui::{ComboBox, DragValue, Ui};

use crate::app::command::{Command, EncoderCommand};
use crate::app::encoders::memory_text;
use crate::app::forms::TrainForm;
use crate::app::state::App;
use crate::core::target::Target;
use crate::device::{DeviceChoice, Kind};
use crate::ui::theme::strong;
use crate::ui::widgets::{Tone, banner, field, name, remark};

/// Width of the labels.
pub const LABEL: f32 = 150.0;
/// Width of the controls beside them.
pub const CONTROL: f32 = 210.0;

/// The scale of the predictions.
pub fn target(ui: &mut Ui, form: &mut TrainForm) {
    field(ui, "Target", LABEL, |ui| {
        ComboBox::from_id_salt("target").selected_text(target_name(form.target)).width(CONTROL).show_ui(
            ui,
            |ui| {
                for option in [Target::Published, Target::Lognorm] {
                    ui.selectable_value(&mut form.target, option, target_name(option));
                }
            },
        );
    });
    remark(ui, target_help(form.target));
}

/// What a target is called.
pub fn target_name(target: Target) -> &'static str {
    match target {
        Target::Published => "published protocol",
        Target::Lognorm => "log-normalised",
    }
}

fn target_help(target: Target) -> &'static str {
    match target {
        Target::Published => {
            "log10(1 + 10,000 \u{00D7} count / sum over the chosen genes): as in the published work. With the \
             published gene lists, results are comparable with the published numbers."
        }
        Target::Lognorm => {
            "ln(1 + 10,000 \u{00D7} count / sum over all genes): the usual normalisation, which does not depend on the gene \
             list."
        }
    }
}

/// The image encoder, and what must be computed with it first.
pub fn encoder(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    encoder_field(ui, app, LABEL, out);
    match app.encoder() {
        Some(encoder) if !encoder.is_ready() => {
            let text = format!(
                "The weights file of {} was moved or deleted. Choose it again, or another encoder.",
                encoder.title
            );
            banner(ui, Tone::Warning, text);
        }
        encoder => {
            let memory = encoder.map_or(0, |e| e.memory);
            match app.ahead_of_training() {
                Some(ahead) if ahead.known && ahead.sections > 0 && memory > 0 => {
                    remark(ui, format!("{} Memory for its weights: {}.", ahead.brief(), memory_text(memory)));
                }
                Some(ahead) => {
                    remark(ui, ahead.brief());
                }
                None => {}
            }
        }
    }
}

/// The image encoder with the button to change it.
pub fn encoder_field(ui: &mut Ui, app: &App, label_width: f32, out: &mut Vec<Command>) {
    field(ui, "Image encoder", label_width, |ui| {
        let chosen = app.forms.train.encoder.name.as_str();
        ui.label(strong(app.encoder().map_or(chosen, |e| e.title)));
        let change = ui.button("Change…");
        name(&change, "Change the image encoder");
        if change.clicked() {
            out.push(Command::Encoder(EncoderCommand::Choose));
        }
    });
}

/// Where to train.
pub fn device(ui: &mut Ui, app: &App, form: &mut TrainForm) {
    field(ui, "Device", LABEL, |ui| {
        let gpu = app.devices.iter().find(|d| d.kind != Kind::Cpu);
        let cpu = app.devices.iter().find(|d| d.kind == Kind::Cpu);
        let name = |choice| match choice {
            DeviceChoice::Auto => {
                let best = app.devices.first().map_or("looking", |d| d.name.as_str());
                format!("Best: {best}")
            }
            DeviceChoice::Gpu => gpu.map_or_else(|| "No GPU found".to_owned(), |d| d.name.clone()),
            DeviceChoice::Cpu => cpu.map_or_else(|| "CPU".to_owned(), |d| d.name.clone()),
        };
        ComboBox::from_id_salt("device").selected_text(name(form.device)).width(CONTROL).truncate().show_ui(
            ui,
            |ui| {
                ui.selectable_value(&mut form.device, DeviceChoice::Auto, name(DeviceChoice::Auto));
                if gpu.is_some() {
                    ui.selectable_value(&mut form.device, DeviceChoice::Gpu, name(DeviceChoice::Gpu));
                }
                ui.selectable_value(&mut form.device, DeviceChoice::Cpu, name(DeviceChoice::Cpu));
            },
        );
    });
}

/// The seed.
pub fn seed(ui: &mut Ui, form: &mut TrainForm) {
    field(ui, "Seed", LABEL, |ui| {
        ui.add(DragValue::new(&mut form.seed))
            .on_hover_text("Random seed. The same seed gives the same model on the CPU.");
    });
}
