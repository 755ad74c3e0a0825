//! Loss, then score, against what the authors of the OLMo ladder print, and where the truth is known.
//!
//! Their numbers stand in `src/scripts/paper/figures/step1_main.csv` and `chained_main.csv` of the repository allenai/OLMo-ladder at
//! commit 67a3f44: the target of 13 billion parameters and 5 trillion tokens, forecast from 16 runs of 190 million to 1.3 billion.

use std::collections::BTreeMap;

use crate::ErrorKind;
use crate::stats::clusters::Clusters;
use crate::stats::loss_then_score::{LadderQuestion, LadderRun, LossThenScore};
use crate::stats::random::Seed;

/// Parameters and tokens of the target.
const TARGET: (f64, f64) = (13_202_396_160.0, 5_000_088_518_656.0);

/// The runs of the ladder, and the mean loss and score of the target's last five checkpoints.
fn ladder(task: &str) -> (Vec<LadderRun>, f64, f64) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/olmo_ladder.csv");
    let text = std::fs::read_to_string(path).expect("the table is part of the repository");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<&str>>());
    let names = lines.next().expect("a header");
    let at = |name: &str| names.iter().position(|n| *n == name).expect(name);
    let columns = ["params", "tokens_seen", &format!("{task}_loss"), task].map(at);
    let (run, kind) = (at("model"), at("kind"));
    let mut order = Vec::new();
    let mut all: BTreeMap<String, (bool, [Vec<f64>; 4])> = BTreeMap::new();
    for line in lines {
        let name = line[run].to_owned();
        if !all.contains_key(&name) {
            order.push(name.clone());
        }
        let (ladder, values) = all.entry(name).or_default();
        *ladder = line[kind] == "ladder";
        for (list, column) in values.iter_mut().zip(columns) {
            list.push(line[column].parse().expect("a number"));
        }
    }
    let run = |name: &String| {
        let (_, [params, tokens, loss, score]) = &all[name];
        LadderRun::of_checkpoints(params[0], tokens, loss, score, 5, 0.1).expect("a run")
    };
    let runs = order.iter().filter(|name| all[*name].0).map(run).collect();
    let target = run(&"13B-5T".to_owned());
    (runs, target.loss, target.checkpoints.last().expect("its end").1)
}

#[test]
fn the_printed_forecasts_of_the_olmo_ladder_come_out() {
    // Task; loss measured and by step 1, score measured and by both steps, as printed.
    let printed = [
        ("mmlu", [0.748_827_437, 0.750_156_244, 0.516_140_237, 0.512_679_992]),
        ("hellaswag", [0.660_933_888, 0.653_176_600, 0.831_905_997, 0.853_035_956]),
        ("arc_challenge", [0.715_724_838, 0.783_323_889, 0.638_054_609, 0.526_709_936]),
    ];
    for (task, expected) in printed {
        let (runs, loss, score) = ladder(task);
        assert_eq!(runs.len(), 16);
        let fit = LossThenScore::new().fit(&runs).expect("both steps");
        let found = [loss, fit.law.loss(TARGET.0, TARGET.1), score, fit.score(TARGET.0, TARGET.1)];
        for (found, expected) in found.iter().zip(expected) {
            // Four digits are printed in the paper; the table here has six decimals.
            assert!((found - expected).abs() < 5e-6, "{task}: {found}, printed {expected}");
        }
    }
}

#[test]
fn the_targets_of_the_ladder_have_intervals_and_those_of_mmlu_and_hellaswag_hold_them() {
    for (task, holds) in [("mmlu", true), ("hellaswag", true)] {
        let (runs, loss, score) = ladder(task);
        let settings = LossThenScore::new();
        let fit = settings.fit(&runs).expect("both steps");
        let clusters = Clusters::singletons(runs.len());
        let found = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                settings.intervals(&fit, &runs, &clusters, of(&[TARGET]), 99, 0.95, Seed(1)).expect("intervals")
            })
        };
        let one = found(1);
        assert_eq!(one, found(3));
        let target = &one.targets[0];
        assert_eq!(
            (target.loss_interval.contains(loss), target.score_interval.contains(score)),
            (holds, holds),
            "{target:?}"
        );
        let width = |ends: Option<(f64, f64)>| ends.map(|(low, high)| high - low).expect("two ends");
        assert!(width(target.curve_interval.ends()) <= 1.2 * width(target.score_interval.ends()));
    }
}

/// Only targets.
fn of(targets: &[(f64, f64)]) -> LadderQuestion<'_> {
    LadderQuestion { targets, losses: &[] }
}

