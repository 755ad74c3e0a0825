//! Which rows of a long table answer the question, where a model was evaluated in several setups.
//!
//! 1. `--where` keeps the rows that it chooses.
//! 2. A run on a part of the items never stands beside or for a full one: it is left out wherever there are full ones.
//! 3. Of evaluations that differ only in the version of the program, the latest counts, where all have a date.
//! 4. Whatever else has several scores of one model is refused, with the columns in which they differ.

use std::collections::{BTreeMap, BTreeSet};

use super::chosen::LeftOut;
use super::layout::Layout;
use super::records::checkpoint;
use super::scores::{Match, Place, Wanted};
use super::selection::UNSET;
use crate::registry::columns::{DATE, HARNESS_VERSION, LIMIT, MODEL, REVISION};
use crate::registry::table::Table;
use crate::registry::{OBSERVATION_COLUMNS, Timestamp};
use crate::{Error, Result};

/// What two scores of one model may differ in; the version of the program is the last.
const SETUP: [&str; 13] = [
    "shots",
    "revision",
    "chat_template",
    "system_prompt",
    "multiturn",
    "adapter",
    "quantisation",
    "dtype",
    "settings",
    "limit",
    "task_version",
    "harness",
    "harness_version",
];

/// Of these a reader is told where one fit has several of them.
const TOLD: [&str; 9] = [
    "shots",
    "chat_template",
    "system_prompt",
    "multiturn",
    "adapter",
    "quantisation",
    "settings",
    "task_version",
    "harness",
];

/// Marks the rows that do not count, and says what a reader should know.
///
/// # Errors
/// [`Error::Argument`] where several setups would answer the question.
pub(super) fn settle(
    tables: &[Table],
    layouts: &[Layout],
    places: &mut [Place],
    left_out: &LeftOut,
) -> Result<Vec<String>> {
    places.iter_mut().zip(left_out).for_each(|(place, rows)| rows.iter().for_each(|rows| place.leave_out(rows)));
    let mut notes = Vec::new();
    let mut sides = [Side::default(), Side::default()];
    for ((table, layout), place) in tables.iter().zip(layouts).zip(places) {
        if let Place::Long(wanted) = place {
            let long = Long { table, layout, columns: SETUP.map(|name| column(table, name)) };
            long.settle(wanted, &mut notes)?;
            long.add(wanted, &mut sides);
        }
    }
    let [before, after] = &sides;
    notes.extend(before.against(after)?);
    Ok(notes)
}

/// How the scores under one condition were obtained: the metrics, and the values of each column of the setup.
#[derive(Default)]
struct Side {
    metrics: BTreeSet<String>,
    values: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Side {
    /// What scores before adjustment differ in from those after it, a sentence a column.
    ///
    /// # Errors
    /// [`Error::Argument`] for two metrics, which nobody would compare.
    fn against(&self, after: &Self) -> Result<Vec<String>> {
        if self.values.is_empty() || after.values.is_empty() {
            return Ok(Vec::new());
        }
        let listed = |of: &BTreeSet<String>| shortened(&of.iter().cloned().collect::<Vec<_>>());
        if self.metrics != after.metrics && !self.metrics.is_empty() && !after.metrics.is_empty() {
            return Err(Error::Argument(format!(
                "the score is {} before adjustment and {} after it; choose one that both have by --metric",
                listed(&self.metrics),
                listed(&after.metrics)
            )));
        }
        // An adapter may be the adjustment itself.
        let compared = TOLD.iter().copied().filter(|name| *name != "adapter").chain([LIMIT.name]);
        let both = compared.filter_map(|name| Some((name, self.values.get(name)?, after.values.get(name)?)));
        let differing = both.filter(|(_, before, after)| before != after);
        Ok(differing
            .map(|(name, before, after)| {
                format!(
                    "scores before and after adjustment differ in {name} too, so that their difference is not that of adjustment \
                     alone: {} before, {} after",
                    listed(before),
                    listed(after)
                )
            })
            .collect())
    }
}

fn column(table: &Table, name: &str) -> Option<usize> {
    table.find(OBSERVATION_COLUMNS.iter().find(|column| column.name == name)?).map(|(at, _)| at)
}

struct Long<'t> {
    table: &'t Table,
    layout: &'t Layout,
    columns: [Option<usize>; SETUP.len()],
}

