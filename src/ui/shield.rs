//! A click that was meant for a dialog, such as the second one of a double click on its button, does nothing to
//! what lies beneath once the dialog is closed.

use eframe::egui::{Area, Context, Id, Order, Sense};

/// How long the window takes no click after a dialog was closed, in seconds.
const LASTS: f64 = 0.4;

/// Takes the clicks for a moment.
#[derive(Debug, Default)]
pub struct Shield {
    open: bool,
    until: f64,
}

impl Shield {
    /// Takes all clicks of this frame where a dialog was closed a moment ago. `open` says whether one is open.
    pub fn show(&mut self, ctx: &Context, open: bool) {
        let now = ctx.input(|i| i.time);
        if std::mem::replace(&mut self.open, open) && !open {
            self.until = now + LASTS;
        }
        if open || now >= self.until {
            return;
        }
        let whole = ctx.content_rect();
        Area::new(Id::unique("click shield")).order(Order::Tooltip).fixed_pos(whole.min).show(ctx, |ui| {
            ui.allocate_rect(whole, Sense::CLICK | Sense::DRAG);
        });
        ctx.request_repaint_after(std::time::Duration::from_secs_f64(LASTS));
    }
}
