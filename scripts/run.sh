#!/usr/bin/env bash
# Installs what is missing, builds the host and its plugins into a prefix, and serves until Ctrl-C. Configuration in the
# prefix's etc/ and data in its var/ stay from one run to the next: what you set in etc/mortise/mortise.json, such as
# another port, holds. Usage: scripts/run.sh [PREFIX] (default: .run in this repository)
set -euo pipefail
prefix=$(readlink -m "${1:-$(dirname "$(readlink -f "$0")")/../.run}")
cd "$(dirname "$(readlink -f "$0")")/.."

scripts/install-packages.sh build run
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
echo "building (a first build takes some minutes)"
cmake --preset run >/dev/null
cmake --build --preset run --parallel "$(nproc)"
for component in host sdk boutique; do
  cmake --install .build/run --component "$component" --prefix "$prefix" >/dev/null
done

# Waits in the background until the process that this script becomes has written where it listens, and says what to try.
say_what_to_try() {
  local host=$1 status=$prefix/var/lib/mortise/status.json url
  until grep -qs "\"pid\": $host\b" "$status"; do
    kill -0 "$host" 2>/dev/null || return 0
    sleep 0.05
  done
  url=$(grep -oE 'https?://[^"]+' "$status" | head -n 1)
  cat <<END

Mortise serves at $url/  (open it in a browser: a page of notes). Ctrl-C stops it. To try:

  curl $url/hello/you
  curl $url/notes -H 'Content-Type: application/json' -d '{"title": "First", "text": "Written by curl"}'
  curl $url/notes
  curl -N $url/activity/live                       # what happens to notes, live; or $url/activity/
  curl -i $url/notes/abc                           # a fault, as problem+json
  curl -i $url/files/ -H 'Range: bytes=0-14'       # a piece of a static file
  curl $url/readyz

Enabling and disabling while it runs, and dropping a plugin of your own:

  $prefix/bin/mortise list
  $prefix/bin/mortise disable hello                # enable hello: brings it back
  $prefix/bin/mortise check my.so                  # what the host will say of it
  cp my.so $prefix/lib/mortise/plugins/ && $prefix/bin/mortise enable my

END
}

say_what_to_try $$ &
exec "$prefix/bin/mortise" serve --config "$prefix/etc/mortise/mortise.json"
