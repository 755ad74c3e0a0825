//! From words to expressions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::parser::{Parser, Read};
use super::token::Word;
use super::tree::{Argument, Builds, Comprehension, Does, Expr, Kind, Loop, Name, Stmt, bound_by};

/// Operators of two sides by how tightly they bind, the loosest first.
const BINARY: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "/", "//", "%", "@"]];

/// Words that no value begins with.
const KEYWORDS: [&str; 16] = [
    "if", "else", "elif", "for", "in", "is", "and", "or", "not", "as", "from", "import", "return", "while", "with",
    "except",
];

pub(super) fn expr(line: usize, kind: Kind) -> Expr {
    Expr { line, kind }
}

impl Parser {
    /// One value, or a tuple without brackets.
    pub(super) fn values(&mut self) -> Read<Expr> {
        let line = self.line();
        let first = self.value_or_star()?;
        if !self.is_mark(",") {
            return Ok(first);
        }
        let mut list = vec![first];
        while self.take_mark(",") {
            if self.ends_values() {
                break;
            }
            list.push(self.value_or_star()?);
        }
        Ok(expr(line, Kind::Tuple(list)))
    }

    fn ends_values(&self) -> bool {
        match self.word() {
            Word::NewLine | Word::End => true,
            Word::Mark(mark) => matches!(*mark, ")" | "]" | "}" | "=" | ":" | ";"),
            Word::Name(name) => name == "in",
            _ => false,
        }
    }

    fn value_or_star(&mut self) -> Read<Expr> {
        let line = self.line();
        if self.take_mark("*") {
            return Ok(expr(line, Kind::Starred(Box::new(self.binary(0)?))));
        }
        self.value()
    }

    /// What stands between `for` and `in`, or behind `del`.
    pub(super) fn targets(&mut self) -> Read<Expr> {
        let line = self.line();
        let mut list = Vec::new();
        let mut tuple = false;
        loop {
            let line = self.line();
            list.push(if self.take_mark("*") {
                expr(line, Kind::Starred(Box::new(self.binary(0)?)))
            } else {
                self.binary(0)?
            });
            if !self.take_mark(",") {
                break;
            }
            tuple = true;
            if self.ends_values() {
                break;
            }
        }
        match list.pop() {
            Some(only) if !tuple => Ok(only),
            Some(last) => {
                list.push(last);
                Ok(expr(line, Kind::Tuple(list)))
            }
            None => self.wrong("a name is missing"),
        }
    }

    /// One value.
    pub(super) fn value(&mut self) -> Read<Expr> {
        self.within(Self::choice)
    }

    fn choice(&mut self) -> Read<Expr> {
        let line = self.line();
        if self.take_name("lambda") {
            let mut function = self.parameters(":", false)?;
            self.need_mark(":")?;
            let value = self.value()?;
            function.body = vec![Stmt { line, kind: Does::Return(Some(value)) }];
            return Ok(expr(line, Kind::Lambda(Arc::new(function))));
        }
        if self.is_name("yield") || self.is_name("await") {
            self.go_on();
            if self.take_name("from") || !self.ends_values() {
                self.values()?;
            }
            return Ok(expr(line, Kind::Refused("`yield` or `await`".to_owned())));
        }
        let value = self.either(true)?;
        if self.is_mark(":=") {
            self.go_on();
            self.value()?;
            return Ok(expr(line, Kind::Refused("`:=`".to_owned())));
        }
        if !self.take_name("if") {
            return Ok(value);
        }
        let test = Box::new(self.either(true)?);
        if !self.take_name("else") {
            return self.wrong("`else` is missing");
        }
        let (yes, no) = (Box::new(value), Box::new(self.value()?));
        Ok(expr(line, Kind::Choice { test, yes, no }))
    }

