// Results of other tools in JSON as tables, written from the forms that their documentation gives.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/text_table.hpp"
#include "formats/json_text.hpp"
#include "formats/quantity.hpp"
#include "pitot/remedy.hpp"

namespace pitot::dataset {
namespace {

using Json = nlohmann::json;
using formats::find_member;

// What a cell of a table would hold; "" for null, and for what is no single value.
std::string text_of(const Json& json) {
    if (json.is_string()) {
        return json.get<std::string>();
    }
    return json.is_number() || json.is_boolean() ? json.dump() : std::string();
}
std::string text_of(const Json* json) { return json == nullptr ? std::string() : text_of(*json); }

bool is_true(const Json* json) { return json != nullptr && json->is_boolean() && json->get<bool>(); }

// Records whose columns are made as they come.
class TableMaker {
public:
    explicit TableMaker(const std::string& name) { table_.name = name; }

    void begin_record() { table_.records.emplace_back(columns_.size()); }
    void put(const std::string& column, std::string text) {
        const auto [at, added] = columns_.try_emplace(column, columns_.size());
        if (added) {
            header_.push_back(column);
        }
        auto& record = table_.records.back();
        record.resize(std::max(record.size(), columns_.size()));
        record[at->second] = std::move(text);
    }
    void note(const std::string& what) { table_.notes.push_back(fmt::format("{}: {}", table_.name, what)); }
    [[nodiscard]] bool empty() const { return table_.records.empty(); }

