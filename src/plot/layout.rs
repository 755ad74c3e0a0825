//! Where everything stands on the canvas: panels of equal size, shared labels, titles, legend.
//!
//! Widths are fixed by the page, so the frames get what the labels leave; heights follow from the frames. The sizes of
//! labels depend on the frames in turn, so the grid is set a few times over; each pass starts from the last one's frame.

use super::axis::Ruler;
use super::furniture::{self, Side};
use super::geometry::{Obstacle, Rect};
use super::legend::{Legend, legend};
use super::names::{Names, Surroundings, Wanted, names};
use super::notes::{self, CORNERS, Corner, NoteBox};
use super::shapes::{Coordinates, LINE, Located, Shape, coordinates, place, shapes};
use super::sharing::Sharing;
use super::text::{DESCENT, LEADING, Words, fit, short_name};
use super::theme::{Role, Theme};
use super::ticks::Ticks;
use crate::analysis::figure::{Figure, Note};

/// Least distance of anything from the edge of the canvas in points.
const EDGE: f64 = 3.0;
/// Free space between two columns and between two rows in points.
const GUTTER: (f64, f64) = (9.0, 9.0);
/// Length of major ticks in points.
pub(super) const TICK: f64 = 3.0;
/// Space between things that belong together in points.
const PAD: f64 = 2.5;
/// Frames never get narrower than this many points; the canvas widens instead.
const NARROWEST_FRAME: f64 = 36.0;
/// Widest name of a point, as part of its frame; the later ones where shorter names would be the same.
const WIDEST_NAME: [f64; 4] = [0.44, 0.52, 0.66, 0.88];

/// A figure ready to be drawn.
pub(super) struct Arrangement<'a> {
    pub width: f64,
    pub height: f64,
    pub panels: Vec<PanelPlan<'a>>,
    /// Row titles and labels shared by all panels.
    pub words: Vec<Words>,
    pub legend: Legend<'a>,
}

/// A panel ready to be drawn.
pub(super) struct PanelPlan<'a> {
    pub frame: Rect,
    pub coordinates: Coordinates,
    pub x_ticks: Ticks,
    pub y_ticks: Ticks,
    /// Title, labels of ticks and axes, and notes that found no place inside.
    pub words: Vec<Words>,
    pub shapes: Vec<Shape<'a>>,
    /// Radius of its points in points.
    pub radius: f64,
    /// Width of its lines in points.
    pub line: f64,
    pub notes: Option<NoteBox>,
    pub names: Names,
}

/// What is known before any position is.
struct Grid<'a> {
    figure: &'a Figure,
    theme: &'a Theme,
    columns: usize,
    aspect: f64,
    rulers: Vec<(Ruler, Ruler)>,
    sharing: Sharing<'a>,
}

