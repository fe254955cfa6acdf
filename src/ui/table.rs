//! A table whose rows are sorted by clicking a heading, and whose headings stay in view while its rows scroll.

use eframe::egui::{
    self, Align, Color32, Layout, Pos2, Rect, Response, RichText, ScrollArea, Sense, Shape, Stroke,
    TextStyle, Ui, UiBuilder, Vec2, pos2, vec2,
};

use super::theme::colors;
use super::{wheel, widgets};
use crate::app::sorting::{SortKey, Sorting};

/// Height of the headings.
const HEAD: f32 = 24.0;
/// Free space at both ends of a cell.
const PAD: f32 = 6.0;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column<C> {
    /// What it is.
    pub id: C,
    /// Its heading.
    pub title: &'static str,
    /// What the heading means.
    pub hint: &'static str,
    /// Its least width in points.
    pub width: f32,
    /// Its share of the room that is left over.
    pub grows: f32,
    /// Whether its cells are numbers, which stand on the right.
    pub number: bool,
    /// Whether the table can be sorted by it.
    pub sorts: bool,
    /// Whether the largest comes first when its heading is clicked for the first time.
    pub descending: bool,
}

impl<C> Column<C> {
    /// A column of text, sorted from A to Z at first.
    pub fn text(id: C, title: &'static str, width: f32) -> Self {
        Self { id, title, hint: "", width, grows: 1.0, number: false, sorts: true, descending: false }
    }

    /// A column of numbers, the largest first at first.
    pub fn number(id: C, title: &'static str, width: f32) -> Self {
        Self { number: true, descending: true, ..Self::text(id, title, width) }
    }

    /// With a heading that says what it means.
    #[must_use]
    pub fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    /// With the largest first at first.
    #[must_use]
    pub fn largest_first(self) -> Self {
        Self { descending: true, ..self }
    }
}

/// A table.
pub struct Table<'a, C> {
    /// Names it for assistive technology, and keeps its place.
    pub name: &'static str,
    /// Its columns, from left to right.
    pub columns: &'a [Column<C>],
    /// Height of a row.
    pub row: f32,
    /// Height of all rows before they scroll.
    pub most: f32,
    /// How it is sorted.
    pub sorting: Option<Sorting<C>>,
}

/// What was done with a table.
#[derive(Debug, Clone, Copy)]
pub struct Touched<C> {
    /// Its new order, where a heading was clicked.
    pub sorting: Option<Sorting<C>>,
    /// The row that was clicked.
    pub row: Option<usize>,
}

impl<C: Copy + PartialEq> Table<'_, C> {
    /// Draws `rows` rows. `label` names a row that can be clicked; `cell` draws a cell.
    pub fn show(
        self,
        ui: &mut Ui,
        rows: usize,
        label: impl Fn(usize) -> Option<String>,
        mut cell: impl FnMut(&mut Ui, usize, C),
    ) -> Touched<C> {
        let mut touched = Touched { sorting: None, row: None };
        let room = ui.available_width();
        let bar = ui.spacing().scroll.bar_width + 2.0;
        let places = self.places(room - bar);
        let width = places.last().map_or(0.0, |(_, end)| *end);
        ScrollArea::horizontal().id_salt(self.name).auto_shrink([false, true]).show(ui, |ui| {
            ui.set_min_width(width + bar);
            ui.spacing_mut().item_spacing.y = 0.0;
            let (head, _) = ui.allocate_exact_size(vec2(width, HEAD), Sense::hover());
            for (column, &place) in self.columns.iter().zip(&places) {
                if self.heading(ui, part(head, place), column) {
                    let sorting = self.sorting.map(|s| s.clicked(column.id, column.descending));
                    touched.sorting = sorting;
                }
            }
            let c = colors(ui);
            ui.painter().hline(head.x_range(), head.bottom(), Stroke::new(1.0, c.border));
            let area = ScrollArea::vertical()
                .id_salt((self.name, "rows"))
                .max_height(self.most)
                .min_scrolled_height(self.most)
                .auto_shrink([false, true]);
            wheel::list(ui, (self.name, "rows"), area, |area, ui| {
                area.show_rows(ui, self.row, rows, |ui, range| {
                    for row in range {
                        let name = label(row);
                        let sense = if name.is_some() { Sense::click() } else { Sense::hover() };
                        let (rect, response) = ui.allocate_exact_size(vec2(width, self.row), sense);
                        if response.hovered() || response.has_focus() {
                            ui.painter().rect_filled(rect, 3.0, c.quiet);
                        }
                        for (column, &place) in self.columns.iter().zip(&places) {
                            let layout = if column.number {
                                Layout::right_to_left(Align::Center)
                            } else {
                                Layout::left_to_right(Align::Center)
                            };
                            let inner = part(rect, place).shrink2(vec2(PAD, 0.0));
                            let builder = UiBuilder::new()
                                .id_salt((self.name, row, column.title))
                                .max_rect(inner)
                                .layout(layout);
                            let mut inside = ui.new_child(builder);
                            inside.shrink_clip_rect(inner.expand2(vec2(2.0, 0.0)));
                            cell(&mut inside, row, column.id);
                        }
                        if let Some(name) = name {
                            response.widget_info(|| {
                                egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &name)
                            });
                            if response.on_hover_text(name).clicked() {
                                touched.row = Some(row);
                            }
                        }
                    }
                })
            });
        });
        touched
    }

    /// Where each column begins and ends, from the left end of a row, where rows may be `room` wide.
    fn places(&self, room: f32) -> Vec<(f32, f32)> {
        let least: f32 = self.columns.iter().map(|c| c.width).sum();
        let growing: f32 = self.columns.iter().map(|c| c.grows).sum();
        let over = (room - least).max(0.0);
        let widths = self
            .columns
            .iter()
            .map(|c| if growing > 0.0 { c.width + over * c.grows / growing } else { c.width });
        widths
            .scan(0.0, |x, w| {
                let from = *x;
                *x += w;
                Some((from, *x))
            })
            .collect()
    }

    /// Draws a heading. Whether it was clicked.
    fn heading(&self, ui: &mut Ui, rect: Rect, column: &Column<C>) -> bool {
        let c = colors(ui);
        let sorted = self.sorting.filter(|s| column.sorts && s.by == column.id);
        let ink = if sorted.is_some() { c.text } else { c.weak };
        let text = RichText::new(column.title).text_style(TextStyle::Small).color(ink);
        let layout = if column.number {
            Layout::right_to_left(Align::Center)
        } else {
            Layout::left_to_right(Align::Center)
        };
        let builder =
            UiBuilder::new().id_salt((self.name, "head", column.title)).max_rect(rect).layout(layout);
        let mut inside = ui.new_child(builder);
        inside.spacing_mut().item_spacing.x = 0.0;
        inside.add_space(PAD);
        if !column.sorts {
            if !column.title.is_empty() {
                inside.add(egui::Label::new(text).truncate()).on_hover_text(column.hint);
            }
            return false;
        }
        if column.number
            && let Some(sorted) = sorted
        {
            arrow(&mut inside, sorted.descending, ink);
        }
        let response = inside.add(egui::Button::new(text).frame(false).small().truncate());
        if !column.number
            && let Some(sorted) = sorted
        {
            arrow(&mut inside, sorted.descending, ink);
        }
        let how = match sorted {
            Some(Sorting { descending: true, .. }) => ", sorted, largest first",
            Some(Sorting { descending: false, .. }) => ", sorted, smallest first",
            None => "",
        };
        let name = format!("Sort by {}{how}", column.title);
        widgets::name(&response, &name);
        let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
        let hint = if column.hint.is_empty() {
            "Click to sort; click again to reverse the order.".to_owned()
        } else {
            format!("{} Click to sort; click again to reverse the order.", column.hint)
        };
        response.on_hover_text(hint).clicked()
    }
}

