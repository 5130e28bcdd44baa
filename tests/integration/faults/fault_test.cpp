#include "faults/fault_test.hpp"

#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <iomanip>
#include <set>
#include <sstream>

#include "support/connection_load.hpp"
#include "support/gate.hpp"

namespace mortise::integration {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

// Only what never ends has to wait for it; to what ends by itself it gives all the time that a busy machine takes.
constexpr std::chrono::seconds kDeadlineOfEndless{4};

/// Numbers that are not the same each time.
std::string without_numbers(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit) result += c;
    if (is_digit && !result.ends_with('N')) result += 'N';
  }
  return result;
}

std::string joined(const std::set<std::string>& parts) {
  std::string result;
  for (const auto& part : parts) result += (result.empty() ? "" : ", ") + part;
  return result;
}

}  // namespace

FaultTest::FaultTest() : settings_{{"circuit", {{"open_for", "5s"}, {"probes", 1}}}} {
  // What never comes back is left behind soon.
  prefix_.configure({{"stop_timeout_ms", 500}, {"edge", {{"shutdown_grace_ms", 500}}}});
  prefix_.drop(shipped_file("chaos"));
  prefix_.add_shipped("hello");
  prefix_.add_shipped("notes");
}

void FaultTest::start_with(std::chrono::seconds deadline) {
  deadline_ = deadline;
  settings_["limits"]["deadline"] = std::to_string(deadline.count()) + "s";
  prefix_.write_plugin("chaos", settings_.dump());
  start();
}

std::string FaultTest::in_words(int status, Clock::duration took) const {
  return std::to_string(status) + (took < deadline_ ? " at once" : " at its deadline");
}

std::string FaultTest::ask(const std::string& path) const {
  const auto begun = Clock::now();
  const auto answer = host_->get(path);
  return in_words(answer.status, Clock::now() - begun);
}

std::string FaultTest::ask_many(const std::string& path, int count) const {
  std::deque<Pending> requests;
  const auto begun = Clock::now();
  for (int i = 0; i < count; ++i) requests.emplace_back(*host_, path);
  std::set<std::string> seen;
  for (auto& request : requests) {
    const auto status = request.answer().status;
    // One that waited for a thread is turned away at its deadline, one that found the queue full before.
    seen.insert(status == 503 ? "503" : in_words(status, Clock::now() - begun));
  }
  return joined(seen);
}

std::string FaultTest::ask_without_end(const std::string& path, const std::function<void()>& end) const {
  const auto begun = Clock::now();
  Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", host_->port()));
  socket.setReceiveTimeout(Poco::Timespan(kPatience.count(), 0));
  const auto request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  socket.sendBytes(request.data(), static_cast<int>(request.size()));
  std::array<char, 4096> buffer;
  std::string got;
  const auto read = [&] {
    const auto size = socket.receiveBytes(buffer.data(), buffer.size());
    got.append(buffer.data(), static_cast<std::size_t>(std::max(size, 0)));
    return size;
  };
  while (got.find("begun") == std::string::npos && read() > 0) continue;
  const auto status = in_words(std::stoi(got.substr(got.find(' '))), Clock::now() - begun);
  end();
  while (read() > 0) continue;
  return status + (got.ends_with("0\r\n\r\n") ? ", whole" : ", cut");
}

void FaultTest::configure_chaos(const json& config) {
  settings_["config"] = config;
  prefix_.write_plugin("chaos", settings_.dump());
}

void FaultTest::disable_chaos() {
  settings_["enabled"] = false;
  prefix_.write_plugin("chaos", settings_.dump());
}

/// What runs of the plugin, and what does not.
json FaultTest::chaos() const {
  auto found = json::array();
  const auto status = host_->ask("GET", "/v1/status");
  for (const auto& one : status["plugins"]) {
    if (one["name"] == "chaos") found.push_back(one);
  }
  return found;
}

std::string FaultTest::status_in_words() const {
  std::string words;
  for (const auto& one : chaos()) {
    const auto degraded = one["degraded"].get<std::string>();
    const auto& counts = one["containment"];
    words += words.empty() ? "" : "; ";
    words += degraded.empty() ? one["state"].get<std::string>() : "degraded: " + degraded;
    if (one["state"] == "stopping") words += ": " + one["reason"].get<std::string>();
    if (counts["failures"] > 0) words += ", " + counts["failures"].dump() + " failed";
    if (counts["lines_dropped"] > 0) words += ", N lines of log dropped";
  }
  if (words.empty()) words = "not there";
  const auto left = host_->ask("GET", "/v1/status")["left_mapped"]["count"].get<int>();
  if (left > 0) words += ", " + std::to_string(left) + (left == 1 ? " image" : " images") + " left mapped";
  return words;
}

