//! Do the intervals hold what they promise? Worlds with known truth, drawn like the paper's 53 models.
//!
//! Compute, families and the group label are those of the 53 models. Scores are the fitted hinge (or line) of one of the
//! paper's benchmarks plus a family effect, a model effect and binomial item noise. In the `even` worlds effects have one
//! variance; in the `growing` ones they are a quarter as large at chance and grow to full size 0.2 above it, as scores do
//! that have a floor. Every method is asked for its 95 % interval, or its test at 5 %, on the same data.
//!
//! usage: cargo run --release --example calibration [REPLICATES]
//!        cargo run --release --example calibration reported [REPLICATES [WORLD]]
//!
//!        cargo run --release --example calibration loss-law [REPLICATES]
//!        cargo run --release --example calibration emergence-law [REPLICATES]
//!        cargo run --release --example calibration observational [REPLICATES]
//!        cargo run --release --example calibration loss-then-score [REPLICATES]
//!        cargo run --release --example calibration counts [REPLICATES]
//!
//! The second prints what `onset fit` reports with all curves in the comparison, the third how laws of loss are covered, the
//! fourth how points of emergence by task examples are, the fifth how forecasts from components of benchmarks are, the sixth how
//! curves of counts are.
//!
//! Prints the tables of docs/calibration.md. An interval by test inversion contains the truth exactly when the test does
//! not reject it, so those are measured by one test at the truth.

mod counts;
mod emergence_law;
mod loss_law;
mod loss_then_score;
mod observational;
mod reported;

use std::path::Path;
use std::time::Instant;

use onset::stats::bootstrap::Bootstrap;
use onset::stats::breaktest::{BreakTest, Spread};
use onset::stats::clusters::Clusters;
use onset::stats::components::Components;
use onset::stats::covariance::{Covariance, Kind};
use onset::stats::curve::FittedCurve;
use onset::stats::distribution::{fisher_one_quantile, student_quantile};
use onset::stats::estimate::{Estimate, Interval, Method};
use onset::stats::hinge::{Hinge, HingeFit};
use onset::stats::hinge_bootstrap::{self, HingeQuantity};
use onset::stats::inference::Inference;
use onset::stats::linear::Linear;
use onset::stats::parameter::Parameter;
use onset::stats::profile::Profile;
use onset::stats::random::{Seed, Stream};
use onset::stats::sample::Sample;
use onset::stats::wild::{WildBootstrap, WildWeights};
use rayon::prelude::*;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Replicates of the tests of c and of a break inside every simulated data set: with 399 a 5 % test is exact, and its
/// size does not depend on how many there are.
const INNER: usize = 399;
/// Replicates of the other bootstraps; with 199 their tails of 2.5 % are whole ranks too.
const REFITS: usize = 199;

struct Models {
    families: Clusters,
    x: Vec<f64>,
    new: Vec<f64>,
    scores: Vec<(&'static str, f64, f64, Vec<f64>)>,
}

/// Benchmark (name as printed, column, chance, items).
const BENCHMARKS: [(&str, &str, f64, f64); 4] = [
    ("MMLU", "mmlu", 0.25, 14_042.0),
    ("MMLU adjusted", "mmlu_adjusted", 0.25, 14_042.0),
    ("GSM8K", "gsm8k", 0.0, 1_319.0),
    ("GSM8K adjusted", "gsm8k_adjusted", 0.0, 1_319.0),
];

impl Models {
    /// The models with these scores and the group of the new ones.
    fn sample(&self, y: &[f64]) -> onset::Result<Sample> {
        Sample::new(&self.x, y)?.with_groups(std::slice::from_ref(&self.new))?.with_families(&self.families)
    }

    fn read() -> Result<Self, Failure> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stats/paper_scores.csv");
        let text = std::fs::read_to_string(path)?;
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        let column = |name: &str| -> Result<Vec<&str>, Failure> {
            let at = rows[0].iter().position(|c| *c == name).ok_or_else(|| format!("no column {name}"))?;
            Ok(rows[1..].iter().map(|row| row[at]).collect())
        };
        let numbers = |name: &str| -> Result<Vec<f64>, Failure> {
            column(name)?.into_iter().map(|v| v.parse::<f64>().map_err(Failure::from)).collect()
        };
        let scores = BENCHMARKS
            .iter()
            .map(|&(title, name, chance, items)| Ok((title, chance, items, numbers(name)?)))
            .collect::<Result<_, Failure>>()?;
        Ok(Self {
            families: Clusters::new(&column("family")?),
            x: numbers("log10_compute")?,
            new: column("release")?.iter().map(|r| f64::from(u8::from(*r >= "2023-11"))).collect(),
            scores,
        })
    }
}

