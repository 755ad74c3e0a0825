//! A model in this process that answers requests.
//!
//! What several prompts begin with is read once and its keys and values are shared; a continuation of one token needs no
//! reading beyond its context; only scored positions meet the vocabulary. See `plan.rs` for the order of the work.
//!
//! ```
//! use onset::harness::request::{Request, Respond, Response};
//! use onset::harness::runner::{Encoder, Limits, LocalModel};
//! use onset::lm::{LoadedModel, Placement};
//!
//! # fn ask(folder: &std::path::Path) -> onset::Result<()> {
//! let model = LoadedModel::load(folder, &Placement::default())?;
//! let Some(tokenizer) = &model.tokenizer else { return Ok(()) };
//! let encoder = Encoder::new(tokenizer, model.decoder.config().context)?;
//! let mut local = LocalModel::new(&model.decoder, tokenizer, encoder, Limits::default());
//! let requests = [Request::LogLikelihood { context: "The sky is".into(), continuation: " blue".into() }];
//! local.respond(&requests, &mut |_, response| {
//!     let Response::LogLikelihood { value, greedy } = response else { return Ok(()) };
//!     assert!(value <= 0.0);
//! #   let _ = greedy;
//!     Ok(())
//! })
//! # }
//! ```

use std::sync::atomic::{AtomicBool, Ordering};

use super::draw::{Drawing, SamplingDefaults};
use super::encode::Encoder;
use super::limits::Limits;
use super::plan::{Asked, Batch, Plan};
use super::write::{Text, Writing};
use crate::error::{Error, Result};
use crate::harness::request::{Request, Respond, Response};
use crate::lm::{LanguageModel, Passage, Query, QueryAnswer, Tokenizer};

/// A model with its tokenizer.
#[derive(Debug)]
pub struct LocalModel<'a, M: LanguageModel> {
    model: &'a M,
    tokenizer: &'a Tokenizer,
    encoder: Encoder<'a>,
    limits: Limits,
    ends: Vec<u32>,
    sampling: SamplingDefaults,
    stop: Option<&'a AtomicBool>,
}

impl<'a, M: LanguageModel> LocalModel<'a, M> {
    /// A model, its tokenizer, and how the two are to be used.
    #[must_use]
    pub fn new(model: &'a M, tokenizer: &'a Tokenizer, encoder: Encoder<'a>, limits: Limits) -> Self {
        let limits = Limits {
            tokens: limits.tokens.max(1),
            sequences: limits.sequences.max(1),
            remembered: limits.remembered.max(1),
        };
        let (ends, sampling) = (tokenizer.eos.into_iter().collect(), SamplingDefaults::default());
        Self { model, tokenizer, encoder, limits, ends, sampling, stop: None }
    }

    /// Tokens beside the tokenizer's end token that end a text.
    #[must_use]
    pub(crate) fn ends(mut self, ends: &[u32]) -> Self {
        self.ends.extend_from_slice(ends);
        self
    }

    /// How tokens are drawn where a request says nothing.
    #[must_use]
    pub(crate) fn sampling(mut self, defaults: SamplingDefaults) -> Self {
        self.sampling = defaults;
        self
    }

