#include "place/simulation_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/atomic_file.hpp"
#include "core/path.hpp"
#include "core/read_file.hpp"
#include "experiment/results.hpp"
#include "formats/npz.hpp"
#include "pitot/remedy.hpp"
#include "place/simulation_world.hpp"

namespace pitot::place {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kSchema = 2;

fs::path record_file(const fs::path& folder) { return folder / "simulation.json"; }

fs::path result_file(const fs::path& folder, const std::string& method, std::int64_t jobs) {
    return folder / simulation_folder(method) / fmt::format("{}.npz", jobs);
}

// Where it was before folders had the published names.
fs::path older_result_file(const fs::path& folder, const std::string& method, std::int64_t jobs) {
    return folder / method / fmt::format("{}.npz", jobs);
}

// Moves results to the names that folders have now, and removes the older ones where nothing else is in them.
std::error_code move_older_results(const fs::path& folder, const SimulationRecord& record) {
    std::error_code error;
    for (const auto& [method, numbers] : record.results) {
        for (const std::int64_t jobs : numbers) {
            const fs::path older = older_result_file(folder, method, jobs);
            const fs::path file = result_file(folder, method, jobs);
            if (older == file || !fs::exists(older, error) || fs::exists(file, error)) {
                continue;
            }
            fs::create_directories(file.parent_path(), error);
            fs::rename(older, file, error);
            if (error) {
                return error;
            }
            std::error_code ignored;
            fs::remove(older.parent_path(), ignored);
            fs::remove(older.parent_path().parent_path(), ignored);
        }
    }
    return {};
}

// A preset's name: it does not lead out of the folder.
bool is_method(const std::string& name) {
    const fs::path path(name);
    return !name.empty() && path.is_relative() && std::ranges::find(path, fs::path("..")) == path.end();
}

std::string to_json(const SimulationRecord& record) {
    Json json{{"schema", kSchema},
              {"seed", record.seed},
              {"job_sets", record.job_sets},
              {"share", record.share},
              {"dataset", record.dataset},
              {"digest", record.digest},
              {"trace", record.trace},
              {"trace_digest", record.trace_digest},
              {"slowdowns", record.slowdowns},
              {"slowdowns_digest", record.slowdowns_digest},
              {"results", record.results}};
    if (!record.models.empty()) {
        json["models"] = record.models;
    }
    return json.dump(2) + "\n";
}

SimulationRecord from_json(const Json& json) {
    SimulationRecord record;
    json.at("seed").get_to(record.seed);
    json.at("job_sets").get_to(record.job_sets);
    json.at("share").get_to(record.share);
    json.at("dataset").get_to(record.dataset);
    json.at("digest").get_to(record.digest);
    json.at("trace").get_to(record.trace);
    json.at("trace_digest").get_to(record.trace_digest);
    json.at("slowdowns").get_to(record.slowdowns);
    json.at("slowdowns_digest").get_to(record.slowdowns_digest);
    json.at("results").get_to(record.results);
    if (json.contains("models")) {
        json.at("models").get_to(record.models);
    }
    return record;
}

Result<std::vector<std::vector<double>>> read_latencies(const fs::path& path, std::int64_t job_sets,
                                                        std::int64_t jobs) {
    PITOT_TRY(const auto file, formats::NpzReader::open(path));
    PITOT_TRY(const auto latency, experiment::read_array<float>(file, "latency", 2));
    if (latency.shape != std::vector<std::int64_t>{job_sets, jobs}) {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' has {} sets of {} jobs instead of {} of {}; make it again", path.string(),
                                latency.shape[0], latency.shape[1], job_sets, jobs),
                    Remedy::kRepeatSimulation, {path.parent_path().parent_path().string()});
    }
    std::vector<std::vector<double>> rows;
    for (std::int64_t set = 0; set < job_sets; ++set) {
        const auto at = latency.values.begin() + set * jobs;
        rows.emplace_back(at, at + jobs);
    }
    return rows;
}

Result<void> remove_results(const fs::path& folder, const SimulationRecord& record) {
    std::error_code error;
    fs::remove(record_file(folder), error);
    for (const auto& [method, numbers] : record.results) {
        for (const std::int64_t jobs : numbers) {
            if (!error) {
                fs::remove(result_file(folder, method, jobs), error);
            }
        }
    }
    if (error) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot remove the results in '{}': {}", folder.string(), error.message()));
    }
    return remove_world(folder);
}

}  // namespace

std::string simulation_folder(const std::string& method) {
    static const std::map<std::string, std::string> published{
        {"embedding/128", "pitot"}, {"baseline/mlp", "mlp"}, {"linear/128", "linear"}, {"C_bar", "baseline"}};
    if (const auto found = published.find(method); found != published.end()) {
        return found->second;
    }
    if (const fs::path file(method); file.extension() == ".pitot") {
        return "model-" + file.stem().string();
    }
    std::string folder = method;
    if (method.starts_with("linear/") || method.starts_with("baseline/")) {
        std::ranges::replace(folder, '/', '-');  // not inside a published folder, which has numbers of jobs alone
    }
    return folder;
}

