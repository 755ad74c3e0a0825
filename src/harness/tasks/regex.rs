//! Regular expressions as Python's `re` reads them, on `fancy_regex`.
//!
//! The two agree on most patterns. Where they differ, the pattern is rewritten: marks on letters are no part of words,
//! the separators of ASCII are space, `$` also holds before a last newline,
//! `\Z` is the very end, brackets and `&&` inside a class are plain characters, a brace that opens no repetition is
//! plain, and a backslash before punctuation makes it plain. The number of steps a match may take back is bounded, so
//! that no pattern runs for ever; running out is an error, never "no match".

use fancy_regex::{Regex, RegexBuilder};

/// A pattern in Python's syntax.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    source: String,
    regex: Regex,
    /// The same where ends of words are told by Python's letters; only where the pattern asks for such ends.
    exact: Option<Regex>,
}

/// Where the groups of a match stand in bytes, the whole match first.
pub(super) type Spans = Vec<Option<(usize, usize)>>;

/// Steps back before a match is given up: seconds, not hours.
const STEPS_BACK: usize = 1_000_000;

impl Pattern {
    /// # Errors
    /// What is wrong with the pattern.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        let build = |text: &str| {
            RegexBuilder::new(text)
                .backtrack_limit(STEPS_BACK)
                .build()
                .map_err(|error| format!("the regular expression `{source}`: {}", one_line(&error)))
        };
        let (plain, exact) = (translate(source, false), translate(source, true));
        let exact = if exact == plain { None } else { Some(build(&exact)?) };
        Ok(Self { source: source.to_owned(), regex: build(&plain)?, exact })
    }

    /// The regular expression for a text: marks on letters, which only other than ASCII text has, end words in Python.
    fn regex(&self, text: &str) -> &Regex {
        self.exact.as_ref().filter(|_| !text.is_ascii()).unwrap_or(&self.regex)
    }

    /// Every match as `re.findall` lists it: the groups of a pattern with groups, else the whole match alone.
    ///
    /// # Errors
    /// The match took too many steps.
    pub(crate) fn find_all(&self, text: &str) -> Result<Vec<Vec<String>>, String> {
        let mut found = Vec::new();
        self.each(text, 0, |captures| {
            found.push(if captures.len() == 1 {
                vec![captures.get(0).map_or("", |m| m.as_str()).to_owned()]
            } else {
                (1..captures.len()).map(|n| captures.get(n).map_or("", |m| m.as_str()).to_owned()).collect()
            });
        })?;
        Ok(found)
    }

    /// The groups of the first match of `re.search`, the whole match first; a group that took no part is `None`.
    ///
    /// # Errors
    /// The match took too many steps.
    pub(crate) fn search(&self, text: &str) -> Result<Option<Vec<Option<String>>>, String> {
        let found = self.regex(text).captures(text).map_err(|error| self.gave_up(&error))?;
        Ok(found.map(|c| (0..c.len()).map(|n| c.get(n).map(|m| m.as_str().to_owned())).collect()))
    }

    /// Where the groups of each match stand in bytes, the whole match first; `most` 0 gives all matches.
    ///
    /// # Errors
    /// The match took too many steps.
    pub(super) fn spans(&self, text: &str, most: usize) -> Result<Vec<Spans>, String> {
        let mut found = Vec::new();
        self.each(text, most, |captures| {
            found.push((0..captures.len()).map(|n| captures.get(n).map(|m| (m.start(), m.end()))).collect());
        })?;
        Ok(found)
    }

    /// Names of groups, with their numbers.
    pub(super) fn names(&self) -> Vec<(String, usize)> {
        let names = self.regex.capture_names().enumerate();
        names.filter_map(|(at, name)| Some((name?.to_owned(), at))).collect()
    }

    /// `re.sub` with Python's `\1` and `\g<name>` in the replacement; `most` 0 replaces all.
    ///
    /// # Errors
    /// The match took too many steps.
    pub(crate) fn replace(&self, text: &str, replacement: &str, most: usize) -> Result<String, String> {
        let (mut out, mut copied) = (String::new(), 0);
        self.each(text, most, |captures| {
            let Some(whole) = captures.get(0) else { return };
            out.push_str(&text[copied..whole.start()]);
            expand(replacement, captures, &mut out);
            copied = whole.end();
        })?;
        out.push_str(&text[copied..]);
        Ok(out)
    }

    fn each(&self, text: &str, most: usize, mut visit: impl FnMut(&fancy_regex::Captures<'_>)) -> Result<(), String> {
        let (mut at, mut count) = (0, 0);
        while at <= text.len() && (most == 0 || count < most) {
            let found = self.regex(text).captures_from_pos(text, at).map_err(|error| self.gave_up(&error))?;
            let Some(captures) = found else { break };
            let Some(whole) = captures.get(0) else { break };
            visit(&captures);
            count += 1;
            at = whole.end();
            if whole.start() == whole.end() {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
        Ok(())
    }

    fn gave_up(&self, error: &fancy_regex::Error) -> String {
        format!("the regular expression `{}` gives no answer: {}", self.source, one_line(error))
    }
}

fn one_line(error: &fancy_regex::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn expand(replacement: &str, captures: &fancy_regex::Captures<'_>, out: &mut String) {
    let mut chars = replacement.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') => out.push('\\'),
            Some('g') if chars.peek() == Some(&'<') => {
                let name: String = chars.by_ref().skip(1).take_while(|c| *c != '>').collect();
                let group = name.parse().map_or_else(|_| captures.name(&name), |number| captures.get(number));
                out.push_str(group.map_or("", |m| m.as_str()));
            }
            Some(digit) if digit.is_ascii_digit() => {
                let mut number = digit.to_digit(10).unwrap_or(0) as usize;
                if let Some(next) = chars.peek().and_then(|c| c.to_digit(10)) {
                    number = number * 10 + next as usize;
                    chars.next();
                }
                out.push_str(captures.get(number).map_or("", |m| m.as_str()));
            }
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
}

/// What Python counts among words: letters and numbers, but no marks on letters.
const WORD: &str = r"\p{L}\p{N}_";

/// What Python counts as space.
const SPACE: &str = r"\s\x1c-\x1f";

/// The same pattern in the syntax of `fancy_regex`.
fn translate(source: &str, exact: bool) -> String {
    let text: Vec<char> = source.chars().collect();
    let mut out = String::new();
    // Flags stand at the front of a pattern, where Python wants them.
    let multi_line = source
        .strip_prefix("(?")
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(flags, _)| flags.contains('m') && flags.chars().all(|c| c.is_ascii_alphabetic()));
    let mut class = None;
    let mut at = 0;
    while let Some(&c) = text.get(at) {
        match (c, class) {
            ('\\', _) => {
                at += 1;
                match text.get(at) {
                    Some('Z') if class.is_none() => out.push_str("\\z"),
                    Some('b') if class.is_some() => out.push_str("\\x08"),
                    Some(end @ ('b' | 'B')) if exact => {
                        let (same, other) = if *end == 'b' { ('!', '=') } else { ('=', '!') };
                        out.push_str(&format!("(?:(?<=[{WORD}])(?{same}[{WORD}])|(?<![{WORD}])(?{other}[{WORD}]))"));
                    }
                    Some('w') if class.is_some() => out.push_str(WORD),
                    Some('w') => out.push_str(&format!("[{WORD}]")),
                    Some('W') => out.push_str(&format!("[^{WORD}]")),
                    Some('s') if class.is_some() => out.push_str(SPACE),
                    Some('s') => out.push_str(&format!("[{SPACE}]")),
                    Some('S') => out.push_str(&format!("[^{SPACE}]")),
                    Some('u') if text.len() > at + 4 => {
                        out.push_str(&format!("\\x{{{}}}", text[at + 1..at + 5].iter().collect::<String>()));
                        at += 4;
                    }
                    Some(&next) if next.is_ascii_punctuation() && !r"\.+*?()|[]{}^$-&~#".contains(next) => {
                        out.push(next);
                    }
                    Some(&next) => out.extend(['\\', next]),
                    None => out.push('\\'),
                }
            }
            ('$', None) if !multi_line => out.push_str("(?=\\n?\\z)"),
            ('[', None) => {
                out.push('[');
                if text.get(at + 1) == Some(&'^') {
                    out.push('^');
                    at += 1;
                }
                class = Some(at);
                // A bracket that closes right away is one of the characters.
                if text.get(at + 1) == Some(&']') {
                    out.push_str("\\]");
                    at += 1;
                }
            }
            (']', Some(_)) => {
                class = None;
                out.push(']');
            }
            ('[' | '&' | '~', Some(_)) => out.extend(['\\', c]),
            ('-', Some(_)) if text.get(at + 1) == Some(&'-') => out.push_str("\\-"),
            ('{', None) => match repetition(&text[at..]) {
                Some((written, length)) => {
                    out.push_str(&written);
                    at += length - 1;
                }
                None => out.push_str("\\{"),
            },
            ('}', None) => out.push_str("\\}"),
            _ => out.push(c),
        }
        at += 1;
    }
    out
}

/// `{2}`, `{2,}`, `{,3}` or `{2,3}` at the front, and how long it is; any other brace is a plain character to Python.
fn repetition(text: &[char]) -> Option<(String, usize)> {
    let length = text.iter().position(|c| *c == '}')? + 1;
    let inside: String = text[1..length - 1].iter().collect();
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    match inside.split_once(',') {
        Some((from, to)) if digits(from) && digits(to) && !(from.is_empty() && to.is_empty()) => {
            Some((format!("{{{},{to}}}", if from.is_empty() { "0" } else { from }), length))
        }
        None if !inside.is_empty() && digits(&inside) => Some((format!("{{{inside}}}"), length)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pattern: &str, text: &str) -> Vec<Vec<String>> {
        Pattern::new(pattern).unwrap().find_all(text).unwrap()
    }

    // The expected values are what CPython's `re` answers.
    #[test]
    fn matches_are_listed_as_python_lists_them() {
        assert_eq!(all(r"#### (\-?[0-9\.\,]+)", "a #### -1,234.5 b"), [["-1,234.5"]]);
        assert_eq!(all(r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "x 7 y $12"), [["", "7"], ["$12", ""]]);
        assert_eq!(all("a*", "baac"), [[""], ["aa"], [""], [""]]);
        assert_eq!(all(r"[[\]&]", "a[]&"), [["["], ["]"], ["&"]]);
        assert_eq!(all(r"x{,2}y{a}\/\'\<", "xxy{a}/'<"), [["xxy{a}/'<"]]);
        assert_eq!(all(r"[]a]+", "]a"), [["]a"]]);
    }

    #[test]
    fn a_dollar_holds_before_a_last_newline() {
        let end = Pattern::new(r"\.$").unwrap();
        assert_eq!(end.replace("12.\n", "", 0).unwrap(), "12\n");
        assert_eq!(end.replace("1.\n2", "", 0).unwrap(), "1.\n2");
        assert_eq!(Pattern::new(r"\.\Z").unwrap().replace("12.\n", "", 0).unwrap(), "12.\n");
        assert_eq!(Pattern::new("(?m)a$").unwrap().replace("a\na\n", "b", 0).unwrap(), "b\nb\n");
    }

    #[test]
    fn replacements_take_groups_by_number_and_name() {
        let pattern = Pattern::new(r"(?P<first>\w)(\w)").unwrap();
        assert_eq!(pattern.replace("abcd", r"\2\g<first>-$1", 1).unwrap(), "ba-$1cd");
    }

    #[test]
    fn a_pattern_that_would_run_for_ever_is_an_error() {
        let pattern = Pattern::new(r"^(a+)+\1$").unwrap();
        let error = pattern.find_all(&("a".repeat(40) + "b")).unwrap_err();
        assert!(error.contains("gives no answer"), "{error}");
        assert!(Pattern::new("(a").is_err());
    }
}
