// Static files (mortise.assets/1). A mount is a pair of ordinary routes whose handler is ours instead of a plugin's; it
// lives in the route registry as long as its generation.
#pragma once

#include <mortise/abi/assets.h>
#include <mortise/abi/http.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"
#include "http/conditional.hpp"
#include "http/exchange.hpp"

namespace mortise::http {

/// The C function table of the interface.
const mortise_assets_v1& assets_table() noexcept;

/// Files in a plugin's memory. Immutable: any thread.
class MemoryMount {
 public:
  /// Digests every file once, for its ETag. Fails at a path that no request could ask for.
  static base::Result<std::unique_ptr<MemoryMount>> make(std::span<const mortise_asset> assets);

  static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                               mortise_error* error);

 private:
  struct File {
    std::string_view data;
    FileFacts facts;
  };
  std::unordered_map<std::string, File> files_;
};

/// The regular files below a directory, as they are when asked for. Any thread.
class DirectoryMount {
 public:
  static base::Result<std::unique_ptr<DirectoryMount>> make(const std::filesystem::path& directory);

  static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                               mortise_error* error);

 private:
  explicit DirectoryMount(base::Descriptor directory) : directory_(std::move(directory)) {}

  mortise_status send(Exchange& exchange, const base::Descriptor& file, const mortise_http_request_v1& request,
                      const std::string& path, const FileFacts& facts) const;

  base::Descriptor directory_;
};

/// The status and headers of a file's answer. Borrows from what it is made of; not movable.
class FileHead {
 public:
  FileHead(const Selection& selection, const FileFacts& facts, std::string_view path);
  FileHead(const FileHead&) = delete;
  FileHead& operator=(const FileHead&) = delete;

  [[nodiscard]] mortise_http_response_v1 with(std::string_view body) const {
    auto response = response_;
    response.body = {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()};
    return response;
  }

 private:
  std::string modified_;
  std::string range_;
  std::vector<mortise_http_field> fields_;
  mortise_http_response_v1 response_{};
};

/// Answers a request for the mount's root without its slash: relative links need the slash.
mortise_status redirect_to_folder(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                                  mortise_error* error);

}  // namespace mortise::http
