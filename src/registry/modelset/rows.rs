//! From joined records to the rows that are fitted.

use std::collections::HashMap;

use super::dropped::{Dropped, Reason};
use super::groups::{self, GroupColumn, Value};
use super::layout::{Layout, check_flags};
use super::predictor::{Predictor, PredictorKind, XScale};
use super::quantity::{self, Quantity};
use super::records::{Cell, Named, Record, Records};
use super::scores::Role;
use super::selection::Selection;
use super::set::{AFTER_ADJUSTMENT, ModelRow, ModelSet};
use super::settings::{Amount, ClusterBy, ScoreScale, Settings, WeightBy};
use super::sizes::{self, Sizes};
use super::{chosen, conflicts, repeats, scale, scores, setups};
use crate::registry::columns::{FAMILY, ITEMS};
use crate::registry::table::{Table, fold};
use crate::registry::{Models, Scores};
use crate::{Error, Result};

fn assemble(tables: &[Table], roles: &[Role], settings: &Settings) -> Result<ModelSet> {
    check_flags(tables, settings)?;
    let layouts = tables.iter().map(|table| Layout::of(table, settings)).collect::<Result<Vec<_>>>()?;
    let (mut score, mut places) = scores::locate(tables, &layouts, roles, settings)?;
    let mut of_where = Vec::new();
    let left_out = chosen::left_out(tables, &layouts, settings, &mut of_where)?;
    let setups = setups::settle(tables, &layouts, &mut places, &left_out)?;
    let (records, mut dropped, partners) = Records::join(tables, &layouts, &places, roles)?;
    let wants_adjusted = settings.adjusted.is_some() || roles.contains(&Role::After);
    let predictor = quantity::describe(settings);
    let x = Quantity::of(&predictor.name, &records)?;

    let mut scored = Vec::new();
    for (record, chosen) in records.records.iter().zip(records.chosen(&left_out)) {
        if !chosen {
            dropped.push(Dropped { model: record.name.clone(), reason: Reason::NotChosen });
            continue;
        }
        match Scored::of(&records, record, &x, wants_adjusted, settings, &predictor)? {
            Ok(found) => scored.push(found),
            // Its checkpoints speak for it.
            Err(Reason::NoScore) if records.has_checkpoints(record) => {}
            Err(reason) => dropped.push(Dropped { model: record.name.clone(), reason }),
        }
    }
    let lacks = |predictor: bool| {
        let is =
            |d: &&Dropped| matches!((&d.reason, predictor), (Reason::NoScore, false) | (Reason::NoPredictor(_), true));
        dropped.iter().filter(is).map(|d| d.model.clone()).collect::<Vec<_>>()
    };
    let (scoreless, sizeless) = (lacks(false), lacks(true));
    let may_be_alike = tables.len() > 1 && !scoreless.is_empty() && !sizeless.is_empty();
    if scored.is_empty()
        && may_be_alike
        && let Some(names) = records.nothing_in_common()
    {
        return Err(Error::Undetermined(format!(
            "no model can be fitted: no name stands in two tables; {names}; write the names alike, or give one table the \
             other's names in a column `hub_id`"
        )));
    }
    if scored.is_empty()
        && let Some(error) = sizes::none_left(&dropped, &predictor.name, tables, &layouts)
    {
        return Err(error);
    }
    let usable: Vec<&Record> = scored.iter().map(|s| s.record).collect();
    let mut notes: Vec<String> =
        sizes::units_taken(tables, &layouts, scored.iter().map(|s| &s.sizes)).into_iter().collect();
    notes.extend(conflicts::beside_six_n_d(
        &scored.iter().map(|s| (s.record.name.as_str(), &s.sizes)).collect::<Vec<_>>(),
    ));
    notes.extend(of_where);
    notes.extend(conflicts::unread_columns(tables, &layouts));
    notes.extend(conflicts::tokens_of_checkpoints(
        &records,
        &scored.iter().map(|s| (s.record, &s.sizes)).collect::<Vec<_>>(),
    ));
    notes.extend(conflicts::almost_alike(scored.iter().map(|s| s.record.name.as_str())));
    if may_be_alike {
        notes.push(format!(
            "{} models have no score (`{}`) and {} a score and no {} (`{}`); if some of them are the same, write their names \
             alike",
            scoreless.len(),
            scoreless[0],
            sizeless.len(),
            predictor.name,
            sizeless[0]
        ));
    }
    notes.extend(conflicts::between_tables(&records, &usable, wants_adjusted));
    notes.extend(setups);
    notes.extend(partners);
    notes.extend(records.joined.iter().cloned());
    let groups = groups::all(&records, &usable, settings, &mut notes)?;
    let others = OtherColumns {
        of_benchmark: score.benchmark.map_or(f64::NAN, |known| f64::from(known.items)),
        ..OtherColumns::of(&records, settings)?
    };
    let mut rows = Vec::new();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for found in &scored {
        match others.row(&records, found, &groups, &predictor.scale)? {
            Ok(row) => {
                rows.push(row);
                before.push((found.score, found.score_cell));
                after.extend(found.adjusted);
            }
            Err(reason) => dropped.push(Dropped { model: found.record.name.clone(), reason }),
        }
    }
    let groups = repeats::distinct(groups, &mut rows, &mut notes)?;
    let without_release = dropped.iter().filter(|d| d.reason == Reason::NoRelease).count();
    if rows.is_empty()
        && without_release > 0
        && let Some(found) = sizes::nothing_found(&PredictorKind::Release, tables, &layouts)
    {
        return Err(Error::Undetermined(format!(
            "no model can be fitted: {without_release} with no release month; {found}"
        )));
    }
    let asked = match settings.score_scale {
        ScoreScale::Auto => scale::of_metric(score.metric.as_deref()),
        asked => asked,
    };
    score.scale = scale::check(&before, asked)?;
    if settings.score_scale == ScoreScale::Auto && score.scale == ScoreScale::Percent {
        notes.extend(scale::small_among_percentages(before.iter().map(|(value, _)| *value)));
    }
    if score.scale != ScoreScale::Any {
        scale::check_alike(&after, score.scale)?;
    }
    score.normalised_beside = scores::normalised_beside(tables, &score);
    one_spelling(&records, &scored)?;
    if settings.cluster == ClusterBy::Family && layouts.iter().all(|layout| layout.get(&FAMILY).is_none()) {
        let checkpoints = scored.iter().any(|found| found.record.is_checkpoint());
        notes.push(if checkpoints {
            "no column names the families: the checkpoints of a training run count as one family, and every other model as \
             independent; `--cluster model` counts the checkpoints as independent too"
                .to_owned()
        } else {
            "no column names the families: every model counts as independent".to_owned()
        });
    }
    notes.extend(without_family(&records, &scored, settings));
    // A number of items is of use when all models have one.
    let without = rows.iter().filter(|row| row.items.is_none()).count();
    if without > 0 {
        if without < rows.len() {
            notes.push(format!(
                "{without} of {} models have no number of items, so those of the table are not used",
                rows.len()
            ));
        }
        rows.iter_mut().for_each(|row| row.items = None);
    }
    Ok(ModelSet {
        rows,
        dropped,
        score,
        adjusted: settings.adjusted.clone().or_else(|| wants_adjusted.then(|| AFTER_ADJUSTMENT.to_owned())),
        predictor,
        base: groups::base(&groups),
        groups: groups.into_iter().map(|column| column.group).collect(),
        notes,
        sources: tables.iter().map(|table| table.path().display().to_string()).collect(),
        two_places: roles.contains(&Role::After).then(|| {
            let of = |role: Role| roles.iter().filter(|other| **other == role).count();
            (of(Role::Before), of(Role::After))
        }),
    })
}

