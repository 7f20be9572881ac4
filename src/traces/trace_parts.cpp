#include "traces/trace_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/utf8.hpp"
#include "dataset/dense_layout.hpp"
#include "dataset/index_layout.hpp"
#include "dataset/npz_columns.hpp"
#include "dataset/side_archive.hpp"
#include "formats/npz.hpp"

namespace pitot::traces {
namespace {

dataset::ArchiveArrays arrays_of(dataset::Axis axis, Release release) {
    return release == Release::k2025 ? dataset::side_arrays_2025() : dataset::side_arrays_2023(axis);
}

formats::NpzWriter begin_part() {
    formats::NpzWriter npz;
    npz.add(dataset::kDatasetSchemaArray, std::span<const std::int64_t>(&dataset::kDatasetSchema, 1), {});
    return npz;
}

Result<Side> read_part(const std::filesystem::path& file, dataset::Axis axis) {
    PITOT_TRY(const auto npz, formats::NpzReader::open(file));
    std::vector<std::string> problems;
    return dataset::read_side_archive(npz, axis, problems);
}

}  // namespace

Result<void> write_matrix(const Dataset& dataset, const std::filesystem::path& file) {
    for (const auto* names : {&dataset.platforms.names, &dataset.modules.names}) {
        if (auto checked = dataset::check_names(*names, fmt::format("cannot write '{}'", file.string())); !checked) {
            return checked;
        }
    }
    return dataset::write_dense_layout(dataset, file);
}

Result<void> write_opcodes(const Side& modules, const std::filesystem::path& file, Release release) {
    const dataset::ArchiveArrays arrays = arrays_of(dataset::Axis::kModule, release);
    formats::NpzWriter npz = begin_part();
    if (release == Release::k2023) {
        const auto counts = dataset::opcode_counts(modules);
        if (!counts) {
            return fail(counts.error(), fmt::format("cannot write '{}'", file.string()));
        }
        dataset::add_counts(npz, "data", *counts, modules.features.cols());
    } else {
        const std::array shape = {modules.features.rows(), modules.features.cols()};
        npz.add("data", modules.features.flat(), std::span<const std::int64_t>(shape));
    }
    npz.add_strings(arrays.names, modules.names);
    dataset::add_opcode_names(npz, arrays.features, modules.feature_names);
    return npz.write(file);
}

Result<void> write_platforms(const Side& platforms, const std::filesystem::path& file, Release release) {
    const dataset::ArchiveArrays arrays = arrays_of(dataset::Axis::kPlatform, release);
    formats::NpzWriter npz = begin_part();
    const std::array shape = {platforms.features.rows(), platforms.features.cols()};
    npz.add("data", platforms.features.flat(), std::span<const std::int64_t>(shape));
    npz.add_strings(arrays.names, platforms.names);
    npz.add_strings(arrays.features, platforms.feature_names);
    return npz.write(file);
}

Result<Side> read_opcodes(const std::filesystem::path& file) { return read_part(file, dataset::Axis::kModule); }
Result<Side> read_platforms(const std::filesystem::path& file) { return read_part(file, dataset::Axis::kPlatform); }

Side kept_in_dataset(const Side& modules) {
    std::vector<std::int64_t> kept;
    for (std::int64_t column = 0; column < modules.features.cols(); ++column) {
        bool varies = !modules.feature_names[static_cast<std::size_t>(column)].starts_with('x');
        for (std::int64_t row = 1; row < modules.size(); ++row) {
            varies = varies || modules.features(row, column) != modules.features(0, column);
        }
        if (varies) {
            kept.push_back(column);
        }
    }
    Side side{modules.names, {}, Matrix<double>(modules.size(), std::ssize(kept))};
    for (std::int64_t j = 0; j < std::ssize(kept); ++j) {
        const std::int64_t column = kept[static_cast<std::size_t>(j)];
        side.feature_names.push_back(modules.feature_names[static_cast<std::size_t>(column)]);
        for (std::int64_t row = 0; row < modules.size(); ++row) {
            side.features(row, j) = modules.features(row, column);
        }
    }
    return side;
}

Result<Side> select_rows(const std::vector<std::string>& names, const Side& table, dataset::Axis axis,
                         const std::filesystem::path& file) {
    std::map<std::string_view, std::int64_t> rows;
    for (const std::string& name : table.names) {
        rows.emplace(name, std::ssize(rows));
    }
    Side side;
    side.names = names;
    side.feature_names = table.feature_names;
    side.features = Matrix<double>(side.size(), table.features.cols());
    for (std::int64_t i = 0; i < side.size(); ++i) {
        const std::string& name = names[static_cast<std::size_t>(i)];
        const auto row = rows.find(name);
        if (row == rows.end()) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}: {} '{}' of the matrix has no row{}; make the file anew from the same traces",
                                    file.string(), dataset::word(axis), core::printable(name),
                                    dataset::near_names(name, table.names)));
        }
        std::ranges::copy(table.features.view().row(row->second), side.features.view().row(i).begin());
    }
    return side;
}

}  // namespace pitot::traces
