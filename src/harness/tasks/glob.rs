//! Patterns of names, as a shell understands them.

/// Whether a name matches a pattern with `*`, `?`, `[abc]`, `[a-z]` and `[!a]`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    characters_match(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
}

fn characters_match(pattern: &[char], name: &[char]) -> bool {
    match pattern.first() {
        None => name.is_empty(),
        Some('*') => (0..=name.len()).any(|skipped| characters_match(&pattern[1..], &name[skipped..])),
        Some('?') => !name.is_empty() && characters_match(&pattern[1..], &name[1..]),
        Some('[') => {
            let end = pattern.iter().skip(2).position(|c| *c == ']').map(|at| at + 2);
            let (Some(end), Some(first)) = (end, name.first()) else {
                return name.first() == Some(&'[') && characters_match(&pattern[1..], &name[1..]);
            };
            let negated = pattern[1] == '!';
            let set = &pattern[1 + usize::from(negated)..end];
            let inside = set.windows(3).any(|w| w[1] == '-' && (w[0]..=w[2]).contains(first)) || set.contains(first);
            inside != negated && characters_match(&pattern[end + 1..], &name[1..])
        }
        Some(c) => name.first() == Some(c) && characters_match(&pattern[1..], &name[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_a_shell() {
        assert!(matches("mmlu_*", "mmlu_anatomy") && matches("*_mc", "arc_challenge_mc") && matches("gsm?k", "gsm8k"));
        assert!(matches("[a-h]*", "gsm8k") && !matches("[!a-h]*", "gsm8k") && !matches("mmlu", "mmlu_anatomy"));
    }
}
