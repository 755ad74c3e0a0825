//! The law of loss by size and data in worlds whose law is known.
//!
//! ln L is the law's plus noise: residuals of the fit to the 240 points of data/chinchilla.csv at their sizes and tokens;
//! normal noise of 0.01 on a sweep; and runs that have an effect in common, at five checkpoints each.

use std::path::Path;

use onset::stats::bootstrap::Bootstrap;
use onset::stats::clusters::Clusters;
use onset::stats::loss_law::{LossLaw, LossLawParameters, LossLawQuantity};
use onset::stats::random::{Seed, Stream};

use super::{Failure, Outcome, holds, measure, table};

/// Resamples of every bootstrap.
const REPLICATES: usize = 199;
/// The budget, beyond the points of every world.
const BUDGET: f64 = 1e23;

const QUANTITIES: [(&str, LossLawQuantity); 9] = [
    ("E", LossLawQuantity::E),
    ("A", LossLawQuantity::A),
    ("B", LossLawQuantity::B),
    ("α", LossLawQuantity::Alpha),
    ("β", LossLawQuantity::Beta),
    ("β/(α+β)", LossLawQuantity::ParamsExponent),
    ("best N at 10²³ FLOPs", LossLawQuantity::Params(0)),
    ("tokens per parameter there", LossLawQuantity::Ratio(0)),
    ("loss there", LossLawQuantity::Loss(0)),
];

/// Draws how far ln L of each point is from the law.
type Noise = Box<dyn Fn(&mut Stream) -> Vec<f64> + Sync + Send>;

/// One world: its points, its law, and how ln L scatters.
struct World {
    title: &'static str,
    law: LossLawParameters,
    params: Vec<f64>,
    tokens: Vec<f64>,
    /// What points are drawn together.
    clusters: Clusters,
    noise: Noise,
}

impl World {
    fn once(&self, replicate: u64) -> Result<[Outcome; 2 * QUANTITIES.len()], Failure> {
        let noise = (self.noise)(&mut Seed(11).stream(self.title, replicate));
        let sizes = self.params.iter().zip(&self.tokens);
        let loss: Vec<f64> = sizes.zip(noise).map(|((n, d), noise)| self.law.loss(*n, *d) * noise.exp()).collect();
        let data = [&self.params[..], &self.tokens, &loss];
        let settings = LossLaw::new();
        let fit = settings.fit(data[0], data[1], data[2])?;
        let bootstrap = Bootstrap::new(Seed(replicate)).replicates(REPLICATES);
        let drawn = settings.bootstrap(&bootstrap, &fit, data, &self.clusters, &[BUDGET])?;
        let (n, d) = self.law.optimum(BUDGET).ok_or("the law has an optimum")?;
        let exponent = self.law.exponents().ok_or("the law has an optimum")?.0;
        let LossLawParameters { e, a, b, alpha, beta } = self.law;
        let truth = [e, a, b, alpha, beta, exponent, n, d / n, self.law.loss(n, d)];
        Ok(std::array::from_fn(|k| {
            let place = QUANTITIES[k / 2].1.place();
            let found = if k % 2 == 0 { drawn.percentile(place, 0.95) } else { drawn.bca(place, 0.95) };
            holds(found, truth[k / 2])
        }))
    }
}

/// Sizes and tokens of a sweep: every size at every number of tokens per parameter.
fn sweep(sizes: usize, ratios: usize) -> (Vec<f64>, Vec<f64>) {
    let spread = |from: f64, to: f64, k: usize, of: usize| from * (to / from).powf(k as f64 / (of - 1) as f64);
    let size = |i: usize| spread(5e7, 1e10, i, sizes);
    let pairs = (0..sizes).flat_map(|i| (0..ratios).map(move |k| (size(i), size(i) * spread(2.0, 200.0, k, ratios))));
    pairs.unzip()
}

fn worlds() -> Result<Vec<World>, Failure> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/chinchilla.csv");
    let text = std::fs::read_to_string(path)?;
    let rows = text.lines().skip(1).map(|line| line.split(',').skip(1).map(str::parse).collect());
    let rows: Vec<Vec<f64>> = rows.collect::<Result<_, _>>()?;
    let column = |k: usize| rows.iter().map(|row| row[k]).collect::<Vec<f64>>();
    let (params, tokens) = (column(0), column(1));
    let fit = LossLaw::new().fit(&params, &tokens, &column(2))?;
    let (law, residuals) = (fit.law, fit.residuals);
    let normal = |sd: f64, n: usize| move |stream: &mut Stream| (0..n).map(|_| sd * stream.normal()).collect();
    let plain = |title, sizes, ratios| {
        let (params, tokens) = sweep(sizes, ratios);
        let n = params.len();
        World { title, law, params, tokens, clusters: Clusters::singletons(n), noise: Box::new(normal(0.01, n)) }
    };
    let runs = |title, together: bool| {
        let (params, tokens) = sweep(24, 5);
        let run: Vec<usize> = (0..params.len()).map(|i| i / 5).collect();
        let clusters = if together { Clusters::new(&run) } else { Clusters::singletons(params.len()) };
        let noise = move |stream: &mut Stream| {
            let effect: Vec<f64> = (0..24).map(|_| 0.008 * stream.normal()).collect();
            run.iter().map(|run| effect[*run] + 0.006 * stream.normal()).collect()
        };
        World { title, law, params, tokens, clusters, noise: Box::new(noise) }
    };
    Ok(vec![
        World {
            title: "Chinchilla's 240 points",
            law,
            clusters: Clusters::singletons(params.len()),
            params,
            tokens,
            noise: Box::new(move |stream| {
                (0..residuals.len()).map(|_| residuals[stream.below(residuals.len())]).collect()
            }),
        },
        plain("sweep of 60, normal", 6, 10),
        plain("sweep of 20, normal", 5, 4),
        runs("24 runs of 5, drawn by run", true),
        runs("24 runs of 5, drawn by point", false),
    ])
}

/// Prints the coverage of percentile and BCa intervals.
pub(super) fn loss_law(replicates: u64) -> Result<(), Failure> {
    let mut columns = Vec::new();
    for world in worlds()? {
        columns.push((world.title.to_owned(), measure(replicates, |r| world.once(r))?));
        eprintln!("{}", world.title);
    }
    println!("{replicates} data sets for every column; per cent; the defaults in bold");
    let names: Vec<String> =
        QUANTITIES.iter().flat_map(|(name, _)| [format!("**{name}, percentile**"), format!("{name}, BCa")]).collect();
    table("Coverage of 95 % intervals of a law of loss", std::array::from_fn(|k| names[k].as_str()), &columns);
    Ok(())
}
