//! Where a gradient that was computed elsewhere enters the graph.

use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, bail};

/// A number whose gradient with respect to `x` is `gradient`: the end of a part of the network whose continuation was
/// differentiated elsewhere. Its value means nothing.
///
/// # Errors
/// Where the shapes differ.
pub(super) fn continued(x: &Tensor, gradient: Tensor) -> Result<Tensor> {
    if x.shape() != gradient.shape() {
        bail!("a gradient of shape {:?} for {:?}", gradient.shape(), x.shape());
    }
    if x.device().is_cpu() {
        return x.apply_op1(Continued { gradient });
    }
    (x * gradient)?.sum_all()
}

struct Continued {
    gradient: Tensor,
}

impl CustomOp1 for Continued {
    fn name(&self) -> &'static str {
        "continued"
    }

    fn cpu_fwd(&self, _: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let zero = match self.gradient.dtype() {
            DType::BF16 => CpuStorage::BF16(vec![half::bf16::ZERO]),
            DType::F16 => CpuStorage::F16(vec![half::f16::ZERO]),
            DType::F32 => CpuStorage::F32(vec![0.0]),
            other => bail!("no gradients of {other:?} for {layout:?}"),
        };
        Ok((zero, Shape::from(())))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(self.gradient.clone()))
    }
}
