//! A k-d tree with buckets and bounding boxes, for exact nearest neighbours in some tens of dimensions (Friedman, Bentley
//! and Finkel 1977).

use crate::core::matrix::Matrix;
use crate::core::wide::wide;

/// The most points of a leaf. Their distances are computed side by side, in registers.
const LEAF: usize = 64;

/// Squared distance and point, the nearest first; of equally near ones, the one with the smaller number.
type Near = (f32, usize);

pub(super) struct KdTree {
    dims: usize,
    /// The points in the order of the leaves.
    order: Vec<usize>,
    /// For each leaf, and in it for each dimension, the coordinates of its points, filled up with zeros.
    leaves: Vec<[f32; LEAF]>,
    nodes: Vec<Node>,
    /// The lower and then the upper bounds of each node.
    boxes: Vec<f32>,
}

enum Node {
    /// Its two nodes.
    Inner(usize, usize),
    Leaf {
        /// Its points are these of the order.
        start: usize,
        end: usize,
        /// Where its coordinates begin.
        first: usize,
    },
}

impl KdTree {
    /// A tree of the rows of `points`, which are finite.
    pub(super) fn new(points: &Matrix) -> Self {
        let mut tree = Self {
            dims: points.cols(),
            order: (0..points.rows()).collect(),
            leaves: Vec::new(),
            nodes: Vec::new(),
            boxes: Vec::new(),
        };
        if points.rows() > 0 && points.cols() > 0 {
            tree.split(points, 0, points.rows());
        }
        tree
    }

    /// The points in an order in which neighbours are close to each other.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Makes the node of the points `start..end` of the order and those below it. Halves are equal, so this goes as deep as
    /// the logarithm of the number of points.
    fn split(&mut self, points: &Matrix, start: usize, end: usize) -> usize {
        let node = self.nodes.len();
        let (low, high) = bounds(points, &self.order[start..end]);
        let spread = |d: usize| high[d] - low[d];
        let widest = (0..self.dims).reduce(|a, b| if spread(b) > spread(a) { b } else { a }).unwrap_or(0);
        self.boxes.extend(low.iter().chain(&high));
        let first = self.leaves.len();
        self.nodes.push(Node::Leaf { start, end, first });
        if end - start > LEAF {
            // A whole number of leaves in the first half, so that most leaves are full.
            let middle = (end - start).div_ceil(2 * LEAF) * LEAF;
            let value = |p: usize| points.get(p, widest);
            self.order[start..end]
                .select_nth_unstable_by(middle, |&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
            let first = self.split(points, start, start + middle);
            let second = self.split(points, start + middle, end);
            self.nodes[node] = Node::Inner(first, second);
        } else {
            self.order[start..end].sort_unstable();
            self.leaves.resize(first + self.dims, [0.0; LEAF]);
            for (j, &p) in self.order[start..end].iter().enumerate() {
                for (lanes, &v) in self.leaves[first..].iter_mut().zip(points.row(p)) {
                    lanes[j] = v;
                }
            }
        }
        node
    }

    /// The `count` points nearest to `point`, itself left out, the nearest first; fewer where there are not as many.
    pub(super) fn nearest(&self, query: &[f32], point: usize, count: usize) -> Vec<Near> {
        let mut found = Found { count, point, nearest: Vec::with_capacity(count + 1) };
        if count > 0 && !self.nodes.is_empty() {
            wide(
                #[inline(always)]
                || self.visit(query, &mut found),
            );
        }
        found.nearest
    }

    /// Goes through the nodes that may hold nearer points, the nearer half of each first.
    #[inline(always)]
    fn visit(&self, query: &[f32], found: &mut Found) {
        let mut waiting = vec![(0.0, 0)];
        while let Some((distance, node)) = waiting.pop() {
            // Not where it is equal: there may be a point as far with a smaller number.
            if distance > found.farthest() {
                continue;
            }
            match self.nodes[node] {
                Node::Inner(a, b) => {
                    let (to_a, to_b) = (self.to_box(query, a), self.to_box(query, b));
                    if to_a <= to_b {
                        waiting.extend([(to_b, b), (to_a, a)]);
                    } else {
                        waiting.extend([(to_a, a), (to_b, b)]);
                    }
                }
                Node::Leaf { start, end, first } => {
                    let lanes = &self.leaves[first..first + self.dims];
                    compare(query, lanes, &self.order[start..end], found);
                }
            }
        }
    }

    /// The squared distance of `query` to the bounding box of a node: its terms are added in the order of [`compare`],
    /// so that rounding never makes it larger than that of a point inside.
    #[inline(always)]
    fn to_box(&self, query: &[f32], node: usize) -> f32 {
        let bounds = &self.boxes[node * 2 * self.dims..(node + 1) * 2 * self.dims];
        let (low, high) = bounds.split_at(self.dims);
        let mut sum = 0.0f32;
        for ((q, low), high) in query.iter().zip(low).zip(high) {
            let outside = (low - q).max(q - high).max(0.0);
            sum += outside * outside;
        }
        sum
    }
}

/// Compares `query` with the points of a leaf, whose coordinates are `lanes`.
#[inline(always)]
fn compare(query: &[f32], lanes: &[[f32; LEAF]], points: &[usize], found: &mut Found) {
    let mut sums = [0.0f32; LEAF];
    for (q, values) in query.iter().zip(lanes) {
        for (sum, v) in sums.iter_mut().zip(values) {
            let difference = v - q;
            *sum += difference * difference;
        }
    }
    let mut farthest = found.farthest();
    for (&distance, &p) in sums.iter().zip(points) {
        if distance <= farthest {
            found.offer((distance, p));
            farthest = found.farthest();
        }
    }
}

/// The lower and upper bounds of the given rows.
fn bounds(points: &Matrix, rows: &[usize]) -> (Vec<f32>, Vec<f32>) {
    let mut low = vec![f32::INFINITY; points.cols()];
    let mut high = vec![f32::NEG_INFINITY; points.cols()];
    for &r in rows {
        for ((low, high), &v) in low.iter_mut().zip(&mut high).zip(points.row(r)) {
            *low = low.min(v);
            *high = high.max(v);
        }
    }
    (low, high)
}

/// The nearest points so far.
struct Found {
    count: usize,
    /// The point whose neighbours are looked for.
    point: usize,
    nearest: Vec<Near>,
}

impl Found {
    /// The squared distance beyond which no point is wanted any more.
    #[inline(always)]
    fn farthest(&self) -> f32 {
        match self.nearest.last() {
            Some(last) if self.nearest.len() == self.count => last.0,
            _ => f32::INFINITY,
        }
    }

    #[inline(always)]
    fn offer(&mut self, near: Near) {
        if near.1 == self.point {
            return;
        }
        let at = self.nearest.partition_point(|n| n.0.total_cmp(&near.0).then(n.1.cmp(&near.1)).is_lt());
        if at < self.count {
            self.nearest.truncate(self.count - 1);
            self.nearest.insert(at.min(self.nearest.len()), near);
        }
    }
}
