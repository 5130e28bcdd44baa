// The functions of mortise.contracts/1.
#pragma once

#include <mortise/abi/contracts.h>

namespace mortise::runtime {

/// Any thread.
const mortise_contracts_v1& contracts_table() noexcept;

}  // namespace mortise::runtime
