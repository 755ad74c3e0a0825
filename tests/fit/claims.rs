//! What a fit claims, and what it refuses to claim: made-up models whose truth is known.

use onset::analysis::fit::{Analysis, CautionKind, CurveChoice, FitReport, FitSettings, RiseTest, Shown, Turn, figure};
use onset::registry::modelset::{Amount, Cutoff, ModelSet, ScoreScale, Settings};
use onset::registry::table::Table;
use onset::report::{csv, fit};
use onset::stats::covariance::Kind;
use onset::stats::curves::Curve;
use onset::stats::direction::Direction;
use onset::stats::estimate::{Estimate, Method};
use onset::stats::hinge::Outcome;
use onset::stats::parameter::Parameter;
use onset::stats::random::Seed;
use onset::stats::selection::Verdict;

/// Models of a made-up table: name, family, log10 compute, group, score.
struct World {
    rows: Vec<(String, String, f64, f64, f64)>,
}

impl World {
    /// Forty-eight models of sixteen families from 10^20 to 10^24 FLOPs, every other family new; `score` of log10 compute
    /// and noise of this size per model and per family.
    fn new(seed: u64, noise: f64, score: impl Fn(f64) -> f64) -> Self {
        let mut stream = Seed(seed).stream("claims", 0);
        let family: Vec<f64> = (0..16).map(|_| noise * stream.normal()).collect();
        let rows = (0..48)
            .map(|i| {
                let (x, g) = (20.0 + 4.0 * f64::from(i) / 47.0, (i * 7 % 16) as usize);
                let y = score(x) + family[g] + noise * stream.normal();
                (format!("m{i}"), format!("f{g}"), x, f64::from(u8::from(g % 2 == 1)), y)
            })
            .collect();
        Self { rows }
    }

    fn set(&self, tables: &Settings) -> ModelSet {
        let mut text = String::from("model,family,compute,new,score\n");
        for (model, family, x, new, score) in &self.rows {
            text.push_str(&format!("{model},{family},{:e},{new},{score}\n", 10f64.powf(*x)));
        }
        let table = Table::parse(text.as_bytes(), "t.csv".as_ref(), &[]).expect("a table");
        ModelSet::from_tables(&[table], tables).expect("models")
    }

    fn fit(&self, settings: &FitSettings) -> FitReport {
        settings.fit(&self.set(&settings.tables)).expect("a fit")
    }
}

fn tables() -> Settings {
    Settings { score: Some("score".into()), cutoff: Cutoff::None, score_scale: ScoreScale::Any, ..Settings::default() }
}

fn grouped() -> Settings {
    Settings { groups: vec!["new".parse().expect("a group")], ..tables() }
}

/// All curves, few replicates, chance 0.25.
fn all() -> FitSettings {
    FitSettings {
        tables: tables(),
        chance: "0.25".parse().expect("a level"),
        bootstrap: 199,
        leave_out: false,
        ..FitSettings::default()
    }
}

fn one(curve: Curve) -> FitSettings {
    FitSettings { curve: CurveChoice::One(curve), ..all() }
}

fn hinge(x: f64) -> f64 {
    0.25 + 0.2 * (x - 22.0).max(0.0)
}

fn ceiling(x: f64) -> f64 {
    (0.25 + 0.35 * (x - 21.0).max(0.0)).min(0.95)
}

