//! Studies, plans and results can be written and read back.

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::idle::{Nothing, study};
use crate::study::{LocalSettings, Plan, Study, collect, run};
use crate::support::repository;

fn holds<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("written");
    assert_eq!(serde_json::from_str::<T>(&text).unwrap_or_else(|e| panic!("{e}: {text}")), *value);
}

#[test]
fn studies_of_every_kind_come_back_as_they_were() {
    for file in ["tiny.toml", "own-split.toml"] {
        let file = repository("studies").join(file);
        let text = fs::read_to_string(&file).expect("readable");
        holds(&Study::parse(&text, &file).expect("a study"));
    }
    let text = "[study]\nname = \"by a server\"\noutput = \"out\"\n[evaluation]\ntasks = [\"t\"]\n[slurm]\npoll = 0.25\n\
                [fit]\ncurve = \"richards\"\ncutoff = \"2024-02\"\nchance = 0.25\n[[models]]\nname = \"s\"\nparams = 1e9\n\
                tokens = 1e12\nrelease = \"2024-03\"\nserver = \"http://127.0.0.1:8000/v1\"\nserved_model = \"s\"\n";
    holds(&Study::parse(text, Path::new("study.toml")).expect("a study"));
}

#[test]
fn plans_settings_and_results_come_back_as_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let (study, work) = (study(folder.path(), 2, 2, 1), Nothing { benchmarks: 2 });
    let plan = Plan::new(&study, &work).expect("a plan");
    holds(&plan);
    let settings = LocalSettings::of(&study);
    holds(&settings);
    holds(&run(&study, &work, &plan, &settings, &Arc::new(AtomicBool::new(false)), &()).expect("an outcome"));
    let done = Plan::new(&study, &work).expect("a plan");
    assert_ne!(done, plan);
    holds(&done);
    holds(&collect(&study, &done).expect("collected"));
}
