#!/usr/bin/env bash
# Builds the image with buildah, without a container engine, and unpacks it into a folder if asked to.
#
#   deploy/container/build.sh [--local-bases] [--given BINARY] [--unpack FOLDER]
#
# --local-bases     on the bases of make-bases.sh instead of those from registries
# --given BINARY    packs this binary instead of building one; its C library must be no newer than the base's
# --unpack FOLDER   leaves the image's root there, for run-root.sh
#
# TAG, PLATFORM (linux/amd64, linux/arm64), VERSION, REVISION and SOURCE are taken from the environment.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly BUILDAH=(buildah --storage-driver vfs)
readonly TAG=${TAG:-localhost/tidings:0.1.0}

die() { printf 'build: %s\n' "$*" >&2; exit 1; }

given='' unpack='' target=image
arguments=(--build-arg VERSION="${VERSION:-0.1.0}" --build-arg SOURCE="${SOURCE:-unknown}")
while [ $# -gt 0 ]; do
    case $1 in
        --local-bases)
            arguments+=(--build-arg RUNTIME_BASE=localhost/tidings-base-runtime:bookworm)
            arguments+=(--build-arg BUILD_BASE=localhost/tidings-base-build:bookworm)
            ;;
        --given) given=$(realpath "${2:?--given needs a binary}") target=given && shift ;;
        --unpack) unpack=${2:?--unpack needs a folder} && shift ;;
        *) die "no such argument: $1" ;;
    esac
    shift
done
case $(uname -m) in x86_64) here=linux/amd64 ;; aarch64) here=linux/arm64 ;; *) here= ;; esac
platform=${PLATFORM:-$here}
[ -n "$platform" ] || die "PLATFORM must be set on a machine of this kind"
arguments+=(--platform "$platform")
revision=${REVISION:-$(git rev-parse HEAD 2>/dev/null || echo unknown)}
arguments+=(--build-arg REVISION="$revision" --build-arg CREATED="$(date -u +%FT%TZ)")

container=
clean() {
    rm -rf given
    [ -z "$container" ] || "${BUILDAH[@]}" rm "$container" >/dev/null
}
trap clean EXIT

if [ -n "$given" ]; then
    install -D "$given" given/usr/bin/tidings
    # Line tables are three quarters of the binary; the list of dependencies, if it has one, stays.
    if command -v strip >/dev/null; then strip --strip-debug given/usr/bin/tidings; fi
    if [ -f "$given.cdx.json" ]; then install -D -m 644 "$given.cdx.json" given/usr/share/sbom/tidings.cdx.json; fi
fi
"${BUILDAH[@]}" bud --quiet --format docker --isolation chroot --layers --target "$target" \
    "${arguments[@]}" --file deploy/container/Containerfile --tag "$TAG" . >/dev/null
echo "build: $TAG"

if [ -n "$unpack" ]; then
    [ ! -e "$unpack" ] || [ -z "$(ls -A "$unpack")" ] || die "$unpack is not empty"
    container=$("${BUILDAH[@]}" from --pull-never "$TAG")
    mkdir -p "$unpack"
    cp -a "$("${BUILDAH[@]}" mount "$container")/." "$unpack/"
    "${BUILDAH[@]}" umount "$container" >/dev/null
    echo "build: unpacked into $unpack"
fi
