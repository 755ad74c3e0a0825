//! x·Wᵀ: the general product, or where x has few rows and no gradient is wanted, the kernel that reads W once.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::{fused, with_numbers};
use crate::lm::kernels::{FEW, few};

/// `x` of shape (rows, in) times the transpose of `w`, of shape (out, in).
pub(in crate::lm) fn product(x: &Tensor, w: &Tensor) -> Result<Tensor> {
    let (rows, width) = x.dims2()?;
    let tracked = x.track_op() || w.track_op();
    if tracked && fused(x) && fused(w) && w.is_contiguous() {
        return x.contiguous()?.apply_op2(w, Product);
    }
    if rows > FEW || rows * width == 0 || tracked || !fused(x) || !fused(w) || !w.is_contiguous() {
        return x.matmul(&w.t()?);
    }
    let outputs = w.dim(0)?;
    let products = with_numbers(x, |x| with_numbers(w, |w| Ok(few(x, w, width))))?;
    Tensor::from_vec(products, (rows, outputs), x.device())
}

/// The general product with its backward pass: g·W for x and gᵀ·x for W, each only if it is wanted.
struct Product;

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(&self, x: &CpuStorage, xl: &Layout, w: &CpuStorage, wl: &Layout) -> Result<(CpuStorage, Shape)> {
        let ((rows, width), outputs) = (xl.shape().dims2()?, wl.dims()[0]);
        let y = x.matmul(w, (1, rows, outputs, width), xl, &wl.transpose(0, 1)?)?;
        Ok((y, Shape::from((rows, outputs))))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (xs, ws) = (x.detach(), w.detach());
        let for_x = x.track_op().then(|| grad.matmul(&ws)).transpose()?;
        let for_w = w.track_op().then(|| grad.t()?.matmul(&xs)).transpose()?;
        Ok((for_x, for_w))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ROUNDING, agree, largest_difference, sample};
    use super::*;

    #[test]
    fn products_agree_with_tensor_operations_in_values_and_gradients() {
        let (x, w) = (sample((33, 24), 1), sample((17, 24), 2));
        agree(&[&x, &w], || product(&x, &w), || x.matmul(&w.t()?));
    }

    #[test]
    fn the_kernel_for_few_rows_agrees_with_the_general_product() -> Result<()> {
        for (rows, outputs, width) in [(1, 700, 333), (3, 5, 16), (4, 2000, 129)] {
            let (x, w) =
                (sample((rows, width), 1).as_tensor().detach(), sample((outputs, width), 2).as_tensor().detach());
            let difference = largest_difference(&product(&x, &w)?, &x.matmul(&w.t()?)?);
            assert!(difference < ROUNDING * (width as f32).sqrt(), "{difference}");
        }
        Ok(())
    }
}
