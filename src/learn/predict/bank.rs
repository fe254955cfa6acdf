//! The bank of training spots: retrieval by cosine similarity and weighted averages of what was retrieved.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::matrix::Matrix;
use crate::predict::{BankSpot, Retrieved};

/// Queries that are compared with the whole bank at a time: small enough that cancelling is quick and the
/// similarities stay in the cache.
const BLOCK: usize = 32;

/// The least squared distance: a spot that finds itself must not push everything else out.
const MIN_SQUARED_DISTANCE: f32 = 1e-4;

/// Training spots with their embeddings and their expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Bank {
    /// Mean of the embeddings, taken out of them and of queries before they are compared: `width`.
    centre: Vec<f32>,
    /// Embeddings minus `centre`, at unit length: `n x width`.
    keys: Matrix,
    /// The embeddings as they are, where weights go by their distance instead of that on the unit sphere.
    plain: Option<Matrix>,
    /// Expression on the target scale: `n x genes`.
    expression: Matrix,
    /// Section and id of each of the `n` training spots.
    spots: Vec<BankSpot>,
}

/// What the retrieved spots say of some queries.
#[derive(Debug, Clone, PartialEq)]
pub struct Average {
    /// Weighted mean expression: `n x genes`.
    pub mean: Matrix,
    /// Weighted standard deviation: `n x genes`.
    pub spread: Matrix,
}

/// The parts of a bank do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bank has {keys} embeddings, {expression} rows of expression and {spots} spots")]
pub struct BankShapeError {
    keys: usize,
    expression: usize,
    spots: usize,
}

impl Bank {
    /// A bank of embeddings (`n x width`) and expression (`n x genes`) of `n` spots.
    ///
    /// # Errors
    /// [`BankShapeError`] when there are not `n` of each.
    pub fn new(embedding: &Matrix, expression: Matrix, spots: Vec<BankSpot>) -> Result<Self, BankShapeError> {
        let n = embedding.rows().max(1) as f64;
        let mut centre = vec![0.0f64; embedding.cols()];
        for row in embedding.iter_rows() {
            for (c, &v) in centre.iter_mut().zip(row) {
                *c += f64::from(v) / n;
            }
        }
        let centre: Vec<f32> = centre.into_iter().map(|c| c as f32).collect();
        let keys = unit_rows(embedding, &centre);
        Self::from_parts(centre, keys, expression, spots)
    }

    /// A bank from what [`Bank::centre`], [`Bank::keys`], [`Bank::expression`] and [`Bank::spots`] gave.
    ///
    /// # Errors
    /// [`BankShapeError`] when they do not fit together.
    pub fn from_parts(
        centre: Vec<f32>,
        keys: Matrix,
        expression: Matrix,
        spots: Vec<BankSpot>,
    ) -> Result<Self, BankShapeError> {
        let fits =
            keys.rows() == expression.rows() && keys.rows() == spots.len() && keys.cols() == centre.len();
        if !fits {
            return Err(BankShapeError {
                keys: keys.rows(),
                expression: expression.rows(),
                spots: spots.len(),
            });
        }
        Ok(Self { centre, keys, plain: None, expression, spots })
    }

    /// A bank as the published recipe has it: found by the cosine of plain embeddings, weighted by
    /// `1 / d^2` where `d` is the sum of absolute differences of the embeddings.
    ///
    /// # Errors
    /// [`BankShapeError`] when there are not as many embeddings, rows of expression and spots.
    pub fn published(
        embedding: Matrix,
        expression: Matrix,
        spots: Vec<BankSpot>,
    ) -> Result<Self, BankShapeError> {
        let centre = vec![0.0; embedding.cols()];
        let keys = unit_rows(&embedding, &centre);
        Ok(Self { plain: Some(embedding), ..Self::from_parts(centre, keys, expression, spots)? })
    }

    /// The embeddings that [`Bank::published`] was given.
    pub fn plain(&self) -> Option<&Matrix> {
        self.plain.as_ref()
    }

    /// Mean of the embeddings: `width`.
    pub fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// Centred embeddings at unit length: `n x width`.
    pub fn keys(&self) -> &Matrix {
        &self.keys
    }

    /// Denoised expression: `n x genes`.
    pub fn expression(&self) -> &Matrix {
        &self.expression
    }

    /// The spots: `n`.
    pub fn spots(&self) -> &[BankSpot] {
        &self.spots
    }

