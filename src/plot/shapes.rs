//! The layers of a panel as shapes in axis space, cut to what the axes show.
//!
//! Drawing and the search for free places both read these shapes, so that what is avoided is what is drawn.

use plotters::coord::CoordTranslate;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;

use super::axis::Ruler;
use super::canvas::{PIXELS_PER_POINT, pixels, reach};
use super::geometry::{Obstacle, Rect, Spot, clip_line, clip_polygon};
use crate::analysis::figure::{Cell, Hue, Layer, Marker, Panel, Point, Stroke};

/// Width of fitted lines in points; on small panels they are drawn thinner.
pub(super) const LINE: f64 = 1.5;
/// Width of rules in points.
pub(super) const RULE: f64 = 0.9;
/// Width of error bars in points.
pub(super) const ERROR_BAR: f64 = 0.8;
/// Width of the outline of points in points.
pub(super) const OUTLINE: f64 = 0.5;

/// Radius of points in the legend in points.
pub(super) const LEGEND_RADIUS: f64 = 2.5;
/// Half the width of an error bar's caps in points.
pub(super) const CAP: f64 = 1.6;

/// Both axes of a panel, tied to its frame on the canvas.
pub(super) type Coordinates = Cartesian2d<RangedCoordf64, RangedCoordf64>;

/// Ties axis space to the frame of a panel.
pub(super) fn coordinates(x: &Ruler, y: &Ruler, frame: &Rect) -> Coordinates {
    let across = pixels(frame.x0)..pixels(frame.x1);
    let upwards = pixels(frame.y1)..pixels(frame.y0);
    Cartesian2d::new(x.low..x.high, y.low..y.high, (across, upwards))
}

/// Place on the canvas, in points, of a position in axis space.
pub(super) fn place(coordinates: &Coordinates, at: Spot) -> Spot {
    let (x, y) = coordinates.translate(&at);
    (f64::from(x) / PIXELS_PER_POINT, f64::from(y) / PIXELS_PER_POINT)
}

/// One layer, located and cut.
pub(super) enum Shape<'a> {
    Points {
        hue: Hue,
        marker: Marker,
        points: Vec<Located<'a>>,
    },
    Line {
        hue: Hue,
        stroke: Stroke,
        pieces: Vec<Vec<Spot>>,
    },
    Band {
        hue: Hue,
        outlines: Vec<Vec<Spot>>,
        stretches: Vec<Vec<Spot>>,
        /// The lower and the upper edges.
        edges: Vec<Vec<Spot>>,
        /// Whether another band of its colour is filled already: two fillings could not be told apart.
        bare: bool,
    },
    Bars {
        hue: Hue,
        boxes: Vec<(Spot, Spot)>,
    },
    /// Every cell with two corners of its box.
    Cells {
        boxes: Vec<(&'a Cell, Spot, Spot)>,
    },
    Rule {
        hue: Hue,
        stroke: Stroke,
        ends: (Spot, Spot),
    },
}

/// An observation with its place.
pub(super) struct Located<'a> {
    pub point: &'a Point,
    pub at: Spot,
    /// The visible part of the error bar: its ends, and whether an end is that of the interval.
    pub interval: Option<[(Spot, bool); 2]>,
}

