//! The broken neural scaling law: power laws that go over into one another.
//!
//!   y = a + b x^(-c_0) Π_i (1 + (x/d_i)^(1/f_i))^(-c_i f_i) + Σ θ_k z_k + ε,  x = 10^X
//!
//! with X the predictor of the fit (log10 compute), a the level that scores go to at one end, and n breaks: at d_i the exponent goes
//! from c_0 + … + c_(i-1) to c_i more, over a range of ln x as wide as f_i. Source: Caballero, Gupta, Rish and Krueger 2023,
//! "Broken Neural Scaling Laws", equation 1. b below 0 and exponents below 0 are allowed, so that scores may rise.
//!
//! Least squares of y, as for every curve of the comparison, or of ln y ([`Broken::logarithms`]), as the authors fit.
//!
//! The sum of squares has many minima. Given a, the breaks' places and their sharpness, ln |y - a| is linear in ln |b| and all
//! exponents: so a grid over a, places (also beyond the data) and sharpness, with that linear part solved, shows the basins. The
//! minimiser takes some steps from the best nodes of each and follows the best of them to the end. Two breaks are also begun from
//! one break and an idle second one. A minimum need not exist: a break may want to be a corner, or to lie outside of all data.
//! [`BrokenFit::converged`] says so, and the shape is then not told.

mod fit;
mod rows;
mod starts;

#[cfg(test)]
pub(crate) use fit::Broken;
#[cfg(test)]
pub(crate) use fit::BrokenFit;
pub(super) use fit::{ONCE, TWICE};

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::broken::Broken;

        let x: Vec<f64> = (0..60).map(|i| 1.0 + 0.05 * f64::from(i)).collect();
        let curve = |x: f64| 0.2 + 3.0 * 10f64.powf(-0.1 * x) * (1.0 + 10f64.powf((x - 2.5) / 0.3)).powf(-1.2 * 0.3);
        let y: Vec<f64> = x.iter().map(|x| curve(*x)).collect();
        let fit = Broken::new().fit(&x, &y, &[])?;
        assert!(fit.converged && (fit.breaks[0].place - 2.5).abs() < 1e-6 && (fit.a - 0.2).abs() < 1e-6);
        Ok(())
    }
}
