//! Every figure that is drawn, and figures of odd tables: nothing written lies on anything else written, nothing leaves the
//! canvas, no box and no name covers a point, every letter has a glyph.

use std::fs;
use std::path::{Path, PathBuf};

use onset::analysis::fit::{FitSettings, figure};
use onset::plot::{Theme, draw};
use onset::registry::modelset::{ModelSet, Settings};
use onset::registry::table::Table;

use crate::picture::{Picture, ROUNDING, Text, assert_text_is_inside, picture};
use crate::support::repository;

fn drawings(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            drawings(&path, found);
        } else if path.extension().is_some_and(|end| end == "svg") {
            found.push(path);
        }
    }
}

/// Whether the inks of two texts share a place: the separating-axis test of their turned boxes, with a hair's breadth of grace.
fn overlap(a: &Text, b: &Text) -> bool {
    const HAIR: f64 = 0.15;
    let separated = |shape: &[(f64, f64); 4]| {
        (0..4).any(|i| {
            let (p, q) = (shape[i], shape[(i + 1) % 4]);
            let length = (q.0 - p.0).hypot(q.1 - p.1).max(1e-9);
            let normal = ((q.1 - p.1) / length, (p.0 - q.0) / length);
            let reach = |shape: &[(f64, f64); 4]| {
                let along = shape.iter().map(|s| s.0 * normal.0 + s.1 * normal.1);
                along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
            };
            let (one, other) = (reach(&a.corners), reach(&b.corners));
            one.1 <= other.0 + HAIR || other.1 <= one.0 + HAIR
        })
    };
    !separated(&a.corners) && !separated(&b.corners)
}

fn assert_is_clean(name: &str, picture: &Picture) {
    assert_text_is_inside(picture);
    let written: Vec<&Text> = picture.texts.iter().filter(|text| text.ink.is_some()).collect();
    assert!(!written.is_empty(), "{name}: nothing is written");
    for (i, one) in written.iter().enumerate() {
        for other in &written[i + 1..] {
            assert!(!overlap(one, other), "{name}: {:?} lies on {:?}", one.content, other.content);
        }
        let lacking: String = one.content.chars().filter(|c| !has_glyph(*c)).collect();
        assert!(lacking.is_empty(), "{name}: {:?} has letters without a glyph: {lacking:?}", one.content);
    }
    let names = written.iter().filter(|text| text.class == "label").filter_map(|text| text.ink);
    for cover in picture.notes.iter().copied().chain(names) {
        for &(x, y, radius) in &picture.circles {
            assert!(
                cover.distance((x, y)) > radius - ROUNDING,
                "{name}: the point at {x}, {y} is covered by {cover:?}"
            );
        }
        for point in &picture.polygons {
            let middle = (f64::midpoint(point.x0, point.x1), f64::midpoint(point.y0, point.y1));
            assert!(cover.distance(middle) > 0.0, "{name}: the point at {middle:?} is covered by {cover:?}");
        }
    }
}

fn has_glyph(c: char) -> bool {
    let has = |face: &'static [u8]| ttf_parser::Face::parse(face, 0).is_ok_and(|face| face.glyph_index(c).is_some());
    has(dejavu::sans::regular()) && has(dejavu::sans::bold())
}

#[test]
fn every_committed_figure_is_legible() {
    let mut all = Vec::new();
    drawings(&repository("figures"), &mut all);
    all.sort();
    assert!(all.len() > 40, "{all:?}");
    for path in all {
        assert_is_clean(&path.to_string_lossy(), &picture(&fs::read_to_string(&path).expect("UTF-8")));
    }
}

/// A number without pattern in `0..1`.
fn scattered(i: usize) -> f64 {
    (i as f64 * 0.618_033_988_75 + 0.1).fract()
}

/// A table of models, and what its figure must say and must not.
struct Odd {
    what: &'static str,
    rows: Vec<String>,
    group: bool,
    score: &'static str,
    says: &'static [&'static str],
}

