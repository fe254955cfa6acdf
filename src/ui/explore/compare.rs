//! Two groups of spots compared: what with what, a table of genes, and a plot that is linked with it.

use eframe::egui::{
    Align, Button, Color32, ComboBox, Label, Layout, Rect, RichText, TextStyle, Ui, UiBuilder, Vec2,
};

use super::tools::swatch;
use super::{compare_plots, explore, tabs};
use crate::app::command::Command;
use crate::app::explore::compare::{CompareColumn, CompareForm, ComparePlot, ComparedGene, Listed, Origin};
use crate::app::explore::text::thousands;
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::data::regions::palette;
use crate::evaluate::compare::SectionMeans;
use crate::jobs::compare::{Compared, Group};
use crate::ui::table::{Column, Table, text};
use crate::ui::theme::{self, colors, gene, judgement_color};
use crate::ui::widgets;

/// Height of a row of the table.
const ROW: f32 = 20.0;
/// A panel from this width on has what is compared in the line of the tabs.
const ONE_LINE: f32 = 800.0;
/// Share of the width that the table takes, and the least that it needs.
const TABLE: f32 = 0.66;
const TABLE_LEAST: f32 = 420.0;
/// A panel narrower than this shows no plot.
const WITH_PLOT: f32 = 640.0;

/// Draws the panel.
pub fn show(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 4.0;
    let form = state.comparing().form();
    let mut next = form.clone();
    // The first two groups there are, until others are chosen.
    if form.a.is_none() {
        let mut found = groups(state).into_iter().map(|(group, _)| group);
        next.a = found.next();
        next.b = found.next().unwrap_or(Group::Rest);
    }
    let mut settings = |ui: &mut Ui, commands: &mut Vec<Command>| {
        chosen(ui, state, input, &mut next);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let has_table = matches!(state.comparing().found(), Some(Ok(_)));
            if ui.add_enabled(has_table, widgets::mini_button("Save CSV\u{2026}")).clicked() {
                let request = PathRequest::new(PathPurpose::SaveComparison).named("comparison.csv");
                commands.push(Command::Ask(request));
            }
        });
    };
    tabs::with_settings(ui, ONE_LINE, state, commands, &mut settings);
    match state.comparing().found() {
        _ if form.a.is_none() => {
            widgets::remark(
                ui,
                "Draw regions with the tools above the maps, import them, or find clusters; then choose two groups of spots \
                 here to see which genes differ.",
            );
        }
        None if state.comparing().is_waiting() => {
            ui.horizontal(|ui| {
                ui.spinner();
                widgets::remark(ui, "Comparing");
            });
        }
        None => {
            widgets::remark(ui, nothing_to_compare(state));
        }
        Some(Err(why)) => {
            widgets::remark(ui, format!("{why}."));
        }
        Some(Ok(compared)) => results(ui, state, compared, &mut next, commands),
    }
    if next != *form {
        commands.push(explore(ExploreCommand::Compare(next)));
    }
}

fn nothing_to_compare(state: &ExploreState) -> &'static str {
    match state.comparing().form().origin {
        Origin::Predicted => {
            "There is no prediction of this section yet. Train a model, or compare measured values."
        }
        Origin::Measured => "Nothing was measured here. Compare predicted values.",
    }
}

/// The groups that can be chosen here, with their colours: classes of regions and of labels, clusters, and what is selected.
fn groups(state: &ExploreState) -> Vec<(Group, [u8; 3])> {
    let mut found: Vec<(Group, [u8; 3])> = Vec::new();
    let mut add = |name: &str, color: [u8; 3]| {
        let group = Group::Class(name.to_owned());
        if !found.iter().any(|(known, _)| *known == group) {
            found.push((group, color));
        }
    };
    for row in state.regions().rows().iter().filter(|row| row.places > 0) {
        if let Some(class) = &row.class {
            add(class, row.color);
        }
    }
    for label in state.regions().labels() {
        add(&label.name, label.color);
    }
    let section = state.section_name().unwrap_or_default();
    for clusters in Origin::ALL.iter().filter_map(|o| state.clusters().found(*o)) {
        if clusters.map_of(section).is_some() {
            clusters.list.iter().for_each(|cluster| add(&cluster.name, cluster.color));
        }
    }
    let selected = state.drawing().selected();
    if !selected.is_empty() {
        let first = selected.first().and_then(|id| state.regions().set().get(*id));
        let title = match selected.len() {
            1 => "Selected region".to_owned(),
            several => format!("{several} selected regions"),
        };
        let color = first.map_or(palette::UNCLASSIFIED, |r| state.regions().classes().color_of(r));
        found.push((Group::Regions { ids: selected.to_vec(), title }, color));
    }
    found
}

