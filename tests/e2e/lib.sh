# shellcheck shell=bash disable=SC2034
# Sourced by the e2e tests: an installed prefix of its own, a running host, and plugin projects outside the tree.
# From ctest: E2E_BUILD (a build tree of the host), E2E_CC and E2E_CXX, E2E_FLAGS (sanitizers).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/mortise-e2e-XXXXXX")
prefix=$work/prefix
state=$prefix/var/lib/mortise
host=
limit=120

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

finish() {
  local code=$?
  trap - EXIT
  # The host, if it still runs, and the test's clients.
  local job
  for job in $(jobs -p); do kill -KILL "$job" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ "$code" -ne 0 ] && [ -f "$work/host.log" ]; then
    echo "--- the host's log:" >&2
    tail -n 60 "$work/host.log" >&2
  fi
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

# await WHAT COMMAND...: until the command succeeds.
await() {
  local what=$1 end=$((SECONDS + limit))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "waited $limit seconds in vain until $what"
    if [ -n "$host" ]; then kill -0 "$host" 2>/dev/null || fail "the host ended while waiting until $what"; fi
    sleep 0.05
  done
}

install_prefix() {
  cmake --install "$E2E_BUILD" --prefix "$prefix" >"$work/install.log" || fail "cmake --install: $(tail "$work/install.log")"
  echo '{ "edge": { "listen": [ { "address": "127.0.0.1", "port": 0 } ] }, "settle_ms": 50 }' \
    >"$prefix/etc/mortise/mortise.json"
}

start_host() {
  "$prefix/bin/mortise" serve >"$work/host.log" 2>&1 &
  host=$!
  await "the host listens" test -s "$state/ports"
  address=$(head -n 1 "$state/ports")
}

# Ends it as an admin does; what it leaves behind (leaks under asan) is in its exit code.
stop_host() {
  kill -TERM "$host"
  local code=0
  wait "$host" || code=$?
  host=
  [ "$code" -eq 0 ] || fail "the host ended with $code"
}

mortise() { "$prefix/bin/mortise" "$@"; }

# build FOLDER [cmake argument...]: a project that knows nothing but the prefix.
build() {
  local folder=$1
  shift
  {
    cmake -S "$folder" -B "$folder/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release \
      -DCMAKE_C_COMPILER="$E2E_CC" -DCMAKE_C_FLAGS="$E2E_FLAGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror" \
      "$@" && cmake --build "$folder/build"
  } >"$folder/build.log" 2>&1 || fail "building $folder: $(tail -n 30 "$folder/build.log")"
}
build_cpp() {
  build "$@" -DCMAKE_CXX_COMPILER="$E2E_CXX" \
    -DCMAKE_CXX_FLAGS="$E2E_FLAGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
}

drop() { install -m 0644 "$@" "$prefix/lib/mortise/plugins/"; }

# answers PATH TEXT: whether a request is answered with 200 and this text.
answers() { [ "$(curl -s --max-time 20 -w ' %{http_code}' "http://$address$1")" = "$2 200" ]; }
# lists NAME WORD: whether `mortise list` says the word of the plugin.
lists() { mortise list | grep -E "^$1 .*$2" >/dev/null; }
