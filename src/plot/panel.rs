//! Draws one panel: grid, layers from back to front, names, notes, axes.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{PathElement, Polygon, Rectangle};
use plotters::style::{RGBAColor, ShapeStyle};
use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use super::canvas::{Canvas, Curve, Mark, pixels};
use super::geometry::Rect;
use super::layout::{PanelPlan, TICK};
use super::shapes::{CAP, ERROR_BAR, Located, OUTLINE, RULE, Shape, place};
use super::text::{Anchor, HALF_CAPITAL, Line, Words};
use super::theme::{BOX_EDGE, FAINT, GRID, INK, Look, PAPER, Rgb, Role, Theme, colour, shade};
use crate::analysis::figure::{Hue, Marker, Stroke};

/// Result of drawing on the canvas.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<Infallible>>;

/// Opacity of the filling of points, bands and bars.
const POINT_FILL: f64 = 0.75;
const BAND_FILL: f64 = 0.2;
const BAR_FILL: f64 = 0.85;
/// Width of the edges of a band that is not filled in points.
const BARE_EDGE: f64 = 0.55;
/// Width of the line between cells in points.
const CELL_EDGE: f64 = 0.4;
/// Length of minor ticks in points.
const MINOR_TICK: f64 = 1.6;

/// The drawing surface: plotters' root area, and the canvas behind it for grouping.
pub(super) struct Surface {
    pub root: DrawingArea<Canvas, Shift>,
    pub canvas: Rc<RefCell<Canvas>>,
    pub look: Look,
}

impl Surface {
    /// A stroke of plotters from a width in points.
    fn stroke(colour: Rgb, opacity: f64, width: f64) -> ShapeStyle {
        let color = RGBAColor(colour.0, colour.1, colour.2, opacity);
        ShapeStyle { color, filled: false, stroke_width: pixels(width) as u32 }
    }

    fn fill(colour: Rgb, opacity: f64) -> ShapeStyle {
        ShapeStyle { filled: true, ..Self::stroke(colour, opacity, 0.0) }
    }

    /// A straight line between two places in points.
    pub(super) fn line(&self, from: (f64, f64), to: (f64, f64), colour: Rgb, width: f64) -> Drawn {
        let ends = vec![(pixels(from.0), pixels(from.1)), (pixels(to.0), pixels(to.1))];
        self.root.draw(&PathElement::new(ends, Self::stroke(colour, 1.0, width)))
    }

    /// A filled rectangle with an outline, in points.
    pub(super) fn area(&self, rect: &Rect, inside: (Rgb, f64), outline: Option<(Rgb, f64)>) -> Drawn {
        let corners = [(pixels(rect.x0), pixels(rect.y0)), (pixels(rect.x1), pixels(rect.y1))];
        self.root.draw(&Rectangle::new(corners, Self::fill(inside.0, inside.1)))?;
        match outline {
            Some((colour, width)) => self.root.draw(&Rectangle::new(corners, Self::stroke(colour, 1.0, width))),
            None => Ok(()),
        }
    }

    /// Attributes of a group of points of one colour.
    pub(super) fn point_look(&self, hue: Hue, marker: Marker) -> String {
        let [inside, edge] = [colour(hue), colour(hue).darker()].map(|colour| self.look.tone(colour).hex());
        match marker {
            Marker::Ring => format!("fill=\"none\" stroke=\"{inside}\" stroke-width=\"{}\"", 2.0 * OUTLINE),
            _ => {
                format!("fill=\"{inside}\" fill-opacity=\"{POINT_FILL}\" stroke=\"{edge}\" stroke-width=\"{OUTLINE}\"")
            }
        }
    }

    /// Runs `inner` inside a group with attributes.
    pub(super) fn group(&self, attributes: &str, inner: impl FnOnce() -> Drawn) -> Drawn {
        self.canvas.borrow_mut().open(attributes);
        let drawn = inner();
        self.canvas.borrow_mut().close();
        drawn
    }
}

