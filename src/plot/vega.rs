//! A figure as a specification of Vega-Lite that draws the rows of the figure's CSV: for whoever wants another look.
//!
//! The file stands beside the CSV and reads it by its name. Colours, marks, ranges and titles are plain fields that any
//! editor of Vega-Lite takes; numbers stay in the CSV.

use serde_json::{Map, Value, json};

use super::theme::colour;
use crate::analysis::figure::{Axis, Cell, Figure, Hue, Layer, Marker, Panel, Scale, Stroke};

/// The version of the language.
const SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v5.json";
/// Width of a panel in pixels.
const WIDTH: f64 = 320.0;

/// The specification of a figure whose CSV is `NAME.csv` in the same folder.
#[must_use]
pub fn vega_lite(figure: &Figure) -> Value {
    let panels: Vec<Value> = (0..figure.panels.len()).map(|index| panel(figure, index)).collect();
    let mut spec = json!({
        "$schema": SCHEMA,
        "description": figure.caption,
        "data": {
            "url": format!("{}.csv", figure.name),
            "format": {
                "type": "csv",
                "parse": { "x": "number", "y": "number", "low": "number", "high": "number" },
            },
        },
        "columns": figure.columns.max(1),
        "concat": panels,
        "resolve": { "scale": { "color": "shared" } },
    });
    let title: Vec<&str> = [figure.title.as_str()].into_iter().filter(|title| !title.is_empty()).collect();
    if !title.is_empty() || !figure.footer.is_empty() {
        spec["title"] = json!({ "text": title, "subtitle": figure.footer });
    }
    spec
}

fn panel(figure: &Figure, index: usize) -> Value {
    let panel = &figure.panels[index];
    let name = figure.panel_name(index);
    let domain: Vec<&str> = colours(figure).into_iter().map(|(series, _)| series).collect();
    let range: Vec<String> = colours(figure).into_iter().map(|(_, hue)| colour(hue).hex()).collect();
    let encoding = Encoding {
        panel,
        colour: json!({
            "field": "series", "type": "nominal", "title": null, "scale": { "domain": domain, "range": range },
        }),
    };
    let layers: Vec<Value> = panel.layers.iter().flat_map(|layer| encoding.layer(layer)).collect();
    let notes: Vec<&str> = panel.notes.iter().map(|note| note.text.as_str()).collect();
    json!({
        "title": { "text": name, "subtitle": notes },
        "width": WIDTH,
        "height": (WIDTH / if figure.aspect.is_finite() { figure.aspect.clamp(0.2, 8.0) } else { 1.3 }).round(),
        // A panel is told by its name in the CSV.
        "transform": [{ "filter": equal("panel", &name) }],
        "layer": layers,
    })
}

/// Every series that has a colour, in the order of the layers.
fn colours(figure: &Figure) -> Vec<(&str, Hue)> {
    let mut found: Vec<(&str, Hue)> = Vec::new();
    for layer in figure.panels.iter().flat_map(|panel| &panel.layers) {
        let (series, hue) = match layer {
            Layer::Points { series, hue, .. }
            | Layer::Line { series, hue, .. }
            | Layer::Band { series, hue, .. }
            | Layer::Bars { series, hue, .. }
            | Layer::VerticalRule { series, hue, .. } => (series, *hue),
            Layer::HorizontalRule { series, .. } => (series, Hue::Context),
            Layer::Cells { .. } => continue,
        };
        if !found.iter().any(|(known, _)| known == series) {
            found.push((series, hue));
        }
    }
    found
}

/// A condition on a column of the CSV, for texts of any kind.
fn equal(field: &str, value: &str) -> Value {
    json!({ "field": field, "equal": value })
}

struct Encoding<'f> {
    panel: &'f Panel,
    colour: Value,
}

