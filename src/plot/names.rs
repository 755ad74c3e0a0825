//! Places for the names of points.
//!
//! Every labelled point has candidate places on rings around it, at a cost: the distance, lines that the name would
//! cover, points that its leader would pass over. What covers a point, a bar or the notes is no candidate. Names are
//! placed one by one, those with the fewest candidates first, each at its cheapest place that touches no other name;
//! then names move, alone or by driving out one or two others that find a place elsewhere, as long as the sum of costs
//! falls. (Point-feature labelling with the moves of Christensen, Marks and Shieber 1995; descent in place of annealing,
//! so that the same data give the same picture.)

use super::geometry::{Obstacle, Rect, Spot, crosses};
use super::text::{Anchor, DESCENT, HALF_CAPITAL, Line, Words};
use super::theme::{INK, Role, Theme};

/// Directions from the point in which a name may stand, best first.
const DIRECTIONS: [Spot; 16] = [
    (1.0, -0.55),
    (-1.0, -0.55),
    (1.0, 0.55),
    (-1.0, 0.55),
    (0.0, -1.0),
    (0.0, 1.0),
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.5, -1.0),
    (-0.5, -1.0),
    (0.5, 1.0),
    (-0.5, 1.0),
    (1.0, -1.0),
    (-1.0, -1.0),
    (1.0, 1.0),
    (-1.0, 1.0),
];
/// Distances of a name from the edge of its point in points.
const RINGS: [f64; 10] = [0.8, 3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 38.0, 50.0, 65.0];
/// From this distance on a line leads from the name to its point.
const LEADER_FROM: f64 = 5.0;
/// Cost of a leader that passes over another point.
const PASSING: f64 = 60.0;
/// Cost of a name that is left out: more than any place costs.
const OMITTED: f64 = 500.0;
/// Most that covered lines may cost.
const COVERED_LIMIT: f64 = 80.0;
/// Free space around a name in points, across and upwards.
const CLEARANCE: (f64, f64) = (1.6, 0.4);
/// Half the width kept free along a leader in points.
const LEADER_CLEARANCE: f64 = 0.6;
/// Most rounds in which names move.
const ROUNDS: usize = 12;
/// Most names that a move may drive out.
const DRIVEN_OUT: usize = 2;

/// A point whose name is wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub at: Spot,
    pub name: String,
}

/// Names at their places.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub words: Vec<Words>,
    /// Lines from a name to its point, where they stand apart.
    pub leaders: Vec<(Spot, Spot)>,
    /// Names for which there was no place.
    pub omitted: usize,
}

/// What stands around the names of points.
pub(super) struct Surroundings<'a> {
    /// Radius of the points in points.
    pub radius: f64,
    pub frame: &'a Rect,
    /// Never covered.
    pub hard: &'a [Obstacle],
    /// Covered at a cost, given as a distance in points.
    pub soft: &'a [(Obstacle, f64)],
}

/// A place where a name may stand.
#[derive(Debug, Clone, Copy)]
struct Place {
    rect: Rect,
    leader: Option<(Spot, Spot)>,
    cost: f64,
}

/// Places the names of points.
pub(super) fn names(wanted: &[Wanted], around: &Surroundings, theme: &Theme) -> Names {
    let size = theme.size(Role::PointLabel);
    let lines: Vec<Line> = wanted.iter().map(|w| Line::new(&w.name)).collect();
    let extent = |line: &Line| (line.width(size, false), (line.ascent() + DESCENT) * size);
    let places: Vec<Vec<Place>> = wanted.iter().zip(&lines).map(|(w, l)| candidates(w.at, extent(l), around)).collect();
    let chosen = choose(&places);
    let mut names = Names { omitted: chosen.iter().filter(|c| c.is_none()).count(), ..Names::default() };
    for (line, place) in lines.into_iter().zip(chosen) {
        let Some(Place { rect, leader, .. }) = place else { continue };
        names.leaders.extend(leader);
        let at = (rect.x0, rect.y0 + line.ascent() * size);
        let (bold, anchor, turn) = (false, Anchor::Start, 0.0);
        names.words.push(Words { line, at, size, bold, anchor, turn, colour: INK, class: "label" });
    }
    names
}

