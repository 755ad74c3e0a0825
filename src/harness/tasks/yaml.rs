//! Task files: YAML with the line of every value, `!function` tags and `include`.
//!
//! `include` names one file or several; their top-level keys are taken in order, later files over earlier ones and the
//! including file over all.

use std::path::Path;

use super::compose;
use super::node::{Content, Node, Spent};
use crate::bounds::Bound;
use crate::error::{Error, Result};

/// Reads a task file with everything it includes; `read` gives the text of a file.
///
/// # Errors
/// A file that cannot be read, is no YAML mapping (with the line), includes itself, or is beyond a bound.
pub(super) fn load(path: &Path, read: &dyn Fn(&Path) -> Result<String>) -> Result<Node> {
    load_within(path, read, &mut Spent::default())
}

fn load_within(path: &Path, read: &dyn Fn(&Path) -> Result<String>, spent: &mut Spent) -> Result<Node> {
    // Two spellings of one file are one file; what does not exist is told by `read`.
    let key = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let wrong = |problem: String| Error::File { path: path.to_owned(), problem };
    if spent.open.contains(&key) {
        let chain: Vec<String> = spent.open.iter().chain([&key]).map(|path| path.display().to_string()).collect();
        return Err(wrong(format!("include cycle: {}", chain.join(" -> "))));
    }
    let mut node = parse_within(path, &read(path)?, spent)?;
    let Some(includes) = node.remove("include") else { return Ok(node) };
    spent.open.push(key);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut merged = Node { content: Content::Map(Vec::new()), ..node.clone() };
    for include in includes.texts()? {
        spent.files += 1;
        // A chain of files is read by a chain of calls.
        Bound::YamlFiles.check(spent.files).map_err(|problem| includes.wrong(format!("the file {problem}")))?;
        let included = load_within(&folder.join(&include), read, spent).map_err(|error| match error {
            Error::Read { path, source } => includes.wrong(format!("cannot include {}: {source}", path.display())),
            error => error,
        })?;
        for (key, value) in included.entries() {
            // A list of tasks belongs to the file it stands in.
            if key != "task_list" {
                merged.set(key, value.clone());
            }
        }
    }
    spent.open.pop();
    for (key, value) in node.entries() {
        merged.set(key, value.clone());
    }
    Ok(merged)
}

/// Reads one YAML document that is a mapping.
pub(super) fn parse(path: &Path, text: &str) -> Result<Node> {
    parse_within(path, text, &mut Spent::default())
}

fn parse_within(path: &Path, text: &str, spent: &mut Spent) -> Result<Node> {
    let wrong = |problem: String| Error::File { path: path.to_owned(), problem };
    Bound::YamlBytes.check(text.len()).map_err(wrong)?;
    let node = compose::document(path, &indented(text), spent)?;
    match node.content {
        Content::Map(_) => Ok(node),
        _ => Err(node.wrong(format!("a task file is a mapping, this is {}", node.value().kind()))),
    }
}

/// The text with the closing brackets of flow collections indented. PyYAML takes them at the column of their key, which
/// YAML 1.2 does not. Lines stay the same.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Open collections, and the column of the line on which the outermost began.
    let (mut depth, mut column) = (0_usize, 0);
    // Lines of block text, which are deeper than this, hold no brackets that mean anything.
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        if let Some(outside) = block {
            if bare.trim().is_empty() || indent > outside {
                out.push_str(line);
                continue;
            }
            block = None;
        }
        if depth > 0 && indent <= column && bare.starts_with([']', '}']) {
            out.extend(std::iter::repeat_n(' ', column + 1 - indent));
        }
        out.push_str(line);
        if depth == 0 {
            column = indent;
        }
        depth = brackets(bare, depth);
        let end = bare.trim_end();
        let marked =
            |mark: char| end.rsplit_once([' ', ':']).is_some_and(|(_, last)| last.starts_with(mark) && last.len() <= 3);
        if depth == 0 && (marked('|') || marked('>')) {
            block = Some(indent);
        }
    }
    out
}

