// A sorted set that is cheap to copy, to change and to compare with what it was: copies share their pages, a change
// makes one page anew, and what differs between two versions is found without looking into the pages that they share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mortise::base {

/// Ordered by `KeyOf()(value)`: a number, or a text inside the value. A copy is a value of its own, which any thread
/// may have; one object is one thread's, as with the standard's containers. A value stays where it is, and is the same
/// object in every version that has it; references are good as long as one of these is.
template <class T, class KeyOf>
class PersistentSet {
  using Item = std::shared_ptr<const T>;
  using Page = std::vector<Item>;  // never empty
  using Pages = std::vector<std::shared_ptr<const Page>>;
  using Key = std::invoke_result_t<KeyOf, const T&>;

 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    reference operator*() const { return *item(); }
    pointer operator->() const { return item().get(); }
    Iterator& operator++() {
      if (++place_ == (*pages_)[page_]->size()) skip_page();
      return *this;
    }
    Iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend class PersistentSet;
    Iterator(const Pages* pages, std::size_t page, std::size_t place) : pages_(pages), page_(page), place_(place) {}
    [[nodiscard]] const Item& item() const { return (*(*pages_)[page_])[place_]; }
    [[nodiscard]] bool is_at_end() const { return page_ == pages_->size(); }
    /// The page of which it is at the first value; null: it is at another one, or at the end.
    [[nodiscard]] const Page* page_begun() const {
      return place_ == 0 && !is_at_end() ? (*pages_)[page_].get() : nullptr;
    }
    void skip_page() {
      ++page_;
      place_ = 0;
    }

    const Pages* pages_ = nullptr;
    std::size_t page_ = 0;
    std::size_t place_ = 0;
  };
  using iterator = Iterator;
  using const_iterator = Iterator;
  using value_type = T;

  PersistentSet() = default;
  PersistentSet(std::initializer_list<T> values) : PersistentSet(std::vector<T>(values)) {}
  /// In any order. Of values with one key the last one counts.
  explicit PersistentSet(std::vector<T> values) {
    std::stable_sort(values.begin(), values.end(), [](const T& a, const T& b) { return KeyOf()(a) < KeyOf()(b); });
    Page page;
    for (auto& value : values) {
      auto item = std::make_shared<const T>(std::move(value));
      if (!page.empty() && key_of(page.back()) == key_of(item)) {
        page.back() = std::move(item);
        continue;
      }
      if (page.size() == kFill) add_page(std::exchange(page, {}));
      page.push_back(std::move(item));
    }
    if (!page.empty()) add_page(std::move(page));
  }

  [[nodiscard]] Iterator begin() const { return {&pages_, 0, 0}; }
  [[nodiscard]] Iterator end() const { return {&pages_, pages_.size(), 0}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// end(): there is none.
  [[nodiscard]] Iterator find(const Key& key) const {
    const auto at = lower_bound(key);
    return !at.is_at_end() && key_of(at.item()) == key ? at : end();
  }
  [[nodiscard]] bool contains(const Key& key) const { return find(key) != end(); }
  /// One that is there.
  [[nodiscard]] const T& at(const Key& key) const { return *find(key); }

  /// Takes the place of a value with its key.
  void put(T value) {
    auto item = std::make_shared<const T>(std::move(value));
    if (pages_.empty()) return add_page({std::move(item)});
    auto at = lower_bound(key_of(item));
    const bool is_there = !at.is_at_end() && key_of(at.item()) == key_of(item);
    // Past the last value of all: behind it, in its page.
    if (at.is_at_end()) at = {&pages_, pages_.size() - 1, pages_.back()->size()};
    auto page = *pages_[at.page_];
    const auto place = page.begin() + static_cast<std::ptrdiff_t>(at.place_);
    if (is_there) {
      *place = std::move(item);
    } else {
      page.insert(place, std::move(item));
      ++size_;
    }
    if (page.size() > kMost) {
      const auto middle = page.begin() + static_cast<std::ptrdiff_t>(page.size() / 2);
      pages_.insert(pages_.begin() + static_cast<std::ptrdiff_t>(at.page_) + 1,
                    std::make_shared<const Page>(middle, page.end()));
      page.erase(middle, page.end());
    }
    pages_[at.page_] = std::make_shared<const Page>(std::move(page));
  }

  /// Returns how many there were.
  std::size_t erase(const Key& key) {
    const auto at = find(key);
    if (at == end()) return 0;
    auto page = *pages_[at.page_];
    page.erase(page.begin() + static_cast<std::ptrdiff_t>(at.place_));
    --size_;
    if (page.empty()) {
      pages_.erase(pages_.begin() + static_cast<std::ptrdiff_t>(at.page_));
    } else {
      pages_[at.page_] = std::make_shared<const Page>(std::move(page));
    }
    return 1;
  }

  /// Calls `visit(const T* before, const T* after)` for each value that is in one version alone, or not equal in both;
  /// null: it is not there. In the order of the keys.
  template <class Visit>
  friend void for_each_difference(const PersistentSet& before, const PersistentSet& after, const Visit& visit) {
    compare(before, after, visit);
  }

  friend bool operator==(const PersistentSet& a, const PersistentSet& b) {
    bool is_same = a.size() == b.size();
    if (is_same) compare(a, b, [&](const T*, const T*) { is_same = false; });
    return is_same;
  }

 private:
  static constexpr std::size_t kMost = 64;  // values of a page
  static constexpr std::size_t kFill = 48;  // where many come at once: with room for some more

  static Key key_of(const Item& item) { return KeyOf()(*item); }

  [[nodiscard]] Iterator lower_bound(const Key& key) const {
    const auto page =
        std::partition_point(pages_.begin(), pages_.end(), [&](const auto& one) { return key_of(one->back()) < key; });
    if (page == pages_.end()) return end();
    const auto item =
        std::partition_point((*page)->begin(), (*page)->end(), [&](const Item& one) { return key_of(one) < key; });
    return {&pages_, static_cast<std::size_t>(page - pages_.begin()),
            static_cast<std::size_t>(item - (*page)->begin())};
  }

  template <class Visit>
  static void compare(const PersistentSet& before, const PersistentSet& after, const Visit& visit) {
    auto a = before.begin();
    auto b = after.begin();
    while (!a.is_at_end() || !b.is_at_end()) {
      if (a.page_begun() != nullptr && a.page_begun() == b.page_begun()) {
        a.skip_page();
        b.skip_page();
      } else if (b.is_at_end() || (!a.is_at_end() && key_of(a.item()) < key_of(b.item()))) {
        visit(&*a++, static_cast<const T*>(nullptr));
      } else if (a.is_at_end() || key_of(b.item()) < key_of(a.item())) {
        visit(static_cast<const T*>(nullptr), &*b++);
      } else {
        const auto former = a++;
        const auto next = b++;
        if (former.item() != next.item() && !(*former == *next)) visit(&*former, &*next);
      }
    }
  }

  void add_page(Page page) {
    size_ += page.size();
    pages_.push_back(std::make_shared<const Page>(std::move(page)));
  }

  Pages pages_;
  std::size_t size_ = 0;
};

struct FirstOfPair {
  template <class Pair>
  std::string_view operator()(const Pair& pair) const {
    return pair.first;
  }
};

/// By name, or another text of their own.
template <class Value>
using PersistentMap = PersistentSet<std::pair<std::string, Value>, FirstOfPair>;

}  // namespace mortise::base
