//! Python files, what they import, and the statements of each that a function needs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use super::super::digest::sha256;
use super::modules;
use super::parse;
use super::tree::{Does, Name, Stmt};
use crate::registry::disk;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    /// SHA-256 of its text, line ends as `\n`.
    pub digest: String,
    pub body: Vec<Stmt>,
    imports: BTreeMap<Name, Import>,
}

/// Files by path and digest.
type Known = HashMap<(PathBuf, String), Arc<Source>>;

/// Where a module that is imported comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Import {
    /// A module of Python or of a package, of which some is built in.
    Known(&'static str),
    /// A file of the task's own.
    File(PathBuf),
    Unknown,
}

/// The files of a function, and which statements at the top of each it needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Files(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    sources: BTreeMap<PathBuf, Arc<Source>>,
    needed: BTreeMap<PathBuf, BTreeSet<usize>>,
}

impl Files {
    pub(super) fn new(sources: BTreeMap<PathBuf, Arc<Source>>, needed: BTreeMap<PathBuf, BTreeSet<usize>>) -> Self {
        Self(Arc::new(Inner { sources, needed }))
    }

    pub(super) fn needed(&self, path: &Path) -> BTreeSet<usize> {
        self.0.needed.get(path).cloned().unwrap_or_default()
    }

    pub(super) fn source(&self, path: &Path) -> Option<Arc<Source>> {
        self.0.sources.get(path).cloned()
    }

    /// Digests of the files of which something is needed.
    pub(super) fn digests(&self) -> impl Iterator<Item = &str> {
        self.0.needed.keys().filter_map(|path| self.0.sources.get(path)).map(|source| source.digest.as_str())
    }
}

impl Source {
    /// Reads a file, or finds it among those that were read.
    ///
    /// # Errors
    /// A file that cannot be read or is no Python, with its line.
    pub(super) fn read(path: &Path) -> Result<Arc<Self>, String> {
        static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
        let shown = path.display();
        let text = disk::read_found_text(path).map_err(|error| format!("{shown}: {error}"))?.replace("\r\n", "\n");
        let digest = sha256(&text);
        let key = (path.to_owned(), digest.clone());
        if let Some(known) = KNOWN.lock().ok().and_then(|known| known.get(&key).cloned()) {
            return Ok(known);
        }
        let body = parse::module(&text).map_err(|(line, problem)| format!("{shown}: line {line}: {problem}"))?;
        let mut imports = BTreeMap::new();
        collect(&body, path, &mut imports);
        let source = Arc::new(Self { path: path.to_owned(), digest, body, imports });
        if let Ok(mut known) = KNOWN.lock() {
            known.insert(key, Arc::clone(&source));
        }
        Ok(source)
    }

    /// What a module's name means in this file.
    pub(super) fn import(&self, module: &Name) -> Import {
        self.imports.get(module).cloned().unwrap_or(Import::Unknown)
    }

    /// Its name as a module.
    pub(super) fn module_name(&self) -> String {
        self.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// A module inside another.
pub(super) fn inside(module: &str, member: &str) -> Name {
    Name::from(if module.ends_with('.') { format!("{module}{member}") } else { format!("{module}.{member}") })
}

fn collect(body: &[Stmt], path: &Path, imports: &mut BTreeMap<Name, Import>) {
    for stmt in body {
        match &stmt.kind {
            Does::Import(list) => {
                for (module, _) in list {
                    imports.insert(module.clone(), resolved(module, path));
                }
            }
            Does::From(module, list) => {
                let found = resolved(module, path);
                if found == Import::Unknown {
                    for (member, _) in list {
                        let full = inside(module, member);
                        imports.insert(full.clone(), resolved(&full, path));
                    }
                }
                imports.insert(module.clone(), found);
            }
            Does::Def(function) => collect(&function.body, path, imports),
            Does::If(_, yes, no) => {
                collect(yes, path, imports);
                collect(no, path, imports);
            }
            Does::For { body, otherwise, .. } | Does::While { body, otherwise, .. } => {
                collect(body, path, imports);
                collect(otherwise, path, imports);
            }
            Does::Try { body, handlers, otherwise, last } => {
                [body, otherwise, last].into_iter().for_each(|body| collect(body, path, imports));
                handlers.iter().for_each(|handler| collect(&handler.body, path, imports));
            }
            _ => {}
        }
    }
}

fn resolved(module: &str, path: &Path) -> Import {
    if let Some(known) = modules::find(module) {
        return Import::Known(known);
    }
    let rest = module.trim_start_matches('.');
    let dots = module.len() - rest.len();
    let folder = match dots {
        // The tasks of lm-evaluation-harness import one another by full names.
        0 if module.starts_with(TASKS) => {
            path.ancestors().find(|folder| folder.ends_with("lm_eval/tasks")).map(Path::to_owned)
        }
        0 => None,
        dots => path.ancestors().nth(dots).map(Path::to_owned),
    };
    let rest = rest.strip_prefix(TASKS).filter(|_| dots == 0).unwrap_or(rest);
    let file = folder.filter(|_| !rest.is_empty()).map(|folder| folder.join(format!("{}.py", rest.replace('.', "/"))));
    match file.filter(|file| file.is_file()) {
        Some(file) => Import::File(file),
        None => Import::Unknown,
    }
}

const TASKS: &str = "lm_eval.tasks.";
