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

void append(std::vector<double>& all, const Json& line, const char* key) {
    if (line.contains(key)) {
        const auto more = line.at(key).get<std::vector<double>>();
        all.insert(all.end(), more.begin(), more.end());
    }
}

void apply_warm(WarmRuns& cell, const Json& line) {
    const bool failed = line.contains("failed");
    append(cell.calls.wall_us, line, "wall");
    append(cell.calls.utime_us, line, "user");
    append(cell.calls.stime_us, line, "system");
    if (failed) {
        cell.failures.emplace_back(cell.runs(), line.at("failed").get<std::string>());
    }
    cell.failed_in_a_row = failed ? cell.failed_in_a_row + 1 : 0;
    cell.seconds += static_cast<double>(line.at("us").get<std::int64_t>()) * 1e-6;
    ++cell.processes;
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
        profile.stubs = line.value("stubs", std::vector<std::string>());
        profile.stub_calls = line.value("stub_calls", std::uint64_t{0});
    }
    return profile;
}

// Whether a reason is one that programs gave before anything was run which did not write so.
bool was_known_beforehand(const std::string& reason) {
    return reason.starts_with("it exports no function '_start'") || reason.starts_with("it imports ") ||
           reason.starts_with("it uses ") || reason.starts_with("its '_start' ") ||
           reason.find(" gives a module ") != std::string::npos;
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
    } else if (line.contains("warm") && known(cell_at("warm"))) {
        apply_warm(warm[cell_at("warm")], line);
    } else if (line.contains("refused") && known(cell_at("refused"))) {
        CellRuns& cell = cells[cell_at("refused")];
        cell.refusal = line.at("reason").get<std::string>();
        cell.beforehand = line.value("beforehand", was_known_beforehand(cell.refusal));
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
        modules.push_back({{}, line.at("module"), line.at("sha256"), {}, line.value("task", Json())});
    } else if (line.contains("device")) {
        devices[line.at("device").get<std::string>()] = line.at("entry");
    } else if (!line.contains("session")) {
        return unknown("a line of a kind that this program does not know, or about what was not named before");
    }
    return {};
}

std::optional<std::size_t> Records::find_engine(const std::string& name, const std::string& device) const {
    const auto found = std::find_if(engines.rbegin(), engines.rend(), [&](const EngineRecord& engine) {
        return engine.name == name && engine.device == device;
    });
    return found == engines.rend() ? std::nullopt : std::optional(static_cast<std::size_t>(engines.rend() - found) - 1);
}

bool Records::is_superseded(std::size_t engine) const {
    return find_engine(engines[engine].name, engines[engine].device) != engine;
}

bool Records::has_runs(std::size_t engine) const {
    const auto ran = [&](const auto& all) {
        return std::any_of(all.begin(), all.end(),
                           [&](const auto& one) { return one.first.engine == engine && one.second.runs() > 0; });
    };
    const auto has_set = [&](const auto& one) { return one.first.engine == engine; };
    return ran(cells) || std::any_of(sets.begin(), sets.end(), has_set) ||
           std::any_of(warm.begin(), warm.end(), has_set);
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

const WarmRuns& Records::warm_of(Cell cell) const {
    static const WarmRuns none;
    const auto found = warm.find(cell);
    return found == warm.end() ? none : found->second;
}

Json line_of(const Settings& settings) {
    return {{"pitot", "measure"},      {"version", kVersion},   {"limit_s", settings.limit_s},
            {"cores", settings.cores}, {"jobs", settings.jobs}, {"seed", settings.seed}};
}

Json line_of(const EngineRecord& engine) {
    return {{"engine", engine.name}, {"device", engine.device},   {"version", engine.version},
            {"title", engine.title}, {"package", engine.package}, {"declared", engine.declared}};
}

Json line_of(const ModuleFile& module) {
    Json line{{"module", module.file}, {"sha256", module.sha256}};
    if (!module.task.is_null()) {
        line["task"] = module.task;
    }
    return line;
}

Json line_of(Cell cell, const Run& run, double seconds) {
    if (!run.failure.empty()) {
        return {{"run", {cell.engine, cell.module}}, {"failed", run.failure}, {"us", std::llround(seconds * 1e6)}};
    }
    return {{"run", {cell.engine, cell.module, run.wall_us, run.utime_us, run.stime_us}}};
}

Json warm_line(Cell cell, const Run& run, double seconds) {
    Json line{{"warm", {cell.engine, cell.module}}, {"us", std::llround(seconds * 1e6)}, {"wall", run.calls.wall_us}};
    if (!run.calls.utime_us.empty()) {
        line["user"] = run.calls.utime_us;
        line["system"] = run.calls.stime_us;
    }
    if (!run.failure.empty()) {
        line["failed"] = run.failure;
    }
    return line;
}

Json refusal_line(Cell cell, const std::string& reason, bool beforehand) {
    return {{"refused", {cell.engine, cell.module}}, {"reason", reason}, {"beforehand", beforehand}};
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
    Json line{{"opcodes", module}, {"engine", profile.engine}, {"counts", profile.counts}};
    if (!profile.stubs.empty()) {
        line["stubs"] = profile.stubs;
        line["stub_calls"] = profile.stub_calls;
    }
    return line;
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
