//! What stands in a prompt: the item itself, a conversation, chosen items; and what is said of it.

#![cfg(feature = "models")]

use onset::harness::tasks::{ChatTemplate, Draw, Items, Library, Prompting};
use onset::registry::Limit;
use serde_json::Value;

use crate::support::{Folder, Outcome, complained, fixture, onset, printed, program, refused};

/// Draws its examples from what it tests.
const LEAK: &str = r#"task: leak
dataset_path: json
dataset_kwargs: {data_files: {test: leak.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{q}}"
doc_to_target: "{{a}}"
num_fewshot: 2
generation_kwargs: {until: ["\n"], max_gen_toks: 4}
metric_list: [{metric: exact_match}]
metadata: {version: 1.0}
"#;

fn leak(folder: &Folder) -> String {
    let docs: String = (0..4).map(|n| format!("{{\"q\": \"Q{n}\", \"a\": \"A{n}\"}}\n")).collect();
    folder.write("leak.jsonl", &docs);
    folder.write("leak.yaml", LEAK)
}

fn items(file: &str, draw: &Draw, prompting: &Prompting<'_>) -> onset::Result<Items> {
    let mut library = Library::built_in()?;
    library.add(file.as_ref())?;
    library.select(&["leak".to_owned()], None)?.tasks[0].prompted(draw, prompting)
}

fn sees_itself(items: &Items) -> usize {
    let own = |item: &&onset::harness::tasks::Item| item.prompt().contains(&format!("A{}", item.doc_id));
    items.items.iter().filter(own).count()
}

#[test]
fn an_item_among_its_own_examples_is_counted_and_can_be_kept_out() -> Outcome {
    let folder = Folder::new();
    let file = leak(&folder);
    let plain = items(&file, &Draw::default(), &Prompting::default())?;
    // The prompts stay those of lm-evaluation-harness 0.4.13, which were made with it.
    let prompts: Vec<&str> = plain.items.iter().map(onset::harness::tasks::Item::prompt).collect();
    assert_eq!(prompts, PROMPTS);
    assert!(plain.see_themselves > 0);
    assert_eq!(plain.see_themselves, sees_itself(&plain));
    for first in ["", "fewshot_config: {sampler: first_n}\n", "validation_split: test\n"] {
        let file = folder.write("other.yaml", &format!("{LEAK}{first}"));
        let without = items(&file, &Draw { no_self_shots: true, ..Draw::default() }, &Prompting::default())?;
        assert_eq!((without.see_themselves, sees_itself(&without)), (0, 0), "{first}");
        assert!(without.items.iter().all(|item| item.few_shot_ids.len() == 2));
    }
    Ok(())
}

#[test]
fn every_item_can_be_its_own_example_but_none_without_itself() {
    let folder = Folder::new();
    let file = leak(&folder);
    let all =
        |no_self_shots| items(&file, &Draw { shots: Some(4), no_self_shots, ..Draw::default() }, &Prompting::default());
    assert_eq!(all(false).map(|items| items.see_themselves).ok(), Some(4));
    assert!(all(true).is_err_and(|error| error.to_string().contains("4 few-shot examples are asked for")));
}

fn evaluate(folder: &Folder, more: &[&str]) -> (String, Value, String) {
    let (model, data, out) = (fixture("evaluate/models/neox-bytelevel"), folder.at(""), folder.at("out"));
    let mut command = program();
    command
        .arg("evaluate")
        .arg(model)
        .args(["--data", &data, "--task-dir", &data, "--out", &out, "--tasks"])
        .args(more);
    let run = command.output().expect("the program starts");
    assert_eq!(run.status.code(), Some(0), "{}", complained(&run));
    let written = std::fs::read_dir(folder.path("out/neox-bytelevel")).expect("results").flatten();
    let mut paths: Vec<_> = written.map(|entry| entry.path()).collect();
    paths.sort();
    let of = |start: &str| {
        let named =
            |path: &&std::path::PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start));
        std::fs::read_to_string(paths.iter().rfind(named).expect("written")).expect("text")
    };
    let results = serde_json::from_str(&of("results_")).expect("JSON");
    (String::from_utf8(run.stdout).expect("UTF-8"), results, of("observations_"))
}

