//! Sizes and colours shared by every figure.

use crate::analysis::figure::Hue;

/// Settings of the renderer. The defaults suit a two-column paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// Width of the whole figure in inches; `None` takes 6.75 (both columns) for grids of two or more columns and 3.25
    /// (one column) otherwise. Values are held between 1 and 40.
    pub width: Option<f64>,
    /// Size of axis labels in points; every other text is set relative to it and never below [`Theme::SMALLEST`].
    pub text: f64,
    /// Resolution of the PNG in dots per inch, held between 36 and 1200.
    pub dpi: f64,
}

impl Default for Theme {
    fn default() -> Self {
        Self { width: None, text: 8.0, dpi: 300.0 }
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
/// darkened variant that seaborn calls "colorblind", its pale yellow and its grey replaced by hues that stand out on
/// white. Neighbours in the list differ in lightness as well as in hue.
const CATEGORIES: [Rgb; 10] = [
    Rgb(0x01, 0x73, 0xb2),
    Rgb(0xde, 0x8f, 0x05),
    Rgb(0x02, 0x9e, 0x73),
    Rgb(0xc4, 0x3c, 0x00),
    Rgb(0xcc, 0x78, 0xbc),
    Rgb(0x56, 0xb4, 0xe9),
    Rgb(0x6e, 0x4a, 0x2a),
    Rgb(0x2b, 0x2b, 0x6b),
    Rgb(0xb5, 0xb0, 0x1b),
    Rgb(0x5c, 0x5c, 0x5c),
];

impl Theme {
    /// Smallest text size in points that a figure may contain.
    pub const SMALLEST: f64 = 7.0;

    /// Width of the canvas in points for a grid with this many columns.
    pub(super) fn points_wide(&self, columns: usize) -> f64 {
        let natural = if columns >= 2 { 6.75 } else { 3.25 };
        72.0 * self.width.filter(|w| w.is_finite()).unwrap_or(natural).clamp(1.0, 40.0)
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
        Hue::Fit => Rgb(0xa5, 0x1d, 0x2d),
        Hue::Context => Rgb(0x73, 0x73, 0x73),
        Hue::Category(n) => CATEGORIES[n % CATEGORIES.len()],
    }
}

impl Rgb {
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
