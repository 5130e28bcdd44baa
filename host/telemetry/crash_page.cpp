#include "telemetry/crash_page.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace mortise::telemetry {

base::Result<CrashPage> CrashPage::make() {
  auto* const memory = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return base::Error{base::ErrorCode::resource_exhausted,
                       std::string("cannot share memory between processes: ") + std::strerror(errno)};
  }
  return CrashPage(new (memory) Page);
}

CrashPage::CrashPage(CrashPage&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}

CrashPage& CrashPage::operator=(CrashPage&& other) noexcept {
  std::swap(page_, other.page_);
  return *this;
}

CrashPage::~CrashPage() {
  if (page_ != nullptr) ::munmap(page_, sizeof(Page));
}

std::optional<CrashMark> CrashPage::take() {
  // The process has ended: nobody writes any more.
  const auto size = page_->size.exchange(0, std::memory_order_acquire);
  page_->writer.store(0, std::memory_order_relaxed);
  if (size == 0) return std::nullopt;
  return parse_crash_mark({page_->text.data(), std::min<std::size_t>(size, page_->text.size())});
}

bool CrashPage::Page::claim() noexcept {
  std::uint32_t nobody = 0;
  const auto thread = static_cast<std::uint32_t>(::gettid());
  return writer.compare_exchange_strong(nobody, thread, std::memory_order_relaxed);
}

void CrashPage::Page::append(std::string_view added) noexcept {
  if (added.empty()) return;  // may be at no address at all
  const auto before = size.load(std::memory_order_relaxed);
  const auto taken = std::min<std::size_t>(added.size(), text.size() - before);
  std::memcpy(text.data() + before, added.data(), taken);
  size.store(before + static_cast<std::uint32_t>(taken), std::memory_order_release);
}

}  // namespace mortise::telemetry
