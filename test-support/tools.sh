#!/usr/bin/env bash
# Installs what recipes need besides cargo, into `target`. What is there already is left alone, and installed again if the
# lists of its packages change.
#
# Usage: test-support/tools.sh NAME...: see the functions below.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=target/tools

# A target of Rust, with its standard library.
target() { rustup target list --installed | grep -qx "$1" || rustup target add "$1"; }
wasm() { target wasm32-wasip2; }
mac() { target aarch64-apple-darwin; }

# Installs the program $1 at the version $2 from its wheel, which is called $3 if not like the program.
wheel() { [ -e $tools/"$1" ] || python3 -m pip install --quiet --no-deps --target $tools/"$1" "${3-$1}==$2"; }
cargo-lambda() { wheel cargo-lambda 1.9.2; }
cargo-zigbuild() { wheel cargo-zigbuild 0.24.1; }
maturin() { wheel maturin 1.16.0; }

# A C compiler that links for another C library and another processor than this machine's.
zig() {
    wheel zig 0.17.1 ziglang
    mkdir -p $tools/bin
    ln -sf ../zig/ziglang/zig $tools/bin/zig
}

cargo-deny() { type -P cargo-deny > /dev/null || cargo install --locked --debug --root $tools cargo-deny@0.20.2; }

# Calls the function $2, which fills the empty folder $1, if the folder was not filled for the lists of packages that follow.
filled() {
    local folder=$1 fill=$2
    shift 2
    cat "$@" | cmp --silent - "$folder/installed.txt" && return
    echo "Installing $* into $folder"
    rm -rf "$folder"
    mkdir -p "$folder"
    "$fill" "$folder" "$@"
    cat "$@" > "$folder/installed.txt"
}

# Makes an environment of Python in the folder $1 with the packages of the lists that follow.
environment() {
    local folder=$1
    shift
    python3 -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "${@/#/--requirement=}"
}

# Installs what the lock $2 of npm names into the folder $1.
modules() {
    command -v npm > /dev/null || { echo "npm is missing: install Node.js with npm" >&2 && exit 1; }
    cp "$2" "$(dirname "$2")/package.json" "$1"
    npm ci --loglevel error --no-audit --no-fund --prefix "$1" > /dev/null
}

# AWS on this machine, an independent verifier of signatures and componentize-py.
python() { filled target/python environment test-support/python/requirements.txt examples/mapper-python/requirements.txt; }

# Packages of npm that a test puts into a mapper.
packages() {
    if command -v npm > /dev/null; then
        filled target/packages modules workbench/tests/javascript/packages/package-lock.json
    else
        echo "Left out: a mapper with packages of npm, because npm is not installed"
    fi
}

# The parts of the end-to-end tests.
e2e() {
    filled target/e2e/python environment e2e/requirements.txt
    filled target/e2e/cognito-local modules e2e/package-lock.json
}

# The CDK library and TypeScript, for the construct's tests.
cdk() { filled target/cdk modules packaging/cdk/package-lock.json; }

# AWS's runtime interface client for the function in plain Node.js, which `just bench` measures.
node-peer() { filled target/bench/node client bench/node/package-lock.json; }

# It is compiled here, with the headers of this Node.js if they are installed, because node-gyp would download them. Its
# package leaves 150 MB of objects behind.
client() {
    local missing=() program prefix
    for program in npm cmake autoconf automake libtoolize make g++; do
        command -v $program > /dev/null || missing+=($program)
    done
    if [ ${#missing[@]} -gt 0 ]; then
        echo "The runtime interface client of Node.js can't be compiled. Missing: ${missing[*]} (libtoolize is in the package libtool)" >&2
        exit 1
    fi
    prefix=$(node -p 'path.dirname(path.dirname(process.execPath))')
    if [ -e "$prefix/include/node/node.h" ]; then export npm_config_nodedir="$prefix"; fi
    modules "$@"
    rm -rf "$1/node_modules/aws-lambda-ric/deps"
}

for name; do
    "$name"
done