/// The colour of a group, grey for the rest.
pub fn color_of(group: &Group, state: &ExploreState) -> [u8; 3] {
    let known = groups(state).into_iter().find(|(known, _)| known == group);
    known.map_or([120, 128, 138], |(_, color)| color)
}

/// What is compared with what.
fn chosen(ui: &mut Ui, state: &ExploreState, input: &ExploreInput, next: &mut CompareForm) {
    let all = groups(state);
    let grey = |text: &str| RichText::new(text).text_style(TextStyle::Small).color(colors(ui).weak);
    let vs = grey("vs.");
    let choice = |ui: &mut Ui, id: &str, name: &str, now: Option<&Group>, others: &[Group]| {
        let mut chosen = None;
        let title = now.map_or("choose\u{2026}", Group::title);
        ui.scope(|ui| {
            ui.spacing_mut().button_padding = Vec2::new(8.0, 2.0);
            let text = RichText::new(format!("\u{2003} {title}")).size(12.5);
            let shown =
                ComboBox::from_id_salt(id).selected_text(text).width(112.0).truncate().show_ui(ui, |ui| {
                    let rest = others.iter().map(|group| (group.clone(), color_of(group, state)));
                    for (group, color) in all.iter().cloned().chain(rest) {
                        let text = format!("\u{2003} {}", group.title());
                        let response = ui.add(Button::selectable(now == Some(&group), text));
                        swatch(ui, response.rect.left_center() + Vec2::new(6.0, 0.0), color);
                        if response.clicked() {
                            chosen = Some(group);
                            ui.close();
                        }
                    }
                    if all.is_empty() {
                        ui.label("No region, label or cluster here yet");
                    }
                });
            widgets::name(&shown.response, name);
            let color = now.map_or([120, 128, 138], |group| color_of(group, state));
            swatch(ui, shown.response.rect.left_center() + Vec2::new(8.0, 0.0), color);
        });
        chosen
    };
    if let Some(group) = choice(ui, "group a", "Group A", next.a.as_ref(), &[]) {
        // The same group twice says nothing: the other one takes its place.
        if next.b == group {
            next.b = next.a.clone().unwrap_or(Group::Rest);
        }
        next.a = Some(group);
    }
    ui.label(vs);
    if let Some(group) = choice(ui, "group b", "Group B", Some(&next.b), &[Group::Rest]) {
        if next.a.as_ref() == Some(&group) && next.b != Group::Rest {
            next.a = Some(next.b.clone());
        }
        next.b = group;
    }
    let small = |text: &str| RichText::new(text).size(12.5);
    let combo =
        ComboBox::from_id_salt("compared values").selected_text(small(next.origin.word())).width(84.0);
    let shown = combo.show_ui(ui, |ui| {
        for origin in Origin::ALL {
            ui.selectable_value(&mut next.origin, origin, origin.word());
        }
    });
    widgets::name(&shown.response, "Compared values");
    if input.sections.len() > 1 {
        let section = state.section_name().unwrap_or_default();
        let text = if next.all_sections { "all sections" } else { section };
        let combo = ComboBox::from_id_salt("compared sections").selected_text(small(text)).width(90.0);
        let shown = combo.truncate().show_ui(ui, |ui| {
            ui.selectable_value(&mut next.all_sections, false, section);
            ui.selectable_value(&mut next.all_sections, true, "all sections");
        });
        widgets::name(&shown.response, "Compared sections");
    }
}

fn results(
    ui: &mut Ui,
    state: &ExploreState,
    compared: &Compared,
    next: &mut CompareForm,
    commands: &mut Vec<Command>,
) {
    let room = ui.available_rect_before_wrap();
    let with_plot = room.width() >= WITH_PLOT;
    let width = if with_plot { (room.width() * TABLE).max(TABLE_LEAST) } else { room.width() };
    let left = room.with_max_x(room.left() + width);
    let mut table_ui = ui.new_child(UiBuilder::new().id_salt("compared genes").max_rect(left));
    table(&mut table_ui, state, compared, next, commands);
    if with_plot {
        let right = Rect::from_min_max(left.right_top() + Vec2::new(theme::GAP, 0.0), room.right_bottom());
        let mut plot_ui = ui.new_child(UiBuilder::new().id_salt("comparison plot").max_rect(right));
        plot(&mut plot_ui, state, compared, next, commands);
    }
    ui.advance_cursor_after_rect(room);
}

