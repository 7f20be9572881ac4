// The long form: platform,module,runtime_us[,with…], a row an observation.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/utf8.hpp"
#include "dataset/side_table.hpp"
#include "dataset/source.hpp"

namespace pitot::dataset {
namespace {

// Which column is what.
struct Columns {
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t count = 0;
    std::size_t platform = kNone;
    std::size_t module = kNone;
    std::size_t runtime = kNone;
    std::size_t with_list = kNone;      // names separated by ';'
    std::vector<std::size_t> with_one;  // a name each
};

bool is_with_one(std::string_view name) {
    return name.size() > 4 && name.starts_with("with") &&
           std::ranges::all_of(name.substr(4), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

class CsvSource final : public Source {
public:
    explicit CsvSource(formats::CsvInput input) : input_(std::move(input)) {
        for (const Axis axis : {Axis::kPlatform, Axis::kModule}) {
            const auto place = core::standing_part(sibling_table(input_.file, axis), input_.file);
            (axis == Axis::kPlatform ? platform_place_ : module_place_) = place;
        }
        rows_place_ = core::standing_part(input_.file, input_.file);
    }

    [[nodiscard]] std::string file() const override { return input_.file.string(); }

    [[nodiscard]] Result<SourceSides> sides() override {
        SourceSides sides;
        sides.rows_have_names = true;
        for (const Axis axis : {Axis::kPlatform, Axis::kModule}) {
            const auto table = sibling_table(input_.file, axis);
            const auto& place = axis == Axis::kPlatform ? platform_place_ : module_place_;
            std::error_code ignored;
            if (input_.text || !std::filesystem::exists(place, ignored)) {
                continue;
            }
            auto side = read_side_table({place, std::nullopt}, axis);
            if (!side) {
                return Failure(std::move(side).error());
            }
            (axis == Axis::kPlatform ? platform_table_ : module_table_) = table.string();
            (axis == Axis::kPlatform ? sides.platforms : sides.modules) = *std::move(side);
            sides.files.push_back(table.string());
        }
        if (!input_.text && rows_place_ != input_.file) {
            sides.problems.push_back(
                fmt::format("{0}: was being replaced when its writer was killed: read from {1}; a 'pitot' that writes "
                            "{0} completes it",
                            file(), rows_place_.string()));
        }
        return sides;
    }

    [[nodiscard]] Result<void> rows(RowSink& sink) override {
        const formats::CsvInput rows{rows_place_, input_.text};
        auto read = formats::read_csv(rows, [&](std::int64_t line, std::span<const std::string> fields) {
            return columns_.count == 0 ? take_header(line, fields, sink) : take_row(line, fields, sink);
        });
        if (read && columns_.count == 0) {
            return fail(ErrorCode::kInput, fmt::format("{}: the file is empty; its first line must be "
                                                       "platform,module,runtime_us",
                                                       file()));
        }
        return read;
    }

private:
    [[nodiscard]] Result<void> take_header(std::int64_t line, std::span<const std::string> fields, RowSink& sink) {
        std::vector<std::string> unknown;
        std::vector<std::string> known;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const std::string& name = fields[i];
            std::size_t* column = name == "platform"     ? &columns_.platform
                                  : name == "module"     ? &columns_.module
                                  : name == "runtime_us" ? &columns_.runtime
                                  : name == "with"       ? &columns_.with_list
                                                         : nullptr;
            if (std::ranges::find(known, name) != known.end()) {
                return fail(ErrorCode::kInput, fmt::format("{}: line {}: column '{}' stands there twice; drop one",
                                                           file(), line, core::printable(name)));
            }
            if (column != nullptr) {
                *column = i;
                known.push_back(name);
            } else if (is_with_one(name)) {
                columns_.with_one.push_back(i);
                known.push_back(name);
            } else {
                unknown.push_back(core::printable(name));
            }
        }
        for (const auto& [name, place] :
             {std::pair("platform", columns_.platform), std::pair("module", columns_.module),
              std::pair("runtime_us", columns_.runtime)}) {
            if (place == Columns::kNone) {
                return fail(ErrorCode::kInput,
                            fmt::format("{}: line {}: column '{}' is missing{}; the first line must be "
                                        "platform,module,runtime_us[,with1,with2...]",
                                        file(), line, name, near_names(name, unknown)));
            }
        }
        columns_.count = fields.size();
        if (!unknown.empty()) {
            sink.note(fmt::format("{}: columns not known and not used: '{}'", file(), fmt::join(unknown, "', '")));
        }
        return {};
    }

    // Splits the co-runners of a row off its fields; "-" keeps a place free.
    void gather_co_runners(std::span<const std::string> fields) {
        with_.clear();
        const auto take = [&](std::string_view name) {
            if (!name.empty()) {
                with_.push_back(name);
            }
        };
        if (columns_.with_list != Columns::kNone) {
            std::string_view rest = fields[columns_.with_list];
            while (!rest.empty()) {
                const std::size_t end = std::min(rest.find(';'), rest.size());
                take(trimmed(rest.substr(0, end)));
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
        }
        for (const std::size_t column : columns_.with_one) {
            take(fields[column]);
        }
    }

    [[nodiscard]] std::string name_problem(const char* column, std::string_view name, const SideJoin& side,
                                           const std::string& table) {
        if (side.contains(name)) {
            return {};
        }
        if (const char* fault = core::name_fault(name); fault != nullptr) {
            return fmt::format("column '{}' {}", column, fault);
        }
        // A table beside the file lists its side: a name it lacks is a slip of the pen.
        if (table.empty() && side.accepts(name)) {
            return {};
        }
        const std::string& where = table.empty() ? side.table_file() : table;
        const std::string near = near_names(name, table.empty() ? side.described_names() : side.names());
        if (where.empty()) {
            remedy_ = side.axis() == Axis::kPlatform ? Remedy::kPlatformFeatures : Remedy::kModuleFeatures;
            return fmt::format(
                "column '{0}': {1} '{2}' has no features, but {1}s of other files have{3}: give one table "
                "of {1} features for all files",
                column, word(side.axis()), core::printable(name), near);
        }
        return fmt::format("column '{}': {} '{}' is not in {}{}", column, word(side.axis()), core::printable(name),
                           where, near);
    }

    [[nodiscard]] std::string row_problem(std::span<const std::string> fields, RowSink& sink, double& runtime) {
        if (fields.size() != columns_.count) {
            return fmt::format("{} fields where the header has {}", fields.size(), columns_.count);
        }
        const std::string& text = fields[columns_.runtime];
        const auto number = formats::parse_number(text);
        if (!number) {
            return fmt::format("column 'runtime_us' holds '{}', which is not a number", core::printable(text));
        }
        runtime = *number;
        if (const char* fault = runtime_fault(runtime); fault != nullptr) {
            return fmt::format("column 'runtime_us' {}", fault);
        }
        std::string problem = name_problem("platform", fields[columns_.platform], sink.platforms(), platform_table_);
        if (problem.empty()) {
            problem = name_problem("module", fields[columns_.module], sink.modules(), module_table_);
        }
        gather_co_runners(fields);
        if (with_.size() > kMostCoRunners) {
            return fmt::format("{} co-runners, {} are the most", with_.size(), kMostCoRunners);
        }
        for (std::size_t k = 0; k < with_.size() && problem.empty(); ++k) {
            problem = with_[k] == "-" ? "" : name_problem("with", with_[k], sink.modules(), module_table_);
        }
        return problem;
    }

    [[nodiscard]] Result<void> take_row(std::int64_t line, std::span<const std::string> fields, RowSink& sink) {
        double runtime = 0;
        remedy_ = Remedy::kSkipInvalid;
        if (const std::string problem = row_problem(fields, sink, runtime); !problem.empty()) {
            return sink.reject([&] { return fmt::format("line {}: {}", line, problem); }, remedy_);
        }
        const std::int32_t platform = *sink.platforms().find_or_add(fields[columns_.platform]);
        const std::int32_t module = *sink.modules().find_or_add(fields[columns_.module]);
        if (with_.empty()) {
            sink.pools().add_alone(platform, module, runtime);
            return {};
        }
        co_runners_.clear();
        for (const std::string_view name : with_) {
            co_runners_.push_back(name == "-" ? -1 : *sink.modules().find_or_add(name));
        }
        sink.pools().widen(static_cast<std::int32_t>(columns_.with_one.size()));
        sink.pools().add_together(platform, module, co_runners_, runtime);
        return {};
    }

    formats::CsvInput input_;
    std::filesystem::path rows_place_;  // where the three files stand: see standing_part()
    std::filesystem::path platform_place_;
    std::filesystem::path module_place_;
    std::string platform_table_;  // empty = none
    std::string module_table_;
    Columns columns_;
    std::vector<std::string_view> with_;  // of one row
    std::vector<std::int32_t> co_runners_;
    Remedy remedy_ = Remedy::kSkipInvalid;  // of what is wrong with the row
};

}  // namespace

std::filesystem::path sibling_table(const std::filesystem::path& file, Axis axis) {
    auto stem = file;
    stem.replace_extension(axis == Axis::kPlatform ? ".platforms.csv" : ".modules.csv");
    return stem;
}

std::unique_ptr<Source> csv_source(formats::CsvInput input) { return std::make_unique<CsvSource>(std::move(input)); }

}  // namespace pitot::dataset