/// A model with score and predictor.
struct Scored<'r, 't> {
    record: &'r Record,
    sizes: Sizes,
    x: f64,
    score: f64,
    score_cell: Cell<'t>,
    adjusted: Option<(f64, Cell<'t>)>,
}

impl<'r, 't> Scored<'r, 't> {
    fn of(
        records: &Records<'t>,
        record: &'r Record,
        x: &Quantity,
        wants_adjusted: bool,
        settings: &Settings,
        predictor: &Predictor,
    ) -> Result<Result<Self, Reason>> {
        let Some(score_cell) = records.score(record, false) else { return Ok(Err(Reason::NoScore)) };
        let adjusted = match records.score(record, true) {
            Some(cell) => Some((cell.number()?, cell)),
            None if wants_adjusted => return Ok(Err(Reason::NoAdjusted)),
            None => None,
        };
        let sizes = Sizes::of(records, record, settings)?;
        let Some(value) = x.value(records, record, &sizes)? else {
            return Ok(Err(Reason::NoPredictor(predictor.name.to_string())));
        };
        if predictor.scale == XScale::Log10 && value <= 0.0 {
            let problem = format!("{value} has no logarithm; `--x-scale linear` takes it as it is");
            return Err(match x.cell(records, record) {
                Some(cell) => cell.error(problem),
                None => Error::Undetermined(format!("{}: {problem}", record.name)),
            });
        }
        Ok(Ok(Self { record, sizes, x: value, score: score_cell.number()?, score_cell, adjusted }))
    }
}

/// Where a row takes from what it holds beside its score and its compute.
struct OtherColumns<'s> {
    cluster: Option<Named>,
    by_model: bool,
    compute_sd: Option<(Source, &'s str)>,
    items: Option<(Source, &'s str)>,
    weights: Option<(Source, &'s str)>,
    holdout: Option<(&'s Selection, Quantity)>,
    /// Items of the whole benchmark; NaN where it is not known.
    of_benchmark: f64,
}

/// Where a number comes from.
enum Source {
    Number(f64),
    Column(Named),
}

impl<'s> OtherColumns<'s> {
    fn of(records: &Records<'_>, settings: &'s Settings) -> Result<Self> {
        let source = |amount: &'s Option<Amount>| -> Result<Option<(Source, &'s str)>> {
            Ok(match amount {
                Some(Amount::Number(number)) => Some((Source::Number(*number), "")),
                Some(Amount::Column(name)) => Some((Source::Column(records.named(name)?), name.as_str())),
                None => None,
            })
        };
        Ok(Self {
            cluster: match &settings.cluster {
                ClusterBy::Column(name) => Some(records.named(name)?),
                ClusterBy::Family | ClusterBy::Model => None,
            },
            by_model: settings.cluster == ClusterBy::Model,
            compute_sd: source(&settings.compute_sd)?,
            items: source(&settings.items)?,
            weights: match &settings.weights {
                Some(WeightBy::Column(name)) => Some((Source::Column(records.named(name)?), name.as_str())),
                Some(WeightBy::Items) | None => None,
            },
            of_benchmark: f64::NAN,
            holdout: match &settings.holdout {
                Some(selection) => Some((selection, groups::usual(selection, records, settings)?)),
                None => None,
            },
        })
    }

    fn row(
        &self,
        records: &Records<'_>,
        found: &Scored<'_, '_>,
        groups: &[GroupColumn],
        scale: &XScale,
    ) -> Result<Result<ModelRow, Reason>> {
        let (record, sizes) = (found.record, &found.sizes);
        let mut z = Vec::with_capacity(groups.len());
        for group in groups {
            match group.value(records, record, sizes)? {
                Value::Is(value) => z.push(value),
                Value::NoRelease => return Ok(Err(Reason::NoRelease)),
                Value::Missing(name) => return Ok(Err(Reason::NoValue(name))),
            }
        }
        let family = records.cell(record, &FAMILY).map_or(record.run(), |cell| cell.text());
        let cluster = match &self.cluster {
            Some(named) => match records.cell_of(record, named) {
                Some(cell) => cell.text(),
                None => &record.name,
            },
            None if self.by_model => &record.name,
            None => family,
        };
        let mut amounts = [None; 3];
        for (amount, wanted) in amounts.iter_mut().zip([&self.compute_sd, &self.items, &self.weights]) {
            *amount = match wanted {
                Some((source, name)) => match number(records, record, source)? {
                    Some(number) => Some(number),
                    None => return Ok(Err(Reason::NoValue((*name).to_owned()))),
                },
                None => None,
            };
        }
        let [compute_sd, items, weight] = amounts;
        if let Some(items) = items.filter(|items| *items < 1.0) {
            return Err(Error::Argument(format!(
                "`{}` would have {items} items; --items is a whole number, 1 or more, or a column of them",
                record.name
            )));
        }
        let items = match items {
            Some(items) => Some(items),
            None => match records.cell(record, &ITEMS) {
                Some(cell) => Some(cell.size()?),
                None => records.limit(record)?.map(|limit| if limit < 1.0 { limit * self.of_benchmark } else { limit }),
            },
        };
        let items = items.filter(|items| items.is_finite());
        let held_out = match &self.holdout {
            Some((selection, quantity)) => {
                groups::selected(selection, quantity, records, record, sizes)?.unwrap_or(false)
            }
            None => false,
        };
        Ok(Ok(ModelRow {
            name: record.name.clone(),
            run: record.run().to_owned(),
            family: family.to_owned(),
            cluster: cluster.to_owned(),
            x: found.x,
            position: scale.apply(found.x),
            // A date that cannot be read matters only to a group that needs it.
            release: quantity::release(records, record).ok().flatten(),
            groups: z,
            score: found.score,
            adjusted: found.adjusted.map(|(score, _)| score),
            params: sizes.params,
            active_params: sizes.active_params,
            tokens: sizes.tokens,
            compute: sizes.compute,
            compute_sd,
            items,
            weight,
            held_out,
        }))
    }
}

/// A number that is not negative.
fn number(records: &Records<'_>, record: &Record, source: &Source) -> Result<Option<f64>> {
    let named = match source {
        Source::Number(number) => return Ok(Some(*number)),
        Source::Column(named) => named,
    };
    let Some(cell) = records.cell_of(record, named) else { return Ok(None) };
    let value = cell.number()?;
    if value < 0.0 { Err(cell.error(format!("{} is negative", cell.text()))) } else { Ok(Some(value)) }
}

/// That some models have no family where others have one, and so count as independent of all.
fn without_family(records: &Records<'_>, scored: &[Scored<'_, '_>], settings: &Settings) -> Option<String> {
    let without: Vec<String> = scored
        .iter()
        .filter(|found| records.cell(found.record, &FAMILY).is_none())
        .map(|found| found.record.name.clone())
        .collect();
    let some = settings.cluster == ClusterBy::Family && !without.is_empty() && without.len() < scored.len();
    some.then(|| {
        format!(
            "{} of {} models have no family and count as independent: {}",
            without.len(),
            scored.len(),
            scores::shortened(&without)
        )
    })
}

/// Every family is spelled one way.
fn one_spelling(records: &Records<'_>, scored: &[Scored<'_, '_>]) -> Result<()> {
    let mut spellings: HashMap<String, &str> = HashMap::new();
    for found in scored {
        let Some(cell) = records.cell(found.record, &FAMILY) else { continue };
        let spelling = *spellings.entry(fold(cell.text())).or_insert(cell.text());
        if spelling != cell.text() {
            return Err(cell
                .error(format!("family `{}` is spelled `{spelling}` in a row before; write both alike", cell.text())));
        }
    }
    Ok(())
}

impl ModelSet {
    /// Joins the tables into one set of models.
    ///
    /// # Errors
    /// [`MissingColumn`](crate::Error::MissingColumn) for a column that no table has, [`Cell`](crate::Error::Cell) for a
    /// value that cannot be used (not a number, not above zero, outside the score's scale, a model or a family spelled
    /// two ways, a size that no language model has), [`Argument`](crate::Error::Argument) for settings that fit no table or
    /// more than one thing, [`Undetermined`](crate::Error::Undetermined) when no model has the predictor. That too few
    /// models are left is no error here.
    pub fn from_tables(tables: &[Table], settings: &Settings) -> Result<Self> {
        assemble(tables, &vec![Role::Any; tables.len()], settings)
    }

    /// Joins scores before adjustment with those after it, and both with what other tables say of the models. A name after
    /// adjustment belongs to the name before that it is equal to, that it differs from in organisation, case and signs
    /// only, or that it holds (`Qwen2.5-32B-mmluft` holds `Qwen2.5-32B`); inexact joins and names without a partner are
    /// listed in [`notes`](Self::notes).
    ///
    /// # Errors
    /// As [`ModelSet::from_tables`]; [`Argument`](crate::Error::Argument) when two names after adjustment belong to one
    /// before, or none belongs to any.
    pub fn from_before_and_after(
        before: &[Table],
        after: &[Table],
        others: &[Table],
        settings: &Settings,
    ) -> Result<Self> {
        let tables = [before, after, others].concat();
        let roles = [vec![Role::Before; before.len()], vec![Role::After; after.len()], vec![Role::Facts; others.len()]];
        assemble(&tables, &roles.concat(), settings)
    }

    /// Joins scores and models in memory.
    ///
    /// # Errors
    /// As [`ModelSet::from_tables`].
    pub fn from_scores(scores: &Scores, models: &Models, settings: &Settings) -> Result<Self> {
        Self::from_tables(&Self::tables(scores, models), settings)
    }

    /// Scores and models as the tables that [`ModelSet::from_tables`] joins.
    pub(crate) fn tables(scores: &Scores, models: &Models) -> [Table; 2] {
        [models.table("models.csv"), scores.table("evaluations.csv")]
    }
}
