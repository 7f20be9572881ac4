// Runs modules on engines, alone and side by side, into a collection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "engines/engine.hpp"
#include "measure/collection_records.hpp"
#include "pitot/result.hpp"

namespace pitot::measure {

/// A module, or a task of one, that cannot be run anywhere or by some engines, or whose opcodes cannot be counted.
struct UnfitModule {
    std::string file;  ///< as in ModuleFile; without a task where it goes for all tasks of the module
    std::string reason;
    bool nowhere = true;  ///< the module is at fault, and no engine of the plan can know better
    bool counts = true;   ///< false: its opcodes cannot be counted
    /// Full names of the engines of the plan that cannot run it; `nowhere` is false then. Empty, with `nowhere` false:
    /// it is a matter of counting alone.
    std::vector<std::string> engines{};
    bool all_tasks = false;  ///< it goes for all tasks of the module, and not for the one that has its name alone

    bool operator==(const UnfitModule&) const = default;
};

/// What to measure. Into a collection that exists, whatever of it is missing there.
struct Plan {
    std::filesystem::path collection;
    std::vector<ModuleFile> modules;
    std::vector<engines::Engine> engines;
    Settings settings;
    std::string device_name;  ///< what this machine is called in the collection; empty = as the system calls it

    bool alone = true;
    std::size_t repeat = 50;    ///< runs of every module on every engine
    std::size_t abandon = 2;    ///< a cell with so many failed runs in a row is not run again
    double cell_seconds = 0.0;  ///< a cell with kLeastRuns runs that took so long together has enough; 0 = no bound

    std::size_t warm = 0;  ///< calls of every module on every engine that can call it again and again in one process

    std::size_t together = 0;        ///< modules side by side; 0 = none
    std::size_t sets = 0;            ///< draws of so many modules, for each engine
    double together_limit_s = 30.0;  ///< of each set

    std::vector<UnfitModule> unfit;    ///< what is refused before it is run; see look_at_modules()
    std::vector<std::string> remarks;  ///< on what else was seen: functions that are called, imports that are made up

    bool profile = true;            ///< count opcodes, once a module
    double profile_limit_s = 30.0;  ///< a module that takes longer gets no profile until it is given longer
    std::filesystem::path cache;    ///< what prepare() makes
    double compile_limit_s =
        engines::PrepareOptions().limit_s;  ///< a module that takes longer has no runs on that engine

    /// Error: kUsage naming the field and its bounds.
    [[nodiscard]] Result<void> validate() const;
    /// Why the module cannot be run on the engine, both by place in the plan; empty if that is not known.
    [[nodiscard]] std::string refusal(std::size_t module, std::size_t engine) const;
    /// Whether it is known that no engine of the plan runs the module, by place.
    [[nodiscard]] bool is_refused(std::size_t module) const;
    /// Whether it is known that the module's opcodes cannot be counted, by place.
    [[nodiscard]] bool is_uncounted(std::size_t module) const;
};

/// Runs that `cell_seconds` leaves to a cell however long they take.
inline constexpr std::size_t kLeastRuns = 3;

struct MeasureProgress {
    std::string stage;             ///< "preparing", "counting opcodes", "measuring", …
    double share = 0.0;            ///< of the stage, by time where that is known
    std::optional<double> left_s;  ///< nothing before the first runs
};

struct MeasureOptions {
    std::function<void(const MeasureProgress&)> progress;  ///< between runs; may be empty
    std::function<void(const std::string&)> note;          ///< what is worth saying at once; may be empty
    std::stop_token stop;                                  ///< ends what is in flight, which is as if it had not begun
};

/// Something that could not be measured, or not always.
struct Problem {
    std::string engine;  ///< empty: of a profile
    std::string module;  ///< of a set: all of them, with " + " between
    std::string reason;  ///< the last one
    std::size_t failed = 0;
    std::size_t runs = 0;  ///< 0: the engine refused the module
};

/// How a plan's part of a collection stands.
struct Summary {
    std::size_t engines = 0;
    std::size_t modules = 0;
    std::size_t cells = 0;           ///< 0 where nothing is run alone
    std::size_t complete_cells = 0;  ///< with all the runs they shall have, abandoned and refused ones left out
    std::size_t runs = 0;            ///< alone
    std::size_t failed_runs = 0;
    std::size_t abandoned_cells = 0;
    std::size_t refused_cells = 0;
    std::size_t warm_cells = 0;  ///< with an engine that makes warm calls; 0 where none are asked for
    std::size_t warm_calls = 0;
    std::size_t failed_warm = 0;  ///< processes of warm calls that failed, some perhaps after good ones
    std::size_t sets = 0;
    std::size_t failed_sets = 0;
    std::size_t profiles = 0;
    std::size_t profiles_left = 0;  ///< of modules that the plan does not call unfit
    double profiles_most_s = 0.0;   ///< if each took until the limit
    std::size_t new_runs = 0;       ///< of this call
    std::size_t new_warm = 0;
    std::size_t new_sets = 0;
    std::size_t runs_left = 0;  ///< as estimated
    std::size_t warm_left = 0;  ///< calls
    std::size_t sets_left = 0;
    std::optional<double> left_s;  ///< estimated time of what is left; nothing while no engine of the plan has a run
    double most_s = 0.0;           ///< it if every run took until the limit
    bool stopped = false;
    bool unready = false;  ///< the machine kept an engine from making a module ready: a note told why
    std::vector<Problem> problems;
};

/// Prepares, profiles, runs and writes the collection's files. When stopped, too: what was measured is kept and a
/// further call goes on. Errors: Plan::validate's and Collection::open's; kEnvironment if the disk or the system
/// refuses, after which a further call goes on as well; kCancelled if stopped before it knew what there is to do.
/// Failures of modules and engines are no errors.
[[nodiscard]] Result<Summary> measure(const Plan& plan, const MeasureOptions& options);

/// How the collection stands and what is left to do. Runs and changes nothing; emulators are asked for their versions.
[[nodiscard]] Result<Summary> outlook(const Plan& plan, const std::stop_token& stop = {});

/// The .wasm files in and below `folder` (or the one file that it is) whose path below it matches one of `only` (globs;
/// none: all), in order. Errors: kInput if there are none, or for a name that a trace cannot hold; kEnvironment if one
/// cannot be read.
[[nodiscard]] Result<std::vector<ModuleFile>> find_modules(const std::filesystem::path& folder,
                                                           const std::vector<std::string>& only);

/// Those that `patterns` name, in the order of `found`: "NAME" of this machine, "NAME@DEVICE" of an emulated one, both
/// perhaps globs, and "all", on any device. Globs and "all" leave out missing engines. Errors: kUsage for a pattern
/// that fits none, kEnvironment for the name of a missing one.
[[nodiscard]] Result<std::vector<engines::Engine>> choose_engines(const std::vector<engines::Engine>& found,
                                                                  const std::vector<std::string>& patterns);

/// "0,2-3" -> 0, 2, 3; all this process may use if empty. Error: kUsage for others.
[[nodiscard]] Result<std::vector<int>> choose_cores(const std::string& list);

/// `members` different numbers below `count`, in random order. members <= count.
[[nodiscard]] std::vector<std::size_t> draw_members(core::Key key, std::size_t count, std::size_t members);

}  // namespace pitot::measure
