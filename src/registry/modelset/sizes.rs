//! The sizes of a model: parameters, training tokens and compute, in the units that the tables say and of the size that
//! language models have.

use super::layout::{Layout, unit_flag};
use super::predictor::{Predictor, PredictorKind};
use super::records::{Cell, Record, Records};
use super::settings::Settings;
use crate::registry::Flops;
use crate::registry::columns::{ACTIVE_PARAMS, COMPUTE, PARAMS, RELEASE, TOKENS};
use crate::registry::table::{Column, Table, Unit};
use crate::{Error, Result};

/// The sizes of one model.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sizes {
    pub(super) params: Option<f64>,
    pub(super) active_params: Option<f64>,
    pub(super) tokens: Option<f64>,
    pub(super) compute: Option<Flops>,
    /// Whether compute is 6·N·D, not the table's own figure.
    pub(super) computed: bool,
}

impl Sizes {
    /// Reads the sizes; compute is the table's own figure, or 6·N·D with the active parameters as N where given.
    ///
    /// # Errors
    /// A cell that is no number above zero, or a size that no language model has unless `settings` allow it.
    pub(super) fn of(records: &Records<'_>, record: &Record, settings: &Settings) -> Result<Self> {
        let is_checkpoint = record.is_checkpoint();
        let size = |column: &Column| -> Result<Option<f64>> {
            let Some(cell) = records.cell(record, column) else { return Ok(None) };
            let tokens_seen = is_checkpoint && column.name == TOKENS.name;
            if tokens_seen && cell.number()? == 0.0 {
                // The weights before training.
                return Ok(None);
            }
            let value = cell.size()?;
            match Usual::of(column).filter(|usual| !settings.any_size && !tokens_seen && !usual.holds(value)) {
                Some(usual) => Err(cell.error(usual.question(&cell, value, &likely_units(records, record, settings)))),
                None => Ok(Some(value)),
            }
        };
        let (params, active_params, tokens) = (size(&PARAMS)?, size(&ACTIVE_PARAMS)?, size(&TOKENS)?);
        let own = size(&COMPUTE)?;
        let computed = match (own, active_params.or(params), tokens, records.cell(record, &TOKENS)) {
            // The first checkpoints of a run have little compute.
            (None, Some(n), Some(d), Some(cell)) => Some(six_n_d(n, d, &cell, settings.any_size || is_checkpoint)?),
            _ => None,
        };
        Ok(Self { params, active_params, tokens, compute: own.map(Flops).or(computed), computed: computed.is_some() })
    }
}

/// 6·N·D; `cell` is that of D.
fn six_n_d(n: f64, d: f64, cell: &Cell<'_>, any_size: bool) -> Result<Flops> {
    let compute = Flops::of_training(n, d);
    if !compute.0.is_finite() {
        return Err(cell.error("6·N·D is too large a number".to_owned()));
    }
    match Usual::of(&COMPUTE).filter(|usual| !any_size && !usual.holds(compute.0)) {
        Some(usual) => Err(cell.error(format!(
            "6 × {} parameters × {} tokens are {} FLOPs, and {}; give the units by --params-unit and --tokens-unit, or take \
             the sizes as they are by --any-size",
            shown(n),
            shown(d),
            shown(compute.0),
            usual.sentence
        ))),
        None => Ok(compute),
    }
}

/// What is usual of one size of language models.
struct Usual {
    low: f64,
    high: f64,
    /// A size in the middle, by which units are told.
    typical: f64,
    counted: &'static str,
    sentence: &'static str,
    /// Units that people write.
    units: &'static [f64],
}

static COMPUTES: Usual = Usual {
    low: 1e15,
    high: 1e28,
    typical: 1e22,
    counted: "FLOPs",
    sentence: "language models are trained with 10^15 to 10^28",
    units: &[1e21, 1e18, 1e24, 1e15],
};

static PARAMETERS: Usual = Usual {
    low: 1e5,
    high: 5e12,
    typical: 3e9,
    counted: "parameters",
    sentence: "language models have 10^5 to 5·10^12",
    units: &[1e9, 1e6, 1e3],
};

static TRAINING_TOKENS: Usual = Usual {
    low: 1e6,
    high: 2e14,
    typical: 1e12,
    counted: "tokens",
    sentence: "language models are trained on 10^6 to 2·10^14",
    units: &[1e12, 1e9, 1e6],
};

