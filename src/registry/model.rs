//! Models and their pretraining compute, C = 6·N·D FLOPs with N parameters and D training tokens
//! (Kaplan et al. 2020, section 2.1).
//!
//! ```
//! use onset::registry::Models;
//! let table = "model,family,hf_id,architecture,params,tokens,release,languages\n\
//!              toy-7b,toy,,,7000000000,2000000000000,2023-11,en+cn\n";
//! let models = Models::parse(table, "models.csv")?;
//! let toy = models.get("toy-7b").expect("the table has this row");
//! assert_eq!(toy.compute().0, 8.4e22);
//! assert!(toy.release >= "2023-11".parse()?);
//! # Ok::<(), onset::Error>(())
//! ```

use std::collections::HashMap;
use std::path::Path;

use super::columns::MODEL_COLUMNS;
use super::month::Month;
use super::names::{may_be_of_one_organisation, split_organisation};
use super::table::{DataFrame, Sheet, Table, fold};
use crate::Result;

/// Floating-point operations spent on pretraining.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Flops(pub f64);

impl Flops {
    /// Compute of training `params` parameters on `tokens` tokens, 6·N·D.
    pub(crate) fn of_training(params: f64, tokens: f64) -> Self {
        Self(6.0 * params * tokens)
    }

    /// log10 of the number of operations, the scale on which every curve of onset is fitted.
    pub(crate) fn log10(self) -> f64 {
        self.0.log10()
    }
}

/// One pretrained model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Name, as the evaluations call it.
    pub name: String,
    /// Family: models trained by the same people with the same recipe and data.
    pub family: String,
    /// Where the weights are, as `organisation/name`.
    pub hf_id: Option<String>,
    /// Architecture, as the model's `config.json` calls it.
    pub architecture: Option<String>,
    /// Number of parameters N.
    pub params: f64,
    /// Number of training tokens D.
    pub tokens: f64,
    /// Month of release.
    pub release: Month,
    /// Main languages of the training data, as codes (`en`, `cn`); may be empty when unknown.
    pub languages: Vec<String>,
}

impl Model {
    /// Pretraining compute, 6·N·D.
    pub fn compute(&self) -> Flops {
        Flops::of_training(self.params, self.tokens)
    }

    /// Whether `language` is one of the main languages of the training data.
    pub fn trained_on(&self, language: &str) -> bool {
        self.languages.iter().any(|l| l == language)
    }
}

/// What a table of models says of a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Known<'a> {
    /// It is this model's; `true` when it is written exactly so.
    As(&'a Model, bool),
    /// No model's, or that of several.
    No,
}

/// A table of models: unique names, families spelled one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Models {
    models: Vec<Model>,
    by_name: HashMap<String, usize>,
}

/// The table of models inside the program, as text: what [`known_models`] reads.
pub(crate) const KNOWN_MODELS: &str = include_str!("../../data/models.csv");

/// The models whose compute is known to onset: the 53 of arXiv 2407.07890 (data/models.csv).
///
/// # Errors
/// None, unless the program was built from a damaged table.
pub(crate) fn known_models() -> Result<Models> {
    Models::parse(KNOWN_MODELS, "data/models.csv")
}

