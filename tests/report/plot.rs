//! The renderer seen from outside: what its files contain, read with a parser of their own.

use onset::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use onset::plot::{Drawing, Theme, draw};
use proptest::prelude::*;
use resvg::usvg::roxmltree;

use crate::picture::{Box2, Picture, ROUNDING, Text, assert_text_is_inside, picture};

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.into(), scale, range: None, ticks: vec![], tick_labels: vec![] }
}

fn note(text: &str, bold: bool) -> Note {
    Note { bold, ..Note::new(text, "theta", 0.0) }
}

fn estimates() -> Vec<Note> {
    vec![note("θ̂ = −0.068", true), note("R² = 0.930", false)]
}

fn point(label: &str, x: f64, y: f64) -> Point {
    Point { label: label.into(), x, y, interval: None, labelled: false }
}

fn cloud(hue: Hue, points: Vec<Point>) -> Layer {
    Layer::Points { series: "models".into(), hue, marker: Marker::Circle, points }
}

fn panel(title: &str, layers: Vec<Layer>, notes: Vec<Note>) -> Panel {
    let (x, y) = (axis("Pretraining compute (FLOPs)", Scale::Log10), axis("Accuracy", Scale::Linear));
    Panel { title: title.into(), x, y, layers, notes }
}

fn figure(panels: Vec<Panel>, columns: usize) -> Figure {
    Figure {
        name: "test".into(),
        caption: "A figure of a test.".into(),
        panels,
        columns,
        aspect: 1.3,
        legend: vec![],
        row_titles: vec![],
        footer: String::new(),
        title: String::new(),
    }
}

fn drawn(figure: &Figure) -> Drawing {
    draw(figure, &Theme::default()).expect("the figure has panels")
}

/// A sequence without pattern in `0..1`.
fn scattered(i: usize) -> f64 {
    (i as f64 * 0.618_033_988_75 + 0.1).fract()
}

/// Two groups of 53 models in all, two fits and chance, like the paper's panels.
fn paper_panel(title: &str, seed: usize) -> Panel {
    let score = |log: f64| 0.25 + (0.2 * (log - 22.0)).max(0.0);
    let models = |from: usize, to: usize, up: f64| -> Vec<Point> {
        let model = |i: usize| {
            let log = 20.0 + 5.0 * scattered(i + seed);
            point(&format!("model-{i}"), 10f64.powf(log), score(log) + up + 0.05 * scattered(7 * i + seed))
        };
        (from..to).map(model).collect()
    };
    let fit = |hue, up: f64| Layer::Line {
        series: "fit".into(),
        hue,
        stroke: Stroke::Solid,
        vertices: [20.0, 22.0, 25.0].map(|log| (10f64.powf(log), score(log) + up)).to_vec(),
    };
    let layers = vec![
        Layer::HorizontalRule { series: "chance".into(), y: 0.25 },
        cloud(Hue::Reference, models(0, 30, 0.0)),
        cloud(Hue::Comparison, models(30, 53, 0.05)),
        fit(Hue::Reference, 0.02),
        fit(Hue::Comparison, 0.07),
    ];
    panel(title, layers, estimates())
}

fn paper_figure(panels: usize, columns: usize) -> Figure {
    let entry = |label: &str, hue, key| LegendEntry { label: label.into(), hue, key };
    let mut figure = figure((0..panels).map(|i| paper_panel(&format!("Benchmark {i}"), i)).collect(), columns);
    figure.legend = vec![
        entry("Before November 2023", Hue::Reference, LegendKey::MarkedStroke(Marker::Circle, Stroke::Solid)),
        entry("After November 2023", Hue::Comparison, LegendKey::MarkedStroke(Marker::Circle, Stroke::Solid)),
        entry("Chance", Hue::Context, LegendKey::Stroke(Stroke::Dashed)),
    ];
    figure
}

