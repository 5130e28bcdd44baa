#include "http/deadlines.hpp"

#include "http/connection.hpp"

namespace mortise::http {

void Deadlines::take_due(Time now, const std::function<void(Connection&)>& notify) {
  const std::lock_guard lock(mutex_);
  while (!list_.empty() && list_.begin()->first <= now) {
    auto& connection = *list_.begin()->second;
    list_.erase(list_.begin());
    connection.forget_deadline();
    notify(connection);
  }
  earliest_.store(list_.empty() ? Time::max() : list_.begin()->first, std::memory_order_seq_cst);
}

}  // namespace mortise::http
