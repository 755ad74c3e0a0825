//! The figures that compare two groups of models at equal compute: main, language, metric, reformulation,
//! leaderboard_v2 and mmlu_pro_four. Each panel is one hinge fit with a group term; they differ in which scores enter.

use super::built::{Built, cover_lines, shared_range};
use super::exhibit::Exhibit;
use super::item::{Item, ItemPart};
use super::panel::{BY_RELEASE, GroupNames, PanelSpec, comparison_panel, compute_axis, group_layers, score_axis};
use super::quantity::Quantity;
use super::scores::{EPOCHS, MMLU, Paper, Reading, adjustment_for, is_new, known, negative_brier};
use crate::analysis::Phase;
use crate::analysis::figure::{Figure, Panel};
use crate::analysis::scaling::Scored;
use crate::error::Result;
use crate::registry::{Condition, Format, Model};

/// Collects panels and their numbers.
struct Builder {
    figure: Figure,
    quantities: Vec<Quantity>,
    reading: Reading,
}

impl Builder {
    fn new(reading: Reading, exhibit: Exhibit, caption: &str, columns: usize, names: GroupNames) -> Self {
        let figure = Figure {
            name: exhibit.to_string(),
            caption: caption.into(),
            panels: Vec::new(),
            columns,
            aspect: 1.35,
            legend: names.legend(),
            row_titles: Vec::new(),
            footer: String::new(),
            title: String::new(),
        };
        Self { figure, quantities: Vec::new(), reading }
    }

    /// Adds a panel and its numbers.
    fn panel(&mut self, spec: &PanelSpec<'_>, scores: &[Scored<'_>]) -> Result<()> {
        let (panel, numbers) = comparison_panel(self.reading, spec, scores)?;
        self.quantities.extend(numbers);
        self.push(panel);
        Ok(())
    }

    fn push(&mut self, panel: Panel) {
        self.figure.panels.push(panel);
    }

    fn build(mut self) -> Built {
        cover_lines(&mut self.figure.panels);
        Built { figure: self.figure, quantities: self.quantities }
    }
}

/// θ and R² for MMLU and GSM8K before and after adjustment, models grouped by release.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn main(paper: &Paper<'_>) -> Result<Built> {
    let caption = "Accuracy against pretraining compute before (top) and after (bottom) every model is fine-tuned on the \
                   same task data. Lines are hinge fits, y = r + α·max(0, x − c) + θ·new.";
    two_benchmarks(paper, Exhibit::Main, caption, BY_RELEASE, is_new)
}

/// The same, models grouped by the languages of their training data.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn language(paper: &Paper<'_>) -> Result<Built> {
    let names = GroupNames { reference: "English", comparison: "English and Chinese" };
    let caption = "Accuracy against pretraining compute before (top) and after (bottom) adjustment, models grouped by the \
                   main languages of their training data.";
    two_benchmarks(paper, Exhibit::Language, caption, names, |model| model.trained_on("cn"))
}

fn two_benchmarks(
    paper: &Paper<'_>,
    exhibit: Exhibit,
    caption: &str,
    names: GroupNames,
    comparison: impl Fn(&Model) -> bool,
) -> Result<Built> {
    let mut builder = Builder::new(paper.reading(), exhibit, caption, 2, names);
    builder.figure.row_titles = vec!["Unadjusted".into(), "Adjusted".into()];
    let ids = ["mmlu", "gsm8k"];
    let mut pairs = Vec::new();
    for id in ids {
        pairs.push(paper.pair(id, &Condition::epochs(adjustment_for(id), EPOCHS))?);
    }
    for phase in Phase::BOTH {
        for (id, (before, after)) in ids.iter().zip(&pairs) {
            let benchmark = known(id)?;
            let chance = paper.chance(benchmark);
            let scores = paper.grouped(phase.of(before, after), &comparison)?;
            let spec = PanelSpec {
                figure: exhibit,
                item: Item::new(id, ItemPart::Phase(phase)),
                title: benchmark.name.to_string(),
                y: "Accuracy",
                range: shared_range([before, after], chance),
                chance,
                with_r2: true,
                names,
            };
            builder.panel(&spec, &scores)?;
        }
    }
    Ok(builder.build())
}

