#include "fake_host.hpp"

#include <array>
#include <cstring>

namespace mortise::sdk_testing {

FakeHost::FakeHost() {
  table_ = {.struct_size = sizeof table_,
            .reserved = 0,
            .host = reinterpret_cast<mortise_host*>(this),
            .get_interface = [](mortise_host* host, mortise_str id) -> const void* {
              const auto found = from(host).interfaces.find(to_string(id));
              return found == from(host).interfaces.end() ? nullptr : found->second;
            }};
  http_ = *FakeExchange::table();
  http_.add_route = [](mortise_host* host, const mortise_http_route_v1* route, mortise_error* error) {
    from(host).routes.push_back({to_string(route->method), to_string(route->pattern), *route});
    return from(host).verdict(error);
  };
  log_ = {.struct_size = sizeof log_,
          .reserved = 0,
          .is_enabled = [](mortise_host* host, std::uint32_t level) -> std::uint32_t {
            return level >= from(host).log_level ? 1 : 0;
          },
          .write =
              [](mortise_host* host, std::uint32_t level, mortise_str message, const mortise_log_field* fields,
                 std::uint64_t count) {
                auto& line = from(host).lines.emplace_back(Line{level, to_string(message), {}});
                for (std::uint64_t i = 0; i < count; ++i) {
                  line.fields[to_string(fields[i].key)] = to_string(fields[i].value);
                }
              }};
  config_ = {.struct_size = sizeof config_,
             .reserved = 0,
             .json = [](mortise_host* host) { return str(from(host).config); },
             .data_directory = [](mortise_host*) { return str("/var/lib/mortise/data/sample"); },
             .plugin_name = [](mortise_host*) { return str("sample"); },
             .plugin_version = [](mortise_host*) { return str("1.2.3"); },
             .generation = [](mortise_host*) -> std::uint64_t { return 7; }};
  assets_ = {.struct_size = sizeof assets_,
             .reserved = 0,
             .mount =
                 [](mortise_host* host, mortise_str prefix, const mortise_asset* assets, std::uint64_t count,
                    mortise_error* error) {
                   auto& mount = from(host).mounts.emplace_back(Mount{to_string(prefix), {}, {}});
                   for (std::uint64_t i = 0; i < count; ++i) {
                     mount.files[to_string(assets[i].path)] = to_string(assets[i].data);
                   }
                   return from(host).verdict(error);
                 },
             .mount_directory =
                 [](mortise_host* host, mortise_str prefix, mortise_str directory, mortise_error* error) {
                   from(host).mounts.push_back({to_string(prefix), to_string(directory), {}});
                   return from(host).verdict(error);
                 }};
  interfaces = {
      {MORTISE_HTTP_V1, &http_}, {MORTISE_LOG_V1, &log_}, {MORTISE_CONFIG_V1, &config_}, {MORTISE_ASSETS_V1, &assets_}};
}

void FakeHost::call(FakeExchange& exchange, FakeRequest request) {
  const auto& route = routes.at(0).raw;
  std::array<char, 256> text{};
  mortise_error error{sizeof error, static_cast<std::uint32_t>(text.size()), 0, 0, text.data()};
  const auto status = route.handle(route.self, exchange.handle(), request.raw(), &error);
  exchange.handler_returned(status, {text.data(), error.size});
}

mortise_status FakeHost::verdict(mortise_error* error) const {
  if (refuses != MORTISE_OK && error != nullptr) {
    error->size = static_cast<std::uint32_t>(reason.copy(error->message, error->capacity));
  }
  return refuses;
}

}  // namespace mortise::sdk_testing
