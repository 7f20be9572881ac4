// Tables of runtimes: the long form, a row an observation (platform,module,runtime_us[,with…]), and matrices.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/utf8.hpp"
#include "dataset/aggregate_rows.hpp"
#include "dataset/co_runner_lists.hpp"
#include "dataset/gaps.hpp"
#include "dataset/runtime_cells.hpp"
#include "dataset/side_table.hpp"
#include "dataset/source.hpp"
#include "dataset/table_columns.hpp"
#include "dataset/table_head.hpp"
#include "dataset/text_table.hpp"
#include "dataset/unused_columns.hpp"
#include "formats/input.hpp"
#include "formats/quantity.hpp"

namespace pitot::dataset {
namespace {

using formats::TimeUnit;

// The unit that a row says its runtime is in: "ms", "ns/op", "Nanoseconds", "wall-nanoseconds".
std::optional<TimeUnit> unit_of_row(std::string_view cell) {
    if (const auto unit = formats::find_time_unit(formats::trimmed(cell))) {
        return unit;
    }
    return header_words(cell).unit;
}

bool is_execution(std::string_view phase) { return phase == "Execution" || phase == "execution"; }

class TableSource final : public Source {
public:
    TableSource(TextTable table, TableOptions options)
        : table_(std::move(table)), options_(std::move(options)), cells_(table_.name, options_.read, table_.listed) {}

    [[nodiscard]] std::string file() const override { return table_.name; }

    [[nodiscard]] Result<SourceSides> sides() override {
        SourceSides sides;
        sides.rows_have_names = true;
        for (const Axis axis : {Axis::kPlatform, Axis::kModule}) {
            const SiblingTable& sibling = axis == Axis::kPlatform ? options_.platforms : options_.modules;
            std::error_code ignored;
            if (sibling.file.empty() || !std::filesystem::exists(sibling.place, ignored)) {
                continue;
            }
            auto side = read_side_table({sibling.place, std::nullopt}, axis);
            if (!side) {
                return Failure(std::move(side).error());
            }
            std::ranges::move(side->notes, std::back_inserter(sides.problems));
            (axis == Axis::kPlatform ? platform_table_ : module_table_) = sibling.file.string();
            (axis == Axis::kPlatform ? sides.platforms : sides.modules) = std::move(side->side);
            sides.files.push_back(sibling.file.string());
        }
        if (!options_.read_instead.empty()) {
            sides.problems.push_back(
                fmt::format("{0}: was being replaced when its writer was killed: read from {1}; a 'pitot' that writes "
                            "{0} completes it",
                            file(), options_.read_instead.string()));
        }
        return sides;
    }

    [[nodiscard]] Result<void> rows(RowSink& sink) override {
        std::ranges::for_each(table_.notes, [&](const std::string& note) { sink.note(note); });
        if (auto known = learn_columns(); !known) {
            return known;
        }
        if (!columns_.unused.empty()) {
            sink.note(
                fmt::format("{}: columns not known and not used: '{}'", file(), fmt::join(columns_.unused, "', '")));
        }
        if (!columns_.renamed.empty()) {
            sink.note(fmt::format("{}: read {}", file(), fmt::join(columns_.renamed, ", ")));
        }
        if (auto surveyed = survey(sink); !surveyed) {
            return surveyed;
        }
        if (auto unit = cells_.choose_unit(columns_.header_unit); !unit) {
            return unit;
        }
        note_summaries(sink);
        auto read = for_each_row([&](std::int64_t line, std::span<const std::string> fields) {
            if (summary_lines_.contains(line)) {
                return Result<void>();
            }
            columns_.wide ? take_matrix_row(line, fields, sink) : take_row(line, fields, sink);
            return Result<void>();
        });
        return read ? finish(sink) : read;
    }

private:
    using RowHandler = std::function<Result<void>(std::int64_t, std::span<const std::string>)>;

    // Records behind the header.
    [[nodiscard]] Result<void> for_each_row(const RowHandler& handler) const {
        bool header = true;
        return table_.for_each_record([&](std::int64_t line, std::span<const std::string> fields) -> Result<void> {
            return std::exchange(header, false) ? Result<void>() : handler(line, fields);
        });
    }

