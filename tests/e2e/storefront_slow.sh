#!/usr/bin/env bash
# The boutique's pages while a service of it stands still: its process is there, and answers nobody. Each page comes all
# the same, without what it lacks, and no order is lost or placed twice.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/boutique.sh
. "$(dirname "$0")/boutique.sh"
install_boutique
isolated=(ads cart email payment recommendation shipping)
for name in "${isolated[@]}"; do echo '{"placement": "isolated"}' >"$prefix/etc/mortise/plugins.d/boutique-$name.json"; done
# Past that a visitor gets the host's own 504, which has no form: no page may come so late.
echo '{"limits": {"deadline": "8s"}}' >"$prefix/etc/mortise/plugins.d/boutique-frontend.json"
start_host
await "the boutique serves" runs 1.0.0

# worker NAME: its process, if it has one.
worker() { mortise status "boutique-$1" --json | grep -oE '"pid": ?[1-9][0-9]*' | grep -oE '[0-9]+'; }
# A signal only asks for a stop: each thread says when it stands.
stands() { ! grep -h '^State:' "/proc/$1"/task/*/status | grep -qv 'stopped'; }
halt() {
  local name pid
  for name in "$@"; do
    pid=$(worker "$name") || fail "boutique-$name has no process"
    kill -STOP "$pid"
    await "boutique-$name stands still" stands "$pid"
  done
}
go_on() {
  local name
  for name in "$@"; do kill -CONT "$(worker "$name")"; done
}
has_workers() {
  local name
  for name in "${isolated[@]}"; do worker "$name" >/dev/null || return 1; done
}
await "the slow ones have processes of their own" has_workers

# soon MS STATUS PATH: as ask, and within so many milliseconds.
soon() {
  local most_ms=$1 began took_ms
  shift
  began=$(date +%s%N)
  ask "$@"
  took_ms=$((($(date +%s%N) - began) / 1000000))
  [ "$took_ms" -lt "$most_ms" ] || fail "$2 waited $took_ms ms for what it can do without"
}

# What nobody comes for is hardly waited for.
shows_ad() { ask 200 /shop/products/mug && grep -qF 'class="ad"' "$work/page"; }
shows_cart() { ask 200 /shop && grep -qF 'class="count"' "$work/page"; }
await "the advertisement is there" shows_ad
halt ads recommendation
soon 1000 200 /shop/products/mug
go_on ads recommendation
hides 'You may also like'
hides 'class="ad"'
hides 'role="alert"'
says 'Add to cart'
grep -q 'pages lack a part.*its caller gives it' "$work/host.log" || fail "the log does not say what the pages lack"
await "the advertisement is back" shows_ad

# What the pages are poorer without, they say where it matters.
ask 303 /shop/cart -d product=teapot -d quantity=1
halt shipping
soon 4000 200 /shop/cart
says 'Total, without shipping'
says 'Checking out is not possible at the moment'
go_on shipping
has_things 1
halt cart
soon 1000 200 /shop
hides 'class="count"'
says 'href="/shop/products/mug"'
soon 4000 504 /shop/cart
says 'Something is out of order'
go_on cart
await "the cart is back" shows_cart

# key: that of the page's form.
key() { grep -oE 'name="key" value="[0-9a-f]{32}"' "$work/page" | grep -oE '[0-9a-f]{32}'; }
visa='4111 1111 1111 1111'

# An order that nobody knows the end of is one order, whichever form is sent again.
ask 200 /shop/cart
first=$(key)
hides 'role="alert"'
ask 200 /shop/cart
says "value=\"$first\""
halt payment
check_out 503 "$visa" "$first"
says 'Please send it again'
says "value=\"$first\""
says 'value="Ring 1"'
go_on payment
# Somebody else with that key gets another one, and checkout's words.
kept=$jar
jar=$work/other
ask 303 /shop/cart -d product=mug -d quantity=1
check_out 400 "$visa" "$first"
says 'An order with that key was begun for another cart.'
hides "value=\"$first\""
says 'name="key"'
jar=$kept
ask 200 /shop/cart
says 'An order that you have sent is not finished yet'
says "value=\"$first\""
ask 400 /shop/cart/teapot -d quantity=-1
says "value=\"$first\""
halt cart payment
check_out 503 "$visa" "$first"
says 'What is in your cart cannot be shown at the moment'
says "value=\"$first\""
go_on cart payment
# What another tab has put into the cart meanwhile stays there; so does what comes after the order, if an old form is
# sent again.
holds() { ask 200 /shop && grep -qF "<span class=\"count\">$1<" "$work/page"; }
ask 303 /shop/cart -d product=mug -d quantity=3
check_out 303 "$visa"
leads_to "/shop/orders/$first"
! grep -q boutique-cart "$work/head" || fail "the cart is another one: $(cat "$work/head")"
await "what was ordered has left the cart" holds 3
ask 303 /shop/cart/mug -d quantity=0
ask 303 /shop/cart -d product=teapot -d quantity=1
check_out 303 "$visa" "$first"
leads_to "/shop/orders/$first"
has_things 1
ask 303 /shop/cart/empty -d x
halt email
soon 4000 200 "/shop/orders/$first"
says 'What we write to ada@example.com cannot be shown at the moment'
go_on email
! grep -q boutique-order "$jar" || fail "the key of an order that is placed is kept: $(cat "$jar")"

# Whose answer was lost is led to the order, and the next one is another one.
ask 303 /shop/cart -d product=mug -d quantity=2
ask 200 /shop/cart
second=$(key)
[ "$second" != "$first" ] || fail "two orders have one key"
cp "$jar" "$work/lost"
jar=$work/lost
check_out 303 "$visa" "$second"
jar=$kept
ask 303 /shop/cart
leads_to "/shop/orders/$second"
ask 200 "/shop/orders/$second"
ask 303 /shop/cart -d product=mug -d quantity=1
ask 200 /shop/cart
[ "$(key)" != "$second" ] || fail "the next order has the key of one that is placed"
stop_host
