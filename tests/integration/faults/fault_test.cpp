#include "faults/fault_test.hpp"

#include <Poco/Exception.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iomanip>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>

#include "support/connection_load.hpp"

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

std::ostream& operator<<(std::ostream& out, const Cell& cell) { return out << cell.fault->name; }

std::vector<Cell> cells_of(const std::vector<Fault>& table, std::size_t first_place, Placement placement) {
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const bool is_there = (placement == Placement::in_host ? table[i].in_host : table[i].in_worker).has_value();
    if (is_there) cells.push_back({.fault = &table[i], .place = first_place + i, .placement = placement});
  }
  return cells;
}

/// The neighbours are one in the host process and, where the plugin has a process of its own, one in another process.
FaultTest::FaultTest()
    : settings_{{"circuit", {{"open_for", "5s"}, {"probes", 1}}},
                {"placement", is_isolated() ? "isolated" : "inline"},
                {"on_crash", "quarantine"}} {
  // What never comes back is left behind soon.
  prefix_.configure({{"stop_timeout_ms", 500}, {"edge", {{"shutdown_grace_ms", 500}}}});
  const auto memory_bytes = GetParam().fault->memory_bytes;
  if (is_isolated() && memory_bytes > 0) settings_["limits"]["memory_bytes"] = memory_bytes;
  prefix_.drop(shipped_file("chaos"));
  prefix_.add_shipped("hello");
  prefix_.place(settings_["placement"]);
  prefix_.add_shipped("notes");
}

std::function<std::string(FaultTest&)> FaultTest::by_url(const std::string& name) {
  return [path = "/chaos/" + name](FaultTest& test) -> std::string {
    try {
      return test.ask(path);
    } catch (const Poco::Exception&) {
      return "no answer: the connection is cut";
    }
  };
}

