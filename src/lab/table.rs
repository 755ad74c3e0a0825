//! Scores as a table that `onset fit` reads: a row for each model, task and number of task examples.

use std::fmt::Write;

use super::exam::{CLOZE, MULTIPLE_CHOICE};
use super::record::LabRecord;
use super::suite::Member;

/// Name of the adjustment in the table.
pub const ADJUSTMENT: &str = "lab";

const HEADER: &str =
    "model,family,cohort,share,layers,width,params,tokens,benchmark,format,metric,value,items,adjustment,examples";

/// The table of these models, in their order. Nothing in it needs quoting: names are made of letters, digits and hyphens.
#[must_use]
pub fn table(models: &[(Member, LabRecord)]) -> String {
    let mut text = format!("{HEADER}\n");
    for (member, record) in models {
        for score in &record.scores {
            let format = match score.task.as_str() {
                MULTIPLE_CHOICE => "multiple_choice",
                CLOZE => "cloze",
                _ => "",
            };
            let (adjustment, examples) = match score.examples {
                0 => ("none", String::new()),
                examples => (ADJUSTMENT, examples.to_string()),
            };
            let (shape, kind) = (&member.shape, &member.kind);
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{format},acc,{},{},{adjustment},{examples}",
                member.name,
                member.family,
                kind.name,
                kind.share,
                shape.layers,
                shape.width,
                member.parameters,
                member.tokens(),
                score.task,
                score.value,
                score.items,
            );
        }
    }
    text
}
