// A host with `chaos`, whose faults are provoked, and with two plugins that are under load meanwhile: what comes of a
// fault is put into words, of which docs/faults.md is made. A row of the tables is one fault; each has a column, that
// is a table of its own there, for each placement.
#pragma once

#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "support/host_test.hpp"
#include "support/load.hpp"

namespace mortise::integration {

/// What comes of a fault.
struct Outcome {
  std::string client;         // what the client gets that provoked it, and when
  std::string others;         // what the clients of other plugins notice
  std::string status;         // what `mortise status` says of the plugin
  std::string recovery;       // what has become of the plugin's other routes, and of what it took
  bool ends_process = false;  // that runs the plugin: the host's, or its own
};

class FaultTest;

struct Fault {
  const char* name;
  const char* title;
  /// Returns what the client got.
  std::function<std::string(FaultTest&)> provoke;
  /// None: it is not provoked there.
  std::optional<Outcome> in_host;
  std::optional<Outcome> in_worker;
  bool is_endless = false;         // runs into its deadline, and its threads never come back
  std::uint64_t memory_bytes = 0;  // that a process of the plugin's own gets; 0: any number
  bool is_counted = true;          // as many of its own requests fail each time
};

enum class Placement { in_host, in_worker };

struct Cell {
  const Fault* fault;
  std::size_t place;  // of the row
  Placement placement;

  [[nodiscard]] const Outcome& expected() const {
    return placement == Placement::in_host ? *fault->in_host : *fault->in_worker;
  }
};
std::ostream& operator<<(std::ostream& out, const Cell& cell);

/// Of a part of the table, whose rows begin at that place; it outlives the tests.
std::vector<Cell> cells_of(const std::vector<Fault>& table, std::size_t first_place, Placement placement);

class FaultTest : public HostTest, public ::testing::WithParamInterface<Cell> {
 public:
  /// By one request to the route of that name.
  static std::function<std::string(FaultTest&)> by_url(const std::string& name);

  [[nodiscard]] bool is_isolated() const { return GetParam().placement == Placement::in_worker; }
  /// One request on a connection of its own.
  [[nodiscard]] std::string ask(const std::string& path) const;
  /// Likewise one that tries something, and is answered with what came of that.
  [[nodiscard]] std::string attempt(const std::string& path) const;
  /// Sends a request, and leaves what comes to the caller.
  [[nodiscard]] Poco::Net::StreamSocket send(const std::string& path) const;
  /// So many at a time: what they got, each of it once.
  [[nodiscard]] std::string ask_many(const std::string& path, int count) const;
  /// A request whose answer begins and does not end, until `end` makes it.
  [[nodiscard]] std::string ask_without_end(const std::string& path, const std::function<void()>& end) const;
  [[nodiscard]] const Host& host() const { return *host_; }
  [[nodiscard]] std::filesystem::path config_file() const { return prefix_.config_file(); }
  void configure_chaos(const nlohmann::json& config);
  void disable_chaos();
  /// The other half of its circle.
  void add_partner();
  /// Whether there is one of its own at this moment.
  [[nodiscard]] bool has_process() const;
  /// How often its process has been started anew.
  [[nodiscard]] std::uint64_t restarts() const;

 protected:
  FaultTest();

  /// Provokes it under load, compares, and puts the row down where docs/faults.md is made from, at its place there.
  void expect_outcome();
  /// The same for one that ends the host process.
  void expect_restart();

 private:
  void start_with(std::chrono::seconds deadline);
  void wait_for_another_process() const;
  [[nodiscard]] std::string in_words(int status, std::chrono::steady_clock::duration took) const;
  [[nodiscard]] nlohmann::json chaos() const;
  [[nodiscard]] std::string status_in_words() const;
  [[nodiscard]] std::string settled_status() const;
  [[nodiscard]] std::string recovery_in_words() const;
  void compare(const Outcome& outcome) const;

  nlohmann::json settings_;
  // Of the plugin's requests. What happens before is "at once".
  std::chrono::seconds deadline_{};
};

}  // namespace mortise::integration