    [[nodiscard]] Result<void> learn_columns() {
        PITOT_TRY(auto head, head_of(table_));
        if (head.header.empty()) {
            return fail(ErrorCode::kInput, fmt::format("{}: the file is empty; its first line must be "
                                                       "platform,module,runtime_us",
                                                       file()));
        }
        const std::string place = table_.listed ? file() : fmt::format("{}: {}", file(), table_.place(head.line));
        auto columns = recognise_columns(place, head.header, head.facts, options_.read);
        if (!columns) {
            return Failure(columns.error());
        }
        columns_ = *std::move(columns);
        header_ = std::move(head.header);
        unused_ = UnusedColumns(columns_, header_);
        runtime_name_ = columns_.wide ? std::string() : core::printable(header_[columns_.runtime]);
        return {};
    }

    // Looks at all rows once where their meaning rests on others: which modules there are, which decimal mark.
    [[nodiscard]] Result<void> survey(RowSink& sink) {
        const bool with_others = !columns_.with_list.empty() || !columns_.with_one.empty();
        const bool find_mark = options_.read.decimal_mark == '\0' && !table_.listed;
        const bool said = std::ranges::any_of(options_.read.columns, [](const auto& c) { return c.first == "with"; });
        const bool look_for_others = unused_.may_name_co_runners() && !said && !columns_.wide;
        if (!with_others && !look_for_others && !find_mark && !columns_.aggregates && columns_.status == kNoColumn &&
            !columns_.wide) {
            return {};
        }
        formats::MarkSurvey marks;
        auto read = for_each_row([&](std::int64_t line, std::span<const std::string> fields) -> Result<void> {
            if ((with_others || look_for_others) && columns_.module < fields.size()) {
                if (!modules_.contains(fields[columns_.module])) {
                    modules_.insert(fields[columns_.module]);
                }
                if (look_for_others) {
                    unused_.survey(fields, fields[columns_.module]);
                }
            }
            if (columns_.wide) {
                see_summary(line, fields, sink);
            }
            if (columns_.status < fields.size()) {
                see_status(fields[columns_.status]);
            }
            if (columns_.aggregates && columns_.module < fields.size()) {
                aggregates_.see(fields[columns_.module]);
            }
            if (find_mark && columns_.wide) {
                for (const std::size_t column : columns_.values) {
                    if (column < fields.size()) {
                        marks.see(fields[column]);
                    }
                }
            } else if (find_mark && columns_.runtime < fields.size()) {
                marks.see(fields[columns_.runtime]);
            }
            return {};
        });
        if (read && look_for_others) {
            const std::size_t column =
                unused_.of_co_runners([&](std::string_view name) { return known_module(name, sink); });
            if (column != kNoColumn) {
                return fail(ErrorCode::kInput,
                            fmt::format("{}: column '{}' holds names of modules alone, so that it seems to name "
                                        "co-runners: call it 'with', drop it, or say that it does",
                                        file(), column_name(column)),
                            Remedy::kColumns, {"with=" + header_[column]});
            }
        }
        if (auto status = read ? choose_status(sink) : Result<void>(); !status) {
            return status;
        }
        return read && find_mark ? cells_.choose_mark(marks, table_.delimiter(), sink) : read;
    }

    // Where rows of a matrix begin that sum up those above, as far as their names tell: the last ones.
    void see_summary(std::int64_t line, std::span<const std::string> fields, RowSink& sink) {
        const std::size_t column = columns_.rows == Axis::kModule ? columns_.module : platform_column(columns_);
        if (column >= fields.size() || formats::trimmed(fields[column]).empty()) {
            return;
        }
        const SideJoin& side = columns_.rows == Axis::kModule ? sink.modules() : sink.platforms();
        const bool sum = rows_before_ > 1 && sums_up(header_words(fields[column])) && !side.knows(fields[column]);
        ++rows_before_;
        if (!sum) {
            summary_lines_.clear();
            summaries_.clear();
            return;
        }
        summary_lines_.insert(line);
        summaries_.push_back(core::printable(fields[column]));
    }

