// A collection: the folder that runs are kept in, as a journal while it grows and as traces for those who read it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "engines/device.hpp"
#include "engines/engine.hpp"
#include "measure/collection_records.hpp"
#include "pitot/result.hpp"

namespace pitot::measure {

/// The journal is the truth; every add_… appends one line to it. Traces, runtimes.json, engines.json and failures.json
/// are made from it.
class Collection {
public:
    /// Makes the folder, or goes on with it. Errors: kUsage naming the setting in which it differs from `settings`;
    /// kInput if it is a collection that another program made; Journal::open's.
    [[nodiscard]] static Result<std::unique_ptr<Collection>> open(const std::filesystem::path& folder,
                                                                  const Settings& settings);
    /// The same in memory alone: the folder is read if it is there, and nothing is made, locked or written. Not for
    /// journal() and write_…().
    [[nodiscard]] static Result<std::unique_ptr<Collection>> look(const std::filesystem::path& folder,
                                                                  const Settings& settings);

    [[nodiscard]] const Records& records() const { return records_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

    /// Each gives the number of what it names, adding it if it is new. Error: kInput if it is known and differs.
    [[nodiscard]] Result<std::size_t> add_engine(const engines::Engine& engine, const engines::Device& device);
    [[nodiscard]] Result<std::size_t> add_module(const ModuleFile& module);

    [[nodiscard]] Result<void> add_session(double load);
    [[nodiscard]] Result<void> add_run(Cell cell, const Run& run, double seconds);
    [[nodiscard]] Result<void> add_warm(Cell cell, const Run& run, double seconds);
    [[nodiscard]] Result<void> add_refusal(Cell cell, const std::string& reason, bool beforehand);
    [[nodiscard]] Result<void> add_set(const SetKey& key, const SetRuns& set);
    [[nodiscard]] Result<void> add_profile(std::size_t module, const ProfileRecord& profile);

    [[nodiscard]] Journal& journal() { return *journal_; }
    /// All files but the journal. Those that would not change are left alone.
    [[nodiscard]] Result<void> write_files() const;

private:
    explicit Collection(std::filesystem::path folder) : folder_(std::move(folder)) {}
    [[nodiscard]] Result<void> begin(const Settings& settings);
    [[nodiscard]] Result<void> add(const Json& line);

    std::filesystem::path folder_;
    Records records_;
    std::unique_ptr<Journal> journal_;  // none: only looked at
};

/// A module's name in traces: "wasm/polybench/small/2mm.wasm" -> "polybench.small.2mm"; of a task: "sort_-n_5".
[[nodiscard]] std::string trace_name(const std::string& file);

}  // namespace pitot::measure
