#include "content.hpp"

#include <algorithm>

namespace notes {
namespace {

using mortise::Error;
using mortise::Status;
using nlohmann::json;

constexpr std::size_t kMaxTitle = 200;
constexpr std::size_t kMaxText = 10000;

[[noreturn]] void refuse(const char* field, const std::string& why) {
  throw Error(Status::invalid_argument, std::string("'") + field + "' " + why);
}

/// Characters, not bytes: those that do not continue one. The parser of JSON has let only valid UTF-8 through.
std::size_t length_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// A text field of the body, if it is there.
std::optional<std::string> field(const json& body, const char* name, std::size_t limit) {
  const auto found = body.find(name);
  if (found == body.end()) return std::nullopt;
  if (!found->is_string()) refuse(name, "must be a string");
  auto text = found->get<std::string>();
  if (length_of(text) > limit) refuse(name, "is longer than " + std::to_string(limit) + " characters");
  return text;
}

}  // namespace

Content content_of(const json& body) {
  if (!body.is_object()) throw Error(Status::invalid_argument, "the body must be a JSON object");
  for (const auto& [key, value] : body.items()) {
    if (key != "title" && key != "text") {
      throw Error(Status::invalid_argument, "unknown field '" + key + "'; a note has 'title' and 'text'");
    }
  }
  Content content{field(body, "title", kMaxTitle), field(body, "text", kMaxText)};
  if (content.title) {
    if (content.title->find_first_not_of(" \t\r\n") == std::string::npos) refuse("title", "must not be empty");
    if (std::any_of(content.title->begin(), content.title->end(), is_control)) {
      refuse("title", "must not hold control characters");
    }
  }
  const auto is_unprintable = [](char c) { return is_control(c) && c != '\n' && c != '\r' && c != '\t'; };
  if (content.text && std::any_of(content.text->begin(), content.text->end(), is_unprintable)) {
    refuse("text", "must not hold control characters other than line ends and tabs");
  }
  return content;
}

Content whole_content_of(const json& body) {
  auto content = content_of(body);
  if (!content.title) throw Error(Status::invalid_argument, "'title' is missing");
  if (!content.text) content.text = "";
  return content;
}

bool is_json(const mortise::Request& request) {
  std::string type(request.header("Content-Type").value_or(""));
  type.erase(std::min(type.find_first_of("; \t"), type.size()));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return type == "application/json";
}

void refuse_type(const mortise::Request& request, mortise::Response& response) {
  const json problem{{"type", "about:blank"},
                     {"title", "Unsupported Media Type"},
                     {"status", 415},
                     {"request_id", request.id()},
                     {"detail", "send a note as application/json"}};
  response.status(415).send(problem.dump(), "application/problem+json");
}

}  // namespace notes
