//! Text as it will be drawn: measured with the metrics of DejaVu Sans, so that nothing is cut off or overlaps.
//!
//! The fonts come compiled in (crate `dejavu`); fonts of the machine are never asked, which keeps figures equal
//! everywhere. Widths are sums of advances: kerning, which only narrows a line by some hundredths of its size, is left
//! to the renderer.

use std::borrow::Cow;
use std::sync::LazyLock;

use ttf_parser::Face;

use super::geometry::Rect;
use super::theme::Rgb;

static REGULAR: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(dejavu::sans::regular(), 0).ok());
static BOLD: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(dejavu::sans::bold(), 0).ok());

/// Height of small capitals above the baseline, as part of the text size: used to centre text on a line.
pub(super) const HALF_CAPITAL: f64 = 0.365;
/// Height of superscripts, as part of the text size.
pub(super) const RAISED_SIZE: f64 = 0.7;
/// How far the baseline of superscripts is lifted, as part of the text size.
pub(super) const RAISED_BY: f64 = 0.38;
/// Distance of two baselines, as part of the text size.
pub(super) const LEADING: f64 = 1.25;
/// Reach below the baseline, as part of the text size.
pub(super) const DESCENT: f64 = 0.24;

/// Superscripts of Latin-1, which every font has: after a letter, as in R², they stay characters.
const LATIN_SUPERSCRIPTS: &str = "²³¹";
const SUPERSCRIPTS: [(char, char); 12] = [
    ('⁰', '0'),
    ('¹', '1'),
    ('²', '2'),
    ('³', '3'),
    ('⁴', '4'),
    ('⁵', '5'),
    ('⁶', '6'),
    ('⁷', '7'),
    ('⁸', '8'),
    ('⁹', '9'),
    ('⁻', '−'),
    ('⁺', '+'),
];

/// Part of a line: on the baseline, or raised as an exponent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub text: String,
    pub raised: bool,
}

/// One line of text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Line {
    pub runs: Vec<Run>,
}

impl Line {
    /// A line as written, but exponents of numbers (`10²⁴`) and whatever fonts may lack become raised digits, so that all
    /// exponents look alike, and characters that XML forbids are left out.
    /// Scripts that the font lacks are written in Latin letters.
    pub(super) fn new(text: &str) -> Self {
        let clean: Vec<char> = legible(text)
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|&c| allowed_in_xml(c))
            .collect();
        let mut line = Self::default();
        let mut rest = clean.as_slice();
        while let Some(&first) = rest.first() {
            let raised = plain_digit(first).is_some();
            let length = rest.iter().take_while(|c| plain_digit(**c).is_some() == raised).count();
            let (run, after) = rest.split_at(length);
            let after_digit = line.runs.last().is_some_and(|r| r.text.ends_with(|c: char| c.is_ascii_digit()));
            if raised && (after_digit || !run.iter().all(|c| LATIN_SUPERSCRIPTS.contains(*c))) {
                line.push(run.iter().filter_map(|c| plain_digit(*c)).collect(), true);
            } else {
                line.push(run.iter().collect(), false);
            }
            rest = after;
        }
        line
    }

    /// `factor × 10^exponent`, or `10^exponent` when there is no factor.
    pub(super) fn power(factor: Option<String>, exponent: i64) -> Self {
        let mut line = Self::default();
        line.push(factor.map_or_else(|| "10".into(), |f| format!("{f}×10")), false);
        line.push(exponent.to_string().replace('-', "−"), true);
        line
    }

    fn push(&mut self, text: String, raised: bool) {
        match self.runs.last_mut() {
            Some(run) if run.raised == raised => run.text.push_str(&text),
            _ => self.runs.push(Run { text, raised }),
        }
    }

    /// Width in points at a text size.
    pub(super) fn width(&self, size: f64, bold: bool) -> f64 {
        self.runs.iter().map(|run| width(&run.text, if run.raised { RAISED_SIZE * size } else { size }, bold)).sum()
    }

    /// Height of the ink above the baseline, as part of the text size.
    pub(super) fn ascent(&self) -> f64 {
        if self.runs.iter().any(|run| run.text.chars().any(is_mark)) {
            1.02
        } else if self.runs.iter().any(|run| run.raised) {
            0.9
        } else {
            0.78
        }
    }
}

/// Where a line is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text at its place on the canvas.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Words {
    pub line: Line,
    /// Position of the anchor on the baseline, in points.
    pub at: (f64, f64),
    pub size: f64,
    pub bold: bool,
    pub anchor: Anchor,
    /// Rotation about the anchor in degrees, clockwise.
    pub turn: f64,
    pub colour: Rgb,
    /// Class attribute in the SVG.
    pub class: &'static str,
}

