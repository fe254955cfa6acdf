//! The list of classes of regions, and what is selected of them.

use std::sync::Arc;

use eframe::egui::containers::menu::MenuButton;
use eframe::egui::{
    Align, Button, Color32, FontFamily, FontId, Layout, Pos2, Rect, RichText, ScrollArea, Sense, StrokeKind,
    TextStyle, Ui, UiBuilder, Vec2, WidgetInfo, accesskit,
};

use super::explore;
use super::row::{self, Place};
use super::tools::{class_choice, swatch};
use crate::app::command::{Command, SectionCommand};
use crate::app::explore::compare::{CompareForm, Tab};
use crate::app::explore::regions::{ClassRow, LabelRow};
use crate::app::explore::text::thousands;
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::app::paths::{PathPurpose, PathRequest};
use crate::app::region_edit::{ClassEdit, RegionEdit};
use crate::core::display::{DisplaySettings, RegionStyle};
use crate::core::text::counted;
use crate::data::regions::{ClassName, Region, RegionId, palette};
use crate::jobs::compare::Group;
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Rows shown before the list scrolls.
const ROWS: usize = 6;
/// Side of the square in the colour of a class.
const SWATCH: f32 = 11.0;
/// Width of the button at the end of a row.
const MENU: f32 = 26.0;
/// Width of the button for the order, with its distance.
const SORTS: f32 = 76.0;
/// Width of the labels of what is selected.
const LABEL: f32 = 96.0;

/// Draws the list, and the ways to import and export.
pub fn show(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let Some(section) = state.section_name() else { return };
    let rows = state.regions().rows();
    let has_regions = !state.regions().set().is_empty();
    widgets::caption_with(ui, "Regions", |ui| {
        let button = |ui: &mut Ui, text: &str, hint: &str| {
            let text = RichText::new(text).text_style(TextStyle::Small);
            widgets::hint_beside(ui.add(Button::new(text).small().frame_when_inactive(false)), hint).clicked()
        };
        if has_regions
            && button(ui, "Export\u{2026}", "Save the regions for QuPath or Loupe Browser, or as a mask.")
        {
            let purpose = PathPurpose::ExportRegions { section: section.to_owned() };
            commands.push(Command::Ask(PathRequest::new(purpose).named(format!("{section}.geojson"))));
        }
        if button(ui, "Import\u{2026}", "Add annotations exported from QuPath as GeoJSON.") {
            let purpose = PathPurpose::ImportRegions { section: section.to_owned() };
            commands.push(Command::Ask(PathRequest::new(purpose)));
        }
    });
    ui.spacing_mut().item_spacing.y = 2.0;
    // In a low window the genes keep their share of the column.
    let most = (ROWS as f32 * theme::ROW).min((ui.available_height() * 0.3).max(2.0 * theme::ROW));
    ScrollArea::vertical().id_salt("regions").max_height(most).auto_shrink([false, true]).show(ui, |ui| {
        for row in rows {
            class_row(ui, section, row, state, commands);
        }
        for label in state.regions().labels() {
            label_row(ui, label, state, commands);
        }
    });
    if !rows.is_empty() || state.drawing().tool().draws() {
        new_class(ui, rows.len(), state, commands);
    }
}

/// The field that adds a class, and the order of the list.
fn new_class(ui: &mut Ui, classes: usize, state: &ExploreState, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let sorts = if classes > 1 { SORTS } else { 0.0 };
        let width = ui.available_width() - sorts;
        // The field is empty again once the class is there.
        let id = ("new class", classes);
        let typed = widgets::hinted_field(ui, id, "New class", "", "New class\u{2026}", width);
        if let Some(class) = typed.and_then(|text| ClassName::new(&text)) {
            commands.push(edit(ClassEdit::Add(class)));
        }
        if classes > 1 {
            let by_area = state.regions().is_by_area();
            let (text, hint) = match by_area {
                true => ("by area", "List classes in the order they were made."),
                false => ("in order", "List classes by area, the largest first."),
            };
            if widgets::mini(ui, text).on_hover_text(hint).clicked() {
                commands.push(explore(ExploreCommand::SortClasses(!by_area)));
            }
        }
    });
}

fn edit(edit: ClassEdit) -> Command {
    Command::Section(SectionCommand::EditClass(edit))
}

/// What the places of the section shown are called.
fn places_word(state: &ExploreState) -> &'static str {
    if state.index().is_some_and(|index| !index.is_measured()) { "places" } else { "spots" }
}

