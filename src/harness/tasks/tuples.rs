//! Tuples in the source of templates. minijinja reads `(a, b)` as a list, which prints in other brackets than Python's
//! tuple; here it becomes a call that makes one.

/// The name of the call. No task file has a name like it.
pub(super) const CALL: &str = "__tuple";

/// Words after which a round bracket begins a value; after any other name it begins the arguments of a call.
const OPERATORS: [&str; 10] = ["in", "if", "elif", "else", "and", "or", "not", "is", "recursive", "do"];

/// The template with every tuple in round brackets as a call.
pub(super) fn as_calls(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find('{') {
        let (before, inside) = rest.split_at(at);
        out.push_str(before);
        let (open, close) = match inside.as_bytes().get(1) {
            Some(b'{') => ("{{", "}}"),
            Some(b'%') => ("{%", "%}"),
            Some(b'#') => {
                let end = inside.find("#}").map_or(inside.len(), |end| end + 2);
                out.push_str(&inside[..end]);
                rest = &inside[end..];
                continue;
            }
            _ => {
                out.push('{');
                rest = &inside[1..];
                continue;
            }
        };
        let end = end_of_code(&inside[2..], close).map_or(inside.len(), |end| 2 + end);
        let code = &inside[open.len()..end];
        out.push_str(open);
        out.push_str(&of_code(code));
        rest = &inside[end..];
        // What is raw is text up to its end.
        if code.trim_matches(['-', '+', ' ']) == "raw" {
            let end = rest.find("endraw").unwrap_or(rest.len());
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

/// Where `close` stands outside of texts and brackets.
fn end_of_code(code: &str, close: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_usize);
    let mut escaped = false;
    for (at, c) in code.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if depth == 0 && code[at..].starts_with(close) => return Some(at),
            None => match c {
                '\'' | '"' => quote = Some(c),
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    None
}

struct Bracket {
    /// Where it stands in the output.
    at: usize,
    round: bool,
    /// Whether it holds a value, not arguments or names to be set.
    value: bool,
    commas: bool,
    empty: bool,
}

fn of_code(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut open: Vec<Bracket> = Vec::new();
    // The last word or sign before the present place.
    let mut last = String::new();
    let (mut chars, mut target) = (code.char_indices().peekable(), false);
    let mut first = true;
    while let Some((at, c)) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            let mut end = at + c.len_utf8();
            while let Some((next, c)) = chars.peek().copied().filter(|(_, c)| c.is_alphanumeric() || *c == '_') {
                end = next + c.len_utf8();
                chars.next();
            }
            let word = &code[at..end];
            // `for (a, b) in` and `set (a, b) =` name what is set; `call (a)` and `macro` have parameters.
            match word {
                "for" | "set" | "call" | "macro" if first => target = true,
                "in" => target = false,
                _ => {}
            }
            first = false;
            mark(&mut open);
            out.push_str(word);
            word.clone_into(&mut last);
            continue;
        }
        match c {
            '\'' | '"' => {
                mark(&mut open);
                out.push(c);
                let mut escaped = false;
                for (_, inner) in chars.by_ref() {
                    out.push(inner);
                    match inner {
                        _ if escaped => escaped = false,
                        '\\' => escaped = true,
                        _ if inner == c => break,
                        _ => {}
                    }
                }
                last = "\"".to_owned();
                continue;
            }
            '(' | '[' | '{' => {
                mark(&mut open);
                let called = last.chars().next_back().is_some_and(|c| c.is_alphanumeric() || "_)]\"".contains(c));
                let value = !target && (!called || OPERATORS.contains(&last.as_str()));
                open.push(Bracket { at: out.len(), round: c == '(', value, commas: false, empty: true });
            }
            ')' | ']' | '}' => {
                if let Some(bracket) = open.pop()
                    && bracket.round
                    && bracket.value
                    && (bracket.commas || bracket.empty)
                {
                    out.insert(bracket.at + 1, '[');
                    out.insert_str(bracket.at, CALL);
                    out.push(']');
                }
            }
            ',' => {
                if let Some(bracket) = open.last_mut() {
                    bracket.commas = true;
                }
            }
            '=' => target = false,
            _ => {}
        }
        out.push(c);
        if !c.is_whitespace() {
            last = c.to_string();
        }
    }
    out
}

fn mark(open: &mut [Bracket]) {
    if let Some(bracket) = open.last_mut() {
        bracket.empty = false;
    }
}

#[cfg(test)]
mod tests {
    use super::as_calls;

    #[test]
    fn only_round_brackets_that_make_a_tuple_become_calls() {
        for (source, wanted) in [
            ("{{ (1, 2) }}", "{{ __tuple([1, 2]) }}"),
            ("{{ f(1, 2) }} {{ (1) }}", "{{ f(1, 2) }} {{ (1) }}"),
            ("{{ x in (1, (2, 3)) }}", "{{ x in __tuple([1, __tuple([2, 3])]) }}"),
            ("{{ () }} {{ x.f() }}", "{{ __tuple([]) }} {{ x.f() }}"),
            ("{% for (a, b) in ((1, 2), (3, 4)) %}", "{% for (a, b) in __tuple([__tuple([1, 2]), __tuple([3, 4])]) %}"),
            ("{{ '(1, 2)' }} (3, 4) {# (5, 6) #}", "{{ '(1, 2)' }} (3, 4) {# (5, 6) #}"),
            ("{% set x = (1,) %}{% macro f(a, b) %}", "{% set x = __tuple([1,]) %}{% macro f(a, b) %}"),
            ("{% raw %}{{ (1, 2) }}{% endraw %}", "{% raw %}{{ (1, 2) }}{% endraw %}"),
            ("{{ {'a': (1, 2)}['a'] }} }", "{{ {'a': __tuple([1, 2])}['a'] }} }"),
        ] {
            assert_eq!(as_calls(source), wanted);
        }
    }
}
