//! Stains as directions in optical density: what a pixel holds of hematoxylin, of eosin, and of neither.

/// Directions of hematoxylin and eosin in optical density of red, green and blue (Ruifrok and Johnston,
/// 2001). Fixed for all slides: standardising features per section takes out what a stain differs by.
pub(super) const HEMATOXYLIN: [f64; 3] = [0.650, 0.704, 0.286];
/// See [`HEMATOXYLIN`].
pub(super) const EOSIN: [f64; 3] = [0.072, 0.990, 0.105];

/// Optical density of a colour value; one is added so that black stays finite.
pub(super) fn optical_density(value: u8) -> f64 {
    -((f64::from(value) + 1.0) / 256.0).log10()
}

/// The same direction at length 1.
pub(super) fn unit(v: [f64; 3]) -> [f64; 3] {
    let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.map(|x| x / norm)
}

/// Rows that turn the optical densities of red, green and blue into hematoxylin, eosin and what is
/// perpendicular to both.
pub(super) fn unmixing() -> [[f64; 3]; 3] {
    let (h, e) = (unit(HEMATOXYLIN), unit(EOSIN));
    let r = unit(cross(h, e));
    // The inverse of the matrix whose rows are h, e, r, by its adjugate; column i of it unmixes stain i.
    let columns = [cross(e, r), cross(r, h), cross(h, e)];
    let determinant: f64 = h.iter().zip(columns[0]).map(|(a, b)| a * b).sum();
    columns.map(|c| c.map(|x| x / determinant))
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_stains_separate() {
        let unmix = unmixing();
        for (stain, expected) in [(HEMATOXYLIN, [1.0, 0.0, 0.0]), (EOSIN, [0.0, 1.0, 0.0])] {
            let norm = stain.iter().map(|x| x * x).sum::<f64>().sqrt();
            for (row, expected) in unmix.iter().zip(expected) {
                let amount: f64 = row.iter().zip(stain).map(|(a, b)| a * b / norm).sum();
                assert!((amount - expected).abs() < 1e-9, "{amount} instead of {expected}");
            }
        }
    }
}
