//! Figures: from [`Figure`] to SVG, PNG and PDF.
//!
//! One renderer draws every figure, because a figure is data first: panels, layers, notes and a legend. [`draw`] sets
//! and draws it once as SVG; PNG and PDF are made from that SVG, so the three never differ. Fonts are compiled in, and
//! the same figure gives the same bytes on every machine and in every thread.
//!
//! ```
//! use onset::analysis::figure::{Axis, Figure, Hue, Layer, Marker, Panel, Point, Scale};
//! use onset::plot::{Theme, draw};
//!
//! let axis = |label: &str, scale| Axis { label: label.into(), scale, range: None, ticks: vec![], tick_labels: vec![] };
//! let point = |label: &str, x, y| Point { label: label.into(), x, y, interval: None, labelled: true };
//! let figure = Figure {
//!     name: "two_models".into(),
//!     caption: "Accuracy of two models.".into(),
//!     panels: vec![Panel {
//!         title: "MMLU".into(),
//!         x: axis("Pretraining compute (FLOPs)", Scale::Log10),
//!         y: axis("Accuracy", Scale::Linear),
//!         layers: vec![Layer::Points {
//!             series: "models".into(),
//!             hue: Hue::Reference,
//!             marker: Marker::Circle,
//!             points: vec![point("small", 1e21, 0.3), point("large", 1e23, 0.6)],
//!         }],
//!         notes: vec![],
//!     }],
//!     columns: 1,
//!     aspect: 1.3,
//!     legend: vec![],
//!     row_titles: vec![],
//!     footer: String::new(),
//!     title: String::new(),
//! };
//! let drawing = draw(&figure, &Theme::default())?;
//! assert!(drawing.svg().contains("<title>two_models</title>"));
//! assert_eq!(drawing.omitted_labels(), 0);
//! # Ok::<(), onset::Error>(())
//! ```

mod axis;
mod canvas;
mod furniture;
mod geometry;
mod layout;
mod legend;
mod names;
mod notes;
mod palette;
mod panel;
mod pdf;
mod raster;
mod shapes;
mod sharing;
mod text;
mod theme;
mod ticks;
mod vega;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;

use plotters::drawing::DrawingArea;
use resvg::usvg;

use crate::analysis::figure::{Figure, Hue, Layer, LegendKey, Marker, Stroke};
use crate::{Cause, Error, Result};
use canvas::{Canvas, Curve, Mark, pixels};
use geometry::Rect;
use layout::Arrangement;
use legend::Legend;
use panel::{Drawn, Surface};
pub use theme::{Look, Theme};
use theme::{PAPER, Rgb};
pub use vega::vega_lite;

/// A drawn figure.
pub struct Drawing {
    name: String,
    svg: String,
    dpi: f64,
    paper: Rgb,
    omitted_labels: usize,
    // Parsed for the first of PNG and PDF, used again by the second.
    tree: OnceLock<std::result::Result<usvg::Tree, Cause>>,
}

/// Draws a figure.
///
/// Values that have no place (NaN, infinite, not positive on a logarithmic axis, beyond a given range) are left out.
///
/// # Errors
/// [`Error::Drawing`] when the figure has no panel.
pub fn draw(figure: &Figure, theme: &Theme) -> Result<Drawing> {
    let failed = |source| Error::Drawing { figure: figure.name.clone(), source };
    if figure.panels.is_empty() {
        return Err(failed(Cause::of("it has no panel")));
    }
    let arrangement = layout::arrange(figure, theme);
    let svg = write(figure, &arrangement, theme).map_err(|error| failed(Cause::of(error)))?;
    let omitted_labels = arrangement.panels.iter().map(|plan| plan.names.omitted).sum();
    let (dpi, paper) = (theme.resolution(), theme.look.tone(PAPER));
    Ok(Drawing { name: figure.name.clone(), svg, dpi, paper, omitted_labels, tree: OnceLock::new() })
}

