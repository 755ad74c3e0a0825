//! How many task definitions of a folder are accepted, and why the others are not.
//!
//! `cargo run --release --example acceptance -- FOLDER` walks every `*.yaml` below the folder that defines a task, and
//! prints accepted and all definitions by folder, then the first refusal of each definition by kind. No data are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use onset::Result;
use onset::harness::tasks::Library;

fn main() -> Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err(onset::Error::Argument("name a folder of task files".to_owned()));
    };
    let mut files = Vec::new();
    walk(&folder, &mut files)?;
    files.sort();
    let library = Library::built_in()?;
    let (mut folders, mut kinds) = (BTreeMap::<String, [usize; 2]>::new(), BTreeMap::<String, (usize, String)>::new());
    for file in &files {
        let first = file.strip_prefix(&folder).ok().and_then(|rest| rest.iter().next());
        let first = first.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let counts = folders.entry(first).or_default();
        counts[1] += 1;
        match library.select(&[file.display().to_string()], None) {
            Ok(_) => counts[0] += 1,
            Err(error) => {
                let message = error.to_string();
                let shown = file.strip_prefix(&folder).unwrap_or(file).display().to_string();
                kinds.entry(kind(&message)).or_insert((0, shown)).0 += 1;
            }
        }
    }
    println!("| folder | accepted | of |\n| --- | ---: | ---: |");
    for (name, [accepted, all]) in &folders {
        println!("| {name} | {accepted} | {all} |");
    }
    let accepted: usize = folders.values().map(|[accepted, _]| accepted).sum();
    println!(
        "| all | {accepted} | {} |\n\n| first refusal | definitions | such as |\n| --- | ---: | --- |",
        files.len()
    );
    let mut kinds: Vec<(String, (usize, String))> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (kind, (count, file)) in kinds {
        println!("| {kind} | {count} | {file} |");
    }
    Ok(())
}

/// Files that define a task: `task` at the head of a line, with a name behind it.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| onset::Error::Argument(format!("{}: {error}", path.display()))
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let bytes = std::fs::read(&path).map_err(failed(&path))?;
            let text = String::from_utf8_lossy(&bytes);
            let mut lines =
                text.lines().filter_map(|line| line.strip_prefix("task:").or(line.strip_prefix("\"task\":")));
            let named = |rest: &str| !matches!(rest.trim().chars().next(), None | Some('#' | '['));
            if lines.any(named) {
                files.push(path);
            }
        }
    }
    Ok(())
}

/// A refusal without its places and the name of its function.
fn kind(message: &str) -> String {
    let placed = message.rsplit_once(": line ").and_then(|(_, rest)| rest.split_once(": "));
    let said = placed.map_or(message, |(_, said)| said);
    let words = said.split_inclusive(' ');
    let mut after = false;
    let kept: String = words
        .map(|word| {
            let dropped = after;
            after = word.ends_with("!function ");
            if dropped { "…` " } else { word }
        })
        .collect();
    kept.split("; ").next().unwrap_or_default().chars().take(110).collect::<String>().replace('|', "\\|")
}
