#!/usr/bin/env bash
# Makes what is installed: a wheel, packages of npm and an archive for each machine, all with the same tree of files. Every
# machine makes the same bytes of the same commit. What is the same for every machine has to be there: `just package`. So do
# the CDK library and TypeScript, in target/cdk. It needs GNU's tar and sed, and zip.
#
# Usage: packaging/release.sh [x86_64|arm64|macos]...
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- x86_64 arm64
root=$PWD
out=$root/target/release-packages
maturin=$PWD/target/tools/maturin/bin/maturin
shared=$out/wheel/data/share/post-confirmation
version=$(cargo pkgid --locked --package post-confirmation-workbench)
version=${version##*[#@]}
# The date of all files: the earliest of a zip.
export SOURCE_DATE_EPOCH=315532800 CARGO_TARGET_DIR=$PWD/target/package/build
export RUSTFLAGS="--remap-path-prefix=$PWD=/project --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"

# The files that are the same for every machine.
share() {
    rm -rf "$out"
    mkdir -p "$shared/terraform"
    cp target/package/share/* deploy/*.yaml "$shared"
    cp packaging/terraform/*.tf "$shared/terraform"
    chmod -R u=rwX,go=rX "$shared"
}

# Packs the folder $1 into the archive $2, without users, dates and order of this machine.
archive() {
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        --directory "$(dirname "$1")" "$(basename "$1")" | gzip --no-name --best > "$2"
}

# Writes the list of what the wheel $1 is made of, as maturin has made it, but without this folder's path: into the wheel
# too, whose RECORD has its digest.
list_parts() (
    python3 -m zipfile -e "$1" "$out/parts"
    cd "$out/parts"
    parts=$(ls ./*.dist-info/sboms/*.cyclonedx.json) record=$(ls ./*.dist-info/RECORD)
    parts=${parts#./} record=${record#./}
    sed --in-place "s|file://$root|file:///project|g" "$parts"
    digest=$(printf "$(sha256sum "$parts" | cut --characters=-64 | sed 's/../\\x&/g')" | base64 | tr '+/' '-_' | tr --delete =)
    sed --in-place "s|^$parts,.*|$parts,sha256=$digest,$(stat --format %s "$parts")|" "$record"
    chmod 644 "$parts" "$record"
    TZ=UTC touch --date 1980-01-01T00:00:00 "$parts" "$record"
    TZ=UTC zip -X --quiet "$1" "$parts" "$record"
    install --mode 644 "$parts" "$out/post-confirmation-$version.cyclonedx.json"
    rm -r "$out/parts"
)

# Packs the package of npm in the folder $1.
pack() {
    npm pkg set version="$version" --prefix "$1"
    # The registry holds the provenance of what the workflow publishes against it.
    [ -z "${GITHUB_REPOSITORY-}" ] || npm pkg set repository.type=git \
        repository.url="git+https://github.com/$GITHUB_REPOSITORY.git" --prefix "$1"
    npm pack --silent --pack-destination "$out" "$1" > /dev/null
}

# Makes the packages for the machine $1.
machine() {
    case $1 in
    x86_64) target=x86_64-unknown-linux-gnu platform=linux-x64 os=linux cpu=x64 ;;
    arm64) target=aarch64-unknown-linux-gnu platform=linux-arm64 os=linux cpu=arm64 ;;
    macos) target=aarch64-apple-darwin platform=darwin-arm64 os=darwin cpu=arm64 ;;
    *) echo "usage: packaging/release.sh [x86_64|arm64|macos]..." >&2 && exit 2 ;;
    esac
    rustup target list --installed | grep -qx $target || rustup target add $target
    echo "Building \`mapper\` for $target (some minutes the first time)"
    linux=()
    [ $os = darwin ] || linux=(--zig --compatibility manylinux_2_28)
    (cd packaging/wheel && "$maturin" build --quiet --locked --profile release --target $target ${linux[@]+"${linux[@]}"} --out "$out")
    list_parts "$(ls -t "$out"/*.whl | head -n 1)"

    tree=$out/post-confirmation-$version-$platform
    mkdir -p "$tree/bin" "$tree/share"
    cp "$CARGO_TARGET_DIR/$target/release/mapper" "$tree/bin"
    cp -r "$shared" "$tree/share"
    cp LICENSE packaging/README.md "$tree"
    archive "$tree" "$tree.tar.gz"

    cat > "$tree/package.json" << EOF
{
  "name": "post-confirmation-$platform",
  "description": "\`mapper\` of post-confirmation for $platform",
  "license": "Apache-2.0",
  "os": ["$os"],
  "cpu": ["$cpu"]
}
EOF
    pack "$tree"
    rm -r "$tree"
}

# The package that people name: npm installs the one for their machine with it. It has the construct for CDK too.
main_package() {
    cp -r packaging/npm "$out/npm"
    cp LICENSE packaging/README.md "$out/npm"
    construct "$out/npm/cdk"
    for platform in linux-x64 linux-arm64 darwin-arm64; do
        npm pkg set "optionalDependencies.post-confirmation-$platform=$version" --prefix "$out/npm"
    done
    pack "$out/npm"
    rm -r "$out/npm"
}

# Compiles the construct into the folder $1, beside the library that its lock names.
construct() {
    rm -rf target/cdk/construct
    mkdir -p target/cdk/construct "$1"
    cp packaging/cdk/*.ts packaging/cdk/tsconfig.json target/cdk/construct
    target/cdk/node_modules/.bin/tsc --project target/cdk/construct --outDir "$1"
    cp packaging/cdk/README.md "$1"
}

share
for machine in "$@"; do
    machine "$machine"
done
main_package
rm -r "$out/wheel"
cd "$out"
sha256sum -- * > SHA256SUMS
ls -lh
