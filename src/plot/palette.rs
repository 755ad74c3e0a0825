//! Turns a picture into one of at most 256 colours, a third of the bytes to pack and to store.
//!
//! A figure has some ten colours on purpose and thousands by chance, where edges are smoothed and transparent points
//! overlap. The most frequent ones (text, lines, fillings, paper) enter the palette as they are, the others in the order of
//! their frequency unless one within `t` steps of brightness in every channel is there already; the least `t` for which
//! 256 entries suffice is taken, and no pixel moves by more (0 where 256 colours suffice, up to 16 of 255 in a figure of
//! several panels).

use std::collections::HashMap;

type Colour = [u8; 3];

/// How many of the most frequent colours stay exact.
const EXACT: usize = 96;

/// A picture as indices into a palette.
pub(super) struct Indexed {
    pub palette: Vec<u8>,
    pub pixels: Vec<u8>,
}

/// Indexes the colours of opaque RGBA pixels.
pub(super) fn index(rgba: &[u8]) -> Indexed {
    // Long stretches have one colour, so a look at the neighbour saves most look-ups.
    let mut numbers: HashMap<Colour, u32> = HashMap::new();
    let mut colours: Vec<(Colour, usize)> = Vec::new();
    let mut picture: Vec<u32> = Vec::with_capacity(rgba.len() / 4);
    let mut last: (Colour, u32) = ([0; 3], u32::MAX);
    for pixel in rgba.chunks_exact(4) {
        let colour = [pixel[0], pixel[1], pixel[2]];
        if last.1 == u32::MAX || colour != last.0 {
            let number = *numbers.entry(colour).or_insert_with(|| {
                colours.push((colour, 0));
                colours.len() as u32 - 1
            });
            last = (colour, number);
        }
        colours[last.1 as usize].1 += 1;
        picture.push(last.1);
    }
    let mut order: Vec<usize> = (0..colours.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(colours[i].1), colours[i].0));
    let ordered: Vec<Colour> = order.iter().map(|&i| colours[i].0).collect();
    // At the last tolerance only corners of the colour cube are apart, so the search ends.
    let palette = (0..=255).step_by(2).find_map(|tolerance| cover(&ordered, tolerance)).unwrap_or_default();
    let entry: Vec<u8> = colours.iter().map(|(colour, _)| nearest(&palette, *colour)).collect();
    let pixels = picture.into_iter().map(|number| entry[number as usize]).collect();
    Indexed { palette: palette.concat(), pixels }
}

/// At most 256 of the colours such that every other is within `tolerance` of one of them.
fn cover(colours: &[Colour], tolerance: u8) -> Option<Vec<Colour>> {
    let mut palette: Vec<Colour> = Vec::with_capacity(256);
    for (rank, &colour) in colours.iter().enumerate() {
        if rank < EXACT || !palette.iter().any(|&p| apart(p, colour) <= tolerance) {
            if palette.len() == 256 {
                return None;
            }
            palette.push(colour);
        }
    }
    Some(palette)
}

fn nearest(palette: &[Colour], colour: Colour) -> u8 {
    let sum = |p: &Colour| p.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>();
    let best = palette.iter().enumerate().min_by_key(|(_, p)| (apart(**p, colour), sum(p)));
    best.map_or(0, |(i, _)| i as u8)
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