/// One world: what is true, and how scores scatter around it.
struct World<'a> {
    models: &'a Models,
    title: String,
    truth: HingeFit,
    chance: f64,
    items: f64,
    family_sd: f64,
    model_sd: f64,
    growing: bool,
}

impl<'a> World<'a> {
    /// `share` of the residual variance belongs to families; `None`: as estimated.
    fn new(models: &'a Models, benchmark: usize, growing: bool, share: Option<f64>) -> Result<Self, Failure> {
        let (title, chance, items, y) = &models.scores[benchmark];
        let truth = Hinge::new().chance(*chance).fit(&models.x, y, std::slice::from_ref(&models.new))?;
        let parts = Components::of(&truth.residuals, &models.families)?;
        let total = parts.between + parts.within;
        let share = share.unwrap_or(parts.between / total);
        let shape = if growing { "growing" } else { "even" };
        Ok(Self {
            models,
            title: format!("{title}, {shape}, {:.0} % family", 100.0 * share),
            truth,
            chance: *chance,
            items: *items,
            family_sd: (share * total).sqrt(),
            model_sd: ((1.0 - share) * total).sqrt(),
            growing,
        })
    }

    /// Scores around `expected`, with these family effects and model effects (standard normals).
    fn scores(&self, expected: &[f64], family: &[f64], model: &[f64], noise: &mut Stream) -> Vec<f64> {
        expected
            .iter()
            .enumerate()
            .map(|(i, mean)| {
                let size = if self.growing { 0.25 + 0.75 * ((mean - self.chance) / 0.2).clamp(0.0, 1.0) } else { 1.0 };
                let effect = self.family_sd * family[self.models.families.of()[i]] + self.model_sd * model[i];
                let ability = mean + size * effect;
                let p = ability.clamp(0.0, 1.0);
                // The normal form of the binomial: with a thousand items no difference shows, and p may be 0.
                ability + (p * (1.0 - p) / self.items).sqrt() * noise.normal()
            })
            .collect()
    }

    fn draw(&self, expected: &[f64], seed: Seed, replicate: u64) -> Vec<f64> {
        let mut stream = seed.stream(&self.title, replicate);
        let family: Vec<f64> = (0..self.models.families.count()).map(|_| stream.normal()).collect();
        let model: Vec<f64> = expected.iter().map(|_| stream.normal()).collect();
        self.scores(expected, &family, &model, &mut stream)
    }
}

/// What a method did on one data set: covered the truth (rejected, for a test), did not, or had no answer.
type Outcome = Option<bool>;

fn holds(interval: Option<Interval>, truth: f64) -> Outcome {
    interval.map(|interval| interval.contains(truth))
}

fn stated(interval: Interval) -> Option<Interval> {
    Some(interval).filter(|interval| !interval.is_open())
}

fn around(estimate: f64, half: f64, truth: f64) -> Outcome {
    Some((estimate - truth).abs() <= half)
}

const INTERVALS: [&str; 21] = [
    "θ, published (c known, models independent)",
    "θ, CR1 with G-1 degrees of freedom",
    "**θ, CR2, Satterthwaite**",
    "θ, CR3, Satterthwaite",
    "θ, wild cluster bootstrap-t, default weights",
    "θ, wild cluster bootstrap-t, Rademacher",
    "θ, wild cluster bootstrap-t, equal tails",
    "θ, pairs bootstrap, percentile",
    "θ, pairs bootstrap, BCa",
    "c, classical delta method",
    "c, CR2, Satterthwaite",
    "c, CR3, Satterthwaite",
    "c, profile, F quantile",
    "c, pairs bootstrap, percentile",
    "c, pairs bootstrap, BCa",
    "**c, wild cluster bootstrap set**",
    "**α, CR2, Satterthwaite**",
    "α, CR3, Satterthwaite",
    "α, pairs bootstrap, percentile",
    "α, pairs bootstrap, BCa",
    "θ, residual cluster bootstrap, percentile",
];

