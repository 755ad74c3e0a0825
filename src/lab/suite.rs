//! Which models are trained: kinds, families, sizes and tokens.
//!
//! Kinds of models differ in one number only, the share of test-task documents in its pretraining text.
//! Kinds have the same families, some fewer of them; a family has a depth, a ratio of width to heads and a text of its own
//! (data seed), and grows in width, with tokens in proportion to a power of its parameters. Compute is 6·N·D (Kaplan et al. 2020), as in the
//! paper, with N all parameters and D all tokens of pretraining.

use serde::{Deserialize, Serialize};

use super::documents::SEQUENCE;
use super::shape::ModelShape;
use super::vocabulary::Vocabulary;
use super::world::{Order, WorldSettings};
use crate::error::{Error, Result};
use crate::registry::Flops;
use crate::stats::random::{Seed, Stream};

/// Everything an experiment is made of, its seed aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Suite {
    /// The world.
    pub world: WorldSettings,
    /// Kinds of models, the reference first.
    pub kinds: Vec<ModelKind>,
    /// Families; a kind has some that follow each other.
    pub families: Vec<Family>,
    /// Tokens of a model of `REFERENCE_PARAMETERS` parameters.
    pub tokens: f64,
    /// Power of its parameters with which a model's tokens grow.
    pub growth: f64,
    /// Share of the text of every model that is not statements about the whole world: questions, as many as its kind has,
    /// else statements of familiar facts.
    pub rest: f64,
    /// Numbers of task examples of the adjustment after which a model is tested, ascending.
    pub examples: Vec<usize>,
    /// How pretraining and adjustment are done.
    pub recipe: LabRecipe,
}

/// Models told from the others by what share of their text is in the test's format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelKind {
    /// Its name, such as `old`.
    pub name: String,
    /// Share of test-task documents, by tokens.
    pub share: f64,
    /// The place of its first family in the suite's.
    pub first: usize,
    /// How many of the suite's families it has, from the first on.
    pub families: usize,
}

/// Models of one make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Family {
    /// Its name.
    pub name: String,
    /// Layers.
    pub layers: usize,
    /// Width of an attention head; the width of a model divides by it.
    pub head: usize,
    /// Widths of its models, ascending.
    pub widths: Vec<usize>,
    /// How many times the tokens that a model of its size gets.
    pub tokens: f64,
}

/// Learning rates and batches; the same for all models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct LabRecipe {
    /// Sequences per step of pretraining.
    pub batch: usize,
    /// Peak learning rate of pretraining at width 32; it falls with the square root of the width.
    pub rate: f64,
    /// Examples per step of the adjustment.
    pub adjustment_batch: usize,
    /// Peak learning rate of the adjustment at width 32.
    pub adjustment_rate: f64,
    /// Spread of the weights before training.
    pub spread: f64,
}

/// One model to be trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// Its name, such as `old-a-32`.
    pub name: String,
    /// Its kind.
    pub kind: ModelKind,
    /// Its family: one kind's models of one make.
    pub family: String,
    /// What its text is drawn from, beside the seed of the experiment: the kind and the make.
    pub text: String,
    /// Depth and width.
    pub shape: ModelShape,
    /// Parameters.
    pub parameters: usize,
    /// Training sequences.
    pub sequences: usize,
}

impl ModelKind {
    fn new(name: &str, share: f64, families: usize) -> Self {
        Self { name: name.to_owned(), share, first: 0, families }
    }
}

impl Family {
    fn new(name: &str, layers: usize, head: usize, widths: &[usize]) -> Self {
        Self { name: name.to_owned(), layers, head, widths: widths.to_vec(), tokens: 1.0 }
    }
}

impl Member {
    /// Tokens of pretraining.
    #[must_use]
    pub(crate) fn tokens(&self) -> usize {
        self.sequences * SEQUENCE
    }

    /// Compute of pretraining.
    #[must_use]
    pub(crate) fn flops(&self) -> Flops {
        Flops::of_training(self.parameters as f64, self.tokens() as f64)
    }
}

