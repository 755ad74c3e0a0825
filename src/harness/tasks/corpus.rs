//! Measures over all items at once, each from sums of what single items give: F1, Matthews' correlation, BLEU, chrF, the
//! translation edit rate and the perplexities per word and byte.
//!
//! BLEU (Papineni et al. 2002) is sacrebleu's: the tokenisation of mteval 13a, n-grams up to 4, the closest reference
//! length, and the smoothing of mteval. chrF (Popović 2015) has characters up to 6, no words, β = 2, and averages
//! precision and recall over the lengths that occur, as sacrebleu does. F1 is that of the label 1, or the mean of all
//! labels' weighted by how often each is right (scikit-learn's `binary` and `weighted`).

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::edit_rate::edits;
use super::value::Value;

/// One row of counts for each item, and the measure of their sums.
pub(super) struct Summed {
    rows: Vec<Vec<f64>>,
    finish: fn(&[f64]) -> f64,
}

impl Summed {
    /// The measure of the items at these places.
    pub(super) fn of(&self, places: impl IntoIterator<Item = usize>) -> f64 {
        let mut sums: Vec<f64> = vec![0.0; self.rows.first().map_or(0, Vec::len)];
        for at in places {
            for (sum, count) in sums.iter_mut().zip(&self.rows[at]) {
                *sum += count;
            }
        }
        (self.finish)(&sums)
    }
}

/// Pairs of a label and the one that was chosen.
fn labels(items: &[&Value]) -> Result<Vec<(i64, i64)>, String> {
    let pair = |item: &&Value| match item.as_list() {
        Some([gold, chosen]) => Some((gold.as_index()?, chosen.as_index()?)),
        _ => None,
    };
    items.iter().map(|item| pair(item).ok_or_else(|| "it needs one right choice, by its number".to_owned())).collect()
}

/// F1 of the label 1.
///
/// # Errors
/// Labels that are not two, or not 1 and another.
pub(super) fn f1(items: &[&Value]) -> Result<Summed, String> {
    let pairs = labels(items)?;
    let mut known: Vec<i64> = pairs.iter().flat_map(|(gold, chosen)| [*gold, *chosen]).collect();
    known.sort_unstable();
    known.dedup();
    if known.len() > 2 || known.len() == 2 && !known.contains(&1) {
        return Err(format!("F1 needs labels 0 and 1, there are {known:?}"));
    }
    let row = |(gold, chosen): &(i64, i64)| {
        let [gold, chosen] = [*gold == 1, *chosen == 1].map(|is| f64::from(u8::from(is)));
        vec![gold * chosen, gold, chosen]
    };
    Ok(Summed {
        rows: pairs.iter().map(row).collect(),
        finish: |sums| if sums[1] + sums[2] > 0.0 { 2.0 * sums[0] / (sums[1] + sums[2]) } else { 0.0 },
    })
}

/// Matthews' correlation of labels and choices.
///
/// # Errors
/// Labels that are no numbers.
pub(super) fn matthews(items: &[&Value]) -> Result<Summed, String> {
    let pairs = labels(items)?;
    let mut known: Vec<i64> = pairs.iter().flat_map(|(gold, chosen)| [*gold, *chosen]).collect();
    known.sort_unstable();
    known.dedup();
    let row = |(gold, chosen): &(i64, i64)| {
        let place = |label: &i64| known.iter().position(|known| known == label).unwrap_or(0);
        let mut row = vec![0.0; 1 + 2 * known.len()];
        row[0] = f64::from(u8::from(gold == chosen));
        row[1 + place(gold)] = 1.0;
        row[1 + known.len() + place(chosen)] = 1.0;
        row
    };
    Ok(Summed {
        rows: pairs.iter().map(row).collect(),
        finish: |sums| {
            let (gold, chosen) = sums[1..].split_at((sums.len() - 1) / 2);
            let n: f64 = gold.iter().sum();
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let both = (n * n - product(gold, gold)) * (n * n - product(chosen, chosen));
            if both == 0.0 { 0.0 } else { (sums[0] * n - product(gold, chosen)) / both.sqrt() }
        },
    })
}

