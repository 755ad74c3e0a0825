//! Groups that say the same as others, and groups that leave nobody outside.

use super::groups::GroupColumn;
use super::set::ModelRow;
use crate::{Error, Result};

/// Leaves out the group by release that nobody asked for where an asked one divides the models in the same way, and says
/// where no model is outside of all groups.
///
/// # Errors
/// [`Argument`](Error::Argument) for two groups of the same models, or of all others.
pub(super) fn distinct(
    mut groups: Vec<GroupColumn>,
    rows: &mut [ModelRow],
    notes: &mut Vec<String>,
) -> Result<Vec<GroupColumn>> {
    let binary = |k: usize| rows.iter().all(|row| row.groups[k] == 0.0 || row.groups[k] == 1.0);
    let varies = |k: usize| rows.iter().any(|row| row.groups[k] != rows[0].groups[k]);
    let alike = |a: usize, b: usize| {
        let same = rows.iter().all(|row| row.groups[a] == row.groups[b]);
        same || rows.iter().all(|row| row.groups[a] == 1.0 - row.groups[b])
    };
    let told: Vec<usize> = (0..groups.len()).filter(|k| binary(*k) && varies(*k)).collect();
    let pairs = told.iter().enumerate().flat_map(|(i, a)| told[i + 1..].iter().map(move |b| (*a, *b)));
    let repeated: Vec<(usize, usize)> = pairs.filter(|(a, b)| alike(*a, *b)).collect();
    if let Some((a, b)) = repeated.iter().find(|(a, _)| !groups[*a].by_default) {
        return Err(Error::Argument(format!(
            "`{}` and `{}` divide the models in the same way; leave one of the groups out",
            groups[*a].group, groups[*b].group
        )));
    }
    if let Some((a, b)) = repeated.first().copied() {
        notes.push(format!(
            "`{}` divides the models as `{}` does, so it is no group beside it",
            groups[a].group, groups[b].group
        ));
        groups.remove(a);
        rows.iter_mut().for_each(|row| _ = row.groups.remove(a));
    }
    let outside = |row: &ModelRow| row.groups.iter().all(|z| *z == 0.0);
    if groups.len() > 1 && !rows.is_empty() && !rows.iter().any(outside) {
        notes.push(
            "no model is outside of all groups: each difference is from a curve on which no model lies, and rests on the \
             differences adding up"
                .to_owned(),
        );
    }
    Ok(groups)
}
