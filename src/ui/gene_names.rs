//! What names of genes that are typed are taken for.

use eframe::egui::Ui;

use super::widgets::remark;
use crate::data::measured_genes::MeasuredGenes;

/// Says which names are taken for genes of other names, and returns the genes that are meant. What no section measured is
/// said by [`unknown`].
pub fn understood(ui: &mut Ui, typed: &[String], measured: &MeasuredGenes) -> Vec<String> {
    let (mut taken, mut meant) = (Vec::new(), Vec::new());
    for typed in typed {
        let Some(found) = measured.meant(typed) else { continue };
        if !found.genes.contains(typed) {
            taken.push(format!("{typed} as {}", found.genes.join(" and ")));
        }
        meant.extend(found.genes);
    }
    if !taken.is_empty() {
        remark(ui, format!("Understood {}.", taken.join(", ")));
    }
    meant
}

/// Says which names no section measured.
pub fn unknown(ui: &mut Ui, typed: &[String], measured: &MeasuredGenes) {
    let unknown: Vec<&str> =
        typed.iter().filter(|name| measured.meant(name).is_none()).map(String::as_str).collect();
    if !unknown.is_empty() {
        remark(ui, format!("No match in any section: {}.", unknown.join(", ")));
    }
}
