#!/usr/bin/env bash
# Builds what is measured on Lambda, by the flags of package.sh, and measures it: `--help` has the arguments.
set -euo pipefail
cd "$(dirname "$0")/.."

arch=x86_64 target=x86_64-unknown-linux-gnu
for argument in "$@"; do
    case $argument in
    arm64 | --arch=arm64) arch=arm64 target=aarch64-unknown-linux-gnu ;;
    -h | --help) exec python3 deploy/measure.py --help ;;
    esac
done
folder=target/package/$arch
cargo_home=${CARGO_HOME:-$HOME/.cargo}

just package $arch
echo "Building the function without WebAssembly for $arch"
# Where the linker of cargo-lambda is; only recipes of the Justfile have it on their PATH.
export PATH=$PWD/target/tools/bin:$PATH
export CARGO_TARGET_DIR=$PWD/target/package/build
export RUSTFLAGS="--remap-path-prefix=$PWD=/project --remap-path-prefix=$cargo_home=/cargo"
target/tools/cargo-lambda/bin/cargo-lambda lambda build --locked --profile lambda --package native-function \
    --bin native --target $target.2.34 --lambda-dir "$folder/native" --flatten native
write_native='import sys; from pathlib import Path; from package import write_zip
folder = Path(sys.argv[1]); write_zip(folder / "native.zip", [folder / "native/bootstrap"])'
PYTHONPATH=deploy python3 -c "$write_native" "$folder"
exec python3 deploy/measure.py "$@"
