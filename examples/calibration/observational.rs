//! Forecasts of a benchmark from components of others, in worlds where the target of every model is known.
//!
//! Families differ in efficiency; abilities follow log10 compute within them; benchmarks and target follow the abilities through
//! sigmoids. Trained on are the models up to some compute, and intervals are asked to hold the models beyond it.

use onset::stats::clusters::Clusters;
use onset::stats::observational::{Observational, ObservationalData};
use onset::stats::random::Seed;

use super::{Failure, Outcome, measure, table};

/// Resamples of every bootstrap.
const REPLICATES: usize = 199;
/// Models of a family, and families.
const FAMILY: usize = 4;
const FAMILIES: usize = 12;
/// Trained on are models up to this log10 compute.
const CUT: f64 = 22.6;

/// One world.
struct World {
    title: &'static str,
    /// How many abilities there are, of which the target follows the last as well as the first.
    abilities: usize,
    components: usize,
    /// Where the target begins to rise, on the scale of the first ability.
    late: f64,
    /// Standard deviation of a model's target around the curve, on the scale of the ability.
    own: f64,
    /// Share of scores that are missing.
    missing: f64,
}

const ROWS: [&str; 4] = [
    "**a model held out, its interval**",
    "**the largest model held out**",
    "the expected target of a model held out, interval of the curve",
    "squared error held out below four times that of training",
];

fn sigmoid(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

impl World {
    fn once(&self, replicate: u64) -> Result<[Outcome; 4], Failure> {
        let mut stream = Seed(23).stream(self.title, replicate);
        let n = FAMILY * FAMILIES;
        let (mut compute, mut family, mut abilities) = (vec![], vec![], vec![]);
        for f in 0..FAMILIES {
            let (efficiency, slope) = (0.4 * stream.normal(), 1.2 + 0.15 * stream.normal());
            let taste: Vec<f64> = (1..self.abilities).map(|_| 0.5 * stream.normal()).collect();
            for m in 0..FAMILY {
                let x = 20.6 + 0.7 * m as f64 + 0.9 * stream.uniform();
                let first = slope * (x - 22.0) + efficiency + 0.1 * stream.normal();
                compute.push(x);
                family.push(f);
                abilities
                    .push(std::iter::once(first).chain(taste.iter().map(|t| 0.5 * first + t)).collect::<Vec<f64>>());
            }
        }
        let benchmarks: Vec<Vec<f64>> = (0..7)
            .map(|k| {
                let on = k % self.abilities;
                abilities
                    .iter()
                    .map(|a| {
                        let score = 0.2 + 0.8 * sigmoid(0.7 * a[on] + 0.3 * k as f64 - 1.5) + 0.015 * stream.normal();
                        if stream.uniform() < self.missing { f64::NAN } else { score.clamp(0.0, 1.0) }
                    })
                    .collect()
            })
            .collect();
        let index = |a: &[f64]| 1.3 * (0.7 * a[0] + 0.3 * a[a.len() - 1] - self.late);
        let expected: Vec<f64> = abilities.iter().map(|a| sigmoid(index(a))).collect();
        let target: Vec<f64> = abilities
            .iter()
            .map(|a| (sigmoid(index(a) + self.own * stream.normal()) + 0.01 * stream.normal()).max(0.0))
            .collect();
        let training: Vec<bool> = compute.iter().map(|x| *x <= CUT).collect();
        let data = ObservationalData { benchmarks: &benchmarks, target: &target, training: &training };
        let settings = Observational::new().components(self.components);
        let fit = settings.fit(&data)?;
        let found = settings.intervals(&data, &fit, &Clusters::new(&family), REPLICATES, 0.95, Seed(replicate))?;
        let held: Vec<usize> = (0..n).filter(|&i| !training[i]).collect();
        // One model of each data set, so that every data set counts once.
        let one = held[stream.below(held.len())];
        let largest = held.iter().copied().fold(held[0], |a, b| if compute[b] > compute[a] { b } else { a });
        Ok([
            Some(found.model[one].contains(target[one])),
            Some(found.model[largest].contains(target[largest])),
            Some(found.curve[one].contains(expected[one])),
            fit.mse_held_out.map(|mse| mse < 4.0 * fit.mse_training),
        ])
    }
}

/// Prints the coverage of intervals of models beyond the compute of the training models.
pub(super) fn observational(replicates: u64) -> Result<(), Failure> {
    let plain = World { title: "one ability", abilities: 1, components: 1, late: 0.5, own: 0.2, missing: 0.0 };
    let worlds = [
        World { title: "a tenth missing", missing: 0.1, ..plain },
        World { title: "three abilities, three components", abilities: 3, components: 3, ..plain },
        World { title: "three abilities, one component", abilities: 3, ..plain },
        World { title: "a late rise", late: 2.5, ..plain },
        plain,
    ];
    let mut columns = Vec::new();
    for world in worlds.iter().rev() {
        columns.push((world.title.to_owned(), measure(replicates, |r| world.once(r))?));
        eprintln!("{}", world.title);
    }
    println!("{replicates} data sets for every column; per cent; the defaults in bold");
    table("Coverage of 95 % intervals of observational scaling", ROWS, &columns);
    Ok(())
}
