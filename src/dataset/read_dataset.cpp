#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <new>
#include <utility>

#include "core/border.hpp"
#include "core/utf8.hpp"
#include "dataset/index_layout.hpp"
#include "dataset/source.hpp"
#include "pitot/dataset.hpp"

namespace pitot::dataset {
namespace {

constexpr std::size_t kMostListed = 12;  // names in a message

Result<std::unique_ptr<Source>> open_source(const std::filesystem::path& file) {
    if (file.extension() == ".csv") {
        return csv_source({file, std::nullopt});
    }
    PITOT_TRY(auto npz, formats::NpzReader::open(file));
    return npz_source(std::move(npz));
}

Result<void> load_table(const std::filesystem::path& file, SideJoin& join, Dataset& dataset) {
    if (file.empty()) {
        return {};
    }
    auto table = read_side_table({file, std::nullopt}, join.axis());
    if (!table) {
        return Failure(std::move(table).error());
    }
    join.set_table(file.string(), *std::move(table));
    dataset.sources.push_back(file.string());
    return {};
}

using RowMap = std::optional<std::vector<std::int32_t>>;

struct RowMaps {
    RowMap platforms;
    RowMap modules;
    bool rows_have_names = false;
};

Result<RowMap> join_side(const std::string& file, std::optional<Side> side, SideJoin& join) {
    if (!side) {
        return RowMap();
    }
    auto map = join.add(file, *std::move(side));
    return map ? Result<RowMap>(*std::move(map)) : Failure(std::move(map).error());
}

Result<RowMaps> join_sides(Source& source, SideJoin& platforms, SideJoin& modules, Dataset& dataset) {
    PITOT_TRY(auto sides, source.sides());
    std::ranges::move(sides.problems, std::back_inserter(dataset.problems));
    dataset.sources.push_back(source.file());
    std::ranges::move(sides.files, std::back_inserter(dataset.sources));
    PITOT_TRY(auto platform_map, join_side(source.file(), std::move(sides.platforms), platforms));
    PITOT_TRY(auto module_map, join_side(source.file(), std::move(sides.modules), modules));
    return RowMaps{std::move(platform_map), std::move(module_map), sides.rows_have_names};
}

Result<void> require_names(const std::string& file, const RowMaps& maps, const SideJoin& platforms,
                           const SideJoin& modules) {
    const bool known = maps.rows_have_names ||
                       ((maps.platforms || platforms.first_size() > 0) && (maps.modules || modules.first_size() > 0));
    if (known) {
        return {};
    }
    return fail(ErrorCode::kInput, fmt::format("{}: has no names of platforms and modules (arrays 'n_platform' and "
                                               "'n_workload'); give the file that has them too",
                                               file));
}

// One number for what was measured and how long it took: equal rows of different files are most likely the same ones.
std::uint64_t row_hash(const ObservationView& table, std::size_t row) {
    const auto pair = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(table.platform[row])) << 32U) |
                      static_cast<std::uint32_t>(table.module[row]);
    const std::uint64_t mixed = (pair * 0x9E3779B97F4A7C15ULL) ^ std::bit_cast<std::uint64_t>(table.runtime_us[row]);
    return (mixed ^ (mixed >> 29U)) * 0xBF58476D1CE4E5B9ULL;
}

// Of the rows whose hashes belong to part `part` of `parts`, those of each file that files before it brought.
void count_repetitions(const ObservationView& alone, const std::vector<std::size_t>& ends, std::uint64_t part,
                       std::uint64_t parts, std::vector<std::int64_t>& again) {
    std::vector<std::uint64_t> seen;
    std::size_t row = 0;
    for (std::size_t k = 0; k < ends.size(); ++k) {
        const auto sorted = static_cast<std::ptrdiff_t>(seen.size());
        for (; row < ends[k]; ++row) {
            if (const std::uint64_t hash = row_hash(alone, row); (hash >> 32U) % parts == part) {
                again[k] += std::binary_search(seen.begin(), seen.begin() + sorted, hash) ? 1 : 0;
                seen.push_back(hash);
            }
        }
        std::sort(seen.begin() + sorted, seen.end());
        std::inplace_merge(seen.begin(), seen.begin() + sorted, seen.end());
    }
}

// Says where a file brings again what files before it brought. `ends`: rows alone after each file.
void note_repetitions(const ObservationView& alone, const std::vector<std::string>& files,
                      const std::vector<std::size_t>& ends, std::vector<std::string>& problems) {
    if (std::ranges::find_if(ends, [&](std::size_t end) { return end > 0; }) ==
        std::ranges::find(ends, alone.runtime_us.size())) {
        return;  // all rows are one file's
    }
    constexpr std::size_t part_rows = std::size_t{1} << 22;  // rows whose hashes are in memory at once, about
    const std::uint64_t parts = alone.runtime_us.size() / part_rows + 1;
    std::vector<std::int64_t> again(files.size(), 0);
    for (std::uint64_t part = 0; part < parts; ++part) {
        count_repetitions(alone, ends, part, parts, again);
    }
    for (std::size_t k = 0; k < files.size(); ++k) {
        if (again[k] > 0) {
            problems.push_back(
                fmt::format("{}: {} observations repeat those of files before it, runtime and all; "
                            "they are kept as observations of their own",
                            files[k], again[k]));
        }
    }
}