    void note_summaries(RowSink& sink) const {
        std::vector<std::string> columns;
        std::ranges::transform(columns_.summaries, std::back_inserter(columns),
                               [&](std::size_t i) { return column_name(i); });
        using Names = std::pair<const char*, const std::vector<std::string>*>;
        for (const auto& [what, names] : {Names("column", &columns), Names("row", &summaries_)}) {
            if (!names->empty()) {
                sink.note(fmt::format("{}: {}{} '{}' {} up the others and {} left out", file(), what,
                                      names->size() == 1 ? "" : "s", fmt::join(*names, "', '"),
                                      names->size() == 1 ? "sums" : "sum", names->size() == 1 ? "is" : "are"));
            }
        }
    }

    void see_status(const std::string& cell) {
        constexpr std::size_t most = 100;
        if (!is_gap(cell) && statuses_.size() < most) {
            statuses_.insert(cell);
        }
    }

    // Whether the column of words that may say how runs ended does so.
    [[nodiscard]] Result<void> choose_status(RowSink& sink) {
        if (columns_.status == kNoColumn) {
            return {};
        }
        std::vector<std::string> unknown;
        for (const std::string& cell : statuses_) {
            if (!succeeded(cell, columns_.status_of_numbers)) {
                unknown.push_back(core::printable(cell));
            }
        }
        if (unknown.empty()) {
            return {};
        }
        const HeaderWords words = header_words(header_[columns_.status]);
        // "of Texas", or a rate of success.
        const bool numbers = std::ranges::all_of(
            statuses_, [](const std::string& cell) { return formats::parse_number(cell).has_value(); });
        if (numbers || (unknown.size() == statuses_.size() && (words.is("state") || words.is("result")))) {
            sink.note(fmt::format("{}: columns not known and not used: '{}'", file(), column_name(columns_.status)));
            columns_.untold.push_back(columns_.status);
            columns_.status = kNoColumn;
            unused_ = UnusedColumns(columns_, header_);
            return {};
        }
        const std::size_t more = unknown.size() - std::min<std::size_t>(unknown.size(), 5);
        unknown.resize(unknown.size() - more);
        return fail(ErrorCode::kInput,
                    fmt::format("{}: column '{}' holds '{}'{}, of which it is not known whether the run succeeded; "
                                "write 'ok' or 'failed' there, or drop the column",
                                file(), column_name(columns_.status), fmt::join(unknown, "', '"),
                                more > 0 ? fmt::format(" and {} more", more) : ""));
    }

    [[nodiscard]] std::string name_problem(const std::string& column, std::string_view name, const SideJoin& side,
                                           const std::string& table) {
        if (side.contains(name)) {
            return {};
        }
        if (const char* fault = core::name_fault(name); fault != nullptr) {
            const bool encoding = !name.empty() && !core::decode_utf8(name);
            return fmt::format("column '{}' {}{}", column, fault, encoding ? ": save the file as UTF-8" : "");
        }
        // A table beside the file lists its side: a name it lacks is a slip of the pen.
        if (table.empty() && side.accepts(name)) {
            return {};
        }
        const std::string& where = table.empty() ? side.table_file() : table;
        const std::string near = near_names(name, table.empty() ? side.described_names() : side.names());
        if (where.empty()) {
            remedy_ = side.axis() == Axis::kPlatform ? Remedy::kPlatformFeatures : Remedy::kModuleFeatures;
            alike_ = true;
            return fmt::format(
                "column '{0}': {1} '{2}' has no features, but {1}s of other files have{3}: give one table "
                "of {1} features for all files",
                column, word(side.axis()), core::printable(name), near);
        }
        alike_ = true;
        return near.empty() ? fmt::format("column '{}': {} '{}' has no row in {}: add one", column, word(side.axis()),
                                          core::printable(name), where)
                            : fmt::format("column '{}': {} '{}' is not in {}{}", column, word(side.axis()),
                                          core::printable(name), where, near);
    }

    [[nodiscard]] std::string column_name(std::size_t column) const { return core::printable(header_[column]); }
    [[nodiscard]] std::string platforms_column_name() const {
        const std::size_t column = platform_column(columns_);
        return column == kNoColumn ? "device" : column_name(column);
    }

