#!/usr/bin/env bash
# Runs the smtpd of .tools/debian in the foreground, as tests use it: scripts/smtpd.sh -d -f FILE
#
# OpenSMTPD wants two users of its own and fixed folders. It gets them in a private mount namespace, so the machine
# keeps its users and folders as they are; that needs root. `-h` and `-n` work for everyone.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)/.tools/debian
library=$(echo "$root"/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

if [ "${1:-}" = -h ] || [ "${1:-}" = -n ]; then
    exec "$root/usr/sbin/smtpd" "$@"
fi
[ "$(id -u)" = 0 ] || { echo "smtpd: only root can give it its own users and folders" >&2; exit 77; }

export SMTPD_ROOT=$root
exec unshare --mount --propagation private bash -euc '
    etc=$(mktemp -d)
    trap "rm -rf \"$etc\"" ERR
    cp /etc/passwd /etc/group "$etc"
    for user in opensmtpd:64110 opensmtpq:64111; do
        name=${user%:*} id=${user#*:}
        grep -q "^$name:" "$etc/passwd" || echo "$name:x:$id:$id::/var/lib/opensmtpd/empty:/usr/sbin/nologin" >>"$etc/passwd"
        grep -q "^$name:" "$etc/group" || echo "$name:x:$id:" >>"$etc/group"
    done
    mount --bind "$etc/passwd" /etc/passwd
    mount --bind "$etc/group" /etc/group
    rm -rf "$etc"
    for folder in /var/spool /var/lib /run; do mount -t tmpfs -o mode=755 none "$folder"; done
    mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
    chmod 711 /var/spool/smtpd
    libexec=$SMTPD_ROOT/usr/libexec
    [ ! -d /usr/libexec ] || mount --bind "$libexec" /usr/libexec
    exec "$SMTPD_ROOT/usr/sbin/smtpd" "$@"
' smtpd "$@"
