//! Watching submitted jobs until they are done, and submitting again what failed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::queue::{Commands, in_flight};
use super::script::{Submission, submit};
use crate::error::{Error, Result};
use crate::study::cell::Cell;
use crate::study::plan::{Plan, State};
use crate::study::settings::Study;
use crate::study::work::Work;

/// How often the queue may not answer before that is an error; controllers restart.
const PATIENCE: u32 = 30;

/// How often a pause looks whether it should end.
const LOOK: Duration = Duration::from_millis(50);

/// What came of a study on the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Followed {
    /// Cells that are finished.
    pub done: usize,
    /// Cells that are not and wait for nothing any more, and why.
    pub failed: Vec<(String, String)>,
    /// Cells that still wait or run, when following was stopped.
    pub left: usize,
}

/// Looks at the queue until none of the study's tasks is in it, tells `seen` how many are in each state, and submits
/// again what failed of the cells `only` (of all where it names none), as often as the study allows. A raised `stop` ends
/// the watching; the jobs go on.
///
/// # Errors
/// [`Error::Slurm`] when the queue does not answer for long, and those of planning and submitting.
pub fn follow(
    study: &Study,
    work: &dyn Work,
    only: &[String],
    submissions: Vec<Submission>,
    stop: &AtomicBool,
    seen: &mut dyn FnMut(&BTreeMap<String, usize>),
) -> Result<Followed> {
    let (mut submissions, mut again) = (submissions, study.slurm.resubmit);
    loop {
        let left = wait(study, stop, seen)?;
        let plan = Plan::of(study, work, only)?;
        let done = plan.cells.iter().filter(|planned| planned.state == State::Done).count();
        if left > 0 {
            return Ok(Followed { done, failed: Vec::new(), left });
        }
        let unfinished: Vec<&Cell> = plan.unfinished().map(|planned| &planned.cell).collect();
        if unfinished.is_empty() || again == 0 {
            return Ok(Followed { done, failed: reasons(study, &plan, &submissions), left: 0 });
        }
        again -= 1;
        submissions.extend(submit(study, &unfinished)?);
    }
}

/// Waits until nothing of the study is in the queue, and answers how many tasks are when `stop` was raised.
fn wait(study: &Study, stop: &AtomicBool, seen: &mut dyn FnMut(&BTreeMap<String, usize>)) -> Result<usize> {
    let (mut silent, mut left) = (0, 0);
    loop {
        match in_flight(study) {
            Ok(tasks) => {
                (silent, left) = (0, tasks.len());
                let mut states = BTreeMap::new();
                for task in tasks.into_values() {
                    *states.entry(task.state).or_insert(0) += 1;
                }
                seen(&states);
                if left == 0 {
                    return Ok(0);
                }
            }
            Err(error @ Error::Slurm(_)) => {
                silent += 1;
                if silent > PATIENCE {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        let start = Instant::now();
        while start.elapsed() < study.slurm.poll {
            if stop.load(Ordering::Relaxed) {
                return Ok(left.max(1));
            }
            std::thread::sleep(LOOK.min(study.slurm.poll));
        }
    }
}

/// Why each unfinished cell is: what it wrote itself, or else how Slurm says that its last task ended.
fn reasons(study: &Study, plan: &Plan, submissions: &[Submission]) -> Vec<(String, String)> {
    let commands = Commands::of(study);
    let mut endings = BTreeMap::new();
    for submission in submissions {
        let ended = commands.endings(&submission.job);
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
