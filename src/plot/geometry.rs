//! Rectangles, what they must not cover, and the clipping of lines and areas to a rectangle.

/// A position on the canvas in points, the origin at its upper left corner, or a position in axis space.
pub(super) type Spot = (f64, f64);

/// An upright rectangle with `x0 <= x1` and `y0 <= y1`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl Rect {
    pub(super) fn new(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        Self { x0, y0, x1, y1 }
    }

    pub(super) fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    pub(super) fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    /// The rectangle with every side moved outwards by `by`.
    pub(super) fn grown(&self, by: f64) -> Self {
        Self::new(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }

    pub(super) fn encloses(&self, other: &Self) -> bool {
        self.x0 <= other.x0 && self.y0 <= other.y0 && self.x1 >= other.x1 && self.y1 >= other.y1
    }

    /// The point of the rectangle nearest to `to`.
    pub(super) fn nearest(&self, to: Spot) -> Spot {
        (to.0.max(self.x0).min(self.x1), to.1.max(self.y0).min(self.y1))
    }

    fn corners(&self) -> [Spot; 4] {
        [(self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1)]
    }
}

/// Something drawn that text must not cover.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Obstacle {
    /// A marker, by centre and outer radius.
    Disk { centre: Spot, radius: f64 },
    /// A stretch of line.
    Segment { from: Spot, to: Spot, half_width: f64 },
    /// One stretch of a band: a convex polygon by its corners.
    Convex(Vec<Spot>),
    /// A bar, or text that is already placed.
    Box(Rect),
}

impl Obstacle {
    /// Whether a thin line passes through a box; of other obstacles, never.
    pub(super) fn is_crossed(&self, from: Spot, to: Spot) -> bool {
        matches!(self, Self::Box(rect) if crosses(from, to, rect))
    }

    /// Whether any part of the obstacle lies inside `rect`.
    pub(super) fn touches(&self, rect: &Rect) -> bool {
        match self {
            Self::Disk { centre, radius } => {
                let near = rect.nearest(*centre);
                (near.0 - centre.0).hypot(near.1 - centre.1) < *radius
            }
            Self::Segment { from, to, half_width } => crosses(*from, *to, &rect.grown(*half_width)),
            Self::Convex(corners) => convex_overlap(corners, &rect.corners()),
            Self::Box(other) => rect.overlaps(other),
        }
    }
}

/// Part of the segment inside the rectangle as parameters in `0..=1`, by Liang and Barsky (1984); `None` when outside.
fn inside_part(from: Spot, to: Spot, rect: &Rect) -> Option<(f64, f64)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    let sides = [(-dx, from.0 - rect.x0), (dx, rect.x1 - from.0), (-dy, from.1 - rect.y0), (dy, rect.y1 - from.1)];
    for (step, room) in sides {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            start = start.max(room / step);
        } else {
            end = end.min(room / step);
        }
    }
    (start <= end).then_some((start, end))
}

/// Whether a segment passes through a rectangle.
pub(super) fn crosses(from: Spot, to: Spot, rect: &Rect) -> bool {
    inside_part(from, to, rect).is_some()
}

/// Separating-axis test for two convex polygons; touching edges do not count.
fn convex_overlap(a: &[Spot], b: &[Spot]) -> bool {
    let separated_by_edge_of = |shape: &[Spot]| {
        (0..shape.len()).any(|i| {
            let (p, q) = (shape[i], shape[(i + 1) % shape.len()]);
            let normal = (q.1 - p.1, p.0 - q.0);
            let along = |s: &Spot| s.0 * normal.0 + s.1 * normal.1;
            let reach = |shape: &[Spot]| {
                shape.iter().map(along).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)))
            };
            let (first, second) = (reach(a), reach(b));
            // A zero-length edge has no normal and separates nothing.
            normal != (0.0, 0.0) && (first.1 <= second.0 || second.1 <= first.0)
        })
    };
    !separated_by_edge_of(a) && !separated_by_edge_of(b)
}

