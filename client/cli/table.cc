#include "client/cli/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sidwatch {
namespace {

constexpr size_t kGap = 2;

std::string Padding(size_t columns) { return std::string(columns, ' '); }

}  // namespace

Table::Table(std::vector<std::string> header, OutputStyle style)
    : style_(style), widths_(header.size(), 0) {
  for (std::string& name : header) {
    header_.emplace_back(std::move(name), Colour::kDim);
  }
}

void Table::Add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = Printable(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::TakeLines() {
  if (rows_.empty()) return "";
  if (!header_shown_) rows_.insert(rows_.begin(), header_);
  header_shown_ = true;
  for (const std::vector<Cell>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths_[i] = std::max(widths_[i], DisplayWidth(row[i].text));
    }
  }
  std::string lines;
  for (const std::vector<Cell>& row : rows_) {
    absl::StrAppend(&lines, Line(row), "\n");
  }
  rows_.clear();
  return lines;
}

std::string Table::Line(const std::vector<Cell>& row) const {
  std::string line;
  size_t column = 0;
  size_t owed = 0;  // spaces that only a further cell makes visible
  for (size_t i = 0; i < row.size(); ++i) {
    std::string text = row[i].text;
    const bool last = i + 1 == row.size();
    if (last && style_.width > 0) {
      const size_t room = style_.width > column ? style_.width - column : 1;
      text = Shortened(text, room);
    }
    const size_t width = DisplayWidth(text);
    if (width > 0) {
      absl::StrAppend(&line, Padding(owed),
                      Coloured(text, row[i].colour, style_));
      owed = 0;
    }
    owed += widths_[i] - std::min(widths_[i], width) + kGap;
    column += widths_[i] + kGap;
  }
  return line;
}

std::string FormatCard(const std::vector<std::pair<std::string, Cell>>& lines,
                       const OutputStyle& style) {
  size_t width = 0;
  for (const auto& [name, cell] : lines) {
    if (!cell.text.empty()) width = std::max(width, DisplayWidth(name));
  }
  std::string card;
  for (const auto& [name, cell] : lines) {
    if (cell.text.empty()) continue;
    absl::StrAppend(&card, Coloured(name, Colour::kDim, style),
                    Padding(width - DisplayWidth(name) + kGap),
                    Coloured(Printable(cell.text), cell.colour, style), "\n");
  }
  return card;
}

}  // namespace sidwatch
