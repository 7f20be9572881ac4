#include "dataset/column_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace pitot::dataset {
namespace {

using namespace std::string_view_literals;

constexpr std::array kPlatformNames{"device"sv,   "machine"sv,     "host"sv,     "hostname"sv, "host name"sv,
                                    "node"sv,     "board"sv,       "target"sv,   "computer"sv, "system"sv,
                                    "hardware"sv, "environment"sv, "platforms"sv};
constexpr std::array kEngineNames{"engine"sv, "engines"sv, "wasm runtime"sv, "wasm engine"sv, "vm"sv};
constexpr std::array kModuleNames{"benchmark"sv,   "benchmarks"sv, "workload"sv,  "wasm"sv,   "wasm module"sv,
                                  "program"sv,     "test"sv,       "test case"sv, "kernel"sv, "bench"sv,
                                  "application"sv, "app"sv,        "task"sv,      "job"sv,    "function"sv,
                                  "modules"sv,     "wasm file"sv,  "binary"sv};
constexpr std::array kLastModuleNames{"command"sv, "name"sv, "file"sv};  // where nothing else is one
constexpr std::array kUnitNames{"unit"sv, "units"sv, "time unit"sv, "timeunit"sv, "runtime unit"sv};
constexpr std::array kExitNames{"return code"sv, "returncode"sv, "exit code"sv, "exitcode"sv, "exit status"sv, "rc"sv};
constexpr std::array kStatusNames{"status"sv, "run status"sv, "state"sv, "result"sv, "outcome"sv, "exit state"sv};
constexpr std::array kSuccessNames{"success"sv, "ok"sv, "passed"sv, "succeeded"sv, "successful"sv, "valid"sv};
constexpr std::array kOkWords{"ok"sv,          "okay"sv,      "pass"sv,      "passed"sv,   "success"sv,
                              "successful"sv,  "succeeded"sv, "true"sv,      "yes"sv,      "done"sv,
                              "good"sv,        "complete"sv,  "completed"sv, "finished"sv, "y"sv,
                              "exit code 0"sv, "t"sv,         "valid"sv,     "normal"sv};
constexpr std::array kFailedWords{"failed"sv,
                                  "fail"sv,
                                  "failure"sv,
                                  "error"sv,
                                  "err"sv,
                                  "errored"sv,
                                  "timeout"sv,
                                  "time out"sv,
                                  "timed out"sv,
                                  "timedout"sv,
                                  "crash"sv,
                                  "crashed"sv,
                                  "false"sv,
                                  "no"sv,
                                  "n"sv,
                                  "f"sv,
                                  "killed"sv,
                                  "abort"sv,
                                  "aborted"sv,
                                  "segfault"sv,
                                  "oom"sv,
                                  "trap"sv,
                                  "trapped"sv,
                                  "skipped"sv,
                                  "skip"sv,
                                  "invalid"sv,
                                  "cancelled"sv,
                                  "canceled"sv,
                                  "unsuccessful"sv,
                                  "bad"sv,
                                  "not ok"sv,
                                  "unsupported"sv,
                                  "broken"sv,
                                  "signal"sv,
                                  "incomplete"sv,
                                  "out of memory"sv,
                                  "segmentation fault"sv};
constexpr std::array kSummaryNames{"average"sv,
                                   "avg"sv,
                                   "mean"sv,
                                   "total"sv,
                                   "totals"sv,
                                   "sum"sv,
                                   "geomean"sv,
                                   "geo mean"sv,
                                   "gmean"sv,
                                   "geometric mean"sv,
                                   "median"sv,
                                   "std"sv,
                                   "stddev"sv,
                                   "std dev"sv,
                                   "stdev"sv,
                                   "standard deviation"sv,
                                   "variance"sv,
                                   "overall"sv,
                                   "min"sv,
                                   "max"sv,
                                   "minimum"sv,
                                   "maximum"sv,
                                   "grand total"sv,
                                   "count"sv,
                                   "arithmetic mean"sv,
                                   "harmonic mean"sv,
                                   "all"sv};
// Columns of which any of these words says that they tell repeats apart, or are measured themselves.
constexpr std::array kRepeatWords{
    "run"sv,         "runs"sv,      "iteration"sv, "iterations"sv, "iter"sv,         "iters"sv,      "rep"sv,
    "reps"sv,        "repeat"sv,    "repeats"sv,   "repetition"sv, "repetitions"sv,  "trial"sv,      "round"sv,
    "sample"sv,      "index"sv,     "id"sv,        "uuid"sv,       "seed"sv,         "try"sv,        "attempt"sv,
    "no"sv,          "nr"sv,        "number"sv,    "count"sv,      "counter"sv,      "timestamp"sv,  "date"sv,
    "datetime"sv,    "day"sv,       "hour"sv,      "when"sv,       "started"sv,      "start"sv,      "end"sv,
    "order"sv,       "row"sv,       "pid"sv,       "line"sv,       "stddev"sv,       "std"sv,        "dev"sv,
    "stdev"sv,       "deviation"sv, "sd"sv,        "cv"sv,         "var"sv,          "variance"sv,   "min"sv,
    "max"sv,         "mean"sv,      "median"sv,    "memory"sv,     "mem"sv,          "rss"sv,        "cpu"sv,
    "user"sv,        "system"sv,    "sys"sv,       "energy"sv,     "power"sv,        "joules"sv,     "watts"sv,
    "temperature"sv, "temp"sv,      "process"sv,   "cycles"sv,     "instructions"sv, "instr"sv,      "cache"sv,
    "misses"sv,      "faults"sv,    "percent"sv,   "load"sv,       "note"sv,         "notes"sv,      "comment"sv,
    "comments"sv,    "remark"sv,    "log"sv,       "stdout"sv,     "stderr"sv,       "output"sv,     "checksum"sv,
    "error"sv,       "message"sv,   "exit"sv,      "signal"sv,     "quantile"sv,     "percentile"sv, "ci"sv,
    "lower"sv,       "upper"sv,     "unnamed"sv,   "time"sv};
constexpr std::array kCoRunnerNames{
    "with"sv,         "co runner"sv,     "co runners"sv,   "corunner"sv,   "corunners"sv,      "co running"sv,
    "interferer"sv,   "interferers"sv,   "interference"sv, "neighbour"sv,  "neighbours"sv,     "neighbor"sv,
    "neighbors"sv,    "background"sv,    "beside"sv,       "alongside"sv,  "together"sv,       "together with"sv,
    "running with"sv, "run with"sv,      "concurrent"sv,   "colocated"sv,  "co located"sv,     "with module"sv,
    "with modules"sv, "with workload"sv, "with name"sv,    "with names"sv, "i interference"sv, "with others"sv};

// What names of runtimes are made of, and which of it says how long something took.
constexpr std::array kTimeWords{
    "runtime"sv,   "runtimes"sv,  "run"sv,           "time"sv,        "times"sv,     "wall"sv,      "walltime"sv,
    "clock"sv,     "wallclock"sv, "real"sv,          "elapsed"sv,     "duration"sv,  "latency"sv,   "exec"sv,
    "execution"sv, "exectime"sv,  "executiontime"sv, "mean"sv,        "avg"sv,       "average"sv,   "median"sv,
    "measured"sv,  "value"sv,     "values"sv,        "measurement"sv, "total"sv,     "cpu"sv,       "user"sv,
    "warm"sv,      "cold"sv,      "response"sv,      "processing"sv,  "process"sv,   "iteration"sv, "iter"sv,
    "call"sv,      "op"sv,        "per"sv,           "in"sv,          "of"sv,        "the"sv,       "benchmark"sv,
    "module"sv,    "wasm"sv,      "result"sv,        "durations"sv,   "latencies"sv, "took"sv,      "observed"sv,
    "spent"sv,     "running"sv};
constexpr std::array kDurationWords{
    "time"sv,      "times"sv,     "wall"sv,     "walltime"sv,      "elapsed"sv,   "duration"sv,  "latency"sv, "exec"sv,
    "execution"sv, "wallclock"sv, "exectime"sv, "executiontime"sv, "durations"sv, "latencies"sv, "real"sv,    "took"sv};
constexpr std::array kStatisticWords{"mean"sv,   "median"sv,   "avg"sv,         "average"sv, "value"sv,
                                     "values"sv, "measured"sv, "measurement"sv, "result"sv};
// Columns that may stand beside a matrix.
constexpr std::array kAsideNames{"note"sv,   "notes"sv, "comment"sv,     "comments"sv, "date"sv,
                                 "time"sv,   "id"sv,    "timestamp"sv,   "version"sv,  "firmware"sv,
                                 "commit"sv, "index"sv, "description"sv, "group"sv,    "suite"sv};

bool among(std::string_view text, auto& names) { return std::ranges::find(names, text) != std::end(names); }

std::string sentence_of(const HeaderWords& header) { return fmt::format("{}", fmt::join(header.words, " ")); }

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (static_cast<unsigned char>(c) >= 0x80);
}
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Words of letters and words of digits; a capital behind a small letter begins one.
std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    char before = ' ';
    for (const char c : text) {
        const bool goes_on =
            is_letter(c) ? is_letter(before) && !(is_upper(c) && !is_upper(before)) : is_digit(c) && is_digit(before);
        if (is_letter(c) || is_digit(c)) {
            if (!goes_on) {
                words.emplace_back();
            }
            words.back() += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
        }
        before = c;
    }
    return words;
}

