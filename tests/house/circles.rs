//! Holds that no files of `src` use each other, neither two nor more in a ring: whoever reads a file can begin with what it
//! uses, and comes to an end.
//!
//! What a file uses is read from its `use` lines and from the paths in its code, and followed through `pub use` to the file
//! that defines it. A method counts for nothing: where it is defined cannot be told from its name. Tests inside a file are
//! left out; they may use what is built on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::layers::sources;

type Name = Vec<String>;

/// A name that a `use` line gives to a path.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    path: Name,
    name: String,
    is_public: bool,
}

/// What one file says.
#[derive(Debug, Default)]
struct Contents {
    imports: Vec<Import>,
    defines: BTreeSet<String>,
    /// Paths in the code, of two names at least.
    paths: Vec<Name>,
    /// Names in the code that stand alone.
    words: BTreeSet<String>,
}

/// Names and signs, without comments, texts, characters and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let starts = |at: usize, with: &str| with.chars().enumerate().all(|(k, c)| chars.get(at + k) == Some(&c));
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(&c) = chars.get(at) {
        if starts(at, "//") {
            at += chars[at..].iter().take_while(|c| **c != '\n').count();
        } else if starts(at, "r\"") || starts(at, "r#") || starts(at, "br\"") || starts(at, "br#") {
            at += if c == 'b' { 2 } else { 1 };
            let signs = chars[at..].iter().take_while(|c| **c == '#').count();
            at += signs + 1;
            let end = format!("\"{}", "#".repeat(signs));
            while at < chars.len() && !starts(at, &end) {
                at += 1;
            }
            at += end.len();
        } else if c == '"' {
            at += 1;
            while chars.get(at).is_some_and(|c| *c != '"') {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if c == '\'' {
            let length = if chars.get(at + 1) == Some(&'\\') {
                // `'\''` and `'\u{2019}'` end at the first quote behind what is escaped.
                3 + chars[at + 3..].iter().take_while(|c| **c != '\'').count() + 1
            } else if chars.get(at + 2) == Some(&'\'') {
                3
            } else {
                1 + chars[at + 1..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count()
            };
            at += length;
        } else if c.is_alphanumeric() || c == '_' {
            let word: String = chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
            at += word.chars().count();
            found.push(word);
        } else if starts(at, "::") {
            found.push("::".to_owned());
            at += 2;
        } else {
            if !c.is_whitespace() {
                found.push(c.to_string());
            }
            at += 1;
        }
    }
    found
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The paths of one `use`, from the token behind it to the semicolon.
fn imports(tokens: &[String], before: &[String], is_public: bool, found: &mut Vec<Import>) {
    let (mut depth, mut from) = (0, 0);
    for at in 0..=tokens.len() {
        let token = tokens.get(at).map(String::as_str);
        depth += i32::from(token == Some("{")) - i32::from(token == Some("}"));
        if depth > 0 || !matches!(token, None | Some(",")) {
            continue;
        }
        let part = &tokens[from..at];
        from = at + 1;
        let mut path = before.to_vec();
        let end = part.iter().position(|token| token == "{" || token == "as").unwrap_or(part.len());
        path.extend(part[..end].iter().filter(|token| *token != "::").cloned());
        match part.get(end).map(String::as_str) {
            Some("{") => imports(&part[end + 1..part.len() - 1], &path, is_public, found),
            last => {
                if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                    path.pop();
                }
                let alias = last.and_then(|_| part.get(end + 1)).or(path.last()).cloned();
                found.extend(alias.filter(|_| !part.is_empty()).map(|name| Import { path, name, is_public }));
            }
        }
    }
}

/// Where the braces that open at `at` close.
fn closing(tokens: &[String], at: usize) -> usize {
    let mut depth = 0;
    let place = tokens[at..].iter().position(|token| {
        depth += i32::from(token == "{") - i32::from(token == "}");
        depth == 0
    });
    place.map_or(tokens.len(), |place| at + place)
}

/// Reads the tokens of a file, or of a module within it `within` levels down.
fn read(tokens: &[String], within: usize, contents: &mut Contents) {
    let word = |at: usize| tokens.get(at).map_or("", String::as_str);
    let (mut at, mut tests, mut public) = (0, false, false);
    // A path in a module within the file, as the file itself would write it.
    let outside = |path: &[String]| -> Option<Name> {
        let ups = path.iter().take_while(|name| *name == "super").count();
        match path.first().map(String::as_str) {
            Some("super") if ups < within => None,
            Some("super") if within > 0 && ups == within => {
                Some([vec!["self".to_owned()], path[ups..].to_vec()].concat())
            }
            Some("self") if within > 0 => None,
            _ => Some(path[if path[0] == "super" { within } else { 0 }..].to_vec()),
        }
    };
    while at < tokens.len() {
        match word(at) {
            "#" if word(at + 1) == "[" => {
                let end = tokens[at..].iter().position(|token| token == "]").map_or(tokens.len(), |end| at + end);
                let attribute = &tokens[at..end];
                tests |= attribute.iter().any(|t| t == "cfg") && attribute.iter().any(|t| t == "test") && {
                    !attribute.iter().any(|t| t == "not")
                };
                at = end + 1;
                continue;
            }
            "mod" if word(at + 2) == "{" => {
                let end = closing(tokens, at + 2);
                if !tests {
                    read(&tokens[at + 3..end], within + 1, contents);
                }
                at = end;
            }
            "use" if !tests => {
                let end = tokens[at..].iter().position(|token| token == ";").map_or(tokens.len(), |end| at + end);
                let mut found = Vec::new();
                imports(&tokens[at + 1..end], &[], public, &mut found);
                let seen = found.into_iter().filter_map(|one| Some(Import { path: outside(&one.path)?, ..one }));
                contents.imports.extend(seen);
                at = end;
            }
            "pub" => {
                public = true;
                at += 1;
                if word(at) == "(" {
                    at += tokens[at..].iter().position(|token| token == ")").unwrap_or_default() + 1;
                }
                continue;
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "mod" if is_word(word(at + 1)) => {
                contents.defines.insert(word(at + 1).to_owned());
            }
            "macro_rules" => {
                contents.defines.insert(word(at + 2).to_owned());
            }
            name if is_word(name) && (at == 0 || word(at - 1) != "::") => {
                let mut path = vec![name.to_owned()];
                while word(at + 1) == "::" && is_word(word(at + 2)) {
                    path.push(word(at + 2).to_owned());
                    at += 2;
                }
                match path.len() {
                    1 => contents.words.extend(path),
                    _ => contents.paths.extend(outside(&path)),
                }
            }
            _ => {}
        }
        (tests, public) = (false, false);
        at += 1;
    }
}

/// `stats/hinge/mod.rs` is `stats::hinge`, as `stats/hinge.rs` would be.
fn module(path: &Path) -> Name {
    let mut names: Name = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    names.pop_if(|last| last == "mod" || last == "lib");
    names
}

struct House {
    files: BTreeMap<Name, Contents>,
}

impl House {
    fn new<'a>(sources: impl Iterator<Item = (&'a Path, &'a str)>) -> Self {
        let mut files = BTreeMap::new();
        for (path, text) in sources.filter(|(path, _)| *path != Path::new("main.rs")) {
            let mut contents = Contents::default();
            read(&tokens(text), 0, &mut contents);
            files.insert(module(path), contents);
        }
        Self { files }
    }

    /// A path that a file writes, from the top of the crate; none where it leads out of the crate.
    fn absolute(&self, file: &Name, path: &[String]) -> Option<Name> {
        let ups = path.iter().take_while(|name| *name == "super").count();
        let below = |names: &[String]| [file.as_slice(), names].concat();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some(below(&path[1..])),
            "super" => Some([&file[..file.len().checked_sub(ups)?], &path[ups..]].concat()),
            _ => self.files.contains_key(&below(&path[..1])).then(|| below(path)),
        }
    }

    /// The file that defines what an absolute path means, seen through `pub use`; none for a module itself.
    fn defining(&self, path: &[String], depth: usize) -> Option<Name> {
        let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        let (file, name) = (path[..length].to_vec(), path.get(length)?);
        let contents = &self.files[&file];
        if contents.defines.contains(name) || depth == 0 {
            return Some(file);
        }
        let handed_on = contents.imports.iter().find(|import| import.name == *name);
        let further = handed_on.and_then(|import| self.absolute(&file, &import.path));
        let rest = &path[length + 1..];
        let found = further.and_then(|path| {
            let path = if self.files.contains_key(&path) { [path.as_slice(), rest].concat() } else { path };
            self.defining(&path, depth - 1)
        });
        Some(found.unwrap_or(file))
    }

    /// The files that this one uses.
    fn used(&self, file: &Name) -> BTreeSet<Name> {
        let contents = &self.files[file];
        let mut paths: Vec<Name> = contents.paths.iter().filter_map(|path| self.absolute(file, path)).collect();
        for import in &contents.imports {
            let Some(path) = self.absolute(file, &import.path) else { continue };
            if self.files.contains_key(&path) {
                // A module is used by what is taken from it.
                let members = contents.paths.iter().filter(|members| members[0] == import.name);
                paths.extend(members.map(|members| [path.as_slice(), &members[1..]].concat()));
            } else if !import.is_public || contents.words.contains(&import.name) {
                paths.push(path);
            }
        }
        let mut used: BTreeSet<Name> = paths.iter().filter_map(|path| self.defining(path, 8)).collect();
        used.remove(file);
        used
    }

    /// The files that use each other, directly or by others.
    fn rings(&self) -> Vec<String> {
        let arrows: BTreeMap<&Name, BTreeSet<Name>> = self.files.keys().map(|file| (file, self.used(file))).collect();
        let reached: BTreeMap<&Name, BTreeSet<&Name>> =
            arrows.keys().map(|file| (*file, reached(&arrows, file))).collect();
        let rings = arrows.iter().map(|(file, used)| {
            let back: Vec<String> =
                used.iter().filter(|to| reached[*to].contains(file)).map(|to| to.join("::")).collect();
            (file.join("::"), back)
        });
        rings
            .filter(|(_, back)| !back.is_empty())
            .map(|(file, back)| format!("{file} uses {}", back.join(", ")))
            .collect()
    }
}

/// All files that a file uses, and those that these use, and so on.
fn reached<'a>(arrows: &'a BTreeMap<&Name, BTreeSet<Name>>, from: &'a Name) -> BTreeSet<&'a Name> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(file) = open.pop() {
        open.extend(arrows[file].iter().filter(|to| reached.insert(*to)));
    }
    reached
}

