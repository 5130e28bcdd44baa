// Keeps zoo.ledger/1 in the file `ledger` of its data directory, a line for each entry, which outlives any end of the
// process. With ZOO_ASKS it is who asks for that: at GET /look/{number} and /linger/{number}, and POST /book/{number}.
#include <fcntl.h>
#include <unistd.h>
#include <mortise/mortise.hpp>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "zoo_ledger.hpp"

namespace {

#ifdef ZOO_ASKS
class Clerk : public mortise::Plugin {
 public:
  explicit Clerk(mortise::Context& ctx) : ledger_(ctx.require<zoo::Ledger>()) {
    serve(ctx, "GET", "/look/{number}", [](const zoo::Ledger& ledger, std::int64_t n) { return ledger.look(n); });
    serve(ctx, "POST", "/book/{number}", [](const zoo::Ledger& ledger, std::int64_t n) { return ledger.book(n); });
    serve(ctx, "GET", "/linger/{number}", [](const zoo::Ledger& ledger, std::int64_t n) { return ledger.linger(n); });
  }

 private:
  template <class Ask>
  void serve(mortise::Context& ctx, std::string_view method, std::string_view pattern, Ask ask) {
    const auto handle = [this, ask](const mortise::Request& request, mortise::Response& response) {
      const auto text = request.param("number");
      std::int64_t number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      response.text(std::to_string(ask(*ledger_.operator->(), number)));
    };
    ctx.http().route(method, pattern, {.blocking = true}, handle);
  }

  mortise::Slot<zoo::Ledger> ledger_;
};
using Ledger = Clerk;
#else
class Ledger : public mortise::Plugin {
 public:
  explicit Ledger(mortise::Context& ctx) : file_(std::filesystem::path(ctx.data_directory()) / "ledger") {
    ctx.provide<zoo::Ledger>(*this);
  }

  [[nodiscard]] static std::int64_t look(std::int64_t number) { return number; }
  [[nodiscard]] std::int64_t book(std::int64_t number) const {
    write("book", number);
    return number;
  }
  [[nodiscard]] std::int64_t linger(std::int64_t number) const {
    write("linger", number);
    // As one that works piece by piece would.
    constexpr std::chrono::milliseconds kPiece{1};
    while (mortise::time_left() != std::chrono::milliseconds(0)) std::this_thread::sleep_for(kPiece);
    write("left", number);
    return number;
  }

 private:
  void write(const std::string& what, std::int64_t number) const {
    const int file = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) throw mortise::Error(mortise::Status::internal, "there is no ledger");
    const auto line = what + " " + std::to_string(number) + "\n";
    const auto written = ::write(file, line.data(), line.size());  // at the end, and in one piece
    ::close(file);
    if (written != static_cast<ssize_t>(line.size())) throw mortise::Error(mortise::Status::data_loss, "half a line");
  }

  const std::filesystem::path file_;
};
#endif

}  // namespace

MORTISE_PLUGIN(Ledger)
