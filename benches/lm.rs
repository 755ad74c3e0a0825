//! Speed of the decoder against what the machine can do: `cargo bench --bench lm`.
//!
//! Prints, for a model of random weights with the shape of Gemma 3 270M (or the model in `$ONSET_BENCH_MODEL`):
//! prefill of 512 tokens as a share of the rate of candle's matrix product of 2,048; one step of generation as a multiple
//! of the time it takes to read the weights once. What is compared takes turns.

use std::collections::HashMap;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use onset::lm::{Cache, Config, Decoder, Feed, LoadedModel, Placement, Weights};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const GEMMA3_270M: &str = r#"{"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 640, "intermediate_size": 2048,
    "max_position_embeddings": 32768, "num_attention_heads": 4, "num_hidden_layers": 18, "num_key_value_heads": 1,
    "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_local_base_freq": 10000.0, "rope_theta": 1000000.0,
    "sliding_window": 512, "sliding_window_pattern": 6, "vocab_size": 262144}"#;

fn main() -> Outcome<()> {
    let decoder = match std::env::var_os("ONSET_BENCH_MODEL") {
        Some(path) => LoadedModel::load(path.as_ref(), &Placement::default())?.decoder,
        None => gemma()?,
    };
    prefill(&decoder)?;
    generation(&decoder)
}

/// A model of random weights.
fn gemma() -> Outcome<Decoder> {
    let config = Config::parse("Gemma 3 270M".as_ref(), GEMMA3_270M.as_bytes())?;
    let mut tensors = HashMap::new();
    let mut add = |name: String, shape: &[usize]| -> Outcome<()> {
        tensors.insert(name, Tensor::randn(0f32, 0.02, shape, &Device::Cpu)?);
        Ok(())
    };
    add("model.embed_tokens.weight".to_owned(), &[262_144, 640])?;
    add("model.norm.weight".to_owned(), &[640])?;
    for layer in 0..18 {
        let mut part = |name: &str, shape: &[usize]| add(format!("model.layers.{layer}.{name}.weight"), shape);
        for norm in ["input", "post_attention", "pre_feedforward", "post_feedforward"] {
            part(&format!("{norm}_layernorm"), &[640])?;
        }
        part("self_attn.q_proj", &[1024, 640])?;
        part("self_attn.k_proj", &[256, 640])?;
        part("self_attn.v_proj", &[256, 640])?;
        part("self_attn.o_proj", &[640, 1024])?;
        part("self_attn.q_norm", &[256])?;
        part("self_attn.k_norm", &[256])?;
        part("mlp.gate_proj", &[2048, 640])?;
        part("mlp.up_proj", &[2048, 640])?;
        part("mlp.down_proj", &[640, 2048])?;
    }
    Ok(Decoder::new(config, &Weights::from_tensors(&tensors, &Device::Cpu, DType::F32))?)
}

