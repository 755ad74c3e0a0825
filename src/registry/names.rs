//! Names of models: what two spellings have in common, which names after adjustment belong to which before, and which
//! known name a misspelled one is nearest to.

use std::collections::{BTreeMap, BTreeSet};

use super::table::fold;

/// The organisation before a name, as in `org/name` or `org__name`, and the name.
pub(crate) fn split_organisation(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once('/').or_else(|| name.rsplit_once("__")) {
        Some((organisation, rest)) if !rest.is_empty() && !organisation.is_empty() => (Some(organisation), rest),
        _ => (None, name),
    }
}

/// Whether neither name says that it is another organisation's.
pub(crate) fn may_be_of_one_organisation(one: &str, other: &str) -> bool {
    match (split_organisation(one).0, split_organisation(other).0) {
        (Some(one), Some(other)) => fold(one) == fold(other),
        _ => true,
    }
}

/// Names after adjustment and the names before that they belong to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Partners {
    /// For each name after adjustment the one before.
    pub(crate) of: BTreeMap<String, String>,
    /// Names before without a partner after.
    pub(crate) only_before: Vec<String>,
    /// Names after without a partner before.
    pub(crate) only_after: Vec<String>,
    /// Names before with several partners after, and those.
    pub(crate) several: Vec<(String, Vec<String>)>,
}

/// Joins names before and after adjustment: those that are equal; those that differ in organisation, case and signs only;
/// and those of the rest that hold a name before as a whole (`Qwen2.5-32B-mmluft` holds `Qwen2.5-32B`), where what stands
/// around it is the same for most of them.
pub(crate) fn partners<'n>(
    before: impl IntoIterator<Item = &'n str>,
    after: impl IntoIterator<Item = &'n str>,
) -> Partners {
    let before: BTreeSet<&str> = before.into_iter().collect();
    let after: BTreeSet<&str> = after.into_iter().collect();
    let mut of: BTreeMap<&str, &str> = BTreeMap::new();
    let mut rest = Vec::new();
    for &name in &after {
        match before.get(name).copied().or_else(|| spelled_otherwise(&before, name)) {
            Some(partner) => {
                of.insert(name, partner);
            }
            None => rest.push(name),
        }
    }
    let held: Vec<(&str, &str, (String, String))> = rest
        .iter()
        .filter_map(|name| held_by(&before, name).map(|(partner, around)| (*name, partner, around)))
        .collect();
    for (name, partner, around) in &held {
        if 2 * held.iter().filter(|(.., other)| other == around).count() > held.len() {
            of.insert(name, partner);
        }
    }
    let mut by_partner: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, partner) in &of {
        by_partner.entry(partner).or_default().push((*name).to_owned());
    }
    let texts = |names: &BTreeSet<&str>, keep: &dyn Fn(&str) -> bool| {
        names.iter().filter(|name| keep(name)).map(|name| (*name).to_owned()).collect()
    };
    Partners {
        only_before: texts(&before, &|name| !by_partner.contains_key(name)),
        only_after: texts(&after, &|name| !of.contains_key(name)),
        several: by_partner
            .into_iter()
            .filter(|(_, names)| names.len() > 1)
            .map(|(partner, names)| (partner.to_owned(), names))
            .collect(),
        of: of.into_iter().map(|(name, partner)| (name.to_owned(), partner.to_owned())).collect(),
    }
}

/// The only known name that differs in organisation, case and signs.
fn spelled_otherwise<'n>(known: &BTreeSet<&'n str>, name: &str) -> Option<&'n str> {
    let wanted = fold(split_organisation(name).1);
    let same = |other: &&&str| {
        fold(split_organisation(other).1) == wanted && !wanted.is_empty() && may_be_of_one_organisation(other, name)
    };
    let mut found = known.iter().filter(same);
    found.next().filter(|_| found.next().is_none()).copied()
}

/// The longest known name that a part of this one holds as a whole, and what stands before and after it.
fn held_by<'n>(known: &BTreeSet<&'n str>, name: &str) -> Option<(&'n str, (String, String))> {
    let parts: Vec<&str> = name.split('/').flat_map(|part| part.split("__")).filter(|part| !part.is_empty()).collect();
    let mut found: Vec<(&'n str, &'n str, (String, String))> = known
        .iter()
        .filter_map(|known| {
            let own = split_organisation(known).1;
            let found = parts.iter().rev().find_map(|part| around(part, own))?;
            // The same name of another organisation is another model; `me/NAME-adjusted` may be of anybody.
            let another = found == Default::default() && !may_be_of_one_organisation(known, name) && parts.len() == 2;
            (!another).then_some((*known, own, found))
        })
        .collect();
    let longest = found.iter().map(|(_, own, _)| own.len()).max()?;
    found.retain(|(_, own, _)| own.len() == longest);
    match found.len() {
        1 => found.pop().map(|(known, _, around)| (known, around)),
        _ => None,
    }
}