fn class_row(
    ui: &mut Ui,
    section: &str,
    shown: &ClassRow,
    state: &ExploreState,
    commands: &mut Vec<Command>,
) {
    let c = colors(ui);
    let name = shown.class.as_deref().unwrap_or("Unclassified");
    let drawn_with = state.drawing().class().map(|class| class.as_str());
    let used = state.drawing().tool().draws() && drawn_with == shown.class.as_deref();
    let (rect, response) = row::begin(ui, used, name);
    let hidden = shown.hidden || state.display().regions == RegionStyle::Hidden;
    let (left, right) = (rect.left() + row::PAD, rect.right() - MENU);
    let unit = places_word(state);
    let end = match (shown.regions, shown.area_mm2 > 0.0) {
        (0, _) => "none here".to_owned(),
        (_, true) => {
            format!("{} mm\u{b2} \u{b7} {} {unit}", area_text(shown.area_mm2), thousands(shown.places))
        }
        // Points and lines.
        (several, false) => counted(several, "region"),
    };
    let width = ui.painter().layout_no_wrap(end.clone(), FontId::proportional(12.0), c.weak).size().x;
    let room = (right - left - SWATCH - 8.0 - width - 8.0).max(30.0);
    let small = || (12.0, FontFamily::Proportional);
    let ink = if hidden || shown.regions == 0 { c.weak } else { c.text };
    let font = (13.0, FontFamily::Proportional);
    row::text(ui, rect, Place::From(left + SWATCH + 8.0), room, name, font, ink);
    row::text(ui, rect, Place::To(right), width + 1.0, &end, small(), c.weak);
    eye(ui, rect, shown, hidden, state, commands);
    let mut told = format!(
        "{name}: {}, {} mm\u{b2}, {} {unit} inside.",
        counted(shown.regions, "region"),
        area_text(shown.area_mm2),
        thousands(shown.places)
    );
    if shown.locked {
        told.push_str(" Locked.");
    }
    told.push_str(" Click to select its regions and draw new ones.");
    if response.clicked() {
        let of_class = |r: &&Arc<Region>| r.class.as_ref().map(ClassName::as_str) == shown.class.as_deref();
        let ids = state.regions().set().iter().filter(of_class).map(|r| r.id).collect();
        commands.push(explore(ExploreCommand::SelectRegions(ids)));
        let class = shown.class.as_deref().and_then(ClassName::new);
        commands.push(explore(ExploreCommand::DrawClass(class)));
    }
    response.clone().on_hover_text(told);
    let menu = Rect::from_min_max(Pos2::new(right, rect.top()), rect.right_bottom());
    let layout = Layout::left_to_right(Align::Center);
    let builder = UiBuilder::new().id_salt(("class menu", name)).max_rect(menu).layout(layout);
    let mut child = ui.new_child(builder);
    child.spacing_mut().button_padding.x = 3.0;
    let dots = Button::new(RichText::new("\u{22ef}").size(14.0)).small().frame_when_inactive(false);
    let (opened, _) = MenuButton::from_button(dots).ui(&mut child, |ui| {
        class_menu(ui, section, shown, commands);
    });
    widgets::name(&opened, &format!("Change {name}"));
    response.context_menu(|ui| class_menu(ui, section, shown, commands));
}

/// A label that came with the section: a class of spots like those of regions, which cannot be edited.
fn label_row(ui: &mut Ui, label: &LabelRow, state: &ExploreState, commands: &mut Vec<Command>) {
    let c = colors(ui);
    let (rect, response) = row::begin(ui, false, &label.name);
    let left = rect.left() + row::PAD;
    swatch(ui, Pos2::new(left, rect.center().y), label.color);
    let end = format!("{} spots", thousands(label.places));
    let right = rect.right() - MENU;
    let name = Place::From(left + SWATCH + 8.0);
    let room = right - left - SWATCH - 80.0;
    row::text(ui, rect, name, room, &label.name, (13.0, FontFamily::Proportional), c.text);
    row::text(ui, rect, Place::To(right), 70.0, &end, (12.0, FontFamily::Proportional), c.weak);
    if response.clicked() {
        let a = Some(Group::Class(label.name.clone()));
        let form = CompareForm { a, b: Group::Rest, ..state.comparing().form().clone() };
        commands.push(explore(ExploreCommand::Compare(form)));
        commands.push(explore(ExploreCommand::ShowTab(Tab::Compare)));
    }
    response.on_hover_text(format!(
        "The label {} of the section. Click to compare it with the rest.",
        label.name
    ));
}

