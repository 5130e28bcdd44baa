#include "world.hpp"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "manifest/manifest.hpp"
#include "runtime/generation.hpp"

namespace bench {
namespace {

using namespace mortise;

[[noreturn]] void fail(const std::string& reason) {
  std::cerr << "bench: " << reason << '\n';
  std::exit(1);
}

http::ServerSettings one_loop() {
  http::ServerSettings settings;
  settings.listen.push_back({.address = "127.0.0.1", .port = 0, .tls = {}});
  settings.threads = 1;
  return settings;
}

/// A function that an image, which is loaded already, exports.
template <class Table>
const Table* call_export(const std::filesystem::path& image, const char* symbol) {
  void* const library = ::dlopen(image.c_str(), RTLD_NOW | RTLD_NOLOAD);
  const auto function = library == nullptr ? nullptr : reinterpret_cast<const Table* (*)()>(::dlsym(library, symbol));
  if (function == nullptr) fail(image.string() + " does not export " + symbol);
  return function();
}

}  // namespace

World::World(const std::filesystem::path& plugins)
    : server_(one_loop()),
      provider_(start(1, "provider", plugins / "provider.so")),
      consumer_(start(2, "consumer", plugins / "consumer.so")) {
  const runtime::GenerationSet generations{runtime::GenerationRef(provider_), runtime::GenerationRef(consumer_)};
  if (const auto conflicts = contracts_.check(generations); !conflicts.empty()) fail(conflicts.front().message);
  release_ = contracts_.build(1, generations).release;
  contracts_.observe(std::make_shared<runtime::ObservedCalls>());
  observed_ = contracts_.build(1, generations).release;
  base::InheritedSockets none;
  if (const auto started = server_.start(none); !started) fail(started.error().message);
  server_.accept();
  server_.publish(release_);
  bare_ = call_export<Bare>(plugins / "provider.so", "bench_bare");
  loops_ = call_export<Loops>(plugins / "consumer.so", "bench_loops");
}

runtime::GenerationPtr World::start(std::uint64_t number, const char* name, const std::filesystem::path& image) {
  constexpr auto kId = "bench.work/1";
  manifest::Manifest manifest;
  manifest.name = name;
  manifest.version = manifest::Version::parse("1.0.0").value();
  if (number == 1) {
    manifest.provides.push_back({.contract = kId, .name = name, .rank = 0});
  } else {
    manifest.requires_.push_back({.contract = kId, .provider = {}, .name = {}, .all = false, .optional = false});
  }
  manifest.contracts[kId] =
      manifest::parse_methods("add(i64,i64)->i64\nlength(str)->i64\nconvert({i64,str},str)->{i64,str}\nsum([u64])->u64")
          .value();
  runtime::GenerationSpec spec;
  spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
  spec.image = image;
  spec.config_text = "{}";
  const std::array<runtime::Service*, 2> services{&contracts_, &server_};
  auto generation = std::make_shared<runtime::Generation>(number, std::move(spec), services);
  if (const auto initialised = generation->init(); !initialised) fail(initialised.error().message);
  return generation;
}

}  // namespace bench
