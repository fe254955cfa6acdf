//! The scores of each fold.

use eframe::egui::{Grid, RichText, ScrollArea, TextStyle, Ui};

use crate::evaluate::report::{Ceiling, EvalReport, Scores};
use crate::evaluate::tables::rounded;
use crate::ui::theme::{colors, strong};
use crate::ui::widgets::remark;

/// The table: a row a fold and the means; model, ridge, the mean of the training spots, the ceiling.
pub fn folds(ui: &mut Ui, report: &EvalReport) {
    ScrollArea::horizontal().id_salt("folds").auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().interact_size.y = 16.0;
        Grid::new("fold table").num_columns(11).spacing([14.0, 5.0]).show(ui, |ui| {
            groups(ui);
            heads(ui);
            for fold in &report.folds {
                let name = match &fold.patient {
                    Some(patient) => format!("{} (patient {patient})", fold.test),
                    None => fold.test.clone(),
                };
                ui.label(name);
                row(ui, &fold.model, &fold.ridge, &fold.mean, &fold.ceiling);
                ui.end_row();
            }
            let m = &report.mean;
            ui.label(strong("Mean"));
            row(ui, &m.model, &m.ridge, &m.mean, &m.ceiling);
            ui.end_row();
        });
        ui.add_space(4.0);
    });
    let undefined: usize = report.folds.iter().map(|f| f.undefined_genes).sum();
    let mut text = "PCC: Pearson's correlation over the spots of the held-out section, averaged over genes (all, or the 50 \
                    highest expressed). MSE, MAE: squared and absolute error. Ridge is a linear model on the same image \
                    features; the mean predictor says the same everywhere; the ceiling is what a perfect prediction could \
                    reach, as counts are samples."
        .to_owned();
    if undefined > 0 {
        text.push_str(&format!(
            " {undefined} correlations are undefined, as the gene is the same at all spots of its section or the section has too few spots; they are left out."
        ));
    }
    remark(ui, text);
    regions(ui, report);
}

/// How regions found in the prediction agree with the pathologist's, where sections have labels.
fn regions(ui: &mut Ui, report: &EvalReport) {
    let labelled: Vec<_> = report.folds.iter().filter_map(|f| Some((f.test.as_str(), f.regions?))).collect();
    let n = labelled.len() as f64;
    if labelled.is_empty() {
        return;
    }
    let ari = labelled.iter().map(|(_, r)| r.ari).sum::<f64>() / n;
    let nmi = labelled.iter().map(|(_, r)| r.nmi).sum::<f64>() / n;
    let each: Vec<String> = labelled
        .iter()
        .map(|(name, r)| format!("{name}: ARI {:.2}, NMI {:.2}, {} spots", r.ari, r.nmi, r.spots))
        .collect();
    let text = format!(
        "Regions found in the predictions agree with the pathologist's labels by ARI {ari:.2} and NMI {nmi:.2} \
         (1 is perfect, 0 is chance; mean of {} sections).",
        labelled.len()
    );
    remark(ui, text).on_hover_text(each.join("\n"));
}

fn groups(ui: &mut Ui) {
    for text in ["", "Model", "", "", "", "Ridge", "", "", "Mean", "Ceiling", ""] {
        ui.label(strong(text));
    }
    ui.end_row();
}

fn heads(ui: &mut Ui) {
    let c = colors(ui);
    for text in [
        "Held out", "PCC all", "HEG-50", "MSE", "MAE", "PCC all", "HEG-50", "MSE", "MSE", "PCC all", "HEG-50",
    ] {
        ui.label(RichText::new(text).text_style(TextStyle::Small).color(c.weak));
    }
    ui.end_row();
}

fn row(ui: &mut Ui, model: &Scores, ridge: &Scores, mean: &Scores, ceiling: &Ceiling) {
    let c = colors(ui);
    let compare = |ours: Option<f64>, theirs: Option<f64>| {
        let ink = match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours >= theirs => c.good,
            (Some(_), Some(_)) => c.fair,
            _ => c.weak,
        };
        RichText::new(rounded(ours)).color(ink)
    };
    ui.label(compare(model.pcc_all, ridge.pcc_all));
    ui.label(compare(model.pcc_heg50, ridge.pcc_heg50));
    ui.label(rounded(Some(model.mse)));
    ui.label(rounded(Some(model.mae)));
    let errors = [ridge.mse, mean.mse].map(Some);
    let values = [ridge.pcc_all, ridge.pcc_heg50].into_iter().chain(errors);
    for value in values.chain([ceiling.pcc_all, ceiling.pcc_heg50]) {
        ui.label(RichText::new(rounded(value)).color(c.weak));
    }
}
