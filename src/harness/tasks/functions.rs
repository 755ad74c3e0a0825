//! The Python functions of task files: some are built in, an interpreter runs the others.
//!
//! `!function` in a task file names code that stands in a Python file beside it. The functions of HellaSwag, Winogrande
//! and TruthfulQA are known by their names together with their data set, and the definitions that come with onset use a
//! few more (`built_in.…`). The functions of OpenAI's MMMLU, which read their subjects from a file, and those of Global
//! MMLU, both of which keep the documents of one subject, are known by the SHA-256 of the file they stand in, so that a
//! file that was changed is never answered by what an older one said. Any other is run by an interpreter.

use std::path::Path;

use super::digest::sha256;
use super::math;
use super::native::{blank, gpqa, hellaswag, mathqa, musr, text};
use super::node::Node;
use super::python::strip;
use super::sampling::Random;
use super::script::{Script, World};
use super::value::Value;
use crate::registry::disk;

/// A function that task files may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Function {
    /// HellaSwag `process_docs`: adds query, choices and gold.
    HellaSwagDocs,
    /// Winogrande `doc_to_text`: which option is right, from 0.
    WinograndeText,
    /// Winogrande `doc_to_target`: what follows the blank.
    WinograndeTarget,
    /// Winogrande `doc_to_choice`: the sentence up to the blank, with each option.
    WinograndeChoices,
    /// TruthfulQA `process_results`: the share of probability on true answers.
    TruthfulResults,
    /// GPQA `process_docs`: cleaned choices in random order.
    GpqaDocs,
    /// MuSR `doc_to_text`: the story, the question and the numbered choices.
    MusrText,
    /// MathQA `doc_to_choice`: the five answers that `options` holds in one text.
    MathQaChoices,
    /// MATH `process_docs`: level 5 only, adds the normalised answer.
    MathDocs,
    /// MATH `process_results`: whether the normalised answers are the same text.
    MathResults,
    /// `process_docs` that keeps the documents whose column has one value.
    Keep { column: &'static str, value: String, cut: bool },
    /// Any other, which an interpreter runs.
    Script(Script),
    /// That the scores come from `process_results`.
    Results,
}

/// A Python file whose functions `process_…` each keep the documents of one subject.
struct Keeps {
    /// SHA-256 of the file, its line ends as `\n`.
    digest: &'static str,
    column: &'static str,
    /// How the names of its functions go on, with the value each keeps; what is not here is kept as it is written.
    spelled: &'static [(&'static str, &'static str)],
    /// Whether the column may hold names of files, `anatomy_test.csv_ar.csv` for `anatomy`.
    cut: bool,
}

/// Files of lm-evaluation-harness's tasks.
const KEEPS: [Keeps; 3] = [
    // global_mmlu/full/<language>/utils.py
    Keeps {
        digest: "b4012dd2b1a508885d23ee2ddb12bc26f3e622081ba41ec1ab766edc31a4982b",
        column: "subject",
        spelled: &[],
        cut: false,
    },
    // global_mmlu/default/<language>/utils.py
    Keeps {
        digest: "9776c2ffc09ae0569d2cea41856f7a9c712a38362c8ea33ac61239005062df0f",
        column: "subject_category",
        spelled: &[
            ("business", "Business"),
            ("humanities", "Humanities"),
            ("medical", "Medical"),
            ("other", "Other"),
            ("stem", "STEM"),
            ("social_sciences", "Social Sciences"),
        ],
        cut: false,
    },
    // openai-mmmlu/default/utils.py
    Keeps {
        digest: "49aaaf0034ee7413385b68533fa22f5d664dc4c97f814985c353156f6ad6a85d",
        column: "Subject",
        spelled: &[],
        cut: true,
    },
];

/// Key it may stand under, its name in task files, the data sets it is known for (none: any), and what it is.
const KNOWN: [(&str, &str, &[&str], Function); 10] = [
    ("process_docs", "utils.process_docs", &["hellaswag", "Rowan/hellaswag"], Function::HellaSwagDocs),
    ("doc_to_text", "preprocess_winogrande.doc_to_text", &[], Function::WinograndeText),
    ("doc_to_target", "preprocess_winogrande.doc_to_target", &[], Function::WinograndeTarget),
    ("doc_to_choice", "preprocess_winogrande.doc_to_choice", &[], Function::WinograndeChoices),
    (
        "process_results",
        "utils.process_results_mc2",
        &["truthful_qa", "truthfulqa/truthful_qa"],
        Function::TruthfulResults,
    ),
    ("process_docs", "built_in.gpqa.process_docs", &[], Function::GpqaDocs),
    ("doc_to_text", "built_in.musr.doc_to_text", &[], Function::MusrText),
    ("doc_to_choice", "built_in.mathqa.doc_to_choice", &[], Function::MathQaChoices),
    ("process_docs", "built_in.math_hard.process_docs", &[], Function::MathDocs),
    ("process_results", "built_in.math_hard.process_results", &[], Function::MathResults),
];

