// The form of a collection: names of its files and of the fields in them. What writes collections and what reads them
// both include it; docs/traces.md tells the form in words.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pitot::traces {

/// What a trace tells: the part TYPE of its file's name.
enum class TraceKind : std::uint8_t {
    kBenchmarking,  ///< runs of a module, each a process
    kWarm,          ///< calls of a module, many a process
    kOpcodes,
    kInterference,
};

/// MODULE-NAME.UUID.TYPE.json, taken apart. `type` is empty where the name has no such part.
struct TraceName {
    std::string uuid;
    std::string type;
};
[[nodiscard]] TraceName parse_trace_name(std::string_view file_name);

namespace form {

// Files in the folder of a collection. Traces lie in folders below it.
inline constexpr const char* kDevicesFile = "runtimes.json";   ///< devices by id
inline constexpr const char* kEnginesFile = "engines.json";    ///< how engines were found and started
inline constexpr const char* kFailuresFile = "failures.json";  ///< what could not be measured, and why
inline constexpr const char* kJournalFile = "journal.jsonl";   ///< every run, as it ended
/// Those of them that have the extension of traces and are none.
inline constexpr std::array<std::string_view, 3> kNoTraces{kDevicesFile, kEnginesFile, kFailuresFile};

/// Folder of the traces that no engine under test made.
inline constexpr const char* kProfileFolder = "profile";
/// First folder of a module's file in traces: "wasm/polybench/small/2mm.wasm".
inline constexpr std::string_view kModuleFolder = "wasm";

// Fields of every trace.
inline constexpr const char* kModule = "module";  ///< an object of the five below
inline constexpr const char* kName = "name";
inline constexpr const char* kFile = "file";
inline constexpr const char* kParent = "parent";  ///< id of a device
inline constexpr const char* kArgs = "args";      ///< an object of the three below
inline constexpr const char* kEngine = "engine";
inline constexpr const char* kArgv = "argv";
inline constexpr const char* kTask = "task";  ///< all that the module is given, where that is something

// Fields of a benchmarking or warm trace: a number a run or call in microseconds, 0 for a failed one.
inline constexpr const char* kWall = "wall";
inline constexpr const char* kUtime = "utime";
inline constexpr const char* kStime = "stime";
inline constexpr const char* kFailures = "failures";  ///< objects of the two below
inline constexpr const char* kRun = "run";            ///< number of a failed run, from 0
inline constexpr const char* kReason = "reason";

// Field of an opcode trace: a count an opcode, by first byte.
inline constexpr const char* kOpcodes = "opcodes";
inline constexpr std::size_t kOpcodeCount = 256;

// Fields of an interference trace: for each member "NUMBER:FILE", its runs as in `wall`; and the limit of the set.
inline constexpr const char* kLimit = "limit_s";
[[nodiscard]] std::string member_key(std::size_t number, std::string_view file);
/// Number and file of such a key; nothing of another.
[[nodiscard]] std::optional<std::pair<std::uint32_t, std::string>> parse_member_key(std::string_view key);

// Fields of a device: kName and an object of objects.
inline constexpr const char* kPlatform = "platform";
inline constexpr const char* kCpu = "cpu";  ///< the object, and in it the microarchitecture
inline constexpr const char* kFrequency = "cpufreq";
inline constexpr const char* kMemory = "mem";
inline constexpr const char* kL1dSize = "l1d_size";
inline constexpr const char* kL1iSize = "l1i_size";
inline constexpr const char* kL2Size = "l2_size";
inline constexpr const char* kL2Line = "l2_line";
inline constexpr const char* kL2Ways = "l2_assoc";
inline constexpr const char* kL3Size = "l3_size";

/// The TYPE of a kind, and the other way.
[[nodiscard]] const char* type_of(TraceKind kind);
[[nodiscard]] std::optional<TraceKind> kind_of_type(std::string_view type);

/// MODULE-NAME.UUID.TYPE.json, what parse_trace_name() takes apart.
[[nodiscard]] std::string trace_file_name(std::string_view module_name, std::string_view uuid, TraceKind kind);

}  // namespace form
}  // namespace pitot::traces
