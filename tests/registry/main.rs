//! Models, benchmarks and scores, and the tables that hold them.

mod tables;
