//! The linked panes: one camera over the slide, one map a pane.

mod brush;
mod hand;
mod heading;
mod interaction;
mod lines;
mod outline;
mod overlay;
mod regions;
mod spots;
mod tiles;

use std::sync::Arc;

use eframe::egui::{self, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2};

use crate::app::command::{Command, GenesCommand, Step};
use crate::app::explore::compare::Tab;
use crate::app::explore::drawing::Tool;
use crate::app::explore::images::{Later, TileSource};
use crate::app::explore::text::{thousands, value_text};
use crate::app::explore::{ExploreCommand, ExploreInput, ExploreState, PredictionStatus};
use crate::core::display::PaneKind;
use crate::data::panels::panel_of_score;
use crate::ui::theme::{self, colors};
use crate::ui::widgets;
use outline::OutlineLayer;
use regions::RegionLayer;
use spots::{SpotLayer, SpotView};
pub(super) use tiles::TileCache;

/// Height of the line above a map, and of the two lines above a narrow one.
pub const HEADING: (f32, f32) = (34.0, 48.0);
/// A pane narrower than this has no room for the whole heading in one line.
const NARROW: f32 = 330.0;
/// Free space around a map inside its card.
const INSET: f32 = 6.0;

/// What the panes keep from frame to frame: tiles and meshes.
#[derive(Default)]
pub struct SlideView {
    tiles: TileCache,
    spots: SpotLayer,
    outline: OutlineLayer,
    regions: RegionLayer,
}

/// Columns and rows for `n` panes.
fn grid_of(n: usize) -> (usize, usize) {
    match n {
        0 | 1 => (1, 1),
        2 => (2, 1),
        3 => (3, 1),
        4 => (2, 2),
        _ => (3, n.div_ceil(3)),
    }
}

