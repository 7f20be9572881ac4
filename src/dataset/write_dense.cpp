#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/dense_layout.hpp"
#include "dataset/index_layout.hpp"
#include "dataset/pools.hpp"
#include "dataset/side_table.hpp"

namespace pitot::dataset {
namespace {

constexpr std::int64_t kMostCells = std::int64_t{1} << 31;

Result<std::vector<double>> matrix_of(const Dataset& dataset) {
    const std::int64_t platforms = dataset.platforms.size();
    const std::int64_t modules = dataset.modules.size();
    if (modules > 0 && platforms > kMostCells / modules) {
        return fail(ErrorCode::kInput, fmt::format("{} platforms × {} modules are too many for a matrix; use the index "
                                                   "layout",
                                                   platforms, modules));
    }
    std::vector<double> matrix(static_cast<std::size_t>(platforms * modules), 0.0);
    const ObservationView alone = dataset.pool(kAlone);
    for (std::size_t row = 0; row < alone.runtime_us.size(); ++row) {
        const auto i = static_cast<std::size_t>(alone.platform[row]);
        const auto j = static_cast<std::size_t>(alone.module[row]);
        double& cell = matrix[i * static_cast<std::size_t>(modules) + j];
        if (cell != 0) {
            return fail(
                ErrorCode::kInput,
                fmt::format("'{}' was measured more than once alone on '{}' and the dense layout holds one "
                            "runtime a pair; use the index layout",
                            core::printable(dataset.modules.names[j]), core::printable(dataset.platforms.names[i])));
        }
        cell = alone.runtime_us[row];
    }
    return matrix;
}

// N of "opN" in the form the reader gives it.
std::optional<std::int64_t> opcode_number(std::string_view name) {
    if (!name.starts_with("op")) {
        return std::nullopt;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data() + 2, name.data() + name.size(), number);
    const bool whole = error == std::errc() && end == name.data() + name.size();
    return whole && name == fmt::format("op{}", number) ? std::optional(number) : std::nullopt;
}

void add_together(formats::NpzWriter& npz, const ObservationView& rows) {
    const std::array shape = {rows.size(), std::int64_t{rows.width}};
    npz.add("if_platform", rows.platform);
    npz.add("if_module", rows.module);
    npz.add("if_interferer", rows.co_runner, std::span<const std::int64_t>(shape));
    npz.add("if_data", rows.runtime_us);
}

}  // namespace

void add_counts(formats::NpzWriter& npz, const std::string& array, std::span<const double> values,
                std::int64_t columns) {
    constexpr double most_exact = 9007199254740992.0;  // 2^53
    const std::array shape = {columns == 0 ? 0 : std::ssize(values) / columns, columns};
    const bool whole =
        std::ranges::all_of(values, [](double value) { return std::trunc(value) == value && value <= most_exact; });
    if (whole) {
        std::vector<std::int64_t> counts(values.size());
        std::ranges::transform(values, counts.begin(), [](double value) { return static_cast<std::int64_t>(value); });
        npz.add(array, std::span<const std::int64_t>(counts), std::span<const std::int64_t>(shape));
    } else {
        npz.add(array, values, std::span<const std::int64_t>(shape));
    }
}

void add_opcode_names(formats::NpzWriter& npz, const std::string& array, const std::vector<std::string>& names) {
    std::vector<std::int64_t> numbers;
    for (const std::string& name : names) {
        const auto number = opcode_number(name);
        if (!number) {
            npz.add_strings(array, names);
            return;
        }
        numbers.push_back(*number);
    }
    npz.add(array, std::span<const std::int64_t>(numbers));
}

Result<std::vector<double>> opcode_counts(const Side& modules) {
    std::vector<double> counts;
    const auto columns = static_cast<std::size_t>(modules.features.cols());
    for (const double feature : modules.features.flat()) {
        const double count = opcode_count(feature);
        if (!std::isfinite(count) || count < 0) {
            const std::size_t at = counts.size();
            return fail(ErrorCode::kInput,
                        fmt::format("feature '{}' of module '{}' ({}) is not ln(1 + an opcode count), and the dense "
                                    "layout holds counts; use the index layout",
                                    core::printable(modules.feature_names[at % columns]),
                                    core::printable(modules.names[at / columns]), feature));
        }
        counts.push_back(count);
    }
    return counts;
}

Result<formats::NpzWriter> dense_archive(const Dataset& dataset) {
    PITOT_TRY(const auto matrix, matrix_of(dataset));
    formats::NpzWriter npz;
    npz.add(kDatasetSchemaArray, std::span<const std::int64_t>(&kDatasetSchema, 1), {});
    const std::array shape = {dataset.platforms.size(), dataset.modules.size()};
    npz.add("data", std::span<const double>(matrix), std::span<const std::int64_t>(shape));
    npz.add_strings("platform", dataset.platforms.names);
    npz.add_strings("module", dataset.modules.names);
    if (const Side& side = dataset.platforms; !side.feature_names.empty()) {
        const std::array table = {side.features.rows(), side.features.cols()};
        npz.add("platform_data", side.features.flat(), std::span<const std::int64_t>(table));
        npz.add_strings("platform_features", side.feature_names);
    }
    if (!dataset.modules.feature_names.empty()) {
        PITOT_TRY(const auto counts, opcode_counts(dataset.modules));
        add_counts(npz, "module_data", counts, dataset.modules.features.cols());
        add_opcode_names(npz, "module_features", dataset.modules.feature_names);
    }
    if (dataset.rows_beside_others() > 0) {
        add_together(npz, beside_others(dataset));
    }
    return npz;
}

Result<void> write_dense_layout(const Dataset& dataset, const std::filesystem::path& file) {
    const auto npz = dense_archive(dataset);
    return npz ? npz->write(file) : fail(npz.error(), fmt::format("cannot write '{}'", file.string()));
}

}  // namespace pitot::dataset
