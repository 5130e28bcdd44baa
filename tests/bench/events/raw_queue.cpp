// The least that an event from one thread to another takes: bytes behind their size in a vector under a mutex, which
// the other side takes as a whole. raw_queue COUNT prints the nanoseconds of one.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view kText = "an event that was not there before";
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

class Queue {
 public:
  void push(std::int64_t number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return bytes_.size() < kMostBytes; });
    const auto at = bytes_.size();
    bytes_.resize(at + sizeof number + kText.size());
    std::memcpy(bytes_.data() + at, &number, sizeof number);
    std::memcpy(bytes_.data() + at + sizeof number, kText.data(), kText.size());
    if (at == 0) changed_.notify_all();
  }
  std::vector<char> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !bytes_.empty(); });
    changed_.notify_all();
    return std::exchange(bytes_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<char> bytes_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto count = std::strtoll(argv[1], nullptr, 10);
  Queue queue;
  const auto begin = std::chrono::steady_clock::now();
  std::thread publisher([&] {
    for (std::int64_t i = 0; i < count; ++i) queue.push(i);
  });
  std::int64_t heard = 0;
  std::int64_t sum = 0;
  while (heard < count) {
    const auto bytes = queue.take();
    for (std::size_t at = 0; at < bytes.size(); at += sizeof sum + kText.size(), ++heard) {
      std::int64_t number = 0;
      std::memcpy(&number, bytes.data() + at, sizeof number);
      sum += number;
    }
  }
  publisher.join();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  if (sum != count * (count - 1) / 2) return 1;
  std::printf("%f\n", took.count() / static_cast<double>(count));
  return 0;
}
