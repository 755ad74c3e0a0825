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

# Execute every notebook in the Rust kernel and keep the outputs; the first time it builds the kernel.
notebooks:
    bash .ci/notebooks --write

# Write docs/paper.md from figures/reproduction.csv, and the outputs shown in docs/tutorial.md, anew.
paper-page:
    ONSET_UPDATE=1 cargo test --release --test house docs

# docs/ as a site with search, in target/site (needs mdBook).
site:
    mdbook build docs
    python3 docs/site.py target/site
