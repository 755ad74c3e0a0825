//! Which rows count: those that every `--where` chooses.
//!
//! A table that has the column keeps the rows that it chooses. A model of which no such row is left does not count, even
//! where its score stands in a table that lacks the column.

use std::collections::BTreeSet;

use super::layout::{Found, Layout, missing};
use super::selection::{Selection, UNSET};
use super::settings::Settings;
use crate::registry::Month;
use crate::registry::columns::{ACTIVE_PARAMS, COMPUTE, FAMILY, MODEL, PARAMS, RELEASE, TOKENS};
use crate::registry::table::{Table, Unit};
use crate::{Error, Result};

/// The columns that a selection finds whatever they are called.
const MEANT: [&crate::registry::table::Column; 7] =
    [&MODEL, &FAMILY, &PARAMS, &ACTIVE_PARAMS, &TOKENS, &COMPUTE, &RELEASE];

/// The rows of each table that do not count; `None` for a table that has none of the columns.
pub(super) type LeftOut = Vec<Option<BTreeSet<usize>>>;

/// The rows of each table that `--where` leaves out; `notes` is told of values that were to be left out and are not there.
///
/// # Errors
/// [`Error::MissingColumn`] for a column that no table has; a cell that cannot be compared; a selection of no row.
pub(super) fn left_out(
    tables: &[Table],
    layouts: &[Layout],
    settings: &Settings,
    notes: &mut Vec<String>,
) -> Result<LeftOut> {
    let mut all: LeftOut = vec![None; tables.len()];
    for only in &settings.only {
        let (mut has_column, mut chooses, mut leaves_out) = (false, false, false);
        for ((table, layout), skipped) in tables.iter().zip(layouts).zip(&mut all) {
            let Some(found) = column(only, table, layout) else { continue };
            has_column = true;
            let skipped = skipped.get_or_insert_default();
            for row in 0..table.rows() {
                if chosen(only, table, found, row)? {
                    chooses = true;
                } else {
                    leaves_out = true;
                    skipped.insert(row);
                }
            }
        }
        if !has_column {
            let error = missing(tables, only.column());
            return Err(match only.column() == COMPUTE.name {
                true => {
                    error.with_help("--where chooses rows by what stands in them; `--holdout` knows computed compute")
                }
                false => error,
            });
        }
        only.check_size(settings)?;
        if !chooses {
            return Err(Error::Argument(format!("--where '{only}' chooses no row; {}", values(only, tables, layouts))));
        }
        // `family != lama` looks as if it had left a family out.
        if only.excludes_a_value() && !leaves_out {
            notes.push(format!("--where '{only}' leaves out no row; {}", values(only, tables, layouts)));
        }
    }
    Ok(all)
}

fn column(only: &Selection, table: &Table, layout: &Layout) -> Option<Found> {
    let meant = MEANT.iter().find(|column| column.name == only.column()).and_then(|column| layout.get(column));
    meant.or_else(|| table.position(only.column()).map(Found::at))
}

fn chosen(only: &Selection, table: &Table, found: Found, row: usize) -> Result<bool> {
    if table.is_missing(row, found.index) {
        return Ok(only.holds_of_empty());
    }
    let text = table.at(row, found.index).unwrap_or_default();
    let number = (found.unit != Unit::ONE).then(|| table.size_at(row, found.index, found.unit).ok()).flatten();
    let month = found.dates.and_then(|_| Month::of_date_in(text, found.dates).ok());
    only.holds(text, number, month).map_err(|problem| table.cell_error(row, &table.names()[found.index], problem))
}

/// Which values there are.
fn values(only: &Selection, tables: &[Table], layouts: &[Layout]) -> String {
    let mut values: BTreeSet<&str> = BTreeSet::new();
    for (table, layout) in tables.iter().zip(layouts) {
        let Some(found) = column(only, table, layout) else { continue };
        values.extend((0..table.rows()).map(|row| match table.is_missing(row, found.index) {
            true => UNSET,
            false => table.at(row, found.index).unwrap_or(UNSET),
        }));
    }
    let listed: Vec<String> = values.into_iter().map(str::to_owned).collect();
    format!("`{}` has the values {}", only.column(), super::scores::shortened(&listed))
}

#[cfg(test)]
mod tests {
    use crate::registry::modelset::{GridSettings, ModelSet, ScoreGrid, Settings};
    use crate::registry::table::Table;

    const WIDE: &str = "model,params (B),tokens (B),shots,kind,arc\na,1,1000,0,base,0.3\na,1,1000,25,base,0.4\n\
                        b,7,1000,25,chat,0.6\nc,13,1000,25,,0.7\n";

    fn table(name: &str, text: &str) -> Table {
        Table::parse(text.as_bytes(), name.as_ref(), &[]).expect("a table")
    }

    fn settings(only: &[&str]) -> Settings {
        let only = only.iter().map(|text| text.parse().expect("a selection")).collect();
        Settings { score: Some("arc".into()), only, ..Settings::default() }
    }

    fn scores(tables: &[Table], only: &[&str]) -> crate::Result<Vec<(String, f64)>> {
        let set = ModelSet::from_tables(tables, &settings(only))?;
        Ok(set.rows.into_iter().map(|row| (row.name, row.score)).collect())
    }