/// So many of the ascending widths, none twice, ascending.
fn drawn_widths(mut left: Vec<usize>, count: usize, stream: &mut Stream) -> Vec<usize> {
    let mut drawn = Vec::new();
    while drawn.len() < count
        && let (Some(&least), Some(&most)) = (left.first(), left.last())
    {
        // As often from 8 to 16 as from 16 to 32, as sizes of models are.
        let at = least as f64 * (most as f64 / least as f64).powf(stream.uniform());
        let far = |place: usize| (left[place] as f64 / at).ln().abs();
        let nearest = (0..left.len()).min_by(|a, b| far(*a).total_cmp(&far(*b))).unwrap_or_default();
        drawn.push(left.remove(nearest));
    }
    drawn.sort_unstable();
    drawn
}

impl Suite {
    /// Forty models in ten families, made for three minutes on two cores.
    #[must_use]
    pub(crate) fn quick() -> Self {
        Self {
            world: WorldSettings { entities: 256, attributes: 4, tail: 1.0, order: Order::Fixed },
            kinds: vec![ModelKind::new("old", 0.002, 4), ModelKind::new("new", 0.1, 4), ModelKind::new("mid", 0.02, 2)],
            families: vec![
                Family::new("a", 2, 8, &[8, 16, 24, 40]),
                Family::new("b", 2, 4, &[8, 12, 20, 36]),
                Family::new("c", 3, 8, &[8, 16, 24, 32]),
                Family::new("d", 2, 8, &[8, 16, 32, 48]),
            ],
            tokens: 4.5e5,
            growth: 0.75,
            rest: 0.1,
            examples: vec![64, 256, 1_024, 4_096],
            recipe: LabRecipe { batch: 16, rate: 1e-2, adjustment_batch: 32, adjustment_rate: 5e-4, spread: 0.15 },
        }
    }

    /// Ninety-eight models in twenty families over 2.5 decades of compute, made for less than an hour on two cores.
    #[must_use]
    pub(crate) fn full() -> Self {
        Self {
            world: WorldSettings { entities: 512, attributes: 4, tail: 1.0, order: Order::Fixed },
            kinds: vec![
                ModelKind::new("old", 0.002, 6),
                ModelKind::new("new", 0.1, 6),
                ModelKind::new("some", 0.01, 4),
                ModelKind::new("more", 0.03, 4),
            ],
            families: vec![
                Family::new("a", 2, 8, &[8, 16, 24, 40, 64]),
                Family::new("b", 2, 4, &[8, 12, 20, 36, 60]),
                Family::new("c", 3, 8, &[8, 16, 24, 40, 56]),
                Family::new("d", 2, 8, &[8, 16, 32, 48, 72]),
                Family::new("e", 2, 16, &[16, 32, 48, 64]),
                Family::new("f", 3, 4, &[8, 16, 28, 44, 60]),
            ],
            tokens: 5.0e5,
            growth: 0.8,
            ..Self::quick()
        }
    }

    /// Sixteen small models in eight families, made in a fraction of a minute: what is true of intervals shows only in many
    /// worlds. The share of the new kind is larger than elsewhere, since so small models need many questions.
    #[must_use]
    pub(crate) fn tiny() -> Self {
        Self {
            world: WorldSettings { entities: 128, attributes: 4, tail: 1.0, order: Order::Fixed },
            kinds: vec![ModelKind::new("old", 0.002, 4), ModelKind::new("new", 0.3, 4)],
            families: vec![
                Family::new("a", 2, 8, &[8, 16]),
                Family::new("b", 2, 4, &[12, 20]),
                Family::new("c", 3, 8, &[8, 16]),
                Family::new("d", 2, 4, &[8, 20]),
            ],
            tokens: 7.0e5,
            growth: 0.5,
            rest: 0.3,
            examples: vec![1_024],
            ..Self::quick()
        }
    }

    /// The same suite without a difference between the kinds of models: all have the mean of their shares.
    #[must_use]
    pub(crate) fn without_difference(mut self) -> Self {
        let mean = self.kinds.iter().map(|kind| kind.share).sum::<f64>() / self.kinds.len().max(1) as f64;
        self.kinds.iter_mut().for_each(|kind| kind.share = mean);
        self
    }