    /// Stops between two forward passes with [`Error::Interrupted`] once `stop` is true.
    #[must_use]
    pub(crate) fn stop(mut self, stop: &'a AtomicBool) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Answers those requests that are not `known`, as [`Respond::respond`] would have if it had come that far: the
    /// batches are those of all requests, and each that is not known in full is computed in full.
    ///
    /// # Errors
    /// [`Error::Request`] with the index of a request that cannot be put to the model; those of the model and of `done`.
    pub(crate) fn resume(
        &self,
        requests: &[Request],
        known: &[bool],
        done: &mut dyn FnMut(usize, Response) -> Result<()>,
    ) -> Result<()> {
        if known.len() == requests.len() && known.iter().all(|&known| known) {
            return Ok(());
        }
        let plan = Plan::new(self.encoder.encode(requests)?, &self.limits);
        let mut sums: Vec<Sum> = (0..requests.len())
            .map(|request| Sum { known: known.get(request).copied().unwrap_or(false), ..Sum::default() })
            .collect();
        for score in plan.asked.iter().flat_map(|asked| &asked.scores) {
            sums[score.request].open += 1;
        }
        for (request, sum) in sums.iter_mut().enumerate().filter(|(_, sum)| sum.open == 0 && !sum.known) {
            // A text without tokens has no windows.
            if let Request::Rolling { .. } = requests[request] {
                done(request, Response::Rolling(0.0))?;
                sum.known = true;
            }
        }
        let caches = (0..plan.nodes()).map(|_| None).collect();
        let mut run = Run { local: self, plan: &plan, requests, caches, sums, texts: Vec::new(), done };
        for batch in &plan.batches {
            if batch.requests.iter().any(|&request| !run.sums[request].known) {
                run.batch(batch)?;
            }
            for &stem in &batch.finished {
                run.caches[stem] = None;
            }
        }
        Ok(())
    }

    /// Tokens that the model reads to answer `requests`, those that it writes aside.
    ///
    /// # Errors
    /// [`Error::Request`] as for `LocalModel::resume`.
    pub fn tokens_to_read(&self, requests: &[Request]) -> Result<usize> {
        Ok(Plan::new(self.encoder.encode(requests)?, &self.limits).size())
    }
}

impl<M: LanguageModel> Respond for LocalModel<'_, M> {
    fn respond(&mut self, requests: &[Request], done: &mut dyn FnMut(usize, Response) -> Result<()>) -> Result<()> {
        Self::resume(self, requests, &[], done)
    }

    fn resume(
        &mut self,
        requests: &[Request],
        known: &[bool],
        done: &mut dyn FnMut(usize, Response) -> Result<()>,
    ) -> Result<()> {
        Self::resume(self, requests, known, done)
    }
}

/// What is known of a continuation so far.
#[derive(Debug, Default)]
struct Sum {
    known: bool,
    /// Tokens still to come.
    open: usize,
    value: f64,
    unlikely: bool,
}

/// One pass through a plan.
struct Run<'r, 'a, M: LanguageModel> {
    local: &'r LocalModel<'a, M>,
    plan: &'r Plan,
    requests: &'r [Request],
    /// Of nodes that something continues.
    caches: Vec<Option<M::Cache>>,
    sums: Vec<Sum>,
    /// Texts of the batch in hand that are to be written.
    texts: Vec<Text<M::Cache>>,
    done: &'r mut dyn FnMut(usize, Response) -> Result<()>,
}

impl<M: LanguageModel> Run<'_, '_, M> {
    fn batch(&mut self, batch: &Batch) -> Result<()> {
        let plan = self.plan;
        for &stem in &batch.stems {
            self.stem(stem)?;
        }
        let (mut above, mut level) = (Vec::new(), batch.units.clone());
        while !level.is_empty() {
            for nodes in self.passes(&level) {
                self.read(nodes)?;
            }
            // Those below hold what they need of them.
            for node in above {
                self.caches[node] = None;
            }
            let below = level.iter().flat_map(|&node| plan.children(node)).copied().collect();
            above = std::mem::replace(&mut level, below);
        }
        // A stem that was read for a later batch alone may hold a text of an earlier one, which is known.
        let mut texts = std::mem::take(&mut self.texts);
        texts.retain(|text| batch.requests.binary_search(&text.request).is_ok());
        let Self { local, sums, done, .. } = self;
        let writing = Writing {
            model: local.model,
            tokenizer: local.tokenizer,
            ends: &local.ends,
            tokens: local.limits.tokens,
            check: &|| local.check(),
        };
        writing.write(texts, &mut |request, text| match sums[request].known {
            true => Ok(()),
            false => done(request, Response::Generated(text)),
        })
    }

    /// Reads a stem, and those above it, unless it is remembered.
    fn stem(&mut self, stem: usize) -> Result<()> {
        if self.caches[stem].is_none() {
            self.read(&[stem])?;
        }
        Ok(())
    }

