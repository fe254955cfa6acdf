//! What can go wrong.

use crate::core::cancel::Cancelled;
use crate::core::pca::PcaError;
use crate::core::text::counted;

/// Places could not be clustered or clusters not be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClusterError {
    /// There are not enough places.
    #[error("{} cannot form {}; choose fewer clusters or include more places",
        counted(*places, "place"), counted(*clusters, "cluster"))]
    TooFewPlaces {
        /// Places there are.
        places: usize,
        /// Clusters asked for.
        clusters: usize,
    },
    /// A single cluster, or none, was asked for.
    #[error("k-means needs at least 2 clusters, not {0}; choose a larger number of clusters")]
    TooFewClusters(usize),
    /// The resolution is not above 0.
    #[error("The resolution of Leiden clustering must be a number above 0, not {0}")]
    Resolution(f64),
    /// The number of neighbours includes the place itself.
    #[error("At least 2 nearest neighbours are needed (a place counts as one of its own), not {0}")]
    TooFewNeighbours(usize),
    /// No components were asked for.
    #[error("At least 1 principal component is needed to find clusters")]
    NoComponents,
    /// A value is not finite, or so large that squares of it would not be.
    #[error(
        "Gene {gene} is {value} at place {place}, which cannot be clustered; leave out the gene or the place, or check \
         the normalisation"
    )]
    Value {
        /// The place.
        place: String,
        /// The gene.
        gene: String,
        /// Its value there.
        value: f32,
    },
    /// A coordinate along a component is not finite, or so large that squares of it would not be.
    #[error("Component {component} is {value} at place {place}, which cannot be clustered")]
    Coordinate {
        /// The place, from 1.
        place: usize,
        /// The component, from 1.
        component: usize,
        /// Its value there.
        value: f32,
    },
    /// Every gene has the same value at all places.
    #[error(
        "The values of every gene are the same at all places, so there is nothing to cluster; choose other genes"
    )]
    Constant,
    /// Two inputs do not belong together.
    #[error("Clusters cannot be computed: {what} has {found} values, but {expected} are needed")]
    Length {
        /// What has the wrong length.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Clusters are not numbered from 0.
    #[error("Cluster {number} cannot be one of {}; clusters are numbered from 0", counted(*places, "place"))]
    Number {
        /// The number.
        number: usize,
        /// The places that were clustered.
        places: usize,
    },
    /// An edge of a graph names a node that does not exist or has a weight that cannot be.
    #[error("An edge of weight {weight} between the places {from} and {to} does not fit a graph of {}",
        counted(*nodes, "place"))]
    Edge {
        /// A node, from 0.
        from: usize,
        /// The other node, from 0.
        to: usize,
        /// The weight.
        weight: f64,
        /// Nodes of the graph.
        nodes: usize,
    },
    /// The principal components could not be computed.
    #[error(transparent)]
    Components(PcaError),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<PcaError> for ClusterError {
    fn from(error: PcaError) -> Self {
        match error {
            PcaError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Components(other),
        }
    }
}