#[test]
fn scores_of_items_that_see_themselves_say_so_in_print_and_in_the_results() {
    let folder = Folder::new();
    leak(&folder);
    let (said, results, _) = evaluate(&folder, &["leak"]);
    let seen = results["onset"]["see_themselves"]["leak"].as_u64().expect("a count");
    assert!(said.contains(&format!("leak: {seen} of 4 items stand among their own examples")), "{said}");
    let (said, results, _) = evaluate(&folder, &["leak", "--no-self-shots"]);
    assert!(!said.contains("their own examples"), "{said}");
    assert_eq!(
        (&results["onset"]["see_themselves"]["leak"], &results["onset"]["no_self_shots"]),
        (&0.into(), &true.into())
    );
}

#[test]
fn accuracies_per_byte_and_by_mutual_information_reach_the_observations() {
    let folder = Folder::new();
    folder.write(
        "mi.jsonl",
        "{\"q\": \"one?\", \"c\": [\"1\", \"2\"], \"l\": 0}\n{\"q\": \"two?\", \"c\": [\"1\", \"2\"], \"l\": 1}\n",
    );
    folder.write(
        "mi.yaml",
        "task: mi\ndataset_path: json\ndataset_kwargs: {data_files: {test: mi.jsonl}}\ntest_split: test\n\
         output_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: c\ndoc_to_target: l\n\
         metric_list: [{metric: acc}, {metric: acc_bytes}, {metric: acc_mutual_info}, {metric: brier_score}]\n",
    );
    let (_, results, table) = evaluate(&folder, &["mi"]);
    for metric in ["acc", "acc_bytes", "acc_mutual_info", "brier_score"] {
        assert!(results["results"]["mi"][format!("{metric},none")].is_number(), "{results}");
        assert!(table.contains(&format!(",{metric},")), "{table}");
    }
}

