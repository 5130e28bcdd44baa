#include "base/dynamic_linker.hpp"

#include <dlfcn.h>

namespace mortise::base {

bool is_library_loaded(const std::string& file) {
  void* library = ::dlopen(file.c_str(), RTLD_NOLOAD | RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    last_library_error();  // an answer, not an error that the next one to ask should see
    return false;
  }
  ::dlclose(library);  // gives back the reference that the question took
  return true;
}

std::string last_library_error() {
  const char* message = ::dlerror();
  return message == nullptr ? std::string() : std::string(message);
}

}  // namespace mortise::base
