//! Curves of counts in worlds whose curve is known: the compute, families and new models of the paper's 53.
//!
//! Answers are binomial of 1,319 items around the curve with a family effect and a model effect. Both are normal, in shares
//! for the hinges and in logits for the logistic curve, so the beta-binomial law of the fit is not the law of the world.
//! An interval contains the truth exactly when the deviance there is below the critical value, so no end is looked for.

use onset::stats::counts::{CountQuantity, CountSample, Counts, CountsFit, Response};
use onset::stats::distribution::fisher_one_quantile;
use onset::stats::random::Seed;

use super::{Failure, Models, Outcome, measure, table};

const ITEMS: f64 = 1_319.0;
const CHANCE: f64 = 0.25;

/// A curve, its parameters and the sizes of the effects.
struct World {
    title: &'static str,
    response: Response,
    point: f64,
    slope: f64,
    theta: f64,
    ceiling: f64,
    family_sd: f64,
    model_sd: f64,
    /// Whether the fit knows the ceiling.
    known: bool,
}

const QUANTITIES: [&str; 4] = ["m (c of a hinge)", "k (α of a hinge)", "θ", "the search found a maximum"];

impl World {
    fn expected(&self, x: f64, new: f64, family: f64, model: f64) -> f64 {
        let (family, model) = (self.family_sd * family, self.model_sd * model);
        let eta = self.slope * (x - self.point) + self.theta * new;
        match self.response {
            Response::Logistic => CHANCE + (self.ceiling - CHANCE) / (1.0 + (-(eta + family + model)).exp()),
            Response::Hinge => {
                let rise = (self.slope * (x - self.point)).max(0.0) + self.theta * new;
                (CHANCE + rise + family + model).clamp(0.0, self.ceiling)
            }
        }
    }

    fn once(&self, models: &Models, replicate: u64) -> Result<[Outcome; QUANTITIES.len()], Failure> {
        let mut stream = Seed(12).stream(self.title, replicate);
        let family: Vec<f64> = (0..models.families.count()).map(|_| stream.normal()).collect();
        let correct: Vec<f64> = models
            .x
            .iter()
            .zip(&models.new)
            .zip(models.families.of())
            .map(|((x, new), of)| {
                let share = self.expected(*x, *new, family[*of], stream.normal());
                // The normal form of the binomial: with a thousand items no difference shows.
                (ITEMS * share + (ITEMS * share * (1.0 - share)).sqrt() * stream.normal()).round().clamp(0.0, ITEMS)
            })
            .collect();
        let sample = CountSample::new(&models.x, &correct, &vec![ITEMS; correct.len()])?
            .with_groups(std::slice::from_ref(&models.new))?
            .with_families(&models.families)?;
        let fit = Counts::new(self.response).chance(CHANCE).ceiling(self.known.then_some(self.ceiling)).fit(&sample)?;
        Ok([
            covers(&fit, CountQuantity::Point, self.point)?,
            covers(&fit, CountQuantity::Slope, self.slope)?,
            covers(&fit, CountQuantity::Theta(0), self.theta)?,
            Some(fit.converged),
        ])
    }
}

fn covers(fit: &CountsFit, quantity: CountQuantity, truth: f64) -> Result<Outcome, Failure> {
    let critical = fisher_one_quantile(0.95, fit.degrees_of_freedom()).ok_or("no quantile")?;
    Ok(fit.deviance(quantity, truth)?.map(|deviance| deviance <= critical))
}

/// Prints the coverage of profile intervals of counts.
pub(super) fn counts(models: &Models, replicates: u64) -> Result<(), Failure> {
    let hinge = World {
        title: "hinge",
        response: Response::Hinge,
        point: 22.3,
        slope: 0.2,
        theta: 0.03,
        ceiling: 1.0,
        family_sd: 0.025,
        model_sd: 0.03,
        known: true,
    };
    let worlds = [
        World { title: "hinge, ceiling 0.95", point: 21.0, slope: 0.35, ceiling: 0.95, known: false, ..hinge },
        World {
            title: "logistic",
            response: Response::Logistic,
            point: 23.0,
            slope: 1.5,
            theta: 0.3,
            family_sd: 0.3,
            model_sd: 0.2,
            ..hinge
        },
        hinge,
    ];
    let mut columns = Vec::new();
    for world in &worlds {
        columns.push((world.title.to_owned(), measure(replicates, |r| world.once(models, r))?));
        eprintln!("{}", world.title);
    }
    println!("{replicates} data sets for every column; per cent");
    table("Coverage of 95 % intervals of counts", QUANTITIES, &columns);
    Ok(())
}