impl<'t> Long<'t> {
    fn settle(&self, wanted: &mut Wanted, notes: &mut Vec<String>) -> Result<()> {
        let matching = (0..self.table.rows()).map(|row| (row, wanted.matches(self.table, self.layout, row)));
        let mut rows: Vec<(usize, Match)> = matching.filter(|(_, holds)| *holds != Match::Neither).collect();
        let mut skipped = BTreeSet::new();
        self.leave_out_limited(&mut rows, &mut skipped, notes);
        let mut by_model: BTreeMap<(String, bool), Vec<usize>> = BTreeMap::new();
        for (row, holds) in &rows {
            by_model.entry((self.model(*row), *holds == Match::Score)).or_default().push(*row);
        }
        let mut older = 0;
        for ((model, _), of_model) in by_model {
            if of_model.len() > 1 {
                older += self.one_of(&model, &of_model, wanted.benchmark(), &mut skipped)?;
            }
        }
        if older > 0 {
            notes.push(format!(
                "{older} scores are left out because a later version of the program evaluated the same; --where \
                 'harness_version = …' chooses"
            ));
        }
        rows.retain(|(row, _)| !skipped.contains(row));
        self.tell(&rows, notes);
        wanted.skip.extend(skipped);
        Ok(())
    }

    /// Adds how the scores that count were obtained, before and after adjustment.
    fn add(&self, wanted: &Wanted, sides: &mut [Side; 2]) {
        for row in 0..self.table.rows() {
            let side = match wanted.matches(self.table, self.layout, row) {
                Match::Score => &mut sides[0],
                Match::Adjusted => &mut sides[1],
                Match::Any | Match::Neither => continue,
            };
            side.metrics.extend(wanted.metric().map(str::to_owned));
            for (name, column) in SETUP.iter().zip(self.columns) {
                side.values.entry(name).or_default().insert(self.text(row, column).to_owned());
            }
        }
    }

    fn text(&self, row: usize, column: Option<usize>) -> &'t str {
        column
            .filter(|column| !self.table.is_missing(row, *column))
            .and_then(|c| self.table.at(row, c))
            .unwrap_or(UNSET)
    }

    fn model(&self, row: usize) -> String {
        let name = self.layout.get(&MODEL).and_then(|found| self.table.at(row, found.index)).unwrap_or_default();
        match checkpoint(self.table, row) {
            Some(state) => format!("{name}@{state}"),
            None => name.to_owned(),
        }
    }

    fn leave_out_limited(
        &self,
        rows: &mut Vec<(usize, Match)>,
        skipped: &mut BTreeSet<usize>,
        notes: &mut Vec<String>,
    ) {
        let Some((limit, _)) = self.table.find(&LIMIT) else { return };
        let limited = |row: usize| !self.table.is_missing(row, limit);
        let count = rows.iter().filter(|(row, _)| limited(*row)).count();
        if count == 0 {
            return;
        }
        if count == rows.len() {
            notes.push("every score is of a run on a part of the items (column limit)".to_owned());
            return;
        }
        let models: BTreeSet<String> =
            rows.iter().filter(|(row, _)| limited(*row)).map(|(row, _)| self.model(*row)).collect();
        rows.retain(|(row, _)| !limited(*row) || !skipped.insert(*row));
        let models = models.into_iter().collect::<Vec<_>>();
        notes.push(format!("{count} scores of runs on a part of the items are left out: {}", shortened(&models)));
    }

    /// Leaves out all but one of several rows of a model, and says how many; rows that are the same are left to the join.
    fn one_of(&self, model: &str, rows: &[usize], benchmark: &str, skipped: &mut BTreeSet<usize>) -> Result<usize> {
        let differing: Vec<(&str, BTreeSet<&str>)> = SETUP
            .iter()
            .zip(self.columns)
            .map(|(name, column)| (*name, rows.iter().map(|row| self.text(*row, column)).collect::<BTreeSet<_>>()))
            .filter(|(_, values)| values.len() > 1)
            .collect();
        if differing.is_empty() {
            return Ok(0);
        }
        if differing.iter().all(|(name, _)| *name == HARNESS_VERSION.name)
            && let Some(latest) = self.latest(rows)
        {
            skipped.extend(rows.iter().copied().filter(|row| *row != latest));
            return Ok(rows.len() - 1);
        }
        let told: Vec<String> = differing
            .iter()
            .map(|(name, values)| {
                let values = values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
                format!("{name} ({})", shortened(&values))
            })
            .collect();
        let (name, values) = &differing[0];
        let example = values.iter().find(|value| **value != UNSET).copied().unwrap_or_default();
        let mut problem = format!(
            "`{benchmark}` has {} scores of `{model}` that differ in {}; choose by --where, such as --where '{name} = \
             {example}'",
            rows.len(),
            told.join(" and ")
        );
        if *name == REVISION.name {
            problem.push_str(
                "; checkpoints are points of their own once `onset import --tokens-per-step` counts their tokens",
            );
        }
        Err(Error::Argument(problem))
    }

    /// The latest of these rows, where all have dates and these differ.
    fn latest(&self, rows: &[usize]) -> Option<usize> {
        let (column, _) = self.table.find(&DATE)?;
        let date = |row: usize| self.table.at(row, column)?.parse::<Timestamp>().ok();
        let dated = rows.iter().map(|row| Some((date(*row)?, *row))).collect::<Option<BTreeMap<_, _>>>()?;
        let (_, latest) = dated.last_key_value().filter(|_| dated.len() == rows.len())?;
        Some(*latest)
    }

    /// In which setups the scores of one fit were obtained, where these are several.
    fn tell(&self, rows: &[(usize, Match)], notes: &mut Vec<String>) {
        for (name, column) in SETUP.iter().zip(self.columns).filter(|(name, _)| TOLD.contains(name)) {
            let mut models: BTreeMap<&str, usize> = BTreeMap::new();
            for (row, _) in rows.iter().filter(|(_, holds)| *holds == Match::Score) {
                *models.entry(self.text(*row, column)).or_default() += 1;
            }
            if models.len() > 1 {
                let each: Vec<String> = models.iter().map(|(value, n)| format!("{} ({n})", short(value))).collect();
                notes.push(format!("the scores differ in {name}: {}; --where keeps one", shortened(&each)));
            }
        }
    }
}

