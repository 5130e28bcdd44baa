#!/usr/bin/env bash
# The same shop in its other placements: each plugin in a process of its own; and then the storefront in one host, and
# all that it calls in another one, which goes and comes back.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/boutique.sh
. "$(dirname "$0")/boutique.sh"
# shellcheck source=tests/e2e/browser.sh
. "$(dirname "$0")/browser.sh"
install_boutique
services=()
for name in "${boutique[@]}"; do [ "$name" = frontend ] || services+=("$name"); done

# place NAME PLACEMENT: in the host that visitors ask.
place() { echo "{\"placement\": $2}" >"$prefix/etc/mortise/plugins.d/boutique-$1.json"; }
# are PLACEMENT NAME...: whether they run there.
are() {
  local placement=$1 name
  shift
  for name in "$@"; do
    mortise status "boutique-$name" --json | tr -d ' \n' | grep -qF "\"placement\":\"$placement\"" || return 1
  done
}

for name in "${boutique[@]}"; do place "$name" '"isolated"'; done
start_host
await "the boutique serves" runs 1.0.0
are isolated "${boutique[@]}" || fail "not all plugins have processes of their own"
visit visits.mjs || fail "a visit went wrong where all is isolated"

# Another host, of the same files, without the storefront.
other=$work/other
cp -r "$prefix" "$other"
rm -rf "${other:?}/var" "$other/etc/mortise/plugins.d/boutique-frontend.json"
for name in "${services[@]}"; do
  echo "{\"expose\": [\"boutique.$name/1\"]}" >"$other/etc/mortise/plugins.d/boutique-$name.json"
done
start_other() {
  "$other/bin/mortise" serve >>"$work/other.log" 2>&1 &
  other_host=$!
  await "the other host is ready" grep -q '"message":"ready"' "$work/other.log"
  other_address=$(head -n 1 "$other/var/lib/mortise/ports")
}
end_other() {
  kill -TERM "$other_host"
  wait "$other_host" || fail "the other host ended with a fault: $(tail "$work/other.log")"
  : >"$work/other.log"
}
start_other
sed -i "s/\"port\": 0/\"port\": ${other_address##*:}/" "$other/etc/mortise/mortise.json"  # to be found again

place frontend '"inline"'
for name in "${services[@]}"; do place "$name" "{\"remote\": \"http://$other_address\"}"; done
mortise apply >"$work/apply.log" || fail "apply: $(cat "$work/apply.log")"
await "the services are called at the other host" are remote "${services[@]}"
visit visits.mjs || fail "a visit went wrong where the services are in another host"

# Without it there is no shop, and it says so; with it, there is one again.
end_other
ask 503 /shop
says 'href="/shop"'
start_other
sells() { [ "$(curl -s --max-time 60 -o "$work/page" -w '%{http_code}' "http://$address/shop")" = 200 ]; }
await "the shop sells again" sells
visit visits.mjs || fail "a visit went wrong after the other host had been away"
end_other
stop_host
