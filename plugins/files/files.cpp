// Static files: the notes page out of the plugin itself, and, if the admin names one, a folder of the file system.
#include <mortise/mortise.hpp>

#include "files_assets.hpp"

class Files : public mortise::Plugin {
 public:
  explicit Files(mortise::Context& ctx) {
    ctx.assets().mount("/files", files_assets());
    ctx.http().get("/", [](const mortise::Request&, mortise::Response& res) { res.redirect("/files/"); });
    const auto directory = ctx.config().value("directory", std::string());
    if (!directory.empty()) ctx.assets().mount_directory("/files/local", directory);
  }
};
MORTISE_PLUGIN(Files)
