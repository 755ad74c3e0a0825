//! The translation edit rate (Snover et al. 2006): insertions, deletions, substitutions and shifts of stretches of words that
//! make a reference of an answer, over the length of the reference.
//!
//! Which shifts are tried and which of several counts is not settled by the definition. Here it is as in sacrebleu, which
//! follows the program Tercom: greedily the best shift, of at most ten words over at most fifty places, among the first
//! thousand that are looked at; edits are counted within a band around the diagonal. Case is overlooked.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::python::is_space;

/// Words of a shift, at most.
const LONGEST: usize = 10;
/// Places over which words are shifted, at most.
const FARTHEST: usize = 50;
/// Shifts that are looked at for one answer and reference, at most.
const CANDIDATES: usize = 1000;
/// Width of the band around the diagonal, to either side.
const BAND: usize = 25;

/// The edits that make the closest reference of the answer, and the mean length of the references.
pub(super) fn edits(answer: &str, references: &[String]) -> (f64, f64) {
    let answer = answer.to_lowercase();
    let answer = words(&answer);
    let (mut fewest, mut lengths) = (usize::MAX, 0);
    for reference in references {
        let reference = reference.to_lowercase();
        let reference = words(&reference);
        lengths += reference.len();
        fewest = fewest.min(against(&answer, &reference));
    }
    (fewest as f64, lengths as f64 / references.len() as f64)
}

fn words(text: &str) -> Vec<&str> {
    text.split(is_space).filter(|word| !word.is_empty()).collect()
}

/// The edits against one reference.
fn against(answer: &[&str], reference: &[&str]) -> usize {
    if reference.is_empty() {
        return answer.len();
    }
    // Words are compared often and read once.
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut words: Vec<u32> = Vec::with_capacity(answer.len() + reference.len());
    for word in answer.iter().chain(reference) {
        let next = numbers.len() as u32;
        words.push(*numbers.entry(*word).or_insert(next));
    }
    let reference = words.split_off(answer.len());
    let (mut shifts, mut looked_at) = (0, 0);
    loop {
        let best = best_shift(&words, &reference, &mut looked_at);
        // What was found when the candidates ran out does not count.
        let Some(best) = best.filter(|best| looked_at < CANDIDATES && best.saved > 0) else { break };
        words = best.words;
        shifts += 1;
    }
    shifts + Alignment::of(&words, &reference).edits
}

/// A shift, ranked by its fields in their order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Shift {
    /// Edits that it saves.
    saved: isize,
    length: usize,
    /// Earlier beginnings and targets first.
    from: Reverse<usize>,
    to: Reverse<usize>,
    words: Vec<u32>,
}

/// The best shift of the words, whether it saves edits or not.
fn best_shift(words: &[u32], reference: &[u32], looked_at: &mut usize) -> Option<Shift> {
    let before = Alignment::of(words, reference);
    let mut best: Option<Shift> = None;
    for (from, at, length) in alike(words, reference) {
        let wrong = |of: &[bool], from: usize| of[from..from + length].contains(&true);
        let within = (from..from + length).contains(&before.behind[at].wrapping_sub(1));
        if !wrong(&before.wrong_words, from) || !wrong(&before.wrong_reference, at) || within {
            continue;
        }
        // Behind the word that the reference has before the stretch, and behind each word of the stretch.
        let behind = std::iter::once(at.checked_sub(1)).chain((at..at + length).map(Some));
        let mut last = None;
        for behind in behind {
            let to = match behind {
                None => 0,
                Some(place) => before.behind[place],
            };
            if last.replace(to) == Some(to) {
                continue;
            }
            let shifted = shifted(words, from, length, to);
            let saved = before.edits as isize - Alignment::of(&shifted, reference).edits as isize;
            let (from, to) = (Reverse(from), Reverse(to));
            let shift = Shift { saved, length, from, to, words: shifted };
            *looked_at += 1;
            if best.as_ref().is_none_or(|best| shift > *best) {
                best = Some(shift);
            }
        }
        if *looked_at >= CANDIDATES {
            break;
        }
    }
    best
}

/// Stretches that stand in both: where each begins, and how long it is; a long one is preceded by its beginnings.
fn alike<'w>(words: &'w [u32], reference: &'w [u32]) -> impl Iterator<Item = (usize, usize, usize)> + 'w {
    let pairs = (0..words.len()).flat_map(|from| {
        let places = from.saturating_sub(FARTHEST)..reference.len().min(from + FARTHEST + 1);
        places.map(move |at| (from, at))
    });
    pairs.flat_map(|(from, at)| {
        let same = words[from..].iter().zip(&reference[at..]).take(LONGEST).take_while(|(a, b)| a == b).count();
        (1..=same).map(move |length| (from, at, length))
    })
}

/// The words with a stretch taken out and put before what stood at `to`.
fn shifted(words: &[u32], from: usize, length: usize, to: usize) -> Vec<u32> {
    let stretch = &words[from..from + length];
    if to < from {
        [&words[..to], stretch, &words[to..from], &words[from + length..]].concat()
    } else if to > from + length {
        [&words[..from], &words[from + length..to], stretch, &words[to..]].concat()
    } else {
        // A target within the stretch counts from its end.
        let end = (length + to).min(words.len());
        [&words[..from], &words[from + length..end], stretch, &words[end..]].concat()
    }
}

