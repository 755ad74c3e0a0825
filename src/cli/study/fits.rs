//! The fits of a study: every benchmark as released and after every number of task examples.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Format, WIDTH, print};
use crate::analysis::figure::Figure;
use crate::analysis::fit::{FitReport, FitSettings, figure};
use crate::error::{Error, Result};
use crate::plot::{Theme, draw};
use crate::registry::modelset;
use crate::registry::{Condition, benchmark, write};
use crate::report::csv::figure_data;
use crate::report::study::{self as report, FitAt};
use crate::report::{fit, json};
use crate::study::{Collected, Study};

/// The tables that fits read.
const TABLES: [&str; 2] = ["evaluations.csv", "models.csv"];

/// Fits every benchmark under every condition, and writes and draws what comes out.
pub(super) fn fit_and_draw(study: &Study, collected: &Collected, format: Format) -> Result<()> {
    let folder = study.output.join("report");
    let fits = fits(study, collected)?;
    let table = report::fits_csv(&fits);
    write::bytes(&folder.join("fits.csv"), &table.to_bytes()?)?;
    let figures: Vec<Figure> = [report::emergence(&fits), report::trajectories(&fits)].into_iter().flatten().collect();
    figures.iter().try_for_each(|figure| save(&folder, figure))?;
    // What a page needs beyond the plotted numbers: names of axes, colours, marks.
    write::bytes(&folder.join("figures.json"), json::text(&figures)?.as_bytes())?;
    // The last condition of each benchmark has both its fits, before and after.
    for (at, fit) in fits.iter().enumerate() {
        let last = fits.get(at + 1).is_none_or(|next| (&next.benchmark, &next.metric) != (&fit.benchmark, &fit.metric));
        if let (true, Ok(found)) = (last, &fit.fit) {
            save_fit(&folder.join(folder_name(&fit.benchmark)), found)?;
        }
    }
    eprintln!("onset: figures and tables in {}", folder.display());
    print(match format {
        Format::Table => report::trajectory(&fits, WIDTH),
        Format::Json => json::text(&json::rows(&table))?,
    })
}

fn folder_name(benchmark: &str) -> String {
    benchmark.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect()
}

fn fits(study: &Study, collected: &Collected) -> Result<Vec<FitAt>> {
    let tables = study.output.join("tables");
    let paths = TABLES.map(|name| tables.join(name));
    let compute: BTreeMap<&str, f64> =
        study.models.iter().map(|model| (model.name.as_str(), 6.0 * model.params * model.tokens)).collect();
    let mut found = Vec::new();
    for (benchmark, metric) in scores(study, collected)? {
        let of_benchmark = |condition: &Condition| {
            collected.observations.iter().any(|o| o.benchmark == benchmark && o.condition == *condition)
        };
        let mut conditions: Vec<Condition> = collected.observations.iter().map(|o| o.condition.clone()).collect();
        conditions.sort_by_key(|condition| (condition.adjustment.clone(), condition.examples));
        conditions.dedup();
        for condition in conditions.into_iter().filter(of_benchmark) {
            let points = FitAt::points_of(&collected.observations, &benchmark, &metric, &condition, |model| {
                compute.get(model).copied()
            });
            if points.is_empty() {
                continue;
            }
            let spread = collected.spread.iter().find(|spread| {
                spread.benchmark == benchmark && spread.metric.to_string() == metric && spread.condition == condition
            });
            let seeds = spread.and_then(|s| Some((s.within?, s.replicates as f64 / s.models as f64)));
            let fit = match fit_settings(study, &benchmark, &metric, &condition).run(&paths) {
                Ok(mut report) => {
                    // The same study gives the same bytes wherever it is.
                    report.tables = TABLES.map(|name| format!("tables/{name}")).to_vec();
                    Ok(Box::new(report))
                }
                // Too few models and the like are results of a study too; its own files being unreadable is not.
                Err(error @ (Error::Read { .. } | Error::Write { .. })) => return Err(error),
                Err(error) => Err(error.to_string()),
            };
            found.push(FitAt { benchmark: benchmark.clone(), metric: metric.clone(), condition, points, fit, seeds });
        }
    }
    Ok(found)
}

