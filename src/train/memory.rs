//! Memory that is freed stays with the process.

/// From now on, memory that is freed stays with the process for the next list of its size. A setting of the whole
/// process, so it is left to programs: call it once, before training. No number depends on it.
///
/// Every step asks for lists of the same sizes as the one before. Where each of them is given back to the system and
/// fetched anew, page by page and zeroed, a quarter of a small model's time goes there (docs/benchmarks.md). It does
/// something where the allocator is that of the GNU C library, and nothing elsewhere.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Lists from this size on are still mapped and unmapped, one by one.
        const MAPPED: libc::c_int = 1 << 30;
        // SAFETY: mallopt sets two numbers of the allocator under its own lock; it takes any values.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        }
    }
}
