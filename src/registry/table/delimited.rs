//! Text whose cells are separated by commas, semicolons, tabs or bars: the sign that the header and the rows agree on.
//!
//! The records are the csv crate's and not polars': polars does not say on which line a record stands, nor which record
//! lacks a cell.

use polars::prelude::StringChunkedBuilder;

use super::raw::Raw;
use super::shield::bare;
use super::values::Values;

/// What may separate cells. Of two that fit equally well the first is taken.
const SEPARATORS: [u8; 4] = [b'\t', b';', b',', b'|'];

/// Records that are looked at to tell what separates cells.
const LOOKED_AT: usize = 20;

/// Reads a header and rows. Blank lines and rows without any value are none; quoted cells may hold separators and line
/// breaks. A first line `sep=;`, which Excel writes, names the separator.
///
/// # Errors
/// What is wrong with the file, and in which line.
pub(super) fn read(text: &str) -> Result<Raw, String> {
    let first = text.lines().next().unwrap_or_default();
    let named = first.trim_matches('"').strip_prefix("sep=").and_then(|sign| sign.bytes().next());
    let named = named.filter(|sign| SEPARATORS.contains(sign));
    let (text, skipped) = match named {
        Some(_) => (text[first.len()..].trim_start_matches(['\r', '\n']), 1),
        None => (text, 0),
    };
    let separator = named.unwrap_or_else(|| separator(text));
    let mut reader = reader(text, separator);
    let (mut record, mut place) = (csv::StringRecord::new(), Place { text, at: 0, line: 1 + skipped });
    let (mut names, mut columns, mut lines): (Vec<String>, Vec<StringChunkedBuilder>, Vec<usize>) = Default::default();
    while reader.read_record(&mut record).map_err(|error| error.to_string())? {
        let line = place.advance(reader.position().byte())?;
        if record.len() == 1 && record.iter().all(|cell| cell.trim_matches(' ').is_empty()) {
            continue;
        }
        if names.is_empty() {
            names = record.iter().map(|name| bare(name).trim().to_owned()).collect();
            columns = names.iter().map(|name| StringChunkedBuilder::new(name.as_str().into(), 0)).collect();
            continue;
        }
        let is_rule = lines.is_empty() && separator == b'|' && record.iter().all(is_rule);
        if is_rule || record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        // R leaves out the name of the column of row names. With commas, a decimal comma would look the same, and so does
        // a tab at the end of every row.
        let has_row_name =
            record.len() == names.len() + 1 && record.iter().next_back().is_some_and(|cell| !cell.is_empty());
        if lines.is_empty() && separator == b'\t' && has_row_name {
            names.insert(0, String::new());
            columns.insert(0, StringChunkedBuilder::new("".into(), 0));
        }
        if record.len() != names.len() {
            return Err(uneven(line, record.len(), names.len(), separator));
        }
        columns.iter_mut().zip(&record).for_each(|(column, cell)| column.append_value(bare(cell)));
        lines.push(line);
    }
    if names.is_empty() {
        return Err("the file is empty".into());
    }
    Ok(Raw { names, columns: columns.into_iter().map(|column| Values::text(column.finish())).collect(), lines })
}

fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes())
}

/// Whether a cell is of the line below the header of a Markdown table.
fn is_rule(cell: &str) -> bool {
    cell.trim().trim_start_matches(':').trim_end_matches(':').bytes().all(|byte| byte == b'-')
}

fn uneven(line: usize, cells: usize, header: usize, separator: u8) -> String {
    let help = if header == 1 {
        "; the first row must hold the names of the columns: delete what stands above them"
    } else if separator == b',' && cells > header {
        "; put cells that hold commas in quotation marks, or separate the cells by semicolons"
    } else {
        ""
    };
    format!("row {line} has {cells} cells, the header has {header}{help}")
}

