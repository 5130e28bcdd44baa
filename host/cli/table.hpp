// Columns for people.
#pragma once

#include <string>
#include <vector>

namespace mortise::cli {

/// One line for each row, without its line end: every column but the last is as wide as its widest cell, two blanks
/// stand between, none at the end. All rows have the same number of cells.
std::vector<std::string> align_columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace mortise::cli
