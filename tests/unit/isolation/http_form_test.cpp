#include "isolation/http_form.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

using runtime::to_abi;
using runtime::to_view;

std::string_view text_of(mortise_bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }
mortise_bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <class Message>
std::vector<std::uint8_t> form_of(const Message& message) {
  std::vector<std::uint8_t> form(form_size(message));
  write_form(message, form.data());
  return form;
}

mortise_http_response_v1 make_response(const std::vector<mortise_http_field>& headers, std::string_view body) {
  return {.struct_size = sizeof(mortise_http_response_v1),
          .status = 201,
          .headers = headers.data(),
          .header_count = headers.size(),
          .body = bytes_of(body)};
}

TEST(HttpForm, ARequestComesBackAsItWas) {
  const std::vector<mortise_http_field> params{{to_abi("id"), to_abi("7")}};
  const std::vector<mortise_http_field> headers{{to_abi("Host"), to_abi("x")}, {to_abi("Empty"), to_abi("")}};
  const mortise_http_request_v1 request{.struct_size = sizeof request,
                                        .flags = MORTISE_HTTP_REQUEST_SECURE,
                                        .method = to_abi("POST"),
                                        .target = to_abi("/notes/7?a=b"),
                                        .path = to_abi("/notes/7"),
                                        .query = to_abi("a=b"),
                                        .params = params.data(),
                                        .param_count = params.size(),
                                        .headers = headers.data(),
                                        .header_count = headers.size(),
                                        .body = bytes_of("the body"),
                                        .id = to_abi("1-2"),
                                        .remote_address = to_abi("127.0.0.1:4")};
  const auto form = form_of(request);
  RequestView view;
  read_form(form.data(), view);
  const auto& read = view.request;
  EXPECT_EQ(read.flags, MORTISE_HTTP_REQUEST_SECURE);
  EXPECT_EQ(to_view(read.method), "POST");
  EXPECT_EQ(to_view(read.target), "/notes/7?a=b");
  EXPECT_EQ(to_view(read.path), "/notes/7");
  EXPECT_EQ(to_view(read.query), "a=b");
  EXPECT_EQ(to_view(read.id), "1-2");
  EXPECT_EQ(to_view(read.remote_address), "127.0.0.1:4");
  ASSERT_EQ(read.param_count, 1U);
  EXPECT_EQ(to_view(read.params[0].value), "7");
  ASSERT_EQ(read.header_count, 2U);
  EXPECT_EQ(to_view(read.headers[1].name), "Empty");
  EXPECT_EQ(text_of(read.body), "the body");
}

TEST(HttpForm, AnAnswerComesBackAsItWas) {
  const std::vector<mortise_http_field> headers{{to_abi("Content-Type"), to_abi("text/plain")}};
  const auto form = form_of(make_response(headers, "hello"));
  AnswerView view;
  ASSERT_TRUE(read_form(form, view));
  EXPECT_EQ(view.response.status, 201U);
  ASSERT_EQ(view.response.header_count, 1U);
  EXPECT_EQ(to_view(view.response.headers[0].value), "text/plain");
  EXPECT_EQ(text_of(view.response.body), "hello");
}

TEST(HttpForm, AnAnswerThatIsCutAnywhereIsNone) {
  const std::vector<mortise_http_field> headers{{to_abi("Content-Type"), to_abi("text/plain")}};
  const auto form = form_of(make_response(headers, "hello"));
  for (std::size_t size = 0; size < form.size(); ++size) {
    const std::vector<std::uint8_t> cut(form.begin(), form.begin() + static_cast<std::ptrdiff_t>(size));
    AnswerView view;
    EXPECT_FALSE(read_form(cut, view)) << size;
  }
}

TEST(HttpForm, TooManyHeadersAreNoAnswer) {
  const std::string value(kMostHeaderBytes, 'v');
  const std::vector<mortise_http_field> headers{{to_abi("Name"), to_abi(value)}};
  AnswerView view;
  EXPECT_FALSE(read_form(form_of(make_response(headers, "hello")), view));
}

TEST(HttpForm, GarbageNeverLeadsOutOfTheForm) {
  const std::vector<mortise_http_field> headers{{to_abi("A"), to_abi("b")}, {to_abi("C"), to_abi("d")}};
  const auto form = form_of(make_response(headers, "hello"));
  std::mt19937 random(4711);
  for (int i = 0; i < 50'000; ++i) {
    auto garbled = form;
    for (int changes = 0; changes < 4; ++changes) garbled[random() % form.size()] = static_cast<std::uint8_t>(random());
    AnswerView view;
    if (!read_form(garbled, view)) continue;
    std::uint64_t size = view.response.body.size;
    for (const auto& header : view.headers) size += header.name.size + header.value.size;
    ASSERT_LE(size, garbled.size());
  }
}

}  // namespace
}  // namespace mortise::isolation
