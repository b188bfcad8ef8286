#!/usr/bin/env bash
# Builds the packages of one architecture. Every machine builds the same bytes of the same commit: against the C library
# of Amazon Linux 2023, and without the paths of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1-} in
x86_64) target=x86_64-unknown-linux-gnu ;;
arm64) target=aarch64-unknown-linux-gnu ;;
*) echo "usage: just package [x86_64|arm64]" >&2 && exit 2 ;;
esac
folder=target/package/$1
cargo_home=${CARGO_HOME:-$HOME/.cargo}

rustup target list --installed | grep -qx $target || rustup target add $target
mkdir -p "$folder"
echo "Building for $1 (some minutes the first time)"
export CARGO_TARGET_DIR=$PWD/target/package/build
flags="--remap-path-prefix=$PWD=/project --remap-path-prefix=$cargo_home=/cargo"
RUSTFLAGS=$flags target/tools/cargo-lambda/bin/cargo-lambda lambda build --locked --profile lambda --package post-confirmation-host \
    --bin bootstrap --target $target.2.34 --lambda-dir "$folder" --flatten bootstrap
# The function must not carry the compiler of the workbench, whose panics would name its files.
if grep --quiet cranelift-codegen- "$folder/bootstrap"; then
    echo "error: $folder/bootstrap holds the compiler of WebAssembly" >&2 && exit 1
fi
# With those of .cargo/config.toml, in whose place RUSTFLAGS would stand.
CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS=$flags cargo build --locked --profile mapper --target wasm32-wasip2 --package post-confirmation-guest --package js-engine
default_mapper=$CARGO_TARGET_DIR/wasm32-wasip2/mapper/post_confirmation_guest.wasm
engine=$CARGO_TARGET_DIR/wasm32-wasip2/mapper/js_engine.wasm
for path in "$PWD" "$cargo_home"; do
    if grep --files-with-matches --fixed-strings -e "$path" "$default_mapper" "$engine"; then
        echo "error: it holds the path $path" >&2 && exit 1
    fi
done
target/dist/mapper package "$default_mapper" --arch "$1" --output "$folder/mapper.zip"
bash packaging/function-zip.sh "$folder" "$PWD" "$cargo_home"

# What is built once for every machine that `mapper` is installed on.
mkdir -p target/package/share
install --mode 644 "$folder/function.zip" "target/package/share/function-$1.zip"
install --mode 644 "$default_mapper" target/package/share/default-mapper.wasm
install --mode 644 "$engine" target/package/share/js-engine.wasm
# What `mapper` finds beside itself in a checkout.
cp -r "target/package/share/function-$1.zip" deploy/*.yaml packaging/terraform target/dist
