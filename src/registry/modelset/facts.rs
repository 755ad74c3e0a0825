//! What a grid may say of models beside their scores.

use super::grid_settings::GridSettings;
use super::groups::{selected, usual};
use super::records::{Record, Records};
use super::sizes::Sizes;
use crate::Result;
use crate::registry::Flops;

/// What was asked of one model.
pub(super) struct Facts {
    pub(super) compute: Option<Flops>,
    pub(super) marked: bool,
}

/// Sizes are read only where they are asked for, so that a size that nobody needs refuses no table.
///
/// # Errors
/// A cell that is no size, or that cannot be compared; a column that no table has.
pub(super) fn of(records: &Records<'_>, record: &Record, settings: &GridSettings) -> Result<Facts> {
    let marking = &settings.marked;
    let sizes = match settings.compute || !marking.is_empty() {
        true => Sizes::of(records, record, &settings.tables)?,
        false => Sizes::default(),
    };
    let mut marked = true;
    for selection in marking {
        let quantity = usual(selection, records, &settings.tables)?;
        marked &= selected(selection, &quantity, records, record, &sizes)?.unwrap_or(false);
    }
    Ok(Facts { compute: sizes.compute.filter(|_| settings.compute), marked })
}

#[cfg(test)]
mod tests {
    use crate::registry::modelset::{GridSettings, ScoreGrid};
    use crate::registry::table::Table;

    #[test]
    fn a_grid_says_compute_and_marks_models_only_where_it_is_asked_to() {
        let text =
            "model,params,tokens,kind,arc,boolq\na,1e9,1e12,base,0.3,0.5\nb,7e9,1e12,chat,0.4,0.6\nc,,,base,0.6,0.7\n";
        let table = Table::parse(text.as_bytes(), "wide.csv".as_ref(), &[]).expect("a table");
        let read = |compute: bool, marked: &[&str]| {
            let marked = marked.iter().map(|text| text.parse().expect("a selection")).collect();
            let settings = GridSettings { compute, marked, ..GridSettings::default() };
            ScoreGrid::from_tables(std::slice::from_ref(&table), &settings).map(|grid| {
                grid.models.iter().map(|m| (m.compute.map(|c| c.0), m.marked)).collect::<Vec<(Option<f64>, bool)>>()
            })
        };
        assert_eq!(read(false, &[]).expect("read"), [(None, true); 3]);
        assert_eq!(
            read(true, &["kind = base"]).expect("read"),
            [(Some(6e21), true), (Some(4.2e22), false), (None, true)]
        );
        let by_compute = read(false, &["compute <= 1e22", "kind = base"]).expect("read");
        assert_eq!(by_compute, [(None, true), (None, false), (None, false)], "without compute it is not chosen");
        assert!(read(true, &["colour = red"]).expect_err("no column").to_string().contains("colour"));
        let sizes = "model,params,tokens,arc\na,1,2,0.3\nb,2,3,0.4\n";
        let table = Table::parse(sizes.as_bytes(), "sizes.csv".as_ref(), &[]).expect("a table");
        let of = |compute| {
            ScoreGrid::from_tables(std::slice::from_ref(&table), &GridSettings { compute, ..GridSettings::default() })
        };
        assert!(of(false).is_ok(), "a size that nobody needs");
        assert!(of(true).expect_err("no size of a model").to_string().contains("--any-size"));
    }
}
