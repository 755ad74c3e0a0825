//! Evaluations of one setup that a tool tells apart by more than a setup holds, such as the digest of all prompts.

use std::collections::{HashMap, HashSet};

use super::file::Evaluated;

/// The rows of one setup: files and rows, and whether something tells them apart.
struct Met<'a> {
    first: &'a str,
    places: Vec<(usize, usize)>,
    differ: bool,
}

/// Adds what tells them apart to the settings of rows that would else be one evaluation; of others it says nothing.
pub(super) fn tell_apart(files: &mut [Evaluated]) {
    let several: HashSet<(usize, usize)> = {
        let rows = files.iter().enumerate().flat_map(|(file, evaluated)| {
            let apart = evaluated.apart.iter().map(Option::as_deref);
            let rows = evaluated.rows.iter().zip(apart).enumerate();
            rows.filter_map(move |(at, (row, apart))| Some(((file, at), row, apart?)))
        });
        let mut known: HashMap<_, Met<'_>> = HashMap::new();
        for (place, row, apart) in rows {
            let met = known.entry(row.identity()).or_insert(Met { first: apart, places: Vec::new(), differ: false });
            met.places.push(place);
            met.differ |= met.first != apart;
        }
        known.into_values().filter(|met| met.differ).flat_map(|met| met.places).collect()
    };
    for (file, at) in several {
        let Evaluated { rows, apart, .. } = &mut files[file];
        let (Some(row), Some(Some(apart))) = (rows.get_mut(at), apart.get(at)) else { continue };
        let settings = row.setup.settings.take();
        row.setup.settings = Some(settings.map_or_else(|| apart.clone(), |settings| format!("{settings}, {apart}")));
    }
}
