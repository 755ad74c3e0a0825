//! Which benchmark the name of a score means, in anybody's table, and what a guess scores there.
//!
//! The facts are those of [`BENCHMARKS`] (the benchmarks of arXiv 2407.07890), of their parts, of the subjects of MMLU, and
//! of `data/benchmarks.csv`: number of items as lm-evaluation-harness evaluates them, level of a guess, where it comes from.
//! A name is compared without case, signs, and the words that say how it was scored (`5-shot`, `acc_norm`, `(%)`). The
//! `norm` of these names is lm-evaluation-harness's: likelihoods divided by the length of the option, with the same level
//! of a guess. Only `normalised` alone, as in `BBH (normalised)`, says that a guess scores 0.
//!
//! ```
//! use onset::registry::benchmark_named;
//! let known = benchmark_named("ARC-c (25-shot)").expect("a known benchmark");
//! assert_eq!((known.id.as_ref(), known.chance.actual), ("arc_challenge", Some(0.25)));
//! assert_eq!(benchmark_named("TruthfulQA mc1").map(|known| known.chance.actual), Some(Some(0.226)));
//! assert_eq!(benchmark_named("TruthfulQA mc2").map(|known| known.chance.actual), Some(None));
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::LazyLock;

use super::benchmark::{BENCHMARKS, Benchmark, Chance, Format, Measure, Metric};
use super::table::{Column, Kind, Table, fold};
use crate::Result;

/// The table of benchmarks that are in wide use, beside those of the paper.
const KNOWN: &str = include_str!("../../data/benchmarks.csv");

/// The subjects of MMLU.
const SUBJECTS: &str = include_str!("../../data/mmlu_subjects.csv");

/// Its columns.
const COLUMNS: &[Column] = &[
    Column::required("id", Kind::Text, "name in lm-evaluation-harness"),
    Column::required("name", Kind::Text, "name for people"),
    Column::optional("also", Kind::Text, "other names, separated by semicolons"),
    Column::required("format", Kind::Text, "multiple_choice, cloze or generate"),
    Column::required("metric", Kind::Text, "the metric that is its score"),
    Column::optional("chance", Kind::Text, "score of a guess, as a number or 1/k; empty where it has no fixed level"),
    Column::required("items", Kind::Count, "number of items"),
    Column::required("source", Kind::Text, "where the level comes from"),
];

/// Other names of the benchmarks of the paper, folded, and their ids.
const ALSO: [(&str, &str); 17] = [
    ("arc", "arc_challenge"),
    ("arcc", "arc_challenge"),
    ("arcchallenge", "arc_challenge"),
    ("hellaswag", "hellaswag"),
    ("mmlucontinuation", "mmlu_cloze"),
    // HELM's names of runs.
    ("commonsensehellaswag", "hellaswag"),
    ("commonsensewinogrande", "winogrande"),
    ("winogrande", "winogrande"),
    ("truthfulqamc2", "truthfulqa_mc2"),
    ("mmlupro", "leaderboard_mmlu_pro"),
    ("gpqa", "leaderboard_gpqa"),
    ("musr", "leaderboard_musr"),
    ("bbh", "leaderboard_bbh"),
    ("bigbenchhard", "leaderboard_bbh"),
    ("math", "minerva_math"),
    ("mathlvl5", "leaderboard_math_hard"),
    ("mathhard", "leaderboard_math_hard"),
];

/// Everything that is known, by folded name.
static BY_NAME: LazyLock<HashMap<String, &'static Benchmark>> = LazyLock::new(|| {
    let mut all: HashMap<String, &'static Benchmark> = HashMap::new();
    for benchmark in BENCHMARKS {
        all.insert(fold(&benchmark.id), benchmark);
        all.insert(fold(&benchmark.name), benchmark);
    }
    for (name, id) in ALSO {
        all.extend(BENCHMARKS.iter().find(|b| b.id == id).map(|benchmark| (name.to_owned(), benchmark)));
    }
    // A damaged table is seen by a test; a program built from one knows less and is not wrong.
    for (benchmark, names) in TABLE.iter() {
        all.extend(names.iter().map(|name| (name.clone(), benchmark)));
    }
    for part in PARTS.iter() {
        all.entry(fold(&part.id)).or_insert(part);
        // Others leave out the leaderboard's name in front: `bbh_navigate`.
        if let Some(short) = part.id.strip_prefix("leaderboard_") {
            all.entry(fold(short)).or_insert(part);
        }
        // As lm-evaluation-harness called the subjects before its version 0.4.
        if let Some(subject) = part.id.strip_prefix("mmlu_") {
            all.entry(format!("hendryckstest{}", fold(subject))).or_insert(part);
        }
    }
    all
});

