#include "runtime/memory_account.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace mortise::runtime {
namespace {

TEST(MemoryAccountTest, IsOneForEachName) {
  auto& mine = MemoryAccount::of("account-mine");
  auto& other = MemoryAccount::of("account-other");
  EXPECT_EQ(&MemoryAccount::of("account-mine"), &mine);
  EXPECT_NE(&other, &mine);
  EXPECT_NE(mine.number(), 0U);
  EXPECT_EQ(MemoryAccount::find(mine.number()), &mine);
  EXPECT_EQ(MemoryAccount::find(other.number()), &other);
  EXPECT_EQ(MemoryAccount::find(0), nullptr);
}

TEST(MemoryAccountTest, KeepsTheKindsApart) {
  MemoryAccount account(1);
  account.add(MemoryKind::heap, 1);
  account.add(MemoryKind::arena, 20);
  account.add(MemoryKind::buffers, 300);
  EXPECT_EQ(account.use().heap, 1U);
  EXPECT_EQ(account.use().arena, 20U);
  EXPECT_EQ(account.use().buffers, 300U);
  EXPECT_EQ(account.use().total(), 321U);
}

TEST(MemoryAccountTest, WhatOneThreadTakesAnotherMayGiveBack) {
  constexpr int kThreads = 20;
  constexpr int kRounds = 10000;
  MemoryAccount account(1);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&account, bytes = i % 2 == 0 ? 3 : -2] {
      for (int round = 0; round < kRounds; ++round) account.add(MemoryKind::heap, bytes);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(account.use().heap, static_cast<std::uint64_t>(kThreads / 2 * kRounds));
}

TEST(MemoryAccountTest, IsNeverBelowNothing) {
  MemoryAccount account(1);
  account.add(MemoryKind::heap, -5);
  EXPECT_EQ(account.use().heap, 0U);
  account.add(MemoryKind::heap, 7);
  EXPECT_EQ(account.use().heap, 2U);
}

TEST(BufferChargeTest, CountsWhatItWasSetToLast) {
  MemoryAccount account(1);
  {
    BufferCharge charge;
    charge.set(50);  // for nobody
    charge.bind(&account);
    EXPECT_EQ(account.use().buffers, 0U);
    charge.set(100);
    charge.set(30);
    EXPECT_EQ(account.use().buffers, 30U);
  }
  EXPECT_EQ(account.use().buffers, 0U);
}

TEST(BufferChargeTest, ForAnotherNothingIsCountedAtFirst) {
  MemoryAccount first(1);
  MemoryAccount second(2);
  BufferCharge charge;
  charge.bind(&first);
  charge.set(100);
  charge.bind(&second);
  EXPECT_EQ(first.use().buffers, 0U);
  EXPECT_EQ(second.use().buffers, 0U);
  charge.set(7);
  EXPECT_EQ(second.use().buffers, 7U);
}

}  // namespace
}  // namespace mortise::runtime
