//! The scores of a lab's models: what its fits are made from, straight from an experiment or from the table it wrote.

use std::path::Path;

#[cfg(feature = "models")]
use super::{record::LabRecord, suite::Member, table::observations};
use crate::registry::modelset::{
    Dropped, Group, ModelRow, ModelSet, Predictor, PredictorKind, Reason, Score, ScoreScale, Selection,
};
use crate::registry::table::{Column, Kind, Table};
use crate::registry::{Condition, Flops, Format, Measure, Metric, Observation, Provenance, RowKind, Setup};
use crate::{Error, Result};

/// The scores of an experiment, and what is known of its models.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LabScores {
    /// The models, in order; those of the first one's kind are the reference.
    pub models: Vec<LabModel>,
    /// Their accuracies in multiple choice and cloze format, as pretrained and after task examples.
    pub observations: Vec<Observation>,
    /// Where they are from, for messages.
    pub source: String,
}

/// A model of which it is known how much of the test's task it has seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LabModel {
    /// Its name.
    pub name: String,
    /// Its family.
    pub family: String,
    /// Its kind.
    pub kind: String,
    /// Share of test-task documents in its pretraining text, 0 to 1.
    pub share: f64,
    /// Number of parameters.
    pub params: f64,
    /// Number of training tokens.
    pub tokens: f64,
}

/// What the fits need of a lab's table.
const COLUMNS: [Column; 13] = [
    Column::required("model", Kind::Text, "name"),
    Column::required("family", Kind::Text, "models of one recipe"),
    Column::required("cohort", Kind::Text, "kind of model"),
    Column::required("share", Kind::Share, "of documents of the test's task in pretraining"),
    Column::required("params", Kind::Positive, "parameters"),
    Column::required("tokens", Kind::Positive, "training tokens"),
    Column::required("benchmark", Kind::Text, "name"),
    Column::optional("format", Kind::Text, "multiple_choice or cloze"),
    Column::required("metric", Kind::Text, "acc"),
    Column::required("value", Kind::Share, "of right answers"),
    Column::optional("items", Kind::Count, "questions"),
    Column::required("adjustment", Kind::Text, "name, or none"),
    Column::optional("examples", Kind::Count, "task examples seen"),
];

/// The metric of a lab's tests.
const METRIC: Metric = Metric::plain(Measure::Accuracy);

impl LabScores {
    /// The scores of the models of an experiment; `source` is what messages call them.
    #[cfg(feature = "models")]
    #[must_use]
    pub(crate) fn of_models(models: &[(Member, LabRecord)], source: &Path) -> Self {
        let model = |member: &Member| LabModel {
            name: member.name.clone(),
            family: member.family.clone(),
            kind: member.kind.name.clone(),
            share: member.kind.share,
            params: member.parameters as f64,
            tokens: member.tokens() as f64,
        };
        Self {
            models: models.iter().map(|(member, _)| model(member)).collect(),
            observations: models.iter().flat_map(|(_, record)| observations(record)).collect(),
            source: source.display().to_string(),
        }
    }