/// Distances from the edges of the canvas in points.
#[derive(Debug, Clone, Copy)]
struct Margins {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Sets a figure that has at least one panel.
pub(super) fn arrange<'a>(figure: &'a Figure, theme: &'a Theme) -> Arrangement<'a> {
    let own = if figure.aspect.is_finite() { figure.aspect.clamp(0.2, 8.0) } else { 1.3 };
    let mut arrangement = arrange_at(own, figure, theme);
    let Some(wanted) = theme.points_high() else { return arrangement };
    // What stands around the frames depends on their height in small things; the second round settles it.
    for _ in 0..3 {
        let Some(frame) = arrangement.panels.first().map(|plan| plan.frame) else { break };
        let rows = figure.panels.len().div_ceil(figure.columns.clamp(1, figure.panels.len().max(1))) as f64;
        let around = arrangement.height - rows * frame.height();
        let height = ((wanted - around) / rows).max(NARROWEST_FRAME);
        if (height - frame.height()).abs() < 0.01 {
            break;
        }
        arrangement = arrange_at(frame.width() / height, figure, theme);
    }
    arrangement
}

/// Sets it with panels of this width over height.
fn arrange_at<'a>(aspect: f64, figure: &'a Figure, theme: &'a Theme) -> Arrangement<'a> {
    let grid = Grid::new(figure, theme, aspect);
    let mut margins = Margins { left: EDGE, right: EDGE, top: EDGE, bottom: EDGE };
    // Whether the notes of a panel stand above it.
    let mut above = vec![false; figure.panels.len()];
    let mut arrangement = grid.set(margins, &above);
    // Two rounds settle the margins and one the notes; a fourth only meets their combination.
    for _ in 0..4 {
        let mut settled = grow(&mut margins, &arrangement);
        if !settled {
            arrangement = grid.set(margins, &above);
        }
        let homeless = grid.place_notes(&mut arrangement, &above);
        if !homeless.is_empty() {
            grid.send_above(&homeless, &mut above);
            settled = false;
        }
        if settled {
            break;
        }
        arrangement = grid.set(margins, &above);
        grid.place_notes(&mut arrangement, &above);
    }
    let named = grid.place_names(&mut arrangement);
    grid.place_footer(&mut arrangement, margins, named);
    arrangement
}

/// Widens the margins by what sticks out of the canvas; whether nothing did.
fn grow(margins: &mut Margins, arrangement: &Arrangement) -> bool {
    let canvas = Rect::new(EDGE, EDGE, arrangement.width - EDGE, arrangement.height - EDGE);
    let words = arrangement.panels.iter().flat_map(|p| &p.words).chain(&arrangement.words);
    let before = *margins;
    let mut out = Rect::new(0.0, 0.0, 0.0, 0.0);
    for bounds in words.map(Words::bounds) {
        out.x0 = out.x0.max(canvas.x0 - bounds.x0);
        out.y0 = out.y0.max(canvas.y0 - bounds.y0);
        out.x1 = out.x1.max(bounds.x1 - canvas.x1);
        out.y1 = out.y1.max(bounds.y1 - canvas.y1);
    }
    // Text much wider than the page cannot be saved by margins.
    let limit = 0.25 * arrangement.width;
    margins.left = (before.left + out.x0).min(limit);
    margins.right = (before.right + out.x1).min(limit);
    margins.top += out.y0;
    margins.bottom += out.y1;
    out.x0.max(out.y0).max(out.x1).max(out.y1) <= 0.01
}

impl<'a> Grid<'a> {
    fn new(figure: &'a Figure, theme: &'a Theme, aspect: f64) -> Self {
        let panels = &figure.panels;
        let columns = figure.columns.clamp(1, panels.len().max(1));
        let rulers: Vec<(Ruler, Ruler)> = panels.iter().map(|p| (Ruler::across(p), Ruler::upwards(p))).collect();
        let sharing = Sharing::new(panels, &rulers, columns);
        Self { figure, theme, columns, aspect, rulers, sharing }
    }

    fn rows(&self) -> usize {
        self.figure.panels.len().div_ceil(self.columns)
    }

