//! Finding tasks by name: definitions, groups, tags and globs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::built_in;
use super::glob;
use super::group::{TaskGroup, group_metrics};
use super::node::{Content, Node};
use super::selection::{Choice, TaskSelection};
use super::task::Task;
use super::value::Value;
use super::yaml;
use crate::error::{Error, Result};
use crate::registry::disk;

/// Definitions of tasks and groups, by name. Nothing of their data is read.
#[derive(Debug, Clone)]
pub struct Library {
    definitions: BTreeMap<String, Definition>,
    tags: BTreeMap<String, BTreeSet<String>>,
    /// Names that came with onset and are defined by a file now, with the file.
    replaced: BTreeMap<String, PathBuf>,
    /// What was wrong with files that were left out; a task looked for in vain may stand in one of them.
    left_out: Vec<String>,
}

#[derive(Debug, Clone)]
enum Definition {
    Task(Node),
    Group(Node),
}

impl Definition {
    fn node(&self) -> &Node {
        match self {
            Self::Task(node) | Self::Group(node) => node,
        }
    }
}

/// Keys of a group file that are not passed on to its tasks.
const GROUP_KEYS: [&str; 6] = ["group", "group_alias", "task", "aggregate_metric_list", "metadata", "tag"];

impl Library {
    /// The benchmarks that come with onset.
    ///
    /// # Errors
    /// None that a user could cause: a definition in the program that is malformed.
    pub fn built_in() -> Result<Self> {
        let mut library = Self {
            definitions: BTreeMap::new(),
            tags: BTreeMap::new(),
            replaced: BTreeMap::new(),
            left_out: Vec::new(),
        };
        for node in built_in::definitions()? {
            library.define(node)?;
        }
        Ok(library)
    }

    /// Adds a task file, or every `*.yaml` below a folder; files that define neither a task nor a group are parts that
    /// others include. What is added replaces what had the same name. Files of a folder that are malformed are left out;
    /// [`TaskSelection::left_out`] names them.
    ///
    /// # Errors
    /// A file that cannot be read or is malformed, with its line; a folder without any task.
    pub fn add(&mut self, path: &Path) -> Result<()> {
        let mut files = Vec::new();
        yaml_files(path, &mut files)?;
        files.sort();
        let (mut found, mut left_out) = (false, Vec::new());
        for file in &files {
            match read(file).and_then(|node| self.define(node)) {
                Ok(name) => found |= name.is_some(),
                Err(error) if path.is_dir() => left_out.push(error),
                Err(error) => return Err(error),
            }
        }
        if !found {
            let nothing = || "no task and no group is defined here".to_owned();
            return Err(match left_out.into_iter().next() {
                Some(error) => error,
                None => Error::File { path: path.to_owned(), problem: nothing() },
            });
        }
        self.left_out.extend(left_out.iter().map(ToString::to_string));
        Ok(())
    }

    /// Takes a definition under its name; `None` where it has none.
    fn define(&mut self, node: Node) -> Result<Option<String>> {
        if let Some(class) = node.given("class") {
            return Err(class.wrong("tasks written in Python (`class`) are not supported"));
        }
        let task = node.given("task").filter(|task| !matches!(task.content, Content::List(_)));
        let (name, definition) = match (task, node.given("group")) {
            (Some(task), group) => {
                let name = task.text()?.to_owned();
                // A group named in a task file is an old way to write a tag.
                for tags in [node.given("tag"), group].into_iter().flatten() {
                    for tag in tags.texts()? {
                        self.tags.entry(tag).or_default().insert(name.clone());
                    }
                }
                (name, Definition::Task(node))
            }
            (None, Some(group)) => (group.text()?.to_owned(), Definition::Group(node)),
            (None, None) => return Ok(None),
        };
        let file = definition.node().file.clone();
        let before = self.definitions.insert(name.clone(), definition);
        if before.is_some_and(|before| built_in::holds(&before.node().file) && !built_in::holds(&file)) {
            self.replaced.insert(name.clone(), file.to_path_buf());
        }
        Ok(Some(name))
    }

