//! The text of a model: as many documents of each kind as its shares say, in random order.

use super::documents::{self, END, SEQUENCE, STATEMENT};
use super::suite::{Member, ModelKind, Suite};
use super::vocabulary::Vocabulary;
use super::world::{Fact, FactPart, World};
use crate::error::Result;
use crate::stats::random::{Seed, Stream};
use crate::train::Sequence;

/// What a training sequence holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Statements,
    /// Statements of facts that every model knows and no test asks for.
    Familiar,
    Question,
}

/// The pretraining text of a model: its number of sequences, each of whole documents. The same seed and member give the
/// same text.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) if `vocabulary` is not of this world.
pub(crate) fn pretraining(
    world: &World,
    vocabulary: &Vocabulary,
    suite: &Suite,
    member: &Member,
    seed: Seed,
) -> Result<Vec<Sequence>> {
    let mut stream = seed.stream(&format!("lab text {}", member.text), member.shape.width as u64);
    let mut contents = contents(&member.kind, suite.rest, member.sequences);
    stream.shuffle(&mut contents);
    let statements = |stream: &mut Stream, draw: &dyn Fn(&mut Stream) -> Fact| -> String {
        let statements: Vec<String> = (0..SEQUENCE / STATEMENT)
            .map(|_| {
                let fact = draw(stream);
                documents::statement(world, fact, stream)
            })
            .collect();
        statements.join(" ")
    };
    let familiar = world.familiar();
    let text = contents.into_iter().map(|content| match content {
        Content::Statements => statements(&mut stream, &|stream| world.draw(stream)),
        Content::Familiar => statements(&mut stream, &|stream| familiar[stream.below(familiar.len())]),
        Content::Question => documents::question(world, FactPart::Pretraining, &mut stream),
    });
    text.map(|text| Ok(Sequence::packed(vocabulary.encode(&text)?))).collect()
}

/// Shares of documents, exact up to rounding: the kind is a number, not a chance. Questions take the place of familiar
/// statements, so all kinds of models read equally many statements about the whole world.
fn contents(kind: &ModelKind, rest: f64, sequences: usize) -> Vec<Content> {
    let share = |share: f64| (share * sequences as f64).round() as usize;
    let mut contents = vec![Content::Question; share(kind.share)];
    contents.resize(share(rest), Content::Familiar);
    contents.resize(sequences, Content::Statements);
    contents
}

/// Examples of the adjustment, of which only the answers are learned; the same for every model of an experiment.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) if `vocabulary` is not of this world.
pub(crate) fn adjustment(world: &World, vocabulary: &Vocabulary, examples: usize, seed: Seed) -> Result<Vec<Sequence>> {
    let mut stream = seed.stream("lab adjustment", 0);
    let end = format!(" {END}");
    (0..examples)
        .map(|_| {
            let text = documents::question(world, FactPart::Adjustment, &mut stream);
            let tokens = vocabulary.encode(text.strip_suffix(&end).unwrap_or(&text))?;
            Ok(Sequence { from: tokens.len() - 1, tokens })
        })
        .collect()
}
