//! The tools for regions, and how to work with each.

/// What the pointer does on the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tool {
    /// It moves the view and chooses spots.
    #[default]
    Look,
    /// It selects regions, and moves them and their points.
    Select,
    /// It draws a rectangle from corner to corner.
    Rectangle,
    /// It draws an ellipse from corner to corner of the rectangle around it.
    Ellipse,
    /// It sets the corners of a polygon.
    Polygon,
    /// It draws the outline freely.
    Lasso,
    /// It paints an area.
    Brush,
    /// It takes what it goes over out of regions.
    Eraser,
    /// It cuts regions along a line.
    Cut,
}

impl Tool {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 9] = [
        Self::Look,
        Self::Select,
        Self::Rectangle,
        Self::Ellipse,
        Self::Polygon,
        Self::Lasso,
        Self::Brush,
        Self::Eraser,
        Self::Cut,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Look => "Look",
            Self::Select => "Select",
            Self::Rectangle => "Rectangle",
            Self::Ellipse => "Ellipse",
            Self::Polygon => "Polygon",
            Self::Lasso => "Lasso",
            Self::Brush => "Brush",
            Self::Eraser => "Eraser",
            Self::Cut => "Cut",
        }
    }

    /// How to work with it, in one or two sentences.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Look => "Drag to move the view; click a spot to see the evidence for it.",
            Self::Select => {
                "Click a region to select it, with Shift several. Drag it or one of its points to move it; double-click its \
                 outline for a new point, and a point with Alt to remove it."
            }
            Self::Rectangle => "Drag from corner to corner. Hold Shift for a square.",
            Self::Ellipse => "Drag from corner to corner of its rectangle. Hold Shift for a circle.",
            Self::Polygon => {
                "Click from corner to corner. Double-click, or press Enter, to close it; Backspace takes a corner back."
            }
            Self::Lasso => "Drag around the tissue.",
            Self::Brush => {
                "Drag to paint. Start inside a region of the same class to extend it. Hold Alt to erase."
            }
            Self::Eraser => "Drag over regions to erase. Where some are selected, only these are erased.",
            Self::Cut => "Drag across regions to cut them in two.",
        }
    }

    /// Whether it paints with a brush of some size.
    pub const fn has_size(self) -> bool {
        matches!(self, Self::Brush | Self::Eraser)
    }

    /// Whether it draws new regions.
    pub const fn draws(self) -> bool {
        matches!(self, Self::Rectangle | Self::Ellipse | Self::Polygon | Self::Lasso | Self::Brush)
    }
}
