//! `re`: patterns and what they find.

use std::cell::OnceCell;
use std::rc::Rc;

use super::super::regex::{Pattern, Spans};
use super::arguments::{Arguments, Given};
use super::compiled::{Compiled, FLAGS};
use super::machine::Machine;
use super::object::{Match, Object, Res, raise, refuse};
use super::tree::Name;

/// Methods of a pattern, which are functions of `re` too.
pub(super) const METHODS: [&str; 8] = ["search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split"];

fn written(source: &str, flags: i64, before: &str, after: &str) -> Res<Pattern> {
    let (own, rest) = match source.strip_prefix("(?").and_then(|rest| rest.split_once(')')) {
        Some((own, rest)) if !own.is_empty() && own.chars().all(|c| c.is_ascii_lowercase()) => (own, rest),
        _ => ("", source),
    };
    if own.contains(|c: char| !"imsu".contains(c)) {
        return refuse(format!("the flags of the regular expression `{source}`"));
    }
    let mut letters: String = own.chars().filter(|c| *c != 'u').collect();
    for (bit, _, letter) in FLAGS {
        if flags & bit != 0 && letter != 'u' && !letters.contains(letter) {
            letters.push(letter);
        }
    }
    let prefix = if letters.is_empty() { String::new() } else { format!("(?{letters})") };
    let text = if before.is_empty() { format!("{prefix}{rest}") } else { format!("{prefix}{before}(?:{rest}){after}") };
    Pattern::new(&text).or_else(refuse)
}

/// `re.compile`.
pub(super) fn compile(source: &Object, flags: i64) -> Res<Rc<Compiled>> {
    match source {
        Object::Pattern(pattern) => Ok(Rc::clone(pattern)),
        other => {
            let source = other.need_text("a regular expression")?;
            if flags & !58 != 0 {
                return refuse("a flag of `re` that is not I, M or S");
            }
            let anywhere = written(source, flags, "", "")?;
            let source = Name::from(source);
            Ok(Rc::new(Compiled { source, flags, anywhere, at_start: OnceCell::new(), whole: OnceCell::new() }))
        }
    }
}

/// A function of `re` that works with a pattern.
pub(super) fn function(machine: &mut Machine, name: &str, mut given: Given) -> Res<Object> {
    let pattern = given.need("pattern")?;
    let mut compiled = None;
    if let Some(known) = machine.patterns.get(&pattern)? {
        compiled = Some(known);
    }
    let flags = given.take_named("flags");
    // By place, flags follow the text, and the greatest number of changes where there is one.
    let places = match name {
        "sub" | "subn" => 3,
        "split" => 2,
        "compile" => 0,
        _ => 1,
    };
    let mut list = given.rest();
    let flags = match flags {
        Some(flags) => flags.need_int("flags")?,
        None if list.len() > places => list.remove(places).need_int("flags")?,
        None => 0,
    };
    let pattern = match compiled {
        Some(Object::Pattern(known)) if flags == known.flags => known,
        _ => {
            let made = compile(&pattern, flags)?;
            if matches!(pattern, Object::Text(_)) {
                machine.patterns.put(pattern, Object::Pattern(Rc::clone(&made)))?;
            }
            made
        }
    };
    if name == "compile" {
        return Ok(Object::Pattern(pattern));
    }
    let named = given.rest_named();
    call(machine, &pattern, name, Given::new(name, Arguments { list, named }))
}

fn found(pattern: &Pattern, text: &str, most: usize) -> Res<Vec<Spans>> {
    pattern.spans(text, most).or_else(refuse)
}

/// A match as an object.
fn as_match(pattern: &Compiled, text: &str, spans: &Spans) -> Object {
    let place = |byte: usize| text[..byte].chars().count() as i64;
    let group = |span: &Option<(usize, usize)>| {
        span.map(|(from, to)| {
            let start = place(from);
            (start, start + text[from..to].chars().count() as i64, Name::from(&text[from..to]))
        })
    };
    Object::Match(Rc::new(Match { groups: spans.iter().map(group).collect(), names: pattern.anywhere.names() }))
}

/// A group as `findall` and `split` give it: text, empty where it took no part.
fn text_of(text: &str, span: Option<(usize, usize)>) -> Object {
    Object::text(span.map_or("", |(from, to)| &text[from..to]))
}