/// Notes and names of points, as boxes of their ink or of their frame.
fn placed(picture: &Picture) -> Vec<(String, Box2)> {
    let texts = picture.texts.iter().filter(|t| t.class == "label" || t.class == "note");
    texts.filter_map(|t| Some((t.content.clone(), t.ink?))).collect()
}

fn assert_notes_cover_nothing(picture: &Picture) -> Result<(), TestCaseError> {
    let notes = picture.texts.iter().filter(|t| t.class == "note").filter_map(|t| t.ink);
    for note in picture.notes.iter().copied().chain(notes) {
        for &(x, y, r) in &picture.circles {
            prop_assert!(note.distance((x, y)) > r - ROUNDING, "a point at {:?} is covered by {:?}", (x, y), note);
        }
        for pair in picture.curves.iter().flat_map(|curve| curve.windows(2)) {
            let (a, b) = (pair[0], pair[1]);
            let steps = (4.0 * (b.0 - a.0).hypot(b.1 - a.1)).ceil().max(1.0);
            for i in 0..=steps as usize {
                let t = i as f64 / steps;
                let spot = (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
                prop_assert!(!note.holds(spot), "a line through {:?} is covered by {:?}", spot, note);
            }
        }
        for area in &picture.areas {
            for i in 0..=20 {
                for j in 0..=20 {
                    let (s, t) = (f64::from(i) / 20.0, f64::from(j) / 20.0);
                    let spot = (note.x0 + s * (note.x1 - note.x0), note.y0 + t * (note.y1 - note.y0));
                    prop_assert!(!in_polygon(area, spot), "a band at {:?} is covered by {:?}", spot, note);
                }
            }
        }
    }
    Ok(())
}

/// Even-odd rule.
fn in_polygon(polygon: &[(f64, f64)], (x, y): (f64, f64)) -> bool {
    let edges = polygon.iter().zip(polygon.iter().cycle().skip(1));
    edges.filter(|(a, b)| (a.1 > y) != (b.1 > y) && x < a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0)).count() % 2 == 1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn notes_cover_no_point_line_or_band_of_a_random_panel(
        points in prop::collection::vec((20.0..24.0, 0.0..1.0), 0..70),
        line in prop::collection::vec((20.0..24.0, 0.0..1.0), 0..5),
        band in prop::option::of((0.0..1.0, 0.0..0.5, 0.0..1.0)),
        columns in 1usize..4,
        labelled in 0usize..6,
    ) {
        let mut models: Vec<Point> =
            points.iter().enumerate().map(|(i, &(log, y))| point(&format!("m{i}"), 10f64.powf(log), y)).collect();
        models.iter_mut().take(labelled).for_each(|p| p.labelled = true);
        let vertices = line.iter().map(|&(log, y): &(f64, f64)| (10f64.powf(log), y)).collect();
        let mut layers = vec![
            cloud(Hue::Reference, models),
            Layer::Line { series: "fit".into(), hue: Hue::Fit, stroke: Stroke::Solid, vertices },
        ];
        if let Some((start, width, end)) = band {
            let vertices = vec![(1e20, start, start + width), (1e24, end, end + width)];
            layers.insert(0, Layer::Band { series: "band".into(), hue: Hue::Reference, vertices });
        }
        let figure = figure(vec![panel("Random", layers, estimates()); columns], columns);
        let drawing = drawn(&figure);
        let picture = picture(drawing.svg());
        prop_assert_eq!(picture.texts.iter().filter(|t| t.class == "note").count(), 2 * columns);
        assert_notes_cover_nothing(&picture)?;
        assert_text_is_inside(&picture);
        let placed = placed(&picture);
        for (i, (name, a)) in placed.iter().enumerate() {
            for (other, b) in &placed[i + 1..] {
                prop_assert!(!a.overlaps(b), "{} lies on {}", name, other);
            }
        }
    }
}

