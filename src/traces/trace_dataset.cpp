#include "traces/trace_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/utf8.hpp"
#include "dataset/side_table.hpp"
#include "pitot/remedy.hpp"
#include "traces/trace_rows.hpp"

namespace pitot::traces {
namespace {

using Numbers = std::map<std::string, std::int32_t, std::less<>>;

Numbers number(std::span<const std::string> names) {
    Numbers numbers;
    for (const std::string& name : names) {
        numbers.emplace(name, static_cast<std::int32_t>(numbers.size()));
    }
    return numbers;
}

// Those that a dataset of these rows has: sorted by runtime, then device.
std::vector<std::string> platform_names(const TraceRows& rows, bool keep_unobserved) {
    std::set<std::string> observed;
    for (const auto& [key, cell] : rows.alone) {
        if (!cell.runs_us.empty()) {
            observed.insert(key.first);
        }
    }
    for (const TraceRow& row : rows.together) {
        observed.insert(row.platform);
    }
    std::vector<std::string> names;
    for (const auto& [name, platform] : rows.platforms) {
        if (keep_unobserved || observed.contains(name)) {
            names.push_back(name);
        }
    }
    std::ranges::sort(names, {}, [&](const std::string& name) {
        const TracePlatform& platform = rows.platforms.at(name);
        return std::tie(platform.runtime, platform.device_name, name);
    });
    return names;
}

std::vector<std::string> module_names(const TraceRows& rows, const OpcodeTable& opcodes, bool keep_unobserved) {
    std::set<std::string> names;
    for (const auto& [key, cell] : rows.alone) {
        if (!cell.runs_us.empty() || keep_unobserved) {
            names.insert(key.second);
        }
    }
    for (const TraceRow& row : rows.together) {
        names.insert(row.module);
    }
    if (keep_unobserved) {
        std::ranges::transform(rows.modules, std::inserter(names, names.end()), [](const auto& m) { return m.first; });
        std::ranges::transform(opcodes, std::inserter(names, names.end()), [](const auto& m) { return m.first; });
    }
    return {names.begin(), names.end()};
}

ObservationTable rows_alone(const TraceRows& rows, RunUse use, const Numbers& platforms, const Numbers& modules,
                            TraceDataset& result) {
    struct Row {
        std::int32_t platform;
        std::int32_t module;
        const TraceCell* cell;
    };
    std::vector<Row> order;
    for (const auto& [key, cell] : rows.alone) {
        if (!cell.runs_us.empty()) {
            order.push_back({platforms.at(key.first), modules.at(key.second), &cell});
            result.pooled_cells += cell.traces > 1 ? 1 : 0;
        }
    }
    std::ranges::sort(order, {}, [](const Row& row) { return std::pair(row.platform, row.module); });
    ObservationTable table;
    for (const Row& row : order) {
        for (const double runtime : use_runs(row.cell->runs_us, use)) {
            table.platform.push_back(row.platform);
            table.module.push_back(row.module);
            table.runtime_us.push_back(runtime);
        }
    }
    return table;
}

ObservationTable rows_together(std::span<const TraceRow> rows, RunUse use, const Numbers& platforms,
                               const Numbers& modules) {
    std::size_t width = 0;
    for (const TraceRow& row : rows) {
        width = std::max(width, row.co_runners.size());
    }
    ObservationTable table;
    table.width = static_cast<std::int32_t>(width);
    for (const TraceRow& row : rows) {
        for (const double runtime : use_runs(row.runs_us, use)) {
            table.platform.push_back(platforms.at(row.platform));
            table.module.push_back(modules.at(row.module));
            table.runtime_us.push_back(runtime);
            for (std::size_t k = 0; k < width; ++k) {
                table.co_runner.push_back(k < row.co_runners.size() ? modules.at(row.co_runners[k]) : -1);
            }
        }
    }
    return table;
}

// The result with the sides named, and the rows alone and together in it.
TraceDataset number_rows(const Collection& collection, const TraceOptions& options, TraceRows& rows,
                         std::vector<std::string> platforms, std::vector<std::string> modules) {
    TraceDataset result;
    result.dataset.sources = collection.sources;
    result.dataset.platforms.names = std::move(platforms);
    result.dataset.modules.names = std::move(modules);
    const Numbers platform_numbers = number(result.dataset.platforms.names);
    const Numbers module_numbers = number(result.dataset.modules.names);
    result.dataset.set_observations(rows_alone(rows, options.runs, platform_numbers, module_numbers, result),
                                    rows_together(rows.together, options.runs, platform_numbers, module_numbers));
    result.problems = collection.problems;
    std::ranges::move(rows.problems, std::back_inserter(result.problems));
    result.failed = std::move(rows.failed);
    return result;
}

void add_features(const Collection& collection, const TraceOptions& options, const TraceRows& rows,
                  const OpcodeTable& opcodes, TraceDataset& result) {
    std::vector<PlatformParts> parts;
    for (const std::string& name : result.dataset.platforms.names) {
        const TracePlatform& platform = rows.platforms.at(name);
        parts.push_back({platform.runtime, platform.device});
        if (platform.device == nullptr || !(platform.device->described || platform.device->misdescribed)) {
            result.problems.push_back(
                {platform.file, fmt::format("runs on device '{}', which no runtimes.json describes; the device's "
                                            "features of platform '{}' are 0",
                                            core::printable(platform.device_name), core::printable(name))});
        }
    }
    result.dataset.platforms =
        platform_side(std::move(result.dataset.platforms.names), parts, collection.devices, options.release);
    result.dataset.modules = opcode_side(std::move(result.dataset.modules.names), opcodes, options.release);
    if (opcodes.empty()) {
        return;
    }
    for (const std::string& name : result.dataset.modules.names) {
        if (!std::ranges::binary_search(opcodes, name, {}, &OpcodeTable::value_type::first)) {
            result.problems.push_back({rows.modules.at(name), fmt::format("runs module '{}', of which there are no "
                                                                          "opcode counts; its features are the means "
                                                                          "of the others'",
                                                                          core::printable(name))});
        }
    }
}

}  // namespace

Target TraceOptions::target_or_default() const {
    return target.value_or(release == Release::k2023 ? Target::kCpu : Target::kWall);
}

bool TraceOptions::skips_first() const { return skip_first.value_or(release == Release::k2023); }

TraceDataset make_dataset(const Collection& collection, const TraceOptions& options) {
    TraceRows rows = collect_rows(collection, options, true, true);
    std::vector<TraceProblem> opcode_problems;
    const OpcodeTable opcodes = opcode_table(collection, options, opcode_problems);
    TraceDataset result = number_rows(collection, options, rows, platform_names(rows, options.keep_unobserved),
                                      module_names(rows, opcodes, options.keep_unobserved));
    std::ranges::move(opcode_problems, std::back_inserter(result.problems));
    add_features(collection, options, rows, opcodes, result);
    return result;
}

TraceDataset make_matrix(const Collection& collection, const TraceOptions& options) {
    TraceRows rows = collect_rows(collection, options, true, false);
    if (options.keep_unobserved) {
        const std::map<std::string, TracePlatform> seen = rows.platforms;
        for (const auto& [a, runtime] : seen) {
            for (const auto& [b, device] : seen) {
                const std::string name = runtime.runtime + options.separator + device.device_name;
                if (!options.exclude.contains(name)) {
                    rows.platforms.emplace(
                        name, TracePlatform{runtime.runtime, device.device_name, device.device, device.file});
                }
            }
        }
    }
    TraceDataset result = number_rows(collection, options, rows, platform_names(rows, options.keep_unobserved),
                                      module_names(rows, {}, options.keep_unobserved));
    return result;
}

TraceDataset make_interference(const Collection& collection, const Dataset& known, const TraceOptions& options) {
    TraceRows rows = collect_rows(collection, options, false, true);
    const Numbers platforms = number(known.platforms.names);
    const Numbers modules = number(known.modules.names);
    std::set<std::string> complained;
    std::erase_if(rows.together, [&](const TraceRow& row) {
        const auto unknown = [&](const Numbers& numbers, const std::string& name, const char* what,
                                 const std::string& file) {
            const bool missing = !numbers.contains(name);
            if (missing && complained.insert(what + name).second) {
                rows.problems.push_back(
                    {file, fmt::format("has rows of {} '{}', which the dataset has not; they are left out", what,
                                       core::printable(name))});
            }
            return missing;
        };
        bool drop = unknown(platforms, row.platform, "platform", rows.platforms.at(row.platform).file);
        drop = unknown(modules, row.module, "module", rows.modules.at(row.module)) || drop;
        for (const std::string& other : row.co_runners) {
            drop = unknown(modules, other, "module", rows.modules.at(other)) || drop;
        }
        return drop;
    });
    TraceDataset result = number_rows(collection, options, rows, known.platforms.names, known.modules.names);
    return result;
}

Result<void> require_observations(const TraceDataset& made) {
    const Dataset& dataset = made.dataset;
    if (dataset.observations.size() > 0) {
        return {};
    }
    const std::string why =
        made.problems.empty() ? std::string() : fmt::format("; the first: {}", made.problems.front().to_string());
    const auto counted = [](std::size_t count, const char* word) {
        return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
    };
    return fail(ErrorCode::kInput,
                fmt::format("there is no usable observation in {}: {} failed, {}{}",
                            dataset.sources.empty() ? std::string("nothing") : dataset.sources.front(),
                            counted(made.failed.size(), "cell"), counted(made.problems.size(), "problem"), why),
                made.problems.empty() ? Remedy::kNone : made.problems.front().remedy);
}

}  // namespace pitot::traces
