# Most recipes use the programs that `just build` puts into target/dist.

root := justfile_directory()
dist := root / "target/dist"
measured := root / "target/measured"
shipped := root / "target/shipped"
wasm := "--target wasm32-wasip2"
# Built together, so that what they share is compiled once: cargo's features depend on what is built.
programs := "--package post-confirmation-host --package post-confirmation-workbench --package test-support"
native_packages := programs + " --package side-by-side --package parts"
mappers := wasm + " --package post-confirmation-guest --package js-engine"
other_mappers := "--package mapper-rust --package misbehaving-mapper --package mapper-of-0-1 --package js-engine-of-0-1"
native := if arch() == "aarch64" { "arm64" } else { "x86_64" }
export PATH := root / "target/tools/bin:" + env("PATH")

# List the recipes
default:
    @just --list --unsorted

# Build bootstrap, the workbench, the JavaScript engine and the default mapper's image for this machine
build: (_tools "wasm zig")
    @echo "Building bootstrap, the workbench, the JavaScript engine and the default mapper (some minutes the first time)"
    cargo build --locked {{ programs }}
    cargo build --locked --profile mapper {{ mappers }}
    mkdir -p {{ dist }}
    install target/debug/bootstrap target/debug/mapper {{ dist }}
    install --mode 644 target/wasm32-wasip2/mapper/js_engine.wasm {{ dist }}/js-engine.wasm
    install --mode 644 target/wasm32-wasip2/mapper/post_confirmation_guest.wasm {{ dist }}/default-mapper.wasm
    {{ dist }}/mapper compile {{ dist }}/default-mapper.wasm --output {{ dist }}/mapper.cwasm

# Run three sign-ups end to end, then swap the mapper under the same host
demo: build (_tools "cargo-lambda")
    python3 examples/demo.py

# Run all tests: those of the mappers inside wasmtime, those of the host against the programs in target/dist
test *args: build (_tools "python packages")
    ANSWER_WITHIN_MS=4900 MAPPER_TIMEOUT_MS=3000 CARGO_TARGET_WASM32_WASIP2_RUNNER="{{ dist }}/mapper unit-test" cargo test --locked {{ wasm }} --package post-confirmation-guest --package mapper-rust
    DIST={{ dist }} cargo test --locked {{ programs }} {{ args }}

# Test how much memory the packaged function takes: that is what is promised
shipped: (_packaged shipped) (_tools "python")
    install {{ dist }}/mapper {{ dist }}/js-engine.wasm {{ dist }}/mapper.cwasm {{ dist }}/mapper.json {{ shipped }}
    DIST={{ shipped }} SHIPPED=on cargo test --locked {{ programs }} --test it memory

# Test sign-ups end to end: Cognito's emulator, the packages, Django, the recipes, a browser
e2e *args: (package native) (_tools "python e2e cdk")
    target/e2e/python/bin/python -m pytest --numprocesses 2 --dist loadfile e2e {{ args }}

# Run thousands of events under random faults and check that no user is lost; a seed repeats its faults
soak events="10000" seed="1": build (_tools "python")
    SOAK_EVENTS={{ events }} SOAK_SEED={{ seed }} DIST={{ dist }} cargo test --locked {{ programs }} --test it soak -- --nocapture

# Build function.zip and mapper.zip for Lambda in target/package/ARCH: x86_64 or arm64
package arch="x86_64": build (_tools "cargo-lambda")
    bash packaging/package.sh {{ arch }}

# Make what is installed, in target/release-packages: a wheel, packages of npm and archives, for x86_64 and arm64
release *machines: (package "x86_64") (package "arm64") (_tools "maturin cdk")
    bash packaging/release.sh {{ machines }}

# Measure what a mapper costs in each language, the table of docs/languages.md
costs: _measured (_tools "python")
    DIST={{ measured }} python3 examples/costs.py

# Measure the function beside a native one and Node.js, and check the project's bounds: some ten minutes
bench: _measured (_tools "python node-peer")
    cargo build --locked --profile lambda --package native-function
    install target/lambda/native {{ measured }}
    DIST={{ measured }} cargo run --locked --release --package side-by-side

# Count the instructions of the parts that an event goes through, and check their bounds
instructions: build
    cargo build --locked --release --package parts
    python3 bench/instructions.py

# Check that the workbench compiles for a Mac
macos: (_tools "mac zig cargo-zigbuild")
    target/tools/cargo-zigbuild/bin/cargo-zigbuild check --locked --target aarch64-apple-darwin --package post-confirmation-workbench

# Run everything that CI runs
ci: lint test instructions deny demo macos (release native) shipped e2e

# Check the format of all code, lint the host, its tools, the mappers and the scripts, and build the documentation
lint: (_tools "wasm zig e2e")
    cargo fmt --all --check
    cargo clippy --locked {{ native_packages }} --all-targets -- --deny warnings
    cargo clippy --locked {{ native_packages }} --package native-function -- --deny warnings
    cargo clippy --locked --all-targets {{ mappers }} --package mapper-rust --package misbehaving-mapper -- --deny warnings
    cargo clippy --locked {{ mappers }} {{ other_mappers }} -- --deny warnings
    target/e2e/python/bin/ruff check --quiet
    target/e2e/python/bin/ruff format --check --quiet
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps {{ programs }}

# Check licences, bans and sources of all dependencies; `just deny advisories` fetches and checks the known faults
deny *checks="licenses bans sources": (_tools "cargo-deny")
    cargo deny check {{ checks }}

# The function as it is shipped, out of its package, in the folder `into`.
_packaged into: (package native)
    python3 -m zipfile -e target/package/{{ native }}/function.zip {{ into }}
    chmod +x {{ into }}/bootstrap

# The programs that are measured: the shipped one, and an optimised workbench.
_measured: (_packaged measured)
    cargo build --locked --release --package post-confirmation-workbench
    install target/release/mapper {{ dist }}/js-engine.wasm {{ measured }}
    {{ measured }}/mapper compile {{ dist }}/default-mapper.wasm --output {{ measured }}/mapper.cwasm

_tools names:
    @test-support/tools.sh {{ names }}
