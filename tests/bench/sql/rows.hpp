// Which rows both sides of the benchmark ask for.
#pragma once

#include <cstdint>
#include <string_view>

namespace bench {

inline constexpr std::string_view kName = "an item that was not there before";

/// One after the other in no order, each of them there.
class Ids {
 public:
  std::int64_t next() {
    constexpr std::int64_t kRows = 10000;
    constexpr std::int64_t kStep = 7919;  // has no factor in common with kRows
    last_ = (last_ + kStep) % kRows;
    return last_ + 1;
  }

 private:
  std::int64_t last_ = 0;
};

}  // namespace bench