fn intervals(world: &World<'_>, replicate: u64) -> Result<[Outcome; INTERVALS.len()], Failure> {
    let models = world.models;
    let groups = std::slice::from_ref(&models.new);
    let hinge = Hinge::new().chance(world.chance);
    let y = world.draw(&world.truth.fitted, Seed(1), replicate);
    let sample = models.sample(&y)?;
    let fit = hinge.fit_sample(&sample)?;
    let (theta, c, alpha) = (world.truth.theta[0], world.truth.c, world.truth.alpha);
    let robust = |kind: Kind, parameter: Parameter, truth: f64| -> Outcome {
        let place = fit.place_of(parameter)?;
        let found = Covariance::new(kind).clusters(&models.families).of(&fit).ok()?;
        let (low, high) = found.interval(place, fit.estimates()[place], 0.95)?;
        Some(low <= truth && truth <= high)
    };
    let cr1 = || -> Outcome {
        let place = fit.place_of(Parameter::Theta)?;
        let found = Covariance::new(Kind::Cr1).clusters(&models.families).of(&fit).ok()?;
        let t = student_quantile(0.975, (models.families.count() - 1) as f64)?;
        around(fit.theta[0], t * found.std_errors()[place], theta)
    };
    let published = || -> Outcome {
        let conditional = fit.conditional_least_squares().ok()?;
        around(fit.theta[0], student_quantile(0.975, conditional.df as f64)? * conditional.standard_errors()?[0], theta)
    };
    let seed = Seed(replicate);
    let wild = WildBootstrap::new(seed).replicates(REFITS);
    let test = |wild: WildBootstrap| wild.hinge_group(&sample, 0, Some(world.chance)).and_then(|p| p.test(theta)).ok();
    let default = test(wild);
    let profile = Profile::new(&sample, Some(world.chance))?;
    let bootstrap = Bootstrap::new(seed).replicates(REFITS);
    let drawn = hinge_bootstrap::parameters(&bootstrap, &hinge, &sample)?;
    let percentile = |q: HingeQuantity, truth| holds(drawn.percentile(q.place(), 0.95), truth);
    let bca = |q: HingeQuantity, truth| holds(drawn.bca(q.place(), 0.95), truth);
    let solver = hinge.solver(&models.x, groups)?;
    let residual = bootstrap.residuals(
        &fit.fitted,
        &fit.residuals,
        &models.families,
        1,
        || solver.clone(),
        |solver, y, out| solver.fit(y, None).map(|fit| out[0] = fit.theta[0]).is_ok(),
    )?;
    let f = fisher_one_quantile(0.95, profile.df() as f64).ok_or("no quantile")?;
    Ok([
        published(),
        cr1(),
        robust(Kind::Cr2, Parameter::Theta, theta),
        robust(Kind::Cr3, Parameter::Theta, theta),
        default.map(|t| t.p_value > 0.05),
        test(wild.weights(WildWeights::Rademacher)).map(|t| t.p_value > 0.05),
        default.map(|t| t.p_greater > 0.025 && t.p_less > 0.025),
        percentile(HingeQuantity::Group(0), theta),
        bca(HingeQuantity::Group(0), theta),
        robust(Kind::Classical, Parameter::C, c),
        robust(Kind::Cr2, Parameter::C, c),
        robust(Kind::Cr3, Parameter::C, c),
        Some(profile.f(c) <= f),
        percentile(HingeQuantity::Break, c),
        bca(HingeQuantity::Break, c),
        Some(profile.bootstrap_p(c, seed, INNER)? > 0.05),
        robust(Kind::Cr2, Parameter::Alpha, alpha),
        robust(Kind::Cr3, Parameter::Alpha, alpha),
        percentile(HingeQuantity::Alpha, alpha),
        bca(HingeQuantity::Alpha, alpha),
        holds(residual.percentile(0, 0.95), theta),
    ])
}

