//! Tokens that are drawn: temperature, then the likeliest so many, then the likeliest that make up so much, as `transformers`
//! does, and a stream of random numbers for each text that depends on nothing but its seed, its context and its number.

use crate::harness::request::Sampling;
use crate::stats::random::{Seed, Stream};

/// What a model's own `generation_config.json` says where a task says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SamplingDefaults {
    /// Divides the logits.
    pub temperature: Option<f64>,
    /// So many of the likeliest tokens.
    pub top_k: Option<usize>,
    /// The likeliest tokens that make up so much of the probability.
    pub top_p: Option<f64>,
}

/// `top_k` of `transformers` where nobody says another.
const TOP_K: usize = 50;

/// Draws the tokens of one text.
#[derive(Debug, Clone)]
pub(super) struct Drawing {
    temperature: f64,
    top_k: usize,
    top_p: f64,
    stream: Stream,
}

impl Drawing {
    /// For one text after this context.
    pub(super) fn new(how: &Sampling, context: &str, defaults: &SamplingDefaults) -> Self {
        Self {
            temperature: how.temperature.or(defaults.temperature).unwrap_or(1.0),
            top_k: how.top_k.or(defaults.top_k).unwrap_or(TOP_K),
            top_p: how.top_p.or(defaults.top_p).unwrap_or(1.0),
            stream: Seed(how.seed).stream(context, how.number as u64),
        }
    }

    /// The next token; the likeliest where nothing is to be drawn.
    pub(super) fn token(&mut self, logits: &[f32]) -> u32 {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        // Of equals the first comes first, on every machine.
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        let Some(&best) = order.first() else { return 0 };
        if self.temperature <= 0.0 {
            return best as u32;
        }
        if let Some(least) = order.get(self.top_k.wrapping_sub(1)).map(|&last| logits[last]).filter(|_| self.top_k > 0)
        {
            // What is as likely as the last of them stays.
            order.retain(|&token| logits[token] >= least);
        }
        let weight = |token: &usize| ((f64::from(logits[*token]) - f64::from(logits[best])) / self.temperature).exp();
        let mut weights: Vec<f64> = order.iter().map(weight).collect();
        if self.top_p < 1.0 {
            let all: f64 = weights.iter().sum();
            let mut before = 0.0;
            let kept = weights.iter().take_while(|weight| {
                let is_needed = before < self.top_p * all;
                before += **weight;
                is_needed
            });
            let kept = kept.count().max(1);
            weights.truncate(kept);
        }
        let mut left = self.stream.uniform() * weights.iter().sum::<f64>();
        for (token, weight) in order.iter().zip(&weights) {
            left -= weight;
            if left <= 0.0 {
                return *token as u32;
            }
        }
        order[weights.len() - 1] as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 5] = [0.0, 2.0, 1.0, 2.0, -30.0];

    fn shares(how: Sampling) -> [f64; 5] {
        let mut counts = [0.0; 5];
        let draws = 4000;
        for number in 0..draws {
            let how = Sampling { number, ..how.clone() };
            counts[Drawing::new(&how, "context", &SamplingDefaults::default()).token(&LOGITS) as usize] += 1.0;
        }
        counts.map(|count| count / draws as f64)
    }

    fn close(found: [f64; 5], expected: [f64; 5]) {
        // Five standard deviations of a share of 4,000 draws.
        let far = found.iter().zip(expected).find(|(found, expected)| (**found - expected).abs() > 0.04);
        assert!(far.is_none(), "{found:?} is not {expected:?}");
    }

    #[test]
    fn tokens_are_drawn_as_often_as_they_are_likely() {
        let e = std::f64::consts::E;
        let all = 1.0 + e + 2.0 * e * e;
        close(shares(Sampling::default()), [1.0 / all, e * e / all, e / all, e * e / all, 0.0]);
        // At twice the temperature the logits are halved.
        let all = 1.0 + e.sqrt() + 2.0 * e;
        let warm = Sampling { temperature: Some(2.0), ..Sampling::default() };
        close(shares(warm), [1.0 / all, e / all, e.sqrt() / all, e / all, 0.0]);
        // The likeliest one is two, which are equal.
        close(shares(Sampling { top_k: Some(1), ..Sampling::default() }), [0.0, 0.5, 0.0, 0.5, 0.0]);
        close(shares(Sampling { top_p: Some(0.5), ..Sampling::default() }), [0.0, 0.5, 0.0, 0.5, 0.0]);
        assert_eq!(shares(Sampling { top_p: Some(0.1), ..Sampling::default() }), [0.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(shares(Sampling { temperature: Some(0.0), ..Sampling::default() }), [0.0, 1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_text_is_drawn_alike_again_and_other_texts_otherwise() {
        let flat = [0.0_f32; 64];
        let text = |seed: u64, context: &str, number: usize| -> Vec<u32> {
            let how = Sampling { seed, number, top_k: Some(0), ..Sampling::default() };
            let mut drawing = Drawing::new(&how, context, &SamplingDefaults::default());
            (0..12).map(|_| drawing.token(&flat)).collect()
        };
        assert_eq!(text(1, "a", 0), text(1, "a", 0));
        let others = [text(2, "a", 0), text(1, "b", 0), text(1, "a", 1)];
        assert!(others.iter().all(|other| *other != text(1, "a", 0)), "{others:?}");
        let model = SamplingDefaults { temperature: Some(0.0), ..SamplingDefaults::default() };
        assert_eq!(Drawing::new(&Sampling::default(), "a", &model).token(&LOGITS), 1);
    }
}
