#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <iterator>
#include <limits>
#include <new>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/border.hpp"
#include "core/utf8.hpp"
#include "dataset/index_layout.hpp"
#include "dataset/source.hpp"
#include "dataset/table_columns.hpp"
#include "formats/input.hpp"
#include "formats/quantity.hpp"
#include "pitot/dataset.hpp"

namespace pitot::dataset {
namespace {

constexpr std::size_t kMostListed = 12;  // names in a message

// Numbers that an archive holds are microseconds, whatever unit was given for others.
Result<void> check_archive_unit(const std::string& file, const ReadOptions& options) {
    const auto unit = formats::find_time_unit(options.unit);
    if (options.unit.empty() || (unit && *unit == formats::TimeUnit{})) {
        return {};
    }
    return fail(ErrorCode::kUsage, fmt::format("{}: an archive holds microseconds, but {} was given as the unit; leave "
                                               "the unit out, or read tables of another unit by themselves",
                                               file, options.unit));
}

Result<std::unique_ptr<Source>> checked_npz_source(formats::NpzReader npz, const ReadOptions& options) {
    if (auto unit = check_archive_unit(npz.file().string(), options); !unit) {
        return Failure(unit.error());
    }
    return npz_source(std::move(npz));
}

// An archive that came as bytes, which its reader needs for as long as it is read.
class ArchiveInMemory final : public Source {
public:
    ArchiveInMemory(std::shared_ptr<const std::string> bytes, std::unique_ptr<Source> source)
        : bytes_(std::move(bytes)), source_(std::move(source)) {}
    [[nodiscard]] std::string file() const override { return source_->file(); }
    [[nodiscard]] Result<SourceSides> sides() override { return source_->sides(); }
    [[nodiscard]] Result<void> rows(RowSink& sink) override { return source_->rows(sink); }

private:
    std::shared_ptr<const std::string> bytes_;
    std::unique_ptr<Source> source_;
};

// Bytes that a pipe, standard input or a compressed file brought.
Result<std::unique_ptr<Source>> source_of_bytes(const std::string& name, std::string bytes,
                                                const ReadOptions& options) {
    if (!formats::is_zip(bytes) || formats::other_content(bytes) != nullptr) {
        return text_source(name, std::move(bytes), {options, {}, {}, {}});
    }
    auto kept = std::make_shared<const std::string>(std::move(bytes));
    PITOT_TRY(auto npz, formats::NpzReader::open_buffer(std::as_bytes(std::span(*kept)), name,
                                                        std::numeric_limits<std::int64_t>::max()));
    PITOT_TRY(auto source, checked_npz_source(std::move(npz), options));
    return std::make_unique<ArchiveInMemory>(std::move(kept), std::move(source));
}

// A file by what it holds. One that is called .npz is an archive or damaged.
Result<std::unique_ptr<Source>> open_source(const std::filesystem::path& file, const ReadOptions& options) {
    std::error_code ignored;
    const std::string name = formats::input_name(file);
    if (file == formats::kStandardInput || std::filesystem::is_fifo(file, ignored)) {
        PITOT_TRY(auto bytes, formats::read_input(file));
        return source_of_bytes(name, std::move(bytes), options);
    }
    const auto place = core::standing_part(file, file);
    const std::string head = formats::first_bytes(place);
    const bool archive = file.extension() == ".npz" || std::filesystem::is_directory(file, ignored) ||
                         (formats::is_zip(head) && formats::other_content(head) == nullptr);
    if (archive) {
        PITOT_TRY(auto npz, formats::NpzReader::open(file));
        return checked_npz_source(std::move(npz), options);
    }
    PITOT_TRY(auto bytes, formats::read_input(place));
    if (formats::is_zip(bytes)) {
        return source_of_bytes(name, std::move(bytes), options);
    }
    TableOptions how{options, {}, {}, place == file ? std::filesystem::path() : place};
    for (const Axis axis : {Axis::kPlatform, Axis::kModule}) {
        const auto table = sibling_table(file, axis);
        (axis == Axis::kPlatform ? how.platforms : how.modules) = {table, core::standing_part(table, file)};
    }
    return text_source(name, std::move(bytes), std::move(how));
}

Result<std::unique_ptr<Source>> open_input(const Input& input, const ReadOptions& options) {
    if (!input.bytes) {
        return open_source(input.file, options);
    }
    const std::string name = input.file.empty() ? "bytes" : input.file.string();
    PITOT_TRY(auto bytes, formats::unpacked_input(std::string(*input.bytes), name));
    return source_of_bytes(name, std::move(bytes), options);
}

Result<void> load_table(std::filesystem::path file, std::optional<std::string_view> bytes, SideJoin& join,
                        Dataset& dataset) {
    if (file.empty() && !bytes) {
        return {};
    }
    if (file.empty()) {
        file = fmt::format("{} features", word(join.axis()));
    }
    auto table = read_side_table({file, bytes}, join.axis());
    if (!table) {
        return Failure(std::move(table).error());
    }
    std::ranges::move(table->notes, std::back_inserter(dataset.problems));
    join.set_table(formats::input_name(file), std::move(table->side));
    dataset.sources.push_back(formats::input_name(file));
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
    std::int64_t failed = 0;
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
        if (auto finished = sink.finish(); !finished) {
            return finished;
        }
        failed += sink.failed();
        ends.push_back(rows.alone().runtime_us.size());
    }
    if (sources.size() > 1) {
        note_repetitions(rows.alone(), files, ends, dataset.problems);
    }
    if (rows.empty()) {
        std::vector<std::string> gone;
        if (dataset.dropped_rows > 0) {
            gone.push_back(dataset.dropped_rows == 1 ? "1 row was dropped"
                                                     : fmt::format("{} rows were dropped", dataset.dropped_rows));
        }
        if (failed > 0) {
            gone.push_back(failed == 1 ? "1 run failed" : fmt::format("{} runs failed", failed));
        }
        return fail(ErrorCode::kInput,
                    fmt::format("{}: there are no observations{}; give at least one", files.front(),
                                gone.empty() ? "" : fmt::format(" left ({})", fmt::join(gone, ", "))));
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
    const bool index = npz.contains("t") || npz.contains("i_platform");
    const bool dense = npz.contains("data") || npz.contains("module");
    if (index && dense) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: has the arrays of both layouts ('{}' and '{}'), and they may not hold the same; "
                                "keep those of one",
                                npz.file().string(), npz.contains("t") ? "t" : "i_platform",
                                npz.contains("data") ? "data" : "module"));
    }
    if (index) {
        return index_source(std::move(npz));
    }
    if (dense) {
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
    if (auto loaded = load_table(options.platform_features, options.platform_feature_bytes, platforms, dataset);
        !loaded) {
        return Failure(std::move(loaded).error());
    }
    if (auto loaded = load_table(options.module_features, options.module_feature_bytes, modules, dataset); !loaded) {
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
    return core::at_border("reading a dataset", [&] {
        std::vector<Input> inputs;
        for (const auto& file : files) {
            inputs.push_back({file});
        }
        return read_inputs(inputs, options);
    });
}

Result<Dataset> read_inputs(std::span<const Input> inputs, const ReadOptions& options) {
    return core::at_border("reading a dataset", [&]() -> Result<Dataset> {
        if (inputs.empty()) {
            return fail(ErrorCode::kUsage, "no dataset was given; name at least one .npz or .csv file");
        }
        std::vector<std::unique_ptr<dataset::Source>> sources;
        for (const Input& input : inputs) {
            PITOT_TRY(auto source, dataset::open_input(input, options));
            sources.push_back(std::move(source));
        }
        try {
            return dataset::read_sources(sources, options);
        } catch (const std::bad_alloc&) {
            return fail(ErrorCode::kEnvironment,
                        fmt::format("{}: the dataset does not fit into memory; free some, or read fewer files",
                                    inputs.front().file.string()));
        }
    });
}

}  // namespace pitot
