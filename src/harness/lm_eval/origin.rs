//! Which model a results file belongs to, and in what setup it was evaluated: from what the file records, and from the names
//! of file and folders.

use super::arguments::ModelArgs;
use super::cells::Cell;
use super::file::ResultsFile;
use crate::harness::import::{
    Found, ImportSettings, Subject, after_results, by_itself, folders, in_folder, is_general, is_shots, is_state,
    results_folder, step_folder,
};
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
/// 5. the file's own name;
/// 6. a path of general words (`/tmp/model`) as it stands.
///
/// From the third on the file does not say which model it is of, so that it is never taken for another's.
pub(super) fn subject(file: &ResultsFile<'_>, found: &Found, settings: &ImportSettings) -> Subject {
    let path = &found.path;
    let arguments = file.config.as_ref().and_then(|config| config.model_args.as_ref());
    let recorded = recorded(file, arguments).map(Subject::parse);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let folders = folders(path);
    let step = folders.last().copied().filter(|folder| step_folder(folder).is_some());
    let by_name = stem.rsplit_once('-').filter(|(model, task)| {
        !model.is_empty() && !is_shots(model) && !is_state(model) && !is_general(model) && has(file, task)
    });
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
    let called_after_model = !(stem.starts_with("results") || has(file, &stem) || stem.split('-').any(is_shots));
    let own_folder = || {
        let folder = folders
            .last()
            .filter(|folder| folder.contains("__") && !folder.starts_with("http"))
            .map(|folder| from_file_name(folder));
        folder.map(|subject| subject.name).filter(|name| !name.is_empty())
    };
    let general = |name: &str| is_state(name) || is_general(name) || is_shots(name);
    let subject = match (named, recorded) {
        (Some(named), Some(recorded)) => {
            // Two folders under one name may be two models, unless the name is a registered one.
            let place = recorded.place.clone().filter(|_| !registered(named));
            let general = recorded.name.is_empty() && recorded.revision.is_none() && !registered(named);
            let unsaid = general.then(|| in_folder(path));
            Subject { name: named.to_owned(), place, unsaid, ..recorded }
        }
        (Some(named), None) => Subject::named(named),
        (None, Some(recorded)) if !recorded.name.is_empty() => recorded,
        (None, Some(recorded)) => {
            let by_file = || (called_after_model && !general(&stem)).then(|| stem.clone().into_owned());
            match own_folder().or_else(by_file) {
                Some(name) => Subject { name, unsaid: Some(in_folder(path)), ..recorded },
                None => after_results(recorded, found),
            }
        }
        (None, None) => {
            let outer = || folders.iter().rev().find(|folder| !general(folder)).map(|folder| (*folder).to_owned());
            let outer = || results_folder(found).map(str::to_owned).or_else(outer);
            let name =
                own_folder().or_else(|| outer().filter(|_| !called_after_model)).unwrap_or_else(|| stem.clone().into());
            // A server was asked for whatever it had loaded.
            let server = arguments.is_some_and(|arguments| arguments.text("base_url").is_some());
            Subject { unsaid: Some(if server { by_itself(path) } else { in_folder(path) }), ..Subject::named(name) }
        }
    };
    let argument = |name: &str| arguments.and_then(|arguments| arguments.text(name)).unwrap_or_default();
    let config = file.config.as_ref();
    let default = config.and_then(|config| config.model_revision.as_ref()).and_then(Cell::text).unwrap_or_default();
    let branch = match argument("revision") {
        "" => default,
        branch => branch,
    };
    let commits = config.map_or([const { &None }; 3], |c| [&c.model_sha, &c.peft_sha, &c.delta_sha]);
    let given = arguments.and_then(|arguments| arguments.text("model_sha"));
    let commits: Vec<&str> = commits.into_iter().flatten().filter_map(Cell::text).chain(given).collect();
    let commit = (!commits.is_empty()).then(|| commits.join("+"));
    // GPT-NeoX names the folder of its checkpoints, and the step beside it.
    let iteration = arguments.filter(|of| of.text("load").is_some()).and_then(|of| of.written("iteration"));
    let iteration = iteration.map(|step| format!("iteration-{step}")).unwrap_or_default();
    let words = [branch, argument("subfolder"), step.unwrap_or_default(), &iteration];
    Subject { commit, ..subject }.at_revision(&words)
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
const BACKENDS: [&str; 36] = [
    "anthropic",
    "anthropic-chat",
    "anthropic-chat-completions",
    "deepsparse",
    "dummy",
    "gguf",
    "ggml",
    "gpt3",
    "habana",
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
    "megatron_lm",
    "nemo_lm",
    "neox",
    "neuronx",
    "onset",
    "openai-chat-completions",
    "openai-completions",
    "openvino",
    "sglang",
    "sglang-generate",
    "steered",
    "vllm",
    "vllm-vlm",
    "watsonx_llm",
    "winml",
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
    const NAMES: [&str; 6] = ["peft", "delta", "lora_local_path", "adapter", "lora", "steer_path"];
    NAMES.into_iter().find_map(|name| arguments.text(name))
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
        settings: settings(file),
        harness: Some(harness.to_owned()),
        harness_version: version,
        ..Setup::default()
    }
}

