//! What each kind of model calls its tensors.
//!
//! The decoder asks for a tensor by role; a table below says its name. `{}` stands for the layer, an empty name for a
//! tensor that the kind does not have. `.weight` and `.bias` are appended by the reader. A new kind of model is a new
//! table of those names that differ from an old one.

/// The names of one kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    /// A prefix that some files leave out.
    pub root: &'static str,
    pub embed: &'static str,
    pub embed_norm: &'static str,
    pub position: &'static str,
    pub project_in: &'static str,
    pub project_out: &'static str,
    pub attention_norm: &'static str,
    pub attention_post_norm: &'static str,
    pub mlp_norm: &'static str,
    pub mlp_post_norm: &'static str,
    pub query: &'static str,
    pub key: &'static str,
    pub value: &'static str,
    /// Queries, keys and values in one matrix.
    pub packed: &'static str,
    pub query_norm: &'static str,
    pub key_norm: &'static str,
    pub output: &'static str,
    pub gate: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub norm: &'static str,
    pub head: &'static str,
    /// Another name of the head.
    pub head_alias: &'static str,
    pub experts: Experts,
}

/// The names of a mixture of experts. `{e}` stands for the expert. Where there are several, those that the file has are
/// taken, or the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Experts {
    pub router: &'static [&'static str],
    /// Gate, up and down of every expert.
    pub single: &'static [[&'static str; 3]],
    /// Gate above up, and down, of all experts; whole names, as some have no ending.
    pub joined: &'static [[&'static str; 2]],
    /// Gate, up and down of the MLP beside them, and the gate of its output.
    pub shared: [&'static str; 4],
}

const NO_EXPERTS: Experts = Experts { router: &[], single: &[], joined: &[], shared: [""; 4] };

pub(crate) const LLAMA: Names = Names {
    root: "model.",
    embed: "model.embed_tokens",
    embed_norm: "",
    position: "",
    project_in: "",
    project_out: "",
    attention_norm: "model.layers.{}.input_layernorm",
    attention_post_norm: "",
    mlp_norm: "model.layers.{}.post_attention_layernorm",
    mlp_post_norm: "",
    query: "model.layers.{}.self_attn.q_proj",
    key: "model.layers.{}.self_attn.k_proj",
    value: "model.layers.{}.self_attn.v_proj",
    packed: "",
    query_norm: "model.layers.{}.self_attn.q_norm",
    key_norm: "model.layers.{}.self_attn.k_norm",
    output: "model.layers.{}.self_attn.o_proj",
    gate: "model.layers.{}.mlp.gate_proj",
    up: "model.layers.{}.mlp.up_proj",
    down: "model.layers.{}.mlp.down_proj",
    norm: "model.norm",
    head: "lm_head",
    head_alias: "",
    experts: NO_EXPERTS,
};

/// Gemma 2 and 3: a norm before and after each part.
pub(crate) const GEMMA2: Names = Names {
    attention_post_norm: "model.layers.{}.post_attention_layernorm",
    mlp_norm: "model.layers.{}.pre_feedforward_layernorm",
    mlp_post_norm: "model.layers.{}.post_feedforward_layernorm",
    ..LLAMA
};

/// OLMo 2: norms only after.
pub(crate) const OLMO2: Names = Names {
    attention_norm: "",
    attention_post_norm: "model.layers.{}.post_attention_layernorm",
    mlp_norm: "",
    mlp_post_norm: "model.layers.{}.post_feedforward_layernorm",
    ..LLAMA
};

pub(crate) const PHI3: Names =
    Names { packed: "model.layers.{}.self_attn.qkv_proj", gate: "", up: "model.layers.{}.mlp.gate_up_proj", ..LLAMA };

/// Mixtures of experts of Qwen and OLMo. Newer programs join the experts of a layer.
pub(crate) const MIXTURE: Names = Names {
    experts: Experts {
        router: &["model.layers.{}.mlp.gate"],
        single: &[[
            "model.layers.{}.mlp.experts.{e}.gate_proj",
            "model.layers.{}.mlp.experts.{e}.up_proj",
            "model.layers.{}.mlp.experts.{e}.down_proj",
        ]],
        joined: &[JOINED],
        shared: [
            "model.layers.{}.mlp.shared_expert.gate_proj",
            "model.layers.{}.mlp.shared_expert.up_proj",
            "model.layers.{}.mlp.shared_expert.down_proj",
            "model.layers.{}.mlp.shared_expert_gate",
        ],
    },
    ..LLAMA
};

const JOINED: [&str; 2] = ["model.layers.{}.mlp.experts.gate_up_proj", "model.layers.{}.mlp.experts.down_proj"];

pub(crate) const MIXTRAL: Names = Names {
    experts: Experts {
        router: &["model.layers.{}.block_sparse_moe.gate", "model.layers.{}.mlp.gate"],
        single: &[[
            "model.layers.{}.block_sparse_moe.experts.{e}.w1",
            "model.layers.{}.block_sparse_moe.experts.{e}.w3",
            "model.layers.{}.block_sparse_moe.experts.{e}.w2",
        ]],
        joined: &[JOINED],
        ..NO_EXPERTS
    },
    ..LLAMA
};

