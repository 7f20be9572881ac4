// What the journal of a collection says, line by line: everything known about it.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "measure/collection_journal.hpp"
#include "measure/run.hpp"
#include "pitot/result.hpp"

namespace pitot::measure {

/// What is the same for all of a collection's runs.
struct Settings {
    double limit_s = 30.0;    ///< after which a run alone is killed
    std::vector<int> cores;   ///< runs alone: the first `jobs`; side by side: member i on cores[i % size]
    int jobs = 1;             ///< runs alone at a time
    std::uint64_t seed = 42;  ///< of the order of runs and of the sets
};

/// A WebAssembly file that is measured.
struct ModuleFile {  // NOLINT(bugprone-exception-escape): Json moves without throwing, which clang-tidy does not see
    std::filesystem::path path;  ///< absolute; empty where it was only read of
    std::string file;            ///< its name in traces: "wasm/polybench/small/2mm.wasm"; a task's behind a colon
    std::string sha256;
    engines::RunInput input{};  ///< what it is given
    Json task{};                ///< that as a collection remembers it; null: nothing
};

struct EngineRecord {
    std::string name;
    std::string device;  ///< its id
    std::string version;
    std::string title;
    std::string package;
    std::string declared;
};

/// One module on one engine, as numbers of `Records::modules` and `Records::engines`.
struct Cell {
    std::size_t engine = 0;
    std::size_t module = 0;
    auto operator<=>(const Cell&) const = default;
};

/// The runs of a cell, in the order in which they ended.
struct CellRuns {
    std::vector<std::int64_t> wall_us;  ///< 0: a failed run, as in the two others
    std::vector<std::int64_t> utime_us;
    std::vector<std::int64_t> stime_us;
    std::vector<std::pair<std::size_t, std::string>> failures;  ///< number of the run and reason
    std::size_t failed_in_a_row = 0;                            ///< up to now
    double seconds = 0.0;                                       ///< of all runs, failed ones too
    std::string refusal;                                        ///< the engine does not take the module; no runs
    bool beforehand = false;  ///< refused before the engine was asked: no longer so where that is mended

    [[nodiscard]] std::size_t runs() const { return wall_us.size(); }
};

/// The calls of a cell in processes that call the module again and again.
struct WarmRuns {
    WarmCalls calls;                                            ///< of all processes, in the order in which they ended
    std::vector<std::pair<std::size_t, std::string>> failures;  ///< number of calls before it, and reason
    std::size_t failed_in_a_row = 0;                            ///< processes, up to now
    std::size_t processes = 0;
    double seconds = 0.0;  ///< of the processes

    [[nodiscard]] std::size_t runs() const { return calls.wall_us.size(); }
};

/// Which modules ran side by side: the `index`-th set of `members` modules on an engine.
struct SetKey {
    std::size_t engine = 0;
    std::size_t members = 0;
    std::size_t index = 0;
    auto operator<=>(const SetKey&) const = default;
};

struct SetRuns {
    std::vector<std::size_t> modules;
    double limit_s = 0.0;
    std::vector<std::vector<std::int64_t>> wall_us;  ///< of each member; none if the set failed
    std::string failure;
};

struct ProfileRecord {
    std::string engine;
    std::vector<std::uint64_t> counts;  ///< 256 by first byte; none if it failed
    std::string failure;
    double limit_s = 0.0;              ///< of the try that failed; 0 where that was not kept
    std::vector<std::string> stubs{};  ///< imports that were made up
    std::uint64_t stub_calls = 0;      ///< how often functions of these were called

    [[nodiscard]] bool may_succeed_in(double seconds) const {
        return !failure.empty() && limit_s > 0.0 && seconds > limit_s;
    }
};

struct Records {
    std::optional<Settings> settings;
    std::map<std::string, Json> devices;  ///< id -> entry of runtimes.json
    std::vector<EngineRecord> engines;
    std::vector<ModuleFile> modules;
    std::map<Cell, CellRuns> cells;
    std::map<Cell, WarmRuns> warm;
    std::map<SetKey, SetRuns> sets;
    std::map<std::size_t, ProfileRecord> profiles;  ///< by module

    /// Takes in a line. Error: kInput for a version or a kind of line that this program does not know, or numbers of
    /// engines and modules that were not named before; throws Json::exception for a known kind of another form.
    [[nodiscard]] Result<void> apply(const Json& line);

    /// The last of that name on that device: an engine that ran nothing may be followed by another version of it.
    [[nodiscard]] std::optional<std::size_t> find_engine(const std::string& name, const std::string& device) const;
    /// Whether another version of it follows.
    [[nodiscard]] bool is_superseded(std::size_t engine) const;
    /// Whether it ran a module, well or not.
    [[nodiscard]] bool has_runs(std::size_t engine) const;
    [[nodiscard]] std::optional<std::size_t> find_module(const std::string& file) const;
    /// The runs of a cell; empty ones if it has none.
    [[nodiscard]] const CellRuns& runs_of(Cell cell) const;
    [[nodiscard]] const WarmRuns& warm_of(Cell cell) const;
};

// Lines, the other way.
[[nodiscard]] Json line_of(const Settings& settings);
[[nodiscard]] Json line_of(const EngineRecord& engine);
[[nodiscard]] Json line_of(const ModuleFile& module);
[[nodiscard]] Json line_of(Cell cell, const Run& run, double seconds);
[[nodiscard]] Json warm_line(Cell cell, const Run& run, double seconds);
/// `beforehand`: see CellRuns. An empty `reason` takes a refusal back.
[[nodiscard]] Json refusal_line(Cell cell, const std::string& reason, bool beforehand);
[[nodiscard]] Json line_of(const SetKey& key, const SetRuns& set);
[[nodiscard]] Json line_of(std::size_t module, const ProfileRecord& profile);

/// What a collection's journal says; nothing at all if there is none. Changes nothing and may be called while another
/// process measures.
[[nodiscard]] Result<Records> read_records(const std::filesystem::path& collection);

}  // namespace pitot::measure