    [[nodiscard]] bool known_module(std::string_view name, RowSink& sink) const {
        return modules_.contains(std::string(name)) || sink.modules().knows(name);
    }

    // Why a co-runner that was never measured is most likely another one in other case; "" if it is not.
    [[nodiscard]] const std::string& case_slip(const std::string& name, RowSink& sink) {
        const auto [checked, is_new] = checked_co_runners_.try_emplace(name);
        if (!is_new || name == "-" || known_module(name, sink)) {
            return checked->second;
        }
        const std::string lower = formats::lower_ascii(name);
        const auto same = [&](const std::string& module) { return formats::lower_ascii(module) == lower; };
        const auto measured = std::ranges::find_if(modules_, same);
        const auto listed = std::ranges::find_if(sink.modules().names(), same);
        if (measured != modules_.end() || listed != sink.modules().names().end()) {
            checked->second =
                fmt::format("'{}' is no module that was measured here; did you mean '{}'?", core::printable(name),
                            core::printable(measured != modules_.end() ? *measured : *listed));
        }
        return checked->second;
    }

    // The co-runners of a row into with_; why they cannot be told, or "".
    [[nodiscard]] std::string gather_co_runners(std::span<const std::string> fields, RowSink& sink) {
        with_.clear();
        for (const auto* columns : {&columns_.with_list, &columns_.with_one}) {
            for (const std::size_t column : *columns) {
                if (fields[column].empty()) {
                    continue;
                }
                const std::size_t before = with_.size();
                auto list =
                    parse_co_runners(fields[column], [&](std::string_view name) { return known_module(name, sink); });
                if (!list.problem.empty()) {
                    return fmt::format("column '{}': {}", column_name(column), list.problem);
                }
                if (columns == &columns_.with_one && list.names.size() > 1) {
                    return fmt::format(
                        "column '{}' holds '{}', which lists several modules; a column of lists is "
                        "called 'with'",
                        column_name(column), core::printable(fields[column]));
                }
                std::ranges::move(list.names, std::back_inserter(with_));
                for (std::size_t k = before; k < with_.size(); ++k) {
                    if (const std::string& slip = case_slip(with_[k], sink); !slip.empty()) {
                        return fmt::format("column '{}': {}", column_name(column), slip);
                    }
                }
            }
        }
        return with_.size() > kMostCoRunners
                   ? fmt::format("{} co-runners, {} are the most", with_.size(), kMostCoRunners)
                   : std::string();
    }

    [[nodiscard]] std::string row_problem(std::span<const std::string> fields, RowSink& sink, double& runtime) {
        RowUnit unit;
        if (columns_.unit != kNoColumn) {
            unit = {unit_of_row(fields[columns_.unit]), column_name(columns_.unit)};
            if (!unit.unit && !formats::trimmed(fields[columns_.unit]).empty()) {
                cells_.see_unit();
                return fmt::format("column '{}' holds '{}', which is no unit of time", column_name(columns_.unit),
                                   core::printable(fields[columns_.unit]));
            }
        }
        std::vector<std::string> problems{cells_.problem(fields[columns_.runtime], runtime_name_, unit, runtime)};
        platform_ = platform_of(columns_, options_.read.device, fields);
        if (platform_.empty() && columns_.platform == kNoColumn && options_.read.device.empty()) {
            remedy_ = Remedy::kDevice;
            problems.push_back(
                fmt::format("column '{}' does not tell what ran the module; name the device", platforms_column_name()));
        } else {
            problems.push_back(name_problem(platforms_column_name(), platform_, sink.platforms(), platform_table_));
        }
        module_ = columns_.command      ? parts_of_command(fields[columns_.module]).module
                  : columns_.aggregates ? aggregates_.module_of(fields[columns_.module])
                                        : fields[columns_.module];
        problems.push_back(name_problem(column_name(columns_.module), module_, sink.modules(), module_table_));
        problems.push_back(gather_co_runners(fields, sink));
        for (std::size_t k = 0; k < with_.size() && problems.back().empty(); ++k) {
            if (with_[k] != "-") {
                const std::size_t column = columns_.with_list.empty()
                                               ? columns_.with_one[std::min(k, columns_.with_one.size() - 1)]
                                               : columns_.with_list.front();
                problems.back() = name_problem(column_name(column), with_[k], sink.modules(), module_table_);
            }
        }
        std::erase(problems, std::string());
        return fmt::format("{}", fmt::join(problems, ", and "));
    }

