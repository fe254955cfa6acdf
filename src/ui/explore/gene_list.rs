//! The gene list: search, panels, order, and a bar of trust beside every gene.

use eframe::egui::style::ScrollAnimation;
use eframe::egui::{
    self, Align, FontFamily, Id, Key, Modifiers, Pos2, Rect, RichText, ScrollArea, TextEdit, TextStyle, Ui,
    Vec2,
};

use super::chips::{self, Chip};
use super::explore;
use super::row::{self, Place};
use crate::app::command::{Command, GenesCommand};
use crate::app::explore::genes::{GeneFilter, GeneRow, GeneSort};
use crate::app::explore::text::{correlation_text, thousands};
use crate::app::explore::{ExploreCommand, ExploreState};
use crate::app::keys::COMMAND_KEY;
use crate::app::terms::Term;
use crate::data::section::ValueKind;
use crate::evaluate::judgement::Judgement;
use crate::ui::theme::{self, colors};
use crate::ui::widgets;

/// Height of a row with the space beneath it.
const PITCH: f32 = theme::ROW;
/// More genes than this are not added by one click in the search.
const MAX_ADDED: usize = 2000;
/// Where the bar begins and ends, as shares of the row's width.
const BAR: (f32, f32) = (0.42, 0.66);
/// Room for a correlation and its judgement.
const WORD: f32 = 68.0;

/// What the list keeps from frame to frame.
#[derive(Default)]
pub struct GeneListView {
    /// The gene that was last scrolled to.
    scrolled_to: Option<String>,
    list_version: u64,
}

/// The id of the search field.
pub fn search_id() -> Id {
    Id::unique("explore: search genes")
}

impl GeneListView {
    /// Draws the list into the rest of the column.
    pub fn show(&mut self, ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
        ui.spacing_mut().item_spacing.y = 6.0;
        caption(ui, state, commands);
        search(ui, state, commands);
        filters(ui, state, commands);
        unanswered(ui, state);
        measured_elsewhere(ui, state);
        add_all(ui, state, commands);
        if state.genes().is_empty() {
            nothing_found(ui, state, commands);
            return;
        }
        more_elsewhere(ui, state, commands);
        ui.add_space(2.0);
        self.rows(ui, state, commands);
    }

    fn rows(&mut self, ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
        let list = state.genes();
        let gene = state.gene();
        // Scroll when the gene or the list has changed, not against the hand that scrolls.
        let version = state.versions().list;
        let scroll = self.scrolled_to.as_deref() != gene || self.list_version != version;
        let area = ScrollArea::vertical().id_salt("genes").auto_shrink(false);
        ui.spacing_mut().item_spacing.y = 0.0;
        let scroll_from_top = self.list_version != version && self.scrolled_to.as_deref() == gene;
        area.show_viewport(ui, |ui, viewport| {
            ui.set_height(PITCH * list.len() as f32);
            let (top, left, width) = (ui.max_rect().top(), ui.max_rect().left(), ui.max_rect().width());
            let place = |i: usize| {
                Rect::from_min_size(Pos2::new(left, top + i as f32 * PITCH), Vec2::new(width, PITCH))
            };
            let first = (viewport.min.y / PITCH).floor().max(0.0) as usize;
            let last = ((viewport.max.y / PITCH).ceil().max(0.0) as usize + 1).min(list.len());
            let mut rows = ui.new_child(egui::UiBuilder::new().max_rect(Rect::from_min_max(
                place(first).min,
                Pos2::new(left + width, top + last as f32 * PITCH),
            )));
            for i in first..last {
                if let Some(r) = list.get(i) {
                    // The id goes with the gene, so that a row keeps the focus while the list scrolls.
                    rows.push_id(&r.name, |ui| show_row(ui, r, gene, state, commands));
                }
            }
            if scroll {
                // At once: a list that changes while it glides would come to rest somewhere.
                let at_once = ScrollAnimation::none();
                match gene.and_then(|g| list.place(g)) {
                    Some(at) => ui.scroll_to_rect_animation(place(at), None, at_once),
                    None if scroll_from_top => {
                        ui.scroll_to_rect_animation(place(0), Some(Align::TOP), at_once);
                    }
                    None => {}
                }
            }
        });
        if scroll {
            // What was drawn is where the list was before; without another frame it would stay so until the
            // mouse moves.
            ui.ctx().request_discard("the gene list scrolls");
            ui.ctx().request_repaint();
            self.scrolled_to = gene.map(str::to_owned);
            self.list_version = version;
        }
    }
}

