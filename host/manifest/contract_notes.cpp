#include "manifest/contract_notes.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/strings.hpp"

namespace mortise::manifest {
namespace {

// No line of a note is empty, and no id has a space.
constexpr std::string_view kBetween = "\n\n";
constexpr std::string_view kIdempotent = " idempotent";

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

/// What the notes say below the ids, without copies.
using Texts = std::map<std::string_view, std::set<std::string_view>>;

Texts sort(std::span<const std::string_view> notes, const std::set<std::string_view>& named) {
  Texts texts;
  for (const auto note : notes) {
    const auto end = note.find('\n');
    const auto contract = named.find(note.substr(0, end));
    if (contract == named.end()) continue;
    texts[*contract].insert(end == std::string_view::npos ? std::string_view{} : note.substr(end + 1));
  }
  return texts;
}

/// Marks the methods that `names` has, one on each line. What is wrong with it, or nothing.
std::string mark(std::string_view names, const std::string& contract, Methods& methods) {
  for (std::size_t begin = 0; begin <= names.size();) {
    const auto end = std::min(names.find('\n', begin), names.size());
    const auto name = names.substr(begin, end - begin);
    const auto method =
        std::find_if(methods.begin(), methods.end(), [&](const MethodSignature& one) { return one.name == name; });
    if (method == methods.end()) {
      return "says of contract " + contract + " that its method '" + base::printable(name) +
             "' may be called once more, and it has no such method; name its methods in MORTISE_IDEMPOTENT, or one on "
             "each line in MORTISE_IDEMPOTENT_NOTE";
    }
    method->is_idempotent = true;
    begin = end + 1;
  }
  return {};
}

void mark_idempotent(const Texts& texts, ContractNotes& read) {
  for (const auto& [contract, names] : texts) {
    const auto found = read.methods.find(std::string(contract));
    if (found == read.methods.end()) continue;
    auto fault = names.size() == 1 ? mark(*names.begin(), found->first, found->second)
                                   : "says in two ways which methods of contract " + found->first +
                                         " may be called once more; build all of its sources with one version of the "
                                         "contract's header";
    if (!fault.empty()) read.faults.push_back(std::move(fault));
  }
}

}  // namespace

ContractNotes read_contracts(std::span<const std::string_view> notes, const Manifest& manifest,
                             std::span<const std::string_view> idempotent) {
  const auto named = named_by(manifest);
  const auto texts = sort(notes, named);
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
  mark_idempotent(sort(idempotent, named), read);
  return read;
}

std::string to_text(const ContractMethods& methods) {
  std::string text;
  for (const auto& [contract, list] : methods) {
    if (!text.empty()) text += kBetween;
    text += contract + "\n" + to_text(list);
    std::string names;
    for (const auto& method : list) names += method.is_idempotent ? "\n" + method.name : "";
    if (!names.empty()) text.append(kBetween).append(contract).append(kIdempotent).append(names);
  }
  return text;
}

base::Result<ContractMethods> parse_contracts(std::string_view text, const Manifest& manifest) {
  std::vector<std::string_view> notes;
  std::vector<std::string> idempotent;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(kBetween, begin), text.size());
    const auto note = text.substr(begin, end - begin);
    const auto id = note.substr(0, note.find('\n'));
    if (id.ends_with(kIdempotent)) {
      idempotent.emplace_back(id.substr(0, id.size() - kIdempotent.size())).append(note.substr(id.size()));
    } else {
      notes.push_back(note);
    }
    begin = end + kBetween.size();
  }
  auto read = read_contracts(notes, manifest, std::vector<std::string_view>(idempotent.begin(), idempotent.end()));
  if (read.faults.empty() && read.missing.empty()) return std::move(read.methods);
  return base::Error{base::ErrorCode::data_loss, "the methods of the contracts of '" + manifest.name + "' are lost"};
}

}  // namespace mortise::manifest
