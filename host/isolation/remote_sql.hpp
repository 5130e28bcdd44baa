// mortise.sql/1 in a worker: what the plugin asks of its database goes to the host, which alone can reach the file.
#pragma once

#include <mortise/abi/sql.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "isolation/host_link.hpp"
#include "isolation/outgoing_places.hpp"
#include "isolation/sql_form.hpp"
#include "runtime/service.hpp"

namespace mortise::isolation {

/// One per worker, which never ends. Any thread.
class RemoteSql final : public runtime::Service {
 public:
  /// Both outlive it.
  RemoteSql(HostLink& link, OutgoingPlaces& places) : link_(link), places_(places) {}

  /// Its functions, for what stands on them.
  static const mortise_sql_v1& table() noexcept;

  const void* interface(std::string_view id) const noexcept override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr&) override {}
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation&) override {}
  void forget(const runtime::Generation&) override {}

  /// One statement, in that transaction; 0: by itself.
  base::Result<mortise_status> run(std::uint64_t transaction, std::string_view statement,
                                   std::span<const mortise_sql_value> parameters, const mortise_sql_rows* rows,
                                   mortise_sql_outcome* outcome);
  /// One without rows, in what the plugin holds of a transaction; null: by itself.
  base::Result<mortise_status> run_in(mortise_sql_transaction* transaction, std::string_view statement,
                                      std::span<const mortise_sql_value> parameters);
  base::Result<std::uint64_t> begin(std::uint32_t flags);
  /// commit or roll_back: ends it, whatever is returned.
  base::Result<void> end(SqlAction action, std::uint64_t transaction);

 private:
  class Asking;
  /// Hears of the answer while its bytes are there.
  using Use = std::function<mortise_status(SqlAnswerReader answer)>;
  base::Result<mortise_status> ask(const SqlRequest& request, std::string_view statement,
                                   std::span<const mortise_sql_value> parameters, const Use& use);
  base::Result<mortise_status> run_once(std::uint64_t transaction, std::string_view statement,
                                        std::span<const mortise_sql_value> parameters, const mortise_sql_rows* rows,
                                        mortise_sql_outcome* outcome);
  base::Result<void> act(SqlAction action, std::uint64_t transaction);

  HostLink& link_;
  OutgoingPlaces& places_;
};

}  // namespace mortise::isolation
