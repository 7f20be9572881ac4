#include "measure/collection.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

#include "core/path.hpp"
#include "pitot/remedy.hpp"
#include "traces/form.hpp"

namespace pitot::measure {
namespace {

/// Now, in UTC: "2026-01-31T12:00:00Z".
std::string timestamp() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::string text(sizeof("0000-00-00T00:00:00Z"), '\0');
    text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc));
    return text;
}

Result<void> check_same(const std::filesystem::path& folder, const Settings& old, const Settings& now) {
    const auto differs = [&](const char* field, const std::string& was, const std::string& is) {
        return fail(ErrorCode::kUsage,
                    fmt::format("'{}' was measured with {} {}, not {}; measure with that, or into another folder",
                                folder.string(), field, was, is),
                    Remedy::kSettings, {field});
    };
    if (old.limit_s != now.limit_s) {
        return differs("limit_s", fmt::format("{:g}", old.limit_s), fmt::format("{:g}", now.limit_s));
    }
    if (old.cores != now.cores) {
        return differs("cores", fmt::format("{}", fmt::join(old.cores, ",")),
                       fmt::format("{}", fmt::join(now.cores, ",")));
    }
    if (old.jobs != now.jobs) {
        return differs("jobs", fmt::format("{}", old.jobs), fmt::format("{}", now.jobs));
    }
    if (old.seed != now.seed) {
        return differs("seed", fmt::format("{}", old.seed), fmt::format("{}", now.seed));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Collection>> Collection::open(const std::filesystem::path& folder, const Settings& settings) {
    if (auto made = core::make_folder(folder); !made) {
        return Failure(made.error());
    }
    std::error_code error;
    const std::filesystem::path file = folder / traces::form::kJournalFile;
    if (!std::filesystem::exists(file, error) && std::filesystem::exists(folder / traces::form::kDevicesFile, error)) {
        return fail(ErrorCode::kInput, fmt::format("'{}' is a collection without a journal, made by another program: "
                                                   "it cannot be gone on with; measure into another folder and join "
                                                   "the two afterwards",
                                                   folder.string()));
    }
    std::unique_ptr<Collection> collection(new Collection(folder));
    Result<Journal> journal = Journal::open(file, [&](const Json& line) { return collection->records_.apply(line); });
    if (!journal) {
        return Failure(journal.error());
    }
    collection->journal_ = std::make_unique<Journal>(std::move(*journal));
    const Result<void> begun = collection->begin(settings);
    return begun ? Result<std::unique_ptr<Collection>>(std::move(collection)) : Failure(begun.error());
}

Result<std::unique_ptr<Collection>> Collection::look(const std::filesystem::path& folder, const Settings& settings) {
    std::unique_ptr<Collection> collection(new Collection(folder));
    PITOT_TRY(auto records, read_records(folder));
    collection->records_ = std::move(records);
    const Result<void> begun = collection->begin(settings);
    return begun ? Result<std::unique_ptr<Collection>>(std::move(collection)) : Failure(begun.error());
}

Result<void> Collection::begin(const Settings& settings) {
    const std::optional<Settings>& old = records_.settings;
    return old ? check_same(folder_, *old, settings) : add(line_of(settings));
}

Result<void> Collection::add(const Json& line) {
    const Result<void> appended = journal_ ? journal_->append(line) : Result<void>();
    return appended ? records_.apply(line) : appended;
}

Result<std::size_t> Collection::add_engine(const engines::Engine& engine, const engines::Device& device) {
    if (!records_.devices.contains(device.id)) {
        const Json entry = Json::parse(device.json, nullptr, false);
        if (!entry.is_object()) {
            return fail(ErrorCode::kBug, fmt::format("the description of device '{}' is not JSON", device.name));
        }
        if (const Result<void> added = add({{"device", device.id}, {"entry", entry}}); !added) {
            return Failure(added.error());
        }
    }
    const auto known = records_.find_engine(engine.name, device.id);
    const auto differs = [&](const EngineRecord& old) {
        return old.version != engine.version || !engines::runs_alike(old.declared, engine.declared);
    };
    const bool starts_anew = known && differs(records_.engines[*known]) && !records_.has_runs(*known);
    if (!known || starts_anew) {
        const Result<void> added = add(line_of(
            EngineRecord{engine.name, device.id, engine.version, engine.title, engine.package, engine.declared}));
        return added ? Result<std::size_t>(records_.engines.size() - 1) : Failure(added.error());
    }
    const EngineRecord& old = records_.engines[*known];
    if (const bool version = old.version != engine.version; differs(old)) {
        return fail(ErrorCode::kInput,
                    fmt::format("engine '{}' is another than '{}' was begun with: {}; install the former one, leave "
                                "it out, or measure into another folder",
                                engine.name, folder_.string(),
                                version ? fmt::format("version '{}' was '{}'", engine.version, old.version)
                                        : "its entry in the table has changed"));
    }
    return *known;
}

namespace {

/// The fields in which two objects, or nothing, differ.
std::string differences(const Json& old, const Json& now) {
    std::vector<std::string> names;
    const Json a = old.is_object() ? old : Json::object();
    const Json b = now.is_object() ? now : Json::object();
    for (const Json* one : {&a, &b}) {
        for (const auto& [key, value] : one->items()) {
            const bool same = a.contains(key) && b.contains(key) && a.at(key) == b.at(key);
            const std::string name = key.substr(0, key.find("_sha256"));
            if (!same && std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(name);
            }
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Result<std::size_t> Collection::add_module(const ModuleFile& module) {
    const auto known = records_.find_module(module.file);
    if (!known) {
        const Result<void> added = add(line_of(module));
        return added ? Result<std::size_t>(records_.modules.size() - 1) : Failure(added.error());
    }
    if (records_.modules[*known].sha256 != module.sha256) {
        return fail(ErrorCode::kInput,
                    fmt::format("module '{}' has other content than '{}' was begun with; restore it, "
                                "give it another name, or measure into another folder",
                                module.file, folder_.string()));
    }
    if (records_.modules[*known].task != module.task) {
        return fail(
            ErrorCode::kInput,
            fmt::format("task '{}' is given other things than when '{}' was begun: {}; restore them, give the "
                        "task another name, or measure into another folder",
                        module.file, folder_.string(), differences(records_.modules[*known].task, module.task)));
    }
    return *known;
}

Result<void> Collection::add_session(double load) { return add({{"session", timestamp()}, {"load", load}}); }

Result<void> Collection::add_run(Cell cell, const Run& run, double seconds) { return add(line_of(cell, run, seconds)); }

Result<void> Collection::add_warm(Cell cell, const Run& run, double seconds) {
    return add(warm_line(cell, run, seconds));
}

Result<void> Collection::add_refusal(Cell cell, const std::string& reason, bool beforehand) {
    return add(refusal_line(cell, reason, beforehand));
}

Result<void> Collection::add_set(const SetKey& key, const SetRuns& set) { return add(line_of(key, set)); }

Result<void> Collection::add_profile(std::size_t module, const ProfileRecord& profile) {
    return add(line_of(module, profile));
}

}  // namespace pitot::measure
