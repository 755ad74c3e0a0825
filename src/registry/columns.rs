//! Every column that onset knows, declared once: its name, the names it has in the tables of others, what it holds and in
//! which unit. Many of these names are those of ObsScaling's tables and of Epoch's table of models.

use super::table::{Column, Kind};

pub(crate) const MODEL: Column = Column::required("model", Kind::Text, "name, as the evaluations call it").also(&[
    "modelname",
    "system",
    "name",
    "checkpoint",
]);
pub(crate) const FAMILY: Column =
    Column::required("family", Kind::Text, "models of one recipe and one data set").also(&["modelfamily"]);
pub(crate) const HUB: Column =
    Column::optional("hf_id", Kind::Text, "organisation/name of the weights").also(&["hubid"]);
pub(crate) const PARAMS: Column = Column::required("params", Kind::Size, "parameters").also(&[
    "parameters",
    "modelsize",
    "nparams",
    "numparams",
    "numparameters",
    "size",
    "param",
    "parameter",
    "paramcount",
    "parametercount",
    "nparameters",
    "totalparams",
    "totalparameters",
    "modelparams",
    "modelparameters",
]);
pub(crate) const ACTIVE_PARAMS: Column = Column::optional("active_params", Kind::Size, "parameters used per token")
    .also(&[
        "activeparameters",
        "activatedparams",
        "activatedparameters",
        "paramsactive",
        "parametersactive",
        "nactiveparams",
        "numactiveparams",
        "numactivatedparams",
        "activesize",
        "activatedsize",
        "activeparam",
        "activatedparam",
        "activeparamcount",
        "activeparametercount",
        "activeparamscount",
        "activatedparamcount",
        "nactive",
        "nactivated",
        "nactiveparameters",
        "numactiveparameters",
        // With a unit only: `Active (B)`, not a column of yes and no.
        "active",
        "activated",
    ]);
pub(crate) const TOKENS: Column = Column::required("tokens", Kind::Size, "training tokens").also(&[
    "pretrainingdatasize",
    "trainingdatasetsize",
    "trainingtokens",
    "pretrainingtokens",
    "traintokens",
    "ntokens",
    "numtokens",
    "datasize",
    "token",
    "tokencount",
    "tokensseen",
    "tokenstrained",
    "trainedtokens",
    "numtrainingtokens",
    "numtraintokens",
    "pretraintokens",
    "datasetsize",
]);
pub(crate) const COMPUTE: Column = Column::optional("compute", Kind::Size, "FLOPs of pretraining").also(&[
    "flops",
    "flop",
    "trainingcompute",
    "pretrainingcompute",
    "trainingflops",
    "pretrainingflops",
    "computeflops",
    "computeflop",
    "trainingcomputeflops",
    "trainingcomputeflop",
    "trainingflop",
    "pretrainingflop",
    "trainflops",
    "traincompute",
    "totalcompute",
    "totalflops",
    "nflops",
]);
pub(crate) const RELEASE: Column = Column::required("release", Kind::Month, "year-month").also(&[
    "releasedate",
    "releasemonth",
    "publicationdate",
    "released",
    "published",
]);
pub(crate) const BENCHMARK: Column =
    Column::required("benchmark", Kind::Text, "task or group of tasks").also(&["task", "dataset"]);
pub(crate) const METRIC: Column = Column::required("metric", Kind::Text, "name, with its filter after a comma");
pub(crate) const VALUE: Column =
    Column::required("value", Kind::Number, "on the metric's scale: 0 to 1, brier_score 0 to 2").also(&["score"]);
pub(crate) const ITEMS: Column =
    Column::optional("items", Kind::Count, "items").also(&["nitems", "numitems", "nsamples"]);
pub(crate) const ADJUSTMENT: Column =
    Column::optional("adjustment", Kind::Text, "none, mmlu-aux, gsm8k-aux or another name; none when absent");
pub(crate) const EPOCHS: Column = Column::optional("epochs", Kind::Text, "passes over the adjustment data");
pub(crate) const EXAMPLES: Column = Column::optional("examples", Kind::Count, "task examples seen");
pub(crate) const REVISION: Column =
    Column::optional("revision", Kind::Text, "branch, tag, commit or step of the weights");
pub(crate) const TOKENS_SEEN: Column =
    Column::optional("tokens_seen", Kind::Count, "training tokens seen, for a checkpoint of a training run");
pub(crate) const LIMIT: Column =
    Column::optional("limit", Kind::Positive, "items used, below 1 their share; all when absent");
pub(crate) const HARNESS_VERSION: Column = Column::optional("harness_version", Kind::Text, "its version");
pub(crate) const TASK_VERSION: Column =
    Column::optional("task_version", Kind::Text, "version of the task's definition");
pub(crate) const DATE: Column = Column::optional("date", Kind::Date, "when it ran, such as 2024-04-18T09:30:00Z");

/// The columns of a table of models.
pub const MODEL_COLUMNS: &[Column] = &[
    MODEL,
    FAMILY,
    HUB,
    Column::optional("architecture", Kind::Text, "as in config.json"),
    PARAMS,
    TOKENS,
    RELEASE,
    Column::optional("languages", Kind::Text, "codes joined by +"),
];

/// The columns of a table of observations, in the order in which they are written; those from `revision` on only where a
/// row has a value.
pub const OBSERVATION_COLUMNS: &[Column] = &[
    MODEL.meaning("name, as in the table of models"),
    BENCHMARK,
    Column::optional("format", Kind::Text, "multiple_choice, cloze or generate"),
    METRIC,
    VALUE,
    Column::optional("stderr", Kind::Number, "over items, same scale as value"),
    ITEMS,
    Column::optional("shots", Kind::Count, "examples in the prompt"),
    ADJUSTMENT,
    EPOCHS,
    EXAMPLES,
    Column::optional("source", Kind::Text, "the file it was read from"),
    Column::optional("kind", Kind::Text, "task or group; task when absent"),
    Column::optional("group", Kind::Text, "the group this row is a part of"),
    REVISION,
    TOKENS_SEEN,
    Column::optional("chat_template", Kind::Text, "name or digest of the chat template"),
    Column::optional("system_prompt", Kind::Text, "digest of the system prompt"),
    Column::optional("multiturn", Kind::Flag, "true when examples are turns of a conversation"),
    Column::optional("adapter", Kind::Text, "adapter on top of the weights"),
    Column::optional("quantisation", Kind::Text, "how the weights are quantised"),
    Column::optional("dtype", Kind::Text, "type of the weights' numbers"),
    Column::optional("settings", Kind::Text, "other settings that change the answers, such as max_length=512"),
    LIMIT,
    TASK_VERSION,
    Column::optional("harness", Kind::Text, "the program that evaluated"),
    HARNESS_VERSION,
    DATE,
];