/// Draws a panel.
pub(super) fn draw(plan: &PanelPlan, surface: &Surface, theme: &Theme) -> Drawn {
    grid(plan, surface)?;
    for shape in &plan.shapes {
        layer(shape, plan, surface)?;
    }
    if plan.shapes.iter().all(Shape::is_empty) {
        surface.root.draw(&empty_word(plan, theme))?;
    }
    for &(from, to) in &plan.names.leaders {
        surface.line(from, to, FAINT, 0.4)?;
    }
    for words in &plan.names.words {
        surface.root.draw(words)?;
    }
    if let Some(notes) = &plan.notes {
        surface.group("class=\"notes\"", || {
            surface.area(&notes.rect, (PAPER, 0.9), Some((BOX_EDGE, 0.5)))?;
            notes.words.iter().try_for_each(|words| surface.root.draw(words))
        })?;
    }
    axes(plan, surface)?;
    plan.words.iter().try_for_each(|words| surface.root.draw(words))
}

fn grid(plan: &PanelPlan, surface: &Surface) -> Drawn {
    let frame = &plan.frame;
    for x in places(&plan.x_ticks.major, |at| place(&plan.coordinates, (at, 0.0)).0) {
        surface.line((x, frame.y0), (x, frame.y1), GRID, 0.5)?;
    }
    for y in places(&plan.y_ticks.major, |at| place(&plan.coordinates, (0.0, at)).1) {
        surface.line((frame.x0, y), (frame.x1, y), GRID, 0.5)?;
    }
    Ok(())
}

fn places(major: &[(f64, Line)], place: impl Fn(f64) -> f64) -> impl Iterator<Item = f64> {
    major.iter().map(move |(at, _)| place(*at))
}

/// Left and lower edge of the frame with their ticks.
fn axes(plan: &PanelPlan, surface: &Surface) -> Drawn {
    let frame = &plan.frame;
    let across = |at: f64| place(&plan.coordinates, (at, 0.0)).0;
    let upwards = |at: f64| place(&plan.coordinates, (0.0, at)).1;
    let foot = upwards(0.0);
    if plan.shapes.iter().any(|s| matches!(s, Shape::Bars { .. })) && foot < frame.y1 - 0.5 && foot > frame.y0 {
        surface.line((frame.x0, foot), (frame.x1, foot), INK, 0.5)?;
    }
    for at in &plan.x_ticks.minor {
        surface.line((across(*at), frame.y1), (across(*at), frame.y1 + MINOR_TICK), FAINT, 0.35)?;
    }
    for at in &plan.y_ticks.minor {
        surface.line((frame.x0, upwards(*at)), (frame.x0 - MINOR_TICK, upwards(*at)), FAINT, 0.35)?;
    }
    for x in places(&plan.x_ticks.major, across) {
        surface.line((x, frame.y1), (x, frame.y1 + TICK), INK, 0.6)?;
    }
    for y in places(&plan.y_ticks.major, upwards) {
        surface.line((frame.x0, y), (frame.x0 - TICK, y), INK, 0.6)?;
    }
    let corner = [(frame.x0, frame.y0), (frame.x0, frame.y1), (frame.x1, frame.y1)];
    let corner = corner.map(|(x, y)| (pixels(x), pixels(y)));
    surface.root.draw(&PathElement::new(corner, Surface::stroke(INK, 1.0, 0.7)))
}

