//! From expression to clusters in one call.

use super::ClusterError;
use super::connectivities::connectivities;
use super::k_means::k_means;
use super::leiden::{Iterations, leiden};
use super::neighbours::{MAX_COORDINATE, Neighbours};
use super::numbering::count;
use crate::core::cancel::CancelToken;
use crate::core::matrix::{Csr, Matrix};
use crate::core::pca::Pca;
use crate::core::progress::{Progress, Task};

/// Log-normalised expression: `places x genes`.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub enum ClusterValues<'a> {
    Dense(&'a Matrix),
    Sparse(&'a Csr),
}

impl ClusterValues<'_> {
    fn rows(self) -> usize {
        match self {
            Self::Dense(x) => x.rows(),
            Self::Sparse(x) => x.rows(),
        }
    }

    fn cols(self) -> usize {
        match self {
            Self::Dense(x) => x.cols(),
            Self::Sparse(x) => x.cols(),
        }
    }

    /// Row, column and value of the first value for which `is_wrong` says so.
    fn find(self, is_wrong: impl Fn(f32) -> bool + Sync) -> Option<(usize, usize, f32)> {
        match self {
            Self::Dense(x) => {
                let at = x.as_slice().iter().position(|&v| is_wrong(v))?;
                Some((at / x.cols(), at % x.cols(), x.as_slice()[at]))
            }
            Self::Sparse(x) => x.find(is_wrong),
        }
    }
}

/// What is clustered.
#[derive(Clone, Copy)]
pub struct ClusterInput<'a> {
    /// Measured or predicted expression.
    pub values: ClusterValues<'a>,
    /// The names of its columns.
    pub genes: &'a [String],
    /// What an error calls the place of a row.
    pub place: &'a dyn Fn(usize) -> String,
}

/// How places are clustered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterSettings {
    /// Principal components that expression is reduced to; fewer where there are not as many.
    pub components: usize,
    /// How clusters are found from them.
    pub method: ClusterMethod,
    /// The seed of all random choices.
    pub seed: u64,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self { components: 20, method: ClusterMethod::default(), seed: 0 }
    }
}

/// How clusters are found from principal components.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClusterMethod {
    /// Communities of the graph of nearest neighbours.
    Leiden {
        /// Nearest neighbours of each place, itself among them.
        neighbours: usize,
        /// The higher, the more clusters.
        resolution: f64,
        /// See [`Iterations`].
        iterations: Iterations,
    },
    /// k-means.
    KMeans {
        /// Number of clusters.
        k: usize,
    },
}

impl Default for ClusterMethod {
    fn default() -> Self {
        Self::Leiden { neighbours: 15, resolution: 1.0, iterations: Iterations::default() }
    }
}

impl ClusterMethod {
    /// That this method can cluster as many places.
    fn check(self, places: usize) -> Result<(), ClusterError> {
        match self {
            Self::Leiden { neighbours, .. } if neighbours < 2 => {
                Err(ClusterError::TooFewNeighbours(neighbours))
            }
            Self::Leiden { resolution, .. } if !(resolution.is_finite() && resolution > 0.0) => {
                Err(ClusterError::Resolution(resolution))
            }
            Self::KMeans { k } if k < 2 => Err(ClusterError::TooFewClusters(k)),
            Self::KMeans { k } if places < k => Err(ClusterError::TooFewPlaces { places, clusters: k }),
            _ if places < 2 => Err(ClusterError::TooFewPlaces { places, clusters: 2 }),
            Self::Leiden { .. } | Self::KMeans { .. } => Ok(()),
        }
    }
}

/// Clusters of places.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustering {
    /// The cluster of each place, numbered by size, the largest 0.
    pub clusters: Vec<usize>,
    /// Number of clusters.
    pub count: usize,
    /// The modularity of Leiden communities.
    pub modularity: Option<f64>,
}

