#include "measure/collection_records.hpp"
#include "traces/form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <system_error>

namespace pitot::measure {
namespace {

constexpr int kVersion = 1;

Failure unknown(const std::string& what) {
    return fail(ErrorCode::kInput, what + "; use a newer pitot, or restore the file");
}

void apply_run(CellRuns& cell, const Json& line) {
    const Json& numbers = line.at("run");
    const bool failed = line.contains("failed");
    const auto value = [&](std::size_t i) { return failed ? 0 : numbers.at(i).get<std::int64_t>(); };
    if (failed) {
        cell.failures.emplace_back(cell.runs(), line.at("failed").get<std::string>());
    }
    cell.failed_in_a_row = failed ? cell.failed_in_a_row + 1 : 0;
    cell.seconds += static_cast<double>(failed ? line.at("us").get<std::int64_t>() : value(2)) * 1e-6;
    cell.wall_us.push_back(value(2));
    cell.utime_us.push_back(value(3));
    cell.stime_us.push_back(value(4));
}

SetRuns set_of(const Json& line) {
    SetRuns set;
    set.modules = line.at("modules").get<std::vector<std::size_t>>();
    set.limit_s = line.at("limit_s").get<double>();
    if (line.contains("failed")) {
        set.failure = line.at("failed").get<std::string>();
    } else {
        set.wall_us = line.at("wall").get<std::vector<std::vector<std::int64_t>>>();
    }
    return set;
}

ProfileRecord profile_of(const Json& line) {
    ProfileRecord profile;
    if (line.contains("failed")) {
        profile.failure = line.at("failed").get<std::string>();
        profile.limit_s = line.value("limit_s", 0.0);
    } else {
        profile.engine = line.at("engine").get<std::string>();
        profile.counts = line.at("counts").get<std::vector<std::uint64_t>>();
    }
    return profile;
}

}  // namespace

Result<void> Records::apply(const Json& line) {
    const auto cell_at = [&](const char* key) {
        return Cell{line.at(key).at(0).get<std::size_t>(), line.at(key).at(1).get<std::size_t>()};
    };
    const auto known = [&](Cell cell) { return cell.engine < engines.size() && cell.module < modules.size(); };
    if (line.contains("pitot")) {
        if (line.at("version").get<int>() > kVersion) {
            return unknown(fmt::format("the journal is of version {}, this program knows {}",
                                       line.at("version").get<int>(), kVersion));
        }
        settings = Settings{line.at("limit_s").get<double>(), line.at("cores").get<std::vector<int>>(),
                            line.at("jobs").get<int>(), line.at("seed").get<std::uint64_t>()};
    } else if (line.contains("run") && known(cell_at("run"))) {
        apply_run(cells[cell_at("run")], line);
    } else if (line.contains("refused") && known(cell_at("refused"))) {
        cells[cell_at("refused")].refusal = line.at("reason").get<std::string>();
    } else if (line.contains("set")) {
        SetRuns set = set_of(line);
        const auto engine = line.at("set").at(0).get<std::size_t>();
        if (std::any_of(set.modules.begin(), set.modules.end(), [&](std::size_t m) { return !known({engine, m}); })) {
            return unknown("a set of modules that were not named before");
        }
        sets[{engine, set.modules.size(), line.at("set").at(1).get<std::size_t>()}] = std::move(set);
    } else if (line.contains("opcodes") && known({0, line.at("opcodes").get<std::size_t>()})) {
        profiles[line.at("opcodes").get<std::size_t>()] = profile_of(line);
    } else if (line.contains("engine")) {
        engines.push_back({line.at("engine"), line.at("device"), line.at("version"), line.at("title"),
                           line.at("package"), line.at("declared")});
    } else if (line.contains("module")) {
        modules.push_back({{}, line.at("module"), line.at("sha256")});
    } else if (line.contains("device")) {
        devices[line.at("device").get<std::string>()] = line.at("entry");
    } else if (!line.contains("session")) {
        return unknown("a line of a kind that this program does not know, or about what was not named before");
    }
    return {};
}

std::optional<std::size_t> Records::find_engine(const std::string& name, const std::string& device) const {
    const auto found = std::find_if(engines.begin(), engines.end(), [&](const EngineRecord& engine) {
        return engine.name == name && engine.device == device;
    });
    return found == engines.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - engines.begin()));
}

std::optional<std::size_t> Records::find_module(const std::string& file) const {
    const auto found =
        std::find_if(modules.begin(), modules.end(), [&](const ModuleFile& module) { return module.file == file; });
    return found == modules.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - modules.begin()));
}

const CellRuns& Records::runs_of(Cell cell) const {
    static const CellRuns none;
    const auto found = cells.find(cell);
    return found == cells.end() ? none : found->second;
}

Json line_of(const Settings& settings) {
    return {{"pitot", "measure"},      {"version", kVersion},   {"limit_s", settings.limit_s},
            {"cores", settings.cores}, {"jobs", settings.jobs}, {"seed", settings.seed}};
}

Json line_of(const EngineRecord& engine) {
    return {{"engine", engine.name}, {"device", engine.device},   {"version", engine.version},
            {"title", engine.title}, {"package", engine.package}, {"declared", engine.declared}};
}

Json line_of(const ModuleFile& module) { return {{"module", module.file}, {"sha256", module.sha256}}; }

Json line_of(Cell cell, const Run& run, double seconds) {
    if (!run.failure.empty()) {
        return {{"run", {cell.engine, cell.module}}, {"failed", run.failure}, {"us", std::llround(seconds * 1e6)}};
    }
    return {{"run", {cell.engine, cell.module, run.wall_us, run.utime_us, run.stime_us}}};
}

Json refusal_line(Cell cell, const std::string& reason) {
    return {{"refused", {cell.engine, cell.module}}, {"reason", reason}};
}

Json line_of(const SetKey& key, const SetRuns& set) {
    Json line{{"set", {key.engine, key.index}}, {"modules", set.modules}, {"limit_s", set.limit_s}};
    if (set.failure.empty()) {
        line["wall"] = set.wall_us;
    } else {
        line["failed"] = set.failure;
    }
    return line;
}

Json line_of(std::size_t module, const ProfileRecord& profile) {
    if (!profile.failure.empty()) {
        return {{"opcodes", module}, {"failed", profile.failure}, {"limit_s", profile.limit_s}};
    }
    return {{"opcodes", module}, {"engine", profile.engine}, {"counts", profile.counts}};
}

Result<Records> read_records(const std::filesystem::path& collection) {
    Records records;
    const std::filesystem::path file = collection / traces::form::kJournalFile;
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return records;
    }
    const Result<void> read = Journal::read(file, [&](const Json& line) { return records.apply(line); });
    return read ? Result<Records>(std::move(records)) : Failure(read.error());
}

}  // namespace pitot::measure