impl Usual {
    /// What is usual of the sizes in this column.
    fn of(column: &Column) -> Option<&'static Self> {
        let known =
            [(&COMPUTE, &COMPUTES), (&PARAMS, &PARAMETERS), (&ACTIVE_PARAMS, &PARAMETERS), (&TOKENS, &TRAINING_TOKENS)];
        known.into_iter().find(|(of, _)| of.name == column.name).map(|(_, usual)| usual)
    }

    fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// What is asked about a size that no language model has; `likely` are the units that would help.
    fn question(&self, cell: &Cell<'_>, value: f64, likely: &[(String, &'static str, String)]) -> String {
        let Self { counted, sentence, .. } = self;
        let help = match likely {
            [] => "check the cell, or give the unit of its column".to_owned(),
            _ => {
                let units: Vec<String> = likely.iter().map(|(name, _, unit)| format!("`{name}` in {unit}")).collect();
                let flags: Vec<String> = likely.iter().map(|(_, flag, unit)| format!("{flag} {unit}")).collect();
                let (name, _, unit) = &likely[0];
                format!(
                    "probably {}: add `{}`, or say it in the name, as in `{name} ({unit})`",
                    units.join(", "),
                    flags.join(" ")
                )
            }
        };
        format!(
            "{} would be {} {counted}, and {sentence}; {help}; --any-size takes sizes as they are",
            cell.text(),
            shown(value)
        )
    }

    /// A unit as people write it.
    fn spelled(&self, unit: Unit) -> String {
        let letters = [(1e3, "K"), (1e6, "M"), (1e9, "B"), (1e12, "T")];
        let letter = letters.iter().find(|(factor, _)| self.low < COMPUTES.low && unit == Unit::times(*factor));
        letter.map_or_else(|| unit.to_string(), |(_, letter)| (*letter).to_owned())
    }

    /// The unit in which most numbers of a column are usual, and their middle nearest to what is typical.
    /// A column that is called a logarithm is one to another base.
    fn likely_unit(&self, numbers: &[f64], taken: Unit) -> Option<Unit> {
        let positive: Vec<f64> = numbers.iter().copied().filter(|number| *number > 0.0).collect();
        let usual = |unit: Unit| positive.iter().filter(|number| self.holds(unit.apply(**number))).count();
        let middle = positive.iter().map(|number| number.log10()).sum::<f64>() / positive.len().max(1) as f64;
        let wanted = self.typical.log10();
        let all_usual = |unit: &Unit| !positive.is_empty() && usual(*unit) == positive.len();
        if taken.is_logarithm() {
            return [std::f64::consts::E, 2.0, 10.0].map(Unit::logarithm).into_iter().find(all_usual);
        }
        let logarithm = Unit::logarithm(10.0);
        if self.low == COMPUTES.low && all_usual(&logarithm) {
            return Some(logarithm);
        }
        let distance = |unit: &f64| (middle + unit.log10() - wanted).abs();
        let candidates = self.units.iter().filter(|unit| 2 * usual(Unit::times(**unit)) > positive.len());
        candidates.min_by(|a, b| distance(a).total_cmp(&distance(b))).map(|unit| Unit::times(*unit))
    }
}

