//! Clusters of spots: how to find them, what was found, and what marks each.

use eframe::egui::{
    Align, ComboBox, DragValue, FontFamily, Label, Layout, Pos2, RichText, ScrollArea, TextStyle, Ui, Vec2,
};

use super::row::{self, Place};
use super::tools::swatch;
use super::{explore, tabs};
use crate::app::command::{Command, ExportCommand};
use crate::app::explore::clusters::{ClusterForm, ClusterRow, FoundClusters};
use crate::app::explore::compare::{CompareForm, Origin, Tab};
use crate::app::explore::text::thousands;
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState};
use crate::app::terms::Term;
use crate::jobs::compare::Group;
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// A panel from this width on has the settings in the line of the tabs.
const ONE_LINE: f32 = 780.0;
/// Markers of a cluster that are named.
const NAMED: usize = 6;

/// Draws the panel.
pub fn show(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 4.0;
    let form = *state.clusters().form();
    let mut next = form;
    let mut controls = |ui: &mut Ui, commands: &mut Vec<Command>| {
        settings(ui, state, input, &mut next);
        if widgets::mini(ui, "Find clusters").clicked() {
            commands.push(Command::Export(ExportCommand::Cluster));
        }
    };
    tabs::with_settings(ui, ONE_LINE, state, commands, &mut controls);
    if next != form {
        commands.push(explore(ExploreCommand::Cluster(next)));
    }
    let section = state.section_name().unwrap_or_default();
    let found: Vec<&FoundClusters> = Origin::ALL
        .iter()
        .filter_map(|o| state.clusters().found(*o))
        .filter(|found| found.map_of(section).is_some())
        .collect();
    if found.is_empty() {
        widgets::remark(
            ui,
            "Leiden finds as many clusters as the expression has at this resolution, k-means as many as are asked for. They \
             appear as panes, and as groups to compare.",
        );
        return;
    }
    let room = ui.available_height();
    ui.columns(found.len(), |columns| {
        for (ui, found) in columns.iter_mut().zip(&found) {
            list(ui, state, found, room, commands);
        }
    });
}

fn settings(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, next: &mut ClusterForm) {
    let small = |text: &str| RichText::new(text).size(12.5);
    let combo =
        ComboBox::from_id_salt("clustered values").selected_text(small(next.origin.word())).width(84.0);
    let shown = combo.show_ui(ui, |ui| {
        for origin in Origin::ALL {
            ui.selectable_value(&mut next.origin, origin, origin.word());
        }
    });
    widgets::name(&shown.response, "Clustered values");
    if input.sections.len() > 1 {
        let section = state.section_name().unwrap_or_default();
        let text = if next.all_sections { "all sections" } else { section };
        let combo = ComboBox::from_id_salt("clustered sections").selected_text(small(text)).width(90.0);
        let shown = combo.truncate().show_ui(ui, |ui| {
            ui.selectable_value(&mut next.all_sections, false, section);
            ui.selectable_value(&mut next.all_sections, true, "all sections");
        });
        widgets::name(&shown.response, "Clustered sections");
    }
    let method = |k_means: bool| if k_means { "k-means" } else { "Leiden" };
    let combo =
        ComboBox::from_id_salt("cluster method").selected_text(small(method(next.k_means))).width(80.0);
    let shown = combo.show_ui(ui, |ui| {
        for k_means in [false, true] {
            ui.selectable_value(&mut next.k_means, k_means, method(k_means));
        }
    });
    widgets::name(&shown.response, "Method of clustering");
    if next.k_means {
        let label = ui.label(small("clusters"));
        let field = ui.add(DragValue::new(&mut next.k).range(ClusterForm::COUNTS).speed(0.05));
        widgets::name(&field.labelled_by(label.id), "Number of clusters");
    } else {
        let label = ui.label(small("resolution"));
        let field = DragValue::new(&mut next.resolution).range(ClusterForm::RESOLUTIONS).speed(0.01);
        let field = ui.add(field.max_decimals(2)).labelled_by(label.id);
        widgets::name(&field, "Resolution of Leiden");
        field.on_hover_text("The higher, the more clusters.");
    }
}

fn list(ui: &mut Ui, state: &ExploreState, found: &FoundClusters, room: f32, commands: &mut Vec<Command>) {
    let c = colors(ui);
    let weak = |text: String| RichText::new(text).text_style(TextStyle::Small).color(c.weak);
    ui.horizontal(|ui| {
        let title = match found.origin {
            Origin::Measured => "Measured",
            Origin::Predicted => "Predicted",
        };
        ui.label(theme::strong(title).size(12.5));
        let agrees = found.agreement.map(|a| format!(" \u{00B7} labels: ARI {:.2}, NMI {:.2}", a.ari, a.nmi));
        let text = format!(
            "{} clusters by {} genes{}",
            found.list.len(),
            thousands(found.genes),
            agrees.unwrap_or_default()
        );
        let told = format!("{} {}", Term::Ari.sentence(), Term::Nmi.sentence());
        ui.add(Label::new(weak(text)).truncate()).on_hover_text(told);
    });
    let rows = ScrollArea::vertical().id_salt(found.origin.word()).max_height(room - 26.0);
    rows.auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for cluster in &found.list {
            cluster_row(ui, state, found, cluster, commands);
        }
    });
}

fn cluster_row(
    ui: &mut Ui,
    state: &ExploreState,
    found: &FoundClusters,
    cluster: &ClusterRow,
    commands: &mut Vec<Command>,
) {
    let c = colors(ui);
    let (rect, response) = row::begin(ui, false, &cluster.name);
    let left = rect.left() + 6.0;
    swatch(ui, Pos2::new(left, rect.center().y), cluster.color);
    let font = || (12.5, FontFamily::Proportional);
    let name = Place::From(left + 18.0);
    row::text(ui, rect, name, 124.0, &cluster.name, font(), c.text);
    let places = thousands(cluster.places);
    row::text(ui, rect, Place::From(left + 146.0), 44.0, &places, font(), c.weak);
    // The markers, each a way to its map.
    let inner = rect.with_min_x(left + 194.0);
    let layout = Layout::left_to_right(Align::Center);
    let builder = eframe::egui::UiBuilder::new().id_salt(&cluster.name).max_rect(inner).layout(layout);
    let mut line = ui.new_child(builder);
    line.shrink_clip_rect(inner);
    line.spacing_mut().item_spacing = Vec2::new(6.0, 0.0);
    if cluster.markers.is_empty() {
        let none = "no gene is significantly higher here";
        line.label(RichText::new(none).text_style(TextStyle::Small).color(c.weak));
    }
    for marker in cluster.markers.iter().take(NAMED) {
        let text = theme::gene(&marker.gene).size(12.0);
        let told = format!("{}: AUROC {:.2}. Click to see its maps.", marker.gene, marker.auroc);
        if line.link(text).on_hover_text(told).clicked() {
            commands.push(explore(ExploreCommand::SelectGene(marker.gene.clone())));
        }
    }
    if response.clicked() {
        let form = CompareForm {
            a: Some(Group::Class(cluster.name.clone())),
            b: Group::Rest,
            origin: found.origin,
            all_sections: found.sections.len() > 1,
            ..state.comparing().form().clone()
        };
        commands.push(explore(ExploreCommand::Compare(form)));
        commands.push(explore(ExploreCommand::ShowTab(Tab::Compare)));
    }
    response.on_hover_text(format!("Click to compare {} with the rest.", cluster.name));
}
