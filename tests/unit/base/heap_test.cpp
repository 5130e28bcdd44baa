#include "base/heap.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace mortise::base {
namespace {

/// Of the mapping that can be written and has this address in it.
std::size_t writable_bytes_around(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    std::string rights;
    words >> std::hex >> begin >> dash >> end >> rights;
    if (begin <= wanted && wanted < end && rights.starts_with("rw")) return end - begin;
  }
  return 0;
}

TEST(HeapTest, AThreadsHeapIsWideBeforeItIsUsed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer brings a heap of its own";
#endif
  std::size_t before = 0;
  std::size_t after = 0;
  std::thread([&] {
    before = writable_bytes_around(std::make_unique<int>().get());
    widen_heap();
    after = writable_bytes_around(std::make_unique<int>().get());
  }).join();
  EXPECT_GT(before, 0U);
  EXPECT_GE(after, before + (std::size_t{4} << 20));
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::size_t>(::getpagesize());
}

TEST(HeapTest, WhatIsFreeBetweenBlocksInUseIsGivenBack) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer brings a heap of its own";
#endif
  constexpr std::size_t kBlocks = 16384;
  constexpr std::size_t kBlockBytes = 1024;
  std::vector<std::unique_ptr<char[]>> blocks;  // NOLINT(modernize-avoid-c-arrays): of a size that the heap serves
  for (std::size_t i = 0; i < kBlocks; ++i) blocks.push_back(std::make_unique<char[]>(kBlockBytes));
  blocks.erase(blocks.begin(), blocks.end() - 1);
  const auto kept = resident_bytes();
  shrink_heaps();
  EXPECT_LT(resident_bytes() + kBlocks * kBlockBytes / 2, kept);
}

}  // namespace
}  // namespace mortise::base
