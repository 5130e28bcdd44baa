// What Poco's exceptions say, for messages.
#pragma once

#include <Poco/Exception.h>

#include <string>

namespace mortise::remote {

inline std::string reason_of(const Poco::Exception& exception) {
  return exception.message().empty() ? exception.name() : exception.displayText();
}

}  // namespace mortise::remote
