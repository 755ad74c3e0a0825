//! Jinja templates as lm-evaluation-harness sets its environment up: undefined names are errors, the last newline
//! stays, nothing is escaped, values print as Python's `str()` prints them, and methods of Python's text, lists and
//! dictionaries can be called. One filter is added: `regex_replace(pattern, replacement, count)`.

use std::sync::Arc;
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, filters};

use super::fuel::{BYTES_PER_STEP, afford};
use super::methods::{map_method, method};
use super::python::{self, wrong};
use super::regex::Pattern;
use super::tuples;
use super::value::Value;
use crate::bounds::{self, Bound};

type Jinja = minijinja::Value;

/// A compiled template.
#[derive(Clone)]
pub(super) struct Template {
    environment: Arc<Environment<'static>>,
    source: String,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Template").field(&self.source).finish()
    }
}

/// The one template of each environment; no ending, so nothing is escaped.
const NAME: &str = "field";

/// Bytes of a template that is compiled on a stack of its own from there on.
const SHORT: usize = 1024;

/// Stack that a byte of a template, and a step of its rendering, may cost: operators that follow one another, and lists
/// that are each within the next, are as deep as they are many.
const STACK_PER_BYTE: usize = 2048;
const STACK_PER_STEP: usize = 512;

/// Items of a `range`, as many as minijinja allows.
const LONGEST_RANGE: i128 = 100_000;

/// Calls within calls that the stack is deep enough for, whatever is allowed.
const MOST_CALLS: usize = 500;

impl Template {
    /// # Errors
    /// What is wrong with the template, with its line.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        let mut environment = python_environment();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        environment.set_syntax(syntax.keep_trailing_newline(true).build().map_err(|error| describe(&error))?);
        environment.add_filter("tojson", python::sorted_json);
        environment.add_filter("regex_replace", regex_replace);
        // Jinja2 reads every kind of line end in a template as \n.
        let environment = compiled(environment, NAME, source)?;
        Ok(Self { environment: Arc::new(environment), source: source.to_owned() })
    }

    /// The text as it stands in the task file.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// # Errors
    /// What went wrong, with the template's line.
    pub(crate) fn render(&self, document: &Value) -> Result<String, String> {
        // `~` puts the engine's own text of a number in, which differs from Python's where that has an exponent.
        if self.source.contains('~') && has_exponent(document) {
            return Err(
                "`~` and a number such as 1e-05 or 1e+16 in the document; write `value | string` before `~`".into()
            );
        }
        rendered(&self.environment, NAME, python::to_jinja(document))
    }
}

/// Whether a number in the document is written with an exponent in Python.
fn has_exponent(value: &Value) -> bool {
    match value {
        Value::Float(number) => number.is_finite() && *number != 0.0 && !(1e-4..1e16).contains(&number.abs()),
        Value::List(list) => list.iter().any(has_exponent),
        Value::Map(entries) => entries.iter().any(|(_, value)| has_exponent(value)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) => false,
    }
}

/// The environment with its one template.
///
/// # Errors
/// What is wrong with the template, with its line.
pub(super) fn compiled(
    mut environment: Environment<'static>,
    name: &'static str,
    source: &str,
) -> Result<Environment<'static>, String> {
    Bound::TemplateBytes.check(source.len()).map_err(|problem| format!("template: {problem}"))?;
    let text = tuples::as_calls(&source.replace("\r\n", "\n").replace('\r', "\n"));
    let (length, compile) = (text.len(), move || match environment.add_template_owned(name, text) {
        Ok(()) => Ok(environment),
        Err(error) => Err(describe(&error)),
    });
    match length {
        0..SHORT => bounds::survive(compile)?,
        _ => {
            let patience = Duration::from_secs(Bound::TemplateSeconds.get());
            bounds::elsewhere(length.saturating_mul(STACK_PER_BYTE), patience, compile)
                .map_err(|problem| format!("template: {problem}: it {}", Bound::TemplateSeconds.exceeded()))?
        }
    }
}

/// What the template makes of a context.
///
/// # Errors
/// What went wrong, with the template's line.
pub(super) fn rendered(
    environment: &Arc<Environment<'static>>,
    name: &'static str,
    context: Jinja,
) -> Result<String, String> {
    rendered_within(environment, name, context, Duration::from_secs(Bound::TemplateSeconds.get()))
}

