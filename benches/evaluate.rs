//! Speed of evaluations against what the machine can do: `cargo bench --bench evaluate`.
//!
//! Prints, for a model of random weights (12 layers of Gemma 3 270M's shape, with a small vocabulary), the rate of
//! multiplications on new tokens as a share of candle's rate on large matrices, for three kinds of items: letters after
//! a long shared prefix, four choices of several tokens each, and texts written side by side. Rates of one line and the
//! next were measured in one process; nothing decides a test.

use std::collections::HashMap;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use onset::harness::request::{Request, Respond};
use onset::harness::runner::{Encoder, Limits, LocalModel};
use onset::lm::{Config, Decoder, Tokenizer, Weights};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const LAYERS: usize = 12;
const HIDDEN: usize = 640;
const INNER: usize = 2048;
const VOCAB: usize = 8192;

fn main() -> Outcome<()> {
    let decoder = decoder()?;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/evaluate/models/neox-bytelevel");
    let tokenizer = Tokenizer::read(folder.as_ref())?;
    let gemm = gemm_rate()?;
    println!("GEMM                        {gemm:8.1} GFLOP/s");

    let question = |n: usize| {
        let names = ["Finn", "Dan", "Hana", "Jun", "Ivo", "Ada", "Cleo"];
        let of = |k: usize| names[(n / 7usize.pow(k as u32 % 3) + k) % 7];
        let middle = (0..12).map(|k| format!(" {} has {} plums;", of(k), (n * 31 + k * 17) % 97)).collect::<String>();
        format!("Question {n}:{middle} who is the tallest?\nAnswer:")
    };
    let shots: String = (1000..1005).map(|n| question(n) + " A\n\n").collect();
    let score = |n: usize, choice: &str| Request::LogLikelihood {
        context: format!("{shots}{}", question(n)),
        continuation: choice.to_owned(),
    };
    let letters: Vec<Request> = (0..24).flat_map(|n| [" A", " B", " C", " D"].map(|choice| score(n, choice))).collect();
    measure("letters after 5 examples", &decoder, &tokenizer, &letters, gemm)?;
    let choices = [" Finn is the tallest", " Hana and then Jun", " Dan, by 2 limes", " it has not been said"];
    let cloze: Vec<Request> = (0..24).flat_map(|n| choices.map(|choice| score(n, choice))).collect();
    measure("choices of several tokens", &decoder, &tokenizer, &cloze, gemm)?;
    let texts: Vec<Request> = (0..24)
        .map(|n| Request::Generate {
            context: format!("{shots}{}", question(n)),
            until: vec!["Question".to_owned()],
            max_tokens: 32,
        })
        .collect();
    measure("texts side by side", &decoder, &tokenizer, &texts, gemm)
}

fn measure(name: &str, decoder: &Decoder, tokenizer: &Tokenizer, requests: &[Request], gemm: f64) -> Outcome<()> {
    let encoder = Encoder::new(tokenizer, decoder.config().context)?;
    let mut local = LocalModel::new(decoder, tokenizer, encoder, Limits::default());
    let read = local.tokens_to_read(requests)?;
    let written: usize = requests
        .iter()
        .map(|request| match request {
            Request::Generate { max_tokens, .. } | Request::Sample { max_tokens, .. } => *max_tokens,
            Request::LogLikelihood { .. } | Request::Rolling { .. } => 0,
        })
        .sum();
    let start = Instant::now();
    local.respond(requests, &mut |_, _| Ok(()))?;
    let seconds = start.elapsed().as_secs_f64();
    // Of a layer: queries, keys, values, output, and the MLP's three; attention and the vocabulary are left out.
    let per_token = LAYERS * HIDDEN * (2 * 1024 + 2 * 256 + 3 * INNER);
    let rate = 2.0 * (per_token * (read + written)) as f64 / seconds / 1e9;
    println!(
        "{name:<27} {rate:8.1} GFLOP/s = {:.0} % of GEMM, {:.0} tokens/s, {:.1} requests/s",
        100.0 * rate / gemm,
        (read + written) as f64 / seconds,
        requests.len() as f64 / seconds
    );
    Ok(())
}

fn gemm_rate() -> Outcome<f64> {
    const SIDE: usize = 2048;
    let matrix = || Tensor::randn(0f32, 1., (SIDE, SIDE), &Device::Cpu);
    let (a, b) = (matrix()?, matrix()?);
    let mut best = f64::INFINITY;
    // The others were disturbed.
    for _ in 0..5 {
        let start = Instant::now();
        std::hint::black_box(a.matmul(&b)?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(2.0 * (SIDE as f64).powi(3) / best / 1e9)
}

fn decoder() -> Outcome<Decoder> {
    let config = format!(
        r#"{{"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh", "hidden_size": {HIDDEN}, "intermediate_size": {INNER},
        "max_position_embeddings": 32768, "num_attention_heads": 4, "num_hidden_layers": {LAYERS},
        "num_key_value_heads": 1, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_local_base_freq": 10000.0,
        "rope_theta": 1000000.0, "sliding_window": 512, "sliding_window_pattern": 6, "vocab_size": {VOCAB}}}"#
    );
    let mut tensors = HashMap::new();
    let mut add = |name: String, shape: &[usize]| -> Outcome<()> {
        tensors.insert(name, Tensor::randn(0f32, 0.02, shape, &Device::Cpu)?);
        Ok(())
    };
    add("model.embed_tokens.weight".to_owned(), &[VOCAB, HIDDEN])?;
    add("model.norm.weight".to_owned(), &[HIDDEN])?;
    for layer in 0..LAYERS {
        let mut part = |name: &str, shape: &[usize]| add(format!("model.layers.{layer}.{name}.weight"), shape);
        for norm in ["input", "post_attention", "pre_feedforward", "post_feedforward"] {
            part(&format!("{norm}_layernorm"), &[HIDDEN])?;
        }
        part("self_attn.q_proj", &[1024, HIDDEN])?;
        part("self_attn.k_proj", &[256, HIDDEN])?;
        part("self_attn.v_proj", &[256, HIDDEN])?;
        part("self_attn.o_proj", &[HIDDEN, 1024])?;
        part("self_attn.q_norm", &[256])?;
        part("self_attn.k_norm", &[256])?;
        part("mlp.gate_proj", &[INNER, HIDDEN])?;
        part("mlp.up_proj", &[INNER, HIDDEN])?;
        part("mlp.down_proj", &[HIDDEN, INNER])?;
    }
    let config = Config::parse("random weights".as_ref(), config.as_bytes())?;
    Ok(Decoder::new(config, &Weights::from_tensors(&tensors, &Device::Cpu, DType::F32))?)
}
