//! Triangles that cover an area, for drawing it filled on the GPU.

use geo::TriangulateEarcut;

use super::geometry::{Geometry, rings};

/// Triangles that cover an area and leave its holes free.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mesh {
    /// Corners, in slide pixels.
    pub points: Vec<[f64; 2]>,
    /// Three indices of `points` per triangle.
    pub triangles: Vec<u32>,
}

impl Mesh {
    /// Triangles that cover the polygons of `geometry`; the slower the more points it has, see
    /// [`Geometry::simplified`](super::Geometry::simplified) for fewer.
    pub fn new(geometry: &Geometry) -> Self {
        let mut mesh = Self::default();
        for polygon in geometry.polygons() {
            // geo takes for granted that a ring has three points and the one that closes it.
            if rings(polygon).any(|ring| ring.0.len() < 4) {
                continue;
            }
            let raw = polygon.earcut_triangles_raw();
            let first = mesh.points.len();
            mesh.points.extend(raw.vertices);
            let last = mesh.points.len();
            let triangles = raw.triangle_indices.chunks_exact(3);
            let sound = triangles.filter(|t| t.iter().all(|i| first + i < last));
            mesh.triangles.extend(sound.flatten().filter_map(|i| u32::try_from(first + i).ok()));
        }
        mesh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{LineString, MultiPolygon, Polygon, polygon};
    use proptest::prelude::*;

    fn area(mesh: &Mesh) -> f64 {
        let at = |i: &u32| mesh.points[*i as usize];
        let triangle = |t: &[u32]| {
            let [a, b, c] = [at(&t[0]), at(&t[1]), at(&t[2])];
            ((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])).abs() / 2.0
        };
        mesh.triangles.chunks(3).map(triangle).sum()
    }

    #[test]
    fn triangles_cover_what_is_inside() {
        let frame = polygon![
            exterior: [(x: 0.0, y: 0.0), (x: 10.0, y: 0.0), (x: 10.0, y: 10.0), (x: 0.0, y: 10.0)],
            interiors: [[(x: 2.0, y: 2.0), (x: 4.0, y: 2.0), (x: 4.0, y: 4.0), (x: 2.0, y: 4.0)]],
        ];
        let other = polygon![(x: 50.0, y: 0.0), (x: 60.0, y: 0.0), (x: 50.0, y: 10.0)];
        let mesh = Mesh::new(&MultiPolygon(vec![frame, other]).into());
        assert!((area(&mesh) - 96.0 - 50.0).abs() < 1e-9);
        assert_eq!(Mesh::new(&Polygon::new(LineString(vec![]), vec![]).into()), Mesh::default());
    }

    proptest! {
        #[test]
        fn any_outline_gives_triangles_of_its_points(corners in prop::collection::vec((0u8..20, 0u8..20), 0..40)) {
            let ring = corners.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect::<Vec<_>>();
            let mesh = Mesh::new(&Polygon::new(LineString::from(ring), vec![]).into());
            prop_assert!(mesh.triangles.iter().all(|i| (*i as usize) < mesh.points.len()));
        }
    }
}