const TESTS: [&str; 6] = [
    "**false alarms, clustered sup F**",
    "false alarms, common sup F",
    "false alarms, Davies' bound",
    "**power, clustered sup F**",
    "power, common sup F",
    "power, Davies' bound",
];

fn tests(world: &World<'_>, line: &[f64], replicate: u64) -> Result<[Outcome; TESTS.len()], Failure> {
    let models = world.models;
    let mut rejected = [None; TESTS.len()];
    for (half, expected) in [line, &world.truth.fitted].into_iter().enumerate() {
        let y = world.draw(expected, Seed(2), replicate);
        let sample = models.sample(&y)?;
        let test = BreakTest::new(Seed(replicate)).replicates(INNER);
        let clustered = test.run(&sample)?;
        let common = test.spread(Spread::Common).run(&sample)?;
        rejected[3 * half] = Some(clustered.p_value <= 0.05);
        rejected[3 * half + 1] = Some(common.p_value <= 0.05);
        rejected[3 * half + 2] = clustered.davies.map(|d| d.p_value <= 0.05);
    }
    Ok(rejected)
}

const DIFFERENCES: [&str; 8] = [
    "**θ difference, CR2 of both fits stacked**",
    "θ difference, pairs bootstrap, percentile",
    "θ difference, pairs bootstrap, BCa",
    "**c difference, CR2 of both fits stacked**",
    "c difference, pairs bootstrap, percentile",
    "**α difference, CR2 of both fits stacked**",
    "α difference, pairs bootstrap, percentile",
    "α difference, pairs bootstrap, BCa",
];

/// Two scores of the same models, whose family and model effects are correlated by one half.
fn differences(worlds: [&World<'_>; 2], replicate: u64) -> Result<[Outcome; DIFFERENCES.len()], Failure> {
    let models = worlds[0].models;
    let mut stream = Seed(3).stream(&worlds[0].title, replicate);
    let mut normals = |count: usize| -> Vec<f64> { (0..count).map(|_| stream.normal()).collect() };
    let (families, n) = (models.families.count(), models.x.len());
    let shared = (normals(families), normals(n));
    let y: Vec<Vec<f64>> = worlds
        .iter()
        .map(|world| {
            let mix = |a: &[f64], b: Vec<f64>| -> Vec<f64> {
                a.iter().zip(b).map(|(a, b)| (a + b) / 2.0_f64.sqrt()).collect()
            };
            let (family, model) = (mix(&shared.0, normals(families)), mix(&shared.1, normals(n)));
            let mut noise = Seed(4).stream(&world.title, replicate);
            world.scores(&world.truth.fitted, &family, &model, &mut noise)
        })
        .collect();
    let settings = Inference::new(worlds[0].chance).seed(replicate).replicates(REFITS);
    let found = settings.difference(&models.sample(&y[0])?, &models.sample(&y[1])?)?;
    let theta = worlds[0].truth.theta[0] - worlds[1].truth.theta[0];
    let c = worlds[0].truth.c - worlds[1].truth.c;
    let alpha = worlds[0].truth.alpha - worlds[1].truth.alpha;
    let own = |estimate: &Estimate, truth: f64| holds(stated(estimate.interval), truth);
    let other =
        |estimate: &Estimate, method: Method, truth: f64| holds(estimate.interval_by(method).and_then(stated), truth);
    Ok([
        own(&found.theta[0], theta),
        other(&found.theta[0], Method::PairsPercentile, theta),
        other(&found.theta[0], Method::PairsBca, theta),
        own(&found.c, c),
        other(&found.c, Method::PairsPercentile, c),
        own(&found.alpha, alpha),
        other(&found.alpha, Method::PairsPercentile, alpha),
        other(&found.alpha, Method::PairsBca, alpha),
    ])
}

/// Runs `replicates` of one column and returns per method the share, and the share without an answer.
fn measure<const K: usize>(
    replicates: u64,
    once: impl Fn(u64) -> Result<[Outcome; K], Failure> + Sync + Send,
) -> Result<[(f64, f64); K], Failure> {
    let all: Vec<[Outcome; K]> = (0..replicates).into_par_iter().map(once).collect::<Result<_, Failure>>()?;
    Ok(std::array::from_fn(|k| {
        let answers: Vec<bool> = all.iter().filter_map(|row| row[k]).collect();
        let yes = answers.iter().filter(|a| **a).count();
        (yes as f64 / answers.len().max(1) as f64, 1.0 - answers.len() as f64 / all.len() as f64)
    }))
}

fn table<const K: usize>(title: &str, rows: [&str; K], columns: &[(String, [(f64, f64); K])]) {
    println!("\n{title}\n");
    println!("| | {} |", columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" | "));
    println!("| --- |{}", " ---: |".repeat(columns.len()));
    for (k, row) in rows.iter().enumerate() {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, shares)| match shares[k] {
                (_, missing) if missing >= 1.0 => "–".to_owned(),
                (share, missing) if missing > 0.0 => format!("{:.1} ({:.1} none)", 100.0 * share, 100.0 * missing),
                (share, _) => format!("{:.1}", 100.0 * share),
            })
            .collect();
        println!("| {row} | {} |", cells.join(" | "));
    }
}