/// How words and reference lie beside each other with the fewest edits.
struct Alignment {
    edits: usize,
    /// For each word of the reference the number of words up to the one that stands for it.
    behind: Vec<usize>,
    wrong_words: Vec<bool>,
    wrong_reference: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Same,
    Other,
    /// A word that the reference lacks.
    Surplus,
    /// A word of the reference that is lacking.
    Lacking,
}

impl Alignment {
    fn of(words: &[u32], reference: &[u32]) -> Self {
        let width = reference.len() + 1;
        let ratio = if words.is_empty() { 1.0 } else { reference.len() as f64 / words.len() as f64 };
        let band = if (BAND as f64) < ratio / 2.0 { (ratio / 2.0 + BAND as f64).ceil() as usize } else { BAND };
        // Out of the band nothing is reached.
        let mut cells = vec![(usize::MAX / 2, Step::Lacking); (words.len() + 1) * width];
        for (j, cell) in cells[..width].iter_mut().enumerate() {
            cell.0 = j;
        }
        for i in 1..=words.len() {
            let diagonal = (i as f64 * ratio).floor() as usize;
            let end = if i == words.len() { width } else { width.min(diagonal + band) };
            for j in diagonal.saturating_sub(band)..end {
                let above = (cells[(i - 1) * width + j].0 + 1, Step::Surplus);
                cells[i * width + j] = match j.checked_sub(1) {
                    None => above,
                    Some(left) => {
                        let same = words[i - 1] == reference[left];
                        let step = if same { Step::Same } else { Step::Other };
                        let across = (cells[(i - 1) * width + left].0 + usize::from(!same), step);
                        let beside = (cells[i * width + left].0 + 1, Step::Lacking);
                        // Of equals the first counts.
                        [above, beside].into_iter().fold(across, |best, next| if next.0 < best.0 { next } else { best })
                    }
                };
            }
        }
        let (mut i, mut j) = (words.len(), reference.len());
        let edits = cells[i * width + j].0;
        let mut steps = Vec::with_capacity(i.max(j));
        while i > 0 || j > 0 {
            let step = match cells[i * width + j].1 {
                Step::Lacking if j == 0 => Step::Surplus,
                step => step,
            };
            i -= usize::from(step != Step::Lacking);
            j -= usize::from(step != Step::Surplus);
            steps.push(step);
        }
        let (mut behind, mut wrong_words, mut wrong_reference) = (Vec::new(), Vec::new(), Vec::new());
        for step in steps.into_iter().rev() {
            if step != Step::Lacking {
                wrong_words.push(step != Step::Same);
            }
            if step != Step::Surplus {
                wrong_reference.push(step != Step::Same);
                behind.push(wrong_words.len());
            }
        }
        Self { edits, behind, wrong_words, wrong_reference }
    }
}

#[cfg(test)]
mod tests {
    use super::edits;

    /// The rate over all pairs of reference and answer, in percent.
    fn rate(pairs: &[(&str, &str)]) -> f64 {
        let each = pairs.iter().map(|(reference, answer)| edits(answer, &[(*reference).to_owned()]));
        let (edits, length) = each.fold((0.0, 0.0), |sums, one| (sums.0 + one.0, sums.1 + one.1));
        100.0 * edits / length
    }

    // The expected rates and edits are those of sacrebleu 2.6.0.
    #[test]
    fn rates_are_those_of_sacrebleu() {
        let pairs = [
            ("The cat sat on the mat, didn't it?", "The cat sat on a mat, did it?"),
            ("It costs $1,234.50 & more.", "It costs $1,234.5 &amp; more"),
            ("Élan vital über alles", "Elan vital über alles -- 3-4 times"),
            ("short", "a much longer answer than that"),
        ];
        assert!((rate(&pairs) - 83.33333333333334).abs() < 1e-9, "{}", rate(&pairs));
        assert_eq!(rate(&[("a b c d e f g h", "e f g h a b c d")]), 12.5);
        let moved = ("the old man saw the dog in the park", "in the park the dog saw the old man");
        assert!((rate(&[moved]) - 100.0 / 3.0).abs() < 1e-9);
        assert_eq!(rate(&[("x y z", "z y x w"), ("a b", "")]), 100.0);
        assert_eq!(edits("a b", &[String::new()]), (2.0, 0.0));
        let shouted = pairs.map(|(_, answer)| edits(answer, &[answer.to_uppercase(), "x".to_owned()]).0);
        assert_eq!(shouted, [0.0; 4]);
    }

    #[test]
    fn the_same_shifts_are_chosen_in_long_texts_of_few_words() {
        let mut state = 7_u64;
        let mut next = || {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            (state >> 16) as usize
        };
        let (mut total, mut length) = (0.0, 0.0);
        for _ in 0..40 {
            let (n, m) = (next() % 60, next() % 60 + 1);
            let words = 3 + next() % 12;
            let mut text =
                |count: usize| (0..count).map(|_| format!("w{}", next() % words)).collect::<Vec<_>>().join(" ");
            let (answer, reference) = (text(n), text(m));
            let found = edits(&answer, &[reference]);
            (total, length) = (total + found.0, length + found.1);
        }
        assert_eq!((total, length), (1075.0, 1262.0));
    }
}
