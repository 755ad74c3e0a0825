//! Tables for people at a terminal: plain text, aligned, at most 80 columns wide.

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table of text cells under a header, in sections if need be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextTable {
    header: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    /// Row before which each section begins, and its title.
    sections: Vec<(usize, String)>,
}

impl TextTable {
    /// An empty table with these columns.
    #[must_use]
    pub(crate) fn new(header: &[(&str, Align)]) -> Self {
        Self {
            header: header.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect(),
            rows: Vec::new(),
            sections: Vec::new(),
        }
    }

    /// Appends a row; missing cells are blank, surplus cells are dropped, and control characters, by which a name could
    /// speak to the terminal, are replaced.
    pub(crate) fn push(&mut self, row: Vec<String>) {
        let mut row: Vec<String> = row.iter().map(|cell| printable(cell)).collect();
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
    }

    /// Begins a section: a line of its own before the next row.
    pub(crate) fn section(&mut self, title: &str) {
        self.sections.push((self.rows.len(), printable(title)));
    }

    /// The table as lines of at most `width` characters: columns are padded, and the widest text column is shortened
    /// with an ellipsis when the whole would be too wide.
    #[must_use]
    pub(crate) fn render(&self, width: usize) -> String {
        let mut widths: Vec<usize> = self
            .header
            .iter()
            .enumerate()
            .map(|(k, (name, _))| {
                self.rows.iter().map(|row| row[k].chars().count()).chain([name.chars().count()]).max().unwrap_or(0)
            })
            .collect();
        let gaps = 2 * widths.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        while excess > 0 {
            let widest_text = (0..widths.len())
                .filter(|&k| self.header[k].1 == Align::Left && widths[k] > 8)
                .max_by_key(|&k| widths[k]);
            let Some(k) = widest_text else { break };
            widths[k] -= 1;
            excess -= 1;
        }
        let mut out = String::new();
        let names: Vec<String> = self.header.iter().map(|(name, _)| name.clone()).collect();
        self.line(&mut out, &names, &widths);
        let rule: Vec<String> = widths.iter().map(|&w| "─".repeat(w)).collect();
        self.line(&mut out, &rule, &widths);
        for (number, row) in self.rows.iter().enumerate() {
            for (_, title) in self.sections.iter().filter(|(before, _)| *before == number) {
                out.push_str(&shorten(title, width));
                out.push('\n');
            }
            self.line(&mut out, row, &widths);
        }
        out
    }

    fn line(&self, out: &mut String, cells: &[String], widths: &[usize]) {
        let mut line = String::new();
        for (k, cell) in cells.iter().enumerate() {
            if k > 0 {
                line.push_str("  ");
            }
            let cell = shorten(cell, widths[k]);
            let pad = widths[k].saturating_sub(cell.chars().count());
            match self.header[k].1 {
                Align::Left => {
                    line.push_str(&cell);
                    line.extend(std::iter::repeat_n(' ', pad));
                }
                Align::Right => {
                    line.extend(std::iter::repeat_n(' ', pad));
                    line.push_str(&cell);
                }
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_table_is_cut_to_the_width_asked_for() {
        let mut table = TextTable::new(&[("name", Align::Left), ("value", Align::Right)]);
        table.push(vec!["a very long name that does not fit at all".into(), "1.0".into()]);
        table.push(vec!["short".into(), "20.25".into()]);
        let text = table.render(20);
        assert!(text.lines().all(|line| line.chars().count() <= 20), "{text}");
        assert!(text.contains('…') && text.contains("20.25"), "{text}");
    }

    #[test]
    fn numbers_line_up_at_their_right_edge() {
        let mut table = TextTable::new(&[("n", Align::Right)]);
        table.push(vec!["1".into()]);
        table.push(vec!["100".into()]);
        assert_eq!(table.render(80), "  n\n───\n  1\n100\n");
    }

    #[test]
    fn a_section_stands_before_its_rows() {
        let mut table = TextTable::new(&[("n", Align::Left)]);
        table.section("first");
        table.push(vec!["1".into()]);
        table.section("second");
        table.push(vec!["2".into()]);
        assert_eq!(table.render(80), "n\n─\nfirst\n1\nsecond\n2\n");
    }
}
