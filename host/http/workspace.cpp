#include "http/workspace.hpp"

#include <utility>

#include "http/loop.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kKeptBytes = 65536;
constexpr std::size_t kKeptWorkspaces = 64;

}  // namespace

void empty(std::string& text) {
  text.clear();
  if (text.capacity() > kKeptBytes) text.shrink_to_fit();
}

void Workspace::forget_request() noexcept {
  request_id = {};
  trace.reset();
  body_charge.set(0);
  cone.reset();
  generation.reset();
  pass = {};
  is_counted = true;
  route = nullptr;
  handled_since = {};
}

WorkspacePool::~WorkspacePool() { delete last_.load(std::memory_order_acquire); }

std::unique_ptr<Workspace> WorkspacePool::take() {
  if (auto* const last = last_.exchange(nullptr, std::memory_order_acquire)) return std::unique_ptr<Workspace>(last);
  {
    const std::lock_guard lock(mutex_);
    if (!others_.empty()) {
      auto workspace = std::move(others_.back());
      others_.pop_back();
      return workspace;
    }
  }
  return std::make_unique<Workspace>();
}

void WorkspacePool::give_back(std::unique_ptr<Workspace> workspace) {
  if (!workspace) return;
  workspace->forget_request();  // the connection may have ended in the middle of one
  workspace->out_charge.bind(nullptr);
  workspace->body_charge.bind(nullptr);
  workspace->input.clear();
  empty(workspace->out);
  empty(workspace->body);
  workspace->is_parser_started = false;
  workspace->head_size = 0;
  std::unique_ptr<Workspace> former(last_.exchange(workspace.release(), std::memory_order_acq_rel));
  if (!former) return;
  const std::lock_guard lock(mutex_);
  if (others_.size() < kKeptWorkspaces) others_.push_back(std::move(former));
}

}  // namespace mortise::http
