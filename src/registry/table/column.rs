//! What a column holds, and how the columns of a file are told by their names.
//!
//! Names are compared without case, spaces and punctuation. The unit of a size stands in brackets at the end of its name
//! or is a word of it: `Model Size (B)`, `Params_B` and `params in billions` are params in units of 10⁹, `FLOPs (1E21)`
//! and `training ZFLOPs` compute in units of 10²¹, `log10 FLOPs` its logarithm.

use super::unit::{self, Unit};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Any finite number.
    Number,
    /// A finite number above zero.
    Positive,
    /// A number above zero that may end in its own unit (K, M, B or T), else in the unit that the column's name says.
    Size,
    /// A finite number from 0 to 1.
    Share,
    /// A whole number, 0 or more.
    Count,
    /// A month such as `2023-11`.
    Month,
    /// A date such as `2024-04-18` or `2024-04-18T09:30:00Z`.
    Date,
    /// `true` or `false`.
    Flag,
}

/// The declaration of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in the header.
    pub name: &'static str,
    /// The names that other collections give it, in lower case and without punctuation; the first that a table has is
    /// taken.
    pub synonyms: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// Unit or meaning, for documentation.
    pub unit: &'static str,
    /// Whether the table must have it, with a value in every row.
    pub required: bool,
}

impl Column {
    /// A column that every table must have, with a value in every row.
    pub const fn required(name: &'static str, kind: Kind, unit: &'static str) -> Self {
        Self { name, synonyms: &[], kind, unit, required: true }
    }

    /// A column that may be absent or have empty cells.
    pub(crate) const fn optional(name: &'static str, kind: Kind, unit: &'static str) -> Self {
        Self { name, synonyms: &[], kind, unit, required: false }
    }

    /// The same column, which other collections call by these names.
    pub(crate) const fn also(self, synonyms: &'static [&'static str]) -> Self {
        Self { synonyms, ..self }
    }

    /// The same column in a table where it means this.
    pub(crate) const fn meaning(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Its place among these names, and its unit there: as it is called here, or else as others call it, or else, if it is
    /// a size, with its unit among the words of its name.
    pub(super) fn position(&self, names: &[String]) -> Option<(usize, Stated)> {
        if let Some(at) = names.iter().position(|name| name == self.name) {
            return Some((at, Stated::Nothing));
        }
        let own = fold(self.name);
        let wanted: Vec<&str> = std::iter::once(own.as_str()).chain(self.synonyms.iter().copied()).collect();
        let readings: Vec<Vec<Reading>> = names.iter().map(|name| readings(name)).collect();
        let find = |deep: bool| {
            wanted.iter().find_map(|wanted| {
                let called = |reading: &&Reading| reading.base == *wanted && reading.deep == deep;
                let found = |(at, of): (usize, &Vec<Reading>)| Some((at, of.iter().find(called)?.unit.clone()));
                readings.iter().enumerate().find_map(found)
            })
        };
        find(false).or_else(|| find(true).filter(|_| self.kind == Kind::Size))
    }
}

/// What a column's name says about its unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stated {
    Nothing,
    Unit(Unit),
    /// Something in brackets that is no unit onset knows.
    Unknown(String),
}

/// One way to understand the name of a column.
struct Reading {
    /// The name without its unit, folded.
    base: String,
    unit: Stated,
    /// Whether words of the name were taken for its unit, not only what stands in brackets.
    deep: bool,
}

/// The place of a name that a person gave: as written, or else without case, spaces and punctuation, or else without its
/// unit. `None` where several names are meant alike: `MMLU` is neither `MMLU (0-shot)` nor `MMLU (5-shot)`.
pub(super) fn position(names: &[String], name: &str) -> Option<usize> {
    let wanted = fold(name);
    let only = |fits: &dyn Fn(&str) -> bool| -> Option<Option<usize>> {
        let mut found = names.iter().enumerate().filter(|(_, name)| fits(name)).map(|(at, _)| at);
        let first = found.next()?;
        Some(found.next().is_none().then_some(first))
    };
    names
        .iter()
        .position(|n| n == name)
        .map(Some)
        .or_else(|| only(&|n| fold(n) == wanted))
        .or_else(|| only(&|n| fold(split_brackets(n).0) == wanted && !says_something_else(n)))
        .flatten()
}

/// Whether what stands in brackets is about a score and is none: `MMLU (SE)` is no MMLU.
fn says_something_else(name: &str) -> bool {
    const ELSE: [&str; 20] = [
        "se",
        "stderr",
        "standarderror",
        "sd",
        "std",
        "stdev",
        "standarddeviation",
        "var",
        "variance",
        "ci",
        "95ci",
        "error",
        "rank",
        "n",
        "items",
        "nitems",
        "count",
        "delta",
        "source",
        "url",
    ];
    split_brackets(name).1.is_some_and(|inside| ELSE.contains(&fold(inside).as_str()))
}