    /// The same kinds of models, where every family of every kind has a make of its own, drawn from `seed`: depth, heads,
    /// as many widths within the suite's range, and tokens from two thirds to three halves of what a model of its size
    /// gets. This is how an analysis that draws families takes them; where kinds share their makes, and all worlds have
    /// the same, differences scatter less than its intervals say.
    #[must_use]
    pub(crate) fn with_drawn_makes(mut self, seed: Seed) -> Self {
        let all = || self.families.iter().flat_map(|family| &family.widths).copied();
        let (least, most) = (all().min().unwrap_or_default(), all().max().unwrap_or_default());
        let mut stream = seed.stream("lab makes", 0);
        let mut families = Vec::new();
        for kind in &mut self.kinds {
            let models = self.families.iter().skip(kind.first).take(kind.families);
            let models: Vec<usize> = models.map(|family| family.widths.len()).collect();
            kind.first = families.len();
            for models in models {
                let (layers, head) = ([2, 3][stream.below(2)], [4, 8][stream.below(2)]);
                let all = (least..=most).filter(|width| width.is_multiple_of(head)).collect();
                let widths = drawn_widths(all, models, &mut stream);
                let tokens = 1.5_f64.powf(2.0 * stream.uniform() - 1.0);
                let name = (families.len() + 1).to_string();
                families.push(Family { name, layers, head, widths, tokens });
            }
        }
        self.families = families;
        self
    }

    /// Parameters of the model that [`Suite::tokens`] are for.
    pub(crate) const REFERENCE_PARAMETERS: f64 = 30_000.0;

    /// The models, by kind, family and width, smallest first in each family.
    ///
    /// # Errors
    /// [`Error::Argument`] for a width that does not divide by a family's head, shares that do not leave room for
    /// statements, or no model at all.
    pub(crate) fn members(&self, vocabulary: &Vocabulary) -> Result<Vec<Member>> {
        let batch = self.recipe.adjustment_batch.max(1);
        if !self.examples.is_sorted_by(|a, b| a < b)
            || self.examples.iter().any(|&n| n == 0 || !n.is_multiple_of(batch))
        {
            let problem = format!("numbers of task examples must ascend and divide by the batch of {batch}");
            return Err(Error::Argument(problem));
        }
        let mut members = Vec::new();
        for kind in &self.kinds {
            if !(kind.share >= 0.0 && kind.share <= self.rest && self.rest < 1.0) {
                let problem = format!("{} of test-task documents do not fit in {} of the text", kind.share, self.rest);
                return Err(Error::Argument(format!("`{}`: {problem}, or leave no room for statements", kind.name)));
            }
            for family in self.families.iter().skip(kind.first).take(kind.families) {
                for &width in &family.widths {
                    members.push(self.member(kind, family, width, vocabulary.len())?);
                }
            }
        }
        if members.is_empty() {
            return Err(Error::Argument("a suite without kinds, families or widths has no models".to_owned()));
        }
        Ok(members)
    }

    fn member(&self, kind: &ModelKind, family: &Family, width: usize, words: usize) -> Result<Member> {
        if family.head == 0 || width == 0 || !width.is_multiple_of(family.head) || !family.head.is_multiple_of(2) {
            let problem = format!("a width of {width} does not divide into even heads of {}", family.head);
            return Err(Error::Argument(format!("family `{}`: {problem}", family.name)));
        }
        let shape = ModelShape { layers: family.layers, width, heads: width / family.head };
        let parameters = shape.parameters(words);
        let tokens = self.tokens * family.tokens * (parameters as f64 / Self::REFERENCE_PARAMETERS).powf(self.growth);
        // Whole batches: the last step of a run is no smaller than the others.
        let steps = (tokens / (SEQUENCE * self.recipe.batch) as f64).round().max(1.0) as usize;
        Ok(Member {
            name: format!("{}-{}-{width}", kind.name, family.name),
            kind: kind.clone(),
            family: format!("{}-{}", kind.name, family.name),
            text: format!("{} {}", kind.name, family.name),
            shape,
            parameters,
            sequences: steps * self.recipe.batch,
        })
    }
}
