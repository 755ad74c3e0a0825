//! A heat map as a panel: a cell for every pair of names.

use super::figure::{Axis, Cell, Layer, Note, Panel, Scale};

/// A row of names, from left to right or from the top down.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    at: Vec<f64>,
    names: Vec<String>,
    /// What they are names of.
    what: String,
}

impl Places {
    /// Side by side.
    pub(crate) fn plain(what: &str, names: Vec<String>) -> Self {
        Self { at: (0..names.len()).map(|k| k as f64).collect(), names, what: what.to_owned() }
    }

    /// With so much space, in cells, before each name.
    pub(crate) fn spaced(what: &str, names: Vec<String>, before: impl Fn(usize) -> f64) -> Self {
        let mut gaps = 0.0;
        let at = (0..names.len()).map(|k| {
            gaps += before(k);
            k as f64 + gaps
        });
        Self { at: at.collect(), names, what: what.to_owned() }
    }

    fn across(&self) -> Axis {
        self.axis(self.at.clone(), &self.what)
    }

    fn downwards(&self) -> Axis {
        self.axis(self.at.iter().map(|at| -at).collect(), &self.what)
    }

    fn axis(&self, ticks: Vec<f64>, label: &str) -> Axis {
        let (low, high) =
            ticks.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), t| (low.min(*t), high.max(*t)));
        Axis {
            label: label.to_owned(),
            scale: Scale::Linear,
            range: Some((low - 0.5, high + 0.5)),
            ticks,
            tick_labels: self.names.clone(),
        }
    }
}

/// From so many columns on a cell is too small for its number, at the width of a page.
pub(crate) const MOST_WITH_NUMBERS: usize = 34;

/// A cell for every value that there is.
pub(crate) fn heat_map(
    title: &str,
    series: &str,
    (across, downwards): (&Places, &Places),
    value: impl Fn(usize, usize) -> Option<f64>,
    notes: Vec<Note>,
) -> Panel {
    let mut cells = Vec::new();
    for (row, y) in downwards.at.iter().enumerate() {
        for (column, x) in across.at.iter().enumerate() {
            if let Some(value) = value(row, column) {
                let label = format!("{} and {}", downwards.names[row], across.names[column]);
                let text = if across.names.len() <= MOST_WITH_NUMBERS { digits(value) } else { String::new() };
                cells.push(Cell { label, x: *x, y: -y, value, text });
            }
        }
    }
    let layers = vec![Layer::Cells { series: series.into(), cells }];
    Panel { title: title.into(), x: across.across(), y: downwards.downwards(), layers, notes }
}

/// A correlation as a cell has it: two digits after the point, which is left out with the zero before it.
fn digits(value: f64) -> String {
    let text = format!("{:.0}", 100.0 * value.abs());
    let sign = if value < 0.0 && text != "0" { "−" } else { "" };
    if text == "100" { format!("{sign}1") } else { format!("{sign}{text:0>2}") }
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn a_cell_has_two_digits_and_a_sign_where_there_is_one() {
        assert_eq!([0.517, 0.05, 0.004, 1.0, -0.12, -0.001].map(digits), ["52", "05", "00", "1", "−12", "00"]);
    }
}
