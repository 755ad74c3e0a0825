//! x·Wᵀ + b: the general product, or where x has few rows and no gradient is wanted, the kernel that reads W once.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use super::tape::{record, recording};
use super::vectors::{fused, with_numbers};
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

/// x·Wᵀ + b, split into heads where `heads` says how many and how wide.
pub(in crate::lm) fn affine(
    x: &Tensor,
    w: &Tensor,
    bias: Option<&Tensor>,
    heads: Option<(usize, usize)>,
) -> Result<Tensor> {
    let ((rows, width), outputs) = (x.dims2()?, w.dim(0)?);
    let shape = match heads {
        Some((heads, width)) => Shape::from((rows, heads, width)),
        None => Shape::from((rows, outputs)),
    };
    // Backends that bring a product of their own are left to it.
    let own = cfg!(not(any(feature = "mkl", feature = "accelerate")));
    if !own || !fused(x) || !fused(w) || !recording(&[x, w]) {
        let y = product(x, w)?;
        let y = bias.map_or_else(|| Ok(y.clone()), |bias| y.broadcast_add(bias))?;
        return y.reshape(shape);
    }
    let (x, w, bias) = (x.contiguous()?, w.contiguous()?, bias.cloned());
    let mut y = match &bias {
        Some(bias) => with_numbers(bias, |bias| Ok(bias.repeat(rows)))?,
        None => vec![0f32; rows * outputs],
    };
    let sizes = (rows, outputs, width);
    with_numbers(&x, |x| with_numbers(&w, |w| add_product(&mut y, sizes, (x, [width, 1]), (w, [1, width]))))?;
    record(y, shape, move |gradient, sums| {
        let to_x = |sum: &mut [f32]| {
            with_numbers(&w, |w| add_product(sum, (rows, width, outputs), (&gradient, [outputs, 1]), (w, [width, 1])))
        };
        sums.within(&x, to_x)?;
        let to_w = |sum: &mut [f32]| {
            with_numbers(&x, |x| add_product(sum, (outputs, width, rows), (&gradient, [1, outputs]), (x, [width, 1])))
        };
        sums.within(&w, to_w)?;
        let Some(bias) = &bias else { return Ok(()) };
        sums.within(bias, |sum| {
            for row in gradient.chunks_exact(outputs) {
                sum.iter_mut().zip(row).for_each(|(sum, gradient)| *sum += gradient);
            }
            Ok(())
        })
    })
}

/// Adds A·B to `out`, of shape (m, n), row by row; A is (m, k) and B (k, n), each with the distances between its rows and
/// between its columns. No number depends on how many cores there are.
fn add_product(
    out: &mut [f32],
    (m, n, k): (usize, usize, usize),
    (a, a_steps): (&[f32], [usize; 2]),
    (b, b_steps): (&[f32], [usize; 2]),
) -> Result<()> {
    let reach = |rows: usize, columns: usize, [row, column]: [usize; 2]| match rows.min(columns) {
        0 => 0,
        _ => (rows - 1) * row + (columns - 1) * column + 1,
    };
    if out.len() != m * n || a.len() < reach(m, k, a_steps) || b.len() < reach(k, n, b_steps) {
        bail!("a product of ({m}, {k}) and ({k}, {n}) with lists of {}, {} and {}", out.len(), a.len(), b.len());
    }
    if m * n * k == 0 {
        return Ok(());
    }
    let cores = match rayon::current_num_threads() {
        1 => gemm::Parallelism::None,
        several => gemm::Parallelism::Rayon(several),
    };
    let [a_row, a_column] = a_steps.map(|step| step as isize);
    let [b_row, b_column] = b_steps.map(|step| step as isize);
    // SAFETY: the three lists were seen to reach as far as sizes and steps say, and `out` is borrowed for writing.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            true,
            a.as_ptr(),
            a_column,
            a_row,
            b.as_ptr(),
            b_column,
            b_row,
            1.0,
            1.0,
            false,
            false,
            false,
            cores,
        );
    }
    Ok(())
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
