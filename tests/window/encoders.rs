//! Choosing the image encoder, clicked through by label; weights files are real ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use hiscmcl::app::command::{Command, EncoderCommand, Overlay, Step, TrainCommand};
use hiscmcl::data::section::Section;
use hiscmcl::jobs::encoder_speed::Rates;
use hiscmcl::jobs::encoders::{EncoderChoice, TEXTURE, check_weights, list_with};
use hiscmcl::jobs::outcome::Outcome;
use hiscmcl::jobs::request::Request;
use hiscmcl::model::encoder::preset;
use hiscmcl::preprocess::views::View;
use hiscmcl::ui::Window;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};

use super::Test;

/// What the double answers to requests about encoders.
pub fn answer(request: &Request) -> Option<anyhow::Result<Outcome>> {
    Some(Ok(match request {
        Request::ListEncoders { chosen } => {
            let mut list = list_with(chosen);
            // Whatever this computer has.
            list.iter_mut().filter(|e| !chosen.contains_key(e.name)).for_each(|e| e.weights = None);
            Outcome::Encoders { list, folder: Some("/nowhere/weights".into()) }
        }
        Request::CheckWeights { encoder, path } => {
            return Some(check_weights(encoder, path).map(|()| Outcome::Done));
        }
        Request::MeasureRates { .. } => {
            let rates = Rates { convolutional: 60e9, transformer: 120e9, texture: 100.0 };
            Outcome::Rates { device: "CPU (2 threads)".into(), rates }
        }
        Request::MeasureSpeed { .. } => Outcome::Speed { device: "CPU (2 threads)".into(), per_second: 12.5 },
        Request::CheckFeatures { sections, encoder, views, .. } => features(sections, encoder, views),
        _ => return None,
    }))
}

/// Texture has described A1, but none of its views; every section has 300 patches.
fn features(sections: &[Arc<Section>], encoder: &EncoderChoice, views: &[View]) -> Outcome {
    let cached = if encoder.name == TEXTURE { vec!["A1".to_owned()] } else { Vec::new() };
    let patches: BTreeMap<String, u64> = sections.iter().map(|s| (s.name.clone(), 300)).collect();
    let missing_views = sections.iter().map(|s| (s.name.clone(), views.len() as u64)).collect();
    Outcome::Features { cached, bytes: 5 << 20, patches, missing_views }
}

/// The Train page with the cards open.
fn cards() -> Test {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Train));
    test.until(|w| !w.app().encoders.list.is_empty() && !w.app().settings.encoders.rates.is_empty());
    test.click("Change the image encoder");
    assert_eq!(test.harness.state().app().overlay, Some(Overlay::Encoders));
    test
}

fn card(test: &Test, label: &str) -> bool {
    test.harness.query_by_role_and_label(Role::ListBoxOption, label).is_some()
}

fn chosen(test: &Test) -> EncoderChoice {
    test.harness.state().app().forms.train.encoder.clone()
}

fn press(test: &mut Test, key: Key) {
    test.harness.key_press(key);
    test.settle();
}

/// Answers the question for the weights file by typing.
fn choose_file(test: &mut Test, path: &Path) {
    test.click("Choose weights file…");
    test.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    test.settle();
    let field = test.harness.get_by_label("Path of the file");
    field.type_text(&path.display().to_string());
    test.settle();
    test.click("Open");
    test.until(|w| !w.app().work.any(|r| matches!(r, Request::CheckWeights { .. })));
    test.settle();
}

/// A file with all parameters of a preset, zeros.
fn write_weights(name: &str, file: &Path) {
    let preset = preset(name).unwrap();
    let parameters = preset.architecture.list(preset.side).parameters;
    let zeros = |shape: &[usize]| vec![0_u8; shape.iter().product::<usize>() * 4];
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> =
        parameters.into_iter().map(|(name, shape)| (name, shape.clone(), zeros(&shape))).collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    serialize_to_file(views, None, file).unwrap();
}

