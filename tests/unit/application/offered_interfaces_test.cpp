// What the host says that it offers is what plugins get.
#include "offered_interfaces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/abi/assets.h>
#include <mortise/abi/config.h>
#include <mortise/abi/contracts.h>
#include <mortise/abi/events.h>
#include <mortise/abi/http.h>
#include <mortise/abi/kv.h>
#include <mortise/abi/log.h>
#include <mortise/abi/memory.h>
#include <mortise/abi/sql.h>
#include <mortise/abi/tasks.h>
#include <mortise/abi/websocket.h>

#include "http/server.hpp"
#include "runtime/contracts.hpp"

namespace mortise {
namespace {

TEST(OfferedInterfaces, AreAllThatTheHeadersDefine) {
  EXPECT_THAT(offered_interfaces(),
              ::testing::ElementsAre(MORTISE_ASSETS_V1, MORTISE_CONFIG_V1, MORTISE_CONTRACTS_V1, MORTISE_EVENTS_V1,
                                     MORTISE_HTTP_V1, MORTISE_KV_V1, MORTISE_LOG_V1, MORTISE_MEMORY_V1, MORTISE_SQL_V1,
                                     MORTISE_TASKS_V1, MORTISE_WEBSOCKET_V1));
}

TEST(OfferedInterfaces, AreAnsweredWithATableAndOthersWithNone) {
  const http::Server server({});
  const runtime::Contracts contracts(0);
  for (const auto& offer : http::Server::offers()) EXPECT_EQ(server.interface(offer.id), offer.table);
  for (const auto& offer : runtime::Contracts::offers()) EXPECT_EQ(contracts.interface(offer.id), offer.table);
  EXPECT_EQ(server.interface("mortise.teleport/1"), nullptr);
  EXPECT_EQ(contracts.interface(MORTISE_HTTP_V1), nullptr);
}

}  // namespace
}  // namespace mortise
