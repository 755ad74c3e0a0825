//! Which model a results file belongs to, and in what setup it was evaluated: from what the file records, and from the names
//! of file and folders.

use std::path::Path;

use super::file::{Cell, ModelArgs, ResultsFile};
use crate::harness::import::{ImportSettings, Subject, folders, is_shots, is_state, step_folder};
use crate::harness::logs::{digest, dtype};
use crate::registry::{PromptFormat, Setup};

/// The model, and the state of its weights. Its name is the first of these that applies:
///
/// 1. `<model>-<task>.json`, where the file has that task or group (its name has no dash), and
///    `<model>/step_<n>/<task>.json`; unless the file records the id of a model on a hub;
/// 2. what the file records: `model_name`, then `config.model_args`, then `config.model` where that is no kind of backend;
///    with an adapter, the model below it;
/// 3. the folder `<organisation>__<model>` the file is in;
/// 4. any folder the file is in that is no checkpoint's, where the file is called after its task, its shots or `results`;
/// 5. the file's own name.
pub(super) fn subject(file: &ResultsFile<'_>, path: &Path, settings: &ImportSettings) -> Subject {
    let arguments = file.config.as_ref().and_then(|config| config.model_args.as_ref());
    let recorded = recorded(file, arguments).map(Subject::parse);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let folders = folders(path);
    let step = folders.last().copied().filter(|folder| step_folder(folder).is_some());
    let by_name = stem
        .rsplit_once('-')
        .filter(|(model, task)| !model.is_empty() && !is_shots(model) && !is_state(model) && has(file, task));
    let by_folder = || step.and_then(|_| folders.iter().rev().nth(1).copied());
    let registered = |name: &str| settings.models.as_ref().is_some_and(|models| models.known_as(name).is_some());
    let named = by_name.map(|(model, _)| model).or_else(by_folder).filter(|named| {
        let agrees = |known: &Subject| {
            let is_path = known.place.is_some() || known.name.is_empty();
            let called_so = known.called.split(['/', '\\']).any(|part| part.eq_ignore_ascii_case(named));
            is_path || called_so || (registered(named) && !registered(&known.name))
        };
        recorded.as_ref().is_none_or(agrees)
    });
    let by_file = || {
        let folder = folders.last().filter(|folder| folder.contains("__")).map(|folder| from_file_name(folder));
        let called_after_model = !(stem.starts_with("results") || has(file, &stem) || stem.split('-').any(is_shots));
        let outer = || {
            let own = folders.iter().rev().find(|folder| !is_state(folder) && !is_shots(folder));
            own.filter(|_| !called_after_model).map(|folder| Subject::named(*folder))
        };
        folder.filter(|subject| !subject.name.is_empty()).or_else(outer).unwrap_or_else(|| Subject::named(stem.clone()))
    };
    let subject = match (named, recorded) {
        (Some(named), Some(recorded)) => {
            // Two folders under one name may be two models, unless the name is a registered one.
            let place = recorded.place.clone().filter(|_| !registered(named));
            Subject { name: named.to_owned(), place, ..recorded }
        }
        (Some(named), None) => Subject::named(named),
        (None, Some(recorded)) if !recorded.name.is_empty() => recorded,
        (None, recorded) => {
            let revision = recorded.and_then(|recorded| recorded.revision);
            by_file().at_revision(&revision.iter().map(String::as_str).collect::<Vec<_>>())
        }
    };
    let argument = |name: &str| arguments.and_then(|arguments| arguments.text(name)).unwrap_or_default();
    let config = file.config.as_ref();
    let default = config.and_then(|config| config.model_revision.as_ref()).and_then(Cell::text).unwrap_or_default();
    let branch = match argument("revision") {
        "" => default,
        branch => branch,
    };
    subject.at_revision(&[branch, argument("subfolder"), step.unwrap_or_default()])
}

fn has(file: &ResultsFile<'_>, task: &str) -> bool {
    let scored = file.results.as_ref().is_some_and(|results| results.get(task).is_some());
    scored || file.group_subtasks.as_ref().is_some_and(|groups| groups.get(task).is_some())
}

/// A folder's name in which lm-evaluation-harness wrote `/` as `__`.
fn from_file_name(folder: &str) -> Subject {
    match folder.split_once("__") {
        Some((organisation, model)) if !organisation.is_empty() && !model.contains("__") => {
            Subject::parse(&format!("{organisation}/{model}"))
        }
        _ => Subject::parse(&folder.replace("__", "/")),
    }
}