fn caption(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    widgets::caption_with(ui, "Genes", |ui| {
        ui.spacing_mut().interact_size.y = 22.0;
        ui.spacing_mut().button_padding = Vec2::new(6.0, 2.0);
        let text = RichText::new(format!("by {}", state.sort().name())).text_style(TextStyle::Small);
        let combo = egui::ComboBox::from_id_salt("gene order").selected_text(text).width(96.0);
        let shown = combo.show_ui(ui, |ui| {
            for sort in GeneSort::ALL {
                let help = match sort {
                    GeneSort::Trust => format!("Highest first. {}", Term::Trust.sentence()),
                    GeneSort::Name => "From A to Z".to_owned(),
                    GeneSort::Expression => "Highest mean count first".to_owned(),
                };
                let item = ui.selectable_label(state.sort() == sort, sort.name()).on_hover_text(help);
                if item.clicked() {
                    commands.push(explore(ExploreCommand::Sort(sort)));
                }
            }
        });
        widgets::name(&shown.response, "Order of genes");
    });
}

fn search(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let c = colors(ui);
    let mut text = state.search().to_owned();
    let count = match state.filter() {
        GeneFilter::Measured => state.genes().all(),
        GeneFilter::Listed | GeneFilter::Panel(_) => state.genes().listed(),
    };
    let hint = RichText::new(if count == 1 {
        "Search 1 gene".to_owned()
    } else {
        format!("Search {} genes", thousands(count))
    })
    .color(c.weak);
    let response = ui.add(
        TextEdit::singleline(&mut text)
            .id(search_id())
            .return_key(None)
            .hint_text(hint)
            .desired_width(f32::INFINITY)
            .margin(Vec2::new(8.0, 6.0)),
    );
    widgets::name(&response, "Search genes");
    if response.changed() {
        commands.push(explore(ExploreCommand::Search(text)));
    } else if response.lost_focus()
        && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape))
        && !state.search().is_empty()
    {
        commands.push(explore(ExploreCommand::Search(String::new())));
    }
    response
        .on_hover_text(format!("{COMMAND_KEY}F · use the up and down arrow keys to step through the genes"));
}

fn filters(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let genes = state.genes();
    let mut all = vec![Chip {
        text: format!("{} {}", listed_word(state), thousands(genes.listed())),
        value: GeneFilter::Listed,
    }];
    if genes.all() > genes.listed() {
        let text = format!("Measured {}", thousands(genes.all()));
        all.push(Chip { text, value: GeneFilter::Measured });
    }
    let panels = state
        .panels()
        .iter()
        .map(|p| Chip { text: p.name.clone(), value: GeneFilter::Panel(p.name.clone()) });
    all.extend(panels);
    if all.len() > 1
        && let Some(filter) = chips::show(ui, &all, state.filter(), 3)
    {
        commands.push(explore(ExploreCommand::Filter(filter)));
    }
}

/// What the genes of the first filter are.
fn listed_word(state: &ExploreState) -> &'static str {
    match state.prediction() {
        Some(_) => "Model",
        // Nothing else can be listed where nothing is measured.
        None if state.tissue.is_shown() && state.genes().listed() > 0 => "Model",
        // Without a gene list, all measured genes take its place.
        None if state.genes().listed() == state.genes().all() => "Measured",
        None => "Listed",
    }
}

/// A gene that is searched for by its name may have been measured in other sections only.
fn measured_elsewhere(ui: &mut Ui, state: &ExploreState) {
    if let Some((gene, sections)) = state.measured_elsewhere() {
        let section = state.section_name().unwrap_or("this section");
        let it_was = format!("It was measured in {}.", sections.join(", "));
        widgets::remark(ui, format!("{gene} was not measured in {section}. {it_was}"));
    }
}

