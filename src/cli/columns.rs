//! The options that say which columns of a table mean what, the same for every command that reads tables.

use clap::Args;

use crate::registry::table::{DecimalMark, Reading, Unit};

/// Who the models are.
#[derive(Debug, Args)]
pub(super) struct NameColumns {
    /// Column of the models' names.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub(super) model: Option<String>,

    /// Column of the families.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub(super) family: Option<String>,
}

/// How large they are, and how much they were trained.
#[derive(Debug, Args)]
pub(super) struct SizeColumns {
    /// Column of the numbers of parameters.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub(super) params: Option<String>,

    /// Column of the numbers of training tokens.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub(super) tokens: Option<String>,

    /// What one stands for in the columns of parameters: 1e9, B, M [default: as their names say, else 1].
    #[arg(long, value_name = "UNIT", help_heading = "Columns")]
    pub(super) params_unit: Option<Unit>,

    /// What one stands for in the column of tokens: 1e12, T, B [default: as its name says, else 1].
    #[arg(long, value_name = "UNIT", help_heading = "Columns")]
    pub(super) tokens_unit: Option<Unit>,
}

/// How cells are read.
#[derive(Debug, Args)]
pub(super) struct Cells {
    /// Sign before the decimals of numbers, point or comma [default: as the cells show].
    #[arg(long, value_name = "SIGN", help_heading = "Columns")]
    decimal: Option<DecimalMark>,

    /// Sheet of a workbook [default: the only one with a value].
    #[arg(long, value_name = "NAME", help_heading = "Columns")]
    sheet: Option<String>,
}

impl Cells {
    pub(super) fn reading(&self) -> Reading {
        Reading { decimal: self.decimal, sheet: self.sheet.clone() }
    }
}
