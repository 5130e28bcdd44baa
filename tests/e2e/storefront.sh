#!/usr/bin/env bash
# The boutique as its visitors have it: in a browser, on a phone and on a desktop, with scripts and without; and then
# while every plugin of it is replaced by its next version, again and again.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/boutique.sh
. "$(dirname "$0")/boutique.sh"
browser=$(command -v chromium) || fail "there is no chromium; scripts/install-packages.sh browser installs it"

# The visitor's library belongs into the build tree; it is fetched anew when another version is asked for.
visitor=$E2E_BUILD/tests/e2e/storefront
mkdir -p "$visitor"
cp "$here"/storefront/* "$visitor"
if ! cmp -s "$visitor/package-lock.json" "$visitor/node_modules/installed"; then
  npm --prefix "$visitor" ci --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1 || fail "npm: $(tail "$work/npm.log")"
  cp "$visitor/package-lock.json" "$visitor/node_modules/installed"
fi
# visit [ARGUMENT...]: the visitor's arguments.
visit() { node "$visitor/visits.mjs" "$browser" "http://$address" "$@"; }

install_boutique
start_host
await "the boutique serves" runs 1.0.0

visit ${E2E_SHOTS:+--shots "$E2E_SHOTS"} || fail "a visit went wrong"

touch "$work/upgrading"
visit --while "$work/upgrading" &
visits=$!
for version in 1.0.{1..9}; do
  become "$version"
  await "all of the boutique is $version" runs "$version"
  kill -0 "$visits" 2>/dev/null || break
done
rm "$work/upgrading"
wait "$visits" || fail "a visit went wrong while the plugins were replaced"
runs 1.0.9 || fail "the boutique was not upgraded to the end: $(cat "$work/list")"
! grep 'image stays mapped' "$work/host.log" || fail "a former version is left in memory"
stop_host
