//! The eight ways to lay a square upon itself: quarter turns, with the square mirrored first or not.

/// One of the eight. Axes are those of images: x right, y down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Dihedral {
    /// Whether left and right are swapped first.
    mirrored: bool,
    /// Quarter turns clockwise after that, 0 to 3.
    turns: u8,
}

impl Dihedral {
    /// Leaves everything where it is.
    pub const IDENTITY: Self = Self { mirrored: false, turns: 0 };

    /// Number `index % 8`: 0 is the identity, then come the other turns, then the same mirrored.
    pub fn from_index(index: usize) -> Self {
        Self { mirrored: index % 8 >= 4, turns: (index % 4) as u8 }
    }

    /// What undoes this.
    #[must_use]
    pub fn inverse(self) -> Self {
        // A mirrored square turned is mirrored along another axis, which undoes itself.
        if self.mirrored { self } else { Self { turns: (4 - self.turns) % 4, ..self } }
    }

    /// First `self`, then `other`.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        let own = if other.mirrored { 4 - self.turns } else { self.turns };
        Self { mirrored: self.mirrored != other.mirrored, turns: (own + other.turns) % 4 }
    }

    /// Where a point goes, around the origin.
    pub fn apply<T: Copy + std::ops::Neg<Output = T>>(self, [x, y]: [T; 2]) -> [T; 2] {
        let x = if self.mirrored { -x } else { x };
        match self.turns {
            0 => [x, y],
            1 => [-y, x],
            2 => [-x, -y],
            _ => [y, -x],
        }
    }

    /// Where cell `(column, row)` of a square grid of `side` cells goes.
    fn place(self, side: usize, (column, row): (usize, usize)) -> (usize, usize) {
        // In half cells from the middle, where all coordinates are whole.
        let last = side as isize - 1;
        let [x, y] = self.apply([2 * column as isize - last, 2 * row as isize - last]);
        (((x + last) / 2) as usize, ((y + last) / 2) as usize)
    }

    /// For each cell of a square grid, row by row, the cell whose content comes to lie there: `side^2` numbers
    /// below `side^2`.
    pub fn sources(self, side: usize) -> Vec<usize> {
        let back = self.inverse();
        let from = |cell: usize| back.place(side, (cell % side, cell / side));
        (0..side * side).map(from).map(|(column, row)| row * side + column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Dihedral; 8] {
        std::array::from_fn(Dihedral::from_index)
    }

    /// `square` after `by`.
    fn laid(by: Dihedral, square: &[u8]) -> Vec<u8> {
        by.sources(3).into_iter().map(|s| square[s]).collect()
    }

    const SQUARE: &[u8] = b"abc\
                            def\
                            ghi";

    #[test]
    fn a_quarter_turn_and_a_mirror_are_what_they_say() {
        assert_eq!(laid(Dihedral::IDENTITY, SQUARE), SQUARE);
        assert_eq!(laid(Dihedral::from_index(1), SQUARE), b"gdahebifc", "clockwise");
        assert_eq!(laid(Dihedral::from_index(4), SQUARE), b"cbafedihg");
        assert_eq!(Dihedral::from_index(1).apply([1.0, 0.0]), [0.0, 1.0], "what lay right lies below");
        assert_eq!(Dihedral::from_index(9), Dihedral::from_index(1));
    }

    #[test]
    fn there_are_eight_and_they_are_a_group() {
        let mut seen: Vec<Vec<u8>> = all().iter().map(|&d| laid(d, SQUARE)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 8);
        for a in all() {
            assert_eq!(a.then(a.inverse()), Dihedral::IDENTITY);
            assert_eq!(laid(a.inverse(), &laid(a, SQUARE)), SQUARE);
            for b in all() {
                assert_eq!(laid(b, &laid(a, SQUARE)), laid(a.then(b), SQUARE));
                assert_eq!(b.apply(a.apply([2, 5])), a.then(b).apply([2, 5]));
            }
        }
    }

    #[test]
    fn cells_go_where_points_go() {
        for d in all() {
            for (to, from) in d.sources(5).into_iter().enumerate() {
                let at = |cell: usize| [(cell % 5) as i32 - 2, (cell / 5) as i32 - 2];
                assert_eq!(d.apply(at(from)), at(to));
            }
        }
        assert!(Dihedral::from_index(3).sources(0).is_empty());
    }
}
