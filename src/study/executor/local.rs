//! Cells on this machine: as many side by side as memory and cores allow.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::seam::{Cells, Ended, Executor, StudyOutcome, Watch};
use crate::error::{Error, Result};
use crate::study::cell::Cell;
use crate::study::lock::{BEAT, Lock, Owner, Taken};
use crate::study::plan::{Plan, Planned, State};
use crate::study::settings::Study;
use crate::study::store;
use crate::study::work::{CellRun, Work};

/// How cells run on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalSettings {
    /// Cells side by side at most.
    pub cells: usize,
    /// Memory they may take together, in bytes. A cell that needs more runs alone.
    pub memory: u64,
    /// How often cells that others work on are looked at.
    pub poll: Duration,
    /// Whether to wait for them, and to take over those whose owners die.
    pub wait: bool,
}

impl LocalSettings {
    /// What the study asks for: one cell per core, or one at a time on an accelerator; free memory.
    pub fn of(study: &Study) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cells = if study.run.device == "cpu" { cores } else { 1 };
        Self {
            cells: study.run.cells.unwrap_or(cells),
            memory: study.run.memory.or_else(free_memory).unwrap_or(u64::MAX),
            poll: Duration::from_secs(2),
            wait: true,
        }
    }
}

impl Executor for LocalSettings {
    fn run(&self, cells: &Cells<'_>, stop: &Arc<AtomicBool>, watch: &dyn Watch) -> Result<StudyOutcome> {
        run(cells.study, cells.work, &cells.plan()?, self, stop, watch)
    }
}

/// Runs what is left of the plan. A failed cell does not stop the others.
///
/// # Errors
/// When the study's folder cannot be written (no space, a vanished mount): what to do about it. Cells under way are
/// stopped, and what they finished is kept.
pub fn run(
    study: &Study,
    work: &dyn Work,
    plan: &Plan,
    settings: &LocalSettings,
    stop: &Arc<AtomicBool>,
    watch: &dyn Watch,
) -> Result<StudyOutcome> {
    store::open(study)?;
    let waiting: Vec<usize> = (0..plan.cells.len()).filter(|i| plan.cells[*i].state != State::Done).collect();
    let finished = plan.cells.iter().filter(|planned| planned.state == State::Done);
    finished.for_each(|planned| sweep(&planned.cell, study.evaluation.keep));
    let before = plan.cells.len() - waiting.len();
    let workers = settings.cells.clamp(1, waiting.len().max(1));
    let queue = Queue { waiting, outcome: StudyOutcome { before, ..StudyOutcome::default() }, ..Queue::default() };
    let shared = SharedWork {
        study,
        work,
        settings,
        stop,
        halt: AtomicBool::new(false),
        watch,
        cells: &plan.cells,
        shared: Mutex::new(queue),
        changed: Condvar::new(),
    };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let heart = scope.spawn(|| shared.beat(&over));
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| shared.work())).collect();
        // Workers catch the panics of cells; their own would be a bug of this file and is shown by the scope.
        let ended: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        heart.thread().unpark();
        if let Some(panic) = ended.into_iter().find_map(Result::err) {
            std::panic::resume_unwind(panic);
        }
    });
    let mut queue = shared.queue();
    if let Some(error) = queue.halted.take() {
        return Err(error);
    }
    let mut outcome = std::mem::take(&mut queue.outcome);
    outcome.left += queue.waiting.len();
    outcome.others = shared.others(&queue);
    outcome.failed.sort();
    Ok(outcome)
}

#[derive(Default)]
struct Queue {
    /// Cells nobody works on, in order.
    waiting: Vec<usize>,
    /// Cells others work on.
    held: Vec<(usize, Owner)>,
    polled: Option<Instant>,
    running: usize,
    memory: u64,
    locks: Vec<Weak<Lock>>,
    outcome: StudyOutcome,
    halted: Option<Error>,
}

/// What the threads that work on cells share.
struct SharedWork<'a> {
    study: &'a Study,
    work: &'a dyn Work,
    settings: &'a LocalSettings,
    stop: &'a Arc<AtomicBool>,
    /// Set when the disk, not a cell, is at fault.
    halt: AtomicBool,
    watch: &'a dyn Watch,
    cells: &'a [Planned],
    shared: Mutex<Queue>,
    changed: Condvar,
}

enum Attempt {
    Ended(Ended),
    Theirs(Owner),
    Halt(Error),
}

