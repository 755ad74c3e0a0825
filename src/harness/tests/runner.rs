//! Asking models: every answer has the past it should have, nothing is computed twice, nothing is lost.

#![cfg(feature = "models")]

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use crate::harness::request::{Request, Respond, Response, Sampling};
use crate::harness::runner::{Encoder, Limits, LocalModel, Prompt, PromptWork};
use crate::lm::{LanguageModel, LoadedModel, Passage, Placement, Query, QueryAnswer, Scripted, Tokenizer};
use crate::{Error, Result};

use crate::support;

fn fixture(path: &str) -> PathBuf {
    support::fixture("evaluate").join(path)
}

fn tokenizer(model: &str) -> Tokenizer {
    Tokenizer::read(&fixture("models").join(model)).expect("the fixture has a tokenizer")
}

const MODELS: [&str; 2] = ["neox-bytelevel", "gemma-metaspace"];

/// A model whose every probability depends on every token before it, so that an answer with another past is another
/// answer.
struct Hashing {
    context: usize,
    read: Cell<usize>,
    passes: Cell<usize>,
    most: Cell<usize>,
}

impl Hashing {
    const VOCAB: usize = 600;

    fn new() -> Self {
        Self { context: 1024, read: Cell::new(0), passes: Cell::new(0), most: Cell::new(0) }
    }

    fn probability(past: &[u32], token: u32) -> f32 {
        let mut hash = DefaultHasher::new();
        (past, token).hash(&mut hash);
        -((hash.finish() % 100_000) as f32) / 1000.0
    }

    fn best(past: &[u32]) -> u32 {
        let mut hash = DefaultHasher::new();
        past.hash(&mut hash);
        (hash.finish() % Self::VOCAB as u64) as u32
    }
}

impl LanguageModel for Hashing {
    type Cache = Vec<u32>;

    fn vocab_size(&self) -> usize {
        Self::VOCAB
    }

    fn context(&self) -> usize {
        self.context
    }

    fn cache(&self) -> Vec<u32> {
        Vec::new()
    }

    fn fork(&self, cache: &Vec<u32>) -> Vec<u32> {
        cache.clone()
    }

    fn length(&self, cache: &Vec<u32>) -> usize {
        cache.len()
    }

    fn rewind(&self, cache: &mut Vec<u32>, length: usize) -> Result<()> {
        assert!(length <= cache.len());
        cache.truncate(length);
        Ok(())
    }