#[test]
fn no_files_use_each_other() {
    let sources = sources();
    let house = House::new(sources.iter().map(|(path, text)| (path.as_path(), text.as_str())));
    let arrows: usize = house.files.keys().map(|file| house.used(file).len()).sum();
    assert!(arrows > 2 * house.files.len(), "only {arrows} uses were found");
    let rings = house.rings();
    assert!(rings.is_empty(), "these use each other:\n{}", rings.join("\n"));
}

#[test]
fn a_ring_is_found_through_what_is_handed_on_and_through_paths_in_code() {
    let house = |files: &[(&'static str, &'static str)]| {
        House::new(files.iter().map(|(path, text)| (Path::new(*path), *text))).rings()
    };
    let lower = ("a/lower.rs", "pub struct Low;\n");
    let face = ("a/mod.rs", "mod lower;\nmod upper;\npub use lower::Low;\npub use upper::{Up, up as rise};\n");
    assert!(house(&[face, lower, ("a/upper.rs", "use super::Low;\npub struct Up(Low);\npub fn up() {}\n")]).is_empty());
    let used = ("a/upper.rs", "use super::lower::{self, Low};\npub struct Up(Low);\npub fn up() {}\n");
    for back in [
        "use crate::a::Up;\npub struct Low(Up);\n",
        "use super::upper;\npub struct Low;\nfn low() { upper::up() }\n",
        "pub struct Low;\nfn low() { super::rise() }\n",
        "pub struct Low;\nmod inner {\n    use super::super::Up;\n}\n",
        "use crate::{a::{Low as Deep, Up}};\npub struct Low;\n",
    ] {
        assert_eq!(house(&[face, used, ("a/lower.rs", back)]).len(), 2, "{back}");
    }
    for apart in [
        "pub struct Low;\n#[cfg(test)]\nmod tests {\n    use super::super::Up;\n}\n",
        "pub struct Low;\n// use super::Up;\nconst TEXT: &str = r#\"super::Up\"#;\n",
        "pub struct Low;\nmod inner {\n    use super::Low;\n}\n",
    ] {
        assert!(house(&[face, used, ("a/lower.rs", apart)]).is_empty(), "{apart}");
    }
}

#[test]
fn every_file_of_the_source_is_a_module_of_the_one_above_it() {
    let sources = sources();
    let house = House::new(sources.iter().map(|(path, text)| (path.as_path(), text.as_str())));
    for file in house.files.keys().filter(|file| !file.is_empty()) {
        let (own, above) = (&file[file.len() - 1], &file[..file.len() - 1]);
        let named = house.files.get(above).is_some_and(|above| above.defines.contains(own));
        assert!(named, "{} is compiled by nobody", file.join("::"));
    }
}
