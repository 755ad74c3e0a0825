//! How positions enter a model: rotations of queries and keys (RoPE), a learned table, or a bias on scores (ALiBi).
//!
//! RoPE turns the pair (x₂ᵢ, x₂ᵢ₊₁) of every head at position p by the angle p·fᵢ with fᵢ = θ^(−2i/d) (Su et al. 2021,
//! arXiv 2104.09864). Longer contexts change the frequencies: linear (kaiokendev 2023), YaRN (arXiv 2309.00071),
//! LongRoPE (arXiv 2402.13753), Llama 3 (its model card); dynamic NTK changes them only beyond the trained context.
//! ALiBi adds slopeₕ·(j − i) to the score of query i and key j (arXiv 2108.12409).
//!
//! Frequencies and angles are single precision throughout, as in the implementations the models were trained with: at
//! position 8,000 the rounding of p·fᵢ is visible in the fourth digit of the sine.

use half::bf16;

/// How positions enter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Position {
    /// Rotations of queries and keys.
    Rope {
        /// Of every layer, or of those without a window.
        every: Rope,
        /// Of the layers with a window, where it differs (Gemma 3).
        windowed: Option<Rope>,
    },
    /// A learned table; position p is row p + `offset` (OPT: 2).
    Learned {
        /// Rows before that of position 0.
        offset: usize,
    },
    /// A bias on scores.
    Alibi(Alibi),
}

/// Rotary positions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rope {
    /// The base θ.
    pub theta: f64,
    /// The first `dims` of each head are turned; even.
    pub dims: usize,
    /// Pairs are neighbours (GPT-J, GGUF Llama) instead of i and i + dims/2.
    pub interleaved: bool,
    /// Changes for longer contexts.
    pub scaling: Scaling,
}

/// Changes of the frequencies for longer contexts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scaling {
    /// None.
    None,
    /// All frequencies divided by a factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Nothing within the trained context; longer sequences are refused, as their numbers depend on their length.
    Dynamic {
        /// The trained context.
        context: usize,
    },
    /// Low frequencies divided by `factor`, high ones kept, a smooth passage between.
    Llama3 {
        /// Divisor of low frequencies.
        factor: f64,
        /// Wavelengths above context/low are low frequencies.
        low: f64,
        /// Wavelengths below context/high are high frequencies.
        high: f64,
        /// The context before it was lengthened.
        context: usize,
    },
    /// YaRN.
    Yarn(Yarn),
    /// LongRoPE: one divisor per frequency, another list of them beyond `context`.
    Long {
        /// Divisors of sequences within `context`.
        short: Vec<f32>,
        /// Divisors of longer ones.
        long: Vec<f32>,
        /// The context before it was lengthened.
        context: usize,
        /// Sines and cosines are multiplied by this.
        magnitude: f64,
    },
    /// One divisor per frequency (GGUF stores those of Llama 3 so).
    Divisors(Vec<f32>),
}

/// The settings of YaRN.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Yarn {
    /// Divisor of low frequencies.
    pub factor: f64,
    /// Turns within the context above which a frequency is kept.
    pub fast: f64,
    /// Turns below which it is divided.
    pub slow: f64,
    /// The context before it was lengthened.
    pub context: usize,
    /// Sines and cosines are multiplied by this.
    pub magnitude: f64,
    /// Whether the passage between starts and ends at whole dimensions.
    pub whole: bool,
}

/// Biases on scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alibi {
    /// The bias is scaled like the scores, and rounded to bf16 (Falcon).
    pub falcon: bool,
}

/// Cosines and sines of some tokens: `dims / 2` of each per token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rotation {
    /// Cosines.
    pub cos: Vec<f32>,
    /// Sines.
    pub sin: Vec<f32>,
    /// Per token.
    pub pairs: usize,
    /// Pairs are neighbours.
    pub interleaved: bool,
}

impl Position {
    /// Where a sequence of `past` tokens cannot be continued to `total` without turning what is cached anew.
    pub(super) fn crosses(&self, past: usize, total: usize) -> bool {
        let border = match self {
            Self::Rope { every: Rope { scaling: Scaling::Long { context, .. }, .. }, .. } => *context,
            _ => return false,
        };
        past > 0 && past <= border && total > border
    }

