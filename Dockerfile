# The program in an image of its own: the first stage builds it, the second runs it as a user without rights.
#   docker build -t onset .
#   docker run --rm -v "$PWD:/work" onset fit table.csv --score mmlu --out fit
FROM rust:1.95-slim-bookworm AS build
WORKDIR /onset
COPY Cargo.toml Cargo.lock build.rs README.md ./
COPY python/Cargo.toml python/Cargo.toml
COPY python/src python/src
COPY src src
COPY data data
COPY vendor vendor
RUN cargo build --locked --release --bin onset

FROM debian:bookworm-slim
RUN useradd --create-home --uid 1000 onset
COPY --from=build /onset/target/release/onset /usr/local/bin/onset
COPY LICENSE-APACHE LICENSE-MIT /usr/local/share/doc/onset/
USER onset
WORKDIR /work
ENTRYPOINT ["onset"]
CMD ["--help"]
