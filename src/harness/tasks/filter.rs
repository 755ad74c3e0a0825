//! Filters between what a model wrote and what is scored: `filter_list`.
//!
//! Each entry is a chain with a name; every chain starts from the same answers, and each gives its own metrics. An item
//! has `repeats` answers; a chain ends in one of them (`take_first`).

use std::sync::LazyLock;

use super::node::Node;
use super::output::Output;
use super::python::strip;
use super::regex::Pattern;
use super::value::Value;
use crate::error::Result;

/// The number after four hashes, as GSM8K writes it.
const NUMBER: &str = r"#### (\-?[0-9\.\,]+)";

/// A named chain of filters.
#[derive(Debug, Clone)]
pub(super) struct Ensemble {
    pub name: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    TakeFirst,
    TakeFirstFew(usize),
    MajorityVote,
    RemoveWhitespace,
    Lowercase,
    Uppercase,
    Regex {
        pattern: Box<Pattern>,
        group_select: i64,
        fallback: String,
    },
    Map {
        known: Vec<(String, Value)>,
        otherwise: Value,
    },
    Choice(Box<Choice>),
    /// Named entities, each kind written in one way.
    Spans,
}

/// `multi_choice_regex`: a letter, or the text of a choice in its place.
#[derive(Debug, Clone)]
struct Choice {
    pattern: Pattern,
    group_select: i64,
    fallback: String,
    ignore_case: bool,
    ignore_punctuation: bool,
    regexes_to_ignore: Vec<Pattern>,
}

/// The answers of one item on their way through a chain.
#[derive(Debug, Clone)]
enum Answers {
    Many(Vec<Value>),
    One(Value),
}

impl Ensemble {
    /// The chains of a task; without `filter_list` one named `none` that takes the first answer.
    ///
    /// # Errors
    /// A filter that is not known, or that cannot be used on this kind of answer, with its line.
    pub(crate) fn read(list: Option<&Node>, output: Output) -> Result<Vec<Self>> {
        let Some(list) = list else {
            return Ok(vec![Self { name: "none".to_owned(), steps: vec![Step::TakeFirst] }]);
        };
        let super::node::Content::List(chains) = &list.content else {
            return Err(list.wrong("`filter_list` must be a list"));
        };
        let mut read: Vec<Self> = Vec::new();
        for chain in chains {
            let name = chain.given("name").ok_or_else(|| chain.wrong("a filter has no `name`"))?.text()?;
            if read.iter().any(|other| other.name == name) {
                return Err(chain.wrong(format!("there are two filters named `{name}`")));
            }
            let steps = chain.given("filter").ok_or_else(|| chain.wrong(format!("`{name}` has no `filter`")))?;
            let super::node::Content::List(steps) = &steps.content else {
                return Err(steps.wrong("`filter` must be a list"));
            };
            let mut chain = Self { name: name.to_owned(), steps: Vec::new() };
            for node in steps {
                let step = Step::read(node)?;
                let fits = output == Output::GenerateUntil || matches!(step, Step::TakeFirst | Step::TakeFirstFew(_));
                if !fits {
                    return Err(node.wrong("this filter needs text, the task asks for log-likelihoods"));
                }
                if chain.steps.iter().any(|step| matches!(step, Step::TakeFirst)) {
                    return Err(node.wrong("no filter can follow `take_first`"));
                }
                chain.steps.push(step);
            }
            read.push(chain);
        }
        if read.is_empty() { Err(list.wrong("`filter_list` is empty")) } else { Ok(read) }
    }

    /// What the chain makes of the answers to one request.
    ///
    /// # Errors
    /// A regular expression that gives no answer, or a chain that leaves several answers.
    pub(crate) fn apply(&self, answers: Vec<Value>, document: &Value) -> Result<Value, String> {
        let wrong = |problem: String| format!("filter `{}`: {problem}", self.name);
        let mut answers = Answers::Many(answers);
        for step in &self.steps {
            answers = step.apply(answers, document).map_err(wrong)?;
        }
        Ok(match answers {
            Answers::One(answer) => answer,
            Answers::Many(answers) => Value::List(answers),
        })
    }
}

