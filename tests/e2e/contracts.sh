#!/usr/bin/env bash
# docs/contracts.md, played as its reader would: two folders, two plugins that talk, and a change of one of them.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/document.sh
. "$here/document.sh"
install_prefix
start_host

split "$here/../../docs/contracts.md" "$work/fences"
mkdir "$work/teams"
cd "$work/teams"
export CC=$E2E_CC CXX=$E2E_CXX CFLAGS=$E2E_FLAGS CXXFLAGS="$E2E_FLAGS -Wall -Wextra -Wpedantic -Werror" CMAKE_GENERATOR=Ninja
follow "$work/fences"

# What a provider takes away, its consumer does without, and says so.
mortise disable currency
is_stopped() { mortise list | grep -q "shop.*refused.*contract rates/1"; }
await "shop is refused without its provider" is_stopped
mortise enable currency
await "shop is back" answers /price/CHF '{"about":930,"cents":1000,"currency":"EUR"}'
stop_host