/// What stands before and after `own` in `part`, if it stands there as a whole: not inside a word, a number or a version.
fn around(part: &str, own: &str) -> Option<(String, String)> {
    let (part, own) = (part.to_lowercase(), own.to_lowercase());
    part.match_indices(&own).find_map(|(at, _)| {
        let (before, after) = (&part[..at], &part[at + own.len()..]);
        let mut next = after.chars();
        let ends = match next.next() {
            None => true,
            Some('.') => !next.next().is_some_and(char::is_numeric),
            Some(c) => !c.is_alphanumeric(),
        };
        let begins = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '.');
        (ends && begins).then(|| (before.to_owned(), after.to_owned()))
    })
}

/// The names that a misspelled one may mean: those that hold it, or else those in which few letters differ; at most three,
/// the nearest first.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let wanted = fold(name);
    let distance = |other: &str| {
        let other = fold(other);
        let holds = wanted.len() >= 3 && (other.contains(&wanted) || (other.len() >= 3 && wanted.contains(&other)));
        let distance = if holds { 0 } else { edits(&wanted, &other) };
        (distance <= 1 + wanted.len() / 4).then_some(distance)
    };
    let mut found: Vec<(usize, usize, &str)> = known
        .into_iter()
        .filter_map(|other| Some((distance(other)?, other.len().abs_diff(name.len()), other)))
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().take(3).map(|(.., other)| other).collect()
}

/// A question about the names that a misspelled one may mean, to follow a sentence; `None` when none is near.
pub(crate) fn did_you_mean<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let near = nearest(name, known);
    (!near.is_empty()).then(|| format!("did you mean `{}`?", near.join("`, `")))
}

/// Letters to insert, leave out, replace or exchange with their neighbour to come from one text to the other (Damerau 1964,
/// no letter touched twice).
fn edits(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for k in 1..=other.len() {
            let replaced = rows[i - 1][k - 1] + usize::from(one[i - 1] != other[k - 1]);
            let mut least = replaced.min(row[k - 1] + 1).min(rows[i - 1][k] + 1);
            if i > 1 && k > 1 && one[i - 1] == other[k - 2] && one[i - 2] == other[k - 1] {
                least = least.min(rows[i - 2][k - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::{edits, fold, nearest, partners};

    #[test]
    fn signs_between_digits_tell_names_apart_and_others_do_not() {
        assert_ne!(fold("opt-1.3b"), fold("opt-13b"));
        assert_ne!(fold("Qwen2.5-3B"), fold("Qwen2-5.3B"));
        for (one, other) in [("Llama-3-8B", "llama_3 8b"), ("OPT-1.3B", "opt 1.3b"), ("gemma-2-9b", "Gemma 2 9B")] {
            assert_eq!(fold(one), fold(other));
        }
    }

    #[test]
    fn adjusted_names_belong_to_the_longest_name_that_they_hold_as_a_whole() {
        let before = ["Qwen/Qwen2.5-3B", "Qwen/Qwen2.5-32B", "org/Llama-3", "Llama-3.1-8B", "pythia-1b"];
        let after = [
            "Qwen2.5-3B-mmluft",
            "/scratch/me/runs/Qwen2.5-32B-mmluft/checkpoint-final",
            "Llama-3.1-8B-mmluft",
            "other-7b-mmluft",
        ];
        let found = partners(before, after);
        let of = |name: &str| found.of.get(name).map(String::as_str);
        assert_eq!((of(after[0]), of(after[1]), of(after[2])), (Some(before[0]), Some(before[1]), Some(before[3])));
        assert_eq!(found.only_after, ["other-7b-mmluft"]);
        assert_eq!(found.only_before, ["org/Llama-3", "pythia-1b"]);
        assert!(found.several.is_empty());
    }

    #[test]
    fn a_name_with_a_rest_of_its_own_is_another_model() {
        let before = ["pythia-1b", "pythia-2.8b", "pythia-6.9b"];
        let found = partners(before, ["pythia-1b-deduped", "pythia-2.8b-ft", "pythia-6.9b-ft"]);
        assert_eq!(found.only_after, ["pythia-1b-deduped"]);
        let twice = partners(["a-1b"], ["a-1b", "A_1B"]);
        assert_eq!(twice.several, [("a-1b".to_owned(), vec!["A_1B".to_owned(), "a-1b".to_owned()])]);
        assert!(partners(["a/x-1b"], ["b/x-1b"]).of.is_empty(), "two organisations");
        assert_eq!(partners(["a/x-1b"], ["b/x-1b-ft"]).of.len(), 1);
    }

    #[test]
    fn a_misspelled_name_is_near_to_the_one_that_was_meant() {
        let known = ["mmlu", "mmlu_pro", "gsm8k", "hellaswag"];
        assert_eq!(nearest("mmul", known), ["mmlu"]);
        assert_eq!(nearest("MMLU-Pr", known), ["mmlu_pro", "mmlu"]);
        assert_eq!(nearest("hellaswg", known), ["hellaswag"]);
        assert!(nearest("truthfulqa", known).is_empty());
        assert_eq!(
            (edits("kitten", "sitting"), edits("", "abc"), edits("abc", "abc"), edits("fti", "fit")),
            (3, 3, 0, 1)
        );
    }
}
