#include "isolation/http_form.hpp"

#include <array>
#include <cstring>
#include <string_view>

namespace mortise::isolation {
namespace {

/// At the beginning of a request's form; the texts follow, each as its length and its bytes.
struct RequestHead {
  std::uint64_t body_size;
  std::uint32_t flags;
  std::uint32_t param_count;
  std::uint32_t header_count;
  std::uint32_t reserved;
};

/// The same of an answer's; `texts_size` is that of all headers.
struct AnswerHead {
  std::uint64_t texts_size;
  std::uint64_t body_size;
  std::uint32_t status;
  std::uint32_t header_count;
};

using Length = std::uint32_t;

template <class Visit>
void visit_texts(const mortise_http_request_v1& request, const Visit& visit) {
  for (const auto* text :
       {&request.method, &request.target, &request.path, &request.query, &request.id, &request.remote_address}) {
    visit(*text);
  }
  for (std::uint64_t i = 0; i < request.param_count; ++i) {
    visit(request.params[i].name);
    visit(request.params[i].value);
  }
  for (std::uint64_t i = 0; i < request.header_count; ++i) {
    visit(request.headers[i].name);
    visit(request.headers[i].value);
  }
}

template <class Visit>
void visit_texts(const mortise_http_response_v1& response, const Visit& visit) {
  for (std::uint64_t i = 0; i < response.header_count; ++i) {
    visit(response.headers[i].name);
    visit(response.headers[i].value);
  }
}

template <class Message>
std::uint64_t texts_size(const Message& message) noexcept {
  std::uint64_t size = 0;
  visit_texts(message, [&](mortise_str text) { size += sizeof(Length) + text.size; });
  return size;
}

void append(std::uint8_t*& out, const void* bytes, std::uint64_t size) noexcept {
  if (size > 0) std::memcpy(out, bytes, size);
  out += size;
}

template <class Message>
void append_texts(std::uint8_t*& out, const Message& message) noexcept {
  visit_texts(message, [&](mortise_str text) {
    const auto length = static_cast<Length>(text.size);
    append(out, &length, sizeof length);
    append(out, text.data, text.size);
  });
}

/// Texts one after the other; `is_sound` turns false at the first one that does not fit.
class TextReader {
 public:
  explicit TextReader(std::string_view rest) noexcept : rest_(rest) {}

  mortise_str next() noexcept {
    Length length = 0;
    if (rest_.size() < sizeof length) return fail();
    std::memcpy(&length, rest_.data(), sizeof length);
    rest_.remove_prefix(sizeof length);
    if (rest_.size() < length) return fail();
    const mortise_str text{rest_.data(), length};
    rest_.remove_prefix(length);
    return text;
  }
  void fill(std::vector<mortise_http_field>& fields, std::uint64_t count) {
    fields.clear();
    for (std::uint64_t i = 0; i < count && is_sound_; ++i) {
      const auto name = next();
      fields.push_back({name, next()});
    }
  }
  [[nodiscard]] bool is_sound() const noexcept { return is_sound_; }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  mortise_str fail() noexcept {
    is_sound_ = false;
    rest_ = {};
    return {};
  }

  std::string_view rest_;
  bool is_sound_ = true;
};

const char* chars(const std::uint8_t* bytes) noexcept { return reinterpret_cast<const char*>(bytes); }

}  // namespace

std::uint64_t form_size(const mortise_http_request_v1& request) noexcept {
  return sizeof(RequestHead) + texts_size(request) + request.body.size;
}

void write_form(const mortise_http_request_v1& request, std::uint8_t* out) noexcept {
  const RequestHead head{.body_size = request.body.size,
                         .flags = request.flags,
                         .param_count = static_cast<std::uint32_t>(request.param_count),
                         .header_count = static_cast<std::uint32_t>(request.header_count),
                         .reserved = 0};
  append(out, &head, sizeof head);
  append_texts(out, request);
  append(out, request.body.data, request.body.size);
}

void read_form(const std::uint8_t* form, RequestView& view) {
  RequestHead head{};
  std::memcpy(&head, form, sizeof head);
  TextReader texts(std::string_view(chars(form + sizeof head), SIZE_MAX / 2));
  auto& request = view.request;
  request = {};
  request.struct_size = sizeof request;
  request.flags = head.flags;
  for (auto* text :
       {&request.method, &request.target, &request.path, &request.query, &request.id, &request.remote_address}) {
    *text = texts.next();
  }
  texts.fill(view.params, head.param_count);
  texts.fill(view.headers, head.header_count);
  request.params = view.params.data();
  request.param_count = view.params.size();
  request.headers = view.headers.data();
  request.header_count = view.headers.size();
  request.body = {reinterpret_cast<const std::uint8_t*>(texts.rest().data()), head.body_size};
}

std::uint64_t form_size(const mortise_http_response_v1& response) noexcept {
  return sizeof(AnswerHead) + texts_size(response) + response.body.size;
}

void write_form(const mortise_http_response_v1& response, std::uint8_t* out) noexcept {
  const AnswerHead head{.texts_size = texts_size(response),
                        .body_size = response.body.size,
                        .status = response.status,
                        .header_count = static_cast<std::uint32_t>(response.header_count)};
  append(out, &head, sizeof head);
  append_texts(out, response);
  append(out, response.body.data, response.body.size);
}

bool read_form(std::span<const std::uint8_t> form, AnswerView& view) {
  AnswerHead head{};
  if (form.size() < sizeof head) return false;
  std::memcpy(&head, form.data(), sizeof head);
  const auto rest = form.subspan(sizeof head);
  if (head.texts_size > kMostHeaderBytes) return false;
  if (head.texts_size > rest.size() || head.body_size != rest.size() - head.texts_size) return false;
  view.head.assign(chars(rest.data()), head.texts_size);
  TextReader texts(view.head);
  texts.fill(view.headers, head.header_count);
  if (!texts.is_sound() || !texts.rest().empty()) return false;
  view.response = {.struct_size = sizeof(mortise_http_response_v1),
                   .status = head.status,
                   .headers = view.headers.data(),
                   .header_count = view.headers.size(),
                   .body = {rest.data() + head.texts_size, head.body_size}};
  return true;
}

}  // namespace mortise::isolation
