//! Training sets in their public layouts, and what becomes of them.

use crate::lm::Tokenizer;
use crate::train::data::{Example, LONGEST_MATHEMATICAL, Layout};
use crate::train::{Encoding, Overlong};
use crate::{Error, Result};

use crate::support::{Outcome, fixture};

fn read(layout: Layout, name: &str) -> Result<Vec<Example>> {
    Ok(layout.read(&fixture("train").join(name))?.examples)
}

fn tokenizer() -> Result<Tokenizer> {
    Tokenizer::read(&fixture("evaluate/models/neox-bytelevel"))
}

#[test]
fn mmlu_is_read_from_json_lines_and_from_csv_without_header() -> Outcome {
    let lines = read(Layout::MmluAuxiliary, "mmlu.jsonl")?;
    assert_eq!(lines[0].prompt, "Which number is even?\nA. 1\nB. 2\nC. 3\nD. 5\nAnswer:");
    assert_eq!([&lines[0].completion, &lines[1].completion], [" B", " D"]);
    let folder = read(Layout::MmluAuxiliary, "auxiliary")?;
    assert_eq!(folder[0].prompt, "Which, of these, is blue?\nA. sky\nB. grass\nC. blood\nD. coal\nAnswer:");
    assert_eq!([&folder[0].completion, &folder[1].completion], [" A", " C"]);
    Ok(())
}

#[test]
fn mathematical_sets_get_the_published_prompt() -> Outcome {
    let meta = read(Layout::MetaMath, "metamath.json")?;
    assert_eq!(meta[0].prompt, "Question: What is 2 + 2?\nAnswer:");
    assert_eq!(meta[0].completion, " 2 + 2 = 4\nThe answer is: 4");
    let orca = read(Layout::OrcaMath, "orca.csv")?;
    assert_eq!(orca[0].completion, " 3 - 1 = 2, so 2 are left.");
    Ok(())
}

#[test]
fn long_mathematical_examples_are_left_out_and_counted() -> Outcome {
    let file = tempfile::Builder::new().suffix(".jsonl").tempfile()?;
    let row = |length: usize| format!("{{\"question\": \"q\", \"answer\": \"{}\"}}\n", "x".repeat(length));
    // `Question: q`, a new line, `Answer:` and a space are 20 characters.
    std::fs::write(file.path(), row(LONGEST_MATHEMATICAL - 20) + &row(LONGEST_MATHEMATICAL - 19))?;
    let read = Layout::OrcaMath.read(file.path())?;
    assert_eq!((read.examples.len(), read.too_long), (1, 1));
    Ok(())
}

#[test]
fn rows_that_cannot_be_used_are_named() -> Outcome {
    let cases = [
        (Layout::MmluAuxiliary, "{\"question\": \"q\", \"choices\": [\"1\", \"2\", \"3\", \"4\"]}", "answer"),
        (Layout::MmluAuxiliary, "{\"question\": \"q\", \"choices\": [\"1\", \"2\"], \"answer\": 0}", "2 choices"),
        (
            Layout::MmluAuxiliary,
            "{\"question\": \"q\", \"choices\": [\"1\", \"2\", \"3\", \"4\"], \"answer\": 4}",
            "none of",
        ),
        (Layout::MetaMath, "{\"query\": \"q\", \"response\": \"  \"}", "is empty"),
        (Layout::Prompts, "{\"prompt\": \"q\"}", "`completion`"),
        (Layout::Prompts, "{\"prompt\": \"q\", ", "not JSON"),
        (Layout::Prompts, "[]", "no examples"),
        (Layout::Prompts, "", "no examples"),
    ];
    for (layout, line, words) in cases {
        let file = tempfile::Builder::new().suffix(".jsonl").tempfile()?;
        std::fs::write(file.path(), line)?;
        let error = layout.read(file.path()).expect_err(line).to_string();
        assert!(error.contains(words) && error.contains(".jsonl"), "{error}");
    }
    Ok(())
}

#[test]
fn prompts_are_masked_and_the_end_token_is_learned() -> Outcome {
    let (tokenizer, examples) = (tokenizer()?, read(Layout::Prompts, "prompts.jsonl")?);
    let encoded = Encoding::default().encode(&tokenizer, &examples)?;
    assert_eq!(encoded.sequences.len(), 4);
    for (sequence, example) in encoded.sequences.iter().zip(&examples) {
        let (read, learned) = sequence.tokens.split_at(sequence.from);
        assert_eq!(tokenizer.decode(read, true)?, example.prompt);
        let (end, answer) = learned.split_last().ok_or("nothing is learned")?;
        assert_eq!((tokenizer.decode(answer, true)?, Some(*end)), (example.completion.clone(), tokenizer.eos));
    }
    let all = Encoding { mask_prompt: false, end: false, ..Encoding::default() }.encode(&tokenizer, &examples)?;
    assert!(all.sequences.iter().all(|sequence| sequence.from == 1));
    assert_eq!(all.sequences[0].tokens.len() + 1, encoded.sequences[0].tokens.len());
    Ok(())
}

#[test]
fn what_is_longer_than_the_block_keeps_its_end_is_left_out_or_refused() -> Outcome {
    let (tokenizer, examples) = (tokenizer()?, read(Layout::Prompts, "prompts.jsonl")?);
    let whole = Encoding::default().encode(&tokenizer, &examples)?;
    let block = whole.sequences[0].tokens.len() - 1;
    let encode = |overlong| Encoding { block, overlong, ..Encoding::default() }.encode(&tokenizer, &examples);
    let cut = encode(Overlong::KeepEnd)?;
    assert_eq!(cut.sequences[0].tokens, whole.sequences[0].tokens[1..]);
    assert_eq!(cut.sequences[0].targets(), whole.sequences[0].targets());
    assert!(cut.truncated > 0 && cut.sequences.len() == 4);
    let dropped = encode(Overlong::Drop)?;
    assert_eq!(dropped.sequences.len() + dropped.dropped, 4);
    let error = encode(Overlong::Refuse).expect_err("too long").to_string();
    assert!(error.contains("example 1") && error.contains("block"), "{error}");
    let tiny = Encoding { block: 4, overlong: Overlong::Drop, ..Encoding::default() };
    assert!(matches!(tiny.encode(&tokenizer, &examples), Err(Error::Argument(text)) if text.contains("all 4")));
    let empty = Encoding::default().encode(&tokenizer, &[]).expect_err("no data").to_string();
    assert!(empty.contains("empty"), "{empty}");
    let silent = Example { prompt: "q".to_owned(), completion: " ".to_owned() };
    let error = Encoding::default().encode(&tokenizer, &[silent]).expect_err("no answer").to_string();
    assert!(error.contains("no answer"), "{error}");
    Ok(())
}
