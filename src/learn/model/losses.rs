//! The losses: symmetric InfoNCE between image and expression, and regression of expression.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

/// The inverse temperature's logarithm stays within these: 1 to 100, as in CLIP (Radford et al. 2021).
pub const LOG_SCALE: std::ops::RangeInclusive<f32> = 0.0..=4.605_170_2;

/// Symmetric InfoNCE of pairs: the mean cross-entropy of finding the partner, from either side. Its value
/// at chance is `ln b`.
///
/// # Shapes
/// - image: `[b, width]`
/// - expression: `[b, width]`
/// - log_scale: `[1]`, the logarithm of the inverse temperature, clamped to [`LOG_SCALE`]
/// - output: `[1]`
pub fn info_nce(image: Tensor<2>, expression: Tensor<2>, log_scale: Tensor<1>) -> Tensor<1> {
    let scale = log_scale.clamp(*LOG_SCALE.start(), *LOG_SCALE.end()).exp();
    let similarity = normalised(image).matmul(normalised(expression).transpose()) * scale.unsqueeze();
    cross_entropy_of_pairs(similarity)
}

/// The same on plain products at temperature 1, as the published recipe has it. Embeddings of `width` numbers
/// that come from a layer norm have the length `sqrt(width)`, so it begins far above chance, and where all
/// embeddings become alike it sits at `ln b`.
///
/// # Shapes
/// - image: `[b, width]`
/// - expression: `[b, width]`
/// - output: `[1]`
pub fn product_cross_entropy(image: Tensor<2>, expression: Tensor<2>) -> Tensor<1> {
    cross_entropy_of_pairs(image.matmul(expression.transpose()))
}

/// The mean cross-entropy of finding the partner among scores `[b, b]`, from either side.
fn cross_entropy_of_pairs(scores: Tensor<2>) -> Tensor<1> {
    let count = scores.dims()[0];
    let pairs = Tensor::<2>::eye(count, &scores.device());
    let log_likelihood = log_softmax(scores.clone(), 1) + log_softmax(scores, 0);
    (log_likelihood * pairs).sum().div_scalar(-2.0 * count as f32)
}

/// Rows at unit length.
///
/// # Shapes
/// - x: `[b, width]`
/// - output: `[b, width]`
pub fn normalised(x: Tensor<2>) -> Tensor<2> {
    let length = x.clone().square().sum_dim(1).add_scalar(1e-12).sqrt();
    x / length
}

/// Mean squared error of all values.
///
/// # Shapes
/// - predicted, target: `[b, genes]`
/// - output: `[1]`
pub fn squared_error(predicted: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    // Row by row first: the CPU sums long vectors in parallel, in an order of its own.
    (predicted - target).square().mean_dim(1).mean()
}

