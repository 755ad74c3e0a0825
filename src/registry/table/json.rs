//! JSON: a list of records, the layouts that pandas writes, or one object per line.
//!
//! Columns stand in the order in which their keys first appear; a key that a record lacks and a `null` are cells without a
//! value. Lists and objects inside a row stay JSON text.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::fold;
use super::raw::Raw;
use super::values::Values;

/// Whether the text is JSON and no other kind of table.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Reads a file of JSON.
///
/// # Errors
/// A sentence that names the row, and what helps.
pub(super) fn read(text: &str) -> Result<Raw, String> {
    if text.trim_start().starts_with('[') {
        return records(text);
    }
    // A file of lines begins with a whole object, and so does an object on one line: which it is, its members say.
    match serde_json::from_str::<Members>(text) {
        Ok(whole) if !whole.0.is_empty() && whole.0.iter().any(|(_, member)| !matches!(member, Member::Plain(_))) => {
            layout(whole)
        }
        Ok(_) => lines(text),
        Err(_) if lines_begin(text) => lines(text),
        Err(error) => Err(not_json(text, &error)),
    }
}

/// Whether the first line is a whole object, or the last of several is not the end of the first.
fn lines_begin(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.next().is_some_and(|first| serde_json::from_str::<Object>(first).is_ok())
}

fn records(text: &str) -> Result<Raw, String> {
    let objects: Vec<Value> = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    if let Some(at) = objects.iter().position(|object| !object.is_object()) {
        return Err(format!(
            "record {} is not an object; a table in JSON is a list of objects, one a row, as \
             `df.to_json(path, orient=\"records\")` writes it",
            at + 1
        ));
    }
    // The values are read again for the order of their keys.
    let objects: Vec<Object> = serde_json::from_str(text).map_err(|error| not_json(text, &error))?;
    gather(objects.into_iter().enumerate().map(|(at, object)| Ok((at + 1, object))), "record")
}

/// That a text is no JSON, and what helps where Python wrote it.
fn not_json(text: &str, error: &serde_json::Error) -> String {
    let help = if text.contains("NaN") || text.contains("Infinity") {
        "; NaN and Infinity are no JSON: write null where there is no value"
    } else {
        ""
    };
    format!("it is not JSON: {error}{help}")
}

fn lines(text: &str) -> Result<Raw, String> {
    let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let objects = numbered.map(|(at, line)| {
        let object = serde_json::from_str(line).map_err(|e| {
            // The library counts lines from the start of its own text, which is this one line.
            let message = e.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            format!("row {} is not a JSON object: {message}", at + 1)
        })?;
        Ok((at + 1, object))
    });
    gather(objects, "row")
}

fn gather(objects: impl Iterator<Item = Result<(usize, Object), String>>, what: &str) -> Result<Raw, String> {
    let (mut names, mut columns, mut lines): (Vec<String>, Vec<Vec<Option<String>>>, Vec<usize>) = Default::default();
    let mut position: HashMap<String, usize> = HashMap::new();
    for object in objects {
        let (number, Object(pairs)) = object?;
        let before = lines.len();
        for (key, value) in pairs {
            let column = *position.entry(key).or_insert_with_key(|key| {
                names.push(key.trim().to_owned());
                columns.push(vec![None; before]);
                columns.len() - 1
            });
            if columns[column].len() > before {
                return Err(format!("{what} {number} has two keys `{}`", names[column]));
            }
            columns[column].push(cell(value));
        }
        lines.push(number);
        columns.iter_mut().for_each(|column| column.resize(lines.len(), None));
    }
    if names.is_empty() {
        return Err("the file has no record".into());
    }
    Ok(Raw { names, columns: columns.into_iter().map(Values::from).collect(), lines })
}

