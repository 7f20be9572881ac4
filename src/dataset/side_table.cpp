#include "dataset/side_table.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/suggest.hpp"
#include "core/utf8.hpp"
#include "formats/csv_file.hpp"

namespace pitot::dataset {
namespace {

// Rows of a table as they come.
class TableReader {
public:
    TableReader(std::string file, Axis axis) : file_(std::move(file)), axis_(axis) {}

    [[nodiscard]] Result<void> take(std::int64_t line, std::span<const std::string> fields) {
        if (columns_ == 0) {
            return take_header(line, fields);
        }
        if (fields.size() != columns_) {
            return fault(
                line, fmt::format("has {} fields where the header has {}; give one a column", fields.size(), columns_));
        }
        side_.names.push_back(fields[0]);
        for (std::size_t i = 1; i < columns_; ++i) {
            const auto value = formats::parse_number(fields[i]);
            const std::string& feature = side_.feature_names[i - 1];
            if (!value || !std::isfinite(*value)) {
                return fault(line, fmt::format("column '{}' holds '{}'; features must be finite numbers",
                                               core::printable(feature), core::printable(fields[i])));
            }
            if (axis_ == Axis::kModule && *value < 0) {
                return fault(line, fmt::format("column '{}' holds {}; opcode counts must not be negative",
                                               core::printable(feature), *value));
            }
            values_.push_back(axis_ == Axis::kModule ? std::log1p(*value) : *value);
        }
        return {};
    }

    [[nodiscard]] Result<Side> finish() {
        if (side_.names.empty()) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}: the table is empty; give a header (name, then features) and "
                                    "one row a {}",
                                    file_, word(axis_)));
        }
        if (auto checked = check_names(side_.names, fmt::format("{}: column 'name'", file_)); !checked) {
            return Failure(checked.error());
        }
        side_.features = Matrix<double>(side_.size(), static_cast<std::int64_t>(columns_ - 1));
        std::ranges::copy(values_, side_.features.flat().begin());
        return std::move(side_);
    }

private:
    [[nodiscard]] Failure fault(std::int64_t line, std::string_view what) const {
        return fail(ErrorCode::kInput, fmt::format("{}: line {}: {}", file_, line, what));
    }

    [[nodiscard]] Result<void> take_header(std::int64_t line, std::span<const std::string> fields) {
        if (fields[0] != "name") {
            return fault(line,
                         fmt::format("the first column is '{}'; a table of {} features has the columns 'name', then "
                                     "one a feature",
                                     core::printable(fields[0]), word(axis_)));
        }
        columns_ = fields.size();
        side_.feature_names.assign(fields.begin() + 1, fields.end());
        return check_names(side_.feature_names, fmt::format("{}: header", file_));
    }

    std::string file_;
    Axis axis_;
    std::size_t columns_ = 0;
    Side side_;
    std::vector<double> values_;
};

}  // namespace

double opcode_count(double feature) {
    const double count = std::expm1(feature);
    const double whole = std::round(count);
    return std::abs(count - whole) <= 1e-6 * whole ? whole : count;
}

const char* word(Axis axis) { return axis == Axis::kPlatform ? "platform" : "module"; }

std::string near_names(std::string_view unknown, std::span<const std::string> known) {
    const std::string text = core::suggestion(unknown, known);  // "; did you mean …?"
    return text.empty() ? text : fmt::format(" ({})", text.substr(2));
}

Result<void> check_names(const std::vector<std::string>& names, const std::string& where) {
    std::unordered_map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (const char* fault = core::name_fault(names[i]); fault != nullptr) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}: name {} (counted from 0) {}; give it a name", where, i, fault));
        }
        if (const auto [first, is_new] = seen.emplace(names[i], i); !is_new) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}: names {} and {} (counted from 0) are both '{}'; names must not "
                                    "repeat, rename one",
                                    where, first->second, i, core::printable(names[i])));
        }
    }
    return {};
}

Result<Side> read_side_table(const formats::CsvInput& input, Axis axis) {
    TableReader table(input.file.string(), axis);
    auto read = formats::read_csv(
        input, [&](std::int64_t line, std::span<const std::string> fields) { return table.take(line, fields); });
    return read ? table.finish() : Failure(std::move(read).error());
}

Result<core::NewFile> make_side_table(const Side& side, Axis axis, const std::filesystem::path& file) {
    return formats::make_csv_file(file, [&](formats::CsvFile& out) -> Result<void> {
        out.put("name");
        for (const std::string& feature : side.feature_names) {
            out.put(feature);
        }
        out.end_record();
        for (std::int64_t i = 0; i < side.size(); ++i) {
            out.put(side.names[static_cast<std::size_t>(i)]);
            for (std::size_t j = 0; j < side.feature_names.size(); ++j) {
                const double feature = side.features(i, static_cast<std::int64_t>(j));
                const double value = axis == Axis::kModule ? opcode_count(feature) : feature;
                if (!std::isfinite(value) || (axis == Axis::kModule && value < 0)) {
                    return fail(
                        ErrorCode::kInput,
                        fmt::format("cannot write '{}': feature '{}' of module '{}' ({}) is not ln(1 + an opcode "
                                    "count); write .npz instead",
                                    file.string(), core::printable(side.feature_names[j]),
                                    core::printable(side.names[static_cast<std::size_t>(i)]), feature));
                }
                out.put(value);
            }
            out.end_record();
        }
        return {};
    });
}

}  // namespace pitot::dataset