pub(crate) const GRANITE_MOE: Names = Names {
    experts: Experts {
        router: &["model.layers.{}.block_sparse_moe.router.layer"],
        joined: &[[
            "model.layers.{}.block_sparse_moe.input_linear.weight",
            "model.layers.{}.block_sparse_moe.output_linear.weight",
        ]],
        ..NO_EXPERTS
    },
    ..LLAMA
};

pub(crate) const GLM: Names = Names { packed: "", ..PHI3 };

/// GLM 4 of 2025: norms after each part too.
pub(crate) const GLM4: Names = Names {
    attention_post_norm: "model.layers.{}.post_self_attn_layernorm",
    mlp_post_norm: "model.layers.{}.post_mlp_layernorm",
    ..GLM
};

pub(crate) const COHERE: Names = Names { mlp_norm: "", ..LLAMA };

pub(crate) const NEMOTRON: Names = Names { gate: "", ..LLAMA };

pub(crate) const STARCODER2: Names =
    Names { gate: "", up: "model.layers.{}.mlp.c_fc", down: "model.layers.{}.mlp.c_proj", ..LLAMA };

pub(crate) const BAICHUAN: Names = Names { packed: "model.layers.{}.self_attn.W_pack", ..LLAMA };

pub(crate) const INTERNLM2: Names = Names {
    embed: "model.tok_embeddings",
    attention_norm: "model.layers.{}.attention_norm",
    mlp_norm: "model.layers.{}.ffn_norm",
    packed: "model.layers.{}.attention.wqkv",
    output: "model.layers.{}.attention.wo",
    gate: "model.layers.{}.feed_forward.w1",
    up: "model.layers.{}.feed_forward.w3",
    down: "model.layers.{}.feed_forward.w2",
    head: "output",
    ..LLAMA
};

/// Queries and keys of StableLM 2 12B have one norm tensor per head below `norms.`.
pub(crate) const STABLELM: Names = Names {
    query_norm: "model.layers.{}.self_attn.q_layernorm",
    key_norm: "model.layers.{}.self_attn.k_layernorm",
    ..LLAMA
};

pub(crate) const STABLELM_PARALLEL: Names = Names { mlp_norm: "", ..STABLELM };

pub(crate) const STABLELM_ALPHA: Names = Names {
    root: "transformer.",
    embed: "transformer.embed",
    attention_norm: "transformer.layers.{}.norm",
    mlp_norm: "",
    packed: "transformer.layers.{}.attention.qkv_proj",
    output: "transformer.layers.{}.attention.out_proj",
    gate: "",
    up: "transformer.layers.{}.mlp.gate_proj",
    down: "transformer.layers.{}.mlp.out_proj",
    norm: "transformer.final_norm",
    ..LLAMA
};

pub(crate) const PHI: Names = Names {
    mlp_norm: "",
    query_norm: "model.layers.{}.self_attn.q_layernorm",
    key_norm: "model.layers.{}.self_attn.k_layernorm",
    output: "model.layers.{}.self_attn.dense",
    gate: "",
    up: "model.layers.{}.mlp.fc1",
    down: "model.layers.{}.mlp.fc2",
    norm: "model.final_layernorm",
    ..LLAMA
};

pub(crate) const GPT_NEOX: Names = Names {
    root: "gpt_neox.",
    embed: "gpt_neox.embed_in",
    attention_norm: "gpt_neox.layers.{}.input_layernorm",
    mlp_norm: "gpt_neox.layers.{}.post_attention_layernorm",
    packed: "gpt_neox.layers.{}.attention.query_key_value",
    output: "gpt_neox.layers.{}.attention.dense",
    gate: "",
    up: "gpt_neox.layers.{}.mlp.dense_h_to_4h",
    down: "gpt_neox.layers.{}.mlp.dense_4h_to_h",
    norm: "gpt_neox.final_layer_norm",
    head: "embed_out",
    head_alias: "lm_head",
    ..LLAMA
};

pub(crate) const GPT2: Names = Names {
    root: "transformer.",
    embed: "transformer.wte",
    position: "transformer.wpe",
    attention_norm: "transformer.h.{}.ln_1",
    mlp_norm: "transformer.h.{}.ln_2",
    packed: "transformer.h.{}.attn.c_attn",
    output: "transformer.h.{}.attn.c_proj",
    gate: "",
    up: "transformer.h.{}.mlp.c_fc",
    down: "transformer.h.{}.mlp.c_proj",
    norm: "transformer.ln_f",
    ..LLAMA
};

pub(crate) const GPT_NEO: Names = Names {
    packed: "",
    query: "transformer.h.{}.attn.attention.q_proj",
    key: "transformer.h.{}.attn.attention.k_proj",
    value: "transformer.h.{}.attn.attention.v_proj",
    output: "transformer.h.{}.attn.attention.out_proj",
    ..GPT2
};