/// The square in the colour of a class, which shows and hides its regions.
fn eye(
    ui: &mut Ui,
    row: Rect,
    shown: &ClassRow,
    hidden: bool,
    state: &ExploreState,
    commands: &mut Vec<Command>,
) {
    let name = shown.class.as_deref().unwrap_or("Unclassified");
    let left = Pos2::new(row.left() + row::PAD, row.center().y);
    let [r, g, b] = shown.color;
    let color = Color32::from_rgb(r, g, b);
    let at = Rect::from_min_size(left - Vec2::new(0.0, SWATCH / 2.0), Vec2::splat(SWATCH));
    // Regions without a class cannot be hidden by themselves.
    if shown.class.is_some() || hidden {
        let id = ui.scope_id().with(("eye", name));
        let response = ui.interact(at.expand(4.0), id, Sense::click());
        let verb = if hidden { "Show" } else { "Hide" };
        response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, true, format!("{verb} {name}")));
        if response.hovered() || response.has_focus() {
            ui.painter().rect_stroke(at.expand(3.0), 3.0, (1.0, colors(ui).accent), StrokeKind::Inside);
        }
        if response.clicked() {
            match (&shown.class, state.display().regions) {
                (_, RegionStyle::Hidden) => {
                    let settings =
                        DisplaySettings { regions: RegionStyle::Outlined, ..state.display().clone() };
                    commands.push(explore(ExploreCommand::Display { what: "Regions", settings }));
                }
                (Some(class), _) => {
                    commands.push(edit(ClassEdit::Hide { class: class.clone(), hidden: !shown.hidden }));
                }
                (None, _) => {}
            }
        }
        response.on_hover_text(format!("{verb} {name}"));
    }
    if hidden {
        ui.painter().rect_stroke(at, 2.0, (1.5, color), StrokeKind::Inside);
    } else {
        ui.painter().rect_filled(at, 2.0, color);
    }
}

/// What can be done with a class.
fn class_menu(ui: &mut Ui, section: &str, shown: &ClassRow, commands: &mut Vec<Command>) {
    if let Some(class) = &shown.class {
        ui.horizontal(|ui| {
            ui.label("Name");
            let typed = widgets::text_field(ui, ("class name", class), "Name of the class", class, 140.0);
            if let Some(to) = typed.and_then(|text| ClassName::new(&text)) {
                commands.push(edit(ClassEdit::Rename { from: class.clone(), to }));
                ui.close();
            }
        });
        ui.label("Colour");
        colour_choice(ui, class, shown.color, commands);
        ui.separator();
        let verb = if shown.hidden { "Show" } else { "Hide" };
        if ui.button(format!("{verb} its regions")).clicked() {
            commands.push(edit(ClassEdit::Hide { class: class.clone(), hidden: !shown.hidden }));
            ui.close();
        }
        let verb = if shown.locked { "Unlock" } else { "Lock" };
        if ui.button(format!("{verb} its regions")).clicked() {
            commands.push(edit(ClassEdit::Lock { class: class.clone(), locked: !shown.locked }));
            ui.close();
        }
        ui.separator();
    }
    let delete = Button::new(format!("Delete its regions in {section}"));
    if ui.add_enabled(shown.regions > 0, delete).clicked() {
        let (section, class) = (section.to_owned(), shown.class.clone());
        commands.push(Command::Section(SectionCommand::DeleteRegions { section, class }));
        ui.close();
    }
    if let Some(class) = &shown.class {
        let remove = ui.button("Remove the class");
        if remove.on_hover_text("Its regions stay, without a class, in all sections.").clicked() {
            commands.push(edit(ClassEdit::Remove(class.clone())));
            ui.close();
        }
    }
}

