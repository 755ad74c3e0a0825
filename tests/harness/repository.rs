//! Data sets as the hub has them: cards, pieces, Parquet, and a hub on this machine.

use std::fs;
use std::path::{Path, PathBuf};

use onset::harness::tasks::{Draw, Items, Library};

use crate::support;

fn fixture(file: &str) -> PathBuf {
    support::fixture("tasks/parquet").join(file)
}

const TASK: &str = "task: letters
dataset_path: someone/letters
dataset_name: easy
test_split: test
output_type: multiple_choice
doc_to_text: \"{{question}}\\nAnswer:\"
doc_to_choice: \"{{choices}}\"
doc_to_target: answer
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
";

/// The folder `data` of what `files` names holds copies of fixtures.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("letters.yaml"), TASK).expect("writable");
    for (file, source) in files {
        let path = folder.path().join("data").join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::copy(fixture(source), path).expect("the fixture is there");
    }
    folder
}

fn items(folder: &Path) -> onset::Result<Items> {
    let mut library = Library::built_in()?;
    library.add(&folder.join("letters.yaml"))?;
    let selection = library.select(&["letters".to_owned()], Some(&folder.join("data")))?;
    selection.tasks[0].items(&Draw::default())
}

fn documents(items: &Items) -> Vec<String> {
    items.items.iter().map(|item| item.doc.to_json()).collect()
}

/// As the `datasets` library reads the same files.
fn expected() -> Vec<String> {
    fs::read_to_string(fixture("test.jsonl")).expect("the fixture is there").lines().map(str::to_owned).collect()
}

#[test]
fn a_download_of_the_hub_is_found_under_its_name_and_by_its_card() {
    for file in ["someone/letters/easy/test.jsonl", "letters/easy-test.jsonl", "easy/test-00000-of-00001.jsonl"] {
        let folder = folder(&[(file, "test.jsonl")]);
        assert_eq!(documents(&items(folder.path()).expect("readable")), expected(), "{file}");
    }
    let folder = folder(&[("letters/files/a.jsonl", "test.jsonl")]);
    let problem = items(folder.path()).expect_err("no name says that this is the split").to_string();
    assert!(problem.contains("letters/easy/test.{jsonl,json,parquet,csv,tsv}"), "{problem}");
    let card = "---\nconfigs:\n- config_name: easy\n  data_files:\n  - split: test\n    path: files/*.jsonl\n---\n";
    fs::write(folder.path().join("data/letters/README.md"), card).expect("writable");
    assert_eq!(documents(&items(folder.path()).expect("readable")), expected());
}

const PIECES: [(&str, &str); 2] = [
    ("letters/easy/test-00000-of-00002.parquet", "test-00000-of-00002.parquet"),
    ("letters/easy/test-00001-of-00002.parquet", "test-00001-of-00002.parquet"),
];

