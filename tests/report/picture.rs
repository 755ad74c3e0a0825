//! What an SVG of ours shows, read with a parser of its own.

use resvg::usvg::{self, roxmltree};

/// Positions in the files are rounded to hundredths of a point, here and there twice.
pub(crate) const ROUNDING: f64 = 0.03;

/// An upright box.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Box2 {
    pub(crate) x0: f64,
    pub(crate) y0: f64,
    pub(crate) x1: f64,
    pub(crate) y1: f64,
}

impl Box2 {
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }

    pub(crate) fn holds(&self, (x, y): (f64, f64)) -> bool {
        x > self.x0 && x < self.x1 && y > self.y0 && y < self.y1
    }

    pub(crate) fn distance(&self, (x, y): (f64, f64)) -> f64 {
        let (nx, ny) = (x.clamp(self.x0, self.x1), y.clamp(self.y0, self.y1));
        (nx - x).hypot(ny - y)
    }
}

/// A text with the box of its ink, as another program sees it.
pub(crate) struct Text {
    pub(crate) class: String,
    pub(crate) content: String,
    pub(crate) size: f64,
    pub(crate) ink: Option<Box2>,
    /// The corners of the ink in turn; a slanted text is smaller than its box.
    pub(crate) corners: [(f64, f64); 4],
    pub(crate) at: (f64, f64),
}

/// What an SVG shows, in points.
pub(crate) struct Picture {
    pub(crate) size: (f64, f64),
    pub(crate) texts: Vec<Text>,
    /// Boxes of notes.
    pub(crate) notes: Vec<Box2>,
    /// Centre and radius of points with names.
    pub(crate) circles: Vec<(f64, f64, f64)>,
    /// Boxes of points of other shapes.
    pub(crate) polygons: Vec<Box2>,
    /// Stroked paths of lines and rules: vertices.
    pub(crate) curves: Vec<Vec<(f64, f64)>>,
    /// Filled paths of bands.
    pub(crate) areas: Vec<Vec<(f64, f64)>>,
}

fn fonts() -> usvg::fontdb::Database {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts
}

/// The ink of a text: its box, and the corners of its box before it was turned.
type Ink = (Option<Box2>, [(f64, f64); 4]);

fn ink_boxes(svg: &str) -> Vec<Ink> {
    fn walk(group: &usvg::Group, found: &mut Vec<Ink>) {
        for node in group.children() {
            match node {
                usvg::Node::Group(inner) => walk(inner, found),
                usvg::Node::Text(text) => {
                    let flat = text.flattened().bounding_box();
                    let ink = flat.transform(text.abs_transform());
                    let mut corners = [
                        (flat.left(), flat.top()),
                        (flat.right(), flat.top()),
                        (flat.right(), flat.bottom()),
                        (flat.left(), flat.bottom()),
                    ]
                    .map(|(x, y)| usvg::tiny_skia_path::Point::from_xy(x, y));
                    text.abs_transform().map_points(&mut corners);
                    // CSS pixels to points.
                    let edge = |v: f32| 0.75 * f64::from(v);
                    let in_points = |b: usvg::Rect| Box2 {
                        x0: edge(b.left()),
                        y0: edge(b.top()),
                        x1: edge(b.right()),
                        y1: edge(b.bottom()),
                    };
                    found.push((ink.map(in_points), corners.map(|p| (edge(p.x), edge(p.y)))));
                }
                _ => {}
            }
        }
    }
    let options = usvg::Options { fontdb: std::sync::Arc::new(fonts()), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).expect("the SVG parses");
    let mut found = Vec::new();
    walk(tree.root(), &mut found);
    found
}

pub(crate) fn picture(svg: &str) -> Picture {
    let document = roxmltree::Document::parse(svg).expect("the SVG is well-formed XML");
    let number = |node: roxmltree::Node, name: &str| {
        node.attribute(name).and_then(|v| v.trim_end_matches("pt").parse::<f64>().ok()).unwrap_or(f64::NAN)
    };
    let in_class = |node: roxmltree::Node, class: &str| node.ancestors().any(|a| a.attribute("class") == Some(class));
    let elements = || document.descendants().filter(roxmltree::Node::is_element);
    let named = |tag: &'static str| elements().filter(move |n| n.has_tag_name(tag));
    let root = document.root_element();
    // usvg drops texts without a glyph, so an empty one would shift the two lists.
    let nodes: Vec<_> = named("text").collect();
    let inks = ink_boxes(svg);
    assert_eq!(nodes.len(), inks.len(), "every text is drawn");
    let texts = nodes.iter().zip(inks).map(|(node, (ink, corners))| Text {
        class: node.attribute("class").unwrap_or_default().to_owned(),
        content: node.descendants().filter_map(|n| if n.is_text() { n.text() } else { None }).collect(),
        size: number(*node, "font-size"),
        ink,
        corners,
        at: (number(*node, "x"), number(*node, "y")),
    });
    let notes = named("rect").filter(|n| in_class(*n, "notes") && n.attribute("fill") != Some("none")).map(|n| {
        let (x0, y0) = (number(n, "x"), number(n, "y"));
        Box2 { x0, y0, x1: x0 + number(n, "width"), y1: y0 + number(n, "height") }
    });
    let circles =
        named("circle").filter(|n| in_class(*n, "points")).map(|n| (number(n, "cx"), number(n, "cy"), number(n, "r")));
    let bounds = |n: roxmltree::Node| -> Box2 {
        let spots = n.attribute("points").unwrap_or_default().split(' ').filter_map(|p| {
            let (x, y) = p.split_once(',')?;
            Some((x.parse::<f64>().ok()?, y.parse::<f64>().ok()?))
        });
        let none = Box2 { x0: f64::INFINITY, y0: f64::INFINITY, x1: f64::NEG_INFINITY, y1: f64::NEG_INFINITY };
        spots.fold(none, |b, (x, y)| Box2 { x0: b.x0.min(x), y0: b.y0.min(y), x1: b.x1.max(x), y1: b.y1.max(y) })
    };
    let polygons = named("polygon").filter(|n| in_class(*n, "points")).map(bounds).collect();
    let vertices = |n: roxmltree::Node| -> Vec<(f64, f64)> {
        let d = n.attribute("d").unwrap_or_default().trim_start_matches('M').trim_end_matches('Z');
        let pair = |p: &str| p.split_once(',').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()));
        d.split(' ').filter_map(pair).collect()
    };
    let drawn = |n: &roxmltree::Node| n.attribute("stroke-linejoin").is_some();
    Picture {
        size: (number(root, "width"), number(root, "height")),
        texts: texts.collect(),
        notes: notes.collect(),
        circles: circles.collect(),
        polygons,
        curves: named("path").filter(drawn).map(vertices).collect(),
        areas: named("path").filter(|n| n.attribute("fill") != Some("none")).map(vertices).collect(),
    }
}

/// That nothing written is cut off.
pub(crate) fn assert_text_is_inside(picture: &Picture) {
    for text in &picture.texts {
        let Some(ink) = text.ink else { continue };
        let inside = ink.x0 >= 0.0 && ink.y0 >= 0.0 && ink.x1 <= picture.size.0 && ink.y1 <= picture.size.1;
        assert!(inside, "{:?} is cut off: {ink:?} on {:?}", text.content, picture.size);
    }
}
