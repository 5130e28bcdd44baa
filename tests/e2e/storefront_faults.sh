#!/usr/bin/env bash
# The boutique's pages when something is not as it should be: what is sent makes no sense, or a service is not there.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/boutique.sh
. "$(dirname "$0")/boutique.sh"
install_boutique
start_host
await "the boutique serves" runs 1.0.0

# Every page has the policy that keeps what does not belong there from running.
ask 200 /shop
grep -qi "^Content-Security-Policy: default-src 'none'" "$work/head" || fail "the page has no policy: $(cat "$work/head")"
[ ! -s "$jar" ] || ! grep -q boutique-cart "$jar" || fail "who only looks gets a cart"

# Nothing there, with a way back.
for path in /shop/products/xyzzy /shop/products/MUG /shop/products/%C3%A4 /shop/orders/xyzzy \
  /shop/orders/0123456789abcdef0123456789abcdef /shop/nowhere/at/all; do
  ask 404 "$path"
  says 'href="/shop"'
done
ask 200 '/shop/search?q=xyzzy%20plugh'
says 'Nothing has all of these words'
ask 400 '/shop/search?q=%FF'
ask 200 '/shop/search?q=%22%3E%3Cscript%3E'
hides '<script>'

# Quantities that are none leave the cart as it was.
ask 303 /shop/cart -d product=mug -d quantity=2
leads_to /shop/cart
grep -q "#HttpOnly_127.0.0.1.*/shop.*boutique-cart" "$jar" || fail "the cart's cookie is $(cat "$jar")"
has_things 2
for quantity in -1 0 100 99999999999999999999 two 1.5 ''; do
  ask 400 /shop/cart -d product=mug --data-urlencode "quantity=$quantity"
  says 'role="alert"'
  [ "$quantity" = 0 ] || ask 400 /shop/cart/mug --data-urlencode "quantity=$quantity"
  says 'role="alert"'
done
ask 400 /shop/cart -d product=mug -d quantity=98
says 'does not fit'
ask 404 /shop/cart -d product=xyzzy -d quantity=1
ask 404 /shop/cart/xyzzy -d quantity=1
has_things 2
ask 303 /shop/cart/mug -d quantity=5
has_things 5

# What no form of the shop sends.
ask 400 /shop/cart -H 'Content-Type: application/json' -d '{}'
ask 400 /shop/cart -d 'product=mug&quantity=%zz'
ask 403 /shop/cart/empty -d x -H 'Sec-Fetch-Site: cross-site'
ask 400 /shop/currency -d currency=XXX
ask 303 /shop/currency -d currency=EUR -d back=//elsewhere.example
leads_to /shop
ask 303 /shop/currency -d currency=EUR -d back=/shop/products/mug
leads_to /shop/products/mug
ask 200 /shop
says '<option value="EUR" selected>'
has_things 5

# Cookies that are malformed count as none: prices in USD, and another cart.
kept=$jar
jar=$work/none
ask 200 /shop -b 'boutique-cart=../../etc/passwd; boutique-currency=XXX'
says '<option value="USD" selected>'
hides 'class="count"'
ask 303 /shop/cart -b 'boutique-cart=xyzzy' -d product=mug -d quantity=1
grep -qE 'boutique-cart.[0-9a-f]{32}$' "$jar" || fail "the malformed cookie was not replaced: $(cat "$jar")"
jar=$kept

check_out 400 '4111 1111 1111 1112'
says 'role="alert"'
says "value=\"$sent_key\""
says 'value="Ring 1"'
hides '1112'
has_things 5
check_out 400 '4111 1111 1111 1111' xyzzy
says 'role="alert"'

# without NAME...: disables plugins of the boutique until `with NAME...`. Asked for at once, so that all are one release.
without() {
  local name
  for name in "$@"; do mortise disable "boutique-$name" >"$work/disable"; done
  for name in "$@"; do await "boutique-$name is gone" lists "boutique-$name" " no +verified +-"; done
}
with() {
  local name
  for name in "$@"; do mortise enable "boutique-$name" >"$work/enable"; done
  await "the boutique serves again" runs 1.0.0
}

# Who has it in the cart is not told that they may like it, too.
ask 200 /shop/products/compass
liked=$(grep -oE 'class="card" href="/shop/products/[a-z-]+' "$work/page" | head -n 1 | grep -oE '[a-z-]+$')
ask 303 /shop/cart -d "product=$liked" -d quantity=1
ask 200 /shop/products/compass
says 'You may also like'
hides "class=\"card\" href=\"/shop/products/$liked\""
ask 303 "/shop/cart/$liked" -d quantity=0
has_things 5

# What the page can do without.
ask 200 /shop/products/mug
says 'You may also like'
says 'class="ad"'
without ads recommendation email
ask 200 /shop/products/mug
hides 'You may also like'
hides 'class="ad"'
has_things 5
check_out 303 '4111 1111 1111 1111'
ask 200 "/shop/orders/$sent_key"
says "$sent_key"
hides 'We wrote to'
with ads recommendation email
ask 200 /shop/products/mug
says 'You may also like'

# Shopping goes on while nobody can check out, and what was sent then can be sent again.
ask 303 /shop/cart -d product=teapot -d quantity=1
ask 200 /shop/cart
key=$(grep -oE 'name="key" value="[0-9a-f]{32}"' "$work/page" | grep -oE '[0-9a-f]{32}')
without checkout
ask 200 /shop/cart
says 'Checking out is not possible'
hides 'action="/shop/checkout"'
check_out 503 '4111 1111 1111 1111' "$key"
says "value=\"$key\""
ask 503 "/shop/orders/$key"
with checkout
without payment
check_out 503 '4111 1111 1111 1111' "$key"
has_things 1
with payment
check_out 303 '4111 1111 1111 1111' "$key"
leads_to "/shop/orders/$key"
without shipping
ask 303 /shop/cart -d product=teapot -d quantity=1
ask 200 /shop/cart
says 'Checking out is not possible'
with shipping

# On the way to a checkout that is elsewhere somebody may refuse any call: that is no refusal of checkout's, and where it
# is nobody's business.
cat >"$work/refuses.py" <<'EOF'
import http.server, os, sys

class Refuses(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_error(400)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
EOF
python3 "$work/refuses.py" "$work/refuses.port" 2>"$work/refuses.log" &
await "somebody refuses calls" test -s "$work/refuses.port"
ask 200 /shop/cart
key=$(grep -oE 'name="key" value="[0-9a-f]{32}"' "$work/page" | grep -oE '[0-9a-f]{32}')
echo "{\"placement\": {\"remote\": \"http://127.0.0.1:$(cat "$work/refuses.port")\"}}" \
  >"$prefix/etc/mortise/plugins.d/boutique-checkout.json"
is_elsewhere() { mortise status boutique-checkout | grep -q "placement  *remote"; }
await "checkout is elsewhere" is_elsewhere
check_out 503 '4111 1111 1111 1111' "$key"
says "value=\"$key\""
hides '127.0.0.1'
ask 200 /shop/cart
says "value=\"$key\""
ask 503 "/shop/orders/$key"
says 'Something is out of order'
hides '127.0.0.1'
stop_host
