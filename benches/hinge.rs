//! Times of the exact hinge fit on one core: `cargo bench --bench hinge`.
//!
//! Prints the median over repetitions of one fit of 53 models with a group, of one bootstrap refit with a presorted
//! solver (also times 10,000), and of one fit of a million points.

use std::hint::black_box;
use std::time::Instant;

use onset::stats::hinge::Hinge;
use onset::stats::sample::Sample;
use onset::stats::segmented::Segmented;

fn main() -> onset::Result<()> {
    let (x, y, z) = models(53);
    let groups = [z];
    let hinge = Hinge::new().chance(0.25);
    let time = median(2_000, || hinge.fit(black_box(&x), black_box(&y), &groups).map(drop))?;
    println!("hinge, 53 models, one group, one fit: {:.1} µs (target 30)", time * 1e6);
    let weights = vec![1.3; 53];
    let weighted = Sample::new(&x, &y)?.with_groups(&groups)?.with_weights(&weights)?;
    let time = median(2_000, || hinge.fit_sample(black_box(&weighted)).map(drop))?;
    println!("the same with weights: {:.1} µs", time * 1e6);
    let free = Hinge::new().free_chance();
    let time = median(2_000, || free.fit(black_box(&x), black_box(&y), &groups).map(drop))?;
    println!("the same with free chance: {:.1} µs", time * 1e6);
    let segmented = Segmented::new();
    let time = median(2_000, || segmented.fit(black_box(&x), black_box(&y), &groups).map(drop))?;
    println!("two free segments, 53 models, one group, one fit: {:.1} µs", time * 1e6);

    let mut solver = hinge.solver(&x, &groups)?;
    let mut state = 1_u64;
    let samples: Vec<Vec<f64>> = (0..10_000).map(|_| bootstrap_sample(53, &mut state)).collect();
    let start = Instant::now();
    let mut above = 0;
    for sample in &samples {
        above += usize::from(solver.fit(black_box(&y), Some(sample))?.alpha > 0.0);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("10,000 bootstrap refits: {seconds:.3} s (target 0.5), {above} with a rise");

    let (x, y, z) = models(1_000_000);
    let groups = [z];
    let time = median(3, || hinge.fit(black_box(&x), black_box(&y), &groups).map(drop))?;
    println!("hinge, 1,000,000 points, one group: {time:.2} s (target 2)");
    let sharp: Vec<f64> = x.iter().map(|x| 0.25 + 0.1 * (x - 22.0).max(0.0)).collect();
    let time = median(3, || hinge.fit(black_box(&x), black_box(&sharp), &groups).map(drop))?;
    println!("the same without noise: {time:.2} s");
    Ok(())
}

fn median(times: usize, mut work: impl FnMut() -> onset::Result<()>) -> onset::Result<f64> {
    let mut seconds = Vec::with_capacity(times);
    for _ in 0..times {
        let start = Instant::now();
        work()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[times / 2])
}

/// Models whose scores rise from 10^22 FLOPs on, with noise, a third of them in a group that is 0.05 better.
fn models(n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut state = 7;
    let mut rows: (Vec<f64>, Vec<f64>, Vec<f64>) = Default::default();
    for _ in 0..n {
        let x = 20.0 + 4.5 * uniform(&mut state);
        let z = f64::from(u8::from(uniform(&mut state) < 0.35));
        let noise = (0..4).map(|_| uniform(&mut state) - 0.5).sum::<f64>() * 0.1;
        rows.0.push(x);
        rows.1.push(0.25 + 0.2 * (x - 22.0).max(0.0) + 0.05 * z + noise);
        rows.2.push(z);
    }
    rows
}

fn bootstrap_sample(n: usize, state: &mut u64) -> Vec<f64> {
    let mut drawn = vec![0.0; n];
    for _ in 0..n {
        drawn[(uniform(state) * n as f64) as usize] += 1.0;
    }
    drawn
}

/// Knuth's linear congruential generator, upper bits: good enough to place points.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}
