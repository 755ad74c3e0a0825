//! Choosing the next token: the likeliest, or at random from a sharpened and trimmed distribution.
//!
//! Logits are divided by the temperature, all but the `top_k` largest are dropped, then all but the smallest set whose
//! probabilities reach `top_p` (Holtzman et al. 2020, arXiv 1904.09751). Draws come from ChaCha with the seed that is
//! given, so the same logits and seed give the same tokens everywhere.
//!
//! ```
//! use onset::lm::{Sampler, Sampling};
//!
//! let logits = [0.0, 5.0, 1.0];
//! assert_eq!(Sampler::new(Sampling::Greedy).choose(&logits), 1);
//! let random = Sampling::Random { temperature: 1.0, top_k: Some(1), top_p: None, seed: 7 };
//! assert_eq!(Sampler::new(random).choose(&logits), 1); // of one token there is no choice
//! ```

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// How tokens are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Sampling {
    /// The likeliest; the first of several.
    Greedy,
    /// At random.
    Random {
        /// Above 0; below 1 sharpens, above 1 flattens.
        temperature: f32,
        /// Only this many of the likeliest.
        top_k: Option<usize>,
        /// Only the likeliest that together have this probability.
        top_p: Option<f32>,
        /// Of the random numbers.
        seed: u64,
    },
}

/// Chooses one token after the other.
#[derive(Debug)]
pub struct Sampler {
    sampling: Sampling,
    random: ChaCha8Rng,
}

impl Sampler {
    /// Starts from the seed of `sampling`.
    #[must_use]
    pub fn new(sampling: Sampling) -> Self {
        let seed = match sampling {
            Sampling::Greedy => 0,
            Sampling::Random { seed, .. } => seed,
        };
        Self { sampling, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The next token given its logits; 0 if there are none.
    pub fn choose(&mut self, logits: &[f32]) -> u32 {
        let best = || {
            let larger = |best: usize, token: usize| if logits[token] > logits[best] { token } else { best };
            (1..logits.len()).fold(0, larger) as u32
        };
        let Sampling::Random { temperature, top_k, top_p, .. } = self.sampling else { return best() };
        if temperature.is_nan() || temperature <= 0.0 {
            return best();
        }
        let mut order: Vec<u32> = (0..logits.len() as u32).collect();
        order.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]).then(a.cmp(&b)));
        order.truncate(top_k.unwrap_or(logits.len()).max(1));
        let Some(&first) = order.first() else { return 0 };
        let largest = logits[first as usize];
        let weight = |&token: &u32| f64::from((logits[token as usize] - largest) / temperature).exp();
        let mut weights: Vec<f64> = order.iter().map(weight).collect();
        if let Some(share) = top_p {
            let wanted = f64::from(share) * weights.iter().sum::<f64>();
            let mut sum = 0.0;
            let kept = weights.iter().take_while(|&&weight| {
                let before = sum;
                sum += weight;
                before < wanted
            });
            let kept = kept.count().max(1);
            weights.truncate(kept);
        }
        // 53 random bits: a number in [0, 1).
        let draw = (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64 * weights.iter().sum::<f64>();
        let mut sum = 0.0;
        let chosen = weights.iter().position(|weight| {
            sum += weight;
            draw < sum
        });
        order[chosen.unwrap_or(weights.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_tokens_and_frequencies_follow_probabilities() {
        let sampling = Sampling::Random { temperature: 0.5, top_k: None, top_p: None, seed: 3 };
        let logits = [0.0f32, 0.5, -1.0];
        let draw = || {
            let mut sampler = Sampler::new(sampling);
            (0..4000).map(|_| sampler.choose(&logits)).collect::<Vec<_>>()
        };
        let drawn = draw();
        assert_eq!(drawn, draw());
        let total: f64 = logits.iter().map(|&z| f64::from(2.0 * z).exp()).sum();
        for (token, &logit) in logits.iter().enumerate() {
            let expected = f64::from(2.0 * logit).exp() / total;
            let seen = drawn.iter().filter(|&&t| t == token as u32).count() as f64 / 4000.0;
            // Four standard errors of a frequency.
            assert!((seen - expected).abs() < 4.0 * (expected * (1.0 - expected) / 4000.0).sqrt(), "{seen} {expected}");
        }
    }

    #[test]
    fn top_p_keeps_the_smallest_set_that_reaches_it() {
        let sampling = Sampling::Random { temperature: 1.0, top_k: None, top_p: Some(0.6), seed: 1 };
        let mut sampler = Sampler::new(sampling);
        // Probabilities 0.5, 0.3, 0.2: the first two are needed to reach 0.6.
        let logits = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        let drawn: std::collections::BTreeSet<u32> = (0..500).map(|_| sampler.choose(&logits)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [0, 1]);
    }
}
