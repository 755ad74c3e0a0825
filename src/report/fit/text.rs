//! Text that is broken at a width, and numbers as it prints them.

use crate::report::terminal::TextTable;

/// Text that is broken at a width.
pub(super) struct Text {
    pub(super) out: String,
    pub(super) width: usize,
}

impl Text {
    pub(super) fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// Words on as many lines as they need, those after the first indented.
    pub(super) fn paragraph(&mut self, words: &str) {
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

    pub(super) fn table(&mut self, table: &TextTable) {
        self.out.push_str(&table.render(self.width));
    }
}

pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(super) fn optional(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |v| significant(v, digits))
}

/// Four significant digits.
pub(super) fn short(value: f64) -> String {
    significant(value, 4)
}

/// So many significant digits, in scientific notation where the plain one would be long.
pub(super) fn significant(value: f64, digits: usize) -> String {
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

pub(super) fn p_value(p: f64) -> String {
    if p < 0.0001 { "<0.0001".into() } else { format!("{p:.4}") }
}
