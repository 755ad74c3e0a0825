//! The name and version of the layout of a report.

use serde::{Deserialize, Serialize};

/// Name of the report's layout.
pub(crate) const SCHEMA: &str = "onset.fit";

/// Version of the report's layout; it changes when a field changes its meaning or goes.
pub(super) const SCHEMA_VERSION: u32 = 2;

/// The layout of the report that this version of onset writes, the only one it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Header", into = "Header")]
pub struct ReportLayout;

/// A layout by name and version.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    schema: String,
    schema_version: u32,
}

impl From<ReportLayout> for Header {
    fn from(_: ReportLayout) -> Self {
        Self { schema: SCHEMA.to_owned(), schema_version: SCHEMA_VERSION }
    }
}

impl TryFrom<Header> for ReportLayout {
    type Error = String;

    fn try_from(header: Header) -> std::result::Result<Self, String> {
        if header.schema != SCHEMA {
            return Err(format!("it is no report of a fit: its `schema` is not `{SCHEMA}`"));
        }
        if header.schema_version != SCHEMA_VERSION {
            return Err(format!(
                "its layout is version {}, not {SCHEMA_VERSION}, the one this program reads",
                header.schema_version
            ));
        }
        Ok(Self)
    }
}
