//! Literals of text, with the values inside f-strings.

use super::formula::expr;
use super::parser::{Parser, Read};
use super::token::{Word, unescaped, words};
use super::tree::{Expr, Kind, Name, Piece};

impl Parser {
    /// Literals of text that stand side by side.
    pub(super) fn text(&mut self) -> Read<Expr> {
        let line = self.line();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut plain = String::new();
        let mut formatted = false;
        loop {
            match self.word().clone() {
                Word::Text(text) => plain.push_str(&text),
                Word::Formatted(raw, is_raw) => {
                    formatted = true;
                    let chars: Vec<char> = raw.chars().collect();
                    let mut at = 0;
                    for piece in self.pieces(&chars, &mut at, is_raw, false)? {
                        match piece {
                            Piece::Text(text) => plain.push_str(&text),
                            value => {
                                if !plain.is_empty() {
                                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                                }
                                pieces.push(value);
                            }
                        }
                    }
                }
                Word::Refused(what) => return Ok(expr(line, Kind::Refused(what))),
                _ => break,
            }
            self.go_on();
        }
        if !formatted {
            return Ok(expr(line, Kind::Text(Name::from(plain))));
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(expr(line, Kind::Joined(pieces)))
    }

    /// The pieces of an f-string, or of a format inside one, which a brace closes.
    fn pieces(&mut self, raw: &[char], at: &mut usize, is_raw: bool, inside: bool) -> Read<Vec<Piece>> {
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        while let Some(&c) = raw.get(*at) {
            match (c, raw.get(*at + 1)) {
                ('{', Some('{')) | ('}', Some('}')) if !inside => {
                    plain.push(c);
                    *at += 2;
                }
                ('{', _) => {
                    pieces.push(Piece::Text(self.literal(&plain, is_raw)?));
                    plain.clear();
                    *at += 1;
                    let value = self.within(|parser| parser.replaced(raw, at, is_raw))?;
                    pieces.extend(value);
                }
                ('}', _) if inside => break,
                ('}', _) => return self.wrong("a single `}` in an f-string"),
                ('\\', Some(&next)) => {
                    plain.extend([c, next]);
                    *at += 2;
                }
                _ => {
                    plain.push(c);
                    *at += 1;
                }
            }
        }
        pieces.push(Piece::Text(self.literal(&plain, is_raw)?));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Ok(pieces)
    }

    fn literal(&self, raw: &str, is_raw: bool) -> Read<String> {
        if is_raw { Ok(raw.to_owned()) } else { unescaped(raw).map_err(|problem| (self.line(), problem)) }
    }

    /// A value in an f-string, from behind its brace to behind the closing one.
    fn replaced(&mut self, raw: &[char], at: &mut usize, is_raw: bool) -> Read<Vec<Piece>> {
        let start = *at;
        let (mut depth, mut quote) = (0_usize, None);
        loop {
            let Some(&c) = raw.get(*at) else { return self.wrong("a brace of an f-string is not closed") };
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(' | '[' | '{') => depth += 1,
                (None, ')' | ']') => depth = depth.saturating_sub(1),
                (None, '}') if depth > 0 => depth -= 1,
                (None, '!') if depth == 0 && raw.get(*at + 1) == Some(&'=') => *at += 1,
                (None, '}' | ':' | '!') if depth == 0 => break,
                _ => {}
            }
            *at += 1;
        }
        let mut source: String = raw[start..*at].iter().collect();
        let mut pieces = Vec::new();
        let shown =
            source.trim_end().strip_suffix('=').filter(|rest| !rest.ends_with(['=', '<', '>', '!'])).map(str::to_owned);
        if let Some(rest) = &shown {
            pieces.push(Piece::Text(source.clone()));
            source = rest.clone();
        }
        let line = self.line();
        let mut tokens = words(&format!("({source})")).map_err(|(_, problem)| (line, problem))?;
        tokens.iter_mut().for_each(|token| token.line = line);
        let mut inner = Parser::new(tokens);
        let value = self.within(|_| inner.values())?;
        if !matches!(inner.word(), Word::NewLine | Word::End) {
            return self.wrong("a value of an f-string that cannot be read");
        }
        let mut conversion = None;
        if raw.get(*at) == Some(&'!') {
            conversion = raw.get(*at + 1).copied();
            *at += 2;
        }
        let mut format = Vec::new();
        let mut given = false;
        if raw.get(*at) == Some(&':') {
            given = true;
            *at += 1;
            format = self.pieces(raw, at, is_raw, true)?;
        }
        if raw.get(*at) != Some(&'}') {
            return self.wrong("a brace of an f-string is not closed");
        }
        *at += 1;
        if shown.is_some() && conversion.is_none() && !given {
            conversion = Some('r');
        }
        pieces.push(Piece::Value { value, conversion, format });
        Ok(pieces)
    }
}
