#include "http/assets.hpp"

#include <array>
#include <utility>
#include <vector>

#include "base/sha256.hpp"
#include "http/content_type.hpp"
#include "http/route_registry.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

using runtime::to_abi;
using runtime::to_view;

std::string digest_of(std::string_view data) {
  base::Sha256 digest;
  digest.update({reinterpret_cast<const std::uint8_t*>(data.data()), data.size()});
  return '"' + digest.finish().substr(0, 32) + '"';
}

/// Adds the routes of a mount: "PREFIX/{path...}", and PREFIX itself when that is another path.
template <class Mount>
mortise_status add_mount(mortise_host* host, mortise_str prefix_text, std::unique_ptr<Mount> mount, std::uint32_t flags,
                         mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* registry = RouteRegistry::of(generation);
  if (registry == nullptr) return MORTISE_INVALID_ARGUMENT;
  std::string prefix(to_view(prefix_text));
  if (prefix.empty() || prefix.front() != '/') {
    return to_abi(base::Error{base::ErrorCode::invalid_argument, "asset prefix '" + prefix + "' must begin with '/'"},
                  error);
  }
  while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
  const auto pattern = prefix + "/{path...}";
  mortise_http_route_v1 route{.struct_size = sizeof(mortise_http_route_v1),
                              .flags = flags,
                              .method = to_abi("GET"),
                              .pattern = to_abi(pattern),
                              .body_limit_bytes = 0,
                              .self = mount.get(),
                              .handle = &Mount::handle,
                              .deadline_ms = 0,
                              .reserved = 0};
  // Kept whatever comes: when the second route is refused, the first is there.
  registry->keep(generation, std::shared_ptr<Mount>(std::move(mount)));
  if (const auto added = registry->add(generation, route); !added) return to_abi(added.error(), error);
  if (!prefix.empty()) {
    route.flags = 0;
    route.pattern = to_abi(prefix);
    route.handle = &redirect_to_folder;
    if (const auto added = registry->add(generation, route); !added) return to_abi(added.error(), error);
  }
  return MORTISE_OK;
}

mortise_status mount_memory(mortise_host* host, mortise_str prefix, const mortise_asset* assets, std::uint64_t count,
                            mortise_error* error) {
  return runtime::guarded(error, [&] {
    auto mount = MemoryMount::make({assets, static_cast<std::size_t>(count)});
    return mount ? add_mount(host, prefix, std::move(*mount), 0, error) : to_abi(mount.error(), error);
  });
}

mortise_status mount_directory(mortise_host* host, mortise_str prefix, mortise_str directory, mortise_error* error) {
  return runtime::guarded(error, [&] {
    auto mount = DirectoryMount::make(std::filesystem::path(to_view(directory)));
    // The disk may take its time.
    return mount ? add_mount(host, prefix, std::move(*mount), MORTISE_HTTP_ROUTE_BLOCKING, error)
                 : to_abi(mount.error(), error);
  });
}

constexpr mortise_assets_v1 kTable{.struct_size = sizeof(mortise_assets_v1),
                                   .reserved = 0,
                                   .mount = &mount_memory,
                                   .mount_directory = &mount_directory};

}  // namespace

const mortise_assets_v1& assets_table() noexcept { return kTable; }

base::Result<std::unique_ptr<MemoryMount>> MemoryMount::make(std::span<const mortise_asset> assets) {
  auto mount = std::make_unique<MemoryMount>();
  for (const auto& asset : assets) {
    std::string path(to_view(asset.path));
    if (path.empty() || path.front() == '/') {
      return base::Error{base::ErrorCode::invalid_argument,
                         "asset path '" + path + "' must be relative: \"css/site.css\""};
    }
    const std::string_view data(reinterpret_cast<const char*>(asset.data.data),
                                static_cast<std::size_t>(asset.data.size));
    mount->files_.insert_or_assign(std::move(path),
                                   File{data, {.size = data.size(), .etag = digest_of(data), .modified_s = {}}});
  }
  return mount;
}

mortise_status MemoryMount::handle(void* self, mortise_http_exchange* handle, const mortise_http_request_v1* request,
                                   mortise_error*) {
  const auto& mount = *static_cast<const MemoryMount*>(self);
  std::string path(to_view(request->params[0].value));
  if (path.empty() || path.back() == '/') path += "index.html";
  const auto found = mount.files_.find(path);
  if (found == mount.files_.end()) return MORTISE_NOT_FOUND;
  const auto& [data, facts] = found->second;
  const auto selection = select(*request, facts);
  const bool has_body = selection.status == 200 || selection.status == 206;
  const auto body =
      has_body ? data.substr(static_cast<std::size_t>(selection.first), static_cast<std::size_t>(selection.size))
               : std::string_view();
  const FileHead head(selection, facts, path);
  return Exchange::from(handle).respond(head.with(body));
}

FileHead::FileHead(const Selection& selection, const FileFacts& facts, std::string_view path)
    : modified_(facts.modified_s ? to_http_date(*facts.modified_s) : ""), range_("bytes ") {
  fields_ = {{to_abi("ETag"), to_abi(facts.etag)},
             {to_abi("Cache-Control"), to_abi("no-cache")},
             {to_abi("Accept-Ranges"), to_abi("bytes")},
             {to_abi("X-Content-Type-Options"), to_abi("nosniff")}};
  if (!modified_.empty()) fields_.push_back({to_abi("Last-Modified"), to_abi(modified_)});
  const bool is_piece = selection.status == 206;
  range_ +=
      is_piece ? std::to_string(selection.first) + '-' + std::to_string(selection.first + selection.size - 1) : "*";
  range_ += '/' + std::to_string(facts.size);
  if (is_piece || selection.status == 416) fields_.push_back({to_abi("Content-Range"), to_abi(range_)});
  if (is_piece || selection.status == 200) {
    fields_.push_back({to_abi("Content-Type"), to_abi(content_type_of(path))});
  }
  response_ = {.struct_size = sizeof(mortise_http_response_v1),
               .status = selection.status,
               .headers = fields_.data(),
               .header_count = fields_.size(),
               .body = {}};
}

mortise_status redirect_to_folder(void*, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                                  mortise_error*) {
  std::string location(to_view(request->path));
  location += '/';
  if (request->query.size > 0) location.append("?").append(to_view(request->query));
  const std::array<mortise_http_field, 1> fields{{{to_abi("Location"), to_abi(location)}}};
  return Exchange::from(exchange).respond({.struct_size = sizeof(mortise_http_response_v1),
                                           .status = 308,
                                           .headers = fields.data(),
                                           .header_count = fields.size(),
                                           .body = {}});
}

}  // namespace mortise::http