    /// The `k` most similar spots of each query (`queries.rows()` rows of as many numbers as the embeddings
    /// have), most similar first, equally similar ones in the order of the bank; weights are 1/d^2 with
    /// `d^2 = 2 - 2 cos`, or as [`Bank::published`] says, and sum to 1.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn retrieve(
        &self,
        queries: &Matrix,
        k: usize,
        cancel: &CancelToken,
    ) -> Result<Vec<Vec<Retrieved>>, Cancelled> {
        let asked = queries;
        let queries = unit_rows(queries, &self.centre);
        let (n, width) = (self.keys.rows(), self.keys.cols());
        let k = k.clamp(1, n.max(1));
        let blocks: Vec<Vec<Vec<Retrieved>>> = queries
            .as_slice()
            .par_chunks((BLOCK * width).max(1))
            .enumerate()
            .map(|(index, block)| {
                cancel.check()?;
                let rows = block.len() / width.max(1);
                let mut similarity = vec![0.0f32; rows * n];
                matmul(
                    MatMut::from_row_major_slice_mut(&mut similarity, rows, n),
                    Accum::Replace,
                    MatRef::from_row_major_slice(block, rows, width),
                    MatRef::from_row_major_slice(self.keys.as_slice(), n, width).transpose(),
                    1.0,
                    Par::Seq,
                );
                let mut order: Vec<u32> = Vec::with_capacity(n);
                let found = (0..rows).map(|r| {
                    let similarity = &similarity[r * n..(r + 1) * n];
                    let square = |bank: u32| match &self.plain {
                        None => 2.0 - 2.0 * similarity[bank as usize],
                        Some(plain) => {
                            distance(asked.row(index * BLOCK + r), plain.row(bank as usize)).powi(2)
                        }
                    };
                    best(similarity, k, square, &mut order)
                });
                Ok(found.collect())
            })
            .collect::<Result<_, Cancelled>>()?;
        Ok(blocks.into_iter().flatten().collect())
    }

    /// Weighted mean and standard deviation of the expression of retrieved spots.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn average(&self, retrieved: &[Vec<Retrieved>], cancel: &CancelToken) -> Result<Average, Cancelled> {
        let genes = self.expression.cols();
        let mut mean = Matrix::zeros(retrieved.len(), genes);
        let mut spread = Matrix::zeros(retrieved.len(), genes);
        let width = genes.max(1);
        mean.as_mut_slice()
            .par_chunks_mut(width)
            .zip(spread.as_mut_slice().par_chunks_mut(width))
            .zip(retrieved)
            .try_for_each(|((mean, spread), found)| {
                cancel.check()?;
                for r in found {
                    let row = self.expression.row(r.bank as usize);
                    for ((m, s), &x) in mean.iter_mut().zip(spread.iter_mut()).zip(row) {
                        *m += r.weight * x;
                        *s += r.weight * x * x;
                    }
                }
                for (s, m) in spread.iter_mut().zip(mean.iter()) {
                    *s = (*s - m * m).max(0.0).sqrt();
                }
                Ok(())
            })?;
        Ok(Average { mean, spread })
    }
}

/// The sum of absolute differences.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
}

/// The `k` largest of a row of similarities with their weights, one over `square` of their index. `order` is
/// scratch space.
fn best(similarity: &[f32], k: usize, square: impl Fn(u32) -> f32, order: &mut Vec<u32>) -> Vec<Retrieved> {
    let first = |a: &u32, b: &u32| similarity[*b as usize].total_cmp(&similarity[*a as usize]).then(a.cmp(b));
    order.clear();
    order.extend(0..similarity.len() as u32);
    if k < order.len() {
        order.select_nth_unstable_by(k - 1, first);
        order.truncate(k);
    }
    order.sort_unstable_by(first);
    let mut found: Vec<Retrieved> = order
        .iter()
        .map(|&bank| {
            let s = similarity[bank as usize];
            Retrieved { bank, similarity: s, weight: 1.0 / square(bank).max(MIN_SQUARED_DISTANCE) }
        })
        .collect();
    let total: f32 = found.iter().map(|r| r.weight).sum();
    for r in &mut found {
        r.weight /= total;
    }
    found
}

