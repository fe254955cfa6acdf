//! The Explore page without its drawing: what is chosen, and the maps, facts and evidence that follow.

pub mod camera;
pub mod clusters;
mod command;
pub mod compare;
pub mod drawing;
pub mod evidence;
pub mod facts;
pub mod genes;
pub mod highlights;
pub mod images;
mod index_cache;
mod input;
pub mod mix;
pub mod own_scores;
pub mod regions;
pub mod section_index;
pub mod signatures;
pub mod similar;
pub mod slides;
pub mod spot_grid;
mod state;
pub mod text;
pub mod tissue;
pub mod trust;
pub mod values;

pub use command::ExploreCommand;
pub use input::{ExploreInput, PlacesInput, PredictionStatus, RunScale, SectionInput};
pub use regions::RegionsInput;
pub use state::{ExploreState, GeneMap, PointerStep, Similar, Versions};
