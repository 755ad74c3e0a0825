//! The simplex of Nelder and Mead (1965, "A simplex method for function minimization"), for few numbers and an objective with
//! kinks, which methods with slopes get stuck at.

/// Where a search ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct End<const N: usize> {
    pub(super) place: [f64; N],
    pub(super) value: f64,
}

/// Goes downhill from `start`. The first corners lie `step` away; a number with step 0 is held. Stops when the corners differ
/// by less than `TOLD` of the value, or after so many evaluations.
pub(super) fn descend<const N: usize>(
    objective: impl Fn(&[f64; N]) -> f64,
    start: [f64; N],
    step: [f64; N],
    evaluations: usize,
) -> End<N> {
    let at = |place: [f64; N]| End { place, value: objective(&place) };
    let mut corners = vec![at(start)];
    for k in (0..N).filter(|&k| step[k] != 0.0) {
        let mut place = start;
        place[k] += step[k];
        corners.push(at(place));
    }
    let dimensions = corners.len() - 1;
    let mut spent = corners.len();
    if dimensions == 0 {
        return corners[0];
    }
    loop {
        corners.sort_by(|a, b| a.value.total_cmp(&b.value));
        let (best, worst) = (corners[0], corners[dimensions]);
        if spent >= evaluations || worst.value - best.value <= TOLD * best.value.abs() {
            return best;
        }
        let middle: [f64; N] = std::array::from_fn(|k| {
            corners[..dimensions].iter().map(|corner| corner.place[k]).sum::<f64>() / dimensions as f64
        });
        let beyond = |t: f64| at(std::array::from_fn(|k| middle[k] + t * (worst.place[k] - middle[k])));
        let mirrored = beyond(-1.0);
        spent += 1;
        let next = if mirrored.value < best.value {
            spent += 1;
            let further = beyond(-2.0);
            Some(if further.value < mirrored.value { further } else { mirrored })
        } else if mirrored.value < corners[dimensions - 1].value {
            Some(mirrored)
        } else {
            spent += 1;
            let (inner, limit) =
                if mirrored.value < worst.value { (beyond(-0.5), mirrored.value) } else { (beyond(0.5), worst.value) };
            Some(inner).filter(|inner| inner.value < limit)
        };
        match next {
            Some(next) => corners[dimensions] = next,
            None => {
                for corner in &mut corners[1..] {
                    *corner = at(std::array::from_fn(|k| 0.5 * (corner.place[k] + best.place[k])));
                }
                spent += dimensions;
            }
        }
    }
}

/// Relative difference of the corners that ends a search.
const TOLD: f64 = 1e-10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_a_bent_valley_and_of_a_kink_is_found_and_what_is_held_stays() {
        let valley = |p: &[f64; 3]| (1.0 - p[0]).powi(2) + 100.0 * (p[1] - p[0] * p[0]).powi(2) + 1.0;
        let mut end = descend(valley, [-1.2, 1.0, 7.0], [0.5, 0.5, 0.0], 2_000);
        end = descend(valley, end.place, [0.1, 0.1, 0.0], 2_000);
        assert!((end.place[0] - 1.0).abs() < 1e-3 && (end.place[1] - 1.0).abs() < 1e-3, "{end:?}");
        assert_eq!(end.place[2], 7.0);
        let kink =
            descend(|p: &[f64; 2]| (p[0] - 3.0).abs() + 2.0 * (p[1] + 1.0).abs() + 1.0, [0.0; 2], [1.0; 2], 2_000);
        assert!((kink.place[0] - 3.0).abs() < 1e-6 && (kink.place[1] + 1.0).abs() < 1e-6, "{kink:?}");
    }
}
