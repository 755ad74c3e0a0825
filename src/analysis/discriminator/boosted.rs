//! Gradient-boosted classification trees with exact greedy splits, as XGBoost 1.x grows them by default on small data (Chen
//! and Guestrin 2016, arXiv 1603.02754, algorithms 1 and 2).
//!
//! Every round fits one tree to the gradients p − y and Hessians p (1 − p) of the logistic loss. A split is the threshold,
//! half-way between neighbours, with the largest gain G_L²/(H_L + λ) + G_R²/(H_R + λ) − G²/(H + λ); a leaf is
//! −η G/(H + λ). Values that are compared are rounded to single precision where XGBoost rounds them: among few models many
//! gains are equal, and the last digits decide between them.

/// Settings; the defaults are XGBoost's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BoostedTrees {
    rounds: usize,
    max_depth: usize,
    /// Learning rate η.
    shrinkage: f32,
    /// L2 penalty λ on leaves.
    penalty: f64,
    /// The least sum of Hessians in a child.
    min_hessian: f64,
}

impl Default for BoostedTrees {
    fn default() -> Self {
        Self { rounds: 100, max_depth: 6, shrinkage: 0.3, penalty: 1.0, min_hessian: 1.0 }
    }
}

/// Trees that were grown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BoostedFit {
    trees: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Leaf(f32),
    Split { feature: usize, threshold: f32, below: Box<Self>, above: Box<Self> },
}

/// Sums of gradients and Hessians.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    gradient: f64,
    hessian: f64,
}

#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f32,
    feature: usize,
    threshold: f32,
}

/// A gain that is no more than rounding is none.
const LEAST_GAIN: f32 = 1e-6;

impl BoostedTrees {
    /// Grows trees on rows of features with a class each; without rows every probability is 0.5.
    pub(super) fn fit(&self, rows: &[[f64; 2]], classes: &[bool]) -> BoostedFit {
        let rows: Vec<[f32; 2]> = rows.iter().map(rounded).collect();
        let mut margins = vec![0.0_f32; rows.len()];
        let mut trees = Vec::with_capacity(self.rounds);
        for _ in 0..self.rounds {
            let of_row = |(&margin, &class): (&f32, &bool)| {
                let p = sigmoid(margin);
                Sums {
                    gradient: f64::from(p - f32::from(u8::from(class))),
                    hessian: f64::from((p * (1.0 - p)).max(1e-16)),
                }
            };
            let sums: Vec<Sums> = margins.iter().zip(classes).map(of_row).collect();
            let tree = self.grow(&rows, &sums, (0..rows.len()).collect(), self.max_depth);
            margins.iter_mut().zip(&rows).for_each(|(margin, row)| *margin += tree.leaf(row));
            trees.push(tree);
        }
        BoostedFit { trees }
    }

    fn grow(&self, rows: &[[f32; 2]], sums: &[Sums], members: Vec<usize>, depth: usize) -> Node {
        let all = members.iter().fold(Sums::default(), |all, &row| all + sums[row]);
        let split = (depth > 0).then(|| self.best(rows, sums, &members, all)).flatten();
        let Some(Split { feature, threshold, .. }) = split.filter(|split| split.gain > LEAST_GAIN) else {
            return Node::Leaf(self.weight(all) * self.shrinkage);
        };
        let (below, above) = members.into_iter().partition(|&row| rows[row][feature] < threshold);
        let side = |members| Box::new(self.grow(rows, sums, members, depth - 1));
        Node::Split { feature, threshold, below: side(below), above: side(above) }
    }

