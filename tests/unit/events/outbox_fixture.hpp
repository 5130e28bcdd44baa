// An outbox over a real file, and a subscriber that does what a test says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/largest_file.hpp"
#include "base/temporary_directory.hpp"
#include "events/outbox.hpp"
#include "runtime/generation.hpp"
#include "sql/migrations.hpp"

namespace mortise::events {

inline constexpr const char* kTopic = "zoo.said/1";
inline constexpr std::uint64_t kForm = 17;
inline constexpr std::chrono::seconds kPatience{60};

/// Hears events whose bytes are a text behind the version of the form.
class FakeSubscriber {
 public:
  struct Heard {
    std::string key;
    std::string text;
    std::uint64_t id = 0;
    std::uint32_t attempt = 0;
  };
  /// What it returns, with no lock held.
  using Handle = std::function<mortise_status(const Heard&)>;

  FakeSubscriber() {
    manifest::Manifest manifest;
    manifest.name = "hears";
    manifest.version = manifest::Version::parse("1.0.0").value();
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
    cone_ = std::make_shared<runtime::Cone>(runtime::Cone{
        .entry = std::make_shared<runtime::Generation>(1, std::move(spec), std::span<runtime::Service*>()),
        .bindings = std::make_shared<const runtime::BindingTable>(0)});
  }

  void handle_with(Handle handle) {
    const std::lock_guard lock(mutex_);
    handle_ = std::move(handle);
  }
  [[nodiscard]] Addressee addressee(const std::string& topic = kTopic, std::uint64_t form = kForm) const {
    return {.cone = cone_, .topics = {{topic, {.channel = &channel_, .form = form}}}};
  }
  [[nodiscard]] const runtime::Generation& generation() const { return *cone_->entry; }
  /// All that it has returned from well, as soon as that are so many.
  std::vector<Heard> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return heard_.size() >= count; })) << heard_.size();
    return heard_;
  }
  std::vector<std::string> wait_for_texts(std::size_t count) {
    std::vector<std::string> texts;
    for (const auto& one : wait_for(count)) texts.push_back(one.text);
    return texts;
  }

 private:
  static mortise_status call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
    EXPECT_EQ(method, kDeliver);
    *reply = {nullptr, 0};
    return static_cast<FakeSubscriber*>(self)->hear({reinterpret_cast<const char*>(request.data), request.size});
  }
  mortise_status hear(std::string_view request) {
    Heard heard;
    std::memcpy(&heard.id, request.data() + 9, sizeof heard.id);
    std::memcpy(&heard.attempt, request.data() + 25, sizeof heard.attempt);
    request.remove_prefix(29);
    for (auto* const text : {static_cast<std::string*>(nullptr), &heard.key}) {  // the publisher's name, the key
      const auto size = static_cast<std::size_t>(request[0]);
      if (text != nullptr) *text = request.substr(1, size);
      request.remove_prefix(1 + size);
    }
    heard.text = request;
    Handle handle;
    {
      const std::lock_guard lock(mutex_);
      handle = handle_;
    }
    const auto status = handle ? handle(heard) : mortise_status{MORTISE_OK};
    if (status != MORTISE_OK) return status;
    {
      const std::lock_guard lock(mutex_);
      heard_.push_back(heard);
    }
    changed_.notify_all();
    return status;
  }

  mortise_channel_v1 channel_{
      .struct_size = sizeof(mortise_channel_v1), .reserved = 0, .self = this, .call = &call, .reserve = nullptr};
  runtime::ConePtr cone_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Handle handle_;             // guarded by mutex_
  std::vector<Heard> heard_;  // guarded by mutex_
};

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() { open(); }
  ~OutboxTest() override { close(); }

  void open() {
    auto opened = sql::Database::open(directory_.path() / "says.sqlite");
    if (!opened) throw std::runtime_error(opened.error().message);
    database_ = *opened;
    manifest::Manifest manifest;
    manifest.name = "says";
    manifest.version = manifest::Version::parse("1.0.0").value();
    manifest.publishes.push_back({.topic = kTopic, .is_durable = true});
    if (!sql::migrate(*database_, manifest)) throw std::runtime_error("no tables");
    means_.emplace(OutboxMeans{.handlers = handlers_, .desk = desk_, .alarm = alarm_, .rules = rules_});
    outbox_ = Outbox::make("says", database_, *means_);
  }
  void run() {
    outbox_->set_owner(true);
    outbox_->run({kTopic});
    outbox_->bind("hears", subscriber_.addressee());
  }
  /// As a process that ends, whatever was under way: nothing of what was not written is.
  void close() {
    outbox_->set_owner(false);
    EXPECT_TRUE(outbox_->settle(std::chrono::steady_clock::now() + kPatience, {}));
    outbox_.reset();
    database_.reset();
  }

  static mortise_bytes to_bytes(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }
  static Publication publication(std::string_view key, const std::string& bytes) {
    return {.topic = kTopic, .form = kForm, .key = key, .bytes = to_bytes(bytes)};
  }
  void publish(const std::string& text, const std::string& key = "") {
    const auto bytes = "\x01" + text;
    const auto published = outbox_->publish(publication(key, bytes), nullptr);
    ASSERT_TRUE(published) << published.error().message;
  }
  /// Many, in one transaction.
  void publish_many(int count, const std::function<std::string(int)>& key) {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    for (int i = 0; i < count; ++i) {
      const auto bytes = "\x01" + std::to_string(i);
      ASSERT_TRUE(outbox_->publish(publication(key(i), bytes), transaction.get()));
    }
    ASSERT_TRUE(transaction->commit());
  }
  /// The log of the database, into which every commit goes first, grows no more until the disk has room again.
  void fill_disk() { full_.emplace(std::filesystem::file_size(directory_.path() / "says.sqlite-wal")); }
  void make_room() { full_.reset(); }
  std::int64_t count(const std::string& table) {
    std::int64_t found = -1;
    const auto reading = *database_->begin(sql::Database::Access::read, sql::Time::max());
    const auto asked = reading->connection().ask("SELECT count(*) FROM " + table, {},
                                                 [&](auto columns) { found = std::stoll(std::string(columns[0])); });
    EXPECT_TRUE(asked);
    return found;
  }
  /// Has all be written that was done, and goes on.
  void settle() {
    outbox_->set_owner(false);
    EXPECT_TRUE(outbox_->settle(std::chrono::steady_clock::now() + kPatience, {}));
  }

  const testing::TemporaryDirectory directory_;
  FakeSubscriber subscriber_;
  runtime::BlockingPool handlers_{64, 1000};
  runtime::BlockingPool desk_{4, 16};
  runtime::Alarm alarm_;
  runtime::RetryRules rules_{
      .attempts = 3, .first_pause = std::chrono::milliseconds(1), .longest_pause = std::chrono::milliseconds(5)};
  std::optional<OutboxMeans> means_;
  std::shared_ptr<sql::Database> database_;
  std::shared_ptr<Outbox> outbox_;

 private:
  std::optional<testing::LargestFile> full_;
};

/// By key, whether the texts are numbers that rise by one.
inline void expect_order(const std::vector<FakeSubscriber::Heard>& all, int step = 1) {
  std::map<std::string, int> last;
  for (const auto& one : all) {
    const auto number = std::stoi(one.text);
    const auto [before, is_first] = last.emplace(one.key, number);
    if (is_first) continue;
    EXPECT_EQ(number, before->second + step) << one.key;
    before->second = number;
  }
}

}  // namespace mortise::events
