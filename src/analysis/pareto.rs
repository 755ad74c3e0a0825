//! The Pareto frontier of score against compute, and the area between two frontiers.
//!
//! A model is on the frontier when no model of at most its compute scores as high. The frontier is the step function
//! F(x) = max { score_i : x_i ≤ x } with x = log10 of compute, right-continuous, and the area between two frontiers is
//! ∫ (F_a − F_b) dx over the range where both are defined, in decades of compute × score (arXiv 2407.07890, figure 8).

/// One step of a frontier: from `x` on (log10 FLOPs), the best score is `score`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// log10 of compute in FLOPs.
    pub x: f64,
    /// Best score among models of at most this compute.
    pub score: f64,
}

/// The frontier of `points` (log10 compute, score) as its steps in order of compute; points that are not finite are left
/// out.
#[must_use]
pub(crate) fn frontier(points: &[(f64, f64)]) -> Vec<Step> {
    let mut sorted: Vec<(f64, f64)> = points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    // Best first among equal compute, so that a tie contributes one step.
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let mut steps: Vec<Step> = Vec::new();
    for (x, score) in sorted {
        if steps.last().is_none_or(|last| score > last.score) {
            steps.push(Step { x, score });
        }
    }
    steps
}

/// The frontier's value at `x`, `None` left of its first step.
#[must_use]
pub(crate) fn value_at(frontier: &[Step], x: f64) -> Option<f64> {
    let after = frontier.partition_point(|step| step.x <= x);
    after.checked_sub(1).map(|k| frontier[k].score)
}

/// ∫ (upper − lower) dx from where both frontiers have begun to `end` (log10 FLOPs); 0 when they never overlap.
#[must_use]
pub(crate) fn area_between(upper: &[Step], lower: &[Step], end: f64) -> f64 {
    let mut knots: Vec<f64> = upper.iter().chain(lower).map(|step| step.x).filter(|&x| x < end).collect();
    knots.push(end);
    knots.sort_by(f64::total_cmp);
    knots.windows(2).filter_map(|w| Some((value_at(upper, w[0])? - value_at(lower, w[0])?) * (w[1] - w[0]))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds() {
        use crate::analysis::pareto::frontier;
        let steps = frontier(&[(20.0, 0.3), (21.0, 0.2), (22.0, 0.5)]);
        assert_eq!(steps.iter().map(|s| s.score).collect::<Vec<_>>(), [0.3, 0.5]);
    }

    #[test]
    fn the_area_between_two_staircases_is_the_sum_of_its_rectangles() {
        let lower = frontier(&[(20.0, 0.2), (22.0, 0.4)]);
        let upper = frontier(&[(20.0, 0.2), (21.0, 0.5), (22.0, 0.4), (23.0, 0.6)]);
        // [21, 22): 0.5 − 0.2; [22, 23): 0.5 − 0.4; [23, 24): 0.6 − 0.4.
        assert!((area_between(&upper, &lower, 24.0) - 0.6).abs() < 1e-12);
    }

    #[test]
    fn frontiers_that_never_overlap_enclose_nothing() {
        let a = frontier(&[(20.0, 0.2)]);
        assert_eq!(area_between(&a, &frontier(&[]), 24.0), 0.0);
        assert_eq!(area_between(&a, &frontier(&[(25.0, 0.3)]), 24.0), 0.0);
    }

    #[test]
    fn a_model_that_is_not_better_than_a_cheaper_one_is_not_on_the_frontier() {
        let steps = frontier(&[(21.0, 0.3), (20.0, 0.3), (20.0, 0.1), (f64::NAN, 0.9)]);
        assert_eq!(steps, [Step { x: 20.0, score: 0.3 }]);
    }
}
