//! Draws exactly as CPython's `random.Random(seed)` makes them, because lm-evaluation-harness picks few-shot examples
//! with it.
//!
//! The generator is MT19937 (Matsumoto and Nishimura 1998, doi:10.1145/272991.272995), seeded by `init_by_array` with
//! the 32-bit digits of the seed; `random()` joins 27 and 26 bits of two outputs; `randbelow(n)` takes the top bits of
//! an output until they are below n; `sample` keeps a pool for small populations and a set of the chosen for large
//! ones, as `Lib/random.py` describes.

use std::collections::HashSet;

use sha2::{Digest, Sha512};

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// A generator with CPython's stream of numbers.
#[derive(Clone)]
pub(super) struct Random {
    state: [u32; SIZE],
    at: usize,
}

impl Random {
    /// The generator Python makes of a whole number.
    pub(crate) fn new(seed: u64) -> Self {
        let digits = [seed as u32, (seed >> 32) as u32];
        Self::of_key(if digits[1] == 0 { &digits[..1] } else { &digits })
    }

    /// The generator Python makes of text: its bytes and their SHA-512 are the digits of one whole number.
    pub(super) fn of_text(seed: &str) -> Self {
        let mut bytes = seed.as_bytes().to_vec();
        bytes.extend(Sha512::digest(seed.as_bytes()));
        let words = bytes.rchunks(4).map(|four| four.iter().fold(0, |word, byte| (word << 8) | u32::from(*byte)));
        let mut key: Vec<u32> = words.collect();
        while key.len() > 1 && key.last() == Some(&0) {
            key.pop();
        }
        Self::of_key(&key)
    }

    fn of_key(key: &[u32]) -> Self {
        let mut state = [0_u32; SIZE];
        state[0] = 19_650_218;
        for i in 1..SIZE {
            let last = state[i - 1];
            state[i] = 1_812_433_253_u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(i as u32);
        }
        let (mut i, mut j) = (1, 0);
        for _ in 0..SIZE.max(key.len()) {
            let last = state[i - 1];
            state[i] =
                (state[i] ^ (last ^ (last >> 30)).wrapping_mul(1_664_525)).wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            j = (j + 1) % key.len();
            if i == SIZE {
                state[0] = state[SIZE - 1];
                i = 1;
            }
        }
        for _ in 1..SIZE {
            let last = state[i - 1];
            state[i] = (state[i] ^ (last ^ (last >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i == SIZE {
                state[0] = state[SIZE - 1];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        Self { state, at: SIZE }
    }

    fn next(&mut self) -> u32 {
        if self.at == SIZE {
            for i in 0..SIZE {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % SIZE] & 0x7fff_ffff);
                let twist = if y & 1 == 0 { 0 } else { 0x9908_b0df };
                self.state[i] = self.state[(i + SHIFT) % SIZE] ^ (y >> 1) ^ twist;
            }
            self.at = 0;
        }
        let mut y = self.state[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// `random()`: uniform on [0, 1) with 53 bits.
    pub(super) fn uniform(&mut self) -> f64 {
        let (a, b) = (self.next() >> 5, self.next() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    /// A whole number below `n`; `n` must be at least 1 and below 2³².
    pub(super) fn below(&mut self, n: usize) -> usize {
        let bits = usize::BITS - n.leading_zeros();
        loop {
            let drawn = (self.next() >> (32 - bits.clamp(1, 32))) as usize;
            if drawn < n {
                return drawn;
            }
        }
    }

    /// `sample(range(population), count)`: different places, in the order they were drawn.
    ///
    /// # Errors
    /// More are asked for than there are.
    pub(crate) fn sample(&mut self, population: usize, count: usize) -> Result<Vec<usize>, String> {
        if count > population {
            return Err(format!("{count} few-shot examples are asked for, there are {population}"));
        }
        // Python weighs the memory of a set against that of a copied list here.
        let mut pool_limit = 21;
        if count > 5 {
            let mut power = 1;
            while power < 3 * count {
                power *= 4;
            }
            pool_limit += power;
        }
        let mut drawn = Vec::with_capacity(count);
        if population <= pool_limit {
            let mut pool: Vec<usize> = (0..population).collect();
            for i in 0..count {
                let at = self.below(population - i);
                drawn.push(pool[at]);
                pool[at] = pool[population - i - 1];
            }
        } else {
            let mut chosen = HashSet::new();
            while drawn.len() < count {
                let at = self.below(population);
                if chosen.insert(at) {
                    drawn.push(at);
                }
            }
        }
        Ok(drawn)
    }

    /// `shuffle`, in place.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }

    /// One resample with replacement: `choices(range(n), k=n)`.
    pub(crate) fn resample(&mut self, n: usize) -> impl Iterator<Item = usize> + '_ {
        (0..n).map(move |_| (self.uniform() * n as f64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each expected value is what CPython 3.11 prints for the call named beside it.
    #[test]
    fn draws_are_those_of_cpython() {
        let mut random = Random::new(1234);
        assert_eq!(random.uniform(), 0.9664535356921388); // random.Random(1234).random()
        let mut random = Random::new(1234);
        assert_eq!(random.sample(5, 3).unwrap(), [3, 0, 4]); // Random(1234).sample(range(5), 3)
        assert_eq!(random.sample(1000, 6).unwrap(), [92, 932, 965, 961, 826, 596]); // then .sample(range(1000), 6)
        assert_eq!(random.sample(85, 6).unwrap(), [4, 10, 12, 45, 30, 2]); // then .sample(range(85), 6)
        let mut items = [0, 1, 2, 3, 4, 5, 6];
        random.shuffle(&mut items);
        assert_eq!(items, [5, 1, 4, 3, 2, 6, 0]); // then .shuffle([0, 1, 2, 3, 4, 5, 6])
        assert_eq!(random.resample(5).collect::<Vec<_>>(), [0, 0, 0, 0, 2]); // then .choices(range(5), k=5)
        let mut random = Random::new(20_000_000_000);
        assert_eq!(random.sample(100_000, 3).unwrap(), [6002, 69419, 59040]); // Random(20000000000).sample(range(100000), 3)
        assert!(random.sample(2, 3).is_err());
        let mut random = Random::of_text("a river, élan"); // Random("a river, élan").random()
        assert_eq!(random.uniform(), 0.9529589149161406);
    }
}
