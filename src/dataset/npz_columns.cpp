#include "dataset/npz_columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/utf8.hpp"

namespace pitot::dataset {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
    return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

Failure misshaped(const formats::NpzReader& npz, std::string_view name, const formats::ArrayInfo& info,
                  const std::string& wanted) {
    return fail(ErrorCode::kInput, fmt::format("{} has shape {} where {} is needed; correct it", array_place(npz, name),
                                               shape_text(info.shape), wanted));
}

std::string or_n(std::optional<std::int64_t> length) { return length ? fmt::format("{}", *length) : "n"; }

// Names of features: texts, or the numbers of opcodes.
Result<std::vector<std::string>> read_feature_names(const formats::NpzReader& npz, const std::string& name) {
    PITOT_TRY(const auto info, npz.info(name));
    if (info.kind == 'U' || info.kind == 'S') {
        return read_names(npz, name);
    }
    const bool flat = info.shape.size() == 1 || (info.shape.size() == 2 && info.shape[0] == 1);
    if (!flat) {
        return misshaped(npz, name, info, "(n,) or (1, n)");
    }
    PITOT_TRY(const auto numbers, npz.values<std::int64_t>(name));
    std::vector<std::string> names;
    names.reserve(numbers.size());
    for (const std::int64_t number : numbers) {
        names.push_back(fmt::format("op{}", number));
    }
    auto checked = check_names(names, array_place(npz, name));
    return checked ? Result<std::vector<std::string>>(std::move(names)) : Failure(checked.error());
}

// Gives every column a name.
Result<void> complete_feature_names(const formats::NpzReader& npz, const SideArrays& arrays, std::int64_t cols,
                                    std::vector<std::string>& names, std::vector<std::string>& problems) {
    const auto given = static_cast<std::int64_t>(names.size());
    if (given > cols) {
        return fail(ErrorCode::kInput,
                    fmt::format("{} names {} features, but array '{}' has {} columns; correct one of them",
                                array_place(npz, arrays.feature_names), given, arrays.features, cols));
    }
    if (given < cols) {
        problems.push_back(
            fmt::format("{} names {} of the {} columns of '{}'; the others are called 'feature{}' and so on",
                        array_place(npz, arrays.feature_names), given, cols, arrays.features, given));
    }
    for (std::int64_t j = given; j < cols; ++j) {
        names.push_back(fmt::format("feature{}", j));
    }
    return check_names(names, array_place(npz, arrays.feature_names));
}

Result<void> fill_features(const formats::NpzReader& npz, const SideArrays& arrays, const std::vector<double>& values,
                           Side& side) {
    const std::size_t cols = side.feature_names.size();
    for (std::size_t k = 0; k < values.size(); ++k) {
        const double value = values[k];
        const bool negative_count = arrays.counts && value < 0;
        if (!std::isfinite(value) || negative_count) {
            const std::size_t i = k / cols;
            const std::size_t j = k % cols;
            return fail(
                ErrorCode::kInput,
                fmt::format("{}, row {} ('{}'), column {} ('{}') is {}; {}", array_place(npz, arrays.features), i,
                            core::printable(side.names[i]), j, core::printable(side.feature_names[j]), value,
                            negative_count ? "counts must not be negative" : "features must be finite numbers"));
        }
        side.features.flat()[k] = arrays.counts ? std::log1p(value) : value;
    }
    return {};
}

}  // namespace

std::string array_place(const formats::NpzReader& npz, std::string_view name) {
    return fmt::format("{}: array '{}'", npz.file().string(), name);
}

template <typename T>
Result<Column<T>> read_column(const formats::NpzReader& npz, std::string_view name, std::optional<std::int64_t> rows) {
    PITOT_TRY(const auto info, npz.info(name));
    if (info.shape.size() != 1 || (rows && info.shape[0] != *rows)) {
        return misshaped(npz, name, info, fmt::format("({},)", or_n(rows)));
    }
    return npz.column<T>(name);
}

template <typename T>
Result<Table<T>> read_table(const formats::NpzReader& npz, std::string_view name, std::int64_t rows,
                            std::optional<std::int64_t> cols) {
    PITOT_TRY(const auto info, npz.info(name));
    if (info.shape.size() != 2 || info.shape[0] != rows || (cols && info.shape[1] != *cols)) {
        return misshaped(npz, name, info, fmt::format("({}, {})", rows, or_n(cols)));
    }
    PITOT_TRY(auto values, npz.values<T>(name));
    return Table<T>{info.shape[1], std::move(values)};
}

Result<std::vector<std::string>> read_names(const formats::NpzReader& npz, std::string_view name) {
    PITOT_TRY(const auto info, npz.info(name));
    if (info.shape.size() != 1 && !(info.shape.size() == 2 && info.shape[0] == 1)) {
        return misshaped(npz, name, info, "(n,)");
    }
    auto names = npz.strings(name);
    if (!names) {
        return names;
    }
    auto checked = check_names(*names, array_place(npz, name));
    return checked ? std::move(names) : Failure(std::move(checked).error());
}

Result<Side> read_side(const formats::NpzReader& npz, const SideArrays& arrays, std::vector<std::string>& problems) {
    auto names = read_names(npz, arrays.names);
    if (!names) {
        return Failure(std::move(names).error());
    }
    Side side;
    side.names = *std::move(names);
    if (side.names.empty()) {
        return fail(ErrorCode::kInput, fmt::format("{} is empty; give at least one {}", array_place(npz, arrays.names),
                                                   word(arrays.axis)));
    }
    if (!npz.contains(arrays.features)) {
        return side;
    }
    PITOT_TRY(const auto table, read_table<double>(npz, arrays.features, side.size()));
    if (npz.contains(arrays.feature_names)) {
        PITOT_TRY(auto feature_names, read_feature_names(npz, arrays.feature_names));
        side.feature_names = std::move(feature_names);
    }
    if (auto done = complete_feature_names(npz, arrays, table.cols, side.feature_names, problems); !done) {
        return Failure(std::move(done).error());
    }
    side.features = Matrix<double>(side.size(), table.cols);
    if (auto filled = fill_features(npz, arrays, table.values, side); !filled) {
        return Failure(std::move(filled).error());
    }
    return side;
}

template Result<Column<double>> read_column(const formats::NpzReader&, std::string_view, std::optional<std::int64_t>);
template Result<Column<std::int32_t>> read_column(const formats::NpzReader&, std::string_view,
                                                  std::optional<std::int64_t>);
template Result<Column<std::uint8_t>> read_column(const formats::NpzReader&, std::string_view,
                                                  std::optional<std::int64_t>);
template Result<Table<double>> read_table(const formats::NpzReader&, std::string_view, std::int64_t,
                                          std::optional<std::int64_t>);
template Result<Table<std::int32_t>> read_table(const formats::NpzReader&, std::string_view, std::int64_t,
                                                std::optional<std::int64_t>);

}  // namespace pitot::dataset
