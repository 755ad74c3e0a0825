//! Speed of the decoder against what the machine can do: `cargo bench --bench lm`.
//!
//! Prints, for a model of random weights with the shape of Gemma 3 270M (or the model in `$ONSET_BENCH_MODEL`):
//! the GEMM rate of candle on a square of 2,048; prefill of 512 tokens as a share of it; one step of generation as a
//! multiple of the time it takes to read the weights once.

use std::collections::HashMap;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use onset::lm::{Cache, Config, Decoder, Feed, Model, Placement, Weights};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const GEMMA3_270M: &str = r#"{"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 640, "intermediate_size": 2048,
    "max_position_embeddings": 32768, "num_attention_heads": 4, "num_hidden_layers": 18, "num_key_value_heads": 1,
    "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_local_base_freq": 10000.0, "rope_theta": 1000000.0,
    "sliding_window": 512, "sliding_window_pattern": 6, "vocab_size": 262144}"#;

fn main() -> Outcome<()> {
    let decoder = match std::env::var_os("ONSET_BENCH_MODEL") {
        Some(path) => Model::load(path.as_ref(), &Placement::default())?.decoder,
        None => gemma()?,
    };
    let gemm = gemm_rate()?;
    println!("GEMM                       {gemm:8.1} GFLOP/s");
    let bandwidth = bandwidth();
    println!("memory                     {bandwidth:8.1} GB/s");
    prefill(&decoder, gemm)?;
    generation(&decoder, bandwidth)
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

fn gemm_rate() -> Outcome<f64> {
    let size = 2048;
    let (a, b) =
        (Tensor::randn(0f32, 1., (size, size), &Device::Cpu)?, Tensor::randn(0f32, 1., (size, size), &Device::Cpu)?);
    let seconds = fastest(5, || Ok(a.matmul(&b)?))?;
    Ok(2.0 * (size as f64).powi(3) / seconds / 1e9)
}

/// Reading 1 GiB on all cores.
fn bandwidth() -> f64 {
    use rayon::prelude::*;
    let numbers = vec![1u64; 1 << 27];
    let read =
        || Ok(numbers.par_chunks(1 << 16).map(|chunk| chunk.iter().copied().fold(0, u64::wrapping_add)).sum::<u64>());
    fastest(5, read).map_or(0.0, |seconds| (numbers.len() * 8) as f64 / seconds / 1e9)
}

fn prefill(decoder: &Decoder, gemm: f64) -> Outcome<()> {
    let config = decoder.config();
    let tokens: Vec<u32> = (0..512).map(|i| (i * 7919 + 11) % config.vocab_size as u32).collect();
    let width = config.heads * config.head_dim;
    let projections = config.hidden_size * (2 * width + 2 * config.kv_heads * config.head_dim);
    let matrices = config.layers * (projections + 3 * config.hidden_size * config.intermediate_size);
    // Every query sees half of the keys on average.
    let attention = config.layers * 2 * width * tokens.len() / 2;
    let work = 2.0 * (matrices + attention) as f64 * tokens.len() as f64;
    let seconds = fastest(5, || {
        let hidden = decoder.extend(&mut [Feed { tokens: &tokens, cache: None }])?;
        Ok(decoder.logits(&hidden.narrow(0, tokens.len() - 1, 1)?)?)
    })?;
    let rate = work / seconds / 1e9;
    println!(
        "prefill of 512 tokens      {rate:8.1} GFLOP/s = {:.0} % of GEMM, {:.0} tokens/s",
        100.0 * rate / gemm,
        512.0 / seconds
    );
    let mut cache = Cache::new();
    decoder.extend(&mut [Feed { tokens: &tokens, cache: Some(&mut cache) }])?;
    let items: Vec<Vec<u32>> = (0..8).map(|item| tokens[item * 10..item * 10 + 60 + item].to_vec()).collect();
    let count: usize = items.iter().map(Vec::len).sum();
    let seconds = fastest(3, || {
        let mut forks: Vec<Cache> = items.iter().map(|_| cache.fork()).collect();
        let mut feeds: Vec<Feed> =
            items.iter().zip(&mut forks).map(|(tokens, cache)| Feed { tokens, cache: Some(cache) }).collect();
        Ok(decoder.extend(&mut feeds)?)
    })?;
    let attention = config.layers * 2 * width * (tokens.len() + 30);
    let rate = 2.0 * (matrices + attention) as f64 * count as f64 / seconds / 1e9;
    println!(
        "8 items after a prefix     {rate:8.1} GFLOP/s = {:.0} % of GEMM, {:.0} tokens/s",
        100.0 * rate / gemm,
        count as f64 / seconds
    );
    Ok(())
}

fn generation(decoder: &Decoder, bandwidth: f64) -> Outcome<()> {
    let config = decoder.config();
    let width = config.heads * config.head_dim;
    let projections = config.hidden_size * (2 * width + 2 * config.kv_heads * config.head_dim);
    let matrices = config.layers * (projections + 3 * config.hidden_size * config.intermediate_size);
    let bytes = 4.0 * (matrices + config.vocab_size * config.hidden_size) as f64;
    for batch in [1, 4, 16] {
        let tokens: Vec<u32> = (0..256).collect();
        let mut caches: Vec<Cache> = (0..batch).map(|_| Cache::new()).collect();
        for cache in &mut caches {
            decoder.extend(&mut [Feed { tokens: &tokens, cache: Some(cache) }])?;
        }
        let seconds = fastest(12, || {
            let mut feeds: Vec<Feed> =
                caches.iter_mut().map(|cache| Feed { tokens: &[42], cache: Some(cache) }).collect();
            Ok(decoder.logits(&decoder.extend(&mut feeds)?)?)
        })?;
        let bound = bytes / bandwidth / 1e9;
        println!(
            "generation, {batch:2} at a time   {:8.1} ms a step = {:.2} times the reading of the weights, {:.1} tokens/s",
            1e3 * seconds,
            seconds / bound,
            batch as f64 / seconds
        );
    }
    Ok(())
}