/// The rows of the table with their folded names.
static TABLE: LazyLock<Vec<(Benchmark, Vec<String>)>> = LazyLock::new(|| table().unwrap_or_default());

/// Parts of benchmarks, which are tasks of their own.
static PARTS: LazyLock<Vec<Benchmark>> = LazyLock::new(|| {
    let of = |whole: &Benchmark, id: String, name: String, items: u32, chance: f64| Benchmark {
        id: id.into(),
        name: name.into(),
        chance: Chance { published: chance, actual: Some(chance), source: whole.chance.source.clone() },
        items,
        parts: Cow::Borrowed(&[]),
        ..whole.clone()
    };
    let named = |whole: &Benchmark, part: &str| {
        (format!("{}_{part}", whole.id), format!("{}: {}", whole.name, part.replace('_', " ")))
    };
    let mut parts = Vec::new();
    for whole in BENCHMARKS {
        for part in whole.parts.iter() {
            let (id, name) = named(whole, &part.name);
            parts.push(of(whole, id, name, part.items, part.chance));
        }
    }
    let subjects = Table::parse(SUBJECTS.as_bytes(), Path::new("data/mmlu_subjects.csv"), &[]);
    if let (Ok(subjects), Some(mmlu)) = (subjects, BENCHMARKS.iter().find(|b| b.id == "mmlu")) {
        let mut groups: BTreeMap<&str, u32> = BTreeMap::new();
        for row in 0..subjects.rows() {
            let (Ok(subject), Ok(items)) = (subjects.text(row, "subject"), subjects.number(row, "items")) else {
                continue;
            };
            let (id, name) = named(mmlu, subject);
            parts.push(of(mmlu, id, name, items as u32, 0.25));
            if let Ok(group) = subjects.text(row, "group") {
                *groups.entry(group).or_default() += items as u32;
            }
        }
        for (group, items) in groups {
            let (id, name) = named(mmlu, group);
            parts.push(of(mmlu, id, name, items, 0.25));
        }
    }
    parts
});

fn table() -> Result<Vec<(Benchmark, Vec<String>)>> {
    let table = Table::parse(KNOWN.as_bytes(), Path::new("data/benchmarks.csv"), COLUMNS)?;
    let row = |row: usize| {
        let text = |column: &str| table.text(row, column).map(str::to_owned);
        let chance = match table.optional_text(row, "chance") {
            None => None,
            Some(level) => Some(match level.strip_prefix("1/").and_then(|options| options.parse::<u32>().ok()) {
                Some(options) => 1.0 / f64::from(options),
                None => table.number(row, "chance")?,
            }),
        };
        let (id, name) = (text("id")?, text("name")?);
        let also = table.optional_text(row, "also").unwrap_or_default();
        let names = [id.as_str(), name.as_str()].into_iter().chain(also.split(';')).map(fold).filter(|n| !n.is_empty());
        let names = names.collect();
        let benchmark = Benchmark {
            id: id.into(),
            name: name.into(),
            format: table.parsed::<Format>(row, "format")?,
            score: table.parsed::<Metric>(row, "metric")?,
            chance: Chance { published: chance.unwrap_or(0.0), actual: chance, source: text("source")?.into() },
            items: table.optional_count(row, "items")?.unwrap_or(0),
            shots: 0,
            parts: Cow::Borrowed(&[]),
        };
        Ok((benchmark, names))
    };
    (0..table.rows()).map(row).collect()
}