/// How many flow collections are open after a line. A bracket opens one only where a value begins.
fn brackets(line: &str, mut depth: usize) -> usize {
    let (mut quote, mut before, mut begins) = (None, ' ', true);
    for c in line.trim_end().chars() {
        match (quote, c) {
            (Some(open), _) => quote = Some(open).filter(|open| *open != c || before == '\\'),
            (None, '\'' | '"') if begins || depth > 0 && !before.is_alphanumeric() => quote = Some(c),
            (None, '#') if before == ' ' => break,
            (None, '[' | '{') if begins || depth > 0 => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        begins = match c {
            ' ' => begins || matches!(before, ':' | '-' | ','),
            '[' | '{' | ',' => depth > 0,
            '-' => begins,
            _ => false,
        };
        before = c;
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Node> {
        parse(Path::new("task.yaml"), text)
    }

    #[test]
    fn plain_scalars_follow_yaml_1_1_and_quoted_ones_stay_text() {
        let text = "a: yes\nb: 'yes'\nc: 1e-5\nd: 1.0e-5\ne: 010\nf: 1_000\ng: ~\nh: \"1\"\ni: |\n  two\n  lines\n\
                    j: [off, 2.50, -3, +.5, x: 1]\nk:\nl: True # remark\nm: -0\nn: .\n";
        let expected = r#"{"a": true, "b": "yes", "c": "1e-5", "d": 1e-05, "e": 8, "f": 1000, "g": null, "h": "1", "#
            .to_owned()
            + r#""i": "two\nlines\n", "j": [false, 2.5, -3, 0.5, {"x": 1}], "k": null, "l": true, "m": 0, "n": "."}"#;
        assert_eq!(parsed(text).unwrap().value().to_json(), expected);
    }

    #[test]
    fn a_bracket_at_the_column_of_its_key_closes_as_in_pyyaml() {
        let node = parsed("a:\n  b: [\n    {\"q\": \"x\"}\n]\nc: [1,\n 2\n]\nd: 'it]s'\ne: |\n  [x\nf: y\n").unwrap();
        let expected = r#"{"a": {"b": [{"q": "x"}]}, "c": [1, 2], "d": "it]s", "e": "[x\n", "f": "y"}"#;
        assert_eq!(node.value().to_json(), expected);
        assert_eq!(node.get("f").unwrap().line, 11);
    }

    #[test]
    fn values_know_their_line_and_functions_their_name() {
        let node = parsed("# remark\ntask: x\nprocess_docs: !function utils.process_docs\n").unwrap();
        let function = node.get("process_docs").unwrap();
        assert_eq!(function.line, 3);
        assert!(matches!(&function.content, Content::Function(name) if name == "utils.process_docs"));
        assert!(node.get("task").unwrap().flag().unwrap_err().to_string().starts_with("task.yaml: line 2: "));
    }

    #[test]
    fn malformed_text_is_told_with_its_line() {
        for (text, line) in [("a: [1, 2\nb: 3\n", 2), ("a: 1\nb: 'x\n", 2), ("a: 1\na: 2\n", 2)] {
            let error = parsed(text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}")), "{text:?}: {error}");
        }
        assert!(parsed("- 1\n").is_err() && parsed("").is_err() && parsed("a: 1\n---\nb: 2\n").is_err());
        assert!(parsed("a: !secret x\n").unwrap_err().to_string().contains("!secret"));
    }

    /// What a file costs is refused as an error that names the bound.
    fn refused(text: &str, bound: Bound) {
        let error = parsed(text).unwrap_err().to_string();
        assert!(error.contains(&format!("--bound {}=", bound.name())), "{error}");
    }

    #[test]
    fn no_nesting_is_deeper_than_the_bound() {
        let most = Bound::YamlDepth.size();
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
            let nested = |depth: usize| format!("a:\n  {}1{}\n", open.repeat(depth), close.repeat(depth));
            assert!(parsed(&nested(most - 1)).is_ok(), "{open}");
            refused(&nested(most), Bound::YamlDepth);
        }
        for open in ["- ", "? ", "- ? "] {
            assert!(parsed(&open.repeat(50_000)).is_err(), "{open}");
        }
        let steps: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        refused(&steps, Bound::YamlDepth);
        assert!(parsed(&"[".repeat(100_000)).is_err() && parsed(&"{".repeat(100_000)).is_err());
        assert!(parsed(&format!("a: {}", "!x ".repeat(50_000))).is_err());
    }

    #[test]
    fn values_repeated_by_anchors_count_each_time() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        (1..10).for_each(|n| text += &format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(10)));
        refused(&text, Bound::YamlValues);
        let merged: String = (1..40).map(|n| format!("a{n}: &a{n}\n  <<: [*a{0}, *a{0}]\n", n - 1)).collect();
        assert!(parsed(&format!("a0: &a0 {{x: 1}}\n{merged}")).is_err());
        // An anchor within itself is no value.
        assert!(parsed("a: &a [*a]\n").is_err());
        refused(&format!("a: [{}]\n", "1,".repeat(Bound::YamlValues.size())), Bound::YamlValues);
        refused(&format!("a: {}\n", "x".repeat(Bound::YamlBytes.size())), Bound::YamlBytes);
    }

    #[test]
    fn files_that_include_one_another_twice_each_are_counted() {
        let read = |path: &Path| {
            let number: usize = path.file_stem().unwrap().to_string_lossy()[1..].parse().unwrap();
            Ok(format!("include: [e{0}.yaml, e{0}.yaml]\nk{number}: 1\n", number + 1))
        };
        let error = load(Path::new("e0.yaml"), &read).unwrap_err().to_string();
        assert!(error.contains("yaml-files"), "{error}");
    }

    #[test]
    fn anchors_merges_and_tags_are_as_in_pyyaml() {
        let text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {y: 4, <<: [*a, {z: 5}]}\nd: !!str 6\ne: *a\n";
        let expected = r#"{"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"y": 4, "x": 1, "z": 5}, "d": "6", "#
            .to_owned()
            + r#""e": {"x": 1, "y": 2}}"#;
        assert_eq!(parsed(text).unwrap().value().to_json(), expected);
    }
}