Result<void> read_rows(std::span<const std::unique_ptr<Source>> sources, std::vector<RowMaps> maps, bool skip_invalid,
                       SideJoin& platforms, SideJoin& modules, Dataset& dataset) {
    std::vector<std::string> files;
    std::vector<std::size_t> ends;
    PoolRows rows;
    for (std::size_t k = 0; k < sources.size(); ++k) {
        files.push_back(sources[k]->file());
        if (auto named = require_names(files.back(), maps[k], platforms, modules); !named) {
            return named;
        }
        RowSink sink(files.back(), skip_invalid, dataset, rows, platforms, modules);
        sink.set_maps(std::move(maps[k].platforms), std::move(maps[k].modules));
        if (auto read = sources[k]->rows(sink); !read) {
            return read;
        }
        sink.finish();
        ends.push_back(rows.alone().runtime_us.size());
    }
    if (sources.size() > 1) {
        note_repetitions(rows.alone(), files, ends, dataset.problems);
    }
    if (rows.empty()) {
        return fail(
            ErrorCode::kInput,
            fmt::format("{}: there are no observations{}; give at least one", files.front(),
                        dataset.dropped_rows > 0 ? fmt::format(" left ({} rows were dropped)", dataset.dropped_rows)
                                                 : std::string()));
    }
    rows.move_to(dataset);
    return {};
}

}  // namespace

std::string list_arrays(std::span<const std::string> names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kMostListed); ++i) {
        text += fmt::format("{}'{}'", i == 0 ? "" : ", ", core::printable(names[i]));
    }
    return names.size() > kMostListed ? text + fmt::format(" and {} more", names.size() - kMostListed) : text;
}

Result<std::unique_ptr<Source>> npz_source(formats::NpzReader npz) {
    if (npz.contains(kModelSchemaArray)) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: this is a model, not a dataset; give measured runtimes (.npz or .csv)",
                                npz.file().string()));
    }
    if (npz.contains("t") || npz.contains("i_platform")) {
        return index_source(std::move(npz));
    }
    if (npz.contains("data") || npz.contains("module")) {
        return dense_source(std::move(npz));
    }
    return fail(ErrorCode::kInput,
                fmt::format("{}: this is no dataset: it has neither 't', 'i_platform' and 'i_workload' nor "
                            "'data', 'platform' and 'module', {}; add the arrays of one layout",
                            npz.file().string(),
                            npz.names().empty() ? "and no other array" : "only " + list_arrays(npz.names())));
}

Result<Dataset> read_sources(std::span<const std::unique_ptr<Source>> sources, const ReadOptions& options) {
    Dataset dataset;
    SideJoin platforms(Axis::kPlatform);
    SideJoin modules(Axis::kModule);
    if (auto loaded = load_table(options.platform_features, platforms, dataset); !loaded) {
        return Failure(std::move(loaded).error());
    }
    if (auto loaded = load_table(options.module_features, modules, dataset); !loaded) {
        return Failure(std::move(loaded).error());
    }
    std::vector<RowMaps> maps;
    for (const auto& source : sources) {
        PITOT_TRY(auto joined, join_sides(*source, platforms, modules, dataset));
        maps.push_back(std::move(joined));
    }
    if (auto read = read_rows(sources, std::move(maps), options.skip_invalid, platforms, modules, dataset); !read) {
        return Failure(std::move(read).error());
    }
    PITOT_TRY(auto platform_side, platforms.finish());
    PITOT_TRY(auto module_side, modules.finish());
    dataset.platforms = std::move(platform_side);
    dataset.modules = std::move(module_side);
    return dataset;
}

}  // namespace pitot::dataset

namespace pitot {

Result<Dataset> read_dataset(std::span<const std::filesystem::path> files, const ReadOptions& options) {
    return core::at_border("reading a dataset", [&]() -> Result<Dataset> {
        if (files.empty()) {
            return fail(ErrorCode::kUsage, "no dataset was given; name at least one .npz or .csv file");
        }
        std::vector<std::unique_ptr<dataset::Source>> sources;
        for (const auto& file : files) {
            PITOT_TRY(auto source, dataset::open_source(file));
            sources.push_back(std::move(source));
        }
        try {
            return dataset::read_sources(sources, options);
        } catch (const std::bad_alloc&) {
            return fail(ErrorCode::kEnvironment,
                        fmt::format("{}: the dataset does not fit into memory; free some, or read fewer files",
                                    files.front().string()));
        }
    });
}

}  // namespace pitot
