// What a browser sends of a form: application/x-www-form-urlencoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace boutique::frontend {

/// Whether it is UTF-8 without control characters: all that goes on to other services is.
bool is_text(std::string_view bytes) noexcept;

/// A whole number without a sign, at most `most`; nothing for anything else.
std::optional<std::int32_t> parse_number(std::string_view text, std::int32_t most) noexcept;

class Form {
 public:
  /// Throws `invalid_argument` for what no browser sends: a broken escape, a value that is no text, more than 64
  /// fields.
  explicit Form(std::string_view body);

  /// The first field of that name, without the spaces around it; empty when it was not sent. As long as the form.
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace boutique::frontend
