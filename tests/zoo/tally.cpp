// Counts the requests of GET /tally, which it answers with its version, and tells at /tally/count how many there were,
// its predecessors' included: what it knows goes from instance to instance. It takes the build's own ZOO_STATE_VERSION
// and ZOO_TAKES_VERSION, so that any other is refused. With ZOO_FAILS it counts, and then fails.
#include <mortise/mortise.hpp>

#include <atomic>
#include <charconv>
#include <stdexcept>

namespace {

class Tally : public mortise::StatefulPlugin {
 public:
  static constexpr std::uint32_t kStateVersion = ZOO_STATE_VERSION;

  explicit Tally(mortise::Context& ctx) {
    ctx.http().get("/tally",
                   [this, version = std::string(ctx.version())](const mortise::Request&, mortise::Response& res) {
                     ++count_;
#if defined(ZOO_FAILS)
                     throw std::runtime_error("the zoo's tally fails");
#endif
                     res.text(version);
                   });
    ctx.http().get("/tally/count",
                   [this](const mortise::Request&, mortise::Response& res) { res.text(std::to_string(count_)); });
  }

  std::string export_state() override {
    exported_ = count_;
    return std::to_string(exported_);
  }
  void import_state(std::uint32_t version, std::string_view state) override { add(version, state); }
  std::string export_rest() override { return count_ == exported_ ? "" : std::to_string(count_ - exported_); }
  void import_rest(std::uint32_t version, std::string_view rest) override { add(version, rest); }

 private:
  void add(std::uint32_t version, std::string_view state) {
    if (version != kStateVersion && version != ZOO_TAKES_VERSION) {
      throw mortise::Error(mortise::Status::failed_precondition,
                           "state version " + std::to_string(version) + " is unknown");
    }
    std::uint64_t more = 0;
    std::from_chars(state.data(), state.data() + state.size(), more);
    count_ += more;
  }

  std::atomic<std::uint64_t> count_{0};
  std::uint64_t exported_ = 0;  // control thread only
};

}  // namespace

MORTISE_PLUGIN(Tally)
