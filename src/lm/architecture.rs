//! The kinds of model that are known, and what a `config.json` calls them.

macro_rules! architectures {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, types: [$($kind:literal),*], classes: [$($class:literal),+];)+) => {
        /// A kind of model.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Architecture {
            $($(#[$doc])* $variant,)+
        }

        impl Architecture {
            /// Every kind that is supported.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name, as people write it.
            #[must_use]
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The classes that `architectures` of a config may name.
            #[must_use]
            pub(crate) fn classes(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($class),+],)+ }
            }

            /// The values of `model_type` of a config.
            #[must_use]
            pub(crate) fn model_types(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($kind),*],)+ }
            }
        }
    };
}

architectures! {
    /// LLaMA, Llama 2 and 3, OpenLLaMA, Yi, Ziya 2, MAP-Neo.
    Llama = "Llama", types: ["llama", "Yi"], classes: ["LlamaForCausalLM", "LLaMAForCausalLM", "YiForCausalLM"];
    /// Mistral.
    Mistral = "Mistral", types: ["mistral"], classes: ["MistralForCausalLM"];
    /// Qwen 1.5, Qwen 2 and 2.5.
    Qwen2 = "Qwen2", types: ["qwen2"], classes: ["Qwen2ForCausalLM"];
    /// Qwen 3.
    Qwen3 = "Qwen3", types: ["qwen3"], classes: ["Qwen3ForCausalLM"];
    /// Gemma.
    Gemma = "Gemma", types: ["gemma"], classes: ["GemmaForCausalLM"];
    /// Gemma 2.
    Gemma2 = "Gemma 2", types: ["gemma2"], classes: ["Gemma2ForCausalLM"];
    /// Gemma 3, text only.
    Gemma3 = "Gemma 3", types: ["gemma3_text"], classes: ["Gemma3ForCausalLM"];
    /// OLMo and OLMo 1.7.
    Olmo = "OLMo", types: ["olmo"], classes: ["OlmoForCausalLM"];
    /// OLMo 2.
    Olmo2 = "OLMo 2", types: ["olmo2"], classes: ["Olmo2ForCausalLM"];
    /// StableLM 3B 4E1T and StableLM 2.
    StableLm = "StableLM", types: ["stablelm", "stablelm_epoch"], classes: ["StableLmForCausalLM", "StableLMEpochForCausalLM"];
    /// StableLM-alpha v2.
    StableLmAlpha = "StableLM-alpha", types: ["stablelm_alpha"], classes: ["StableLMAlphaForCausalLM"];
    /// Phi-3.
    Phi3 = "Phi-3", types: ["phi3"], classes: ["Phi3ForCausalLM"];
    /// Baichuan and Baichuan 2, 7B (rotary) and 13B (ALiBi).
    Baichuan = "Baichuan", types: ["baichuan"], classes: ["BaichuanForCausalLM", "BaiChuanForCausalLM"];
    /// InternLM.
    InternLm = "InternLM", types: ["internlm"], classes: ["InternLMForCausalLM"];
    /// InternLM 2.
    InternLm2 = "InternLM2", types: ["internlm2"], classes: ["InternLM2ForCausalLM"];
    /// Skywork.
    Skywork = "Skywork", types: ["skywork"], classes: ["SkyworkForCausalLM"];
    /// GPT-2.
    Gpt2 = "GPT-2", types: ["gpt2"], classes: ["GPT2LMHeadModel"];
    /// GPT-Neo.
    GptNeo = "GPT-Neo", types: ["gpt_neo"], classes: ["GPTNeoForCausalLM"];
    /// GPT-J.
    GptJ = "GPT-J", types: ["gptj"], classes: ["GPTJForCausalLM"];
    /// GPT-NeoX, Pythia, RedPajama-INCITE.
    GptNeoX = "GPT-NeoX", types: ["gpt_neox"], classes: ["GPTNeoXForCausalLM"];
    /// OPT.
    Opt = "OPT", types: ["opt"], classes: ["OPTForCausalLM"];
    /// Falcon 1B, 7B, 40B and Falcon 2 11B.
    Falcon = "Falcon", types: ["falcon", "RefinedWebModel", "RefinedWeb"], classes: ["FalconForCausalLM", "RWForCausalLM"];
    /// BLOOM.
    Bloom = "BLOOM", types: ["bloom"], classes: ["BloomForCausalLM"];
    /// Phi-1, Phi-1.5 and Phi-2.
    Phi = "Phi", types: ["phi"], classes: ["PhiForCausalLM"];
    /// SmolLM 3.
    SmolLm3 = "SmolLM3", types: ["smollm3"], classes: ["SmolLM3ForCausalLM"];
    /// Granite 3, dense.
    Granite = "Granite", types: ["granite"], classes: ["GraniteForCausalLM"];
    /// OLMo 3.
    Olmo3 = "OLMo 3", types: ["olmo3"], classes: ["Olmo3ForCausalLM"];
    /// Seed-OSS.
    SeedOss = "Seed-OSS", types: ["seed_oss"], classes: ["SeedOssForCausalLM"];
    /// Ernie 4.5, dense.
    Ernie = "Ernie 4.5", types: ["ernie4_5"], classes: ["Ernie4_5ForCausalLM"];
    /// Command R and R+, Aya 23.
    Cohere = "Cohere", types: ["cohere"], classes: ["CohereForCausalLM"];
    /// Command R7B and Command A.
    Cohere2 = "Cohere 2", types: ["cohere2"], classes: ["Cohere2ForCausalLM"];
    /// GLM 4 9B of 2024.
    Glm = "GLM", types: ["glm"], classes: ["GlmForCausalLM"];
    /// GLM 4 9B and 32B 0414.
    Glm4 = "GLM 4", types: ["glm4"], classes: ["Glm4ForCausalLM"];
    /// Exaone 4.
    Exaone4 = "Exaone 4", types: ["exaone4"], classes: ["Exaone4ForCausalLM"];
    /// Ministral.
    Ministral = "Ministral", types: ["ministral"], classes: ["MinistralForCausalLM"];
    /// Ministral 3.
    Ministral3 = "Ministral 3", types: ["ministral3"], classes: ["Ministral3ForCausalLM"];
    /// StarCoder 2.
    StarCoder2 = "StarCoder 2", types: ["starcoder2"], classes: ["Starcoder2ForCausalLM"];
    /// Nemotron 3 and 4, Minitron.
    Nemotron = "Nemotron", types: ["nemotron"], classes: ["NemotronForCausalLM"];
    /// CodeGen.
    CodeGen = "CodeGen", types: ["codegen"], classes: ["CodeGenForCausalLM"];
    /// MPT.
    Mpt = "MPT", types: ["mpt"], classes: ["MptForCausalLM", "MPTForCausalLM"];
    /// Mixtral.
    Mixtral = "Mixtral", types: ["mixtral"], classes: ["MixtralForCausalLM"];
    /// Qwen 1.5 MoE and Qwen 2 MoE.
    Qwen2Moe = "Qwen2 MoE", types: ["qwen2_moe"], classes: ["Qwen2MoeForCausalLM"];
    /// Qwen 3 MoE.
    Qwen3Moe = "Qwen3 MoE", types: ["qwen3_moe"], classes: ["Qwen3MoeForCausalLM"];
    /// OLMoE.
    Olmoe = "OLMoE", types: ["olmoe"], classes: ["OlmoeForCausalLM"];
    /// Granite 3 with experts.
    GraniteMoe = "Granite MoE", types: ["granitemoe"], classes: ["GraniteMoeForCausalLM"];
}

impl Architecture {
    /// The names of all kinds, joined by commas, for messages.
    pub(super) fn all_names() -> String {
        Self::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
    }
}