impl Function {
    /// The function that a task file names under a key, for its data set.
    pub(crate) fn find(key: &str, name: &str, dataset: &str) -> Option<Self> {
        KNOWN
            .iter()
            .find(|(at, known, datasets, _)| {
                *at == key && *known == name && (datasets.is_empty() || datasets.contains(&dataset))
            })
            .map(|(.., function)| function.clone())
    }

    /// The function of a Python file beside the task file.
    ///
    /// # Errors
    /// The part of it that is not supported, with file and line.
    pub(crate) fn read(name: &str, folder: &Path) -> Result<Self, String> {
        Script::read(folder, name).map(Self::Script)
    }

    /// The function that a task file names in a place that has none built in.
    ///
    /// # Errors
    /// The part of it that is not supported, with the places in the task file and in the Python file.
    pub(crate) fn at(node: &Node, key: &str, name: &str) -> crate::error::Result<Self> {
        let read = Self::read(name, node.file.parent().unwrap_or(Path::new("")));
        read.map_err(|problem| {
            node.wrong(format!("`{key}: !function {name}` is Python code that cannot be run: {problem}"))
        })
    }

    /// One number of the scores of all items.
    ///
    /// # Errors
    /// What the script said, or that it gives no number.
    pub(crate) fn aggregated(&self, items: &[Value]) -> Result<f64, String> {
        match self {
            Self::Script(script) => script.of_scores(items),
            _ => Err(format!("`{}` aggregates nothing", self.name())),
        }
    }

    /// What its outcome depends on beside its name: the digest of its files, where it stands in some.
    pub(crate) fn digest(&self) -> Option<String> {
        match self {
            Self::Script(script) => Some(script.digest()),
            _ => None,
        }
    }

    /// The function of a Python file that is known by its digest. `folder` is that of the task file.
    pub(crate) fn find_in_file(key: &str, name: &str, folder: &Path) -> Option<Self> {
        let (module, function) = name.rsplit_once('.').filter(|_| key == "process_docs")?;
        let text = disk::read_found_text(&folder.join(format!("{module}.py"))).ok()?;
        Self::of_digest(&sha256(&text.replace("\r\n", "\n")), function)
    }

    fn of_digest(digest: &str, function: &str) -> Option<Self> {
        let file = KEEPS.iter().find(|file| file.digest == digest)?;
        let rest = function.strip_prefix("process_").filter(|rest| *rest != "docs" && !rest.is_empty())?;
        let value = match file.spelled {
            [] => rest,
            spelled => spelled.iter().find(|(written, _)| *written == rest)?.1,
        };
        Some(Self::Keep { column: file.column, value: value.to_owned(), cut: file.cut })
    }

    /// The name it goes by in task files.
    pub(crate) fn name(&self) -> &'static str {
        KNOWN.iter().find(|(.., function)| function == self).map_or("", |(_, name, ..)| name)
    }

    /// Changes all documents of a split, as `process_docs` does.
    ///
    /// # Errors
    /// The place of the document from 0, and what is wrong with it.
    pub(crate) fn documents(&self, documents: Vec<Value>, world: &World) -> Result<Vec<Value>, (usize, String)> {
        if let Self::Script(script) = self {
            return script.documents(world, &documents);
        }
        // lm-evaluation-harness shuffles GPQA's choices with the process-wide generator, seeded with 0.
        let mut random = Random::new(0);
        let mut out = Vec::with_capacity(documents.len());
        for (at, mut document) in documents.into_iter().enumerate() {
            let added = match self {
                Self::HellaSwagDocs => hellaswag(&document),
                Self::GpqaDocs => gpqa(&document, &mut random),
                Self::MathDocs => {
                    if text(&document, "level").map_err(|problem| (at, problem))? != "Level 5" {
                        continue;
                    }
                    let answer = text(&document, "solution").and_then(math::answer);
                    answer.map(|answer| vec![("answer", answer.into())])
                }
                Self::Keep { column, value, cut } => match document.get(column) {
                    None => Err(format!("`{column}` is missing")),
                    Some(found) if !keeps(found, value, *cut) => continue,
                    Some(_) => Ok(Vec::new()),
                },
                _ => Err(format!("`{}` does not change documents", self.name())),
            };
            for (key, value) in added.map_err(|problem| (at, problem))? {
                document.set(key, value);
            }
            out.push(document);
        }
        Ok(out)
    }

    /// The value for one document, as `doc_to_text`, `doc_to_target` and `doc_to_choice` give it, and the document where
    /// the function changed it.
    ///
    /// # Errors
    /// What is wrong with the document.
    pub(crate) fn field(&self, document: &Value, world: &World) -> Result<(Value, Option<Value>), String> {
        match self {
            Self::Script(script) => script.of_document(world, document),
            _ => self.native_field(document).map(|value| (value, None)),
        }
    }

    fn native_field(&self, document: &Value) -> Result<Value, String> {
        match self {
            Self::WinograndeText => match text(document, "answer")? {
                "1" => Ok(Value::Int(0)),
                "2" => Ok(Value::Int(1)),
                other => Err(format!("`answer` is `{other}`, not 1 or 2")),
            },
            Self::WinograndeTarget => {
                let (_, after) = blank(document)?;
                Ok(strip(after).into())
            }
            Self::WinograndeChoices => {
                let (before, _) = blank(document)?;
                let option = |key| text(document, key).map(|option| Value::from(format!("{before}{option}")));
                Ok(Value::List(vec![option("option1")?, option("option2")?]))
            }
            Self::MusrText => musr(document),
            Self::MathQaChoices => mathqa(document),
            _ => Err(format!("`{}` gives no text", self.name())),
        }
    }
}

