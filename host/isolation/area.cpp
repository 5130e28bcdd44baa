#include "isolation/area.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;

Error system_error(const char* what) {
  return {ErrorCode::resource_exhausted, std::string(what) + ": " + std::strerror(errno)};
}

bool is_inside(std::uint64_t offset, std::uint64_t size, std::uint64_t begin, std::uint64_t length) noexcept {
  return offset >= begin && size <= length && offset - begin <= length - size;
}

}  // namespace

base::Result<std::shared_ptr<Area>> Area::make() {
  base::Descriptor descriptor(::memfd_create("mortise-worker", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!descriptor.is_open()) return system_error("cannot make the memory to share with a worker");
  if (::ftruncate(descriptor.get(), sizeof(AreaMemory)) != 0) {
    return system_error("cannot size the memory to share with a worker");
  }
  // Or else a worker could cut it off under the host.
  if (::fcntl(descriptor.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    return system_error("cannot seal the memory to share with a worker");
  }
  return map(std::move(descriptor));
}

base::Result<std::shared_ptr<Area>> Area::adopt(base::Descriptor descriptor) {
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) return system_error("no memory is shared with this worker");
  if (static_cast<std::uint64_t>(status.st_size) != sizeof(AreaMemory)) {
    return Error{ErrorCode::invalid_argument, "the memory that is shared with this worker has another size"};
  }
  return map(std::move(descriptor));
}

base::Result<std::shared_ptr<Area>> Area::map(base::Descriptor descriptor) {
  void* const memory = ::mmap(nullptr, sizeof(AreaMemory), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
  if (memory == MAP_FAILED) return system_error("cannot map the memory that is shared with a worker");
  // Crash dumps are to tell of the process, not of what its neighbour has sent.
  ::madvise(memory, sizeof(AreaMemory), MADV_DONTDUMP);
  return std::shared_ptr<Area>(new Area(std::move(descriptor), memory));
}

Area::Area(base::Descriptor descriptor, void* memory) noexcept
    : descriptor_(std::move(descriptor)), memory_(static_cast<AreaMemory*>(memory)) {}

Area::~Area() { ::munmap(memory_, sizeof(AreaMemory)); }

bool Area::is_workers(std::uint32_t call, std::uint64_t offset, std::uint64_t size) const noexcept {
  return is_workers(memory_->calls[call].answer, {.offset = offset, .size = size});
}

bool Area::is_workers(std::span<const std::uint8_t> own, const Payload& payload) const noexcept {
  const auto& [offset, size] = payload;
  return is_inside(offset, size, offset_of(own.data()), own.size()) ||
         is_inside(offset, size, offset_of(memory_->worker_heap.data()), kHeapBytes);
}

}  // namespace mortise::isolation
