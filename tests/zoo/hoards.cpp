// Takes memory in the ways that are counted, when it is asked to: /hoards/keep?mebibytes=N keeps so much more,
// /hoards/let-go frees all of that, /hoards/churn has the C++ library allocate and free for it and it for the library,
// /hoards/answer?mebibytes=N answers with so much.
#include <mortise/mortise.hpp>

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// mortise_add_plugin() would do this.
#include <mortise/operator_new.hpp>

namespace {

std::size_t bytes_of(const mortise::Request& req) { return std::stoull(req.query("mebibytes").value()) << 20U; }

/// What crosses the border between the plugin and the library: each frees blocks of the other's.
std::string churn(int round) {
  auto path = std::filesystem::path("/a/path/that/no/small/buffer/holds") / std::to_string(round);
  path /= "and/some/more/of/it";
  std::ostringstream text;
  text << path.parent_path().lexically_normal().string() << round << std::string(500, 'x');
  std::istringstream words(text.str());
  std::string word;
  words >> word;
  try {
    throw std::runtime_error(word);
  } catch (const std::exception& exception) {
    return exception.what();
  }
}

class Hoards : public mortise::Plugin {
 public:
  explicit Hoards(mortise::Context& ctx) {
    auto& http = ctx.http();
    http.get("/hoards/keep", [this](const mortise::Request& req, mortise::Response& res) {
      const std::lock_guard lock(mutex_);
      kept_.emplace_back(bytes_of(req), 'x');
      res.text("kept");
    });
    http.get("/hoards/let-go", [this](const mortise::Request&, mortise::Response& res) {
      const std::lock_guard lock(mutex_);
      kept_.clear();
      res.text("gone");
    });
    http.get("/hoards/churn", [](const mortise::Request&, mortise::Response& res) {
      constexpr int kRounds = 5000;
      std::size_t size = 0;
      for (int round = 0; round < kRounds; ++round) size += churn(round).size();
      res.text(std::to_string(size));
    });
    http.get("/hoards/answer", [](const mortise::Request& req, mortise::Response& res) {
      res.send(std::string(bytes_of(req), 'x'), "application/octet-stream");
    });
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> kept_;  // guarded by mutex_
};

}  // namespace

MORTISE_PLUGIN(Hoards)
