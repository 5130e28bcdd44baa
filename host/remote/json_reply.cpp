// From the binary form of a reply to JSON.
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "remote/json_form.hpp"

namespace mortise::remote {
namespace {

using Kind = Type::Kind;

constexpr std::uint8_t kReplyVersion = 1;

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

template <class Floating>
void append_floating(std::string& out, Floating number) {
  if (std::isnan(number)) {
    out += R"("NaN")";
  } else if (std::isinf(number)) {
    out += number < 0 ? R"("-Infinity")" : R"("Infinity")";
  } else if (number == 0 && std::signbit(number)) {
    out += "-0.0";  // "-0" is a whole number, which has no sign then
  } else {
    append_number(out, number);
  }
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // it ends with a NUL
  const auto size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

/// Walks along a reply; the first fault ends the walk.
class ReplyReader {
 public:
  ReplyReader(mortise_bytes reply, std::size_t most_bytes)
      : begin_(reply.data), at_(begin_), end_(begin_ + reply.size), most_bytes_(most_bytes) {}

  base::Result<std::string> run(const CallTypes& types) {
    const auto* const version = take(1);
    if (version != nullptr && *version != kReplyVersion) fail("its form is not version 1");
    if (types.result) {
      write(*types.result);
    } else {
      out_ = "null";
    }
    if (!fault_ && at_ != end_) fail("there is more after its last value");
    if (fault_) return *fault_;
    return std::move(out_);
  }

 private:
  void write(const Type& type) {
    if (fault_) return;
    switch (type.kind) {
      case Kind::boolean: out_ += read_flag("a truth value") ? "true" : "false"; break;
      case Kind::signed_integer: append_number(out_, read_signed(type.size)); break;
      case Kind::unsigned_integer: append_number(out_, read_bits(type.size)); break;
      case Kind::floating: write_floating(type.size); break;
      case Kind::text: {
        const nlohmann::json text(read_text());
        out_ += text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        break;
      }
      case Kind::bytes: out_.append("\"").append(to_base64(read_text())).append("\""); break;
      case Kind::list: write_list(type.inner.front()); break;
      case Kind::optional: write_optional(type.inner.front()); break;
      case Kind::structure: write_members(type.inner); break;
    }
    if (out_.size() > most_bytes_ && !fault_) {
      fault_ = base::Error{base::ErrorCode::resource_exhausted,
                           "the result has more than " + std::to_string(most_bytes_) + " bytes as JSON"};
    }
  }

  void write_floating(std::size_t size) {
    const auto bits = read_bits(size);
    if (size == sizeof(float)) {
      const auto narrow = static_cast<std::uint32_t>(bits);
      float number = 0;
      std::memcpy(&number, &narrow, sizeof number);
      append_floating(out_, number);
    } else {
      double number = 0;
      std::memcpy(&number, &bits, sizeof number);
      append_floating(out_, number);
    }
  }
  void write_list(const Type& element) {
    const auto count = read_count(element.least_bytes());
    out_ += '[';
    for (std::uint64_t i = 0; i < count && !fault_; ++i) {
      if (i > 0) out_ += ',';
      write(element);
    }
    out_ += ']';
  }
  void write_members(const std::vector<Type>& members) {
    out_ += '[';
    for (std::size_t i = 0; i < members.size() && !fault_; ++i) {
      if (i > 0) out_ += ',';
      write(members[i]);
    }
    out_ += ']';
  }
  void write_optional(const Type& value) {
    if (!read_flag("a presence byte")) {
      out_ += "null";
    } else if (value.kind == Kind::optional) {
      out_ += '[';
      write(value);
      out_ += ']';
    } else {
      write(value);
    }
  }

  bool read_flag(const char* what) {
    const auto byte = read_bits(1);
    if (byte > 1) fail(std::string(what) + " is neither 0 nor 1");
    return byte == 1;
  }
  std::uint64_t read_bits(std::size_t size) {
    const auto* const bytes = take(size);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; bytes != nullptr && i < size; ++i) bits |= std::uint64_t{bytes[i]} << (8 * i);
    return bits;
  }
  std::int64_t read_signed(std::size_t size) {
    const auto unused = 64 - 8 * size;
    return static_cast<std::int64_t>(read_bits(size) << unused) >> unused;
  }
  std::string_view read_text() {
    const auto size = static_cast<std::size_t>(read_count(1));
    const auto* const bytes = take(size);
    return bytes == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(bytes), size);
  }
  /// How many things follow that take at least so many bytes each.
  std::uint64_t read_count(std::size_t least_bytes) {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !fault_; shift += 7) {
      const auto byte = read_bits(1);
      number |= (byte & 0x7FU) << shift;
      if (byte >= 0x80) continue;
      if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1)) break;
      if (number <= static_cast<std::size_t>(end_ - at_) / least_bytes) return number;
      fail("it ends before what a length or count announces");
    }
    fail("a length or count is not in its shortest form, or past 64 bits");
    return 0;
  }
  /// Null: there is no more, or a fault.
  const std::uint8_t* take(std::size_t size) {
    if (!fault_ && size <= static_cast<std::size_t>(end_ - at_)) return std::exchange(at_, at_ + size);
    fail("it ends within a value");
    return nullptr;
  }
  void fail(const std::string& why) {
    if (fault_) return;
    fault_ = base::Error{base::ErrorCode::internal, "the provider's reply is malformed at byte " +
                                                        std::to_string(at_ - begin_) + " of " +
                                                        std::to_string(end_ - begin_) + ": " + why};
  }

  const std::uint8_t* const begin_;
  const std::uint8_t* at_;
  const std::uint8_t* const end_;
  const std::size_t most_bytes_;
  std::string out_;
  std::optional<base::Error> fault_;
};

}  // namespace

base::Result<std::string> to_json(mortise_bytes reply, const CallTypes& types, std::size_t most_bytes) {
  return ReplyReader(reply, most_bytes).run(types);
}

}  // namespace mortise::remote
