//! What a fine-tuning run would do, and what it did.

use std::fmt::Write;

use crate::Result;
use crate::lm::Tokenizer;
use crate::report::terminal::{Align, TextTable};
use crate::study::finetune::FinetunePoint;
use crate::train::{Encoded, Sequence};

/// Bars of the histogram of lengths.
const BARS: usize = 12;
/// Characters of the longest bar.
const LONGEST_BAR: usize = 40;

/// The first examples as the model will see them: what is only read stands between ⟦ and ⟧, and what is learned is cut
/// into its tokens by │. Then what was cut or left out, and how long the sequences are.
///
/// # Errors
/// Those of the tokenizer.
pub(crate) fn preview(encoded: &Encoded, too_long: usize, tokenizer: &Tokenizer, shown: usize) -> Result<String> {
    let mut text = String::new();
    for (number, sequence) in encoded.sequences.iter().take(shown).enumerate() {
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "── example {}: {} tokens, {} learned",
            number + 1,
            sequence.tokens.len(),
            sequence.targets()
        );
        let (read, learned) = sequence.tokens.split_at(sequence.from.min(sequence.tokens.len()));
        let pieces = learned.iter().map(|&token| tokenizer.decode(&[token], true)).collect::<Result<Vec<_>>>()?;
        let _ = writeln!(text, "⟦{}⟧│{}│", tokenizer.decode(read, true)?, pieces.join("│"));
    }
    let learned: usize = encoded.sequences.iter().map(Sequence::targets).sum();
    let all: usize = encoded.sequences.iter().map(|sequence| sequence.tokens.len()).sum();
    let _ = writeln!(text, "\n{} examples, {all} tokens, {learned} of them learned", encoded.sequences.len());
    text.push_str(&cuts(encoded, too_long));
    text.push_str(&histogram(&encoded.sequences));
    Ok(text)
}

/// How many examples were cut or left out, a line for each reason; empty if none was.
#[must_use]
pub(crate) fn cuts(encoded: &Encoded, too_long: usize) -> String {
    let counts = [
        (encoded.truncated, "lost the beginning of their prompt"),
        (encoded.without_prompt, "of these lost all of it"),
        (encoded.dropped, "were left out: longer than the block"),
        (too_long, "were left out: too many characters"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, what)| format!("{count} {what}\n")).collect()
}

fn histogram(sequences: &[Sequence]) -> String {
    let longest = sequences.iter().map(|sequence| sequence.tokens.len()).max().unwrap_or(0);
    let width = longest.div_ceil(BARS).max(1);
    let mut counts = vec![0usize; longest.div_ceil(width).max(1)];
    for sequence in sequences {
        counts[sequence.tokens.len().saturating_sub(1) / width] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let mut text = format!("\n{:>13}  {:>8}\n", "tokens", "examples");
    for (number, count) in counts.iter().enumerate() {
        let range = format!("{}–{}", number * width + 1, (number + 1) * width);
        let _ = writeln!(text, "{range:>13}  {count:>8}  {}", "█".repeat((count * LONGEST_BAR).div_ceil(most)));
    }
    text
}

/// Examples, loss and scores of every checkpoint, at most `width` columns wide.
#[must_use]
pub(crate) fn table(rows: &[FinetunePoint], width: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.scores) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    // A column a score where there is room for the names, else a line a score.
    if 16 + names.iter().map(|name| name.chars().count().max(6) + 2).sum::<usize>() > width {
        return tall(rows, width);
    }
    let mut columns = vec![("examples", Align::Right), ("loss", Align::Right)];
    columns.extend(names.iter().map(|name| (*name, Align::Right)));
    let mut table = TextTable::new(&columns);
    for row in rows {
        let mut cells = vec![row.examples.to_string(), format!("{:.4}", row.loss)];
        for name in &names {
            let score = row.scores.iter().find(|(known, _)| known == name);
            cells.push(score.map(|(_, value)| format!("{value:.4}")).unwrap_or_default());
        }
        table.push(cells);
    }
    table.render(width)
}

/// The same with a line for every score.
fn tall(rows: &[FinetunePoint], width: usize) -> String {
    let mut table = TextTable::new(&[
        ("examples", Align::Right),
        ("loss", Align::Right),
        ("score", Align::Left),
        ("value", Align::Right),
    ]);
    for row in rows {
        let (examples, loss) = (row.examples.to_string(), format!("{:.4}", row.loss));
        if row.scores.is_empty() {
            table.push(vec![examples.clone(), loss.clone()]);
        }
        for (name, value) in &row.scores {
            table.push(vec![examples.clone(), loss.clone(), name.clone(), format!("{value:.4}")]);
        }
    }
    table.render(width)
}

/// The same as JSON: an object for every checkpoint.
#[must_use]
pub(crate) fn json(rows: &[FinetunePoint]) -> serde_json::Value {
    let scores = |row: &FinetunePoint| row.scores.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
    let object = |row: &FinetunePoint| {
        let scores: serde_json::Map<String, serde_json::Value> = scores(row);
        serde_json::json!({ "examples": row.examples, "loss": row.loss, "scores": scores })
    };
    rows.iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(examples: usize, loss: f64, scores: Vec<(String, f64)>) -> FinetunePoint {
        FinetunePoint { examples, step: 1, loss, scores }
    }

    #[test]
    fn the_table_has_a_column_for_every_score_and_blanks_where_there_is_none() {
        let rows = [point(640, 1.25, Vec::new()), point(1920, 1.0, vec![("toy_mc acc".into(), 0.5)])];
        let text = table(&rows, 80);
        assert!(text.contains("toy_mc acc") && text.contains("0.5000") && text.contains("640"), "{text}");
    }

    #[test]
    fn scores_with_long_names_stand_below_each_other_within_eighty_columns() {
        let scores = (0..9).map(|k| (format!("a_benchmark_with_a_rather_long_name_{k} acc_norm"), 0.25)).collect();
        let rows = [point(64, 1.0, scores), point(640, 0.5, Vec::new())];
        let text = table(&rows, 80);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(text.lines().count(), 2 + 9 + 1, "{text}");
        assert_eq!(json(&rows)[1]["examples"], 640);
    }

    #[test]
    fn the_histogram_counts_every_sequence() {
        let sequences: Vec<Sequence> = (1..50).map(|length| Sequence::packed(vec![0; length])).collect();
        let text = histogram(&sequences);
        let counts = text.lines().skip(2).map(|line| line.split_whitespace().nth(1).and_then(|n| n.parse().ok()));
        assert_eq!(counts.map(|count: Option<usize>| count.unwrap_or(0)).sum::<usize>(), 49);
    }
}
