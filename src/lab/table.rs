//! Scores of models whose truth is known, and the table of them that `onset fit` reads.

use super::exam::{CLOZE, MULTIPLE_CHOICE};
use super::record::LabRecord;
use super::suite::Member;
use crate::registry::table::Sheet;
use crate::registry::{Adjustment, Condition, Format, Measure, Metric, Observation, Provenance, RowKind, Setup};

/// Name of the adjustment in the table.
pub(crate) const ADJUSTMENT: &str = "lab";

/// The scores of a model, in the order they were found.
#[must_use]
pub(crate) fn observations(record: &LabRecord) -> Vec<Observation> {
    let of_score = |score: &super::record::LabScore| Observation {
        model: record.model.clone(),
        benchmark: score.task.clone(),
        kind: RowKind::Task,
        group: None,
        format: match score.task.as_str() {
            MULTIPLE_CHOICE => Some(Format::MultipleChoice),
            CLOZE => Some(Format::Cloze),
            _ => None,
        },
        metric: Metric::plain(Measure::Accuracy),
        value: score.value,
        stderr: None,
        items: u32::try_from(score.items).ok(),
        condition: match score.examples {
            0 => Condition::unadjusted(),
            examples => Condition::examples(Adjustment::Other(ADJUSTMENT.to_owned()), examples as u64),
        },
        setup: Setup::default(),
        provenance: Provenance::default(),
    };
    record.scores.iter().map(of_score).collect()
}

/// The table of these models, in their order, as CSV: a row for each model, task and number of task examples, with the
/// kind of the model (`cohort`) and the true share of test-task documents in its text.
#[must_use]
pub(crate) fn table(models: &[(Member, LabRecord)]) -> String {
    sheet(models).csv()
}

fn sheet(models: &[(Member, LabRecord)]) -> Sheet {
    let shown = |value: Option<String>| value.unwrap_or_default();
    let row = |member: &Member, o: &Observation| {
        let (shape, kind) = (&member.shape, &member.kind);
        [
            member.name.clone(),
            member.family.clone(),
            kind.name.clone(),
            kind.share.to_string(),
            shape.layers.to_string(),
            shape.width.to_string(),
            member.parameters.to_string(),
            member.tokens().to_string(),
            o.benchmark.clone(),
            shown(o.format.map(|format| format.to_string())),
            o.metric.to_string(),
            o.value.to_string(),
            shown(o.items.map(|items| items.to_string())),
            o.condition.adjustment.to_string(),
            shown(o.condition.examples.map(|examples| examples.to_string())),
        ]
    };
    let rows = models.iter().flat_map(|(member, record)| {
        observations(record).iter().map(|observation| row(member, observation)).collect::<Vec<_>>()
    });
    let names = [
        "model",
        "family",
        "cohort",
        "share",
        "layers",
        "width",
        "params",
        "tokens",
        "benchmark",
        "format",
        "metric",
        "value",
        "items",
        "adjustment",
        "examples",
    ];
    Sheet::new(names, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Result;
    use crate::lab::vocabulary::Vocabulary;
    use crate::lab::{LabScore, Suite, World};
    use crate::registry::table::Table;
    use crate::stats::random::Seed;

    /// Every model of a committed table again, from its suite and the table's scores.
    fn again(suite: &Suite, table: &Table) -> Result<Vec<(Member, LabRecord)>> {
        let world = World::new(&suite.world, Seed(1))?;
        let members = suite.members(&Vocabulary::new(&world))?;
        let mut models = Vec::new();
        for member in members {
            let mut record = LabRecord {
                model: member.name.clone(),
                fingerprint: String::new(),
                loss: 0.0,
                adjustment_loss: None,
                scores: Vec::new(),
            };
            for row in (0..table.rows()).filter(|row| table.text(*row, "model").is_ok_and(|name| name == member.name)) {
                record.scores.push(LabScore {
                    task: table.text(row, "benchmark")?.to_owned(),
                    examples: table.optional_count(row, "examples")?.unwrap_or(0),
                    value: table.number(row, "value")?,
                    items: table.optional_count(row, "items")?.unwrap_or(0),
                });
            }
            models.push((member, record));
        }
        Ok(models)
    }

    #[test]
    fn the_tables_in_the_repository_are_what_is_written_of_their_models() {
        for (name, suite) in [("quick", Suite::quick()), ("full", Suite::full())] {
            let path = format!("{}/data/lab/{name}/observations.csv", env!("CARGO_MANIFEST_DIR"));
            let committed = std::fs::read_to_string(&path).expect("the table is in the repository");
            let read = Table::parse(committed.as_bytes(), path.as_ref(), &[]).expect("a table");
            assert_eq!(table(&again(&suite, &read).expect("a suite")), committed, "{name}");
        }
    }
}