/// The shapes of a panel, from back to front: areas, rules, lines, points, and within these as the layers stand. So no line
/// cuts a point, whatever the order of the layers.
pub(super) fn shapes<'a>(panel: &'a Panel, x: &Ruler, y: &Ruler) -> Vec<Shape<'a>> {
    let window = Rect::new(x.low, y.low, x.high, y.high);
    let locate = |a: f64, b: f64| Some((x.locate(a)?, y.locate(b)?));
    let shape = |layer: &'a Layer| match layer {
        Layer::Points { hue, marker, points, .. } => {
            let located = points.iter().filter_map(|point| {
                let at = locate(point.x, point.y)?;
                let shown = x.shows(at.0) && y.shows(at.1);
                shown.then(|| Located { point, at, interval: interval(point, at.0, y) })
            });
            Shape::Points { hue: *hue, marker: *marker, points: located.collect() }
        }
        Layer::Line { hue, stroke, vertices, .. } => {
            let runs = unbroken(vertices.iter().map(|v| locate(v.0, v.1)));
            let pieces = runs.iter().flat_map(|run| clip_line(run, &window)).collect();
            Shape::Line { hue: *hue, stroke: *stroke, pieces }
        }
        Layer::Band { hue, vertices, .. } => {
            let edges = vertices.iter().map(|&(at, a, b)| {
                let (at, a, b) = (x.locate(at)?, y.locate(a)?, y.locate(b)?);
                Some((at, a.min(b), a.max(b)))
            });
            let (mut outlines, mut stretches, mut edges_seen) = (Vec::new(), Vec::new(), Vec::new());
            for run in unbroken(edges) {
                let side = |of: fn(&(f64, f64, f64)) -> f64| run.iter().map(|v| (v.0, of(v))).collect::<Vec<Spot>>();
                edges_seen.extend(clip_line(&side(|v| v.1), &window));
                edges_seen.extend(clip_line(&side(|v| v.2), &window));
                let below = run.iter().map(|v| (v.0, v.1));
                let above = run.iter().rev().map(|v| (v.0, v.2));
                outlines.push(clip_polygon(&below.chain(above).collect::<Vec<_>>(), &window));
                stretches.extend(run.windows(2).map(|w| {
                    let corners = [(w[0].0, w[0].1), (w[1].0, w[1].1), (w[1].0, w[1].2), (w[0].0, w[0].2)];
                    clip_polygon(&corners, &window)
                }));
            }
            outlines.retain(|outline| outline.len() > 2);
            stretches.retain(|stretch| stretch.len() > 2);
            Shape::Band { hue: *hue, outlines, stretches, edges: edges_seen, bare: false }
        }
        Layer::Bars { hue, bars, .. } => {
            let foot = y.locate(0.0).unwrap_or(y.low);
            let boxes = bars.iter().filter_map(|&(left, right, height)| {
                let (a, b) = ((x.locate(left)?, foot), locate(right, height)?);
                let (low, high) = ((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)));
                let seen = high.0 >= window.x0 && low.0 <= window.x1 && high.1 >= window.y0 && low.1 <= window.y1;
                seen.then(|| (window.nearest(low), window.nearest(high)))
            });
            Shape::Bars { hue: *hue, boxes: boxes.collect() }
        }
        Layer::Cells { cells, .. } => {
            let boxes = cells.iter().filter_map(|cell| {
                let (low, high) = (locate(cell.x - 0.5, cell.y - 0.5)?, locate(cell.x + 0.5, cell.y + 0.5)?);
                let seen = high.0 > window.x0 && low.0 < window.x1 && high.1 > window.y0 && low.1 < window.y1;
                seen.then(|| (cell, window.nearest(low), window.nearest(high)))
            });
            Shape::Cells { boxes: boxes.collect() }
        }
        Layer::HorizontalRule { y: at, .. } => {
            let at = y.locate(*at).filter(|&at| y.shows(at));
            let ends = at.map(|at| ((window.x0, at), (window.x1, at)));
            rule(Hue::Context, Stroke::Dashed, ends)
        }
        Layer::VerticalRule { hue, x: at, .. } => {
            let at = x.locate(*at).filter(|&at| x.shows(at));
            rule(*hue, Stroke::Dotted, at.map(|at| ((at, window.y0), (at, window.y1))))
        }
    };
    let mut all: Vec<Shape<'a>> = panel.layers.iter().map(shape).collect();
    all.sort_by_key(Shape::height);
    let mut filled: Vec<Hue> = Vec::new();
    for shape in &mut all {
        if let Shape::Band { hue, bare, .. } = shape {
            *bare = filled.contains(hue);
            filled.push(*hue);
        }
    }
    all
}

fn rule<'a>(hue: Hue, stroke: Stroke, ends: Option<(Spot, Spot)>) -> Shape<'a> {
    match ends {
        Some(ends) => Shape::Rule { hue, stroke, ends },
        None => Shape::Line { hue, stroke, pieces: Vec::new() },
    }
}

fn interval(point: &Point, at: f64, y: &Ruler) -> Option<[(Spot, bool); 2]> {
    let (low, high) = point.interval?;
    let (low, high) = (y.locate(low)?, y.locate(high)?);
    let (low, high) = (low.min(high), low.max(high));
    let cut = |v: f64| ((at, v.max(y.low).min(y.high)), y.shows(v));
    (high >= y.low && low <= y.high).then(|| [cut(low), cut(high)])
}

/// Splits a sequence where a value is missing; single vertices draw nothing and are dropped.
fn unbroken<T: Copy>(vertices: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let all: Vec<Option<T>> = vertices.collect();
    all.split(Option::is_none)
        .map(|run| run.iter().flatten().copied().collect())
        .filter(|r: &Vec<T>| r.len() > 1)
        .collect()
}

