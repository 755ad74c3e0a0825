//! The page "what the paper says and what holds", written from the reproduction report.
//!
//! The report says everything once per number; a reader wants the changes first and every remark once. The page is
//! written from the bytes of reproduction.csv, so that the two cannot disagree.
//!
//! ```
//! let report = "figure,item,quantity,published,paper,verdict,corrected,low,high,note,conclusion,why\n\
//!     main,mmlu unadjusted,theta,0.068,0.0682,reproduced,0.0634,-0.003,0.13,Bold.,changes,It holds zero.\n";
//! let page = onset::report::reproduction_page::markdown(report.as_bytes())?;
//! assert!(page.contains("| mmlu unadjusted | theta | 0.068 | 0.068 | 0.063 [−0.003, 0.130] | changes | 1, 2 |"));
//! # Ok::<(), onset::Error>(())
//! ```

use std::fmt::Write as _;
use std::path::Path;

use crate::analysis::papers::test_task::{Agreement, Conclusion, Exhibit};
use crate::error::{Error, Result};
use crate::registry::table::Table;

/// One row of the report.
struct Number<'a> {
    figure: Exhibit,
    item: &'a str,
    quantity: &'a str,
    printed: &'a str,
    recomputed: Option<f64>,
    reproduced: bool,
    corrected: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    note: &'a str,
    conclusion: Option<Conclusion>,
    why: &'a str,
    /// The corrected test of a gap: its p-value, and the same by Holm and by Benjamini and Hochberg.
    p_values: Option<[f64; 3]>,
    by_holm: Option<Conclusion>,
    by_bh: Option<Conclusion>,
    /// Whether an earlier row prints the same test.
    repeated: bool,
}

/// The page as Markdown, from a reproduction.csv. Links lead to figures in `../figures`.
///
/// # Errors
/// Those of [`Table::parse`], and a missing column or a cell that is no number, with file, row and column.
pub fn markdown(report: &[u8]) -> Result<String> {
    let table = Table::parse(report, Path::new("reproduction.csv"), &[])?;
    let numbers = (0..table.rows()).map(|row| number(&table, row)).collect::<Result<Vec<_>>>()?;
    let mut page = String::new();
    // A String takes everything that is written to it.
    write(&mut page, &numbers).map_err(|_| Error::Undetermined("the page cannot be written".into()))?;
    Ok(page)
}

fn number(table: &Table, row: usize) -> Result<Number<'_>> {
    let optional = |column: &str| table.optional_text(row, column).unwrap_or("");
    let p = |column: &str| optional(column).parse::<f64>().ok();
    Ok(Number {
        figure: table.parsed(row, "figure")?,
        item: table.text(row, "item")?,
        quantity: table.text(row, "quantity")?,
        printed: table.text(row, "published")?,
        recomputed: table.optional_number(row, "paper")?,
        reproduced: table.parsed::<Agreement>(row, "verdict")? == Agreement::Reproduced,
        corrected: table.optional_number(row, "corrected")?,
        low: table.optional_number(row, "low")?,
        high: table.optional_number(row, "high")?,
        note: optional("note"),
        conclusion: match table.optional_text(row, "conclusion") {
            Some(_) => Some(table.parsed(row, "conclusion")?),
            None => None,
        },
        why: optional("why"),
        p_values: p("p_value").zip(p("p_holm")).zip(p("p_bh")).map(|((raw, holm), bh)| [raw, holm, bh]),
        by_holm: optional("conclusion_holm").parse().ok(),
        by_bh: optional("conclusion_bh").parse().ok(),
        repeated: !optional("repeats_row").is_empty(),
    })
}

const HEAD: &str = "# What the paper says, and what holds