fn main() -> Result<(), Failure> {
    let start = Instant::now();
    let models = Models::read()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "reported") {
        let replicates = arguments.get(1).map_or(Ok(600), |v| v.parse())?;
        reported::reported(&models, replicates, arguments.get(2).map(String::as_str))?;
        eprintln!("{:.0} s", start.elapsed().as_secs_f64());
        return Ok(());
    }
    if arguments.first().is_some_and(|word| word == "emergence-law") {
        emergence_law::emergence_law(&models, arguments.get(1).map_or(Ok(200), |v| v.parse())?)?;
        eprintln!("{:.0} s", start.elapsed().as_secs_f64());
        return Ok(());
    }
    if arguments.first().is_some_and(|word| word == "loss-then-score") {
        loss_then_score::loss_then_score(arguments.get(1).map_or(Ok(200), |v| v.parse())?)?;
        eprintln!("{:.0} s", start.elapsed().as_secs_f64());
        return Ok(());
    }
    if arguments.first().is_some_and(|word| word == "observational") {
        observational::observational(arguments.get(1).map_or(Ok(400), |v| v.parse())?)?;
        eprintln!("{:.0} s", start.elapsed().as_secs_f64());
        return Ok(());
    }
    if arguments.first().is_some_and(|word| word == "counts") {
        counts::counts(&models, arguments.get(1).map_or(Ok(300), |v| v.parse())?)?;
        eprintln!("{:.0} s", start.elapsed().as_secs_f64());
        return Ok(());
    }
    if arguments.first().is_some_and(|word| word == "loss-law") {
        loss_law::loss_law(arguments.get(1).map_or(Ok(100), |v| v.parse())?)?;
        eprintln!("{:.0} s", start.elapsed().as_secs_f64());
        return Ok(());
    }
    let replicates: u64 = arguments.first().map_or(Ok(2_000), |v| v.parse())?;
    let mut worlds = Vec::new();
    for growing in [false, true] {
        for benchmark in 0..BENCHMARKS.len() {
            worlds.push(World::new(&models, benchmark, growing, None)?);
        }
    }
    worlds.push(World::new(&models, 0, false, Some(0.0))?);
    worlds.push(World::new(&models, 0, false, Some(0.8))?);
    println!("{replicates} data sets for every column; per cent; the defaults in bold");
    let (mut covered, mut found) = (Vec::new(), Vec::new());
    for world in &worlds {
        covered.push((world.title.clone(), measure(replicates, |r| intervals(world, r))?));
        let groups = std::slice::from_ref(&models.new);
        let line = Linear::new().fit(&models.x, &world.truth.fitted, groups)?;
        found.push((world.title.clone(), measure(replicates, |r| tests(world, line.fitted(), r))?));
    }
    table("Coverage of 95 % intervals", INTERVALS, &covered);
    table("Tests for a break at 5 %", TESTS, &found);
    let pairs = [[0, 1], [2, 3], [4, 5], [6, 7]];
    let differing = pairs
        .iter()
        .map(|&[a, b]| {
            Ok((worlds[a].title.clone(), measure(replicates, |r| differences([&worlds[a], &worlds[b]], r))?))
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    table("Coverage of 95 % intervals for unadjusted minus adjusted", DIFFERENCES, &differing);
    eprintln!("{:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