/// Arguments of a backend that change the answers and have no column of their own.
const SETTINGS: [&str; 13] = [
    "add_bos_token",
    "chat_template_args",
    "enable_thinking",
    "hf_overrides",
    "max_gen_toks",
    "max_length",
    "max_model_len",
    "prefix_token_id",
    "rope_scaling",
    "softmax_dtype",
    "think_end_token",
    "tokenizer",
    "truncation",
];

/// Of these a file may say what holds anyway.
const OFF: [&str; 2] = ["add_bos_token", "truncation"];

/// Kinds of backends that compute as the harness does by default.
const USUAL: [&str; 8] =
    ["hf", "hf-auto", "hf-causal", "hf-causal-experimental", "hf-seq2seq", "huggingface", "dummy", "onset"];

/// The settings of a run that change the answers, beyond those with columns of their own: `backend=vllm, max_length=512`.
fn settings(file: &ResultsFile<'_>) -> Option<String> {
    let config = file.config.as_ref()?;
    let mut found = Vec::new();
    let backend = config.model.as_ref().and_then(Cell::text);
    if let Some(backend) = backend.filter(|backend| BACKENDS.contains(backend) && !USUAL.contains(backend)) {
        found.push(format!("backend={backend}"));
    }
    if let Some(arguments) = &config.model_args {
        let model = arguments.model();
        for name in SETTINGS {
            let Some(value) = arguments.written(name) else { continue };
            let usual = (OFF.contains(&name) && value.eq_ignore_ascii_case("false")) || Some(value.as_str()) == model;
            if !usual {
                found.push(format!("{name}={value}"));
            }
        }
    }
    match &config.gen_kwargs {
        Some(Cell::Text(text)) if !text.trim().is_empty() => found.push(format!("gen_kwargs={}", text.trim())),
        Some(Cell::Nested(json)) if json != "{}" => found.push(format!("gen_kwargs={json}")),
        _ => {}
    }
    (!found.is_empty()).then(|| found.join(", "))
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
    let kind = on("bnb_4bit_quant_type").map(|kind| format!("4bit {kind}"));
    if let Some(kind) = kind {
        return Some(kind);
    }
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
    other.map(str::to_owned).or_else(|| arguments.written("quantization_config").and_then(|given| by_config(&given)))
}

/// What a `quantization_config` says in short, or as it stands.
fn by_config(given: &str) -> Option<String> {
    let Ok(config) = serde_json::from_str::<serde_json::Value>(given) else { return Some(given.to_owned()) };
    let is_on = |name: &str| config.get(name).and_then(serde_json::Value::as_bool) == Some(true);
    let text = |name: &str| config.get(name).and_then(serde_json::Value::as_str);
    match (is_on("load_in_4bit"), is_on("load_in_8bit"), text("bnb_4bit_quant_type"), text("quant_method")) {
        (true, _, Some(kind), _) => Some(format!("4bit {kind}")),
        (true, ..) => Some("4bit".to_owned()),
        (_, true, ..) => Some("8bit".to_owned()),
        (.., Some(method)) => Some(match config.get("bits").and_then(serde_json::Value::as_u64) {
            Some(bits) => format!("{method} {bits}bit"),
            None => method.to_owned(),
        }),
        _ => (config.as_object().is_some_and(|config| !config.is_empty())).then(|| given.to_owned()),
    }
}
