#!/usr/bin/env bash
# The boutique as its visitors have it: in a browser, on a phone and on a desktop, with scripts and without; and then
# while every plugin of it is replaced by its next version, again and again.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/boutique.sh
. "$(dirname "$0")/boutique.sh"
# shellcheck source=tests/e2e/browser.sh
. "$(dirname "$0")/browser.sh"

install_boutique
start_host
await "the boutique serves" runs 1.0.0

visit visits.mjs ${E2E_SHOTS:+--shots "$E2E_SHOTS"} || fail "a visit went wrong"

touch "$work/upgrading"
visit visits.mjs --while "$work/upgrading" &
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
