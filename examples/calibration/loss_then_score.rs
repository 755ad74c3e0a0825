//! A score by its loss in worlds whose law and curve are known.
//!
//! Sixteen runs of four sizes, as in the OLMo ladder, follow the law of loss and the curve that are fitted there to MMLU. A run has
//! an effect on its loss and one on its score, and every checkpoint noise of its own. Asked is about 13 billion parameters and 5
//! trillion tokens.

use onset::stats::clusters::Clusters;
use onset::stats::loss_law::LossLawParameters;
use onset::stats::loss_then_score::{LadderQuestion, LadderRun, LossThenScore, ScoreOfLoss};
use onset::stats::random::Seed;

use super::{Failure, Outcome, holds, measure, table};

/// Resamples of every bootstrap.
const REPLICATES: usize = 199;
/// Parameters, and tokens per parameter, of the runs.
const SIZES: [f64; 4] = [1.9e8, 3.7e8, 7.6e8, 1.28e9];
const RATIOS: [f64; 4] = [20.0, 40.0, 100.0, 200.0];
/// Checkpoints of a run.
const CHECKPOINTS: usize = 40;
const TARGET: (f64, f64) = (1.32e10, 5e12);

/// One world.
struct World {
    title: &'static str,
    curve: ScoreOfLoss,
    /// Standard deviations of ln loss and of the score: of a run, and of a checkpoint beside it.
    run: [f64; 2],
    checkpoint: [f64; 2],
}

const ROWS: [&str; 6] = [
    "**the score of a run at the target, its interval**",
    "**the loss of a run there**",
    "the expected score there, interval of both steps",
    "E",
    "α",
    "k",
];

impl World {
    fn law() -> LossLawParameters {
        LossLawParameters { e: 0.45, a: 38.0, b: 100.0, alpha: 0.226, beta: 0.236 }
    }

    fn once(&self, replicate: u64) -> Result<[Outcome; 6], Failure> {
        let mut stream = Seed(23).stream(self.title, replicate);
        let law = Self::law();
        let mut runs = Vec::new();
        for params in SIZES {
            for ratio in RATIOS {
                let own = self.run.map(|sd| sd * stream.normal());
                let (mut tokens, mut losses, mut scores) = (vec![], vec![], vec![]);
                for step in 1..=CHECKPOINTS {
                    let d = params * ratio * step as f64 / CHECKPOINTS as f64;
                    let loss = law.loss(params, d) * (own[0] + self.checkpoint[0] * stream.normal()).exp();
                    tokens.push(d);
                    losses.push(loss);
                    scores.push(self.curve.score(loss) + own[1] + self.checkpoint[1] * stream.normal());
                }
                runs.push(LadderRun::of_checkpoints(params, &tokens, &losses, &scores, 5, 0.1)?);
            }
        }
        let expected_loss = law.loss(TARGET.0, TARGET.1);
        let loss = expected_loss * (self.run[0] * stream.normal()).exp();
        let score = self.curve.score(loss) + self.run[1] * stream.normal();
        let method = LossThenScore::new();
        let Ok(fit) = method.fit(&runs) else { return Ok([None; 6]) };
        let clusters = Clusters::singletons(runs.len());
        let question = LadderQuestion { targets: &[TARGET], losses: &[] };
        let Ok(found) = method.intervals(&fit, &runs, &clusters, question, REPLICATES, 0.95, Seed(replicate)) else {
            return Ok([None; 6]);
        };
        let target = &found.targets[0];
        Ok([
            holds(Some(target.score_interval), score),
            holds(Some(target.loss_interval), loss),
            holds(Some(target.curve_interval), self.curve.score(expected_loss)),
            holds(Some(found.law[0]), law.e),
            holds(Some(found.law[3]), law.alpha),
            holds(Some(found.parameters[3]), self.curve.steepness),
        ])
    }
}

fn worlds() -> Vec<World> {
    let mmlu = ScoreOfLoss { top: 1.0, drop: 0.742, middle: 0.616, steepness: 4.83 };
    let steep = ScoreOfLoss { top: 1.0, drop: 0.74, middle: 0.80, steepness: 12.0 };
    let ceiling = ScoreOfLoss { top: 0.9, drop: 0.65, middle: 0.75, steepness: 10.0 };
    let world = |title, curve| World { title, curve, run: [0.005, 0.003], checkpoint: [0.003, 0.004] };
    vec![
        world("like MMLU", mmlu),
        World { run: [0.015, 0.01], ..world("three times the scatter of runs", mmlu) },
        world("a steeper curve", steep),
        world("a ceiling of 0.9", ceiling),
    ]
}

/// Prints the coverage of percentile intervals.
pub(super) fn loss_then_score(replicates: u64) -> Result<(), Failure> {
    let mut columns = Vec::new();
    for world in worlds() {
        columns.push((world.title.to_owned(), measure(replicates, |r| world.once(r))?));
        eprintln!("{}", world.title);
    }
    println!("{replicates} data sets for every column; per cent; the defaults in bold");
    table("Coverage of 95 % intervals of a score by its loss", ROWS, &columns);
    Ok(())
}