#[test]
fn names_of_points_overlap_neither_each_other_nor_points() {
    for columns in [1, 2] {
        let mut busy = paper_panel("Named", 3);
        for layer in &mut busy.layers {
            if let Layer::Points { points, .. } = layer {
                points.iter_mut().step_by(3).for_each(|p| p.labelled = true);
            }
        }
        let drawing = drawn(&figure(vec![busy; columns], columns));
        let picture = picture(drawing.svg());
        let names: Vec<Box2> = picture.texts.iter().filter(|t| t.class == "label").filter_map(|t| t.ink).collect();
        assert_eq!(drawing.omitted_labels(), 0);
        assert_eq!(names.len(), 18 * columns);
        for (i, name) in names.iter().enumerate() {
            assert!(names[i + 1..].iter().all(|other| !name.overlaps(other)));
            assert!(picture.notes.iter().all(|note| !name.overlaps(note)));
            for &(x, y, r) in &picture.circles {
                assert!(name.distance((x, y)) > r - ROUNDING);
            }
        }
    }
}

#[test]
fn names_without_a_place_are_counted() {
    let points = (0..150).map(|i| Point {
        labelled: true,
        ..point(&format!("a model with quite a long name {i}"), 10f64.powf(20.0 + 4.0 * scattered(i)), scattered(3 * i))
    });
    let drawing = drawn(&figure(vec![panel("Crowded", vec![cloud(Hue::Reference, points.collect())], vec![])], 1));
    let written = picture(drawing.svg()).texts.iter().filter(|t| t.class == "label").count();
    assert!(drawing.omitted_labels() > 0);
    assert_eq!(written + drawing.omitted_labels(), 150);
}

#[test]
fn the_same_figure_gives_the_same_bytes_in_every_thread() {
    let figure = paper_figure(4, 2);
    let files = |figure: &Figure| {
        let drawing = drawn(figure);
        (drawing.svg().to_owned(), drawing.png().unwrap(), drawing.pdf().unwrap())
    };
    let first = files(&figure);
    // Bold and regular text need two fonts, whose order in a PDF is the one thing that varied between runs.
    assert!(first.0.contains("font-weight=\"bold\""));
    let others: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| files(&figure))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(others.iter().all(|other| *other == first));
}

#[test]
fn files_have_the_promised_form_and_size() {
    let drawing = drawn(&paper_figure(8, 4));
    let (svg, png, pdf) = (drawing.svg(), drawing.png().unwrap(), drawing.pdf().unwrap());
    let picture = picture(drawing.svg());
    assert!(svg.contains("<title>test</title>") && svg.contains("<desc>A figure of a test.</desc>"));
    assert!(!svg.contains("href") && !svg.contains("NaN"));
    assert_eq!(&png[1..4], b"PNG");
    let pixels = u32::from_be_bytes(png[16..20].try_into().unwrap());
    // 6.75 inches at 300 dots per inch.
    assert_eq!((picture.size.0, pixels), (486.0, 2025));
    assert!(pdf.starts_with(b"%PDF-") && pdf.windows(10).any(|w| w == b"DejaVuSans"));
    assert!(svg.len() < 150_000 && png.len() < 250_000 && pdf.len() < 130_000);
}

#[test]
fn text_is_never_cut_off_and_never_below_seven_points() {
    for (panels, columns) in [(1, 1), (4, 2), (8, 4), (3, 3), (6, 2), (5, 3)] {
        let mut figure = paper_figure(panels, columns);
        figure.row_titles = (0..panels.div_ceil(columns)).map(|i| format!("Row number {i} of the figure")).collect();
        figure.panels[0].title = "A very long title ".repeat(12);
        figure.panels[0].x.label = "Quantity/with/a-name_that_has_no_spaces_and_goes_on_and_on_and_on_and_on".into();
        figure.panels[panels - 1].y.label = "Another label that is much longer than its axis is high".repeat(2);
        figure.legend.push(LegendEntry {
            label: "An entry that is wider than the whole figure ".repeat(5),
            hue: Hue::Category(3),
            key: LegendKey::Box,
        });
        let picture = picture(drawn(&figure).svg());
        assert_text_is_inside(&picture);
        for text in &picture.texts {
            assert!(text.size >= Theme::SMALLEST, "{:?} is set in {} points", text.content, text.size);
        }
    }
}