fn rendered_within(
    environment: &Arc<Environment<'static>>,
    name: &'static str,
    context: Jinja,
    patience: Duration,
) -> Result<String, String> {
    let own = Arc::clone(environment);
    let render = move || {
        let outcome = own.get_template(name).and_then(|template| template.render(context));
        outcome.map_err(|error| (error.kind() == ErrorKind::OutOfFuel, describe(&error)))
    };
    let outcome = match environment.get_template(name) {
        Ok(template) if is_plain(template.source()) => bounds::survive(render)?,
        _ => {
            let stack = Bound::TemplateSteps.size().saturating_mul(STACK_PER_STEP);
            bounds::elsewhere(stack, patience, render)
                .map_err(|problem| format!("template: {problem}: it {}", Bound::TemplateSeconds.exceeded()))?
        }
    };
    outcome
        .map_err(|(costly, said)| if costly { format!("{said}; it {}", Bound::TemplateSteps.exceeded()) } else { said })
}

/// Whether a template can only put values together as often as it says: without statements and repetition nothing in it
/// grows beyond its own length, and no list is in itself twice and again.
fn is_plain(source: &str) -> bool {
    source.len() < SHORT && !source.contains("{%") && !source.contains('*')
}

/// The environment of all templates: nothing is escaped, values print as in Python, and its methods can be called.
pub(super) fn python_environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(Bound::TemplateSteps.get()));
    environment.set_recursion_limit(Bound::TemplateCalls.size().min(MOST_CALLS));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(|out, state, value| {
        if value.is_undefined() {
            // An error where that is strict, but for `{{ a if b }}`, which prints nothing.
            return minijinja::escape_formatter(out, state, value);
        }
        match value.as_str() {
            Some(text) => out.write_str(text).map_err(Error::from),
            None => out.write_str(&python::text(value)?).map_err(Error::from),
        }
    });
    environment.set_unknown_method_callback(|state, value, name, arguments| method(state, value, name, arguments));
    environment.add_function(tuples::CALL, python::tuple);
    environment.add_function("range", range);
    environment.add_filter("string", |value: Jinja| python::text(&value));
    environment.add_filter("items", |value: Jinja| map_method(&value, "items", &[]));
    environment.add_filter("dictsort", |value: &Jinja, options: Kwargs| {
        python::tuples(&filters::dictsort(value, options)?, &[])
    });
    environment.add_filter("groupby", |value: Jinja, attribute: Option<&str>, options: Kwargs| {
        python::tuples(&filters::groupby(value, attribute, options)?, &["grouper", "list"])
    });
    environment.add_filter("indent", indent);
    environment.add_filter("escape", escape);
    environment.add_filter("e", escape);
    environment.add_filter("join", join);
    environment.add_filter(
        "replace",
        |state: &State<'_, '_>, value: Jinja, old: Jinja, new: Jinja, count: Option<i64>| {
            let arguments: Vec<Jinja> = [Some(old), Some(new), count.map(Jinja::from)].into_iter().flatten().collect();
            let arguments = arguments.iter().map(printed).collect::<Result<Vec<_>, Error>>()?;
            method(state, &printed(&value)?, "replace", &arguments)
        },
    );
    environment.add_filter("trim", |state: &State<'_, '_>, value: Jinja, chars: Option<Jinja>| {
        method(state, &printed(&value)?, "strip", &chars.into_iter().collect::<Vec<_>>())
    });
    environment
}

/// A value as text where it is none; numbers of times stay what they are.
fn printed(value: &Jinja) -> Result<Jinja, Error> {
    Ok(match value.is_integer() {
        true => value.clone(),
        false => python::text(value)?.into(),
    })
}

/// Text for HTML, with the five signs as MarkupSafe writes them.
fn escape(state: &State<'_, '_>, value: Jinja) -> Result<String, Error> {
    let text = python::text(&value)?;
    afford(state, text.len().saturating_mul(5))?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    Ok(out)
}

/// The items of a list, or one attribute of each, as one text.
fn join(state: &State<'_, '_>, list: Jinja, between: Option<Jinja>, options: Kwargs) -> Result<String, Error> {
    let between = match between {
        Some(between) => Some(between),
        None => options.get::<Option<Jinja>>("d")?,
    };
    let between = between.map_or_else(|| Ok(String::new()), |between| python::text(&between))?;
    let attribute = options.get::<Option<Jinja>>("attribute")?;
    options.assert_all_used()?;
    let mut out = String::new();
    for (at, item) in list.try_iter()?.enumerate() {
        let item = match &attribute {
            Some(attribute) => item.get_item(attribute)?,
            None => item,
        };
        if item.is_undefined() {
            return Err(ErrorKind::UndefinedError.into());
        }
        out.push_str(if at == 0 { "" } else { &between });
        out.push_str(&python::text(&item)?);
        afford(state, out.len())?;
        state.consume_fuel(1)?;
    }
    Ok(out)
}