fn fit_settings(study: &Study, score: &str, metric: &str, condition: &Condition) -> FitSettings {
    let settings = &study.fit;
    FitSettings {
        tables: modelset::Settings {
            score: Some(score.to_owned()),
            metric: Some(metric.to_owned()),
            adjusted: condition.examples.map(|examples| format!("{}@{examples}", condition.adjustment)),
            cutoff: settings.cutoff,
            ..modelset::Settings::default()
        },
        curve: settings.curve,
        chance: settings.chance,
        bootstrap: settings.bootstrap,
        seed: settings.seed,
        ..FitSettings::default()
    }
}

/// Benchmarks to fit, each with its metric: the study's, the benchmark's own, or the first.
fn scores(study: &Study, collected: &Collected) -> Result<Vec<(String, String)>> {
    let mut metrics: Vec<(String, Vec<String>)> = Vec::new();
    for observation in &collected.observations {
        let metric = observation.metric.to_string();
        match metrics.iter_mut().find(|(name, _)| *name == observation.benchmark) {
            Some((_, known)) if known.contains(&metric) => {}
            Some((_, known)) => known.push(metric),
            None => metrics.push((observation.benchmark.clone(), vec![metric])),
        }
    }
    if let Some(absent) = study.fit.benchmarks.iter().find(|name| !metrics.iter().any(|(known, _)| known == *name)) {
        let known: Vec<&str> = metrics.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Error::Argument(format!("`{absent}` was not evaluated; there are {}", known.join(", "))));
    }
    for (name, metric) in &study.fit.metrics {
        let known =
            metrics.iter().find(|(known, _)| known == name).map(|(_, known)| known.as_slice()).unwrap_or_default();
        if !known.iter().any(|known| is_metric(known, metric)) {
            let there = if known.is_empty() { "nothing".into() } else { known.join("; ") };
            return Err(Error::Argument(format!("`{name}` has no metric `{metric}`; there is {there}")));
        }
    }
    let meant = |name: &String| study.fit.benchmarks.is_empty() || study.fit.benchmarks.contains(name);
    let choose = |(name, known): (String, Vec<String>)| {
        let usual = benchmark(&name).map(|benchmark| benchmark.score.to_string());
        let wanted = study.fit.metrics.get(&name).cloned().or(usual);
        let same = |metric: &&String| wanted.as_ref().is_some_and(|wanted| is_metric(metric, wanted));
        let metric = known.iter().find(same).or(known.first()).cloned()?;
        Some((name, metric))
    };
    Ok(metrics.into_iter().filter(|(name, _)| meant(name)).filter_map(choose).collect())
}

/// Whether this is the metric, with its filter or without.
fn is_metric(metric: &str, wanted: &str) -> bool {
    metric == wanted || metric.split(',').next() == Some(wanted)
}

fn save_fit(folder: &Path, report: &FitReport) -> Result<()> {
    save(folder, &figure(report))?;
    write::bytes(&folder.join("report.json"), report.to_json()?.as_bytes())?;
    write::bytes(&folder.join("parameters.csv"), &fit::parameters(report).to_bytes()?)?;
    write::bytes(&folder.join("predictions.csv"), &fit::predictions(report).to_bytes()?)?;
    write::bytes(&folder.join("diagnostics.csv"), &fit::diagnostics(report).to_bytes()?)
}

fn save(folder: &Path, figure: &Figure) -> Result<()> {
    let drawing = draw(figure, &Theme::default())?;
    let path = |ending: &str| folder.join(format!("{}.{ending}", figure.name));
    write::bytes(&path("svg"), drawing.svg().as_bytes())?;
    write::bytes(&path("png"), &drawing.png()?)?;
    write::bytes(&path("pdf"), &drawing.pdf()?)?;
    write::bytes(&path("csv"), &figure_data(figure).to_bytes()?)
}
