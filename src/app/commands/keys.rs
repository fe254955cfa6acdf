//! Keys: those of commands, and those of the Explore page. Help and README show them from here.

use crate::app::explore::drawing::Tool;

/// A key with the modifiers that go with it. "Command" is Ctrl, and the command key on a Mac.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortcut {
    /// Whether Ctrl (or the command key) is held.
    pub command: bool,
    /// Whether Alt is held.
    pub alt: bool,
    /// Whether Shift is held.
    pub shift: bool,
    /// The key: a capital letter, a digit, a sign, or a name such as "F1" and "Left".
    pub key: &'static str,
}

/// What stands before a key that is pressed with Ctrl, or with the command key on a Mac.
pub const COMMAND_KEY: &str = if cfg!(target_os = "macos") { "Cmd+" } else { "Ctrl+" };

impl Shortcut {
    pub(in crate::app) const fn plain(key: &'static str) -> Self {
        Self { command: false, alt: false, shift: false, key }
    }

    pub(in crate::app) const fn command(key: &'static str) -> Self {
        Self { command: true, ..Self::plain(key) }
    }

    pub(in crate::app) const fn command_shift(key: &'static str) -> Self {
        Self { command: true, shift: true, ..Self::plain(key) }
    }

    const fn alt(key: &'static str) -> Self {
        Self { alt: true, ..Self::plain(key) }
    }

    /// "Ctrl+Shift+Z", "Page Up".
    pub fn text(self) -> String {
        let held = [(self.command, COMMAND_KEY), (self.alt, "Alt+"), (self.shift, "Shift+")];
        let held = held.iter().filter(|(held, _)| *held).map(|(_, text)| *text);
        held.chain([self.key]).collect::<String>().replace("Page", "Page ")
    }
}

/// What keys do on the Explore page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table says it")]
pub enum ExploreKey {
    SearchGenes,
    NextGene,
    PreviousGene,
    GenesDown,
    GenesUp,
    PanLeft,
    PanRight,
    PanUp,
    PanDown,
    ZoomIn,
    ZoomOut,
    Fit,
    Back,
    SmallerBrush,
    LargerBrush,
    Tool(Tool),
    ClosePolygon,
    DeleteRegions,
    PutAway,
}

/// Keys that belong together, and what they do.
#[derive(Debug)]
pub struct KeyGroup {
    /// The keys, in the order in which they are shown.
    pub keys: &'static [(ExploreKey, Shortcut)],
    /// What they do: "Search the genes".
    pub does: &'static str,
}

impl KeyGroup {
    /// "Up, Down".
    pub fn text(&self) -> String {
        self.keys.iter().map(|(_, shortcut)| shortcut.text()).collect::<Vec<_>>().join(", ")
    }
}

/// The keys of the Explore page.
pub const EXPLORE_KEYS: &[KeyGroup] = &[
    KeyGroup { keys: &[(ExploreKey::SearchGenes, Shortcut::command("F"))], does: "Search the genes" },
    KeyGroup {
        keys: &[
            (ExploreKey::PreviousGene, Shortcut::plain("Up")),
            (ExploreKey::NextGene, Shortcut::plain("Down")),
            (ExploreKey::GenesUp, Shortcut::plain("PageUp")),
            (ExploreKey::GenesDown, Shortcut::plain("PageDown")),
        ],
        does: "Show another gene of the list",
    },
    KeyGroup {
        keys: &[
            (ExploreKey::PanLeft, Shortcut::plain("Left")),
            (ExploreKey::PanRight, Shortcut::plain("Right")),
            (ExploreKey::PanUp, Shortcut::plain("Up")),
            (ExploreKey::PanDown, Shortcut::plain("Down")),
        ],
        does: "Pan the maps, with the pointer over one",
    },
    KeyGroup {
        keys: &[
            (ExploreKey::ZoomIn, Shortcut::plain("+")),
            (ExploreKey::ZoomIn, Shortcut::plain("=")),
            (ExploreKey::ZoomOut, Shortcut::plain("-")),
        ],
        does: "Zoom the maps",
    },
    KeyGroup {
        keys: &[(ExploreKey::Fit, Shortcut::plain("0")), (ExploreKey::Fit, Shortcut::plain("Home"))],
        does: "Show the whole tissue; press again for the whole slide",
    },
    KeyGroup {
        keys: &[(ExploreKey::Back, Shortcut::alt("Left"))],
        does: "Go back to the section and spot before",
    },
    KeyGroup {
        keys: &[
            (ExploreKey::SmallerBrush, Shortcut::plain("[")),
            (ExploreKey::LargerBrush, Shortcut::plain("]")),
        ],
        does: "Make the brush smaller or larger",
    },
    KeyGroup {
        keys: &[
            (ExploreKey::Tool(Tool::Look), Shortcut::plain("M")),
            (ExploreKey::Tool(Tool::Select), Shortcut::plain("S")),
            (ExploreKey::Tool(Tool::Rectangle), Shortcut::plain("R")),
            (ExploreKey::Tool(Tool::Ellipse), Shortcut::plain("O")),
            (ExploreKey::Tool(Tool::Polygon), Shortcut::plain("P")),
            (ExploreKey::Tool(Tool::Lasso), Shortcut::plain("L")),
            (ExploreKey::Tool(Tool::Brush), Shortcut::plain("B")),
            (ExploreKey::Tool(Tool::Eraser), Shortcut::plain("E")),
            (ExploreKey::Tool(Tool::Cut), Shortcut::plain("X")),
        ],
        does: "Look, select regions, draw a rectangle, an ellipse, a polygon or freely, paint, erase, cut",
    },
    KeyGroup {
        keys: &[(ExploreKey::ClosePolygon, Shortcut::plain("Enter"))],
        does: "Close the polygon that is being drawn",
    },
    KeyGroup {
        keys: &[
            (ExploreKey::DeleteRegions, Shortcut::plain("Delete")),
            (ExploreKey::DeleteRegions, Shortcut::plain("Backspace")),
        ],
        does: "Delete the selected regions; while a polygon is drawn, take its last corner back",
    },
    KeyGroup {
        keys: &[(ExploreKey::PutAway, Shortcut::plain("Escape"))],
        does: "Give up what is being drawn, deselect regions, put the tool away, close the similar genes, clear the search or \
               deselect the spot",
    },
];

/// The shortcuts of a key of the Explore page.
pub fn shortcuts_of(key: ExploreKey) -> impl Iterator<Item = Shortcut> {
    EXPLORE_KEYS
        .iter()
        .flat_map(|group| group.keys)
        .filter(move |(own, _)| *own == key)
        .map(|(_, shortcut)| *shortcut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_are_written_as_on_the_keyboard() {
        assert_eq!(Shortcut::command_shift("Z").text().replace("Cmd", "Ctrl"), "Ctrl+Shift+Z");
        assert_eq!(Shortcut::alt("Left").text(), "Alt+Left");
        assert_eq!(EXPLORE_KEYS[1].text(), "Up, Down, Page Up, Page Down");
    }
}
