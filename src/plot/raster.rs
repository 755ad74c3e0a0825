//! From SVG to PNG (resvg) and PDF (svg2pdf), with the compiled-in fonts and no others.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use super::palette;

/// Units of a parsed SVG per inch: points are turned into CSS pixels.
const UNITS_PER_INCH: f32 = 96.0;
/// How often a PDF is written until its two fonts stand in order.
const ATTEMPTS: usize = 64;

/// The fonts of all figures, read once.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

/// Reads an SVG, setting its text in the compiled-in fonts.
pub(super) fn parse(svg: &str) -> Result<usvg::Tree, String> {
    let options = usvg::Options { fontdb: Arc::clone(&FONTS), dpi: UNITS_PER_INCH, ..usvg::Options::default() };
    usvg::Tree::from_str(svg, &options).map_err(|problem| problem.to_string())
}

/// Draws a picture at a resolution in dots per inch.
pub(super) fn png(tree: &usvg::Tree, dpi: f64) -> Result<Vec<u8>, String> {
    let scale = dpi as f32 / UNITS_PER_INCH;
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    let mut pixmap = Pixmap::new(width.round() as u32, height.round() as u32)
        .ok_or("the picture would have no or too many pixels")?;
    // The canvas is paper throughout, and the last row and column of pixels may reach beyond the canvas by a fraction.
    pixmap.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let indexed = palette::index(pixmap.data());
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(indexed.palette);
    encoder.set_depth(png::BitDepth::Eight);
    // Neighbouring indices mean nothing to the filters of PNG.
    encoder.set_filter(png::FilterType::NoFilter);
    encoder.set_compression(png::Compression::Default);
    let per_metre = (dpi / 0.0254).round() as u32;
    let unit = png::Unit::Meter;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit }));
    let mut writer = encoder.write_header().map_err(|problem| problem.to_string())?;
    writer.write_image_data(&indexed.pixels).and_then(|()| writer.finish()).map_err(|problem| problem.to_string())?;
    Ok(bytes)
}

/// Writes a PDF with embedded parts of the fonts.
pub(super) fn pdf(tree: &usvg::Tree) -> Result<Vec<u8>, String> {
    let page = svg2pdf::PageOptions { dpi: UNITS_PER_INCH };
    // svg2pdf keeps its fonts in a map of random order and writes them in it: with two fonts, the same picture has two
    // files. Both are right; the one that starts with the regular face is kept.
    for _ in 0..ATTEMPTS {
        let bytes = svg2pdf::to_pdf(tree, svg2pdf::ConversionOptions::default(), page).map_err(|e| e.to_string())?;
        if !starts_with_bold(&bytes) {
            return Ok(bytes);
        }
    }
    Err("the fonts could not be brought into order".into())
}

/// Whether a file names its bold face before its regular one. A file with one face has no order to keep.
fn starts_with_bold(pdf: &[u8]) -> bool {
    const NAME: &[u8] = b"DejaVuSans";
    const BOLD: &[u8] = b"-Bold";
    let names = pdf.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    let bold: Vec<bool> = names.map(|(at, _)| pdf[at + NAME.len()..].starts_with(BOLD)).collect();
    bold.first() == Some(&true) && bold.contains(&false)
}
