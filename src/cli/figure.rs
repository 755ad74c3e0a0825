//! How the figures of a command look, and which names they show.

use clap::{Args, ValueEnum};

use crate::analysis::figure::Figure;
use crate::analysis::fit::Names;
use crate::plot::{Look, Theme};

/// The flags of every command that draws.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Figure")]
pub(super) struct FigureOptions {
    /// Width of figures in inches [default: 3.25, or 6.75 for panels side by side].
    #[arg(long, value_name = "INCHES", value_parser = inches)]
    width: Option<f64>,

    /// Height of figures in inches [default: as their panels need].
    #[arg(long, value_name = "INCHES", value_parser = inches)]
    height: Option<f64>,

    /// Heading above figures.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// Size of the names of axes in points, 7 to 40; other texts follow.
    #[arg(long, value_name = "POINTS", default_value_t = Theme::default().text, value_parser = points)]
    font_size: f64,

    /// Colours of figures.
    #[arg(long, value_enum, default_value_t)]
    theme: Colours,
}

/// Which points have their names beside them.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Figure")]
pub(super) struct Labels {
    /// Models with their names in figures: none, outliers (the largest, those far from the curve, the best and the worst of
    /// each group) or all [default: all of up to 24 models, of more the outliers].
    #[arg(long, value_enum, value_name = "WHICH")]
    labels: Option<Which>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    None,
    Outliers,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Colours {
    /// Colours on white.
    #[default]
    Light,
    /// The same on black.
    Dark,
    /// Shades of grey on white.
    Grey,
}

impl Labels {
    pub(super) fn names(self) -> Names {
        match self.labels {
            None => Names::Auto,
            Some(Which::None) => Names::None,
            Some(Which::Outliers) => Names::Outliers,
            Some(Which::All) => Names::All,
        }
    }
}

impl FigureOptions {
    /// The flags as the renderer takes them.
    pub(super) fn theme(&self) -> Theme {
        Theme {
            width: self.width,
            height: self.height,
            text: self.font_size,
            look: match self.theme {
                Colours::Light => Look::Light,
                Colours::Dark => Look::Dark,
                Colours::Grey => Look::Grey,
            },
            ..Theme::default()
        }
    }

    /// The figure with its heading.
    pub(super) fn titled(&self, figure: Figure) -> Figure {
        match &self.title {
            Some(title) => Figure { title: title.clone(), ..figure },
            None => figure,
        }
    }
}

fn inches(text: &str) -> Result<f64, String> {
    within(text, (1.0, 40.0), "inches")
}

fn points(text: &str) -> Result<f64, String> {
    within(text, (Theme::SMALLEST, 40.0), "points")
}

fn within(text: &str, (low, high): (f64, f64), unit: &str) -> Result<f64, String> {
    let wrong = || format!("it has to be a number from {low} to {high}, in {unit}");
    text.parse().ok().filter(|size| (low..=high).contains(size)).ok_or_else(wrong)
}
