//! The weights of a new model: matrices from a normal distribution, norms that change nothing, biases of zero.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use candle_core::{DType, Device, Tensor};

use crate::error::{Error, Result};
use crate::lm::{Config, Decoder, Weights};
use crate::stats::random::Seed;

/// Weights by name for a model that has learned nothing: matrices and tables from N(0, `spread`²), weights of norms such
/// that they multiply by 1, biases 0. Every tensor has a stream of its own, so it does not depend on the others.
///
/// # Errors
/// [`Error::Argument`] for a spread that is not above 0; [`Error::Backend`] if there is no memory.
pub fn random_weights(config: &Config, spread: f64, seed: u64) -> Result<HashMap<String, Tensor>> {
    if !(spread > 0.0 && spread.is_finite()) {
        return Err(Error::Argument(format!("weights cannot be drawn with a spread of {spread}")));
    }
    let made: Rc<RefCell<HashMap<String, Tensor>>> = Rc::default();
    let one = 1.0 - if config.norm.weight { config.norm.offset } else { 0.0 };
    let keep = Rc::clone(&made);
    let make = move |name: &str, shape: &[usize]| -> Result<Tensor> {
        let count = shape.iter().product::<usize>();
        let values: Vec<f32> = match (shape.len(), name.ends_with(".bias")) {
            (1, true) => vec![0.0; count],
            (1, false) => vec![one as f32; count],
            _ => {
                let mut stream = Seed(seed).stream(name, 0);
                (0..count).map(|_| (spread * stream.normal()) as f32).collect()
            }
        };
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        keep.borrow_mut().insert(name.to_owned(), tensor.clone());
        Ok(tensor)
    };
    Decoder::new(config.clone(), &Weights::made(make, &Device::Cpu, DType::F32))?;
    let tensors = made.borrow().clone();
    Ok(tensors)
}