    /// Names of all tasks, groups and tags, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self.definitions.keys().chain(self.tags.keys()).map(String::as_str).collect();
        all.into_iter().collect()
    }

    /// The tasks that the patterns name: names of tasks, groups and tags, with `*`, `?` and `[a-z]` as in a shell, or
    /// paths ending in `.yaml`. `data` is the folder with local copies of data sets.
    ///
    /// # Errors
    /// A pattern that names nothing; a definition that is not understood, with file and line.
    pub fn select(&self, patterns: &[String], data: Option<&Path>) -> Result<TaskSelection> {
        self.choose(patterns, &Choice { data, strict: true, ..Choice::default() })
    }

    /// The same with more settings. A member of a group that is not understood is left out of the group, unless all of
    /// them are; a task named by itself never is.
    ///
    /// # Errors
    /// As [`Library::select`].
    pub(crate) fn choose(&self, patterns: &[String], choice: &Choice<'_>) -> Result<TaskSelection> {
        let mut library = Cow::Borrowed(self);
        let selection = TaskSelection { left_out: self.left_out.clone(), ..TaskSelection::default() };
        let mut selector = Selector { choice, selection };
        for pattern in patterns {
            let mut names: Vec<String> = Vec::new();
            if pattern.ends_with(".yaml") || pattern.ends_with(".yml") {
                let path = Path::new(pattern);
                names.extend(library.to_mut().define(read(path)?)?);
                if names.is_empty() {
                    return Err(Error::File { path: path.to_owned(), problem: "no task is defined here".to_owned() });
                }
            } else if library.definitions.contains_key(pattern) || library.tags.contains_key(pattern) {
                names.push(pattern.clone());
            } else {
                let matches = |name: &&str| glob::matches(pattern, name);
                names.extend(library.names().into_iter().filter(matches).map(str::to_owned));
            }
            if names.is_empty() {
                return Err(Error::Argument(library.nothing_named(pattern)));
            }
            let pattern_only = names.len() > 1;
            let (mut some, mut refused) = (false, Vec::new());
            for name in names {
                match selector.name(&library, &name, &[], &mut Vec::new()) {
                    Ok(_) => some = true,
                    Err(error) if choice.strict || !pattern_only => return Err(error),
                    Err(error) => refused.push(error),
                }
            }
            if !some && let Some(error) = refused.pop() {
                return Err(error);
            }
            selector.selection.refused.extend(refused.iter().map(|error| format!("{error} (of `{pattern}`)")));
        }
        let mut selection = selector.selection;
        let used = |name: &str| {
            selection.tasks.iter().any(|task| task.name() == name)
                || selection.groups.iter().any(|group| group.name == name)
        };
        let replaced = library.replaced.iter().filter(|(name, _)| used(name));
        selection.replaced = replaced.map(|(name, file)| (name.clone(), file.clone())).collect();
        Ok(selection)
    }

    fn nothing_named(&self, pattern: &str) -> String {
        let shared = |name: &str| name.chars().zip(pattern.chars()).take_while(|(a, b)| a == b).count();
        let mut near: Vec<&str> =
            self.names().into_iter().filter(|name| name.contains(pattern) || shared(name) > 3).collect();
        near.sort_by_key(|name| std::cmp::Reverse(shared(name)));
        near.truncate(8);
        let hint = if near.is_empty() { String::new() } else { format!("; near: {}", near.join(", ")) };
        let broken = match self.left_out.as_slice() {
            [] => String::new(),
            [first, ..] => format!("; {} files were left out, the first because of {first}", self.left_out.len()),
        };
        format!("there is no task, group or tag `{pattern}`{hint}{broken}")
    }
}

struct Selector<'a> {
    choice: &'a Choice<'a>,
    selection: TaskSelection,
}

