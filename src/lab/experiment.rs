//! The loop: every model of a suite is trained and tested, several side by side, and none twice.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use super::exam;
use super::pupil::{LabPhase, School};
use super::record::LabRecord;
use super::suite::{Member, Suite};
use super::vocabulary::Vocabulary;
use super::world::World;
use crate::error::{Error, Result};
use crate::lm::Tokenizer;
use crate::registry::write;
use crate::stats::random::Seed;

/// A suite, a seed and a folder.
#[derive(Debug, Clone)]
pub(crate) struct Experiment {
    suite: Suite,
    seed: Seed,
    folder: PathBuf,
    workers: usize,
    stop: Option<Arc<AtomicBool>>,
}

/// What an experiment tells while it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LabEvent<'a> {
    /// All models, before the first begins.
    Begin(&'a [Member]),
    /// A model was trained and tested in an earlier run.
    Known(&'a Member),
    /// A model took a step of training.
    Step {
        /// The model.
        member: &'a Member,
        /// What it is doing.
        phase: LabPhase,
    },
    /// A model has been trained and tested.
    Done,
}

impl Experiment {
    /// An experiment that leaves models and records in `folder`, and takes up what is there of an earlier run.
    #[must_use]
    pub(crate) fn new(suite: Suite, seed: Seed, folder: &Path) -> Self {
        Self { suite, seed, folder: folder.to_owned(), workers: 1, stop: None }
    }

    /// Models that are trained side by side. It changes no number.
    #[must_use]
    pub(crate) fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Ends with [`Error::Interrupted`] once `stop` is true; models that are done stay done.
    #[must_use]
    pub(crate) fn stop(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Trains and tests all models, and returns them in the order of the suite. The folder then holds the tasks, the
    /// tokenizer, and for each model a model folder with the weights after pretraining and its record.
    ///
    /// # Errors
    /// [`Error::Argument`] for a suite that cannot be, [`Error::Interrupted`], and those of training, tests and files.
    pub(crate) fn run(&self, watch: &(dyn Fn(LabEvent<'_>) + Sync)) -> Result<Vec<(Member, LabRecord)>> {
        let world = World::new(&self.suite.world, self.seed)?;
        let vocabulary = Vocabulary::new(&world);
        let members = self.suite.members(&vocabulary)?;
        let tasks = exam::write(&world, self.seed, &self.folder.join("tasks"))?;
        let tokenizer = self.tokenizer(&vocabulary, &members)?;
        let (suite, seed, stop) = (&self.suite, self.seed, self.stop.clone());
        let school = School { suite, seed, world, vocabulary, tokenizer, tasks: &tasks, stop };
        watch(LabEvent::Begin(&members));

        // The largest first: no worker is left alone with one at the end.
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by(|&a, &b| members[b].flops().0.total_cmp(&members[a].flops().0));
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let found: Mutex<Vec<Option<Result<LabRecord>>>> = Mutex::new((0..members.len()).map(|_| None).collect());
        std::thread::scope(|scope| {
            for _ in 0..self.workers.min(members.len()) {
                scope.spawn(|| {
                    while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if failed.load(Ordering::Relaxed) {
                            break;
                        }
                        let record = self.one(&school, &members[place], watch);
                        failed.fetch_or(record.is_err(), Ordering::Relaxed);
                        if let Ok(mut found) = found.lock() {
                            found[place] = Some(record);
                        }
                    }
                });
            }
        });
        let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        // What failed says why; what was not begun because of it does not.
        let (mut models, mut unknown) = (Vec::new(), false);
        for (member, record) in members.into_iter().zip(found) {
            match record {
                Some(record) => models.push((member, record?)),
                None => unknown = true,
            }
        }
        if unknown { Err(Error::Interrupted) } else { Ok(models) }
    }

    /// Writes down whose folder this is, or refuses one of another seed or suite: its models would be trained over.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Read`] or [`Error::Write`].
    pub(crate) fn claim(&self) -> Result<()> {
        let path = self.folder.join("experiment");
        let all = format!("{:?}", (self.seed, &self.suite));
        let own: String = Sha256::digest(all).iter().map(|byte| format!("{byte:02x}")).collect();
        match std::fs::read_to_string(&path) {
            Ok(other) if other.trim() == own => Ok(()),
            Ok(_) => {
                let problem =
                    "holds an experiment with another seed or preset; name another folder, or repeat its command";
                Err(Error::File { path: self.folder.clone(), problem: problem.to_owned() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write::bytes(&path, format!("{own}\n").as_bytes())
            }
            Err(error) => Err(Error::read(&path)(error)),
        }
    }

    fn one(&self, school: &School<'_>, member: &Member, watch: &(dyn Fn(LabEvent<'_>) + Sync)) -> Result<LabRecord> {
        let folder = self.folder.join("models").join(&member.name);
        let path = self.folder.join("records").join(format!("{}.json", member.name));
        let fingerprint = self.fingerprint(member);
        if let Some(record) = LabRecord::read(&path, &fingerprint)? {
            watch(LabEvent::Known(member));
            return Ok(record);
        }
        let report = |phase, _, _| watch(LabEvent::Step { member, phase });
        let record = school.teach(member, fingerprint, &folder, &report)?;
        record.write(&path)?;
        watch(LabEvent::Done);
        Ok(record)
    }

    /// A hash of everything that a model's numbers depend on.
    fn fingerprint(&self, member: &Member) -> String {
        let Suite { world, tokens: _, growth: _, rest, examples, recipe, .. } = &self.suite;
        let all = (env!("CARGO_PKG_VERSION"), self.seed, world, rest, examples, recipe, member);
        Sha256::digest(format!("{all:?}")).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The tokenizer, read from where it was written: what the tests use is what a reader of the files would use.
    fn tokenizer(&self, vocabulary: &Vocabulary, members: &[Member]) -> Result<Tokenizer> {
        let folder = self.folder.join("tokenizer");
        for (name, bytes) in members.iter().take(1).flat_map(|member| vocabulary.files(&member.shape).tokenizer) {
            write::bytes(&folder.join(name), &bytes)?;
        }
        Tokenizer::read(&folder)
    }
}