/// The sign that separates the most cells of the header and as many of the rows after it.
fn separator(text: &str) -> u8 {
    let cells = |separator: u8| -> (usize, usize) {
        let lengths = reader(text, separator).into_records().take(LOOKED_AT).map_while(Result::ok);
        let lengths: Vec<usize> = lengths.map(|record| record.len()).filter(|length| *length > 0).collect();
        let header = lengths.first().copied().unwrap_or_default();
        let like_header = lengths.iter().filter(|length| **length == header).count();
        (if header > 1 { like_header } else { 0 }, header)
    };
    let all = SEPARATORS.map(|separator| (separator, cells(separator)));
    let best = all.into_iter().rev().max_by_key(|(_, found)| *found);
    best.map_or(b',', |(separator, (agree, _))| if agree == 0 { b',' } else { separator })
}

/// Where in the text the reader is.
struct Place<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Place<'_> {
    /// The line of the record that ends before `end`, without the blank lines before it.
    ///
    /// # Errors
    /// When a quotation mark in it is never closed.
    fn advance(&mut self, end: u64) -> Result<usize, String> {
        let end = usize::try_from(end).unwrap_or(usize::MAX).min(self.text.len());
        let record = &self.text.as_bytes()[self.at..end];
        let blank = record.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let breaks = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
        let line = self.line + breaks(&record[..blank]);
        if record.iter().filter(|&&byte| byte == b'"').count() % 2 == 1 {
            return Err(format!("the quotation mark opened in row {line} is never closed"));
        }
        self.line += breaks(record);
        self.at = end;
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_sign_that_header_and_rows_agree_on_separates_cells() {
        for (text, names, first) in [
            ("a,b\n1,2\n", ["a", "b"], ["1", "2"]),
            ("a;b\n0,5;2\n", ["a", "b"], ["0,5", "2"]),
            ("a\tb\n0,5\t2\n", ["a", "b"], ["0,5", "2"]),
            ("a, mean;b\n0,5;2\n", ["a, mean", "b"], ["0,5", "2"]),
            ("a,\"b;c;d\"\n1,2\n", ["a", "b;c;d"], ["1", "2"]),
            ("a;b,c\n1;2\n3;4\n", ["a", "b,c"], ["1", "2"]),
            ("sep=;\na;b\n1;2\n", ["a", "b"], ["1", "2"]),
            ("a|b\n1|2\n", ["a", "b"], ["1", "2"]),
        ] {
            let raw = read(text).expect(text);
            let cells: Vec<&str> = (0..2).filter_map(|column| raw.columns[column].text_at(0)).collect();
            assert_eq!((raw.names.as_slice(), cells.as_slice()), (&names.map(str::to_owned)[..], &first[..]), "{text}");
        }
        assert_eq!(read("sep=;\na;b\n\n1;2\n").expect("a table").lines, [4]);
    }

    #[test]
    fn the_row_names_of_r_are_a_column_without_a_name() {
        let raw = read("a\tb\n1\tx\t2\n2\ty\t3\n").expect("a table");
        assert_eq!(raw.names, ["", "a", "b"]);
        assert_eq!(raw.columns[1].text_at(1), Some("y"));
        assert!(read("a\tb\n1\t2\n1\t2\t3\n").is_err(), "a later row that is longer is a mistake");
        assert!(read("a,b\n1,x,2\n").is_err(), "a decimal comma would look the same");
    }

    #[test]
    fn rows_of_empty_cells_are_none() {
        let raw = read("a,b\n1,2\n,\n3,4\n , \n").expect("a table");
        assert_eq!(raw.lines, [2, 4]);
    }

    #[test]
    fn the_rule_below_the_header_of_a_markdown_table_is_no_row() {
        let raw = read("| a | b |\n| :--- | ---: |\n| 1 | 2 |\n").expect("a table");
        assert_eq!(raw.lines, [3]);
        assert_eq!(read("a,b\n--,---\n1,2\n").expect("a table").lines, [2, 3], "only bars make a Markdown table");
    }

    #[test]
    fn a_decimal_comma_in_a_table_with_commas_is_refused_with_what_helps() {
        let said = read("a,b\n0,5,1\n").expect_err("three cells");
        assert!(said.starts_with("row 2 has 3 cells, the header has 2") && said.contains("semicolons"), "{said}");
    }
}
