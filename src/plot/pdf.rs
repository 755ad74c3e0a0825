//! Puts the objects of a PDF into one order.
//!
//! svg2pdf keeps fonts and graphics states in hash maps and writes them as these are iterated, so one picture has many
//! files, all right and none equal; and it writes a graphics state of its own for every translucent point. Here the
//! entries of every dictionary are sorted, equal graphics states are made one, and objects are numbered as they are
//! met on the way from the catalogue. Streams are copied as they are. (Layout of the file: ISO 32000-1, 7.5.)

use std::collections::{BTreeMap, HashMap};

/// An object: its dictionary, line by line, and the stream that may follow.
struct Object<'a> {
    head: String,
    stream: &'a [u8],
}

const REFERENCE: &str = " 0 R";

/// The file with its objects in order; `None` when it is not built the way `pdf-writer` builds files.
pub(super) fn in_order(pdf: &[u8]) -> Option<Vec<u8>> {
    let table = find_last(pdf, b"xref\n0 ")?;
    let trailer = std::str::from_utf8(&pdf[find_last(pdf, b"trailer\n")?..]).ok()?;
    let mut objects = objects(pdf, table)?;
    let same = equal_states(&objects);
    for object in objects.values_mut() {
        object.head = renumbered(&object.head, |n| same.get(&n).copied().or(Some(n)))?;
    }
    let roots = [named_reference(trailer, "/Root ")?, named_reference(trailer, "/Info ")?];
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    let mut order: Vec<usize> = Vec::new();
    let mut met: Vec<usize> = roots.iter().rev().copied().collect();
    while let Some(next) = met.pop() {
        if numbers.contains_key(&next) {
            continue;
        }
        order.push(next);
        numbers.insert(next, order.len());
        met.extend(references(&objects.get(&next)?.head).into_iter().rev());
    }
    let mut file = pdf[..find(pdf, b"\n\n")? + 1].to_vec();
    let mut offsets = Vec::with_capacity(order.len());
    for (i, number) in order.iter().enumerate() {
        let object = objects.get(number)?;
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n", i + 1).bytes());
        file.extend(renumbered(&object.head, |n| numbers.get(&n).copied())?.bytes());
        file.extend(object.stream);
        file.extend(b"endobj\n");
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f\r\n", offsets.len() + 1).bytes());
    offsets.iter().for_each(|offset| file.extend(format!("{offset:010} 00000 n\r\n").bytes()));
    let [root, info] = roots.map(|n| numbers.get(&n).copied());
    let (size, root, info) = (offsets.len() + 1, root?, info?);
    file.extend(format!("trailer\n<<\n/Size {size}\n/Root {root} 0 R\n/Info {info} 0 R\n>>\n").bytes());
    file.extend(format!("startxref\n{start}\n%%EOF\n").bytes());
    Some(file)
}

/// The objects of a file by number, with sorted dictionaries.
fn objects(pdf: &[u8], table: usize) -> Option<BTreeMap<usize, Object<'_>>> {
    let entries = std::str::from_utf8(&pdf[table..]).ok()?.lines().skip(2).take_while(|line| !line.starts_with('t'));
    let mut starts: Vec<(usize, usize)> = Vec::new();
    for (number, entry) in entries.enumerate() {
        if entry.ends_with('n') {
            starts.push((entry.get(..10)?.parse().ok()?, number));
        }
    }
    starts.sort_unstable();
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([table]);
    let object = |((start, number), end): (&(usize, usize), usize)| {
        let whole = pdf.get(*start..end)?;
        let body = whole.get(find(whole, b" obj\n")? + 5..find_last(whole, b"endobj")?)?;
        let (head, stream) = body.split_at(find(body, b"\nstream\n").map_or(body.len(), |at| at + 1));
        Some((*number, Object { head: sorted(std::str::from_utf8(head).ok()?), stream }))
    };
    starts.iter().zip(ends).map(object).collect()
}

/// A dictionary with its entries in alphabetical order wherever several stand below each other, without indentation.
fn sorted(head: &str) -> String {
    let lines: Vec<&str> = head.lines().map(str::trim).collect();
    let is_entry = |line: &str| line.starts_with('/') && !line.ends_with("<<");
    let mut text = String::with_capacity(head.len());
    for run in lines.chunk_by(|a, b| is_entry(a) && is_entry(b)) {
        let mut run = run.to_vec();
        run.sort_unstable();
        run.iter().for_each(|line| text.extend([line, "\n"]));
    }
    text
}

