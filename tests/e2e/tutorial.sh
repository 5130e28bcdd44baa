#!/usr/bin/env bash
# docs/plugin-author.md, played as its reader would: the tutorial, every example of the reference, the plugin in C.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/document.sh
. "$here/document.sh"
install_prefix
start_host

split "$here/../../docs/plugin-author.md" "$work/fences"
mkdir "$work/tutorial"
cd "$work/tutorial"
export CC=$E2E_CC CXX=$E2E_CXX CFLAGS=$E2E_FLAGS CXXFLAGS="$E2E_FLAGS -Wall -Wextra -Wpedantic -Werror" CMAKE_GENERATOR=Ninja
follow "$work/fences"

# The examples of the reference: statements of a constructor, or (marked "scope") at namespace scope.
mkdir "$work/reference"
cd "$work/reference"
{
  printf '#include <array>\n#include <atomic>\n#include <memory>\n#include <mortise/mortise.hpp>\n#include <mutex>\n#include <vector>\n'
  scope=$(grep -lx 'cpp scope' "$work"/fences/*.head)
  [ -n "$scope" ] || fail "the document has no example at namespace scope"
  for head in $scope; do cat "${head%.head}.body"; done
  echo 'class Reference : public mortise::Plugin { public: explicit Reference(mortise::Context& ctx) : ticker_(ctx), shop_(ctx), greetings_(ctx) {'
  grep -lx 'cpp' "$work"/fences/*.head | while read -r head; do echo '{' && cat "${head%.head}.body" && echo '}'; done
  echo '} void stop() override { ticker_.stop(); } private: Ticker ticker_; Shop shop_; Greetings greetings_; }; MORTISE_PLUGIN(Reference)'
} >reference.cpp
cat >CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.19)
project(reference LANGUAGES CXX)
find_package(Mortise REQUIRED)
mortise_add_plugin(reference VERSION 1.0.0 SOURCES reference.cpp MANIFEST plugin.json MIGRATIONS migrations)
END
cat >plugin.json <<END
{"interfaces": ["mortise.contracts/1", "mortise.events/1", "mortise.sql/1", "mortise.kv/1",
 "mortise.tasks/1"],
 "durable_tasks": ["send-mail", "note-mail"],
 "publishes": ["boutique.order-placed/1"], "subscribes": ["boutique.order-placed/1"]}
END
mkdir migrations
echo 'CREATE TABLE note (id INTEGER PRIMARY KEY, title TEXT NOT NULL);' >migrations/0001-note.sql
build_cpp "$work/reference"
drop build/reference.so
mortise enable reference
await "the examples serve" answers /items "[1,2,3]"
say "curl -s http://$address/upper -d streamed" STREAMED
say "curl -s http://$address/sum -d '[1, 2.5]'" '{"sum":3.5}'
say "curl -s http://$address/tree/a/b" a/b
say "curl -s -X PUT http://$address/items/7 -d kept" kept
say "curl -s -o /dev/null -w '%{http_code}' -X DELETE http://$address/items/7" 404

say "curl -s -o /dev/null -w '%{http_code}' http://$address/orders -d '{\"customer\": \"Ada\"}'" 204
await "the subscriber hears of it" grep -q 'thank you.*Ada' "$work/host.log"

await "the durable task runs" grep -q 'mail.*ada@example.com' "$work/host.log"

# A client of the event stream, and one whose answer is deferred.
curl -sN --max-time 300 "http://$address/ticks" >"$work/ticks" & ticks=$!
curl -s --max-time 300 "http://$address/next" >"$work/next" & next=$!
sent() { curl -s "http://$address/$1" -d "$2"; [ -s "$work/$1" ]; }
await "the event arrives" sent ticks news
await "the deferred answer arrives" sent next later
[ "$(head -n 2 "$work/ticks")" = $'event: tick\ndata: news' ] || fail "the event reads: $(cat "$work/ticks")"
wait "$next"
[ "$(cat "$work/next")" = later ] || fail "the deferred answer reads: $(cat "$work/next")"

# A WebSocket, as far as curl goes: the handshake, and the first message.
curl -sN --http1.1 --max-time 300 -i -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
  -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "http://$address/chat/den" >"$work/chat" & chat=$!
await "the socket greets" grep -aq 'welcome to den' "$work/chat"
grep -aq 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' "$work/chat" || fail "the handshake reads: $(cat "$work/chat")"

mortise disable reference  # its stop() ends the stream, the host the socket
wait "$ticks" || fail "the event stream was cut instead of ended"
wait "$chat" || true

# The plugin in C, in a project that has no C++ at all.
build "$work/tutorial/c" -DCMAKE_CXX_COMPILER=/nonexistent -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON
if [ -z "$E2E_FLAGS" ]; then # a sanitizer brings libraries of its own
  needed=$(readelf -d "$work/tutorial/c/build/plain.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
  [ "$needed" = libc.so.6 ] || fail "the plugin in C needs more than the C library: $needed"
fi
mortise check "$work/tutorial/c/build/plain.so" || fail "the plugin in C is refused"
drop "$work/tutorial/c/build/plain.so"
mortise enable plain
await "the plugin in C serves" answers /plain/echoed echoed
stop_host
