//! Colour maps: perceptually uniform and safe for colour-blind readers; see `assets/colormaps/README.md`.

use serde::{Deserialize, Serialize};

/// The colour of "no data" (NaN): a light grey that lies on none of the maps.
pub const NO_DATA: [u8; 3] = [189, 189, 189];

/// A colour map of 256 entries, the same values as in matplotlib.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColorMap {
    /// Dark violet to yellow.
    #[default]
    Viridis,
    /// Black through red-violet to pale yellow.
    Magma,
    /// Black through red to pale yellow.
    Inferno,
    /// Dark blue to yellow, the same to readers with and without red-green blindness.
    Cividis,
    /// Blue (low) through white to red (high), for differences around zero; matplotlib's `RdBu_r`.
    #[serde(rename = "rdbu")]
    RdBu,
}

impl ColorMap {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Viridis, Self::Magma, Self::Inferno, Self::Cividis, Self::RdBu];

    /// What it is called everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viridis => "viridis",
            Self::Magma => "magma",
            Self::Inferno => "inferno",
            Self::Cividis => "cividis",
            Self::RdBu => "RdBu",
        }
    }

    /// Whether its middle means zero.
    pub const fn is_diverging(self) -> bool {
        matches!(self, Self::RdBu)
    }

    const fn bytes(self) -> &'static [u8; 768] {
        match self {
            Self::Viridis => include_bytes!("../../../assets/colormaps/viridis.rgb"),
            Self::Magma => include_bytes!("../../../assets/colormaps/magma.rgb"),
            Self::Inferno => include_bytes!("../../../assets/colormaps/inferno.rgb"),
            Self::Cividis => include_bytes!("../../../assets/colormaps/cividis.rgb"),
            Self::RdBu => include_bytes!("../../../assets/colormaps/rdbu_r.rgb"),
        }
    }

    /// Its 256 colours, lowest first.
    pub fn table(self) -> &'static [[u8; 3]] {
        self.bytes().as_chunks().0
    }

    /// The entry of [`ColorMap::table`] for `t`, 0 (low) to 1 (high); outside it the nearest end, as
    /// matplotlib does it. `None` for NaN.
    pub fn index(self, t: f32) -> Option<u8> {
        // A float to integer cast saturates, so that 1 falls into the last entry and -1 into the first.
        (!t.is_nan()).then_some((t * 256.0) as u8)
    }

    /// The colour at `t`, 0 (low) to 1 (high); outside it the nearest end, [`NO_DATA`] for NaN.
    pub fn rgb(self, t: f32) -> [u8; 3] {
        self.index(t).and_then(|i| self.table().get(usize::from(i))).copied().unwrap_or(NO_DATA)
    }

    /// The colour of `value` between the limits `low` and `high`. Where the limits are equal, everything
    /// has the colour of the middle.
    pub fn rgb_between(self, value: f32, low: f32, high: f32) -> [u8; 3] {
        self.rgb(position(value, low, high))
    }
}

/// Where `value` lies between `low` (0) and `high` (1); not clamped, NaN when `value` or a limit is not a
/// number, 0.5 when the limits are equal.
pub fn position(value: f32, low: f32, high: f32) -> f32 {
    if value.is_nan() {
        f32::NAN
    } else if low == high {
        0.5
    } else {
        (value - low) / (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From matplotlib 3.11: `np.rint(matplotlib.colormaps[name]([0, .25, .5, .75, 1]) * 255)`.
    const MATPLOTLIB: [(ColorMap, [[u8; 3]; 5]); 5] = [
        (ColorMap::Viridis, [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]),
        (ColorMap::Magma, [[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]]),
        (ColorMap::Inferno, [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]]),
        (ColorMap::Cividis, [[0, 34, 78], [67, 78, 108], [125, 124, 120], [188, 174, 108], [254, 232, 56]]),
        (ColorMap::RdBu, [[5, 48, 97], [107, 172, 209], [247, 246, 246], [228, 128, 102], [103, 0, 31]]),
    ];

    #[test]
    fn colours_equal_matplotlib() {
        for (map, expected) in MATPLOTLIB {
            for (t, rgb) in [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().zip(expected) {
                assert_eq!(map.rgb(t), rgb, "{} at {t}", map.name());
            }
            assert_eq!(map.table().len(), 256);
            assert_eq!(map.rgb(-3.0), expected[0]);
            assert_eq!(map.rgb(f32::INFINITY), expected[4]);
        }
    }

    #[test]
    fn no_data_is_on_no_map() {
        for map in ColorMap::ALL {
            assert_eq!(map.rgb(f32::NAN), NO_DATA);
            assert!(!map.table().contains(&NO_DATA));
        }
        assert_eq!(ColorMap::Viridis.rgb_between(f32::NAN, 0.0, 0.0), NO_DATA);
    }

    #[test]
    fn values_between_limits() {
        let map = ColorMap::Viridis;
        assert_eq!(map.rgb_between(3.0, 2.0, 4.0), map.rgb(0.5));
        assert_eq!(map.rgb_between(9.0, 2.0, 4.0), map.rgb(1.0));
        assert_eq!(map.rgb_between(9.0, 2.0, 2.0), map.rgb(0.5), "equal limits show the middle");
    }

    #[test]
    fn names_in_files() {
        let names: Vec<String> = ColorMap::ALL.iter().map(|m| serde_json::to_string(m).unwrap()).collect();
        assert_eq!(names, ["\"viridis\"", "\"magma\"", "\"inferno\"", "\"cividis\"", "\"rdbu\""]);
    }
}