#[test]
fn every_encoder_has_a_card_that_says_what_it_is_and_needs() {
    let mut test = cards();
    assert!(card(&test, "Texture, in use"));
    for text in ["BUILT IN", "EVERYDAY PHOTOGRAPHS", "PATHOLOGY", "100,000 H&E slides", "CC-BY-NC-ND-4.0"] {
        assert!(test.shows(text), "{text}");
    }
    for encoder in &test.harness.state().app().encoders.list {
        let state = if encoder.name == TEXTURE { "in use" } else { "weights not installed" };
        assert!(card(&test, &format!("{}, {state}", encoder.title)), "{}", encoder.title);
    }
    // 900 patches at 120e9 / 61.55e9 a second.
    assert!(test.shows("about 1.9 patches/s") && test.shows("about 8 min"));
    test.harness.get_by_role_and_label(Role::ListBoxOption, "ResNet-18, weights not installed").click();
    test.settle();
    assert_eq!(test.harness.state().app().encoders.shown, "resnet18");
    assert!(test.shows("Download the weights from"));
    test.send(Command::Encoder(EncoderCommand::Look("uni2-h".into())));
    test.harness.get_by_label("https://huggingface.co/MahmoodLab/UNI2-h");
    test.harness.get_by_label("/nowhere/weights");
    assert!(test.shows("under the name uni2-h.bin"));
    test.harness.get_by_label("Copy the address of UNI2-h").click();
    test.harness.run_steps(1);
    test.click("Check again");
    assert!(test.harness.query_by_role_and_label(Role::Button, "Use UNI2-h").is_none());
}

#[test]
fn keys_walk_through_the_cards() {
    let mut test = cards();
    let shown = |test: &Test| test.harness.state().app().encoders.shown.clone();
    press(&mut test, Key::ArrowDown);
    press(&mut test, Key::ArrowDown);
    assert_eq!(shown(&test), "resnet50");
    press(&mut test, Key::ArrowUp);
    assert_eq!(shown(&test), "resnet18");
    // It has no weights, so it cannot be used.
    press(&mut test, Key::Enter);
    assert_eq!((chosen(&test).name.as_str(), shown(&test).as_str()), (TEXTURE, "resnet18"));
    assert_eq!(test.harness.state().app().overlay, Some(Overlay::Encoders));
    press(&mut test, Key::End);
    assert_eq!(shown(&test), "h-optimus-1");
    test.settle();
    let rect = test.harness.get_by_role_and_label(Role::Button, "Choose weights file…").rect();
    assert!(rect.bottom() < 900.0 && rect.top() > 0.0, "the open card is scrolled to: {rect:?}");
    press(&mut test, Key::Escape);
    assert_eq!(test.harness.state().app().overlay, None);
}

#[test]
fn a_wrong_file_is_refused_in_its_card() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("uni.bin");
    std::fs::write(&page, "<!DOCTYPE html><html><body>Sign in</body></html>").unwrap();
    let other = folder.path().join("other.safetensors");
    let views = [("x", TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap())];
    serialize_to_file(views, None, &other).unwrap();
    let mut test = cards();
    test.send(Command::Encoder(EncoderCommand::Look("uni".into())));
    choose_file(&mut test, &page);
    assert_eq!(test.harness.state().app().overlay, Some(Overlay::Encoders));
    assert!(
        test.shows("is a web page, not a weights file"),
        "{:?}",
        test.harness.state().app().encoders.refused
    );
    choose_file(&mut test, &other);
    assert!(test.shows("does not hold the weights of UNI"));
    assert!(!test.shows("is a web page"), "what is past is not told any more");
    assert!(card(&test, "UNI, weights not installed"));
    assert_eq!(test.harness.state().app().notices.open().count(), 0, "it is told once");
    assert!(test.harness.state().app().settings.encoders.weights.is_empty());
}

