//! From the linear predictor to the expected share.

use crate::serial::read_by_name;

/// How the expected share follows from the linear predictor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Response {
    /// r + (u - r)/(1 + exp(-η)).
    Logistic,
    /// r + min(max(η, 0), u - r): a hinge with a floor and a ceiling.
    Hinge,
}

impl Response {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Self::Logistic, Self::Hinge];

    /// The name on the command line and in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::Hinge => "hinge",
        }
    }

    /// The expected share.
    pub(super) fn mean(self, eta: f64, levels: Shares) -> f64 {
        self.at(eta, levels).mean
    }

    /// The expected share with its derivatives.
    pub(super) fn at(self, eta: f64, levels: Shares) -> Mean {
        let Shares { chance: r, ceiling: u } = levels;
        let found = match self {
            Self::Logistic => {
                let g = 1.0 / (1.0 + (-eta).exp());
                Mean { mean: r + (u - r) * g, by_eta: (u - r) * g * (1.0 - g), by_chance: 1.0 - g, by_ceiling: g }
            }
            Self::Hinge if eta <= 0.0 => Mean { mean: r, by_eta: 0.0, by_chance: 1.0, by_ceiling: 0.0 },
            Self::Hinge if eta >= u - r => Mean { mean: u, by_eta: 0.0, by_chance: 0.0, by_ceiling: 1.0 },
            Self::Hinge => Mean { mean: r + eta, by_eta: 1.0, by_chance: 1.0, by_ceiling: 0.0 },
        };
        // A share of exactly 0 or 1 would make a single other answer impossible.
        if found.mean < EDGE || found.mean > 1.0 - EDGE {
            return Mean { mean: found.mean.clamp(EDGE, 1.0 - EDGE), ..Mean::default() };
        }
        found
    }
}

/// The levels between which shares move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    pub(super) chance: f64,
    pub(super) ceiling: f64,
}

/// An expected share with its derivatives by the linear predictor and both levels.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mean {
    pub(super) mean: f64,
    pub(super) by_eta: f64,
    pub(super) by_chance: f64,
    pub(super) by_ceiling: f64,
}

/// How near to 0 and 1 an expected share may come.
const EDGE: f64 = 1e-6;

read_by_name!(Response, "curve of counts", Response::ALL);
