#!/usr/bin/env bash
# Packs a built binary into the image without a container engine, runs the image as a cluster would, and plays the compose
# file with it; needs root, and brings buildah where apt-get can.
#
#   deploy/container/check.sh [BINARY]     target/debug/tidings when none is named
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly BINARY=${1:-target/debug/tidings}
readonly PACKAGES=(buildah iproute2 curl)

die() { printf 'check: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "must run as root: it mounts, and unpacks files of other users"
if ! command -v buildah >/dev/null || ! command -v ip >/dev/null || ! command -v curl >/dev/null; then
    command -v apt-get >/dev/null || die "buildah, ip or curl is missing"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${PACKAGES[@]}" >/dev/null
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The user in the image must get there.
chmod 755 "$work"
deploy/container/make-bases.sh runtime
deploy/container/build.sh --local-bases --given "$BINARY" --unpack "$work/root"
deploy/container/run-root.sh "$work/root"
deploy/compose/rehearse.sh "$work/root"