    fn expected(of: &[(&str, f64)]) -> Vec<(String, f64)> {
        of.iter().map(|(name, score)| ((*name).to_owned(), *score)).collect()
    }

    #[test]
    fn rows_of_a_wide_table_are_chosen() {
        let wide = [table("wide.csv", WIDE)];
        let chosen = |only: &[&str]| scores(&wide, only).expect("chosen");
        assert_eq!(chosen(&["shots = 25"]), expected(&[("a", 0.4), ("b", 0.6), ("c", 0.7)]));
        assert_eq!(chosen(&["shots = 25", "kind = none"]), expected(&[("c", 0.7)]));
        assert_eq!(chosen(&["params > 5e9"]), expected(&[("b", 0.6), ("c", 0.7)]));
        assert_eq!(chosen(&["shots = 25", "kind != base"]), expected(&[("b", 0.6), ("c", 0.7)]));
        assert!(scores(&wide, &[]).expect_err("two rows of one model").to_string().contains("already in row"));
    }

    #[test]
    fn an_empty_cell_differs_from_every_number() {
        let text = "model,params,tokens,shots,arc\na,1e9,1e12,5,0.3\nb,7e9,1e12,,0.6\nc,9e9,1e12,0,0.7\n";
        let some = [table("wide.csv", text)];
        let chosen = |only: &str| scores(&some, &[only]).expect("chosen");
        assert_eq!(chosen("shots != 5"), expected(&[("b", 0.6), ("c", 0.7)]));
        assert_eq!(chosen("shots <= 5"), expected(&[("a", 0.3), ("c", 0.7)]));
    }

    #[test]
    fn a_column_of_another_table_chooses_models() {
        let results = table("scores.csv", "model,benchmark,metric,value\na,arc,acc,0.4\nb,arc,acc,0.6\n");
        let facts = table("models.csv", "model,params,tokens,kind\na,1e9,1e12,base\nb,7e9,1e12,chat\n");
        let tables = [results, facts];
        assert_eq!(scores(&tables, &["kind = chat"]).expect("chosen"), expected(&[("b", 0.6)]));
        let set = ModelSet::from_tables(&tables, &settings(&["kind = chat"])).expect("chosen");
        assert_eq!(set.dropped.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a: not chosen by --where"]);
    }

    #[test]
    fn a_selection_of_nothing_and_a_cell_that_cannot_be_compared_are_refused() {
        let wide = [table("wide.csv", WIDE)];
        let refused = |only: &str| scores(&wide, &[only]).expect_err("refused").to_string();
        assert!(refused("params > 5").contains("write the size out"));
        assert_eq!(refused("shots = 5"), "--where 'shots = 5' chooses no row; `shots` has the values 0, 25");
        assert_eq!(
            refused("kind > 3"),
            "wide.csv, row 2, column `kind`: `base` is not a number, which `kind > 3` compares"
        );
        let dated = [table("dated.csv", "model,released,arc\na,2023-06,0.3\nb,2024-02,0.4\n")];
        let year = scores(&dated, &["released >= 2024"]).expect_err("refused").to_string();
        assert!(year.ends_with("write a month, such as `released >= 2024-01`"), "{year}");
        assert!(refused("colour = red").contains("colour"));
    }

    #[test]
    fn a_value_that_was_to_be_left_out_and_is_not_there_is_told() {
        let one = "model,params (B),tokens (B),kind,arc\na,1,1000,base,0.3\nb,7,1000,chat,0.6\nc,13,1000,base,0.7\n";
        let tables = [table("wide.csv", one)];
        let told = |only: &str| {
            let notes = ModelSet::from_tables(&tables, &settings(&[only])).expect("chosen").notes;
            notes.into_iter().filter(|note| note.starts_with("--where")).collect::<Vec<_>>()
        };
        assert_eq!(
            told("kind != chta"),
            ["--where 'kind != chta' leaves out no row; `kind` has the values base, chat"]
        );
        assert!(told("kind != chat").is_empty());
        // These say what is to stay, or leave out what may be empty.
        assert!(told("kind != none").is_empty() && told("params > 5e8").is_empty());
        let grid =
            GridSettings { tables: Settings { score: None, ..settings(&["kind != chta"]) }, ..GridSettings::default() };
        let more = [table("wide.csv", "model,kind,arc,boolq\na,base,0.3,0.5\nb,chat,0.6,0.7\nc,base,0.7,0.8\n")];
        let grid = ScoreGrid::from_tables(&more, &grid).expect("a grid");
        assert!(grid.notes.iter().any(|note| note.contains("leaves out no row")), "{:?}", grid.notes);
    }

    #[test]
    fn a_grid_keeps_the_same_rows() {
        let text = "model,kind,arc,boolq\na,base,0.3,0.5\na,chat,0.4,0.6\nb,chat,0.6,0.7\n";
        let settings = GridSettings { tables: settings(&["kind = chat"]), ..GridSettings::default() };
        let settings = GridSettings { tables: Settings { score: None, ..settings.tables.clone() }, ..settings };
        let grid = ScoreGrid::from_tables(&[table("wide.csv", text)], &settings).expect("chosen");
        let names: Vec<&str> = grid.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!((names, &grid.before.values), (vec!["a", "b"], &vec![vec![0.4, 0.6], vec![0.6, 0.7]]));
    }
}
