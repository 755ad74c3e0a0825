//! Is there a rise within families? A test for few families, or for one that holds most of the models.
//!
//! Within family g, with x̃ what a constant and the groups leave of x and w the weights (1 without),
//!
//!   b_g = Σ w x̃ y / Σ w x̃²  (the family's own slope),  l_g = sqrt(Σ w x̃²),  s_g = b_g min(l_g, median of all l)
//!
//! Under one level the s_g are independent with mean 0, whatever a family's level and scatter are. The ordinary t-test of
//! their mean then holds its size of 5 % for any two or more families and any variances (Ibragimov and Müller 2010,
//! "t-Statistic based correlation and heterogeneity robust inference"; Bakirov and Székely 2005). Families that say little
//! of their slope count less; beyond the median all count the same, or one family would speak alone. A curve that is not a
//! line costs power only as far as families see different parts of it. Families with one predictor only say nothing.

use super::distribution::{sample_quantile, student_two_sided};
use super::estimate::finite;
use super::sample::Sample;

/// The test of a rise within families.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WithinFamilies {
    /// The mean of the families' s over its standard error; its sign is that of the rise.
    pub statistic: f64,
    /// Two-sided.
    pub p_value: f64,
}

impl WithinFamilies {
    /// Tests a sample; `None` where fewer than two families have more than one predictor, or where all agree exactly.
    pub(crate) fn of(sample: &Sample) -> Option<Self> {
        let sample = sample.counted();
        let families = sample.families();
        let slopes: Vec<Slope> =
            (0..families.count()).filter_map(|g| Slope::of(&sample, families.members(g))).collect();
        let count = slopes.len() as f64;
        if count < 2.0 {
            return None;
        }
        let mut lengths: Vec<f64> = slopes.iter().map(|slope| slope.length).collect();
        lengths.sort_by(f64::total_cmp);
        let median = sample_quantile(&lengths, 0.5)?;
        let scaled: Vec<f64> = slopes.iter().map(|slope| slope.value * slope.length.min(median)).collect();
        let mean = scaled.iter().sum::<f64>() / count;
        let variance = scaled.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let statistic = finite(mean / (variance / count).sqrt())?;
        Some(Self { statistic, p_value: student_two_sided(statistic, count - 1.0)? })
    }
}

/// The slope of one family.
struct Slope {
    /// b_g.
    value: f64,
    /// l_g.
    length: f64,
}

impl Slope {
    /// `None` where the predictor does not vary beside the groups.
    fn of(sample: &Sample, members: &[usize]) -> Option<Self> {
        let root: Vec<f64> = members.iter().map(|&i| sample.weight(i).sqrt()).collect();
        let column = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
            members.iter().zip(&root).map(|(&i, root)| root * value(i)).collect()
        };
        let mut taken: Vec<Vec<f64>> = Vec::new();
        let constant = std::iter::once(column(&|_| 1.0));
        let groups = sample.groups().iter().map(|group| column(&|i| group[i]));
        for mut one in constant.chain(groups) {
            if let Some(length) = leave(&mut one, &taken) {
                one.iter_mut().for_each(|v| *v /= length);
                taken.push(one);
            }
        }
        // A shift of the scores changes nothing but rounding: the first of the family is taken as 0.
        let origin = sample.y()[*members.first()?];
        let mut x = column(&|i| sample.x()[i]);
        let length = leave(&mut x, &taken)?;
        let y = column(&|i| sample.y()[i] - origin);
        Some(Self { value: x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>() / length.powi(2), length })
    }
}

/// Takes orthonormal columns out of one; the length of what is left, `None` where that is rounding.
fn leave(column: &mut [f64], taken: &[Vec<f64>]) -> Option<f64> {
    let length = |column: &[f64]| column.iter().map(|v| v * v).sum::<f64>().sqrt();
    let before = length(column);
    // Twice, so that what rounding left of them the first time goes too.
    for one in taken.iter().chain(taken) {
        let share: f64 = column.iter().zip(one).map(|(a, b)| a * b).sum();
        column.iter_mut().zip(one).for_each(|(v, b)| *v -= share * b);
    }
    let after = length(column);
    (after > ROUNDING * before).then_some(after)
}

