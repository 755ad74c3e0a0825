//! From words to statements.

use std::sync::Arc;

use super::parser::{Parser, Read};
use super::token::{Word, words};
use super::tree::{Does, Handler, Kind, Stmt};

/// The statements of a module.
///
/// # Errors
/// The line, and what is wrong there.
pub(super) fn module(source: &str) -> Read<Vec<Stmt>> {
    let mut parser = Parser::new(words(source)?);
    let mut body = Vec::new();
    while *parser.word() != Word::End {
        parser.statement(&mut body)?;
    }
    Ok(body)
}

/// Signs that join an operation and an assignment.
const AUGMENTS: [(&str, &str); 12] = [
    ("+=", "+"),
    ("-=", "-"),
    ("*=", "*"),
    ("/=", "/"),
    ("%=", "%"),
    ("//=", "//"),
    ("**=", "**"),
    ("|=", "|"),
    ("&=", "&"),
    ("^=", "^"),
    ("<<=", "<<"),
    (">>=", ">>"),
];

impl Parser {
    fn statement(&mut self, out: &mut Vec<Stmt>) -> Read<()> {
        let line = self.line();
        let Word::Name(name) = self.word() else {
            if self.is_mark("@") {
                return self.decorated(out);
            }
            return self.simple(out);
        };
        let kind = match name.as_str() {
            "if" => {
                self.go_on();
                self.branch()?
            }
            "for" => {
                self.go_on();
                let target = self.targets()?;
                if !self.take_name("in") {
                    return self.wrong("`in` is missing");
                }
                let over = self.values()?;
                let (body, otherwise) = (self.block()?, self.otherwise()?);
                Does::For { target, over, body, otherwise }
            }
            "while" => {
                self.go_on();
                let test = self.value()?;
                let (body, otherwise) = (self.block()?, self.otherwise()?);
                Does::While { test, body, otherwise }
            }
            "try" => {
                self.go_on();
                self.attempt()?
            }
            "def" => Does::Def(Arc::new(self.function(Vec::new())?)),
            "class" => {
                self.go_on();
                let name = self.need_name()?;
                self.skip_block()?;
                Does::Refused("a class".to_owned(), vec![name])
            }
            "with" => {
                self.skip_block()?;
                Does::Refused("`with`".to_owned(), Vec::new())
            }
            "async" => {
                self.go_on();
                self.go_on();
                let name = self.need_name().ok();
                self.skip_block()?;
                Does::Refused("`async`".to_owned(), name.into_iter().collect())
            }
            _ => return self.simple(out),
        };
        out.push(Stmt { line, kind });
        Ok(())
    }

    fn decorated(&mut self, out: &mut Vec<Stmt>) -> Read<()> {
        let mut decorators = Vec::new();
        while self.take_mark("@") {
            decorators.push(self.value()?);
            self.end_of_line()?;
        }
        let line = self.line();
        if self.is_name("def") {
            let function = self.function(decorators)?;
            out.push(Stmt { line, kind: Does::Def(Arc::new(function)) });
            return Ok(());
        }
        self.statement(out)
    }