    [[nodiscard]] TextTable finish() {
        for (auto& record : table_.records) {
            record.resize(header_.size());
        }
        table_.records.insert(table_.records.begin(), header_);
        table_.listed = true;
        return std::move(table_);
    }

private:
    TextTable table_;
    std::map<std::string, std::size_t> columns_;
    std::vector<std::string> header_;
};

Failure no_times(const std::string& name, const char* tool, const std::string& what) {
    return fail(ErrorCode::kInput, fmt::format("{}: {} {}", name, tool, what));
}

// Adds a column for each single value of an object: parameters by which a benchmark was run.
void put_parameters(TableMaker& maker, const Json* object) {
    if (object == nullptr || !object->is_object()) {
        return;
    }
    for (const auto& [key, value] : object->items()) {
        if (value.is_primitive() && !value.is_null()) {
            maker.put(key, text_of(value));
        }
    }
}

// hyperfine --export-json: results[].command, .times (seconds), .exit_codes, .parameters; .mean where there are no
// times.
Result<TextTable> hyperfine_table(const std::string& name, const Json& results) {
    TableMaker maker(name);
    for (const Json& result : results) {
        const Json* times = find_member(result, "times");
        const Json* codes = find_member(result, "exit_codes");
        const std::string command = text_of(find_member(result, "command"));
        const CommandParts parts = parts_of_command(command);
        const std::size_t runs = times != nullptr && times->is_array() ? times->size() : 0;
        for (std::size_t run = 0; run < std::max<std::size_t>(runs, 1); ++run) {
            maker.begin_record();
            maker.put("runtime_s", runs == 0 ? text_of(find_member(result, "mean")) : text_of((*times)[run]));
            maker.put("command", parts.module);
            if (!parts.engine.empty()) {
                maker.put("engine", parts.engine);
            }
            put_parameters(maker, find_member(result, "parameters"));
            if (codes != nullptr && codes->is_array() && run < codes->size()) {
                const Json& code = (*codes)[run];
                maker.put("exit_code", code.is_null() ? "killed by a signal" : text_of(code));
            }
        }
    }
    return maker.finish();
}

// Google Benchmark --benchmark_format=json: context.host_name, benchmarks[].run_name, .run_type, .real_time,
// .time_unit.
Result<TextTable> google_benchmark_table(const std::string& name, const Json& json) {
    const Json& benchmarks = *find_member(json, "benchmarks");
    const Json* context = find_member(json, "context");
    const std::string host = context == nullptr ? std::string() : text_of(find_member(*context, "host_name"));
    const auto run_name = [](const Json& b) {
        const std::string run = text_of(find_member(b, "run_name"));
        return run.empty() ? text_of(find_member(b, "name")) : run;
    };
    const auto is_aggregate = [](const Json& b) { return text_of(find_member(b, "run_type")) == "aggregate"; };
    std::set<std::string> with_runs;
    for (const Json& benchmark : benchmarks) {
        if (!is_aggregate(benchmark)) {
            with_runs.insert(run_name(benchmark));
        }
    }
    TableMaker maker(name);
    std::int64_t failed = 0;
    for (const Json& benchmark : benchmarks) {
        const bool mean = text_of(find_member(benchmark, "aggregate_name")) == "mean";
        if (is_aggregate(benchmark) && (!mean || with_runs.contains(run_name(benchmark)))) {
            continue;
        }
        if (is_true(find_member(benchmark, "error_occurred")) || is_true(find_member(benchmark, "skipped"))) {
            ++failed;
            continue;
        }
        maker.begin_record();
        if (!host.empty()) {
            maker.put("device", host);
        }
        maker.put("module", run_name(benchmark));
        maker.put("runtime", text_of(find_member(benchmark, "real_time")));
        const std::string unit = text_of(find_member(benchmark, "time_unit"));
        maker.put("unit", unit.empty() ? "ns" : unit);
    }
    if (failed > 0) {
        maker.note(fmt::format("{} of the benchmarks failed and {} left out", failed, failed == 1 ? "is" : "are"));
    }
    return maker.empty() ? no_times(name, "Google Benchmark", "has no benchmark that ran; run it again")
                         : Result<TextTable>(maker.finish());
}

// pytest-benchmark --benchmark-json: machine_info.node, benchmarks[].name, .stats.data (seconds) or .stats.mean.
Result<TextTable> pytest_table(const std::string& name, const Json& json) {
    const Json& benchmarks = *find_member(json, "benchmarks");
    const Json* machine = find_member(json, "machine_info");
    const std::string host = machine == nullptr ? std::string() : text_of(find_member(*machine, "node"));
    std::map<std::string, int> of_name;
    for (const Json& benchmark : benchmarks) {
        ++of_name[text_of(find_member(benchmark, "name"))];
    }
    TableMaker maker(name);
    for (const Json& benchmark : benchmarks) {
        const Json* stats = find_member(benchmark, "stats");
        if (stats == nullptr || !stats->is_object()) {
            continue;
        }
        const std::string short_name = text_of(find_member(benchmark, "name"));
        const std::string full_name = text_of(find_member(benchmark, "fullname"));
        const Json* data = find_member(*stats, "data");
        const std::size_t runs = data != nullptr && data->is_array() ? data->size() : 0;
        for (std::size_t run = 0; run < std::max<std::size_t>(runs, 1); ++run) {
            maker.begin_record();
            if (!host.empty()) {
                maker.put("device", host);
            }
            maker.put("name", of_name[short_name] > 1 && !full_name.empty() ? full_name : short_name);
            maker.put("runtime_s", runs == 0 ? text_of(find_member(*stats, "mean")) : text_of((*data)[run]));
            put_parameters(maker, find_member(benchmark, "extra_info"));
        }
    }
    return maker.empty() ? no_times(name, "pytest-benchmark", "has no benchmark with statistics; run it again")
                         : Result<TextTable>(maker.finish());
}

// Bencher Metric Format: { benchmark: { "latency": { "value": nanoseconds } } }.
Result<TextTable> bencher_table(const std::string& name, const Json& json) {
    TableMaker maker(name);
    std::set<std::string> others;
    for (const auto& [benchmark, measures] : json.items()) {
        for (const auto& [measure, metric] : measures.items()) {
            if (measure != "latency") {
                others.insert(core::printable(measure));
                continue;
            }
            const Json* value = find_member(metric, "value");
            if (!value->is_number()) {
                return fail(ErrorCode::kInput,
                            fmt::format("{}: latency of benchmark '{}' has the value {}, which is no number", name,
                                        core::printable(benchmark), core::printable(value->dump())));
            }
            maker.begin_record();
            maker.put("benchmark", benchmark);
            maker.put("runtime_ns", text_of(find_member(metric, "value")));
        }
    }
    if (maker.empty()) {
        return no_times(name, "Bencher's metrics",
                        fmt::format("have no measure 'latency', only '{}'; export that", fmt::join(others, "', '")));
    }
    if (!others.empty()) {
        maker.note(fmt::format("other measures than 'latency' are not used: '{}'", fmt::join(others, "', '")));
    }
    return maker.finish();
}

// Records as pandas and others list them: [{"platform": …}, …].
Result<TextTable> records_table(const std::string& name, const Json& records) {
    TableMaker maker(name);
    for (const Json& record : records) {
        maker.begin_record();
        for (const auto& [key, value] : record.items()) {
            if (!value.is_array()) {
                maker.put(key, text_of(value));
                continue;
            }
            std::vector<std::string> parts;  // a list of co-runners
            std::ranges::transform(value, std::back_inserter(parts), [](const Json& part) { return text_of(part); });
            maker.put(key, fmt::format("{}", fmt::join(parts, ";")));
        }
    }
    return maker.finish();
}

// Columns as pandas writes them by default: {"platform": {"0": …, "1": …}, …}.
Result<TextTable> columns_table(const std::string& name, const Json& columns) {
    TableMaker maker(name);
    for (const auto& [index, ignored] : columns.front().items()) {
        maker.begin_record();
        for (const auto& [key, column] : columns.items()) {
            maker.put(key, text_of(find_member(column, index)));
        }
    }
    return maker.finish();
}

bool all_objects(const Json& json) {
    return !json.empty() && std::ranges::all_of(json, [](const Json& part) { return part.is_object(); });
}

// Whether it is { name: { measure: { "value": … } } }.
bool is_bencher(const Json& json) {
    return json.is_object() && all_objects(json) && std::ranges::all_of(json, [](const Json& benchmark) {
               return std::ranges::all_of(benchmark,
                                          [](const Json& metric) { return find_member(metric, "value") != nullptr; });
           });
}

bool is_columns(const Json& json) {
    return json.is_object() && json.size() > 1 && all_objects(json) && !json.front().empty() &&
           std::ranges::all_of(json, [&](const Json& column) {
               return column.size() == json.front().size() &&
                      std::ranges::all_of(column, [](const Json& cell) { return cell.is_primitive(); });
           });
}

constexpr std::string_view kKnownForms =
    "known are results of Sightglass, hyperfine, Google Benchmark, pytest-benchmark and Bencher with at least one run, "
    "and lists of records such as [{\"platform\": \"p\", \"module\": \"m\", \"runtime_us\": 1}]";

// What JSON is that is not read, where it is known; "" for other forms.
std::string unread_form(const Json& json) {
    const auto has = [](const Json& object, std::initializer_list<const char*> members) {
        return std::ranges::all_of(members, [&](const char* m) { return find_member(object, m) != nullptr; });
    };
    const auto pandas = [](const char* orient) {
        return fmt::format("is a table as pandas writes it with orient='{}'; write it with orient='records'", orient);
    };
    if (json.is_array() && !json.empty() && has(json.front(), {"benchmark", "primaryMetric"})) {
        return "is results of JMH, which are not read; make a table of benchmark, score and unit of them";
    }
    if (has(json, {"entries", "lastUpdate"})) {
        return "is the history of github-action-benchmark, which is not read; give the results that the tool itself "
               "wrote";
    }
    if (has(json, {"columns", "data"})) {
        return pandas("split");
    }
    if (has(json, {"schema", "data"})) {
        return pandas("table");
    }
    if (json.is_array() && !json.empty() && std::ranges::all_of(json, [](const Json& row) { return row.is_array(); })) {
        return pandas("values");
    }
    if (!json.is_object() || json.empty()) {
        return "";
    }
    if (std::ranges::all_of(json, [](const Json& column) { return column.is_array(); }) &&
        std::ranges::all_of(json, [&](const Json& column) { return column.size() == json.front().size(); }) &&
        !json.front().empty() && !all_objects(json.front())) {
        return pandas("list");
    }
    const auto is_number = [](const std::string& key) {
        return !key.empty() && key.find_first_not_of("0123456789") == std::string::npos;
    };
    bool numbered = true;
    for (const auto& [key, row] : json.items()) {
        numbered = numbered && is_number(key);
    }
    return numbered && all_objects(json) ? pandas("index") : "";
}

Result<TextTable> table_of(const std::string& name, const Json& json) {
    if (const std::string form = unread_form(json); !form.empty()) {
        return fail(ErrorCode::kInput, fmt::format("{}: {}; {}", name, form, kKnownForms));
    }
    if (json.is_array() && all_objects(json)) {
        return records_table(name, json);  // Sightglass's too: its columns are told like those of its CSV
    }
    const Json* results = find_member(json, "results");
    if (results != nullptr && results->is_array() && all_objects(*results) &&
        find_member(results->front(), "command") != nullptr) {
        return hyperfine_table(name, *results);
    }
    const Json* benchmarks = find_member(json, "benchmarks");
    if (benchmarks != nullptr && benchmarks->is_array() && all_objects(*benchmarks)) {
        const bool pytest =
            find_member(json, "machine_info") != nullptr || find_member(benchmarks->front(), "stats") != nullptr;
        return pytest ? pytest_table(name, json) : google_benchmark_table(name, json);
    }
    if (is_columns(json)) {
        return columns_table(name, json);
    }
    if (is_bencher(json)) {
        return bencher_table(name, json);
    }
    if (find_member(json, "wall") != nullptr && find_member(json, "module") != nullptr) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: is one trace of a collection; make a dataset of the folder that it "
                                "belongs to",
                                name));
    }
    const auto is_device = [](const Json& entry) { return entry.is_object() && entry.contains("platform"); };
    if (json.is_object() && !json.empty() && std::ranges::all_of(json, is_device)) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: describes devices, of which a fitted model alone makes platforms, by the runtimes "
                                "that it knows; give a table of a row a platform, made of a collection",
                                name),
                    Remedy::kTabulatePlatforms);
    }
    return fail(ErrorCode::kInput, fmt::format("{}: is JSON of no known form; {}", name, kKnownForms));
}