/// Letters and digits only, lower case: what two spellings of one name have in common. What stands between two digits stays,
/// because `1.3b` is not `13b`; only a point is told from other signs.
pub(crate) fn fold(name: &str) -> String {
    let (mut folded, mut between) = (String::with_capacity(name.len()), None);
    for c in name.chars() {
        if !c.is_alphanumeric() {
            between = Some(if c == '.' || between == Some('.') { '.' } else { '-' });
            continue;
        }
        if let Some(sign) = between.take()
            && c.is_ascii_digit()
            && folded.ends_with(|last: char| last.is_ascii_digit())
        {
            folded.push(sign);
        }
        folded.extend(c.to_lowercase());
    }
    folded
}

/// A name and what stands in brackets at its end.
pub(crate) fn split_brackets(name: &str) -> (&str, Option<&str>) {
    let name = name.trim();
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
        if let Some((base, unit)) = name.strip_suffix(close).and_then(|inner| inner.rsplit_once(open)) {
            return (base.trim_end(), Some(unit.trim()));
        }
    }
    (name, None)
}

/// The unit that a column's name states, whatever the column is.
pub(super) fn stated(name: &str) -> Stated {
    let readings = readings(name);
    let units = || readings.iter().map(|reading| &reading.unit);
    units()
        .find(|unit| matches!(unit, Stated::Unknown(_)))
        .or_else(|| units().next_back())
        .cloned()
        .unwrap_or(Stated::Nothing)
}

/// All ways to understand a name, the plainest first.
fn readings(name: &str) -> Vec<Reading> {
    if is_rate(name) {
        return Vec::new();
    }
    let mut found = vec![Reading { base: fold(name), unit: Stated::Nothing, deep: false }];
    let (outside, inside) = split_brackets(name);
    let bracket = match inside {
        None => Unit::ONE,
        Some(inside) => match unit::parse(inside) {
            Some(unit) => {
                found.push(Reading { base: fold(outside), unit: Stated::Unit(unit), deep: false });
                unit
            }
            None => {
                // `log10(compute)` names what it is a logarithm of.
                if let Some(unit) = unit::logarithm(&outside.to_lowercase()) {
                    found.push(Reading { base: fold(inside), unit: Stated::Unit(unit), deep: true });
                }
                found.push(Reading { base: fold(outside), unit: Stated::Unknown(inside.to_owned()), deep: false });
                return found;
            }
        },
    };
    // `log10(FLOPs)`.
    if let (Some(inside), Some(unit)) = (inside, unit::logarithm(&outside.to_lowercase())) {
        found.push(Reading { base: fold(inside), unit: Stated::Unit(unit.and(bracket)), deep: true });
        return found;
    }
    let all = words(outside);
    let (rest, unit) = without_units(all.clone(), bracket);
    if rest != all {
        found.push(Reading { base: rest.concat(), unit: Stated::Unit(unit), deep: true });
    }
    found
}

/// Whether a name is that of something in a second, which is no amount: `FLOP/s`, `tokens per second`.
fn is_rate(name: &str) -> bool {
    let name: String = name.to_lowercase().split_whitespace().collect();
    ["/s", "/sec", "/second", "persecond", "persec"].iter().any(|rate| name.ends_with(rate))
}

/// The words of a name in lower case; what is a unit with a sign in it stays one word.
fn words(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let mut found = Vec::new();
    for word in name.split(|c: char| c.is_whitespace() || matches!(c, '_' | ',' | ':' | '|')) {
        if unit::flop_days(word).is_some() {
            found.push(word.to_owned());
        } else {
            let parts = word.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
            found.extend(parts.map(str::to_owned));
        }
    }
    // `pf days` and `pf_days` are one unit too.
    if let [.., first, second] = &found[..]
        && let joined = format!("{first}-{second}")
        && unit::flop_days(&joined).is_some()
    {
        found.truncate(found.len() - 2);
        found.push(joined);
    }
    found
}

/// The words that are no unit, and the unit that the others make with the one in brackets.
fn without_units(mut words: Vec<String>, mut unit: Unit) -> (Vec<String>, Unit) {
    if words.len() > 1
        && let Some(logarithm) = words.first().and_then(|word| unit::logarithm(word))
    {
        words.remove(0);
        unit = logarithm.and(unit);
    }
    if let Some(last) = words.last() {
        // What is counted in these is FLOPs, whatever else the name says.
        let of_flops = unit::flops(last).map(Unit::times).or_else(|| unit::flop_days(last));
        if let Some(of_flops) = of_flops {
            words.pop();
            words.push("flops".to_owned());
            return (words, unit.and(of_flops));
        }
    }
    let long = |word: &String| word.len() > 2 && word != "log";
    if words.len() > 1
        && let Some(first) = words.first().filter(|word| long(word)).and_then(|word| unit::one_word(word))
        && first != Unit::ONE
    {
        words.remove(0);
        unit = unit.and(first);
        words.retain(|word| word != "of");
    }
    if words.len() > 1
        && let Some(last) = words.last().and_then(|word| unit::one_word(word)).filter(|unit| *unit != Unit::ONE)
    {
        words.pop();
        unit = unit.and(last);
        if words.last().is_some_and(|word| word == "in") {
            words.pop();
        }
    }
    (words, unit)
}

