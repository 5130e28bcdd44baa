// Who gets a store, and what its table is to the plugin's own statements.
#include "kv/kv.hpp"

#include "base/files.hpp"
#include "kv_test_base.hpp"
#include "runtime/generation.hpp"
#include "sql/sql.hpp"

namespace mortise::kv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A generation whose manifest names these interfaces, in a host of its own.
class OpeningTest : public ::testing::Test {
 protected:
  mortise_status open(std::vector<std::string> interfaces) {
    manifest::Manifest manifest;
    manifest.name = "shop";
    manifest.interfaces = std::move(interfaces);
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
    generation_ = std::make_shared<runtime::Generation>(1, std::move(spec), services_);
    const auto prepared = sql_.prepare(*generation_);
    EXPECT_TRUE(prepared) << prepared.error().message;
    return table().open(reinterpret_cast<mortise_host*>(generation_.get()), &store_, message_.out());
  }
  [[nodiscard]] const mortise_kv_v1& table() const {
    return *static_cast<const mortise_kv_v1*>(generation_->interface(MORTISE_KV_V1));
  }

  const testing::TemporaryDirectory directory_;
  base::RealFiles files_;
  sql::Sql sql_{directory_.path() / "sql", files_, std::chrono::seconds(30)};
  Kv kv_;
  std::vector<runtime::Service*> services_{&sql_, &kv_};
  runtime::GenerationPtr generation_;
  mortise_kv_store* store_ = nullptr;
  detail::Message message_;
};

TEST_F(OpeningTest, WhoNamesTheInterfaceHasAStore) {
  ASSERT_EQ(open({MORTISE_KV_V1}), MORTISE_OK) << message_.text();
  const mortise::Kv store(table(), store_);
  store.put("a", "1");
  EXPECT_EQ(store.get("a"), "1");
}

TEST_F(OpeningTest, WhoDoesNotHasNone) {
  EXPECT_EQ(open({MORTISE_SQL_V1}), MORTISE_FAILED_PRECONDITION);
  EXPECT_THAT(std::string(message_.text()), HasSubstr("name \"mortise.kv/1\" in the manifest's"));
  EXPECT_EQ(store_, nullptr);
}

TEST_F(OpeningTest, WhoHasNoDatabaseEitherIsToldWhatBringsOne) {
  EXPECT_EQ(open({}), MORTISE_FAILED_PRECONDITION);
  mortise_sql_database* database = nullptr;
  const auto& sql = *static_cast<const mortise_sql_v1*>(generation_->interface(MORTISE_SQL_V1));
  EXPECT_EQ(sql.open(reinterpret_cast<mortise_host*>(generation_.get()), &database, message_.out()),
            MORTISE_FAILED_PRECONDITION);
  EXPECT_THAT(std::string(message_.text()), HasSubstr("name \"mortise.sql/1\" in the manifest's"));
  EXPECT_THAT(std::string(message_.text()), HasSubstr("their handlers in its \"durable_tasks\""));
}

TEST_F(OpeningTest, ItIsThatOfItsPluginInEachVersion) {
  ASSERT_EQ(open({MORTISE_KV_V1}), MORTISE_OK);
  mortise::Kv(table(), store_).put("a", "1");
  ASSERT_EQ(open({MORTISE_KV_V1, MORTISE_SQL_V1}), MORTISE_OK);
  EXPECT_EQ(mortise::Kv(table(), store_).get("a"), "1");
}

TEST_F(KvTest, StatementsMayReadWhatIsThere) {
  const auto version = kv().put("a", "1");
  EXPECT_THAT(select("SELECT CAST(key AS TEXT), CAST(value AS TEXT), version FROM mortise_kv"),
              ElementsAre("a|1|" + std::to_string(version)));
}

TEST_F(KvTest, StatementsPutNothingThatKeysAndValuesAreNot) {
  for (const auto* row :
       {"(key, value) VALUES ('text', x'00')", "(key, value) VALUES (x'', x'00')",
        "(key, value) VALUES (zeroblob(1025), x'00')", "(key, value) VALUES (x'61', zeroblob(67104769))",
        "(version, key, value) VALUES (0, x'61', x'00')",
        "(version, key, value) VALUES (9007199254740992, x'61', x'00')",
        "(key, value, expires_at) VALUES (x'61', x'00', 0)",
        "(key, value, expires_at) VALUES (x'61', x'00', 9007199254740992)"}) {
    EXPECT_EQ(refusal(std::string("INSERT INTO mortise_kv ") + row), base::ErrorCode::failed_precondition) << row;
  }
  EXPECT_EQ(row_count(), 0);
}

}  // namespace
}  // namespace mortise::kv
