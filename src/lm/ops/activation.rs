//! Non-linearities, alone and multiplied with the second half of a gated MLP: y = act(g)·u.
//!
//! GELU is x·Φ(x) (Hendrycks and Gimpel 2016, arXiv 1606.08415); its tanh form is x·σ(2·√(2/π)·(x + 0.044715·x³)),
//! written with the logistic function since 1 + tanh z = 2·σ(2z).

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
use pulp::Simd;

use super::math::{erf, exp, sigmoid, tanh};
use super::tape::{record, recording};
use super::vectors::{Fill, done, filled, fused, numbers, with_numbers};

/// A non-linearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// x·Φ(x).
    Gelu,
    /// Its tanh form.
    GeluTanh,
    /// x·σ(1.702·x).
    QuickGelu,
    /// x·σ(x).
    Silu,
    /// max(0, x).
    Relu,
    /// max(0, x)².
    SquaredRelu,
    /// σ(x).
    Sigmoid,
    /// tanh(x).
    Tanh,
    /// x.
    Linear,
}

/// The names that configs use.
const NAMES: &[(&str, Activation)] = &[
    ("gelu", Activation::Gelu),
    ("gelu_python", Activation::Gelu),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_fast", Activation::GeluTanh),
    ("gelu_accurate", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("gelu_python_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
    ("relu", Activation::Relu),
    ("relu2", Activation::SquaredRelu),
    ("sigmoid", Activation::Sigmoid),
    ("tanh", Activation::Tanh),
    ("linear", Activation::Linear),
];

/// 2·√(2/π), of the tanh form.
const TANH_SCALE: f32 = 1.595_769_2;
const TANH_CUBE: f32 = 0.044_715;
const QUICK: f32 = 1.702;

/// Evaluates `$body` with `$kind` a constant, so that loops inside it hold no branch on the activation.
macro_rules! specialised {
    ($activation:expr, $kind:ident => $body:expr) => {
        specialised!(@each $activation, $kind => $body,
            Gelu GeluTanh QuickGelu Silu Relu SquaredRelu Sigmoid Tanh Linear)
    };
    (@each $activation:expr, $kind:ident => $body:expr, $($variant:ident)+) => {
        match $activation {
            $(Activation::$variant => {
                const $kind: u8 = Activation::$variant as u8;
                $body
            })+
        }
    };
}

impl Activation {
    pub(in crate::lm) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, activation)| activation)
    }

    pub(in crate::lm) fn names() -> String {
        NAMES.iter().map(|&(name, _)| name).collect::<Vec<_>>().join(", ")
    }

    /// The activation whose discriminant is `KIND`.
    #[inline(always)]
    const fn of<const KIND: u8>() -> Self {
        const ALL: [Activation; 9] = [
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::QuickGelu,
            Activation::Silu,
            Activation::Relu,
            Activation::SquaredRelu,
            Activation::Sigmoid,
            Activation::Tanh,
            Activation::Linear,
        ];
        ALL[KIND as usize]
    }

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        match self {
            Self::Gelu => 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)),
            Self::GeluTanh => x * sigmoid(TANH_SCALE * x * (1.0 + TANH_CUBE * x * x)),
            Self::QuickGelu => x * sigmoid(QUICK * x),
            Self::Silu => x * sigmoid(x),
            Self::Relu => x.max(0.0),
            Self::SquaredRelu => x.max(0.0) * x.max(0.0),
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => tanh(x),
            Self::Linear => x,
        }
    }

    #[inline(always)]
    fn slope(self, x: f32) -> f32 {
        // Of x·σ(z(x)), with z' given.
        let logistic = |z: f32, slope: f32| {
            let s = sigmoid(z);
            s + x * s * (1.0 - s) * slope
        };
        let positive = if x > 0.0 { 1.0 } else { 0.0 };
        match self {
            Self::Gelu => {
                let density =
                    exp(-0.5 * x * x) * (0.5 * std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2);
                0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)) + x * density
            }
            Self::GeluTanh => {
                logistic(TANH_SCALE * x * (1.0 + TANH_CUBE * x * x), TANH_SCALE * (1.0 + 3.0 * TANH_CUBE * x * x))
            }
            Self::QuickGelu => logistic(QUICK * x, QUICK),
            Self::Silu => logistic(x, 1.0),
            Self::Relu => positive,
            Self::SquaredRelu => 2.0 * x * positive,
            Self::Sigmoid => sigmoid(x) * (1.0 - sigmoid(x)),
            Self::Tanh => 1.0 - tanh(x) * tanh(x),
            Self::Linear => 1.0,
        }
    }

    fn plain(self, x: &Tensor) -> Result<Tensor> {
        let sigmoid = |x: &Tensor| (x.neg()?.exp()? + 1.0)?.recip();
        match self {
            Self::Gelu => x.gelu_erf(),
            Self::GeluTanh => {
                let z = ((x.sqr()? * f64::from(TANH_CUBE))? + 1.0)?;
                x * sigmoid(&((x * z)? * f64::from(TANH_SCALE))?)?
            }
            Self::QuickGelu => x * sigmoid(&(x * f64::from(QUICK))?)?,
            Self::Silu => x * sigmoid(x)?,
            Self::Relu => x.relu(),
            Self::SquaredRelu => x.relu()?.sqr(),
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Linear => Ok(x.clone()),
        }
    }
}