    /// Nodes of one level, as many at a time as one forward pass may hold.
    fn passes<'n>(&self, level: &'n [usize]) -> Vec<&'n [usize]> {
        let (mut passes, mut start, mut tokens) = (Vec::new(), 0, 0);
        for (at, &node) in level.iter().enumerate() {
            let more = self.plan.tokens(node).len();
            if at > start && tokens + more > self.local.limits.tokens {
                passes.push(&level[start..at]);
                (start, tokens) = (at, 0);
            }
            tokens += more;
        }
        passes.push(&level[start..]);
        passes
    }

    /// Reads nodes in one forward pass; one that is too long for it in several.
    fn read(&mut self, nodes: &[usize]) -> Result<()> {
        self.local.check()?;
        let plan = self.plan;
        let mut caches = Vec::with_capacity(nodes.len());
        for &node in nodes {
            caches.push(self.past(node)?);
        }
        let model = self.local.model;
        let answers = if let [node] = nodes {
            let (tokens, asked) = (plan.tokens(*node), &plan.asked[*node]);
            let step = self.local.limits.tokens;
            if tokens.len() > step && caches[0].is_none() {
                caches[0] = Some(model.cache());
            }
            let mut all = Vec::with_capacity(asked.questions.len());
            for (start, tokens) in (0..).step_by(step).zip(tokens.chunks(step)) {
                self.local.check()?;
                let here = asked.questions.iter().filter(|q| (start..start + tokens.len()).contains(&q.after));
                let questions: Vec<Query> =
                    here.map(|question| Query { after: question.after - start, ..question.clone() }).collect();
                let reading = Passage { tokens, cache: caches[0].as_mut(), questions: &questions };
                all.extend(model.read(&mut [reading])?.into_iter().flatten());
            }
            vec![all]
        } else {
            let readings = nodes.iter().zip(&mut caches).map(|(&node, cache)| Passage {
                tokens: plan.tokens(node),
                cache: cache.as_mut(),
                questions: &plan.asked[node].questions,
            });
            model.read(&mut readings.collect::<Vec<_>>())?
        };
        for ((&node, answers), cache) in nodes.iter().zip(&answers).zip(caches) {
            self.settle(node, answers, cache)?;
        }
        Ok(())
    }

    /// What a node continues, for it to be added; nothing where it starts a sequence and nobody continues it.
    fn past(&mut self, node: usize) -> Result<Option<M::Cache>> {
        let model = self.local.model;
        let Some(parent) = self.plan.parent(node) else {
            let ends_here = self.plan.children(node).is_empty() && self.plan.asked[node].writes.is_empty();
            return Ok((!ends_here).then(|| model.cache()));
        };
        self.stem(parent)?;
        Ok(self.caches[parent].as_ref().map(|cache| model.fork(cache)))
    }

    /// Takes note of what was answered at a node.
    fn settle(&mut self, node: usize, answers: &[QueryAnswer], cache: Option<M::Cache>) -> Result<()> {
        let Asked { questions, scores, writes } = &self.plan.asked[node];
        for score in scores {
            let (answer, token) = (&answers[score.question], questions[score.question].tokens[score.token]);
            let sum = &mut self.sums[score.request];
            sum.value += f64::from(answer.log_probabilities[score.token]);
            sum.unlikely |= answer.best != token;
            sum.open -= 1;
            if sum.open == 0 && !sum.known {
                let answer = match self.requests[score.request] {
                    Request::Rolling { .. } => Response::Rolling(sum.value),
                    Request::LogLikelihood { .. } | Request::Generate { .. } | Request::Sample { .. } => {
                        Response::LogLikelihood { value: sum.value, greedy: !sum.unlikely }
                    }
                };
                (self.done)(score.request, answer)?;
            }
        }
        let Some(cache) = cache else { return Ok(()) };
        let model = self.local.model;
        for write in writes {
            let mut cache = model.fork(&cache);
            model.rewind(&mut cache, self.plan.from(node) + questions[write.question].after + 1)?;
            let until = match &self.requests[write.request] {
                Request::Generate { until, .. } | Request::Sample { until, .. } => until.clone(),
                Request::LogLikelihood { .. } | Request::Rolling { .. } => Vec::new(),
            };
            let answer = &answers[write.question];
            let drawing = match &self.requests[write.request] {
                Request::Sample { context, how, .. } => Some(Drawing::new(how, context, &self.local.sampling)),
                _ => None,
            };
            self.texts.push(Text::new(write.request, cache, answer, until, write.most, drawing));
        }
        if !self.plan.children(node).is_empty() {
            self.caches[node] = Some(cache);
        }
        Ok(())
    }
}

impl<M: LanguageModel> LocalModel<'_, M> {
    fn check(&self) -> Result<()> {
        match self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }
}