/// The columns of sizes whose numbers no language model has, each with the flag that gives its unit and the likely unit.
fn likely_units(records: &Records<'_>, record: &Record, settings: &Settings) -> Vec<(String, &'static str, String)> {
    let mut found: Vec<(String, &'static str, String)> = Vec::new();
    let mut expected = Some(6.0);
    for column in [&PARAMS, &TOKENS, &COMPUTE, &ACTIVE_PARAMS] {
        let (cell, usual) = (records.cell(record, column), Usual::of(column));
        let (Some(cell), Some(usual), Some((flag, _))) = (cell, usual, unit_flag(column, settings)) else {
            expected = None;
            continue;
        };
        let (Ok(value), Ok(number)) = (cell.size(), cell.number()) else { continue };
        let of_compute = expected.filter(|_| column.name == COMPUTE.name).and_then(|c| flops_unit(number, c));
        let likely = of_compute
            .or_else(|| usual.likely_unit(&cell.column_numbers(), cell.unit()))
            .filter(|_| !usual.holds(value));
        expected = expected.map(|product| product * likely.map_or(value, |unit| unit.apply(number)));
        if let Some(unit) = likely.filter(|_| !found.iter().any(|(_, other, _)| *other == flag)) {
            found.push((cell.column_name().to_owned(), flag, usual.spelled(unit)));
        }
    }
    found
}

/// The unit in which compute is what 6·N·D says, within a factor of two.
fn flops_unit(number: f64, expected: f64) -> Option<Unit> {
    let units = COMPUTES.units.iter().copied().chain([8.64e19]);
    units.map(Unit::times).find(|unit| (unit.apply(number) / expected).log2().abs() <= 1.0)
}

/// That no language model has a size as small or as large as this value of a predictor; `None` where some have, or where it is
/// no size.
pub(super) fn unusual(kind: &PredictorKind, value: f64) -> Option<String> {
    let column = match kind {
        PredictorKind::Compute => &COMPUTE,
        PredictorKind::Params => &PARAMS,
        PredictorKind::ActiveParams => &ACTIVE_PARAMS,
        PredictorKind::Tokens => &TOKENS,
        PredictorKind::Release | PredictorKind::Column(_) => return None,
    };
    let usual = Usual::of(column).filter(|usual| !(usual.low..=usual.high).contains(&value))?;
    Some(format!("{} would be {} {}, and {}", shown(value), shown(value), usual.counted, usual.sentence))
}

/// A number in a sentence.
fn shown(value: f64) -> String {
    if (1e-3..1e6).contains(&value) { format!("{value}") } else { format!("{value:.3e}") }
}

/// Which units the sizes were taken in, and where compute comes from; `None` where the tables have no size.
pub(super) fn units_taken<'s>(
    tables: &[Table],
    layouts: &[Layout],
    sizes: impl Iterator<Item = &'s Sizes>,
) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for (table, layout) in tables.iter().zip(layouts) {
        for column in [&COMPUTE, &PARAMS, &ACTIVE_PARAMS, &TOKENS] {
            let (Some(found), Some(usual)) = (layout.get(column), Usual::of(column)) else { continue };
            let unit = match found.unit {
                Unit::ONE => String::new(),
                unit if unit.is_logarithm() => format!("{unit} of "),
                unit => format!("{unit} "),
            };
            let part = format!("`{}` in {unit}{}", table.names()[found.index], usual.counted);
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    let with_compute: Vec<&Sizes> = sizes.filter(|sizes| sizes.compute.is_some()).collect();
    let computed = with_compute.iter().filter(|sizes| sizes.computed).count();
    let how = match computed {
        0 => String::new(),
        all if all == with_compute.len() => "; compute is 6 × params × tokens".to_owned(),
        some => format!("; compute is 6 × params × tokens for {some} of {} models", with_compute.len()),
    };
    (!parts.is_empty()).then(|| format!("Units: {}{how}", parts.join(", ")))
}

/// Why no model has a value of the predictor: which columns were looked for, and which there are.
pub(super) fn nothing_found(kind: &PredictorKind, tables: &[Table], layouts: &[Layout]) -> Option<String> {
    let sought = |column: &Column| {
        let (mut found, mut filled): (Vec<String>, usize) = (Vec::new(), 0);
        for (table, layout) in tables.iter().zip(layouts) {
            let Some(place) = layout.get(column) else { continue };
            let name = format!("`{}`", table.names()[place.index]);
            filled += (0..table.rows()).filter(|row| table.at(*row, place.index).is_some()).count();
            found.extend(Some(name).filter(|name| !found.contains(name)));
        }
        let found = if found.is_empty() {
            let known: Vec<&str> = column.synonyms.iter().take(3).copied().collect();
            format!("none; known names are {}, {}, …", column.name, known.join(", "))
        } else {
            let how = if filled == 0 { "empty there".to_owned() } else { format!("filled in {filled} rows") };
            format!("{}, {how}", found.join(", "))
        };
        format!("a column of {} ({found})", column.name)
    };
    let (sought, flags) = match kind {
        PredictorKind::Compute => (
            format!("{}, or {} and {}", sought(&COMPUTE), sought(&PARAMS), sought(&TOKENS)),
            "--compute, or by --params and --tokens",
        ),
        PredictorKind::Params => (sought(&PARAMS), "--params"),
        PredictorKind::ActiveParams => (sought(&ACTIVE_PARAMS), "--active-params"),
        PredictorKind::Tokens => (sought(&TOKENS), "--tokens"),
        PredictorKind::Release => (sought(&RELEASE), "--release"),
        PredictorKind::Column(_) => return None,
    };
    let there: Vec<String> =
        tables.iter().map(|table| format!("{} has {}", table.path().display(), table.names().join(", "))).collect();
    Some(format!("looked for {sought}; {}; name the column by {flags}", there.join("; ")))
}

/// That no model is left, and what would help.
pub(super) fn none_left(
    dropped: &[super::Dropped],
    kind: &PredictorKind,
    tables: &[Table],
    layouts: &[Layout],
) -> Option<Error> {
    let without = dropped.iter().filter(|d| matches!(d.reason, super::Reason::NoPredictor(_))).count();
    let found = nothing_found(kind, tables, layouts).filter(|_| without > 0)?;
    Some(Error::Undetermined(format!("no model can be fitted: {without} with no {kind}; {found}")))
}

impl Predictor {
    /// That no language model is as small or as large as this value; `None` where some are.
    pub(crate) fn unusual(&self, value: f64) -> Option<String> {
        unusual(&self.name, value)
    }
}
