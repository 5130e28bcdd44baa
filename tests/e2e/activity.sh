#!/usr/bin/env bash
# The activity page as people have it open, in a browser: what happens to notes appears on it, also what has happened
# while its plugin was away.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/browser.sh
. "$(dirname "$0")/browser.sh"

install_prefix
start_host
await "notes serves" lists notes active
await "activity serves" lists activity active
visit activity.mjs "$prefix/bin/mortise" || fail "the page does not show what happens"
stop_host
