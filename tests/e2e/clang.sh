#!/usr/bin/env bash
# A plugin that clang built runs in a host that another compiler built.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
install_prefix
cp -r "$here/projects/greet" "$work"
E2E_CC=clang E2E_CXX=clang++ build_cpp "$work/greet"
mortise check "$work/greet/build/greet.so" || fail "mortise check refuses it"
start_host
drop "$work/greet/build/greet.so"
mortise enable greet
await "greet serves" answers /greet "hello from 1.0.0"
stop_host
