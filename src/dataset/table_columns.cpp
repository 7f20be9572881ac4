#include "dataset/table_columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/suggest.hpp"
#include "core/utf8.hpp"
#include "pitot/remedy.hpp"

namespace pitot::dataset {
namespace {

// Finds out which column is what.
class Recogniser {
public:
    Recogniser(const std::string& place, std::span<const std::string> header, std::span<const ColumnFacts> facts,
               const ReadOptions& options)
        : place_(place), header_(header), facts_(facts), options_(options) {
        for (const std::string& name : header) {
            words_.push_back(header_words(name));
        }
        taken_.assign(header.size(), false);
        columns_.count = header.size();
    }

    [[nodiscard]] Result<TableColumns> run() {
        if (auto mapped = take_mapped(); !mapped) {
            return Failure(mapped.error());
        }
        take_known_tool();
        for (const auto& step : {&Recogniser::take_co_runners, &Recogniser::take_sides, &Recogniser::take_runtime}) {
            if (auto done = (this->*step)(); !done) {
                return Failure(done.error());
            }
        }
        columns_.command = columns_.module != kNoColumn && columns_.engine == kNoColumn &&
                           columns_.platform == kNoColumn && words_[columns_.module].is("command");
        take_one(columns_.unit, "unit", [](const HeaderWords& w) { return is_called(w, NameKind::kUnit); });
        take_one(columns_.exit, "exit code", [](const HeaderWords& w) { return is_called(w, NameKind::kExitCode); });
        take_status();
        if (columns_.runtime == kNoColumn) {
            PITOT_TRY(const bool matrix, take_matrix());
            if (matrix) {
                return std::move(columns_);
            }
        }
        if (auto whole = check_whole(); !whole) {
            return Failure(whole.error());
        }
        columns_.header_unit = columns_.header_unit ? columns_.header_unit : words_[columns_.runtime].unit;
        note_rest();
        return std::move(columns_);
    }

private:
    [[nodiscard]] std::string quoted(std::size_t column) const {
        return fmt::format("'{}'", core::printable(header_[column]));
    }
    [[nodiscard]] std::string all_names() const {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < header_.size() && i < 12; ++i) {
            names.push_back(quoted(i));
        }
        const std::string more = header_.size() > 12 ? fmt::format(" and {} more", header_.size() - 12) : "";
        return fmt::format("{}{}", fmt::join(names, ", "), more);
    }
    [[nodiscard]] Failure wrong_header(const std::string& what, Remedy remedy = Remedy::kNone) const {
        return fail(ErrorCode::kInput, fmt::format("{}: {}", place_, what), remedy);
    }
    void take(std::size_t& role, std::size_t column, const char* what) {
        role = column;
        taken_[column] = true;
        if (!words_[column].is(what)) {
            columns_.renamed.push_back(fmt::format("{} from {}", what, quoted(column)));
        }
    }

