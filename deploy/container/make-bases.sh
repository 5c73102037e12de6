#!/usr/bin/env bash
# Makes the two base images from Debian packages, for machines that reach no container registry.
#
#   deploy/container/make-bases.sh [runtime] [build]     both when none is named; needs root, buildah and apt-get
#
# runtime  localhost/tidings-base-runtime:bookworm   C library, roots of trust, user 65532: no shell
# build    localhost/tidings-base-build:bookworm     C compiler, make, and the Rust toolchain of this machine
set -euo pipefail

readonly BUILDAH=(buildah --storage-driver vfs)
# Exactly what the binary needs: with all that these packages depend on, a shell and perl would come along.
readonly RUNTIME_PACKAGES=(base-files libc6 libgcc-s1 ca-certificates)
# With all that these depend on.
readonly BUILD_PACKAGES=(base-files bash ca-certificates coreutils dash diffutils gawk gcc grep libc6-dev make sed)

say() { printf 'make-bases: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

work=$(mktemp -d)
# `_apt`, who downloads, must get there.
chmod 755 "$work"
container=
clean() {
    [ -z "$container" ] || "${BUILDAH[@]}" rm "$container" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean EXIT

# Package archives into the folder $1; with --all, those of an empty machine that they depend on too.
fetch() {
    local folder=$1 with=$2
    shift 2
    mkdir -p "$folder/partial"
    if [ "$with" = --all ]; then
        : >"$work/status"
        apt-get -qq -y -o Dir::State::status="$work/status" -o Dir::Cache::archives="$folder" -o Debug::NoLocking=1 \
            install --download-only --no-install-recommends "$@" >/dev/null
    else
        chmod 777 "$folder"
        (cd "$folder" && apt-get -qq download "$@")
    fi
}

# Unpacks the archives of the folder $1 below $2, without running what they would run.
unpack() {
    local folder=$1 root=$2 place archive
    for place in bin lib lib64 sbin; do
        mkdir -p "$root/usr/$place"
        ln -s "usr/$place" "$root/$place"
    done
    for archive in "$folder"/*.deb; do
        dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C "$root"
    done
    # What the package itself would gather when it is installed.
    cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
}

# A container of nothing; its root is $root.
begin() {
    container=$("${BUILDAH[@]}" from scratch)
    root=$("${BUILDAH[@]}" mount "$container")
}

finish() {
    "${BUILDAH[@]}" umount "$container" >/dev/null
    "${BUILDAH[@]}" commit --quiet --format docker --rm "$container" "$1" >/dev/null
    container=
    say "$1"
}

runtime() {
    begin
    fetch "$work/runtime" --only "${RUNTIME_PACKAGES[@]}"
    unpack "$work/runtime" "$root"
    rm -rf "$root"/usr/share/{doc,man,lintian,ca-certificates} "$root"/usr/sbin "$root"/sbin "$root"/usr/lib/*/gconv
    mkdir -p "$root"/{dev,proc,sys,tmp,run,var/lib,home/nonroot}
    chmod 1777 "$root/tmp"
    chown 65532:65532 "$root/home/nonroot"
    printf 'root:x:0:0:root:/:/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/nologin\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
    printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
    "${BUILDAH[@]}" config --user 65532:65532 --env PATH=/usr/bin "$container"
    finish localhost/tidings-base-runtime:bookworm
}

build() {
    local sysroot
    sysroot=$(rustc --print sysroot) || die "rustc is missing: install Rust 1.90 or newer"
    begin
    fetch "$work/build" --all "${BUILD_PACKAGES[@]}"
    unpack "$work/build" "$root"
    # What this machine trusts, as long as it builds: it may reach the registries through a proxy of its own.
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    [ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
    [ -e "$root/usr/bin/cc" ] || ln -s gcc "$root/usr/bin/cc"
    [ -e "$root/usr/bin/awk" ] || ln -s gawk "$root/usr/bin/awk"
    mkdir -p "$root"/{dev,proc,sys,tmp,usr/local/cargo}
    chmod 1777 "$root/tmp"
    printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    cp -a "$sysroot/bin" "$sysroot/lib" "$root/usr/local/"
    "${BUILDAH[@]}" config --env CARGO_HOME=/usr/local/cargo \
        --env PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin "$container"
    finish localhost/tidings-base-build:bookworm
}

[ "$(id -u)" = 0 ] || die "must run as root: it unpacks files of other users"
command -v buildah >/dev/null || die "buildah is missing: apt-get install buildah"
[ $# -gt 0 ] || set -- runtime build
for base in "$@"; do
    case $base in
        runtime | build) "$base" ;;
        *) die "no such base: $base (runtime, build)" ;;
    esac
done
