#!/usr/bin/env bash
# `make run`: a NATS server with JetStream if none listens yet, then Tidings in front of it. Both end together.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly HOST=127.0.0.1 PORT=4222 CONFIG=${CONFIG:-config/quickstart.toml}
readonly LOG=data/nats.log ANSWER_WITHIN_SECONDS=20

listens() { (exec 3<>"/dev/tcp/$HOST/$PORT") 2>/dev/null; }

# Built first: a compile error should not leave a server behind.
cargo build --release --locked

nats=
stop() {
    [ -z "$nats" ] && return
    kill "$nats" 2>/dev/null || true
    wait "$nats" 2>/dev/null || true
}
trap stop EXIT
tidings=
# Ctrl-C reaches Tidings from the terminal; a TERM to this script alone is passed on. Either way this script waits
# until Tidings has ended in its own time.
trap : INT
trap '[ -z "$tidings" ] || kill -TERM "$tidings"' TERM

if listens; then
    echo "run: something listens on $HOST:$PORT already: using it as the NATS server"
else
    server=$(scripts/tools.sh nats-server)
    mkdir -p data/nats
    echo "run: $server, log in $LOG"
    # In its own process group, so that Ctrl-C ends Tidings first and the server after it.
    setsid "$server" -c deploy/nats/quickstart.conf >"$LOG" 2>&1 &
    nats=$!
    until listens; do
        kill -0 "$nats" 2>/dev/null || { cat "$LOG" >&2; echo "run: nats-server ended" >&2; nats=; exit 1; }
        [ "$SECONDS" -lt "${deadline:=$((SECONDS + ANSWER_WITHIN_SECONDS))}" ] ||
            { tail "$LOG" >&2; echo "run: nats-server does not answer" >&2; exit 1; }
        sleep 0.1
    done
fi

cargo run --release --locked -- run --config "$CONFIG" &
tidings=$!
# A signal interrupts `wait` but not Tidings: wait until it has ended.
status=0
while kill -0 "$tidings" 2>/dev/null; do
    wait "$tidings" && status=0 || status=$?
done
exit "$status"
