//! What an experiment with known truth shows: a CSV and a table.

use super::csv::{CsvTable, number};
use super::terminal::{Align, TextTable};
use crate::lab::{Fitted, LabAgreement, LabReport, theta};
use crate::stats::estimate::Estimate;

/// Every estimate at full precision: a row for each condition and kind of model. P-values of a question stand as if each were
/// the only one, and adjusted for all rows by Holm's method and by Benjamini and Hochberg's.
#[must_use]
pub fn csv(report: &LabReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "score",
        "examples",
        "kind",
        "share",
        "theta",
        "theta_low",
        "theta_high",
        "theta_p",
        "theta_holm",
        "theta_bh",
        "alpha",
        "c_e",
        "c_e_low",
        "c_e_high",
        "r_squared",
        "r_squared_line",
        "margin",
        "equivalence_p",
        "equivalence_holm",
        "equivalence_bh",
        "equivalent",
        "c_e_reference",
        "c_e_reference_low",
        "c_e_reference_high",
        "r_squared_line_reference",
    ]);
    let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
    let (thetas, equivalences) = report.tests();
    let mut tests = thetas.into_iter().zip(equivalences);
    for Fitted { score, examples, hinge, line, reference: (alone, alone_line) } in report.conditions() {
        for (place, (kind, share)) in report.kinds.iter().enumerate() {
            let (of_theta, of_equivalence) = tests.next().unwrap_or_default();
            let theta = theta(hinge, place);
            // The test of equivalence is about the first kind.
            let equivalence = (place == 0).then_some(&hinge.equivalence);
            table.rows.push(vec![
                score.words().to_owned(),
                examples.to_string(),
                kind.clone(),
                number(*share),
                shown(theta.and_then(|t| t.value)),
                shown(theta.and_then(|t| t.interval.low)),
                shown(theta.and_then(|t| t.interval.high)),
                shown(theta.and_then(|t| t.p_value)),
                shown(of_theta.map(|test| test.holm)),
                shown(of_theta.map(|test| test.benjamini_hochberg)),
                shown(hinge.alpha.value),
                shown(hinge.c_e.value),
                shown(hinge.c_e.interval.low),
                shown(hinge.c_e.interval.high),
                shown(hinge.r_squared),
                shown(line.r_squared),
                shown(equivalence.and_then(|e| e.margin)),
                shown(equivalence.and_then(|e| e.p_value)),
                shown(of_equivalence.map(|test| test.holm)),
                shown(of_equivalence.map(|test| test.benjamini_hochberg)),
                equivalence.and_then(|e| e.equivalent).map(|yes| yes.to_string()).unwrap_or_default(),
                shown(alone.c_e.value),
                shown(alone.c_e.interval.low),
                shown(alone.c_e.interval.high),
                shown(alone_line.r_squared),
            ]);
        }
    }
    table
}

/// The same for people, at most `width` columns wide.
#[must_use]
pub fn terminal(report: &LabReport, width: usize) -> String {
    let mut table = TextTable::new(&[
        ("score", Align::Left),
        ("examples", Align::Right),
        ("theta", Align::Right),
        ("95 % interval", Align::Right),
        ("p equal", Align::Right),
        ("Holm", Align::Right),
        ("c_e, ref.", Align::Right),
        ("R2 line", Align::Right),
    ]);
    let mut equivalences = report.tests().1.into_iter().step_by(report.kinds.len().max(1));
    for (place, (kind, share)) in report.kinds.iter().enumerate() {
        table.section(&format!("{kind}: share {share} against {}", report.reference));
        for Fitted { score, examples, hinge, reference: (alone, line), .. } in report.conditions() {
            let theta = theta(hinge, place);
            let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), |v| format!("{v:+.3}"));
            let equal = hinge.equivalence.p_value.filter(|_| place == 0);
            let holm = equivalences.next().flatten().filter(|_| place == 0).map(|test| test.holm);
            table.push(vec![
                score.words().to_owned(),
                examples.to_string(),
                end(theta.and_then(|t| t.value)),
                format!("{} … {}", end(theta.and_then(|t| t.interval.low)), end(theta.and_then(|t| t.interval.high))),
                equal.map(|p| format!("{p:.3}")).unwrap_or_default(),
                holm.map(|p| format!("{p:.3}")).unwrap_or_default(),
                alone.c_e.value.map_or_else(|| "?".to_owned(), |c| format!("{c:.1e}")),
                line.r_squared.map_or_else(|| "?".to_owned(), |r| format!("{r:.2}")),
            ]);
        }
    }
    format!("{}{}", table.render(width), agreement_lines(report))
}

/// How far both formats rank the models alike, a sentence a condition.
fn agreement_lines(report: &LabReport) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |v| format!("{v:.2}"));
    let line = |one: &LabAgreement| {
        let interval = one.tau.interval;
        format!(
            "  {:>6} task examples: {} [{}, {}]; one ability and noise: {}\n",
            one.examples,
            number(one.tau.value),
            number(interval.low),
            number(interval.high),
            number(one.ceiling)
        )
    };
    let lines: String = report.agreement.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\nτ-b of multiple choice and cloze over the models:\n{lines}") }
}

/// How far both formats rank the models alike: a row for each number of task examples.
#[must_use]
pub(crate) fn agreement(report: &LabReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "examples",
        "models",
        "tau",
        "tau_low",
        "tau_high",
        "ceiling",
        "share_of_ceiling",
        "share_low",
        "share_high",
        "gain",
        "gain_low",
        "gain_high",
    ]);
    let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
    for one in &report.agreement {
        let three = |e: &Estimate| [e.value, e.interval.low, e.interval.high].map(shown);
        let mut row = vec![one.examples.to_string(), one.models.to_string()];
        row.extend(three(&one.tau));
        row.push(shown(one.ceiling));
        row.extend(three(&one.share_of_ceiling));
        row.extend(three(&one.gain));
        table.rows.push(row);
    }
    table
}