impl SharedWork<'_> {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // The queue is whole between any two statements that change it.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn others(&self, queue: &Queue) -> Vec<(String, Owner)> {
        queue.held.iter().map(|(index, owner)| (self.cells[*index].cell.name.clone(), owner.clone())).collect()
    }

    fn work(&self) {
        while let Some(index) = self.next() {
            let attempt = self.attempt(&self.cells[index]);
            let mut queue = self.queue();
            queue.running -= 1;
            queue.memory -= self.cells[index].cost.memory;
            let name = || self.cells[index].cell.name.clone();
            match attempt {
                Attempt::Ended(Ended::Done) => queue.outcome.done += 1,
                Attempt::Ended(Ended::Elsewhere) => queue.outcome.elsewhere += 1,
                Attempt::Ended(Ended::Failed(error)) => queue.outcome.failed.push((name(), error)),
                Attempt::Ended(Ended::Stopped) => queue.outcome.left += 1,
                Attempt::Theirs(owner) => queue.held.push((index, owner)),
                Attempt::Halt(error) => {
                    queue.halted.get_or_insert(error);
                    self.halt.store(true, Ordering::Relaxed);
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
            self.changed.notify_all();
        }
    }

    /// The next cell that fits into memory; `None` when nothing is left for this thread.
    fn next(&self) -> Option<usize> {
        let mut queue = self.queue();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            let fits = |queue: &Queue, i: usize| {
                let memory = self.cells[i].cost.memory;
                queue.running == 0 || queue.memory.saturating_add(memory) <= self.settings.memory
            };
            if let Some(at) = queue.waiting.iter().position(|i| fits(&queue, *i)) {
                let index = queue.waiting.remove(at);
                queue.running += 1;
                queue.memory += self.cells[index].cost.memory;
                return Some(index);
            }
            if queue.waiting.is_empty() && queue.running == 0 && (queue.held.is_empty() || !self.settings.wait) {
                return None;
            }
            if queue.waiting.is_empty() && !queue.held.is_empty() && self.settings.wait {
                match queue.polled {
                    None => {
                        queue.polled = Some(Instant::now());
                        if queue.running == 0 {
                            self.watch.waits(&self.others(&queue));
                        }
                    }
                    Some(last) if last.elapsed() >= self.settings.poll => {
                        queue.polled = None;
                        let held = std::mem::take(&mut queue.held);
                        queue.waiting = held.into_iter().map(|(index, _)| index).collect();
                        continue;
                    }
                    Some(_) => {}
                }
            }
            let pause = self.settings.poll.min(Duration::from_millis(200));
            queue = self.changed.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn attempt(&self, planned: &Planned) -> Attempt {
        let cell = &planned.cell;
        let lock =
            match store::still_there(cell).and_then(|()| store::make(cell)).and_then(|()| Lock::take(&cell.lock())) {
                Ok(Taken::Mine(lock)) => Arc::new(lock),
                Ok(Taken::Theirs(owner)) => return Attempt::Theirs(owner.unwrap_or_default()),
                Err(error) => return self.failed(cell, error),
            };
        self.remember(&lock);
        let watch = |share: f64, doing: &str| self.watch.progress(cell, share, doing);
        let mut run = match CellRun::new(cell, &planned.wanted, &lock, self.stop, &watch) {
            Ok(run) => run,
            Err(error) => return self.failed(cell, error),
        };
        if run.is_complete() {
            store::tidy(cell, self.study.evaluation.keep);
            return Attempt::Ended(Ended::Elsewhere);
        }
        self.watch.begins(cell);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.work.run(&mut run)));
        let ended = match outcome {
            Ok(Ok(())) if run.is_complete() => {
                store::tidy(cell, self.study.evaluation.keep);
                Ended::Done
            }
            Ok(Ok(())) => return self.failed(cell, Error::Undetermined("it ended before all was evaluated".into())),
            // A folder that has gone stops the work too.
            Ok(Err(Error::Interrupted)) => match store::still_there(cell) {
                Ok(()) => Ended::Stopped,
                Err(error) => return self.failed(cell, error),
            },
            Ok(Err(error)) => return self.failed(cell, error),
            Err(panic) => {
                let said = panic.downcast_ref::<String>().map(String::as_str);
                let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
                return self.failed(cell, Error::Undetermined(format!("the program panicked: {said}")));
            }
        };
        self.watch.ends(cell, &ended);
        Attempt::Ended(ended)
    }

    fn failed(&self, cell: &Cell, error: Error) -> Attempt {
        if self.halt.load(Ordering::Relaxed) {
            return Attempt::Ended(Ended::Stopped);
        }
        let halt = |problem: String| Attempt::Halt(Error::File { path: self.study.output.clone(), problem });
        if let Some(remedy) = store::remedy(&error, &self.study.output) {
            return halt(remedy);
        }
        let said = error.to_string();
        if let Err(unwritten) = store::note_failure(cell, &said)
            && let Some(remedy) = store::remedy(&unwritten, &self.study.output)
        {
            return halt(remedy);
        }
        let ended = Ended::Failed(said);
        self.watch.ends(cell, &ended);
        Attempt::Ended(ended)
    }

    fn remember(&self, lock: &Arc<Lock>) {
        let mut queue = self.queue();
        if queue.locks.len() > 4 * self.settings.cells {
            queue.locks.retain(|lock| lock.strong_count() > 0);
        }
        queue.locks.push(Arc::downgrade(lock));
    }

    /// Touches the locks until the work is over.
    fn beat(&self, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) {
            std::thread::park_timeout(BEAT);
            let locks: Vec<Arc<Lock>> = {
                let mut queue = self.queue();
                queue.locks.retain(|lock| lock.strong_count() > 0);
                queue.locks.iter().filter_map(Weak::upgrade).collect()
            };
            for lock in locks {
                // A lock that cannot be touched goes stale, and its cell soon finds that it cannot write either.
                let _ = lock.beat(None);
            }
        }
    }
}

/// Tidies a finished cell whose process died before it did.
fn sweep(cell: &Cell, keep_evaluations: bool) {
    if !store::is_tidy(cell, keep_evaluations)
        && let Ok(Taken::Mine(_lock)) = Lock::take(&cell.lock())
    {
        store::tidy(cell, keep_evaluations);
    }
}

/// Memory that can be had without swapping, in bytes, where the system says.
fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
