//! The plotters backend that writes our SVG, and the elements drawn on it.
//!
//! Plotters' own `SVGBackend` gives every shape the attribute `opacity`, for which renderers open a layer of their own
//! per point, sets text by a font engine this build leaves out, and knows neither dashes nor exponents. The backend
//! here writes `fill-opacity`, anchored text on a measured baseline, and shapes by series, which makes files half the
//! size and pictures that draw at once.

use std::convert::Infallible;
use std::fmt::Write;

use plotters::element::{Drawable, PointCollection};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};

use super::text::{Anchor, RAISED_BY, RAISED_SIZE, Words};
use super::theme::{Look, Rgb};
use crate::analysis::figure::{Marker, Stroke};

/// Plotters counts whole pixels; a pixel of this backend is the hundredth part of a point.
pub(super) const PIXELS_PER_POINT: f64 = 100.0;

/// Families in order of preference. Verdana shares its design and widths with DejaVu Sans, so a browser without the
/// latter shows nearly the same picture.
const FAMILY: &str = "'DejaVu Sans', Verdana, sans-serif";

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// An SVG document that is being written.
pub(super) struct Canvas {
    out: String,
    size: (u32, u32),
    look: Look,
}

/// A length in points as plotters' pixels.
pub(super) fn pixels(points: f64) -> i32 {
    (points * PIXELS_PER_POINT).round() as i32
}

impl Canvas {
    /// Opens a document of the given size in points.
    pub(super) fn new((width, height): (f64, f64), title: &str, description: &str, look: Look) -> Self {
        let size = (pixels(width).max(1) as u32, pixels(height).max(1) as u32);
        let (w, h) = (decimal(size.0 as i32), decimal(size.1 as i32));
        let mut out = String::with_capacity(1 << 16);
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}pt\" height=\"{h}pt\" viewBox=\"0 0 {w} {h}\" \
             role=\"img\" font-family=\"{FAMILY}\">\n<title>{}</title>\n<desc>{}</desc>\n",
            escaped(title),
            escaped(description)
        );
        Self { out, size, look }
    }

    /// Opens a group that hands its attributes down to what is drawn next.
    pub(super) fn open(&mut self, attributes: &str) {
        let _ = writeln!(self.out, "<g {attributes}>");
    }

    /// Closes the group opened last.
    pub(super) fn close(&mut self) {
        self.out.push_str("</g>\n");
    }

    /// Closes the document.
    pub(super) fn finish(&mut self) -> String {
        self.out.push_str("</svg>\n");
        std::mem::take(&mut self.out)
    }

    fn tone(&self, colour: BackendColor) -> String {
        self.look.tone(Rgb(colour.rgb.0, colour.rgb.1, colour.rgb.2)).hex()
    }

    fn fill(&self, colour: BackendColor) -> String {
        format!("fill=\"{}\"{}", self.tone(colour), opacity("fill", colour.alpha))
    }

    fn stroke(&self, colour: BackendColor, width: u32) -> String {
        let (opacity, width) = (opacity("stroke", colour.alpha), decimal(width as i32));
        format!(" stroke=\"{}\"{opacity} stroke-width=\"{width}\"", self.tone(colour))
    }

    fn path(&mut self, vertices: impl IntoIterator<Item = BackendCoord>, closed: bool, attributes: &str) {
        self.out.push_str("<path d=\"M");
        for (i, (x, y)) in vertices.into_iter().enumerate() {
            let _ = write!(self.out, "{}{},{}", if i == 0 { "" } else { " " }, decimal(x), decimal(y));
        }
        let _ = writeln!(self.out, "{}\" {attributes}/>", if closed { "Z" } else { "" });
    }
}

impl DrawingBackend for Canvas {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Drawn {
        self.draw_rect(point, (point.0 + 1, point.1 + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let attributes = self.stroke(style.color(), style.stroke_width());
        self.path(path, false, &format!("fill=\"none\"{attributes}"));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vertices: I, style: &S) -> Drawn {
        let attributes = self.fill(style.color());
        self.path(vertices, true, &attributes);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, filled: bool) -> Drawn {
        let look = match filled {
            true => self.fill(style.color()),
            false => format!("fill=\"none\"{}", self.stroke(style.color(), style.stroke_width())),
        };
        let (x, y) = (decimal(a.0.min(b.0)), decimal(a.1.min(b.1)));
        let (width, height) = (decimal((a.0 - b.0).abs()), decimal((a.1 - b.1).abs()));
        let _ = writeln!(self.out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {look}/>");
        Ok(())
    }
}

/// A curve with a pattern and round joints.
pub(super) struct Curve<C> {
    pub vertices: Vec<C>,
    pub colour: Rgb,
    /// Width in points.
    pub width: f64,
    pub pattern: Stroke,
}

impl<'a, C> PointCollection<'a, C> for &'a Curve<C> {
    type Point = &'a C;
    type IntoIter = &'a [C];

    fn point_iter(self) -> &'a [C] {
        &self.vertices
    }
}

impl<C> Drawable<Canvas> for Curve<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, at: I, canvas: &mut Canvas, _: (u32, u32)) -> Drawn {
        let colour = BackendColor { alpha: 1.0, rgb: (self.colour.0, self.colour.1, self.colour.2) };
        // Dashes end square and grow with the line; joints are round so that a steep hinge has no spike.
        // The gaps are wide enough to show a line that lies below.
        let parts: &[f64] = match self.pattern {
            Stroke::Solid => &[],
            Stroke::Dashed => &[3.4, 2.0],
            Stroke::Dotted => &[1.1, 1.3],
            Stroke::DashDotted => &[4.4, 1.7, 1.1, 1.7],
        };
        let parts: Vec<String> = parts.iter().map(|part| format!("{:.1}", part * self.width)).collect();
        let dashes =
            if parts.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", parts.join(" ")) };
        let look = canvas.stroke(colour, pixels(self.width) as u32);
        canvas.path(at, false, &format!("fill=\"none\" stroke-linejoin=\"round\"{look}{dashes}"));
        Ok(())
    }
}

