//! The least-squares problem of a sigmoid, in x minus its mean over its range and in scores of order one.

use nalgebra::DVector;

use super::super::cross_products::CrossProducts;
use super::super::design::collinear_column;
use super::super::optimise::LeastSquaresProblem;
use super::super::scaling::binary_scale;
use super::growth::{Coordinates, Growth};
use super::settings::Sigmoid;
use crate::{Error, Result};

/// The observations of positive weight in the units of the fit.
#[derive(Clone)]
pub(super) struct Rows<'a> {
    settings: &'a Sigmoid,
    coordinates: Coordinates,
    chance: Option<f64>,
    upper: Option<f64>,
    t: Vec<f64>,
    y: Vec<f64>,
    z: Vec<Vec<f64>>,
    root: Vec<f64>,
    origin: f64,
    x_unit: f64,
    y_unit: f64,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        settings: &'a Sigmoid,
        x: &[f64],
        y: &[f64],
        groups: &[Vec<f64>],
        weights: Option<&[f64]>,
    ) -> Result<Self> {
        let rows: Vec<usize> = (0..x.len()).filter(|i| weights.is_none_or(|w| w[*i] > 0.0)).collect();
        let low = rows.iter().map(|i| x[*i]).fold(f64::INFINITY, f64::min);
        let high = rows.iter().map(|i| x[*i]).fold(f64::NEG_INFINITY, f64::max);
        if rows.len() > 1 && high <= low {
            return Err(Error::Undetermined("the predictor is the same for every model".into()));
        }
        if !(high - low).is_finite() && !rows.is_empty() {
            return Err(Error::Argument("the range of the predictor exceeds the largest number".into()));
        }
        let origin = low + rows.iter().map(|i| (x[*i] - low) / rows.len() as f64).sum::<f64>();
        let x_unit = binary_scale([high - low].into_iter().filter(|r| *r > 0.0));
        let y_unit = binary_scale(rows.iter().map(|i| y[*i]).chain(settings.chance).chain(settings.upper));
        let w_unit = weights.map_or(1.0, |w| binary_scale(w.iter().copied()));
        Ok(Self {
            settings,
            coordinates: Coordinates::Own,
            chance: settings.chance.map(|r| r / y_unit),
            upper: settings.upper.map(|u| u / y_unit),
            t: rows.iter().map(|i| (x[*i] - origin) / x_unit).collect(),
            y: rows.iter().map(|i| y[*i] / y_unit).collect(),
            z: groups.iter().map(|g| rows.iter().map(|i| g[*i]).collect()).collect(),
            root: rows.iter().map(|i| weights.map_or(1.0, |w| (w[*i] / w_unit).sqrt())).collect(),
            origin,
            x_unit,
            y_unit,
        })
    }

    /// The same problem with the shape in logs.
    pub(super) fn with_logs(mut self) -> Self {
        self.coordinates = Coordinates::Logs;
        self
    }

    pub(super) fn len(&self) -> usize {
        self.y.len()
    }

    pub(super) fn parameters(&self) -> usize {
        self.settings.free_asymptotes() + self.growth().free() + self.z.len()
    }

    fn growth(&self) -> Growth {
        self.settings.growth
    }

    fn shape_range(&self) -> std::ops::Range<usize> {
        let at = self.settings.free_asymptotes();
        at..at + self.growth().free()
    }

    /// Chance, upper asymptote, shape and group differences of a parameter vector.
    fn split<'p>(&self, parameters: &'p [f64]) -> (f64, f64, &'p [f64], &'p [f64]) {
        let mut asymptotes = parameters.iter().copied();
        let chance = self.chance.or_else(|| asymptotes.next()).unwrap_or(0.0);
        let upper = self.upper.or_else(|| asymptotes.next()).unwrap_or(0.0);
        let at = self.settings.free_asymptotes();
        let (shape, theta) = parameters[at..].split_at(self.growth().free());
        (chance, upper, shape, theta)
    }

    /// Own parameters in the units of the fit from those of the data.
    pub(super) fn inward(&self, parameters: &[f64]) -> Vec<f64> {
        let mut moved: Vec<f64> = parameters.iter().map(|v| v / self.y_unit).collect();
        let shape = self.growth().inward(&parameters[self.shape_range()], self.origin, self.x_unit);
        moved.splice(self.shape_range(), shape);
        moved
    }

    /// Own parameters in the units of the data from those of the fit.
    pub(super) fn outward(&self, parameters: &[f64]) -> Vec<f64> {
        let mut moved: Vec<f64> = parameters.iter().map(|v| v * self.y_unit).collect();
        let shape = self.growth().outward(&parameters[self.shape_range()], self.origin, self.x_unit);
        moved.splice(self.shape_range(), shape);
        moved
    }

    /// Own parameters from logs, both in the units of the fit.
    pub(super) fn own_parameters(&self, parameters: &[f64]) -> Vec<f64> {
        let mut moved = parameters.to_vec();
        moved.splice(self.shape_range(), self.growth().own_parameters(&parameters[self.shape_range()]));
        moved
    }

    /// The best node of every basin, with its linear part.
    pub(super) fn starts(&self) -> Vec<Vec<f64>> {
        let low = self.t.iter().copied().fold(f64::INFINITY, f64::min);
        let range = self.t.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low;
        let grid = self.growth().grid(low, range);
        let each = BASINS.div_ceil(grid.planes());
        let (mut lower, mut linear) = (Vec::new(), Vec::new());
        let basins = grid.basins(each, |shape| self.project(shape, &mut lower, &mut linear));
        let at = self.settings.free_asymptotes();
        basins
            .into_iter()
            .filter_map(|shape| {
                self.project(shape, &mut lower, &mut linear)?;
                let mut start = linear.clone();
                start.splice(at..at, shape.iter().copied());
                Some(start)
            })
            .collect()
    }

    /// The best free asymptotes and group differences for one shape, with the sum of squares they leave. The shape is in
    /// logs. By normal equations: they only choose where the minimiser starts.
    fn project(&self, shape: &[f64], lower: &mut Vec<f64>, linear: &mut Vec<f64>) -> Option<f64> {
        let step = self.y.len().div_ceil(GRID_ROWS);
        let k = self.settings.free_asymptotes() + self.z.len();
        let mut products = CrossProducts::zeros(lower, k + 1);
        linear.clear();
        for i in (0..self.y.len()).step_by(step) {
            let g = self.growth().value(self.t[i], shape);
            let known = self.chance.unwrap_or(0.0) * (1.0 - g) + self.upper.unwrap_or(0.0) * g;
            linear.clear();
            linear.extend(self.chance.is_none().then_some(1.0 - g));
            linear.extend(self.upper.is_none().then_some(g));
            linear.extend(self.z.iter().map(|z| z[i]));
            linear.push(self.y[i] - known);
            products.add(linear, self.root[i] * self.root[i]);
        }
        let sse = products.eliminate()?;
        products.coefficients(linear);
        sse.is_finite().then_some(sse)
    }

    /// Whether every parameter of the shape moves the curve: where u = r, or the rise lies outside the data, none does.
    pub(super) fn determine(&self, own: &[f64]) -> bool {
        let columns = Self { coordinates: Coordinates::Own, ..self.clone() }.jacobian(own);
        // Scores and asymptotes are of order one here.
        let size = self.root.iter().map(|w| w * w).sum::<f64>().sqrt();
        let shape = &own[self.shape_range()];
        let moves = |j: usize| {
            let column = DVector::from_column_slice(&columns[self.shape_range().start + j]);
            column.norm() * self.growth().change(j, shape)
        };
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        (0..shape.len()).all(|j| moves(j) > UNNOTICED * size) && collinear_column(&columns, None).is_none()
    }
}