fn odd(what: &'static str, count: usize, score: &'static str, row: impl Fn(usize, f64) -> (String, f64)) -> Odd {
    let rows = (0..count).map(|i| {
        let x = 20.3 + 4.0 * scattered(i);
        let (name, y) = row(i, x);
        format!("{name},f{},{:e},{},{y}", i % 8, 10f64.powf(x), ["2023-01", "2024-03"][i % 2])
    });
    Odd { what, rows: rows.collect(), group: false, score, says: &[] }
}

/// A hinge with some scatter.
fn rise(i: usize, x: f64) -> f64 {
    0.25 + 0.1 * (x - 22.0).max(0.0) + 0.05 * (i % 2) as f64 + 0.04 * scattered(7 * i)
}

#[test]
fn figures_of_odd_tables_are_legible() {
    let foreign = [
        "通义千问-7B",
        "百川-13B",
        "Яндекс-ГПТ",
        "日本語モデル",
        "한국어",
        "हिन्दी-मॉडल",
        "ภาษาไทย",
        "Ελληνικά",
        "🦙-7b",
    ];
    let mut groups = odd("three groups", 36, "share", |i, x| (format!("m{i}"), rise(i, x) + 0.08 * (i % 3) as f64));
    groups.rows.iter_mut().enumerate().for_each(|(i, row)| row.push_str([",base", ",chat", ",code"][i % 3]));
    groups.group = true;
    let cases = [
        Odd {
            says: &["of 60 points", "b-base-16k"],
            ..odd("sixty long names", 60, "share", |i, x| {
                (format!("some-organisation/Long-Model-Name-v{i}-70b-base-16k"), rise(i, x))
            })
        },
        Odd { says: &["kind = base", "kind = chat: θ\u{302}", "kind = code: θ\u{302}"], ..groups },
        Odd {
            says: &["× 10−"],
            ..odd("a tiny range", 24, "share", |i, x| (format!("m{i}"), 1e-5 * (rise(i, x) + 0.2 * (i % 2) as f64)))
        },
        odd("negative scores", 24, "any", |i, x| (format!("m{i}"), 4.0 * rise(i, x) - 5.0)),
        Odd {
            says: &["TongYiQianWen-7B", "Яндекс-ГПТ"],
            ..odd("other scripts", 9, "share", |i, x| (foreign[i].to_owned(), rise(i, x)))
        },
    ];
    for case in cases {
        let columns = if case.group { ",kind" } else { "" };
        let text = format!("model,family,compute,release,score{columns}\n{}\n", case.rows.join("\n"));
        let table = Table::parse(text.as_bytes(), "odd.csv".as_ref(), &[]).expect("a table");
        let mut tables = Settings { score_scale: case.score.parse().expect("a scale"), ..Settings::default() };
        if case.group {
            tables.cutoff = "none".parse().expect("no cut-off");
            tables.groups = vec!["kind".parse().expect("a column")];
        }
        let set = ModelSet::from_tables(&[table], &tables).expect("models");
        let curve = "hinge".parse().expect("a curve");
        let settings = FitSettings { tables, bootstrap: 99, curve, leave_out: false, ..FitSettings::default() };
        let drawn = figure(&settings.fit(&set).expect("a fit"));
        for width in [None, Some(6.5)] {
            let drawing = draw(&drawn, &Theme { width, ..Theme::default() }).expect("drawn");
            let picture = picture(drawing.svg());
            assert_is_clean(case.what, &picture);
            let written: Vec<&str> = picture.texts.iter().map(|text| text.content.as_str()).collect();
            let written = written.join("\n");
            for words in case.says {
                assert!(written.contains(words), "{}: `{words}` is not in:\n{written}", case.what);
            }
            assert!(!written.contains("0.000 [0.000, 0.000]"), "{}:\n{written}", case.what);
        }
    }
}
