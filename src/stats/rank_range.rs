//! Ranks of models on one benchmark, and the ranks that the noise of their scores leaves possible.
//!
//! A model whose score is certainly higher stands above, one whose score is certainly lower below; all between may change
//! places. With standard errors s, score j is certainly higher than score i when y_j - y_i > z √(s_i² + s_j²), and the ranks
//! left to model i run from 1 + (number certainly higher) to n - (number certainly lower). With z the normal quantile at
//! 1 - (1 - level)/(2 (n - 1)), each model's range holds its true rank with at least this probability (Klein, Wright and
//! Wieczorek 2020, "A joint confidence region for an overall ranking of populations"; Mogstad et al. 2024). Models answer
//! the same items, which makes differences steadier than independent scores would be, so ranges are too wide rather than too
//! narrow.

use serde::{Deserialize, Serialize};

use super::distribution::normal_quantile;
use super::rank::average_ranks;
use crate::{Error, Result};

/// A rank and the ranks that noise leaves possible; 1 is the best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct RankRange {
    /// By the score; equal scores share the mean of their ranks.
    pub rank: f64,
    /// The best rank that is possible.
    pub best: usize,
    /// The worst.
    pub worst: usize,
}

/// Ranks from 1 for the highest score; `None` for a missing one (NaN).
///
/// # Errors
/// `Argument` when there are not as many standard errors as scores, one beside a score is missing, negative or infinite, or
/// the level is not between 0 and 1.
pub(crate) fn rank_ranges(scores: &[f64], stderr: &[f64], level: f64) -> Result<Vec<Option<RankRange>>> {
    if scores.len() != stderr.len() {
        return Err(Error::Argument(format!("{} standard errors for {} scores", stderr.len(), scores.len())));
    }
    let present: Vec<usize> = (0..scores.len()).filter(|&i| !scores[i].is_nan()).collect();
    if present.iter().any(|&i| !(stderr[i] >= 0.0 && stderr[i].is_finite())) {
        return Err(Error::Argument("every score needs a finite standard error of at least 0".into()));
    }
    let others = present.len().saturating_sub(1).max(1) as f64;
    let z = normal_quantile(1.0 - (1.0 - level) / (2.0 * others))
        .filter(|_| level > 0.0 && level < 1.0)
        .ok_or_else(|| Error::Argument(format!("a level lies between 0 and 1, not at {level}")))?;
    let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
    let ranks = average_ranks(&turned);
    let mut ranges = vec![None; scores.len()];
    for &i in &present {
        let certain = |j: usize| (scores[j] - scores[i]).abs() > z * stderr[i].hypot(stderr[j]);
        let higher = present.iter().filter(|&&j| scores[j] > scores[i] && certain(j)).count();
        let lower = present.iter().filter(|&&j| scores[j] < scores[i] && certain(j)).count();
        ranges[i] = Some(RankRange { rank: ranks[i], best: 1 + higher, worst: present.len() - lower });
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::super::random::Seed;
    use super::*;

    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::rank_range::rank_ranges;
        let ranks = rank_ranges(&[0.9, 0.5, 0.52, f64::NAN], &[0.01, 0.02, 0.02, f64::NAN], 0.95)?;
        let best = ranks[0].unwrap();
        assert_eq!((best.rank, best.best, best.worst), (1.0, 1, 1));
        let second = ranks[2].unwrap();
        assert_eq!((second.rank, second.best, second.worst), (2.0, 2, 3));
        assert_eq!(ranks[3], None);
        Ok(())
    }

    #[test]
    fn without_noise_every_model_has_its_own_rank_and_with_much_of_it_any() {
        let scores = [0.3, 0.1, 0.2];
        let sure: Vec<_> = rank_ranges(&scores, &[0.0; 3], 0.95).expect("sound").into_iter().flatten().collect();
        assert!(sure.iter().all(|r| (r.best, r.worst) == (r.rank as usize, r.rank as usize)));
        let unsure: Vec<_> = rank_ranges(&scores, &[9.0; 3], 0.95).expect("sound").into_iter().flatten().collect();
        assert!(unsure.iter().all(|r| (r.best, r.worst) == (1, 3)));
    }

    #[test]
    fn nineteen_of_twenty_ranges_hold_the_true_rank() {
        let truth: Vec<f64> = (0..20).map(|i| 0.3 + 0.02 * f64::from(i)).collect();
        let stderr = vec![0.015; 20];
        let (mut held, mut all) = (0, 0);
        for world in 0..200 {
            let mut stream = Seed(3).stream("test ranks", world);
            let seen: Vec<f64> = truth.iter().map(|p| p + 0.015 * stream.normal()).collect();
            for (i, range) in rank_ranges(&seen, &stderr, 0.95).expect("sound").into_iter().enumerate() {
                let range = range.expect("no score is missing");
                held += usize::from(range.best <= 20 - i && 20 - i <= range.worst);
                all += 1;
            }
        }
        assert!(held as f64 >= 0.95 * f64::from(all), "{held} of {all}");
    }

    #[test]
    fn what_cannot_be_ranked_is_refused() {
        assert!(rank_ranges(&[0.1], &[], 0.95).is_err());
        assert!(rank_ranges(&[0.1, 0.2], &[0.1, f64::NAN], 0.95).is_err());
        assert!(rank_ranges(&[0.1, 0.2], &[0.1, 0.1], 1.0).is_err());
        assert_eq!(rank_ranges(&[], &[], 0.95).expect("nothing to rank"), []);
    }
}
