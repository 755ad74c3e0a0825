//! What `onset fit` reports of worlds whose truth is known, with every curve in the comparison: the coverage of whatever
//! leads the report, and how often a rise or a point of emergence is claimed.

use onset::analysis::fit::{ChanceLevel, FitReport, FitSettings, Shown};
use onset::registry::modelset::{Amount, Cutoff, ModelSet, Settings};
use onset::registry::table::Table;
use onset::stats::clusters::Clusters;
use onset::stats::curves::Curve;
use onset::stats::estimate::Estimate;
use onset::stats::random::Seed;

use super::{Failure, Models, Outcome, measure, table};

/// Replicates of every bootstrap of a fit.
const REPLICATES: usize = 199;
/// The difference of the newer models.
const THETA: f64 = 0.03;
/// Scores scatter by this much between families and between models of one.
const FAMILY_SD: f64 = 0.025;
const MODEL_SD: f64 = 0.03;
/// Half a decade beyond the largest of the 53 models.
const BEYOND: f64 = 24.4;

/// One world.
struct World<'a> {
    title: &'static str,
    models: &'a Models,
    families: Clusters,
    /// The curve, at log10 compute.
    truth: fn(f64) -> f64,
    /// Where it breaks, if it does.
    c: Option<f64>,
    /// Its gain beyond that, if it has one.
    alpha: Option<f64>,
    compute_sd: f64,
}

fn hinge(x: f64) -> f64 {
    0.25 + 0.2 * (x - 22.3).max(0.0)
}

fn ceiling(x: f64) -> f64 {
    (0.25 + 0.35 * (x - 21.0).max(0.0)).min(0.95)
}

fn sigmoid(x: f64) -> f64 {
    0.25 + 0.7 / (1.0 + (-2.3 * (x - 22.0)).exp())
}

fn line(x: f64) -> f64 {
    0.25 + 0.1 * (x - 20.0)
}

fn line_to_ceiling(x: f64) -> f64 {
    (0.25 + 0.25 * (x - 20.0)).min(0.95)
}

fn level(_: f64) -> f64 {
    0.25
}

impl World<'_> {
    /// A table of the models with scores of one draw, and the score of a new family's model beyond the data.
    fn draw(&self, replicate: u64) -> Result<(ModelSet, f64), Failure> {
        let mut stream = Seed(11).stream(self.title, replicate);
        let family: Vec<f64> = (0..self.families.count()).map(|_| FAMILY_SD * stream.normal()).collect();
        let mut text = String::from("model,family,compute,new,score\n");
        for (i, x) in self.models.x.iter().enumerate() {
            let g = self.families.of()[i];
            let score = (self.truth)(*x) + THETA * self.models.new[i] + family[g] + MODEL_SD * stream.normal();
            let told = 10f64.powf(x + self.compute_sd * stream.normal());
            text.push_str(&format!("m{i},f{g},{told:e},{},{score}\n", self.models.new[i]));
        }
        let next = (self.truth)(BEYOND) + FAMILY_SD * stream.normal() + MODEL_SD * stream.normal();
        let table = Table::parse(text.as_bytes(), "world.csv".as_ref(), &[])?;
        Ok((ModelSet::from_tables(&[table], &self.tables())?, next))
    }

    fn tables(&self) -> Settings {
        Settings {
            groups: vec!["new".parse().expect("a group")],
            cutoff: Cutoff::None,
            score_scale: "any".parse().expect("a scale"),
            compute_sd: (self.compute_sd > 0.0).then_some(Amount::Number(self.compute_sd)),
            ..Settings::default()
        }
    }

    fn fit(&self, set: &ModelSet, replicate: u64) -> Result<FitReport, Failure> {
        let settings = FitSettings {
            tables: self.tables(),
            chance: ChanceLevel::Given(0.25),
            bootstrap: REPLICATES,
            seed: Seed(replicate),
            leave_out: false,
            predict: vec![10f64.powf(BEYOND)],
            ..FitSettings::default()
        };
        Ok(settings.fit(set)?)
    }
}

const REPORTED: [&str; 11] = [
    "**θ of the curve that leads**",
    "**c, where a point of emergence is claimed**",
    "α, where the curve that leads has one",
    "θ of the hinge beside it",
    "c of the hinge beside it",
    "**a new model half a decade beyond the data**",
    "a rise is claimed",
    "a point of emergence is claimed",
    "the hinge leads",
    "a curve with a ceiling leads",
    "no interval of θ",
];