    // Why a row has not the fields that it needs; "" if it has. Empty ones behind the last column are none.
    [[nodiscard]] std::string field_problem(std::span<const std::string>& fields) const {
        while (fields.size() > columns_.count && fields.back().empty()) {
            fields = fields.first(fields.size() - 1);
        }
        return fields.size() == columns_.count ? std::string()
                                               : fmt::format("{} field{} where the header has {}", fields.size(),
                                                             fields.size() == 1 ? "" : "s", columns_.count);
    }

    // Whether a row is a run that is to be learned from; counts those that are not.
    [[nodiscard]] bool is_run(std::span<const std::string> fields) {
        if (columns_.phase != kNoColumn) {
            if (!is_execution(fields[columns_.phase])) {
                return false;
            }
            if (columns_.unit != kNoColumn && !unit_of_row(fields[columns_.unit])) {
                ++other_events_;
                other_event_ = fields[columns_.unit];
                return false;
            }
        }
        if (columns_.aggregates && aggregates_.module_of(fields[columns_.module]).empty()) {
            return false;
        }
        if (columns_.exit != kNoColumn && !fields[columns_.exit].empty() &&
            formats::parse_number(fields[columns_.exit]) != std::optional(0.0)) {
            ++failed_;
            return false;
        }
        if (columns_.status != kNoColumn &&
            !succeeded(fields[columns_.status], columns_.status_of_numbers).value_or(true)) {
            ++not_ok_;
            not_ok_words_.insert(fields[columns_.status]);
            return false;
        }
        return true;
    }

    void take_row(std::int64_t line, std::span<const std::string> fields, RowSink& sink) {
        double runtime = 0;
        remedy_ = Remedy::kSkipInvalid;
        alike_ = false;
        std::string problem = field_problem(fields);
        if (problem.empty() && !is_run(fields)) {
            return;
        }
        ++runs_;
        problem = problem.empty() ? row_problem(fields, sink, runtime) : problem;
        if (!problem.empty()) {
            reject(line, problem, sink);
            return;
        }
        unused_.see(fields, platform_, module_, with_);
        const std::int32_t platform = *sink.platforms().find_or_add(platform_);
        const std::int32_t module = *sink.modules().find_or_add(module_);
        if (with_.empty()) {
            sink.pools().add_alone(platform, module, runtime);
            return;
        }
        co_runners_.clear();
        for (const std::string& name : with_) {
            co_runners_.push_back(name == "-" ? -1 : *sink.modules().find_or_add(name));
        }
        sink.pools().widen(static_cast<std::int32_t>(columns_.with_one.size()));
        sink.pools().add_together(platform, module, co_runners_, runtime);
    }

    void reject(std::int64_t line, const std::string& problem, RowSink& sink) {
        if (alike_) {
            sink.reject_alike(table_.place(line), problem, remedy_);
        } else {
            sink.reject([&] { return fmt::format("{}: {}", table_.place(line), problem); }, remedy_);
        }
    }