#[test]
fn an_encoder_with_weights_is_used_and_its_time_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my weights.safetensors");
    write_weights("resnet18", &file);
    let mut test = cards();
    press(&mut test, Key::ArrowDown);
    choose_file(&mut test, &file);
    test.until(|w| w.app().encoders.find("resnet18").is_some_and(|e| e.weights.is_some()));
    assert!(card(&test, "ResNet-18, weights found"));
    test.click("Measure speed");
    test.until(|w| !w.app().settings.encoders.speeds.is_empty());
    assert!(test.shows("13 patches/s"));
    press(&mut test, Key::Enter);
    assert_eq!(test.harness.state().app().overlay, None);
    let expected = EncoderChoice { name: "resnet18".into(), weights: Some(file) };
    assert_eq!(chosen(&test), expected);
    test.until(|w| w.app().open.as_ref().unwrap().features_known);
    // 900 patches at 12.5 a second.
    assert!(test.shows("The image features of 3 sections are computed first, by ResNet-18: about 1 min."));
    assert!(test.shows("Memory for its weights: 43 MiB."));
    test.send(Command::GoTo(Step::Data));
    assert!(test.shows("0 of 3 sections have features by ResNet-18"));
    test.send(Command::GoTo(Step::Evaluate));
    assert!(test.shows("ResNet-18"));
    test.send(Command::GoTo(Step::Train));
    test.click("Train");
    test.until(|w| w.app().notices.open().any(|n| n.headline == "run 1 failed: The GPU is gone"));
    assert!(test.asked(|r| matches!(r, Request::Train { fit, .. } if fit.encoder == expected)));
}

#[test]
fn views_to_be_computed_count_before_training() {
    let mut test = Test::open("test.hiscmcl");
    test.send(Command::GoTo(Step::Train));
    let known = |w: &Window| w.app().open.as_ref().is_some_and(|o| o.features_known);
    test.until(|w| known(w) && !w.app().encoders.list.is_empty());
    test.until(|w| !w.app().settings.encoders.rates.is_empty());
    // 600 patches at 100 a second.
    assert!(test.shows("The image features of 2 sections are computed first, by Texture: a few seconds."));
    let mut form = test.harness.state().app().forms.train.clone();
    form.settings.insert("views".into(), "2".into());
    test.send(Command::Train(TrainCommand::Edit(form)));
    test.until(known);
    assert!(test.asked(|r| matches!(r, Request::CheckFeatures { views, .. } if views.len() == 2)));
    // Two views of each section, and the plain one of two: 2400 patches.
    let text = "The image features of 3 sections, in 3 views, are computed first, by Texture: about 20 s.";
    assert!(test.shows(text));
    // Their own button computes the plain one alone.
    test.send(Command::GoTo(Step::Data));
    assert!(test.shows("about 600 patches"));
}

#[test]
fn the_choice_is_remembered() {
    let mut test = Test::open("test.hiscmcl");
    assert_eq!(chosen(&test), EncoderChoice::default());
    let asked = |r: &Request| matches!(r, Request::CheckFeatures { encoder, .. } if encoder.name == TEXTURE);
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.features_known));
    assert!(test.asked(asked));
    // A new project begins with what was chosen last.
    let last = EncoderChoice { name: "uni".into(), weights: Some(PathBuf::from("/nowhere/uni.bin")) };
    test.harness.state_mut().app_mut().settings.encoders.chosen = last.clone();
    test.send(Command::Project(hiscmcl::app::command::ProjectCommand::Open("test.hiscmcl".into())));
    // The project that was open until now is ready too, so the choice is waited for first.
    test.until(|w| w.app().forms.train.encoder == last);
    test.until(|w| w.app().open.as_ref().is_some_and(|o| o.ready().count() == 3 && o.features_known));
    test.until(|w| !w.app().encoders.list.is_empty());
    // Its weights are gone, which is said before anything is started.
    test.send(Command::GoTo(Step::Train));
    assert!(test.shows("The weights file of UNI was moved or deleted"));
}