/// The part of `row` between two distances from its left end.
fn part(row: Rect, (from, to): (f32, f32)) -> Rect {
    Rect::from_min_max(pos2(row.left() + from, row.top()), pos2(row.left() + to, row.bottom()))
}

/// A small triangle: down for the largest first, up for the smallest first.
fn arrow(ui: &mut Ui, down: bool, ink: Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(12.0, 8.0), Sense::hover());
    let (x, y) = (rect.center().x, rect.center().y);
    let way = if down { 1.0 } else { -1.0 };
    let corner = |dx: f32, dy: f32| Pos2::new(x + dx, y + way * dy);
    ui.painter().add(Shape::convex_polygon(
        vec![corner(-4.0, -2.5), corner(4.0, -2.5), corner(0.0, 3.0)],
        ink,
        Stroke::NONE,
    ));
}

/// A table of lines whose order the window alone remembers.
#[derive(Debug, Clone, Copy)]
pub struct SortedTable<'a, C> {
    /// Names it for assistive technology, and keeps its place and order.
    pub name: &'static str,
    /// Its columns, from left to right.
    pub columns: &'a [Column<C>],
    /// Height of a row.
    pub row: f32,
    /// Rows shown before they scroll.
    pub rows: f32,
    /// The order at first.
    pub first: Sorting<C>,
    /// How many of the last lines stay the last in any order.
    pub fixed: usize,
}

impl<C: Copy + PartialEq + Send + Sync + std::any::Any> SortedTable<'_, C> {
    /// Sorts the lines and draws them. `key` gives what a line is sorted by; `cell` draws a cell.
    pub fn show<L>(
        self,
        ui: &mut Ui,
        lines: &mut [L],
        key: impl for<'a> Fn(&'a L, C) -> SortKey<'a>,
        mut cell: impl FnMut(&mut Ui, &L, C),
    ) {
        let Self { name, columns, row, rows, first, fixed } = self;
        let id = egui::Id::unique(("sorting", name));
        let sorting = ui.data(|d| d.get_temp::<Sorting<C>>(id)).unwrap_or(first);
        let free = lines.len().saturating_sub(fixed);
        sorting.sort(lines.get_mut(..free).unwrap_or_default(), key);
        let table = Table { name, columns, row, most: rows * row, sorting: Some(sorting) };
        let touched = table.show(
            ui,
            lines.len(),
            |_| None,
            |ui, row, column| {
                if let Some(line) = lines.get(row) {
                    cell(ui, line, column);
                }
            },
        );
        if let Some(sorting) = touched.sorting {
            ui.data_mut(|d| d.insert_temp(id, sorting));
        }
    }
}

/// Text of a cell, cut off where it does not fit; then the pointer shows all of it.
pub fn text(ui: &mut Ui, text: impl Into<RichText>) -> Response {
    ui.add(egui::Label::new(text.into()).truncate().selectable(false))
}