impl Shape<'_> {
    /// What text must not cover, on the canvas.
    pub(super) fn obstacles(&self, coordinates: &Coordinates, radius: f64) -> Vec<Obstacle> {
        let at = |spot: &Spot| place(coordinates, *spot);
        let segment =
            |a: &Spot, b: &Spot, width: f64| Obstacle::Segment { from: at(a), to: at(b), half_width: width / 2.0 };
        match self {
            Self::Points { marker, points, .. } => {
                let radius = reach(*marker) * radius + OUTLINE / 2.0;
                let disks = points.iter().map(|p| Obstacle::Disk { centre: at(&p.at), radius });
                let bars = points.iter().filter_map(|p| p.interval).map(|[a, b]| segment(&a.0, &b.0, 2.0 * CAP));
                disks.chain(bars).collect()
            }
            Self::Line { pieces, .. } => {
                pieces.iter().flat_map(|piece| piece.windows(2)).map(|w| segment(&w[0], &w[1], LINE)).collect()
            }
            Self::Band { stretches, .. } => {
                stretches.iter().map(|stretch| Obstacle::Convex(stretch.iter().map(at).collect())).collect()
            }
            Self::Bars { boxes, .. } => boxes
                .iter()
                .map(|(low, high)| (at(low), at(high)))
                .map(|(low, high)| Obstacle::Box(Rect::new(low.0, high.1, high.0, low.1)))
                .collect(),
            Self::Cells { boxes } => boxes
                .iter()
                .map(|(_, low, high)| (at(low), at(high)))
                .map(|(low, high)| Obstacle::Box(Rect::new(low.0, high.1, high.0, low.1)))
                .collect(),
            Self::Rule { ends, .. } => vec![segment(&ends.0, &ends.1, RULE)],
        }
    }

    /// How far in front it is drawn.
    fn height(&self) -> u8 {
        match self {
            Self::Band { .. } | Self::Bars { .. } | Self::Cells { .. } => 0,
            Self::Rule { .. } => 1,
            Self::Line { .. } => 2,
            Self::Points { .. } => 3,
        }
    }

    /// Whether the layer is invisible.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Points { points, .. } => points.is_empty(),
            Self::Line { pieces, .. } => pieces.is_empty(),
            Self::Band { outlines, .. } => outlines.is_empty(),
            Self::Bars { boxes, .. } => boxes.is_empty(),
            Self::Cells { boxes } => boxes.is_empty(),
            Self::Rule { .. } => false,
        }
    }

    /// What it costs the name of a point to cover the shape, as a distance from the point in points; `None` where it
    /// must not.
    pub(super) fn cost_of_covering(&self) -> Option<f64> {
        match self {
            Self::Points { .. } | Self::Bars { .. } | Self::Cells { .. } => None,
            Self::Line { .. } => Some(25.0),
            Self::Rule { .. } => Some(18.0),
            Self::Band { .. } => Some(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::figure::{Axis, Scale};

    fn panel(layers: Vec<Layer>) -> Panel {
        let axis =
            |scale| Axis { label: String::new(), scale, range: None, ticks: Vec::new(), tick_labels: Vec::new() };
        Panel { title: String::new(), x: axis(Scale::Log10), y: axis(Scale::Linear), layers, notes: Vec::new() }
    }

    const X: Ruler = Ruler { log: true, low: 20.0, high: 24.0 };
    const Y: Ruler = Ruler { log: false, low: 0.0, high: 1.0 };

    #[test]
    fn a_line_breaks_where_a_value_is_missing() {
        let vertices = vec![(1e20, 0.1), (1e21, 0.2), (1e22, f64::NAN), (1e22, 0.3), (1e23, 0.4), (-1.0, 0.5)];
        let line = Layer::Line { series: String::new(), hue: Hue::Fit, stroke: Stroke::Solid, vertices };
        let panel = panel(vec![line]);
        match &shapes(&panel, &X, &Y)[..] {
            [Shape::Line { pieces, .. }] => assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]),
            _ => panic!("a line is one shape"),
        }
    }

    #[test]
    fn points_are_drawn_over_lines_and_lines_over_areas_whatever_the_order_of_the_layers() {
        let (series, hue, marker, stroke) = (String::new(), Hue::Fit, Marker::Circle, Stroke::Solid);
        let point = Point { label: String::new(), x: 1e21, y: 0.5, interval: None, labelled: false };
        let vertices = vec![(1e20, 0.1), (1e22, 0.9)];
        let band = vec![(1e20, 0.1, 0.2), (1e22, 0.8, 0.9)];
        let panel = panel(vec![
            Layer::Points { series: series.clone(), hue, marker, points: vec![point] },
            Layer::Line { series: series.clone(), hue, stroke, vertices },
            Layer::VerticalRule { series: series.clone(), hue, x: 1e21 },
            Layer::Band { series, hue, vertices: band },
        ]);
        let heights: Vec<u8> = shapes(&panel, &X, &Y).iter().map(Shape::height).collect();
        assert_eq!(heights, [0, 1, 2, 3]);
    }

    #[test]
    fn points_beyond_the_axes_are_left_out() {
        let point = |x, y| Point { label: String::new(), x, y, interval: Some((-9.0, 0.5)), labelled: false };
        let points = vec![point(1e21, 0.5), point(1e25, 0.5), point(1e21, 1.5), point(0.0, 0.5), point(1e20, 0.0)];
        let cloud = Layer::Points { series: String::new(), hue: Hue::Reference, marker: Marker::Circle, points };
        let panel = panel(vec![cloud]);
        match &shapes(&panel, &X, &Y)[..] {
            [Shape::Points { points, .. }] => {
                assert_eq!(points.len(), 2);
                assert_eq!(points[0].interval, Some([((21.0, 0.0), false), ((21.0, 0.5), true)]));
            }
            _ => panic!("a cloud is one shape"),
        }
    }
}
