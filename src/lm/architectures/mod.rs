//! From the `config.json` of a known kind of model to its [`Config`].
//!
//! `llama.rs` holds the descendants of Llama (RMS norm or LayerNorm, rotary positions, gated MLP), `gpt.rs` those of GPT.
//! A new kind is a new variant of [`Architecture`], a reader in one of the two and a table in `names.rs`, with a reference
//! model of random weights to test it against.

mod gpt;
mod llama;
mod mixtures;
mod parts;
mod recent;
mod rope;
mod text_part;

use std::path::Path;

use super::architecture::Architecture;
use super::config::Config;
use super::keys::{self, Keys};
use crate::error::Result;

impl Config {
    /// Reads `config.json` of a model folder, or the file itself. Both spellings are understood: that of hub configs and
    /// that of transformers 5.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) for an unknown architecture, an unknown switch, or a known one in a position that is not
    /// implemented; [`Error::File`](crate::Error::File) for anything malformed, with the key.
    pub fn read(path: &Path) -> Result<Self> {
        let path = if path.is_dir() { path.join("config.json") } else { path.to_owned() };
        Self::from_object(&path, &keys::read_object(&path)?)
    }

    /// The same from the bytes of a `config.json`; `path` is for messages.
    ///
    /// # Errors
    /// As `Config::read`.
    pub fn parse(path: &Path, json: &[u8]) -> Result<Self> {
        Self::from_object(path, &keys::parse_object(path, json)?)
    }

    pub(super) fn from_object(path: &Path, object: &serde_json::Map<String, serde_json::Value>) -> Result<Self> {
        if let Some(text) = text_part::of(path, object)? {
            return Self::from_object(path, &text);
        }
        let keys = Keys::new(path, object);
        let config = read(&keys)?;
        keys.finish(config.architecture.name())?;
        config.check(path)?;
        Ok(config)
    }
}

/// The config of the text part of a model that reads images too, as one of its own; nothing for a model of text alone.
///
/// # Errors
/// As [`Config::read`] for what lies outside that part.
pub(crate) fn text_part_of(
    path: &Path,
    object: &serde_json::Map<String, serde_json::Value>,
) -> Result<Option<serde_json::Map<String, serde_json::Value>>> {
    text_part::of(path, object)
}

/// What reads the config of a kind.
fn reader(kind: Architecture) -> fn(&Keys<'_>, Architecture) -> Result<Config> {
    use Architecture as Kind;
    match kind {
        Kind::Llama | Kind::Skywork => llama::llama,
        Kind::Mistral => llama::mistral,
        Kind::Qwen2 | Kind::Qwen3 => llama::qwen,
        Kind::Gemma | Kind::Gemma2 | Kind::Gemma3 => llama::gemma,
        Kind::Olmo | Kind::Olmo2 => llama::olmo,
        Kind::StableLm => llama::stablelm,
        Kind::StableLmAlpha => llama::stablelm_alpha,
        Kind::Phi3 => llama::phi3,
        Kind::Baichuan => llama::baichuan,
        Kind::InternLm => llama::internlm,
        Kind::InternLm2 => llama::internlm2,
        Kind::Gpt2 => gpt::gpt2,
        Kind::GptNeo => gpt::gpt_neo,
        Kind::GptJ => gpt::gptj,
        Kind::GptNeoX => gpt::gpt_neox,
        Kind::Opt => gpt::opt,
        Kind::Falcon => gpt::falcon,
        Kind::Bloom => gpt::bloom,
        Kind::Phi => gpt::phi,
        Kind::SmolLm3 => recent::smollm3,
        Kind::Granite => recent::granite,
        Kind::Olmo3 => recent::olmo3,
        Kind::SeedOss => recent::seed_oss,
        Kind::Ernie => recent::ernie,
        Kind::Cohere | Kind::Cohere2 => recent::cohere,
        Kind::Glm | Kind::Glm4 => recent::glm,
        Kind::Exaone4 => recent::exaone4,
        Kind::Ministral => llama::mistral,
        Kind::Ministral3 => recent::ministral3,
        Kind::StarCoder2 => recent::starcoder2,
        Kind::Nemotron => recent::nemotron,
        Kind::CodeGen => gpt::codegen,
        Kind::Mpt => gpt::mpt,
        Kind::Mixtral => mixtures::mixtral,
        Kind::Qwen2Moe | Kind::Qwen3Moe => mixtures::qwen_moe,
        Kind::Olmoe => mixtures::olmoe,
        Kind::GraniteMoe => mixtures::granite_moe,
    }
}

/// Finds out the kind from `architectures`, or from `model_type` where that is missing, and reads the rest.
fn read(keys: &Keys<'_>) -> Result<Config> {
    let classes = keys.texts("architectures")?.unwrap_or_default();
    let kind = keys.text(&["model_type"])?;
    let by_class = |class: &&str| Architecture::ALL.iter().find(|kind| kind.classes().contains(class));
    let found = match classes.first() {
        Some(class) => by_class(class),
        None => Architecture::ALL.iter().find(|known| kind.is_some_and(|kind| known.model_types().contains(&kind))),
    };
    let Some(&architecture) = found else {
        let what = match (classes.first(), kind) {
            (Some(class), _) => format!("the architecture {class}"),
            (None, Some(kind)) => format!("`model_type: \"{kind}\"`"),
            (None, None) => return Err(keys.problem("`architectures` and `model_type` are missing".to_owned())),
        };
        let wholes = text_part::classes().collect::<Vec<_>>().join(", ");
        return Err(keys.unsupported(&what, &format!("{}; of {wholes} the text part", Architecture::all_names())));
    };
    if let (Some(class), Some(kind)) = (classes.first(), kind)
        && !architecture.model_types().contains(&kind)
    {
        // `transformers` goes by the type; whoever wrote another beside this class means other tensors.
        let what = format!("`model_type: \"{kind}\"` with the architecture {class}");
        return Err(keys.unsupported(&what, &architecture.model_types().join(", ")));
    }
    keys.only("is_encoder_decoder", false)?;
    keys.only("add_cross_attention", false)?;
    let mut config = reader(architecture)(keys, architecture)?;
    config.stored_dtype =
        keys.text(&["dtype", "torch_dtype"])?.map(|name| name.trim_start_matches("torch.").to_owned());
    Ok(config)
}
