//! Cells in a queue: handed over, watched until they are done, and handed over again where they failed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::seam::{Cells, Ended, Executor, Queue, StudyOutcome, Submission, Watch};
use crate::error::{Error, Result};
use crate::study::cell::Cell;
use crate::study::plan::{Plan, State};

/// How often the queue may not answer before that is an error; controllers restart.
const PATIENCE: u32 = 30;

/// How often a pause looks whether it should end.
const LOOK: Duration = Duration::from_millis(50);

/// The executor of a queue: hands cells over and follows them. A raised `stop` ends the watching; the jobs go on.
#[derive(Debug)]
pub(crate) struct Queued<Q>(pub Q);

impl<Q: Queue> Executor for Queued<Q> {
    fn run(&self, cells: &Cells<'_>, stop: &Arc<AtomicBool>, watch: &dyn Watch) -> Result<StudyOutcome> {
        let before = done(&cells.plan()?);
        let submissions = submit(&self.0, cells, watch)?;
        let mut outcome = follow(&self.0, cells, submissions, stop, watch)?;
        outcome.before = before;
        outcome.done = outcome.done.saturating_sub(before);
        Ok(outcome)
    }

    fn queue(&self) -> Option<&dyn Queue> {
        Some(&self.0)
    }
}

/// Hands over the cells that are neither done nor in the queue.
///
/// # Errors
/// Those of planning and of the queue.
pub(crate) fn submit(queue: &dyn Queue, cells: &Cells<'_>, watch: &dyn Watch) -> Result<Vec<Submission>> {
    let plan = cells.plan()?;
    let there = queue.in_flight()?;
    let open = plan.unfinished().map(|planned| &planned.cell).filter(|cell| !there.contains_key(&cell.name));
    hand_over(queue, &open.collect::<Vec<_>>(), watch)
}

fn hand_over(queue: &dyn Queue, cells: &[&Cell], watch: &dyn Watch) -> Result<Vec<Submission>> {
    if cells.is_empty() {
        return Ok(Vec::new());
    }
    let submissions = queue.submit(cells)?;
    submissions.iter().for_each(|submission| watch.submitted(submission));
    Ok(submissions)
}

/// Looks at the queue until none of the cells is in it, and hands over again what failed, as often as the queue is to.
/// [`StudyOutcome::done`] then counts all cells that are finished.
///
/// # Errors
/// [`Error::Executor`] when the queue does not answer for long, and those of planning and submitting.
pub(crate) fn follow(
    queue: &dyn Queue,
    cells: &Cells<'_>,
    submissions: Vec<Submission>,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<StudyOutcome> {
    let (mut submissions, mut again) = (submissions, queue.resubmit());
    loop {
        let left = wait(queue, stop, watch)?;
        let plan = cells.plan()?;
        let outcome = StudyOutcome { done: done(&plan), left, ..StudyOutcome::default() };
        if left > 0 {
            return Ok(outcome);
        }
        let unfinished: Vec<&Cell> = plan.unfinished().map(|planned| &planned.cell).collect();
        if unfinished.is_empty() || again == 0 {
            let failed = reasons(queue, &plan, &submissions);
            for (cell, (_, reason)) in unfinished.iter().zip(&failed) {
                watch.ends(cell, &Ended::Failed(reason.clone()));
            }
            return Ok(StudyOutcome { failed, ..outcome });
        }
        again -= 1;
        submissions.extend(hand_over(queue, &unfinished, watch)?);
    }
}

fn done(plan: &Plan) -> usize {
    plan.cells.iter().filter(|planned| planned.state == State::Done).count()
}

/// Waits until nothing of the study is in the queue, and answers how many cells are when `stop` was raised.
fn wait(queue: &dyn Queue, stop: &AtomicBool, watch: &dyn Watch) -> Result<usize> {
    let (mut silent, mut left) = (0, 0);
    loop {
        match queue.in_flight() {
            Ok(tasks) => {
                (silent, left) = (0, tasks.len());
                let mut states = BTreeMap::new();
                for task in tasks.into_values() {
                    *states.entry(task.state).or_insert(0) += 1;
                }
                watch.queued(&states);
                if left == 0 {
                    return Ok(0);
                }
            }
            Err(error @ Error::Executor { .. }) => {
                silent += 1;
                if silent > PATIENCE {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        let start = Instant::now();
        while start.elapsed() < queue.poll() {
            if stop.load(Ordering::Relaxed) {
                return Ok(left.max(1));
            }
            std::thread::sleep(LOOK.min(queue.poll()));
        }
    }
}

/// Why each unfinished cell is: what it wrote itself, or else how the queue says that its last task ended.
fn reasons(queue: &dyn Queue, plan: &Plan, submissions: &[Submission]) -> Vec<(String, String)> {
    let mut endings = BTreeMap::new();
    for submission in submissions {
        let ended = queue.endings(submission);
        for (index, cell) in submission.cells.iter().enumerate() {
            let log = submission.folder.join(format!("{index}.log"));
            let ending = ended.get(&index).map_or("without a result", String::as_str);
            endings.insert(cell.clone(), format!("its task ended {ending}; see {}", log.display()));
        }
    }
    let reason = |name: &String| endings.get(name).cloned().unwrap_or_else(|| "it was never submitted".into());
    plan.unfinished()
        .map(|planned| {
            let name = planned.cell.name.clone();
            let why = match &planned.state {
                State::Failed(failure) => failure.error.clone(),
                State::Running(owner) => format!("{owner} works on it"),
                State::Done | State::Waiting => reason(&name),
            };
            (name, why)
        })
        .collect()
}