/// The pieces of a polyline that lie inside a rectangle, each with at least two vertices.
pub(super) fn clip_line(vertices: &[Spot], rect: &Rect) -> Vec<Vec<Spot>> {
    let mut pieces: Vec<Vec<Spot>> = Vec::new();
    let mut open = false;
    for pair in vertices.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let Some((start, end)) = inside_part(from, to, rect) else {
            open = false;
            continue;
        };
        // Ends inside stay as they are, to the last digit.
        let at = |t: f64| match t {
            0.0 => from,
            1.0 => to,
            _ => rect.nearest((from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1))),
        };
        match pieces.last_mut() {
            Some(piece) if open && start == 0.0 => piece.push(at(end)),
            _ => pieces.push(vec![at(start), at(end)]),
        }
        open = end == 1.0;
    }
    pieces
}

/// A polygon cut to a rectangle, by Sutherland and Hodgman (1974); empty when outside.
pub(super) fn clip_polygon(vertices: &[Spot], rect: &Rect) -> Vec<Spot> {
    type Coordinate = fn(Spot) -> f64;
    let (x, y): (Coordinate, Coordinate) = (|s| s.0, |s| s.1);
    let sides = [(x, rect.x0, 1.0), (x, rect.x1, -1.0), (y, rect.y0, 1.0), (y, rect.y1, -1.0)];
    let mut shape = vertices.to_vec();
    for (coordinate, limit, sign) in sides {
        let room = |s: Spot| sign * (coordinate(s) - limit);
        let mut kept = Vec::with_capacity(shape.len() + 4);
        for (i, &here) in shape.iter().enumerate() {
            let before = shape[(i + shape.len() - 1) % shape.len()];
            if (room(before) < 0.0) != (room(here) < 0.0) {
                let t = room(before) / (room(before) - room(here));
                kept.push((before.0 + t * (here.0 - before.0), before.1 + t * (here.1 - before.1)));
            }
            if room(here) >= 0.0 {
                kept.push(here);
            }
        }
        shape = kept;
    }
    shape.into_iter().map(|s| rect.nearest(s)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Rect = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 };

    #[test]
    fn a_line_that_leaves_and_returns_is_cut_into_two_pieces() {
        let pieces = clip_line(&[(0.5, 0.5), (2.0, 0.5), (2.0, 0.25), (0.5, 0.25)], &UNIT);
        assert_eq!(pieces, vec![vec![(0.5, 0.5), (1.0, 0.5)], vec![(1.0, 0.25), (0.5, 0.25)]]);
    }

    #[test]
    fn a_line_inside_stays_one_piece() {
        let line = [(0.1, 0.1), (0.5, 0.9), (0.9, 0.2)];
        assert_eq!(clip_line(&line, &UNIT), vec![line.to_vec()]);
    }

    #[test]
    fn a_polygon_around_the_rectangle_is_cut_to_the_rectangle() {
        let around = [(-1.0, -1.0), (2.0, -1.0), (2.0, 2.0), (-1.0, 2.0)];
        let cut = clip_polygon(&around, &UNIT);
        let reach = |f: fn(&Spot) -> f64| cut.iter().map(f).fold((9.0_f64, -9.0_f64), |(l, h), v| (l.min(v), h.max(v)));
        assert_eq!((reach(|s| s.0), reach(|s| s.1)), ((0.0, 1.0), (0.0, 1.0)));
        assert!(clip_polygon(&[(2.0, 2.0), (3.0, 2.0), (3.0, 3.0)], &UNIT).is_empty());
    }

    #[test]
    fn a_diagonal_line_beside_a_rectangle_does_not_touch_it() {
        let beside = Obstacle::Segment { from: (1.2, -1.0), to: (3.0, 1.0), half_width: 0.1 };
        let through = Obstacle::Segment { from: (-1.0, 0.5), to: (0.5, 2.0), half_width: 0.6 };
        assert!(!beside.touches(&UNIT));
        assert!(through.touches(&UNIT));
    }

    #[test]
    fn a_slanted_band_touches_only_what_it_covers() {
        let band = Obstacle::Convex(vec![(0.0, 2.0), (2.0, 0.0), (2.0, 1.0), (0.0, 3.0)]);
        assert!(!band.touches(&Rect::new(0.0, 0.0, 0.9, 0.9)));
        assert!(band.touches(&Rect::new(0.0, 0.0, 1.1, 1.1)));
    }
}