/// A place for every name, or none.
fn choose(places: &[Vec<Place>]) -> Vec<Option<Place>> {
    let mut chosen: Vec<Option<Place>> = vec![None; places.len()];
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|&i| places[i].len());
    for &i in &order {
        chosen[i] = cheapest(&places[i], &chosen, i);
    }
    for _ in 0..ROUNDS {
        let mut moved = false;
        for &i in &order {
            let better = places[i].iter().take_while(|place| place.cost < cost(&chosen[i]));
            let better: Vec<Place> = better.copied().collect();
            let improved = better.into_iter().find_map(|place| after_move(places, &chosen, i, place));
            if let Some(improved) = improved {
                chosen = improved;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    chosen
}

/// The choice after name `i` has moved and those in its way have left; `None` unless the sum of costs falls.
fn after_move(places: &[Vec<Place>], chosen: &[Option<Place>], i: usize, place: Place) -> Option<Vec<Option<Place>>> {
    let in_the_way = |(j, other): (usize, &Option<Place>)| {
        (j != i && other.as_ref().is_some_and(|other| place.disturbs(other))).then_some(j)
    };
    let driven_out: Vec<usize> = chosen.iter().enumerate().filter_map(in_the_way).collect();
    if driven_out.len() > DRIVEN_OUT {
        return None;
    }
    let mut next = chosen.to_vec();
    next[i] = Some(place);
    driven_out.iter().for_each(|&j| next[j] = None);
    for &j in &driven_out {
        next[j] = cheapest(&places[j], &next, j);
    }
    let sum = |choice: &[Option<Place>]| driven_out.iter().chain([&i]).map(|&j| cost(&choice[j])).sum::<f64>();
    // A tenth of a point is no reason to move, and keeps rounding from moving names to and fro.
    (sum(&next) < sum(chosen) - 0.1).then_some(next)
}

fn cost(place: &Option<Place>) -> f64 {
    place.map_or(OMITTED, |place| place.cost)
}

/// The cheapest place of name `i` beside the others.
fn cheapest(places: &[Place], chosen: &[Option<Place>], i: usize) -> Option<Place> {
    let free = |place: &&Place| {
        !chosen.iter().enumerate().any(|(j, other)| j != i && other.as_ref().is_some_and(|other| place.disturbs(other)))
    };
    places.iter().find(free).copied()
}

impl Place {
    /// Whether two names, or their leaders, come too close.
    fn disturbs(&self, other: &Self) -> bool {
        let (dx, dy) = CLEARANCE;
        let needed = Rect::new(self.rect.x0 - dx, self.rect.y0 - dy, self.rect.x1 + dx, self.rect.y1 + dy);
        let runs_into = |leader: Option<(Spot, Spot)>, rect: &Rect| {
            leader.is_some_and(|(from, to)| crosses(from, to, &rect.grown(LEADER_CLEARANCE)))
        };
        let meet = |a: (Spot, Spot), b: (Spot, Spot)| {
            let side = |p: Spot, q: Spot, r: Spot| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
            side(a.0, a.1, b.0) * side(a.0, a.1, b.1) < 0.0 && side(b.0, b.1, a.0) * side(b.0, b.1, a.1) < 0.0
        };
        needed.overlaps(&other.rect)
            || runs_into(self.leader, &other.rect)
            || runs_into(other.leader, &self.rect)
            || self.leader.zip(other.leader).is_some_and(|(a, b)| meet(a, b))
    }
}

/// The places where a name may stand, cheapest first.
fn candidates(at: Spot, extent: (f64, f64), around: &Surroundings) -> Vec<Place> {
    let mut places = Vec::new();
    for distance in RINGS {
        for (rank, direction) in DIRECTIONS.iter().enumerate() {
            let rect = beside(at, *direction, around.radius + distance, extent);
            let (dx, dy) = CLEARANCE;
            let needed = Rect::new(rect.x0 - dx, rect.y0 - dy, rect.x1 + dx, rect.y1 + dy);
            if !around.frame.encloses(&needed) || around.hard.iter().any(|o| o.touches(&needed)) {
                continue;
            }
            let near = rect.nearest(at);
            let leader = (distance >= LEADER_FROM).then(|| (edge(at, near, around.radius), near));
            let is_box = |o: &&Obstacle| matches!(o, Obstacle::Box(_));
            if leader.is_some_and(|(from, to)| around.hard.iter().filter(is_box).any(|o| o.is_crossed(from, to))) {
                continue;
            }
            let passes = |(from, to)| around.hard.iter().filter(|o| lies_under(o, at, from, to)).count();
            let covered: f64 = around.soft.iter().filter(|(o, _)| o.touches(&needed)).map(|(_, cost)| cost).sum();
            let passed = PASSING * leader.map_or(0, passes) as f64;
            places.push(Place {
                rect,
                leader,
                cost: distance + 0.25 * rank as f64 + covered.min(COVERED_LIMIT) + passed,
            });
        }
    }
    places.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    places
}

/// The rectangle of a name that stands in a direction from a point.
fn beside(at: Spot, direction: Spot, distance: f64, (width, height): (f64, f64)) -> Rect {
    let length = direction.0.hypot(direction.1);
    let (dx, dy) = (direction.0 / length * distance, direction.1 / length * distance);
    let x = match direction.0 {
        d if d >= 1.0 => at.0 + dx,
        d if d <= -1.0 => at.0 + dx - width,
        d => at.0 + dx - width / 2.0 + d * 0.4 * width,
    };
    let y = match direction.1 {
        d if d > 0.0 => at.1 + dy - 0.15 * height,
        d if d < 0.0 => at.1 + dy - 0.85 * height,
        _ => at.1 - height + HALF_CAPITAL * height,
    };
    Rect::new(x, y, x + width, y + height)
}

/// Where a line from a point's centre towards `to` leaves its marker.
fn edge(at: Spot, to: Spot, radius: f64) -> Spot {
    let (dx, dy) = (to.0 - at.0, to.1 - at.1);
    let length = dx.hypot(dy).max(1e-9);
    (at.0 + dx / length * radius, at.1 + dy / length * radius)
}

/// Whether a leader passes over a point other than its own.
fn lies_under(placed: &Obstacle, own: Spot, from: Spot, to: Spot) -> bool {
    let Obstacle::Disk { centre, radius } = placed else { return false };
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let along = ((centre.0 - from.0) * dx + (centre.1 - from.1) * dy) / (dx * dx + dy * dy).max(1e-12);
    let near = (from.0 + along.clamp(0.0, 1.0) * dx, from.1 + along.clamp(0.0, 1.0) * dy);
    *centre != own && (near.0 - centre.0).hypot(near.1 - centre.1) < *radius
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect { x0: 0.0, y0: 0.0, x1: 120.0, y1: 80.0 };

    #[test]
    fn no_leader_passes_through_the_box_of_notes() {
        // A wall of points leaves places for names only beyond the box.
        let notes = Rect::new(30.0, 20.0, 90.0, 34.0);
        let hard = [Obstacle::Box(notes), Obstacle::Box(Rect::new(0.0, 36.0, 120.0, 80.0))];
        let around = Surroundings { radius: 2.5, frame: &FRAME, hard: &hard, soft: &[] };
        for place in candidates((60.0, 38.0), (20.0, 8.0), &around) {
            assert!(place.leader.is_none_or(|(from, to)| !crosses(from, to, &notes)), "{place:?}");
        }
    }

    fn placed(at: &[Spot], soft: &[(Obstacle, f64)]) -> Names {
        let wanted: Vec<Wanted> = at.iter().map(|&at| Wanted { at, name: "model".into() }).collect();
        let hard: Vec<Obstacle> = at.iter().map(|&centre| Obstacle::Disk { centre, radius: 2.5 }).collect();
        let around = Surroundings { radius: 2.5, frame: &FRAME, hard: &hard, soft };
        names(&wanted, &around, &Theme::default())
    }

    #[test]
    fn a_lonely_point_has_its_name_beside_it() {
        let names = placed(&[(60.0, 40.0)], &[]);
        assert!(names.leaders.is_empty());
        let bounds = names.words[0].bounds();
        assert!(bounds.x0 > 60.0 && bounds.x0 < 68.0 && (bounds.y0 - 40.0).abs() < 12.0);
    }

    #[test]
    fn a_name_makes_room_for_one_that_has_no_other_place() {
        // Beside each other in a corridor between two lines, only places above and below are free.
        let line = |y: f64| (Obstacle::Segment { from: (0.0, y), to: (120.0, y), half_width: 0.7 }, 25.0);
        let names = placed(&[(50.0, 40.0), (56.0, 40.0), (62.0, 40.0)], &[line(36.0), line(44.0)]);
        assert_eq!((names.omitted, names.words.len()), (0, 3));
        for words in &names.words {
            let bounds = words.bounds();
            assert!(bounds.y1 < 36.0 || bounds.y0 > 44.0, "{bounds:?} lies on a line");
        }
    }

    #[test]
    fn more_names_than_fit_are_counted() {
        let at: Vec<Spot> = (0..60).map(|i| (8.0 + 11.0 * f64::from(i % 10), 8.0 + 12.0 * f64::from(i / 10))).collect();
        let names = placed(&at, &[]);
        assert!(names.omitted > 0);
        assert_eq!(names.words.len() + names.omitted, at.len());
    }
}
