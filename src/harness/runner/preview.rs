//! What an evaluation would ask, and what it would cost, without loading the weights.

use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::encode::{Encoder, Prompt, PromptWork};
use super::evaluation::{EvaluationSettings, select};
use super::limits::Limits;
use super::plan::Plan;
use super::subject::{find, no_tokenizer};
use crate::error::Result;
use crate::harness::request::Request;
use crate::harness::tasks::{Items, Task, TaskSelection};
use crate::lm::Placement;

/// What would be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Preview {
    /// Files of folders with definitions that were left out, and why.
    pub left_out: Vec<String>,
    /// Members of groups that cannot be run, and why.
    pub refused: Vec<String>,
    /// Tasks and groups that come with onset, but that a file defines anew, with the file.
    pub replaced: Vec<(String, PathBuf)>,
    /// In the order they were asked for.
    pub tasks: Vec<TaskPreview>,
    /// Seconds it would take on this machine's processor, at 60 % of the rate of its matrix products; `None` on
    /// other devices.
    pub seconds: Option<f64>,
}

/// What one task would ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskPreview {
    /// Its name.
    pub name: String,
    /// Items that would be asked.
    pub items: usize,
    /// Items there are.
    pub total: usize,
    /// Examples in the prompt.
    pub shots: usize,
    /// Items that stand among their own examples, with their answers.
    pub see_themselves: usize,
    /// Items whose system turn the chat template refuses.
    pub without_system: usize,
    /// Requests of all items.
    pub requests: usize,
    /// Tokens of all prompts.
    pub tokens: usize,
    /// Those of them that the model reads: what prompts share is read once.
    pub read: usize,
    /// Tokens written, at most.
    pub written: usize,
    /// The first item's prompt.
    pub prompt: String,
    /// The ids of its tokens.
    pub prompt_ids: Vec<u32>,
    /// Its continuations and the ids of theirs; none where the model writes.
    pub continuations: Vec<(String, Vec<u32>)>,
}

/// The share of the rate of large matrix products that an evaluation reaches, about.
pub(crate) const SHARE: f64 = 0.6;

/// What evaluating the model at `path` would ask, within `memory` bytes as for [`Loaded::load`](super::Loaded::load).
///
/// # Errors
/// As [`evaluate`](super::evaluate), as far as it can be known without weights.
pub(crate) fn preview(
    path: &Path,
    placement: &Placement,
    settings: &EvaluationSettings,
    memory: usize,
) -> Result<Preview> {
    let found = find(path)?;
    let limits = Limits::within(memory, &found, placement);
    let tokenizer = found.tokenizer.as_ref().ok_or_else(|| no_tokenizer(path))?;
    let encoder = Encoder::new(tokenizer, found.config.context)?.special(settings.special).truncate(settings.truncate);
    let chat = settings.chat.of(&tokenizer.chat)?;
    let mut tasks = Vec::new();
    let mut multiplications = 0.0;
    let TaskSelection { tasks: selected, left_out, refused, replaced, .. } = select(settings)?;
    for task in &selected {
        let items = task.prompted(&settings.draw, &chat.prompting())?;
        let (of_task, projected) = of_task(task, &items, &encoder, &limits)?;
        let layers = found.parameters_without_embeddings() as f64 * (of_task.read + of_task.written) as f64;
        let head = (found.config.hidden_size * found.config.vocab_size) as f64;
        multiplications += layers + head * (projected + of_task.written) as f64;
        tasks.push(of_task);
    }
    let seconds = match placement.device {
        Device::Cpu => Some(multiplications / (SHARE * multiplication_rate()?)),
        _ => None,
    };
    Ok(Preview { left_out, refused, replaced, tasks, seconds })
}

/// A task, and the number of positions that are projected on the vocabulary.
fn of_task(task: &Task, items: &Items, encoder: &Encoder<'_>, limits: &Limits) -> Result<(TaskPreview, usize)> {
    let requests: Vec<Request> = items.items.iter().flat_map(|item| item.requests.iter().cloned()).collect();
    let name = task.name().to_owned();
    let owner = |index| {
        let mut before = 0;
        let owner = items.items.iter().find(|item| {
            before += item.requests.len();
            index < before
        });
        owner.map_or(0, |item| item.doc_id)
    };
    let prompts = encoder.encode(&requests).map_err(|error| error.of_item(&name, owner))?;
    let first = items.items.first().map_or(0, |item| item.requests.len());
    let mut preview = TaskPreview {
        name,
        items: items.items.len(),
        total: items.total,
        shots: items.shots,
        see_themselves: items.see_themselves,
        without_system: items.without_system,
        requests: requests.len(),
        tokens: prompts.iter().map(|prompt| prompt.tokens.len()).sum(),
        read: 0,
        written: prompts.iter().map(written).sum(),
        prompt: String::new(),
        prompt_ids: Vec::new(),
        continuations: Vec::new(),
    };
    for prompt in prompts.iter().take_while(|prompt| prompt.request < first) {
        match (&requests[prompt.request], &prompt.work) {
            // Its first window is shown.
            (Request::Rolling { text }, _) => {
                if preview.prompt_ids.is_empty() {
                    (preview.prompt, preview.prompt_ids) = (text.clone(), prompt.tokens.clone());
                }
            }
            (Request::LogLikelihood { context, continuation }, PromptWork::Score(scored)) => {
                let context_ids = &prompt.tokens[..prompt.tokens.len() + 1 - scored.len()];
                if preview.continuations.is_empty() {
                    (preview.prompt, preview.prompt_ids) = (context.clone(), context_ids.to_vec());
                }
                preview.continuations.push((continuation.clone(), scored.clone()));
            }
            (
                Request::Generate { context, .. }
                | Request::Sample { context, .. }
                | Request::LogLikelihood { context, .. },
                _,
            ) => {
                (preview.prompt, preview.prompt_ids) = (context.clone(), prompt.tokens.clone());
            }
        }
    }
    let plan = Plan::new(prompts, limits);
    preview.read = plan.size();
    let projected = plan.asked.iter().map(|asked| asked.questions.len()).sum();
    Ok((preview, projected))
}

fn written(prompt: &Prompt) -> usize {
    match prompt.work {
        PromptWork::Score(_) => 0,
        PromptWork::Write(most) | PromptWork::Draw(most) => most,
    }
}

/// Multiplications with addition a second, in a product of matrices of a thousand rows and columns.
fn multiplication_rate() -> Result<f64> {
    const SIDE: usize = 1024;
    let matrix = Tensor::ones((SIDE, SIDE), DType::F32, &Device::Cpu)?;
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        let product = matrix.matmul(&matrix)?;
        best = best.min(start.elapsed().as_secs_f64());
        drop(product);
    }
    Ok((SIDE as f64).powi(3) / best.max(f64::MIN_POSITIVE))
}
