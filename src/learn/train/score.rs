//! How well the validation spots are predicted while training goes on.

use rayon::prelude::*;

use crate::core::matrix::Matrix;

/// Mean Pearson correlation over the genes where it is defined; 0 where it is for none.
pub fn mean_correlation(predicted: &Matrix, measured: &Matrix) -> f64 {
    let all: Vec<f64> =
        (0..measured.cols()).into_par_iter().filter_map(|g| correlation(predicted, measured, g)).collect();
    if all.is_empty() { 0.0 } else { all.iter().sum::<f64>() / all.len() as f64 }
}

/// Mean squared error over all values.
pub fn mean_square(predicted: &Matrix, measured: &Matrix) -> f64 {
    let pairs = predicted.as_slice().iter().zip(measured.as_slice());
    let sum: f64 = pairs.map(|(p, m)| (f64::from(*p) - f64::from(*m)).powi(2)).sum();
    sum / predicted.as_slice().len().max(1) as f64
}

fn correlation(predicted: &Matrix, measured: &Matrix, gene: usize) -> Option<f64> {
    let (p, m) = (predicted.column(gene), measured.column(gene));
    let n = p.len().max(1) as f64;
    let mean = |v: &[f32]| v.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let (p_mean, m_mean) = (mean(&p), mean(&m));
    let (mut pp, mut mm, mut pm) = (0.0, 0.0, 0.0);
    for (p, m) in p.iter().zip(&m) {
        let (p, m) = (f64::from(*p) - p_mean, f64::from(*m) - m_mean);
        pp += p * p;
        mm += m * m;
        pm += p * m;
    }
    let scale = (pp * mm).sqrt();
    (scale > 1e-12).then(|| pm / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NumPy: corrcoef([1,2,3,5], [2,1,4,3])[0,1] = 0.529150; the second gene is constant.
    #[test]
    fn constant_genes_are_left_out() {
        let p = Matrix::from_vec(4, 2, vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 5.0, 4.0]).unwrap();
        let m = Matrix::from_vec(4, 2, vec![2.0, 7.0, 1.0, 7.0, 4.0, 7.0, 3.0, 7.0]).unwrap();
        assert!((mean_correlation(&p, &m) - 0.529_150).abs() < 1e-5);
        assert_eq!(mean_correlation(&p.select_cols(&[1]), &m.select_cols(&[1])), 0.0);
        assert_eq!(mean_square(&p.select_cols(&[0]), &m.select_cols(&[0])), (1.0 + 1.0 + 1.0 + 4.0) / 4.0);
    }
}
