#!/bin/sh
# bare_debian.sh - proves the two commands on a Debian 12 that has only make and git; `make bare`.
# SPDX-License-Identifier: Apache-2.0
#
# tools/bare_debian.sh [FOLDER]
#   As root, with debootstrap. Makes a minimal Debian 12 in FOLDER (a new temporary one without),
#   clones the committed tree into it, runs `make run` there, asks /healthz, then runs `make test`:
#   each must find by itself what it needs, so the one that needs less comes first.
#   A FOLDER that holds such a Debian already is used again: faster, and no longer bare.
#   The last line says whether both commands worked. Exit status: 0 they did, 1 they did not.
#   MIRROR: the Debian mirror (default: the first of this machine's apt).
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" -eq 0 ] || { echo "debootstrap and chroot need root." >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "Install debootstrap first." >&2; exit 1; }

folder=${1:-$(mktemp -d)}
configured=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
    /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -o 'https\{0,1\}://[^ ]*/debian/\{0,1\}\( \|$\)' | head -n 1 || true)
mirror=${MIRROR:-${configured:-http://deb.debian.org/debian}}

if [ ! -x "$folder/usr/bin/make" ]; then
    echo "== debootstrap: Debian 12, make and git into $folder"
    debootstrap --variant=minbase --include=make,git bookworm "$folder" $mirror >"$folder.log" 2>&1 ||
        { tail -n 20 "$folder.log" >&2; exit 1; }
    rm -f "$folder.log"
    # The same ways to the packages as here: sources, proxy, keys.
    cp -a /etc/apt/apt.conf.d/. "$folder/etc/apt/apt.conf.d/"
    cp /etc/resolv.conf "$folder/etc/resolv.conf" 2>/dev/null || true
fi

# npm's ways as well: its registry, and whom it trusts.
authorities=${NODE_EXTRA_CA_CERTS:-}
registry=
if command -v npm >/dev/null; then
    registry=$(npm config get registry 2>/dev/null)
    [ -n "$authorities" ] || authorities=$(npm config get cafile 2>/dev/null)
fi
if [ -f "$authorities" ]; then
    cp "$authorities" "$folder/etc/npm-authorities.crt"
else
    authorities=
fi

# An installer writes it, debootstrap does not: who this machine is to itself.
[ -e "$folder/etc/hosts" ] || echo "127.0.0.1 localhost" >"$folder/etc/hosts"

[ -e "$folder/proc/self" ] || mount -t proc proc "$folder/proc"
[ -e "$folder/dev/null" ] || mount --bind /dev "$folder/dev"
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    umount "$folder/proc" 2>/dev/null || true
    umount "$folder/dev" 2>/dev/null || true
}
trap finish EXIT

rm -rf "$folder/src/myriad"
mkdir -p "$folder/src"
git clone -q --no-hardlinks . "$folder/src/myriad"

inside() {
    chroot "$folder" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        ${authorities:+NODE_EXTRA_CA_CERTS=/etc/npm-authorities.crt} \
        ${registry:+npm_config_registry="$registry"} \
        sh -c "cd /src/myriad && $1"
}

echo "== make run"
ran=failed
port=18080
inside "exec make run LISTEN=127.0.0.1:$port" >"$folder/run.log" 2>&1 &
server=$!
for second in $(seq 1 900); do
    if grep -q '^Myriad is at ' "$folder/run.log"; then
        answer=$(inside "python3 -c \"import urllib.request as u; \
            print(u.urlopen('http://127.0.0.1:$port/healthz').status)\"" || true)
        [ "$answer" = 200 ] && ran=worked
        break
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 1
done
cat "$folder/run.log"
# The one that listens is inside; make leaves when it does.
inside "for exe in /proc/[0-9]*/exe; do
    [ \"\$(readlink \$exe)\" != /src/myriad/build/myriad ] || kill \$(echo \$exe | cut -d/ -f3)
done" 2>/dev/null || true

server=

echo "== make test"
tested=failed
inside "make test" && tested=worked

echo "make test $tested, make run $ran (Debian in $folder)"
[ "$tested$ran" = workedworked ]
