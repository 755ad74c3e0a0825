//! Bits per byte of text against scores: does the loss tell what benchmarks tell, before and after?

use super::agreement::{nesting, resampling, shown, three_digits, undefined};
use super::data::{TableBenchmark, Tables, Tuning};
use super::number::{Against, Corpus, Found, Printable, Subject};
use crate::analysis::Phase;
use crate::analysis::papers::test_task::Conclusion;
use crate::error::{Error, Result};
use crate::stats::concordance::RankedTable;
use crate::stats::nested::Nesting;
use crate::stats::pair_matrix::PairMatrix;
use crate::stats::principal::drawn_correlations;
use crate::stats::rank::pearson;

/// Corpora against benchmarks for some models.
pub(super) struct Losses {
    pub(super) against: Against,
    /// Corpora first, then benchmarks.
    columns: Vec<Vec<f64>>,
    corpora: usize,
    pub(super) tau: PairMatrix,
    nesting: Nesting,
}

impl Losses {
    pub(super) fn of(tables: &Tables, against: Against) -> Result<Self> {
        let [before, after] = Phase::BOTH;
        let (first, second) = match against {
            Against::Before => (before, before),
            Against::After => (after, after),
            Against::AcrossBase | Against::AcrossChat => (before, after),
        };
        let wanted = match against {
            Against::Before | Against::After => None,
            Against::AcrossBase => Some(Tuning::Base),
            Against::AcrossChat => Some(Tuning::Chat),
        };
        let mut models = tables.with_corpora();
        models.retain(|&i| wanted.is_none_or(|tuning| tables.models[i].tuning == tuning));
        let mut columns: Vec<Vec<f64>> = tables.corpora.iter().map(|c| tables.column(c, first, &models)).collect();
        columns.extend(tables.columns(second, &models));
        let tau = RankedTable::new(&columns)?.tau();
        Ok(Self { against, corpora: tables.corpora.len(), tau, nesting: nesting(tables, &models)?, columns })
    }

    fn mean(&self, matrix: &PairMatrix) -> Option<f64> {
        let (here, there): (Vec<usize>, Vec<usize>) =
            ((0..self.corpora).collect(), (self.corpora..self.columns.len()).collect());
        matrix.mean_between(&here, &there)
    }

    pub(super) fn numbers(&self) -> Result<[Found; 2]> {
        let table = RankedTable::new(&self.columns)?;
        let drawn = resampling().estimates(&self.nesting, |drawn| {
            let tau = table.tau_of(drawn).ok().and_then(|tau| self.mean(&tau));
            let r = drawn_correlations(&self.columns, drawn).and_then(|r| self.mean(&r));
            vec![tau.unwrap_or(f64::NAN), r.unwrap_or(f64::NAN)]
        });
        let exact = [self.tau.clone(), PairMatrix::of(&self.columns, pearson)?];
        let (models, makers) = (self.nesting.outer().len(), self.nesting.outer().count());
        let found = |k: usize, quantity| -> Result<Found> {
            let corrected = drawn.get(k).cloned().ok_or_else(undefined)?;
            let above = corrected.interval.low > Some(0.0);
            Ok(Found {
                subject: Subject::Perplexity(self.against),
                quantity,
                value: self.mean(&exact[k]).ok_or_else(undefined)?,
                rounded: self.mean(&exact[k].clone().map(three_digits)),
                conclusion: Some(if above { Conclusion::Stands } else { Conclusion::Changes }),
                why: "Models by Google have no perplexity in the published file.".to_owned(),
                corrected,
                models,
                makers,
            })
        };
        Ok([found(0, Printable::MeanTau)?, found(1, Printable::MeanPearson)?])
    }
}

pub(super) fn corpus(tables: &Tables, corpus: Corpus) -> Result<&TableBenchmark> {
    let found = tables.corpora.iter().find(|c| c.id == corpus.id());
    found.ok_or_else(|| Error::Undetermined(format!("the tables have no corpus {}", corpus.id())))
}

/// Perplexity before with perplexity after of one corpus.
pub(super) fn own(tables: &Tables, which: Corpus) -> Result<[Found; 2]> {
    let corpus = corpus(tables, which)?;
    let models = tables.with_corpora();
    let columns = Phase::BOTH.map(|phase| tables.column(corpus, phase, &models)).to_vec();
    let nesting = nesting(tables, &models)?;
    let table = RankedTable::new(&columns)?;
    let drawn = resampling().estimates(&nesting, |drawn| {
        let tau = table.tau_of(drawn).ok().and_then(|tau| tau.get(0, 1));
        let r = drawn_correlations(&columns, drawn).and_then(|r| r.get(0, 1));
        vec![tau.unwrap_or(f64::NAN), r.unwrap_or(f64::NAN)]
    });
    let exact = [table.tau().get(0, 1), pearson(&columns[0], &columns[1])?.value];
    let found = |k: usize, quantity| -> Result<Found> {
        let corrected = drawn.get(k).cloned().ok_or_else(undefined)?;
        Ok(Found {
            subject: Subject::Corpus(which),
            quantity,
            value: exact[k].ok_or_else(undefined)?,
            rounded: None,
            why: format!("Interval by resampling makers: {}.", shown(&corrected)),
            conclusion: Some(if corrected.interval.low > Some(0.0) { Conclusion::Stands } else { Conclusion::Changes }),
            corrected,
            models: models.len(),
            makers: nesting.outer().count(),
        })
    };
    Ok([found(0, Printable::Tau)?, found(1, Printable::Pearson)?])
}