    /// What must hold for heads of width `head_dim`; the error says what does not.
    pub(super) fn check(&self, head_dim: usize) -> Result<(), String> {
        let Self::Rope { every, windowed } = self else { return Ok(()) };
        every.check(head_dim)?;
        windowed.as_ref().map_or(Ok(()), |rope| rope.check(head_dim))
    }
}

impl Rope {
    fn check(&self, head_dim: usize) -> Result<(), String> {
        if self.dims < 2 || !self.dims.is_multiple_of(2) || self.dims > head_dim {
            return Err(format!("{} rotary dimensions in heads of width {head_dim}", self.dims));
        }
        let lists = match &self.scaling {
            Scaling::Long { short, long, .. } => vec![short, long],
            Scaling::Divisors(divisors) => vec![divisors],
            _ => Vec::new(),
        };
        match lists.iter().find(|list| list.len() != self.dims / 2) {
            Some(list) => Err(format!("{} rotary divisors for {} frequencies", list.len(), self.dims / 2)),
            None => Ok(()),
        }
    }

    /// Sines and cosines of tokens given as (position, length of the sequence it is in).
    #[must_use]
    pub(crate) fn rotation(&self, tokens: impl IntoIterator<Item = (usize, usize)>) -> Rotation {
        let (near, magnitude) = self.frequencies(false);
        let beyond = match self.scaling {
            Scaling::Long { context, .. } => Some((context, self.frequencies(true).0)),
            _ => None,
        };
        let mut rotation =
            Rotation { cos: Vec::new(), sin: Vec::new(), pairs: self.dims / 2, interleaved: self.interleaved };
        for (position, length) in tokens {
            let frequencies = match &beyond {
                Some((context, far)) if length > *context => far,
                _ => &near,
            };
            for frequency in frequencies {
                let (sin, cos) = (position as f32 * frequency).sin_cos();
                rotation.cos.push(cos * magnitude);
                rotation.sin.push(sin * magnitude);
            }
        }
        rotation
    }

    /// The longest sequence for which the numbers do not depend on the sequence's own length.
    pub(super) fn longest(&self) -> Option<usize> {
        match self.scaling {
            Scaling::Dynamic { context } => Some(context),
            _ => None,
        }
    }

    /// Frequencies of the `dims / 2` pairs and the factor of sines and cosines.
    fn frequencies(&self, beyond: bool) -> (Vec<f32>, f32) {
        let dims = self.dims as f32;
        let plain = || (0..self.dims).step_by(2).map(|i| 1.0 / (self.theta as f32).powf(i as f32 / dims));
        match &self.scaling {
            Scaling::None | Scaling::Dynamic { .. } => (plain().collect(), 1.0),
            Scaling::Linear { factor } => (plain().map(|f| f / *factor as f32).collect(), 1.0),
            Scaling::Divisors(divisors) => (plain().zip(divisors).map(|(f, d)| f / d).collect(), 1.0),
            Scaling::Long { short, long, magnitude, .. } => {
                let divisors = if beyond { long } else { short };
                let power = |i: usize| (self.theta as f32).powf((2 * i) as f32 / dims);
                (divisors.iter().enumerate().map(|(i, d)| 1.0 / (d * power(i))).collect(), *magnitude as f32)
            }
            Scaling::Llama3 { factor, low, high, context } => {
                (plain().map(|f| llama3(f, *factor as f32, *low as f32, *high as f32, *context as f32)).collect(), 1.0)
            }
            Scaling::Yarn(yarn) => {
                let ramp = yarn.ramp(self.theta, self.dims);
                let power = |i: usize| (self.theta as f32).powf((2 * i) as f32 / dims);
                let blend = |(i, divided): (usize, f32)| {
                    let (kept, slowed) = (1.0 / power(i), 1.0 / (yarn.factor as f32 * power(i)));
                    slowed * divided + kept * (1.0 - divided)
                };
                (ramp.into_iter().enumerate().map(blend).collect(), yarn.magnitude as f32)
            }
        }
    }
}

fn llama3(frequency: f32, factor: f32, low: f32, high: f32, context: f32) -> f32 {
    let wavelength = 2.0 * std::f32::consts::PI / frequency;
    if wavelength > context / low {
        frequency / factor
    } else if wavelength < context / high {
        frequency
    } else {
        let smooth = (context / wavelength - low) / (high - low);
        (1.0 - smooth) * frequency / factor + smooth * frequency
    }
}

