//! Jinja templates as lm-evaluation-harness sets its environment up: undefined names are errors, the last newline
//! stays, nothing is escaped, values print as Python's `str()` prints them, and methods of Python's text, lists and
//! dictionaries can be called. One filter is added: `regex_replace(pattern, replacement, count)`.

#[cfg(test)]
mod tests;

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
            let mut arguments = vec![printed(&old)?, printed(&new)?];
            arguments.extend(count.map(Jinja::from));
            method(state, &printed(&value)?, "replace", &arguments)
        },
    );
    environment.add_filter("trim", |state: &State<'_, '_>, value: Jinja, chars: Option<Jinja>| {
        method(state, &printed(&value)?, "strip", &chars.into_iter().collect::<Vec<_>>())
    });
    environment
}

/// A value as text, also where it is a number.
fn printed(value: &Jinja) -> Result<Jinja, Error> {
    Ok(python::text(value)?.into())
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
fn join(
    state: &State<'_, '_>,
    list: Jinja,
    between: Option<Jinja>,
    attribute: Option<Jinja>,
    options: Kwargs,
) -> Result<String, Error> {
    let between = match between {
        Some(between) => Some(between),
        None => options.get::<Option<Jinja>>("d")?,
    };
    let between = between.map_or_else(|| Ok(String::new()), |between| python::text(&between))?;
    let attribute = match attribute {
        Some(attribute) => Some(attribute),
        None => options.get::<Option<Jinja>>("attribute")?,
    };
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
