// Cells that hold runtimes: their unit and decimal mark, and what is wrong with them.
#pragma once

#include <optional>
#include <string>

#include "dataset/source.hpp"
#include "formats/quantity.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

/// The unit that a row or a column of a matrix says, if it does, and the column that says it.
struct RowUnit {
    std::optional<formats::TimeUnit> unit;
    std::string column;
};

/// The cells of one table.
class RuntimeCells {
public:
    /// `file` begins messages; `options`: unit, decimal mark and whether the unit may be unknown. The mark is that of
    /// delimited texts: what JSON lists has points.
    RuntimeCells(std::string file, const ReadOptions& options, bool listed);

    /// The decimal mark, from what all cells tell. kInput error where it is not clear.
    [[nodiscard]] Result<void> choose_mark(const formats::MarkSurvey& survey, char delimiter, RowSink& sink);
    /// The unit of cells that have none of their own. kUsage error if the header and the options contradict.
    [[nodiscard]] Result<void> choose_unit(const std::optional<formats::TimeUnit>& of_header);

    /// Why a cell is no runtime, or "" and the runtime. `near`: what its row or its column says of the unit.
    [[nodiscard]] std::string problem(const std::string& cell, const std::string& column, const RowUnit& near,
                                      double& runtime_us);

    /// Some row says a unit, if one that is none.
    void see_unit() { some_unit_ = true; }

    /// What all cells together tell: kInput error if nothing said their unit.
    [[nodiscard]] Result<void> finish(RowSink& sink) const;

private:
    std::string file_;
    std::string given_unit_;
    bool allow_unknown_unit_;
    formats::DecimalMark mark_;
    std::optional<formats::TimeUnit> unit_;  // nothing = cells must have one
    bool unit_said_ = false;                 // by the header or by the options
    bool unit_of_header_ = false;            // by the header
    bool no_unit_ = false;                   // some cell had none that is known
    bool some_unit_ = false;                 // some cell had one of its own, or its row
    bool assumed_unit_ = false;              // some cell was taken for microseconds without a word
};

}  // namespace pitot::dataset
