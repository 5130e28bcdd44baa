// A drop directory, a state directory and a catalogue over them, with a probe that counts and fails on order.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/fake_files.hpp"
#include "base/temporary_directory.hpp"
#include "catalog/catalog.hpp"

namespace mortise::catalog {

class DropTest : public ::testing::Test {
 protected:
  using Path = std::filesystem::path;
  // So long that no scan comes too late to see a file that is still being written; files are aged, not waited for.
  static constexpr std::chrono::milliseconds kSettle{30'000};

  DropTest() { std::filesystem::create_directory(drop()); }

  [[nodiscard]] Path drop() const { return directory_ / "drop"; }
  [[nodiscard]] Path state() const { return directory_ / "state"; }
  [[nodiscard]] Path store() const { return state() / "store"; }

  [[nodiscard]] Settings settings() const {
    return {.drop_directory = drop(),
            .state_directory = state(),
            .settle = kSettle,
            .interfaces = offered_,
            .is_borrowed = is_borrowed_};
  }

  /// Ends the catalogue, if there is one, and opens it again: a restart.
  void open() {
    catalog_.reset();
    auto opened = Catalog::open(settings(), files_, [this](const Path& image) { return probe(image); });
    ASSERT_TRUE(opened) << opened.error().message;
    catalog_ = std::move(*opened);
  }

  Catalog::ScanResult scan() {
    if (!catalog_) open();
    auto result = catalog_->scan();
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result : Catalog::ScanResult{};
  }

  /// Makes the file look as if it had been written that long ago.
  static void age(const Path& file, std::chrono::milliseconds by = std::chrono::minutes(1)) {
    const auto then = std::filesystem::file_time_type::clock::now() - by;
    std::filesystem::last_write_time(file, then);
  }
  /// Puts one of the zoo's plugins into the drop directory, long ago.
  Path put(const std::string& zoo_name, const std::string& as = "") {
    const auto file = drop() / ((as.empty() ? zoo_name : as) + ".so");
    std::filesystem::copy_file(Path(MORTISE_ZOO) / (zoo_name + ".so"), file,
                               std::filesystem::copy_options::overwrite_existing);
    ::chmod(file.c_str(), 0755);
    age(file);
    return file;
  }
  Path put_text(const std::string& text, const std::string& name) {
    const auto file = drop() / name;
    testing::write_file(file, text);
    age(file);
    return file;
  }

  static RecordPtr find(const Catalog::ScanResult& result, const Path& path) {
    for (const auto& record : result.records) {
      if (record->path == path) return record;
    }
    ADD_FAILURE() << path << " has no record";
    return std::make_shared<const Record>();
  }

  base::Result<void> probe(const Path& image) {
    ++probes_;
    probed_ = image;
    if (probe_error_) return *probe_error_;
    return {};
  }

  testing::TemporaryDirectory directory_;
  bool is_borrowed_ = false;  // from the next open() on
  base::FakeFiles files_;
  std::vector<std::string> offered_{"mortise.contracts/1", "mortise.http/1"};
  int probes_ = 0;
  Path probed_;
  std::optional<base::Error> probe_error_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace mortise::catalog