    /// Sets everything but notes and labels.
    fn set(&self, margins: Margins, above: &[bool]) -> Arrangement<'a> {
        let theme = self.theme;
        let aspect = self.aspect;
        let title_row = LEADING * theme.size(Role::Title);
        let label_row = LEADING * theme.size(Role::AxisLabel);
        let row_titles = if self.figure.row_titles.iter().any(|t| !t.is_empty()) { title_row + 2.0 * PAD } else { 0.0 };
        let shared_y = self.sharing.y_label.map_or(0.0, |_| label_row + PAD);
        let page = theme.points_wide(self.figure.is_wide());
        let left = margins.left + row_titles + shared_y;
        let mut frame = ((page - left - margins.right) / self.columns as f64 - 26.0).max(NARROWEST_FRAME);
        let mut sides: Vec<(Side, Side)> = Vec::new();
        let mut starts: Vec<f64> = Vec::new();
        for _ in 0..3 {
            sides = (0..self.figure.panels.len()).map(|i| self.sides(i, (frame, frame / aspect), page)).collect();
            let gaps = self.gaps(&sides);
            let room = page - left - margins.right - gaps.iter().sum::<f64>();
            frame = (room / self.columns as f64).max(NARROWEST_FRAME);
            starts = gaps
                .iter()
                .scan(left, |x, gap| {
                    let start = *x + gap;
                    *x = start + frame;
                    Some(start)
                })
                .collect();
        }
        let width = page.max(starts.last().map_or(0.0, |x| x + frame) + margins.right);
        let heading = furniture::heading(&self.figure.title, (margins.left, width - margins.right), margins.top, theme);
        let top = margins.top + heading.1;
        let legend = legend(&self.figure.legend, (margins.left, width - margins.right), top, theme);
        let mut y = top + if legend.height > 0.0 { legend.height + 2.0 * PAD } else { 0.0 };
        let mut words = heading.0;
        let mut panels: Vec<PanelPlan> = Vec::new();
        let mut first_top = None;
        for row in 0..self.rows() {
            let members = row * self.columns..((row + 1) * self.columns).min(self.figure.panels.len());
            let titles: Vec<(Vec<String>, f64)> = members
                .clone()
                .map(|i| {
                    let room = frame + if self.columns > 1 { GUTTER.0 } else { 0.0 };
                    let title = if row > 0 && self.sharing.titles { "" } else { &self.figure.panels[i].title };
                    fit(title, room, (theme.size(Role::Title), Theme::SMALLEST), false, 3)
                })
                .collect();
            let title_height =
                titles.iter().map(|(lines, size)| lines.len() as f64 * LEADING * size).fold(0.0, f64::max);
            let strip_room = frame + if self.columns > 1 { GUTTER.0 } else { 0.0 };
            let strip_notes = |i: usize| if above[i] { self.notes(i) } else { &[] };
            let strips = members.clone().map(|i| furniture::strip_height(strip_notes(i), strip_room, theme));
            let strip = strips.fold(0.0, f64::max);
            let top = y + title_height + strip + PAD;
            let mut below = 0.0_f64;
            for (i, title) in members.clone().zip(titles) {
                let x = starts[i % self.columns];
                let rect = Rect::new(x, top, x + frame, top + frame / aspect);
                below = below.max(self.below(i, &sides[i].0, frame));
                let mut own = furniture::title(title, &rect, top - PAD - strip, theme);
                own.extend(furniture::strip(strip_notes(i), &rect, strip_room, rect.y0 - PAD, theme));
                panels.push(self.panel(i, rect, &sides[i], own));
            }
            let rect = Rect::new(starts[0], top, starts[0] + frame, top + frame / aspect);
            if let Some(text) = self.figure.row_titles.get(row) {
                let at = margins.left + 0.8 * theme.size(Role::Title);
                words.extend(furniture::upright(text, at, &rect, Role::Title, 1, theme));
            }
            first_top.get_or_insert(top);
            y = top + frame / aspect + below + GUTTER.1;
        }
        let mut bottom = y - GUTTER.1;
        let all = Rect::new(
            starts[0],
            first_top.unwrap_or(0.0),
            starts.last().map_or(0.0, |x| x + frame),
            panels.last().map_or(0.0, |p| p.frame.y1),
        );
        if let Some(text) = self.sharing.x_label {
            let (label, height) = furniture::below(text, bottom + PAD, &all, theme);
            words.extend(label);
            bottom += PAD + height;
        }
        if let Some(text) = self.sharing.y_label {
            let at = margins.left + row_titles + 0.8 * theme.size(Role::AxisLabel);
            words.extend(furniture::upright(text, at, &all, Role::AxisLabel, 1, theme));
        }
        Arrangement { width, height: bottom + margins.bottom, panels, words, legend }
    }

    /// Ticks and tick labels of a panel.
    fn sides(&self, i: usize, (width, height): (f64, f64), page: f64) -> (Side, Side) {
        let (panel, (x, y)) = (&self.figure.panels[i], &self.rulers[i]);
        let size = self.theme.size(Role::Tick);
        (Side::horizontal(&panel.x, x, width, height, size), Side::vertical(&panel.y, y, height, 0.3 * page, size))
    }

    /// Free space to the left of each column's frames.
    fn gaps(&self, sides: &[(Side, Side)]) -> Vec<f64> {
        let in_column = |c: usize| (c..sides.len()).step_by(self.columns);
        let label_row = LEADING * self.theme.size(Role::AxisLabel);
        let gap = |c: usize| {
            let needed = in_column(c).map(|i| {
                let ticks = if self.sharing.own[i].y_ticks { sides[i].1.depth } else { 0.0 };
                let lines = if self.sharing.own[i].y_label { self.y_label_lines(i) } else { 0 };
                TICK + PAD + ticks + lines as f64 * label_row + if lines > 0 { PAD } else { 0.0 }
            });
            let needed = needed.fold(0.0, f64::max);
            if c == 0 {
                return needed;
            }
            // Labels at the ends of two horizontal axes side by side must not meet.
            let right = in_column(c - 1).map(|i| sides[i].0.beyond.1).fold(0.0, f64::max);
            let left = in_column(c).map(|i| sides[i].0.beyond.0).fold(0.0, f64::max);
            (needed + GUTTER.0).max(right + left + 1.2 * self.theme.size(Role::Tick))
        };
        (0..self.columns).map(gap).collect()
    }

