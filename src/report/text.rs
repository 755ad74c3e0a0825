//! Text that is broken at a width, and numbers as it prints them.

use crate::report::terminal::TextTable;

/// Text that is broken at a width.
pub(crate) struct Text {
    pub(crate) out: String,
    pub(crate) width: usize,
}

impl Text {
    pub(crate) fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// Words on as many lines as they need, those after the first indented.
    pub(crate) fn paragraph(&mut self, words: &str) {
        let mut line = String::new();
        for word in words.split_whitespace() {
            let long = line.chars().count() + 1 + word.chars().count() > self.width;
            if long && !line.trim().is_empty() {
                self.line(&line);
                line = "  ".to_owned();
            }
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.trim().is_empty() {
            self.line(&line);
        }
    }

    pub(crate) fn table(&mut self, table: &TextTable) {
        self.out.push_str(&table.render(self.width));
    }
}

pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(crate) fn optional(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |v| significant(v, digits))
}

/// Four significant digits.
pub(crate) fn short(value: f64) -> String {
    significant(value, 4)
}

/// So many significant digits, in scientific notation where the plain one would be long.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let size = value.abs().log10().floor();
    if !(-4.0..7.0).contains(&size) {
        return format!("{value:.*e}", digits.saturating_sub(2));
    }
    let decimals = (digits as f64 - 1.0 - size).max(0.0) as usize;
    format!("{value:.decimals$}")
}

pub(crate) fn p_value(p: f64) -> String {
    if p < 0.0001 { "<0.0001".into() } else { format!("{p:.4}") }
}