/// Clusters places: [`components`], then [`from_components`].
///
/// # Errors
/// [`ClusterError`] when settings or values do not allow it, or on cancel.
pub fn cluster(
    input: &ClusterInput<'_>,
    settings: &ClusterSettings,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Clustering, ClusterError> {
    settings.method.check(input.values.rows())?;
    let components = components(input, settings.components, progress, cancel)?;
    from_components(&components, settings.method, settings.seed, progress, cancel)
}

/// The coordinates of each place along the first `most` principal components, or as many as there are: `places x components`.
///
/// # Errors
/// [`ClusterError`] when there are less than two places, no component was asked for, a value is not finite, all places are
/// equal, there is not one name for each column, or on cancel.
pub fn components(
    input: &ClusterInput<'_>,
    most: usize,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Matrix, ClusterError> {
    let (places, genes) = (input.values.rows(), input.values.cols());
    if input.genes.len() != genes {
        return Err(ClusterError::Length {
            what: "the list of genes",
            expected: genes,
            found: input.genes.len(),
        });
    }
    if most == 0 {
        return Err(ClusterError::NoComponents);
    }
    if places < 2 {
        return Err(ClusterError::TooFewPlaces { places, clusters: 2 });
    }
    progress.report(&Task::ComputingComponents.into(), 0, 0);
    if let Some((row, column, value)) =
        input.values.find(|v| !(v.is_finite() && v.abs() <= MAX_COORDINATE / (genes as f32).sqrt()))
    {
        return Err(ClusterError::Value {
            place: (input.place)(row),
            gene: input.genes[column].clone(),
            value,
        });
    }
    let (pca, found) = match input.values {
        ClusterValues::Dense(x) => {
            let pca = Pca::fit(x, most, cancel)?;
            let found = pca.project(x)?;
            (pca, found)
        }
        ClusterValues::Sparse(x) => {
            let pca = Pca::fit_sparse(x, most, cancel)?;
            let found = pca.project_sparse(x)?;
            (pca, found)
        }
    };
    if pca.rank() == 0 {
        return Err(ClusterError::Constant);
    }
    cancel.check()?;
    Ok(found)
}

/// Clusters places by their coordinates along principal components: `places x components`.
///
/// # Errors
/// [`ClusterError`] when settings or values do not allow it, or on cancel.
pub fn from_components(
    components: &Matrix,
    method: ClusterMethod,
    seed: u64,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Clustering, ClusterError> {
    method.check(components.rows())?;
    match method {
        ClusterMethod::Leiden { neighbours, resolution, iterations } => {
            let neighbours = Neighbours::find(components, neighbours, progress, cancel)?;
            let graph = connectivities(&neighbours)?;
            cancel.check()?;
            let found = leiden(&graph, resolution, iterations, seed, progress, cancel)?;
            Ok(Clustering {
                clusters: found.clusters,
                count: found.count,
                modularity: Some(found.modularity),
            })
        }
        ClusterMethod::KMeans { k } => {
            let clusters = k_means(components, k, seed, progress, cancel)?;
            Ok(Clustering { count: count(&clusters), clusters, modularity: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rand::RngExt;

    use super::super::testing::{matrix, small};
    use super::*;
    use crate::core::cancel::Cancelled;
    use crate::core::matrix::CsrBuilder;
    use crate::core::progress::{Silent, Stage};
    use crate::core::rng;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|g| format!("GENE{g}")).collect()
    }

    fn place(row: usize) -> String {
        format!("{row}x7")
    }

    fn run(x: &Matrix, settings: &ClusterSettings) -> Result<Clustering, ClusterError> {
        let genes = names(x.cols());
        let input = ClusterInput { values: ClusterValues::Dense(x), genes: &genes, place: &place };
        cluster(&input, settings, &Silent, &CancelToken::new())
    }

    fn sparse(x: &Matrix) -> Csr {
        let mut builder = CsrBuilder::new(x.cols());
        for row in x.iter_rows() {
            row.iter().enumerate().for_each(|(c, &v)| assert!(builder.push(c, v)));
            builder.end_row();
        }
        builder.finish()
    }

    /// Three groups of 40, 30 and 20 places in 6 genes, the smallest first.
    fn groups() -> Matrix {
        let group = |r: usize| (r >= 20) as usize + (r >= 50) as usize;
        let mut random = rng::stream(3, "groups", 0);
        Matrix::from_fn(90, 6, |r, g| {
            let noise = random.random::<f32>();
            if g / 2 == group(r) { 5.0 + noise } else { noise }
        })
    }

    #[test]
    fn components_equal_those_of_scikit_learn() {
        let s = small();
        let x = matrix(&s.values);
        let genes = names(x.cols());
        let pca = Pca::fit(&x, 5, &CancelToken::new()).unwrap();
        for (found, wanted) in pca.variances().iter().zip(&s.variances) {
            assert!((found - wanted).abs() < 1e-5 * wanted);
        }
        for (found, wanted) in pca.components().as_slice().iter().zip(s.components.iter().flatten()) {
            assert!((f64::from(*found) - wanted).abs() < 1e-5);
        }
        for values in [ClusterValues::Dense(&x), ClusterValues::Sparse(&sparse(&x))] {
            let input = ClusterInput { values, genes: &genes, place: &place };
            let found = components(&input, 5, &Silent, &CancelToken::new()).unwrap();
            for (found, wanted) in found.as_slice().iter().zip(s.scores.iter().flatten()) {
                assert!((f64::from(*found) - wanted).abs() < 1e-3, "{found} {wanted}");
            }
        }
    }

    #[test]
    fn both_methods_find_clear_groups() {
        let wanted: Vec<usize> = (0..90).map(|r| 2 - (r >= 20) as usize - (r >= 50) as usize).collect();
        // At a resolution of 1, noise alone splits a group of 40.
        let leiden =
            ClusterMethod::Leiden { neighbours: 15, resolution: 0.3, iterations: Iterations::UntilStable };
        for method in [leiden, ClusterMethod::KMeans { k: 3 }] {
            let found = run(&groups(), &ClusterSettings { method, ..ClusterSettings::default() }).unwrap();
            let sizes: Vec<usize> =
                (0..3).map(|c| found.clusters.iter().filter(|&&d| d == c).count()).collect();
            assert_eq!((found.count, sizes), (3, vec![40, 30, 20]), "{method:?}");
            assert_eq!(found.clusters, wanted);
            assert_eq!(found.modularity.is_some(), method == leiden);
        }
    }

    #[test]
    fn a_value_that_cannot_be_clustered_is_named() {
        for bad in [f32::NAN, f32::NEG_INFINITY, 1e20] {
            let mut x = groups();
            x.row_mut(33)[4] = bad;
            let error = run(&x, &ClusterSettings::default()).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(&format!("Gene GENE4 is {bad} at place 33x7")), "{text}");
            let genes = names(6);
            let values = sparse(&x);
            let input = ClusterInput { values: ClusterValues::Sparse(&values), genes: &genes, place: &place };
            let error =
                cluster(&input, &ClusterSettings::default(), &Silent, &CancelToken::new()).unwrap_err();
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn impossible_settings_are_refused() {
        let with =
            |method| run(&groups(), &ClusterSettings { method, ..ClusterSettings::default() }).unwrap_err();
        assert_eq!(with(ClusterMethod::KMeans { k: 1 }), ClusterError::TooFewClusters(1));
        assert_eq!(
            with(ClusterMethod::KMeans { k: 91 }),
            ClusterError::TooFewPlaces { places: 90, clusters: 91 }
        );
        let leiden = |neighbours, resolution| {
            with(ClusterMethod::Leiden { neighbours, resolution, iterations: Iterations::Fixed(2) })
        };
        assert_eq!(leiden(15, 0.0), ClusterError::Resolution(0.0));
        assert_eq!(leiden(1, 1.0), ClusterError::TooFewNeighbours(1));
        let none = ClusterSettings { components: 0, ..ClusterSettings::default() };
        assert_eq!(run(&groups(), &none), Err(ClusterError::NoComponents));
        let one = groups().select_rows(&[0]);
        assert_eq!(
            run(&one, &ClusterSettings::default()),
            Err(ClusterError::TooFewPlaces { places: 1, clusters: 2 })
        );
        let constant = Matrix::from_fn(30, 4, |_, g| g as f32);
        assert_eq!(run(&constant, &ClusterSettings::default()), Err(ClusterError::Constant));
        let x = groups();
        let input = ClusterInput { values: ClusterValues::Dense(&x), genes: &names(5), place: &place };
        let found = cluster(&input, &ClusterSettings::default(), &Silent, &CancelToken::new());
        assert!(matches!(found, Err(ClusterError::Length { expected: 6, found: 5, .. })));
    }

    #[test]
    fn fewer_places_than_neighbours_are_clustered() {
        let found = run(&groups().select_rows(&[0, 1, 60, 61, 62]), &ClusterSettings::default()).unwrap();
        assert_eq!(found.clusters.len(), 5);
    }

    #[test]
    fn progress_names_each_step_and_cancelling_stops() {
        #[derive(Default)]
        struct Steps(Mutex<Vec<String>>);
        impl Progress for Steps {
            fn report(&self, stage: &Stage, _: u64, _: u64) {
                self.0.lock().unwrap().push(stage.to_string());
            }
            fn note(&self, _: &str) {}
        }
        let x = groups();
        let genes = names(6);
        let input = ClusterInput { values: ClusterValues::Dense(&x), genes: &genes, place: &place };
        let steps = Steps::default();
        let cancel = CancelToken::new();
        cluster(&input, &ClusterSettings::default(), &steps, &cancel).unwrap();
        let mut told = steps.0.into_inner().unwrap();
        told.dedup();
        assert_eq!(told, ["Computing principal components", "Finding nearest neighbours", "Clustering"]);
        cancel.cancel();
        assert_eq!(
            cluster(&input, &ClusterSettings::default(), &Silent, &cancel),
            Err(ClusterError::Cancelled(Cancelled))
        );
    }
}