/// Rows minus `centre`, at unit length; a row that equals the centre stays 0.
fn unit_rows(x: &Matrix, centre: &[f32]) -> Matrix {
    let mut out = x.clone();
    for r in 0..out.rows() {
        let row = out.row_mut(r);
        for (v, c) in row.iter_mut().zip(centre) {
            *v -= c;
        }
        let length = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
        let factor = if length > 1e-12 { (1.0 / length) as f32 } else { 0.0 };
        for v in row {
            *v *= factor;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::stream;
    use rand::RngExt;

    fn spots(n: usize) -> Vec<BankSpot> {
        (0..n).map(|i| BankSpot { section: "A".into(), spot: format!("{i}x1") }).collect()
    }

    /// Centred already: unit keys at 0, 90, 180 and 270 degrees; a query at 45 degrees has cosines
    /// sqrt(1/2) with the first two, so d^2 = 2 - sqrt(2) for both and weights 1/2 each.
    #[test]
    fn the_nearest_are_found_and_weighted_by_distance() {
        let keys = Matrix::from_vec(4, 2, vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0]).unwrap();
        let expression = Matrix::from_vec(4, 1, vec![2.0, 4.0, 100.0, 100.0]).unwrap();
        let bank = Bank::new(&keys, expression, spots(4)).unwrap();
        let cancel = CancelToken::new();
        let query = Matrix::from_vec(1, 2, vec![3.0, 3.0]).unwrap();
        let found = bank.retrieve(&query, 2, &cancel).unwrap();
        assert_eq!(found[0].iter().map(|r| r.bank).collect::<Vec<_>>(), [0, 1]);
        assert!((found[0][0].similarity - 0.5f32.sqrt()).abs() < 1e-6);
        assert!((found[0][0].weight - 0.5).abs() < 1e-6);
        let average = bank.average(&found, &cancel).unwrap();
        assert!((average.mean.get(0, 0) - 3.0).abs() < 1e-5 && (average.spread.get(0, 0) - 1.0).abs() < 1e-4);
        // With all four: d^2 = 2 -+ sqrt(2), so weights are in the ratio (2 + sqrt 2) : (2 - sqrt 2).
        let found = bank.retrieve(&query, 9, &cancel).unwrap();
        assert_eq!(found[0].len(), 4);
        let ratio = found[0][0].weight / found[0][3].weight;
        assert!((ratio - (2.0 + 2f32.sqrt()) / (2.0 - 2f32.sqrt())).abs() < 1e-3, "{ratio}");
        assert!((found[0].iter().map(|r| r.weight).sum::<f32>() - 1.0).abs() < 1e-6);
    }

    /// Plain embeddings (1,0), (0,3), (-1,0) and the query (2,1): cosines 2/sqrt 5, 1/sqrt 5, ...; sums of
    /// absolute differences 1 + 1 = 2 and 2 + 2 = 4, so weights are in the ratio 4 : 1.
    #[test]
    fn the_published_bank_weighs_plain_distances() {
        let keys = Matrix::from_vec(3, 2, vec![1.0, 0.0, 0.0, 3.0, -1.0, 0.0]).unwrap();
        let expression = Matrix::from_vec(3, 1, vec![10.0, 20.0, 99.0]).unwrap();
        let bank = Bank::published(keys, expression, spots(3)).unwrap();
        let query = Matrix::from_vec(1, 2, vec![2.0, 1.0]).unwrap();
        let found = bank.retrieve(&query, 2, &CancelToken::new()).unwrap();
        assert_eq!(found[0].iter().map(|r| r.bank).collect::<Vec<_>>(), [0, 1]);
        assert!((found[0][0].similarity - 2.0 / 5f32.sqrt()).abs() < 1e-6);
        assert!((found[0][0].weight - 0.8).abs() < 1e-6 && (found[0][1].weight - 0.2).abs() < 1e-6);
        let average = bank.average(&found, &CancelToken::new()).unwrap();
        assert!((average.mean.get(0, 0) - 12.0).abs() < 1e-5);
    }

    #[test]
    fn equals_sorting_everything_across_blocks() {
        let mut rng = stream(2, "bank", 0);
        let mut draw = |rows: usize| Matrix::from_fn(rows, 5, |_, _| rng.random::<f32>() - 0.5);
        let (keys, queries) = (draw(83), draw(70));
        let bank = Bank::new(&keys, Matrix::zeros(83, 1), spots(83)).unwrap();
        let found = bank.retrieve(&queries, 7, &CancelToken::new()).unwrap();
        assert_eq!(found.len(), 70);
        let unit = unit_rows(&queries, bank.centre());
        for (q, found) in unit.iter_rows().zip(&found) {
            let mut all: Vec<(f32, u32)> = bank
                .keys()
                .iter_rows()
                .enumerate()
                .map(|(i, key)| (q.iter().zip(key).map(|(a, b)| a * b).sum::<f32>(), i as u32))
                .collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0));
            for (f, (s, _)) in found.iter().zip(&all) {
                assert!((f.similarity - s).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let e = Bank::new(&Matrix::zeros(3, 2), Matrix::zeros(2, 1), spots(3)).unwrap_err();
        assert_eq!(e.to_string(), "the bank has 3 embeddings, 2 rows of expression and 3 spots");
    }
}