pub(crate) const GPTJ: Names = Names {
    position: "",
    mlp_norm: "",
    packed: "",
    query: "transformer.h.{}.attn.q_proj",
    key: "transformer.h.{}.attn.k_proj",
    value: "transformer.h.{}.attn.v_proj",
    output: "transformer.h.{}.attn.out_proj",
    up: "transformer.h.{}.mlp.fc_in",
    down: "transformer.h.{}.mlp.fc_out",
    ..GPT2
};

pub(crate) const CODEGEN: Names =
    Names { packed: "transformer.h.{}.attn.qkv_proj", query: "", key: "", value: "", ..GPTJ };

pub(crate) const MPT: Names = Names {
    position: "",
    attention_norm: "transformer.blocks.{}.norm_1",
    mlp_norm: "transformer.blocks.{}.norm_2",
    packed: "transformer.blocks.{}.attn.Wqkv",
    output: "transformer.blocks.{}.attn.out_proj",
    up: "transformer.blocks.{}.ffn.up_proj",
    down: "transformer.blocks.{}.ffn.down_proj",
    norm: "transformer.norm_f",
    ..GPT2
};

pub(crate) const BLOOM: Names = Names {
    root: "transformer.",
    embed: "transformer.word_embeddings",
    embed_norm: "transformer.word_embeddings_layernorm",
    attention_norm: "transformer.h.{}.input_layernorm",
    mlp_norm: "transformer.h.{}.post_attention_layernorm",
    packed: "transformer.h.{}.self_attention.query_key_value",
    output: "transformer.h.{}.self_attention.dense",
    gate: "",
    up: "transformer.h.{}.mlp.dense_h_to_4h",
    down: "transformer.h.{}.mlp.dense_4h_to_h",
    norm: "transformer.ln_f",
    ..LLAMA
};

/// Falcon whose layers are sequential: BLOOM's names.
pub(crate) const FALCON: Names = Names { embed_norm: "", ..BLOOM };

/// Falcon whose attention and MLP share a norm.
pub(crate) const FALCON_PARALLEL: Names = Names { mlp_norm: "", ..FALCON };

/// Falcon with a norm for each.
pub(crate) const FALCON_TWO_NORMS: Names =
    Names { attention_norm: "transformer.h.{}.ln_attn", mlp_norm: "transformer.h.{}.ln_mlp", ..FALCON };

pub(crate) const OPT: Names = Names {
    embed: "model.decoder.embed_tokens",
    position: "model.decoder.embed_positions",
    project_in: "model.decoder.project_in",
    project_out: "model.decoder.project_out",
    attention_norm: "model.decoder.layers.{}.self_attn_layer_norm",
    mlp_norm: "model.decoder.layers.{}.final_layer_norm",
    query: "model.decoder.layers.{}.self_attn.q_proj",
    key: "model.decoder.layers.{}.self_attn.k_proj",
    value: "model.decoder.layers.{}.self_attn.v_proj",
    output: "model.decoder.layers.{}.self_attn.out_proj",
    gate: "",
    up: "model.decoder.layers.{}.fc1",
    down: "model.decoder.layers.{}.fc2",
    norm: "model.decoder.final_layer_norm",
    ..LLAMA
};

/// GGUF files of the Llama and Qwen kinds.
pub(crate) const GGUF: Names = Names {
    root: "",
    embed: "token_embd",
    attention_norm: "blk.{}.attn_norm",
    mlp_norm: "blk.{}.ffn_norm",
    query: "blk.{}.attn_q",
    key: "blk.{}.attn_k",
    value: "blk.{}.attn_v",
    query_norm: "blk.{}.attn_q_norm",
    key_norm: "blk.{}.attn_k_norm",
    output: "blk.{}.attn_output",
    gate: "blk.{}.ffn_gate",
    up: "blk.{}.ffn_up",
    down: "blk.{}.ffn_down",
    norm: "output_norm",
    head: "output",
    ..LLAMA
};

pub(crate) const GGUF_GEMMA3: Names =
    Names { attention_post_norm: "blk.{}.post_attention_norm", mlp_post_norm: "blk.{}.post_ffw_norm", ..GGUF };

pub(crate) const GGUF_PHI3: Names = Names { packed: "blk.{}.attn_qkv", gate: "", ..GGUF };

/// Whether a tensor of a weights file holds nothing that is learned: masks and tables older programs stored.
pub(crate) fn is_buffer(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".rotary_emb.inv_freq",
        ".attn.bias",
        ".attn.causal_mask",
        ".attn.masked_bias",
        ".attention.bias",
        ".attention.masked_bias",
        ".attn.attention.bias",
        ".attn.attention.masked_bias",
        ".rotary_emb.cos_cached",
        ".rotary_emb.sin_cached",
        ".embed_positions",
    ];
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || name == "rope_freqs.weight"
}
