//! One fit per benchmark and number of task examples, as a table.

use crate::report::csv::{CsvTable, number};
use crate::stats::estimate::Estimate;
use crate::study::FitAt;

/// θ, α, c_e and R² of every benchmark as functions of the task examples seen; one row per fit, `reason` where there is
/// none. `theta_p_value` is as if it were the only one, `theta_holm` and `theta_bh` are adjusted for all rows. `seed_sd` is the standard deviation between seeds of one model, `seed_share` the part of the variance around the
/// curve that it explains.
pub(crate) fn fits_csv(fits: &[FitAt]) -> CsvTable {
    let mut columns: Vec<String> =
        ["benchmark", "metric", "adjustment", "examples", "models"].iter().map(|c| (*c).to_owned()).collect();
    // Whether θ is 0 is a question; of the others it is none.
    let tested = ["", "_se", "_low", "_high", "_p_value", "_holm", "_bh"];
    for (quantity, parts) in [("theta", &tested[..]), ("alpha", &tested[..4]), ("c_log10", &tested[..4])] {
        columns.extend(parts.iter().map(|part| format!("{quantity}{part}")));
    }
    columns.extend(["c_e", "r_squared", "seed_sd", "seed_share", "reason"].iter().map(|c| (*c).to_owned()));
    CsvTable { columns, rows: fits.iter().map(row).collect() }
}

fn row(fit: &FitAt) -> Vec<String> {
    let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
    let mut cells = vec![
        fit.benchmark.clone(),
        fit.metric.clone(),
        fit.condition.adjustment.to_string(),
        fit.condition.examples.map(|examples| examples.to_string()).unwrap_or_default(),
        fit.points.len().to_string(),
    ];
    let analysis = fit.analysis();
    let nothing = Estimate::default();
    for (at, parameter) in
        [analysis.map(|a| &a.theta), analysis.map(|a| &a.alpha), analysis.map(|a| &a.c_log10)].into_iter().enumerate()
    {
        let Estimate { value, se, interval, .. } = *parameter.unwrap_or(&nothing);
        cells.extend([value, se, interval.low, interval.high].map(shown));
        if at == 0 {
            let test = fit.theta.map(|test| [test.p_value, test.holm, test.benjamini_hochberg]);
            cells.extend(test.map_or([None; 3], |test| test.map(Some)).map(shown));
        }
    }
    cells.push(shown(analysis.and_then(|analysis| analysis.c_e.value)));
    cells.push(shown(analysis.and_then(|analysis| analysis.r_squared)));
    cells.push(shown(fit.seeds.map(|(variance, _)| variance.sqrt())));
    cells.push(shown(fit.seed_share()));
    let reason = fit.fit.as_ref().err().cloned();
    cells.push(reason.or_else(|| analysis.and_then(|analysis| analysis.theta.reason.clone())).unwrap_or_default());
    cells
}