/// A column of which less than this share is left counts as taken.
const ROUNDING: f64 = 1e-10;

#[cfg(test)]
mod tests {
    use super::WithinFamilies;
    use crate::Result;
    use crate::stats::clusters::Clusters;
    use crate::stats::distribution::student_two_sided;
    use crate::stats::random::Seed;
    use crate::stats::sample::Sample;

    #[test]
    fn it_is_the_t_test_of_the_families_own_slopes() -> Result<()> {
        // Three families of two models: b = (y2 - y1)/(x2 - x1), l = (x2 - x1)/sqrt(2), and the median of 1, 4, 0.5 is 1.
        let x = [1.0, 2.0, 5.0, 9.0, 3.0, 3.5, 7.0];
        let y = [0.1, 0.3, 2.0, 2.5, 0.7, 0.8, 9.0];
        let sample = Sample::new(&x, &y)?.with_families(&Clusters::new(&[0, 0, 1, 1, 2, 2, 3]))?;
        let found = WithinFamilies::of(&sample).expect("three families");
        let rises = [0.2, 0.125, 0.1];
        let mean: f64 = rises.iter().sum::<f64>() / 3.0;
        let sd = (rises.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
        let t = mean / (sd / 3f64.sqrt());
        assert!((found.statistic - t).abs() < 1e-12 * t, "{} {t}", found.statistic);
        assert!((found.p_value - student_two_sided(t, 2.0).expect("a p-value")).abs() < 1e-12);
        Ok(())
    }

    #[test]
    fn levels_of_families_and_of_groups_do_not_matter_and_families_of_one_say_nothing() -> Result<()> {
        let x = [1.0, 2.0, 3.0, 1.5, 2.5, 4.0, 2.0, 3.0, 3.7];
        let y = [0.1, 0.24, 0.3, 0.2, 0.31, 0.52, 0.1, 0.3, 0.33];
        let group = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let families = Clusters::new(&[0, 0, 0, 1, 1, 1, 2, 2, 2]);
        let of = |y: &[f64]| -> Result<_> {
            let sample = Sample::new(&x, y)?.with_groups(&[group.to_vec()])?.with_families(&families)?;
            Ok(WithinFamilies::of(&sample).expect("three families"))
        };
        let plain = of(&y)?;
        let shifted: Vec<f64> = (0..9).map(|i| y[i] + 100.0 * (i / 3) as f64 + 7.0 * group[i]).collect();
        let moved = of(&shifted)?;
        assert!((plain.statistic - moved.statistic).abs() < 1e-9 * plain.statistic.abs(), "{plain:?} {moved:?}");
        let alone = Sample::new(&x, &y)?.with_families(&Clusters::singletons(9))?;
        assert!(WithinFamilies::of(&alone).is_none());
        Ok(())
    }

    #[test]
    fn a_level_is_rejected_in_no_more_than_a_twentieth_of_draws_whatever_the_sizes_of_the_families() -> Result<()> {
        let sizes = [20, 6, 3, 2, 4];
        let labels: Vec<usize> = sizes.iter().enumerate().flat_map(|(g, n)| std::iter::repeat_n(g, *n)).collect();
        let families = Clusters::new(&labels);
        let draws = 2_000;
        let mut rejected = 0;
        for draw in 0..draws {
            let mut stream = Seed(3).stream("within families", draw);
            let x: Vec<f64> = labels.iter().map(|_| stream.normal()).collect();
            let level: Vec<f64> = sizes.iter().map(|_| stream.normal()).collect();
            let y: Vec<f64> = labels.iter().map(|g| level[*g] + stream.normal()).collect();
            let sample = Sample::new(&x, &y)?.with_families(&families)?;
            rejected += u64::from(WithinFamilies::of(&sample).expect("five families").p_value <= 0.05);
        }
        // At most 100 are expected, with a standard deviation of 9.7; of a test that never rejects none would come.
        assert!((20..=130).contains(&rejected), "{rejected}");
        Ok(())
    }
}