impl Yarn {
    /// Per frequency: 0 where it is kept, 1 where it is divided.
    fn ramp(&self, theta: f64, dims: usize) -> Vec<f32> {
        let dimension = |turns: f64| {
            dims as f64 * (self.context as f64 / (turns * 2.0 * std::f64::consts::PI)).ln() / (2.0 * theta.ln())
        };
        let (mut from, mut to) = (dimension(self.fast), dimension(self.slow));
        if self.whole {
            (from, to) = (from.floor(), to.ceil());
        }
        (from, to) = (from.max(0.0), to.min((dims - 1) as f64));
        if from == to {
            to += 0.001;
        }
        (0..dims / 2).map(|i| (((i as f64 - from) / (to - from)) as f32).clamp(0.0, 1.0)).collect()
    }
}

impl Alibi {
    /// Slopes of `heads` heads: a geometric sequence for a power of two, interleaved with the next one's otherwise.
    #[must_use]
    pub(crate) fn slopes(self, heads: usize) -> Vec<f32> {
        let whole = 1usize << heads.ilog2();
        let power = |of: usize, exponent: usize| {
            let base = (-(-((of as f64).log2() - 3.0)).exp2()).exp2() as f32;
            base.powi(exponent as i32)
        };
        let first = (1..=whole).map(|i| power(whole, i));
        let rest = (0..heads - whole).map(|i| power(2 * whole, 2 * i + 1));
        let slopes = first.chain(rest);
        if self.falcon { slopes.map(|s| bf16::from_f32(s).to_f32()).collect() } else { slopes.collect() }
    }

    /// The bias of key `j` for query `i` before scaling.
    #[must_use]
    pub(crate) fn bias(self, slope: f32, i: usize, j: usize) -> f32 {
        if self.falcon {
            let rounded = |position: usize| bf16::from_f32(slope * position as f32).to_f32();
            rounded(j) - rounded(i)
        } else {
            slope * (j as f32 - i as f32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds() {
        use crate::lm::{Rope, Scaling};

        let rope = Rope { theta: 10_000.0, dims: 4, interleaved: false, scaling: Scaling::None };
        let rotation = rope.rotation([(0, 2), (1, 2)]);
        assert_eq!(rotation.cos[..2], [1.0, 1.0]); // position 0 is not turned
        assert!((rotation.sin[2] - 1f32.sin()).abs() < 1e-6); // position 1, first pair: by 1 radian
        assert!((rotation.sin[3] - 0.01f32.sin()).abs() < 1e-6); // second pair: by 1/100
    }

    #[test]
    fn slopes_of_a_power_of_two_are_geometric() {
        let slopes = Alibi { falcon: false }.slopes(8);
        assert_eq!(slopes, (1..=8).map(|i| 0.5f32.powi(i)).collect::<Vec<_>>());
    }

    #[test]
    fn slopes_of_other_head_counts_borrow_every_second_of_the_next_power() {
        let slopes = Alibi { falcon: false }.slopes(6);
        let next = Alibi { falcon: false }.slopes(8);
        assert_eq!(slopes[..4], Alibi { falcon: false }.slopes(4)[..]);
        assert_eq!(slopes[4..], [next[0], next[2]]);
    }

    #[test]
    fn long_divisors_apply_beyond_the_first_context_only() {
        let scaling = Scaling::Long { short: vec![1.0], long: vec![2.0], context: 4, magnitude: 1.0 };
        let rope = Rope { theta: 10_000.0, dims: 2, interleaved: false, scaling };
        let rotation = rope.rotation([(3, 4), (3, 5)]);
        assert!((rotation.sin[0] - 3f32.sin()).abs() < 1e-6);
        assert!((rotation.sin[1] - 1.5f32.sin()).abs() < 1e-6);
        let position = Position::Rope { every: rope, windowed: None };
        assert!(position.crosses(4, 5) && !position.crosses(3, 4) && !position.crosses(0, 5));
    }

    #[test]
    fn an_odd_number_of_rotary_dimensions_is_refused() {
        let rope = Rope { theta: 1e4, dims: 3, interleaved: false, scaling: Scaling::None };
        assert!(Position::Rope { every: rope, windowed: None }.check(8).is_err());
    }
}
