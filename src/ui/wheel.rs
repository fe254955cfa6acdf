//! The mouse wheel over a list inside a page that scrolls, too. A movement of the wheel belongs to the page or to one
//! list from its beginning until the wheel rests, so that a list which comes under the pointer does not stop the page.

use eframe::egui::{
    self, Id, Rect, ScrollArea, Ui, scroll_area::ScrollAreaOutput, scroll_area::ScrollSource,
};

/// The wheel rests when it did not move for this long, in seconds.
const REST: f64 = 0.35;
/// How far a list may reach beyond what is in view and still be in view, in points.
const SLACK: f32 = 4.0;

/// A list, as it was drawn last.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    rect: Rect,
    offset: f32,
    /// The greatest offset.
    end: f32,
}

impl Drawn {
    /// Whether the list has more to show for a wheel that turns by `delta`.
    fn can_scroll(&self, delta: f32) -> bool {
        if delta > 0.0 { self.offset > 0.5 } else { self.offset < self.end - 0.5 }
    }
}

/// A movement of the wheel.
#[derive(Debug, Clone, Copy)]
struct Movement {
    /// The frame in which it began.
    began: u64,
    /// When the wheel moved last.
    last: f64,
    /// The list that it scrolls; none for the page.
    list: Option<Id>,
}

/// Shows `area`, a list inside a page. `name` tells it from other lists.
pub fn list<R>(
    ui: &mut Ui,
    name: impl std::hash::Hash + std::fmt::Debug,
    area: ScrollArea,
    show: impl FnOnce(ScrollArea, &mut Ui) -> ScrollAreaOutput<R>,
) -> ScrollAreaOutput<R> {
    let id = ui.scope_id().with(("wheel", name));
    let turned = ui.input(|i| i.smooth_scroll_delta.y);
    let own = turned == 0.0 || belongs_to(ui, id, turned);
    let output = show(area.scroll_source(ScrollSource { mouse_wheel: own, ..ScrollSource::default() }), ui);
    let end = (output.content_size.y - output.inner_rect.height()).max(0.0);
    let drawn = Drawn { rect: output.inner_rect, offset: output.state.clamped_offset().y, end };
    ui.data_mut(|d| d.insert_temp(id, drawn));
    if own && turned != 0.0 {
        // Nothing of the movement is left for the page, not even at the end of the list.
        ui.input_mut(|i| i.smooth_scroll_delta.y = 0.0);
    }
    output
}

/// Whether the movement of the wheel scrolls the list `id`.
fn belongs_to(ui: &Ui, id: Id, turned: f32) -> bool {
    let (now, frame) = (ui.input(|i| i.time), ui.ctx().cumulative_frame_nr());
    let key = Id::unique("movement of the wheel");
    let known = ui.data(|d| d.get_temp::<Movement>(key)).filter(|m| now - m.last < REST);
    let mut movement = known.unwrap_or(Movement { began: frame, last: now, list: None });
    movement.last = now;
    if movement.began == frame && movement.list.is_none() {
        let drawn = ui.data(|d| d.get_temp::<Drawn>(id));
        let takes = |d: &Drawn| {
            ui.rect_contains_pointer(d.rect) && is_in_view(d.rect, ui.clip_rect()) && d.can_scroll(turned)
        };
        movement.list = drawn.filter(takes).map(|_| id);
    }
    ui.data_mut(|d| d.insert_temp(key, movement));
    movement.list == Some(id)
}

/// Whether all of a list is in view, or as much as there is room for.
fn is_in_view(list: Rect, view: egui::Rect) -> bool {
    view.expand(SLACK).contains_rect(list) || list.height() + 2.0 * SLACK >= view.height()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{pos2, vec2};

    #[test]
    fn a_list_takes_the_wheel_only_where_it_can_scroll() {
        let drawn = |offset| Drawn { rect: Rect::ZERO, offset, end: 100.0 };
        assert!(drawn(0.0).can_scroll(-5.0) && !drawn(0.0).can_scroll(5.0));
        assert!(!drawn(100.0).can_scroll(-5.0) && drawn(100.0).can_scroll(5.0));
        let short = Drawn { end: 0.0, ..drawn(0.0) };
        assert!(!short.can_scroll(-5.0) && !short.can_scroll(5.0));
    }

    #[test]
    fn a_list_that_is_cut_off_is_not_in_view() {
        let view = Rect::from_min_size(pos2(0.0, 0.0), vec2(500.0, 400.0));
        let list = |top, height| Rect::from_min_size(pos2(10.0, top), vec2(400.0, height));
        assert!(is_in_view(list(50.0, 300.0), view));
        assert!(!is_in_view(list(200.0, 300.0), view));
        assert!(!is_in_view(list(-50.0, 300.0), view));
        assert!(is_in_view(list(10.0, 900.0), view), "it will never be in view as a whole");
    }
}
