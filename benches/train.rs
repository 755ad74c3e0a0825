//! Training tokens per second: `cargo bench --bench train [-- --hidden 256 --layers 6 --heads 4 --vocab 8192 --batch 8
//! --seq 256 --steps 8 --recompute 0]`.
//!
//! A Llama of random weights takes AdamW steps on the same random batch, a quarter of each row masked as a prompt. Prints
//! one JSON line: parameters, and tokens per second over the steps after the first two.

use std::collections::HashMap;

use onset::lm::Config;
use onset::train::{Length, Sequence, TrainSettings, Trainer, keep_freed_memory, random_weights};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    keep_freed_memory();
    let mut numbers: HashMap<&str, usize> = HashMap::from([
        ("hidden", 256),
        ("layers", 6),
        ("heads", 4),
        ("vocab", 8192),
        ("batch", 8),
        ("seq", 256),
        ("steps", 8),
        ("recompute", 0),
    ]);
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    for pair in arguments.chunks_exact(2) {
        if let Some(number) = numbers.get_mut(pair[0].trim_start_matches("--")) {
            *number = pair[1].parse()?;
        }
    }
    let [hidden, layers, heads, vocab, batch, seq, steps] =
        ["hidden", "layers", "heads", "vocab", "batch", "seq", "steps"].map(|name| numbers[name]);
    let json = serde_json::json!({
        "architectures": ["LlamaForCausalLM"], "hidden_size": hidden, "intermediate_size": 4 * hidden,
        "num_hidden_layers": layers, "num_attention_heads": heads, "vocab_size": vocab,
        "max_position_embeddings": seq, "rms_norm_eps": 1e-6,
    });
    let config = Config::parse("config.json".as_ref(), json.to_string().as_bytes())?;
    let weights = random_weights(&config, 0.02, 0)?;
    let settings = TrainSettings {
        length: Length::Steps(steps),
        pass_tokens: batch * seq,
        recompute: numbers["recompute"] == 1,
        ..TrainSettings::default()
    };
    let mut trainer = Trainer::new(config, &weights, settings)?;
    drop(weights);
    let mut state = 1u32;
    let mut token = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % vocab as u32
    };
    let rows: Vec<Sequence> =
        (0..batch).map(|_| Sequence { tokens: (0..seq).map(|_| token()).collect(), from: seq / 4 }).collect();
    let batch: Vec<&Sequence> = rows.iter().collect();
    let (mut seconds, mut fastest) = (0.0, f64::INFINITY);
    for step in 0..steps {
        let taken = trainer.step(&batch, 2e-5)?.seconds;
        if step >= 2 {
            seconds += taken;
            fastest = fastest.min(taken);
        }
    }
    let tokens = (batch.len() * seq) as f64;
    println!(
        "{{\"parameters\": {}, \"tokens_per_second\": {:.1}, \"fastest_step\": {:.1}}}",
        trainer.trainable(),
        tokens * (steps - 2) as f64 / seconds,
        tokens / fastest
    );
    Ok(())
}