/// One minus Pearson's correlation over the batch, mean of all genes; 1 for a gene that is constant.
///
/// # Shapes
/// - predicted, target: `[b, genes]`
/// - output: `[1]`
pub fn correlation_error(predicted: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let centred = |x: Tensor<2>| {
        let mean = x.clone().mean_dim(0);
        x - mean
    };
    let (p, t) = (centred(predicted), centred(target));
    let together = (p.clone() * t.clone()).mean_dim(0);
    // Variances are of z-scored genes, so 1e-4 is little, and it keeps the gradient finite where a
    // prediction is constant, as it is before the first step.
    let lengths = (p.square().mean_dim(0).add_scalar(1e-4) * t.square().mean_dim(0).add_scalar(1e-4)).sqrt();
    (together / lengths).mean().neg().add_scalar(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn value(t: Tensor<1>) -> f32 {
        t.into_scalar()
    }

    /// By hand. Unit rows image (1,0), (0,1); expression (1,0), (0.6,0.8); scale 2:
    /// similarities [[2, 1.2], [0, 1.6]].
    /// Rows: ln(1+e^-0.8) = 0.371101, ln(1+e^-1.6) = 0.183901;
    /// columns: ln(1+e^-2) = 0.126928, ln(1+e^-0.4) = 0.513015. Their mean: 0.298736.
    #[test]
    fn info_nce_of_known_pairs() {
        let device = Device::flex();
        let image = Tensor::from_floats([[2.0, 0.0], [0.0, 5.0]], &device);
        let expression = Tensor::from_floats([[1.0, 0.0], [3.0, 4.0]], &device);
        let loss = value(info_nce(image, expression, Tensor::from_floats([2f32.ln()], &device)));
        assert!((loss - 0.298_736).abs() < 1e-5, "{loss}");
    }

    #[test]
    fn info_nce_at_chance_is_the_logarithm_of_the_batch() {
        let device = Device::flex();
        let same = Tensor::<2>::ones([7, 3], &device);
        let loss = value(info_nce(same.clone(), same, Tensor::from_floats([1.0], &device)));
        assert!((loss - 7f32.ln()).abs() < 1e-5, "{loss}");
    }

    /// By hand. Products of (1,0), (0,2) with (1,0), (1,1): [[1, 1], [0, 2]].
    /// Rows: ln 2 = 0.693147, ln(1+e^-2) = 0.126928; columns: ln(1+e^-1) = 0.313262 twice. Mean: 0.361650.
    #[test]
    fn product_cross_entropy_of_known_pairs() {
        let device = Device::flex();
        let image = Tensor::from_floats([[1.0, 0.0], [0.0, 2.0]], &device);
        let expression = Tensor::from_floats([[1.0, 0.0], [1.0, 1.0]], &device);
        let loss = value(product_cross_entropy(image, expression));
        assert!((loss - 0.361_650).abs() < 1e-5, "{loss}");
        let same = Tensor::<2>::ones([7, 3], &device);
        let chance = value(product_cross_entropy(same.clone(), same));
        assert!((chance - 7f32.ln()).abs() < 1e-5, "{chance}");
    }

    #[test]
    fn the_temperature_is_clamped() {
        let device = Device::flex();
        let x = Tensor::<2>::eye(3, &device);
        let at = |s: f32| value(info_nce(x.clone(), x.clone(), Tensor::from_floats([s], &device)));
        assert_eq!(at(9.0), at(*LOG_SCALE.end()));
        assert_eq!(at(-9.0), at(0.0));
    }

    /// Columns: perfectly correlated (1 - 1), and anticorrelated (1 + 1); mean 1. And by NumPy:
    /// corrcoef([1,2,3,5], [2,1,4,3])[0,1] = 0.529150.
    #[test]
    fn correlation_error_of_known_columns() {
        let device = Device::flex();
        let t = Tensor::<2>::from_floats([[1.0, 10.0], [2.0, 20.0], [3.0, 60.0]], &device);
        let sign = Tensor::<2>::from_floats([[3.0, -1.0]], &device);
        assert!((value(correlation_error(t.clone() * sign, t)) - 1.0).abs() < 1e-3);
        let p = Tensor::<2>::from_floats([[1.0], [2.0], [3.0], [5.0]], &device).mul_scalar(10.0);
        let t = Tensor::<2>::from_floats([[2.0], [1.0], [4.0], [3.0]], &device).mul_scalar(10.0);
        let loss = value(correlation_error(p, t));
        assert!((loss - (1.0 - 0.529_150)).abs() < 1e-4, "{loss}");
        let flat = Tensor::<2>::zeros([4, 1], &device);
        assert_eq!(value(correlation_error(flat.clone(), flat)), 1.0);
    }

    #[test]
    fn squared_error_is_the_mean_of_squares() {
        let device = Device::flex();
        let p = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device);
        let t = Tensor::<2>::from_floats([[1.0, 0.0], [3.0, 1.0]], &device);
        assert_eq!(value(squared_error(p, t)), 3.25);
    }
}