    /// The split of largest gain; among equals the one on the first feature, and there the highest threshold.
    fn best(&self, rows: &[[f32; 2]], sums: &[Sums], members: &[usize], all: Sums) -> Option<Split> {
        let before = self.gain(all) as f32;
        let mut best: Option<Split> = None;
        for feature in [0, 1] {
            let mut order = members.to_vec();
            order.sort_by(|&a, &b| rows[b][feature].total_cmp(&rows[a][feature]));
            let mut above = Sums::default();
            for pair in order.windows(2) {
                above = above + sums[pair[0]];
                let (high, low) = (rows[pair[0]][feature], rows[pair[1]][feature]);
                let below = Sums { gradient: all.gradient - above.gradient, hessian: all.hessian - above.hessian };
                if high == low || above.hessian < self.min_hessian || below.hessian < self.min_hessian {
                    continue;
                }
                let gain = (self.gain(below) + self.gain(above) - f64::from(before)) as f32;
                if best.is_none_or(|best| gain > best.gain) {
                    best = Some(Split { gain, feature, threshold: (low + high) * 0.5 });
                }
            }
        }
        best
    }

    fn gain(&self, sums: Sums) -> f64 {
        if sums.hessian < self.min_hessian {
            0.0
        } else {
            sums.gradient * sums.gradient / (sums.hessian + self.penalty)
        }
    }

    fn weight(&self, sums: Sums) -> f32 {
        if sums.hessian < self.min_hessian { 0.0 } else { (-sums.gradient / (sums.hessian + self.penalty)) as f32 }
    }
}

impl BoostedFit {
    /// The probability of class `true`, 0 to 1.
    pub(super) fn probability(&self, row: &[f64; 2]) -> f32 {
        let row = rounded(row);
        sigmoid(self.trees.iter().map(|tree| tree.leaf(&row)).sum())
    }
}

impl Node {
    fn leaf(&self, row: &[f32; 2]) -> f32 {
        match self {
            Self::Leaf(weight) => *weight,
            Self::Split { feature, threshold, below, above } => {
                if row[*feature] < *threshold {
                    below.leaf(row)
                } else {
                    above.leaf(row)
                }
            }
        }
    }
}

impl std::ops::Add for Sums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { gradient: self.gradient + other.gradient, hessian: self.hessian + other.hessian }
    }
}

fn rounded(row: &[f64; 2]) -> [f32; 2] {
    row.map(|value| value as f32)
}

fn sigmoid(margin: f32) -> f32 {
    1.0 / (1.0 + (-margin).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 rows that a formula gives, with noise in every fifth class.
    fn rows() -> (Vec<[f64; 2]>, Vec<bool>) {
        let row = |i: usize| [20.0 + ((7 * i) % 24) as f64 * 0.125, ((11 * i) % 24) as f64 / 32.0];
        let class = |(i, [x, y]): (usize, &[f64; 2])| {
            (x - 20.0) / 3.0 + y * 1.2 + if i.is_multiple_of(5) { 0.5 } else { 0.0 } > 1.0
        };
        let rows: Vec<[f64; 2]> = (0..24).map(row).collect();
        let classes = rows.iter().enumerate().map(class).collect();
        (rows, classes)
    }

    /// `XGBClassifier(tree_method="exact", base_score=0.5, n_estimators=100, max_depth=6, learning_rate=0.3)` of XGBoost
    /// 3.2.0 on the same rows.
    #[test]
    fn probabilities_are_those_of_xgboost() {
        let (rows, classes) = rows();
        let fit = BoostedTrees::default().fit(&rows, &classes);
        let expected = [
            ([20.3, 0.1], 0.039_633_658),
            ([21.0, 0.5], 0.159_279_45),
            ([22.9, 0.7], 0.959_601_5),
            ([21.6, 0.3], 0.511_850_48),
            ([20.9, 0.65], 0.159_279_45),
            ([22.5, 0.05], 0.705_929_6),
        ];
        for (row, probability) in expected {
            let found = fit.probability(&row);
            assert!((found - probability).abs() < 1e-6, "{row:?}: {found}, XGBoost {probability}");
        }
    }

    #[test]
    fn few_rows_and_equal_rows_leave_the_probability_of_the_whole() {
        assert_eq!(BoostedTrees::default().fit(&[], &[]).probability(&[20.0, 0.5]), 0.5);
        let equal = BoostedTrees::default().fit(&[[21.0, 0.5]; 8], &[true, true, true, false, true, true, true, false]);
        assert!((equal.probability(&[25.0, 0.9]) - 0.75).abs() < 0.01);
    }
}