/// Whether what a document says is the value that is kept.
fn keeps(found: &Value, value: &str, cut: bool) -> bool {
    let Some(found) = found.as_text() else { return false };
    let marks: &[&str] = if cut { &["_test.csv", "_test-"] } else { &[] };
    let end = marks.iter().find_map(|mark| found.find(mark)).unwrap_or(found.len());
    found[..end] == *value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_only_under_its_key_and_data_set() {
        assert_eq!(
            Function::find("process_docs", "utils.process_docs", "Rowan/hellaswag"),
            Some(Function::HellaSwagDocs)
        );
        assert_eq!(Function::find("process_docs", "utils.process_docs", "mine"), None);
        assert_eq!(Function::find("doc_to_text", "utils.process_docs", "hellaswag"), None);
    }

    #[test]
    fn a_document_without_what_a_function_needs_is_told() {
        let document: Value = serde_json::from_str(r#"{"sentence": "no blank", "answer": "3"}"#).unwrap();
        assert!(Function::WinograndeTarget.field(&document, &World::default()).unwrap_err().contains("blank"));
        assert!(Function::WinograndeText.field(&document, &World::default()).unwrap_err().contains("not 1 or 2"));
        assert_eq!(
            Function::HellaSwagDocs.documents(vec![document], &World::default()).unwrap_err(),
            (0, "`ctx_a` is missing".to_owned())
        );
    }

    #[test]
    fn the_answers_of_mathqa_are_cut_where_the_harness_cuts_them() {
        let choices = |options: &str| {
            let document = Value::Map(vec![("options".to_owned(), options.into())]);
            Function::MathQaChoices.field(&document, &World::default()).unwrap().0.python()
        };
        assert_eq!(
            choices("a ) 38 , b ) 27.675 , c ) 30 , d ) data inadequate , e ) none of these"),
            "['38', '27.675', '30', 'data inadequate', 'none of these']"
        );
        // The rest of 3,500 is lost after the comma and the space.
        assert_eq!(
            choices("a ) rs . 3 , 500 , b ) 2 , c ) 3 , d ) 4 , e ) 5 , 000 ,"),
            "['rs . 3', '2', '3', '4', '5 , 000']"
        );
    }

    #[test]
    fn functions_that_keep_one_subject_are_known_by_the_digest_of_their_file() {
        let [full, default, cut] = KEEPS.each_ref().map(|file| file.digest);
        let kept = |digest, name: &str, rows: &[&str], column: &str| {
            let function = Function::of_digest(digest, name).unwrap();
            let row = |text: &&str| Value::Map(vec![(column.to_owned(), (*text).into())]);
            let kept = function.documents(rows.iter().map(row).collect(), &World::default()).unwrap();
            kept.iter().map(|row| row.get(column).unwrap().python()).collect::<Vec<_>>()
        };
        let rows = ["anatomy", "astronomy", "anatomy_test"];
        assert_eq!(kept(full, "process_anatomy", &rows, "subject"), ["anatomy"]);
        assert_eq!(kept(default, "process_stem", &["STEM", "stem"], "subject_category"), ["STEM"]);
        let rows = ["anatomy", "anatomy_test.csv_ar", "anatomy_test-x", "anatomy_val", "x_test-y_test.csv"];
        assert_eq!(
            kept(cut, "process_anatomy", &rows, "Subject"),
            ["anatomy", "anatomy_test.csv_ar", "anatomy_test-x"]
        );
        assert_eq!(kept(cut, "process_x_test-y", &rows, "Subject"), ["x_test-y_test.csv"]);
        assert_eq!(Function::of_digest(default, "process_law"), None);
        assert_eq!(Function::of_digest(full, "process_docs"), None);
        assert_eq!(Function::of_digest(&"0".repeat(64), "process_anatomy"), None);
        let missing = Function::of_digest(full, "process_law")
            .unwrap()
            .documents(vec![Value::Map(Vec::new())], &World::default());
        assert_eq!(missing.unwrap_err(), (0, "`subject` is missing".to_owned()));
    }

    #[test]
    fn a_changed_file_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("utils.py"), "def process_docs(dataset): ...\n").unwrap();
        assert_eq!(Function::find_in_file("process_docs", "utils.process_anatomy", folder.path()), None);
        assert_eq!(Function::find_in_file("process_docs", "absent.process_anatomy", folder.path()), None);
    }
}
