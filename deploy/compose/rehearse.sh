#!/usr/bin/env bash
# Plays compose.yaml without an engine: the same configurations and secrets, real servers, one network namespace.
#
#   deploy/compose/rehearse.sh FOLDER     an unpacked image, from ../container/build.sh --unpack; needs root
#
# NATS, Prometheus and a mail catcher come from .tools/ (scripts/tools.sh), or from $TOOLS. What it cannot show: that
# the images of compose.yaml are in their registries, that each container may write its volume, and Grafana.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly TOOLS=${TOOLS:-$PWD/.tools} COMPOSE=$PWD/deploy/compose
# The network that compose.yaml names; one address of it for each service.
readonly SUBNET=172.29.85 SERVICES=(tidings nats mail prometheus) WITHIN_SECONDS=60

say() { printf 'rehearse: %s\n' "$*"; }
die() {
    printf 'rehearse: %s\n' "$*" >&2
    [ ! -d "${work:-}" ] || tail -n 5 "$work"/*.log >&2
    exit 1
}

if [ "${1:-}" != --inside ]; then
    [ $# = 1 ] && [ -x "$1/usr/bin/tidings" ] || die "usage: rehearse.sh FOLDER, with usr/bin/tidings in it"
    [ "$(id -u)" = 0 ] || die "must run as root: it mounts"
    exec unshare --mount --net --pid --fork --kill-child --mount-proc -- "$0" --inside "$(realpath "$1")"
fi

root=$2
work=$(mktemp -d)
trap 'umount --recursive "$root" 2>/dev/null || true; rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/data" "$work/nats" "$work/prometheus" "$work/secrets"
chown 65532:65532 "$work/data"
cp "$COMPOSE"/secrets/* "$work/secrets/"

ip link set lo up
echo '127.0.0.1 localhost' >"$work/hosts"
for at in "${!SERVICES[@]}"; do
    ip address add "$SUBNET.$((at + 10))/24" dev lo
    echo "$SUBNET.$((at + 10)) ${SERVICES[at]}" >>"$work/hosts"
done
mount --bind "$work/hosts" /etc/hosts
# Prometheus looks for its token below /run/secrets, which this machine need not have.
mount -t tmpfs -o mode=755 run /run
mkdir /run/secrets
mount --bind "$work/secrets" /run/secrets

sed "s#\"/data\"#\"$work/nats\"#" "$COMPOSE/nats/nats.conf" >"$work/nats.conf"
"$TOOLS/venv/bin/nats-server" -c "$work/nats.conf" >"$work/nats.log" 2>&1 &
"$TOOLS/venv/bin/python" -u -m aiosmtpd -n -l 0.0.0.0:1025 -c aiosmtpd.handlers.Debugging stdout \
    >"$work/mail.log" 2>&1 &
"$TOOLS/debian/usr/bin/prometheus" --config.file=deploy/prometheus/prometheus.yml \
    --storage.tsdb.path="$work/prometheus" >"$work/prometheus.log" 2>&1 &

mkdir -p "$root/proc" "$root/dev"
touch "$root/etc/hosts"
mount --bind "$root" "$root"
mount -o remount,bind,ro,nosuid "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind "$work/hosts" "$root/etc/hosts"
mount --bind "$COMPOSE/tidings" "$root/etc/tidings"
mount --bind "$work/secrets" "$root/run/secrets"
mount --bind "$work/data" "$root/var/lib/tidings"
setpriv --no-new-privs --inh-caps=-all '--bounding-set=-all,+sys_chroot,+setuid,+setgid' \
    chroot --userspec=65532:65532 --groups= "$root" /usr/bin/tidings run --config /etc/tidings/tidings.toml \
    >"$work/tidings.log" 2>&1 &

within() {
    local what=$1 until=$((SECONDS + WITHIN_SECONDS))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || die "not within $WITHIN_SECONDS s: $what"
        sleep 0.2
    done
    say "$what"
}

ask() { curl -sS --fail -H "Authorization: Bearer $(cat "$work/secrets/token-operators")" "$@"; }
query() { curl -sS --fail "prometheus:9090/api/v1/query" --data-urlencode "query=$1"; }
is_read() { [ "$(ask tidings:8085/metrics | grep -cE '^tidings_lane_connected.*"(alerts|incidents)"} 1$')" = 2 ]; }
is_mailed() { [ "$(grep -c "^To: $1@compose.example" "$work/mail.log")" = "$2" ]; }
is_scraped() { [[ $(query 'up{job="tidings"}') == *'"1"]'* ]]; }
knows_tidings() { [[ $(curl -sS prometheus:9090/api/v1/alertmanagers) == *'"http://tidings:8085/api/v2/alerts"'* ]]; }
has_rules() { [[ $(curl -sS prometheus:9090/api/v1/rules) == *'"alerts":'* ]]; }

within "Tidings is ready" ask tidings:8085/-/ready
[ "$(curl -sS -o /dev/null -w '%{http_code}' tidings:8085/v1/told)" = 401 ] || die "it answers without a token"
within "both lanes read NATS" is_read
ask tidings:8085/v1/events -d '{"type":"alert","labels":{"alertname":"Test","severity":"critical"}}' >/dev/null
event='{"type":"incident","incident":"INC-1","action":"open","severity":"sev1","customer_impact":true,"title":"Test"}'
(
    exec 3<>/dev/tcp/nats/4222
    printf 'CONNECT {"verbose":false}\r\nPUB incidents.desk %d\r\n%s\r\nPING\r\n' "${#event}" "$event" >&3
    sleep 0.5
)
within "an alert by HTTP and an incident by NATS are mailed to responders" is_mailed responders 2
within "the incident is mailed to executives" is_mailed executives 1
within "the incident is mailed to customers" is_mailed customers 1
within "Prometheus scrapes Tidings" is_scraped
within "Prometheus has Tidings as its Alertmanager" knows_tidings
curl -sS --fail -H "Authorization: Bearer $(cat "$work/secrets/token-prometheus")" tidings:8085/api/v2/alerts \
    -d '[{"labels":{"alertname":"Test","severity":"critical"}}]' || die "the token of Prometheus is refused"
within "Prometheus has the rules" has_rules
say "all of it holds"