impl Encoding<'_> {
    fn x(&self, field: &str) -> Value {
        channel(field, &self.panel.x)
    }

    fn y(&self, field: &str) -> Value {
        channel(field, &self.panel.y)
    }

    /// One mark for the rows of a kind and series.
    fn mark(&self, kind: &str, series: &str, mark: Value, encoding: Value) -> Value {
        json!({
            "transform": [{ "filter": { "and": [equal("kind", kind), equal("series", series)] } }],
            "mark": mark,
            "encoding": encoding,
        })
    }

    fn layer(&self, layer: &Layer) -> Vec<Value> {
        let colour = &self.colour;
        match layer {
            Layer::Points { series, marker, points, .. } => {
                let (x, y, tooltip) = (
                    self.x("x"),
                    self.y("y"),
                    json!([
                        { "field": "label" }, { "field": "series" }, { "field": "x" }, { "field": "y" },
                    ]),
                );
                let mark = json!({ "type": "point", "shape": shape(*marker), "filled": *marker != Marker::Ring });
                let dots = json!({ "x": x, "y": y, "color": colour, "tooltip": tooltip });
                let mut all = Vec::new();
                if points.iter().any(|point| point.interval.is_some()) {
                    let bars = json!({ "x": x, "y": self.y("low"), "y2": { "field": "high" }, "color": colour });
                    all.push(self.mark("point", series, json!({ "type": "rule" }), bars));
                }
                all.push(self.mark("point", series, mark, dots));
                let named: Vec<&str> = points.iter().filter(|p| p.labelled).map(|p| p.label.as_str()).collect();
                if !named.is_empty() {
                    let mark = json!({ "type": "text", "align": "left", "dx": 6, "fontSize": 9 });
                    let text = json!({ "x": x, "y": y, "text": { "field": "label" } });
                    let mut names = self.mark("point", series, mark, text);
                    names["transform"] = json!([{ "filter": { "and": [
                        equal("kind", "point"), equal("series", series), { "field": "label", "oneOf": named },
                    ] } }]);
                    all.push(names);
                }
                all
            }
            Layer::Line { series, stroke, .. } => {
                // Lines that turn back, as frontiers do, keep the order of their rows.
                let mark = json!({ "type": "line", "strokeDash": dash(*stroke), "clip": true });
                let encoding =
                    json!({ "x": self.x("x"), "y": self.y("y"), "color": colour, "order": { "value": null } });
                vec![self.mark("line", series, mark, encoding)]
            }
            Layer::Band { series, .. } => {
                let encoding =
                    json!({ "x": self.x("x"), "y": self.y("low"), "y2": { "field": "high" }, "color": colour });
                vec![self.mark("band", series, json!({ "type": "area", "opacity": 0.2, "clip": true }), encoding)]
            }
            Layer::Bars { series, .. } => {
                let encoding = json!({ "x": self.x("low"), "x2": { "field": "high" }, "y": self.y("y"), "y2": { "datum": 0 }, "color": colour });
                vec![self.mark("bar", series, json!({ "type": "rect", "opacity": 0.85 }), encoding)]
            }
            Layer::Cells { series, cells } => self.cells(series, cells),
            Layer::HorizontalRule { series, .. } => {
                let encoding = json!({ "y": self.y("y"), "color": colour });
                vec![self.mark("rule", series, json!({ "type": "rule", "strokeDash": dash(Stroke::Dashed) }), encoding)]
            }
            Layer::VerticalRule { series, .. } => {
                let encoding = json!({ "x": self.x("x"), "color": colour });
                vec![self.mark("rule", series, json!({ "type": "rule", "strokeDash": dash(Stroke::Dotted) }), encoding)]
            }
        }
    }

    /// A box one unit wide and high around each cell, and its number.
    fn cells(&self, series: &str, cells: &[Cell]) -> Vec<Value> {
        let edges = json!([
            { "filter": { "and": [equal("kind", "cell"), equal("series", series)] } },
            { "calculate": "datum.x - 0.5", "as": "left" },
            { "calculate": "datum.x + 0.5", "as": "right" },
            { "calculate": "datum.y - 0.5", "as": "bottom" },
            { "calculate": "datum.y + 0.5", "as": "top" },
        ]);
        let shade = json!({
            "field": "low", "type": "quantitative", "title": series, "scale": { "scheme": "blueorange", "domain": [1, -1] },
        });
        let mut all = vec![json!({
            "transform": edges,
            "mark": { "type": "rect" },
            "encoding": {
                "x": self.x("left"), "x2": { "field": "right" }, "y": self.y("bottom"), "y2": { "field": "top" },
                "color": shade, "tooltip": [{ "field": "label" }, { "field": "low" }],
            },
        })];
        if cells.iter().any(|cell| !cell.text.is_empty()) {
            let text = json!({ "x": self.x("x"), "y": self.y("y"), "text": { "field": "text" } });
            all.push(self.mark("cell", series, json!({ "type": "text", "fontSize": 9 }), text));
        }
        all
    }
}