    /// Reads the table that `onset lab` wrote, `observations.csv`.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a column or holds a value that cannot be used.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::of_table(&Table::read(path, &COLUMNS)?)
    }

    /// The same from text; `path` is what messages call it.
    ///
    /// # Errors
    /// As [`LabScores::read`].
    #[cfg(test)]
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        Self::of_table(&Table::parse(text.as_bytes(), path, &COLUMNS)?)
    }

    fn of_table(table: &Table) -> Result<Self> {
        let (mut models, mut observations) = (Vec::<LabModel>::new(), Vec::new());
        for row in 0..table.rows() {
            let name = table.text(row, "model")?;
            if !models.iter().any(|model| model.name == name) {
                models.push(LabModel {
                    name: name.to_owned(),
                    family: table.text(row, "family")?.to_owned(),
                    kind: table.text(row, "cohort")?.to_owned(),
                    share: table.number(row, "share")?,
                    params: table.number(row, "params")?,
                    tokens: table.number(row, "tokens")?,
                });
            }
            observations.push(Observation {
                // Other formats are nothing that a lab's fits ask of.
                format: table.optional_text(row, "format").and_then(|format| format.parse().ok()),
                metric: table.parsed(row, "metric")?,
                value: table.number(row, "value")?,
                items: table.optional_count(row, "items")?,
                condition: Condition {
                    adjustment: table.parsed(row, "adjustment")?,
                    epochs: None,
                    examples: table.optional_count(row, "examples")?,
                },
                ..accuracy(name, table.text(row, "benchmark")?)
            });
        }
        Ok(Self { models, observations, source: table.path().display().to_string() })
    }

    /// Kinds of models in order, each with its share.
    pub(super) fn kinds(&self) -> Vec<(String, f64)> {
        let mut kinds: Vec<(String, f64)> = Vec::new();
        for model in &self.models {
            if !kinds.iter().any(|(known, _)| *known == model.kind) {
                kinds.push((model.kind.clone(), model.share));
            }
        }
        kinds
    }

    /// The conditions after task examples, by their number; none twice.
    pub(super) fn adjusted(&self) -> Vec<Condition> {
        let after = self.observations.iter().map(|observation| &observation.condition);
        let mut conditions: Vec<Condition> = after.filter(|after| after.examples.is_some()).cloned().collect();
        conditions.sort_by_key(|condition| condition.examples);
        conditions.dedup();
        conditions
    }

    /// The score of a model in one format under one condition, and the number of its items.
    pub(super) fn of_model(&self, at: usize, format: Format, condition: &Condition) -> Option<(f64, Option<u64>)> {
        let name = &self.models.get(at)?.name;
        let asked = (name, Some(format), &METRIC, condition);
        let found = self.observations.iter().find(|o| (&o.model, o.format, &o.metric, &o.condition) == asked)?;
        Some((found.value, found.items.map(u64::from)))
    }

    /// Models and their scores in one format, as pretrained and under `adjusted`; every kind but the first is a group.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when there is no score in this format.
    pub(super) fn set(&self, format: Format, adjusted: Option<&Condition>) -> Result<ModelSet> {
        let lacks = || Error::Undetermined(format!("{}: it has no scores in {} format", self.source, format.words()));
        let first = self.observations.iter().find(|o| o.format == Some(format)).ok_or_else(lacks)?;
        let of = |model: &LabModel, condition: &Condition| {
            self.observations.iter().find(|o| {
                (&o.model, o.format, &o.metric, &o.condition) == (&model.name, Some(format), &METRIC, condition)
            })
        };
        let kinds: Vec<String> = self.kinds().into_iter().skip(1).map(|(kind, _)| kind).collect();
        let predictor = PredictorKind::Compute;
        let scale = predictor.usual_scale();
        let (mut rows, mut dropped) = (Vec::new(), Vec::new());
        for model in &self.models {
            let mut leave_out = |reason| dropped.push(Dropped { model: model.name.clone(), reason });
            let Some(score) = of(model, &Condition::unadjusted()) else {
                leave_out(Reason::NoScore);
                continue;
            };
            let after = adjusted.map(|condition| of(model, condition));
            if after == Some(None) {
                leave_out(Reason::NoAdjusted);
                continue;
            }
            let compute = Flops::of_training(model.params, model.tokens);
            rows.push(ModelRow {
                name: model.name.clone(),
                run: model.name.clone(),
                family: model.family.clone(),
                cluster: model.family.clone(),
                x: compute.0,
                position: scale.apply(compute.0),
                release: None,
                groups: kinds.iter().map(|kind| f64::from(u8::from(*kind == model.kind))).collect(),
                score: score.value,
                adjusted: after.flatten().map(|after| after.value),
                params: Some(model.params),
                active_params: None,
                tokens: Some(model.tokens),
                compute: Some(compute),
                compute_sd: None,
                items: score.items.map(f64::from),
                weight: None,
                held_out: false,
            });
        }
        Ok(ModelSet {
            rows,
            dropped,
            score: Score {
                name: first.benchmark.clone(),
                metric: Some(METRIC.to_string()),
                benchmark: None,
                normalised: false,
                normalised_beside: Vec::new(),
                scale: ScoreScale::Share,
            },
            adjusted: adjusted.map(|after| match after.examples {
                Some(examples) => format!("{}@{examples}", after.adjustment),
                None => after.adjustment.to_string(),
            }),
            predictor: Predictor { name: predictor, scale },
            base: None,
            groups: kinds.iter().map(|kind| Group::Selection(Selection::of_word("cohort", kind))).collect(),
            notes: Vec::new(),
            sources: vec![self.source.clone()],
            two_places: None,
        })
    }
}

