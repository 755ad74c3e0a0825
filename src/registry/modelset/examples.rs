//! After which numbers of task examples models were evaluated.

use std::collections::BTreeMap;

use super::layout::Layout;
use super::scores::{Role, condition, wanted};
use super::settings::Settings;
use crate::registry::Adjustment;
use crate::registry::columns::EXAMPLES;
use crate::registry::table::Table;
use crate::{Error, Result};

/// The numbers of task examples after which a benchmark was evaluated, and what the condition of each is called; those of the
/// adjustment that the settings name, or of the only one.
///
/// # Errors
/// [`Error::Cell`] for a number of examples that is none; [`Error::Argument`] when there are several adjustments and none is
/// named.
pub(crate) fn task_examples(tables: &[Table], settings: &Settings, benchmark: &str) -> Result<BTreeMap<u64, String>> {
    let own = Settings { adjusted: None, ..settings.clone() };
    let mut found: BTreeMap<Adjustment, BTreeMap<u64, String>> = BTreeMap::new();
    for table in tables {
        let layout = Layout::of(table, &own)?;
        let Some(column) = layout.get(&EXAMPLES).filter(|_| layout.is_long()) else { continue };
        let Some(wanted) = wanted(table, &layout, Role::Any, benchmark, &own)? else { continue };
        for row in (0..table.rows()).filter(|row| wanted.is_of(table, &layout, *row)) {
            let condition = condition(table, &layout, row);
            if condition.examples.is_empty() || condition.adjustment == Adjustment::None {
                continue;
            }
            let number: u64 = condition.examples.parse().map_err(|_| {
                let problem = format!("`{}` is no number of task examples", condition.examples);
                table.cell_error(row, &table.names()[column.index], problem)
            })?;
            found.entry(condition.adjustment.clone()).or_default().insert(number, condition.spelled());
        }
    }
    if let Some(name) = &settings.adjusted {
        found.retain(|adjustment, _| adjustment.to_string() == *name);
        if found.is_empty() {
            return Err(Error::Argument(format!(
                "`{benchmark}` has no scores after numbers of task examples under the adjustment `{name}`; --adjusted names one \
                 of the column `adjustment`"
            )));
        }
    }
    if found.len() > 1 {
        let names: Vec<String> = found.keys().map(ToString::to_string).collect();
        return Err(Error::Argument(format!(
            "`{benchmark}` has scores after numbers of task examples under several adjustments; choose one by --adjusted: {}",
            names.join(", ")
        )));
    }
    Ok(found.into_values().next().unwrap_or_default())
}