/// The layouts of pandas that are one object: `split`, `table`, `columns`.
fn layout(whole: Members) -> Result<Raw, String> {
    let refused = || {
        "it is one JSON object and no table; write a list of records, as `df.to_json(path, orient=\"records\")` does, or one \
         object a line"
            .to_owned()
    };
    let Members(mut members) = whole;
    let mut take = |wanted: &str| {
        let at = members.iter().position(|(name, member)| name == wanted && !matches!(member, Member::Plain(_)))?;
        Some(members.remove(at).1)
    };
    let (names, data, index) = (take("columns"), take("data"), take("index"));
    match (names, data) {
        (Some(Member::List(names)), Some(Member::List(mut rows))) => {
            let mut names: Vec<String> = names.into_iter().map(|name| cell(name).unwrap_or_default()).collect();
            if let Some(Member::List(index)) = index {
                add_index(&mut names, &mut rows, index)?;
            }
            let row = |(at, row): (usize, Value)| match row {
                Value::Array(cells) if cells.len() == names.len() => {
                    Ok((at + 1, Object(names.iter().cloned().zip(cells).collect())))
                }
                _ => Err(format!("row {} of `data` has not one cell for each of `columns`", at + 1)),
            };
            gather(rows.into_iter().enumerate().map(row), "row")
        }
        (None, Some(Member::List(rows))) => {
            let row = |(at, row): (usize, Value)| match row {
                Value::Object(cells) => Ok((at + 1, Object(cells.into_iter().collect()))),
                _ => Err(format!("row {} of `data` is not an object", at + 1)),
            };
            gather(rows.into_iter().enumerate().map(row), "row")
        }
        (None, None) => by_columns(members).ok_or_else(refused),
        _ => Err(refused()),
    }
}

/// The labels of the rows as a first column: a frame whose models are its index keeps them there alone. Whole numbers are the
/// places of rows, which a filtered frame keeps from the one before; they say nothing.
fn add_index(names: &mut Vec<String>, rows: &mut [Value], index: Vec<Value>) -> Result<(), String> {
    if index.iter().all(Value::is_u64) {
        return Ok(());
    }
    if index.len() != rows.len() {
        return Err(format!("`index` has {} labels for {} rows of `data`", index.len(), rows.len()));
    }
    // It has no name in this layout; texts are the names of models.
    let of_models = index.iter().all(Value::is_string);
    let name = if of_models && !names.iter().any(|name| fold(name) == "model") { "model" } else { "index" };
    names.insert(0, name.to_owned());
    for (row, label) in rows.iter_mut().zip(index) {
        if let Value::Array(cells) = row {
            cells.insert(0, label);
        }
    }
    Ok(())
}

/// A column a member, its cells by the number of their row.
fn by_columns(members: Vec<(String, Member)>) -> Option<Raw> {
    let mut rows: Vec<String> = Vec::new();
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for (name, member) in members {
        let Member::Object(Object(cells)) = member else { return None };
        if rows.is_empty() {
            rows = cells.iter().map(|(row, _)| row.clone()).collect();
        }
        let numbered = rows.iter().all(|row| !row.is_empty() && row.bytes().all(|b| b.is_ascii_digit()));
        if !numbered || cells.len() != rows.len() || cells.iter().zip(&rows).any(|((row, _), known)| row != known) {
            return None;
        }
        names.push(name.trim().to_owned());
        columns.push(Values::from(cells.into_iter().map(|(_, value)| cell(value)).collect::<Vec<_>>()));
    }
    Some(Raw { names, columns, lines: (1..=rows.len()).collect() })
}