std::vector<std::string> differences(const SimulationRecord& there, const SimulationRecord& here) {
    std::vector<std::string> out;
    const auto compare = [&](const char* what, const auto& a, const auto& b) {
        if (a != b) {
            out.push_back(fmt::format("{}: {} there, {} here", what, a, b));
        }
    };
    compare("seed", there.seed, here.seed);
    compare("job sets", there.job_sets, here.job_sets);
    compare("share", there.share, here.share);
    const auto named = [](const std::string& name, const std::string& digest) {
        return digest.empty() ? name : fmt::format("{} ({:.8})", name, digest);
    };
    const auto compare_content = [&](const char* what, const std::string& a, const std::string& a_digest,
                                     const std::string& b, const std::string& b_digest) {
        if (a_digest != b_digest) {
            compare(what, named(a, a_digest), named(b, b_digest));
        }
    };
    compare_content("dataset", fmt::format("{}", fmt::join(there.dataset, " ")), there.digest,
                    fmt::format("{}", fmt::join(here.dataset, " ")), here.digest);
    compare_content("trace of latencies", there.trace, there.trace_digest, here.trace, here.trace_digest);
    compare_content("slowdowns", there.slowdowns, there.slowdowns_digest, here.slowdowns, here.slowdowns_digest);
    for (const auto& [name, digest] : here.models) {
        if (const auto same = there.models.find(name); same != there.models.end()) {
            compare_content("model", name, same->second, name, digest);
        }
    }
    return out;
}

Result<std::optional<SimulationRecord>> read_simulation_record(const fs::path& folder) {
    const fs::path path = record_file(folder);
    if (std::error_code ignored; !fs::exists(path, ignored)) {
        return std::optional<SimulationRecord>();
    }
    PITOT_TRY(const auto text, core::read_file(path));
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_object() && json.contains("schema") && json["schema"].is_number() &&
        json["schema"].get<double>() > kSchema) {
        return fail(ErrorCode::kInput, fmt::format("'{}' was written by a newer pitot (schema {}, this one knows {}); "
                                                   "use that one",
                                                   path.string(), json["schema"].dump(), kSchema));
    }
    const auto broken = [&] {
        return fail(ErrorCode::kInput,
                    fmt::format("'{}' is damaged; remove it and make the results again", path.string()),
                    Remedy::kMakeSimulation, {folder.string()});
    };
    try {
        SimulationRecord record = from_json(json);
        const bool sound = record.job_sets >= 1 && std::ranges::all_of(record.results, [](const auto& entry) {
                               return is_method(entry.first);
                           });
        return sound ? Result<std::optional<SimulationRecord>>(std::move(record)) : broken();
    } catch (const Json::exception&) {
        return broken();
    }
}

Result<void> enter_folder(const fs::path& folder, SimulationRecord& record, bool force) {
    PITOT_TRY(auto there, read_simulation_record(folder));
    if (there) {
        const auto different = differences(*there, record);
        if (const std::error_code error =
                different.empty() || force ? move_older_results(folder, *there) : std::error_code()) {
            return fail(ErrorCode::kEnvironment,
                        fmt::format("cannot move the results in '{}' to the names they have now: {}", folder.string(),
                                    error.message()));
        }
        if (different.empty()) {
            record.results = std::move(there->results);
            record.models.merge(there->models);
        } else if (!force && !there->results.empty()) {
            return fail(
                ErrorCode::kInput,
                fmt::format("'{}' has results of another simulation ({}); choose another folder, or replace them",
                            folder.string(), fmt::join(different, "; ")),
                Remedy::kReplaceSimulation);
        } else if (auto removed = remove_results(folder, *there); !removed) {
            return removed;
        }
    }
    return core::make_folder(folder).and_then([&] { return core::write_text(record_file(folder), to_json(record)); });
}

Result<void> write_simulation(const fs::path& folder, const SimulationResult& result, SimulationRecord& record) {
    const fs::path file = result_file(folder, result.method, result.jobs);
    if (auto ok = core::make_folder(file.parent_path()); !ok) {
        return ok;
    }
    formats::NpzWriter writer;
    const auto add = [&]<typename T>(T /*type*/, const char* name, const auto& rows) {
        if (rows.empty()) {
            return;
        }
        std::vector<T> flat;
        for (const auto& row : rows) {
            std::ranges::transform(row, std::back_inserter(flat), [](auto value) { return static_cast<T>(value); });
        }
        const std::int64_t shape[2] = {static_cast<std::int64_t>(rows.size()),
                                       static_cast<std::int64_t>(rows.front().size())};
        writer.add<T>(name, flat, shape);
    };
    add(float(), "latency", result.latency);
    add(float(), "utilization", result.utilization);
    add(std::int32_t(), "device", result.device);
    add(double(), "slowdown", result.slowdown);
    if (auto ok = writer.write(file); !ok) {
        return ok;
    }
    std::vector<std::int64_t>& listed = record.results[result.method];
    if (std::ranges::find(listed, result.jobs) == listed.end()) {
        listed.insert(std::ranges::upper_bound(listed, result.jobs), result.jobs);
    }
    return core::write_text(record_file(folder), to_json(record));
}

Result<std::vector<SimulationResult>> read_simulation(const fs::path& out) {
    PITOT_TRY(const auto record, read_simulation_record(out));
    std::vector<SimulationResult> results;
    if (record) {
        for (const auto& [method, numbers] : record->results) {
            for (const std::int64_t jobs : numbers) {
                fs::path file = result_file(out, method, jobs);
                if (std::error_code ignored; !fs::exists(file, ignored)) {
                    file = older_result_file(out, method, jobs);
                }
                PITOT_TRY(auto latency, read_latencies(file, record->job_sets, jobs));
                results.push_back({method, jobs, std::move(latency), {}});
            }
        }
    }
    if (results.empty()) {
        return fail(
            ErrorCode::kInput,
            fmt::format("'{}' has no results of a simulation with its simulation.json; make them", out.string()),
            Remedy::kMakeSimulation, {out.string()});
    }
    return results;
}

}  // namespace pitot::place
