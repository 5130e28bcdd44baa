// What a binding table leaves behind when its release is reclaimed. The memory is the test's own, so that it may be
// read after the table's end as a scope that outlived its hold would read it.
#include <array>
#include <cstddef>
#include <memory_resource>
#include <optional>

#include "contract_fixture.hpp"
#include "runtime/release.hpp"

namespace mortise::runtime {
namespace {

using testing::StampContract;

class BindingTableDeathTest : public ::testing::Test {
 protected:
  BindingTableDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  static std::uint64_t call(const void* contract) {
    const auto& stamp = static_cast<const StampContract*>(contract)->stamp;
    std::uint64_t result = 0;
    stamp.call(stamp.self, &result);
    return result;
  }

  static constexpr const char* kReason = "call through the bindings of a reclaimed release";
  const StampContract contract_{.stamp = {.call = [](void*, std::uint64_t* result) -> mortise_status {
                                            *result = 7;
                                            return MORTISE_OK;
                                          },
                                          .self = nullptr}};
  alignas(std::max_align_t) std::array<std::byte, 256> memory_{};
  std::pmr::monotonic_buffer_resource resource_{memory_.data(), memory_.size(), std::pmr::null_memory_resource()};
  std::optional<BindingTable> table_{std::in_place, 3, &resource_};
  const void* const* const bindings_ = table_->data();
};

TEST_F(BindingTableDeathTest, ACallAfterTheReclaimAbortsWithItsReason) {
  table_->bind(0, &contract_);
  EXPECT_EQ(call(bindings_[0]), 7U);
  table_.reset();
  EXPECT_DEATH(call(bindings_[0]), kReason);
}

TEST_F(BindingTableDeathTest, SoDoesACallThroughASlotThatNobodyWasBoundTo) {
  table_.reset();
  EXPECT_DEATH(call(bindings_[2]), kReason);
}

TEST_F(BindingTableDeathTest, AndOneThroughAListOfAllProviders) {
  table_->bind_all(1, {{.contract = &contract_, .name = testing::str("p"), .rank = 0, .reserved = 0}});
  const auto list = [this]() -> const mortise_providers& {
    return *static_cast<const mortise_providers*>(bindings_[1]);
  };
  EXPECT_EQ(call(list().items[0].contract), 7U);
  table_.reset();
  ASSERT_EQ(list().count, 1U);
  EXPECT_DEATH(call(list().items[0].contract), kReason);
}

}  // namespace
}  // namespace mortise::runtime
