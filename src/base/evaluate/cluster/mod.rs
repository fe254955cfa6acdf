//! Clusters of places (spots or grid points) by their expression: principal components, then either Leiden communities
//! of the graph of nearest neighbours, or k-means.
//!
//! [`run::cluster`] does it all. Its steps are there one by one, so that a result can be kept: [`run::components`],
//! [`neighbours`], [`connectivities`], [`leiden`] and [`k_means`]. [`agreement`] compares clusters with labels, and
//! [`matching`] gives clusters of two panes or sections the same numbers, hence the same colours.
//!
//! Clusters are numbered from 0 by size, the largest first.

pub mod agreement;
pub mod connectivities;
mod error;
pub mod graph;
pub mod k_means;
mod kd_tree;
pub mod leiden;
pub mod matching;
#[cfg(test)]
mod measure;
pub mod neighbours;
pub mod numbering;
pub mod run;
#[cfg(test)]
mod testing;

pub use error::ClusterError;
