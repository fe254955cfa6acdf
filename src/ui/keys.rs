//! Keys as the window reports them.

use eframe::egui::{Key, KeyboardShortcut, Modifiers, Ui};

use crate::app::keys::{ExploreKey, Shortcut, shortcuts_of};

/// A shortcut in the terms of egui; none where egui has no such key.
pub fn shortcut(shortcut: Shortcut) -> Option<KeyboardShortcut> {
    let modifiers =
        Modifiers { command: shortcut.command, alt: shortcut.alt, shift: shortcut.shift, ..Modifiers::NONE };
    Some(KeyboardShortcut::new(modifiers, Key::from_name(shortcut.key)?))
}

/// How often a key of the Explore page was pressed. Nothing else gets these presses.
pub fn presses(ui: &Ui, key: ExploreKey) -> usize {
    let shortcuts = shortcuts_of(key).filter_map(shortcut);
    ui.input_mut(|input| shortcuts.map(|s| input.count_and_consume_key(s.modifiers, s.logical_key)).sum())
}

/// Whether a key of the Explore page was pressed. Others may see the press too.
pub fn is_pressed(ui: &Ui, key: ExploreKey) -> bool {
    shortcuts_of(key).filter_map(shortcut).any(|s| ui.input(|input| input.key_pressed(s.logical_key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keys::EXPLORE_KEYS;

    #[test]
    fn every_key_is_known_to_egui() {
        for (key, own) in EXPLORE_KEYS.iter().flat_map(|group| group.keys) {
            assert!(shortcut(*own).is_some(), "{key:?}: {own:?}");
        }
    }
}
