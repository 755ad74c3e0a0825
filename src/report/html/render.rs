//! From a document to HTML: the templates, and what they are filled with.

use std::io::Read;

use flate2::read::GzDecoder;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;
use serde_json::json;

use super::document::{Content, Document, Source};
use super::fit::FitData;
use super::glance::Glance;
use super::paper::PaperData;
use super::{policy, words};
use crate::analysis::Phase;
use crate::analysis::fit::FitReport;
use crate::analysis::papers::test_task::{Agreement, Conclusion};
use crate::analysis::words::percent;
use crate::registry::modelset::ModelSet;
use crate::report::csv;
use crate::stats::estimate::Method;
use crate::{Error, Result};

/// The plotting library, as build.rs packs it.
const PLOTLY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/plotly-basic.min.js.gz"));
const STYLE: &str = include_str!("templates/style.css");
const PAGE_SCRIPT: &str = include_str!("templates/page.js");
const FIT_SCRIPT: &str = include_str!("templates/fit.js");
const PAPER_SCRIPT: &str = include_str!("templates/paper.js");
const FITS_SCRIPT: &str = include_str!("templates/fits.js");
const LIVE_SCRIPT: &str = include_str!("templates/live.js");

/// Name and text of every template; a name ending in `.html` escapes what it prints.
const TEMPLATES: [(&str, &str); 10] = [
    ("page.html", include_str!("templates/page.html")),
    ("parts.html", include_str!("templates/parts.html")),
    ("glance.html", include_str!("templates/glance.html")),
    ("summary.html", include_str!("templates/summary.html")),
    ("estimates.html", include_str!("templates/estimates.html")),
    ("tables.html", include_str!("templates/tables.html")),
    ("methods.html", include_str!("templates/methods.html")),
    ("fit.html", include_str!("templates/fit.html")),
    ("paper.html", include_str!("templates/paper.html")),
    ("overview.html", include_str!("templates/overview.html")),
];

/// What a page shows of a fit: its data, and the words and tables that go with them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FitPart {
    fit: FitData,
    regions: Regions,
}

impl FitPart {
    /// Of a fit just made of `set`.
    pub(crate) fn of(report: &FitReport, set: &ModelSet) -> Result<Self> {
        let fit = FitData::of(report, set);
        Ok(Self { regions: regions(&fit)?, fit })
    }
}

/// The parts of a fit's page that a refit replaces, as HTML.
#[derive(Debug, Clone, Serialize)]
struct Regions {
    glance: String,
    summary: String,
    estimates: String,
    tables: String,
    methods: String,
}

impl Document {
    /// The page. The same document gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Encode`] when the page cannot be written. Every document that could be opened can be written.
    pub fn to_html(&self) -> Result<String> {
        page(self, None)
    }

    /// The page of a fit with controls that ask the server it comes from.
    ///
    /// # Errors
    /// As [`to_html`](Self::to_html).
    pub(crate) fn to_live_html(&self, live: &serde_json::Value) -> Result<String> {
        page(self, Some(live))
    }
}

/// The page; `live` is what its controls offer when a server answers them.
pub(super) fn page(document: &Document, live: Option<&serde_json::Value>) -> Result<String> {
    let mut plotly = String::new();
    GzDecoder::new(PLOTLY).read_to_string(&mut plotly).map_err(Error::encode("the plotting library"))?;
    let environment = environment()?;
    let mut scripts = vec![plotly.as_str(), PAGE_SCRIPT];
    match &document.content {
        Content::Fit(_) => scripts.push(FIT_SCRIPT),
        Content::Paper(_) => scripts.push(PAPER_SCRIPT),
        Content::Overview(of) if of.fits.is_empty() => scripts.push(PAPER_SCRIPT),
        Content::Overview(_) => scripts.extend([PAPER_SCRIPT, FIT_SCRIPT, FITS_SCRIPT]),
    }
    scripts.extend(live.map(|_| LIVE_SCRIPT));
    let (title, main, data) = match &document.content {
        Content::Fit(data) => {
            let title = format!("{} against {}", data.report.score_name, data.report.predictor.name);
            let main = fit(&environment, data, &document.sources, live.is_some(), false)?;
            (title, main, json!({ "fit": data, "live": live }))
        }
        Content::Overview(of) => {
            let mut parts = Vec::new();
            for (name, fit) in &of.fits {
                parts.push(json!({ "name": name, "fit": fit, "regions": regions(fit)? }));
            }
            let detail = match of.fits.first() {
                Some((_, first)) => fit(&environment, first, &document.sources, false, true)?,
                None => String::new(),
            };
            let values = context! {
                overview => value(of), said => value(&of.said), methods => of.methods, tables => value(&of.tables),
                names => value(&of.fits.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>()), detail,
                sources => value(&document.sources), onset => env!("CARGO_PKG_VERSION"),
            };
            let main = render(&environment, "overview.html", values)?;
            let first = of.fits.first().map(|(_, fit)| fit);
            (of.title.clone(), main, json!({ "paper": of, "fit": first, "fits": parts }))
        }
        Content::Paper(data) => (
            "The paper, regenerated".to_owned(),
            paper(&environment, data, value(&document.sources))?,
            json!({ "paper": data }),
        ),
    };
    let data = serde_json::to_string(&data).map_err(Error::encode("the page's data cannot be written"))?;
    let policy = policy::content_security(&scripts, live.is_some());
    let values = context! {
        title, main, policy, scripts => value(&scripts), style => STYLE, data => policy::json_block(&data),
        contents => value(&contents(&document.content)),
    };
    render(&environment, "page.html", values)
}