/// What `config.model` says besides models: the kinds of backends of lm-evaluation-harness, and onset itself.
const BACKENDS: [&str; 28] = [
    "anthropic",
    "anthropic-chat",
    "anthropic-chat-completions",
    "deepsparse",
    "dummy",
    "gguf",
    "ggml",
    "hf",
    "hf-audiolm-qwen",
    "hf-auto",
    "hf-causal",
    "hf-causal-experimental",
    "hf-mistral3",
    "hf-multimodal",
    "hf-seq2seq",
    "huggingface",
    "local-chat-completions",
    "local-completions",
    "mamba_ssm",
    "nemo_lm",
    "neuronx",
    "onset",
    "openai-chat-completions",
    "openai-completions",
    "openvino",
    "sglang",
    "vllm",
    "vllm-vlm",
];

fn recorded<'f>(file: &'f ResultsFile<'_>, arguments: Option<&'f ModelArgs<'_>>) -> Option<&'f str> {
    let loaded = arguments.and_then(ModelArgs::model);
    let adapted = arguments.is_some_and(|arguments| adapter(arguments).is_some());
    // Of a model with an adapter `model_name` is the adapter.
    let name = file.model_name.as_ref().and_then(Cell::text).filter(|_| !(adapted && loaded.is_some()));
    let kind = || file.config.as_ref()?.model.as_ref()?.text().filter(|model| !BACKENDS.contains(model));
    name.or(loaded).or_else(kind).map(str::trim).filter(|name| !name.is_empty())
}

fn adapter<'f>(arguments: &'f ModelArgs<'_>) -> Option<&'f str> {
    ["peft", "delta"].into_iter().find_map(|name| arguments.text(name)).filter(|adapter| !adapter.is_empty())
}

/// What all scores of a file share of their setup; shots and limit are each task's own.
pub(super) fn setup(file: &ResultsFile<'_>) -> Setup {
    let config = file.config.as_ref();
    let arguments = config.and_then(|config| config.model_args.as_ref());
    let text = |cell: &Option<Cell<'_>>| cell.as_ref().and_then(Cell::text).map(str::to_owned);
    // What the model was computed in, or else what was asked for.
    let computed = config.and_then(|config| text(&config.model_dtype));
    let asked = || arguments.and_then(|arguments| arguments.text("dtype")).map(str::to_owned);
    let own = file.onset.as_ref();
    let (harness, version) = match own {
        Some(own) => ("onset", text(&own.version)),
        None => ("lm-eval", text(&file.lm_eval_version).or_else(|| text(&file.git_hash))),
    };
    Setup {
        prompt: prompt(file),
        adapter: arguments.and_then(adapter).map(str::to_owned),
        quantisation: own.and_then(|own| text(&own.quantisation)).or_else(|| arguments.and_then(quantisation)),
        dtype: computed.or_else(asked).as_deref().and_then(dtype),
        harness: Some(harness.to_owned()),
        harness_version: version,
        ..Setup::default()
    }
}

fn prompt(file: &ResultsFile<'_>) -> PromptFormat {
    let text = |cell: &Option<Cell<'_>>| cell.as_ref().and_then(Cell::text).map(str::to_owned);
    let applied =
        file.config.as_ref().and_then(|config| config.apply_chat_template.as_ref()).and_then(|how| match how {
            Cell::Flag(true) => Some("applied".to_owned()),
            how => how.text().map(str::to_owned),
        });
    let template = match file.chat_template.as_ref() {
        Some(Cell::Flag(true)) => Some("applied".to_owned()),
        template => text(&file.chat_template_sha).or_else(|| template.and_then(Cell::text).map(digest)),
    };
    PromptFormat {
        chat_template: template.or(applied),
        system_prompt: text(&file.system_instruction_sha)
            .or_else(|| text(&file.system_instruction).as_deref().map(digest)),
        // Where it does not say, examples are no turns.
        multiturn: matches!(file.fewshot_as_multiturn, Some(Cell::Flag(true))).then_some(true),
    }
}

/// How the arguments of a backend say that weights are quantised.
fn quantisation(arguments: &ModelArgs<'_>) -> Option<String> {
    let on = |name: &str| {
        arguments.text(name).filter(|value| !["false", "none", "0", ""].contains(&value.to_lowercase().as_str()))
    };
    for (flag, name) in [
        ("load_in_4bit", "4bit"),
        ("load_in_8bit", "8bit"),
        ("gptqmodel", "gptq"),
        ("autogptq", "gptq"),
        ("gptq", "gptq"),
    ] {
        if on(flag).is_some() {
            return Some(name.to_owned());
        }
    }
    let other = ["quantization", "gguf_file"].into_iter().find_map(on);
    other.map(str::to_owned)
}
