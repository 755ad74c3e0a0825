//! Text is for people: code asks types, not the words that they are printed with.

use super::layers::{code, is_of_tests, sources};

/// How a text is compared with words in quotation marks.
const COMPARISONS: [&str; 9] = [
    "== \"",
    "!= \"",
    "== Some(\"",
    "!= Some(\"",
    "starts_with(\"",
    "ends_with(\"",
    "strip_prefix(\"",
    "strip_suffix(\"",
    "contains(\"",
];

/// How the names of estimates, methods, groups, outcomes, scales, figures and items begin where they are printed.
const NAMES: [&str; 49] = [
    "theta",
    "alpha",
    "c\"",
    "c_e",
    "c_log10",
    "r2",
    "r_squared",
    "psi",
    "phi", // quantities
    "wild",
    "CR",
    "HC",
    "classical",
    "restricted",
    "pairs",
    "BCa",
    "percentile", // methods
    "release >= ",
    "Released",
    "Other models",
    "Not ",
    "Models",
    "cohort",
    "reference", // groups
    "break",
    "no_break",
    "flat",
    "abrupt",
    "gradual",
    "none", // outcomes and verdicts
    "hinge",
    "segmented",
    "logistic",
    "richards",
    "all\"",
    "known",
    "free", // settings
    "linear",
    "log10",
    "share",
    "percent",
    "compute",
    "items", // scales and predictors
    "reproduced",
    "stands",
    "changes",
    "adjusted",
    "unadjusted",
    "multiple", // papers
];

/// Where such words are no names of these things, and why.
const ELSEWHERE: [(&str, &str); 5] = [
    ("src/report/evaluate.rs", "the name of a task's filter, which may be `none`"),
    ("src/registry/benchmark.rs", "the same"),
    ("src/study/settings/reading.rs", "a name that an adjustment must not have"),
    ("src/harness/", "names in files of other programs"),
    ("src/lm/", "the same"),
];

/// Whether the line compares a text with one of the names.
fn branches_on_words(line: &str) -> bool {
    COMPARISONS.iter().any(|comparison| {
        line.match_indices(comparison).any(|(at, _)| {
            let compared = &line[at + comparison.len()..];
            NAMES.iter().any(|name| compared.starts_with(name))
        })
    })
}

#[test]
fn a_comparison_with_a_printed_word_is_seen() {
    for line in [
        "if name.starts_with(\"release >= \") {",
        "method.contains(\"wild\")",
        "if report.curve == \"hinge\" {",
        "verdict(row) == Some(\"reproduced\")",
    ] {
        assert!(branches_on_words(line), "{line}");
    }
    for line in ["Self::Hinge => \"hinge\",", "path.ends_with(\".csv\")", "\"hinge\" => Ok(Self::Hinge),"] {
        assert!(!branches_on_words(line), "{line}");
    }
}

#[test]
fn no_code_branches_on_a_printed_word() {
    let mut broken = Vec::new();
    // Tests say what is printed.
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_of_tests(path)) {
        let path = format!("src/{}", path.display());
        if ELSEWHERE.iter().any(|(exempt, _)| path.starts_with(exempt)) {
            continue;
        }
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (number, line) in code(text).filter(|(_, line)| branches_on_words(line)) {
            broken.push(format!("{path}:{number}: {}", line.trim()));
        }
    }
    assert!(broken.is_empty(), "compare types, not what they are printed as:\n{}", broken.join("\n"));
}
