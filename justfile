# The commands people run. `just` lists them.
default:
    @just --list

# Regenerate every figure and table of the paper into figures/.
reproduce:
    cargo run --release -- reproduce

# All tests.
test:
    cargo test --release

# What has to pass before a change goes in.
check:
    bash .ci/run

# Benchmarks; see docs/benchmarks.md for what was seen.
bench:
    cargo bench

# Where the time of a cold build goes.
timings:
    cargo build --release --timings
