//! What is trained on.

use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::matrix::Matrix;
use crate::core::target::Target;
use crate::data::slide::Slide;
use crate::model::encoder::EncoderShape;
use crate::model::encoder::parameters::Parameters;
use crate::train::fit::{MIN_SPOTS, TrainError};

/// The images of a section's spots.
#[derive(Debug, Clone, Copy)]
pub enum Images<'a> {
    /// What a frozen encoder made of them: `spots x width`.
    Features(&'a Matrix),
    /// Where they are on the slide, for an encoder that is trained.
    Patches {
        /// The slide.
        slide: &'a Slide,
        /// Centres of the spots.
        centers: &'a [SlidePoint],
        /// Resolution of the slide.
        mpp: Mpp,
    },
}

/// A section to train on.
#[derive(Debug, Clone)]
pub struct PublishedSection<'a> {
    /// Its name.
    pub name: &'a str,
    /// The images of its spots.
    pub images: Images<'a>,
    /// Where its spots lie, in micrometres.
    pub um: &'a [[f32; 2]],
    /// Expression on the target scale: `spots x genes`.
    pub expression: &'a Matrix,
    /// Names of its spots.
    pub spot_ids: &'a [String],
}

/// What to train on.
#[derive(Debug, Clone)]
pub struct PublishedInput<'a> {
    /// The sections.
    pub sections: Vec<PublishedSection<'a>>,
    /// Names of the genes, one a column of each section's expression.
    pub genes: &'a [String],
    /// The scale of expression.
    pub target: Target,
    /// The encoder to be trained, with its first parameters; none where images are features.
    pub encoder: Option<(EncoderShape, Parameters)>,
}

impl PublishedInput<'_> {
    /// Checks that sections, names and genes fit together.
    pub(super) fn check(&self) -> Result<(), TrainError> {
        let genes = self.genes.len();
        for s in &self.sections {
            let spots = s.spot_ids.len();
            let fail = |problem: String| Err(TrainError::Section { section: s.name.to_owned(), problem });
            let images = match s.images {
                Images::Features(features) => features.rows(),
                Images::Patches { centers, .. } => centers.len(),
            };
            if (s.expression.rows(), s.expression.cols()) != (spots, genes)
                || s.um.len() != spots
                || images != spots
            {
                let (rows, cols, places) = (s.expression.rows(), s.expression.cols(), s.um.len());
                return fail(format!(
                    "it has {spots} spots and {genes} genes, but {images} images, {places} places and expression of {rows} x {cols}"
                ));
            }
            let finite = |m: &Matrix| m.as_slice().iter().all(|v| v.is_finite());
            let features_are = match s.images {
                Images::Features(features) => self.encoder.is_none() && finite(features),
                Images::Patches { .. } => self.encoder.is_some(),
            };
            if !finite(s.expression) || !features_are {
                return fail("its expression or features cannot be trained on".to_owned());
            }
        }
        let spots: usize = self.sections.iter().map(|s| s.spot_ids.len()).sum();
        if spots < MIN_SPOTS || genes == 0 {
            return Err(TrainError::TooFewSpots(spots));
        }
        Ok(())
    }
}