#[test]
fn json_of_templates_is_that_of_jinja2_and_tuples_print_in_round_brackets() {
    let folder = Folder::new();
    folder.write("leak.jsonl", r#"{"q": "it's <b> & \u00e9", "d": {"b": [1, 2, null], "a": "x"}, "a": "x"}"#);
    // Each pair is a template and what jinja2 3.1.6 makes of it, with undefined names strict.
    for (template, wanted) in [
        ("{{ d|tojson }}", r#"{"a": "x", "b": [1, 2, null]}"#),
        ("{{ q|tojson }}", r#""it\u0027s \u003cb\u003e \u0026 \u00e9""#),
        ("{{ d|tojson(indent=1) }}", "{\n \"a\": \"x\",\n \"b\": [\n  1,\n  2,\n  null\n ]\n}"),
        ("{{ d.items()|list }}", "[('b', [1, 2, None]), ('a', 'x')]"),
        ("{{ (1, 'a') }} {{ (1,) }} {{ [(1, 2)] }}", "(1, 'a') (1,) [(1, 2)]"),
        ("{{ 'a-b'.partition('-') }}", "('a', '-', 'b')"),
        ("{% for k, v in (('a', 1), ('b', 2)) %}{{ k }}{{ v }}{% endfor %}", "a1b2"),
        ("{{ 'yes' if 2 in (1, 2) else 'no' }}{{ 'no' if false }}", "yes"),
        ("{{ (1, 2)|tojson }} {{ {'a': (1, 2)} }}", "[1, 2] {'a': (1, 2)}"),
    ] {
        let yaml = LEAK
            .replace("\"{{q}}\"", &serde_json::to_string(template).expect("text"))
            .replace("num_fewshot: 2", "num_fewshot: 0");
        let file = folder.write("leak.yaml", &yaml);
        let items =
            items(&file, &Draw::default(), &Prompting::default()).unwrap_or_else(|error| panic!("{template}: {error}"));
        assert_eq!(items.items[0].prompt(), wanted, "{template}");
    }
}

#[test]
fn a_share_of_the_items_is_rounded_up_and_chosen_items_are_those_that_are_asked() -> Outcome {
    let folder = Folder::new();
    let file = leak(&folder);
    let plain = Prompting::default();
    let ids = |draw: &Draw| -> onset::Result<Vec<usize>> {
        Ok(items(&file, draw, &plain)?.items.iter().map(|item| item.doc_id).collect())
    };
    assert_eq!(ids(&Draw { limit: Some(Limit::new(0.3)?), ..Draw::default() })?, [0, 1]);
    let chosen = |places: &[usize]| Draw { chosen: [("leak".to_owned(), places.to_vec())].into(), ..Draw::default() };
    assert_eq!(ids(&chosen(&[3, 1]))?, [3, 1]);
    assert!(ids(&chosen(&[4])).is_err_and(|error| error.to_string().contains("item 4 is asked for, the split has 4")));
    Ok(())
}

/// A template with what those of published models have: tokens, a refusal, loops with `loop.first`, trimmed content.
const TEMPLATE: &str = "{{- bos_token -}}\n{%- for message in messages %}\n  {%- if message['role'] == 'system' and no_system %}\n    \
    {{- raise_exception('no system') }}\n  {%- endif %}\n{{- '<' + message.role + '>' + message['content'] | trim + '</s>' }}\n\
    {%- endfor %}\n{%- if add_generation_prompt %}{{- '<assistant>' }}{% if think is defined and not think %}{{ '<no>' }}{% endif %}{%- endif %}";

fn template(switches: &[(&str, onset::harness::tasks::Value)]) -> ChatTemplate {
    let switches = switches.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    ChatTemplate::new(TEMPLATE, &[("bos_token".to_owned(), "<s>".to_owned())], &switches).expect("a template")
}

#[test]
fn prompts_of_a_chat_are_those_of_the_harness() -> Outcome {
    let folder = Folder::new();
    leak(&folder);
    let with = |more: &str| {
        folder.write("leak.yaml", &format!("{LEAK}description: \"Say.\"\nfewshot_config: {{sampler: first_n}}\n{more}"))
    };
    let (chat, one) = (template(&[]), Draw { chosen: [("leak".to_owned(), vec![3])].into(), ..Draw::default() });
    let prompt = |file: &str, prompting: &Prompting<'_>| -> onset::Result<(String, usize)> {
        let items = items(file, &one, prompting)?;
        Ok((items.items[0].prompt().to_owned(), items.without_system))
    };
    let turns = Prompting { template: Some(&chat), system: Some("Be brief."), multiturn: true };
    let file = with("");
    // As lm-evaluation-harness 0.4.13 builds them.
    assert_eq!(
        prompt(&file, &turns)?.0,
        "<s><system>Be brief.\n\nSay.</s><user>Q0</s><assistant>A0</s><user>Q1</s><assistant>A1</s><user>Q3</s><assistant>"
    );
    let single = Prompting { multiturn: false, ..turns };
    assert_eq!(prompt(&file, &single)?.0, "<s><system>Be brief.\n\nSay.</s><user>Q0 A0\n\nQ1 A1\n\nQ3</s><assistant>");
    let file = with("gen_prefix: \"So\"\n");
    assert_eq!(
        prompt(&file, &turns)?.0,
        "<s><system>Be brief.\n\nSay.</s><user>Q0</s><assistant>So A0</s><user>Q1</s><assistant>So A1</s><user>Q3</s><assistant>So"
    );
    assert_eq!(
        prompt(&file, &Prompting { template: None, ..turns })?.0,
        "Be brief.\n\nSay.Q0 So A0\n\nQ1 So A1\n\nQ3 So"
    );
    // A template that refuses the system turn gets none, and that is counted.
    let picky = template(&[("no_system", true.into()), ("think", false.into())]);
    let (text, without) = prompt(&with(""), &Prompting { template: Some(&picky), ..single })?;
    assert_eq!((text.as_str(), without), ("<s><user>Q0 A0\n\nQ1 A1\n\nQ3</s><assistant><no>", 1));
    Ok(())
}

#[test]
fn a_chat_is_recorded_and_its_beginning_token_is_not_doubled() {
    let folder = Folder::new();
    leak(&folder);
    let source = fixture("evaluate/models/gemma-metaspace");
    for file in std::fs::read_dir(&source).expect("a model").flatten() {
        let text = std::fs::read(file.path()).expect("read");
        std::fs::create_dir_all(folder.path("model")).expect("created");
        std::fs::write(folder.path("model").join(file.file_name()), text).expect("written");
    }
    let (model, data, out) = (folder.at("model"), folder.at(""), folder.at("out"));
    let asked = ["evaluate", &model, "--data", &data, "--task-dir", &data, "--out", &out, "--tasks", "leak"];
    let said = refused(program().args(asked).arg("--apply-chat-template"));
    assert!(said.contains("no chat template") && said.contains("chat_template.jinja"), "{said}");
    folder.write("model/chat_template.jinja", TEMPLATE);
    let named = refused(program().args(asked).args(["--apply-chat-template", "tools"]));
    assert!(named.contains("one chat template, without a name"), "{named}");
    let alone = refused(program().args(asked).arg("--fewshot-as-multiturn"));
    assert!(alone.contains("--apply-chat-template"), "{alone}");

    let shown = printed(
        &[asked.as_slice(), &["--apply-chat-template", "--system-instruction", "Be brief.", "--dry-run"]].concat(),
    );
    let ids = shown.lines().find(|line| line.contains(" tokens: [")).expect("ids").to_owned();
    let ids: Vec<u32> = ids[ids.find('[').expect("ids") + 1..]
        .trim_end_matches(']')
        .split(", ")
        .map(|id| id.parse().expect("an id"))
        .collect();
    let first = ids[0];
    assert_eq!(ids.iter().filter(|id| **id == first).count(), 1, "{ids:?}");

    let done = onset(
        &[asked.as_slice(), &["--apply_chat_template", "--system_instruction", "Be brief.", "--format", "json"]]
            .concat(),
    );
    assert_eq!(done.status.code(), Some(0), "{}", complained(&done));
    let results: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!((&results["chat_template"], &results["fewshot_as_multiturn"]), (&TEMPLATE.into(), &true.into()));
    assert_eq!(results["system_instruction"], "Be brief.");
    let table = onset(
        &[asked.as_slice(), &["--apply-chat-template", "--system-instruction", "Be brief.", "--format", "csv"]]
            .concat(),
    );
    let table = String::from_utf8(table.stdout).expect("UTF-8");
    for key in ["chat_template_sha", "system_instruction_sha"] {
        assert!(table.contains(results[key].as_str().expect("a digest")), "{table}");
    }
}

#[test]
fn a_group_runs_what_can_run_and_has_no_score_of_its_own() {
    let folder = Folder::new();
    leak(&folder);
    folder.write("other.yaml", &LEAK.replace("task: leak", "task: other"));
    folder.write(
        "broken.yaml",
        &format!("{}process_docs: !function utils.f\n", LEAK.replace("task: leak", "task: broken")),
    );
    folder
        .write("all.yaml", "group: all\ntask: [leak, broken, other]\naggregate_metric_list: [{metric: exact_match}]\n");
    let (said, results, table) = evaluate(&folder, &["all", "--shots", "0"]);
    assert!(said.contains("all: not all of its members could be run"), "{said}");
    assert!(
        results["results"]["all"]["exact_match,none"].is_null() && results["results"]["other"].is_object(),
        "{results}"
    );
    assert!(!table.contains("neox-bytelevel,all,"), "{table}");
    let (model, data) = (fixture("evaluate/models/neox-bytelevel"), folder.at(""));
    let said = refused(program().arg("evaluate").arg(model).args([
        "--data",
        &data,
        "--task-dir",
        &data,
        "--tasks",
        "all",
        "--strict",
    ]));
    assert!(said.contains("broken.yaml"), "{said}");
}

#[test]
fn answers_can_be_kept_without_scores_and_their_settings_replaced() {
    let folder = Folder::new();
    leak(&folder);
    let (_, results, _) =
        evaluate(&folder, &["leak", "--predict_only", "--gen_kwargs", "max_gen_toks=2,until=['A', ',']"]);
    assert!(results["results"]["leak"]["exact_match,none"].is_null(), "{results}");
    let arguments = &results["configs"]["leak"]["generation_kwargs"];
    assert_eq!((&arguments["max_gen_toks"], &arguments["until"]), (&2.into(), &serde_json::json!(["A", ","])));
    let (model, data) = (fixture("evaluate/models/neox-bytelevel"), folder.at(""));
    let said = refused(program().arg("evaluate").arg(model).args([
        "--data",
        &data,
        "--task-dir",
        &data,
        "--tasks",
        "leak",
        "--gen-kwargs",
        "beams=2",
    ]));
    assert!(said.contains("`beams` under `generation_kwargs` is not known"), "{said}");
}

/// What lm-evaluation-harness 0.4.13 asks.
const PROMPTS: [&str; 4] =
    ["Q3 A3\n\nQ0 A0\n\nQ0", "Q0 A0\n\nQ3 A3\n\nQ1", "Q0 A0\n\nQ2 A2\n\nQ2", "Q0 A0\n\nQ3 A3\n\nQ3"];
