//! The window: panels, pages and their look. Draws what `app` holds and sends commands; computes nothing.

pub mod explore;
pub mod slide_view;
pub mod theme;
pub mod widgets;
