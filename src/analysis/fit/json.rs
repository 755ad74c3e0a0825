//! The report as JSON: written, and read again by the same types.

use super::layout::{Header, ReportLayout, SCHEMA};
use super::report::FitReport;
use crate::{Error, Result};

impl FitReport {
    /// Reads what [`to_json`](Self::to_json) writes. Models and drawn curves are no part of it.
    ///
    /// # Errors
    /// [`Error::Argument`] for what is no JSON, no report of a fit, or one of a layout of another version.
    pub(crate) fn from_json(text: &str) -> Result<Self> {
        let header: Option<Header> = match serde_json::from_str(text) {
            Ok(header) => Some(header),
            Err(error) if error.is_data() => None,
            Err(error) => return Err(Error::Argument(format!("it is not JSON: {error}"))),
        };
        let none = || format!("it is no report of a fit: its `schema` is not `{SCHEMA}`");
        // Fields of other layouts may mean something else; the version is looked at before them.
        header.ok_or_else(none).and_then(ReportLayout::try_from).map_err(Error::Argument)?;
        serde_json::from_str(text).map_err(|e| Error::Argument(format!("a field of the report cannot be read: {e}")))
    }

    /// The report as JSON, indented, with a line end; docs/formats.md describes the fields. What does not exist is `null`,
    /// never NaN.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when it cannot be written as JSON. A report that a fit returned always can.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|e| Error::Undetermined(format!("the report cannot be written as JSON: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::SCHEMA_VERSION;
    use super::*;
    use crate::analysis::fit::{ChanceLevel, CurveChoice, FitSettings};
    use crate::registry::modelset::{Amount, ClusterBy, Group, ModelSet, PredictorKind, Settings, WeightBy, XScale};
    use crate::registry::table::Table;
    use crate::stats::covariance::Kind;
    use crate::stats::curves::Curve;

    /// Twenty models of six families; the newer ones score higher, and one has no compute.
    fn table() -> Table {
        let mut text = String::from("model,family,compute,release,language,items,score,after\n");
        for i in 0..20 {
            let x = 20.0 + 0.2 * f64::from(i);
            let (new, noise) = (f64::from(i % 2), 0.01 * f64::from((i * 7) % 5 - 2));
            let (year, language) = (2022 + i % 2 * 2, ["en", "en+cn", "fr"][i as usize % 3]);
            let after = 0.3 + 0.05 * (x - 20.0) + noise;
            let score = 0.25 + 0.12 * (x - 22.0).max(0.0) + 0.03 * new + noise;
            let compute = 10f64.powf(x);
            text.push_str(&format!("m{i},f{},{compute:e},{year}-05,{language},500,{score},{after}\n", i % 6));
        }
        text.push_str("secret,f0,,2024-05,en,500,0.5,0.6\n");
        Table::parse(text.as_bytes(), "toys.csv".as_ref(), &[]).expect("a table")
    }

    fn report(settings: FitSettings) -> FitReport {
        let set = ModelSet::from_tables(&[table()], &settings.tables).expect("models");
        FitSettings { bootstrap: 49, ..settings }.fit(&set).expect("a fit")
    }

    fn tables() -> Settings {
        Settings { score: Some("score".into()), ..Settings::default() }
    }

    /// The report without what its JSON does not hold.
    fn without_models(mut report: FitReport) -> FitReport {
        for analysis in std::iter::once(&mut report.unadjusted).chain(&mut report.adjusted) {
            analysis.models.clear();
            analysis.line.clear();
        }
        report
    }