impl LeastSquaresProblem for Rows<'_> {
    fn residuals(&self, parameters: &[f64]) -> Vec<f64> {
        let (chance, upper, shape, theta) = self.split(parameters);
        (0..self.y.len())
            .map(|i| {
                let groups: f64 = theta.iter().zip(&self.z).map(|(t, z)| t * z[i]).sum();
                match self.growth().value_and_gradient(self.coordinates, self.t[i], shape) {
                    Some((g, _)) => (self.y[i] - chance * (1.0 - g) - upper * g - groups) * self.root[i],
                    None => f64::NAN,
                }
            })
            .collect()
    }

    fn jacobian(&self, parameters: &[f64]) -> Vec<Vec<f64>> {
        let (chance, upper, shape, _) = self.split(parameters);
        let mut columns = vec![Vec::with_capacity(self.y.len()); self.parameters()];
        for i in 0..self.y.len() {
            let all = self.growth().value_and_gradient(self.coordinates, self.t[i], shape);
            let (g, by_shape) = all.unwrap_or((f64::NAN, [f64::NAN; 3]));
            let linear = [self.chance.is_none().then_some(1.0 - g), self.upper.is_none().then_some(g)];
            let curved = by_shape[..self.growth().free()].iter().map(|d| (upper - chance) * d);
            let row = linear.into_iter().flatten().chain(curved).chain(self.z.iter().map(|z| z[i]));
            columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v * self.root[i]));
        }
        columns
    }
}

/// Relative change of the curve below which a parameter is not determined.
const UNNOTICED: f64 = 1e-9;
/// Basins the minimiser is started in.
const BASINS: usize = 5;
/// Observations that are enough to find the basins.
const GRID_ROWS: usize = 1000;