fn covers(estimate: &Estimate, truth: f64) -> Outcome {
    estimate.value?;
    (!estimate.interval.is_open()).then(|| estimate.interval.contains(truth))
}

fn once(world: &World<'_>, replicate: u64) -> Result<[Outcome; REPORTED.len()], Failure> {
    let (set, next) = world.draw(replicate)?;
    let report = world.fit(&set, replicate)?;
    let found = &report.unadjusted;
    let leads = found.curves.iter().find(|one| one.curve == found.curve);
    let prediction = leads.and_then(|one| one.predictions.first()).map(|p| p.interval);
    let claimed = matches!(found.shown, Shown::Trend | Shown::Emergence);
    Ok([
        covers(&found.theta, THETA),
        world.c.and_then(|c| covers(&found.emergence().map(|_| found.c_log10.clone())?, c)),
        world
            .alpha
            .filter(|_| matches!(found.curve, Curve::Hinge | Curve::Plateau))
            .and_then(|a| covers(&found.alpha, a)),
        found.hinge.as_ref().and_then(|hinge| covers(&hinge.theta, THETA)),
        found.hinge.as_ref().and_then(|hinge| covers(&hinge.c_log10, world.c?)),
        prediction.filter(|p| !p.is_open()).map(|p| p.contains(next)),
        Some(claimed),
        Some(found.shown == Shown::Emergence),
        Some(found.curve == Curve::Hinge),
        Some(matches!(found.curve, Curve::Plateau | Curve::Logistic | Curve::Richards)),
        Some(found.theta.interval.is_open()),
    ])
}

/// Prints the table of what is reported, for `replicates` data sets per world.
pub(super) fn reported(models: &Models, replicates: u64, only: Option<&str>) -> Result<(), Failure> {
    let real = || models.families.clone();
    let relabelled = |label: &dyn Fn(usize) -> usize| {
        Clusters::new(&models.families.of().iter().map(|g| label(*g)).collect::<Vec<usize>>())
    };
    let five = || relabelled(&|g| g % 5);
    let exact = |title, truth: fn(f64) -> f64, c: Option<f64>| World {
        title,
        models,
        families: real(),
        truth,
        c,
        alpha: c.map(|c| (truth(c + 0.2) - truth(c)) / 0.2),
        compute_sd: 0.0,
    };
    let worlds = [
        exact("level", level, None),
        exact("straight line", line, None),
        exact("straight line, ceiling 0.95", line_to_ceiling, None),
        exact("hinge", hinge, Some(22.3)),
        exact("hinge, ceiling 0.95", ceiling, Some(21.0)),
        exact("logistic, ceiling 0.95", sigmoid, None),
        World { families: relabelled(&dominant(models)), ..exact("dominant family", hinge, Some(22.3)) },
        World { families: relabelled(&dominant(models)), ..exact("dominant family, level", level, None) },
        World { families: five(), ..exact("five families", hinge, Some(22.3)) },
        World { families: five(), ..exact("five families, level", level, None) },
        World { families: relabelled(&dominant(models)), ..exact("dominant family, straight line", line, None) },
        World { families: five(), ..exact("five families, straight line", line, None) },
        World { compute_sd: 0.15, ..exact("uncertain compute", hinge, Some(22.3)) },
        World { compute_sd: 0.15, ..exact("uncertain compute, straight line", line, None) },
    ];
    let columns = worlds
        .iter()
        .filter(|world| only.is_none_or(|only| world.title == only))
        .map(|world| Ok((world.title.to_owned(), measure(replicates, |r| once(world, r))?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    table("What onset fit reports", REPORTED, &columns);
    Ok(())
}

/// A relabelling that makes one family of older families with more than half of the models.
fn dominant(models: &Models) -> impl Fn(usize) -> usize {
    let older = |g: &usize| models.families.members(*g).iter().all(|&i| models.new[i] == 0.0);
    let (mut big, mut count) = (Vec::new(), 0);
    for g in (0..models.families.count()).filter(older) {
        if 100 * count < 55 * models.x.len() {
            count += models.families.members(g).len();
            big.push(g);
        }
    }
    move |g| if big.contains(&g) { usize::MAX } else { g }
}
