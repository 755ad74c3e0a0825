//! Text to sequences: tokens, and the place from which on they are learned.
//!
//! Prompt and completion are joined before they are cut into tokens, as an evaluation does it: the completion's tokens
//! are those of the whole beyond the number that the prompt alone has. Loss is taken on the completion and the end token
//! only. A sequence longer than the block keeps its last tokens.

use serde::{Deserialize, Serialize};

use super::data::Example;
use crate::error::{Error, Result};
use crate::lm::Tokenizer;

/// Tokens, each learned from those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids.
    pub tokens: Vec<u32>,
    /// Place of the first token that is learned; those before it are only read. The first token of all has nothing
    /// before it and is never learned.
    pub from: usize,
}

/// How examples become sequences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Encoding {
    /// Most tokens of a sequence; the published runs had 600.
    pub block: usize,
    /// What happens to longer ones.
    pub overlong: Overlong,
    /// Whether prompts are only read. Otherwise everything is learned.
    pub mask_prompt: bool,
    /// Whether the tokenizer's end token follows each completion.
    pub end: bool,
}

/// What happens to an example longer than the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Overlong {
    /// Its last tokens are kept.
    KeepEnd,
    /// It is left out.
    Drop,
    /// It is an error.
    Refuse,
}

/// Sequences and what happened on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Encoded {
    /// The sequences, in the order of the examples.
    pub sequences: Vec<Sequence>,
    /// Examples that lost the beginning of their prompt.
    pub truncated: usize,
    /// Those of them that lost all of it, and with it perhaps the beginning of what is learned.
    pub without_prompt: usize,
    /// Examples left out because they were too long.
    pub dropped: usize,
    /// Tokens of the longest example before it was cut.
    pub longest: usize,
}

impl Default for Encoding {
    fn default() -> Self {
        Self { block: 600, overlong: Overlong::KeepEnd, mask_prompt: true, end: true }
    }
}

impl Sequence {
    /// A sequence of which every token but the first is learned.
    #[must_use]
    pub fn packed(tokens: Vec<u32>) -> Self {
        Self { tokens, from: 1 }
    }

    /// Documents as one long stream, `separator` after each, cut into sequences of `length` tokens; what is left over at
    /// the end makes a shorter one.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn pack(documents: &[Vec<u32>], separator: u32, length: usize) -> Vec<Self> {
        let stream = documents.iter().flat_map(|document| document.iter().copied().chain([separator]));
        let stream: Vec<u32> = stream.collect();
        let pieces = stream.chunks(length.max(2)).filter(|piece| piece.len() > 1);
        pieces.map(|piece| Self::packed(piece.to_vec())).collect()
    }

    /// Tokens that are learned.
    #[must_use]
    pub(crate) fn targets(&self) -> usize {
        self.tokens.len().saturating_sub(self.from.max(1))
    }
}

impl Encoding {
    /// Turns examples into sequences.
    ///
    /// # Errors
    /// [`Error::Argument`] for an example without completion, one longer than the block where that is refused, no
    /// examples at all or none left, a block that leaves no example any of its prompt, or an end token that the tokenizer does not have.
    pub(crate) fn encode(&self, tokenizer: &Tokenizer, examples: &[Example]) -> Result<Encoded> {
        if self.block < 2 {
            return Err(Error::Argument(format!("a block of {} tokens has nothing to learn", self.block)));
        }
        let end = match (self.end, tokenizer.eos) {
            (true, None) => {
                let problem = "the tokenizer names no end token to put after each example; train without one instead";
                return Err(Error::Argument(problem.to_owned()));
            }
            (wanted, end) => end.filter(|_| wanted),
        };
        let mut encoded = Encoded::default();
        for (number, example) in examples.iter().enumerate() {
            let problem = |problem: String| Error::Argument(format!("example {}: {problem}", number + 1));
            if example.completion.trim().is_empty() {
                return Err(problem("has no answer: nothing could be learned from it".to_owned()));
            }
            let sequence = self.sequence(tokenizer, end, example)?;
            if sequence.targets() == 0 {
                return Err(problem("has nothing to learn beyond its first token".to_owned()));
            }
            encoded.add(self, sequence).map_err(problem)?;
        }
        if encoded.sequences.is_empty() {
            return Err(Error::Argument(match encoded.dropped {
                0 => "the training set is empty".to_owned(),
                dropped => format!("all {dropped} examples are longer than the block of {} tokens", self.block),
            }));
        }
        if encoded.without_prompt == encoded.sequences.len() {
            return Err(Error::Argument(format!(
                "a block of {} tokens leaves none of its prompt to any example; the longest has {} tokens",
                self.block, encoded.longest
            )));
        }
        Ok(encoded)
    }

    fn sequence(&self, tokenizer: &Tokenizer, end: Option<u32>, example: &Example) -> Result<Sequence> {
        let mut tokens = tokenizer.encode(&format!("{}{}", example.prompt, example.completion), true)?;
        let mut prompt = tokenizer.encode(&example.prompt, true)?;
        // Some tokenizers end every text themselves.
        let ended = tokenizer.eos.filter(|end| tokens.len() > 1 && tokens.last() == Some(end));
        if let Some(own) = ended {
            tokens.pop();
            if prompt.last() == Some(&own) {
                prompt.pop();
            }
        }
        let from = if self.mask_prompt { prompt.len().min(tokens.len()) } else { 1 };
        tokens.extend(end);
        Ok(Sequence { tokens, from: from.max(1) })
    }
}

impl Encoded {
    fn add(&mut self, encoding: &Encoding, mut sequence: Sequence) -> Result<(), String> {
        let length = sequence.tokens.len();
        self.longest = self.longest.max(length);
        if length > encoding.block {
            match encoding.overlong {
                Overlong::Drop => {
                    self.dropped += 1;
                    return Ok(());
                }
                Overlong::Refuse => {
                    return Err(format!("has {length} tokens, more than the block of {}", encoding.block));
                }
                Overlong::KeepEnd => {
                    let cut = length - encoding.block;
                    self.truncated += 1;
                    self.without_prompt += usize::from(encoding.mask_prompt && cut >= sequence.from);
                    sequence.tokens.drain(..cut);
                    sequence.from = sequence.from.saturating_sub(cut).max(1);
                }
            }
        }
        self.sequences.push(sequence);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_no_token_but_a_single_last_one() {
        let documents = [vec![1, 2, 3], vec![4], vec![5, 6]];
        let packed = Sequence::pack(&documents, 0, 4);
        assert_eq!(packed[0], Sequence { tokens: vec![1, 2, 3, 0], from: 1 });
        assert_eq!(packed[1].tokens, [4, 0, 5, 6]);
        assert_eq!(packed.len(), 2);
    }

    #[test]
    fn truncation_moves_the_first_learned_token_and_is_counted() -> Result<(), String> {
        let encoding = Encoding { block: 4, ..Encoding::default() };
        let mut encoded = Encoded::default();
        encoded.add(&encoding, Sequence { tokens: vec![1, 2, 3, 4, 5, 6], from: 4 })?;
        encoded.add(&encoding, Sequence { tokens: vec![1, 2, 3, 4, 5, 6], from: 1 })?;
        assert_eq!(encoded.sequences[0], Sequence { tokens: vec![3, 4, 5, 6], from: 2 });
        assert_eq!(encoded.sequences[1], Sequence { tokens: vec![3, 4, 5, 6], from: 1 });
        assert_eq!((encoded.truncated, encoded.without_prompt, encoded.longest), (2, 1, 6));
        Ok(())
    }
}