/// F1 of every label, weighted by how often it is right.
pub(super) fn weighted_f1(pairs: &[(Value, Value)]) -> f64 {
    let mut counts: BTreeMap<String, [f64; 3]> = BTreeMap::new();
    let sorted = |label: &Value| match label.as_index() {
        Some(number) => format!("{:020}", i128::from(number) + (1_i128 << 63)),
        None => label.python(),
    };
    for (gold, chosen) in pairs {
        let (gold, chosen) = (sorted(gold), sorted(chosen));
        if gold == chosen {
            counts.entry(gold.clone()).or_default()[0] += 1.0;
        }
        counts.entry(gold).or_default()[1] += 1.0;
        counts.entry(chosen).or_default()[2] += 1.0;
    }
    let each =
        |[right, gold, chosen]: &[f64; 3]| if gold + chosen > 0.0 { 2.0 * right / (gold + chosen) * gold } else { 0.0 };
    let products: Vec<f64> = counts.values().map(each).collect();
    let weights: Vec<f64> = counts.values().map(|[_, gold, _]| *gold).collect();
    super::numpy::pairwise_sum(&products) / super::numpy::pairwise_sum(&weights)
}

/// References and the answer of each item.
fn texts(items: &[&Value]) -> Result<Vec<(Vec<String>, String)>, String> {
    let text = |value: &Value| value.as_text().map(str::to_owned);
    let many = |value: &Value| match value {
        Value::List(list) => list.iter().map(text).collect::<Option<Vec<_>>>(),
        other => text(other).map(|text| vec![text]),
    };
    let pair = |item: &&Value| match item.as_list() {
        Some([references, answer]) => {
            let answer = match answer.as_list() {
                Some([only]) => text(only)?,
                _ => text(answer)?,
            };
            Some((many(references)?, answer))
        }
        _ => None,
    };
    let wrong = || "it needs an answer and its references as text".to_owned();
    let pairs: Vec<(Vec<String>, String)> =
        items.iter().map(|item| pair(item).ok_or_else(wrong)).collect::<Result<_, _>>()?;
    // Items with fewer references cut those of all others there.
    let fewest = pairs.iter().map(|(references, _)| references.len()).min().unwrap_or(0);
    if fewest == 0 || pairs.iter().any(|(references, _)| references.len() != fewest) {
        return Err("all items need the same number of references".to_owned());
    }
    Ok(pairs)
}

/// BLEU from 0 to 100.
///
/// # Errors
/// What is no text, or has other numbers of references.
pub(super) fn bleu(items: &[&Value]) -> Result<Summed, String> {
    let row = |(references, answer): (Vec<String>, String)| {
        let words = |text: &str| tokens(text.trim_end_matches(super::python::is_space));
        let answer = words(&answer);
        let references: Vec<Vec<String>> = references.iter().map(|reference| words(reference)).collect();
        let closest = references.iter().map(Vec::len).min_by_key(|length| (length.abs_diff(answer.len()), *length));
        let mut row = vec![answer.len() as f64, closest.unwrap_or(0) as f64];
        let counts = |words: &[String], n: usize| {
            let mut counts: HashMap<Vec<String>, usize> = HashMap::new();
            words.windows(n).for_each(|gram| *counts.entry(gram.to_vec()).or_default() += 1);
            counts
        };
        for n in 1..=4 {
            let known: Vec<HashMap<Vec<String>, usize>> = references.iter().map(|words| counts(words, n)).collect();
            let most =
                |gram: &Vec<String>| known.iter().filter_map(|counts| counts.get(gram)).max().copied().unwrap_or(0);
            let right: usize = counts(&answer, n).iter().map(|(gram, count)| most(gram).min(*count)).sum();
            row.extend([right as f64, (answer.len() + 1).saturating_sub(n) as f64]);
        }
        row
    };
    Ok(Summed { rows: texts(items)?.into_iter().map(row).collect(), finish: bleu_of })
}

fn bleu_of(sums: &[f64]) -> f64 {
    let (answer, reference) = (sums[0], sums[1]);
    let short = if answer >= reference {
        1.0
    } else if answer > 0.0 {
        (1.0 - reference / answer).exp()
    } else {
        0.0
    };
    let orders: Vec<&[f64]> = sums[2..].chunks(2).collect();
    if orders.iter().all(|order| order[0] == 0.0) {
        return 0.0;
    }
    let (mut smooth, mut logs) = (1.0, Vec::new());
    for order in &orders {
        if order[1] == 0.0 {
            break;
        }
        logs.push(if order[0] == 0.0 {
            smooth *= 2.0;
            (100.0 / (smooth * order[1])).ln()
        } else {
            (100.0 * order[0] / order[1]).ln()
        });
    }
    // A length that no answer reaches counts as precision 0.
    logs.resize(orders.len(), -9_999_999_999.0);
    short * (logs.iter().sum::<f64>() / orders.len() as f64).exp()
}

