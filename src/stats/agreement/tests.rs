//! Agreements that are known, recovered from tables made for them.

use super::*;
use crate::stats::ceiling::{Ceiling, CeilingFit, Noise};
use crate::stats::clusters::Clusters;
use crate::stats::concordance::RankedTable;
use crate::stats::estimate::Interval;
use crate::stats::random::Stream;

const MAKERS: [usize; 24] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5];

fn nesting() -> Nesting {
    Nesting::new(&MAKERS, &(0..24).map(|i| i / 2).collect::<Vec<_>>()).expect("as many labels")
}

/// Four benchmarks of one ability, each with so much of its own.
fn columns(own: f64, stream: &mut Stream) -> Vec<Vec<f64>> {
    let makers: Vec<f64> = (0..6).map(|_| stream.normal()).collect();
    let ability: Vec<f64> = MAKERS.iter().map(|g| makers[*g] + stream.normal()).collect();
    (0..4).map(|_| ability.iter().map(|a| 0.5 + 0.05 * (a + own * stream.normal())).collect()).collect()
}

fn agreement() -> Agreement {
    Agreement::new(Seed(11)).replicates(400)
}

#[test]
fn the_interval_holds_the_mean_and_no_benchmark_agrees_with_itself_in_it() {
    let columns = columns(1.0, &mut Seed(1).stream("test", 0));
    let fit = agreement().fit(&Panel::new(&columns), &nesting()).expect("a sound table");
    let mean = &fit.summary.mean;
    assert_eq!(mean.value, fit.tau.mean());
    let ((low, high), value) = (mean.interval.ends().expect("two ends"), mean.value.expect("defined"));
    assert!(low < value && value < high && high < 1.0, "{mean:?}");
    assert!(fit.summary.first_share.value > Some(0.5));
    assert_eq!((fit.summary.ceiling.value, fit.summary.disattenuated.value), (None, None));
    let text = serde_json::to_string(&fit).expect("JSON");
    assert_eq!(serde_json::from_str::<AgreementFit>(&text).expect("an agreement"), fit);
}

#[test]
fn every_pair_and_every_benchmark_has_an_interval_about_its_value() {
    let columns = columns(1.0, &mut Seed(1).stream("test", 0));
    let fit = agreement().pairs(true).fit(&Panel::new(&columns), &nesting()).expect("a sound table");
    let pairs = fit.pairs.expect("asked for");
    for a in 0..4 {
        let own = &fit.columns[a];
        assert_eq!(own.value, fit.tau.mean_of(a));
        assert!(own.interval.contains(own.value.expect("defined")) && own.interval.ends().is_some());
        for b in 0..4 {
            let inside = pairs.low.get(a, b) < fit.tau.get(a, b) && fit.tau.get(a, b) < pairs.high.get(a, b);
            assert!(inside || a == b, "{a} {b}");
        }
    }
    assert_eq!((pairs.low.get(1, 1), pairs.low.get(0, 2)), (None, pairs.low.get(2, 0)));
}

#[test]
fn without_a_maker_the_values_are_those_of_the_other_models() {
    let columns = columns(1.0, &mut Seed(1).stream("test", 0));
    let fit = agreement().fit(&Panel::new(&columns), &nesting()).expect("a sound table");
    let others: Vec<Vec<f64>> = columns.iter().map(|column| column[8..].to_vec()).collect();
    let tau = RankedTable::new(&others).expect("one length").tau();
    assert_eq!(fit.left_out[0].cluster, 0);
    assert_eq!(fit.left_out[0].summary.mean, tau.mean());
    assert_eq!(fit.left_out.len(), 6);
}

#[test]
fn a_condition_compared_with_itself_differs_by_exactly_nothing() {
    let columns = columns(1.0, &mut Seed(1).stream("test", 0));
    let panel = Panel::new(&columns);
    let change = agreement().compare(&panel, &panel, &nesting()).expect("sound tables");
    let mean = &change.difference.mean;
    assert_eq!((mean.value, mean.interval), (Some(0.0), Interval::between(0.0, 0.0)));
    assert_eq!(change.pairs_above.value, Some(0.0));
}

#[test]
fn less_of_their_own_makes_benchmarks_agree_more() {
    let before = columns(2.0, &mut Seed(1).stream("test", 0));
    let after = columns(0.3, &mut Seed(1).stream("test", 0));
    let change = agreement().compare(&Panel::new(&before), &Panel::new(&after), &nesting()).expect("sound tables");
    assert!(change.difference.mean.interval.low > Some(0.0));
    assert!(change.difference.first_share.interval.low > Some(0.0));
    assert_eq!(change.pairs_above.value, Some(1.0));
    assert!(change.left_out.iter().all(|left| left.summary.mean.expect("defined") > 0.0));
}