#[test]
fn powers_of_ten_stand_at_their_decades() {
    let models = (20..=24).map(|k| point("m", 10f64.powi(k), 0.5)).collect();
    let drawing = drawn(&figure(vec![panel("Decades", vec![cloud(Hue::Reference, models)], vec![])], 1));
    let picture = picture(drawing.svg());
    let labels: Vec<&Text> =
        picture.texts.iter().filter(|t| t.class == "tick" && t.content.starts_with("10")).collect();
    let contents: Vec<&str> = labels.iter().map(|t| t.content.as_str()).collect();
    assert_eq!(contents, ["1020", "1021", "1022", "1023", "1024"]);
    assert_eq!(drawing.svg().matches("<tspan dy=\"-").count(), 5, "exponents are raised");
    for (label, circle) in labels.iter().zip(&picture.circles) {
        assert!((label.at.0 - circle.0).abs() < ROUNDING);
        let ink = label.ink.expect("digits have ink");
        // Side bearings make the ink of a centred text a little uneven.
        assert!(((ink.x0 + ink.x1) / 2.0 - circle.0).abs() < 1.0);
    }
}

#[test]
fn equal_axis_labels_are_drawn_once() {
    let count = |figure: &Figure, text: &str| {
        picture(drawn(figure).svg()).texts.iter().filter(|t| t.content == text && t.class != "tick").count()
    };
    let mut figure = paper_figure(6, 3);
    assert_eq!((count(&figure, "Pretraining compute (FLOPs)"), count(&figure, "Accuracy")), (1, 1));
    figure.panels[4].y.label = "Brier score".into();
    // The upper row shares its label, the lower one cannot.
    assert_eq!((count(&figure, "Accuracy"), count(&figure, "Brier score")), (3, 1));
    figure.panels[2].x.label = "Parameters".into();
    assert_eq!(count(&figure, "Pretraining compute (FLOPs)"), 3);
}

#[test]
fn names_are_escaped_and_forbidden_characters_dropped() {
    let evil = "<script>alert(1)</script> & \"co\" \u{0}\u{1}'x'";
    let mut hostile = paper_panel(evil, 0);
    hostile.layers.push(cloud(Hue::Fit, vec![Point { labelled: true, ..point(evil, 1e21, 0.8) }]));
    hostile.x.label = evil.into();
    hostile.notes.push(note(evil, false));
    let mut figure = figure(vec![hostile], 1);
    (figure.name, figure.caption, figure.row_titles) = (evil.into(), evil.into(), vec![evil.into()]);
    let drawing = drawn(&figure);
    assert!(!drawing.svg().contains("<script") && drawing.svg().contains("&lt;script&gt;"));
    let document = roxmltree::Document::parse(drawing.svg()).expect("the SVG is well-formed XML");
    let title = document.descendants().find(|n| n.has_tag_name("title")).and_then(|n| n.text().map(str::to_owned));
    assert_eq!(title.as_deref(), Some("<script>alert(1)</script> & \"co\" 'x'"));
    assert!(drawing.png().is_ok() && drawing.pdf().is_ok());
}