fn columns(compared: &Compared, origin: Origin) -> Vec<Column<CompareColumn>> {
    let between = compared.comparison.pseudo_bulk.is_some();
    let counts = compared.comparison.genes.iter().any(|g| g.expressing_a.is_some());
    let shown = |column: &CompareColumn| match column {
        CompareColumn::Sections => between,
        CompareColumn::Expressing => counts,
        _ => true,
    };
    let column = |id: CompareColumn| {
        let (hint, width, number) = match id {
            CompareColumn::Gene => ("", 74.0, false),
            CompareColumn::MeanA => ("Mean over the spots of the first group.", 52.0, true),
            CompareColumn::MeanB => ("Mean over the spots of the second group.", 52.0, true),
            CompareColumn::FoldChange => (
                "log2 of how many times as much is expressed in the first group; negative where it is less.",
                54.0,
                true,
            ),
            CompareColumn::Expressing => {
                ("Percent of the spots of each group in which it was detected.", 68.0, true)
            }
            CompareColumn::Adjusted => (
                "p-value of the Wilcoxon rank-sum test, adjusted for the number of genes (Benjamini-Hochberg).",
                50.0,
                true,
            ),
            CompareColumn::Auroc => (
                "The probability that a spot of the first group has a higher value than one of the second: .5 is no \
                 difference.",
                52.0,
                true,
            ),
            CompareColumn::Sections => (
                "Adjusted p-value of the test between sections, each counted once. It does not take neighbouring spots for \
                 independent.",
                74.0,
                true,
            ),
            CompareColumn::Other => match origin {
                Origin::Measured => ("AUROC on predicted values.", 60.0, true),
                Origin::Predicted => ("AUROC on measured values.", 60.0, true),
            },
            CompareColumn::Trust => {
                ("How far its predicted map can be trusted, from the cross-validation.", 80.0, false)
            }
        };
        let title = match (id, origin) {
            (CompareColumn::Other, Origin::Measured) => "predicted",
            (CompareColumn::Other, Origin::Predicted) => "measured",
            _ => id.title(),
        };
        let grows = if id == CompareColumn::Gene { 2.0 } else { 1.0 };
        // The smallest p-values and the names from A to Z come first.
        let descending =
            !matches!(id, CompareColumn::Gene | CompareColumn::Adjusted | CompareColumn::Sections);
        Column { number, descending, grows, ..Column::text(id, title, width).hint(hint) }
    };
    CompareColumn::ALL.into_iter().filter(shown).map(column).collect()
}

fn table(
    ui: &mut Ui,
    state: &ExploreState,
    compared: &Compared,
    next: &mut CompareForm,
    commands: &mut Vec<Command>,
) {
    let comparing = state.comparing();
    ui.horizontal(|ui| {
        let field = widgets::line_edit(&mut next.search).hint_text("Search").desired_width(100.0);
        widgets::name(&ui.add(field), "Search the compared genes");
        let text = |listed: Listed| match listed {
            Listed::All => "all genes".to_owned(),
            Listed::HigherInA => format!("higher in {}", compared.a),
            Listed::HigherInB => format!("higher in {}", compared.b),
        };
        let combo =
            ComboBox::from_id_salt("listed genes").selected_text(text(next.listed)).width(130.0).truncate();
        let shown = combo.show_ui(ui, |ui| {
            for listed in [Listed::All, Listed::HigherInA, Listed::HigherInB] {
                ui.selectable_value(&mut next.listed, listed, text(listed));
            }
        });
        widgets::name(&shown.response, "Which genes are listed");
        let c = colors(ui);
        let groups = format!(
            "{} genes \u{00B7} {} vs. {} spots",
            thousands(comparing.rows()),
            thousands(compared.comparison.members_a),
            thousands(compared.comparison.members_b)
        );
        let groups = RichText::new(groups).text_style(TextStyle::Small).color(c.weak);
        ui.add(Label::new(groups).truncate()).on_hover_text("Genes listed, and spots of the two groups");
    });
    let columns = columns(compared, comparing.form().origin);
    let caution = 18.0;
    let most = (ui.available_height() - 24.0 - caution - 8.0).max(3.0 * ROW);
    let drawn = Table {
        name: "compared genes",
        columns: &columns,
        row: ROW,
        most,
        sorting: Some(comparing.form().sorting),
    };
    let c = colors(ui);
    let touched = drawn.show(
        ui,
        comparing.rows(),
        |row| comparing.row(row).map(|g| format!("Maps of {}", g.name)),
        |ui, row, column| {
            let Some(g) = comparing.row(row) else { return };
            if state.gene() == Some(g.name.as_str()) && column == CompareColumn::Gene {
                let line = ui.max_rect();
                let mark = Rect::from_min_max(line.left_top() - Vec2::new(6.0, 0.0), line.left_bottom());
                ui.painter().rect_filled(mark.with_max_x(mark.left() + 3.0), 0.0, c.accent);
            }
            let shown = text(ui, cell(g, column, c));
            if let Some(told) = by_section(g, column, compared) {
                shown.on_hover_text(told);
            }
        },
    );
    if let Some(sorting) = touched.sorting {
        next.sorting = sorting;
    }
    if let Some(g) = touched.row.and_then(|row| comparing.row(row)) {
        commands.push(explore(ExploreCommand::SelectGene(g.name.clone())));
    }
    let text = RichText::new(compared.caution()).text_style(TextStyle::Small).color(c.weak);
    ui.add(Label::new(text).truncate());
}