#[test]
fn the_same_seed_gives_the_same_interval_and_whole_makers_another() {
    let columns = columns(1.0, &mut Seed(1).stream("test", 0));
    let panel = Panel::new(&columns);
    let mean = |settings: Agreement| settings.fit(&panel, &nesting()).expect("sound").summary.mean;
    assert_eq!(mean(agreement()), mean(agreement()));
    assert_ne!(mean(agreement()), mean(agreement().inside(Inside::Whole)));
}

#[test]
fn a_known_agreement_is_recovered_and_nine_in_ten_intervals_hold_it() {
    // Ability has variance 2 and each benchmark's own part 0.5: true scores correlate by 0.8.
    let known = 0.8_f64.asin() / std::f64::consts::FRAC_PI_2;
    let worlds = 100;
    let (mut seen, mut recovered, mut held) = (0.0, 0.0, 0);
    for world in 0..worlds {
        let mut stream = Seed(2).stream("test worlds", world);
        let truth = columns(0.5_f64.sqrt(), &mut stream);
        let asked = |p: &f64, stream: &mut Stream| stream.binomial(300, *p) as f64 / 300.0;
        let scores: Vec<Vec<f64>> =
            truth.iter().map(|column| column.iter().map(|p| asked(p, &mut stream)).collect()).collect();
        let ceiling = |column: &Vec<f64>| Ceiling::new().fit(column, &Noise::Items(300.0)).expect("shares");
        let ceilings: Vec<CeilingFit> = scores.iter().map(ceiling).collect();
        let fit = agreement()
            .replicates(200)
            .fit(&Panel::new(&scores).ceilings(&ceilings), &nesting())
            .expect("a sound table");
        seen += fit.summary.mean.value.expect("defined");
        let truth = fit.summary.disattenuated;
        recovered += truth.value.expect("defined");
        let (low, high) = truth.interval.ends().expect("two ends");
        held += usize::from(low <= known && known <= high);
    }
    let (seen, recovered) = (seen / worlds as f64, recovered / worlds as f64);
    assert!(seen < known - 0.04, "noise hides some of {known}: {seen}");
    assert!((recovered - known).abs() < 0.03, "{recovered} is recovered of {known}, {seen} seen, {held} held");
    assert!((88..=100).contains(&held), "{held} of {worlds} intervals hold the truth");
}

#[test]
fn a_missing_score_leaves_the_other_pairs_as_they_are() {
    let mut columns = columns(1.0, &mut Seed(1).stream("test", 0));
    let whole = RankedTable::new(&columns).expect("one length").tau();
    columns[3][5] = f64::NAN;
    let fit = agreement().fit(&Panel::new(&columns), &nesting()).expect("a sound table");
    assert_eq!(fit.tau.get(0, 1), whole.get(0, 1));
    assert_eq!((fit.tau.rows(0, 1), fit.tau.rows(0, 3)), (24, 23));
    assert!(fit.summary.mean.value.is_some() && fit.summary.first_share.value.is_some());
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let columns = columns(1.0, &mut Seed(1).stream("test", 0));
    let panel = Panel::new(&columns);
    let one = Nesting::flat(Clusters::new(&[0; 24]));
    assert!(matches!(agreement().fit(&panel, &one), Err(Error::Undetermined(_))));
    assert!(matches!(agreement().fit(&Panel::new(&columns[..1]), &nesting()), Err(Error::Undetermined(_))));
    let flat = vec![vec![1.0; 24]; 2];
    assert!(matches!(agreement().fit(&Panel::new(&flat), &nesting()), Err(Error::Undetermined(_))));
    assert!(matches!(agreement().replicates(0).fit(&panel, &nesting()), Err(Error::Argument(_))));
    assert!(matches!(agreement().level(1.0).fit(&panel, &nesting()), Err(Error::Argument(_))));
    let short = Nesting::flat(Clusters::new(&[0, 1]));
    assert!(matches!(agreement().fit(&panel, &short), Err(Error::Argument(_))));
    assert!(agreement().compare(&panel, &Panel::new(&columns[..3]), &nesting()).is_err());
}

#[test]
fn models_at_chance_are_not_compared() {
    let kept = above_floor(&[0.26, 0.4, f64::NAN, 0.25], 0.25, &[0.02, 0.02, 0.02, 0.0], 1.645);
    assert!(kept[0].is_nan() && kept[2].is_nan() && kept[3].is_nan());
    assert_eq!(kept[1], 0.4);
}