/// The shortest of several runs, in seconds: the others were disturbed.
fn fastest<T>(runs: usize, mut work: impl FnMut() -> Outcome<T>) -> Outcome<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        std::hint::black_box(work()?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// The work of a square matrix product, and the product.
fn gemm() -> Outcome<(f64, impl FnMut() -> Outcome<Tensor>)> {
    let size = 2048;
    let (a, b) =
        (Tensor::randn(0f32, 1., (size, size), &Device::Cpu)?, Tensor::randn(0f32, 1., (size, size), &Device::Cpu)?);
    Ok((2.0 * (size as f64).powi(3), move || Ok(a.matmul(&b)?)))
}

/// Numbers to read, 1 GiB of them: what the weights are measured against.
struct Memory(Vec<u64>);

impl Memory {
    fn new() -> Self {
        Self(vec![1; 1 << 27])
    }

    fn bytes(&self) -> f64 {
        (self.0.len() * 8) as f64
    }

    /// Reads all on all cores.
    fn read(&self) -> u64 {
        use rayon::prelude::*;
        self.0.par_chunks(1 << 16).map(|chunk| chunk.iter().copied().fold(0, u64::wrapping_add)).sum()
    }
}

/// The shortest time of each of two works that take turns, so that both meet the same disturbances.
fn in_turns<T, U>(
    rounds: usize,
    mut one: impl FnMut() -> Outcome<T>,
    mut other: impl FnMut() -> Outcome<U>,
) -> Outcome<(f64, f64)> {
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..rounds {
        best.0 = best.0.min(fastest(1, &mut one)?);
        best.1 = best.1.min(fastest(1, &mut other)?);
    }
    Ok(best)
}

fn prefill(decoder: &Decoder) -> Outcome<()> {
    let config = decoder.config();
    let tokens: Vec<u32> = (0..512).map(|i| (i * 7919 + 11) % config.vocab_size as u32).collect();
    let width = config.heads * config.head_dim;
    let projections = config.hidden_size * (2 * width + 2 * config.kv_heads * config.head_dim);
    let matrices = config.layers * (projections + 3 * config.hidden_size * config.intermediate_size);
    // Every query sees half of the keys on average.
    let attention = config.layers * 2 * width * tokens.len() / 2;
    let work = 2.0 * (matrices + attention) as f64 * tokens.len() as f64;
    let (square, mut product) = gemm()?;
    let (whole, seconds) = in_turns(8, &mut product, || {
        let hidden = decoder.extend(&mut [Feed { tokens: &tokens, cache: None }])?;
        Ok(decoder.logits(&hidden.narrow(0, tokens.len() - 1, 1)?)?)
    })?;
    let (rate, gemm) = (work / seconds / 1e9, square / whole / 1e9);
    println!("GEMM of 2,048              {gemm:8.1} GFLOP/s");
    println!(
        "prefill of 512 tokens      {rate:8.1} GFLOP/s = {:.0} % of GEMM, {:.0} tokens/s",
        100.0 * rate / gemm,
        512.0 / seconds
    );
    let mut cache = Cache::new();
    decoder.extend(&mut [Feed { tokens: &tokens, cache: Some(&mut cache) }])?;
    let items: Vec<Vec<u32>> = (0..8).map(|item| tokens[item * 10..item * 10 + 60 + item].to_vec()).collect();
    let count: usize = items.iter().map(Vec::len).sum();
    let (whole, seconds) = in_turns(8, &mut product, || {
        let mut forks: Vec<Cache> = items.iter().map(|_| cache.fork()).collect();
        let mut feeds: Vec<Feed> =
            items.iter().zip(&mut forks).map(|(tokens, cache)| Feed { tokens, cache: Some(cache) }).collect();
        Ok(decoder.extend(&mut feeds)?)
    })?;
    let attention = config.layers * 2 * width * (tokens.len() + 30);
    let (rate, gemm) = (2.0 * (matrices + attention) as f64 * count as f64 / seconds / 1e9, square / whole / 1e9);
    println!(
        "8 items after a prefix     {rate:8.1} GFLOP/s = {:.0} % of GEMM, {:.0} tokens/s",
        100.0 * rate / gemm,
        count as f64 / seconds
    );
    Ok(())
}

fn generation(decoder: &Decoder) -> Outcome<()> {
    let config = decoder.config();
    let width = config.heads * config.head_dim;
    let projections = config.hidden_size * (2 * width + 2 * config.kv_heads * config.head_dim);
    let matrices = config.layers * (projections + 3 * config.hidden_size * config.intermediate_size);
    let bytes = 4.0 * (matrices + config.vocab_size * config.hidden_size) as f64;
    let memory = Memory::new();
    for batch in [1, 4, 16] {
        let tokens: Vec<u32> = (0..256).collect();
        let mut caches: Vec<Cache> = (0..batch).map(|_| Cache::new()).collect();
        for cache in &mut caches {
            decoder.extend(&mut [Feed { tokens: &tokens, cache: Some(cache) }])?;
        }
        let (reading, seconds) = in_turns(
            12,
            || Ok(memory.read()),
            || {
                let mut feeds: Vec<Feed> =
                    caches.iter_mut().map(|cache| Feed { tokens: &[42], cache: Some(cache) }).collect();
                Ok(decoder.logits(&decoder.extend(&mut feeds)?)?)
            },
        )?;
        let bandwidth = memory.bytes() / reading;
        let bound = bytes / bandwidth;
        println!(
            "generation, {batch:2} at a time   {:8.1} ms a step = {:.2} times reading the weights at {:.1} GB/s, {:.1} tokens/s",
            1e3 * seconds,
            seconds / bound,
            bandwidth / 1e9,
            batch as f64 / seconds
        );
    }
    Ok(())
}
