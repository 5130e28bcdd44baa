#!/usr/bin/env bash
# A team's C++ plugin from its project to users: built against the prefix, checked, dropped, enabled, called; and
# replaced by its next version while requests run, none of which fails.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
install_prefix
cp -r "$here/projects/greet" "$work/greet"
build_cpp "$work/greet"
cp "$work/greet/build/greet.so" "$work/greet-1.0.0.so"
build_cpp "$work/greet" -DGREET_VERSION=1.1.0
cp "$work/greet/build/greet.so" "$work/greet-1.1.0.so"

mortise check "$work/greet-1.0.0.so" >"$work/check" || fail "mortise check: $(cat "$work/check")"
grep -q '^plugin    greet 1.0.0: Says its version' "$work/check" || fail "mortise check says: $(cat "$work/check")"
# Nothing of the manifest was lost on its way through CMake.
mortise check --json "$work/greet-1.0.0.so" >"$work/check.json"
# shellcheck disable=SC2016
grep -qF 'a \\backslash, a ;semicolon, an @at@ and a ${dollar} must come through' "$work/check.json" ||
  fail "the manifest reads: $(cat "$work/check.json")"
grep -qF '^[a-z\\d]+$' "$work/check.json" || fail "the schema reads: $(cat "$work/check.json")"

start_host
drop "$work/greet-1.0.0.so"
mortise enable greet
await "greet 1.0.0 serves" answers /greet "hello from 1.0.0"
answers /greet/files/deep/file.txt "a file" || fail "the embedded file is not served"
answers /greet/files/empty.txt "" || fail "the empty file is not served"

ask() {
  until [ -e "$work/enough" ]; do
    curl -s --max-time 60 -w ' %{http_code}\n' "http://$address/greet?[1-50]" >>"$work/answers.$1" ||
      echo "curl failed with $?" >>"$work/answers.$1"
  done
}
ask 1 & first=$!
ask 2 & second=$!
await "requests run" test -s "$work/answers.1" -a -s "$work/answers.2"
drop "$work/greet-1.1.0.so"
await "greet 1.1.0 serves" answers /greet "hello from 1.1.0"
await "both clients see it" grep -q 1.1.0 "$work/answers.1"
await "both clients see it" grep -q 1.1.0 "$work/answers.2"
touch "$work/enough"
wait "$first" "$second"
if grep -vxE 'hello from 1\.[01]\.0 200' "$work"/answers.*; then fail "a request was not answered as it should"; fi
for client in 1 2; do
  sort -cV "$work/answers.$client" || fail "the old version answered after the new one"
done

echo '{ "config": { "word": "BAD" } }' >"$prefix/etc/mortise/plugins.d/greet.json"
await "the faulty setting is reported" grep -q 'pattern' "$work/host.log"
answers /greet "hello from 1.1.0" || fail "a faulty setting disturbed what runs"
echo '{ "config": { "word": "moin" } }' >"$prefix/etc/mortise/plugins.d/greet.json"
await "the setting is taken" answers /greet "moin from 1.1.0"
mortise disable greet
await "greet serves no longer" bash -c "[ \"\$(curl -s -o /dev/null -w '%{http_code}' http://$address/greet)\" = 404 ]"
stop_host
