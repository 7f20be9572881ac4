#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "data/csv_file.hpp"
#include "data/index_layout.hpp"
#include "data/npz.hpp"
#include "data/side_table.hpp"
#include "data/source.hpp"
#include "data/utf8.hpp"
#include "pitot/dataset.hpp"

namespace pitot {
namespace {

Failure unwritable(const std::filesystem::path& file, const std::string& why) {
    return fail(ErrorCode::kInput, fmt::format("cannot write '{}': {}", file.string(), why));
}

void add_side(NpzWriter& npz, const Side& side, const std::string& axis) {
    npz.add_strings("n_" + axis, side.names);
    if (!side.feature_names.empty()) {
        npz.add_strings("f_" + axis, side.feature_names);
        const std::array shape = {side.features.rows(), side.features.cols()};
        npz.add("d_" + axis, side.features.flat(), std::span<const std::int64_t>(shape));
    }
}

// Rows alone, then rows with co-runners.
template <typename T>
std::vector<T> joined(const std::vector<T>& alone, const std::vector<T>& together) {
    std::vector<T> all;
    all.reserve(alone.size() + together.size());
    all.insert(all.end(), alone.begin(), alone.end());
    all.insert(all.end(), together.begin(), together.end());
    return all;
}

template <typename T>
void add_column(NpzWriter& npz, const std::string& name, const std::vector<T>& values) {
    npz.add(name, std::span<const T>(values));
}

Result<void> write_index_layout(const Dataset& dataset, const std::filesystem::path& file) {
    const ObservationTable& alone = dataset.alone;
    const ObservationTable& together = dataset.together;
    NpzWriter npz;
    npz.add(kDatasetSchemaArray, std::span<const std::int64_t>(&kDatasetSchema, 1), {});
    add_column(npz, "t", joined(alone.runtime_us, together.runtime_us));
    add_column(npz, "i_platform", joined(alone.platform, together.platform));
    add_column(npz, "i_workload", joined(alone.module, together.module));
    const auto width = static_cast<std::size_t>(together.width);
    for (std::size_t k = 0; k < width; ++k) {
        std::vector<std::int32_t> column(alone.runtime_us.size(), -1);
        for (std::size_t i = 0; i < together.runtime_us.size(); ++i) {
            column.push_back(together.co_runner[i * width + k]);
        }
        add_column(npz, co_runner_array(static_cast<std::int32_t>(k)), column);
    }
    if (!alone.runtime_us.empty() && !together.runtime_us.empty()) {
        std::vector<std::uint8_t> objective(alone.runtime_us.size(), 0);
        objective.resize(objective.size() + together.runtime_us.size(), 1);
        add_column(npz, kObjectiveArray, objective);
        npz.add_strings("n_objective", std::vector<std::string>{"mf", "if"});
    }
    add_side(npz, dataset.platforms, "platform");
    add_side(npz, dataset.modules, "workload");
    return npz.write(file);
}

Result<void> write_rows(const Dataset& dataset, const std::filesystem::path& file) {
    const auto& platforms = dataset.platforms.names;
    const auto& modules = dataset.modules.names;
    const auto at = [](std::int32_t index) { return static_cast<std::size_t>(index); };
    const auto width = static_cast<std::size_t>(dataset.together.width);
    return write_csv_file(file, [&](CsvFile& out) -> Result<void> {
        for (const char* column : {"platform", "module", "runtime_us"}) {
            out.put(column);
        }
        for (std::size_t k = 1; k <= width; ++k) {
            out.put(fmt::format("with{}", k));
        }
        out.end_record();
        for (std::size_t i = 0; i < dataset.alone.runtime_us.size(); ++i) {
            out.put(platforms[at(dataset.alone.platform[i])]);
            out.put(modules[at(dataset.alone.module[i])]);
            out.put(dataset.alone.runtime_us[i]);
            for (std::size_t k = 0; k < width; ++k) {
                out.put("");
            }
            out.end_record();
        }
        const ObservationTable& together = dataset.together;
        for (std::size_t i = 0; i < together.runtime_us.size(); ++i) {
            out.put(platforms[at(together.platform[i])]);
            out.put(modules[at(together.module[i])]);
            out.put(together.runtime_us[i]);
            for (std::size_t k = 0; k < width; ++k) {
                const std::int32_t co_runner = together.co_runner[i * width + k];
                out.put(co_runner < 0 ? "-" : std::string_view(modules[at(co_runner)]));
            }
            out.end_record();
        }
        return {};
    });
}

// The tables go first: beside rows of an older dataset they would do no harm, rows without tables would lose features.
Result<void> write_long_form(const Dataset& dataset, const std::filesystem::path& file) {
    const bool dash = std::ranges::find(dataset.modules.names, "-") != dataset.modules.names.end();
    if (dash && !dataset.together.runtime_us.empty()) {
        return unwritable(file,
                          "a module is called '-', which stands for 'no co-runner' in CSV; rename it or write .npz");
    }
    if (auto written = write_side_table(dataset.platforms, Axis::kPlatform, sibling_table(file, Axis::kPlatform));
        !written) {
        return written;
    }
    if (auto written = write_side_table(dataset.modules, Axis::kModule, sibling_table(file, Axis::kModule)); !written) {
        return written;
    }
    return write_rows(dataset, file);
}

Result<void> check(const Dataset& dataset, const std::filesystem::path& file) {
    for (const auto* names : {&dataset.platforms.names, &dataset.platforms.feature_names, &dataset.modules.names,
                              &dataset.modules.feature_names}) {
        if (auto checked = check_names(*names, fmt::format("cannot write '{}'", file.string())); !checked) {
            return checked;
        }
    }
    return {};
}

}  // namespace

Result<void> write_dataset(const Dataset& dataset, const std::filesystem::path& file) {
    if (auto checked = check(dataset, file); !checked) {
        return checked;
    }
    if (file.extension() == ".npz") {
        return write_index_layout(dataset, file);
    }
    if (file.extension() == ".csv") {
        return write_long_form(dataset, file);
    }
    return fail(
        ErrorCode::kUsage,
        fmt::format("cannot write '{}': the name says neither .npz nor .csv; let it end in one", file.string()));
}

}  // namespace pitot
