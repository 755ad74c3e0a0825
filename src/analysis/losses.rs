//! What every law of loss asks of tables: losses with a logarithm, parameters, and tokens.

use crate::registry::modelset::ModelRow;
use crate::registry::table::Table;
use crate::{Error, Result};

/// What is wrong with a loss that has no logarithm.
pub(crate) const NOT_POSITIVE: &str = "is not above 0, and the law is fitted to logarithms of losses; give the loss in nats or bits \
                                       per token, or name its column by --loss";

/// More than the cross entropy per token of a guess from a vocabulary of three million, in nats.
const LARGEST: f64 = 15.0;

/// That the column of losses holds losses, wherever a table has it; perplexities are let through by `any_size`.
pub(crate) fn check(tables: &[Table], loss: &str, any_size: bool) -> Result<()> {
    tables.iter().try_for_each(|table| all_positive(table, loss))?;
    if !any_size {
        tables.iter().try_for_each(|table| no_perplexity(table, loss))?;
    }
    Ok(())
}

/// That a column of losses does not hold perplexities, by its name and by its size.
fn no_perplexity(table: &Table, loss: &str) -> Result<()> {
    let Some(column) = table.position(loss) else { return Ok(()) };
    let name = &table.names()[column];
    let folded = name.to_lowercase();
    let mut values: Vec<f64> = (0..table.rows()).filter_map(|row| table.number_at(row, column).ok()).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2).copied().unwrap_or_default();
    if folded.contains("perplexity") || folded.contains("ppl") || middle > LARGEST {
        return Err(Error::File {
            path: table.path().to_owned(),
            problem: format!(
                "column `{name}` (in the middle {middle}) looks like a perplexity, and the law is one of losses per token: \
                 give the logarithm of the perplexity, or take it as it is by --any-size"
            ),
        });
    }
    Ok(())
}

/// That every loss in a column of this table has a logarithm.
fn all_positive(table: &Table, loss: &str) -> Result<()> {
    let Some(column) = table.position(loss) else { return Ok(()) };
    for row in 0..table.rows() {
        if let Some(value) =
            table.number_at(row, column).ok().filter(|value| *value <= 0.0 && !table.is_missing(row, column))
        {
            return Err(table.cell_error(row, &table.names()[column], format!("a loss of {value} {NOT_POSITIVE}")));
        }
    }
    Ok(())
}

/// Parameters and tokens; tokens by compute where a table gives only that.
pub(crate) fn sizes(row: &ModelRow) -> Option<(f64, f64)> {
    let params = row.params?;
    Some((params, row.tokens.or_else(|| row.compute.map(|compute| compute.0 / 6.0 / params))?))
}
