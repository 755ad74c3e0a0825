//! Which sequences each step sees: a function of the settings and the step alone, so a run resumes anywhere.

use super::sequence::Sequence;
use super::settings::{Length, TrainSettings};
use crate::stats::random::Seed;

/// The plan of a run over `count` sequences.
#[derive(Debug)]
pub(super) struct Order {
    count: usize,
    batch: usize,
    seed: Seed,
    shuffle: bool,
    /// Optimiser steps of the run.
    pub steps: usize,
    /// The epoch last asked for, and its order.
    current: Option<(usize, Vec<usize>)>,
}

impl Order {
    pub(crate) fn new(settings: &TrainSettings, count: usize) -> Self {
        let batch = settings.batch.min(count.max(1));
        let steps = match settings.length {
            Length::Steps(steps) => steps,
            Length::Epochs(epochs) => epochs.saturating_mul(count.div_ceil(batch)),
        };
        Self { count, batch, seed: Seed(settings.seed), shuffle: settings.shuffle, steps, current: None }
    }

    /// The sequences of step `step`. The last step of an epoch has what is left.
    pub(crate) fn step(&mut self, step: usize) -> Vec<usize> {
        let per_epoch = self.count.div_ceil(self.batch).max(1);
        let (epoch, within) = (step / per_epoch, step % per_epoch);
        if self.current.as_ref().is_none_or(|(held, _)| *held != epoch) {
            let mut order: Vec<usize> = (0..self.count).collect();
            if self.shuffle {
                self.seed.stream("order of training data", epoch as u64).shuffle(&mut order);
            }
            self.current = Some((epoch, order));
        }
        let order = self.current.as_ref().map_or(&[][..], |(_, order)| order);
        order.iter().skip(within * self.batch).take(self.batch).copied().collect()
    }

    /// Sequences seen before step `step`.
    pub(crate) fn seen_before(&self, step: usize) -> usize {
        let per_epoch = self.count.div_ceil(self.batch).max(1);
        step / per_epoch * self.count + (step % per_epoch * self.batch).min(self.count)
    }
}

/// The passes of one step: places in `batch`, shortest sequences first, at most `budget` tokens each unless one sequence
/// alone has more. Sequences of a pass are about equally long.
pub(super) fn passes(batch: &[&Sequence], budget: usize) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..batch.len()).collect();
    places.sort_by_key(|&place| batch[place].tokens.len());
    let mut passes: Vec<Vec<usize>> = Vec::new();
    let mut tokens = 0;
    for place in places {
        let length = batch[place].tokens.len();
        match passes.last_mut() {
            Some(pass) if tokens + length <= budget => {
                pass.push(place);
                tokens += length;
            }
            _ => {
                passes.push(vec![place]);
                tokens = length;
            }
        }
    }
    passes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_every_sequence_once_and_the_next_has_another_order() {
        let settings = TrainSettings { batch: 4, length: Length::Epochs(2), ..TrainSettings::default() };
        let mut order = Order::new(&settings, 10);
        assert_eq!(order.steps, 6);
        let epochs: Vec<Vec<usize>> =
            [0, 3].map(|first| (first..first + 3).flat_map(|step| order.step(step)).collect()).into();
        assert_ne!(epochs[0], epochs[1]);
        for mut epoch in epochs {
            epoch.sort_unstable();
            assert_eq!(epoch, (0..10).collect::<Vec<_>>());
        }
        assert_eq!([0, 1, 2, 3, 4].map(|step| order.seen_before(step)), [0, 4, 8, 10, 14]);
    }

    #[test]
    fn the_order_of_a_step_does_not_depend_on_the_steps_asked_for_before() {
        let settings = TrainSettings { batch: 3, length: Length::Steps(9), ..TrainSettings::default() };
        let mut all = Order::new(&settings, 7);
        let steps: Vec<_> = (0..9).map(|step| all.step(step)).collect();
        assert_eq!(Order::new(&settings, 7).step(7), steps[7]);
    }

    #[test]
    fn passes_hold_what_fits_and_lose_nothing() {
        let sequences: Vec<Sequence> = [5, 90, 3, 7, 4].map(|n| Sequence::packed(vec![1; n])).into();
        let batch: Vec<&Sequence> = sequences.iter().collect();
        assert_eq!(passes(&batch, 12), [vec![2, 4, 0], vec![3], vec![1]]);
    }
}
