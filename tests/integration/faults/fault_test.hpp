// A host with `chaos`, whose faults are provoked, and with two plugins that are under load meanwhile: what comes of a
// fault is put into words, of which docs/faults.md is made.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "support/host_test.hpp"
#include "support/load.hpp"

namespace mortise::integration {

/// A row of the table.
struct Outcome {
  std::string client;    // what the client gets that provoked it, and when
  std::string others;    // what the clients of other plugins notice
  std::string status;    // what `mortise status` says of the plugin
  std::string recovery;  // what has become of the plugin's other routes, and of what it took
};

class FaultTest;

struct Fault {
  const char* name;
  const char* title;
  /// Returns what the client got.
  std::function<std::string(FaultTest&)> provoke;
  Outcome expected;
  bool is_endless = false;  // runs into its deadline, and its threads never come back
};

/// The parameter is the row's place in the table.
class FaultTest : public HostTest, public ::testing::WithParamInterface<std::size_t> {
 public:
  /// One request on a connection of its own.
  [[nodiscard]] std::string ask(const std::string& path) const;
  /// So many at a time: what they got, each of it once.
  [[nodiscard]] std::string ask_many(const std::string& path, int count) const;
  /// A request whose answer begins and does not end, until `end` makes it.
  [[nodiscard]] std::string ask_without_end(const std::string& path, const std::function<void()>& end) const;
  [[nodiscard]] const Host& host() const { return *host_; }
  void configure_chaos(const nlohmann::json& config);
  void disable_chaos();

 protected:
  FaultTest();

  /// Provokes it under load, compares, and puts the row down where docs/faults.md is made from, at its place there.
  void expect_outcome(std::size_t place, const Fault& fault);
  /// The same for one that ends the host process.
  void expect_restart(std::size_t place, const Fault& fault);

 private:
  void start_with(std::chrono::seconds deadline);
  [[nodiscard]] std::string in_words(int status, std::chrono::steady_clock::duration took) const;
  [[nodiscard]] nlohmann::json chaos() const;
  [[nodiscard]] std::string status_in_words() const;
  [[nodiscard]] std::string recovery_in_words(const Fault& fault) const;
  void compare(std::size_t place, const Fault& fault, const Outcome& outcome) const;

  nlohmann::json settings_;
  // Of the plugin's requests. What happens before is "at once".
  std::chrono::seconds deadline_{};
};

}  // namespace mortise::integration
