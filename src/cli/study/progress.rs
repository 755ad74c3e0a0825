//! Cells while they run: on a terminal one line each that is rewritten, elsewhere a line when one begins and ends.

use std::collections::{BTreeMap, HashMap};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar};

use crate::cli::progress::style;
use crate::study::{Cell, Ended, Owner, Submission, Watch};

/// Steps of a cell's bar.
const STEPS: u64 = 1000;

/// Prints what becomes of the cells to standard error.
#[derive(Debug)]
pub(super) struct Progress {
    screen: Option<MultiProgress>,
    total: ProgressBar,
    bars: Mutex<HashMap<String, (ProgressBar, Instant)>>,
    /// What was said last of the work of others, or of the queue.
    waiting: Mutex<String>,
}

impl Progress {
    /// For this many cells that are still to run.
    pub(super) fn new(cells: usize) -> Self {
        let screen = std::io::stderr().is_terminal().then(MultiProgress::new);
        let total = match &screen {
            Some(screen) => screen.add(ProgressBar::new(cells as u64)),
            None => ProgressBar::hidden(),
        };
        total.set_style(style("{bar:30} {pos} of {len} cells  {elapsed} gone, about {eta} left  {msg}"));
        if screen.is_some() {
            // The totals stand below from the beginning, and their clock goes on while a cell says nothing.
            total.enable_steady_tick(Duration::from_secs(1));
        }
        Self { screen, total, bars: Mutex::default(), waiting: Mutex::default() }
    }

    fn bars(&self) -> std::sync::MutexGuard<'_, HashMap<String, (ProgressBar, Instant)>> {
        // The map is whole between any two calls.
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Progress {
    fn begins(&self, cell: &Cell) {
        let bar = match &self.screen {
            Some(screen) => screen.insert_before(&self.total, ProgressBar::new(STEPS)),
            None => {
                complain!("onset: {} begins", cell.name);
                ProgressBar::hidden()
            }
        };
        bar.set_style(style("{prefix:30!} {bar:20} {msg}"));
        bar.set_prefix(cell.name.clone());
        self.bars().insert(cell.name.clone(), (bar, Instant::now()));
    }

    fn progress(&self, cell: &Cell, share: f64, doing: &str) {
        if let Some((bar, _)) = self.bars().get(&cell.name) {
            bar.set_position((share.clamp(0.0, 1.0) * STEPS as f64) as u64);
            bar.set_message(doing.to_owned());
        }
    }

    fn ends(&self, cell: &Cell, ended: &Ended) {
        let removed = self.bars().remove(&cell.name);
        let took = removed.as_ref().map_or(Duration::ZERO, |(_, began)| began.elapsed());
        let line = match ended {
            Ended::Done => format!("{}: done in {:.1} s", cell.name, took.as_secs_f64()),
            Ended::Elsewhere => format!("{}: done elsewhere", cell.name),
            Ended::Failed(error) => format!("{}: FAILED: {error}", cell.name),
            Ended::Stopped => format!("{}: stopped; goes on where it was", cell.name),
        };
        if let Some((bar, _)) = removed {
            bar.finish_and_clear();
        }
        self.total.inc(1);
        self.say(&line);
    }

    fn submitted(&self, submission: &Submission) {
        self.say(&format!("job {} submitted with {} cells", submission.job, submission.cells.len()));
    }

    fn queued(&self, states: &BTreeMap<String, usize>) {
        let line: Vec<String> = states.iter().map(|(state, n)| format!("{n} {}", state.to_lowercase())).collect();
        let line = if line.is_empty() { "nothing in the queue".into() } else { line.join(", ") };
        let mut last = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != line {
            self.say(&line);
            *last = line;
        }
    }

    fn waits(&self, others: &[(String, Owner)]) {
        let line = match others {
            [(cell, owner)] => format!("waiting for {cell}: {owner} works on it"),
            _ => format!("waiting for {} cells that others work on", others.len()),
        };
        let mut last = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.screen {
            Some(_) => self.total.set_message(line.clone()),
            // Others are looked at every few seconds; a log needs to hear of them once.
            None if *last != line => complain!("onset: {line}"),
            None => {}
        }
        *last = line;
    }
}

impl Progress {
    /// A line that stays.
    fn say(&self, line: &str) {
        match &self.screen {
            // A terminal that cannot be written to has nobody to tell.
            Some(screen) => drop(screen.println(line)),
            None => complain!("onset: {line}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.total.finish_and_clear();
    }
}
