#include "traces/trace_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "core/utf8.hpp"
#include "dataset/source.hpp"
#include "pitot/remedy.hpp"

namespace pitot::traces {
namespace {

constexpr const char* kWarmSuffix = "+warm";

class Collector {
public:
    Collector(const Collection& collection, const TraceOptions& options)
        : collection_(collection), options_(options), names_(collection, options) {
        for (const Device& device : collection.devices) {
            devices_.emplace(device.id, &device);
        }
    }

    void add_alone(const Trace& trace) {
        const TraceMember& member = trace.members.front();
        const std::string* platform = find_platform(trace);
        std::string module = names_.of_trace(trace, member);
        if (platform == nullptr || !usable(trace.file, module) || repeated(trace, *platform, module)) {
            return;
        }
        const bool cpu = options_.target_or_default() == Target::kCpu;
        const std::vector<double>& runs = cpu ? member.cpu_us : member.wall_us;
        const std::vector<double>& others = cpu ? member.wall_us : member.cpu_us;
        if (runs.empty() && !others.empty()) {
            problem(trace.file, cpu ? "has no utime and stime; leave them out" : "has no wall; use utime and stime",
                    cpu ? Remedy::kWallTimes : Remedy::kCpuTimes);
            return;
        }
        add_cell(*platform, module, trace.file,
                 positive(runs, options_.skips_first() && trace.kind != TraceKind::kWarm));
    }

    void add_flat(const FlatPlatform& flat) {
        const std::string* platform =
            note_platform(flat.runtime, flat.device, collection_.find_device_named(flat.device), flat.file);
        if (platform == nullptr) {
            return;
        }
        for (const auto& [file, runs] : flat.runs_us) {
            const std::string module = names_.of_flat(file);
            if (usable(flat.file, module)) {
                add_cell(*platform, module, flat.file, positive(runs, false));
            }
        }
    }

    // Where one member failed the others did not run beside it: then none of their times counts.
    void add_together(const Trace& trace) {
        const std::string* platform = find_platform(trace);
        std::vector<std::string> modules;
        std::string all;
        for (const TraceMember& member : trace.members) {
            modules.push_back(names_.of_trace(trace, member));
            if (!usable(trace.file, modules.back())) {
                return;
            }
            all += modules.back() + '\n';
        }
        if (platform == nullptr || repeated(trace, *platform, all)) {
            return;
        }
        if (modules.size() > dataset::kMostCoRunners + 1) {
            problem(trace.file, fmt::format("has {} modules side by side; at most {} are read", modules.size(),
                                            dataset::kMostCoRunners + 1));
            return;
        }
        std::vector<std::vector<double>> runs;
        for (const TraceMember& member : trace.members) {
            runs.push_back(positive(member.wall_us, false));
        }
        const bool failed = std::ranges::any_of(runs, [](const auto& some) { return some.empty(); });
        for (std::size_t i = 0; i < modules.size(); ++i) {
            rows_.modules.emplace(modules[i], trace.file);
            std::vector<std::string> others = modules;
            others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
            if (failed) {
                rows_.failed.push_back({trace.file, *platform, modules[i], std::move(others)});
            } else {
                rows_.together.push_back({*platform, modules[i], std::move(others), std::move(runs[i])});
            }
        }
    }

    [[nodiscard]] TraceRows finish() {
        for (const auto& [key, cell] : rows_.alone) {
            if (cell.runs_us.empty()) {
                rows_.failed.push_back({cell.file, key.first, key.second, {}});
            }
        }
        return std::move(rows_);
    }

private:
    void problem(const std::string& file, std::string what, Remedy remedy = Remedy::kNone) {
        rows_.problems.push_back({file, std::move(what), false, remedy});
    }

    [[nodiscard]] static std::vector<double> positive(const std::vector<double>& runs, bool skip_first) {
        std::vector<double> positive;
        std::ranges::copy_if(runs, std::back_inserter(positive), [](double run) { return run > 0; });
        if (skip_first && !positive.empty()) {
            positive.erase(positive.begin());
        }
        return positive;
    }

    [[nodiscard]] bool usable(const std::string& file, const std::string& module) {
        const char* fault = core::name_fault(module);
        if (fault != nullptr) {
            problem(file, fmt::format("names a module whose name {}", fault));
        }
        return fault == nullptr;
    }

