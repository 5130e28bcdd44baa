// How contracts and the host's interfaces are named: "boutique.currency/1".
#pragma once

#include <string_view>

namespace mortise::manifest {

/// Whether `text` is an id: dotted lower-case words, a slash, and a version from 1 upwards; at most 128 bytes. Each
/// contract version has one spelling, so that ids are compared as text.
bool is_contract_id(std::string_view text) noexcept;

}  // namespace mortise::manifest
