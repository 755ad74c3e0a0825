//! Benchmarks as data: what is asked, which metric is the score, what a guess scores.
//!
//! Chance is the expected score of an answer drawn uniformly from the options of each item, the mean of 1/k over the
//! items of a benchmark. [`Chance`] keeps the level that arXiv 2407.07890 assumes beside the one that follows from the
//! tasks; they differ for GPQA, MuSR and BBH.
//!
//! ```
//! use onset::registry::benchmark;
//! let gpqa = benchmark("leaderboard_gpqa").expect("one of the published benchmarks");
//! assert_eq!((gpqa.chance.published, gpqa.chance.actual), (0.0, Some(0.25)));
//! assert_eq!(gpqa.score.to_string(), "acc_norm");
//! ```

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::serial::serde_as_text;
use crate::{Error, Result};

/// How a question is put to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// The options are in the prompt, each with a letter; the model is scored on the letters.
    MultipleChoice,
    /// The options are not in the prompt; the model is scored on the text of each.
    Cloze,
    /// The model writes the answer.
    Generate,
}

impl Format {
    /// Its name in sentences and figures.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::MultipleChoice => "multiple choice",
            Self::Cloze => "cloze",
            Self::Generate => "generated answers",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MultipleChoice => "multiple_choice",
            Self::Cloze => "cloze",
            Self::Generate => "generate",
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "multiple_choice" => Ok(Self::MultipleChoice),
            "cloze" => Ok(Self::Cloze),
            "generate" => Ok(Self::Generate),
            other => {
                Err(Error::Argument(format!("unknown format `{other}`: multiple_choice, cloze and generate are known")))
            }
        }
    }
}

/// A quantity measured per item or over all items. Only quantities with a known scale are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// `acc`: the right option has the highest likelihood.
    Accuracy,
    /// `acc_norm`: the same with likelihoods divided by the length of the option.
    NormalizedAccuracy,
    /// `acc_bytes`: the same with the length in bytes, where lm-evaluation-harness's `acc_norm` counts characters.
    BytesAccuracy,
    /// `acc_mutual_info`: the same with what the question adds to the likelihood of the option alone.
    MutualInformation,
    /// `exact_match`: the generated answer is the reference.
    ExactMatch,
    /// `brier_score`: squared distance between the options' probabilities and the truth, 0 (best) to 2.
    Brier,
    /// `f1`: overlap of words with the reference.
    F1,
    /// `mc1`: TruthfulQA, the true answer has the highest likelihood.
    Mc1,
    /// `mc2`: TruthfulQA, share of probability on true answers.
    Mc2,
    /// `mcc`: Matthews' correlation of answer and truth, -1 to 1.
    MatthewsCorrelation,
    /// `bits_per_byte`: the bits that a model needs for a byte of text, from 0 (best) on.
    BitsPerByte,
    /// `perplexity` of the last words (LAMBADA), from 1 (best) on.
    Perplexity,
    /// `word_perplexity`: perplexity of a text per word, from 1 (best) on.
    WordPerplexity,
    /// `byte_perplexity`: perplexity of a text per byte, from 1 (best) on.
    BytePerplexity,
    /// `bleu`: overlap of n-grams with references, 0 to 100.
    Bleu,
    /// `chrf`: overlap of characters with references, 0 to 100.
    Chrf,
    /// `ter`: edits that make a reference of the answer, per 100 words of it, from 0 (best) on.
    Ter,
    /// `prompt_level_strict_acc`: IFEval, all instructions of a prompt are followed.
    PromptStrict,
    /// `inst_level_strict_acc`: IFEval, share of the instructions that are followed.
    InstructionStrict,
    /// `prompt_level_loose_acc`: as the strict one, with the answer's first and last line and its asterisks left out at will.
    PromptLoose,
    /// `inst_level_loose_acc`: likewise.
    InstructionLoose,
}