impl Selector<'_> {
    /// Adds what a name stands for; gives the names of its tasks. `open` are the groups around it.
    fn name(
        &mut self,
        library: &Library,
        name: &str,
        over: &[(String, Node)],
        open: &mut Vec<String>,
    ) -> Result<Vec<String>> {
        match library.definitions.get(name) {
            Some(Definition::Task(node)) => self.task(node, name, over).map(|()| vec![name.to_owned()]),
            Some(Definition::Group(node)) => self.group(library, name, node, over, open),
            None => match library.tags.get(name) {
                Some(tasks) => {
                    let (mut all, mut refused) = (Vec::new(), Vec::new());
                    for task in tasks {
                        match self.name(library, task, over, open) {
                            Ok(tasks) => all.extend(tasks),
                            Err(error) if self.choice.strict => return Err(error),
                            Err(error) => refused.push(error),
                        }
                    }
                    if all.is_empty()
                        && let Some(error) = refused.pop()
                    {
                        return Err(error);
                    }
                    self.selection.refused.extend(refused.iter().map(|error| format!("{error} (of `{name}`)")));
                    Ok(all)
                }
                None => Err(Error::Argument(library.nothing_named(name))),
            },
        }
    }

    fn task(&mut self, node: &Node, name: &str, over: &[(String, Node)]) -> Result<()> {
        let mut definition = node.clone();
        for (key, value) in over {
            definition.set(key, value.clone());
        }
        let writes = definition.given("output_type").is_none_or(|kind| matches!(kind.text(), Ok("generate_until")));
        if writes && !self.choice.generation.is_empty() {
            let mut arguments = definition
                .given("generation_kwargs")
                .cloned()
                .unwrap_or_else(|| definition.beside(Value::Map(Vec::new())));
            for (key, value) in self.choice.generation {
                arguments.set(key, Node::given_by("--gen-kwargs", value));
            }
            definition.set("generation_kwargs", arguments);
        }
        let task = Task::new(&definition, self.choice.data.map(PathBuf::from))?;
        match self.selection.tasks.iter().find(|other| other.name() == name) {
            None => self.selection.tasks.push(task),
            Some(other) if other.hash() == task.hash() => {}
            Some(_) => {
                let problem = "it is named twice with different settings".to_owned();
                return Err(Error::Task { task: name.to_owned(), problem });
            }
        }
        Ok(())
    }

    fn group(
        &mut self,
        library: &Library,
        name: &str,
        node: &Node,
        over: &[(String, Node)],
        open: &mut Vec<String>,
    ) -> Result<Vec<String>> {
        if open.iter().any(|other| other == name) {
            return Err(node.wrong(format!("the group `{name}` contains itself")));
        }
        open.push(name.to_owned());
        let own = node.entries().iter().filter(|(key, _)| !GROUP_KEYS.contains(&key.as_str()));
        let passed: Vec<(String, Node)> = own.chain(over).cloned().collect();
        let alone;
        let list = match node.given("task").map(|task| (&task.content, task)) {
            Some((Content::List(list), _)) => list.as_slice(),
            Some((_, task)) => {
                alone = [task.clone()];
                &alone
            }
            None => &[],
        };
        let (mut members, mut tasks, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let depth = open.len();
        for member in list {
            match self.member(library, name, member, &passed, open) {
                Ok((member, leaves)) => {
                    members.push(member);
                    tasks.extend(leaves);
                }
                Err(error) if self.choice.strict => return Err(error),
                Err(error) => {
                    open.truncate(depth);
                    refused.push(error);
                }
            }
        }
        open.pop();
        if members.is_empty()
            && let Some(error) = refused.pop()
        {
            return Err(error);
        }
        let whole = refused.is_empty()
            && !self.selection.groups.iter().any(|group| members.contains(&group.name) && !group.whole);
        self.selection.refused.extend(refused.iter().map(|error| format!("{error} (of the group `{name}`)")));
        if !self.selection.groups.iter().any(|group| group.name == name) {
            let version = node.given("metadata").and_then(|metadata| metadata.get("version"));
            self.selection.groups.push(TaskGroup {
                name: name.to_owned(),
                alias: node.given("group_alias").map_or(Ok(name), Node::text)?.to_owned(),
                version: version.map_or_else(|| "N/A".to_owned(), |version| version.value().python()),
                members,
                tasks: tasks.clone(),
                metrics: group_metrics(node.given("aggregate_metric_list"))?,
                whole,
            });
        }
        Ok(tasks)
    }

    /// One entry of a group's list: a name, or a mapping that refers to a task or group or defines one on the spot.
    fn member(
        &mut self,
        library: &Library,
        group: &str,
        member: &Node,
        passed: &[(String, Node)],
        open: &mut Vec<String>,
    ) -> Result<(String, Vec<String>)> {
        let Content::Map(entries) = &member.content else {
            let name = member.text()?;
            let leaves = self.name(library, name, passed, open).map_err(|error| located(error, member))?;
            return Ok((name.to_owned(), leaves));
        };
        let inner = member.given("group");
        let key = if inner.is_some() { "group" } else { "task" };
        let named = member.given(key).ok_or_else(|| member.wrong("a member of a group needs `task` or `group`"))?;
        let name = named.text()?;
        let own = entries.iter().filter(|(other, _)| other != key);
        if library.definitions.contains_key(name) || library.tags.contains_key(name) {
            let over: Vec<(String, Node)> = passed.iter().chain(own).cloned().collect();
            return Ok((name.to_owned(), self.name(library, name, &over, open)?));
        }
        let full = format!("{group}::{name}");
        if inner.is_some() {
            return Ok((full.clone(), self.group(library, &full, member, passed, open)?));
        }
        let mut task = Node { content: Content::Map(Vec::new()), ..member.clone() };
        for (key, value) in passed.iter().chain(entries) {
            task.set(key, value.clone());
        }
        task.set("task", Node { content: Content::Scalar(full.as_str().into()), ..named.clone() });
        self.task(&task, &full, &[])?;
        Ok((full.clone(), vec![full]))
    }
}

/// The place of a name that does not exist.
fn located(error: Error, at: &Node) -> Error {
    match error {
        Error::Argument(problem) => at.wrong(problem),
        error => error,
    }
}

fn read(path: &Path) -> Result<Node> {
    yaml::load(path, &|path| disk::read_found_text(path).map_err(Error::read(path)))
}

fn yaml_files(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(Error::read(path))? {
        let entry = entry.map_err(Error::read(path))?.path();
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if entry.is_dir() && !hidden {
            yaml_files(&entry, found)?;
        } else if entry.extension().is_some_and(|ending| ending == "yaml") {
            found.push(entry);
        }
    }
    Ok(())
}
