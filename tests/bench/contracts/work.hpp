// The work that every way of calling does in the benchmarks: as a contract, and as what it is compared with.
#pragma once

#include <mortise/contract.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace bench {

struct Money {
  std::int64_t units;
  mortise::Str currency;
};

struct Work {
  mortise::Method<std::int64_t(std::int64_t a, std::int64_t b)> add;
  mortise::Method<std::int64_t(std::string_view text)> length;
  mortise::Method<Money(Money amount, std::string_view to)> convert;
  mortise::Method<std::uint64_t(std::span<const std::uint64_t> values)> sum;
};
MORTISE_CONTRACT(Work, "bench.work", 1, add, length, convert, sum)

/// The same as a class with virtual functions.
class VirtualWork {
 public:
  virtual ~VirtualWork() = default;
  virtual std::int64_t add(std::int64_t a, std::int64_t b) const = 0;
};

/// What provider.so exports beside its contract: bare functions, and the ways in which C++ programs wrap them.
struct Bare {
  std::int64_t (*add)(std::int64_t a, std::int64_t b);
  std::int64_t (*length)(mortise::Str text);
  Money (*convert)(Money amount, mortise::Str to);
  const VirtualWork* object;
  std::shared_ptr<const VirtualWork> shared;
  std::function<std::int64_t(std::int64_t, std::int64_t)> function;
  mortise_status (*dispatch)(const void* provided, std::uint32_t method, mortise_bytes request, mortise_bytes* reply);
};

/// What consumer.so exports: loops of `count` calls, each result in their sum.
struct Loops {
  std::int64_t (*typed_add)(std::int64_t count);
  std::int64_t (*typed_length)(std::int64_t count);
  std::int64_t (*typed_convert)(std::int64_t count);
  std::uint64_t (*typed_sum)(std::int64_t count, const std::uint64_t* values, std::size_t size);
  std::int64_t (*bare_add)(const Bare& bare, std::int64_t count);
  std::int64_t (*bare_length)(const Bare& bare, std::int64_t count);
  std::int64_t (*bare_convert)(const Bare& bare, std::int64_t count);
  std::uint64_t (*bare_sum)(std::int64_t count, const std::uint64_t* values, std::size_t size);
  std::int64_t (*virtual_add)(const Bare& bare, std::int64_t count);
  std::int64_t (*shared_add)(const Bare& bare, std::int64_t count);
  std::int64_t (*function_add)(const Bare& bare, std::int64_t count);
  std::int64_t (*proxied_convert)(const Bare& bare, std::int64_t count);
  std::int64_t (*registry_add)(const Bare& bare, std::int64_t count);
};

}  // namespace bench
