//! The steps of a fit, for whoever waits for it.

/// What a fit is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum FitStep {
    /// Fit the curves and compare them.
    Compare,
    /// Test for a rise.
    Rise,
    /// Bound the hinge and test it.
    Hinge,
    /// Bound the other curve that leads, and try other cut-offs.
    Lead,
    /// Look for a break before a ceiling.
    Ceiling,
    /// Draw the curves with their bands, and look for influential models.
    Bands,
}

/// Who is told of the steps of a fit.
#[derive(Clone, Copy)]
pub(super) struct Told<'a>(pub(super) &'a (dyn Fn(FitStep) + Sync));

impl Told<'_> {
    pub(super) fn of(self, step: FitStep) {
        (self.0)(step);
    }
}

impl std::fmt::Debug for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}