/// The words of mteval 13a.
fn tokens(text: &str) -> Vec<String> {
    let mut text = text.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    if text.contains('&') {
        text = text.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    }
    let mut spaced = String::from(" ");
    for c in text.chars() {
        let apart = matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/');
        if apart { spaced.extend([' ', c, ' ']) } else { spaced.push(c) }
    }
    spaced.push(' ');
    let digit = |c: char| c.is_ascii_digit();
    let stop = |c: char| matches!(c, '.' | ',');
    spaced = pairs(&spaced, |a, b| !digit(a) && stop(b), |a, b, out| out.extend([a, ' ', b, ' ']));
    spaced = pairs(&spaced, |a, b| stop(a) && !digit(b), |a, b, out| out.extend([' ', a, ' ', b]));
    spaced = pairs(&spaced, |a, b| digit(a) && b == '-', |a, b, out| out.extend([a, ' ', b, ' ']));
    spaced.split(super::python::is_space).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Rewrites neighbours from the left, each character at most once.
fn pairs(text: &str, fits: impl Fn(char, char) -> bool, write: impl Fn(char, char, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(a) = chars.next() {
        match chars.peek().copied().filter(|b| fits(a, *b)) {
            Some(b) => {
                chars.next();
                write(a, b, &mut out);
            }
            None => out.push(a),
        }
    }
    out
}

/// Characters in a row that chrF looks at.
const CHARACTERS: usize = 6;

/// chrF from 0 to 100.
///
/// # Errors
/// What is no text, or has other numbers of references.
pub(super) fn chrf(items: &[&Value]) -> Result<Summed, String> {
    let grams = |text: &str, n: usize| {
        let chars: Vec<char> = text.chars().filter(|c| !super::python::is_space(*c)).collect();
        let mut counts: HashMap<Vec<char>, usize> = HashMap::new();
        chars.windows(n).for_each(|gram| *counts.entry(gram.to_vec()).or_default() += 1);
        counts
    };
    let row = |(references, answer): (Vec<String>, String)| {
        let mut best: Option<(f64, Vec<f64>)> = None;
        for reference in &references {
            let mut row = Vec::with_capacity(3 * CHARACTERS);
            for n in 1..=CHARACTERS {
                let (written, wanted) = (grams(&answer, n), grams(reference, n));
                let total = |counts: &HashMap<Vec<char>, usize>| counts.values().sum::<usize>() as f64;
                let shared =
                    |(gram, count): (&Vec<char>, &usize)| wanted.get(gram).map_or(0, |other| *other.min(count));
                let both: usize = written.iter().map(shared).sum();
                let seen = if wanted.is_empty() { 0.0 } else { total(&written) };
                row.extend([seen, total(&wanted), both as f64]);
            }
            let score = chrf_of(&row);
            if best.as_ref().is_none_or(|(known, _)| score > *known) {
                best = Some((score, row));
            }
        }
        best.map_or_else(|| vec![0.0; 3 * CHARACTERS], |(_, row)| row)
    };
    Ok(Summed { rows: texts(items)?.into_iter().map(row).collect(), finish: chrf_of })
}

fn chrf_of(sums: &[f64]) -> f64 {
    const FACTOR: f64 = 4.0;
    let (mut precision, mut recall, mut lengths) = (0.0, 0.0, 0.0);
    for order in sums.chunks(3) {
        if order[0] > 0.0 && order[1] > 0.0 {
            precision += order[2] / order[0];
            recall += order[2] / order[1];
            lengths += 1.0;
        }
    }
    if lengths == 0.0 || precision + recall == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (precision / lengths, recall / lengths);
    100.0 * ((1.0 + FACTOR) * precision * recall / (FACTOR * precision + recall))
}

/// Pairs of a log-likelihood and a number of words or bytes.
fn weighted(items: &[&Value], finish: fn(&[f64]) -> f64) -> Result<Summed, String> {
    let number = |value: &Value| match value {
        Value::Float(number) => Some(*number),
        other => other.as_index().map(|number| number as f64),
    };
    let row = |item: &&Value| match item.as_list() {
        Some([log, weight]) => Some(vec![number(log)?, number(weight)?]),
        _ => None,
    };
    let wrong = || "it needs a log-likelihood and a number of words or bytes".to_owned();
    let rows = items.iter().map(|item| row(item).ok_or_else(wrong)).collect::<Result<_, _>>()?;
    Ok(Summed { rows, finish })
}

/// The translation edit rate, in percent.
///
/// # Errors
/// Items that are no texts, or have different numbers of references.
pub(super) fn ter(items: &[&Value]) -> Result<Summed, String> {
    let row = |(references, answer): &(Vec<String>, String)| {
        let (edits, length) = edits(answer, references);
        vec![edits, length]
    };
    Ok(Summed {
        rows: texts(items)?.par_iter().map(row).collect(),
        finish: |sums| match (sums[0], sums[1]) {
            (edits, length) if length > 0.0 => 100.0 * (edits / length),
            (edits, _) => 100.0 * f64::from(u8::from(edits > 0.0)),
        },
    })
}

/// The perplexity per word or byte.
///
/// # Errors
/// Items of another kind.
pub(super) fn weighted_perplexity(items: &[&Value]) -> Result<Summed, String> {
    weighted(items, |sums| (-(sums[0] / sums[1])).exp())
}

/// Bits per byte.
///
/// # Errors
/// Items of another kind.
pub(super) fn bits_per_byte(items: &[&Value]) -> Result<Summed, String> {
    weighted(items, |sums| -(sums[0] / sums[1]) / std::f64::consts::LN_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(&str, &str); 4] = [
        ("The cat sat on the mat, didn't it?", "The cat sat on a mat, did it?"),
        ("It costs $1,234.50 & more.", "It costs $1,234.5 &amp; more"),
        ("Élan vital über alles", "Elan vital über alles -- 3-4 times"),
        ("short", "a much longer answer than that"),
    ];

    fn over_all(measure: fn(&[&Value]) -> Result<Summed, String>, items: &[Value]) -> f64 {
        let items: Vec<&Value> = items.iter().collect();
        measure(&items).unwrap().of(0..items.len())
    }

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-12 * expected.abs().max(1.0), "{value} is not {expected}");
    }

    // The expected scores are those of sacrebleu 2.6.0's `corpus_bleu` and `corpus_chrf`.
    #[test]
    fn bleu_and_chrf_are_those_of_sacrebleu() {
        let texts = |pairs: &[(&str, &str)]| -> Vec<Value> {
            pairs.iter().map(|(reference, answer)| Value::from(vec![*reference, *answer])).collect()
        };
        close(over_all(bleu, &texts(&PAIRS)), 20.452352523169196);
        close(over_all(bleu, &texts(&PAIRS[3..])), 0.0);
        close(over_all(bleu, &texts(&PAIRS[..1])), 35.494810560100525);
        close(over_all(chrf, &texts(&PAIRS)), 64.79556493361552);
        close(over_all(chrf, &texts(&PAIRS[3..])), 13.62781954887218);
        let two = |(reference, answer): &(&str, &str)| {
            Value::List(vec![Value::from(vec![(*reference).to_owned(), answer.to_uppercase()]), (*answer).into()])
        };
        let two: Vec<Value> = PAIRS.iter().map(two).collect();
        close(over_all(bleu, &two), 32.084732604192936);
        close(over_all(chrf, &two), 64.79556493361552);
    }

    // The expected values are those of scikit-learn 1.9.1.
    #[test]
    fn f1_and_matthews_correlation_are_those_of_scikit_learn() {
        let pairs = |gold: &[i64], chosen: &[i64]| -> Vec<Value> {
            gold.iter().zip(chosen).map(|(gold, chosen)| Value::from(vec![*gold, *chosen])).collect()
        };
        let two = pairs(&[0, 1, 1, 0, 1, 1, 0, 1], &[0, 1, 0, 1, 1, 1, 0, 0]);
        close(over_all(f1, &two), 0.6666666666666666);
        close(over_all(matthews, &two), 0.2581988897471611);
        let three = pairs(&[0, 1, 2, 2, 1, 0, 2, 1], &[0, 2, 2, 2, 1, 1, 0, 1]);
        close(over_all(matthews, &three), 0.42857142857142855);
        assert!(f1(&three.iter().collect::<Vec<_>>()).is_err());
        let weighted = |pairs: &[(&str, &str)]| {
            weighted_f1(&pairs.iter().map(|(a, b)| (Value::from(*a), Value::from(*b))).collect::<Vec<_>>())
        };
        assert_eq!(weighted(&[("b", "b"), ("a", "c"), ("c", "c"), ("a", "a")]), 0.7499999999999999);
    }

    #[test]
    fn perplexities_weigh_by_words_and_bytes() {
        let items = [Value::from(vec![-6.0, 3.0]), Value::from(vec![-2.0, 1.0])];
        close(over_all(weighted_perplexity, &items), 2.0_f64.exp());
        close(over_all(bits_per_byte, &items), 2.0 / std::f64::consts::LN_2);
        assert!(bits_per_byte(&[&Value::Null]).is_err());
    }
}
