// The notes in which a plugin's file keeps the methods of its contracts, one per contract and source that includes its
// header: the contract's id, a line's end, and the signature text (abi/contracts.h). Which of them may be called once
// more is in notes of another type: the id, and below it their names.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/manifest.hpp"

namespace mortise::manifest {

/// What a file's notes say of the contracts that its manifest names.
struct ContractNotes {
  ContractMethods methods;
  std::vector<std::string> faults;   // notes that are malformed or contradict each other; each begins with a verb
  std::vector<std::string> missing;  // contracts that the manifest names and no note describes
};

/// Notes of contracts that the manifest does not name are passed over: their header was merely included.
ContractNotes read_contracts(std::span<const std::string_view> notes, const Manifest& manifest,
                             std::span<const std::string_view> idempotent = {});

/// For keeping them: the notes, as one text, and back. A text that makes no sense, or lacks a contract that the
/// manifest names, fails.
std::string to_text(const ContractMethods& methods);
base::Result<ContractMethods> parse_contracts(std::string_view text, const Manifest& manifest);

}  // namespace mortise::manifest
