#include "dataset/runtime_cells.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/utf8.hpp"
#include "pitot/remedy.hpp"

namespace pitot::dataset {

RuntimeCells::RuntimeCells(std::string file, const ReadOptions& options, bool listed)
    : file_(std::move(file)),
      given_unit_(options.unit),
      allow_unknown_unit_(options.allow_unknown_unit),
      mark_(options.decimal_mark == ',' && !listed ? formats::DecimalMark::kComma : formats::DecimalMark::kPoint) {}

Result<void> RuntimeCells::choose_mark(const formats::MarkSurvey& survey, char delimiter, RowSink& sink) {
    bool assumed = false;
    const auto mark = formats::decimal_mark_of(survey, delimiter, assumed);
    if (!mark && survey.point > 0 && survey.comma > 0) {
        return fail(
            ErrorCode::kInput,
            fmt::format("{}: some runtimes have a point before their fractions and some a comma, as in '{}' and '{}'; "
                        "correct them, or say which it is",
                        file_, core::printable(survey.point_example), core::printable(survey.comma_example)),
            Remedy::kDecimalMark);
    }
    if (!mark) {
        return fail(
            ErrorCode::kInput,
            fmt::format("{}: it is not clear whether a point or a comma marks the fractions of its runtimes, as in "
                        "'{}'; say which",
                        file_, core::printable(survey.example)),
            Remedy::kDecimalMark);
    }
    mark_ = *mark;
    if (assumed) {
        sink.note(fmt::format("{}: runtimes such as '{}' are read as {}: {}", file_, core::printable(survey.example),
                              formats::number_of(formats::parse_quantity(survey.example, mark_)->digits),
                              mark_ == formats::DecimalMark::kPoint
                                  ? "commas group thousands there, as the delimiter is one"
                                  : "commas mark fractions where semicolons delimit"));
    }
    return {};
}

Result<void> RuntimeCells::choose_unit(const std::optional<formats::TimeUnit>& of_header) {
    std::optional<formats::TimeUnit> given;
    if (!given_unit_.empty()) {
        given = formats::find_time_unit(given_unit_);
        if (!given) {
            return fail(ErrorCode::kUsage,
                        fmt::format("'{}' is no unit of time; give ns, us, ms, s, min or h", given_unit_));
        }
    }
    if (given && of_header && !(*given == *of_header)) {
        return fail(
            ErrorCode::kUsage,
            fmt::format("{}: its header says that runtimes are in {}, but {} was given as their unit; leave the "
                        "unit out, or correct the header",
                        file_, of_header->name, given->name));
    }
    unit_ = of_header ? of_header : given;
    unit_said_ = unit_.has_value();
    unit_of_header_ = of_header.has_value();
    if (!unit_ && allow_unknown_unit_) {
        unit_ = formats::TimeUnit{};
    }
    return {};
}

std::string RuntimeCells::problem(const std::string& cell, const std::string& column, const RowUnit& near,
                                  double& runtime_us) {
    const std::string_view text = formats::trimmed(cell);
    if (text.empty()) {
        return fmt::format("column '{}' is empty", column);
    }
    const auto quantity = formats::parse_quantity(text, mark_);
    if (!quantity) {
        return fmt::format("column '{}' holds '{}', which is {}", column, core::printable(text),
                           text.ends_with('%') ? "a percentage and no runtime" : "not a number");
    }
    if (near.unit && unit_said_ && !(*near.unit == *unit_)) {
        return fmt::format("column '{}' holds '{}', of which column '{}' says {}, but {}", column,
                           core::printable(text), core::printable(near.column), near.unit->name,
                           unit_of_header_ ? fmt::format("the header says {}", unit_->name)
                                           : fmt::format("{} was given as the unit", unit_->name));
    }
    const std::optional<formats::TimeUnit>& unit = near.unit ? near.unit : unit_;
    if (quantity->unit && unit && (near.unit || unit_said_) && !(*quantity->unit == *unit)) {
        return fmt::format("column '{}' holds '{}', but its runtimes are said to be in {}", column,
                           core::printable(text), unit->name);
    }
    if (!quantity->unit && !unit) {
        no_unit_ = true;
        return fmt::format("column '{}' holds '{}', whose unit is not said", column, core::printable(text));
    }
    some_unit_ = some_unit_ || quantity->unit || near.unit;
    assumed_unit_ = assumed_unit_ || (!quantity->unit && !near.unit && !unit_said_);
    runtime_us = formats::microseconds_of(*quantity, unit.value_or(formats::TimeUnit{}));
    const char* fault = runtime_fault(runtime_us);
    return fault == nullptr ? std::string()
                            : fmt::format("column '{}' {} ('{}')", column, fault, core::printable(text));
}

Result<void> RuntimeCells::finish(RowSink& sink) const {
    if (no_unit_ && !some_unit_) {
        return fail(
            ErrorCode::kInput,
            fmt::format("{}: nothing says which unit its runtimes are in; give the unit, or name it in the header, "
                        "as in 'runtime_ms'",
                        file_),
            Remedy::kUnit);
    }
    if (assumed_unit_) {
        sink.note(
            fmt::format("{}: nothing says which unit its runtimes are in: they are shown as if they were "
                        "microseconds; give the unit, or name it in the header, as in 'runtime_ms'",
                        file_));
    }
    return {};
}

}  // namespace pitot::dataset
