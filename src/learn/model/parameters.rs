//! All parameters of a network as one vector, so that an optimiser step, a moving average, and a
//! checkpoint are a handful of operations on one tensor instead of a dozen on each of forty.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

/// One parameter's place in the vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is in the network: "fusion.token.weight".
    pub path: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Where it begins in the vector.
    pub start: usize,
}

impl Entry {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The order of a network's parameters in the vector; a matter of its configuration alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// The parameters, one after another.
    pub entries: Vec<Entry>,
}

impl Layout {
    /// The layout of `network`.
    pub fn from_module<M: Module>(network: &M) -> Self {
        struct Walk {
            path: Vec<String>,
            entries: Vec<Entry>,
        }
        impl ModuleVisitor for Walk {
            fn enter_module(&mut self, name: &str, _container: &str) {
                self.path.push(name.to_owned());
            }
            fn exit_module(&mut self, _name: &str, _container: &str) {
                self.path.pop();
            }
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let start = self.entries.last().map_or(0, |e| e.start + e.len());
                let shape = param.val().dims().to_vec();
                self.entries.push(Entry { path: self.path.join("."), shape, start });
            }
        }
        let mut walk = Walk { path: Vec::new(), entries: Vec::new() };
        network.visit(&mut walk);
        Self { entries: walk.entries }
    }

    /// Length of the vector.
    pub fn len(&self) -> usize {
        self.entries.last().map_or(0, |e| e.start + e.len())
    }

    /// Whether there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The parameters of `network` as one vector, without autodiff.
pub fn gather<M: Module>(network: &M) -> Tensor<1> {
    struct Collect(Vec<Tensor<1>>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(flat(param.val().without_autodiff()));
        }
    }
    let mut parts = Collect(Vec::new());
    network.visit(&mut parts);
    Tensor::cat(parts.0, 0)
}

/// The gradients of the parameters of `network` as one vector; 0 where the loss does not depend on one.
pub fn gradients<M: Module>(network: &M, gradients: &Gradients) -> Tensor<1> {
    struct Collect<'a>(Vec<Tensor<1>>, &'a Gradients);
    impl ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            let gradient = match value.grad(self.1) {
                Some(g) => g,
                None => value.without_autodiff().zeros_like(),
            };
            self.0.push(flat(gradient));
        }
    }
    let mut parts = Collect(Vec::new(), gradients);
    network.visit(&mut parts);
    Tensor::cat(parts.0, 0)
}

/// `network` with the parameters of the vector; ready for backward passes if `trainable`.
pub fn scatter<M: Module>(network: M, vector: &Tensor<1>, trainable: bool) -> M {
    struct Spread<'a> {
        vector: &'a Tensor<1>,
        start: usize,
        trainable: bool,
    }
    impl ModuleMapper for Spread<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, old, mapper) = param.consume();
            let shape = old.shape();
            let count = shape.num_elements();
            let value: Tensor<D> = self.vector.clone().narrow(0, self.start, count).reshape(shape);
            self.start += count;
            let value = if self.trainable { Tensor::from_inner(value).require_grad() } else { value };
            Param::from_mapped_value(id, value, mapper)
        }
    }
    network.map(&mut Spread { vector, start: 0, trainable })
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.shape().num_elements();
    tensor.reshape([count])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ExpressionConfig, FusionConfig, NetworkConfig};
    use burn::tensor::Device;

    fn config() -> NetworkConfig {
        NetworkConfig {
            fusion: FusionConfig { features: 3, side: 3, step_um: 112.0, width: 4, heads: 2, embedding: 6 },
            expression: ExpressionConfig { inputs: 5, width: 4, heads: 2, embedding: 6 },
            projection: 4,
            outputs: 5,
        }
    }

    #[test]
    fn the_vector_gives_the_network_back() {
        let device = Device::flex();
        let (a, b) = (config().init(1, &device), config().init(2, &device));
        let layout = Layout::from_module(&a);
        let vector = gather(&a);
        assert_eq!(vector.dims(), [layout.len()]);
        assert_eq!(layout, Layout::from_module(&b));
        assert_ne!(gather(&b).to_data_as::<f32>(), vector.to_data_as::<f32>());
        let c = scatter(b, &vector, true);
        assert_eq!(gather(&c).to_data_as::<f32>(), vector.to_data_as::<f32>());
        let paths: Vec<&str> = layout.entries.iter().map(|e| e.path.as_str()).collect();
        assert!(paths.contains(&"fusion.token.weight") && paths.contains(&"log_scale"), "{paths:?}");
        let mut unique = paths.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), paths.len());
    }
}
