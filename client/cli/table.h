#ifndef SIDWATCH_CLIENT_CLI_TABLE_H_
#define SIDWATCH_CLIENT_CLI_TABLE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/text.h"

namespace sidwatch {

struct Cell {
  // NOLINTNEXTLINE(google-explicit-constructor): rows are written as text.
  Cell(std::string t, Colour c = Colour::kNone)
      : text(std::move(t)), colour(c) {}

  std::string text;
  Colour colour;
};

// Columns of text, lined up. The last column alone is cut where the line
// would pass the width of the terminal.
//
// Long lists come in pages: the widths found for earlier pages stay, so that
// their columns stand below each other.
class Table {
 public:
  Table(std::vector<std::string> header, OutputStyle style);

  // As many cells as the header has; made printable here.
  void Add(std::vector<Cell> row);

  // The lines of what was added since the last call, under the header the
  // first time; "" when nothing was.
  std::string TakeLines();

 private:
  std::string Line(const std::vector<Cell>& row) const;

  const OutputStyle style_;
  std::vector<Cell> header_;
  bool header_shown_ = false;
  std::vector<size_t> widths_;
  std::vector<std::vector<Cell>> rows_;
};

// "name   value" lines; names of empty values are left out.
std::string FormatCard(const std::vector<std::pair<std::string, Cell>>& lines,
                       const OutputStyle& style);

}  // namespace sidwatch

#endif  // SIDWATCH_CLIENT_CLI_TABLE_H_
