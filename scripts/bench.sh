#!/usr/bin/env bash
# `make bench`: Tidings beside Debian's Alertmanager on the same work, then a flood, a hanging endpoint and ten thousand open
# incidents; the median of five runs. What it finds goes into docs/performance.md; it fails where a goal is missed.
#
#   scripts/bench.sh [peer|flood|hang|cadence] [--runs N] [--only abcd]     one of them, and without writing
set -euo pipefail
cd "$(dirname "$0")/.."

# Without Debian's packages Tidings is measured alone.
scripts/tools.sh debian || echo "bench: no Alertmanager to compare with" >&2
cargo bench --locked --no-run --bench peer
[ $# -eq 0 ] || exec cargo bench --quiet --locked --bench peer -- "$@"

status=0
for mode in peer flood hang cadence; do
    cargo bench --quiet --locked --bench peer -- "$mode" --keep || status=1
done
exit "$status"
