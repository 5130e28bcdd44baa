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

void keep_library_loaded(const std::string& file) {
  void* library = ::dlopen(file.c_str(), RTLD_NOLOAD | RTLD_NODELETE | RTLD_LAZY | RTLD_LOCAL);
  if (library != nullptr) ::dlclose(library);  // the mark stays
}

std::string last_library_error() {
  const char* message = ::dlerror();
  return message == nullptr ? std::string() : std::string(message);
}

CodeRange mapping_of(const void* address) noexcept {
  dl_find_object object{};
  // It only looks; the parameter is not const for C's sake.
  if (_dl_find_object(const_cast<void*>(address), &object) != 0) return {};
  return {reinterpret_cast<std::uintptr_t>(object.dlfo_map_start),
          reinterpret_cast<std::uintptr_t>(object.dlfo_map_end)};
}

}  // namespace mortise::base