    #[test]
    fn a_report_that_is_read_is_the_one_that_was_written() {
        let chance = ChanceLevel::Given(0.25);
        let all = FitSettings { tables: tables(), chance, predict: vec![1e25], ..FitSettings::default() };
        let hinge = FitSettings { curve: CurveChoice::One(Curve::Hinge), ..all.clone() };
        let kinds = [
            ("all curves", all.clone()),
            (
                "after adjustment",
                FitSettings { tables: Settings { adjusted: Some("after".into()), ..tables() }, ..hinge.clone() },
            ),
            (
                "groups by words and by a selection, another predictor",
                FitSettings {
                    tables: Settings {
                        groups: ["language", "compute > 1e22"].map(|g| g.parse().expect("a group")).to_vec(),
                        x: Some(PredictorKind::Release),
                        cluster: ClusterBy::Column("language".into()),
                        ..tables()
                    },
                    covariance: Kind::Hc3,
                    predict: vec![2025.0],
                    ..all.clone()
                },
            ),
            (
                "held-out models and uncertain compute",
                FitSettings {
                    tables: Settings {
                        holdout: Some("compute > 1e23".parse().expect("a selection")),
                        compute_sd: Some(Amount::Number(0.1)),
                        ..tables()
                    },
                    ..hinge.clone()
                },
            ),
            (
                "one family, so that most of it fails, and weights",
                FitSettings {
                    tables: Settings {
                        cluster: ClusterBy::Column("items".into()),
                        weights: Some(WeightBy::Items),
                        ..tables()
                    },
                    chance: ChanceLevel::Free,
                    margin: Some(0.1),
                    ..hinge.clone()
                },
            ),
            ("a straight line", FitSettings { curve: CurveChoice::One(Curve::Linear), ..hinge }),
        ];
        for (kind, settings) in kinds {
            let made = report(settings);
            let written = made.to_json().expect("JSON");
            let read = FitReport::from_json(&written).expect(kind);
            assert_eq!(read.to_json().expect("JSON"), written, "{kind}");
            assert_eq!(read, without_models(made), "{kind}");
        }
    }

    #[test]
    fn a_figure_that_is_read_is_the_one_that_was_written() {
        let hinge = FitSettings { curve: CurveChoice::One(Curve::Hinge), tables: tables(), ..FitSettings::default() };
        let figure = crate::analysis::fit::figure(&report(hinge));
        let written = serde_json::to_string(&figure).expect("JSON");
        let read: crate::analysis::figure::Figure = serde_json::from_str(&written).expect("a figure");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), written);
        assert_eq!(read, figure);
    }

    #[test]
    fn what_is_no_report_of_this_version_is_refused_in_a_sentence() {
        let written = report(FitSettings { tables: tables(), ..FitSettings::default() }).to_json().expect("JSON");
        let refused = |text: &str, said: &str| {
            let error = FitReport::from_json(text).expect_err(said).to_string();
            assert!(error.contains(said), "{error}");
        };
        refused("model,score\n", "it is not JSON");
        refused("[1, 2]", "it is no report of a fit");
        refused("{\"schema\": \"other\", \"schema_version\": 1}", "its `schema` is not `onset.fit`");
        let current = format!("\"schema_version\": {SCHEMA_VERSION}");
        let newer = written.replacen(&current, "\"schema_version\": 999, \"score_scale\": 7", 1);
        refused(&newer, "its layout is version 999, not");
        refused(&written.replacen("\"hinge\"", "\"cubic\"", 1), "unknown curve `cubic`");
        // Whoever deserialises without `from_json` is told so too.
        let newer = written.replacen(&current, "\"schema_version\": 999", 1);
        let error = serde_json::from_str::<FitReport>(&newer).expect_err("another version").to_string();
        assert!(error.contains("its layout is version 999"), "{error}");
    }

    #[test]
    fn settings_that_are_read_are_those_that_were_written() {
        let settings = FitSettings {
            tables: Settings {
                groups: vec!["language = en".parse().expect("a group"), "items".parse().expect("a group")],
                cutoff: "2023-11".parse().expect("a month"),
                x: Some("params".parse().expect("a predictor")),
                x_scale: Some(XScale::Linear),
                items: Some(Amount::Column("n".into())),
                holdout: Some("params > 1e10".parse().expect("a selection")),
                ..tables()
            },
            chance: ChanceLevel::Given(0.25),
            curve: CurveChoice::One(Curve::Logistic),
            ..FitSettings::default()
        };
        let written = serde_json::to_string(&settings).expect("JSON");
        assert_eq!(serde_json::from_str::<FitSettings>(&written).expect("settings"), settings);
        let few: FitSettings = serde_json::from_str("{\"chance\": 0.5, \"curve\": \"all\"}").expect("settings");
        assert_eq!(few, FitSettings { chance: ChanceLevel::Given(0.5), ..FitSettings::default() });
        assert!(serde_json::from_str::<FitSettings>("{\"colour\": \"red\"}").is_err());
    }

    #[test]
    fn a_group_is_read_as_it_is_written() {
        for text in ["release >= 2023-11", "language = en+cn", "compute > 1e22", "is chat", "a =", "x=1=2"] {
            let group: Group = text.parse().expect("a group");
            assert_eq!(group.to_string(), text);
            assert_eq!(group.to_string().parse::<Group>().expect("a group"), group);
        }
        assert!(matches!("release >= soon".parse(), Ok(Group::Column(_))));
    }
}