impl Words {
    /// Smallest upright rectangle around the text.
    pub(super) fn bounds(&self) -> Rect {
        let width = self.line.width(self.size, self.bold);
        let left = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let (top, bottom) = (-self.line.ascent() * self.size, DESCENT * self.size);
        let (sin, cos) = self.turn.to_radians().sin_cos();
        let corners = [(left, top), (left + width, top), (left + width, bottom), (left, bottom)];
        let turned = corners.map(|(x, y)| (self.at.0 + x * cos - y * sin, self.at.1 + x * sin + y * cos));
        turned.iter().fold(Rect::new(f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY), |r, c| {
            Rect::new(r.x0.min(c.0), r.y0.min(c.1), r.x1.max(c.0), r.y1.max(c.1))
        })
    }
}

/// The text in characters that the font has: others in Latin letters (`通义` as `TongYi`), and where they have no sound, by
/// their number (`U+10FFFD`). So no empty box is drawn.
pub(super) fn legible(text: &str) -> Cow<'_, str> {
    let drawn = |c: char| c.is_ascii() || c.is_whitespace() || c.is_control() || is_mark(c) || has_glyph(c);
    if text.chars().all(drawn) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match any_ascii::any_ascii_char(c) {
            _ if drawn(c) => out.push(c),
            "" if c < '\u{e000}' && !c.is_alphanumeric() || is_invisible(c) => {}
            "" => out.push_str(&format!("U+{:04X}", u32::from(c))),
            letters => out.push_str(letters),
        }
    }
    Cow::Owned(out)
}

fn has_glyph(c: char) -> bool {
    [&REGULAR, &BOLD].iter().all(|face| face.as_ref().is_some_and(|face| face.glyph_index(c).is_some()))
}

/// Characters above the private ones that only tell how others are drawn: variants and tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Width of a text in points.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let face = if bold { BOLD.as_ref() } else { REGULAR.as_ref() };
    size * text.chars().map(|c| advance(face, c)).sum::<f64>()
}

fn advance(face: Option<&Face<'static>>, c: char) -> f64 {
    if is_mark(c) {
        return 0.0;
    }
    // 0.6 is the width of the font's replacement box, drawn for what it lacks.
    let Some(face) = face else { return 0.6 };
    let glyph = face.glyph_index(c).unwrap_or(ttf_parser::GlyphId(0));
    face.glyph_hor_advance(glyph).map_or(0.6, |units| f64::from(units) / f64::from(face.units_per_em()))
}

