#!/usr/bin/env bash
# scripts/run.sh as a newcomer has it, twice in a row on one prefix: all that it prints works, and Ctrl-C ends it cleanly.
# It builds a preset of its own, so it is a stage of .ci/run and none of ctest's.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cd /  # it must not matter from where

mkdir -p "$prefix/etc/mortise"
echo '{ "edge": { "listen": [ { "address": "127.0.0.1", "port": 0 } ] } }' >"$prefix/etc/mortise/mortise.json"

# try ARGUMENTS: what curl gets with them. What is live has no end of its own: the note that was just written has to come.
try() {
  if [ "$1" = -N ]; then
    if grep -q -m 1 '"title":"First"' < <(curl -s --max-time 20 "$@"); then printf 'live '; else printf 'silent '; fi
  else
    curl -s --max-time 20 -o /dev/null -w '%{http_code} ' "$@"
  fi
}
says_all() { grep -q 'mortise enable my$' "$work/host.log"; }

for round in first second; do
  : >"$work/host.log" # nothing of the first time is taken for the second's
  # As in a terminal: a process group of its own, which Ctrl-C reaches as a whole.
  env --default-signal=INT setsid "$here/../../scripts/run.sh" "$prefix" >"$work/host.log" 2>&1 &
  host=$!
  limit=1800 await "run.sh has built and says what to try, the $round time" says_all

  statuses=
  while read -r arguments; do statuses+=$(eval "try $arguments"); done < <(sed -n 's/^  curl //p' "$work/host.log")
  [ "$statuses" = "200 201 200 live 400 206 200 " ] || fail "what it says to try is answered with $statuses the $round time"
  eval "$(grep -oE '^  [^ ]+/mortise list$' "$work/host.log")" | grep -q '^hello .*active' || fail "hello is not listed as active"

  kill -INT -- "-$host"
  code=0
  wait "$host" || code=$?
  host=
  [ "$code" -eq 0 ] || fail "Ctrl-C ended it with $code the $round time"
  grep -q 'stopped' "$work/host.log" || fail "it did not say that it stopped"
done