fn cell(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// An object as it is written: keys in order, repeated ones included.
struct Object(Vec<(String, Value)>);

/// The members of the outermost object, in order.
struct Members(Vec<(String, Member)>);

enum Member {
    Object(Object),
    List(Vec<Value>),
    Plain(#[expect(dead_code, reason = "only that it is there matters")] Value),
}

/// The pairs of an object, in order.
struct Pairs<V>(std::marker::PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Pairs<V> {
    type Value = Vec<(String, V)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs(std::marker::PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs(std::marker::PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Member;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Member, A::Error> {
                Pairs(std::marker::PhantomData).visit_map(map).map(|pairs| Member::Object(Object(pairs)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Member, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Member::List(values))
            }

            fn visit_str<E>(self, text: &str) -> Result<Member, E> {
                Ok(Member::Plain(text.into()))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Member, E> {
                Ok(Member::Plain(flag.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Member, E> {
                Ok(Member::Plain(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Member, E> {
                Ok(Member::Plain(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Member, E> {
                Ok(Member::Plain(number.into()))
            }

            fn visit_unit<E>(self) -> Result<Member, E> {
                Ok(Member::Plain(Value::Null))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::{Raw, read};

    fn cells(raw: &Raw, column: usize) -> Vec<Option<&str>> {
        (0..raw.lines.len()).map(|row| raw.columns[column].text_at(row)).collect()
    }

    #[test]
    fn keys_become_columns_in_order_and_missing_ones_empty_cells() {
        let found = read("{\"b\":1,\"a\":\"x,\\\"y\"}\n\n{\"a\":null,\"c\":[1]}\n").expect("two objects");
        assert_eq!(found.names, ["b", "a", "c"]);
        assert_eq!(cells(&found, 0), [Some("1"), None]);
        assert_eq!(cells(&found, 1), [Some("x,\"y"), None]);
        assert_eq!(cells(&found, 2), [None, Some("[1]")]);
        assert_eq!(found.lines, [1, 3]);
    }

    #[test]
    fn records_and_the_layouts_of_pandas_give_the_same_table() {
        for text in [
            r#"[{"b":"x","a":1.5},{"b":"y","a":null}]"#,
            "[\n {\"b\": \"x\", \"a\": 1.5},\n {\"b\": \"y\"}\n]\n",
            r#"{"b":{"0":"x","1":"y"},"a":{"0":1.5,"1":null}}"#,
            r#"{"columns":["b","a"],"index":[0,1],"data":[["x",1.5],["y",null]]}"#,
            r#"{"columns":["b","a"],"index":[2,5],"data":[["x",1.5],["y",null]]}"#,
            "{\"b\":\"x\",\"a\":1.5}\n{\"b\":\"y\"}\n",
        ] {
            let found = read(text).expect(text);
            assert_eq!(found.names, ["b", "a"], "{text}");
            assert_eq!((cells(&found, 0), cells(&found, 1)), (vec![Some("x"), Some("y")], vec![Some("1.5"), None]));
        }
        let table = r#"{"schema":{"fields":[{"name":"b"}]},"data":[{"a":1.5,"b":"x"}]}"#;
        assert_eq!(read(table).expect("pandas' table").names, ["a", "b"]);
    }

    #[test]
    fn names_in_the_index_of_a_frame_are_the_models() {
        let read = |index: &str, first: &str| {
            read(&format!("{{\"columns\":[\"{first}\"],\"index\":{index},\"data\":[[1.5],[2]]}}")).expect("a frame")
        };
        let named = read(r#"["m","n"]"#, "a");
        assert_eq!(
            (named.names.clone(), cells(&named, 0)),
            (vec!["model".into(), "a".into()], vec![Some("m"), Some("n")])
        );
        assert_eq!(read(r#"["m","n"]"#, "Model").names, ["index", "Model"]);
        assert_eq!(read("[0.5,1]", "a").names, ["index", "a"]);
        assert_eq!(read("[7,3]", "a").names, ["a"]);
    }

    #[test]
    fn one_object_on_one_line_is_a_row() {
        let found = read("{\"a\":1,\"b\":[2]}\n").map(|found| found.names);
        assert!(found.is_err(), "an object of lists is no row: {found:?}");
        assert_eq!(read("{\"a\":1,\"b\":\"x\"}\n").expect("a row").names, ["a", "b"]);
    }

    #[test]
    fn what_is_no_table_is_named_with_its_row_and_with_what_helps() {
        let said = |text: &str| read(text).err().unwrap_or_default();
        assert!(said("{\"a\":1}\n[1]\n").starts_with("row 2 is not a JSON object"));
        assert_eq!(said("{\"a\":1,\"a\":2}"), "row 1 has two keys `a`");
        assert!(said("[1,2]").contains("record 1 is not an object") && said("[1,2]").contains("orient"));
        assert!(said("{\"x\":{\"m\":1},\"y\":{\"n\":2}}").contains("orient=\"records\""));
        assert!(said("[{\"a\":1}").contains("not JSON"));
        assert!(said("[]").contains("no record"));
        assert!(said("[{\"a\":NaN}]").contains("write null"));
    }
}