/// The parts of a page as its list of contents names them, by their ids in the templates.
fn contents(of: &Content) -> Vec<serde_json::Value> {
    let parts: &[(&str, &str)] = match of {
        Content::Fit(_) => &[
            ("summary-title", "What was found"),
            ("words-title", "In words"),
            ("figures-title", "More figures"),
            ("tables-title", "Tables"),
            ("methods-title", "Methods"),
            ("provenance", "Provenance"),
        ],
        Content::Paper(_) => &[
            ("summary-title", "What was found"),
            ("figures-title", "Figures"),
            ("tables-title", "Tables"),
            ("methods-title", "Methods"),
            ("provenance", "Provenance"),
        ],
        Content::Overview(_) => &[
            ("overview-title", "What was found"),
            ("overview-figures-title", "Figures"),
            ("overview-tables-title", "Tables"),
            ("overview-methods-title", "Methods"),
            ("provenance", "Provenance"),
            ("fit-title", "One fit in detail"),
        ],
    };
    let without_fits = matches!(of, Content::Overview(overview) if overview.fits.is_empty());
    let shown = parts.iter().filter(|(id, _)| !(without_fits && *id == "fit-title"));
    shown.map(|(id, title)| json!({ "id": id, "title": title })).collect()
}

/// The page of a fit; `within` an overview it has no provenance of its own.
fn fit(environment: &Environment<'_>, data: &FitData, sources: &[Source], live: bool, within: bool) -> Result<String> {
    let values = context! {
        regions => value(&regions(data)?), sources => value(sources), report => value(&data.report),
        onset => env!("CARGO_PKG_VERSION"), has_models => data.has_models(), live, within,
        // Of cut-offs the standard errors are those of θ.
        cutoffs_by => match data.report.unadjusted.theta.method {
            Some(method @ Method::Covariance(_)) => format!(" ({method})"),
            _ => String::new(),
        },
    };
    render(environment, "fit.html", values)
}

/// The parts of a fit's page that a refit replaces.
fn regions(data: &FitData) -> Result<Regions> {
    let environment = environment()?;
    let report = &data.report;
    let conditions = report.analyses().map(|(phase, analysis)| {
        let title = match phase {
            Phase::Unadjusted if report.adjusted.is_some() => "before",
            Phase::Unadjusted => "",
            Phase::Adjusted => "after",
        };
        json!({ "id": phase, "title": title, "analysis": analysis })
    });
    let conditions: Vec<serde_json::Value> = conditions.collect();
    let values = context! {
        sample => words::sample(report), glance => value(&Glance::of(report)),
        summary => words::summary(report),
        report => value(report),
        data => value(data),
        conditions => value(&conditions),
        log => report.is_logarithmic(),
    };
    let one = |name: &str| render(&environment, name, values.clone());
    Ok(Regions {
        glance: one("glance.html")?,
        summary: one("summary.html")?,
        estimates: one("estimates.html")?,
        tables: one("tables.html")?,
        methods: one("methods.html")?,
    })
}

fn paper(environment: &Environment<'_>, data: &PaperData, sources: Value) -> Result<String> {
    let stands = |conclusion| data.verdicts.count("conclusion", &conclusion);
    let values = context! {
        paper => value(data), sources, onset => env!("CARGO_PKG_VERSION"),
        printed => data.verdicts.rows.len(), reproduced => data.verdicts.count("verdict", &Agreement::Reproduced),
        stands => stands(Conclusion::Stands), changes => stands(Conclusion::Changes),
    };
    render(environment, "paper.html", values)
}

/// Anything that can be written as JSON, as the templates see it.
fn value<T: Serialize + ?Sized>(of: &T) -> Value {
    Value::from(Serde(of))
}

fn environment() -> Result<Environment<'static>> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    for (name, text) in TEMPLATES {
        environment.add_template(name, text).map_err(Error::encode(format!("the page's {name} cannot be written")))?;
    }
    environment.add_filter("number", |value: &Value| of_number(value, words::decimal, "–"));
    environment.add_filter("raw", |value: &Value| of_number(value, csv::number, ""));
    environment.add_filter("p", |value: &Value| {
        of_number(value, |p| if p < 0.0001 { "< 0.0001".into() } else { format!("{p:.4}") }, "")
    });
    environment.add_filter("percent", |share: f64| percent(share));
    environment.add_filter("short", words::shortened);
    environment.add_filter("numeric", |text: &str| is_number(text));
    environment.add_filter("wordy", |table: &Value| columns_of_words(table));
    environment.add_filter("words", |text: &str| text.replace('_', " "));
    Ok(environment)
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// The columns of a table (`columns`, `rows`) that hold anything but numbers.
fn columns_of_words(table: &Value) -> std::result::Result<Vec<String>, minijinja::Error> {
    let rows: Vec<Value> = table.get_attr("rows")?.try_iter()?.collect();
    let mut found = Vec::new();
    for (k, name) in table.get_attr("columns")?.try_iter()?.enumerate() {
        let cells = rows.iter().map(|row| row.get_item_by_index(k)).collect::<std::result::Result<Vec<_>, _>>()?;
        let mut filled = cells.iter().filter_map(Value::as_str).filter(|cell| !cell.is_empty()).peekable();
        if filled.peek().is_none() || filled.any(|cell| !is_number(cell)) {
            found.push(name.to_string());
        }
    }
    Ok(found)
}

/// A number as text, or what stands in the place of none.
fn of_number(value: &Value, text: impl Fn(f64) -> String, none: &str) -> String {
    f64::try_from(value.clone()).map_or_else(|_| none.to_owned(), text)
}

fn render(environment: &Environment<'_>, name: &str, values: Value) -> Result<String> {
    let template =
        environment.get_template(name).map_err(Error::encode(format!("the page's {name} cannot be written")))?;
    template.render(values).map_err(Error::encode(format!("the page's {name} cannot be written")))
}