impl Step {
    fn read(node: &Node) -> Result<Self> {
        let function = node.given("function").ok_or_else(|| node.wrong("a filter has no `function`"))?;
        let name = function.text()?;
        let allowed: &[&str] = match name {
            "regex" => &["regex_pattern", "group_select", "fallback"],
            "take_first_k" => &["k"],
            "map" => &["mapping_dict", "default_value"],
            "multi_choice_regex" => {
                &["regex_pattern", "group_select", "fallback", "ignore_case", "ignore_punctuation", "regexes_to_ignore"]
            }
            _ => &[],
        };
        for (key, node) in node.entries() {
            if key != "function" && !allowed.contains(&key.as_str()) {
                return Err(node.wrong(format!("`{key}` is not known for the filter `{name}`")));
            }
        }
        Ok(match name {
            "take_first" => Self::TakeFirst,
            "majority_vote" => Self::MajorityVote,
            "remove_whitespace" => Self::RemoveWhitespace,
            "lowercase" => Self::Lowercase,
            "uppercase" => Self::Uppercase,
            "take_first_k" => {
                let k = node.given("k").ok_or_else(|| node.wrong("`take_first_k` needs `k`"))?;
                let few = usize::try_from(k.whole()?).ok().filter(|few| *few > 0);
                Self::TakeFirstFew(few.ok_or_else(|| k.wrong("at least one answer must stay"))?)
            }
            "regex" => {
                let pattern = node.given("regex_pattern").map_or(Ok(NUMBER), Node::text)?;
                Self::Regex {
                    pattern: Box::new(Pattern::new(pattern).map_err(|problem| node.wrong(problem))?),
                    group_select: node.given("group_select").map_or(Ok(0), Node::whole)?,
                    fallback: node.given("fallback").map_or(Ok("[invalid]"), Node::text)?.to_owned(),
                }
            }
            "format_span" => Self::Spans,
            "multi_choice_regex" => {
                let compiled = |pattern: &str| Pattern::new(pattern).map_err(|problem| node.wrong(problem));
                let ignored = node.given("regexes_to_ignore").map_or(Ok(Vec::new()), Node::texts)?;
                Self::Choice(Box::new(Choice {
                    pattern: compiled(node.given("regex_pattern").map_or(Ok(NUMBER), Node::text)?)?,
                    group_select: node.given("group_select").map_or(Ok(0), Node::whole)?,
                    fallback: node.given("fallback").map_or(Ok("[invalid]"), Node::text)?.to_owned(),
                    ignore_case: node.given("ignore_case").is_some_and(Node::is_true),
                    ignore_punctuation: node.given("ignore_punctuation").is_some_and(Node::is_true),
                    regexes_to_ignore: ignored.iter().map(|pattern| compiled(pattern)).collect::<Result<_>>()?,
                }))
            }
            "map" => {
                let known = node.given("mapping_dict").map(Node::data).transpose()?.unwrap_or_default();
                let Value::Map(known) = known else { return Err(node.wrong("`mapping_dict` must be a mapping")) };
                let otherwise = node.given("default_value").map(Node::data).transpose()?.unwrap_or_default();
                Self::Map { known, otherwise }
            }
            other => {
                return Err(function.wrong(format!(
                    "the filter `{other}` is not supported; supported: regex, take_first, take_first_k, \
                     majority_vote, remove_whitespace, lowercase, uppercase, map, multi_choice_regex, format_span"
                )));
            }
        })
    }

    fn apply(&self, answers: Answers, document: &Value) -> Result<Answers, String> {
        let Answers::Many(answers) = answers else { return Err("an answer was already chosen".to_owned()) };
        Ok(Answers::Many(match self {
            Self::TakeFirst => {
                return answers.into_iter().next().map(Answers::One).ok_or_else(|| "there is no answer".to_owned());
            }
            Self::TakeFirstFew(few) if answers.len() < *few => {
                return Err(format!("{few} answers are needed, there are {} (`repeats`)", answers.len()));
            }
            Self::TakeFirstFew(few) => answers.into_iter().take(*few).collect(),
            Self::MajorityVote => vec![majority(answers)],
            Self::RemoveWhitespace => each_text(answers, |text| Ok(strip(text).to_owned()))?,
            Self::Lowercase => each_text(answers, |text| Ok(text.to_lowercase()))?,
            Self::Uppercase => each_text(answers, |text| Ok(text.to_uppercase()))?,
            Self::Regex { pattern, group_select, fallback } => answers
                .iter()
                .map(|answer| select(pattern, *group_select, fallback, answer.as_text().unwrap_or_default()))
                .collect::<Result<_, _>>()?,
            Self::Choice(choice) => answers
                .iter()
                .map(|answer| choice.of(answer.as_text().unwrap_or_default(), document).map(Value::Text))
                .collect::<Result<_, _>>()?,
            Self::Spans => each_text(answers, spans)?,
            Self::Map { known, otherwise } => {
                let look_up = |answer: Value| {
                    let found = known.iter().find(|(key, _)| Some(key.as_str()) == answer.as_text());
                    found.map_or_else(|| otherwise.clone(), |(_, value)| value.clone())
                };
                answers.into_iter().map(look_up).collect()
            }
        }))
    }
}

impl Choice {
    /// The match that `group_select` names, or its first group that is not empty; nothing where that is empty.
    fn found(&self, pattern: &Pattern, text: &str) -> Result<String, String> {
        let found = pattern.find_all(text)?;
        let at = if self.group_select < 0 { found.len() as i64 + self.group_select } else { self.group_select };
        let chosen = usize::try_from(at).ok().and_then(|at| found.get(at));
        let text = chosen.and_then(|groups| groups.iter().find(|group| !group.is_empty()));
        Ok(text.map_or(String::new(), |text| strip(text).to_owned()))
    }