// The unit that a word of a header names: "min", "h" and "m" are other words there.
std::optional<formats::TimeUnit> header_unit(std::string_view word, bool bracketed) {
    const auto unit = formats::find_time_unit(word);
    return bracketed || (word != "min" && word != "h" && word != "mins") ? unit : std::nullopt;
}

// Whether a word is another one but for a letter too much, too little, wrong or exchanged with the next.
bool one_slip(std::string_view a, std::string_view b) {
    if (a.size() > b.size()) {
        std::swap(a, b);
    }
    const auto same = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
    if (b.size() == a.size() + 1) {
        return a.substr(same) == b.substr(same + 1);
    }
    if (a.size() != b.size() || same == a.size()) {
        return false;
    }
    const bool exchanged = same + 1 < a.size() && a[same] == b[same + 1] && a[same + 1] == b[same] &&
                           a.substr(same + 2) == b.substr(same + 2);
    return exchanged || a.substr(same + 1) == b.substr(same + 1);
}

}  // namespace

std::string less_name(const HeaderWords& header) {
    std::string text = sentence_of(header);
    if (text.starts_with("parameter ")) {
        text.erase(0, 10);
    }
    return header.words.size() > 1 && header.words.back() == "name" && text != "host name"
               ? text.substr(0, text.size() - 5)
               : text;
}

