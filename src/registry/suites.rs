//! Training runs whose checkpoints are public: how many tokens one step of each takes.
//!
//! A checkpoint of a run that is not here has its tokens from `onset import --tokens-per-step`, or from its own name
//! (`stage1-step1000-tokens5B`).

/// Models that were trained with batches of one size throughout.
struct Suite {
    /// The organisation that published them; a name without one counts too.
    organisation: &'static str,
    /// The models' names, in lower case. `*` stands for a size such as `1.4b` or `70m`, with what belongs to a repetition
    /// of the same training behind it (`-deduped`, `-seed3`).
    names: &'static [&'static str],
    tokens_per_step: u64,
}

/// Suites, each with its source.
const SUITES: &[Suite] = &[
    // Biderman et al. 2023 (arXiv 2304.01373): 1,024 sequences of 2,048 tokens in every step. Its own results call the
    // models `pythia-v1.1-*`, as they were named before version 1 took the name without a number.
    Suite { organisation: "eleutherai", names: &["pythia-*", "pythia-v1.1-*"], tokens_per_step: 1024 * 2048 },
    // Groeneveld et al. 2024 (arXiv 2402.00838): batches of about 4M tokens; 2,048 sequences of 2,048 tokens for
    // 1B, 2,160 for 7B. Their branches say the same: `step738020-tokens3094B`, `step556000-tokens2460B`.
    Suite { organisation: "allenai", names: &["olmo-1b", "olmo-1b-hf"], tokens_per_step: 2048 * 2048 },
    Suite { organisation: "allenai", names: &["olmo-7b", "olmo-7b-hf"], tokens_per_step: 2160 * 2048 },
    // OLMo 2 (arXiv 2501.00656): 512, 1,024 or 2,048 sequences of 4,096 tokens. Their branches say
    // the same: `stage1-step1907359-tokens4001B`, `stage1-step928646-tokens3896B`, `stage1-step596057-tokens5001B`,
    // `stage1-step721901-tokens6056B`.
    Suite { organisation: "allenai", names: &["olmo-2-0425-1b"], tokens_per_step: 512 * 4096 },
    Suite { organisation: "allenai", names: &["olmo-2-1124-7b"], tokens_per_step: 1024 * 4096 },
    Suite { organisation: "allenai", names: &["olmo-2-1124-13b", "olmo-2-0325-32b"], tokens_per_step: 2048 * 4096 },
];

/// Training tokens of one step of this model, where it is one of a public suite.
pub(crate) fn tokens_per_step(model: &str) -> Option<u64> {
    let model = model.to_ascii_lowercase();
    let (organisation, name) =
        model.split_once('/').map_or((None, model.as_str()), |(first, name)| (Some(first), name));
    let of = |suite: &&Suite| {
        organisation.is_none_or(|it| it == suite.organisation) && suite.names.iter().any(|known| is_named(name, known))
    };
    let suite = SUITES.iter().find(of)?;
    Some(name.split('-').find_map(batch).unwrap_or(suite.tokens_per_step))
}

/// Tokens of a batch that a name gives, in units of 2^20 as EleutherAI does: `1MtokBS`, `0.5MtokBS`.
fn batch(part: &str) -> Option<u64> {
    let millions: f64 = part.strip_suffix("mtokbs")?.parse().ok()?;
    let tokens = millions * f64::from(1 << 20);
    ((1.0..=1e9).contains(&tokens) && tokens.fract() == 0.0).then_some(tokens as u64)
}

fn is_named(name: &str, known: &str) -> bool {
    let Some(prefix) = known.strip_suffix('*') else { return name == known };
    let Some(rest) = name.strip_prefix(prefix) else { return false };
    let mut parts = rest.split('-');
    let size = |part: &str| {
        let digits = part.strip_suffix(['m', 'b']);
        digits.is_some_and(|digits| digits.parse::<f64>().is_ok_and(|n| n > 0.0))
    };
    let repetition = |part: &str| {
        if batch(part).is_some() {
            return true;
        }
        let (word, number) = part.split_at(part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len()));
        REPETITIONS.contains(&word) && number.bytes().all(|b| b.is_ascii_digit())
    };
    parts.next().is_some_and(size) && parts.all(repetition)
}

/// What may follow a size: the same training on deduplicated data, from another seed, or in bf16.
const REPETITIONS: [&str; 3] = ["deduped", "seed", "bf"];

#[cfg(test)]
mod tests {
    use super::tokens_per_step;

    #[test]
    fn the_example_holds() {
        use crate::registry::tokens_per_step;
        let pythia = tokens_per_step("EleutherAI/pythia-1.4b-deduped").expect("a public suite");
        assert_eq!(pythia * 143_000, 299_892_736_000);
        assert_eq!(tokens_per_step("someone/pythia-1.4b-chat"), None);
    }

    #[test]
    fn a_suite_is_told_from_what_others_made_of_it() {
        let pythia = ["EleutherAI/pythia-70m", "pythia-12b-deduped", "EleutherAI/pythia-160m-seed3"];
        assert_eq!(pythia.map(tokens_per_step), [Some(2_097_152); 3]);
        let batches = ["EleutherAI/pythia-v1.1-1.4b-1MtokBS", "pythia-v1.1-70m-0.25MtokBS", "pythia-v1.1-1b-bf16"];
        assert_eq!(batches.map(tokens_per_step), [Some(1_048_576), Some(262_144), Some(2_097_152)]);
        let others =
            ["someone/pythia-70m", "pythia-70m-v0", "pythia-chat-base-7b", "pythia-", "gpt-neox-20b", "olmo-7b-sft"];
        assert_eq!(others.map(tokens_per_step), [None; 6]);
    }

    #[test]
    fn steps_give_the_tokens_that_the_branches_of_olmo_are_named_after() {
        for (model, step, billions) in [
            ("allenai/OLMo-1B-hf", 738_020, 3094),
            ("allenai/OLMo-7B", 556_000, 2460),
            ("allenai/OLMo-2-0425-1B", 1_907_359, 4001),
            ("allenai/OLMo-2-1124-7B", 928_646, 3896),
            ("allenai/OLMo-2-1124-13B", 596_057, 5001),
            ("allenai/OLMo-2-0325-32B", 721_901, 6056),
        ] {
            let tokens = tokens_per_step(model).expect("a public suite") * step;
            // The names round to whole billions, up or down.
            assert!((tokens as f64 / 1e9 - f64::from(billions)).abs() < 1.5, "{model}: {tokens}");
        }
    }
}
