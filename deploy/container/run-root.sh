#!/usr/bin/env bash
# Runs an unpacked image as Kubernetes would, without an engine, and shows that it serves.
#
#   deploy/container/run-root.sh FOLDER     the folder that `build.sh --unpack` left; needs root
#
# The root is mounted read-only; the data folder alone can be written; there is no network but a loopback of its own, no
# capabilities and no way to new privileges; the user is 65532. The configuration lies there as
# the kubelet lays it, behind the link ..data, and is changed as the kubelet changes it.
set -euo pipefail

readonly SERVER=127.0.0.1:8085 USER_ID=65532 READY_WITHIN_SECONDS=20 STOPS_WITHIN_SECONDS=15

say() { printf 'run-root: %s\n' "$*"; }
die() {
    printf 'run-root: %s\n' "$*" >&2
    [ ! -s "${work:-}/log" ] || tail -n 20 "$work/log" >&2
    exit 1
}

# The rest of this file runs again inside namespaces of its own: what is mounted there ends with them.
if [ "${1:-}" != --inside ]; then
    [ $# = 1 ] && [ -x "$1/usr/bin/tidings" ] || die "usage: run-root.sh FOLDER, with usr/bin/tidings in it"
    [ "$(id -u)" = 0 ] || die "must run as root: it mounts"
    exec unshare --mount --net --pid --fork --kill-child -- "$0" --inside "$(realpath "$1")"
fi

root=$2
work=$(mktemp -d)
trap 'umount --recursive "$root" 2>/dev/null || true; rm -rf "$work"' EXIT
ip link set lo up

write_configuration() {
    mkdir "$work/config/$1"
    cat >"$work/config/$1/tidings.toml" <<TOML
version  = 1
unrouted = "responders"
ingest   = { http = { listen = "$SERVER" } }
journal  = { path = "/var/lib/tidings" }
channel  = { screen = { type = "console" } }

[audience.responders]
disclosure   = "internal"
destinations = ["screen"]

[[route]]
name     = "$2"
kind     = "alert"
audience = "responders"
TOML
    ln -s "$1" "$work/config/..new"
    # One rename: nobody ever sees half a configuration.
    mv -T "$work/config/..new" "$work/config/..data"
}

mkdir "$work/config" "$work/data"
write_configuration ..first alerts
ln -s ..data/tidings.toml "$work/config/tidings.toml"
chmod 755 "$work" "$work/config" "$work"/config/..first
chown "$USER_ID:$USER_ID" "$work/data"
mkdir -p "$root/proc" "$root/dev"
mount --bind "$root" "$root"
mount -o remount,bind,ro,nosuid,nodev "$root"
mount -t proc -o nosuid,nodev,noexec,ro proc "$root/proc"
mount -t tmpfs -o nosuid,noexec,size=64k,mode=755 dev "$root/dev"
for device in null zero random urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro,nosuid,noexec "$root/dev"
mount --bind "$work/config" "$root/etc/tidings"
mount -o remount,bind,ro,nosuid,nodev,noexec "$root/etc/tidings"
mount --bind "$work/data" "$root/var/lib/tidings"
mount -o remount,bind,nosuid,nodev,noexec "$root/var/lib/tidings"

# Inside the root there is nothing that could change the user, so chroot does, and setpriv has taken from it what it
# does not need for that; when it becomes 65532, the rest goes too.
inside=(setpriv --no-new-privs --inh-caps=-all '--bounding-set=-all,+sys_chroot,+setuid,+setgid'
    env -i PATH="$PATH"
    chroot --userspec="$USER_ID:$USER_ID" --groups= "$root" /usr/bin/tidings)

# Asks $SERVER: method, path, body; the status and the body of the answer are on standard output.
ask() {
    exec 3<>"/dev/tcp/${SERVER/:/\/}" || return 1
    printf '%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" "$2" "$SERVER" "${#3}" "$3" >&3
    local answer
    answer=$(cat <&3)
    exec 3>&-
    printf '%s\n' "$answer" | sed '1s/^HTTP[^ ]* //; 2,/^\r*$/d'
}

expect() {
    local wanted=$1 answer
    shift
    answer=$(ask "$@" 2>/dev/null) || die "no answer to $1 $2"
    [[ $answer == *"$wanted"* ]] || die "$1 $2 has no \"$wanted\" in its answer: $answer"
    say "$1 $2: $wanted"
}

within() {
    local seconds=$1 what=$2 until=$((SECONDS + $1))
    shift 2
    until "$@" >/dev/null 2>&1; do
        kill -0 "$daemon" 2>/dev/null || die "the daemon ended"
        [ "$SECONDS" -lt "$until" ] || die "$what: not within $seconds s"
        sleep 0.1
    done
    say "$what"
}

is_ready() { [[ $(ask GET /-/ready '') == 200* ]]; }
is_told() { [[ $(ask GET /v1/told '') == *'"end":"delivered"'* ]]; }
is_reloaded() { [[ $(ask GET /metrics '' | grep '^tidings_config_hash') != "$before" ]]; }

for gone in bin/sh usr/bin/sh bin/bash usr/bin/apt usr/bin/perl; do
    [ ! -e "$root/$gone" ] || die "there is a $gone in the image"
done
grep -q 'BEGIN CERTIFICATE' "$root/etc/ssl/certs/ca-certificates.crt" || die "there are no roots of trust in the image"
touch "$root/written" 2>/dev/null && die "the root can be written"
say "no shell, roots of trust, root is read-only"

"${inside[@]}" run --config /etc/tidings/tidings.toml >"$work/log" 2>&1 &
daemon=$!
within "$READY_WITHIN_SECONDS" "ready" is_ready
for line in "Uid:$USER_ID$USER_ID$USER_ID$USER_ID" "Gid:$USER_ID$USER_ID$USER_ID$USER_ID" Groups: NoNewPrivs:1 \
    CapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapAmb:0000000000000000; do
    tr -d '\t ' <"$root/proc/$daemon/status" | grep -qx "$line" || die "the process has another ${line%%:*} than $line"
done
say "user $USER_ID, no groups, no capabilities, no new privileges"
"${inside[@]}" healthy || die "tidings healthy says no"
say "tidings healthy: yes"
expect '"result":"taken"' POST /v1/events '{"type":"alert","labels":{"alertname":"Test","severity":"critical"}}'
expect 200 POST /api/v2/alerts '[{"labels":{"alertname":"Test","severity":"critical","instance":"b"}}]'
within 10 "the alert was told" is_told
expect tidings_deliveries_decided_total GET /metrics ''
before=$(ask GET /metrics '' | grep '^tidings_config_hash')
write_configuration ..second alerts-changed
within 10 "the changed configuration holds, after a swap of ..data" is_reloaded
kill -TERM "$daemon"
(sleep "$STOPS_WITHIN_SECONDS" && kill -KILL "$daemon") &
patience=$!
wait "$daemon" || die "after SIGTERM it ended with $?"
kill "$patience"
say "SIGTERM: ended with 0. All of it holds."