impl SlideView {
    /// Draws the panes of `state` into the room that `ui` has left.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        state: &mut ExploreState,
        input: &ExploreInput,
        commands: &mut Vec<Command>,
    ) {
        let room = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(room);
        let kinds = state.panes();
        let (cols, rows) = grid_of(kinds.len());
        let gaps = Vec2::new((cols - 1) as f32, (rows - 1) as f32) * theme::GAP;
        let card = ((room.size() - gaps) / Vec2::new(cols as f32, rows as f32)).max(Vec2::splat(60.0));
        let place = |i: usize| {
            let at = Vec2::new((i % cols) as f32, (i / cols) as f32) * (card + Vec2::splat(theme::GAP));
            Rect::from_min_size(room.min + at, card)
        };
        let heading = if card.x < NARROW { HEADING.1 } else { HEADING.0 };
        let map_of = |card: Rect| {
            Rect::from_min_max(card.min + Vec2::new(INSET, heading), card.max - Vec2::splat(INSET))
        };
        let size = map_of(place(0)).size();
        state.camera.resize(f64::from(size.x), f64::from(size.y));
        self.move_camera(ui, state);

        let problem = self.find_slide(state, input);
        self.tiles.prepare(ui.ctx(), &state.camera);
        state.cursor = None;
        let mut responses = Vec::new();
        for (i, &kind) in kinds.iter().enumerate() {
            let map = map_of(place(i));
            let id = ui.scope_id().with(("map", kind.key()));
            let response = ui.interact(map, id, Sense::click_and_drag());
            let label = format!("{} map", kind.name());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Canvas, true, &label));
            interaction::handle_pointer(ui, &response, map, state, commands);
            responses.push(response);
        }
        brush::finish(ui, state, commands);
        interaction::keys(ui, &responses, state);
        let looks = state.tissue.brush().is_none() && state.drawing().tool() == Tool::Look;
        let hovered = state.hovered_spot().filter(|_| looks);
        self.prepare_spots(ui, state, size);
        self.outline.prepare(state, size);
        self.regions.prepare(ui.ctx(), state, size);
        let shown = state.section_name().and_then(|name| input.section(name));
        let is_being_predicted = shown.is_some_and(|section| section.is_being_predicted);
        for (i, &kind) in kinds.iter().enumerate() {
            let c = colors(ui);
            let card = place(i);
            let round = CornerRadius::same(theme::ROUND);
            ui.painter().rect_filled(card, round, c.panel);
            ui.painter().rect_stroke(card, round, Stroke::new(1.0, c.border), StrokeKind::Inside);
            let line = Rect::from_min_size(card.min, Vec2::new(card.width(), heading));
            let told =
                self::heading::show(ui, line.shrink2(Vec2::new(12.0, 0.0)), heading > HEADING.0, kind, state);
            if let Some(response) = responses.get(i) {
                ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(told));
            }
            let map = map_of(card);
            ui.painter().rect_filled(map, CornerRadius::ZERO, c.canvas);
            let painter = ui.painter_at(map);
            self.tiles.paint(&painter, map, &state.camera, c.bad);
            if state.index().is_some() {
                overlay::slide_edge(&painter, map, &state.camera, c.border);
            }
            self.paint_spots(&painter, map, i, state);
            self.strike_unlike(&painter, map, kind, state);
            self.outline.paint(&painter, map);
            self.regions.paint(&painter, map);
            hand::paint(&painter, map, state);
            self.paint_marks(&painter, map, kind, state, hovered, responses.get(i));
            if let Some(index) = state.index() {
                overlay::scale_bar(&painter, map, &state.camera, index.section().mpp);
            }
            if i == 0 && state.index().is_some() {
                overlay::minimap(ui, map, &mut state.camera, &self.tiles);
                if overlay::fit_button(ui, map) {
                    commands.push(Command::Explore(ExploreCommand::Fit));
                }
            }
            let hindrance = MapMessage {
                slide: problem.as_deref().filter(|_| i == 0),
                is_being_predicted,
                outlook: input.outlook,
            };
            show_remark(ui, map, kind, i == 0, state, hindrance, commands);
        }
    }

    /// Whether pixels of a slide were drawn.
    pub fn shows_tissue(&self) -> bool {
        self.tiles.has_pixels()
    }

    fn move_camera(&self, ui: &Ui, state: &mut ExploreState) {
        // Where animations are switched off, the camera does not glide either.
        if ui.style().animation_time <= 0.0 {
            state.camera.arrive();
        } else if state.camera.advance(f64::from(ui.input(|i| i.stable_dt.min(0.05)))) {
            ui.ctx().request_repaint();
        }
    }

    /// Turns to the slide of the section shown; tells what stands in the way.
    fn find_slide(&mut self, state: &ExploreState, input: &ExploreInput) -> Option<String> {
        let Some(index) = state.index() else {
            self.tiles.show_slide(None);
            return None;
        };
        let path = &index.section().slide;
        let (source, problem): (Option<Arc<dyn TileSource>>, _) = match input.images.tiles(path) {
            Later::Ready(source) => (Some(source), None),
            Later::Loading => (None, Some("Reading the slide image".to_owned())),
            Later::Failed(why) => (None, Some(why)),
        };
        self.tiles.show_slide(source.map(|s| (path.as_path(), s)));
        problem
    }

    fn spot_view<'a>(state: &'a ExploreState) -> Option<SpotView<'a>> {
        let index = state.index()?;
        let section = index.section();
        let versions = state.versions();
        Some(SpotView {
            grid: index.grid(),
            spots_version: versions.spots,
            colors_version: versions.colors,
            pitch: section.mpp.px(section.geometry.pitch_um),
            radius: section.spot_radius_px() * f64::from(state.display().spot_scale),
            cells: state.draws_cells().then(|| index.cells()),
            opacity: state.display().opacity,
        })
    }

    fn prepare_spots(&mut self, ui: &Ui, state: &ExploreState, size: Vec2) {
        if let Some(view) = Self::spot_view(state) {
            self.spots.prepare(ui.ctx(), &view, &state.camera, size);
        }
    }

    fn paint_spots(&mut self, painter: &egui::Painter, map: Rect, pane: usize, state: &ExploreState) {
        if let (Some(view), Some(colors)) = (Self::spot_view(state), state.map().panes.get(pane)) {
            self.spots.paint(painter, map, pane, colors, &view);
        }
    }

    /// Strikes through predicted places that are unlike anything the model was trained on.
    fn strike_unlike(&self, painter: &egui::Painter, map: Rect, kind: PaneKind, state: &ExploreState) {
        let has_values = kind.needs_prediction() && state.map().values.maps.pane(kind).is_some();
        let reach = state.slide_reach().filter(|_| has_values);
        if let Some((view, reach)) = Self::spot_view(state).zip(reach) {
            self.spots.strike(painter, map, &view, |place| reach.is_unlike_training(place));
        }
    }

    fn paint_marks(
        &self,
        painter: &egui::Painter,
        map: Rect,
        kind: PaneKind,
        state: &ExploreState,
        hovered: Option<usize>,
        response: Option<&egui::Response>,
    ) {
        let Some(index) = state.index() else { return };
        let c = if painter.ctx().global_style().visuals.dark_mode { theme::DARK } else { theme::LIGHT };
        let on_screen = |spot: usize| {
            let [x, y] = state.camera.view_from_slide(index.spot_at(spot)?.center);
            Some(map.min + Vec2::new(x as f32, y as f32))
        };
        if state.tissue.brush().is_some() {
            brush::circle(painter, map, state);
            return;
        }
        let radius = self.spots.radius();
        if let Some(at) = state.spot().and_then(on_screen) {
            overlay::ring(painter, at, radius, theme::LIGHT.bad);
        }
        if let Some((spot, at)) = hovered.and_then(|s| Some((s, on_screen(s)?))) {
            if state.spot() != Some(spot) {
                overlay::ring(painter, at, radius, c.accent);
            }
            if let Some(v) = state.map().values.maps.at(kind, spot) {
                overlay::value_tag(painter, map, at, radius, &value_text(kind, v));
            } else if let Some(class) = state.class_map(kind).and_then(|map| map.name_at(spot)) {
                overlay::value_tag(painter, map, at, radius, class);
            }
        } else if let Some(cursor) = state.cursor
            && response.is_some_and(|r| !r.contains_pointer())
        {
            let [x, y] = state.camera.view_from_slide(cursor);
            overlay::cross(painter, map.min + Vec2::new(x as f32, y as f32));
        }
    }
}

