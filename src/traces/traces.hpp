// Traces as collectors write them, one JSON file a run of a module: from text to values, checked. docs/traces.md tells
// the formats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pitot/result.hpp"
#include "traces/form.hpp"

namespace pitot::traces {

/// Something in a collection that could not be used: the file it stands in, and what is wrong with it.
struct TraceProblem {
    std::string file;
    std::string what;
    bool no_devices = false;  ///< the file is a collection without runtimes.json
    Remedy remedy = Remedy{};

    [[nodiscard]] std::string to_string() const { return file + ": " + what; }
};

/// A device as runtimes.json describes it. Sizes in bytes; 0 = absent or not known.
struct Device {
    std::string id;  ///< what traces name as their parent
    std::string name;
    bool described = false;         ///< has any of what follows
    std::string microarchitecture;  ///< empty = not known
    double clock_hz = 0;
    double l1d_bytes = 0;
    double l1i_bytes = 0;
    double l2_bytes = 0;
    double l2_line_bytes = 0;
    double l2_ways = 0;
    double l3_bytes = 0;
    bool misdescribed = false;  ///< has a description that a problem tells of and that is left out
    std::string file = {};      ///< where a collection has it from

    friend bool operator==(const Device&, const Device&) = default;
};

/// What a runtimes.json says: devices that can be used, and what is wrong with others (`file` as given).
struct DeviceList {
    std::vector<Device> devices;
    std::vector<TraceProblem> problems;
};

/// A module that ran, and its runs: µs, 0 = failed. In benchmarking and warm traces `cpu_us` is user plus system time.
struct TraceMember {
    std::string module_file;
    std::vector<std::string> arguments;
    std::vector<double> wall_us;
    std::vector<double> cpu_us;  ///< empty where the trace has none

    friend bool operator==(const TraceMember&, const TraceMember&) = default;
};

struct Trace {
    std::string file;  ///< where it was read from
    std::string uuid;
    TraceKind kind = TraceKind::kBenchmarking;
    std::string parent;                ///< a Device::id; may be empty in opcode traces
    std::string engine;                ///< likewise
    std::vector<TraceMember> members;  ///< one, but for interference: those that ran side by side
    std::vector<double> opcodes;       ///< kOpcodes: 256 counts
};

/// One trace. Its type is that of the name, or what the text looks like where the name has none. Errors (kInput) say
/// what is wrong and begin with a verb, to stand behind the file's name.
[[nodiscard]] Result<Trace> parse_trace(const std::string& file, const TraceName& name, std::string_view text);

/// A runtimes.json. An error if it is none at all; single devices that cannot be used are problems.
[[nodiscard]] Result<DeviceList> parse_devices(const std::string& file, std::string_view text);

/// One platform of a flat file: a runtime (or several runs) a module.
struct FlatPlatform {
    std::string file;
    std::string device;
    std::string runtime;
    std::vector<std::pair<std::string, std::vector<double>>> runs_us;  ///< module file, runs; 0 = failed
};
struct FlatFile {
    std::vector<FlatPlatform> platforms;
    std::vector<TraceProblem> problems;
};

/// `{id: {"device", "runtime", "data": {module: t}}}`. An error if it is none at all; what cannot be used in it is a
/// problem.
[[nodiscard]] Result<FlatFile> parse_flat(const std::string& file, std::string_view text);

/// Whether a text looks like a flat file rather than a runtimes.json.
[[nodiscard]] bool looks_flat(std::string_view text);

}  // namespace pitot::traces
