// Where carts are kept: the statements on the plugin's database. Its schema is in migrations/.
#pragma once

#include <chrono>
#include <cstdint>
#include <mortise/sql.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace boutique {

/// A row of what is asked for: its members are the columns that the statement names, in this order.
struct Line {
  std::string product;
  std::int32_t quantity = 0;
};

/// Any thread. Throws mortise::Error when a rule (rules.hpp) is broken or the database fails; nothing has changed then.
class Store {
 public:
  explicit Store(const mortise::Sql& sql) : sql_(sql) {}

  std::vector<Line> lines(std::string_view cart);
  void add(std::string_view cart, std::string_view product, std::int32_t quantity);
  void set(std::string_view cart, std::string_view product, std::int32_t quantity);
  void remove(std::string_view cart);
  /// Takes out what has been ordered of the product; what the visitor has put in since then stays.
  static void take(mortise::SqlTransaction& tx, std::string_view cart, std::string_view product, std::int32_t quantity);
  /// Those that nobody has changed for so long; how many they were.
  std::int64_t remove_unchanged(std::chrono::days age);

 private:
  mortise::Sql sql_;
};

}  // namespace boutique
