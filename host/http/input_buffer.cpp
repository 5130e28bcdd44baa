#include "http/input_buffer.hpp"

#include <cstring>

namespace mortise::http {

void InputBuffer::make_room(std::size_t size) {
  if (begin_ > 0) {
    std::memmove(memory_.data(), memory_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (memory_.size() - end_ < size) memory_.resize(end_ + size);
}

void InputBuffer::remove(std::size_t offset, std::size_t size) noexcept {
  if (size == 0) return;
  char* const at = memory_.data() + begin_ + offset;
  end_ -= size;
  std::memmove(at, at + size, end_ - begin_ - offset);
}

void InputBuffer::clear() {
  begin_ = end_ = 0;
  if (memory_.size() == kSmall) return;
  memory_.resize(kSmall);
  memory_.shrink_to_fit();
}

}  // namespace mortise::http