    fn read(&self, batch: &mut [Passage<'_, Vec<u32>>]) -> Result<Vec<Vec<QueryAnswer>>> {
        let tokens = batch.iter().map(|reading| reading.tokens.len()).sum::<usize>();
        self.read.set(self.read.get() + tokens);
        self.passes.set(self.passes.get() + 1);
        self.most.set(self.most.get().max(tokens));
        let mut answers = Vec::new();
        for reading in batch {
            assert!(!reading.tokens.is_empty());
            let mut all = reading.cache.as_deref().cloned().unwrap_or_default();
            let before = all.len();
            all.extend_from_slice(reading.tokens);
            let of = |question: &Query| {
                let past = &all[..=before + question.after];
                QueryAnswer {
                    log_probabilities: question.tokens.iter().map(|&token| Self::probability(past, token)).collect(),
                    best: Self::best(past),
                    logits: None,
                }
            };
            answers.push(reading.questions.iter().map(of).collect());
            if let Some(cache) = reading.cache.as_deref_mut() {
                *cache = all;
            }
        }
        Ok(answers)
    }
}

/// Items with a long common beginning, choices of one and of several tokens, contexts that are the beginning of others,
/// an empty context, doubles, and texts to write.
fn requests() -> Vec<Request> {
    let score =
        |context: String, continuation: &str| Request::LogLikelihood { context, continuation: continuation.into() };
    let examples = "Which letter does the word \"goat\" start with?\nAnswer: g\n\n".repeat(4);
    let mut requests = Vec::new();
    for item in 0..12 {
        let context = format!("{examples}Ivo has {item} limes. How many limes does Ivo have {}?\nAnswer:", item * 7);
        for choice in [" 1", " 12 limes", " 12 apples and more", " A"] {
            requests.push(score(context.clone(), choice));
        }
    }
    requests.push(score(examples.clone(), "Which"));
    requests.push(score(examples.trim_end().to_owned(), " Which letter"));
    requests.push(score(String::new(), "Finn"));
    requests.push(score(String::new(), "Finn is taller"));
    requests.push(requests[0].clone());
    for item in 0..7 {
        let context = format!("{examples}Finn has {item} apples.{}", " And?".repeat(item));
        requests.push(Request::Generate { context, until: vec!["\n".into(), "e".into()], max_tokens: 5 + item });
    }
    let until = vec!["Question:".into()];
    requests.push(Request::Generate { context: examples.clone(), until: until.clone(), max_tokens: 9 });
    requests.push(Request::Generate { context: examples, until, max_tokens: 3 });
    requests
}

fn limits() -> [Limits; 4] {
    let limits = |tokens, sequences, remembered| Limits { tokens, sequences, remembered };
    [Limits::default(), limits(120, 3, 700), limits(17, 2, 40), limits(1, 1, 1)]
}

fn answers<M: LanguageModel>(local: &mut LocalModel<'_, M>, requests: &[Request]) -> Vec<Response> {
    let mut answers = vec![None; requests.len()];
    local
        .respond(requests, &mut |index, response| {
            assert!(answers[index].replace(response).is_none(), "request {index} is answered twice");
            Ok(())
        })
        .expect("the requests can be answered");
    answers.into_iter().map(|answer| answer.expect("every request is answered")).collect()
}

#[test]
fn every_answer_has_the_past_that_its_own_tokens_give_it_for_any_limits() {
    for name in MODELS {
        let tokenizer = tokenizer(name);
        let requests = requests();
        let encoder = || Encoder::new(&tokenizer, 1024).expect("the tokenizer has a prefix token");
        let prompts = encoder().encode(&requests).expect("they fit");
        let mut all = Vec::new();
        for limits in limits() {
            let model = Hashing::new();
            let given = answers(&mut LocalModel::new(&model, &tokenizer, encoder(), limits.clone()), &requests);
            assert!(model.most.get() <= limits.tokens);
            for (prompt, response) in prompts.iter().zip(&given) {
                let (PromptWork::Score(scored), Response::LogLikelihood { value, greedy }) = (&prompt.work, response)
                else {
                    continue;
                };
                let first = prompt.tokens.len() + 1 - scored.len();
                let whole = [&prompt.tokens[..], &scored[scored.len() - 1..]].concat();
                let each = || (first..whole.len()).map(|at| (&whole[..at], whole[at]));
                let expected: f64 = each().map(|(past, token)| f64::from(Hashing::probability(past, token))).sum();
                assert_eq!(*value, expected);
                assert_eq!(*greedy, each().all(|(past, token)| Hashing::best(past) == token));
            }
            all.push(given);
        }
        assert!(all.iter().all(|given| *given == all[0]), "{name}: answers depend on the limits");
    }
}

#[test]
fn a_text_is_what_the_likeliest_tokens_spell_up_to_the_first_stop_string() {
    let tokenizer = tokenizer("neox-bytelevel");
    let requests = requests();
    let encoder = Encoder::new(&tokenizer, 1024).expect("the tokenizer has a prefix token");
    let prompts = encoder.encode(&requests).expect("they fit");
    let model = Hashing::new();
    let given = answers(&mut LocalModel::new(&model, &tokenizer, encoder, Limits::default()), &requests);
    let mut texts = 0;
    for ((request, prompt), response) in requests.iter().zip(prompts).zip(given) {
        let (Request::Generate { until, max_tokens, .. }, Response::Generated(text)) = (request, response) else {
            continue;
        };
        let (mut all, from) = (prompt.tokens.clone(), prompt.tokens.len());
        while all.len() < from + max_tokens {
            all.push(Hashing::best(&all));
        }
        let ended = all[from..].iter().position(|token| Some(*token) == tokenizer.eos);
        let end = ended.map_or(all.len(), |at| from + at);
        let whole = tokenizer.decode(&all[from..end], false).expect("tokens of the vocabulary");
        let cut = until.iter().filter_map(|stop| whole.find(stop.as_str())).min().unwrap_or(whole.len());
        assert_eq!(text, whole[..cut]);
        texts += 1;
    }
    assert_eq!(texts, 9);
}

#[test]
fn shared_beginnings_are_read_once_and_choices_of_one_token_cost_nothing() {
    let tokenizer = tokenizer("neox-bytelevel");
    let examples = "The capital of France is Paris. Which letter does the word start with?\n".repeat(5);
    let item = |item: usize| format!("{examples}Finn, Dan and Hana have {item} {}:", "plums ".repeat(20 + item));
    let ask =
        |context: String, continuation: &str| Request::LogLikelihood { context, continuation: continuation.into() };
    let letters: Vec<Request> =
        (0..6).flat_map(|n| [" A", " B", " C", " D"].map(|letter| ask(item(n), letter))).collect();
    let model = Scripted::new(600, 1024);
    let encoder = Encoder::new(&tokenizer, 1024).expect("the tokenizer has a prefix token");
    let prompts = encoder.encode(&letters).expect("they fit");
    let mut local = LocalModel::new(&model, &tokenizer, encoder, Limits { tokens: 200, ..Limits::default() });
    answers(&mut local, &letters);

    let contexts: Vec<&Vec<u32>> = prompts.iter().step_by(4).map(|prompt| &prompt.tokens).collect();
    let shared = (0..).take_while(|&at| contexts.iter().all(|c| c.get(at) == contexts[0].get(at))).count();
    let longest = shared + contexts.iter().map(|context| context.len() - shared).sum::<usize>();
    assert!(shared > 50);
    // Items that go on alike may share more than what all share.
    assert!(model.tokens_read() <= longest, "{} {longest}", model.tokens_read());
    assert_eq!(model.tokens_read(), local.tokens_to_read(&letters).expect("they fit"));
    let all: usize = prompts.iter().map(|prompt| prompt.tokens.len()).sum();
    assert!(model.tokens_read() * 4 < all);
}

#[test]
fn a_scripted_model_answers_in_text() {
    let tokenizer = tokenizer("neox-bytelevel");
    let ids = |text: &str| tokenizer.encode(text, false).expect("the tokenizer knows the text");
    let (question, answer) = (ids("Who is the tallest?\nAnswer:"), ids(" Finn\n\nQuestion"));
    let mut model = Scripted::new(600, 256);
    for at in 0..answer.len() {
        let ending = [&question[question.len() - 3..], &answer[..at]].concat();
        model = model.after(&ending, &[(answer[at], 30.0)]);
    }
    let encoder = Encoder::new(&tokenizer, 256).expect("the tokenizer has a prefix token");
    let mut local = LocalModel::new(&model, &tokenizer, encoder, Limits::default());
    let context = || "Who is the tallest?\nAnswer:".to_owned();
    let requests = [
        Request::LogLikelihood { context: context(), continuation: " Finn".into() },
        Request::LogLikelihood { context: context(), continuation: " Dan".into() },
        Request::Generate { context: context(), until: vec!["\n\n".into()], max_tokens: 20 },
    ];
    let given = answers(&mut local, &requests);
    let certain =
        |response: &Response| matches!(response, Response::LogLikelihood { value, greedy: true } if *value > -1e-3);
    assert!(certain(&given[0]) && !certain(&given[1]), "{given:?}");
    assert_eq!(given[2], Response::Generated(" Finn".into()));
}

/// Largest difference of a log-likelihood between batches: rounding of single precision in another order.
const ROUNDING: f64 = 1e-4;

#[test]
fn a_real_models_answers_do_not_depend_on_the_batch() {
    for name in MODELS {
        let model =
            LoadedModel::load(&fixture("models").join(name), &Placement::default()).expect("the fixture is a model");
        let tokenizer = model.tokenizer.as_ref().expect("with a tokenizer");
        let requests = requests();
        let mut all = Vec::new();
        for limits in &limits()[..3] {
            let encoder = Encoder::new(tokenizer, 1024).expect("the tokenizer has a prefix token");
            all.push(answers(&mut LocalModel::new(&model.decoder, tokenizer, encoder, limits.clone()), &requests));
        }
        for other in &all[1..] {
            for (a, b) in all[0].iter().zip(other) {
                match (a, b) {
                    (
                        Response::LogLikelihood { value: a, greedy: of_a },
                        Response::LogLikelihood { value: b, greedy: of_b },
                    ) => assert!((a - b).abs() < ROUNDING && of_a == of_b, "{name}: {a} {b}"),
                    (a, b) => assert_eq!(a, b, "{name}"),
                }
            }
        }
    }
}

#[test]
fn a_run_that_goes_on_gets_the_same_bits_as_one_that_was_not_interrupted() {
    let model =
        LoadedModel::load(&fixture("models/neox-bytelevel"), &Placement::default()).expect("the fixture is a model");
    let tokenizer = model.tokenizer.as_ref().expect("with a tokenizer");
    let requests = requests();
    let encoder = || Encoder::new(tokenizer, 1024).expect("the tokenizer has a prefix token");
    let limits = Limits { tokens: 150, sequences: 4, remembered: 1000 };
    let whole = answers(&mut LocalModel::new(&model.decoder, tokenizer, encoder(), limits.clone()), &requests);
    for interrupted_after in [0, 1, 5, 23, 40, 60] {
        let local = LocalModel::new(&model.decoder, tokenizer, encoder(), limits.clone());
        let mut found: HashMap<usize, Response> = HashMap::new();
        let outcome = local.resume(&requests, &[], &mut |index, response| {
            if found.len() == interrupted_after {
                return Err(Error::Interrupted);
            }
            found.insert(index, response);
            Ok(())
        });
        assert!(matches!(outcome, Err(Error::Interrupted)), "{interrupted_after}");
        let known: Vec<bool> = (0..requests.len()).map(|index| found.contains_key(&index)).collect();
        let mut more = 0;
        local
            .resume(&requests, &known, &mut |index, response| {
                more += 1;
                assert!(found.insert(index, response).is_none(), "{index} was known");
                Ok(())
            })
            .expect("the rest can be answered");
        assert_eq!(more + interrupted_after, requests.len());
        let found: Vec<Response> = (0..requests.len()).map(|index| found[&index].clone()).collect();
        assert_eq!(found, whole, "interrupted after {interrupted_after}");
    }
}

#[test]
fn what_is_known_is_not_read_again() {
    let tokenizer = tokenizer("neox-bytelevel");
    let requests = requests();
    let model = Hashing::new();
    let encoder = Encoder::new(&tokenizer, 1024).expect("the tokenizer has a prefix token");
    let local = LocalModel::new(&model, &tokenizer, encoder, Limits::default());
    local.resume(&requests, &vec![true; requests.len()], &mut |_, _| Ok(())).expect("nothing is to be done");
    assert_eq!(model.read.get(), 0);
}

#[test]
fn spaces_at_the_end_of_a_context_belong_to_the_continuation() {
    let tokenizer = tokenizer("gemma-metaspace");
    let encoder = Encoder::new(&tokenizer, 1024).expect("the tokenizer has a prefix token");
    let ask = |context: &str, continuation: &str| Request::LogLikelihood {
        context: context.into(),
        continuation: continuation.into(),
    };
    let requests =
        [ask("Who is it? ", "Finn"), ask("Who is it?", " Finn"), ask("<bos>Who is it?", " Finn"), ask("  ", "Finn")];
    let prompts = encoder.encode(&requests).expect("they fit");
    let asked = |place: usize| (&prompts[place].tokens, &prompts[place].work);
    assert_eq!(asked(0), asked(1));
    assert_eq!(prompts[0].tokens.first(), tokenizer.bos.as_ref());
    // A text that begins with the beginning token gets no second one.
    assert_eq!(asked(0), asked(2));
    let PromptWork::Score(scored) = &prompts[3].work else { panic!("{:?}", prompts[3]) };
    assert_eq!(tokenizer.decode(scored, false).expect("they are tokens"), "  Finn");
}

#[test]
fn special_tokens_are_added_as_the_tokenizer_asks_or_as_it_is_told() {
    let gemma = tokenizer("gemma-metaspace");
    let neox = tokenizer("neox-bytelevel");
    let first = |tokenizer: &Tokenizer, special| {
        let encoder = Encoder::new(tokenizer, 64).expect("the tokenizer has a prefix token").special(special);
        let request = Request::Generate { context: "Finn".into(), until: Vec::new(), max_tokens: 1 };
        encoder.encode(&[request]).expect("it fits")[0].tokens[0]
    };
    assert_eq!([None, Some(true)].map(|special| Some(first(&gemma, special))), [gemma.bos; 2]);
    assert_ne!(Some(first(&gemma, Some(false))), gemma.bos);
    assert_eq!(Some(first(&neox, Some(true))), neox.bos);
    assert_eq!([None, Some(false)].map(|special| Some(first(&neox, special)) == neox.bos), [false; 2]);
}

#[test]
fn a_prompt_that_is_too_long_is_refused_by_its_index_or_keeps_its_end() {
    let tokenizer = tokenizer("neox-bytelevel");
    let short = Request::LogLikelihood { context: "Finn".into(), continuation: " Dan".into() };
    let long = Request::LogLikelihood { context: "Finn is tall. ".repeat(20), continuation: "Who is it?".into() };
    let text = Request::Generate { context: "Finn is tall. ".repeat(20), until: Vec::new(), max_tokens: 10 };
    let encoder = || Encoder::new(&tokenizer, 32).expect("the tokenizer has a prefix token");
    for request in [&long, &text] {
        match encoder().encode(&[short.clone(), request.clone()]) {
            Err(Error::Request { index: 1, problem, .. }) => assert!(problem.contains("context is 32"), "{problem}"),
            other => panic!("{other:?}"),
        }
    }
    let free = Encoder::new(&tokenizer, 4096).expect("the tokenizer has a prefix token");
    let whole = free.encode(&[long.clone(), text.clone()]).expect("they fit");
    let cut = encoder().truncate(true).encode(&[long, text]).expect("they are cut");
    let end = |prompt: &Prompt, count: usize| prompt.tokens[prompt.tokens.len() - count..].to_vec();
    assert_eq!(cut[0].tokens, end(&whole[0], 32));
    assert_eq!(cut[0].work, whole[0].work);
    assert_eq!(cut[1].tokens, end(&whole[1], 22));
    let impossible = Request::Generate { context: "Finn".into(), until: Vec::new(), max_tokens: 32 };
    assert!(encoder().truncate(true).encode(&[impossible]).is_err());
}

// The expected windows are those of lm-evaluation-harness's `get_rolling_token_windows` and `make_disjoint_window`.
#[test]
fn a_whole_text_is_read_in_windows_that_score_each_token_once() {
    let tokenizer = tokenizer("neox-bytelevel");
    let text = "Finn is tall. Who is it? Dan is not as tall as Finn, and Mia is.";
    let prefix = tokenizer.bos.or(tokenizer.eos).expect("a prefix token");
    let tokens = tokenizer.encode(text, true).expect("tokens");
    let n = tokens.len();
    let windows = |context: usize| {
        let encoder = Encoder::new(&tokenizer, context).expect("the tokenizer has a prefix token");
        let before = Request::LogLikelihood { context: "a".into(), continuation: " b".into() };
        let prompts = encoder.encode(&[before, Request::Rolling { text: text.into() }]).expect("windows");
        let of_text = prompts.into_iter().filter(|prompt| prompt.request == 1);
        of_text.map(|prompt| (prompt.tokens, prompt.work)).collect::<Vec<_>>()
    };
    let first = |end: usize| [&[prefix], &tokens[..end - 1]].concat();
    let score = |from: usize, to: usize| PromptWork::Score(tokens[from..to].to_vec());
    assert!(n > 20, "{n}");
    assert_eq!(windows(n + 5), [(first(n), score(0, n))]);
    assert_eq!(windows(n), [(first(n), score(0, n))]);
    assert_eq!(windows(n - 1), [(first(n - 1), score(0, n - 1)), (tokens[..n - 1].to_vec(), score(n - 1, n))]);
    let ten: Vec<(Vec<u32>, PromptWork)> = windows(10);
    assert_eq!(ten.len(), n.div_ceil(10));
    assert_eq!(ten[1], (tokens[9..19].to_vec(), score(10, 20)));
    let rest = n - n / 10 * 10;
    assert!(rest > 0, "{n} tokens fill their windows");
    assert_eq!(ten[n / 10], (tokens[n - 11..n - 1].to_vec(), score(n - rest, n)));
}

#[test]
fn a_whole_text_has_the_sum_of_its_windows_and_an_empty_one_nothing() {
    let tokenizer = tokenizer("neox-bytelevel");
    let texts = ["Finn is tall. ".repeat(30), String::new(), "Who is it?".to_owned(), "Finn is tall. ".repeat(31)];
    let requests: Vec<Request> = texts.iter().map(|text| Request::Rolling { text: text.clone() }).collect();
    let model = Hashing { context: 32, ..Hashing::new() };
    let encoder = || Encoder::new(&tokenizer, 32).expect("the tokenizer has a prefix token");
    let mut expected = vec![0.0; texts.len()];
    for Prompt { request, tokens, work } in encoder().encode(&requests).expect("windows") {
        let PromptWork::Score(scored) = work else { panic!("nothing is written") };
        for (at, token) in (tokens.len() - scored.len()..).zip(scored) {
            expected[request] += f64::from(Hashing::probability(&tokens[..=at], token));
        }
    }
    for limits in [Limits::default(), Limits { tokens: 16, ..Limits::default() }] {
        let local = LocalModel::new(&model, &tokenizer, encoder(), limits);
        for known in [vec![], vec![true, false, false, false]] {
            let mut found: Vec<Option<Response>> = vec![None; texts.len()];
            let note = &mut |index: usize, response| {
                assert!(found[index].replace(response).is_none(), "{index} is answered twice");
                Ok(())
            };
            local.resume(&requests, &known, note).expect("answers");
            for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                match found {
                    None => assert_eq!(known.get(at), Some(&true)),
                    Some(Response::Rolling(total)) => assert!((total - expected).abs() < 1e-6, "{total}, {expected}"),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn drawn_answers_are_the_same_again_alone_and_together() {
    let tokenizer = tokenizer("neox-bytelevel");
    let model = Drawn(Hashing::new());
    let encoder = || Encoder::new(&tokenizer, 1024).expect("the tokenizer has a prefix token");
    let request = |context: &str, number: usize, temperature: f64| Request::Sample {
        context: context.into(),
        until: Vec::new(),
        max_tokens: 6,
        how: Sampling { number, seed: 7, temperature: Some(temperature), ..Sampling::default() },
    };
    let all: Vec<Request> = (0..4).flat_map(|n| [request("Finn", n, 1.0), request("Who is", n, 1.0)]).collect();
    let answers = |requests: &[Request]| -> Vec<String> {
        let mut local = LocalModel::new(&model, &tokenizer, encoder(), Limits::default());
        let mut found = vec![String::new(); requests.len()];
        let note = &mut |index: usize, response| {
            let Response::Generated(text) = response else { panic!("{response:?}") };
            found[index] = text;
            Ok(())
        };
        local.respond(requests, note).expect("answers");
        found
    };
    let together = answers(&all);
    assert_eq!(together, all.iter().flat_map(|one| answers(std::slice::from_ref(one))).collect::<Vec<_>>());
    let different: std::collections::BTreeSet<&String> = together.iter().collect();
    assert!(different.len() > 4, "{together:?}");
    let generated = Request::Generate { context: "Finn".into(), until: Vec::new(), max_tokens: 6 };
    assert_eq!(answers(&[request("Finn", 0, 0.0)]), answers(&[generated]));
}

/// The same model with all logits, of which the likeliest is its best.
struct Drawn(Hashing);

impl LanguageModel for Drawn {
    type Cache = Vec<u32>;

    fn vocab_size(&self) -> usize {
        self.0.vocab_size()
    }

    fn context(&self) -> usize {
        self.0.context()
    }

    fn cache(&self) -> Vec<u32> {
        self.0.cache()
    }

    fn fork(&self, cache: &Vec<u32>) -> Vec<u32> {
        self.0.fork(cache)
    }

    fn length(&self, cache: &Vec<u32>) -> usize {
        self.0.length(cache)
    }

    fn rewind(&self, cache: &mut Vec<u32>, length: usize) -> Result<()> {
        self.0.rewind(cache, length)
    }

    fn read(&self, batch: &mut [Passage<'_, Vec<u32>>]) -> Result<Vec<Vec<QueryAnswer>>> {
        let wanted: Vec<Vec<bool>> =
            batch.iter().map(|passage| passage.questions.iter().map(|question| question.logits).collect()).collect();
        let mut answers = self.0.read(batch)?;
        for (answer, wanted) in answers.iter_mut().flatten().zip(wanted.into_iter().flatten()) {
            let near = |token: u32| if token == answer.best { 3.0 } else { 2.0 - (token.abs_diff(answer.best) as f32) };
            answer.logits = wanted.then(|| (0..Hashing::VOCAB as u32).map(near).collect());
        }
        Ok(answers)
    }
}