#[cfg(feature = "parquet")]
#[test]
fn parquet_gives_the_documents_that_the_datasets_library_reads() {
    let folder = folder(&PIECES);
    assert_eq!(documents(&items(folder.path()).expect("readable")), expected());
    let task = TASK.replace("someone/letters", "parquet").replace(
        "dataset_name: easy",
        "dataset_kwargs: {data_files: {test: [letters/easy/test-00000-of-00002.parquet, letters/easy/test-00001-of-00002.parquet]}}",
    );
    fs::write(folder.path().join("letters.yaml"), task).expect("writable");
    assert_eq!(documents(&items(folder.path()).expect("readable")), expected());
    let path = folder.path().join("data/letters/easy/test-00001-of-00002.parquet");
    let bytes = fs::read(&path).expect("readable");
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("writable");
    let problem = items(folder.path()).expect_err("the file ends too early").to_string();
    assert!(problem.contains("letters") && problem.contains("test-00001-of-00002.parquet"), "{problem}");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn without_the_feature_parquet_is_refused_by_name() {
    let problem = items(folder(&PIECES).path()).expect_err("nothing reads it").to_string();
    assert!(problem.contains("test-00000-of-00002.parquet") && problem.contains("--features parquet"), "{problem}");
}

#[cfg(not(feature = "hub"))]
#[test]
fn without_the_feature_the_hub_is_refused_by_name() {
    let folder = folder(&[]);
    let mut library = Library::built_in().expect("the definitions that come with onset");
    library.add(&folder.path().join("letters.yaml")).expect("a task");
    let selection = library.select(&["letters".to_owned()], None).expect("the task is known");
    let problem = selection.tasks[0].items(&Draw::default()).expect_err("nothing fetches it").to_string();
    for word in ["letters", "`someone/letters`", "`easy`", "--data", "--features hub"] {
        assert!(problem.contains(word), "{problem}");
    }
}

#[cfg(feature = "hub")]
mod hub {
    use std::collections::BTreeMap;
    use std::process::Output;
    use std::sync::{Arc, Mutex};

    use tiny_http::{Header, Response, Server};

    use super::*;

    /// A hub with one data set.
    struct Hub {
        server: Arc<Server>,
        /// Paths that were asked for.
        asked: Arc<Mutex<Vec<String>>>,
        thread: Option<std::thread::JoinHandle<()>>,
    }

    impl Hub {
        fn open(files: BTreeMap<String, Vec<u8>>) -> Self {
            let server = Arc::new(Server::http("127.0.0.1:0").expect("a free port"));
            let asked = Arc::new(Mutex::new(Vec::new()));
            let (serving, noting) = (Arc::clone(&server), Arc::clone(&asked));
            let thread = std::thread::spawn(move || {
                for request in serving.incoming_requests() {
                    let path = request.url().to_owned();
                    noting.lock().expect("nobody panics").push(path.clone());
                    let file = path.strip_prefix("/datasets/someone/letters/resolve/main/").and_then(|f| files.get(f));
                    let (status, body) = match (path.as_str(), file) {
                        ("/api/datasets/someone/letters/revision/main", _) => {
                            let names = files.keys().map(|name| serde_json::json!({"rfilename": name}));
                            let info = serde_json::json!({"sha": "c0ffee", "siblings": names.collect::<Vec<_>>()});
                            (200, info.to_string().into_bytes())
                        }
                        (_, Some(file)) => (200, file.clone()),
                        _ => (404, Vec::new()),
                    };
                    let range = request.headers().iter().find(|header| header.field.equiv("Range"));
                    let (size, header) = (body.len(), |text: String| text.parse::<Header>().expect("a header"));
                    let end = range.and_then(|range| range.value.as_str().rsplit('-').next()?.parse::<usize>().ok());
                    let body = body[..end.map_or(size, |end| size.min(end + 1))].to_vec();
                    // The first request for a file asks for one byte, to learn its size and hash.
                    let mut response = Response::from_data(body).with_status_code(status);
                    for text in [
                        "x-repo-commit: c0ffee".to_owned(),
                        format!("etag: \"{size}-{}\"", path.len()),
                        format!("content-range: bytes 0-0/{size}"),
                    ] {
                        response.add_header(header(text));
                    }
                    let _ = request.respond(response);
                }
            });
            Self { server, asked, thread: Some(thread) }
        }

        fn address(&self) -> String {
            format!("http://{}", self.server.server_addr().to_ip().expect("an address"))
        }
    }

    impl Drop for Hub {
        fn drop(&mut self) {
            self.server.unblock();
            self.thread.take().map(std::thread::JoinHandle::join);
        }
    }

    fn evaluate(folder: &Path, address: &str, home: &str) -> Output {
        let model = support::fixture("evaluate/models/neox-bytelevel");
        let mut command = support::program();
        command.arg("evaluate").arg(model).args(["--tasks", "letters", "--format", "csv"]);
        command.arg("--task-dir").arg(folder.join("letters.yaml")).arg("--out").arg(folder.join("out").join(home));
        command.env("HF_ENDPOINT", address).env("HF_HOME", folder.join(home));
        command.output().expect("the program starts")
    }

    #[test]
    fn a_data_set_is_fetched_once_and_read_without_a_connection_afterwards() {
        let folder = folder(&[]);
        let card = b"---\nconfigs:\n- config_name: easy\n  data_files:\n  - split: test\n    path: x/*.jsonl\n---\n";
        let rows = fs::read(fixture("test.jsonl")).expect("the fixture is there");
        let hub = Hub::open([("README.md".to_owned(), card.to_vec()), ("x/a.jsonl".to_owned(), rows)].into());
        let first = evaluate(folder.path(), &hub.address(), "home");
        assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
        let fetched = hub.asked.lock().expect("nobody panics").iter().filter(|p| p.ends_with("a.jsonl")).count();
        assert_eq!(fetched, 2, "one request for the size, one for the file");
        let address = hub.address();
        drop(hub);
        let second = evaluate(folder.path(), &address, "home");
        assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
        assert_eq!(first.stdout, second.stdout);
        let third = evaluate(folder.path(), &address, "elsewhere");
        let problem = String::from_utf8_lossy(&third.stderr).into_owned();
        assert_eq!(third.status.code(), Some(2), "{problem}");
        assert!(problem.contains("letters") && problem.contains("does not answer"), "{problem}");
    }

    #[test]
    fn what_the_hub_does_not_have_is_named() {
        let folder = folder(&[]);
        let hub = Hub::open([("easy/train.jsonl".to_owned(), b"{}".to_vec())].into());
        let problem = String::from_utf8_lossy(&evaluate(folder.path(), &hub.address(), "home").stderr).into_owned();
        assert!(problem.contains("`someone/letters`") && problem.contains("split `test`"), "{problem}");
    }
}
