#include "offered_interfaces.hpp"

#include <algorithm>

#include "events/events.hpp"
#include "http/server.hpp"
#include "kv/kv.hpp"
#include "runtime/contracts.hpp"
#include "runtime/tables.hpp"
#include "sql/sql.hpp"
#include "tasks/tasks.hpp"

namespace mortise {

std::vector<std::string> offered_interfaces() {
  std::vector<std::string> ids;
  for (const auto offers : {runtime::own_offers(), runtime::Contracts::offers(), events::Events::offers(),
                            http::Server::offers(), sql::Sql::offers(), kv::Kv::offers(), tasks::Tasks::offers()}) {
    for (const auto& offer : offers) ids.emplace_back(offer.id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace mortise
