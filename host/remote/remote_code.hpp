// What stands in a host for a plugin that runs in another host: its contracts, each method of which is called there. It
// registers nothing else, and what the plugin needs is the other host's affair.
#pragma once

#include <mortise/abi/contracts.h>
#include <mortise/abi/plugin.h>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loader/code.hpp"
#include "remote/endpoint.hpp"
#include "runtime/generation.hpp"

namespace mortise::remote {

/// Owned by its generation. Starts whether or not the other host is there.
class RemoteCode final : public loader::Code {
 public:
  /// `spec` has the other host's URL.
  explicit RemoteCode(const runtime::GenerationSpec& spec);

  [[nodiscard]] const mortise_plugin_v1& plugin() const noexcept override { return plugin_; }
  [[nodiscard]] base::CodeRange range() const noexcept override { return {}; }
  bool unload() override { return true; }
  void keep_mapped() override {}
  [[nodiscard]] std::optional<loader::ProcessReport> process() const override { return std::nullopt; }

  [[nodiscard]] std::optional<loader::HostReport> host() const override { return endpoint_.report(); }

 private:
  struct Method {
    std::string name;
    std::string path;
    bool is_idempotent = false;
  };
  /// What `self` of a contract's channel points to; never changes.
  struct Contract {
    RemoteCode* code = nullptr;
    const runtime::Generation* generation = nullptr;
    std::string title;  // "boutique.currency/1"
    std::vector<Method> methods;
    mortise_channel_v1 channel{};
  };

  static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error);
  mortise_status begin(const runtime::Generation& generation, mortise_error* error);
  static mortise_status call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply);
  mortise_status call(const Contract& contract, const Method& method, mortise_bytes request, mortise_bytes& reply);

  const mortise_plugin_v1 plugin_;
  Endpoint endpoint_;
  std::list<Contract> contracts_;  // written during init
};

}  // namespace mortise::remote