    // A row of a matrix. Names that were never measured are kept: they can be predicted.
    void take_matrix_row(std::int64_t line, std::span<const std::string> fields, RowSink& sink) {
        remedy_ = Remedy::kSkipInvalid;
        alike_ = false;
        std::string problem = field_problem(fields);
        const bool modules = columns_.rows == Axis::kModule;
        SideJoin& row_side = modules ? sink.modules() : sink.platforms();
        SideJoin& column_side = modules ? sink.platforms() : sink.modules();
        const std::string row_name =
            problem.empty() ? (modules ? fields[columns_.module] : platform_of(columns_, options_.read.device, fields))
                            : "";
        if (problem.empty()) {
            problem = name_problem(modules ? column_name(columns_.module) : platforms_column_name(), row_name, row_side,
                                   modules ? module_table_ : platform_table_);
        }
        if (problem.empty() && !is_run(fields)) {
            return;
        }
        if (!problem.empty()) {
            reject(line, problem, sink);
            return;
        }
        const std::int32_t row = *row_side.find_or_add(row_name);
        for (std::size_t k = 0; k < columns_.values.size(); ++k) {
            const std::string& name = columns_.value_names[k];
            const std::string& cell = fields[columns_.values[k]];
            const bool empty = is_gap_among_numbers(cell);
            double runtime = 0;
            remedy_ = Remedy::kSkipInvalid;
            alike_ = false;
            const RowUnit unit{columns_.value_units.empty() ? std::nullopt : columns_.value_units[k], name};
            problem = empty ? "" : cells_.problem(cell, core::printable(name), unit, runtime);
            if (problem.empty()) {
                problem =
                    name_problem(core::printable(name), name, column_side, modules ? platform_table_ : module_table_);
            }
            runs_ += empty ? 0 : 1;
            if (!problem.empty()) {
                reject(line, problem, sink);
                continue;
            }
            const std::int32_t column = *column_side.find_or_add(name);
            if (!empty) {
                sink.pools().add_alone(modules ? column : row, modules ? row : column, runtime);
            }
        }
    }

    // What all rows together tell.
    [[nodiscard]] Result<void> finish(RowSink& sink) {
        if (auto units = cells_.finish(sink); !units) {
            return units;
        }
        if (other_events_ > 0 && runs_ == 0) {
            return fail(ErrorCode::kInput, fmt::format("{}: counts '{}', which is no time; measure nanoseconds", file(),
                                                       core::printable(other_event_)));
        }
        if (failed_ > 0) {
            sink.note(fmt::format("{}: {} failed (column '{}' is not 0) and {} left out", file(),
                                  failed_ == 1 ? std::string("1 run") : fmt::format("{} runs", failed_),
                                  column_name(columns_.exit), failed_ == 1 ? "is" : "are"));
            sink.count_failed(failed_);
        }
        if (not_ok_ > 0) {
            std::vector<std::string> words(not_ok_words_.begin(), not_ok_words_.end());
            std::ranges::transform(words, words.begin(), [](const std::string& w) { return core::printable(w); });
            sink.note(fmt::format("{}: {} failed (column '{}' is '{}') and {} left out", file(),
                                  not_ok_ == 1 ? std::string("1 run") : fmt::format("{} runs", not_ok_),
                                  column_name(columns_.status), fmt::join(words, "' or '"),
                                  not_ok_ == 1 ? "is" : "are"));
            sink.count_failed(not_ok_);
        }
        for (const std::string& note : unused_.notes()) {
            sink.note(fmt::format("{}: {}", file(), note));
        }
        return {};
    }

    TextTable table_;
    TableOptions options_;
    RuntimeCells cells_;
    std::string platform_table_;  // empty = none
    std::string module_table_;
    std::vector<std::string> header_;
    TableColumns columns_;
    std::string runtime_name_;
    std::unordered_set<std::string> modules_;  // that were measured, if there are co-runners
    AggregateRows aggregates_;
    std::string platform_;  // of one row, as what follows
    std::string module_;
    std::vector<std::string> with_;
    std::vector<std::int32_t> co_runners_;
    Remedy remedy_ = Remedy::kSkipInvalid;  // of what is wrong with the row
    bool alike_ = false;                    // other rows may have the same fault
    std::int64_t runs_ = 0;
    std::int64_t failed_ = 0;
    std::int64_t not_ok_ = 0;
    std::set<std::string> statuses_;        // different words of the column that says how runs ended
    std::set<std::string> not_ok_words_;    // those of runs left out
    std::set<std::int64_t> summary_lines_;  // of the last rows of a matrix, which sum up those above
    std::vector<std::string> summaries_;
    std::int64_t rows_before_ = 0;
    UnusedColumns unused_;
    std::unordered_map<std::string, std::string> checked_co_runners_;  // what is wrong with names never measured
    std::int64_t other_events_ = 0;
    std::string other_event_;
};

}  // namespace

Result<std::unique_ptr<Source>> text_source(std::string name, std::string bytes, TableOptions options) {
    PITOT_TRY(auto table, text_table(std::move(name), std::move(bytes)));
    return std::make_unique<TableSource>(std::move(table), std::move(options));
}

}  // namespace pitot::dataset