/// act(x), element by element.
pub(in crate::lm) fn activate(activation: Activation, x: &Tensor) -> Result<Tensor> {
    if !fused(x) {
        return activation.plain(x);
    }
    let x = x.contiguous()?;
    if !recording(&[&x]) {
        return x.apply_op1(Activate(activation));
    }
    let y = with_numbers(&x, |x| Ok(values(activation, x)))?;
    record(y, x.shape().clone(), move |grad, sums| {
        let for_x = with_numbers(&x, |x| Ok(slopes(activation, x, &grad)))?;
        sums.list(&x, for_x)
    })
}

/// act(gate)·up, element by element; the two have the same shape.
pub(in crate::lm) fn gate(activation: Activation, gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if !fused(gate) {
        return activation.plain(gate)? * up;
    }
    let (gate, up) = (gate.contiguous()?, up.contiguous()?);
    if !recording(&[&gate, &up]) {
        return gate.apply_op2(&up, Gate(activation));
    }
    let y = with_numbers(&gate, |g| with_numbers(&up, |u| Ok(products(activation, g, u))))?;
    record(y, gate.shape().clone(), move |grad, sums| {
        let [for_gate, for_up] =
            with_numbers(&gate, |g| with_numbers(&up, |u| Ok(gate_gradients(activation, g, u, &grad))))?;
        sums.list(&gate, for_gate)?;
        sums.list(&up, for_up)
    })
}

/// act(a).
struct Values<'a, const KIND: u8> {
    a: &'a [f32],
}

/// act(a)·b, or act'(a)·b.
struct Products<'a, const KIND: u8, const SLOPE: bool> {
    a: &'a [f32],
    b: &'a [f32],
}

impl<const KIND: u8> Fill for Values<'_, KIND> {
    #[inline(always)]
    fn fill<S: Simd>(&self, _simd: S, start: usize, out: &mut [f32]) {
        for (out, &a) in out.iter_mut().zip(&self.a[start..]) {
            *out = Activation::of::<KIND>().value(a);
        }
    }
}

impl<const KIND: u8, const SLOPE: bool> Fill for Products<'_, KIND, SLOPE> {
    #[inline(always)]
    fn fill<S: Simd>(&self, _simd: S, start: usize, out: &mut [f32]) {
        for ((out, &a), &b) in out.iter_mut().zip(&self.a[start..]).zip(&self.b[start..]) {
            let activation = Activation::of::<KIND>();
            *out = b * if SLOPE { activation.slope(a) } else { activation.value(a) };
        }
    }
}

fn values(activation: Activation, a: &[f32]) -> Vec<f32> {
    specialised!(activation, KIND => filled(a.len(), 1, &Values::<KIND> { a }))
}

fn products(activation: Activation, a: &[f32], b: &[f32]) -> Vec<f32> {
    specialised!(activation, KIND => filled(a.len(), 1, &Products::<KIND, false> { a, b }))
}

fn slopes(activation: Activation, a: &[f32], b: &[f32]) -> Vec<f32> {
    specialised!(activation, KIND => filled(a.len(), 1, &Products::<KIND, true> { a, b }))
}

/// The gradients of g and u in act(g)·u.
fn gate_gradients(activation: Activation, g: &[f32], u: &[f32], grad: &[f32]) -> [Vec<f32>; 2] {
    [slopes(activation, g, &products(Activation::Linear, u, grad)), products(activation, g, grad)]
}

struct Activate(Activation);

impl CustomOp1 for Activate {
    fn name(&self) -> &'static str {
        "activate"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = numbers(x, layout)?;
        done(values(self.0, x), layout.shape())
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        with_numbers(x, |x_| {
            with_numbers(grad, |grad| Tensor::from_vec(slopes(self.0, x_, grad), x.shape(), x.device()).map(Some))
        })
    }
}

struct Gate(Activation);

impl CustomOp2 for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(&self, g: &CpuStorage, gl: &Layout, u: &CpuStorage, ul: &Layout) -> Result<(CpuStorage, Shape)> {
        let (g, u) = (numbers(g, gl)?, numbers(u, ul)?);
        done(products(self.0, g, u), gl.shape())
    }

    fn bwd(&self, gate: &Tensor, up: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        with_numbers(gate, |g| {
            with_numbers(up, |u| {
                with_numbers(grad, |grad| {
                    let [for_gate, for_up] = gate_gradients(self.0, g, u, grad);
                    Ok((
                        Some(Tensor::from_vec(for_gate, gate.shape(), gate.device())?),
                        Some(Tensor::from_vec(for_up, up.shape(), up.device())?),
                    ))
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agree, sample};
    use super::*;

    #[test]
    fn fused_and_plain_activations_agree_in_values_and_gradients() {
        for (_, activation) in NAMES {
            let (x, up) = (sample((3, 1500), 1), sample((3, 1500), 2));
            agree(&[&x], || activate(*activation, &x), || activation.plain(&x));
            agree(&[&x, &up], || gate(*activation, &x, &up), || activation.plain(&x)? * up.as_tensor());
        }
    }

    #[test]
    fn every_activation_is_found_by_its_name() {
        assert_eq!(Activation::named("gelu_new"), Some(Activation::GeluTanh));
        assert_eq!(Activation::named("xielu"), None);
    }
}
