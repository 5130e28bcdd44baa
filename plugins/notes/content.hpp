// What a client may send of a note: checked here, so that the store holds nothing else.
#pragma once

#include <mortise/request.hpp>
#include <mortise/response.hpp>
#include <optional>
#include <string>

namespace notes {

/// The fields that were sent.
struct Content {
  std::optional<std::string> title;
  std::optional<std::string> text;
};

/// Throws `invalid_argument`, naming the field, when the body is no part of a note.
Content content_of(const nlohmann::json& body);
/// The same for a whole note: it must have a title; a text that was not sent is empty.
Content whole_content_of(const nlohmann::json& body);

/// Whether the body is sent as JSON. No form on a foreign page can do that, so no such page writes for its visitors.
bool is_json(const mortise::Request& request);
/// Answers with a 415.
void refuse_type(const mortise::Request& request, mortise::Response& response);

}  // namespace notes
