#!/usr/bin/env bash
# A plugin that the gate refuses: `mortise check` says why, by its exit code too, and the others go on serving.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
install_prefix
cp -r "$here/projects/greet" "$here/projects/homemade" "$work"
build_cpp "$work/greet"
build_cpp "$work/homemade"

start_host
drop "$work/greet/build/greet.so"
mortise enable greet
await "greet serves" answers /greet "hello from 1.0.0"

code=0
mortise check "$work/homemade/build/homemade.so" >"$work/check" 2>&1 || code=$?
[ "$code" -eq 1 ] || fail "mortise check ended with $code: $(cat "$work/check")"
grep -q 'manifest.*mortise_add_plugin' "$work/check" || fail "it does not say what to do: $(cat "$work/check")"
grep -q 'extra-export' "$work/check" || fail "it does not name the exported symbols: $(cat "$work/check")"

drop "$work/homemade/build/homemade.so"
await "homemade is listed as rejected" lists homemade rejected
answers /greet "hello from 1.0.0" || fail "greet was disturbed"
stop_host
