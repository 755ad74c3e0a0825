//! A place among the words of a file, and how the readers go on from it.

use super::token::{Token, Word};
use super::tree::Name;

/// What was read, or the line and what is wrong there.
pub(super) type Read<T> = Result<T, (usize, String)>;

/// Words and a place among them.
pub(super) struct Parser {
    words: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Blocks, brackets and the like that may be open in one another.
const DEEPEST: usize = 60;

impl Parser {
    pub(super) fn new(words: Vec<Token>) -> Self {
        Self { words, at: 0, depth: 0 }
    }

    pub(super) fn word(&self) -> &Word {
        self.words.get(self.at).map_or(&Word::End, |token| &token.word)
    }

    pub(super) fn next_word(&self) -> &Word {
        self.words.get(self.at + 1).map_or(&Word::End, |token| &token.word)
    }

    pub(super) fn line(&self) -> usize {
        self.words.get(self.at).or(self.words.last()).map_or(1, |token| token.line)
    }

    pub(super) fn go_on(&mut self) {
        self.at += 1;
    }

    pub(super) fn wrong<T>(&self, problem: &str) -> Read<T> {
        Err((self.line(), problem.to_owned()))
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        matches!(self.word(), Word::Mark(found) if *found == mark)
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        matches!(self.word(), Word::Name(found) if found == name)
    }

    pub(super) fn take_mark(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        self.at += usize::from(found);
        found
    }

    pub(super) fn need_mark(&mut self, mark: &str) -> Read<()> {
        if self.take_mark(mark) { Ok(()) } else { self.wrong(&format!("`{mark}` is missing")) }
    }

    pub(super) fn need_name(&mut self) -> Read<Name> {
        match self.word() {
            Word::Name(name) => {
                let name = Name::from(name.as_str());
                self.at += 1;
                Ok(name)
            }
            _ => self.wrong("a name is missing"),
        }
    }

    /// Counts what is open, so that the stack holds.
    pub(super) fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.wrong("it is nested too deeply");
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    pub(super) fn ends(&self) -> bool {
        matches!(self.word(), Word::NewLine | Word::End) || self.is_mark(";")
    }
}
