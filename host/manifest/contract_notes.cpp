#include "manifest/contract_notes.hpp"

#include <map>
#include <set>
#include <utility>

namespace mortise::manifest {
namespace {

// No line of a note is empty.
constexpr std::string_view kBetween = "\n\n";

std::set<std::string_view> named_by(const Manifest& manifest) {
  std::set<std::string_view> named;
  for (const auto& provided : manifest.provides) named.insert(provided.contract);
  for (const auto& required : manifest.requires_) named.insert(required.contract);
  for (const auto& published : manifest.publishes) named.insert(published.topic);
  return named;
}

/// What is wrong with two notes of one contract.
std::string describe_conflict(const std::string& contract, const Methods& one, const Methods& other) {
  auto difference = find_difference(one, other);
  if (!difference) difference = find_difference(other, one);
  return "was built with two forms of contract " + contract + ": " + difference->title() + ": " + difference->needed +
         " in one, " + (difference->provided.empty() ? "nothing" : difference->provided) +
         " in the other; build all of its sources with one version of the contract's header";
}

}  // namespace

ContractNotes read_contracts(std::span<const std::string_view> notes, const Manifest& manifest) {
  const auto named = named_by(manifest);
  std::map<std::string_view, std::set<std::string_view>> texts;
  for (const auto note : notes) {
    const auto end = note.find('\n');
    const auto contract = named.find(note.substr(0, end));
    if (contract == named.end()) continue;
    texts[*contract].insert(end == std::string_view::npos ? std::string_view{} : note.substr(end + 1));
  }
  ContractNotes read;
  for (const auto contract : named) {
    const std::string id(contract);
    const auto found = texts.find(contract);
    if (found == texts.end()) {
      read.missing.push_back(id);
      continue;
    }
    for (const auto text : found->second) {
      auto methods = parse_methods(text);
      if (!methods) {
        read.faults.push_back("has a faulty note of contract " + id + ": " + methods.error().message +
                              "; write it with MORTISE_CONTRACT or MORTISE_CONTRACT_NOTE");
        break;
      }
      const auto [kept, is_first] = read.methods.emplace(id, *methods);
      if (is_first) continue;
      read.faults.push_back(describe_conflict(id, kept->second, *methods));
      break;
    }
  }
  return read;
}

std::string to_text(const ContractMethods& methods) {
  std::string text;
  for (const auto& [contract, list] : methods) {
    if (!text.empty()) text += kBetween;
    text += contract + "\n" + to_text(list);
  }
  return text;
}

base::Result<ContractMethods> parse_contracts(std::string_view text, const Manifest& manifest) {
  std::vector<std::string_view> notes;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(kBetween, begin), text.size());
    notes.push_back(text.substr(begin, end - begin));
    begin = end + kBetween.size();
  }
  auto read = read_contracts(notes, manifest);
  if (read.faults.empty() && read.missing.empty()) return std::move(read.methods);
  return base::Error{base::ErrorCode::data_loss, "the methods of the contracts of '" + manifest.name + "' are lost"};
}

}  // namespace mortise::manifest