/// What stands in the way of a map, beside the map itself.
#[derive(Clone, Copy)]
struct MapMessage<'a> {
    /// Of the slide image.
    slide: Option<&'a str>,
    /// Whether the prediction is on its way.
    is_being_predicted: bool,
    /// Of predictions.
    outlook: PredictionStatus<'a>,
}

/// Tells what stands in the way of a map, and the way on.
fn show_remark(
    ui: &mut Ui,
    map: Rect,
    kind: PaneKind,
    first: bool,
    state: &ExploreState,
    hindrance: MapMessage,
    commands: &mut Vec<Command>,
) {
    let Some(index) = state.index() else {
        if first && state.section_name().is_some() {
            overlay::remark(ui, map, "Reading the section");
        }
        return;
    };
    let (gene, section) = (state.gene().unwrap_or("This gene"), &index.section().name);
    let has_values = state.map().values.maps.pane(kind).is_some();
    let mut way: Option<(Command, String)> = None;
    let has_image = index.section().has_image();
    let silent = match kind {
        PaneKind::He if !has_image => Some(format!("{section} has no slide image. Choose it on the Data page.")),
        PaneKind::Measured if state.map().values.silent => {
            Some(format!("{gene} was not counted at any spot of {section}."))
        }
        PaneKind::Measured if state.map().values.rare.is_some() => state.map().values.rare.map(|(spots, of)| {
            format!(
                "{gene} was detected at only {} of {} spots of {section}, so this map and its correlation say little.",
                thousands(spots), thousands(of)
            )
        }),
        PaneKind::Predicted if state.map().values.silent_prediction => {
            Some(format!("The model predicts no {gene} at any spot of {section}."))
        }
        PaneKind::Predicted => state.slide_reach().map(|reach| match reach.unlike_training > 0.0 {
            true => format!("{}. Those places are struck through.", reach.sentence()),
            false => format!("{}.", reach.sentence()),
        }),
        _ => None,
    };
    let text = if kind.is_of_classes() && state.class_map(kind).is_none() && has_image {
        let text = match kind {
            PaneKind::Regions => {
                "No spot has a class yet. Draw regions with the tools above, or import them."
            }
            _ => "Not clustered yet.",
        };
        if kind != PaneKind::Regions {
            let tab = Command::Explore(ExploreCommand::ShowTab(Tab::Clusters));
            way = Some((tab, "Find clusters".to_owned()));
        }
        text.to_owned()
    } else if !kind.is_of_gene() || has_values {
        match hindrance.slide {
            Some(problem) => problem.to_owned(),
            None => {
                if let Some(text) = silent {
                    overlay::footnote(ui, map, &text);
                }
                return;
            }
        }
    } else if kind.needs_prediction() && !has_image {
        format!("{section} has no slide image, so it cannot be predicted. Choose its image on the Data page.")
    } else if kind.needs_prediction() && state.prediction().is_none() && hindrance.is_being_predicted {
        format!("Predicting {section}")
    } else if kind.needs_prediction() && state.prediction().is_none() {
        match hindrance.outlook {
            PredictionStatus::Training(how_far) => {
                format!("The model is being trained; the prediction of {section} appears here.\n{how_far}")
            }
            PredictionStatus::Train => {
                way = Some((Command::GoTo(Step::Train), "Go to training".to_owned()));
                format!("There is no prediction of {section} yet. Train a model to see predictions.")
            }
            // The gene shown is the beginning of a gene list.
            PredictionStatus::First(_) if state.can_be_added(gene) => {
                let command = Command::Genes(GenesCommand::AddAndRetrain(vec![gene.to_owned()]));
                way = Some((command, format!("Add {gene} and train")));
                format!(
                    "There is no prediction of {section} yet. Train a model on {gene} and highly variable genes to see \
                     predictions."
                )
            }
            PredictionStatus::First(what) => {
                way = Some((Command::GoTo(Step::Data), "Go to data".to_owned()));
                let then = match index.is_measured() {
                    true => "Then train a model.",
                    // The button for it is above the maps.
                    false => "Then train a model, or use the models of another project.",
                };
                format!("There is no prediction of {section} yet. {what} {then}")
            }
        }
    } else if let Some(panel) = panel_of_score(gene) {
        match (kind.compares(), state.is_busy()) {
            (_, true) => format!("Scoring {panel}"),
            (true, false) if state.map().values.maps.are_on_two_scales() => {
                "Scores of predicted and of measured values are on different scales, so there is no difference.".to_owned()
            }
            (_, false) if kind == PaneKind::Uncertainty => "A score has no uncertainty.".to_owned(),
            (_, false) => format!("None of the genes of {panel} is here."),
        }
    } else if kind.compares() && state.map().values.maps.are_on_two_scales() {
        format!(
            "The predicted and the measured values are on different scales, so there is no difference.\n\
             {section} holds normalised values instead of counts."
        )
    } else if !index.is_measured() {
        format!("{section} is an H&E slide without measurements.")
    } else if index.has_gene(gene) && kind.needs_prediction() {
        let first = state.panes().into_iter().find(|p| p.needs_prediction());
        match hindrance.outlook {
            PredictionStatus::Training(how_far) => {
                format!("{gene} is not among the genes of this model. A model is being trained.\n{how_far}")
            }
            _ => {
                if first == Some(kind) {
                    let command = Command::Genes(GenesCommand::AddAndRetrain(vec![gene.to_owned()]));
                    way = Some((command, "Add and retrain".to_owned()));
                }
                format!("{gene} is not among the genes of the model, so it was not predicted.")
            }
        }
    } else {
        format!("{gene} was not measured in {section}.")
    };
    let paper = overlay::remark(ui, map, &text);
    if let Some((command, label)) = way {
        let font = egui::TextStyle::Button.resolve(ui.style());
        let text = ui.painter().layout_no_wrap(label.clone(), font, egui::Color32::BLACK).size().x;
        let size = Vec2::new((text + 40.0).max(150.0), 32.0);
        let at = Rect::from_center_size(paper.center_bottom() + Vec2::new(0.0, 12.0 + size.y / 2.0), size);
        if map.contains_rect(at) {
            let mut child = ui.new_child(UiBuilder::new().max_rect(at).id_salt(("way", kind.key())));
            if widgets::primary(&mut child, true, &label).clicked() {
                commands.push(command);
            }
        }
    }
}

/// The command that shows the evidence of `spot`.
fn select(spot: Option<usize>) -> Command {
    Command::Explore(ExploreCommand::SelectSpot(spot))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_fill_a_grid() {
        for n in 1..=5 {
            let (cols, rows) = grid_of(n);
            assert!(cols * rows >= n && cols * (rows - 1) < n, "{n}");
        }
    }
}