/// MMLU asked as multiple choice and as cloze: the gap is there in one and not in the other.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn metric(paper: &Paper<'_>) -> Result<Built> {
    let caption = "MMLU as released, asked as multiple choice (left) and as cloze (middle), and the negative Brier score of \
                   multiple choice (right): the gap depends on the format, not on the metric.";
    let mut builder = Builder::new(paper.reading(), Exhibit::Metric, caption, 3, BY_RELEASE);
    for (id, format) in [(MMLU, Format::MultipleChoice), ("mmlu_cloze", Format::Cloze)] {
        let scores = paper.unadjusted(id)?;
        let chance = paper.chance(known(id)?);
        let spec = PanelSpec {
            figure: Exhibit::Metric,
            item: Item::new(MMLU, ItemPart::Asked(format, Phase::Unadjusted)),
            title: capitalised(format.words()),
            y: "Accuracy",
            range: shared_range([&scores], chance),
            chance,
            with_r2: false,
            names: BY_RELEASE,
        };
        builder.panel(&spec, &paper.by_release(&scores)?)?;
    }
    let brier = paper.by_release(&negative_brier(paper, "mmlu")?)?;
    builder.push(Panel {
        title: "Multiple choice, Brier score".into(),
        x: compute_axis(),
        y: score_axis("−Brier score", None),
        layers: group_layers(&brier, BY_RELEASE),
        notes: Vec::new(),
    });
    builder.figure.row_titles = vec![known(MMLU)?.name.to_string()];
    Ok(builder.build())
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// ARC Challenge and HellaSwag, which are usually asked as cloze, asked as multiple choice, and adjusted.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn reformulation(paper: &Paper<'_>) -> Result<Built> {
    let caption = "ARC Challenge (top) and HellaSwag (bottom) in their usual cloze format, reformulated as multiple choice \
                   like MMLU, and reformulated and adjusted.";
    let mut builder = Builder::new(paper.reading(), Exhibit::Reformulation, caption, 3, BY_RELEASE);
    for (id, name) in [("arc_challenge", "ARC Challenge"), ("hellaswag", "HellaSwag")] {
        let multiple_choice = format!("{id}_mc");
        let adjusted = Condition::epochs(adjustment_for(&multiple_choice), EPOCHS);
        let cloze = paper.unadjusted(id)?;
        let (before, after) = paper.pair(&multiple_choice, &adjusted)?;
        let chance = paper.chance(known(id)?);
        let range = shared_range([&cloze, &before, &after], chance);
        let stages = [
            (Format::Cloze, Phase::Unadjusted, "Cloze", &cloze),
            (Format::MultipleChoice, Phase::Unadjusted, "Multiple choice", &before),
            (Format::MultipleChoice, Phase::Adjusted, "Multiple choice, adjusted", &after),
        ];
        for (format, phase, title, scores) in stages {
            let spec = PanelSpec {
                figure: Exhibit::Reformulation,
                item: Item::new(id, ItemPart::Asked(format, phase)),
                title: title.into(),
                y: "Accuracy",
                range,
                chance,
                with_r2: false,
                names: BY_RELEASE,
            };
            builder.panel(&spec, &paper.by_release(scores)?)?;
        }
        builder.figure.row_titles.push(name.into());
    }
    Ok(builder.build())
}

/// The five benchmarks of the second open LLM leaderboard, before and after adjustment.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn leaderboard_v2(paper: &Paper<'_>) -> Result<Built> {
    let chance = match paper.reading() {
        Reading::Published => "the published chance levels (0 for GPQA, MuSR and MATH)",
        Reading::Corrected => "the chance levels that follow from the tasks",
    };
    let caption = format!(
        "The benchmarks of the second open LLM leaderboard before (left) and after (right) adjustment, with {chance}."
    );
    let mut built =
        leaderboard(paper, Exhibit::LeaderboardV2, &caption, &["mmlu_pro", "gpqa", "musr", "bbh", "math_hard"])?;
    if paper.reading() == Reading::Published {
        built.figure.footer = "Chance of GPQA and MuSR is published as 0, below their panels.".into();
    }
    Ok(built)
}

/// MMLU-Pro with the number of options cut to four.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn mmlu_pro_four(paper: &Paper<'_>) -> Result<Built> {
    let caption = "MMLU-Pro with four options instead of ten, before and after adjustment.";
    let mut built = leaderboard(paper, Exhibit::MmluProFour, caption, &["mmlu_pro_four"])?;
    built.figure.aspect = 1.35;
    Ok(built)
}

fn leaderboard(paper: &Paper<'_>, exhibit: Exhibit, caption: &str, tasks: &[&str]) -> Result<Built> {
    let mut builder = Builder::new(paper.reading(), exhibit, caption, 2, BY_RELEASE);
    builder.figure.aspect = 1.9;
    for task in tasks {
        let id = format!("leaderboard_{task}");
        let benchmark = known(&id)?;
        let (before, after) = paper.pair(&id, &Condition::adjusted(adjustment_for(&id)))?;
        // A published chance level of 0 far below the scores would flatten the panel; the range follows the scores.
        let range = shared_range([&before, &after], before.values().copied().fold(f64::INFINITY, f64::min));
        for (phase, title) in Phase::BOTH.into_iter().zip(["Unadjusted", "Adjusted"]) {
            let scores = phase.of(&before, &after);
            let spec = PanelSpec {
                // The paper prints the numbers of MMLU-Pro with four options in this figure, too.
                figure: Exhibit::LeaderboardV2,
                item: Item::new(task, ItemPart::Phase(phase)),
                title: title.into(),
                y: "Accuracy",
                range,
                chance: paper.chance(benchmark),
                with_r2: false,
                names: BY_RELEASE,
            };
            builder.panel(&spec, &paper.by_release(scores)?)?;
        }
        builder.figure.row_titles.push(benchmark.name.to_string());
    }
    Ok(builder.build())
}
