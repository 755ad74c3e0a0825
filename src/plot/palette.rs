//! Turns a picture into one of at most 256 colours, a third of the bytes to pack and to store.
//!
//! A figure has some ten colours on purpose and thousands by chance, where edges are smoothed and transparent points
//! overlap. The most frequent ones (text, lines, fillings, paper) enter the palette as they are, the others in the order of
//! their frequency unless one within `t` steps of brightness in every channel is there already; the least `t` for which
//! 256 entries suffice is taken, and no pixel moves by more (0 where 256 colours suffice, up to 16 of 255 in a figure of
//! several panels).

use rustc_hash::FxHashMap;

type Colour = [u8; 3];

/// How many of the most frequent colours stay exact.
const EXACT: usize = 96;
/// The most entries of a palette.
const MOST: usize = 256;

/// A picture as indices into a palette.
pub(super) struct Indexed {
    pub palette: Vec<u8>,
    pub pixels: Vec<u8>,
}

/// Indexes the colours of opaque RGBA pixels.
pub(super) fn index(rgba: &[u8]) -> Indexed {
    // Long stretches have one colour, so a picture is few runs of it.
    let mut numbers: FxHashMap<Colour, u32> = FxHashMap::default();
    let mut colours: Vec<(Colour, usize)> = Vec::new();
    let mut runs: Vec<(u32, usize)> = Vec::new();
    let (pixels, _) = rgba.as_chunks::<4>();
    for run in pixels.chunk_by(|a, b| a[..3] == b[..3]) {
        let colour = [run[0][0], run[0][1], run[0][2]];
        let number = *numbers.entry(colour).or_insert_with(|| {
            colours.push((colour, 0));
            colours.len() as u32 - 1
        });
        colours[number as usize].1 += run.len();
        runs.push((number, run.len()));
    }
    let mut order: Vec<usize> = (0..colours.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(colours[i].1), colours[i].0));
    let ordered: Vec<Colour> = order.iter().map(|&i| colours[i].0).collect();
    // At the last tolerance only corners of the colour cube are apart, so the search ends.
    let palette = (0..=255).step_by(2).find_map(|tolerance| Palette::cover(&ordered, tolerance)).unwrap_or_default();
    let entry: Vec<u8> = colours.iter().map(|(colour, _)| palette.nearest(*colour)).collect();
    let mut indices = Vec::with_capacity(pixels.len());
    for (number, length) in runs {
        indices.resize(indices.len() + length, entry[number as usize]);
    }
    Indexed { palette: palette.entries().flatten().collect(), pixels: indices }
}

/// Colours by channel, so that one is compared with all at once.
#[derive(Default)]
struct Palette {
    channels: [Vec<u8>; 3],
}

impl Palette {
    /// At most `MOST` of the colours such that every other is within `tolerance` of one of them.
    fn cover(colours: &[Colour], tolerance: u8) -> Option<Self> {
        let mut palette = Self::default();
        for (rank, &colour) in colours.iter().enumerate() {
            if rank < EXACT || !palette.has(colour, tolerance) {
                if palette.channels[0].len() == MOST {
                    return None;
                }
                palette.channels.iter_mut().zip(colour).for_each(|(channel, value)| channel.push(value));
            }
        }
        Some(palette)
    }

    fn entries(&self) -> impl Iterator<Item = Colour> {
        let [red, green, blue] = &self.channels;
        red.iter().zip(green).zip(blue).map(|((r, g), b)| [*r, *g, *b])
    }

    /// Whether a colour is within `tolerance`. All are compared, without a branch, which is faster than to stop at the first.
    fn has(&self, colour: Colour, tolerance: u8) -> bool {
        self.entries().fold(0, |found, entry| found | u8::from(apart(entry, colour) <= tolerance)) != 0
    }

    /// The entry with the least largest difference, among several the one with the least sum of differences.
    fn nearest(&self, colour: Colour) -> u8 {
        let sum = |p: Colour| p.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>();
        // Largest difference, sum and number in one: the sum has 10 bits, the number 8.
        let key = |(i, p): (usize, Colour)| u32::from(apart(p, colour)) << 18 | sum(p) << 8 | i as u32;
        self.entries().enumerate().map(key).min().map_or(0, |key| (key & 0xff) as u8)
    }
}

/// Largest difference in a channel.
fn apart(a: Colour, b: Colour) -> u8 {
    a[0].abs_diff(b[0]).max(a[1].abs_diff(b[1])).max(a[2].abs_diff(b[2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(indexed: &Indexed) -> Vec<Colour> {
        let colour = |&i: &u8| indexed.palette[3 * i as usize..][..3].try_into().unwrap();
        indexed.pixels.iter().map(colour).collect()
    }

    #[test]
    fn few_colours_stay_exact() {
        let rgba: Vec<u8> = (0..=255u8).flat_map(|i| [i, 255 - i, i / 2, 255]).collect();
        let colours: Vec<Colour> = rgba.chunks(4).map(|p| [p[0], p[1], p[2]]).collect();
        assert_eq!(unpacked(&index(&rgba)), colours);
    }

    #[test]
    fn many_colours_move_little_and_the_frequent_ones_not_at_all() {
        let ramp = (0..4096u32).flat_map(|i| [(i % 16 * 4) as u8, (i / 16 % 16 * 4) as u8, (i / 256 * 4) as u8, 255]);
        let frequent = [7, 201, 33, 255].repeat(50);
        let rgba: Vec<u8> = ramp.chain(frequent).collect();
        let indexed = index(&rgba);
        assert!(indexed.palette.len() <= 3 * 256);
        let worst = unpacked(&indexed).iter().zip(rgba.chunks(4)).map(|(a, b)| apart(*a, [b[0], b[1], b[2]])).max();
        // Sixteen levels, four steps apart, in three channels: 160 free entries must each stand for 26 colours, a cube of
        // three levels, whose corners are 4 steps from its centre; greedy cover takes up to three times that.
        assert!(worst.is_some_and(|w| w <= 12), "{worst:?}");
        assert_eq!(unpacked(&indexed).last(), Some(&[7, 201, 33]));
    }
}
