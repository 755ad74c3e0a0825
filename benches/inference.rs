//! Times of the corrected analysis: `cargo bench --bench inference`.
//!
//! Prints the seconds of the whole analysis of one benchmark (10,000 replicates of every bootstrap), with uncertain
//! compute, of the paired difference, and of the parts on one thread.

use std::path::Path;
use std::time::Instant;

use onset::stats::bootstrap::Bootstrap;
use onset::stats::breaktest::BreakTest;
use onset::stats::clusters::Clusters;
use onset::stats::hinge::Hinge;
use onset::stats::hinge_bootstrap;
use onset::stats::inference::Inference;
use onset::stats::permutation::Permutation;
use onset::stats::profile::Profile;
use onset::stats::random::Seed;
use onset::stats::sample::Sample;
use onset::stats::wild::WildBootstrap;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const REPLICATES: usize = 10_000;

fn main() -> Result<(), Failure> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stats/paper_scores.csv");
    let text = std::fs::read_to_string(path)?;
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let number = |at: usize| rows.iter().map(|r| r[at].parse::<f64>()).collect::<Result<Vec<f64>, _>>();
    let families = Clusters::new(&rows.iter().map(|r| r[1]).collect::<Vec<_>>());
    let groups = [rows.iter().map(|r| f64::from(u8::from(r[2] >= "2023-11"))).collect::<Vec<f64>>()];
    let (x, before, after) = (number(3)?, number(4)?, number(5)?);

    let before = Sample::new(&x, &before)?.with_groups(&groups)?.with_families(&families)?;
    let after = before.with_scores(&after)?;
    let settings = Inference::new(0.25).seed(1).margin(0.02).items(&[14_042.0; 53]);
    report("whole analysis of one benchmark, all threads (target 3)", || settings.run(&before).map(drop))?;
    let uncertain = settings.clone().compute_sd(&[0.1; 53]);
    report("the same with uncertain compute", || uncertain.run(&before).map(drop))?;
    report("difference of two scores", || settings.difference(&before, &after).map(drop))?;

    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    one.install(|| -> Result<(), Failure> {
        report("whole analysis, one thread", || settings.run(&before).map(drop))?;
        let hinge = Hinge::new().chance(0.25);
        let pairs = Bootstrap::new(Seed(1)).replicates(REPLICATES);
        report("10,000 pairs bootstrap refits, one thread (target 0.5)", || {
            hinge_bootstrap::parameters(&pairs, &hinge, &before).map(drop)
        })?;
        let wild = WildBootstrap::new(Seed(1)).replicates(REPLICATES);
        let theta = wild.hinge_group(&before, 0, Some(0.25))?;
        report("wild bootstrap test of θ, one thread", || theta.test(0.0).map(drop))?;
        report("wild bootstrap interval of θ, one thread", || theta.interval(0.95).map(drop))?;
        let profile = Profile::new(&before, Some(0.25))?;
        report("wild bootstrap set for c, one thread", || profile.bootstrap_set(0.95, Seed(1), REPLICATES).map(drop))?;
        let breaks = BreakTest::new(Seed(1)).replicates(REPLICATES);
        report("break test, one thread", || breaks.run(&before).map(drop))?;
        let permute = Permutation::new(Seed(1)).permutations(REPLICATES);
        report("10,000 family permutations, one thread", || permute.run(&before, Some(0.25)).map(drop))
    })
}

/// Prints the best of three runs, which other work on the machine disturbs least.
fn report(what: &str, work: impl Fn() -> onset::Result<()>) -> Result<(), Failure> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{what}: {best:.3} s");
    Ok(())
}