/// An accuracy of which nothing else is known yet.
fn accuracy(model: &str, benchmark: &str) -> Observation {
    Observation {
        model: model.to_owned(),
        benchmark: benchmark.to_owned(),
        kind: RowKind::Task,
        group: None,
        format: None,
        metric: METRIC,
        value: f64::NAN,
        stderr: None,
        items: None,
        condition: Condition::default(),
        setup: Setup::default(),
        provenance: Provenance::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::modelset::{Cutoff, Settings};

    const TABLE: &str = "\
model,family,cohort,share,params,tokens,benchmark,format,metric,value,items,adjustment,examples
old-a,old-1,old,0,1000,200000,choice,multiple_choice,acc,0.25,192,none,
old-a,old-1,old,0,1000,200000,choice,multiple_choice,acc,0.5,192,lab,64
old-a,old-1,old,0,1000,200000,words,cloze,acc,0.375,192,none,
new-a,new-1,new,0.3,1000.5,300000,choice,multiple_choice,acc,0.75,192,none,
new-a,new-1,new,0.3,1000.5,300000,choice,multiple_choice,acc,0.625,192,lab,64
new-a,new-1,new,0.3,1000.5,300000,words,cloze,acc,0.3125,192,none,
mid-a,mid-1,mid,0.1,2000,400000,choice,multiple_choice,acc,0.875,192,none,
mid-a,mid-1,mid,0.1,2000,400000,words,cloze,acc,0.4375,192,none,
";

    #[test]
    fn models_are_those_of_the_same_table_read_as_anybodys() -> Result<()> {
        let path = Path::new("observations.csv");
        let scores = LabScores::parse(TABLE, path)?;
        let tables = [Table::parse(TABLE.as_bytes(), path, &[])?];
        let after = &scores.adjusted()[0];
        for (format, score, adjusted) in [
            (Format::MultipleChoice, "choice", Some(after)),
            (Format::MultipleChoice, "choice", None),
            (Format::Cloze, "words", None),
        ] {
            let settings = Settings {
                score: Some(score.to_owned()),
                adjusted: adjusted.map(|_| "lab@64".to_owned()),
                groups: vec!["cohort = new".parse()?, "cohort = mid".parse()?],
                cutoff: Cutoff::None,
                any_size: true,
                ..Settings::default()
            };
            // How sizes were understood is said of tables only.
            let read = ModelSet { notes: Vec::new(), ..ModelSet::from_tables(&tables, &settings)? };
            assert_eq!(scores.set(format, adjusted)?, read);
        }
        Ok(())
    }

    #[test]
    fn a_format_without_scores_is_named() -> Result<()> {
        let choice: String =
            TABLE.lines().filter(|line| !line.contains("cloze")).map(|line| format!("{line}\n")).collect();
        let scores = LabScores::parse(&choice, Path::new("observations.csv"))?;
        let error = scores.set(Format::Cloze, None).expect_err("there are none").to_string();
        assert_eq!(error, "observations.csv: it has no scores in cloze format");
        Ok(())
    }
}
