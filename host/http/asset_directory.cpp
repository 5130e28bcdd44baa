// Static files out of the file system.
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/beneath.hpp"
#include "http/assets.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kPiece = 65536;
// How long a client may take to read a piece before its download is cut.
constexpr std::chrono::milliseconds kPatience{30000};
constexpr std::int64_t kNanoseconds = 1'000'000'000;

bool has_dotfile(std::string_view path) { return path.starts_with('.') || path.find("/.") != std::string_view::npos; }

FileFacts facts_of(const base::FileStamp& stamp) {
  return {.size = stamp.size_bytes,
          .etag = '"' + std::to_string(stamp.inode) + '-' + std::to_string(stamp.size_bytes) + '-' +
                  std::to_string(stamp.modified_ns) + '"',
          .modified_s = stamp.modified_ns / kNanoseconds};
}

}  // namespace

base::Result<std::unique_ptr<DirectoryMount>> DirectoryMount::make(const std::filesystem::path& directory) {
  auto opened = base::open_directory(directory);
  if (!opened) return opened.error();
  return std::unique_ptr<DirectoryMount>(new DirectoryMount(std::move(*opened)));
}

mortise_status DirectoryMount::handle(void* self, mortise_http_exchange* exchange,
                                      const mortise_http_request_v1* request, mortise_error*) {
  const auto& mount = *static_cast<const DirectoryMount*>(self);
  const auto& value = request->params[0].value;
  std::string path(value.data, static_cast<std::size_t>(value.size));
  if (path.empty() || path.back() == '/') path += "index.html";
  if (has_dotfile(path)) return MORTISE_NOT_FOUND;
  const auto file = base::open_beneath(mount.directory_, path);
  if (!file) return static_cast<mortise_status>(file.error().code);
  base::RealFiles files;
  const auto stamp = files.stamp(*file);
  if (!stamp || !stamp->is_regular()) return MORTISE_NOT_FOUND;
  return mount.send(Exchange::from(exchange), *file, *request, path, facts_of(*stamp));
}

mortise_status DirectoryMount::send(Exchange& exchange, const base::Descriptor& file,
                                    const mortise_http_request_v1& request, const std::string& path,
                                    const FileFacts& facts) const {
  const auto selection = select(request, facts);
  const FileHead head(selection, facts, path);
  if (selection.size == 0) return exchange.respond(head.with({}));
  if (const auto started = exchange.start(head.with({}), selection.size); started != MORTISE_OK) return started;
  std::vector<char> piece(std::min<std::uint64_t>(kPiece, selection.size));
  std::uint64_t sent = 0;
  while (sent < selection.size && !exchange.is_head()) {
    const auto wanted = std::min<std::uint64_t>(piece.size(), selection.size - sent);
    const auto got =
        ::pread(file.get(), piece.data(), static_cast<std::size_t>(wanted), static_cast<off_t>(selection.first + sent));
    if (got < 0 && errno == EINTR) continue;
    // The file became shorter under our hands, or the client went: what was promised cannot be kept.
    if (got <= 0 || exchange.write({piece.data(), static_cast<std::size_t>(got)}, kPatience) != MORTISE_OK) {
      exchange.abort();
      return MORTISE_OK;
    }
    sent += static_cast<std::uint64_t>(got);
  }
  exchange.finish();
  return MORTISE_OK;
}

}  // namespace mortise::http
