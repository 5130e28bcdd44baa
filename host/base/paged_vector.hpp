// A vector that is cheap to copy and to change in few places: copies share their pages, a change makes one page anew.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace mortise::base {

/// A copy is a value of its own, which any thread may have; one object is one thread's, as with the standard's
/// containers.
template <class T>
class PagedVector {
 public:
  static constexpr std::size_t kPage = 32;
  using Page = std::vector<T>;  // full, but for the last one
  using PagePtr = std::shared_ptr<const Page>;

  [[nodiscard]] const T& operator[](std::size_t place) const { return (*pages_[place / kPage])[place % kPage]; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const std::vector<PagePtr>& pages() const noexcept { return pages_; }

  void set(std::size_t place, T value) {
    auto page = *pages_[place / kPage];
    page[place % kPage] = std::move(value);
    pages_[place / kPage] = std::make_shared<const Page>(std::move(page));
  }
  void push_back(T value) {
    if (size_ % kPage == 0) return add_page(std::make_shared<const Page>(1, std::move(value)));
    auto page = *pages_.back();
    page.push_back(std::move(value));
    pages_.back() = std::make_shared<const Page>(std::move(page));
    ++size_;
  }
  /// Behind full ones.
  void add_page(PagePtr page) {
    size_ += page->size();
    pages_.push_back(std::move(page));
  }

 private:
  std::vector<PagePtr> pages_;
  std::size_t size_ = 0;
};

}  // namespace mortise::base