/// Text with every line but the first indented, by so many spaces or by a text. As in jinja2 the last newline stays, and
/// every kind of newline becomes `\n`.
fn indent(state: &State<'_, '_>, text: &str, arguments: Rest<ValueOrKwargs>) -> Result<String, Error> {
    type Arguments = (Option<Jinja>, Option<bool>, Option<bool>, Kwargs);
    let arguments: Vec<Jinja> = arguments.0.into_iter().map(Jinja::from).collect();
    let (width, first, blank, options) = from_args::<Arguments>(&arguments)?;
    let given = |name: &str, own: Option<bool>| -> Result<bool, Error> {
        Ok(own.or(options.get::<Option<bool>>(name)?).unwrap_or(false))
    };
    let width = match width {
        Some(width) => Some(width),
        None => options.get::<Option<Jinja>>("width")?,
    };
    let (first, blank) = (given("first", first)?, given("blank", blank)?);
    options.assert_all_used()?;
    let ended = format!("{text}\n");
    let lines = python::lines(&ended, false);
    let by = match width.as_ref().map_or(Some(4), Jinja::as_usize) {
        Some(spaces) => {
            afford(state, spaces.saturating_mul(lines.len().max(1)))?;
            " ".repeat(spaces)
        }
        None => python::text(&width.unwrap_or_default())?,
    };
    afford(state, by.len().saturating_mul(lines.len()).saturating_add(text.len()))?;
    let mut out = String::with_capacity(text.len());
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if (at == 0 && first) || (at > 0 && (blank || !line.is_empty())) {
            out.push_str(&by);
        }
        out.push_str(line);
    }
    Ok(out)
}

pub(super) fn describe(error: &Error) -> String {
    let mut text = "template".to_owned();
    if let Some(line) = error.line() {
        text += &format!(" line {line}");
    }
    text += &format!(": {}", error.kind());
    if let Some(detail) = error.detail() {
        text += &format!(": {detail}");
    }
    text
}

/// Python's `range`.
fn range(first: i64, second: Option<i64>, step: Option<i64>) -> Result<Jinja, Error> {
    let (from, to) = second.map_or((0, first), |to| (first, to));
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(wrong("`range` needs a step that is not 0"));
    }
    let span = (i128::from(to) - i128::from(from)) * i128::from(step.signum());
    let count = if span > 0 { (span - 1) / i128::from(step).abs() + 1 } else { 0 };
    if count > LONGEST_RANGE {
        return Err(wrong(format!("`range` has {count} items, at most {LONGEST_RANGE} are made")));
    }
    Ok(Jinja::make_iterable(move || (0..count as i64).map(move |at| from + at * step)))
}