pub(super) fn call(machine: &mut Machine, pattern: &Rc<Compiled>, name: &str, mut given: Given) -> Res<Object> {
    let replacement = if name.starts_with("sub") { Some(given.need("repl")?) } else { None };
    let text = given.need("string")?;
    let text = text.need_text("a regular expression")?;
    machine.take_room(text.len())?;
    let once = |cell: &OnceCell<Pattern>, after: &str| -> Res<Pattern> {
        if let Some(known) = cell.get() {
            return Ok(known.clone());
        }
        let made = written(&pattern.source, pattern.flags, r"\A", after)?;
        Ok(cell.get_or_init(|| made).clone())
    };
    match name {
        "search" | "match" | "fullmatch" => {
            given.done()?;
            let used = match name {
                "search" => pattern.anywhere.clone(),
                "match" => once(&pattern.at_start, "")?,
                _ => once(&pattern.whole, r"\Z")?,
            };
            let first = found(&used, text, 1)?;
            Ok(first.first().map_or(Object::None, |spans| as_match(pattern, text, spans)))
        }
        "findall" => {
            given.done()?;
            let mut out = Vec::new();
            for spans in found(&pattern.anywhere, text, 0)? {
                out.push(match spans.as_slice() {
                    [whole] => text_of(text, *whole),
                    [_, only] => text_of(text, *only),
                    all => Object::tuple(all[1..].iter().map(|span| text_of(text, *span)).collect()),
                });
            }
            machine.take_room(out.len())?;
            Ok(Object::list(out))
        }
        "finditer" => {
            given.done()?;
            let all = found(&pattern.anywhere, text, 0)?;
            let list = Object::list(all.iter().map(|spans| as_match(pattern, text, spans)).collect());
            machine.iterator(&list)
        }
        "split" => {
            let most = given.take("maxsplit").map_or(Ok(0), |most| most.need_int("split"))?;
            given.done()?;
            let (mut out, mut copied) = (Vec::new(), 0);
            for spans in found(&pattern.anywhere, text, usize::try_from(most).unwrap_or(0))? {
                let Some(Some((from, to))) = spans.first().copied() else { continue };
                out.push(Object::text(&text[copied..from]));
                let group = |span: &Option<(usize, usize)>| span.map_or(Object::None, |_| text_of(text, *span));
                out.extend(spans[1..].iter().map(group));
                copied = to;
            }
            out.push(Object::text(&text[copied..]));
            Ok(Object::list(out))
        }
        "sub" | "subn" => {
            let most = given.take("count").map_or(Ok(0), |most| most.need_int("sub"))?;
            given.done()?;
            let all = found(&pattern.anywhere, text, usize::try_from(most).unwrap_or(0))?;
            let replacement = replacement.unwrap_or(Object::None);
            let (mut out, mut copied) = (String::new(), 0);
            for spans in &all {
                let Some(Some((from, to))) = spans.first().copied() else { continue };
                out.push_str(&text[copied..from]);
                match &replacement {
                    Object::Text(template) => expand(template, text, spans, pattern, &mut out)?,
                    function => {
                        let made = machine.call(function, vec![as_match(pattern, text, spans)])?;
                        out.push_str(made.need_text("what replaces a match")?);
                    }
                }
                copied = to;
            }
            out.push_str(&text[copied..]);
            machine.take_room(out.len())?;
            let count = Object::size(all.len());
            let out = Object::text(&out);
            Ok(if name == "subn" { Object::tuple(vec![out, count]) } else { out })
        }
        other => refuse(format!("`{other}` of a regular expression")),
    }
}

/// What a replacement with `\1` and `\g<name>` stands for.
fn expand(template: &str, text: &str, spans: &Spans, pattern: &Compiled, out: &mut String) -> Res<()> {
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let at = match chars.next() {
            Some('g') if chars.peek() == Some(&'<') => {
                let name: String = chars.by_ref().skip(1).take_while(|c| *c != '>').collect();
                let named = || pattern.anywhere.names().into_iter().find(|(known, _)| *known == name).map(|(_, at)| at);
                name.parse().ok().or_else(named).unwrap_or(usize::MAX)
            }
            Some('0') => return refuse("`\\0` in a replacement"),
            Some(digit) if digit.is_ascii_digit() => {
                let mut number = digit.to_digit(10).unwrap_or(0) as usize;
                if let Some(next) = chars.peek().and_then(|c| c.to_digit(10)) {
                    number = number * 10 + next as usize;
                    chars.next();
                }
                number
            }
            Some('n') => {
                out.push('\n');
                continue;
            }
            Some('t') => {
                out.push('\t');
                continue;
            }
            Some('r') => {
                out.push('\r');
                continue;
            }
            Some(letter) if letter.is_ascii_alphabetic() => return raise("error", format!("bad escape \\{letter}")),
            Some('\\') => {
                out.push('\\');
                continue;
            }
            Some(other) => {
                out.extend(['\\', other]);
                continue;
            }
            None => return raise("error", "bad escape (end of pattern)"),
        };
        match spans.get(at) {
            Some(span) => out.push_str(span.map_or("", |(from, to)| &text[from..to])),
            None => return raise("error", "invalid group reference"),
        }
    }
    Ok(())
}

/// `re.escape`.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `match[index]`.
pub(super) fn group(found: &Match, index: &Object) -> Res<Object> {
    let at = match index {
        Object::Text(name) => found.names.iter().find(|(known, _)| **known == **name).map(|(_, at)| *at),
        index => usize::try_from(index.need_int("a group")?).ok(),
    };
    match at.and_then(|at| found.groups.get(at)) {
        Some(group) => Ok(group.as_ref().map_or(Object::None, |(_, _, text)| Object::Text(text.clone()))),
        None => raise("IndexError", "no such group"),
    }
}