/// The means of each section, where several are compared.
fn by_section(g: &ComparedGene, column: CompareColumn, compared: &Compared) -> Option<String> {
    let mean = |means: &SectionMeans| match column {
        CompareColumn::MeanA => Some(means.a),
        CompareColumn::MeanB => Some(means.b),
        _ => None,
    };
    if compared.sections.len() < 2 {
        return None;
    }
    let lines = compared.sections.iter().zip(&g.found.by_section).map(|(section, means)| {
        let mean = mean(means)?;
        Some(mean.map_or_else(|| format!("{section}: none"), |mean| format!("{section}: {mean:.2}")))
    });
    Some(lines.collect::<Option<Vec<_>>>()?.join("\n"))
}

fn cell(g: &ComparedGene, column: CompareColumn, c: theme::Colors) -> RichText {
    let plain = |text: String| RichText::new(text).color(c.text);
    let weak = |text: String| RichText::new(text).color(c.weak);
    let dash = || "\u{2013}".to_owned();
    match column {
        CompareColumn::Gene => gene(&g.name),
        CompareColumn::MeanA => weak(format!("{:.2}", g.found.mean_a)),
        CompareColumn::MeanB => weak(format!("{:.2}", g.found.mean_b)),
        CompareColumn::FoldChange => plain(signed(g.found.effect())),
        CompareColumn::Expressing => {
            let percent = |share: Option<f64>| share.map_or_else(dash, |s| format!("{:.0}", 100.0 * s));
            weak(format!("{} / {}", percent(g.found.expressing_a), percent(g.found.expressing_b)))
        }
        CompareColumn::Adjusted => {
            let text = p_text(g.found.q);
            if g.is_significant() { plain(text) } else { weak(text) }
        }
        CompareColumn::Auroc => plain(format!("{:.2}", g.found.auroc)),
        CompareColumn::Sections => weak(g.found.pseudo_bulk.map_or_else(dash, |bulk| p_text(bulk.q))),
        CompareColumn::Other => weak(g.other_auroc.map_or_else(dash, |a| format!("{a:.2}"))),
        CompareColumn::Trust => RichText::new(g.judgement.word()).color(judgement_color(g.judgement, c)),
    }
}

/// "+1.41", with a true minus.
fn signed(value: f64) -> String {
    let digits = format!("{:.2}", value.abs());
    match value {
        v if digits == "0.00" || v.is_nan() => digits,
        v if v < 0.0 => format!("\u{2212}{digits}"),
        _ => format!("+{digits}"),
    }
}

/// "3e-15", ".04".
pub fn p_text(p: f64) -> String {
    match p {
        0.0 => "< 1e-300".to_owned(),
        p if p < 1e-3 => format!("{p:.0e}"),
        p => format!("{p:.3}"),
    }
}

/// The colours of the two groups.
fn group_colors(state: &ExploreState) -> [Color32; 2] {
    let form = state.comparing().form();
    let color = |group: Option<&Group>| {
        let [r, g, b] = group.map_or([120, 128, 138], |group| color_of(group, state));
        Color32::from_rgb(r, g, b)
    };
    [color(form.a.as_ref()), color(Some(&form.b))]
}

fn plot(
    ui: &mut Ui,
    state: &ExploreState,
    compared: &Compared,
    next: &mut CompareForm,
    commands: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        for (plot, name) in [(ComparePlot::Volcano, "Volcano plot"), (ComparePlot::Dots, "Dot plot")] {
            ui.selectable_value(&mut next.plot, plot, RichText::new(name).size(12.0));
        }
    });
    let height = ui.available_height() - 4.0;
    let colors = group_colors(state);
    let clicked = match state.comparing().form().plot {
        ComparePlot::Volcano => compare_plots::volcano(ui, state, compared, colors, height),
        ComparePlot::Dots => compare_plots::dots(ui, state, compared, height),
    };
    if let Some(gene) = clicked {
        commands.push(explore(ExploreCommand::SelectGene(gene)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([1.414, -0.638, 0.001, -0.001].map(signed), ["+1.41", "\u{2212}0.64", "0.00", "0.00"]);
        assert_eq!([0.0, 3.2e-15, 0.0412, 1.0].map(p_text), ["< 1e-300", "3e-15", "0.041", "1.000"]);
    }
}
