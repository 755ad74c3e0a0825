//! The file of a study: mistakes are said at once with their lines, and the example is right.

use super::cells::Folder;
use crate::Error;
use crate::study::settings::LAYOUTS;
use crate::study::{EXAMPLE, Study};

#[test]
fn everything_that_is_wrong_with_a_study_is_said_at_once_with_its_line() {
    let text = "[study]\nname = \"x\"\nseeds = [1, 1]\ncolour = \"red\"\n\n[[models]]\nname = \"llama-2-7b\"\n\
                path = \"nowhere\"\nparams = -3\n\n[[models]]\nname = \"unknown model\"\nserver = \"ftp://s\"\n\
                adjust = \"yes\"\n\n[evaluation]\ntasks = []\n[adjustment]\nname = \"none\"\ndata = []\n\
                checkpoints = [64, 65]\nlayout = \"parquet\"\n[run]\ndevice = \"tpu\"\nmemory = \"much\"\n\
                [fit]\ncutoff = \"Tuesday\"\nmetrics = [\"gsm8k\"]\nchance = 7\n[slurm]\nextra = [\"rm -rf\"]\ntime = \"soon\"\n[typo]\n";
    let folder = Folder::new();
    let Err(Error::Settings { problems, .. }) = Study::parse(text, &folder.0.path().join("study.toml")) else {
        panic!("it is full of mistakes");
    };
    let said = problems.join("\n");
    for expected in [
        "line 3: `seeds` must be different numbers",
        "line 4: unknown key `colour` in [study]; known: name, output, seeds",
        "line 8: `path`: cannot read",
        "line 9: `params` must be a number above 0",
        "line 12: `params` of `unknown model` is not known",
        "line 12: `tokens` of `unknown model` is not known",
        "line 12: a model behind a server cannot be fine-tuned: set `adjust = false`",
        "line 13: `served_model` is missing",
        "line 13: `server`: `ftp://s` is not an address",
        "line 14: `adjust` must be true or false",
        "line 17: `tasks` must name at least one task",
        "line 19: an adjustment cannot be called `none`",
        "line 20: `data` must name at least one file",
        "line 21: checkpoint 65 is no multiple of `batch` (64)",
        "line 22: unknown layout `parquet`",
        "line 24: unknown device `tpu`",
        "line 25: `memory` must be an amount",
        "line 27: `cutoff`: `Tuesday` is not a month, auto or none",
        "line 28: `gsm8k` is not written as BENCHMARK=METRIC",
        "line 29: `chance` must be at least 0 and below 1",
        "line 31: every line of `extra` must begin with `#SBATCH `",
        "line 32: `time` must be written as Slurm reads it",
        "unknown key `typo`",
    ] {
        assert!(said.contains(expected), "`{expected}` is not in:\n{said}");
    }
}

#[test]
fn broken_toml_is_reported_with_its_line_and_does_not_hide_the_rest() {
    let text = "[study]\nname = \"x\nseeds = [1]\n[[models]]\nname = 3\n";
    let error = Study::parse(text, "study.toml".as_ref()).expect_err("an open quotation mark").to_string();
    assert!(error.contains("line 2: ") && error.contains("line 5: `name` must be text"), "{error}");
}

#[test]
fn the_example_explains_every_key_and_is_right_but_for_its_files() {
    let Err(Error::Settings { problems, .. }) = Study::parse(EXAMPLE, "study.toml".as_ref()) else {
        panic!("its models are not there");
    };
    assert!(problems.iter().all(|problem| problem.contains("cannot read")), "{problems:?}");
    // With every comment in front of a key taken away nothing is unknown.
    let bare = |line: &str| {
        line.strip_prefix("# ").filter(|rest| rest.contains(" = ") || rest.starts_with('[')).map(str::to_owned)
    };
    let all: Vec<String> = EXAMPLE.lines().map(|line| bare(line).unwrap_or_else(|| line.to_owned())).collect();
    let Err(Error::Settings { problems, .. }) = Study::parse(&all.join("\n"), "study.toml".as_ref()) else {
        panic!("its models are not there");
    };
    assert!(problems.iter().all(|problem| problem.contains("cannot read")), "{problems:#?}");
}

#[test]
fn the_layouts_of_a_study_are_those_of_training() {
    let mut known = crate::train::data::Layout::NAMES.map(|(name, _)| name);
    let mut own = LAYOUTS;
    known.sort_unstable();
    own.sort_unstable();
    assert_eq!(known, own);
}

#[test]
fn facts_of_published_models_are_known_by_their_names() {
    let folder = Folder::new();
    let text =
        "[study]\nname = \"x\"\n[[models]]\nname = \"llama-2-7b\"\npath = \"model\"\n[evaluation]\ntasks = [\"a\"]\n";
    let model = &folder.study(text).models[0];
    assert_eq!((model.family.as_str(), model.params, model.tokens), ("llama-2", 7e9, 2e12));
}