/// A digest by its beginning.
fn short(value: &str) -> &str {
    const SHOWN: usize = 24;
    value.char_indices().nth(SHOWN).map_or(value, |(at, _)| &value[..at])
}

fn shortened(of: &[String]) -> String {
    const SHOWN: usize = 6;
    let mut text = of.iter().take(SHOWN).map(|one| short(one)).collect::<Vec<_>>().join(", ");
    if of.len() > SHOWN {
        text.push_str(&format!(" and {} more", of.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::registry::modelset::{ModelSet, Settings};
    use crate::registry::table::Table;

    fn table(name: &str, text: &str) -> Table {
        Table::parse(text.as_bytes(), name.as_ref(), &[]).expect("a table")
    }

    fn sizes() -> Table {
        table("models.csv", "model,params,tokens\na,1e9,1e12\nb,7e9,1e12\n")
    }

    fn set(rows: &str, only: &[&str]) -> crate::Result<ModelSet> {
        let header = "model,benchmark,metric,value,shots,revision,tokens_seen,limit,harness_version,date";
        let scores = table("scores.csv", &format!("{header}\n{rows}"));
        let only = only.iter().map(|text| text.parse().expect("a selection")).collect();
        let settings = Settings { score: Some("arc".into()), only, ..Settings::default() };
        ModelSet::from_tables(&[scores, sizes()], &settings)
    }

    fn scores(set: &ModelSet) -> Vec<(&str, f64)> {
        set.rows.iter().map(|row| (row.name.as_str(), row.score)).collect()
    }

    #[test]
    fn several_setups_of_one_model_are_refused_until_one_is_chosen() {
        let rows = "a,arc,acc,0.5,0,,,,,\na,arc,acc,0.6,25,,,,,\nb,arc,acc,0.7,25,,,,,\n";
        let error = set(rows, &[]).expect_err("two answers").to_string();
        assert_eq!(
            error,
            "`arc` has 2 scores of `a` that differ in shots (0, 25); choose by --where, such as --where 'shots = 0'"
        );
        assert_eq!(scores(&set(rows, &["shots = 25"]).expect("chosen")), [("a", 0.6), ("b", 0.7)]);
        assert!(set(rows, &["colour = red"]).expect_err("no column").to_string().contains("colour"));
    }

    #[test]
    fn scores_before_and_after_in_two_setups_are_told_and_two_metrics_are_refused() {
        let header = "model,benchmark,metric,value,shots,adjustment";
        let place = |name: &str, metric: &str, shots: &str, of: [f64; 2]| {
            let [a, b] = of;
            table(name, &format!("{header}\na,arc,{metric},{a},{shots},none\nb,arc,{metric},{b},{shots},none\n"))
        };
        let fit = |metric: &str, shots: &str| {
            let before = place("before.csv", "acc", "25", [0.3, 0.5]);
            let after = place("after.csv", metric, shots, [0.4, 0.6]);
            let settings = Settings { score: Some("arc".into()), ..Settings::default() };
            ModelSet::from_before_and_after(&[before], &[after], &[sizes()], &settings)
        };
        let differ =
            |set: &ModelSet| set.notes.iter().filter(|note| note.contains("before and after")).cloned().collect();
        let same: Vec<String> = differ(&fit("acc", "25").expect("models"));
        assert!(same.is_empty(), "{same:?}");
        let other: Vec<String> = differ(&fit("acc", "0").expect("models"));
        assert!(
            matches!(&other[..], [one] if one.contains("differ in shots too") && one.ends_with("25 before, 0 after"))
        );
        let error = fit("acc_norm", "25").expect_err("two metrics").to_string();
        assert!(error.contains("acc before adjustment and acc_norm after it") && error.contains("--metric"), "{error}");
    }

    #[test]
    fn a_mixture_of_setups_is_told() {
        let found = set("a,arc,acc,0.5,0,,,,,\nb,arc,acc,0.7,25,,,,,\n", &[]).expect("one score each");
        assert!(found.notes.iter().any(|note| note.contains("differ in shots: 0 (1), 25 (1)")), "{:?}", found.notes);
    }

    #[test]
    fn a_run_on_a_part_of_the_items_never_stands_for_a_full_one() {
        let found =
            set("a,arc,acc,0.5,0,,,,,\na,arc,acc,0.9,0,,,10,,\nb,arc,acc,0.8,0,,,10,,\n", &[]).expect("readable");
        assert_eq!(scores(&found), [("a", 0.5)]);
        assert!(found.notes.iter().any(|note| note.starts_with("2 scores of runs on a part")), "{:?}", found.notes);
    }

    #[test]
    fn of_two_versions_of_the_program_the_later_run_counts() {
        let dated = "a,arc,acc,0.5,0,,,,v2,2024-02-01\na,arc,acc,0.6,0,,,,v1,2024-01-01\n";
        assert_eq!(scores(&set(dated, &[]).expect("dated")), [("a", 0.5)]);
        let error = set("a,arc,acc,0.5,0,,,,v2,\na,arc,acc,0.6,0,,,,v1,\n", &[]).expect_err("no date").to_string();
        assert!(error.contains("harness_version (v1, v2)"), "{error}");
    }

    #[test]
    fn checkpoints_of_one_run_are_points_with_the_compute_of_their_own_tokens() {
        let rows = "a,arc,acc,0.3,0,step1,1000000000,,,\na,arc,acc,0.4,0,step2,2000000000,,,\nb,arc,acc,0.7,0,,,,,\n";
        let found = set(rows, &[]).expect("readable");
        let points: Vec<(&str, &str, f64)> =
            found.rows.iter().map(|row| (row.name.as_str(), row.family.as_str(), row.x)).collect();
        assert_eq!(points, [("a@step1", "a", 6e18), ("a@step2", "a", 1.2e19), ("b", "b", 4.2e22)]);
        assert!(found.dropped.is_empty(), "{:?}", found.dropped);
    }

    #[test]
    fn names_are_joined_where_that_is_unique_and_every_join_is_told() {
        let models = table("models.csv", "model,params,tokens\norg/opt-1.3b,1.3e9,1e12\norg/OPT-6.7b,6.7e9,1e12\n");
        let scores = table("scores.csv", "model,mmlu\nopt-13b,0.4\nopt-6.7b,0.5\n");
        let settings = Settings { score: Some("mmlu".into()), ..Settings::default() };
        let found = ModelSet::from_tables(&[scores, models], &settings).expect("readable");
        assert_eq!(found.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["opt-6.7b"]);
        let told: Vec<&String> = found.notes.iter().filter(|note| note.contains("is taken for")).collect();
        assert_eq!(told, ["`org/OPT-6.7b` in models.csv is taken for `opt-6.7b` in scores.csv"]);
        let twins = table("models.csv", "model,params,tokens\nx/m-7b,7e9,1e12\ny/m-7b,7e9,2e12\n");
        let scores = table("scores.csv", "model,mmlu\nm-7b,0.4\n");
        let error = ModelSet::from_tables(&[scores, twins], &settings).expect_err("`m-7b` may be either").to_string();
        assert!(error.contains("no name stands in two tables"), "{error}");
    }
}
