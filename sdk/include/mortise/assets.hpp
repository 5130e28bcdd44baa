// Static files, out of the plugin itself (mortise_add_plugin's ASSETS) or out of a directory.
#pragma once

#include <mortise/abi/assets.h>

#include <span>
#include <string_view>

#include <mortise/error.hpp>
#include <mortise/text.hpp>

namespace mortise {

/// The host answers with ETag, ranges and content types; "index.html" also answers for its directory. since 1.0
/// [control-thread], during the plugin's constructor
class Assets {
 public:
  Assets(const mortise_assets_v1* table, mortise_host* host) noexcept : table_(table), host_(host) {}

  /// Serves files in memory below `prefix` ("/files"). They must stay as they are until the plugin is destroyed.
  void mount(std::string_view prefix, std::span<const mortise_asset> assets) {
    detail::Message message;
    detail::check(table_->mount(host_, detail::borrow(prefix), assets.data(), assets.size(), message.out()), message);
  }

  /// Serves the regular files below a directory; nothing outside it can be reached.
  void mount_directory(std::string_view prefix, std::string_view directory) {
    detail::Message message;
    detail::check(table_->mount_directory(host_, detail::borrow(prefix), detail::borrow(directory), message.out()),
                  message);
  }

 private:
  const mortise_assets_v1* table_;
  mortise_host* host_;
};

}  // namespace mortise