impl Measure {
    const ALL: [(Self, &'static str); 21] = [
        (Self::Accuracy, "acc"),
        (Self::NormalizedAccuracy, "acc_norm"),
        (Self::BytesAccuracy, "acc_bytes"),
        (Self::MutualInformation, "acc_mutual_info"),
        (Self::ExactMatch, "exact_match"),
        (Self::Brier, "brier_score"),
        (Self::F1, "f1"),
        (Self::Mc1, "mc1"),
        (Self::Mc2, "mc2"),
        (Self::MatthewsCorrelation, "mcc"),
        (Self::BitsPerByte, "bits_per_byte"),
        (Self::Perplexity, "perplexity"),
        (Self::WordPerplexity, "word_perplexity"),
        (Self::BytePerplexity, "byte_perplexity"),
        (Self::Bleu, "bleu"),
        (Self::Chrf, "chrf"),
        (Self::Ter, "ter"),
        (Self::PromptStrict, "prompt_level_strict_acc"),
        (Self::InstructionStrict, "inst_level_strict_acc"),
        (Self::PromptLoose, "prompt_level_loose_acc"),
        (Self::InstructionLoose, "inst_level_loose_acc"),
    ];

    /// The smallest and the largest value it can take.
    pub(crate) fn range(self) -> (f64, f64) {
        match self {
            Self::Brier => (0.0, 2.0),
            Self::MatthewsCorrelation => (-1.0, 1.0),
            Self::BitsPerByte | Self::Perplexity | Self::WordPerplexity | Self::BytePerplexity | Self::Ter => {
                (0.0, f64::INFINITY)
            }
            Self::Bleu | Self::Chrf => (0.0, 100.0),
            _ => (0.0, 1.0),
        }
    }

    /// Whether a lower value is the better one.
    pub(crate) fn falls(self) -> bool {
        matches!(
            self,
            Self::Brier
                | Self::BitsPerByte
                | Self::Perplexity
                | Self::WordPerplexity
                | Self::BytePerplexity
                | Self::Ter
        )
    }

    /// Whether an item scores either 0 or 1, so that a mean over n items is k/n.
    pub(crate) fn is_binary(self) -> bool {
        match self {
            Self::Accuracy | Self::NormalizedAccuracy | Self::BytesAccuracy | Self::MutualInformation => true,
            Self::ExactMatch | Self::Mc1 | Self::PromptStrict | Self::PromptLoose => true,
            Self::Brier | Self::F1 | Self::Mc2 | Self::MatthewsCorrelation | Self::BitsPerByte => false,
            Self::Perplexity | Self::WordPerplexity | Self::BytePerplexity | Self::Bleu | Self::Chrf | Self::Ter => {
                false
            }
            Self::InstructionStrict | Self::InstructionLoose => false,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(measure, _)| measure == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Measure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(measure, _)| *measure).ok_or_else(|| {
            let known = Self::ALL.map(|(_, name)| name).join(", ");
            Error::Argument(format!("unknown metric `{text}`: {known} are known"))
        })
    }
}

/// A measure and the filter that extracted the answer from the model's text (`exact_match,flexible-extract`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metric {
    /// What is measured.
    pub measure: Measure,
    /// Name of the answer filter; `None` when answers are taken as they are.
    pub filter: Option<Cow<'static, str>>,
}

impl Metric {
    /// A measure on answers as they are.
    pub const fn plain(measure: Measure) -> Self {
        Self { measure, filter: None }
    }

    /// A measure on filtered answers.
    pub(crate) const fn filtered(measure: Measure, filter: &'static str) -> Self {
        Self { measure, filter: Some(Cow::Borrowed(filter)) }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.measure)?;
        self.filter.as_ref().map_or(Ok(()), |filter| write!(f, ",{filter}"))
    }
}

impl FromStr for Metric {
    type Err = Error;

    /// Reads `acc`, `acc,none` (the same) and `exact_match,flexible-extract`.
    fn from_str(text: &str) -> Result<Self> {
        let (measure, filter) = text.split_once(',').unwrap_or((text, "none"));
        let filter = (filter != "none" && !filter.is_empty()).then(|| Cow::Owned(filter.to_owned()));
        Ok(Self { measure: measure.parse()?, filter })
    }
}

serde_as_text!(Format, Measure, Metric);

/// What a guess scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Chance {
    /// The level arXiv 2407.07890 assumes.
    pub published: f64,
    /// The level that follows from the tasks; `None` where guessing has no fixed level.
    pub actual: Option<f64>,
    /// Where `actual` comes from.
    pub source: Cow<'static, str>,
}

impl Chance {
    /// The level that follows from the tasks where there is one, the published one otherwise.
    pub fn corrected(&self) -> f64 {
        self.actual.unwrap_or(self.published)
    }
}

/// One part of a benchmark that is a group of tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Name without the benchmark's own.
    pub name: Cow<'static, str>,
    /// Number of items.
    pub items: u32,
    /// What a guess scores.
    pub chance: f64,
}

