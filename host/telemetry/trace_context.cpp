#include "telemetry/trace_context.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace mortise::telemetry {
namespace {

// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
constexpr std::size_t kSize = 55;
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kTraceSize = 32;
constexpr std::size_t kSpanAt = 36;
constexpr std::size_t kSpanSize = 16;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kMostState = 512;
constexpr std::size_t kLongMember = 128;
constexpr std::string_view kDigits = "0123456789abcdef";

bool is_hex(std::string_view text) { return text.find_first_not_of(kDigits) == std::string_view::npos; }

/// An id of nothing but zeros is none.
bool is_id(std::string_view text) { return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos; }

/// A version that comes later begins as this one does.
bool is_valid(std::string_view parent) {
  if (parent.size() < kSize || parent[kTraceAt - 1] != '-' || parent[kSpanAt - 1] != '-' || parent[kFlagsAt - 1] != '-')
    return false;
  const auto version = parent.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  if (parent.size() > kSize && (version == "00" || parent[kSize] != '-')) return false;
  return is_id(parent.substr(kTraceAt, kTraceSize)) && is_id(parent.substr(kSpanAt, kSpanSize)) &&
         is_hex(parent.substr(kFlagsAt, 2));
}

std::string make_span_id() {
  thread_local std::mt19937_64 random(std::random_device{}());
  std::string id;
  for (auto rest = std::max<std::uint64_t>(random(), 1); id.size() < kSpanSize; rest /= kDigits.size()) {
    id += kDigits[rest % kDigits.size()];
  }
  return id;
}

std::vector<std::string_view> members_of(std::string_view state) {
  std::vector<std::string_view> members;
  while (!state.empty()) {
    const auto member = state.substr(0, state.find(','));
    state.remove_prefix(std::min(state.size(), member.size() + 1));
    if (member.find_first_not_of(" \t") != std::string_view::npos) members.push_back(member);
  }
  return members;
}

std::string joined(const std::vector<std::string_view>& members) {
  std::string text;
  for (const auto member : members) text.append(text.empty() ? "" : ",").append(member);
  return text;
}

std::string bounded(std::string_view state) {
  const auto is_text = [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; };
  if (!std::all_of(state.begin(), state.end(), is_text)) return {};
  auto members = members_of(state);
  auto text = joined(members);
  if (text.size() <= kMostState) return text;
  std::erase_if(members, [](std::string_view member) { return member.size() > kLongMember; });
  for (text = joined(members); text.size() > kMostState; text = joined(members)) members.pop_back();
  return text;
}

}  // namespace

std::optional<TraceContext> continue_trace(std::string_view parent, std::string_view state) {
  if (!is_valid(parent)) return std::nullopt;
  // Of the flags version 00 knows the last one, "sampled", and has all others be zero.
  const bool is_sampled = kDigits.find(parent[kFlagsAt + 1]) % 2 == 1;
  auto continued = "00-" + std::string(parent.substr(kTraceAt, kTraceSize)) + "-" + make_span_id();
  return TraceContext{.parent = continued + (is_sampled ? "-01" : "-00"), .state = bounded(state)};
}

}  // namespace mortise::telemetry