/// For every graphics state that repeats another one, the number of the first of them.
fn equal_states(objects: &BTreeMap<usize, Object>) -> HashMap<usize, usize> {
    let states = objects.iter().filter(|(_, object)| object.head.contains("/Type /ExtGState"));
    let mut first: HashMap<&str, usize> = HashMap::new();
    states.map(|(&number, object)| (number, *first.entry(&object.head).or_insert(number))).collect()
}

/// Numbers of the objects a dictionary points to.
fn references(head: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut rest = head;
    while let Some(at) = rest.find(REFERENCE) {
        found.extend(number_before(&rest[..at]).map(|(_, number)| number));
        rest = &rest[at + REFERENCE.len()..];
    }
    found
}

/// A dictionary with its references replaced; `None` when one of them leads nowhere.
fn renumbered(head: &str, new: impl Fn(usize) -> Option<usize>) -> Option<String> {
    let mut text = String::with_capacity(head.len());
    let mut rest = head;
    while let Some(at) = rest.find(REFERENCE) {
        let (start, number) = number_before(&rest[..at])?;
        text.push_str(&rest[..start]);
        text.push_str(&new(number)?.to_string());
        text.push_str(REFERENCE);
        rest = &rest[at + REFERENCE.len()..];
    }
    text.push_str(rest);
    Some(text)
}

/// Where the number at the end of a text starts, and the number.
fn number_before(text: &str) -> Option<(usize, usize)> {
    let start = text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    Some((start, text[start..].parse().ok()?))
}

fn named_reference(text: &str, name: &str) -> Option<usize> {
    let rest = &text[text.find(name)? + name.len()..];
    rest.split(' ').next()?.parse().ok()
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn find_last(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).rposition(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one stream, written with its objects in the given order and two graphics states of one meaning.
    fn file(order: &[usize]) -> Vec<u8> {
        let bodies = [
            "<<\n  /Type /Catalog\n  /Pages 2 0 R\n>>",
            if order[0] == 1 {
                "<<\n  /Kids [4 0 R]\n  /States <<\n    /gs1 5 0 R\n    /gs0 3 0 R\n  >>\n>>"
            } else {
                "<<\n  /Kids [4 0 R]\n  /States <<\n    /gs0 3 0 R\n    /gs1 5 0 R\n  >>\n>>"
            },
            "<<\n  /Type /ExtGState\n  /ca 0.5\n>>",
            "<<\n  /Length 9\n>>\nstream\n3 0 R 5 0\nendstream",
            "<<\n  /Type /ExtGState\n  /ca 0.5\n>>",
            "<<\n  /Producer (x)\n>>",
        ];
        let mut text = b"%PDF-1.7\n%\x80\x80\x80\x80\n\n".to_vec();
        let mut offsets = [0; 6];
        for &number in order {
            offsets[number - 1] = text.len();
            text.extend(format!("{number} 0 obj\n{}\nendobj\n\n", bodies[number - 1]).bytes());
        }
        let start = text.len();
        text.extend(b"xref\n0 7\n0000000000 65535 f\r\n");
        offsets.iter().for_each(|offset| text.extend(format!("{offset:010} 00000 n\r\n").bytes()));
        text.extend(
            format!("trailer\n<<\n  /Size 7\n  /Root 1 0 R\n  /Info 6 0 R\n>>\nstartxref\n{start}\n%%EOF").bytes(),
        );
        text
    }

    #[test]
    fn objects_in_any_order_become_the_same_file() {
        let one = in_order(&file(&[1, 2, 3, 4, 5, 6]));
        let other = in_order(&file(&[6, 4, 5, 1, 3, 2]));
        assert!(one.is_some());
        assert_eq!(one, other);
    }

    #[test]
    fn equal_graphics_states_become_one_and_streams_stay() {
        let text = in_order(&file(&[1, 2, 3, 4, 5, 6])).map(|f| String::from_utf8_lossy(&f).into_owned());
        let text = text.expect("the file is built as expected");
        assert_eq!(text.matches("ExtGState").count(), 1);
        assert!(text.contains("/gs0 4 0 R\n/gs1 4 0 R\n") && text.contains("stream\n3 0 R 5 0\nendstream"));
        let start: usize =
            text.lines().rev().nth(1).and_then(|line| line.parse().ok()).expect("the offset of the table");
        // The comment after the header is four bytes that are no text, each shown as a three-byte sign.
        assert!(text[start + 8..].starts_with("xref\n0 6\n"));
    }

    #[test]
    fn what_is_no_pdf_is_refused() {
        for text in ["", "xref\n0 ", "%PDF-1.7\n\nxref\n0 2\n0\n0000000001 00000 n\r\ntrailer\n/Root 9 0 R /Info 9 0 R"]
        {
            assert_eq!(in_order(text.as_bytes()), None);
        }
    }
}