impl Drawing {
    /// The figure as SVG, with its name as title and its caption as description.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The figure as PNG on its paper at the theme's resolution.
    ///
    /// # Errors
    /// [`Error::Drawing`] when the picture is too large for the memory.
    pub fn png(&self) -> Result<Vec<u8>> {
        self.tree().and_then(|tree| raster::png(tree, self.dpi, self.paper)).map_err(|source| self.failed(source))
    }

    /// The figure as one-page PDF, its text as text.
    ///
    /// # Errors
    /// [`Error::Drawing`] when the converter fails.
    pub fn pdf(&self) -> Result<Vec<u8>> {
        self.tree().and_then(raster::pdf).map_err(|source| self.failed(source))
    }

    /// How many names of labelled points were left out because every place for them covers something.
    pub fn omitted_labels(&self) -> usize {
        self.omitted_labels
    }

    fn tree(&self) -> std::result::Result<&usvg::Tree, Cause> {
        self.tree.get_or_init(|| raster::parse(&self.svg)).as_ref().map_err(Clone::clone)
    }

    fn failed(&self, source: Cause) -> Error {
        Error::Drawing { figure: self.name.clone(), source }
    }
}

fn write(
    figure: &Figure,
    arrangement: &Arrangement,
    theme: &Theme,
) -> std::result::Result<String, plotters::drawing::DrawingAreaErrorKind<std::convert::Infallible>> {
    let (width, height) = (arrangement.width, arrangement.height);
    let canvas = Canvas::new((width, height), &figure.name, &figure.caption, theme.look);
    let canvas = Rc::new(RefCell::new(canvas));
    let surface = Surface { root: DrawingArea::from(&canvas), canvas, look: theme.look };
    surface.area(&Rect::new(0.0, 0.0, width, height), (PAPER, 1.0), None)?;
    keys(&arrangement.legend, figure, &surface)?;
    for plan in &arrangement.panels {
        surface.group("class=\"panel\"", || panel::draw(plan, &surface, theme))?;
    }
    arrangement.words.iter().try_for_each(|words| surface.root.draw(words))?;
    let svg = surface.canvas.borrow_mut().finish();
    Ok(svg)
}

/// Whether a hue stands for bars in some panel; a box in the legend stands for a band otherwise.
fn has_bars(figure: &Figure, hue: Hue) -> bool {
    let layers = figure.panels.iter().flat_map(|panel| &panel.layers);
    layers.into_iter().any(|layer| matches!(layer, Layer::Bars { hue: of, .. } if *of == hue))
}

/// Draws the legend with the same marks as the panels.
fn keys(legend: &Legend, figure: &Figure, surface: &Surface) -> Drawn {
    for (key, entry) in &legend.keys {
        let middle = ((key.x0 + key.x1) / 2.0, (key.y0 + key.y1) / 2.0);
        let mark = |shape: Marker| {
            let at = (pixels(middle.0), pixels(middle.1));
            surface.group(&surface.point_look(entry.hue, shape), || {
                surface.root.draw(&Mark { at, shape, radius: shapes::LEGEND_RADIUS, name: String::new() })
            })
        };
        let line = |pattern: Stroke| {
            let vertices = vec![(pixels(key.x0), pixels(middle.1)), (pixels(key.x1), pixels(middle.1))];
            // Context is drawn by rules, which are finer than fits.
            let width = if entry.hue == Hue::Context { shapes::RULE } else { shapes::LINE };
            surface.root.draw(&Curve { vertices, colour: theme::colour(entry.hue), width, pattern })
        };
        match entry.key {
            LegendKey::Marker(shape) => mark(shape)?,
            LegendKey::Stroke(pattern) => line(pattern)?,
            LegendKey::MarkedStroke(shape, pattern) => {
                line(pattern)?;
                mark(shape)?;
            }
            LegendKey::Upright(pattern) => {
                let vertices = vec![(pixels(middle.0), pixels(key.y0)), (pixels(middle.0), pixels(key.y1))];
                let colour = theme::colour(entry.hue);
                surface.root.draw(&Curve { vertices, colour, width: shapes::RULE, pattern })?;
            }
            LegendKey::Box => panel::swatch(key, entry.hue, has_bars(figure, entry.hue), surface)?,
        }
    }
    legend.words.iter().try_for_each(|words| surface.root.draw(words))
}