fn text(report: &FitReport) -> String {
    fit::terminal(report, 80).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an estimate has neither an end, nor a standard error, nor a p-value, by any method.
fn is_bare(estimate: &Estimate) -> bool {
    let own = estimate.interval.is_open() && estimate.se.is_none() && estimate.p_value.is_none();
    own && estimate.others.iter().all(|other| other.interval.is_open() && other.se.is_none())
}

#[test]
fn noise_is_called_a_rise_no_more_often_than_a_test_at_five_per_cent_allows() {
    let found: Vec<Analysis> =
        (0..100).map(|seed| World::new(seed, 0.01, |_| 0.25).fit(&one(Curve::Hinge)).unadjusted).collect();
    let claimed = found.iter().filter(|one| one.shown != Shown::Nothing).count();
    // More than eleven of a hundred at 5 % has a probability of 0.4 %.
    assert!(claimed <= 11, "{claimed} of 100 tables of noise");
    for one in found.iter().filter(|one| one.shown == Shown::Nothing) {
        assert_eq!((one.outcome, one.verdict, one.c_e.value), (Some(Outcome::Flat), Some(Verdict::None), None));
        assert!(one.c_e.reason.is_some() && one.emergence().is_none() && one.c_set.is_none());
    }
    assert!(found.iter().all(|one| one.shown != Shown::Emergence || one.c_e.value.is_some()));
}

#[test]
fn few_or_unequal_families_claim_a_rise_by_two_t_tests_and_no_more_often_on_noise() {
    let five: fn(usize) -> usize = |g| g % 5;
    let dominant: fn(usize) -> usize = |g| g.saturating_sub(8);
    for merged in [five, dominant] {
        let world = |seed: u64, score: fn(f64) -> f64| {
            let mut world = World::new(seed, 0.01, score);
            for row in &mut world.rows {
                row.1 = format!("f{}", merged(row.1[1..].parse().expect("a number")));
            }
            world.fit(&one(Curve::Hinge)).unadjusted
        };
        let rising = world(1, hinge);
        assert_ne!(rising.rise_test.test, RiseTest::ChangeOfSlope);
        assert!(matches!(rising.shown, Shown::Trend | Shown::Emergence), "{:?}", rising.rise_test);
        assert_eq!(rising.rise_test.direction, Some(Direction::Rising));
        let claimed = (0..60).filter(|seed| world(*seed, |_| 0.25).shown != Shown::Nothing).count();
        // More than eight of sixty at 5 % has a probability of 0.3 %.
        assert!(claimed <= 8, "{claimed} of 60 tables of noise");
    }
    assert_eq!(World::new(1, 0.01, hinge).fit(&one(Curve::Hinge)).unadjusted.rise_test.test, RiseTest::ChangeOfSlope);
}

#[test]
fn nothing_is_said_to_rise_where_no_test_shows_it() {
    let report = World::new(3, 0.01, |_| 0.6).fit(&all());
    assert_eq!(report.unadjusted.shown, Shown::Nothing, "{:?}", report.unadjusted.rise_test);
    let said = text(&report);
    assert!(said.contains("no rise is shown (p = "), "{said}");
    assert!(!said.contains("above chance"), "the scores lie far above chance: {said}");
    let level = World { rows: World::new(1, 0.0, |_| 0.6).rows }.fit(&all());
    assert!(text(&level).contains("scores are one level"), "{}", text(&level));
}

#[test]
fn a_rise_from_a_point_is_shown_with_its_place() {
    let report = World::new(5, 0.015, hinge).fit(&all());
    let found = &report.unadjusted;
    assert_eq!((found.curve, found.selected, found.shown), (Curve::Hinge, Some(Curve::Hinge), Shown::Emergence));
    assert_eq!((found.outcome, found.break_test.turn), (Some(Outcome::Break), Some(Turn::Steeper)));
    assert!((found.c_log10.value.expect("c") - 22.0).abs() < 0.15 && found.hinge.is_none());
    assert!(found.cautions.is_empty() && found.influential.is_empty(), "{:?}", found.influential);
    assert!(text(&report).contains("scores rise from compute"), "{}", text(&report));
}

#[test]
fn saturation_is_not_called_emergence() {
    let report = World::new(2, 0.02, |x| (0.25 + 0.3 * (x - 20.0)).min(0.9)).fit(&all());
    let found = &report.unadjusted;
    assert_eq!((found.break_test.turn, found.shown), (Some(Turn::Flatter), Shown::Trend), "{:?}", found.break_test);
    assert!(found.break_test.p_value.is_some_and(|p| p <= 0.05));
    let at = found.break_test.at.expect("a place").log10();
    assert!((at - 22.17).abs() < 0.4, "the ceiling is reached at 22.17, told {at}");
    assert!(found.c_e.value.is_none() && found.c_e.reason.is_some(), "{:?}", found.c_e);
    assert!(text(&report).contains("flatter: saturation, not emergence"), "{}", text(&report));
}

#[test]
fn scores_near_a_ceiling_are_led_by_a_curve_that_has_one() {
    let report = World::new(7, 0.01, ceiling).fit(&FitSettings { tables: grouped(), ..all() });
    let found = &report.unadjusted;
    assert_eq!(Some(found.curve), found.selected);
    assert_eq!(found.curve, Curve::Plateau, "{:?}", found.curves.iter().map(|c| (c.curve, c.aicc)).collect::<Vec<_>>());
    let own = found.curves.iter().find(|one| one.curve == Curve::Plateau).expect("the plateau");
    let of = |parameter| own.parameters.iter().find(|p| p.name == parameter).and_then(|p| p.estimate.value);
    let near = |value: Option<f64>, truth: f64| value.is_some_and(|value| (value - truth).abs() < 0.1);
    assert!(near(of(Parameter::C), 21.0) && near(of(Parameter::Upper), 0.95) && near(of(Parameter::Alpha), 0.35));
    assert_eq!(found.shown, Shown::Emergence, "{:?}", found.break_before_ceiling);
    assert!(found.c_log10.interval.contains(21.0), "{:?}", found.c_log10);
    // θ, c, figure and sentence are those of the curve that leads; the hinge stands beside it.
    assert_eq!(of(Parameter::Theta), found.theta.value);
    let beside = found.hinge.as_ref().expect("the hinge");
    assert!(beside.theta.value.is_some() && beside.theta.value != found.theta.value);
    assert!(beside.aicc > own.aicc, "{:?} {:?}", beside.aicc, own.aicc);
    let said = text(&report);
    assert!(said.contains("Plateau: scores rise from") && said.contains("Hinge, the paper's curve: alpha"), "{said}");
    let drawn = String::from_utf8(csv::figure_data(&figure(&report)).to_bytes().expect("rows")).expect("UTF-8");
    assert!(drawn.contains("hinge"), "the figure has the hinge beside the curve");
}

#[test]
fn a_ceiling_can_be_given() {
    let world = World::new(7, 0.02, ceiling);
    for curve in [Curve::Plateau, Curve::Logistic, Curve::Richards] {
        let given = world.fit(&FitSettings { ceiling: Some(0.95), ..one(curve) });
        let parameters = &given.unadjusted.curves[0].parameters;
        assert!(parameters.iter().all(|p| p.name != Parameter::Upper), "{curve}: {parameters:?}");
        let free = world.fit(&one(curve));
        let upper = free.unadjusted.curves[0].parameters.iter().find(|p| p.name == Parameter::Upper);
        let upper = upper.and_then(|p| p.estimate.value).expect("an estimated ceiling");
        assert!((upper - 0.95).abs() < 0.1, "{curve}: {upper}");
    }
}

#[test]
fn a_loss_is_fitted_as_a_fall() {
    let world = World::new(4, 0.05, |x| 3.0 - 0.7 * (x - 22.0).max(0.0));
    for chance in ["known", "free", "3"] {
        let report = world.fit(&FitSettings { chance: chance.parse().expect("a level"), ..all() });
        let found = &report.unadjusted;
        assert_eq!((found.direction, found.shown), (Direction::Falling, Shown::Emergence), "chance {chance}");
        assert!((found.c_log10.value.expect("c") - 22.0).abs() < 0.15 && found.alpha.value.is_some_and(|a| a < -0.5));
        assert_eq!(report.chance.is_some(), chance == "3", "no level of chance is invented");
        let said = text(&report);
        assert!(said.contains("scores fall from compute") && !said.contains("rises"), "{said}");
    }
}

#[test]
fn a_fall_below_chance_is_said_and_is_no_emergence() {
    let tables = Settings { score_scale: ScoreScale::Share, ..tables() };
    let report = World::new(4, 0.01, |x| 0.6 - 0.05 * (x - 20.0)).fit(&FitSettings { tables, ..all() });
    let found = &report.unadjusted;
    assert_eq!((found.direction, found.shown, found.verdict), (Direction::Rising, Shown::Nothing, Some(Verdict::None)));
    let said = text(&report);
    assert!(said.contains("scores do not rise: they fall with compute") && said.contains("--chance free"), "{said}");
}

#[test]
fn too_few_models_to_compare_curves_are_said_to_be() {
    for kept in [3, 5, 6] {
        let mut world = World::new(1, 0.02, hinge);
        world.rows = world.rows.into_iter().step_by(8).take(kept).collect();
        let report = world.fit(&all());
        let found = &report.unadjusted;
        assert_eq!((found.selected, found.curve), (None, Curve::Hinge), "{kept} models");
        let said = text(&report);
        assert!(said.contains("too few models to compare curves") && !said.contains("curve chosen"), "{said}");
    }
}

#[test]
fn predictions_stay_on_the_scale_of_the_score_or_are_marked() {
    let tables = Settings { score_scale: ScoreScale::Share, ..grouped() };
    let settings = FitSettings { tables, predict: vec![1e18, 1e23, 1e25, 1e28], ..all() };
    let mut world = World::new(9, 0.02, ceiling);
    world.rows.iter_mut().for_each(|row| row.4 = row.4.clamp(0.0, 1.0));
    let report = world.fit(&settings);
    let mut marked = 0;
    for prediction in report.unadjusted.curves.iter().flat_map(|curve| &curve.predictions) {
        let score = prediction.score.expect("a prediction");
        assert_eq!(prediction.outside_scale, !(0.0..=1.0).contains(&score));
        let ends = [prediction.interval.low, prediction.interval.high];
        let inside = ends.into_iter().flatten().all(|end| (0.0..=1.0).contains(&end));
        assert!(inside || prediction.outside_scale, "{prediction:?}");
        marked += usize::from(prediction.outside_scale);
    }
    assert!(marked > 0, "a straight line leaves the scale");
    let leads = report.unadjusted.curves.iter().find(|one| one.curve == report.unadjusted.curve).expect("the curve");
    assert!(leads.predictions.iter().all(|p| !p.outside_scale), "{:?}", leads.curve);
    assert!(!text(&report).contains("beyond the scale"), "{}", text(&report));
}

#[test]
fn a_group_of_one_family_has_no_interval_in_any_curve_table_or_file() {
    for flip in [false, true] {
        let mut world = World::new(6, 0.02, hinge);
        for row in &mut world.rows {
            row.3 = f64::from(u8::from((row.1 == "f3") != flip));
        }
        for covariance in [Kind::Cr2, Kind::Cr3, Kind::Hc3, Kind::Classical] {
            let settings = FitSettings {
                tables: grouped(),
                covariance,
                margin: Some(0.1),
                predict: vec![1e25],
                ..if flip || covariance != Kind::Cr2 { one(Curve::Linear) } else { all() }
            };
            let report = world.fit(&settings);
            let found = &report.unadjusted;
            assert!(found.theta.value.is_some() && is_bare(&found.theta), "{covariance}: {:?}", found.theta);
            assert!(found.theta.reason.as_ref().is_some_and(|reason| reason.contains("one family alone")));
            assert!(found.wild_p.is_none() && found.permutation_p.is_none() && found.equivalence.p_value.is_none());
            assert!(found.equivalence.smallest_margin.is_none());
            assert!(found.hinge.iter().all(|hinge| is_bare(&hinge.theta)));
            for curve in &found.curves {
                let theta = curve.parameters.iter().find(|p| p.name == Parameter::Theta).expect("θ");
                assert!(is_bare(&theta.estimate), "{}: {theta:?}", curve.curve);
                for prediction in &curve.predictions {
                    // Where the reference group is the one family, its level is that family's own as well.
                    // CR3 does not exist for any parameter there.
                    let none = covariance == Kind::Cr3 || flip && covariance.is_clustered();
                    let open = prediction.group.is_some() || none;
                    assert!(prediction.interval.is_open() == open, "{}: {prediction:?}", curve.curve);
                }
            }
            assert!(found.line.iter().all(|point| point.group.is_none() || point.interval.is_open()));
            let rows = String::from_utf8(fit::parameters(&report).to_bytes().expect("rows")).expect("UTF-8");
            let thetas = rows.lines().filter(|line| line.split(',').nth(2).is_some_and(|name| name.ends_with("theta")));
            for line in thetas {
                let cells: Vec<&str> = line.split(',').collect();
                assert!(cells[5..9].iter().all(|cell| cell.is_empty()), "{line}");
            }
            let kinds: Vec<CautionKind> = found.cautions.iter().map(|caution| caution.kind).collect();
            assert_eq!(kinds, [CautionKind::GroupOfOneFamily]);
            assert!(text(&report).contains("Careful: one family alone makes up new"), "{}", text(&report));
        }
    }
}

#[test]
fn a_difference_of_differences_of_one_family_has_no_interval_either() {
    let mut world = World::new(6, 0.02, hinge);
    world.rows.iter_mut().for_each(|row| row.3 = f64::from(u8::from(row.1 == "f3")));
    let mut text = String::from("model,family,compute,new,score,after\n");
    for (model, family, x, new, score) in &world.rows {
        text.push_str(&format!("{model},{family},{:e},{new},{score},{}\n", 10f64.powf(*x), score + 0.05));
    }
    let table = Table::parse(text.as_bytes(), "t.csv".as_ref(), &[]).expect("a table");
    let settings =
        FitSettings { tables: Settings { adjusted: Some("after".into()), ..grouped() }, ..one(Curve::Hinge) };
    let report = settings.fit(&ModelSet::from_tables(&[table], &settings.tables).expect("models")).expect("a fit");
    let changed = report.differences.expect("differences");
    assert!(is_bare(&changed.theta) && changed.theta.reason.is_some(), "{:?}", changed.theta);
}

#[test]
fn few_families_and_one_that_dominates_are_named_and_get_the_interval_that_holds() {
    let mut few = World::new(8, 0.02, hinge);
    few.rows.iter_mut().enumerate().for_each(|(i, row)| row.1 = format!("f{}", i % 5));
    let mut large = World::new(8, 0.02, hinge);
    large.rows.iter_mut().enumerate().filter(|(i, _)| i % 4 < 2).for_each(|(_, row)| row.1 = "big".into());
    let settings = FitSettings { tables: grouped(), ..one(Curve::Hinge) };
    for (world, kind, said) in [
        (few, CautionKind::FewFamilies, "5 clusters are fewer than six"),
        (large, CautionKind::DominantFamily, "the cluster big holds 50 %"),
    ] {
        let report = world.fit(&settings);
        let found = &report.unadjusted;
        assert_eq!(found.cautions.iter().map(|c| c.kind).collect::<Vec<_>>(), [kind]);
        assert!(text(&report).contains(said), "{}", text(&report));
        for estimate in [&found.theta, &found.alpha, &found.c_log10] {
            assert_eq!(estimate.method, Some(Method::Covariance(Kind::Cr3)), "{estimate:?}");
            assert!(estimate.others.is_empty());
        }
        assert!(found.wild_p.is_none() && found.c_set.is_none());
        assert!(found.curves[0].parameters.iter().all(|p| p.estimate.method == Some(Method::Covariance(Kind::Cr3))));
    }
}

#[test]
fn three_families_that_all_rise_are_said_to_rise_and_three_without_a_trend_are_not() {
    let rising = [0.02, 0.03, 0.14, 0.33, 0.03, 0.02, 0.09, 0.27, 0.01, 0.05, 0.20, 0.41];
    let level = [0.21, 0.19, 0.22, 0.20, 0.20, 0.22, 0.19, 0.21, 0.22, 0.20, 0.21, 0.20];
    let compute = [20.0, 21.0, 22.0, 23.0, 19.5, 20.7, 21.6, 22.8, 20.3, 21.3, 22.3, 23.3];
    for (scores, shown) in [(rising, Shown::Trend), (level, Shown::Nothing)] {
        let rows = (0..12).map(|i| (format!("m{i}"), format!("f{}", i / 4), compute[i], 0.0, scores[i])).collect();
        let settings = FitSettings { chance: "0".parse().expect("a chance"), tables: tables(), ..all() };
        let found = World { rows }.fit(&settings).unadjusted;
        let p = found.rise_test.p_value.expect("a p-value");
        assert_eq!(found.shown, shown, "{:?}", found.rise_test);
        assert_eq!(p <= 0.05, shown == Shown::Trend, "{p}");
    }
}

#[test]
fn groups_without_compute_in_common_have_a_difference_without_interval() {
    let mut world = World::new(8, 0.02, hinge);
    world.rows.iter_mut().for_each(|row| row.3 = f64::from(u8::from(row.2 > 22.5)));
    let report = world.fit(&FitSettings { tables: grouped(), ..all() });
    let found = &report.unadjusted;
    assert!(found.theta.value.is_some() && is_bare(&found.theta), "{:?}", found.theta);
    assert_eq!(found.cautions.iter().map(|c| c.kind).collect::<Vec<_>>(), [CautionKind::NoCommonRange]);
    assert!(text(&report).contains("rests on the form of the curve alone"), "{}", text(&report));
}

#[test]
fn influential_models_are_named_with_the_fit_without_them() {
    let mut world = World::new(8, 0.02, hinge);
    world.rows[0].4 = 1.0;
    world.rows[25].4 = 1.0;
    let report = world.fit(&all());
    let found = &report.unadjusted;
    let mut names: Vec<&str> = found.influential.iter().map(|one| one.model.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["m0", "m25"]);
    let last = &found.influential[1].without;
    assert_eq!(last.curve, Some(Curve::Hinge), "{last:?}");
    assert!((last.hinge_c.expect("c") - 22.0).abs() < 0.2, "{last:?}");
    assert!(text(&report).contains("Careful: the result hangs on m"), "{}", text(&report));
}

#[test]
fn uncertain_compute_reaches_a_number_or_strikes_it_out() {
    let world = World::new(8, 0.02, hinge);
    let tables = Settings { compute_sd: Some(Amount::Number(0.15)), ..grouped() };
    let report = world.fit(&FitSettings { tables, margin: Some(0.1), ..all() });
    let found = &report.unadjusted;
    let exact = world.fit(&FitSettings { tables: grouped(), margin: Some(0.1), ..all() }).unadjusted;
    for (unsure, plain) in [(&found.theta, &exact.theta), (&found.alpha, &exact.alpha)] {
        assert_eq!(unsure.method, Some(Method::Simex));
        assert!(unsure.others.is_empty() && unsure.value != plain.value);
    }
    assert!(found.wild_p.is_none() && found.permutation_p.is_none() && found.c_set.is_none());
    assert!(found.unknown.iter().any(|line| line.contains("take compute as exact")), "{:?}", found.unknown);
    let (theta, equal) = (&found.theta, &found.equivalence);
    assert_ne!(equal.smallest_margin, exact.equivalence.smallest_margin);
    assert!(equal.smallest_margin.is_some_and(|margin| margin > theta.value.expect("θ").abs()));
    for curve in found.curves.iter().filter(|one| one.curve != found.curve) {
        assert!(curve.parameters.iter().all(|p| is_bare(&p.estimate)), "{}: {:?}", curve.curve, curve.parameters);
    }
    let leads = found.curves.iter().find(|one| one.curve == found.curve).expect("the curve");
    let own = leads.parameters.iter().find(|p| p.name == Parameter::Theta).expect("θ");
    assert_eq!((own.estimate.value, own.estimate.interval), (theta.value, theta.interval));
}

#[test]
fn davies_bound_is_told_of_independent_models_only() {
    let world = World::new(5, 0.02, hinge);
    assert!(world.fit(&one(Curve::Hinge)).unadjusted.break_test.davies_p.is_none());
    let mut alone = World::new(5, 0.02, hinge);
    alone.rows.iter_mut().for_each(|row| row.1 = row.0.clone());
    let report = alone.fit(&one(Curve::Hinge));
    assert!(report.unadjusted.break_test.davies_p.is_some());
    assert!(text(&report).contains("for independent models"), "{}", text(&report));
}
