//! A recomputed number, and where it belongs.

/// A number of the paper computed again by the published method.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// Figure or table that prints it.
    pub figure: String,
    /// Panel or row.
    pub item: String,
    /// Name, e.g. `theta`.
    pub quantity: String,
    /// Value at full precision.
    pub value: f64,
    /// Models it is computed from.
    pub models: usize,
    /// Families among them.
    pub families: usize,
    /// What the computation itself has to say about it.
    pub remark: Option<String>,
}
