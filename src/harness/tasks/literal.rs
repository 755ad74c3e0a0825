//! Python literals: `['a', "b's"]`, `(1, -2.5)`, `{'k': None}`, read as `ast.literal_eval` reads them.
//!
//! lm-evaluation-harness turns what a `doc_to_choice` template printed back into a list this way, and MuSR keeps its
//! choices as such text. Tuples and sets become lists; bytes and complex numbers are refused.

use super::value::Value;

/// The value a Python literal stands for.
///
/// # Errors
/// For text that is no literal: what is wrong, and at which character (from 1).
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text: text.trim_start_matches([' ', '\t']).chars().collect(), at: 0, depth: 0 };
    let value = reader.expression()?;
    reader.skip_space();
    if reader.at < reader.text.len() {
        return Err(reader.wrong("the literal should end"));
    }
    Ok(value)
}

impl Value {
    /// A value as it is given on a command line: read as Python reads a literal; text where it is none.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            _ => parse(text).unwrap_or_else(|_| text.into()),
        }
    }
}

/// Deeper nesting is refused rather than left to the stack.
const DEEPEST: usize = 64;

struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn wrong(&self, what: &str) -> String {
        format!("not a Python literal: {what} at character {}", self.at + 1)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// One value, or a tuple without parentheses.
    fn expression(&mut self) -> Result<Value, String> {
        let first = self.value()?;
        if !self.take(',') {
            return Ok(first);
        }
        let mut list = vec![first];
        loop {
            self.skip_space();
            if self.peek().is_none() {
                return Ok(Value::List(list));
            }
            list.push(self.value()?);
            if !self.take(',') {
                return Ok(Value::List(list));
            }
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("nested too deep"));
        }
        self.skip_space();
        let value = match self.peek() {
            Some('[') => self.sequence(']').map(|(list, _)| Value::List(list)),
            Some('(') => self
                .sequence(')')
                .map(|(mut list, commas)| if list.len() == 1 && !commas { list.remove(0) } else { Value::List(list) }),
            Some('{') => self.braces(),
            Some('\'' | '"') => self.texts(),
            Some(c) if c.is_ascii_digit() || matches!(c, '.' | '+' | '-') => self.number(),
            Some(c) if c.is_alphabetic() => self.word(),
            _ => Err(self.wrong("a value is missing")),
        };
        self.depth -= 1;
        value
    }

    /// The values up to the closing bracket, and whether there was a comma.
    fn sequence(&mut self, close: char) -> Result<(Vec<Value>, bool), String> {
        self.at += 1;
        let (mut list, mut commas) = (Vec::new(), false);
        while !self.take(close) {
            list.push(self.value()?);
            if self.take(',') {
                commas = true;
            } else if self.take(close) {
                break;
            } else {
                return Err(self.wrong(&format!("`,` or `{close}` is missing")));
            }
        }
        Ok((list, commas))
    }

    fn braces(&mut self) -> Result<Value, String> {
        self.at += 1;
        let mut map = Value::Map(Vec::new());
        let mut set = Vec::new();
        while !self.take('}') {
            let key = self.value()?;
            if self.take(':') {
                let value = self.value()?;
                map.set(&key.python(), value);
            } else {
                set.push(key);
            }
            if !self.take(',') {
                if self.take('}') {
                    break;
                }
                return Err(self.wrong("`,` or `}` is missing"));
            }
        }
        Ok(if set.is_empty() { map } else { Value::List(set) })
    }

    fn word(&mut self) -> Result<Value, String> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        let word: String = self.text[start..self.at].iter().collect();
        match word.as_str() {
            "None" => Ok(Value::Null),
            "True" => Ok(Value::Bool(true)),
            "False" => Ok(Value::Bool(false)),
            _ if word.len() == 1 && "rRuU".contains(&word) && matches!(self.peek(), Some('\'' | '"')) => {
                self.at = start;
                self.texts()
            }
            _ => {
                self.at = start;
                Err(self.wrong(&format!("the name `{word}`")))
            }
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        let mut sign = 1;
        while let Some(c @ ('+' | '-')) = self.peek() {
            sign *= if c == '-' { -1 } else { 1 };
            self.at += 1;
            self.skip_space();
        }
        let from = self.at;
        while let Some(c) = self.peek() {
            let exponent_sign = matches!(c, '+' | '-') && matches!(self.text.get(self.at - 1), Some('e' | 'E'));
            if !(c.is_ascii_digit() || matches!(c, '.' | '_' | 'e' | 'E') || (exponent_sign && self.at > from)) {
                break;
            }
            self.at += 1;
        }
        let digits: String = self.text[from..self.at].iter().filter(|c| **c != '_').collect();
        let whole = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        let zero_first = digits.len() > 1 && digits.starts_with('0') && digits.chars().any(|c| c != '0');
        if let (true, Ok(number)) = (whole && !zero_first, digits.parse::<i64>()) {
            return Ok(Value::Int(sign * number));
        }
        match digits.parse::<f64>() {
            Ok(number) if !whole => Ok(Value::Float(sign as f64 * number)),
            _ => {
                self.at = start;
                Err(self.wrong("a number that cannot be read"))
            }
        }
    }

    /// Text literals; those that stand side by side are one.
    fn texts(&mut self) -> Result<Value, String> {
        let mut out = String::new();
        loop {
            let raw = matches!(self.peek(), Some('r' | 'R'));
            if matches!(self.peek(), Some('r' | 'R' | 'u' | 'U')) {
                self.at += 1;
            }
            self.text_literal(raw, &mut out)?;
            self.skip_space();
            let prefixed = matches!(self.peek(), Some('r' | 'R' | 'u' | 'U'))
                && matches!(self.text.get(self.at + 1), Some('\'' | '"'));
            if !prefixed && !matches!(self.peek(), Some('\'' | '"')) {
                return Ok(Value::Text(out));
            }
        }
    }

    fn text_literal(&mut self, raw: bool, out: &mut String) -> Result<(), String> {
        let start = self.at;
        let Some(quote) = self.peek() else { return Err(self.wrong("text is missing")) };
        let triple = self.text[self.at..].starts_with(&[quote; 3]);
        let close: &[char] = if triple { &[quote; 3] } else { &[quote] };
        self.at += close.len();
        loop {
            let Some(c) = self.peek() else {
                self.at = start;
                return Err(self.wrong("text that does not end"));
            };
            if self.text[self.at..].starts_with(close) {
                self.at += close.len();
                return Ok(());
            }
            self.at += 1;
            match c {
                '\n' if !triple => {
                    self.at = start;
                    return Err(self.wrong("text broken over lines"));
                }
                '\\' if raw => {
                    out.push('\\');
                    if let Some(next) = self.peek() {
                        out.push(next);
                        self.at += 1;
                    }
                }
                '\\' => self.escape(out)?,
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let Some(c) = self.peek() else { return Err(self.wrong("an escape that does not end")) };
        self.at += 1;
        let plain = match c {
            '\n' => return Ok(()),
            '\\' | '\'' | '"' => c,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => return self.code(2, out),
            'u' => return self.code(4, out),
            'U' => return self.code(8, out),
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    self.at += 1;
                }
                char::from_u32(code).unwrap_or('\u{fffd}')
            }
            other => {
                out.push('\\');
                other
            }
        };
        out.push(plain);
        Ok(())
    }

    fn code(&mut self, digits: usize, out: &mut String) -> Result<(), String> {
        let hex: String = self.text[self.at..].iter().take(digits).collect();
        let code = u32::from_str_radix(&hex, 16).ok().filter(|_| hex.chars().count() == digits);
        let Some(c) = code.and_then(char::from_u32) else { return Err(self.wrong("an escape that cannot be read")) };
        self.at += digits;
        out.push(c);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_prints_reads_back_as_the_same_value() {
        let json = r#"{"a": ["it's", "say \"x\"", "both ' and \"", "tab\t\u0000\u200b é 日"], "b": [1, -2.5, 1e-7, true, null]}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(parse(&value.python()).unwrap(), value);
    }

    #[test]
    fn tuples_adjacent_texts_and_escapes_are_as_in_python() {
        assert_eq!(parse(r#"('a' "b", r'\n', '\x41\u00e9')"#).unwrap().to_json(), r#"["ab", "\\n", "Aé"]"#);
        assert_eq!(parse("(1)").unwrap(), Value::Int(1));
        assert_eq!(parse("1, 2").unwrap().to_json(), "[1, 2]");
    }

    #[test]
    fn code_and_broken_text_are_refused() {
        for bad in ["", "open('x')", "[1", "'a", "007", "[a]", "1 2", &"[".repeat(10_000), "'\\x4'"] {
            assert!(parse(bad).is_err(), "{bad:.20}");
        }
    }
}
