//! `cargo fuzz run csv`: any bytes as a table give cells or an error.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(table) = onset::registry::table::Table::parse(bytes, "t.csv".as_ref(), &[]) {
        for row in 0..table.rows() {
            let _ = (table.optional_text(row, "model"), table.number(row, "score"));
        }
    }
});
