//! Evaluations of one setup that a tool tells apart by more than a setup holds, such as the digest of all prompts.

use std::collections::{HashMap, HashSet};

use super::file::Evaluated;

/// Adds what tells them apart to the settings of rows that would else be one evaluation; of others it says nothing.
pub(super) fn tell_apart(files: &mut [Evaluated]) {
    let several: HashSet<(usize, usize)> = {
        let rows = files.iter().enumerate().flat_map(|(file, evaluated)| {
            let apart = evaluated.apart.iter().map(Option::as_deref);
            let rows = evaluated.rows.iter().zip(apart).enumerate();
            rows.filter_map(move |(at, (row, apart))| Some(((file, at), row, apart?)))
        });
        let mut known: HashMap<_, (&str, Vec<(usize, usize)>, bool)> = HashMap::new();
        for (place, row, apart) in rows {
            let entry = known.entry(row.identity()).or_insert((apart, Vec::new(), false));
            entry.1.push(place);
            entry.2 |= entry.0 != apart;
        }
        known.into_values().filter(|(.., differ)| *differ).flat_map(|(_, places, _)| places).collect()
    };
    for (file, at) in several {
        let Evaluated { rows, apart, .. } = &mut files[file];
        let (Some(row), Some(Some(apart))) = (rows.get_mut(at), apart.get(at)) else { continue };
        let settings = row.setup.settings.take();
        row.setup.settings = Some(settings.map_or_else(|| apart.clone(), |settings| format!("{settings}, {apart}")));
    }
}
