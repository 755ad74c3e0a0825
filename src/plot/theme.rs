//! Sizes and colours shared by every figure.

use crate::analysis::figure::Hue;

/// Settings of the renderer. The defaults suit a two-column paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Width of the whole figure in inches; `None` takes 6.75 (both columns) for grids of two or more columns and for
    /// panels with many names below them, and 3.25 (one column) otherwise. Values are held between 1 and 40.
    pub width: Option<f64>,
    /// Height of the whole figure in inches, which its panels fill; `None` takes what their own shape needs. Panels are never
    /// lower than half an inch.
    pub height: Option<f64>,
    /// Size of axis labels in points; every other text is set relative to it and never below [`Theme::SMALLEST`].
    pub text: f64,
    /// Resolution of the PNG in dots per inch, held between 36 and 1200.
    pub dpi: f64,
    /// The colours.
    pub look: Look,
}

/// The colours of a figure as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// Colours on white.
    #[default]
    Light,
    /// The same hues on black: what is dark becomes light.
    Dark,
    /// Shades of grey on white.
    Grey,
}

impl Look {
    /// A colour of the light figure in this one.
    pub(super) fn tone(self, colour: Rgb) -> Rgb {
        let parts = [colour.0, colour.1, colour.2].map(f64::from);
        let [r, g, b] = match self {
            Self::Light => return colour,
            Self::Grey => [0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]; 3],
            Self::Dark => {
                let (low, high) = parts.iter().fold((255.0_f64, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
                // Every part moved by the same amount keeps the hue; the paper is not quite black.
                let shift = 255.0 - low - high + DARKEST * (low + high) / 510.0;
                parts.map(|v| v + shift)
            }
        };
        let byte = |v: f64| v.round().clamp(0.0, 255.0) as u8;
        Rgb(byte(r), byte(g), byte(b))
    }
}

/// The paper of a dark figure.
const DARKEST: f64 = 18.0;

impl Default for Theme {
    fn default() -> Self {
        Self { width: None, height: None, text: 8.0, dpi: 300.0, look: Look::Light }
    }
}

/// What a text is for; decides its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    AxisLabel,
    Tick,
    Note,
    Legend,
    PointLabel,
}

/// A colour as its sRGB bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

/// Text and axes.
pub(super) const INK: Rgb = Rgb(0x26, 0x26, 0x26);
/// Minor ticks, leaders of labels, the word for an empty panel.
pub(super) const FAINT: Rgb = Rgb(0x80, 0x80, 0x80);
/// Grid lines.
pub(super) const GRID: Rgb = Rgb(0xe8, 0xe8, 0xe8);
/// Edge of the box around notes.
pub(super) const BOX_EDGE: Rgb = Rgb(0xc4, 0xc4, 0xc4);
/// Paper.
pub(super) const PAPER: Rgb = Rgb(0xff, 0xff, 0xff);

/// Ten hues in the order in which categories take them: the colour-blind-safe set of Okabe and Ito (2008) in the
/// darkened variant that seaborn calls "colorblind", with its pale and grey members replaced so that all of them, the
/// fit and the context stay apart under every kind of colour blindness (the test below measures it).
const CATEGORIES: [Rgb; 10] = [
    Rgb(0x01, 0x73, 0xb2),
    Rgb(0xde, 0x8f, 0x05),
    Rgb(0x02, 0x9e, 0x73),
    Rgb(0xcc, 0x4a, 0x14),
    Rgb(0xcc, 0x78, 0xbc),
    Rgb(0x56, 0xb4, 0xe9),
    Rgb(0x8c, 0x62, 0x39),
    Rgb(0x3b, 0x2f, 0x8f),
    Rgb(0xe3, 0xd7, 0x2b),
    Rgb(0x1a, 0x1a, 0x1a),
];

impl Theme {
    /// Smallest text size in points that a figure may contain.
    pub const SMALLEST: f64 = 7.0;

    /// Width of the canvas in points for a figure that is wide or not.
    pub(super) fn points_wide(&self, wide: bool) -> f64 {
        let natural = if wide { 6.75 } else { 3.25 };
        72.0 * self.width.filter(|w| w.is_finite()).unwrap_or(natural).clamp(1.0, 40.0)
    }

    /// Height of the canvas in points, where one is asked for.
    pub(super) fn points_high(&self) -> Option<f64> {
        self.height.filter(|h| h.is_finite()).map(|h| 72.0 * h.clamp(1.0, 40.0))
    }

    /// Resolution with nonsense put right.
    pub(super) fn resolution(&self) -> f64 {
        if self.dpi.is_finite() { self.dpi.clamp(36.0, 1200.0) } else { Self::default().dpi }
    }