/// A column on an axis.
fn channel(field: &str, axis: &Axis) -> Value {
    let mut scale = Map::new();
    scale.insert("type".into(), json!(if axis.scale == Scale::Log10 { "log" } else { "linear" }));
    scale.insert("zero".into(), json!(false));
    if let Some((low, high)) = axis.range {
        scale.insert("domain".into(), json!([low, high]));
        scale.insert("nice".into(), json!(false));
    }
    let mut ticks = Map::new();
    if !axis.ticks.is_empty() {
        ticks.insert("values".into(), json!(axis.ticks));
    }
    if !axis.tick_labels.is_empty() {
        // A text of JSON is one of the language's expressions, too.
        let (places, names) = (json!(axis.ticks), json!(axis.tick_labels));
        ticks.insert("labelExpr".into(), json!(format!("{names}[indexof({places}, datum.value)]")));
    } else if axis.scale == Scale::Log10 {
        ticks.insert("format".into(), json!("~e"));
    }
    json!({ "field": field, "type": "quantitative", "title": axis.label, "scale": scale, "axis": ticks })
}

fn shape(marker: Marker) -> &'static str {
    match marker {
        Marker::Circle | Marker::Ring => "circle",
        Marker::Square => "square",
        Marker::Triangle => "triangle-up",
        Marker::Diamond => "diamond",
        Marker::Dash => "stroke",
    }
}

fn dash(stroke: Stroke) -> &'static [u32] {
    match stroke {
        Stroke::Solid => &[],
        Stroke::Dashed => &[6, 4],
        Stroke::Dotted => &[2, 2],
        Stroke::DashDotted => &[8, 3, 2, 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::figure::Point;

    #[test]
    fn every_layer_has_a_mark_that_reads_its_rows_of_the_csv() {
        let axis = |scale| Axis { label: "of".into(), scale, range: None, ticks: Vec::new(), tick_labels: Vec::new() };
        let point = Point { label: "it's \"m\"".into(), x: 1e21, y: 0.5, interval: Some((0.4, 0.6)), labelled: true };
        let (hue, stroke) = (Hue::Fit, Stroke::Dashed);
        let layers = vec![
            Layer::HorizontalRule { series: "Chance".into(), y: 0.25 },
            Layer::Band { series: "a".into(), hue, vertices: vec![(1e20, 0.1, 0.2), (1e22, 0.3, 0.4)] },
            Layer::Line { series: "a".into(), hue, stroke, vertices: vec![(1e20, 0.1), (1e22, 0.3)] },
            Layer::Points { series: "b".into(), hue: Hue::Reference, marker: Marker::Triangle, points: vec![point] },
        ];
        let panel =
            Panel { title: "P".into(), x: axis(Scale::Log10), y: axis(Scale::Linear), layers, notes: Vec::new() };
        let figure = Figure {
            name: "one".into(),
            caption: String::new(),
            panels: vec![panel],
            columns: 1,
            aspect: 1.3,
            legend: Vec::new(),
            row_titles: vec!["Row".into()],
            footer: "said".into(),
            title: String::new(),
        };
        let spec = vega_lite(&figure);
        assert_eq!(spec["data"]["url"], "one.csv");
        let panel = &spec["concat"][0];
        assert_eq!(panel["transform"][0]["filter"], json!({ "field": "panel", "equal": "Row, P" }));
        let marks: Vec<&str> =
            panel["layer"].as_array().expect("layers").iter().filter_map(|l| l["mark"]["type"].as_str()).collect();
        assert_eq!(marks, ["rule", "area", "line", "rule", "point", "text"]);
        assert_eq!(panel["layer"][2]["encoding"]["x"]["scale"]["type"], "log");
        let names = &panel["layer"][5]["transform"][0]["filter"]["and"][2]["oneOf"];
        assert_eq!(names, &json!(["it's \"m\""]));
        let domain = &panel["layer"][0]["encoding"]["color"]["scale"]["domain"];
        assert_eq!(domain, &json!(["Chance", "a", "b"]));
    }
}
