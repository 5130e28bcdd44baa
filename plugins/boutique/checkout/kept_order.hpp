// An order as the database has it: flat rows, whose members are the columns that the statements name, in this order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace boutique {

struct OrderRow {
  std::string key;
  std::string cart;
  bool is_placed = false;
  std::int64_t attempts = 0;
  std::string email;
  std::string currency;
  std::string name;
  std::string street;
  std::string city;
  std::string postal_code;
  std::string country;
  std::int64_t shipping_units = 0;
  std::int32_t shipping_nanos = 0;
  std::int64_t total_units = 0;
  std::int32_t total_nanos = 0;
  std::string tracking;
  std::string refusal;  // why it cannot be sent although it was charged; empty: it is not refused
  bool is_cancelled = false;
  bool is_charged = false;  // as far as it is known: what it is, and where it goes to, stands then
};

struct LineRow {
  std::string product;
  std::string name;
  std::int32_t quantity = 0;
  std::int64_t units = 0;
  std::int32_t nanos = 0;
};

struct KeptOrder {
  OrderRow order;
  std::vector<LineRow> lines;
};

}  // namespace boutique