/// A point; colours come from the group it stands in.
pub(super) struct Mark<C> {
    pub at: C,
    pub shape: Marker,
    /// Radius of the circle, or of the circle with the same area, in points.
    pub radius: f64,
    /// Shown by browsers when the pointer rests on the point; left out when empty.
    pub name: String,
}

impl<'a, C> PointCollection<'a, C> for &'a Mark<C> {
    type Point = &'a C;
    type IntoIter = std::iter::Once<&'a C>;

    fn point_iter(self) -> Self::IntoIter {
        std::iter::once(&self.at)
    }
}

impl<C> Drawable<Canvas> for Mark<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, mut at: I, canvas: &mut Canvas, _: (u32, u32)) -> Drawn {
        let Some((x, y)) = at.next() else { return Ok(()) };
        let radius = |factor: f64| pixels(factor * self.radius);
        let name = match self.name.is_empty() {
            true => "/>".to_owned(),
            false => format!("><title>{}</title>", escaped(&self.name)),
        };
        let close = |tag: &str| if self.name.is_empty() { String::new() } else { format!("</{tag}>") };
        let polygon = |corners: &[(i32, i32)]| {
            let spots: Vec<String> =
                corners.iter().map(|(dx, dy)| format!("{},{}", decimal(x + dx), decimal(y + dy))).collect();
            format!("<polygon points=\"{}\"{name}{}", spots.join(" "), close("polygon"))
        };
        let shape = match self.shape {
            Marker::Circle | Marker::Ring => {
                let (cx, cy, r) = (decimal(x), decimal(y), decimal(radius(1.0)));
                format!("<circle cx=\"{cx}\" cy=\"{cy}\" r=\"{r}\"{name}{}", close("circle"))
            }
            // Factors give every shape the area of the circle.
            Marker::Square => {
                let a = radius(0.886);
                polygon(&[(-a, -a), (a, -a), (a, a), (-a, a)])
            }
            Marker::Triangle => {
                let (up, half, down) = (radius(1.45), radius(1.26), radius(0.73));
                polygon(&[(0, -up), (half, down), (-half, down)])
            }
            Marker::Diamond => {
                let a = radius(1.253);
                polygon(&[(0, -a), (a, 0), (0, a), (-a, 0)])
            }
            Marker::Dash => {
                let (half, thick) = (radius(0.75), radius(0.12));
                polygon(&[(-half, -thick), (half, -thick), (half, thick), (-half, thick)])
            }
        };
        canvas.out.push_str(&shape);
        canvas.out.push('\n');
        Ok(())
    }
}

/// Reach of a marker around its centre as a multiple of its radius.
pub(super) fn reach(shape: Marker) -> f64 {
    match shape {
        Marker::Circle | Marker::Ring | Marker::Dash => 1.0,
        Marker::Square | Marker::Diamond => 1.26,
        Marker::Triangle => 1.46,
    }
}

impl<'a> PointCollection<'a, BackendCoord> for &'a Words {
    type Point = BackendCoord;
    type IntoIter = std::iter::Once<BackendCoord>;

    fn point_iter(self) -> Self::IntoIter {
        std::iter::once((pixels(self.at.0), pixels(self.at.1)))
    }
}

impl Drawable<Canvas> for Words {
    fn draw<I: Iterator<Item = BackendCoord>>(&self, mut at: I, canvas: &mut Canvas, _: (u32, u32)) -> Drawn {
        let Some((x, y)) = at.next() else { return Ok(()) };
        let (x, y) = (decimal(x), decimal(y));
        let colour = canvas.look.tone(self.colour).hex();
        let out = &mut canvas.out;
        let _ = write!(out, "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" fill=\"{colour}\"", self.size);
        match self.anchor {
            Anchor::Start => {}
            Anchor::Middle => out.push_str(" text-anchor=\"middle\""),
            Anchor::End => out.push_str(" text-anchor=\"end\""),
        }
        if self.bold {
            out.push_str(" font-weight=\"bold\"");
        }
        if self.turn != 0.0 {
            let _ = write!(out, " transform=\"rotate({} {x} {y})\"", self.turn);
        }
        if !self.class.is_empty() {
            let _ = write!(out, " class=\"{}\"", self.class);
        }
        out.push('>');
        let mut lifted = false;
        for run in &self.line.runs {
            // A shift holds for all that follows, so the run after an exponent has to come down again.
            let shift = decimal(pixels(RAISED_BY * self.size));
            let text = escaped(&run.text);
            let _ = match (run.raised, lifted) {
                (true, _) => {
                    let size = decimal(pixels(RAISED_SIZE * self.size));
                    write!(out, "<tspan dy=\"-{shift}\" font-size=\"{size}\">{text}</tspan>")
                }
                (false, true) => write!(out, "<tspan dy=\"{shift}\">{text}</tspan>"),
                (false, false) => write!(out, "{text}"),
            };
            lifted = run.raised;
        }
        out.push_str("</text>\n");
        Ok(())
    }
}

fn opacity(part: &str, alpha: f64) -> String {
    if alpha >= 1.0 { String::new() } else { format!(" {part}-opacity=\"{alpha}\"") }
}

/// Pixels as points, without needless digits.
fn decimal(pixels: i32) -> String {
    let text = format!("{:.2}", f64::from(pixels) / PIXELS_PER_POINT);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A text safe inside SVG, in content and in attributes; characters that XML forbids are dropped.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_whitespace() => safe.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => safe.push(c),
        }
    }
    safe
}