// A record a line.
Result<Json> parse_lines(std::string_view text) {
    Json records = Json::array();
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        PITOT_TRY(auto record, formats::parse_json(line));
        records.push_back(std::move(record));
    }
    return records;
}

bool is_quote(char c) { return c == '\'' || c == '"'; }

// Where the word of a command that begins there ends: at a space outside of quotes. A quote without another one is a
// letter.
std::size_t end_of_word(std::string_view command, std::size_t at) {
    while (at < command.size() && command[at] != ' ') {
        const std::size_t closed = is_quote(command[at]) ? command.find(command[at], at + 1) : std::string_view::npos;
        at = closed == std::string_view::npos ? at + 1 : closed + 1;
    }
    return at;
}

// Whether what follows is a shell's script: "bash -c", "sh -euc", "bash --norc -lc".
bool ends_in_shell_option(std::string_view words) {
    bool script = false;
    while (true) {
        const std::size_t space = words.rfind(' ');
        const std::string_view word = words.substr(space == std::string_view::npos ? 0 : space + 1);
        if (!word.starts_with('-')) {
            return script && word.ends_with("sh");
        }
        script = script || (!word.starts_with("--") && word.ends_with('c'));
        if (space == std::string_view::npos) {
            return false;
        }
        words = formats::trimmed(words.substr(0, space));
    }
}

}  // namespace