/// Twelve runs of a law and a curve, with a target that both know.
fn world(noise: f64, seed: u64) -> (Vec<LadderRun>, (f64, f64), f64) {
    let mut stream = Seed(seed).stream("a ladder", 0);
    let law = |n: f64, d: f64| 0.4 + 40.0 / n.powf(0.23) + 100.0 / d.powf(0.24);
    let curve = |loss: f64| 1.0 - 0.75 / (1.0 + (-5.0 * (loss - 0.7)).exp());
    let mut runs = Vec::new();
    for n in [2e8_f64, 4e8, 8e8, 1.3e9] {
        for each in [20.0, 60.0, 200.0] {
            let (low, right) = (noise * stream.normal(), noise * stream.normal());
            let tokens: Vec<f64> = (1..=10).map(|k| each * n * f64::from(k) / 10.0).collect();
            let loss: Vec<f64> = tokens.iter().map(|d| law(n, *d) * (1.0 + low)).collect();
            let score: Vec<f64> = loss.iter().map(|loss| curve(*loss) + right).collect();
            runs.push(LadderRun::of_checkpoints(n, &tokens, &loss, &score, 1, 0.1).expect("a run"));
        }
    }
    let target = (7e9_f64, 2e12_f64);
    (runs, target, curve(law(target.0, target.1)))
}

#[test]
fn an_error_of_the_first_step_is_carried_into_the_interval_of_the_score() {
    let settings = LossThenScore::new();
    let widths = [0.002, 0.008].map(|noise| {
        let (runs, target, truth) = world(noise, 3);
        let fit = settings.fit(&runs).expect("both steps");
        let clusters = Clusters::singletons(runs.len());
        let found = settings.intervals(&fit, &runs, &clusters, of(&[target]), 99, 0.95, Seed(1)).expect("intervals");
        let found = found.targets;
        assert!(found[0].curve_interval.contains(truth), "{truth}: {:?}", found[0]);
        let (low, high) = found[0].curve_interval.ends().expect("two ends");
        let (low_loss, high_loss) = found[0].loss_interval.ends().expect("two ends");
        // The curve alone, over the interval of the loss.
        assert!(high - low > 0.4 * (fit.curve.score(low_loss) - fit.curve.score(high_loss)), "{:?}", found[0]);
        high - low
    });
    assert!(widths[1] > 2.0 * widths[0], "{widths:?}");
}

#[test]
fn what_gives_no_two_steps_is_refused() {
    let (runs, target, _) = world(0.002, 4);
    let kind = |runs: &[LadderRun]| LossThenScore::new().fit(runs).expect_err("no fit").kind();
    assert_eq!(kind(&runs[..5]), ErrorKind::Undetermined, "too few runs");
    let mut rising = runs.clone();
    rising.iter_mut().flat_map(|run| &mut run.checkpoints).for_each(|(loss, score)| *score = 0.2 + 0.1 * *loss);
    assert_eq!(kind(&rising), ErrorKind::Undetermined, "the perfect model alone lets no curve fall");
    assert_eq!(LossThenScore::new().perfect(0.1).fit(&runs).expect_err("above").kind(), ErrorKind::Undetermined);
    let ends = |average: usize, skip: f64, score: &[f64]| {
        LadderRun::of_checkpoints(1e9, &[1e9, 2e9], &[1.0, 0.9], score, average, skip).map_err(|error| error.kind())
    };
    assert_eq!(ends(0, 0.0, &[0.2, 0.3]), Err(ErrorKind::Input));
    assert_eq!(ends(1, 1.0, &[0.2, 0.3]), Err(ErrorKind::Input));
    assert_eq!(ends(1, 0.0, &[0.2]), Err(ErrorKind::Input));
    assert_eq!(ends(1, 0.0, &[0.2, f64::NAN]), Err(ErrorKind::Input));
    let run = ends(5, 0.5, &[0.2, 0.3]).expect("a run");
    assert_eq!(
        (run.loss, run.checkpoints),
        (0.95, vec![(0.9, 0.3)]),
        "what is skipped counts for the loss at the end only"
    );
    let fit = LossThenScore::new().fit(&runs).expect("both steps");
    let asked = |labels: usize, question: LadderQuestion<'_>| {
        let clusters = Clusters::new(&(0..labels).map(|i| i % 12).collect::<Vec<usize>>());
        LossThenScore::new().intervals(&fit, &runs, &clusters, question, 9, 0.95, Seed(1)).map_err(|error| error.kind())
    };
    assert_eq!(asked(11, of(&[target])), Err(ErrorKind::Input));
    assert_eq!(asked(12, of(&[(0.0, 1.0)])), Err(ErrorKind::Input));
    let no_number = LadderQuestion { targets: &[], losses: &[f64::NAN] };
    assert_eq!(asked(12, no_number), Err(ErrorKind::Input));
    let one = Clusters::new(&[0; 12]);
    assert!(LossThenScore::new().intervals(&fit, &runs, &one, of(&[target]), 9, 0.95, Seed(1)).is_err(), "one cluster");
}
