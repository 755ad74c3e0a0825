//! Memory that is freed stays with the process.
//!
//! Every step asks for lists of the same sizes as the one before. Where each of them is given back to the system and
//! fetched anew, page by page and zeroed, a quarter of a small model's time goes there (docs/benchmarks.md).

/// From now on, lists that are freed are kept for the next of their size instead of being given back to the system. Does
/// something where the allocator is that of the GNU C library, and nothing elsewhere.
pub(super) fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Lists from this size on are still mapped and unmapped, one by one.
        const MAPPED: libc::c_int = 1 << 30;
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: mallopt sets two numbers of the allocator under its own lock; it takes any values.
        ONCE.call_once(|| unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        });
    }
}