    /// `or` where it is asked for, else `and`.
    fn either(&mut self, or: bool) -> Read<Expr> {
        let line = self.line();
        let mut left = if or { self.either(false)? } else { self.negation()? };
        while self.take_name(if or { "or" } else { "and" }) {
            let right = if or { self.either(false)? } else { self.negation()? };
            left = expr(line, Kind::Either(or, Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Read<Expr> {
        let line = self.line();
        if self.take_name("not") {
            let inner = self.within(Self::negation)?;
            return Ok(expr(line, Kind::Unary("not", Box::new(inner))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Read<Expr> {
        let line = self.line();
        let first = self.binary(0)?;
        let mut rest = Vec::new();
        while let Some(sign) = self.relation() {
            rest.push((sign, self.binary(0)?));
        }
        Ok(if rest.is_empty() { first } else { expr(line, Kind::Compare(Box::new(first), rest)) })
    }

    fn relation(&mut self) -> Option<&'static str> {
        let sign = match self.word() {
            Word::Mark(mark) => *["==", "!=", "<=", ">=", "<", ">"].iter().find(|sign| *sign == mark)?,
            Word::Name(name) => match (name.as_str(), self.next_word()) {
                ("in", _) => "in",
                ("not", Word::Name(next)) if next == "in" => "not in",
                ("is", Word::Name(next)) if next == "not" => "is not",
                ("is", _) => "is",
                _ => return None,
            },
            _ => return None,
        };
        self.go_on();
        if matches!(sign, "not in" | "is not") {
            self.go_on();
        }
        Some(sign)
    }

    pub(super) fn binary(&mut self, level: usize) -> Read<Expr> {
        let Some(signs) = BINARY.get(level) else { return self.unary() };
        let line = self.line();
        let mut left = self.binary(level + 1)?;
        loop {
            let Word::Mark(mark) = self.word() else { return Ok(left) };
            let Some(sign) = signs.iter().find(|sign| *sign == mark) else { return Ok(left) };
            self.go_on();
            let right = self.binary(level + 1)?;
            left = expr(line, Kind::Binary(sign, Box::new(left), Box::new(right)));
        }
    }

    fn unary(&mut self) -> Read<Expr> {
        let line = self.line();
        for sign in ["-", "+", "~"] {
            if self.take_mark(sign) {
                let inner = self.within(Self::unary)?;
                return Ok(expr(line, Kind::Unary(sign, Box::new(inner))));
            }
        }
        let base = self.primary()?;
        if self.take_mark("**") {
            let power = self.within(Self::unary)?;
            return Ok(expr(line, Kind::Binary("**", Box::new(base), Box::new(power))));
        }
        Ok(base)
    }

    fn primary(&mut self) -> Read<Expr> {
        let mut value = self.atom()?;
        loop {
            let line = self.line();
            if self.take_mark(".") {
                let name = self.need_name()?;
                value = expr(line, Kind::Attribute(Box::new(value), name));
            } else if self.take_mark("(") {
                let arguments = self.arguments()?;
                value = expr(line, Kind::Call(Box::new(value), arguments));
            } else if self.take_mark("[") {
                let index = self.within(Self::index)?;
                self.need_mark("]")?;
                value = expr(line, Kind::Index(Box::new(value), Box::new(index)));
            } else {
                return Ok(value);
            }
        }
    }

    fn arguments(&mut self) -> Read<Vec<Argument>> {
        self.within(|parser| {
            let mut arguments = Vec::new();
            while !parser.take_mark(")") {
                let line = parser.line();
                let stars = if parser.take_mark("**") { 2 } else { usize::from(parser.take_mark("*")) };
                let named = matches!((parser.word(), parser.next_word()), (Word::Name(_), Word::Mark("=")));
                let name = if named && stars == 0 { Some(parser.need_name()?) } else { None };
                if name.is_some() {
                    parser.go_on();
                }
                let mut value = parser.value()?;
                if parser.is_name("for") && name.is_none() && stars == 0 {
                    value = parser.comprehension(line, Builds::Generator, value, None)?;
                }
                arguments.push(Argument { name, stars, value });
                if !parser.take_mark(",") {
                    parser.need_mark(")")?;
                    break;
                }
            }
            Ok(arguments)
        })
    }

    fn index(&mut self) -> Read<Expr> {
        let line = self.line();
        let first = self.index_part()?;
        if !self.is_mark(",") {
            return Ok(first);
        }
        let mut list = vec![first];
        while self.take_mark(",") {
            if self.is_mark("]") {
                break;
            }
            list.push(self.index_part()?);
        }
        Ok(expr(line, Kind::Tuple(list)))
    }

    fn index_part(&mut self) -> Read<Expr> {
        let line = self.line();
        let part = |parser: &mut Self| -> Read<Option<Box<Expr>>> {
            if parser.is_mark(":") || parser.is_mark("]") || parser.is_mark(",") {
                return Ok(None);
            }
            parser.value().map(|value| Some(Box::new(value)))
        };
        let start = part(self)?;
        if !self.take_mark(":") {
            return match start {
                Some(start) => Ok(*start),
                None => self.wrong("an index is missing"),
            };
        }
        let end = part(self)?;
        let step = if self.take_mark(":") { part(self)? } else { None };
        Ok(expr(line, Kind::Slice([start, end, step])))
    }

    fn atom(&mut self) -> Read<Expr> {
        let line = self.line();
        let kind = match self.word().clone() {
            Word::Name(name) => match name.as_str() {
                "None" => Kind::None,
                "True" => Kind::Bool(true),
                "False" => Kind::Bool(false),
                name if KEYWORDS.contains(&name) => {
                    return self.wrong(&format!("`{name}` stands where a value is needed"));
                }
                name => Kind::Name(Name::from(name)),
            },
            Word::Int(number) => Kind::Int(number),
            Word::Float(number) => Kind::Float(number),
            Word::Refused(what) => Kind::Refused(what),
            Word::Text(_) | Word::Formatted(..) => return self.text(),
            Word::Mark("(") => {
                self.go_on();
                return self.within(|parser| parser.round(line));
            }
            Word::Mark("[") => {
                self.go_on();
                return self.within(|parser| parser.square(line));
            }
            Word::Mark("{") => {
                self.go_on();
                return self.within(|parser| parser.braces(line));
            }
            Word::Mark("...") => Kind::Refused("`...`".to_owned()),
            _ => return self.wrong("a value is missing"),
        };
        self.go_on();
        Ok(expr(line, kind))
    }

    fn round(&mut self, line: usize) -> Read<Expr> {
        if self.take_mark(")") {
            return Ok(expr(line, Kind::Tuple(Vec::new())));
        }
        let first = self.values()?;
        if self.is_name("for") {
            let made = self.comprehension(line, Builds::Generator, first, None)?;
            self.need_mark(")")?;
            return Ok(made);
        }
        self.need_mark(")")?;
        Ok(first)
    }

    fn square(&mut self, line: usize) -> Read<Expr> {
        let mut list = Vec::new();
        while !self.take_mark("]") {
            let first = self.value_or_star()?;
            if list.is_empty() && self.is_name("for") {
                let made = self.comprehension(line, Builds::List, first, None)?;
                self.need_mark("]")?;
                return Ok(made);
            }
            list.push(first);
            if !self.take_mark(",") {
                self.need_mark("]")?;
                break;
            }
        }
        Ok(expr(line, Kind::List(list)))
    }

    fn braces(&mut self, line: usize) -> Read<Expr> {
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        while !self.take_mark("}") {
            if self.take_mark("**") {
                entries.push((None, self.binary(0)?));
            } else {
                let first = self.value_or_star()?;
                let value = if self.take_mark(":") { Some(self.value()?) } else { None };
                if self.is_name("for") && entries.is_empty() && items.is_empty() {
                    let builds = if value.is_some() { Builds::Dict } else { Builds::Set };
                    let made = self.comprehension(line, builds, first, value)?;
                    self.need_mark("}")?;
                    return Ok(made);
                }
                match value {
                    Some(value) => entries.push((Some(first), value)),
                    None => items.push(first),
                }
            }
            if !self.take_mark(",") {
                self.need_mark("}")?;
                break;
            }
        }
        Ok(expr(line, if items.is_empty() { Kind::Dict(entries) } else { Kind::Set(items) }))
    }

    fn comprehension(&mut self, line: usize, builds: Builds, element: Expr, value: Option<Expr>) -> Read<Expr> {
        let (mut loops, mut locals) = (Vec::new(), BTreeSet::new());
        while self.take_name("for") {
            let target = self.targets()?;
            if !self.take_name("in") {
                return self.wrong("`in` is missing");
            }
            let over = self.within(|parser| parser.either(true))?;
            bound_by(&target, &mut locals);
            let mut tests = Vec::new();
            while self.take_name("if") {
                tests.push(self.within(|parser| parser.either(true))?);
            }
            loops.push(Loop { target, over, tests });
        }
        let made = Comprehension { builds, element, value, loops, locals };
        Ok(expr(line, Kind::Comprehension(Arc::new(made))))
    }
}