/// A benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmark {
    /// Name in result files and tables.
    pub id: Cow<'static, str>,
    /// Name for people.
    pub name: Cow<'static, str>,
    /// How questions are put.
    pub format: Format,
    /// The metric that is its score.
    pub score: Metric,
    /// What a guess scores.
    pub chance: Chance,
    /// Number of items.
    pub items: u32,
    /// Examples in the prompt.
    pub shots: u32,
    /// Its parts when guessing them scores differently; empty otherwise.
    pub parts: Cow<'static, [Part]>,
}

/// The benchmark of this id among [`BENCHMARKS`].
pub fn benchmark(id: &str) -> Option<&'static Benchmark> {
    BENCHMARKS.iter().find(|benchmark| benchmark.id == id)
}

const ACC: Metric = Metric::plain(Measure::Accuracy);
const ACC_NORM: Metric = Metric::plain(Measure::NormalizedAccuracy);
const EXACT: Metric = Metric::plain(Measure::ExactMatch);

const FOUR: &str = "four options, in the task's own definition";
const WRITTEN: &str = "the answer is written, not chosen";

/// The benchmarks of arXiv 2407.07890. Formats, shots and numbers of items are those recorded in its result files.
pub static BENCHMARKS: &[Benchmark] = &[
    new("mmlu", "MMLU", Format::MultipleChoice, ACC, even(0.25, FOUR), 14_042, 5),
    new("mmlu_cloze", "MMLU (cloze)", Format::Cloze, ACC, even(0.25, FOUR), 14_042, 5),
    new(
        "gsm8k",
        "GSM8K",
        Format::Generate,
        Metric::filtered(Measure::ExactMatch, "flexible-extract"),
        even(0.0, WRITTEN),
        1_319,
        5,
    ),
    new("arc_challenge", "ARC Challenge (cloze)", Format::Cloze, ACC, even(0.25, ARC), 1_172, 25),
    new("arc_challenge_mc", "ARC Challenge", Format::MultipleChoice, ACC, even(0.25, FOUR), 1_144, 25),
    new("hellaswag", "HellaSwag (cloze)", Format::Cloze, ACC, even(0.25, FOUR), 10_042, 10),
    new("hellaswag_mc", "HellaSwag", Format::MultipleChoice, ACC, even(0.25, FOUR), 10_042, 10),
    new("winogrande", "Winogrande (cloze)", Format::Cloze, ACC, even(0.5, TWO), 1_267, 5),
    new("winogrande_mc", "Winogrande", Format::MultipleChoice, ACC, even(0.5, TWO), 1_267, 5),
    new(
        "truthfulqa_mc2",
        "TruthfulQA (cloze)",
        Format::Cloze,
        ACC,
        Chance { published: 0.25, actual: None, source: Cow::Borrowed(MC2) },
        817,
        0,
    ),
    new("truthfulqa_mc2_mc", "TruthfulQA", Format::MultipleChoice, ACC, even(0.25, FOUR), 684, 6),
    new("minerva_math", "MATH", Format::Generate, EXACT, even(0.0, WRITTEN), 5_000, 4),
    new("leaderboard_math_hard", "MATH level 5", Format::Generate, EXACT, even(0.0, WRITTEN), 1_324, 4),
    new("leaderboard_mmlu_pro", "MMLU-Pro", Format::MultipleChoice, ACC, even(0.1, PRO), 12_032, 5),
    new(
        "leaderboard_mmlu_pro_four",
        "MMLU-Pro (four options)",
        Format::MultipleChoice,
        ACC,
        even(0.25, FOUR),
        12_032,
        5,
    ),
    new("leaderboard_gpqa", "GPQA", Format::MultipleChoice, ACC_NORM, uneven(0.0, 0.25, FOUR), 1_192, 0),
    new(
        "leaderboard_gpqa_mmlu",
        "GPQA (MMLU prompt)",
        Format::MultipleChoice,
        ACC_NORM,
        uneven(0.0, 0.25, FOUR),
        1_192,
        0,
    ),
    grouped("leaderboard_musr", "MuSR", 0.0, MUSR_SOURCE, &MUSR, 0),
    grouped("leaderboard_musr_mmlu", "MuSR (MMLU prompt)", 0.0, MUSR_SOURCE, &MUSR, 0),
    grouped("leaderboard_bbh", "BBH", 0.3, BBH_SOURCE, &BBH, 3),
    grouped("leaderboard_bbh_mmlu", "BBH (MMLU prompt)", 0.3, BBH_MMLU_SOURCE, &BBH_MMLU, 3),
];