fn regex_replace(
    state: &State<'_, '_>,
    text: &str,
    pattern: &str,
    replacement: &str,
    count: Option<usize>,
) -> Result<String, Error> {
    let pattern = Pattern::new(pattern).map_err(wrong)?;
    // No match is shorter than nothing.
    afford(state, text.len().saturating_add(1).saturating_mul(replacement.len() / BYTES_PER_STEP))?;
    pattern.replace(text, replacement, count.unwrap_or(0)).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str) -> Result<String, String> {
        let document =
            Value::Map(vec![("text".into(), "a b c".into()), ("list".into(), Value::List(vec![1.into(); 3]))]);
        Template::new(source)?.render(&document)
    }

    /// `{% for %}` within `{% for %}`, each of as many turns as a range has.
    fn looped(setup: &str, inner: &str) -> String {
        format!(
            "{{% set ns = namespace(x='ab', y=[], n=0) %}}{setup}{{% for i in range(100000) %}}{{% for j in range(100000) %}}\
             {inner}{{% endfor %}}{{% endfor %}}"
        )
    }

    // What jinja2 3.1.6 makes of the same.
    #[test]
    fn filters_see_numbers_and_signs_as_python_does() {
        let document = Value::Map(vec![
            ("x".into(), Value::Float(1e-5)),
            ("xs".into(), Value::List(vec![Value::Float(1e16), Value::Float(1e-5), Value::Int(3), Value::Bool(true)])),
            ("html".into(), "<b>&\"'</b>".into()),
            ("of".into(), Value::List(vec![Value::Map(vec![("n".into(), Value::Float(2.0))])])),
        ]);
        let render = |source: &str| Template::new(source).and_then(|template| template.render(&document));
        for (source, wanted) in [
            ("{{ xs | join(',') }}", "1e+16,1e-05,3,True"),
            ("{{ xs | join }}", "1e+161e-053True"),
            ("{{ of | join('', attribute='n') }}", "2.0"),
            ("{{ x | trim }} {{ x | e }} {{ x | replace('e', 'E') }}", "1e-05 1e-05 1E-05"),
            ("{{ 'aXbXc' | replace('X', '-', 1) }} {{ '--a-' | trim('-') }}", "a-bXc a"),
            ("{{ html | e }}", "&lt;b&gt;&amp;&#34;&#39;&lt;/b&gt;"),
        ] {
            assert_eq!(render(source).as_deref(), Ok(wanted), "{source}");
        }
        assert!(render("{{ 'a' ~ x }}").unwrap_err().contains("| string"));
    }

    #[test]
    fn no_template_takes_more_than_its_steps() {
        let grows = [
            "ns.x ~ ns.x",
            "ns.x + ns.x",
            "ns.x * 2",
            "ns.x.replace('a', 'aa')",
            "ns.x | replace('a', 'aa')",
            "ns.x.join([ns.x, ns.x])",
            "[ns.x, ns.x] | join(ns.x)",
            "ns.x | indent(1000000000)",
            "'%s%s' | format(ns.x, ns.x)",
            "ns.x | regex_replace('', ns.x)",
            "(ns.x | list) * 100000",
            "[ns.x, ns.x] | string",
            "[ns.x, ns.x] | tojson",
            "ns.x.split('b') | join(ns.x)",
            "ns.x | center(1000000000)",
            "ns.x | batch(1000000000) | list",
        ];
        for expression in grows {
            let failed = render(&looped("", &format!("{{% set ns.x = {expression} %}}")));
            assert!(failed.is_err(), "{expression}");
        }
        let costly = [
            "'x' * 10000000000",
            "[1] * 10000000000",
            "range(10000000000)",
            "range(-9223372036854775807, 9223372036854775807)",
            "text.center(10000000000)",
            "text | indent(10000000000)",
            "[[1]] | tojson(indent=10000000000)",
            "'%10000000000d' | format(1)",
            "2 ** 2 ** 2 ** 2 ** 2 ** 2 ** 2",
            "range(99999) | map('string') | join('x' * 1000)",
        ];
        for expression in costly {
            let _ = render(&format!("{{{{ {expression} }}}}"));
        }
        assert!(render("{{ 'x' * 10000000000 }}").unwrap_err().contains("template-steps"));
        assert!(render(&looped("", "")).unwrap_err().contains("--bound template-steps=NUMBER"));
        assert!(render(&looped("", "x")).is_err() && render(&looped("", "{{ ns.x }}")).is_err());
        assert!(render("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}").is_err());
    }

    #[test]
    fn no_nesting_overflows_the_stack() {
        for inner in [
            "{% set ns.y = [ns.y] %}",
            "{% set ns.y = {'a': ns.y} %}",
            "{% set ns.y = (ns.y, 1) %}",
            "{% set ns.y = [ns.y] + [1] %}",
            "{% set ns.y = ns.y | list | reverse %}",
            "{% set ns.y = [ns.y, ns.y] %}",
        ] {
            assert!(render(&looped("", inner)).is_err(), "{inner}");
        }
        for end in [
            "",
            "{{ ns.y }}",
            "{{ ns.y ~ 'x' }}",
            "{{ ns.y == [ns.y] }}",
            "{{ ns.y | tojson }}",
            "{{ ns.y | string }}",
            "{{ [ns.y].index(ns.y) }}",
            "{{ [ns.y, ns.y] | unique }}",
            "{{ [ns.y, [ns.y]] | sort }}",
            "{{ {ns.y: 1} }}",
            "{{ ns.y in [[ns.y]] }}",
            "{{ [ns.y] | max }}",
        ] {
            let deep = "{% for i in range(90000) %}{% set ns.y = [ns.y] %}{% endfor %}";
            let _ = render(&format!("{{% set ns = namespace(y=[]) %}}{deep}{end}"));
        }
        for depth in [500, 20_000] {
            for (open, close) in
                [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("{'a':", "}"), ("1 if 1 else ", ""), ("[1][", "]")]
            {
                let _ = render(&format!("{{{{ {}1{} }}}}", open.repeat(depth), close.repeat(depth)));
            }
            for step in [" + 1", ".a", "[0]", " | string", "()", " and 1", " ** 1", " if 1", " == 1", " is defined"] {
                let _ = render(&format!("{{{{ 1{} }}}}", step.repeat(depth)));
            }
            for (open, close) in
                [("{% if 1 %}", "{% endif %}"), ("{% for i in [1] %}", "{% endfor %}"), ("{% set x %}", "{% endset %}")]
            {
                let _ = render(&format!("{}{}", open.repeat(depth), close.repeat(depth)));
            }
            let _ = render(&format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(depth)));
        }
        let _ = render(&format!("{{{{ 1{} }}}}", " ~ 1".repeat(2_000)));
        assert!(render(&"x".repeat(Bound::TemplateBytes.size() + 1)).unwrap_err().contains("template-bytes"));
    }

    #[test]
    fn lists_that_hold_one_another_twice_each_end_in_a_sentence() {
        let set = "{% set ns = namespace(y=[]) %}{% for i in range(60) %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}";
        for end in ["{{ ns.y }}", "{{ ns.y | tojson }}", "{{ ns.y | string }}", "{{ [ns.y].index(ns.y) }}"] {
            assert!(render(&format!("{set}{end}")).is_err(), "{end}");
        }
        let template = Template::new(&format!("{set}{{{{ ns.y ~ 'x' }}}}")).expect("a template");
        let late = rendered_within(&template.environment, NAME, Jinja::from(()), Duration::from_millis(100));
        assert!(late.expect_err("it does not end").contains("--bound template-seconds=NUMBER"));
    }

    #[test]
    fn text_is_taken_apart_as_python_does_it() {
        let cases = [
            ("{{ 'a,b,c'.split(',', maxsplit=1) }}", "['a', 'b,c']"),
            ("{{ 'a b  c'.split(maxsplit=1) }}", "['a', 'b  c']"),
            ("{{ 'a b  c'.split(none) }}", "['a', 'b', 'c']"),
            ("{{ 'a,b,c'.rsplit(sep=',', maxsplit=1) }}", "['a,b', 'c']"),
            ("{{ 'a\\rb\x0bc\\r\\nd\\n'.splitlines() }}", "['a', 'b', 'c', 'd']"),
            ("{{ 'a\\r\\nb'.splitlines(keepends=true) }}", "['a\\r\\n', 'b']"),
            ("{{ {'b':1,'A':2} | dictsort }}", "[('A', 2), ('b', 1)]"),
            ("{% for a, b in {'b':1,'A':2} | dictsort(by='value') %}{{ a }}{{ b }}{% endfor %}", "b1A2"),
            (
                "{{ [{'k':1,'v':'x'},{'k':0,'v':'y'}] | groupby('k') }}",
                "[(0, [{'k': 0, 'v': 'y'}]), (1, [{'k': 1, 'v': 'x'}])]",
            ),
            (
                "{% for g in [{'k':1}] | groupby('k') %}{{ g.grouper }}{{ g.list | length }}{{ g[0] }}{% endfor %}",
                "111",
            ),
            ("{{ 'a\\n\\nb\\n' | indent(2, true) }}|", "  a\n\n  b\n|"),
            ("{{ 'a\\n\\nb' | indent('> ', blank=true) }}|", "a\n> \n> b|"),
            ("{{ 'a\\r\\nb' | indent }}|{{ '' | indent(2, true) }}|", "a\n    b|  |"),
            ("{{ 'aaa'.replace('a', 'b', count=2) }}", "bba"),
            ("{{ 'ab'.replace('', '-') }}{{ 'ab'.count('') }}{{ 'ab'.find('') }}{{ 'ab'.rfind('') }}", "-a-b-302"),
            ("{{ 'a-b'.partition('-') }}", "('a', '-', 'b')"),
        ];
        for (source, expected) in cases {
            assert_eq!(render(source).as_deref(), Ok(expected), "{source}");
        }
        for method in ["split", "rsplit", "partition", "rpartition"] {
            let refused = render(&format!("{{{{ text.{method}('') }}}}")).expect_err(method);
            assert!(refused.contains("empty separator"), "{method}: {refused}");
        }
        for call in ["split(by=',')", "strip(chars='a')", "partition(sep='')", "split(1)"] {
            assert!(render(&format!("{{{{ text.{call} }}}}")).is_err(), "{call}");
        }
    }

    #[test]
    fn a_long_template_and_many_steps_give_what_a_short_one_gives() {
        let long = "{{ text }}".repeat(5_000);
        assert_eq!(render(&long).unwrap(), "a b c".repeat(5_000));
        assert_eq!(render("{% for i in range(30000) %}{{ i % 10 }}{% endfor %}").unwrap(), "0123456789".repeat(3_000));
        assert_eq!(
            render("{{ range(5, -1, -2) | list }}{{ range(3) | list }}{{ range(1, 1) | list }}").unwrap(),
            "[5, 3, 1][0, 1, 2][]"
        );
        assert_eq!(render("{{ list.count(1) }}{{ list.index(1) }}{{ '-'.join(list) }}").unwrap(), "301-1-1");
    }
}