    fn bare(&self, text: &str) -> Result<String, String> {
        static PUNCTUATION: LazyLock<Result<Pattern, String>> = LazyLock::new(|| Pattern::new(r"\p{P}"));
        let mut text = text.to_owned();
        for pattern in &self.regexes_to_ignore {
            text = pattern.replace(&text, "", 0)?;
        }
        if self.ignore_case {
            text = text.to_lowercase();
        }
        if self.ignore_punctuation {
            text = PUNCTUATION.as_ref()?.replace(&text, "", 0)?;
        }
        Ok(text)
    }

    fn of(&self, answer: &str, document: &Value) -> Result<String, String> {
        let direct = self.found(&self.pattern, answer)?;
        if !direct.is_empty() {
            return Ok(direct);
        }
        let choices = document.get("choices").and_then(Value::as_list).ok_or("`choices` of the document is no list")?;
        let choices = choices.iter().map(|choice| choice.as_text().ok_or("a choice is not text"));
        let mut texts = Vec::new();
        for choice in choices {
            texts.push(self.bare(strip(choice?))?);
        }
        let letters: Vec<String> =
            (0..texts.len()).filter_map(|at| char::from_u32(u32::from('A') + at as u32)).map(String::from).collect();
        // The last of equal choices counts.
        let by_text = Pattern::new(&texts.iter().map(|text| escaped(text)).collect::<Vec<_>>().join("|"))?;
        let text = self.found(&by_text, &self.bare(answer)?)?;
        if let Some(at) = texts.iter().rposition(|known| *known == text && !text.is_empty()) {
            return Ok(format!("({})", letters[at]));
        }
        if !text.is_empty() {
            return Ok(text);
        }
        let by_letter = Pattern::new(&format!(r":[\s]*({})", letters.join("|")))?;
        let letter = self.found(&by_letter, answer)?;
        Ok(if letter.is_empty() { self.fallback.clone() } else { format!("({letter})") })
    }
}

/// A pattern for just this text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "()[]{}?*+-|^$\\.&~#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Names of kinds of entities and how they are written.
const KINDS: [(&str, &str); 15] = [
    ("person", "PER"),
    ("location", "LOC"),
    ("organization", "ORG"),
    ("counties", "LOC"),
    ("places", "LOC"),
    ("people", "PER"),
    ("persons", "PER"),
    ("company", "ORG"),
    ("country", "LOC"),
    ("continent", "LOC"),
    ("time", "DATE"),
    ("date", "DATE"),
    ("per", "PER"),
    ("loc", "LOC"),
    ("org", "ORG"),
];

/// Named entities as `kind: entity $ kind: entity`.
fn spans(text: &str) -> Result<String, String> {
    static ENTITY: LazyLock<Result<Pattern, String>> =
        LazyLock::new(|| Pattern::new(r"\b(PER|LOC|ORG|DATE):\s*([^$]+)"));
    let mut text = text.to_lowercase();
    for (kind, written) in KINDS {
        text = Pattern::new(&format!(r"\b{kind}\s*:"))?.replace(&text, &format!("{written}:"), 0)?;
    }
    let text = text.replace("$$", "$");
    let text = text.trim_end_matches('$').replace('\n', "$");
    let mut out = Vec::new();
    for found in ENTITY.as_ref()?.find_all(strip(&text))? {
        let [kind, entities] = found.as_slice() else { continue };
        for entity in entities.split(',').map(strip).filter(|entity| entity.to_lowercase() != "none") {
            out.push(format!("{}: {entity}", kind.to_lowercase()));
        }
    }
    Ok(out.join(" $ "))
}

fn each_text(answers: Vec<Value>, change: impl Fn(&str) -> Result<String, String>) -> Result<Vec<Value>, String> {
    let changed = answers.iter().map(|answer| match answer {
        Value::Text(text) => change(text).map(Value::Text),
        other => Err(format!("the answer is {}, not text", other.kind())),
    });
    changed.collect()
}

/// The most frequent answer; among equals the one that came first.
fn majority(answers: Vec<Value>) -> Value {
    let mut counts: Vec<(Value, usize)> = Vec::new();
    for answer in answers {
        match counts.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, count)) => *count += 1,
            None => counts.push((answer, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    counts.into_iter().find(|(_, count)| *count == most).map_or(Value::Null, |(answer, _)| answer)
}

/// The chosen match: the whole of it, or its first group that is not empty.
fn select(pattern: &Pattern, group_select: i64, fallback: &str, text: &str) -> Result<Value, String> {
    let found = pattern.find_all(text)?;
    let count = found.len() as i64;
    // Beyond the last match lm-evaluation-harness stops with an error; one such item should not end a run.
    let at = if group_select < 0 { count + group_select } else { group_select };
    let chosen = usize::try_from(at).ok().and_then(|at| found.get(at));
    Ok(match chosen {
        Some(groups) if groups.len() == 1 => strip(&groups[0]),
        Some(groups) => groups.iter().find(|group| !group.is_empty()).map_or(fallback, |group| strip(group)),
        None => fallback,
    }
    .into())
}
