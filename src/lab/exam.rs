//! The test as task files of lm-evaluation-harness, so that models of the lab are evaluated as any other.
//!
//! | file | what |
//! | --- | --- |
//! | `lab_mc.yaml`, `lab_mc.jsonl` | questions; a choice is a letter |
//! | `lab_cloze.yaml`, `lab_cloze.jsonl` | the same facts as beginnings of statements; a choice is a value |
//!
//! Chance is exactly a quarter in both: every question has four options. Where their order is random, every fact is asked
//! four times, with its answer under each letter; where it is fixed, facts are spread evenly over the letters. So whoever
//! always answers with the same letter scores a quarter.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::documents::{ExamQuestion, LETTERS, stem};
use super::options::OPTIONS;
use super::world::{FactPart, Order, World};
use crate::error::Result;
use crate::registry::write;
use crate::stats::random::Seed;

/// Name of the task in multiple-choice format.
pub(crate) const MULTIPLE_CHOICE: &str = "lab_mc";

/// Name of the task in cloze format.
pub(crate) const CLOZE: &str = "lab_cloze";

/// The questions of the test, in the order of its files.
#[must_use]
pub(crate) fn questions(world: &World, seed: Seed) -> Vec<ExamQuestion> {
    let mut stream = seed.stream("lab test", 0);
    let mut questions = Vec::new();
    for &fact in world.part(FactPart::Test) {
        let question = ExamQuestion::new(world, fact, &mut stream);
        match world.order() {
            Order::Fixed => questions.push(question),
            Order::Random => questions.extend((0..OPTIONS).map(|answer| question.clone().answered_at(answer))),
        }
    }
    questions
}

/// Writes both tasks to `folder` and returns it.
///
/// # Errors
/// [`Error::Write`](crate::Error::Write).
pub(crate) fn write(world: &World, seed: Seed, folder: &Path) -> Result<PathBuf> {
    let (mut choice, mut cloze) = (String::new(), String::new());
    for question in questions(world, seed) {
        let row = json!({"prompt": question.prompt(world), "options": LETTERS, "answer": question.answer()});
        choice.push_str(&format!("{row}\n"));
    }
    for &fact in world.part(FactPart::Test) {
        let (options, value) = (world.options(fact), world.value(fact));
        let answer = options.iter().position(|&option| option == value);
        cloze.push_str(&format!("{}\n", json!({"prompt": stem(world, fact), "options": options, "answer": answer})));
    }
    for (name, rows) in [(MULTIPLE_CHOICE, choice), (CLOZE, cloze)] {
        write::bytes(&folder.join(format!("{name}.jsonl")), rows.as_bytes())?;
        write::bytes(&folder.join(format!("{name}.yaml")), definition(name).as_bytes())?;
    }
    Ok(folder.to_owned())
}

fn definition(name: &str) -> String {
    format!(
        "task: {name}\n\
         dataset_path: json\n\
         dataset_kwargs:\n  data_files:\n    test: {name}.jsonl\n\
         test_split: test\n\
         output_type: multiple_choice\n\
         doc_to_text: \"{{{{prompt}}}}\"\n\
         doc_to_choice: \"{{{{options}}}}\"\n\
         doc_to_target: \"{{{{answer}}}}\"\n\
         metric_list:\n  - metric: acc\n    aggregation: mean\n    higher_is_better: true\n\
         metadata:\n  version: 1\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::WorldSettings;

    #[test]
    fn the_same_letter_for_every_question_scores_exactly_chance() {
        for order in [Order::Fixed, Order::Random] {
            let settings = WorldSettings { entities: 48, attributes: 4, tail: 0.7, order };
            let world = World::new(&settings, Seed(4)).expect("settings are in range");
            let questions = questions(&world, Seed(4));
            for letter in LETTERS {
                let right = questions.iter().filter(|question| question.letter() == letter).count();
                assert_eq!(right * OPTIONS, questions.len());
            }
        }
    }
}