void FaultTest::start_with(std::chrono::seconds deadline) {
  deadline_ = deadline;
  settings_["limits"]["deadline"] = std::to_string(deadline.count()) + "s";
  settings_["limits"]["log_lines"] = 100;  // fewer in a second than come of a flood on any machine
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

std::string FaultTest::attempt(const std::string& path) const {
  const auto begun = Clock::now();
  const auto answer = host_->get(path);
  const auto got = in_words(answer.status, Clock::now() - begun);
  return got + (answer.body == "done" ? ", and it has its way" : ", and it has been refused: " + answer.body);
}

Poco::Net::StreamSocket FaultTest::send(const std::string& path) const {
  Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", host_->port()));
  socket.setReceiveTimeout(Poco::Timespan(kPatience.count(), 0));
  const auto request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  socket.sendBytes(request.data(), static_cast<int>(request.size()));
  return socket;
}

/// All are sent from one thread before any is answered: at the deadline of the first ones the circuit opens, and is to
/// turn none of them away.
std::string FaultTest::ask_many(const std::string& path, int count) const {
  std::vector<Poco::Net::StreamSocket> requests;
  const auto begun = Clock::now();
  for (int i = 0; i < count; ++i) requests.push_back(send(path));
  std::set<std::string> seen;
  for (auto& request : requests) {
    constexpr std::string_view kBeforeStatus = "HTTP/1.1 ";
    std::array<char, 4096> answer;
    const auto size = static_cast<std::size_t>(request.receiveBytes(answer.data(), answer.size()));
    const int status = std::stoi(std::string(answer.data(), size).substr(kBeforeStatus.size()));
    // One that waited for a thread is turned away at its deadline, one that found the queue full before.
    seen.insert(status == 503 ? "503" : in_words(status, Clock::now() - begun));
  }
  return joined(seen);
}

std::string FaultTest::ask_without_end(const std::string& path, const std::function<void()>& end) const {
  const auto begun = Clock::now();
  auto socket = send(path);
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

void FaultTest::add_partner() {
  prefix_.add_zoo("partner");
  host_->wait_for_state("partner", "active");
}

bool FaultTest::has_process() const {
  const auto all = chaos();
  return std::any_of(all.begin(), all.end(), [](const json& one) { return one["worker"]["pid"] != 0; });
}

std::uint64_t FaultTest::restarts() const {
  std::uint64_t most = 0;
  for (const auto& one : chaos()) most = std::max(most, one["worker"]["restarts"].get<std::uint64_t>());
  return most;
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
    if (GetParam().fault->is_counted && counts["failures"] > 0) words += ", " + counts["failures"].dump() + " failed";
    if (counts["lines_dropped"] > 0) words += ", N lines of log dropped";
    if (GetParam().expected().status.find('N') != std::string::npos) words = without_numbers(words);
    if (one["worker"]["restarts"] > 0) words += ", started anew: " + one["worker"]["trouble"].get<std::string>();
  }
  if (words.empty()) words = "not there";
  const auto left = host_->ask("GET", "/v1/status")["left_mapped"]["count"].get<int>();
  if (left > 0) words += ", " + std::to_string(left) + (left == 1 ? " image" : " images") + " left mapped";
  return words;
}

/// An answer is counted after its client has it.
std::string FaultTest::settled_status() const {
  const auto limit = Clock::now() + kPatience;
  auto words = status_in_words();
  while (words != GetParam().expected().status && Clock::now() < limit) words = status_in_words();
  return words;
}

std::string FaultTest::recovery_in_words() const {
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
  const bool keeps_threads = GetParam().fault->is_endless && !GetParam().expected().ends_process;
  if (keeps_threads) {
    if (!is_degraded()) return "its threads came back";
    return std::string("serves on; its threads are lost until ") +
           (is_isolated() ? "it gets another process" : "the host is restarted");
  }
  while (is_degraded()) {
    if (Clock::now() > limit) return "stays degraded";
  }
  return restarts() > 0 ? "serves on, in another process" : "serves on";
}

void FaultTest::wait_for_another_process() const {
  const auto limit = Clock::now() + kPatience;
  while (restarts() == 0) {
    ASSERT_LT(Clock::now(), limit) << "its process has not been started anew";
    // As seldom as an admin who waits: what the process needs to start is not to be spent on questions.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void FaultTest::expect_outcome() {
  const auto& fault = *GetParam().fault;
  start_with(fault.is_endless ? kDeadlineOfEndless : kPatience);
  Load hello(*host_, "/hello/you");
  Load notes(*host_, "/notes");
  hello.wait_for_more(20);
  notes.wait_for_more(20);
  const auto former = host_->process();
  Outcome outcome;
  outcome.client = fault.provoke(*this);
  if (GetParam().expected().ends_process) wait_for_another_process();
  outcome.status = settled_status();
  outcome.recovery = recovery_in_words();
  hello.wait_for_more(50);
  notes.wait_for_more(50);
  hello.end();
  notes.end();
  const auto noticed = hello.fault() + notes.fault();
  outcome.others = noticed.empty() ? "nothing" : noticed;
  EXPECT_EQ(host_->process(), former);
  compare(outcome);
}

void FaultTest::expect_restart() {
  start_with(kPatience);
  constexpr ConnectionLoad::Threads kThreads{.keeping = 2, .fresh = 2};
  ConnectionLoad hello(host_->port(), "/hello/you", kThreads);
  ConnectionLoad notes(host_->port(), "/notes", kThreads);
  hello.wait_for_more(20);
  notes.wait_for_more(20);
  const auto former = host_->process();
  Outcome outcome;
  outcome.client = GetParam().fault->provoke(*this);
  host_->wait_for_restart(former);
  outcome.status = settled_status();
  outcome.recovery = recovery_in_words();
  auto failures = hello.end().failures;
  const auto more = notes.end().failures;
  failures.insert(failures.end(), more.begin(), more.end());
  const auto is_refusal = [](const std::string& failure) { return failure.find("refused") != std::string::npos; };
  const bool is_short = failures.size() <= 2 * (kThreads.keeping + kThreads.fresh);
  outcome.others = std::any_of(failures.begin(), failures.end(), is_refusal) ? "connections are refused"
                   : is_short                                                ? "those inside are cut; nobody is refused"
                                                                             : "more than those inside fail";
  compare(outcome);
}

TEST_P(FaultTest, ComesOutAsTheTableSays) {
  const bool ends_host = !is_isolated() && GetParam().expected().ends_process;
  ends_host ? expect_restart() : expect_outcome();
}

/// A row is put down in a file of its own, so that tests may run side by side, and by names in the table's order.
void FaultTest::compare(const Outcome& outcome) const {
  const auto& expected = GetParam().expected();
  EXPECT_EQ(outcome.client, expected.client);
  EXPECT_EQ(outcome.others, expected.others);
  EXPECT_EQ(outcome.status, expected.status);
  EXPECT_EQ(outcome.recovery, expected.recovery);
  if (HasFailure()) return;
  const auto folder = std::filesystem::path(MORTISE_FAULT_RESULTS) / (is_isolated() ? "isolated" : "inline");
  std::filesystem::create_directories(folder);
  const auto& fault = *GetParam().fault;
  std::ostringstream file;
  file << std::setw(2) << std::setfill('0') << GetParam().place << '-' << fault.name << ".md";
  std::ofstream(folder / file.str()) << "| " << fault.title << " | " << outcome.client << " | " << outcome.others
                                     << " | " << outcome.status << " | " << outcome.recovery << " |\n";
}

}  // namespace mortise::integration
