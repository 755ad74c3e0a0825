//! One seed, one independent stream per replicate.
//!
//! Replicate `b` of a method draws from ChaCha8 keyed by `(seed, purpose)` with stream number `b`. Streams of a ChaCha
//! key never overlap (Bernstein 2008, "ChaCha, a variant of Salsa20"), so replicates may run in any order on any number
//! of threads and give the same bytes.
//!
//! ```
//! use onset::stats::random::Seed;
//! let mut first = Seed(7).stream("pairs bootstrap", 3);
//! let mut again = Seed(7).stream("pairs bootstrap", 3);
//! let mut other = Seed(7).stream("pairs bootstrap", 4);
//! let draw = first.uniform();
//! assert_eq!(draw, again.uniform());
//! assert_ne!(draw, other.uniform());
//! ```

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// The one number every random draw of an analysis comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of replicate `number` for `purpose`. Different purposes give unrelated streams.
    pub fn stream(self, purpose: &str, number: u64) -> Stream {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        // FNV-1a over the purpose, once per lane with another offset, fills the rest of the key.
        for lane in 1..4_u64 {
            let mut hash = 0xcbf2_9ce4_8422_2325 ^ lane;
            for byte in purpose.bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            let at = 8 * lane as usize;
            key[at..at + 8].copy_from_slice(&hash.to_le_bytes());
        }
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(number);
        Stream { generator, spare: None }
    }
}

/// A sequence of draws belonging to one replicate.
#[derive(Debug, Clone)]
pub struct Stream {
    generator: ChaCha8Rng,
    spare: Option<f64>,
}

impl Stream {
    /// Uniform on the integers `0..n`; 0 when `n` is 0. Unbiased (Lemire 2019, "Fast random integer generation in an
    /// interval").
    pub fn below(&mut self, n: usize) -> usize {
        let n = n as u32;
        if n == 0 {
            return 0;
        }
        loop {
            let product = u64::from(self.generator.next_u32()) * u64::from(n);
            let low = product as u32;
            if low >= n.wrapping_neg() % n {
                return (product >> 32) as usize;
            }
        }
    }

    /// Uniform on the open interval (0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        ((self.generator.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Standard normal, by the polar method (Marsaglia and Bray 1964).
    pub fn normal(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        loop {
            let (a, b) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = a * a + b * b;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(b * scale);
                return a * scale;
            }
        }
    }

    /// Number of successes among `trials` with success probability `p`, counted one by one.
    pub fn binomial(&mut self, trials: usize, p: f64) -> usize {
        (0..trials).filter(|_| self.uniform() < p).count()
    }

    /// 64 fair bits.
    #[cfg(feature = "models")]
    pub(crate) fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Puts `items` into a uniformly random order (Fisher–Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