/// The colours that are told apart best, to choose from.
fn colour_choice(ui: &mut Ui, class: &str, now: [u8; 3], commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing = Vec2::splat(4.0);
    for line in palette::COLORS.chunks(10) {
        ui.horizontal(|ui| {
            for color in line {
                let (rect, response) = ui.allocate_exact_size(Vec2::splat(18.0), Sense::click());
                let [r, g, b] = *color;
                let told = format!("Colour #{r:02x}{g:02x}{b:02x}");
                response.widget_info(|| {
                    WidgetInfo::selected(accesskit::Role::Button, true, *color == now, &told)
                });
                ui.painter().rect_filled(rect, 3.0, Color32::from_rgb(r, g, b));
                if *color == now || response.hovered() || response.has_focus() {
                    let ink = colors(ui).text;
                    ui.painter().rect_stroke(rect.expand(1.0), 3.0, (2.0, ink), StrokeKind::Outside);
                }
                if response.clicked() {
                    commands.push(edit(ClassEdit::Recolor { class: class.to_owned(), color: *color }));
                    ui.close();
                }
            }
        });
    }
}

/// What is selected, and what can be done with it.
pub fn selection(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let selected = state.drawing().selected();
    let shown = state.regions();
    let regions: Vec<&Arc<Region>> = selected.iter().filter_map(|id| shown.set().get(*id)).collect();
    let (Some(first), Some(section)) = (regions.first(), state.section_name()) else { return };
    let mut push = |edit: RegionEdit| {
        let section = section.to_owned();
        commands.push(Command::Section(SectionCommand::EditRegions { section, edit }));
    };
    let ids = || selected.to_vec();
    let title = match regions.len() {
        1 => first.name.clone().unwrap_or_else(|| "Selected region".to_owned()),
        several => format!("{several} selected regions"),
    };
    ui.spacing_mut().item_spacing.y = 5.0;
    widgets::caption(ui, &title);
    let same = regions.iter().all(|r| r.class == first.class);
    widgets::field(ui, "Class", LABEL, |ui| {
        let now = if same { first.class.as_ref() } else { None };
        if let Some(class) = class_choice(ui, "selected class", "Class of the selected regions", now, state) {
            push(RegionEdit::SetClass { ids: ids(), class });
        }
        if !same {
            ui.label("several");
        }
    });
    let c = colors(ui);
    let fact = |ui: &mut Ui, label: &str, value: String| {
        widgets::field(ui, label, LABEL, |ui| ui.label(RichText::new(value).size(12.5).color(c.text)));
    };
    fact(ui, "Area", format!("{} mm\u{b2}", area_text(shown.area_mm2(selected))));
    let inside = match places_word(state) {
        "places" => "Places inside",
        _ => "Spots inside",
    };
    fact(ui, inside, thousands(shown.places_in(selected)));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(4.0);
        let button = |ui: &mut Ui, enabled: bool, text: &str, help: &str| {
            ui.add_enabled(enabled, widgets::mini_button(text)).on_hover_text(help).clicked()
        };
        let locked = regions.iter().all(|r| r.locked);
        let several_parts = |r: &Arc<Region>| r.shape().geometry().polygons().len() > 1;
        let has_holes =
            |r: &Arc<Region>| r.shape().geometry().polygons().iter().any(|p| !p.interiors().is_empty());
        if button(ui, regions.len() > 1 && !locked, "Merge", "Join the selected regions into one") {
            push(RegionEdit::Merge(ids()));
        }
        let parts: Vec<RegionId> = regions.iter().filter(|r| several_parts(r)).map(|r| r.id).collect();
        if button(ui, !parts.is_empty() && !locked, "Split", "Make a region of each part") {
            push(RegionEdit::Split(parts));
        }
        let holed: Vec<RegionId> = regions.iter().filter(|r| has_holes(r)).map(|r| r.id).collect();
        if button(ui, !holed.is_empty() && !locked, "Fill holes", "Fill the holes of the selected regions") {
            push(RegionEdit::FillHoles(holed));
        }
        let verb = if locked { "Unlock" } else { "Lock" };
        if button(ui, true, verb, "Locked regions cannot be changed or deleted") {
            push(RegionEdit::SetLocked { ids: ids(), locked: !locked });
        }
        if button(ui, !locked, "Delete", "Delete the selected regions (Delete)") {
            push(RegionEdit::Delete(ids()));
        }
    });
}

/// An area with as many digits as say something.
fn area_text(mm2: f64) -> String {
    if mm2 >= 99.95 {
        format!("{mm2:.0}")
    } else if mm2 >= 0.995 {
        format!("{mm2:.1}")
    } else {
        // A sum of nothing is -0.
        format!("{:.2}", mm2 + 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::area_text;

    #[test]
    fn areas_have_two_or_three_digits() {
        assert_eq!([3.92, 120.4, 0.472, -0.0].map(area_text), ["3.9", "120", "0.47", "0.00"]);
    }
}