    // The platform's name, or nullptr if its device is not known or it is to be left out.
    [[nodiscard]] const std::string* find_platform(const Trace& trace) {
        const auto device = devices_.find(trace.parent);
        if (device == devices_.end()) {
            problem(trace.file, fmt::format("names the parent '{}', which no runtimes.json describes; add it there",
                                            core::printable(trace.parent)));
            return nullptr;
        }
        const char* suffix = trace.kind == TraceKind::kWarm ? kWarmSuffix : "";
        return note_platform(trace.engine + suffix, device->second->name, device->second, trace.file);
    }

    [[nodiscard]] const std::string* note_platform(const std::string& runtime, const std::string& device_name,
                                                   const Device* device, const std::string& file) {
        const std::string name = runtime + options_.separator + device_name;
        if (options_.exclude.contains(name)) {
            return nullptr;
        }
        const auto [known, is_new] = rows_.platforms.emplace(name, TracePlatform{runtime, device_name, device, file});
        if (!is_new && device != nullptr && device->described &&
            (known->second.device == nullptr || !known->second.device->described)) {
            known->second.device = device;
        }
        return &known->first;
    }

    // Whether the trace is a copy of one seen before. The same uuid alone is not enough: collectors give the traces of
    // a cell the same one in every session.
    [[nodiscard]] bool repeated(const Trace& trace, const std::string& platform, const std::string& modules) {
        if (trace.uuid.empty()) {
            return false;
        }
        std::vector<const Trace*>& known = seen_[std::tuple(trace.kind, trace.uuid, platform, modules)];
        const auto copied =
            std::ranges::find_if(known, [&](const Trace* other) { return other->members == trace.members; });
        if (copied != known.end()) {
            problem(trace.file, fmt::format("is a copy of {}; the first counts", (*copied)->file));
            return true;
        }
        known.push_back(&trace);
        return false;
    }

    void add_cell(const std::string& platform, const std::string& module, const std::string& file,
                  std::vector<double> runs) {
        rows_.modules.emplace(module, file);
        TraceCell& cell = rows_.alone[{platform, module}];
        cell.file = cell.file.empty() ? file : cell.file;
        cell.traces += runs.empty() ? 0 : 1;
        cell.runs_us.insert(cell.runs_us.end(), runs.begin(), runs.end());
    }

    const Collection& collection_;
    const TraceOptions& options_;
    ModuleNames names_;
    std::map<std::string, const Device*> devices_;
    std::map<std::tuple<TraceKind, std::string, std::string, std::string>, std::vector<const Trace*>> seen_;
    TraceRows rows_;
};

}  // namespace

TraceRows collect_rows(const Collection& collection, const TraceOptions& options, bool alone, bool together) {
    Collector collector(collection, options);
    for (const Trace& trace : collection.traces) {
        const bool is_warm = trace.kind == TraceKind::kWarm;
        const bool wanted = options.kind == RunKind::kBoth || is_warm == (options.kind == RunKind::kWarm);
        if ((is_warm || trace.kind == TraceKind::kBenchmarking) && alone && wanted) {
            collector.add_alone(trace);
        } else if (trace.kind == TraceKind::kInterference && together && wanted) {
            collector.add_together(trace);
        }
    }
    if (alone && options.kind != RunKind::kWarm) {
        for (const FlatPlatform& flat : collection.flat) {
            collector.add_flat(flat);
        }
    }
    TraceRows rows = collector.finish();
    const auto warm = std::ranges::find(collection.traces, TraceKind::kWarm, &Trace::kind);
    const bool others = !collection.flat.empty() || std::ranges::any_of(collection.traces, [](const Trace& trace) {
        return trace.kind == TraceKind::kBenchmarking || trace.kind == TraceKind::kInterference;
    });
    if (alone && options.kind == RunKind::kCold && !others && warm != collection.traces.end()) {
        rows.problems.push_back(
            {warm->file, "is of warm calls, as all that is here is; take them", false, Remedy::kWarmCalls});
    }
    return rows;
}

std::vector<double> use_runs(std::vector<double> runs_us, RunUse use) {
    if (use == RunUse::kEach) {
        return runs_us;
    }
    if (use == RunUse::kMean) {
        const double mean = std::accumulate(runs_us.begin(), runs_us.end(), 0.0) / static_cast<double>(runs_us.size());
        return {mean};
    }
    std::ranges::sort(runs_us);
    const std::size_t middle = runs_us.size() / 2;
    return {runs_us.size() % 2 == 1 ? runs_us[middle] : (runs_us[middle - 1] + runs_us[middle]) / 2};
}

}  // namespace pitot::traces