impl Models {
    /// Reads a file with the columns [`MODEL_COLUMNS`].
    ///
    /// # Errors
    /// When the file cannot be read, or a row cannot be used: the message names file, row and column.
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_table(&Table::read(path, MODEL_COLUMNS)?)
    }

    /// The same from text; `name` is what error messages call it.
    ///
    /// # Errors
    /// As [`Models::read`].
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        Self::from_table(&Table::parse(text.as_bytes(), Path::new(name), MODEL_COLUMNS)?)
    }

    /// The same from a frame; rows are counted from 1 in messages.
    ///
    /// # Errors
    /// As [`Models::read`].
    pub fn from_frame(frame: &DataFrame) -> Result<Self> {
        Self::from_table(&Table::from_frame(frame, Path::new("the frame of models"), MODEL_COLUMNS)?)
    }

    /// As a frame with the columns [`MODEL_COLUMNS`]: a row a model, texts and numbers as such.
    ///
    /// # Errors
    /// None: the columns have different names.
    pub fn to_frame(&self) -> Result<DataFrame> {
        self.sheet().frame()
    }

    /// As a table that messages call `name`.
    pub(crate) fn table(&self, name: &str) -> Table {
        self.sheet().table(Path::new(name))
    }

    fn sheet(&self) -> Sheet {
        let of = |row: usize| &self.models[row];
        Sheet::rows(self.models.len())
            .text("model", |row| Some(of(row).name.clone()))
            .text("family", |row| Some(of(row).family.clone()))
            .text("hf_id", |row| of(row).hf_id.clone())
            .text("architecture", |row| of(row).architecture.clone())
            .number("params", |row| Some(of(row).params))
            .number("tokens", |row| Some(of(row).tokens))
            .text("release", |row| Some(of(row).release.to_string()))
            .text("languages", |row| Some(of(row).languages.join("+")))
    }

    pub(crate) fn from_table(table: &Table) -> Result<Self> {
        let mut models = Vec::with_capacity(table.rows());
        let mut by_name = HashMap::with_capacity(table.rows());
        let mut families: HashMap<String, (String, usize)> = HashMap::new();
        for row in 0..table.rows() {
            let model = Model {
                name: table.text(row, "model")?.to_owned(),
                family: table.text(row, "family")?.to_owned(),
                hf_id: table.optional_text(row, "hf_id").map(str::to_owned),
                architecture: table.optional_text(row, "architecture").map(str::to_owned),
                params: table.number(row, "params")?,
                tokens: table.number(row, "tokens")?,
                release: table.month(row, "release")?,
                languages: table
                    .optional_text(row, "languages")
                    .map(|codes| codes.split('+').map(|code| code.trim().to_owned()).collect())
                    .unwrap_or_default(),
            };
            if let Some(first) = by_name.insert(model.name.clone(), row) {
                let problem = format!("model `{}` is already in row {}", model.name, table.line(first));
                return Err(table.cell_error(row, "model", problem));
            }
            let (spelling, first) =
                families.entry(fold(&model.family)).or_insert_with(|| (model.family.clone(), row)).clone();
            if spelling != model.family {
                let problem = format!("family `{}` is spelled `{spelling}` in row {}", model.family, table.line(first));
                return Err(table.cell_error(row, "family", problem));
            }
            models.push(model);
        }
        Ok(Self { models, by_name })
    }

    /// The model of this name.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.by_name.get(name).map(|&index| &self.models[index])
    }

    /// The model of this name, of this hub name, or the only one with a hub name that ends so; upper and lower case are
    /// the same. Else the only one whose name is the same but for case, signs and an organisation that one of both lacks.
    pub(crate) fn known_as(&self, name: &str) -> Option<&Model> {
        match self.find(name) {
            Known::As(model, _) => Some(model),
            Known::No => None,
        }
    }

    /// The same, and whether `name` is exactly the model's name or hub name.
    pub(crate) fn find(&self, name: &str) -> Known<'_> {
        if let Some(model) = self.get(name).or_else(|| self.iter().find(|model| model.hf_id.as_deref() == Some(name))) {
            return Known::As(model, true);
        }
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        let whole = |model: &&Model| same(&model.name) || model.hf_id.as_deref().is_some_and(same);
        let end = |model: &&Model| model.hf_id.as_deref().and_then(|id| id.rsplit('/').next()).is_some_and(same);
        let only = |known: &dyn Fn(&&Model) -> bool| {
            let mut found = self.iter().filter(known);
            found.next().filter(|_| found.next().is_none())
        };
        // `org/name` for a model that is listed without an organisation.
        let plain = |name: &str| fold(split_organisation(name).1);
        let spelled = |model: &&Model| {
            plain(&model.name) == plain(name)
                && may_be_of_one_organisation(model.hf_id.as_deref().unwrap_or(&model.name), name)
        };
        only(&whole)
            .or_else(|| only(&end))
            .or_else(|| only(&spelled))
            .map_or(Known::No, |model| Known::As(model, false))
    }

    /// All models in the order of the table.
    pub fn iter(&self) -> std::slice::Iter<'_, Model> {
        self.models.iter()
    }

    /// Number of models.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether there is no model.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// The name in the registry that differs from `name` in case and punctuation only, for error messages.
    pub(crate) fn similar(&self, name: &str) -> Option<&str> {
        let folded = fold(name);
        self.models.iter().map(|model| model.name.as_str()).find(|known| fold(known) == folded)
    }
}

impl<'a> IntoIterator for &'a Models {
    type Item = &'a Model;
    type IntoIter = std::slice::Iter<'a, Model>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Models};

    #[test]
    fn an_organisation_is_left_aside_where_that_leaves_one_model() {
        let table = "model,family,hf_id,architecture,params,tokens,release,languages\n\
                     opt-1.3b,opt,,,1300000000,180000000000,2022-05,\n\
                     opt-13b,opt,,,13000000000,180000000000,2022-05,\n\
                     pythia-1b,pythia,EleutherAI/pythia-1b,,1000000000,300000000000,2023-04,\n";
        let models = Models::parse(table, "models.csv").expect("a table");
        let found = |name: &str| match models.find(name) {
            Known::As(model, exact) => Some((model.name.as_str(), exact)),
            Known::No => None,
        };
        assert_eq!(found("opt-13b"), Some(("opt-13b", true)));
        assert_eq!(found("facebook/opt-1.3b"), Some(("opt-1.3b", false)));
        assert_eq!(found("facebook/opt-13B"), Some(("opt-13b", false)));
        assert_eq!(found("EleutherAI/pythia-1b"), Some(("pythia-1b", true)));
        assert_eq!([found("someone/pythia-1b"), found("facebook/opt-3b")], [None, None]);
    }
}
