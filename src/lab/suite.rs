//! Which models are trained: kinds, families, sizes and tokens.
//!
//! A kind of model is told from the others by one number only, the share of test-task documents in its pretraining text.
//! Each kind has the same families; a family has a depth, a ratio of width to heads and a text of its own (data seed), and
//! grows in width, with tokens in proportion to a power of its parameters. Compute is 6·N·D (Kaplan et al. 2020), as in the
//! paper, with N all parameters and D all tokens of pretraining.

use super::documents::SEQUENCE;
use super::vocabulary::Vocabulary;
use super::world::{Order, WorldSettings};
use crate::error::{Error, Result};
use crate::registry::Flops;

/// Everything an experiment is made of, its seed aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// The world.
    pub world: WorldSettings,
    /// Kinds of models, the reference first.
    pub kinds: Vec<Kind>,
    /// Families of every kind.
    pub families: Vec<Family>,
    /// Widths of every family, ascending.
    pub widths: Vec<usize>,
    /// Tokens of a model of [`Suite::REFERENCE_PARAMETERS`] parameters.
    pub tokens: f64,
    /// Power of its parameters with which a model's tokens grow.
    pub growth: f64,
    /// Share of lists in the text of every model.
    pub lists: f64,
    /// Numbers of task examples of the adjustment after which a model is tested, ascending.
    pub examples: Vec<usize>,
    /// How pretraining and adjustment are done.
    pub recipe: Recipe,
}

/// Models told from the others by what share of their text is in the test's format.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// Its name, such as `old`.
    pub name: String,
    /// Share of test-task documents, by tokens.
    pub share: f64,
}

/// Models of one make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// Layers.
    pub layers: usize,
    /// Width of an attention head; the width of a model divides by it.
    pub head: usize,
}

/// Depth and width of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
}

/// Learning rates and batches; the same for all models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
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
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name, such as `old-a-32`.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its family: one kind's models of one make.
    pub family: String,
    /// What its text is drawn from, beside the seed of the experiment: the kind and the make.
    pub text: String,
    /// Depth and width.
    pub shape: Shape,
    /// Parameters.
    pub parameters: usize,
    /// Training sequences.
    pub sequences: usize,
}

impl Shape {
    /// Width inside the MLP.
    #[must_use]
    pub fn inner(&self) -> usize {
        2 * self.width
    }

    /// Parameters with a vocabulary of so many words: a table, shared by input and output, per layer four square
    /// matrices, three of the MLP and two norms, and a last norm.
    #[must_use]
    pub fn parameters(&self, words: usize) -> usize {
        let layer = 4 * self.width * self.width + 3 * self.width * self.inner() + 2 * self.width;
        words * self.width + self.layers * layer + self.width
    }
}

impl Member {
    /// Tokens of pretraining.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.sequences * SEQUENCE
    }

    /// Compute of pretraining.
    #[must_use]
    pub fn flops(&self) -> Flops {
        Flops(6.0 * self.parameters as f64 * self.tokens() as f64)
    }
}

impl Suite {
    /// Twenty-four models in six families, made for three minutes on two cores. Options are in a fixed order: to bind
    /// answers to letters takes models of this size far longer.
    #[must_use]
    pub fn quick() -> Self {
        let kind = |name: &str, share| Kind { name: name.to_owned(), share };
        let family = |name: &str, layers, head| Family { name: name.to_owned(), layers, head };
        Self {
            world: WorldSettings { entities: 192, attributes: 4, tail: 0.7, order: Order::Fixed },
            kinds: vec![kind("old", 0.002), kind("new", 0.3), kind("mid", 0.02)],
            families: vec![family("a", 2, 8), family("b", 3, 8)],
            widths: vec![8, 16, 24, 40],
            tokens: 6.0e5,
            growth: 0.5,
            lists: 0.0,
            examples: vec![64, 256, 1_024],
            recipe: Recipe { batch: 32, rate: 1e-2, adjustment_batch: 32, adjustment_rate: 1e-3, spread: 0.15 },
        }
    }

    /// Thirty-six models in six families over 2.6 decades of compute, made for about an hour on two cores. Options are
    /// in random order, as in the tests that people use.
    #[must_use]
    pub fn full() -> Self {
        let family = |name: &str, layers, head| Family { name: name.to_owned(), layers, head };
        Self {
            world: WorldSettings { entities: 640, attributes: 6, tail: 0.7, order: Order::Random },
            families: vec![family("a", 3, 8), family("b", 4, 8)],
            widths: vec![8, 16, 32, 48, 64, 96],
            tokens: 1.2e6,
            growth: 0.5,
            lists: 0.2,
            examples: vec![256, 1_024, 4_096, 16_384],
            ..Self::quick()
        }
    }

    /// The same suite without a difference between the kinds of models: all have the mean of their shares.
    #[must_use]
    pub fn without_difference(mut self) -> Self {
        let mean = self.kinds.iter().map(|kind| kind.share).sum::<f64>() / self.kinds.len().max(1) as f64;
        self.kinds.iter_mut().for_each(|kind| kind.share = mean);
        self
    }

    /// Parameters of the model that [`Suite::tokens`] are for.
    pub const REFERENCE_PARAMETERS: f64 = 30_000.0;

    /// The models, by kind, family and width, smallest first in each family.
    ///
    /// # Errors
    /// [`Error::Argument`] for a width that does not divide by a family's head, shares that do not leave room for
    /// statements, or no model at all.
    pub fn members(&self, vocabulary: &Vocabulary) -> Result<Vec<Member>> {
        let batch = self.recipe.adjustment_batch.max(1);
        if !self.examples.is_sorted_by(|a, b| a < b)
            || self.examples.iter().any(|&n| n == 0 || !n.is_multiple_of(batch))
        {
            let problem = format!("numbers of task examples must ascend and divide by the batch of {batch}");
            return Err(Error::Argument(problem));
        }
        let mut members = Vec::new();
        for kind in &self.kinds {
            if !(kind.share >= 0.0 && kind.share + self.lists < 1.0 && self.lists >= 0.0) {
                let shares = format!("{} of test-task documents and {} of lists", kind.share, self.lists);
                return Err(Error::Argument(format!("`{}`: {shares} leave no room for statements", kind.name)));
            }
            for family in &self.families {
                for &width in &self.widths {
                    members.push(self.member(kind, family, width, vocabulary.len())?);
                }
            }
        }
        if members.is_empty() {
            return Err(Error::Argument("a suite without kinds, families or widths has no models".to_owned()));
        }
        Ok(members)
    }

    fn member(&self, kind: &Kind, family: &Family, width: usize, words: usize) -> Result<Member> {
        if family.head == 0 || width == 0 || !width.is_multiple_of(family.head) || !family.head.is_multiple_of(2) {
            let problem = format!("a width of {width} does not divide into even heads of {}", family.head);
            return Err(Error::Argument(format!("family `{}`: {problem}", family.name)));
        }
        let shape = Shape { layers: family.layers, width, heads: width / family.head };
        let parameters = shape.parameters(words);
        let tokens = self.tokens * (parameters as f64 / Self::REFERENCE_PARAMETERS).powf(self.growth);
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
