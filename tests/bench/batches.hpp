// How long one of many calls takes: the median of batches. Whatever else the machine does meanwhile disturbs some of
// them, where it would be in a mean.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace bench {

/// `batches` times `calls` calls, at least one each.
template <class Call>
double median_ns(std::size_t batches, std::size_t calls, Call call) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> took(batches);
  for (auto& one : took) {
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < calls; ++i) call();
    one = std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / static_cast<double>(calls);
  }
  const auto middle = took.begin() + static_cast<std::ptrdiff_t>(batches / 2);
  std::nth_element(took.begin(), middle, took.end());
  return *middle;
}

}  // namespace bench
