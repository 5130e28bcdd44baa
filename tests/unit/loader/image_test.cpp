#include "loader/image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/dynamic_linker.hpp"
#include "base/temporary_directory.hpp"

namespace mortise::loader {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Loads copies of the zoo's plugins from a directory of its own, as the host does from its store.
class ImageTest : public ::testing::Test {
 protected:
  std::filesystem::path put(const std::string& name) {
    const auto file = directory_ / (name + ".so");
    std::filesystem::copy_file(std::filesystem::path(MORTISE_ZOO) / (name + ".so"), file,
                               std::filesystem::copy_options::skip_existing);
    return file;
  }
  std::string refusal(const std::string& name) {
    const auto image = Image::load(put(name));
    return image ? "was loaded" : image.error().message;
  }
  std::size_t files_left() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory_.path()), {}));
  }

  mortise::testing::TemporaryDirectory directory_;
};

void* init(const Image& image) {
  void* self = nullptr;
  mortise_host_v1 host{};
  EXPECT_EQ(image.plugin().init(&host, &self, nullptr), MORTISE_OK);
  return self;
}

TEST_F(ImageTest, LoadsEntersAndUnloads) {
  const auto file = put("counter");
  auto image = Image::load(file);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->file(), file);
  EXPECT_TRUE(base::is_library_loaded(file));
  EXPECT_EQ((*image)->plugin().struct_size, sizeof(mortise_plugin_v1));
  EXPECT_TRUE((*image)->unload());
  EXPECT_FALSE(base::is_library_loaded(file));
}

TEST_F(ImageTest, StaysMappedWhenItIsToBeKept) {
  const auto file = put("counter");
  auto image = Image::load(file).value();
  image->keep_mapped();
  EXPECT_FALSE(image->unload());
  EXPECT_TRUE(base::is_library_loaded(file));
}

TEST_F(ImageTest, UnloadsWhenItGoes) {
  const auto file = put("counter");
  { ASSERT_TRUE(Image::load(file)); }
  EXPECT_FALSE(base::is_library_loaded(file));
}

TEST_F(ImageTest, TwoImagesOfOneFileShareNoVariables) {
  const auto file = put("counter");
  auto first = Image::load(file);
  ASSERT_TRUE(first);
  EXPECT_EQ(init(**first), reinterpret_cast<void*>(1));
  auto second = Image::load(file);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(init(**second), reinterpret_cast<void*>(1));
  EXPECT_EQ(init(**first), reinterpret_cast<void*>(2));
  EXPECT_EQ((*second)->file(), file);
  EXPECT_EQ(files_left(), 1U) << "the copy that was mapped is gone from the directory";
  EXPECT_TRUE((*first)->unload());
  EXPECT_EQ(init(**second), reinterpret_cast<void*>(2));
  EXPECT_TRUE((*second)->unload());
}

TEST_F(ImageTest, LoadsAgainAfterUnloading) {
  const auto file = put("counter");
  for (int i = 0; i < 3; ++i) {
    auto image = Image::load(file);
    ASSERT_TRUE(image);
    EXPECT_EQ(init(**image), reinterpret_cast<void*>(1));
    EXPECT_TRUE((*image)->unload());
  }
}

TEST_F(ImageTest, SaysThatUniqueSymbolsKeepItMapped) {
  auto image = Image::load(put("gnu-unique"));
  ASSERT_TRUE(image);
  EXPECT_FALSE((*image)->unload());
}

TEST_F(ImageTest, ThreadLocalDestructorsKeepItMappedUntilTheirThreadEnds) {
  const auto file = put("thread-local-destructor");
  auto image = Image::load(file);
  ASSERT_TRUE(image) << image.error().message;
  std::thread([&] {
    init(**image);
    EXPECT_FALSE((*image)->unload());
  }).join();
  // The next one to load or unload anything lets go of it.
  ASSERT_TRUE(Image::load(put("counter")));
  EXPECT_FALSE(base::is_library_loaded(file));
}

TEST_F(ImageTest, RefusesARelativePath) {
  EXPECT_THAT(Image::load("counter.so").error().message, HasSubstr("no absolute path"));
}

TEST_F(ImageTest, SaysWhyTheLinkerRefuses) {
  EXPECT_THAT(Image::load("/nonexistent/a.so").error().message, HasSubstr("No such file"));
  const auto file = directory_ / "text.so";
  mortise::testing::write_file(file, "no library");
  EXPECT_THAT(Image::load(file).error().message, HasSubstr("file too short"));
}

TEST_F(ImageTest, FindsASymbolThatIsMissingBeforeAnythingRuns) {
  EXPECT_THAT(refusal("borrows-symbol"), AllOf(HasSubstr("undefined symbol: zoo_lent"), HasSubstr("link the plugin")));
  EXPECT_FALSE(base::is_library_loaded(put("borrows-symbol")));
}

TEST_F(ImageTest, ShowsTheSymbolsOfOneImageToNoOther) {
  const auto lender = Image::load(put("lends-symbol"));
  ASSERT_TRUE(lender) << lender.error().message;
  EXPECT_THAT(refusal("borrows-symbol"), HasSubstr("undefined symbol: zoo_lent"));
}

TEST_F(ImageTest, RefusesTablesThatTheHostCannotCall) {
  EXPECT_THAT(refusal("entry-returns-null"), HasSubstr("returned no table"));
  EXPECT_THAT(refusal("short-table"), HasSubstr("a table of 8 bytes, too few for its members"));
  EXPECT_THAT(refusal("no-init"), HasSubstr("without init"));
  EXPECT_THAT(refusal("no-destroy"), HasSubstr("without destroy"));
  EXPECT_THAT(refusal("no-entry"), HasSubstr("does not export mortise_plugin_entry_v1"));
  for (const auto* name : {"entry-returns-null", "short-table", "no-init", "no-destroy", "no-entry"}) {
    EXPECT_FALSE(base::is_library_loaded(put(name))) << name;
  }
}

}  // namespace
}  // namespace mortise::loader
