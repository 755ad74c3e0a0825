//! What onset stands on: where it comes from, under which licences, and what must never be linked.
//!
//! `cargo metadata` says what is resolved on this machine, from Cargo.lock and without the network. Advisories need a
//! database that is not here: [`UNMAINTAINED`] names what is known.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Licences that the two of onset go together with, one by one.
const LICENCES: [&str; 12] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "0BSD",
    "CC0-1.0",
    "Unicode-3.0",
    "Zlib",
];

/// Crates that would need a library of the system, which a fresh machine does not have.
const BANNED: [&str; 7] =
    ["openssl-sys", "native-tls", "fontconfig-sys", "yeslogic-fontconfig-sys", "freetype-sys", "expat-sys", "bindgen"];

/// Crates that nobody looks after any more, and whose choice they are: nothing of onset names them.
const UNMAINTAINED: [(&str, &[&str]); 2] = [
    // Macros only: nothing of it is in the program.
    ("paste", &["argmin", "gemm", "pulp", "tokenizers"]),
    // polars writes its own files with it; onset reads and writes none of those.
    ("bincode", &["polars-utils"]),
];

fn metadata() -> Value {
    let host = Command::new("rustc").arg("-vV").output().expect("rustc is there");
    let host = String::from_utf8(host.stdout).expect("UTF-8");
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc says what it builds for");
    let run = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo is there");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).expect("JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Whether an expression of licences can be satisfied by those that are allowed: one of `OR`, all of `AND`.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
    let outside = |operator: &str| -> Option<(String, String)> {
        let mut depth = 0;
        let at = expression.char_indices().find(|(at, c)| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0 && expression[*at..].starts_with(operator)
        });
        at.map(|(at, _)| (expression[..at].to_owned(), expression[at + operator.len()..].to_owned()))
    };
    if let Some((first, rest)) = outside(" OR ") {
        return allowed(&first) || allowed(&rest);
    }
    if let Some((first, rest)) = outside(" AND ") {
        return allowed(&first) && allowed(&rest);
    }
    let inner = expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
    inner.map_or_else(|| LICENCES.contains(&expression.as_str()), allowed)
}

#[test]
fn expressions_of_licences_are_understood() {
    assert!(
        ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND Unicode-3.0", "(MIT)"]
            .iter()
            .all(|e| allowed(e))
    );
    assert!(["GPL-3.0", "MIT AND GPL-3.0", "", "(GPL-2.0 OR MIT) AND AGPL-3.0"].iter().all(|e| !allowed(e)));
}

#[test]
fn dependencies_come_from_one_registry_under_known_licences() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let (mut wrong, mut sources) = (Vec::new(), BTreeSet::new());
    // The workspace's own packages come from this repository, not from a registry.
    let own = |package: &&Value| metadata["workspace_members"].as_array().is_some_and(|of| of.contains(&package["id"]));
    for package in packages.iter().filter(|package| !own(package)) {
        sources.insert(text(package, "source"));
        if !allowed(text(package, "license")) {
            wrong.push(format!("{}: licence `{}`", text(package, "name"), text(package, "license")));
        }
        if BANNED.contains(&text(package, "name")) {
            wrong.push(format!("{} is not to be linked", text(package, "name")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(sources.len() == 1 && sources.iter().all(|source| source.starts_with("registry+")), "{sources:?}");
}

#[test]
fn what_nobody_maintains_is_named_with_those_who_use_it() {
    let metadata = metadata();
    // Of all that could use it, those that are resolved: an optional dependency that nobody asked for is none.
    let name_of = |id: &Value| {
        let packages = metadata["packages"].as_array().into_iter().flatten();
        packages.filter(|package| package["id"] == *id).map(|package| text(package, "name").to_owned()).next()
    };
    let users = |name: &str| -> BTreeSet<String> {
        let nodes = metadata["resolve"]["nodes"].as_array().into_iter().flatten();
        let uses = |node: &&Value| node["deps"].as_array().into_iter().flatten().any(|of| text(of, "name") == name);
        nodes.filter(uses).filter_map(|node| name_of(&node["id"])).collect()
    };
    for (name, known) in UNMAINTAINED {
        let found = users(name);
        // The parts of one library count as it.
        let covered = |user: &String| known.iter().any(|k| user == k || user.starts_with(&format!("{k}-")));
        assert!(!found.is_empty(), "{name} is gone: take it off the list");
        assert!(found.iter().all(covered), "{name} is used by {found:?}, known are {known:?}");
    }
}
