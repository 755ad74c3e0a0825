//! From SVG to PNG (resvg) and PDF (svg2pdf), with the compiled-in fonts and no others.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use super::palette;
use super::theme::Rgb;
use crate::error::Cause;

/// Units of a parsed SVG per inch: points are turned into CSS pixels.
const UNITS_PER_INCH: f32 = 96.0;

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
pub(super) fn parse(svg: &str) -> Result<usvg::Tree, Cause> {
    let options = usvg::Options { fontdb: Arc::clone(&FONTS), dpi: UNITS_PER_INCH, ..usvg::Options::default() };
    usvg::Tree::from_str(svg, &options).map_err(Cause::of)
}

/// Draws a picture at a resolution in dots per inch.
pub(super) fn png(tree: &usvg::Tree, dpi: f64, paper: Rgb) -> Result<Vec<u8>, Cause> {
    let scale = dpi as f32 / UNITS_PER_INCH;
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    let mut pixmap = Pixmap::new(width.round() as u32, height.round() as u32)
        .ok_or_else(|| Cause::of("the picture would have no or too many pixels"))?;
    // The canvas is paper throughout, and the last row and column of pixels may reach beyond the canvas by a fraction.
    pixmap.fill(resvg::tiny_skia::Color::from_rgba8(paper.0, paper.1, paper.2, u8::MAX));
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
    let mut writer = encoder.write_header().map_err(Cause::of)?;
    writer.write_image_data(&indexed.pixels).and_then(|()| writer.finish()).map_err(Cause::of)?;
    Ok(bytes)
}

/// Writes a PDF with embedded parts of the fonts.
pub(super) fn pdf(tree: &usvg::Tree) -> Result<Vec<u8>, Cause> {
    let page = svg2pdf::PageOptions { dpi: UNITS_PER_INCH };
    let bytes = svg2pdf::to_pdf(tree, svg2pdf::ConversionOptions::default(), page)
        .map_err(|error| Cause::of(error.to_string()))?;
    super::pdf::in_order(&bytes).ok_or_else(|| Cause::of("the PDF could not be put in order"))
}
