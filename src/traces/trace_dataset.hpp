// From traces to a dataset: names, targets and features as the two releases of the method have them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/result.hpp"
#include "traces/collection.hpp"

namespace pitot::traces {

/// Which release's conventions hold where an option does not say otherwise.
enum class Release : std::uint8_t { k2023, k2025 };
enum class Target : std::uint8_t { kWall, kCpu };            ///< wall time, or user plus system time
enum class RunUse : std::uint8_t { kMean, kMedian, kEach };  ///< what becomes of several runs
/// Which runs alone are taken. Warm calls are those of a runtime of its own, "RUNTIME+warm".
enum class RunKind : std::uint8_t { kCold, kWarm, kBoth };

struct TraceOptions {
    Release release = Release::k2025;
    std::optional<Target> target;    ///< 2023: kCpu; 2025: kWall. Runs side by side have wall time only.
    std::optional<bool> skip_first;  ///< drop a trace's first positive run. 2023: yes; 2025: no
    RunUse runs = RunUse::kMean;
    RunKind kind = RunKind::kCold;                             ///< kWarm: without runs side by side, which are cold
    std::string separator = ".";                               ///< between runtime and device
    std::vector<std::pair<std::string, std::string>> renames;  ///< texts replaced in the names of modules
    std::set<std::string> exclude;                             ///< platforms left out, by name
    bool keep_unobserved = false;  ///< keep platforms and modules that have traces but no observation

    [[nodiscard]] Target target_or_default() const;
    [[nodiscard]] bool skips_first() const;
};

/// A cell, or a row with co-runners, all of whose runs failed.
struct FailedCell {
    std::string file;
    std::string platform;
    std::string module;
    std::vector<std::string> co_runners;
};

struct TraceDataset {
    Dataset dataset;                     ///< platforms by runtime and device, modules by name
    std::vector<TraceProblem> problems;  ///< those of the collection first
    std::vector<FailedCell> failed;      ///< they stay unobserved
    std::int64_t pooled_cells = 0;       ///< cells with runs in more than one trace, taken together
};

/// What is made of devices: times of what ran on them, or features alone.
enum class DeviceUse : std::uint8_t { kTimes, kFeatures };

/// Whether devices of one name are one: platforms are known by the names of their devices. Error (kInput): two of one
/// name, of different ids, that were both measured (kTimes), or that are described differently where a name alone says
/// which is meant.
[[nodiscard]] Result<void> check_device_names(const Collection& collection, DeviceUse use);

/// Devices of one name are taken for one: see check_device_names().
[[nodiscard]] TraceDataset make_dataset(const Collection& collection, const TraceOptions& options = {});

/// A platform's two parts.
struct PlatformParts {
    std::string runtime;
    const Device* device = nullptr;  ///< may be unknown
};

/// Features in the order of docs/traces.md: of the device (those that occur among `devices` as one-hot columns), then
/// of the runtime. A device that is unknown or not described has 0 everywhere. `names` and `parts` go together.
[[nodiscard]] Side platform_side(std::vector<std::string> names, std::span<const PlatformParts> parts,
                                 std::span<const Device> devices, Release release);

/// Names and 256 counts each.
using OpcodeTable = std::vector<std::pair<std::string, std::vector<double>>>;

/// The opcode traces of a collection, sorted by name; of traces that disagree the first counts.
[[nodiscard]] OpcodeTable opcode_table(const Collection& collection, const TraceOptions& options,
                                       std::vector<TraceProblem>& problems);

/// ln(1 + count) of the opcodes that `release` keeps: those whose total exceeds 10 (2023), or whose count is not the
/// same everywhere (2025). Columns are called "op12" (2023) or "x0C" (2025). Names without counts have the means
/// of the others. Without any counts there are no features. `constant_too`: 2025 leaves out only what nothing executes.
[[nodiscard]] Side opcode_side(std::vector<std::string> names, const OpcodeTable& table, Release release,
                               bool constant_too = false);

/// The observations alone of a collection, platforms × modules, without features; with `keep_unobserved` every runtime
/// on every device.
[[nodiscard]] TraceDataset make_matrix(const Collection& collection, const TraceOptions& options = {});

/// The rows with co-runners of a collection, numbered as `known` numbers its platforms and modules; rows that name
/// others are problems.
[[nodiscard]] TraceDataset make_interference(const Collection& collection, const Dataset& known,
                                             const TraceOptions& options = {});

/// A kInput error if nothing was observed, with the first problem, if any. Such a dataset cannot be read back.
[[nodiscard]] Result<void> require_observations(const TraceDataset& made);

}  // namespace pitot::traces
