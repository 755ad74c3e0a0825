//! Comma- and tab-separated text: a header with a tab in it is tab-separated.
//!
//! The records are the csv crate's and not polars': polars does not say on which line a record stands, nor which record
//! lacks a cell.

use polars::prelude::{StringChunked, StringChunkedBuilder};

/// The columns of a file.
pub(super) struct Delimited {
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<StringChunked>,
    /// The line on which each row begins; the header is line 1.
    pub(super) lines: Vec<usize>,
}

/// Reads a header and rows. Blank lines are none; quoted cells may hold separators and line breaks.
///
/// # Errors
/// What is wrong with the file, and in which line.
pub(super) fn read(text: &str) -> Result<Delimited, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = if text.lines().next().unwrap_or_default().contains('\t') { b'\t' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    let (mut record, mut place) = (csv::StringRecord::new(), Place { text, at: 0, line: 1 });
    let (mut names, mut columns, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    while reader.read_record(&mut record).map_err(|error| error.to_string())? {
        let line = place.advance(reader.position().byte())?;
        if record.len() == 1 && record.iter().all(|cell| cell.trim_matches(' ').is_empty()) {
            continue;
        }
        if names.is_empty() {
            names = record.iter().map(|name| name.trim().to_owned()).collect::<Vec<String>>();
            columns = names.iter().map(|name| StringChunkedBuilder::new(name.as_str().into(), 0)).collect();
            continue;
        }
        if record.len() != names.len() {
            return Err(format!("row {line} has {} cells, the header has {}", record.len(), names.len()));
        }
        columns.iter_mut().zip(&record).for_each(|(column, cell)| column.append_value(cell));
        lines.push(line);
    }
    if names.is_empty() {
        return Err("the file is empty".into());
    }
    Ok(Delimited { names, columns: columns.into_iter().map(StringChunkedBuilder::finish).collect(), lines })
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