#[cfg(test)]
mod tests {
    use super::{Column, Kind, Stated, fold};
    use crate::registry::columns::{ACTIVE_PARAMS, COMPUTE, PARAMS, TOKENS};

    fn unit(column: &Column, name: &str) -> Option<String> {
        match column.position(&["other".to_owned(), name.to_owned()]) {
            Some((1, Stated::Nothing)) => Some("1".to_owned()),
            Some((1, Stated::Unit(unit))) => Some(unit.to_string()),
            _ => None,
        }
    }

    #[test]
    fn sizes_are_found_with_the_unit_that_their_name_says() {
        let cases: [(&Column, &str, &str); 42] = [
            (&PARAMS, "params", "1"),
            (&PARAMS, "#Params", "1"),
            (&PARAMS, "# Params (B)", "1e9"),
            (&PARAMS, "size", "1"),
            (&PARAMS, "Params_B", "1e9"),
            (&PARAMS, "params_m", "1e6"),
            (&PARAMS, "Params (B)", "1e9"),
            (&PARAMS, "Params[B]", "1e9"),
            (&PARAMS, "params (billions)", "1e9"),
            (&PARAMS, "Params in billions", "1e9"),
            (&PARAMS, "Parameters, millions", "1e6"),
            (&PARAMS, "Billions of parameters", "1e9"),
            (&PARAMS, "num_params_b", "1e9"),
            (&PARAMS, "Model Size (B)", "1e9"),
            (&PARAMS, "model_size_b", "1e9"),
            (&PARAMS, "Parameter count", "1"),
            (&PARAMS, "log10 params", "log10"),
            (&ACTIVE_PARAMS, "Active params (B)", "1e9"),
            (&ACTIVE_PARAMS, "Params (active)", "1"),
            (&TOKENS, "tokens (T)", "1e12"),
            (&TOKENS, "Tokens_T", "1e12"),
            (&TOKENS, "Training tokens (T)", "1e12"),
            (&TOKENS, "Trillion tokens", "1e12"),
            (&TOKENS, "tokens (trillions)", "1e12"),
            (&TOKENS, "Pretraining Data Size (T)", "1e12"),
            (&COMPUTE, "Compute [FLOPs]", "1"),
            (&COMPUTE, "Compute (ZFLOPs)", "1e21"),
            (&COMPUTE, "ZFLOPs", "1e21"),
            (&COMPUTE, "training_zflops", "1e21"),
            (&COMPUTE, "Training compute (FLOP)", "1"),
            (&COMPUTE, "FLOPs (1E21)", "1e21"),
            (&COMPUTE, "FLOPs (10^21)", "1e21"),
            (&COMPUTE, "compute (1e21 FLOPs)", "1e21"),
            (&COMPUTE, "compute_e21", "1e21"),
            (&COMPUTE, "Compute (PF-days)", "8.64e19"),
            (&COMPUTE, "compute pf-days", "8.64e19"),
            (&COMPUTE, "PF-days", "8.64e19"),
            (&COMPUTE, "log10 FLOPs", "log10"),
            (&COMPUTE, "log10(FLOPs)", "log10"),
            (&COMPUTE, "log_compute", "log10"),
            (&COMPUTE, "Compute (log10 FLOPs)", "log10"),
            (&COMPUTE, "log10 training compute (FLOP)", "log10"),
        ];
        for (column, name, wanted) in cases {
            assert_eq!(unit(column, name).as_deref(), Some(wanted), "{name}");
        }
    }

    #[test]
    fn what_is_no_size_is_not_taken_for_one() {
        let names = [
            "size (GB)",
            "size_gb",
            "compute (GPU-hours)",
            "params_x",
            "log_c",
            "tokens per second",
            "FLOP/s",
            "FLOPs/sec",
            "model",
            "T",
        ];
        for name in names {
            for column in [&PARAMS, &TOKENS, &COMPUTE] {
                assert_eq!(unit(column, name), None, "{name}");
            }
        }
        let text = Column::required("model", Kind::Text, "").also(&["name"]);
        assert_eq!(unit(&text, "model_b"), None);
    }

    #[test]
    fn a_name_that_several_columns_have_in_common_is_none_of_them() {
        let names = ["model", "MMLU (0-shot)", "MMLU (5-shot)", "ARC-c (25-shot)"].map(str::to_owned);
        assert_eq!(super::position(&names, "MMLU"), None);
        assert_eq!(super::position(&names, "mmlu 5-shot"), Some(2));
        assert_eq!(super::position(&names, "arc c"), Some(3));
    }

    #[test]
    fn spellings_of_a_name_are_one_and_other_numbers_are_another() {
        assert_eq!(["Qwen1.5-7B", "qwen-1.5-7b", "qwen 1.5 7b", "Qwen_1.5_7B"].map(fold), ["qwen1.5-7b"; 4]);
        assert_ne!(fold("opt-1.3b"), fold("opt-13b"));
        assert_ne!(fold("gpt-2-7b"), fold("gpt-2.7b"));
        assert_eq!(fold(" Model Size "), "modelsize");
    }
}