/// The benchmark that the name of a score means, and whether the name says that its scores are normalised to chance 0.
pub(crate) fn meant_by(name: &str) -> Option<(&'static Benchmark, bool)> {
    let by_name = |name: &str| BY_NAME.get(&fold(name)).copied();
    if let Some(known) = by_name(name) {
        return Some((known, false));
    }
    let (words, normalised) = bare(name);
    let of_language = || {
        let lower = name.to_lowercase();
        BY_LANGUAGE.iter().find(|(start, _)| lower.starts_with(start)).and_then(|(_, id)| by_name(id))
    };
    by_name(&words).or_else(of_language).map(|known| (known, normalised))
}

/// Tasks that exist in many languages with as many items each: how their names begin, and the one that is known.
const BY_LANGUAGE: [(&str, &str); 8] = [
    ("xnli_", "xnli"),
    ("xcopa_", "xcopa"),
    ("paws_", "paws_en"),
    ("pawsx_", "paws_en"),
    ("belebele_", "belebele"),
    ("global_mmlu_full_", "global_mmlu_full_en"),
    ("xstorycloze_", "xstorycloze_en"),
    ("mgsm_", "mgsm"),
];

/// The benchmark that the name of a score means, in anybody's table.
pub fn benchmark_named(name: &str) -> Option<&'static Benchmark> {
    meant_by(name).map(|(benchmark, _)| benchmark)
}

/// Whether a guess scores on this metric what it scores on the benchmark's own.
pub(crate) fn guesses_alike(benchmark: &Benchmark, metric: &str) -> bool {
    let Ok(metric) = metric.parse::<Metric>() else { return false };
    let right = |measure: Measure| measure.is_binary();
    metric.measure == benchmark.score.measure || (right(metric.measure) && right(benchmark.score.measure))
}

/// Words that say how a benchmark was scored, not which it is.
const HOW: [&str; 23] = [
    "zeroshot",
    "leaderboard",
    "cot",
    "acc",
    "accuracy",
    "score",
    "scores",
    "raw",
    "em",
    "exact",
    "match",
    "shot",
    "shots",
    "zero",
    "few",
    "percent",
    "pct",
    "val",
    "validation",
    "test",
    "avg",
    "average",
    "mean",
];

/// Words beside `normalised` that say that likelihoods were divided by a length, as `acc_norm` does.
const BY_LENGTH: [&str; 10] =
    ["acc", "accuracy", "length", "len", "byte", "bytes", "char", "character", "characters", "token"];

