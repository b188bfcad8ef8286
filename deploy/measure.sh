#!/usr/bin/env bash
# Builds what is measured on Lambda, and measures it there: `bash deploy/measure.sh --backend-api-url https://…`.
set -euo pipefail
cd "$(dirname "$0")/.."

arch=x86_64
for argument in "$@"; do
    case $argument in
    arm64 | --arch=arm64) arch=arm64 ;;
    -h | --help) exec python3 deploy/measure.py --help ;;
    esac
done
case $arch in
x86_64) target=x86_64-unknown-linux-gnu ;;
arm64) target=aarch64-unknown-linux-gnu ;;
esac

just package $arch
echo "Building the function without WebAssembly for $arch"
CARGO_TARGET_DIR=$PWD/target/package/build target/tools/cargo-lambda/bin/cargo-lambda lambda build --locked \
    --profile lambda --package native-function --bin native --target $target.2.34 \
    --lambda-dir target/package/$arch/native --flatten native
python3 deploy/measure.py "$@"