#[test]
fn categories_have_their_names_whatever_their_length() {
    let names = ["MMLU", "GSM8K", "ARC Challenge", "HellaSwag", "Winogrande", "TruthfulQA, multiple choice"];
    for columns in [1, 3] {
        let mut bars = panel("Bars", vec![], vec![]);
        let heights = (0..names.len()).map(|i| (i as f64 - 0.3, i as f64 + 0.3, scattered(i) - 0.3)).collect();
        bars.layers.push(Layer::Bars { series: "effect".into(), hue: Hue::Reference, bars: heights });
        bars.x = axis("", Scale::Linear);
        bars.x.ticks = (0..names.len()).map(|i| i as f64).collect();
        bars.x.tick_labels = names.map(str::to_owned).to_vec();
        let mut lying = bars.clone();
        (lying.x, lying.y) = (bars.y.clone(), bars.x.clone());
        lying.layers = vec![cloud(Hue::Fit, (0..names.len()).map(|i| point("e", scattered(i), i as f64)).collect())];
        let picture = picture(drawn(&figure(vec![bars, lying], columns)).svg());
        assert_text_is_inside(&picture);
        for name in ["MMLU", "GSM8K", "HellaSwag", "Winogrande"] {
            assert_eq!(picture.texts.iter().filter(|t| t.class == "tick" && t.content == name).count(), 2, "{name}");
        }
    }
}

#[test]
fn degenerate_figures_are_drawn_without_nonsense() {
    let line = |vertices: Vec<(f64, f64)>| Layer::Line {
        series: "fit".into(),
        hue: Hue::Fit,
        stroke: Stroke::Dotted,
        vertices,
    };
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let odd = Point { interval: Some((nan, inf)), ..point("odd", 1e22, 0.5) };
    let cases: Vec<(&str, Vec<Layer>)> = vec![
        ("nothing", vec![]),
        ("one point", vec![cloud(Hue::Reference, vec![point("p", 1e22, 0.5)])]),
        ("no usable point", vec![cloud(Hue::Reference, vec![point("p", nan, 0.5), point("p", -1.0, inf)])]),
        ("odd interval", vec![cloud(Hue::Reference, vec![odd])]),
        ("equal values", vec![cloud(Hue::Reference, vec![point("p", 1e22, 0.0); 9])]),
        ("huge values", vec![cloud(Hue::Reference, vec![point("p", 1e299, -1e299), point("p", 1e-299, 1e299)])]),
        ("a line of one vertex", vec![line(vec![(1e22, 0.5)])]),
        ("a broken line", vec![line(vec![(1e20, 0.1), (nan, 0.2), (1e22, inf), (0.0, 0.3), (1e24, 0.4)])]),
        (
            "a band inside out",
            vec![Layer::Band { series: "b".into(), hue: Hue::Fit, vertices: vec![(1e20, 0.9, 0.1), (1e24, nan, 0.2)] }],
        ),
        ("bars of no width", vec![Layer::Bars { series: "b".into(), hue: Hue::Fit, bars: vec![(1e22, 1e22, nan)] }]),
        (
            "two hundred points",
            vec![cloud(
                Hue::Comparison,
                (0..200).map(|i| point("p", 10f64.powf(20.0 + scattered(i)), scattered(5 * i))).collect(),
            )],
        ),
        ("rules", vec![Layer::VerticalRule { series: "v".into(), hue: Hue::Fit, x: nan }]),
    ];
    let panels: Vec<Panel> = cases.into_iter().map(|(title, layers)| panel(title, layers, estimates())).collect();
    for (columns, aspect) in [(1, 1.3), (3, nan), (0, 0.0), (99, inf)] {
        let mut figure = figure(panels.clone(), columns);
        figure.aspect = aspect;
        let drawing = drawn(&figure);
        assert!(!drawing.svg().contains("NaN") && !drawing.svg().contains("inf\""));
        assert_text_is_inside(&picture(drawing.svg()));
    }
    let all = figure(panels, 4);
    let odd_theme = Theme { width: Some(nan), height: Some(inf), text: inf, dpi: nan, ..Theme::default() };
    for theme in [Theme { dpi: 72.0, ..Theme::default() }, odd_theme] {
        let drawing = draw(&all, &theme).unwrap();
        assert!(drawing.png().is_ok() && drawing.pdf().is_ok());
    }
}

#[test]
fn a_figure_without_panels_is_an_error() {
    let problem = draw(&figure(vec![], 2), &Theme::default()).err().expect("there is nothing to draw");
    assert_eq!(problem.to_string(), "cannot draw figure `test`: it has no panel");
}