int runtime_tier(const HeaderWords& header) {
    const bool all_known = std::ranges::all_of(header.words, [](const auto& w) { return among(w, kTimeWords); });
    if (!all_known || header.numbered) {
        return 0;
    }
    const bool cpu = header.has("cpu") || header.has("user");
    if (header.has("runtime") || header.has("runtimes") || (header.has("run") && header.has("time"))) {
        return cpu ? 2 : 1;
    }
    if (std::ranges::any_of(header.words, [](const auto& w) { return among(w, kDurationWords); })) {
        return 2;
    }
    const bool statistic = std::ranges::any_of(header.words, [](const auto& w) { return among(w, kStatisticWords); });
    return statistic || header.unit ? 3 : 0;
}

bool tells_repeats(const HeaderWords& header) {
    return header.words.empty() ||
           std::ranges::any_of(header.words, [](const auto& w) { return among(w, kRepeatWords); });
}

bool tells_size(const HeaderWords& header) {
    constexpr std::array words{"size"sv,   "n"sv,     "threads"sv, "thread"sv, "cores"sv, "batch"sv,
                               "length"sv, "level"sv, "width"sv,   "height"sv, "input"sv, "scale"sv,
                               "depth"sv,  "rank"sv,  "bytes"sv,   "jobs"sv};
    return std::ranges::any_of(header.words, [&](const auto& w) { return among(w, words); });
}

