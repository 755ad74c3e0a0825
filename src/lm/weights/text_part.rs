//! Tensors of models that read images too: those of the text part are given the names of a model of text alone, those that
//! see are left where they are.

use std::collections::BTreeMap;

/// What the names of the text part begin with, and what they begin with in a model of text alone.
const PREFIXES: &[(&str, &str)] = &[
    ("language_model.model.", "model."),
    ("language_model.lm_head.", "lm_head."),
    ("model.language_model.", "model."),
];

/// What the names of the other parts begin with.
const OTHERS: &[&str] =
    &["vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."];

/// The text part alone; all tensors of a model that has no other.
pub(super) fn of<T>(tensors: BTreeMap<String, T>) -> BTreeMap<String, T> {
    let renamed =
        |name: &str| PREFIXES.iter().find_map(|(long, short)| Some(format!("{short}{}", name.strip_prefix(long)?)));
    if !tensors.keys().any(|name| renamed(name).is_some()) {
        return tensors;
    }
    let text = tensors.into_iter().filter(|(name, _)| !OTHERS.iter().any(|other| name.starts_with(other)));
    text.map(|(name, tensor)| (renamed(&name).unwrap_or(name), tensor)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_part_has_the_names_of_a_model_of_text_alone() {
        let named = |names: &[&str]| {
            let kept = of(names.iter().map(|name| ((*name).to_owned(), ())).collect());
            kept.into_keys().collect::<Vec<_>>()
        };
        let old = ["language_model.lm_head.weight", "language_model.model.norm.weight", "vision_tower.a.weight"];
        assert_eq!(named(&old), ["lm_head.weight", "model.norm.weight"]);
        let new = ["lm_head.weight", "model.language_model.norm.weight", "model.multi_modal_projector.a"];
        assert_eq!(named(&new), ["lm_head.weight", "model.norm.weight"]);
        // Without a text part below another name nothing is left out.
        let alone = ["model.norm.weight", "vision_tower.a.weight"];
        assert_eq!(named(&alone), alone);
    }
}
