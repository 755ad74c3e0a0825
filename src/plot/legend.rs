//! The legend shared by all panels: one row above them, or several in columns where one would be too wide.

use super::geometry::Rect;
use super::text::{Anchor, HALF_CAPITAL, Line, Words, shorten};
use super::theme::{INK, Role, Theme};
use crate::analysis::figure::{LegendEntry, LegendKey, Stroke};

/// Distance of a key from its text, in text sizes.
const KEY_GAP: f64 = 0.6;
/// Distance of two entries, in text sizes.
const ENTRY_GAP: f64 = 1.6;
/// Height of a row, in text sizes.
const ROW: f64 = 1.55;

/// The legend at its place.
pub(super) struct Legend<'a> {
    pub keys: Vec<(Rect, &'a LegendEntry)>,
    pub words: Vec<Words>,
    /// Height of all rows in points; zero without entries.
    pub height: f64,
}

/// Sets a legend into the width from `left` to `right`, its upper edge at `top`.
pub(super) fn legend<'a>(entries: &'a [LegendEntry], (left, right): (f64, f64), top: f64, theme: &Theme) -> Legend<'a> {
    let size = theme.size(Role::Legend);
    let room = right - left;
    let key_width = |key: &LegendKey| match key {
        LegendKey::Marker(_) | LegendKey::Upright(_) => 0.9 * size,
        LegendKey::Stroke(Stroke::Solid | Stroke::Dotted)
        | LegendKey::MarkedStroke(_, Stroke::Solid | Stroke::Dotted) => 2.2 * size,
        // Three dashes, or two and a dot.
        LegendKey::Stroke(_) | LegendKey::MarkedStroke(..) => 2.85 * size,
        LegendKey::Box => 1.4 * size,
    };
    let widest_key = entries.iter().map(|e| key_width(&e.key)).fold(0.0, f64::max);
    let texts: Vec<String> =
        entries.iter().map(|e| shorten(&e.label, room - widest_key - KEY_GAP * size, size, false)).collect();
    let text_width = |i: usize| Line::new(&texts[i]).width(size, false);
    let columns = columns(entries.len(), room, ENTRY_GAP * size, |members| {
        let widest = |of: &dyn Fn(usize) -> f64| members.clone().map(of).fold(0.0, f64::max);
        (widest(&|i| key_width(&entries[i].key)), KEY_GAP * size + widest(&text_width))
    });
    let total: f64 = columns.iter().map(|(key, text)| key + text + ENTRY_GAP * size).sum::<f64>() - ENTRY_GAP * size;
    let start = left + (room - total) / 2.0;
    let (mut keys, mut words) = (Vec::new(), Vec::new());
    for (i, entry) in entries.iter().enumerate() {
        let (row, column) = (i / columns.len(), i % columns.len());
        let x = start + columns[..column].iter().map(|(key, text)| key + text + ENTRY_GAP * size).sum::<f64>();
        let (y, half) = (top + (row as f64 + 0.5) * ROW * size, key_width(&entry.key) / 2.0);
        // Keys of a column are centred on each other, so that their texts start at one place.
        let (middle, text) = (x + columns[column].0 / 2.0, x + columns[column].0 + KEY_GAP * size);
        words.push(Words {
            line: Line::new(&texts[i]),
            at: (text, y + HALF_CAPITAL * size),
            size,
            bold: false,
            anchor: Anchor::Start,
            turn: 0.0,
            colour: INK,
            class: "legend",
        });
        // A vertical line is known by its height.
        let tall = if matches!(entry.key, LegendKey::Upright(_)) { 0.62 } else { 0.36 };
        keys.push((Rect::new(middle - half, y - tall * size, middle + half, y + tall * size), entry));
    }
    let rows = if entries.is_empty() { 0 } else { entries.len().div_ceil(columns.len()) };
    Legend { keys, words, height: rows as f64 * ROW * size }
}

/// Widths of keys and texts of the most columns that fit; entries run row by row, and rows are as even as they can be.
fn columns(
    entries: usize,
    room: f64,
    gap: f64,
    widths: impl Fn(std::iter::StepBy<std::ops::Range<usize>>) -> (f64, f64),
) -> Vec<(f64, f64)> {
    let set = |columns: usize| -> Vec<(f64, f64)> {
        (0..columns).map(|column| widths((column..entries).step_by(columns))).collect()
    };
    let fits = |set: &[(f64, f64)]| set.iter().map(|(key, text)| key + text + gap).sum::<f64>() - gap <= room;
    let most = (1..=entries).rev().find(|&c| fits(&set(c))).unwrap_or(1);
    let rows = entries.div_ceil(most).max(1);
    // Fewer columns may do with the same number of rows; more even rows look calmer.
    let even = set(entries.div_ceil(rows).max(1));
    if fits(&even) { even } else { set(most) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::figure::{Hue, Marker};

    fn entries(n: usize) -> Vec<LegendEntry> {
        let entry = |i| LegendEntry {
            label: format!("family number {i}"),
            hue: Hue::Category(i),
            key: LegendKey::Marker(Marker::Circle),
        };
        (0..n).map(entry).collect()
    }

    #[test]
    fn a_wide_legend_wraps_and_stays_in_its_room() {
        let all = entries(8);
        let (wide, narrow) = ((10.0, 700.0), (10.0, 220.0));
        let one = legend(&all, wide, 0.0, &Theme::default());
        let many = legend(&all, narrow, 0.0, &Theme::default());
        assert!(many.height > 2.0 * one.height);
        for words in &many.words {
            let bounds = words.bounds();
            assert!(bounds.x0 >= narrow.0 && bounds.x1 <= narrow.1);
        }
    }

    #[test]
    fn texts_of_a_column_start_at_one_place_whatever_their_keys() {
        let mut all = entries(4);
        all[0].key = LegendKey::Box;
        let set = legend(&all, (0.0, 220.0), 0.0, &Theme::default());
        assert_eq!(set.words[0].at.0, set.words[2].at.0);
        let middle = |i: usize| (set.keys[i].0.x0 + set.keys[i].0.x1) / 2.0;
        // Sums in another order may differ in the last digit.
        assert!((middle(0) - middle(2)).abs() < 1e-9 && set.words[0].at.0 > set.keys[0].0.x1);
    }

    #[test]
    fn no_entries_take_no_room() {
        assert_eq!(legend(&[], (0.0, 100.0), 0.0, &Theme::default()).height, 0.0);
    }
}