fn nothing_found(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let search = state.search().trim();
    let text = match (search.is_empty(), state.filter()) {
        (true, GeneFilter::Panel(p)) => format!("None of the genes of “{p}” was measured or predicted here."),
        (true, _) => "There are no genes here yet.".to_owned(),
        (false, GeneFilter::Panel(p)) => format!("No match for “{search}” in “{p}”."),
        (false, GeneFilter::Listed) => match state.listed_and_not_predicted() {
            Some(gene) => format!("{gene} is in the gene list, but not among the genes of the model."),
            None if state.prediction().is_some() => {
                format!("No match for “{search}” among the genes of the model.")
            }
            None => format!("No match for “{search}” in the gene list."),
        },
        (false, GeneFilter::Measured) => {
            format!("No match for “{search}”. No gene of that name was measured in this section.")
        }
    };
    widgets::remark(ui, text);
    if can_search_wider(state) {
        search_all(ui, state, commands);
    }
}

/// Whether there are genes that the filter hides.
pub fn can_search_wider(state: &ExploreState) -> bool {
    *state.filter() != GeneFilter::Measured && state.genes().all() > state.genes().len()
}

/// Names of a pasted list that no gene here answers.
fn unanswered(ui: &mut Ui, state: &ExploreState) {
    let names = state.genes().unanswered();
    if state.genes().is_searched_for_several() && !names.is_empty() && !state.genes().is_empty() {
        widgets::remark(ui, format!("No match for {}.", names.join(", ")));
    }
}

/// The filter hides genes that answer the search as well.
fn more_elsewhere(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    if !state.search().trim().is_empty()
        && *state.filter() != GeneFilter::Measured
        && state.genes().elsewhere() > 0
    {
        search_all(ui, state, commands);
    }
}

fn search_all(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    let more = state.genes().elsewhere();
    let hover = match more {
        0 => format!("All {} genes that were measured in this section", thousands(state.genes().all())),
        1 => "1 more measured gene matches".to_owned(),
        n => format!("{} more measured genes match", thousands(n)),
    };
    if widgets::mini(ui, "Search all measured genes").on_hover_text(hover).clicked() {
        commands.push(explore(ExploreCommand::Filter(GeneFilter::Measured)));
    }
}

/// Several names that were pasted are added together.
fn add_all(ui: &mut Ui, state: &ExploreState, commands: &mut Vec<Command>) {
    if !state.genes().is_searched_for_several() {
        return;
    }
    let new: Vec<String> =
        state.genes().answers().filter(|r| state.can_be_added(&r.name)).map(|r| r.name.clone()).collect();
    if new.is_empty() || new.len() > MAX_ADDED {
        return;
    }
    let text = if new.len() == 1 {
        "Add 1 gene to gene list".to_owned()
    } else {
        format!("Add {} genes to gene list", new.len())
    };
    if widgets::mini(ui, text).on_hover_text(new.join(", ")).clicked() {
        commands.push(Command::Genes(GenesCommand::Add(new)));
    }
}

