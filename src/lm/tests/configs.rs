//! Configs as they are published: facts about the models of the paper and their relatives, with every key that their
//! `config.json` has. Each must be read whole, and configs with a switch that changes numbers must be refused by name.

use crate::lm::config::Residual;
use crate::lm::position::Position;
use crate::lm::{Config, Rope, Scaling};
use serde_json::{Map, Value, json};

use crate::support::{self, Outcome};

fn fixture(name: &str) -> Result<Map<String, Value>, Box<dyn std::error::Error>> {
    let path = support::fixture("configs").join(name);
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn read(config: &Value) -> crate::Result<Config> {
    Config::parse("config.json".as_ref(), config.to_string().as_bytes())
}

/// What `config` says about one fact of the fixture.
fn fact(config: &Config, name: &str) -> Value {
    let rope = |of: fn(&Rope) -> Value| match &config.position {
        Position::Rope { every, .. } => of(every),
        _ => Value::Null,
    };
    match name {
        "architecture" => json!(config.architecture.name()),
        "context" => json!(config.context),
        "head_dim" => json!(config.head_dim),
        "kv_heads" => json!(config.kv_heads),
        "tied" => json!(config.head.tied),
        "unit_rows" => json!(config.head.unit_rows),
        "dtype" => json!(config.stored_dtype),
        "windows" => json!(config.attention.windows),
        "clip" => json!(config.attention.clip),
        "activation" => json!(format!("{:?}", config.mlp.activation)),
        "residual" => match config.residual {
            Residual::Parallel => json!("parallel"),
            _ => json!("sequential"),
        },
        "position" => match config.position {
            Position::Alibi(_) => json!("alibi"),
            Position::Learned { .. } => json!("learned"),
            Position::Rope { .. } => json!("rope"),
        },
        "dims" => rope(|rope| json!(rope.dims)),
        "theta" => rope(|rope| json!(rope.theta)),
        "scaling" => rope(|rope| match rope.scaling {
            Scaling::None => json!("none"),
            Scaling::Dynamic { .. } => json!("dynamic"),
            Scaling::Llama3 { .. } => json!("llama3"),
            Scaling::Long { .. } => json!("long"),
            _ => json!("another"),
        }),
        "local" => match &config.position {
            Position::Rope { windowed: Some(rope), .. } => json!(rope.theta),
            _ => Value::Null,
        },
        other => json!(format!("the test does not know the fact {other}")),
    }
}

#[test]
fn every_published_config_is_read_whole_and_says_what_is_known_of_the_model() -> Outcome {
    let published = fixture("published.json")?;
    assert!(published.len() >= 60, "configs are missing");
    let mut failures = Vec::new();
    for (name, entry) in &published {
        let config = match read(&entry["config"]) {
            Ok(config) => config,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        for (what, expected) in entry["expected"].as_object().ok_or("no facts")? {
            let found = fact(&config, what);
            if &found != expected {
                failures.push(format!("{name}: {what} is {found}, not {expected}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn a_config_with_a_switch_that_changes_numbers_is_refused_by_name() -> Outcome {
    for (name, entry) in fixture("refused.json")? {
        let error = read(&entry["config"]).err().ok_or(format!("{name}: was read"))?.to_string();
        for named in entry["named"].as_array().ok_or("no names")? {
            let named = named.as_str().ok_or("not a name")?;
            assert!(error.contains(named), "{name}: `{named}` is not in: {error}");
        }
    }
    Ok(())
}

#[test]
fn any_key_that_nothing_knows_is_refused_in_every_kind_of_model() -> Outcome {
    for (name, entry) in fixture("published.json")? {
        let mut config = entry["config"].clone();
        config["some_new_switch"] = json!(true);
        let error = read(&config).err().ok_or(format!("{name}: was read"))?.to_string();
        assert!(error.contains("some_new_switch"), "{name}: {error}");
        // What is `null` asks for nothing.
        config["some_new_switch"] = Value::Null;
        read(&config)?;
        // Both spellings of the dtype, and torch's own name for it.
        config["torch_dtype"] = Value::Null;
        for spelling in ["bfloat16", "torch.bfloat16"] {
            config["dtype"] = json!(spelling);
            assert_eq!(read(&config)?.stored_dtype.as_deref(), Some("bfloat16"), "{name}");
        }
    }
    Ok(())
}
