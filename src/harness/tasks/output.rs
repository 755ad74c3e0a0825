//! The kinds of questions that a task may ask.

use super::node::Node;
use crate::error::Result;

/// What is asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    LogLikelihood,
    MultipleChoice,
    Rolling,
    GenerateUntil,
}

impl Output {
    /// Reads `output_type`.
    ///
    /// # Errors
    /// A kind that is not supported, with file and line.
    pub(crate) fn read(task: &Node) -> Result<Self> {
        let Some(node) = task.given("output_type") else { return Ok(Self::GenerateUntil) };
        match node.text()? {
            "loglikelihood" => Ok(Self::LogLikelihood),
            "loglikelihood_rolling" => Ok(Self::Rolling),
            "multiple_choice" => Ok(Self::MultipleChoice),
            "generate_until" => Ok(Self::GenerateUntil),
            other => Err(node.wrong(format!(
                "`output_type: {other}` is not supported; supported: multiple_choice, loglikelihood, loglikelihood_rolling, \
                 generate_until"
            ))),
        }
    }
}
