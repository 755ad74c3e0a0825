//! Final answers of MATH, normalised as in Lewkowycz et al. 2022 (Minerva, appendix D), and compared as text.
//!
//! lm-evaluation-harness goes on to ask a computer algebra system whether two different texts mean the same number;
//! that step is not here, so `\frac12` and `0.5` count as different. The share of items this concerns is small, and
//! the difference is always downward.

use std::sync::LazyLock;

use super::python::strip;
use super::regex::Pattern;

const INVALID: &str = "[invalidanswer]";

/// The normalised answer inside the last `\boxed{…}` of a solution.
///
/// # Errors
/// A regular expression that gives no answer.
pub(super) fn answer(solution: &str) -> Result<String, String> {
    normalise(&boxed(solution).unwrap_or_else(|| INVALID.to_owned()))
}

/// Whether what a model wrote ends in the final answer `gold` (already normalised).
///
/// # Errors
/// A regular expression that gives no answer.
pub(super) fn is_right(written: &str, gold: &str) -> Result<bool, String> {
    static SENTENCE: LazyLock<Result<Pattern, String>> =
        LazyLock::new(|| Pattern::new(r"Final Answer: The final answer is(.*?). I hope it is correct."));
    let text = format!("{written}I hope it is correct.");
    let found = SENTENCE.as_ref()?.search(&text)?.and_then(|groups| groups.get(1).cloned().flatten());
    let Some(found) = found else { return Ok(false) };
    let answer = normalise(strip(&found))?;
    Ok(answer != INVALID && strip(&answer) == strip(gold))
}

/// What stands in the last box of a solution.
fn boxed(solution: &str) -> Option<String> {
    if let Some((_, rest)) = solution.rsplit_once("\\boxed ") {
        return Some(rest.split('$').next().unwrap_or_default().to_owned());
    }
    let start = solution.rfind("\\boxed")?;
    let mut depth = 0;
    for (at, c) in solution[start..].char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == '}' && depth == 0 {
            return solution[start..start + at].strip_prefix("\\boxed{").map(str::to_owned);
        }
    }
    None
}

const REPLACED: [(&str, &str); 10] = [
    ("an ", ""),
    ("a ", ""),
    (".$", "$"),
    ("\\$", ""),
    ("\\ ", ""),
    (" ", ""),
    ("mbox", "text"),
    (",\\text{and}", ","),
    ("\\text{and}", ","),
    ("\\text{m}", "\\text{}"),
];

/// Units and marks that do not change an answer, in the order they are taken out.
const REMOVED: [&str; 40] = [
    "square",
    "ways",
    "integers",
    "dollars",
    "mph",
    "inches",
    "ft",
    "hours",
    "km",
    "units",
    "\\ldots",
    "sue",
    "points",
    "feet",
    "minutes",
    "digits",
    "cents",
    "degrees",
    "cm",
    "gm",
    "pounds",
    "meters",
    "meals",
    "edges",
    "students",
    "childrentickets",
    "multiples",
    "\\text{s}",
    "\\text{.}",
    "\\text{\ns}",
    "\\text{}^2",
    "\\text{}^3",
    "\\text{\n}",
    "\\text{}",
    "\\mathrm{th}",
    "^\\circ",
    "^{\\circ}",
    "\\;",
    ",\\!",
    "{,}",
];

/// Taken out after the others.
const REMOVED_LAST: [&str; 2] = ["\"", "\\dots"];

/// Each is `re.sub`'s pattern and replacement, in order.
const REWRITTEN: [(&str, &str); 7] = [
    (r"(.*?)(\$)(.*?)(\$)(.*)", r"$\3$"),
    (r"(\\text\{)(.*?)(\})", r"\2"),
    (r"(\\textbf\{)(.*?)(\})", r"\2"),
    (r"(\\overline\{)(.*?)(\})", r"\2"),
    (r"(\\boxed\{)(.*)(\})", r"\2"),
    (r"(frac)([^{])(.)", r"frac{\2}{\3}"),
    (r"(sqrt)([^{])", r"sqrt{\2}"),
];

fn normalise(answer: &str) -> Result<String, String> {
    static PATTERNS: LazyLock<Result<Vec<(Pattern, &str)>, String>> =
        LazyLock::new(|| REWRITTEN.iter().map(|(pattern, to)| Ok((Pattern::new(pattern)?, *to))).collect());
    let mut text = answer.rsplit('=').next().unwrap_or_default().to_owned();
    for (from, to) in REPLACED {
        text = text.replace(from, to);
    }
    for removed in REMOVED.into_iter().chain(REMOVED_LAST) {
        text = text.replace(removed, "");
    }
    for (pattern, replacement) in PATTERNS.as_ref()? {
        text = pattern.replace(&text, replacement, 0)?;
    }
    text = text.replace('$', "");
    let digits = text.replace(',', "");
    Ok(if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) { digits } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    // lm_eval/tasks/leaderboard/math/utils.py gives these: normalize_final_answer(remove_boxed(last_boxed_only_string(x))).
    #[test]
    fn answers_are_normalised_as_minerva_does() {
        for (solution, expected) in [
            (r"so $x = \boxed{\frac12}$.", r"\frac{1}{2}"),
            (r"\boxed{1} or \boxed{x=10,000 \text{ dollars}}", "10000"),
            (r"we get \boxed 5$ done", "5"),
            (r"\boxed{\sqrt3\text{ cm}^2}", r"\sqrt{3}"),
            (r"\boxed{90^\circ}", "90"),
            (r"no answer", INVALID),
            (r"\boxed{never closed", INVALID),
        ] {
            assert_eq!(answer(solution).unwrap(), expected, "{solution}");
        }
    }

    #[test]
    fn an_answer_counts_only_in_the_agreed_sentence() {
        let written = r"Some steps. Final Answer: The final answer is $\frac12$. I hope it is correct.";
        assert!(is_right(written, r"\frac{1}{2}").unwrap());
        assert!(is_right("Final Answer: The final answer is $7$. ", "7").unwrap());
        assert!(!is_right("The answer is 7", "7").unwrap());
    }
}
