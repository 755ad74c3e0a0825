//! The point of emergence by task examples in worlds where c₀ is known.
//!
//! Compute and families of the models are those of the 53 with compute; scores are a law like the one fitted to MMLU plus a
//! family effect, a model effect and noise of every score. Or the models of most compute are held out.

use onset::stats::bootstrap::Bootstrap;
use onset::stats::clusters::Clusters;
use onset::stats::emergence_law::{
    EmergenceLaw, EmergenceLawParameters, EmergencePoints, EmergenceQuantity, EmergenceShift, GainBy, WithoutExamples,
};
use onset::stats::random::Seed;

use super::{Failure, Models, Outcome, holds, measure, table};

/// Resamples of every bootstrap.
const REPLICATES: usize = 199;
/// Numbers of task examples, as in the published checkpoints of MMLU.
const NUMBERS: [f64; 9] = [640.0, 1_920.0, 6_400.0, 16_000.0, 32_000.0, 64_000.0, 128_000.0, 192_000.0, 256_000.0];

/// One world.
struct World {
    title: &'static str,
    truth: EmergenceLawParameters,
    /// What is fitted.
    law: EmergenceLaw,
    /// Models of at most this log10 compute.
    at_most: f64,
    /// Standard deviations of family, model and score.
    sd: [f64; 3],
}

const ROWS: [&str; 6] = [
    "**c₀, without examples**",
    "**c₀ less the hinge of scores without examples, of 0**",
    "shift s",
    "gain α₀ without examples",
    "c after 6,400 examples",
    "c₀ has no upper end",
];

impl World {
    fn once(&self, models: &Models, replicate: u64) -> Result<[Outcome; 6], Failure> {
        let mut stream = Seed(17).stream(self.title, replicate);
        let families: Vec<f64> = (0..models.families.count()).map(|_| self.sd[0] * stream.normal()).collect();
        let (mut x, mut examples, mut y, mut label) = (vec![], vec![], vec![], vec![]);
        let (mut plain_x, mut plain_y, mut plain_label) = (vec![], vec![], vec![]);
        for (compute, family) in models.x.iter().zip(models.families.of()) {
            let own = families[*family] + self.sd[1] * stream.normal();
            let effect = |d: f64| {
                // Effects are small at chance, as scores with a floor have them.
                let above = (self.truth.score(*compute, d) - self.truth.chance) / 0.2;
                own * (0.25 + 0.75 * above.min(1.0))
            };
            for d in NUMBERS {
                let score = self.truth.score(*compute, d) + effect(d) + self.sd[2] * stream.normal();
                if *compute <= self.at_most {
                    x.push(*compute);
                    examples.push(d);
                    y.push(score);
                    label.push(*family);
                }
            }
            plain_x.push(*compute);
            plain_y.push(self.truth.score(*compute, 0.0) + effect(0.0) + self.sd[2] * stream.normal());
            plain_label.push(*family);
        }
        label.extend(plain_label);
        let points = EmergencePoints::new(&x, &examples, &y)?;
        let Ok(fit) = self.law.fit(&points) else { return Ok([None; 6]) };
        let bootstrap = Bootstrap::new(Seed(replicate)).replicates(REPLICATES);
        let without = Some(WithoutExamples { x: &plain_x, y: &plain_y });
        let drawn = self.law.bootstrap(&bootstrap, &fit, &points, without, &Clusters::new(&label), &[6_400.0])?;
        let covered = |of: EmergenceQuantity, truth: f64| holds(of.interval(&drawn, 0.95), truth);
        let open = EmergenceQuantity::Without.interval(&drawn, 0.95).map(|interval| interval.high.is_none());
        Ok([
            covered(EmergenceQuantity::Without, self.truth.c0),
            covered(EmergenceQuantity::Error, 0.0),
            covered(EmergenceQuantity::Shift, self.truth.shift),
            covered(EmergenceQuantity::Gain, self.truth.gain),
            covered(EmergenceQuantity::At(0), self.truth.c_at(6_400.0)),
            open,
        ])
    }
}

fn worlds() -> Vec<World> {
    let truth = EmergenceLawParameters {
        form: EmergenceShift::Logarithm,
        chance: 0.25,
        c0: 22.2,
        shift: 1.8,
        scale: 2_200.0,
        gain: 0.26,
        fall: 0.7,
        most: NUMBERS[8],
    };
    let law = EmergenceLaw::new().chance(0.25);
    let sd = [0.02, 0.02, 0.005];
    let world = |title, at_most| World { title, truth, law, at_most, sd };
    vec![
        world("all models", f64::INFINITY),
        world("up to 10^23", 23.0),
        world("up to 10^22.5", 22.5),
        World {
            truth: EmergenceLawParameters { form: EmergenceShift::Power, scale: 3.0, ..truth },
            ..world("a power, all models", f64::INFINITY)
        },
        World { law: law.gain(GainBy::Shared), ..world("one gain fitted, all models", f64::INFINITY) },
    ]
}

/// Prints the coverage of percentile intervals.
pub(super) fn emergence_law(models: &Models, replicates: u64) -> Result<(), Failure> {
    let mut columns = Vec::new();
    for world in worlds() {
        columns.push((world.title.to_owned(), measure(replicates, |r| world.once(models, r))?));
        eprintln!("{}", world.title);
    }
    println!("{replicates} data sets for every column; per cent; the defaults in bold");
    table("Coverage of 95 % intervals of the law of emergence", ROWS, &columns);
    Ok(())
}