fn show_row(ui: &mut Ui, r: &GeneRow, gene: Option<&str>, state: &ExploreState, commands: &mut Vec<Command>) {
    let c = colors(ui);
    let selected = gene == Some(r.name.as_str());
    ui.spacing_mut().item_spacing.y = 2.0;
    let (rect, response) = row::begin(ui, selected, &r.name);
    let end = rect.right() - row::PAD;
    let from = rect.left() + rect.width() * BAR.0;
    // In a narrow column the bar gives way to the word.
    let to = (rect.left() + rect.width() * BAR.1).min(end - WORD);
    let left = rect.left() + row::PAD;
    // The other symbol says why it is here: the section has it under that name, or it was searched for.
    let other = r.other.as_deref().map(|o| format!("as {o}"));
    let other = other.or_else(|| state.genes().why_found(r));
    let lines = if other.is_some() { [-5.5, 7.0] } else { [0.0; 2] };
    let line = |dy: f32| rect.translate(Vec2::new(0.0, dy));
    let (place, room) = (Place::From(left), from - left - 6.0);
    let room = if r.score_of.is_some() { end - left } else { room };
    let family = if r.score_of.is_some() { FontFamily::Proportional } else { theme::italic() };
    let fitted = row::text(ui, line(lines[0]), place, room, &r.name, (13.0, family), c.text);
    if let Some(other) = &other {
        row::text(ui, line(lines[1]), place, room, other, (10.5, FontFamily::Proportional), c.weak);
    }
    response.ctx.accesskit_node_builder(response.id, |node| node.set_description(describe(r, state)));
    if response.clicked() && !selected {
        commands.push(explore(ExploreCommand::SelectGene(r.name.clone())));
    }
    let hover = |ui: &mut Ui| {
        if !fitted {
            ui.label(theme::gene(&r.name));
        }
        ui.label(describe(r, state));
    };
    if r.score_of.is_some() {
        response.on_hover_ui(hover);
        return;
    }
    if is_offered(r, state) {
        response.on_hover_ui(hover);
        add_button(ui, r, rect.with_min_x(from).with_max_x(end), commands);
        return;
    }
    let small = || (12.0, FontFamily::Proportional);
    match r.trust {
        Some(t) => {
            let low = Pos2::new(from, rect.center().y - 3.5);
            let track = Rect::from_min_max(low, Pos2::new(to, rect.center().y + 3.5));
            ui.painter().rect_filled(track, 2.0, c.quiet);
            let color = theme::judgement_color(t.judgement, c);
            let reached = from + (to - from) * t.mean.clamp(0.0, 1.0) as f32;
            ui.painter().rect_filled(track.with_max_x(reached), 2.0, color);
            let text = format!("{} {}", correlation_text(t.mean), t.judgement.word());
            row::text(ui, rect, Place::To(end), end - to - 4.0, &text, small(), color);
        }
        None => {
            let text = Judgement::NotTested.word();
            row::text(ui, rect, Place::To(end), end - from, text, small(), c.weak);
        }
    }
    response.on_hover_ui(hover);
}

/// Whether the row of a gene offers to add it to the gene list: it is measured, neither in the list nor predicted.
fn is_offered(r: &GeneRow, state: &ExploreState) -> bool {
    (r.trust.is_none() || !r.listed)
        && state.can_be_added(&r.name)
        && !state.prediction().is_some_and(|p| p.has_gene(&r.name))
}

fn add_button(ui: &mut Ui, r: &GeneRow, room: Rect, commands: &mut Vec<Command>) {
    // No wider than its text, so that the middle of the row still selects the gene.
    let layout = egui::Layout::right_to_left(Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(room).layout(layout));
    child.spacing_mut().button_padding.x = 4.0;
    let text = RichText::new("Add to gene list").size(10.5);
    let added = child.add(egui::Button::new(text).small().min_size(Vec2::new(0.0, 20.0)));
    widgets::name(&added, &format!("Add to gene list: {}", r.name));
    if added.on_hover_text(format!("Add {} to the gene list of the project", r.name)).clicked() {
        commands.push(Command::Genes(GenesCommand::Add(vec![r.name.clone()])));
    }
}

/// What is known of a gene's trust, in a sentence.
fn describe(r: &GeneRow, state: &ExploreState) -> String {
    if let Some(panel) = &r.score_of {
        return format!(
            "How much more the genes of \u{201C}{panel}\u{201D} are expressed than genes of similar average expression, spot by spot."
        );
    }
    let normalised = state.index().is_some_and(|i| i.section().values == ValueKind::Normalised);
    let mean = |m: f32| match normalised {
        true => format!(" · mean value {m:.2} (as in the file)"),
        false => format!(" · {m:.2} counts per spot"),
    };
    let mut counts = r.mean_count.map(mean).unwrap_or_default();
    if let Some(other) = &r.other {
        counts.push_str(&format!(" · {} in the data of this section", other));
    }
    match r.trust {
        Some(trust) => {
            let ceiling = trust.ceiling.map(|c| format!(", noise ceiling {c:.2}")).unwrap_or_default();
            format!(
                "{}: cross-validated PCC {} over {}{ceiling}{counts}",
                trust.judgement.title(),
                trust.value_text(),
                trust.extent_text()
            )
        }
        None if state.is_evaluated() => format!("Not among the evaluated genes{counts}"),
        None => format!("Not tested. {}{counts}", state.way_to_trust()),
    }
}
