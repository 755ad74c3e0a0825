//! Words of Python source, with the indentation as words of its own.

/// A word and its line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub line: usize,
    pub word: Word,
}

/// A word of Python source.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Name(String),
    Int(i64),
    Float(f64),
    /// Text after its escapes.
    Text(String),
    /// A literal that is read but never run: why.
    Refused(String),
    /// The inside of an f-string, its escapes untouched, and whether it is raw.
    Formatted(String, bool),
    Mark(&'static str),
    NewLine,
    Indent,
    Dedent,
    End,
}

/// Signs, the longest first.
const MARKS: [&str; 47] = [
    "**=", "//=", ">>=", "<<=", "...", "!=", "->", ":=", "**", "//", "==", "<=", ">=", "+=", "-=", "*=", "/=", "%=",
    "|=", "&=", "^=", "<<", ">>", "@=", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "=", "+", "-", "*", "/", "%",
    "<", ">", "|", "&", "^", "~", "@",
];

/// The words of a module.
///
/// # Errors
/// The line, and what is wrong there.
pub(super) fn words(source: &str) -> Result<Vec<Token>, (usize, String)> {
    let text: Vec<char> =
        source.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n").chars().collect();
    let mut reader = Reader { text, at: 0, line: 1, out: Vec::new(), depth: 0, indents: vec![0] };
    reader.read()?;
    Ok(reader.out)
}

struct Reader {
    text: Vec<char>,
    at: usize,
    line: usize,
    out: Vec<Token>,
    depth: usize,
    indents: Vec<usize>,
}

type Read<T> = Result<T, (usize, String)>;

impl Reader {
    fn peek(&self, ahead: usize) -> char {
        self.text.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn wrong<T>(&self, problem: &str) -> Read<T> {
        Err((self.line, problem.to_owned()))
    }

    fn push(&mut self, word: Word) {
        self.out.push(Token { line: self.line, word });
    }

    fn read(&mut self) -> Read<()> {
        let mut fresh = true;
        while self.at < self.text.len() {
            if fresh && self.depth == 0 {
                fresh = false;
                if !self.indentation()? {
                    fresh = true;
                    continue;
                }
            }
            match self.peek(0) {
                '\n' => {
                    if self.depth == 0 {
                        self.push(Word::NewLine);
                        fresh = true;
                    }
                    self.at += 1;
                    self.line += 1;
                }
                ' ' | '\t' | '\u{c}' => self.at += 1,
                '#' => self.comment(),
                '\\' if self.peek(1) == '\n' => {
                    self.at += 2;
                    self.line += 1;
                }
                c if c.is_alphabetic() || c == '_' => self.name_or_text()?,
                '"' | '\'' => self.literal("")?,
                c if c.is_ascii_digit() || c == '.' && self.peek(1).is_ascii_digit() => self.number()?,
                _ => self.mark()?,
            }
        }
        if self.out.last().is_some_and(|token| token.word != Word::NewLine) {
            self.push(Word::NewLine);
        }
        while self.indents.pop().is_some_and(|indent| indent > 0) {
            self.push(Word::Dedent);
        }
        self.push(Word::End);
        if self.depth > 0 { self.wrong("a bracket is not closed") } else { Ok(()) }
    }

    fn comment(&mut self) {
        while self.at < self.text.len() && self.peek(0) != '\n' {
            self.at += 1;
        }
    }

    /// The white space at the front of a line; whether anything follows it there.
    fn indentation(&mut self) -> Read<bool> {
        let mut width = 0;
        loop {
            match self.peek(0) {
                ' ' => width += 1,
                '\t' => width = width / 8 * 8 + 8,
                '\u{c}' => width = 0,
                _ => break,
            }
            self.at += 1;
        }
        match self.peek(0) {
            '#' => self.comment(),
            '\n' | '\0' => {}
            _ => {
                let current = self.indents.last().copied().unwrap_or(0);
                if width > current {
                    if self.indents.len() > 100 {
                        return self.wrong("blocks are nested too deeply");
                    }
                    self.indents.push(width);
                    self.push(Word::Indent);
                }
                while self.indents.last().is_some_and(|indent| *indent > width) {
                    self.indents.pop();
                    self.push(Word::Dedent);
                }
                return if self.indents.last() == Some(&width) {
                    Ok(true)
                } else {
                    self.wrong("the indentation fits no block")
                };
            }
        }
        if self.peek(0) == '\n' {
            self.at += 1;
            self.line += 1;
        }
        Ok(false)
    }

    fn name_or_text(&mut self) -> Read<()> {
        let start = self.at;
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            self.at += 1;
        }
        let name: String = self.text[start..self.at].iter().collect();
        if matches!(self.peek(0), '"' | '\'') && name.len() <= 2 && name.chars().all(|c| "rRbBuUfF".contains(c)) {
            return self.literal(&name.to_lowercase());
        }
        self.push(Word::Name(name));
        Ok(())
    }

