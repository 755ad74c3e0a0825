//! Prompts as turns of a conversation: put together as plain text, or wrapped in a model's chat template.
//!
//! As in lm-evaluation-harness, a system turn holds the system instruction and the task's description, each example is
//! a question of the user and an answer of the assistant, and the item's own question comes last, with `gen_prefix` as
//! the beginning of the answer. As plain text the turns follow each other with the task's delimiters between them; in a
//! chat they are turns, or all of them are the text of one turn of the user.

use super::chat::ChatTemplate;
use super::python::is_space;
use super::turn::{Role, Turn};

/// How prompts are wrapped. The default is plain text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prompting<'a> {
    /// The chat template; plain text where `None`.
    pub template: Option<&'a ChatTemplate>,
    /// The system instruction, before the task's description.
    pub system: Option<&'a str>,
    /// Whether examples are turns of their own; else they stand in the user's turn. Matters only in a chat.
    pub multiturn: bool,
}

/// The delimiters of a task: before an answer, and after one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delimiters<'a> {
    pub target: &'a str,
    pub example: &'a str,
}

/// The system turn; none where there is nothing to say.
pub(super) fn system(instruction: Option<&str>, description: &str, delimiter: &str) -> Option<Turn> {
    let text = joined(instruction.unwrap_or_default(), description, delimiter);
    (!text.is_empty()).then(|| Turn::new(Role::System, text, ""))
}

/// A question, and the answer or its beginning where there is one. An empty answer is none.
pub(super) fn turns(question: &str, prefix: &str, answer: Option<&str>, between: Delimiters<'_>) -> Vec<Turn> {
    let answer = answer.filter(|answer| !answer.is_empty());
    let apart = if prefix.is_empty() { answer.is_some() } else { apart(question, prefix) };
    let mut turns = vec![Turn::new(Role::User, question, if apart { between.target } else { "" })];
    if let Some(answer) = answer {
        turns.push(Turn::new(Role::Assistant, joined(prefix, answer, " "), between.example));
    } else if !prefix.is_empty() {
        turns.push(Turn::new(Role::Assistant, prefix, ""));
    }
    turns
}

/// Turns one after the other as plain text.
pub(super) fn plain(turns: &[Turn]) -> String {
    turns.iter().flat_map(|turn| [turn.text.as_str(), turn.delimiter.as_str()]).collect()
}

impl Prompting<'_> {
    /// The prompt of turns; `prefix` is the beginning of the answer that the last of them holds, if it does. Also
    /// whether the template refused the system turn, which was then left out.
    ///
    /// # Errors
    /// A template that fails.
    pub(super) fn prompt(&self, turns: Vec<Turn>, prefix: &str) -> Result<(String, bool), String> {
        let Some(template) = self.template else { return Ok((plain(&turns), false)) };
        let turns = if self.multiturn { turns } else { single(turns) };
        template.render(&turns, prefix.is_empty())
    }
}

/// All turns as one of the user, beside those of the system before it and of the answer's beginning after it.
fn single(turns: Vec<Turn>) -> Vec<Turn> {
    let mut turns = turns.into_iter().peekable();
    let system = turns.next_if(|turn| turn.role == Role::System);
    let mut middle: Vec<Turn> = turns.collect();
    let answer = middle.pop_if(|turn| turn.role == Role::Assistant);
    if let Some(last) = middle.last_mut() {
        last.delimiter.clear();
    }
    system.into_iter().chain([Turn::new(Role::User, plain(&middle), "")]).chain(answer).collect()
}

/// Two texts with a delimiter between them where both are there and neither has white space where they meet.
fn joined(before: &str, after: &str, delimiter: &str) -> String {
    format!("{before}{}{after}", if apart(before, after) { delimiter } else { "" })
}

/// Whether two texts need a delimiter between them: neither has white space where they meet.
fn apart(before: &str, after: &str) -> bool {
    let meets = |c: Option<char>| c.is_some_and(|c| !is_space(c));
    meets(before.chars().next_back()) && meets(after.chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BETWEEN: Delimiters<'static> = Delimiters { target: " ", example: "\n\n" };

    // The expected texts are those of lm-evaluation-harness 0.4.13's `build_qa_turn` and `multiturn_to_singleturn`.
    #[test]
    fn turns_are_put_together_as_the_harness_does() {
        let example = turns("Q1:", "", Some("A1"), BETWEEN);
        assert_eq!(plain(&example), "Q1: A1\n\n");
        assert_eq!(plain(&turns("Q1: ", "So", Some("A1"), BETWEEN)), "Q1: So A1\n\n");
        assert_eq!(plain(&turns("Q1:", "So", None, BETWEEN)), "Q1: So");
        assert_eq!(plain(&turns("Q1:", "", Some(""), BETWEEN)), "Q1:");
        assert_eq!(
            system(Some("Be brief."), "Sums.", "\n\n").map(|turn| turn.text).as_deref(),
            Some("Be brief.\n\nSums.")
        );
        assert_eq!(system(None, "", "\n\n"), None);
        let all: Vec<Turn> =
            system(None, "Sums.", "").into_iter().chain(example).chain(turns("Q2:", "So", None, BETWEEN)).collect();
        let texts: Vec<String> =
            single(all).into_iter().map(|turn| format!("{}|{}", turn.role.name(), turn.text)).collect();
        assert_eq!(texts, ["system|Sums.", "user|Q1: A1\n\nQ2:", "assistant|So"]);
    }
}