fn layer(shape: &Shape, plan: &PanelPlan, surface: &Surface) -> Drawn {
    let area = surface.root.apply_coord_spec(plan.coordinates.clone());
    match shape {
        Shape::Points { hue, marker, points } => {
            for point in points {
                error_bar(point, colour(*hue), plan, surface)?;
            }
            surface.group(&format!("class=\"points\" {}", surface.point_look(*hue, *marker)), || {
                points.iter().try_for_each(|located| {
                    let name = located.point.label.clone();
                    area.draw(&Mark { at: located.at, shape: *marker, radius: plan.radius, name })
                })
            })
        }
        Shape::Line { hue, stroke, pieces } => pieces.iter().try_for_each(|piece| {
            let (vertices, width, pattern) = (piece.clone(), plan.line, *stroke);
            area.draw(&Curve { vertices, colour: colour(*hue), width, pattern })
        }),
        Shape::Band { hue, edges, bare: true, .. } => edges.iter().try_for_each(|edge| {
            let (colour, pattern) = (colour(*hue), Stroke::Dotted);
            area.draw(&Curve { vertices: edge.clone(), colour, width: BARE_EDGE, pattern })
        }),
        Shape::Band { hue, outlines, .. } => {
            let style = Surface::fill(colour(*hue), BAND_FILL);
            outlines.iter().try_for_each(|outline| area.draw(&Polygon::new(outline.clone(), style)))
        }
        Shape::Bars { hue, boxes } => boxes.iter().try_for_each(|(low, high)| {
            area.draw(&Rectangle::new([*low, *high], Surface::fill(colour(*hue), BAR_FILL)))?;
            area.draw(&Rectangle::new([*low, *high], Surface::stroke(colour(*hue).darker(), 1.0, OUTLINE)))
        }),
        Shape::Cells { boxes } => surface.group("class=\"cells\"", || {
            boxes.iter().try_for_each(|(cell, low, high)| {
                let (fill, ink) = shade(cell.value);
                let (low, high) = (place(&plan.coordinates, *low), place(&plan.coordinates, *high));
                let rect = Rect::new(low.0, high.1, high.0, low.1);
                surface.area(&rect, (fill, 1.0), Some((PAPER, CELL_EDGE)))?;
                let line = Line::new(&cell.text);
                let size = Theme::SMALLEST;
                let fits = line.width(size, false) <= rect.width() && size <= rect.height() + 1.0;
                if cell.text.is_empty() || !fits {
                    return Ok(());
                }
                let at = (f64::midpoint(rect.x0, rect.x1), f64::midpoint(rect.y0, rect.y1) + HALF_CAPITAL * size);
                let (bold, anchor, turn, class) = (false, Anchor::Middle, 0.0, "cell");
                surface.root.draw(&Words { line, at, size, bold, anchor, turn, colour: ink, class })
            })
        }),
        Shape::Rule { hue, stroke, ends } => {
            let vertices = vec![ends.0, ends.1];
            area.draw(&Curve { vertices, colour: colour(*hue), width: RULE, pattern: *stroke })
        }
    }
}

/// The legend's key of a bar, or of a band.
pub(super) fn swatch(key: &Rect, hue: Hue, bar: bool, surface: &Surface) -> Drawn {
    let look = if bar { (BAR_FILL, Some((colour(hue).darker(), OUTLINE))) } else { (1.4 * BAND_FILL, None) };
    surface.area(key, (colour(hue), look.0), look.1)
}

fn error_bar(located: &Located, colour: Rgb, plan: &PanelPlan, surface: &Surface) -> Drawn {
    let Some(ends) = located.interval else { return Ok(()) };
    let [(low, low_end), (high, high_end)] = ends.map(|(at, is_end)| (place(&plan.coordinates, at), is_end));
    surface.line(low, high, colour, ERROR_BAR)?;
    for (at, is_end) in [(low, low_end), (high, high_end)] {
        if is_end {
            surface.line((at.0 - CAP, at.1), (at.0 + CAP, at.1), colour, ERROR_BAR)?;
        }
    }
    Ok(())
}

fn empty_word(plan: &PanelPlan, theme: &Theme) -> Words {
    let frame = &plan.frame;
    Words {
        line: Line::new("no data"),
        at: ((frame.x0 + frame.x1) / 2.0, (frame.y0 + frame.y1) / 2.0),
        size: theme.size(Role::Tick),
        bold: false,
        anchor: Anchor::Middle,
        turn: 0.0,
        colour: FAINT,
        class: "",
    }
}