    fn y_label_lines(&self, i: usize) -> usize {
        if self.figure.panels[i].y.label.is_empty() { 0 } else { 1 }
    }

    /// Height of what stands below a frame.
    fn below(&self, i: usize, side: &Side, frame: f64) -> f64 {
        let ticks = TICK + if self.sharing.own[i].x_ticks { PAD + side.depth } else { 0.0 };
        let label = &self.figure.panels[i].x.label;
        if !self.sharing.own[i].x_label || label.is_empty() {
            return ticks;
        }
        let sizes = (self.theme.size(Role::AxisLabel), Theme::SMALLEST);
        let (lines, size) = fit(label, frame + GUTTER.0, sizes, false, 2);
        ticks + PAD + lines.len() as f64 * LEADING * size
    }

    fn panel(&self, i: usize, frame: Rect, sides: &(Side, Side), mut words: Vec<Words>) -> PanelPlan<'a> {
        let (panel, (x, y), own) = (&self.figure.panels[i], &self.rulers[i], self.sharing.own[i]);
        let coordinates = coordinates(x, y, &frame);
        let size = self.theme.size(Role::AxisLabel);
        let mut left = frame.x0 - TICK - PAD;
        let mut below = frame.y1 + TICK + PAD;
        if own.y_ticks {
            words.extend(sides.1.beside(|at| place(&coordinates, (x.low, at)).1, left));
            left -= sides.1.depth + PAD;
        }
        if own.x_ticks {
            words.extend(sides.0.under(|at| place(&coordinates, (at, y.low)).0, below));
            below += sides.0.depth + PAD;
        }
        if own.y_label {
            words.extend(furniture::upright(
                &panel.y.label,
                left - DESCENT * size,
                &frame,
                Role::AxisLabel,
                1,
                self.theme,
            ));
        }
        if own.x_label {
            let room = frame.grown(GUTTER.0 / 2.0);
            words.extend(furniture::below(&panel.x.label, below, &room, self.theme).0);
        }
        let shapes = shapes(panel, x, y);
        let points: usize =
            shapes.iter().map(|s| if let Shape::Points { points, .. } = s { points.len() } else { 0 }).sum();
        let small = frame.width() < 125.0;
        let radius = if points > 120 {
            1.7
        } else if small {
            2.0
        } else {
            2.4
        };
        let line = if small { 0.8 * LINE } else { LINE };
        let (x_ticks, y_ticks) = (sides.0.ticks.clone(), sides.1.ticks.clone());
        let (notes, names) = (None, Names::default());
        PanelPlan { frame, coordinates, x_ticks, y_ticks, words, shapes, radius, line, notes, names }
    }

    fn notes(&self, i: usize) -> &'a [Note] {
        &self.figure.panels[i].notes
    }

    /// Places notes inside their panels; returns the panels in which there is no place. The corner that is free in
    /// most panels is taken first, so that notes stand at the same place where they can.
    fn place_notes(&self, arrangement: &mut Arrangement, above: &[bool]) -> Vec<usize> {
        let inside = |i: usize| !above[i] && !self.notes(i).is_empty();
        let obstacles: Vec<_> = arrangement
            .panels
            .iter()
            .enumerate()
            .map(|(i, plan)| match inside(i) {
                true => plan.shapes.iter().flat_map(|s| s.obstacles(&plan.coordinates, plan.radius)).collect(),
                false => Vec::new(),
            })
            .collect();
        let usual = self.theme.size(Role::Note);
        let free = |corner: Corner| {
            let panels = arrangement.panels.iter().enumerate().filter(|(i, _)| inside(*i));
            panels
                .filter(|(i, plan)| notes::corner_is_free(self.notes(*i), &plan.frame, &obstacles[*i], corner, usual))
                .count()
        };
        let mut corners = CORNERS;
        corners.sort_by_key(|&corner| std::cmp::Reverse(free(corner)));
        let mut homeless = Vec::new();
        for size in [usual, Theme::SMALLEST] {
            homeless.clear();
            for (i, plan) in arrangement.panels.iter_mut().enumerate().filter(|(i, _)| inside(*i)) {
                plan.notes = notes::notes(self.notes(i), &plan.frame, &obstacles[i], &corners, size);
                if plan.notes.is_none() {
                    homeless.push(i);
                }
            }
            if homeless.is_empty() {
                break;
            }
        }
        homeless
    }

    /// Notes without a place stand above their panel; where half of a row's do, all of them, for the look of the row.
    fn send_above(&self, homeless: &[usize], above: &mut [bool]) {
        homeless.iter().for_each(|&i| above[i] = true);
        for row in 0..self.rows() {
            let members = row * self.columns..((row + 1) * self.columns).min(above.len());
            let noted: Vec<usize> = members.filter(|&i| !self.notes(i).is_empty()).collect();
            if 2 * noted.iter().filter(|&&i| above[i]).count() >= noted.len() {
                noted.into_iter().for_each(|i| above[i] = true);
            }
        }
    }

    /// Sets the small text below everything, and how many points have their name where not all have.
    fn place_footer(&self, arrangement: &mut Arrangement, margins: Margins, (named, points): (usize, usize)) {
        let mut text = self.figure.footer.trim().to_owned();
        if 0 < named && named < points {
            let space = if text.is_empty() { "" } else { " " };
            text.push_str(&format!("{space}Names stand beside {named} of {points} points."));
        }
        if text.is_empty() {
            return;
        }
        let top = arrangement.height - margins.bottom + 2.0 * PAD;
        let room = arrangement.width - margins.left - margins.right;
        let (words, height) = furniture::footer(&text, (margins.left, top), room, self.theme);
        arrangement.words.extend(words);
        arrangement.height = top + height + margins.bottom;
    }

    /// Sets the names of points; returns how many have one, of how many in panels in which some do.
    fn place_names(&self, arrangement: &mut Arrangement) -> (usize, usize) {
        let (mut named, mut all) = (0, 0);
        for plan in &mut arrangement.panels {
            let size = self.theme.size(Role::PointLabel);
            let mut wanted = Vec::new();
            let (mut hard, mut soft) = (Vec::new(), Vec::new());
            let mut points_of_panel = 0;
            for shape in &plan.shapes {
                let obstacles = shape.obstacles(&plan.coordinates, plan.radius);
                match shape.cost_of_covering() {
                    Some(cost) => soft.extend(obstacles.into_iter().map(|obstacle| (obstacle, cost))),
                    None => hard.extend(obstacles),
                }
                if let Shape::Points { points, .. } = shape {
                    let labelled = points.iter().filter(|p| p.point.labelled && !p.point.label.trim().is_empty());
                    let want = |p: &Located| Wanted { at: place(&plan.coordinates, p.at), name: p.point.label.clone() };
                    wanted.extend(labelled.map(want));
                    points_of_panel += points.len();
                }
            }
            if wanted.is_empty() {
                continue;
            }
            shorten_names(&mut wanted, plan.frame.width(), size);
            hard.extend(plan.notes.iter().map(|notes| Obstacle::Box(notes.rect)));
            let around = Surroundings { radius: plan.radius, frame: &plan.frame, hard: &hard, soft: &soft };
            plan.names = names(&wanted, &around, self.theme);
            named += plan.names.words.len();
            all += points_of_panel;
        }
        (named, all)
    }
}

/// Shortens names as far as they stay apart.
fn shorten_names(wanted: &mut [Wanted], frame: f64, size: f64) {
    let different = |names: &[String]| names.iter().collect::<std::collections::BTreeSet<_>>().len();
    let whole: Vec<String> = wanted.iter().map(|one| one.name.clone()).collect();
    let short = |part: f64| whole.iter().map(|name| short_name(name, part * frame, size)).collect::<Vec<String>>();
    let mut tried = WIDEST_NAME.map(short);
    let at = tried.iter().position(|names| different(names) == different(&whole)).unwrap_or(0);
    wanted.iter_mut().zip(std::mem::take(&mut tried[at])).for_each(|(one, name)| one.name = name);
}
