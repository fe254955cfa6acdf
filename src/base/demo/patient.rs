//! The made-up donors and what sets them apart: their tissue, and how it was stained.

/// The optical density (natural logarithm) that one unit of a dye adds to red, green and blue.
pub(super) type Dye = [f32; 3];

/// A donor.
#[derive(Debug)]
pub(super) struct Patient {
    /// Its name, which is the beginning of its sections' names.
    pub(super) name: &'static str,
    /// How much of the section is tumour, normal glands and fat; the rest is stroma.
    pub(super) tumour: f32,
    pub(super) glands: f32,
    pub(super) fat: f32,
    /// How likely there is a heap of lymphocytes in each quarter of a square millimetre.
    pub(super) lymphocytes: f32,
    /// Hematoxylin, blue.
    pub(super) hematoxylin: Dye,
    /// Eosin, pink.
    pub(super) eosin: Dye,
    /// Colour of empty glass.
    pub(super) glass: [f32; 3],
    /// Amplification of the ERBB2 region, as a factor on its genes.
    pub(super) her2: f32,
}

/// The donor of the slide on which nothing was measured.
pub(super) const UNMEASURED: Patient = Patient {
    name: "DemoD",
    tumour: 0.40,
    glands: 0.16,
    fat: 0.12,
    lymphocytes: 0.45,
    hematoxylin: [1.50, 1.58, 0.60],
    eosin: [0.18, 1.65, 0.55],
    glass: [245.0, 241.0, 245.0],
    her2: 1.6,
};

/// The donors of the demo's sections.
pub(super) const PATIENTS: [Patient; 3] = [
    Patient {
        name: "DemoA",
        tumour: 0.45,
        glands: 0.13,
        fat: 0.11,
        lymphocytes: 0.32,
        hematoxylin: [1.45, 1.55, 0.62],
        eosin: [0.13, 1.75, 0.62],
        glass: [246.0, 243.0, 246.0],
        her2: 2.4,
    },
    Patient {
        name: "DemoB",
        tumour: 0.36,
        glands: 0.15,
        fat: 0.13,
        lymphocytes: 0.55,
        hematoxylin: [1.75, 1.60, 0.52],
        eosin: [0.28, 1.55, 0.42],
        glass: [242.0, 234.0, 243.0],
        her2: 0.5,
    },
    Patient {
        name: "DemoC",
        tumour: 0.30,
        glands: 0.24,
        fat: 0.18,
        lymphocytes: 0.42,
        hematoxylin: [1.30, 1.50, 0.80],
        eosin: [0.10, 1.60, 0.85],
        glass: [247.0, 245.0, 241.0],
        her2: 1.2,
    },
];
