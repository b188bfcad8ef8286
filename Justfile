# Most recipes use the programs that `just build` puts into target/dist.

set shell := ["bash", "-euo", "pipefail", "-c"]
set ignore-comments := true

root := justfile_directory()
dist := root / "target/dist"
measured := root / "target/measured"
shipped := root / "target/shipped"
tools := root / "target/tools"
# Built together, so that what they share is compiled once: cargo's features depend on what is built.
programs := "--package post-confirmation-host --package post-confirmation-workbench --package test-support"
native_packages := programs + " --package side-by-side --package parts"
mappers := "--package post-confirmation-guest --package js-engine --package mapper-rust"
mapper_packages := mappers + " --package misbehaving-mapper"
native := if arch() == "aarch64" { "arm64" } else { "x86_64" }
python_lists := "test-support/python/requirements.txt examples/mapper-python/requirements.txt"
export PATH := tools / "bin" + ":" + env("PATH")

# List the recipes
default:
    @just --list --unsorted

# Build bootstrap, the workbench, the JavaScript engine and the default mapper's image for this machine
build: _target _zig
    @echo "Building bootstrap, the workbench, the JavaScript engine and the default mapper (some minutes the first time)"
    cargo build --locked {{ programs }}
    cargo build --locked --profile mapper --target wasm32-wasip2 {{ mappers }}
    mkdir -p {{ dist }}
    install target/debug/bootstrap target/debug/mapper {{ dist }}
    install --mode 644 target/wasm32-wasip2/mapper/js_engine.wasm {{ dist }}/js-engine.wasm
    install --mode 644 target/wasm32-wasip2/mapper/post_confirmation_guest.wasm {{ dist }}/default-mapper.wasm
    {{ dist }}/mapper compile target/wasm32-wasip2/mapper/post_confirmation_guest.wasm --output {{ dist }}/mapper.cwasm

# Run three sign-ups end to end, then swap the mapper under the same host
demo: build _cargo-lambda
    python3 examples/demo.py

# Run all tests: those of the mappers inside wasmtime, those of the host against the programs in target/dist
test *args: build _python _packages
    ANSWER_WITHIN_MS=4900 MAPPER_TIMEOUT_MS=3000 CARGO_TARGET_WASM32_WASIP2_RUNNER="{{ dist }}/mapper unit-test" cargo test --locked --target wasm32-wasip2 --package post-confirmation-guest --package mapper-rust
    DIST={{ dist }} cargo test --locked {{ programs }} {{ args }}
    @[ -e target/packages/node_modules ] || echo "Left out: a mapper with packages of npm, because npm is not installed"

# Test how much memory the packaged function takes: that is what is promised
shipped: (_packaged shipped) _python
    install {{ dist }}/mapper {{ dist }}/js-engine.wasm {{ dist }}/mapper.cwasm {{ dist }}/mapper.json {{ shipped }}
    DIST={{ shipped }} SHIPPED=on cargo test --locked {{ programs }} --test it memory

# Test sign-ups end to end: Cognito's emulator, the packages, Django, the recipes, a browser
e2e *args: (package native) _python _e2e _cdk
    target/e2e/python/bin/python -m pytest --numprocesses 2 --dist loadfile e2e {{ args }}

# Run thousands of events under random faults and check that no user is lost; a seed repeats its faults
soak events="10000" seed="1": build _python
    SOAK_EVENTS={{ events }} SOAK_SEED={{ seed }} DIST={{ dist }} cargo test --locked {{ programs }} --test it soak -- --nocapture

# Map one event and show the request; takes the options of `mapper run`
run event *args: build
    MAPPER_IMAGE={{ dist }}/mapper.cwasm {{ dist }}/mapper run {{ event }} {{ args }}

# Build function.zip and mapper.zip for Lambda in target/package/ARCH: x86_64 or arm64
package arch="x86_64": build _cargo-lambda _zig
    bash deploy/package.sh {{ arch }}

# Make what is installed, in target/release-packages: a wheel, packages of npm and archives, for x86_64 and arm64
release *machines: (package "x86_64") (package "arm64") _maturin
    bash packaging/release.sh {{ machines }}

# Measure what a mapper costs in each language, the table of docs/languages.md
costs: _measured _python
    DIST={{ measured }} python3 examples/costs.py

# Measure the function beside a native one and Node.js, and check the project's bounds: some ten minutes
bench: _measured _python _node-peer
    cargo build --locked --profile lambda --package native-function
    install target/lambda/native {{ measured }}
    DIST={{ measured }} cargo run --locked --release --package side-by-side

# Count the instructions of the parts that an event goes through, and check their bounds
instructions: build
    cargo build --locked --release --package parts
    python3 bench/instructions.py

# Check that the workbench compiles for a Mac
macos: _cargo-zigbuild (_target "aarch64-apple-darwin")
    {{ tools }}/cargo-zigbuild/bin/cargo-zigbuild check --locked --target aarch64-apple-darwin --package post-confirmation-workbench

# Run everything that CI runs
ci: check-fmt clippy python doc test instructions deny demo macos (release native) shipped e2e

# Format the code
fmt:
    cargo fmt --all

# Check the format
check-fmt:
    cargo fmt --all --check

# Lint the host and its tools, then the mappers
clippy: _target _zig
    cargo clippy --locked {{ native_packages }} --all-targets -- --deny warnings
    cargo clippy --locked {{ native_packages }} --package native-function -- --deny warnings
    cargo clippy --locked {{ mapper_packages }} --target wasm32-wasip2 --all-targets -- --deny warnings
    cargo clippy --locked {{ mapper_packages }} --package mapper-of-0-1 --package js-engine-of-0-1 --target wasm32-wasip2 -- --deny warnings

