#include "loader/image.hpp"

#include <boost/dll/shared_library_load_mode.hpp>
#include <mutex>
#include <random>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "base/dynamic_linker.hpp"
#include "base/files.hpp"

namespace mortise::loader {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kMendConstructor = "; catch it there, or do that work in init";

/// A file of its own beside `file`, for one load; removed when this goes, which a mapping survives.
class PrivateCopy {
 public:
  static base::Result<PrivateCopy> make(const std::string& file) {
    base::RealFiles files;
    const auto source = files.open(file);
    if (!source) return source.error();
    std::random_device random;
    // Named like the catalogue's own temporary files, which clears away what a crash leaves.
    PrivateCopy copy(file.substr(0, file.rfind('/')) + "/incoming-" + std::to_string(random()) + "-" +
                     std::to_string(random()) + ".so");
    const auto copied =
        files.copy(*source, copy.path_, 0400, base::Durability::none, [](std::span<const std::uint8_t>) {});
    if (!copied) return copied.error();
    copy.exists_ = true;
    return copy;
  }
  PrivateCopy(PrivateCopy&& other) noexcept : path_(std::move(other.path_)), exists_(other.exists_) {
    other.exists_ = false;
  }
  PrivateCopy& operator=(PrivateCopy&&) = delete;
  ~PrivateCopy() {
    std::error_code ignored;
    if (exists_) std::filesystem::remove(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit PrivateCopy(std::string path) : path_(std::move(path)) {}

  std::string path_;
  bool exists_ = false;
};

/// The files that Images of this process have mapped, or left mapped, under their own names. The linker knows, too, but
/// compares the name with each of its own. Any thread.
class MappedFiles {
 public:
  /// False: one has it already.
  bool add(const std::string& file) {
    const std::lock_guard lock(mutex_);
    return files_.insert(file).second;
  }
  void remove(const std::string& file) {
    const std::lock_guard lock(mutex_);
    files_.erase(file);
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> files_;  // guarded by mutex_
};

MappedFiles& mapped_files() {
  static auto* const kFiles = new MappedFiles();  // never destroyed: an Image may outlive main()
  return *kFiles;
}

Error refuse(const std::string& message) { return {ErrorCode::failed_precondition, message}; }

/// Whether the table is one that the host can call.
base::Result<void> check_table(const mortise_plugin_v1* table) {
  const std::string entry = MORTISE_PLUGIN_ENTRY_V1;
  if (table == nullptr)
    return refuse(entry + " returned no table; return the address of a mortise_plugin_v1, as MORTISE_PLUGIN(...) does");
  if (!MORTISE_HAS(mortise_plugin_v1, table, get_interface)) {
    return refuse(entry + " returned a table of " + std::to_string(table->struct_size) +
                  " bytes, too few for its members; set struct_size to sizeof(mortise_plugin_v1)");
  }
  if (table->init == nullptr)
    return refuse(entry + " returned a table without init; set init to the function that makes the plugin's instance");
  if (table->destroy == nullptr)
    return refuse(entry + " returned a table without destroy; set destroy to the function that frees what init made");
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Image>> Image::load(const std::string& file) {
  if (!file.starts_with('/')) {
    return Error{ErrorCode::invalid_argument, "'" + file + "' is no absolute path; images load by one only"};
  }
  std::unique_ptr<Image> image(new Image());
  image->file_ = file;
  if (auto mapped = image->map(); !mapped) return mapped.error();
  if (auto entered = image->enter(); !entered) return entered.error();
  return image;
}

base::Result<void> Image::map() {
  // The linker would hand out the mapping that is there already, and two generations would share their variables.
  if (!mapped_files().add(file_)) {
    const auto copy = PrivateCopy::make(file_);
    if (!copy) return copy.error().in("cannot load '" + file_ + "' a second time");
    mapped_as_ = copy->path();
    return map_file();
  }
  mapped_as_ = file_;
  auto mapped = map_file();
  if (!mapped) unload();
  return mapped;
}

base::Result<void> Image::map_file() {
  std::error_code error;
  // A constructor may throw; nothing of a plugin may come through.
  try {
    library_.load(mapped_as_, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local, error);
  } catch (const std::exception& exception) {
    return refuse(std::string("a static constructor let an exception out: ") + exception.what() + kMendConstructor);
  } catch (...) {
    return refuse(std::string("a static constructor let an exception out that is no std::exception") +
                  kMendConstructor);
  }
  if (!error) return {};
  const auto reason = base::last_library_error();
  return refuse("cannot load '" + file_ + "': " + (reason.empty() ? error.message() : reason) +
                "; link the plugin with all that it uses, and install the libraries that it needs");
}

base::Result<void> Image::enter() {
  const std::string entry = MORTISE_PLUGIN_ENTRY_V1;
  if (!library_.has(entry)) return refuse("does not export " + entry + "; build it with mortise_add_plugin()");
  try {
    plugin_ = library_.get<const mortise_plugin_v1*()>(entry)();
  } catch (...) {
    return refuse(entry + " let an exception out; it must only return the table");
  }
  return check_table(plugin_);
}

void Image::keep_mapped() { base::keep_library_loaded(mapped_as_); }

bool Image::unload() {
  plugin_ = nullptr;
  library_.unload();
  if (base::is_library_loaded(mapped_as_)) return false;
  if (mapped_as_ == file_) mapped_files().remove(file_);
  return true;
}

Image::~Image() {
  if (library_.is_loaded()) Image::unload();
}

}  // namespace mortise::loader
