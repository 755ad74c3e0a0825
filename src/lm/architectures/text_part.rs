//! The text part of models that read images too: its config lies inside theirs, its tensors below another name.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::lm::keys::Keys;

/// A class of models with a text part.
struct Whole {
    class: &'static str,
    model_type: &'static str,
    /// Its text part, by `model_type`: the first where that is missing.
    parts: &'static [(&'static str, &'static str)],
}

const WHOLES: &[Whole] = &[
    Whole {
        class: "Gemma3ForConditionalGeneration",
        model_type: "gemma3",
        parts: &[("gemma3_text", "Gemma3ForCausalLM")],
    },
    Whole {
        class: "Mistral3ForConditionalGeneration",
        model_type: "mistral3",
        parts: &[("mistral", "MistralForCausalLM"), ("ministral3", "Ministral3ForCausalLM")],
    },
];

/// About images, and which tokens stand for them: nothing that text meets.
const OF_IMAGES: &[&str] = &[
    "boi_token_index",
    "eoi_token_index",
    "image_token_id",
    "image_token_index",
    "mm_tokens_per_image",
    "multimodal_projector_bias",
    "projector_hidden_act",
    "spatial_merge_size",
    "vision_config",
    "vision_feature_layer",
];

/// What `transformers` assumes of Gemma 3 where the config of the text part is silent, as those of the hub are.
fn gemma3() -> Value {
    json!({
        "vocab_size": 262_208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131_072,
    })
}

/// The classes that have a text part which is read, for messages.
pub(super) fn classes() -> impl Iterator<Item = &'static str> {
    WHOLES.iter().map(|whole| whole.class)
}

/// The config of the text part as one of its own; nothing where `object` is that of a model of text alone.
pub(super) fn of(path: &Path, object: &Map<String, Value>) -> Result<Option<Map<String, Value>>> {
    let keys = Keys::new(path, object);
    let classes = keys.texts("architectures")?.unwrap_or_default();
    let kind = keys.text(&["model_type"])?;
    let found = WHOLES.iter().find(|whole| match classes.first() {
        Some(class) => *class == whole.class,
        None => kind == Some(whole.model_type),
    });
    let Some(whole) = found else { return Ok(None) };
    if let Some(kind) = kind.filter(|kind| *kind != whole.model_type) {
        let what = format!("`model_type: \"{kind}\"` with the architecture {}", whole.class);
        return Err(keys.unsupported(&what, whole.model_type));
    }
    let Some(Value::Object(part)) = object.get("text_config") else {
        return Err(keys.problem("`text_config` is missing".to_owned()));
    };
    let name = part.get("model_type").and_then(Value::as_str).unwrap_or(whole.parts[0].0);
    let Some((_, class)) = whole.parts.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = whole.parts.iter().map(|(known, _)| *known).collect();
        return Err(keys.unsupported(&format!("`text_config.model_type: \"{name}\"`"), &known.join(", ")));
    };
    keys.only("is_encoder_decoder", false)?;
    keys.ignore(OF_IMAGES);
    keys.ignore(&["text_config", "tie_word_embeddings", "dtype", "torch_dtype"]);
    keys.finish("a model with images")?;
    let mut text = if name == "gemma3_text" { gemma3().as_object().cloned().unwrap_or_default() } else { Map::new() };
    text.extend(part.iter().map(|(key, value)| (key.clone(), value.clone())));
    text.insert("architectures".to_owned(), json!([class]));
    text.insert("model_type".to_owned(), json!(name));
    // Both are said of the whole; a head that is stored beside the embedding is used whatever the second says.
    for key in ["dtype", "torch_dtype"] {
        if let (false, Some(value)) = (text.contains_key("dtype") || text.contains_key("torch_dtype"), object.get(key))
        {
            text.insert(key.to_owned(), value.clone());
        }
    }
    let tied = object.get("tie_word_embeddings").or(part.get("tie_word_embeddings")).cloned();
    text.insert("tie_word_embeddings".to_owned(), tied.unwrap_or(json!(true)));
    Ok(Some(text))
}