# Lint the scripts and check their format
python: _e2e
    target/e2e/python/bin/ruff check --quiet
    target/e2e/python/bin/ruff format --check --quiet

# Build the documentation
doc:
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps {{ programs }}

# Check licences, bans and sources of all dependencies
deny: _cargo-deny
    cargo deny check licenses bans sources

# Fetch the advisory database and check the dependencies against it
advisories: _cargo-deny
    cargo deny check advisories

# The function as it is shipped, out of its package, in the folder `into`.
_packaged into: (package native)
    mkdir -p {{ into }}
    python3 -m zipfile -e target/package/{{ native }}/function.zip {{ into }}
    chmod +x {{ into }}/bootstrap

# The programs that are measured: the shipped one, and an optimised workbench.
_measured: (_packaged measured)
    cargo build --locked --release --package post-confirmation-workbench
    install target/release/mapper {{ dist }}/js-engine.wasm {{ measured }}
    {{ measured }}/mapper compile target/wasm32-wasip2/mapper/post_confirmation_guest.wasm --output {{ measured }}/mapper.cwasm

_target name="wasm32-wasip2":
    @rustup target list --installed | grep -qx {{ name }} || rustup target add {{ name }}

# AWS on this machine, an independent verifier of signatures and componentize-py, for the tests. Installed again if the
# lists change.
_python:
    @cat {{ python_lists }} | cmp --silent - target/python/installed.txt || { \
        echo "Installing the Python tools of the tests into target/python" && rm -rf target/python && \
        python3 -m venv target/python && \
        target/python/bin/python -m pip install --quiet --disable-pip-version-check {{ prepend("--requirement ", python_lists) }} && \
        cat {{ python_lists }} > target/python/installed.txt; }

# Packages of npm that a test puts into a mapper. Installed again if the list changes.
_packages:
    @cmp --silent workbench/tests/javascript/packages/package-lock.json target/packages/installed.json || \
        if command -v npm > /dev/null; then \
        mkdir -p target/packages && cp workbench/tests/javascript/packages/package*.json target/packages && \
        npm ci --silent --no-audit --no-fund --prefix target/packages && \
        cp workbench/tests/javascript/packages/package-lock.json target/packages/installed.json; fi

# The packages of the end-to-end tests, for Python and Node.js. Installed again if the lists change.
_e2e:
    @cat e2e/requirements.txt e2e/package-lock.json | cmp --silent - target/e2e/installed.txt || { \
        echo "Installing the parts of the end-to-end tests into target/e2e" && rm -rf target/e2e && \
        python3 -m venv target/e2e/python && \
        target/e2e/python/bin/python -m pip install --quiet --disable-pip-version-check --requirement e2e/requirements.txt && \
        mkdir -p target/e2e/cognito-local && cp e2e/package*.json target/e2e/cognito-local && \
        npm ci --silent --no-audit --no-fund --prefix target/e2e/cognito-local && \
        cat e2e/requirements.txt e2e/package-lock.json > target/e2e/installed.txt; }

# The CDK library and TypeScript, for the construct's tests. Installed again if the list changes.
_cdk:
    @cmp --silent packaging/cdk/package-lock.json target/cdk/installed.json || { \
        echo "Installing the CDK library into target/cdk" && rm -rf target/cdk && \
        mkdir -p target/cdk && cp packaging/cdk/package*.json target/cdk && \
        npm ci --silent --no-audit --no-fund --prefix target/cdk && \
        cp packaging/cdk/package-lock.json target/cdk/installed.json; }

# AWS's runtime interface client for the function in plain Node.js, which `just bench` measures. Installed again if
# the lock changes. It is compiled here, with the headers of this Node.js if they are installed, because node-gyp would
# download them. The package leaves 150 MB of objects behind, which are deleted.
_node-peer:
    @cmp --silent bench/node/package-lock.json target/bench/node/installed.json || { \
        missing=$(for program in npm cmake autoconf automake libtoolize make g++; do command -v $program > /dev/null || echo -n " $program"; done) && \
        { [ -z "$missing" ] || { echo "The runtime interface client of Node.js can't be compiled. Missing:$missing (libtoolize is in the package libtool)" >&2; exit 1; }; } && \
        echo "Compiling the runtime interface client of Node.js into target/bench/node (a minute)" && rm -rf target/bench/node && \
        mkdir -p target/bench/node && cp bench/node/package*.json target/bench/node && \
        prefix=$(node -p 'path.dirname(path.dirname(process.execPath))') && \
        if [ -e "$prefix/include/node/node.h" ]; then export npm_config_nodedir="$prefix"; fi && \
        npm ci --loglevel error --no-audit --no-fund --prefix target/bench/node > /dev/null && \
        rm -rf target/bench/node/node_modules/aws-lambda-ric/deps && \
        cp bench/node/package-lock.json target/bench/node/installed.json; }

_cargo-lambda: (_tool "cargo-lambda" "1.9.2")

# A C compiler that links for another C library and another processor than this machine's.
_zig:
    @[ -x {{ tools }}/bin/zig ] || { \
        python3 -m pip install --quiet --no-deps --target {{ tools }}/zig ziglang==0.17.1 && \
        mkdir -p {{ tools }}/bin && ln -sf ../zig/ziglang/zig {{ tools }}/bin/zig; }

_maturin: (_tool "maturin" "1.16.0")

_cargo-zigbuild: _zig (_tool "cargo-zigbuild" "0.24.1")

# A program that its makers publish as a wheel.
_tool name version:
    @[ -x {{ tools }}/{{ name }}/bin/{{ name }} ] || python3 -m pip install --quiet --no-deps --target {{ tools }}/{{ name }} {{ name }}=={{ version }}

_cargo-deny:
    @command -v cargo-deny > /dev/null || cargo install --locked --debug --root {{ tools }} cargo-deny@0.20.2