    fn literal(&mut self, prefix: &str) -> Read<()> {
        let start = self.line;
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        let width = if triple { 3 } else { 1 };
        self.at += width;
        let mut raw = String::new();
        loop {
            if self.at >= self.text.len() || !triple && self.peek(0) == '\n' {
                return Err((start, "text that does not end".to_owned()));
            }
            if (0..width).all(|ahead| self.peek(ahead) == quote) {
                self.at += width;
                break;
            }
            let c = self.peek(0);
            raw.push(c);
            self.at += 1;
            self.line += usize::from(c == '\n');
            if c == '\\' && self.at < self.text.len() {
                let next = self.peek(0);
                raw.push(next);
                self.at += 1;
                self.line += usize::from(next == '\n');
            }
        }
        let is_raw = prefix.contains('r');
        let word = if prefix.contains('b') {
            Word::Refused("bytes".to_owned())
        } else if prefix.contains('f') {
            Word::Formatted(raw, is_raw)
        } else if is_raw {
            Word::Text(raw)
        } else {
            unescaped(&raw).map_or_else(Word::Refused, Word::Text)
        };
        self.out.push(Token { line: start, word });
        Ok(())
    }

    fn number(&mut self) -> Read<()> {
        let start = self.at;
        let radix = match (self.peek(0), self.peek(1).to_ascii_lowercase()) {
            ('0', 'x') => 16,
            ('0', 'b') => 2,
            ('0', 'o') => 8,
            _ => 10,
        };
        if radix != 10 {
            self.at += 2;
        }
        let mut real = false;
        loop {
            let c = self.peek(0);
            let exponent = radix == 10 && matches!(c, 'e' | 'E');
            if exponent
                && (self.peek(1).is_ascii_digit() || "+-".contains(self.peek(1)) && self.peek(2).is_ascii_digit())
            {
                real = true;
                self.at += 2;
            } else if c == '.' && radix == 10 {
                real = true;
                self.at += 1;
            } else if c.is_digit(radix) || c == '_' {
                self.at += 1;
            } else {
                break;
            }
        }
        let digits: String = self.text[start..self.at].iter().filter(|c| **c != '_').collect();
        if self.peek(0).is_alphanumeric() {
            return self.wrong("a number that cannot be read");
        }
        let word = if real {
            digits.parse().ok().map(Word::Float)
        } else if radix == 10 {
            digits
                .parse()
                .ok()
                .filter(|_| digits.trim_start_matches('0').is_empty() || !digits.starts_with('0'))
                .map(Word::Int)
        } else {
            i64::from_str_radix(&digits[2..], radix).ok().map(Word::Int)
        };
        match word {
            Some(word) => self.push(word),
            None => self.push(Word::Refused(format!("the number `{digits}`"))),
        }
        Ok(())
    }

    fn mark(&mut self) -> Read<()> {
        let found = MARKS.iter().find(|mark| mark.chars().enumerate().all(|(ahead, c)| self.peek(ahead) == c));
        let Some(mark) = found else { return self.wrong(&format!("the character `{}`", self.peek(0))) };
        match *mark {
            "(" | "[" | "{" => self.depth += 1,
            ")" | "]" | "}" => match self.depth.checked_sub(1) {
                Some(depth) => self.depth = depth,
                None => return self.wrong("a bracket closes nothing"),
            },
            _ => {}
        }
        self.at += mark.len();
        self.push(Word::Mark(mark));
        Ok(())
    }
}

/// Text with its escapes read.
///
/// # Errors
/// An escape that is not known.
pub(super) fn unescaped(raw: &str) -> Result<String, String> {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(next) = chars.next() else { return Err("an escape that does not end".to_owned()) };
        let digits = match next {
            '\n' => continue,
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'N' => return Err("`\\N{…}` is not supported".to_owned()),
            _ => 0,
        };
        if digits > 0 {
            let hex: String = chars.by_ref().take(digits).collect();
            let code = u32::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == digits).and_then(char::from_u32);
            out.push(code.ok_or("an escape that cannot be read")?);
            continue;
        }
        match next {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            '\\' | '\'' | '"' => out.push(next),
            '0'..='7' => {
                let mut code = next.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    chars.next();
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            other => out.extend(['\\', other]),
        }
    }
    Ok(out)
}