std::string FaultTest::recovery_in_words(const Fault& fault) const {
  const auto all = chaos();
  const auto serves = [](const json& one) { return one["state"] == "active"; };
  if (std::none_of(all.begin(), all.end(), serves)) return "the host serves on";
  const auto limit = Clock::now() + kPatience;
  while (host_->get("/chaos/well").status != 200) {
    if (Clock::now() > limit) return "does not serve any more";
  }
  const auto is_degraded = [this] {
    const auto current = chaos();
    return std::any_of(current.begin(), current.end(), [](const json& one) { return one["degraded"] != ""; });
  };
  if (fault.is_endless) {
    return is_degraded() ? "serves on; its threads are lost until the host is restarted" : "its threads came back";
  }
  while (is_degraded()) {
    if (Clock::now() > limit) return "stays degraded";
  }
  return "serves on";
}

void FaultTest::expect_outcome(std::size_t place, const Fault& fault) {
  start_with(fault.is_endless ? kDeadlineOfEndless : kPatience);
  Load hello(*host_, "/hello/you");
  Load notes(*host_, "/notes");
  hello.wait_for_more(20);
  notes.wait_for_more(20);
  Outcome outcome;
  outcome.client = fault.provoke(*this);
  outcome.status = status_in_words();
  if (fault.expected.status.find('N') != std::string::npos) outcome.status = without_numbers(outcome.status);
  outcome.recovery = recovery_in_words(fault);
  hello.wait_for_more(50);
  notes.wait_for_more(50);
  hello.end();
  notes.end();
  const auto noticed = hello.fault() + notes.fault();
  outcome.others = noticed.empty() ? "nothing" : noticed;
  compare(place, fault, outcome);
}

void FaultTest::expect_restart(std::size_t place, const Fault& fault) {
  start_with(kPatience);
  constexpr ConnectionLoad::Threads kThreads{.keeping = 2, .fresh = 2};
  ConnectionLoad hello(host_->port(), "/hello/you", kThreads);
  ConnectionLoad notes(host_->port(), "/notes", kThreads);
  hello.wait_for_more(20);
  notes.wait_for_more(20);
  const auto former = host_->process();
  Outcome outcome;
  outcome.client = fault.provoke(*this);
  host_->wait_for_restart(former);
  outcome.status = status_in_words();
  outcome.recovery = recovery_in_words(fault);
  auto failures = hello.end().failures;
  const auto more = notes.end().failures;
  failures.insert(failures.end(), more.begin(), more.end());
  const auto is_refusal = [](const std::string& failure) { return failure.find("refused") != std::string::npos; };
  const bool is_short = failures.size() <= 2 * (kThreads.keeping + kThreads.fresh);
  outcome.others = std::any_of(failures.begin(), failures.end(), is_refusal) ? "connections are refused"
                   : is_short                                                ? "those inside are cut; nobody is refused"
                                                                             : "more than those inside fail";
  compare(place, fault, outcome);
}

/// A row is put down in a file of its own, so that tests may run side by side, and by names in the table's order.
void FaultTest::compare(std::size_t place, const Fault& fault, const Outcome& outcome) const {
  EXPECT_EQ(outcome.client, fault.expected.client);
  EXPECT_EQ(outcome.others, fault.expected.others);
  EXPECT_EQ(outcome.status, fault.expected.status);
  EXPECT_EQ(outcome.recovery, fault.expected.recovery);
  if (HasFailure()) return;
  const std::filesystem::path folder = MORTISE_FAULT_RESULTS;
  std::filesystem::create_directories(folder);
  std::ostringstream file;
  file << std::setw(2) << std::setfill('0') << place << '-' << fault.name << ".md";
  std::ofstream(folder / file.str()) << "| " << fault.title << " | " << outcome.client << " | " << outcome.others
                                     << " | " << outcome.status << " | " << outcome.recovery << " |\n";
}

}  // namespace mortise::integration