bool sums_up(const HeaderWords& header) { return !header.numbered && among(sentence_of(header), kSummaryNames); }

std::optional<bool> succeeded(std::string_view cell, bool numbers) {
    std::string text = formats::lower_ascii(formats::trimmed(cell));
    if (const auto number = formats::parse_number(text); number == 0.0 || number == 1.0) {
        return numbers ? std::optional(number == 1.0) : number == 0.0 ? std::optional(true) : std::nullopt;
    }
    std::ranges::replace_if(
        text, [](char c) { return c == '_' || c == '-'; }, ' ');
    while (!text.empty() && (text.back() == '!' || text.back() == '.')) {
        text.pop_back();
    }
    return among(text, kOkWords)       ? std::optional(true)
           : among(text, kFailedWords) ? std::optional(false)
                                       : std::nullopt;
}

bool like_co_runners(const HeaderWords& header) {
    const std::string joined = fmt::format("{}", fmt::join(header.words, ""));
    constexpr std::array known{"with"sv, "corunner"sv, "corunners"sv, "interferer"sv, "interferers"sv};
    constexpr std::array other_words{"width"sv, "wit"sv, "wish"sv, "pith"sv, "witch"sv};
    const bool slip = !among(joined, other_words) &&
                      std::ranges::any_of(known, [&](std::string_view k) { return one_slip(joined, k); });
    const bool begins = !header.words.empty() && header.words.front() == "with";
    return slip || begins || joined.find("corun") != std::string::npos || joined.find("interfer") != std::string::npos;
}

bool is_called(const HeaderWords& header, NameKind kind) {
    const std::string text = sentence_of(header);
    switch (kind) {
        case NameKind::kDevice:
            return among(less_name(header), kPlatformNames);
        case NameKind::kEngine:
            return among(less_name(header), kEngineNames);
        case NameKind::kModule:
            return among(less_name(header), kModuleNames);
        case NameKind::kModuleIfNothingElse:
            return among(less_name(header), kLastModuleNames);
        case NameKind::kUnit:
            return among(text, kUnitNames);
        case NameKind::kExitCode:
            return among(text, kExitNames);
        case NameKind::kStatus:
            return among(less_name(header), kStatusNames);
        case NameKind::kSuccess:
            return among(text, kSuccessNames);
        case NameKind::kCoRunners:
            return among(text, kCoRunnerNames);
        case NameKind::kAside:
            break;
    }
    return among(text, kAsideNames);
}

bool HeaderWords::is(std::string_view sentence) const { return sentence_of(*this) == sentence; }
bool HeaderWords::has(std::string_view word) const { return std::ranges::find(words, word) != words.end(); }

HeaderWords header_words(std::string_view header) {
    HeaderWords out;
    std::string text(header);
    const auto open = text.find_last_of("([{<");
    const auto close = open == std::string::npos ? open : text.find_first_of(")]}>", open);
    if (close != std::string::npos) {
        const std::string inner(formats::trimmed(std::string_view(text).substr(open + 1, close - open - 1)));
        if ((out.unit = header_unit(inner, true))) {
            out.bracketed = true;
            text.erase(open, close - open + 1);
        }
    }
    out.words = split_words(text);
    if (out.words.size() > 1 && is_digit(out.words.back().front())) {
        out.words.pop_back();
        out.numbered = true;
    }
    if (!out.unit) {
        const auto at =
            std::ranges::find_if(out.words, [](const auto& w) { return header_unit(w, false).has_value(); });
        if (at != out.words.end()) {
            out.unit = header_unit(*at, false);
            out.words.erase(at);
        }
    }
    return out;
}

bool names_side(const HeaderWords& header, Axis axis) {
    const std::string name = less_name(header);
    return axis == Axis::kPlatform ? name == "platform" || among(name, kPlatformNames)
                                   : name == "module" || among(name, kModuleNames);
}

}  // namespace pitot::dataset
