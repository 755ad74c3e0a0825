//! Decoding of one Q4_K model by onset and by candle-transformers: `cargo run --release` in this folder.
//!
//! A Llama with random weights and the shape of a small model is quantised by candle, written as a GGUF file and loaded
//! by both. Both read the same prompt and then one token at a time; their steps take turns, so that both meet the same
//! disturbances. Printed are the largest difference of their logits and the shortest and the median step of each.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use candle_transformers::models::quantized_llama::ModelWeights;
use onset::lm::{Cache, Feed, LoadedModel, Placement};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Some 330 million parameters, a sixth of them in the embedding.
const VOCABULARY: usize = 32_000;
const HIDDEN: usize = 1024;
const INNER: usize = 2816;
const LAYERS: usize = 24;
const HEADS: usize = 16;
const KEY_HEADS: usize = 4;
const PROMPT: usize = 64;
const STEPS: usize = 160;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.gguf");
    write(&path)?;
    let ours = LoadedModel::load(&path, &Placement::default())?.decoder;
    let mut file = File::open(&path)?;
    let content = gguf_file::Content::read(&mut file)?;
    let mut theirs = ModelWeights::from_gguf(content, &mut file, &Device::Cpu)?;

    let prompt: Vec<u32> = (0..PROMPT as u32).map(|i| (i * 7919 + 11) % VOCABULARY as u32).collect();
    let mut cache = Cache::new();
    let hidden = ours.extend(&mut [Feed { tokens: &prompt, cache: Some(&mut cache) }])?;
    let mut a = ours.logits(&hidden.narrow(0, PROMPT - 1, 1)?)?;
    let mut b = theirs.forward(&Tensor::new(prompt.as_slice(), &Device::Cpu)?.unsqueeze(0)?, 0)?;
    let mut difference = largest_difference(&a, &b)?;
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let token = a.argmax(1)?.to_vec1::<u32>()?[0];
        let start = Instant::now();
        let hidden = ours.extend(&mut [Feed { tokens: &[token], cache: Some(&mut cache) }])?;
        a = ours.logits(&hidden)?;
        our_times.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        b = theirs.forward(&Tensor::new(&[token], &Device::Cpu)?.unsqueeze(0)?, PROMPT + step)?;
        their_times.push(start.elapsed().as_secs_f64());
        difference = difference.max(largest_difference(&a, &b)?);
    }
    println!("largest difference of logits {difference:.2e} of {:.2}", a.abs()?.max_all()?.to_scalar::<f32>()?);
    let (our_best, our_median) = summary(our_times);
    let (their_best, their_median) = summary(their_times);
    println!(
        "onset                {:6.2} ms a step at best, {:6.2} ms at the median",
        1e3 * our_best,
        1e3 * our_median
    );
    println!(
        "candle-transformers  {:6.2} ms a step at best, {:6.2} ms at the median",
        1e3 * their_best,
        1e3 * their_median
    );
    println!(
        "onset is {:.2} times as fast at best, {:.2} at the median",
        their_best / our_best,
        their_median / our_median
    );
    Ok(())
}

/// The shortest and the median.
fn summary(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[0], times[times.len() / 2])
}

fn largest_difference(a: &Tensor, b: &Tensor) -> Outcome<f32> {
    Ok((a - b)?.abs()?.max_all()?.to_scalar()?)
}

/// Writes the model.
fn write(path: &Path) -> Outcome<()> {
    let whole = |number: usize| Value::U32(number as u32);
    let settings = [
        ("general.architecture", Value::String("llama".to_owned())),
        ("llama.block_count", whole(LAYERS)),
        ("llama.context_length", whole(2048)),
        ("llama.embedding_length", whole(HIDDEN)),
        ("llama.feed_forward_length", whole(INNER)),
        ("llama.attention.head_count", whole(HEADS)),
        ("llama.attention.head_count_kv", whole(KEY_HEADS)),
        ("llama.rope.dimension_count", whole(HIDDEN / HEADS)),
        ("llama.rope.freq_base", Value::F32(10_000.0)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
    ];
    let mut tensors = Vec::new();
    let mut add = |name: String, shape: &[usize], dtype: GgmlDType| -> Outcome<()> {
        let values = match shape.len() {
            1 => Tensor::ones(shape, DType::F32, &Device::Cpu)?,
            _ => Tensor::randn(0f32, 0.02, shape, &Device::Cpu)?,
        };
        tensors.push((name, QTensor::quantize(&values, dtype)?));
        Ok(())
    };
    add("token_embd.weight".to_owned(), &[VOCABULARY, HIDDEN], GgmlDType::Q4K)?;
    add("output.weight".to_owned(), &[VOCABULARY, HIDDEN], GgmlDType::Q6K)?;
    add("output_norm.weight".to_owned(), &[HIDDEN], GgmlDType::F32)?;
    let keys = KEY_HEADS * (HIDDEN / HEADS);
    for layer in 0..LAYERS {
        for norm in ["attn_norm", "ffn_norm"] {
            add(format!("blk.{layer}.{norm}.weight"), &[HIDDEN], GgmlDType::F32)?;
        }
        for (matrix, shape) in [
            ("attn_q", [HIDDEN, HIDDEN]),
            ("attn_k", [keys, HIDDEN]),
            ("attn_v", [keys, HIDDEN]),
            ("attn_output", [HIDDEN, HIDDEN]),
            ("ffn_gate", [INNER, HIDDEN]),
            ("ffn_up", [INNER, HIDDEN]),
            ("ffn_down", [HIDDEN, INNER]),
        ] {
            add(format!("blk.{layer}.{matrix}.weight"), &shape, GgmlDType::Q4K)?;
        }
    }
    let settings: Vec<(&str, &Value)> = settings.iter().map(|(name, value)| (*name, value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut File::create(path)?, &settings, &tensors)?;
    Ok(())
}
