#include "base/dynamic_linker.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace mortise::base {
namespace {

const std::filesystem::path kLibrary = MORTISE_ZOO "/counter.so";

TEST(DynamicLinker, KnowsWhatIsMapped) {
  EXPECT_FALSE(is_library_loaded(kLibrary));
  void* library = ::dlopen(kLibrary.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr);
  EXPECT_TRUE(is_library_loaded(kLibrary));
  ASSERT_EQ(::dlclose(library), 0);
  EXPECT_FALSE(is_library_loaded(kLibrary)) << "asking must not hold it";
}

TEST(DynamicLinker, TellsTheReasonOnce) {
  ASSERT_EQ(::dlopen("/nonexistent/library.so", RTLD_NOW), nullptr);
  EXPECT_NE(last_library_error().find("/nonexistent/library.so"), std::string::npos);
  EXPECT_EQ(last_library_error(), "");
}

}  // namespace
}  // namespace mortise::base