CommandParts parts_of_command(const std::string& command) {
    std::size_t begin = command.find_first_not_of(' ');
    while (begin < command.size()) {
        const std::size_t end = end_of_word(command, begin);
        const std::string_view word = std::string_view(command).substr(begin, end - begin);
        const bool quoted = word.size() > 1 && is_quote(word.front()) && word.back() == word.front();
        const std::string_view inner = quoted ? word.substr(1, word.size() - 2) : word;
        const std::string_view before = formats::trimmed(std::string_view(command).substr(0, begin));
        if (quoted && ends_in_shell_option(before)) {
            return parts_of_command(std::string(inner));
        }
        constexpr std::array<std::string_view, 4> endings{".wasm", ".wat", ".cwasm", ".aot"};
        const bool module = std::ranges::any_of(endings, [&](std::string_view e) { return inner.ends_with(e); });
        if (module && begin > 0) {
            std::string engine = command.substr(0, begin - 1);
            const std::size_t program = std::min(engine.find(' '), engine.size());
            const std::size_t slash = engine.rfind('/', program);
            engine.erase(0, slash == std::string::npos ? 0 : slash + 1);
            return {engine, command.substr(begin)};
        }
        begin = command.find_first_not_of(' ', end);
    }
    return {"", command};
}

Result<TextTable> table_of_json(const std::string& name, std::string_view text) {
    auto json = formats::parse_json(text);
    if (!json) {
        const auto lines = parse_lines(text);
        if (lines && lines->size() > 1 && all_objects(*lines)) {
            return table_of(name, *lines);
        }
        return fail(ErrorCode::kInput, fmt::format("{}: {}", name, json.error().message()));
    }
    return table_of(name, *json);
}

}  // namespace pitot::dataset