/// A name without those words, and whether one of them says that scores are normalised so that a guess scores 0.
fn bare(name: &str) -> (String, bool) {
    let lower = name.to_lowercase().replace(",none", "").replace("accnorm", "acc");
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_number = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let by_length = words.iter().any(|word| BY_LENGTH.contains(word));
    let (mut normalised, mut kept) = (false, String::new());
    for (at, word) in words.iter().enumerate() {
        let says_normalised = ["normalised", "normalized"].contains(word);
        normalised |= says_normalised && !by_length;
        let length = by_length && BY_LENGTH.contains(word);
        let shots = word.strip_suffix("shots").or_else(|| word.strip_suffix("shot")).is_some_and(is_number);
        let before_shots = is_number(word) && words.get(at + 1).is_some_and(|next| next.starts_with("shot"));
        let how = says_normalised || length || ["norm", "normed"].contains(word) || HOW.contains(word);
        if !(how || shots || before_shots) {
            kept.push_str(word);
        }
    }
    (kept, normalised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_benchmarks_is_read_whole() {
        let rows = table().expect("the table inside the program");
        assert_eq!(rows.len(), KNOWN.lines().count() - 1);
        for (benchmark, _) in &rows {
            assert!(benchmark.items > 0 && !benchmark.chance.source.is_empty(), "{}", benchmark.id);
            assert!(benchmark.chance.actual.is_none_or(|level| (0.0..=0.5).contains(&level)), "{}", benchmark.id);
        }
    }

    #[test]
    fn no_two_benchmarks_have_one_name() {
        let rows = table().expect("the table inside the program");
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for (benchmark, names) in &rows {
            for name in names {
                let other = seen.insert(name, &benchmark.id).filter(|other| *other != benchmark.id);
                assert_eq!(other, None, "{name}");
            }
        }
    }

    #[test]
    fn names_in_use_mean_the_benchmarks_that_people_know() {
        let third = 1.0 / 3.0;
        for (name, id, chance) in [
            ("ARC-e", "arc_easy", Some(0.25)),
            ("ARC-c", "arc_challenge", Some(0.25)),
            ("ARC", "arc_challenge", Some(0.25)),
            ("arc_challenge", "arc_challenge", Some(0.25)),
            ("HellaSwag (10-shot)", "hellaswag", Some(0.25)),
            ("hellaswag_acc_norm", "hellaswag", Some(0.25)),
            ("hellaswag_norm", "hellaswag", Some(0.25)),
            ("commonsense_hellaswag", "hellaswag", Some(0.25)),
            ("bbh_navigate", "leaderboard_bbh_navigate", Some(0.5)),
            ("musr_team_allocation", "leaderboard_musr_team_allocation", Some(third)),
            ("mmlu_stem", "mmlu_stem", Some(0.25)),
            ("MMLU humanities", "mmlu_humanities", Some(0.25)),
            ("XNLI", "xnli", Some(third)),
            ("Belebele", "belebele", Some(0.25)),
            ("PIQA acc", "piqa", Some(0.5)),
            ("BoolQ", "boolq", Some(0.5)),
            ("WinoGrande 5-shot", "winogrande", Some(0.5)),
            ("CSQA", "commonsense_qa", Some(0.2)),
            ("OBQA", "openbookqa", Some(0.25)),
            ("SIQA", "social_iqa", Some(third)),
            ("SciQ", "sciq", Some(0.25)),
            ("MMLU (5-shot)", "mmlu", Some(0.25)),
            ("MMLU (%)", "mmlu", Some(0.25)),
            ("mmlu_anatomy", "mmlu_anatomy", Some(0.25)),
            ("MMLU-PRO", "leaderboard_mmlu_pro", Some(0.1)),
            ("GPQA", "leaderboard_gpqa", Some(0.25)),
            ("GPQA Diamond", "gpqa_diamond", Some(0.25)),
            ("leaderboard_bbh_navigate", "leaderboard_bbh_navigate", Some(0.5)),
            ("TruthfulQA MC1", "truthfulqa_mc1", Some(0.226)),
            ("truthfulqa_mc2", "truthfulqa_mc2", None),
            ("TruthfulQA", "truthfulqa", None),
            ("RTE", "rte", Some(0.5)),
            ("CB", "cb", Some(third)),
            ("RACE", "race", Some(0.25)),
            ("LogiQA", "logiqa", Some(0.25)),
            ("GSM8K", "gsm8k", Some(0.0)),
            ("MATH Lvl 5", "leaderboard_math_hard", Some(0.0)),
        ] {
            let known = benchmark_named(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!((known.id.as_ref(), known.chance.actual), (id, chance), "{name}");
        }
        assert!((meant_by("BBH Raw").is_some_and(|(known, normalised)| known.name == "BBH" && !normalised)));
        for name in [
            "arc_c_norm",
            "ARC-C norm",
            "ARC-C length-normalized",
            "ARC-C normalised accuracy",
            "arc_challenge acc_norm",
        ] {
            let found = meant_by(name).map(|(known, normalised)| (known.id.as_ref(), normalised));
            assert_eq!(found, Some(("arc_challenge", false)), "{name}");
        }
        assert!((meant_by("BBH (normalised)").is_some_and(|(known, normalised)| known.name == "BBH" && normalised)));
        for name in ["elo", "score", "MMLU (fine-tuned)", "my exam", ""] {
            assert_eq!(benchmark_named(name), None, "{name}");
        }
    }

    #[test]
    fn a_guess_scores_alike_on_metrics_that_count_right_answers() {
        let known = benchmark_named("hellaswag").expect("known");
        assert!(guesses_alike(known, "acc_norm") && guesses_alike(known, "acc,none"));
        assert!(!guesses_alike(known, "brier_score") && !guesses_alike(known, "perplexity"));
    }
}