Every number that the figures and tables of *Training on the Test Task Confounds Evaluation and Emergence*
([arXiv 2407.07890](https://arxiv.org/abs/2407.07890)) print: as printed, computed again by the published method, and
computed as it should be, with a 95 % interval that holds for models that come in families. This page is written from
[reproduction.csv](../figures/reproduction.csv) by `just paper-page`; a test holds the two together.
[statistics.md](statistics.md) says how the corrected numbers are computed, [limits.md](limits.md) what they cannot say.
";

fn write(page: &mut String, numbers: &[Number<'_>]) -> std::fmt::Result {
    let count = |which: &dyn Fn(&Number<'_>) -> bool| numbers.iter().filter(|n| which(n)).count();
    let drawn = count(&|n| n.conclusion.is_some());
    let (reproduced, changed) = (count(&|n| n.reproduced), count(&|n| n.conclusion == Some(Conclusion::Changes)));
    writeln!(
        page,
        "{HEAD}\n**{reproduced} of {} printed numbers come out again to the printed digits. From {drawn} of them a \
         conclusion is drawn: {} stand, {changed} change.**",
        numbers.len(),
        drawn - changed
    )?;

    writeln!(page, "\n## Conclusions that change\n")?;
    writeln!(page, "| number | printed | corrected | what changes |\n| --- | ---: | ---: | --- |")?;
    for n in numbers.iter().filter(|n| n.conclusion == Some(Conclusion::Changes)) {
        let what = format!("{}: {}, {}", n.figure, n.item, n.quantity);
        writeln!(page, "| {} | {} | {} | {} |", cell(&what), cell(n.printed), corrected(n), cell(n.why))?;
    }

    many_tests(page, numbers)?;

    writeln!(page, "\n## Numbers that do not come out again\n")?;
    writeln!(page, "| number | printed | recomputed | why |\n| --- | ---: | ---: | --- |")?;
    for n in numbers.iter().filter(|n| !n.reproduced) {
        let what = format!("{}: {}, {}", n.figure, n.item, n.quantity);
        let cause = sentences(n.note).next().unwrap_or_default();
        writeln!(page, "| {} | {} | {} | {} |", cell(&what), cell(n.printed), recomputed(n), cell(cause))?;
    }

    writeln!(page, "\n## Every number")?;
    for of_figure in numbers.chunk_by(|a, b| a.figure == b.figure) {
        section(page, of_figure)?;
    }
    Ok(())
}

/// The tests of a gap taken together, where the report has them.
fn many_tests(page: &mut String, numbers: &[Number<'_>]) -> std::fmt::Result {
    let tests: Vec<&Number<'_>> = numbers.iter().filter(|n| n.p_values.is_some()).collect();
    if tests.is_empty() {
        return Ok(());
    }
    let distinct = tests.iter().filter(|n| !n.repeated).count();
    let kept = |which: Conclusion, by: fn(&Number<'_>) -> Option<Conclusion>| {
        let before = tests.iter().filter(|n| n.conclusion == Some(which));
        (before.clone().filter(|n| by(n) == Some(which)).count(), before.count())
    };
    writeln!(page, "\n## All tests of a gap taken together\n")?;
    writeln!(
        page,
        "The paper tests {} gaps between groups, {distinct} of them distinct: a test that is printed twice counts once. With \
         that many tests some are below 5 % by chance. Holm's method bounds the chance of even one false finding, that of \
         Benjamini and Hochberg the expected share of false ones among the findings. The corrected p-value is the primary \
         one of each question. The conclusions on points of emergence compare a number with an interval, not a p-value; \
         they stay as they are.\n",
        tests.len()
    )?;
    let of_all = |which, by| {
        let (kept, before) = kept(which, by);
        format!("{kept} of {before}")
    };
    for (method, by) in
        [("Holm", (|n| n.by_holm) as fn(&Number<'_>) -> Option<Conclusion>), ("Benjamini and Hochberg", |n| n.by_bh)]
    {
        writeln!(
            page,
            "- **{method}**: {} conclusions that stand still stand, {} that change still change.",
            of_all(Conclusion::Stands, by),
            of_all(Conclusion::Changes, by)
        )?;
    }
    writeln!(page, "\nThe conclusions that one of the two alters, and every test below 5 % before adjustment:\n")?;
    writeln!(page, "| number | p | Holm | Benjamini–Hochberg | conclusion | by Holm | by Benjamini–Hochberg |")?;
    writeln!(page, "| --- | ---: | ---: | ---: | --- | --- | --- |")?;
    let word = |conclusion: Option<Conclusion>| conclusion.map(|one| one.to_string()).unwrap_or_default();
    for n in tests {
        let altered = n.by_holm != n.conclusion || n.by_bh != n.conclusion;
        let Some([p, holm, bh]) = n.p_values.filter(|p| altered || p[0] < 0.05) else { continue };
        let what = format!("{}: {}, {}", n.figure, n.item, n.quantity);
        let again = if n.repeated { " (printed before)" } else { "" };
        writeln!(
            page,
            "| {}{again} | {p:.4} | {holm:.4} | {bh:.4} | {} | {} | {} |",
            cell(&what),
            word(n.conclusion),
            word(n.by_holm),
            word(n.by_bh)
        )?;
    }
    Ok(())
}

/// One figure or table: its numbers, then every remark on them once.
fn section(page: &mut String, numbers: &[Number<'_>]) -> std::fmt::Result {
    let Some(first) = numbers.first() else { return Ok(()) };
    let name = first.figure;
    let ending = if name.is_table() { "csv" } else { "svg" };
    writeln!(page, "\n### {name}\n")?;
    writeln!(page, "[as published](../figures/{name}.{ending}) · [corrected](../figures/corrected/{name}.{ending})\n")?;
    writeln!(page, "| what | quantity | printed | recomputed | corrected | conclusion | remarks |")?;
    writeln!(page, "| --- | --- | ---: | ---: | ---: | --- | --- |")?;
    let mut remarks: Vec<&str> = Vec::new();
    for n in numbers {
        let mut places: Vec<usize> = Vec::new();
        for sentence in sentences(n.why).chain(sentences(n.note)) {
            let known = remarks.iter().position(|remark| *remark == sentence);
            let place = known.unwrap_or_else(|| {
                remarks.push(sentence);
                remarks.len() - 1
            });
            places.push(place + 1);
        }
        places.sort_unstable();
        let places: Vec<String> = places.iter().map(usize::to_string).collect();
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell(n.item),
            cell(n.quantity),
            cell(n.printed),
            recomputed(n),
            corrected(n),
            n.conclusion.map(|conclusion| conclusion.to_string()).unwrap_or_default(),
            places.join(", ")
        )?;
    }
    if !remarks.is_empty() {
        writeln!(page)?;
    }
    remarks.iter().zip(1..).try_for_each(|(remark, place)| writeln!(page, "{place}. {}", cell(remark)))
}

/// Sentences of a remark: they end in a period before a space and a capital.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        let end = rest
            .match_indices(". ")
            .map(|(at, _)| at + 1)
            .find(|&at| rest[at..].trim_start().starts_with(|c: char| c.is_uppercase()));
        let (sentence, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.trim_start();
        (!sentence.is_empty()).then_some(sentence)
    })
}

/// Text that stays in its cell and is not read as markup.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

fn recomputed(n: &Number<'_>) -> String {
    let shown = n.recomputed.map_or_else(String::new, |value| short(value, n.printed));
    if n.reproduced { shown } else { format!("**{shown}**") }
}

fn corrected(n: &Number<'_>) -> String {
    let one = |value: Option<f64>| value.map_or_else(|| "…".to_owned(), |v| short(v, n.printed));
    match (n.corrected, n.low, n.high) {
        (None, None, None) => String::new(),
        (value, None, None) => one(value),
        (value, low, high) => format!("{} [{}, {}]", one(value), one(low), one(high)),
    }
}

/// To the digits of the printed number, but no fewer than two.
fn short(value: f64, printed: &str) -> String {
    let text = if printed.contains('e') {
        format!("{value:.1e}")
    } else {
        let decimals = printed.split_once('.').map_or(0, |(_, digits)| digits.len());
        let text = format!("{value:.decimals$}");
        // A value that rounds to nothing has no sign.
        if text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.')) { text.replace('-', "") } else { text }
    };
    text.strip_prefix('-').map_or(text.clone(), |positive| format!("−{positive}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_split_at_the_ends_of_its_sentences_only() {
        let split: Vec<&str> =
            sentences("By least squares it is at 1.40e22. No interval is given (p < 0.05). ").collect();
        assert_eq!(split, ["By least squares it is at 1.40e22.", "No interval is given (p < 0.05)."]);
    }

    #[test]
    fn a_number_is_shown_to_the_printed_digits() {
        assert_eq!(short(-0.00494, "-0.005"), "−0.005");
        assert_eq!(short(-0.0004, "-0.000"), "0.000");
        assert_eq!(short(1.3188e22, "1.3e22"), "1.3e22");
        assert_eq!(short(58.127, "64.6"), "58.1");
    }

    #[test]
    fn a_report_without_a_column_is_refused_by_name() {
        let problem = markdown(b"figure,item\nmain,mmlu\n").map_err(|e| e.to_string());
        assert!(problem.as_ref().is_err_and(|e| e.contains("quantity")), "{problem:?}");
    }
}
