//! Which of several evaluations of one thing counts.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::imported::Warning;
use crate::registry::Observation;

/// The latest of every evaluation, by the dates in the files. Where these do not tell, all are kept, and a sentence says so;
/// the same score from two files is kept once.
pub(super) fn latest(
    mut rows: Vec<Observation>,
    warnings: &mut Vec<Warning>,
    collisions: &mut Vec<String>,
) -> Vec<Observation> {
    rows.par_sort_by(|a, b| {
        let later_first = b.provenance.date.cmp(&a.provenance.date);
        a.identity().cmp(&b.identity()).then(later_first).then_with(|| a.provenance.source.cmp(&b.provenance.source))
    });
    let mut kept: Vec<Observation> = Vec::with_capacity(rows.len());
    let mut left_out = LeftOut::default();
    for same in rows.chunk_by(|a, b| a.identity() == b.identity()) {
        let mut standing: Vec<&Observation> = Vec::with_capacity(1);
        for row in same {
            let source = || (row.provenance.source.clone(), standing[0].provenance.source.clone(), row.model.clone());
            match standing.as_slice() {
                [first, ..] if earlier(row, first) => left_out.replaced(source(), &row.benchmark),
                [first, ..] if alike(first, row) => left_out.repeated(source(), &row.benchmark),
                _ => standing.push(row),
            }
        }
        if standing.len() > 1 {
            collisions.push(collision(&standing));
        }
        kept.extend(standing.into_iter().cloned());
    }
    warnings.extend(left_out.sentences());
    kept
}

fn alike(a: &Observation, b: &Observation) -> bool {
    (a.value, a.stderr, a.items) == (b.value, b.stderr, b.items)
}

/// Whether the dates of both say that `row` was measured before `other`.
fn earlier(row: &Observation, other: &Observation) -> bool {
    matches!((row.provenance.date, other.provenance.date), (Some(date), Some(than)) if date < than)
}

fn collision(rows: &[&Observation]) -> String {
    let listed: Vec<String> = rows.iter().map(|row| format!("{} ({})", row.value, row.provenance.source)).collect();
    format!(
        "{} has {} scores, {} ({}), and no date in the files says which is later; all are kept",
        rows[0].model,
        rows.len(),
        listed.join(", "),
        rows[0]
    )
}

/// The file that is left out, the file that stands, the model.
type Pair = (String, String, String);

/// What was left out, by file: one score by its name, several by their number.
#[derive(Default)]
struct LeftOut {
    replaced: BTreeMap<Pair, Vec<String>>,
    repeated: BTreeMap<Pair, Vec<String>>,
}

impl LeftOut {
    fn replaced(&mut self, pair: Pair, benchmark: &str) {
        self.replaced.entry(pair).or_default().push(benchmark.to_owned());
    }

    fn repeated(&mut self, pair: Pair, benchmark: &str) {
        self.repeated.entry(pair).or_default().push(benchmark.to_owned());
    }

    fn sentences(self) -> impl Iterator<Item = Warning> {
        let shown = |benchmarks: &[String]| match benchmarks {
            [one] => one.clone(),
            several => format!("{} scores", several.len()),
        };
        let replaced = self.replaced.into_iter().map(move |((what, by, model), benchmarks)| {
            let why = format!("a later evaluation of {model} on {} is in {by}", shown(&benchmarks));
            Warning { what, why }
        });
        let repeated = self.repeated.into_iter().map(move |((what, by, model), benchmarks)| Warning {
            what,
            why: format!("the same evaluation of {model} on {} is in {by}", shown(&benchmarks)),
        });
        replaced.chain(repeated)
    }
}