    fn branch(&mut self) -> Read<Does> {
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            arms.push((self.line(), self.value()?, self.block()?));
            if !self.take_name("elif") {
                otherwise.extend(self.otherwise()?);
                break;
            }
        }
        let mut made = None;
        while let Some((line, test, yes)) = arms.pop() {
            if let Some((line, kind)) = made.take() {
                otherwise = vec![Stmt { line, kind }];
            }
            made = Some((line, Does::If(test, yes, std::mem::take(&mut otherwise))));
        }
        match made {
            Some((_, kind)) => Ok(kind),
            None => self.wrong("a condition is missing"),
        }
    }

    fn otherwise(&mut self) -> Read<Vec<Stmt>> {
        if self.take_name("else") { self.block() } else { Ok(Vec::new()) }
    }

    fn attempt(&mut self) -> Read<Does> {
        let body = self.block()?;
        let mut handlers = Vec::new();
        while self.take_name("except") {
            let kind = if self.is_mark(":") { None } else { Some(self.values()?) };
            let name = if self.take_name("as") { Some(self.need_name()?) } else { None };
            handlers.push(Handler { kind, name, body: self.block()? });
        }
        let otherwise = self.otherwise()?;
        let last = if self.take_name("finally") { self.block()? } else { Vec::new() };
        Ok(Does::Try { body, handlers, otherwise, last })
    }

    /// A colon, and what stands behind it or indented below it.
    pub(super) fn block(&mut self) -> Read<Vec<Stmt>> {
        self.within(|parser| {
            parser.need_mark(":")?;
            let mut body = Vec::new();
            if *parser.word() != Word::NewLine {
                parser.simple(&mut body)?;
                return Ok(body);
            }
            parser.go_on();
            if *parser.word() != Word::Indent {
                return parser.wrong("an indented block is missing");
            }
            parser.go_on();
            while *parser.word() != Word::Dedent {
                parser.statement(&mut body)?;
            }
            parser.go_on();
            Ok(body)
        })
    }

    /// Passes over the rest of a statement and its block.
    fn skip_block(&mut self) -> Read<()> {
        let mut brackets = 0_usize;
        loop {
            match self.word() {
                Word::Mark("(" | "[" | "{") => brackets += 1,
                Word::Mark(")" | "]" | "}") => brackets = brackets.saturating_sub(1),
                Word::Mark(":") if brackets == 0 => break,
                Word::NewLine | Word::End => return self.wrong("`:` is missing"),
                _ => {}
            }
            self.go_on();
        }
        self.go_on();
        while !matches!(self.word(), Word::NewLine | Word::End) {
            self.go_on();
        }
        self.go_on();
        let mut depth = 0_usize;
        if *self.word() != Word::Indent {
            return Ok(());
        }
        loop {
            match self.word() {
                Word::Indent => depth += 1,
                Word::Dedent => depth -= 1,
                Word::End => return Ok(()),
                _ => {}
            }
            self.go_on();
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn end_of_line(&mut self) -> Read<()> {
        match self.word() {
            Word::NewLine => {
                self.go_on();
                Ok(())
            }
            Word::End => Ok(()),
            _ => self.wrong("the line should end here"),
        }
    }

    /// Statements of one line.
    fn simple(&mut self, out: &mut Vec<Stmt>) -> Read<()> {
        loop {
            let line = self.line();
            let kind = self.small()?;
            out.push(Stmt { line, kind });
            if !self.take_mark(";") {
                return self.end_of_line();
            }
            if *self.word() == Word::NewLine {
                return self.end_of_line();
            }
        }
    }

    fn small(&mut self) -> Read<Does> {
        let keyword = match self.word() {
            Word::Name(name) => name.clone(),
            _ => String::new(),
        };
        match keyword.as_str() {
            "return" => {
                self.go_on();
                Ok(Does::Return(if self.ends() { None } else { Some(self.values()?) }))
            }
            "pass" | "break" | "continue" => {
                self.go_on();
                Ok(match keyword.as_str() {
                    "pass" => Does::Pass,
                    "break" => Does::Break,
                    _ => Does::Continue,
                })
            }
            "raise" => {
                self.go_on();
                let what = if self.ends() { None } else { Some(self.value()?) };
                if self.take_name("from") {
                    self.value()?;
                }
                Ok(Does::Raise(what))
            }
            "assert" => {
                self.go_on();
                let test = self.value()?;
                let message = if self.take_mark(",") { Some(self.value()?) } else { None };
                Ok(Does::Assert(test, message))
            }
            "del" => {
                self.go_on();
                let targets = self.targets()?;
                Ok(Does::Delete(match targets.kind {
                    Kind::Tuple(list) => list,
                    _ => vec![targets],
                }))
            }
            "global" => {
                self.go_on();
                let mut names = vec![self.need_name()?];
                while self.take_mark(",") {
                    names.push(self.need_name()?);
                }
                Ok(Does::Global(names))
            }
            "nonlocal" => {
                self.go_on();
                self.need_name()?;
                while self.take_mark(",") {
                    self.need_name()?;
                }
                Ok(Does::Refused("`nonlocal`".to_owned(), Vec::new()))
            }
            "import" => {
                self.go_on();
                self.import()
            }
            "from" => {
                self.go_on();
                self.import_from()
            }
            _ => self.expression_or_assignment(),
        }
    }

    fn expression_or_assignment(&mut self) -> Read<Does> {
        let first = self.values()?;
        if self.take_mark(":") {
            // An annotation, which says nothing when it is run.
            self.value()?;
            return Ok(if self.take_mark("=") { Does::Assign(vec![first], self.values()?) } else { Does::Pass });
        }
        if let Word::Mark(mark) = self.word()
            && let Some((_, operator)) = AUGMENTS.iter().find(|(written, _)| written == mark)
        {
            self.go_on();
            let operator = *operator;
            return Ok(Does::Augment(first, operator, self.values()?));
        }
        if !self.is_mark("=") {
            return Ok(Does::Expr(first));
        }
        let mut all = vec![first];
        while self.take_mark("=") {
            all.push(self.values()?);
        }
        let value = all.pop();
        match value {
            Some(value) => Ok(Does::Assign(all, value)),
            None => self.wrong("a value is missing"),
        }
    }
}
