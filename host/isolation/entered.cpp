#include "isolation/entered.hpp"

#include <utility>

namespace mortise::isolation {
namespace {

thread_local const Entered* innermost = nullptr;

}  // namespace

Entered::Entered(Way its_way, std::uint32_t its_number) noexcept
    : way(its_way), number(its_number), outer_(std::exchange(innermost, this)) {}

Entered::~Entered() { innermost = outer_; }

const Entered* Entered::current() noexcept { return innermost; }

}  // namespace mortise::isolation
