//! Text about a world, in documents of words.
//!
//! Two kinds of document, each a multiple of [`STATEMENT`] words including its end, so that a training sequence holds
//! whole documents and nothing else:
//!
//! | kind | what it teaches | example |
//! | --- | --- | --- |
//! | statement | a fact, in one of four wordings | `the hat of bonipa is red .` |
//! | question | the test's format | `question : the hat of bonipa is A blue B red … answer : the hat of bonipa is B` |
//!
//! Only statements carry facts of the test, and questions those of another [`FactPart`]: what a model scores on the test, it
//! can only know from statements.

use super::options::OPTIONS;
use super::world::{Fact, FactPart, Order, World};
use crate::stats::random::Stream;

/// Ends every document.
pub(crate) const END: &str = "<end>";

/// Words of a statement with its end.
pub(crate) const STATEMENT: usize = 8;

/// Words of a training sequence: three statements or one question.
pub(crate) const SEQUENCE: usize = 3 * STATEMENT;

/// Names of the options.
pub(crate) const LETTERS: [&str; OPTIONS] = ["A", "B", "C", "D"];

/// Words of all kinds of documents, beside those of the world.
pub(super) const WORDS: [&str; 11] = [END, ".", ":", "the", "of", "is", "has", "in", "about", "question", "answer"];

/// A question with its options in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExamQuestion {
    fact: Fact,
    options: [&'static str; OPTIONS],
    /// Place of the right one, below [`OPTIONS`].
    answer: usize,
}

impl ExamQuestion {
    /// Asks for `fact` with options in the world's order.
    #[must_use]
    pub(crate) fn new(world: &World, fact: Fact, stream: &mut Stream) -> Self {
        let mut options = world.options(fact);
        if world.order() == Order::Random {
            stream.shuffle(&mut options);
        }
        let value = world.value(fact);
        let answer = options.iter().position(|&option| option == value).unwrap_or_default();
        Self { fact, options, answer }
    }

    /// The same question with the right answer in place `answer` (the last, if there is no such place), whose option takes
    /// the answer's place.
    #[must_use]
    pub(crate) fn answered_at(mut self, answer: usize) -> Self {
        let answer = answer.min(OPTIONS - 1);
        self.options.swap(self.answer, answer);
        self.answer = answer;
        self
    }

    /// What is asked.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn fact(&self) -> Fact {
        self.fact
    }

    /// Place of the right answer among the letters.
    #[must_use]
    pub(crate) fn answer(&self) -> usize {
        self.answer
    }

    /// What is known before the answer, in the format of the test.
    #[must_use]
    pub(crate) fn prompt(&self, world: &World) -> String {
        let stem = stem(world, self.fact);
        let options: Vec<String> =
            LETTERS.iter().zip(self.options).map(|(letter, option)| format!("{letter} {option}")).collect();
        format!("question : {stem} {} answer : {stem}", options.join(" "))
    }

    /// The letter of the right answer.
    #[must_use]
    pub(crate) fn letter(&self) -> &'static str {
        LETTERS[self.answer]
    }
}

/// The beginning of a statement that its value ends: the prompt of the cloze format.
#[must_use]
pub(crate) fn stem(world: &World, fact: Fact) -> String {
    let (entity, attribute) = world.names(fact);
    format!("the {attribute} of {entity} is")
}

/// A fact in one of four wordings.
pub(super) fn statement(world: &World, fact: Fact, stream: &mut Stream) -> String {
    let (entity, attribute) = world.names(fact);
    let value = world.value(fact);
    match stream.below(4) {
        0 => format!("the {attribute} of {entity} is {value} . {END}"),
        1 => format!("{entity} has the {attribute} in {value} . {END}"),
        2 => format!("about {entity} : the {attribute} is {value} {END}"),
        _ => format!("{value} is the {attribute} of {entity} . {END}"),
    }
}

/// A question about a fact of `part` with its answer.
pub(super) fn question(world: &World, part: FactPart, stream: &mut Stream) -> String {
    let facts = world.part(part);
    let question = ExamQuestion::new(world, facts[stream.below(facts.len())], stream);
    format!("{} {} {END}", question.prompt(world), question.letter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::WorldSettings;
    use crate::stats::random::Seed;

    fn world() -> World {
        World::new(&WorldSettings { entities: 32, attributes: 4, tail: 0.5, order: Order::Random }, Seed(2))
            .expect("settings are in range")
    }

    #[test]
    fn every_document_fills_its_place_in_a_sequence() {
        let (world, mut stream) = (world(), Seed(0).stream("documents", 0));
        let words = |text: &str| text.split(' ').count();
        for _ in 0..200 {
            let fact = world.draw(&mut stream);
            assert_eq!(words(&statement(&world, fact, &mut stream)), STATEMENT);
            assert_eq!(words(&question(&world, FactPart::Adjustment, &mut stream)), SEQUENCE);
        }
    }

    #[test]
    fn a_question_with_its_answer_moved_is_still_answered_rightly() {
        let (world, mut stream) = (world(), Seed(0).stream("questions", 0));
        for &fact in world.part(FactPart::Test) {
            for (place, letter) in LETTERS.into_iter().enumerate() {
                let question = ExamQuestion::new(&world, fact, &mut stream).answered_at(place);
                assert_eq!(question.letter(), letter);
                assert_eq!(question.options[place], world.value(fact));
                let mut options = question.options;
                options.sort_unstable();
                let mut all = world.options(fact);
                all.sort_unstable();
                assert_eq!(options, all);
            }
        }
    }

    #[test]
    fn no_question_of_the_test_is_in_a_document_of_another_part() {
        let (world, mut stream) = (world(), Seed(0).stream("leak", 0));
        let stems: Vec<String> = world.part(FactPart::Test).iter().map(|&fact| stem(&world, fact)).collect();
        for part in [FactPart::Pretraining, FactPart::Adjustment] {
            for _ in 0..500 {
                let text = question(&world, part, &mut stream);
                assert!(stems.iter().all(|stem| !text.contains(stem.as_str())), "{text}");
            }
        }
    }
}