const TWO: &str = "two options, in the task's own definition";
const ARC: &str = "four options in nearly all items, three or five in a few";
const MC2: &str = "the score is the probability on all true answers, whose number differs from item to item";
const PRO: &str = "ten options in most items, three to nine in the others: the mean of 1/k is somewhat above 0.1, but the \
                   published files do not hold the items";
const MUSR_SOURCE: &str = "two choices in murder mysteries, three in team allocation; in object placements the number \
                           varies and guessing scores 0.246 (arXiv 2310.16049, random baseline); weighted by items";
const BBH_SOURCE: &str = "number of options in each subtask's own definition; weighted by items";
const BBH_MMLU_SOURCE: &str = "as BBH, but in logical_deduction_five_objects the options are `A.` to `E.` and the answers \
                               `A` to `E`, so that every model scores 0";

static MUSR: [Part; 3] = [
    part("murder_mysteries", 250, 0.5),
    part("object_placements", 256, 0.246),
    part("team_allocation", 250, 1.0 / 3.0),
];

static BBH: [Part; 24] = bbh(1.0 / 5.0);
static BBH_MMLU: [Part; 24] = bbh(0.0);

const fn bbh(logical_deduction_five_objects: f64) -> [Part; 24] {
    [
        part("boolean_expressions", 250, 1.0 / 2.0),
        part("causal_judgement", 187, 1.0 / 2.0),
        part("date_understanding", 250, 1.0 / 6.0),
        part("disambiguation_qa", 250, 1.0 / 3.0),
        part("formal_fallacies", 250, 1.0 / 2.0),
        part("geometric_shapes", 250, 1.0 / 11.0),
        part("hyperbaton", 250, 1.0 / 2.0),
        part("logical_deduction_five_objects", 250, logical_deduction_five_objects),
        part("logical_deduction_seven_objects", 250, 1.0 / 7.0),
        part("logical_deduction_three_objects", 250, 1.0 / 3.0),
        part("movie_recommendation", 250, 1.0 / 6.0),
        part("navigate", 250, 1.0 / 2.0),
        part("object_counting", 250, 1.0 / 19.0),
        part("penguins_in_a_table", 146, 1.0 / 5.0),
        part("reasoning_about_colored_objects", 250, 1.0 / 18.0),
        part("ruin_names", 250, 1.0 / 6.0),
        part("salient_translation_error_detection", 250, 1.0 / 6.0),
        part("snarks", 178, 1.0 / 2.0),
        part("sports_understanding", 250, 1.0 / 2.0),
        part("temporal_sequences", 250, 1.0 / 4.0),
        part("tracking_shuffled_objects_five_objects", 250, 1.0 / 5.0),
        part("tracking_shuffled_objects_seven_objects", 250, 1.0 / 7.0),
        part("tracking_shuffled_objects_three_objects", 250, 1.0 / 3.0),
        part("web_of_lies", 250, 1.0 / 2.0),
    ]
}

const fn part(name: &'static str, items: u32, chance: f64) -> Part {
    Part { name: Cow::Borrowed(name), items, chance }
}

const fn even(chance: f64, source: &'static str) -> Chance {
    uneven(chance, chance, source)
}

const fn uneven(published: f64, actual: f64, source: &'static str) -> Chance {
    Chance { published, actual: Some(actual), source: Cow::Borrowed(source) }
}

const fn new(
    id: &'static str,
    name: &'static str,
    format: Format,
    score: Metric,
    chance: Chance,
    items: u32,
    shots: u32,
) -> Benchmark {
    with_parts(id, name, format, score, chance, items, shots, &[])
}

#[expect(clippy::too_many_arguments, reason = "the rows of the table above read best without field names")]
const fn with_parts(
    id: &'static str,
    name: &'static str,
    format: Format,
    score: Metric,
    chance: Chance,
    items: u32,
    shots: u32,
    parts: &'static [Part],
) -> Benchmark {
    let (id, name, parts) = (Cow::Borrowed(id), Cow::Borrowed(name), Cow::Borrowed(parts));
    Benchmark { id, name, format, score, chance, items, shots, parts }
}

const fn grouped(
    id: &'static str,
    name: &'static str,
    published: f64,
    source: &'static str,
    parts: &'static [Part],
    shots: u32,
) -> Benchmark {
    let (mut items, mut guessed, mut at) = (0, 0.0, 0);
    while at < parts.len() {
        items += parts[at].items;
        guessed += parts[at].items as f64 * parts[at].chance;
        at += 1;
    }
    let chance = uneven(published, guessed / items as f64, source);
    with_parts(id, name, Format::MultipleChoice, ACC_NORM, chance, items, shots, parts)
}