    // The column that `name` names: as it is written, in whatever case, or "#2" by its number.
    [[nodiscard]] std::optional<std::size_t> find_column(const std::string& name) const {
        for (const bool exact : {true, false}) {
            for (std::size_t i = 0; i < header_.size(); ++i) {
                if (exact ? header_[i] == name : formats::lower_ascii(header_[i]) == formats::lower_ascii(name)) {
                    return i;
                }
            }
        }
        std::size_t number = 0;
        if (name.starts_with('#')) {
            const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
            if (error == std::errc() && end == name.data() + name.size() && number >= 1 && number <= header_.size()) {
                return number - 1;
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] Result<void> take_mapped() {
        for (const auto& [role, name] : options_.columns) {
            const auto column = find_column(name);
            if (!column) {
                return fail(
                    ErrorCode::kUsage,
                    fmt::format("{}: there is no column '{}'{}; its columns are {}", place_, core::printable(name),
                                near_names(name, std::vector<std::string>(header_.begin(), header_.end())),
                                all_names()));
            }
            if (taken_[*column]) {
                return fail(ErrorCode::kUsage, fmt::format("{}: column {} cannot be two things; name another one for "
                                                           "one of them",
                                                           place_, quoted(*column)));
            }
            taken_[*column] = true;
            if (role == "with") {
                (words_[*column].numbered ? columns_.with_one : columns_.with_list).push_back(*column);
                continue;
            }
            std::size_t& place = role == "platform" ? columns_.platform
                                 : role == "device" ? columns_.device
                                 : role == "engine" ? columns_.engine
                                 : role == "module" ? columns_.module
                                 : role == "unit"   ? columns_.unit
                                                    : columns_.runtime;
            place = *column;
        }
        return {};
    }

    // Forms of tools whose columns mean what their names do not tell: exactly these columns, among others.
    void take_known_tool() {
        const auto all_there = [&](std::initializer_list<const char*> names) {
            return std::ranges::all_of(names, [&](const char* name) { return find_column(name).has_value(); });
        };
        const auto set = [&](std::size_t& role, const char* name) {
            if (role == kNoColumn && !taken_[*find_column(name)]) {
                role = *find_column(name);
                taken_[role] = true;
            }
        };
        if (all_there({"arch", "engine", "wasm", "phase", "event"}) && (all_there({"count"}) || all_there({"mean"}))) {
            set(columns_.phase, "phase");  // Sightglass
            set(columns_.unit, "event");
            set(columns_.runtime, all_there({"count"}) ? "count" : "mean");
            set(columns_.module, "wasm");
            set(columns_.engine, "engine");
            if (options_.device.empty()) {
                set(columns_.device, "arch");
            }
        } else if (all_there({"command", "mean", "stddev", "median", "user", "system", "min", "max"})) {
            set(columns_.runtime, "mean");  // hyperfine
            columns_.header_unit = formats::find_time_unit("s");
            for (const char* name : {"stddev", "median", "user", "system", "min", "max"}) {
                taken_[*find_column(name)] = true;
            }
        } else if (all_there({"name", "iterations", "real_time", "cpu_time", "time_unit"})) {
            set(columns_.runtime, "real_time");  // Google Benchmark
            set(columns_.unit, "time_unit");
            set(columns_.module, "name");
            columns_.aggregates = columns_.module == find_column("name");
        }
    }

    [[nodiscard]] Result<void> take_co_runners() {
        std::vector<std::size_t> mapped = columns_.with_list;
        mapped.insert(mapped.end(), columns_.with_one.begin(), columns_.with_one.end());
        // Where it was said which columns they are, others that only seem to be some are none, unless but a number
        // tells them apart.
        const auto may_be_others = [&](const HeaderWords& words) {
            return mapped.empty() || std::ranges::any_of(mapped, [&](std::size_t i) {
                       return words.numbered && words_[i].numbered && words.words == words_[i].words;
                   });
        };
        for (std::size_t i = 0; i < header_.size(); ++i) {
            const HeaderWords& words = words_[i];
            if (taken_[i] || words.unit) {
                continue;
            }
            if (is_called(words, NameKind::kCoRunners)) {
                (words.numbered ? columns_.with_one : columns_.with_list).push_back(i);
                taken_[i] = true;
                if (words.words != std::vector<std::string>{"with"}) {
                    columns_.renamed.push_back(fmt::format("co-runners from {}", quoted(i)));
                }
            } else if (may_be_others(words) && (!mapped.empty() || like_co_runners(words))) {
                return wrong_header(
                    fmt::format("column {} seems to name co-runners, but is not known: call it 'with' (a "
                                "list) or 'with1', 'with2', … (a name each), or drop it",
                                quoted(i)));
            }
        }
        return {};
    }

    [[nodiscard]] Failure ambiguous(std::size_t first, std::size_t second, const char* what) const {
        return wrong_header(fmt::format("columns {} and {} may both hold the {}; say which one does", quoted(first),
                                        quoted(second), what),
                            Remedy::kColumns);
    }

    // The only column that `fits`; more than one is an error.
    [[nodiscard]] Result<void> take_only(std::size_t& role, const char* what, auto fits) {
        if (role != kNoColumn) {
            return {};
        }
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < header_.size(); ++i) {
            if (!taken_[i] && fits(words_[i], i)) {
                found.push_back(i);
            }
        }
        if (found.size() > 1) {
            const bool same = header_[found[0]] == header_[found[1]];
            return same ? wrong_header(fmt::format("column {} stands there twice; drop one", quoted(found[0])))
                        : ambiguous(found[0], found[1], what);
        }
        if (!found.empty()) {
            take(role, found.front(), what);
        }
        return {};
    }
    void take_one(std::size_t& role, const char* what, auto fits) {
        for (std::size_t i = 0; i < header_.size() && role == kNoColumn; ++i) {
            if (!taken_[i] && fits(words_[i])) {
                take(role, i, what);
            }
        }
    }

    [[nodiscard]] Result<void> take_sides() {
        const auto called = [](std::string_view name) {
            return [name](const HeaderWords& w, std::size_t) { return !w.unit && !w.numbered && less_name(w) == name; };
        };
        const auto one_of = [](NameKind kind) {
            return [kind](const HeaderWords& w, std::size_t) { return !w.unit && !w.numbered && is_called(w, kind); };
        };
        const bool said = columns_.platform != kNoColumn;  // what else there is was not asked for then
        if (auto ok = take_only(columns_.platform, "platform", called("platform")); !ok) {
            return ok;
        }
        if (columns_.platform == kNoColumn) {
            if (auto ok = take_only(columns_.device, "device", called("device")); !ok) {
                return ok;
            }
            if (auto ok = take_only(columns_.device, "device", one_of(NameKind::kDevice)); !ok) {
                return ok;
            }
        }
        if (!said) {
            if (auto ok = take_only(columns_.engine, "engine", one_of(NameKind::kEngine)); !ok) {
                return ok;
            }
            // "runtime" is what ran the module where it holds texts.
            const auto runtime_of_texts = [&](const HeaderWords& w, std::size_t i) {
                return less_name(w) == "runtime" && !w.unit && facts_[i].numbers == 0 && facts_[i].texts > 0;
            };
            if (auto ok = take_only(columns_.engine, "engine", runtime_of_texts); !ok) {
                return ok;
            }
            if (columns_.platform != kNoColumn && columns_.engine != kNoColumn) {
                columns_.renamed.push_back(
                    fmt::format("platform from {} and {}", quoted(columns_.engine), quoted(columns_.platform)));
            }
        }
        if (auto ok = take_only(columns_.module, "module", called("module")); !ok) {
            return ok;
        }
        if (auto ok = take_only(columns_.module, "module", one_of(NameKind::kModule)); !ok) {
            return ok;
        }
        return take_only(columns_.module, "module", one_of(NameKind::kModuleIfNothingElse));
    }

    // A column of words that say whether a run succeeded.
    void take_status() {
        for (std::size_t i = 0; i < header_.size() && columns_.status == kNoColumn; ++i) {
            const bool success = is_called(words_[i], NameKind::kSuccess);
            const bool words = facts_[i].numbers == 0;  // as far as has been seen
            const bool one = words ? success || is_called(words_[i], NameKind::kStatus)
                                   : success && columns_.runtime != kNoColumn;  // a matrix may have a platform 'ok'
            if (!taken_[i] && !words_[i].numbered && one) {
                columns_.status = i;
                columns_.status_of_numbers = success;
                taken_[i] = true;
            }
        }
    }

    [[nodiscard]] bool has_unit_column() const {
        return columns_.unit != kNoColumn ||
               std::ranges::any_of(words_, [](const HeaderWords& w) { return is_called(w, NameKind::kUnit); });
    }

    // Whether a column sums up those of a matrix: "Average" behind two columns at least of numbers that are no
    // runtimes by their names, but in the unit that it is in. Others that sum up may stand behind it.
    [[nodiscard]] bool sums_up_matrix(std::size_t column) const {
        const bool one_platform =
            columns_.platform != kNoColumn || columns_.device != kNoColumn || columns_.engine != kNoColumn;
        if (!sums_up(words_[column]) || one_platform == (columns_.module != kNoColumn) || !options_.device.empty()) {
            return false;
        }
        std::size_t values = 0;
        for (std::size_t i = 0; i < header_.size(); ++i) {
            if (taken_[i] || is_called(words_[i], NameKind::kAside) || sums_up(words_[i])) {
                continue;
            }
            const bool number = facts_[i].numbers > 0 && facts_[i].texts == 0;
            const bool alike = words_[i].unit.has_value() == words_[column].unit.has_value();
            if (!number || !alike || i > column || runtime_tier(words_[i]) > 0 || tells_repeats(words_[i]) ||
                tells_size(words_[i])) {
                return false;
            }
            ++values;
        }
        return values > 1;
    }

    [[nodiscard]] Result<void> take_runtime() {
        const bool mapped = columns_.runtime != kNoColumn;  // or a known tool's
        for (std::size_t i = 0; i < header_.size() && !mapped; ++i) {
            if (!taken_[i] && sums_up_matrix(i)) {
                columns_.summaries.push_back(i);
            }
        }
        for (const std::size_t column : columns_.summaries) {
            taken_[column] = true;
        }
        // A column without a single number is one of dates or of engines, where others have some.
        const auto may_be = [&](std::size_t i) { return facts_[i].numbers > 0 || facts_[i].texts == 0; };
        for (const int tier : {1, 2, 3}) {
            const auto fits = [&](const HeaderWords& w, std::size_t i) { return runtime_tier(w) == tier && may_be(i); };
            if (auto ok = take_only(columns_.runtime, "runtime", fits); !ok) {
                return ok;
            }
        }
        if (!mapped && columns_.runtime != kNoColumn && !words_[columns_.runtime].unit && !has_unit_column()) {
            // "time" may be the time of day where "mean_ms" says that it is a duration.
            for (std::size_t i = 0; i < header_.size(); ++i) {
                if (!taken_[i] && words_[i].unit && runtime_tier(words_[i]) > 0 && may_be(i)) {
                    return ambiguous(columns_.runtime, i, "runtime");
                }
            }
        }
        const auto of_texts = [&](const HeaderWords& w, std::size_t) { return runtime_tier(w) > 0; };
        return take_only(columns_.runtime, "runtime", of_texts);
    }

    // A matrix: one column of names of one side, all others numbers, each under a name of the other side.
    [[nodiscard]] Result<bool> take_matrix() {
        const bool one_platform =
            columns_.platform != kNoColumn || columns_.device != kNoColumn || columns_.engine != kNoColumn;
        const bool modules = columns_.module != kNoColumn;
        if (one_platform == modules || !columns_.with_list.empty() || !columns_.with_one.empty()) {
            return false;
        }
        std::vector<std::size_t> values;
        for (std::size_t i = 0; i < header_.size(); ++i) {
            if (taken_[i]) {
                continue;
            }
            if (is_called(words_[i], NameKind::kAside) || (header_[i].empty() && facts_[i].numbers == 0)) {
                columns_.unused.push_back(core::printable(header_[i]));
            } else if (facts_[i].numbers == 0 && facts_[i].texts > 0) {
                return false;
            } else {
                values.push_back(i);
            }
        }
        if (values.empty()) {
            return false;
        }
        if (modules && !options_.device.empty()) {
            return wrong_header(
                fmt::format("column {} would be a platform of a matrix of runtimes, but the device '{}' was given; say "
                            "which column holds the runtime, or leave the device out",
                            quoted(values.front()), core::printable(options_.device)),
                Remedy::kColumns);
        }
        const std::size_t corner = modules                          ? columns_.module
                                   : columns_.platform != kNoColumn ? columns_.platform
                                   : columns_.device != kNoColumn   ? columns_.device
                                                                    : columns_.engine;
        if (auto units = take_matrix_units(values, corner); !units) {
            return Failure(units.error());
        }
        columns_.wide = true;
        columns_.rows = modules ? Axis::kModule : Axis::kPlatform;
        columns_.values = std::move(values);
        return true;
    }

    // The name of a matrix's column without the unit in brackets behind it.
    [[nodiscard]] std::string name_of_value(std::size_t column) const {
        const std::string_view name = header_[column];
        return std::string(
            formats::trimmed(words_[column].bracketed ? name.substr(0, name.find_last_of("([{<")) : name));
    }

    // Where the unit that ends a column's name begins, with what stands before it: 2 of "pi_us" and of "pi us".
    [[nodiscard]] std::optional<std::size_t> unit_begin(std::size_t column) const {
        const std::string& name = header_[column];
        const std::size_t at = name.find_last_of("_ -./");
        const bool splits = at != std::string::npos && at > 0 && words_[column].unit && !words_[column].bracketed;
        const auto unit = splits ? formats::find_time_unit(name.substr(at + 1)) : std::nullopt;
        return unit && unit == words_[column].unit ? std::optional(at) : std::nullopt;
    }

    // Names and units of a matrix's columns: one unit for all, or each its own. Where some say one, the others
    // need one from elsewhere, and what is said must agree with what is said of the whole.
    [[nodiscard]] Result<void> take_matrix_units(const std::vector<std::size_t>& values, std::size_t corner) {
        const auto unit_of = [&](std::size_t i) {
            return words_[i].bracketed ? words_[i].unit : std::optional<formats::TimeUnit>();
        };
        for (const std::size_t i : values) {
            columns_.value_names.push_back(name_of_value(i));
        }
        const auto is_plain = [&](std::size_t i) { return header_[i].find_last_of("-./") == std::string::npos; };
        const bool all_end_in_units =
            (values.size() > 1 || is_plain(values.front())) &&  // "galaxy-s" is a name
            std::ranges::all_of(values, [&](std::size_t i) { return unit_begin(i).has_value(); });
        if (all_end_in_units) {
            for (std::size_t k = 0; k < values.size(); ++k) {
                const std::size_t i = values[k];
                columns_.value_names[k] = header_[i].substr(0, *unit_begin(i));
                words_[i].bracketed = true;
                columns_.renamed.push_back(fmt::format("'{}' in {} from {}", core::printable(columns_.value_names[k]),
                                                       words_[i].unit->name, quoted(i)));
            }
        }
        const auto said = std::ranges::find_if(values, [&](std::size_t i) { return words_[i].bracketed; });
        const std::optional<formats::TimeUnit>& of_corner = words_[corner].unit;
        columns_.header_unit = of_corner;
        if (said == values.end()) {
            return {};
        }
        const auto given = formats::find_time_unit(options_.unit);
        for (std::size_t k = 0; k < values.size(); ++k) {
            const std::size_t i = values[k];
            const auto unit = unit_of(i);
            const bool cells_say = facts_[i].numbers > 0 && facts_[i].with_unit == facts_[i].numbers;
            if (!unit && !of_corner && !given && !cells_say && !options_.allow_unknown_unit) {
                return wrong_header(fmt::format("column {} says its unit, but column {} does not; say it in each, or "
                                                "give the unit",
                                                quoted(*said), quoted(i)),
                                    Remedy::kUnit);
            }
            if (unit && of_corner && unit != of_corner) {
                return wrong_header(fmt::format("column {} is in {}, but {} says {}; correct the header", quoted(i),
                                                unit->name, quoted(corner), of_corner->name));
            }
            if (unit && given && unit != given) {
                return fail(ErrorCode::kUsage,
                            fmt::format("{}: column {} is in {}, but {} was given as the unit; leave the unit out, or "
                                        "correct the header",
                                        place_, quoted(i), unit->name, given->name));
            }
            const auto same =
                std::ranges::find(columns_.value_names, columns_.value_names[k]) - columns_.value_names.begin();
            if (const std::size_t first = values[static_cast<std::size_t>(same)];
                first != i && unit != unit_of(first)) {
                return wrong_header(fmt::format("columns {} and {} are both '{}'; drop one", quoted(first), quoted(i),
                                                core::printable(columns_.value_names[k])));
            }
            columns_.value_units.push_back(unit);
        }
        if (std::ranges::all_of(columns_.value_units, [&](const auto& u) { return u == columns_.value_units[0]; })) {
            columns_.header_unit = columns_.value_units[0];
            columns_.value_units.clear();
        }
        return {};
    }

    // Whether all columns without names of a side hold numbers, so that the table is most likely a matrix.
    [[nodiscard]] bool like_matrix() const {
        if (header_.size() < 2 || facts_[0].numbers > 0 || facts_[0].texts == 0) {
            return false;
        }
        return std::ranges::all_of(facts_.subspan(1), [](const ColumnFacts& f) { return f.texts == 0; });
    }

    [[nodiscard]] Result<void> check_whole() const {
        std::vector<std::string> rest;
        for (std::size_t i = 0; i < header_.size(); ++i) {
            if (!taken_[i]) {
                rest.push_back(core::printable(header_[i]));
            }
        }
        const bool platform = columns_.platform != kNoColumn || columns_.device != kNoColumn ||
                              columns_.engine != kNoColumn || columns_.command || !options_.device.empty();
        const bool nothing = columns_.platform == kNoColumn && columns_.device == kNoColumn &&
                             columns_.engine == kNoColumn && columns_.module == kNoColumn;
        if (nothing && columns_.runtime == kNoColumn && like_matrix()) {
            return wrong_header(fmt::format("seems to be a matrix of runtimes, but its first column ({}) does not tell "
                                            "what its rows are; call it 'module' or 'platform'",
                                            quoted(0)),
                                Remedy::kColumns);
        }
        constexpr const char* form =
            "the first line must be platform,module,runtime_us[,with1,with2...], or a matrix of runtimes, or say which "
            "column is which";
        if (columns_.module == kNoColumn || columns_.runtime == kNoColumn) {
            const char* name = !platform && columns_.module == kNoColumn ? "platform"
                               : columns_.module == kNoColumn            ? "module"
                                                                         : "runtime_us";
            return wrong_header(fmt::format("column '{}' is missing{}; {}", name, near_names(name, rest), form),
                                Remedy::kColumns);
        }
        if (!platform) {
            return wrong_header(fmt::format("column 'platform' is missing{}, and nothing else tells where the "
                                            "modules ran; add it, say which column is it, or name the device",
                                            near_names("platform", rest)),
                                Remedy::kDevice);
        }
        return {};
    }

    void note_rest() {
        for (std::size_t i = 0; i < header_.size(); ++i) {
            if (taken_[i] || header_[i].empty()) {
                continue;
            }
            columns_.unused.push_back(core::printable(header_[i]));
            if (facts_[i].numbers == 0) {
                columns_.may_be_others.push_back(i);
            }
            const bool measured = words_[i].unit || facts_[i].with_unit > 0 || facts_[i].fractions > 0;
            if (!measured && !tells_repeats(words_[i])) {
                columns_.untold.push_back(i);
            }
        }
    }

    const std::string& place_;
    std::span<const std::string> header_;
    std::span<const ColumnFacts> facts_;
    const ReadOptions& options_;
    std::vector<HeaderWords> words_;
    std::vector<bool> taken_;
    TableColumns columns_;
};

}  // namespace

Result<TableColumns> recognise_columns(const std::string& place, std::span<const std::string> header,
                                       std::span<const ColumnFacts> facts, const ReadOptions& options) {
    return Recogniser(place, header, facts, options).run();
}

}  // namespace pitot::dataset