/// Breaks a text into lines no wider than `room`, at spaces and after hyphens and slashes. A word that is wider than
/// `room` keeps a line of its own.
pub(super) fn wrap(text: &str, room: f64, size: f64, bold: bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in legible(text).split_inclusive([' ', '-', '/', '_', '\n', '\t']) {
        match lines.last_mut() {
            Some(line) if width(&format!("{line}{}", piece.trim_end()), size, bold) <= room => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
    }
    lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Cuts a text to a width, with an ellipsis where something is missing.
pub(super) fn shorten(text: &str, room: f64, size: f64, bold: bool) -> String {
    let text = &*legible(text);
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while !kept.is_empty() {
        kept.pop();
        let shorter = format!("{}…", kept.iter().collect::<String>().trim_end());
        if width(&shorter, size, bold) <= room {
            return shorter;
        }
    }
    "…".to_owned()
}

/// A name of a model no wider than `room`: without its maker (what stands before the last slash) where it is too wide, and
/// with an ellipsis after its first third where that does not do. Names differ at their ends, by sizes and versions.
pub(super) fn short_name(name: &str, room: f64, size: f64) -> String {
    let name = &*legible(name.trim());
    if width(name, size, false) <= room {
        return name.to_owned();
    }
    let own = name.rsplit_once('/').map_or(name, |(_, own)| own);
    let letters: Vec<char> = if own.is_empty() { name } else { own }.chars().collect();
    let kept = |n: usize| -> String {
        if n >= letters.len() {
            return letters.iter().collect();
        }
        let (head, tail) = (n / 3, n - n / 3);
        let mut text: String = letters[..head].iter().collect();
        text.push('…');
        text.extend(&letters[letters.len() - tail..]);
        text
    };
    (1..=letters.len()).rev().map(kept).find(|text| width(text, size, false) <= room).unwrap_or_else(|| "…".to_owned())
}

/// Sets a text within a width in at most `most_lines` lines: first on as few lines as it needs, then smaller, and
/// only then shortened. Returns the lines and their size.
pub(super) fn fit(text: &str, room: f64, sizes: (f64, f64), bold: bool, most_lines: usize) -> (Vec<String>, f64) {
    let (largest, smallest) = sizes;
    let mut size = largest;
    loop {
        let lines = wrap(text, room, size, bold);
        if lines.len() <= most_lines && lines.iter().all(|line| width(line, size, bold) <= room) {
            return (lines, size);
        }
        if size <= smallest {
            let mut kept: Vec<String> = lines.iter().take(most_lines).cloned().collect();
            if let (true, Some(last)) = (lines.len() > most_lines, kept.last_mut()) {
                *last = lines[most_lines - 1..].join(" ");
            }
            return (kept.iter().map(|line| shorten(line, room, size, bold)).collect(), size);
        }
        size = (size - 0.5).max(smallest);
    }
}

fn plain_digit(c: char) -> Option<char> {
    SUPERSCRIPTS.iter().find(|(raised, _)| *raised == c).map(|(_, plain)| *plain)
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// The `Char` production of XML 1.0, less the control characters that have no picture.
fn allowed_in_xml(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_raised_and_a_squared_letter_stays_as_written() {
        let power = Line::new("from 10²⁴ FLOPs");
        let runs: Vec<(&str, bool)> = power.runs.iter().map(|r| (r.text.as_str(), r.raised)).collect();
        assert_eq!(runs, [("from 10", false), ("24", true), (" FLOPs", false)]);
        assert_eq!(Line::new("R² = 0.9").runs.len(), 1);
        assert_eq!(Line::new("5.6 × 10²²").runs.len(), Line::new("5.6 × 10²⁰").runs.len());
    }

    #[test]
    fn a_combining_mark_takes_no_width() {
        assert_eq!(width("θ̂", 10.0, false), width("θ", 10.0, false));
    }

    #[test]
    fn scripts_that_the_font_lacks_are_written_in_latin_letters_and_the_others_stay() {
        assert_eq!(legible("通义千问-7B"), "TongYiQianWen-7B");
        assert_eq!(legible("ГигаЧат Ελληνικά 10²²"), "ГигаЧат Ελληνικά 10²²");
        assert_eq!(legible("a\u{10fffd}b"), "aU+10FFFDb");
        assert!(!legible("हिन्दी-मॉडल").contains("U+"), "{}", legible("हिन्दी-मॉडल"));
        for name in ["日本語モデル", "한국어", "हिन्दी-मॉडल", "ภาษาไทย", "🦙"]
        {
            assert!(Line::new(name).runs.iter().all(|run| run.text.chars().all(has_glyph)), "{name}");
            assert!(width(&legible(name), 8.0, false) > 0.0);
        }
    }

    #[test]
    fn a_long_name_loses_its_maker_first_and_then_its_middle() {
        let name = "meta-llama/Llama-Long-Name-v2-70b";
        let wide = width(name, 7.0, false);
        assert_eq!(short_name(name, wide, 7.0), name);
        assert_eq!(short_name(name, wide - 1.0, 7.0), "Llama-Long-Name-v2-70b");
        let short = short_name(name, 50.0, 7.0);
        assert!(short.starts_with("Lla") && short.ends_with("70b") && width(&short, 7.0, false) <= 50.0, "{short}");
    }

    #[test]
    fn bold_text_is_wider() {
        assert!(width("significant", 8.0, true) > width("significant", 8.0, false));
    }

    #[test]
    fn fitted_lines_never_exceed_their_room() {
        let title =
            "An extraordinarily long panel heading/with-hyphens and_underscores Supercalifragilisticexpialidocious";
        for room in [12.0, 40.0, 90.0, 200.0] {
            let (lines, size) = fit(title, room, (8.5, 7.0), false, 2);
            assert!(lines.len() <= 2 && size >= 7.0);
            assert!(lines.iter().all(|line| width(line, size, false) <= room), "{room}: {lines:?}");
        }
    }

    #[test]
    fn turned_text_stands_upright() {
        let words = Words {
            line: Line::new("Accuracy"),
            at: (20.0, 50.0),
            size: 8.0,
            bold: false,
            anchor: Anchor::Middle,
            turn: -90.0,
            colour: Rgb(0, 0, 0),
            class: "",
        };
        let bounds = words.bounds();
        assert!(bounds.height() > 3.0 * bounds.width());
        assert!((bounds.y0 + bounds.y1 - 100.0).abs() < 1e-9);
    }
}