    /// Size in points of a text.
    pub(super) fn size(&self, role: Role) -> f64 {
        let base = if self.text.is_finite() { self.text.clamp(Self::SMALLEST, 40.0) } else { Self::default().text };
        let size = match role {
            Role::Title => base + 0.5,
            Role::AxisLabel => base,
            Role::Note | Role::Legend => base - 0.5,
            Role::Tick | Role::PointLabel => base - 1.0,
        };
        size.max(Self::SMALLEST)
    }
}

/// The colour that stands for a meaning.
pub(super) fn colour(hue: Hue) -> Rgb {
    match hue {
        Hue::Reference => CATEGORIES[0],
        Hue::Comparison => CATEGORIES[1],
        Hue::Fit => Rgb(0x8b, 0x1a, 0x2b),
        Hue::Context => Rgb(0x6b, 0x6b, 0x6b),
        Hue::Category(n) => CATEGORIES[n % CATEGORIES.len()],
    }
}

/// The colour of a value from -1 to 1, and that of text on it. Strong values stay short of black, so that text is read.
pub(super) fn shade(value: f64) -> (Rgb, Rgb) {
    let strongest = if value < 0.0 { Rgb(0xa8, 0x5f, 0x00) } else { Rgb(0x08, 0x30, 0x6b) };
    let share = value.abs().clamp(0.0, 1.0);
    let inside = PAPER.towards(strongest, share);
    (inside, if share > 0.55 { PAPER } else { INK })
}

impl Rgb {
    /// So much of the way to another colour, 0 to 1.
    fn towards(self, other: Self, share: f64) -> Self {
        let part = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
        Self(part(self.0, other.0), part(self.1, other.1), part(self.2, other.2))
    }

    /// The same hue, darker: the outline of a filled shape.
    pub(super) fn darker(self) -> Self {
        let part = |c: u8| (u16::from(c) * 7 / 10) as u8;
        Self(part(self.0), part(self.1), part(self.2))
    }

    /// As written in SVG.
    pub(super) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Linear RGB as seen with normal sight, without long-, medium- and short-wave cones (Machado, Oliveira and
    /// Fernandes 2009, severity 1).
    const SIGHTS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];
    /// A difference of 2.3 in CIELAB is just noticeable; five times that is told apart at the size of a point.
    const TOLD_APART: f64 = 11.5;

    /// CIELAB coordinates under D65.
    fn lab(colour: Rgb, sight: &[[f64; 3]; 3]) -> [f64; 3] {
        let linear = [colour.0, colour.1, colour.2].map(|c| {
            let v = f64::from(c) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        let dot = |row: &[f64; 3], v: &[f64; 3]| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
        let seen = [0, 1, 2].map(|i| dot(&sight[i], &linear).clamp(0.0, 1.0));
        let cube = |t: f64| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let x = cube(dot(&[0.4124, 0.3576, 0.1805], &seen) / 0.95047);
        let y = cube(dot(&[0.2126, 0.7152, 0.0722], &seen));
        let z = cube(dot(&[0.0193, 0.1192, 0.9505], &seen) / 1.08883);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn every_two_hues_are_told_apart_without_any_kind_of_cones() {
        let categories = (0..CATEGORIES.len()).map(Hue::Category);
        let hues: Vec<Hue> = categories.chain([Hue::Fit, Hue::Context]).collect();
        for sight in &SIGHTS {
            for (i, a) in hues.iter().enumerate() {
                for b in &hues[i + 1..] {
                    let (p, q) = (lab(colour(*a), sight), lab(colour(*b), sight));
                    let apart = (0..3).map(|k| (p[k] - q[k]).powi(2)).sum::<f64>().sqrt();
                    assert!(apart > TOLD_APART, "{a:?} and {b:?} differ by {apart:.1}");
                }
            }
        }
    }

    #[test]
    fn dark_paper_is_dark_ink_on_it_is_light_and_grey_has_no_colour() {
        let light = |colour: Rgb| u32::from(colour.0) + u32::from(colour.1) + u32::from(colour.2);
        assert!(light(Look::Dark.tone(PAPER)) < 80 && light(Look::Dark.tone(INK)) > 500);
        let grey = Look::Grey.tone(colour(Hue::Fit));
        assert!(grey.0 == grey.1 && grey.1 == grey.2);
    }

    #[test]
    fn no_setting_makes_text_smaller_than_the_least_size() {
        for text in [-3.0, 0.0, 5.0, f64::NAN, 8.0] {
            let theme = Theme { text, ..Theme::default() };
            assert!(theme.size(Role::Tick) >= Theme::SMALLEST && theme.size(Role::Title) >= theme.size(Role::Tick));
        }
    }
}
