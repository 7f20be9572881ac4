// Tables of features as people have them: text, gaps, several scales.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <tuple>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/feature_column.hpp"
#include "dataset/feature_scale.hpp"
#include "dataset/gaps.hpp"
#include "dataset/side_archive.hpp"
#include "dataset/side_table.hpp"
#include "dataset/table_columns.hpp"
#include "dataset/text_table.hpp"
#include "formats/input.hpp"
#include "formats/npz.hpp"
#include "formats/quantity.hpp"

namespace pitot::dataset {
namespace {

// Makes a side of a table, in two looks at it.
class TableReader {
public:
    TableReader(TextTable table, Axis axis, const Side* known)
        : table_(std::move(table)), axis_(axis), known_(known), notes_(table_.notes) {}

    [[nodiscard]] Result<SideTable> read() {
        if (auto surveyed = survey(); !surveyed) {
            return Failure(surveyed.error());
        }
        if (auto taken = take_rows(); !taken) {
            return Failure(taken.error());
        }
        return finish();
    }

private:
    using RowHandler = std::function<void(std::int64_t, std::span<const std::string>)>;

    [[nodiscard]] Failure wrong(const std::string& what) const {
        return fail(ErrorCode::kInput, fmt::format("{}: {}", table_.name, what));
    }
    void note(const std::string& what) { notes_.push_back(fmt::format("{}: {}", table_.name, what)); }

    void fault(std::int64_t line, const std::string& what) {
        constexpr std::size_t most = 10;
        if (faults_.size() < most) {
            faults_.push_back(fmt::format("{}: {}", table_.place(line), what));
        }
        ++fault_count_;
    }

    [[nodiscard]] Result<void> for_each_row(const RowHandler& handler) const {
        bool header = true;
        return table_.for_each_record([&](std::int64_t line, std::span<const std::string> fields) -> Result<void> {
            while (fields.size() > columns_ && columns_ > 0 && fields.back().empty()) {
                fields = fields.first(fields.size() - 1);
            }
            if (!std::exchange(header, false)) {
                handler(line, fields);
            }
            return {};
        });
    }

    // The header, then what the columns hold: facts_ of all columns of the file.
    [[nodiscard]] Result<void> survey() {
        std::vector<std::string> header;
        auto looked = table_.for_each_record([&](std::int64_t, std::span<const std::string> fields) -> Result<void> {
            header.assign(fields.begin(), fields.end());
            return fail(ErrorCode::kCancelled, "");  // one is enough
        });
        if (!looked && looked.error().code() != ErrorCode::kCancelled) {
            return looked;
        }
        columns_ = header.size();
        std::vector<FeatureColumn> all(columns_);
        formats::MarkSurvey marks;
        auto read = for_each_row([&](std::int64_t, std::span<const std::string> fields) {
            for (std::size_t i = 0; i < std::min(columns_, fields.size()); ++i) {
                all[i].look_at(fields[i], marks);
            }
            ++rows_;
        });
        if (!read) {
            return read;
        }
        if (rows_ == 0) {
            return wrong(
                fmt::format("the table is empty; give a header (name, then features) and one row a {}", word(axis_)));
        }
        if (!table_.listed) {
            bool assumed = false;
            const auto mark = formats::decimal_mark_of(marks, table_.delimiter(), assumed);
            if (!mark) {
                const bool both = marks.point > 0 && marks.comma > 0;
                return wrong(
                    fmt::format("it is not clear whether a point or a comma marks fractions, as in {}; write "
                                "fractions with points throughout, and delimit columns with commas",
                                both ? fmt::format("'{}' and '{}'", core::printable(marks.point_example),
                                                   core::printable(marks.comma_example))
                                     : fmt::format("'{}'", core::printable(marks.example))));
            }
            mark_ = *mark;
            if (assumed) {
                note(fmt::format("numbers such as '{}' are read as {}", core::printable(marks.example),
                                 formats::number_of(formats::parse_quantity(marks.example, mark_)->digits)));
            }
        }
        return choose_columns(header, all);
    }

    [[nodiscard]] Result<void> choose_columns(const std::vector<std::string>& header, std::vector<FeatureColumn>& all) {
        const auto names = name_column(header, all, rows_, axis_);
        if (!names) {
            return wrong(
                fmt::format("line 1: no column holds the names, the first one is '{}'; a table of {} features "
                            "has the columns 'name', then one a feature",
                            core::printable(header[0]), word(axis_)));
        }
        names_at_ = *names;
        names_header_ = header[names_at_];
        if (header[names_at_] != "name") {
            note(fmt::format("the names are those of column '{}'", core::printable(header[names_at_])));
        }
        for (std::size_t i = 0; i < columns_; ++i) {
            FeatureColumn& column = all[i];
            if (i == names_at_) {
                continue;
            }
            column.at = i;
            column.name = header[i];
            if (axis_ == Axis::kModule) {
                std::tie(column.name, column.said) = named_scale(header[i]);
            }
            const bool index = header[i].empty() || header[i].starts_with("Unnamed: ");
            if (index) {
                note(fmt::format("column {} has no name and is left out", i + 1));
            } else if (column.numbers + column.texts + column.gaps_among_numbers == 0 && !known_mean(column.name)) {
                note(fmt::format("column '{}' is empty and left out", core::printable(column.name)));
            } else if (column.is_text() && is_unknown_text(column.name)) {
                note(fmt::format("column '{}' holds texts that the model does not know and is left out",
                                 core::printable(column.name)));
            } else if (column.is_text() && column.has_too_many_texts(rows_, known_)) {
                note(fmt::format("column '{}' has a text of its own in {} rows and is left out",
                                 core::printable(column.name),
                                 column.categories.size() > FeatureColumn::kMostCategories ? "too many" : "all"));
            } else {
                features_.push_back(std::move(column));
            }
        }
        return {};
    }

    // Whether a model has features, and neither one of that name nor a category of it.
    [[nodiscard]] bool is_unknown_text(const std::string& column) const {
        return known_ != nullptr && !known_->feature_names.empty() &&
               std::ranges::none_of(known_->feature_names, [&](const std::string& feature) {
                   return feature == column || feature.starts_with(column + "=");
               });
    }

    // The mean of a feature over the rows that a model knows.
    [[nodiscard]] std::optional<double> known_mean(const std::string& feature) const {
        if (known_ == nullptr || known_->size() == 0) {
            return std::nullopt;
        }
        const auto at = std::ranges::find(known_->feature_names, feature);
        if (at == known_->feature_names.end()) {
            return std::nullopt;
        }
        double sum = 0;
        for (std::int64_t i = 0; i < known_->size(); ++i) {
            sum += known_->features(i, at - known_->feature_names.begin());
        }
        return sum / static_cast<double>(known_->size());
    }

    [[nodiscard]] Result<void> choose_scale() {
        if (axis_ == Axis::kPlatform) {
            return {};
        }
        ScaleSurvey survey;
        auto read = for_each_row([&](std::int64_t, std::span<const std::string> fields) {
            for (const FeatureColumn& column : features_) {
                if (column.said == Scale::kUnknown && column.numbers > 0 && column.at < fields.size()) {
                    if (const auto digits = digits_in(fields[column.at], mark_)) {
                        survey.see(*digits, column.name);
                    }
                }
            }
        });
        if (!read) {
            return read;
        }
        PITOT_TRY(scale_, survey.scale(table_.name));
        if (scale_ == Scale::kLog) {
            note("its numbers are taken as ln(1 + opcode count), for that is what they are");
        }
        return {};
    }

    // The number that a feature is stored as, or a fault and 0.
    double stored(std::int64_t line, const FeatureColumn& column, const std::string& cell) {
        const auto digits = digits_in(cell, mark_);
        const double value = digits ? formats::number_of(*digits) : 0.0;
        if (!digits || !std::isfinite(value)) {
            fault(line, fmt::format("column '{}' holds '{}'; features must be finite numbers, or texts throughout",
                                    core::printable(column.name), core::printable(cell)));
            return 0.0;
        }
        if (axis_ == Axis::kPlatform) {
            return value;
        }
        const bool log = (column.said == Scale::kUnknown ? scale_ : column.said) == Scale::kLog;
        if (value < 0) {
            fault(line, fmt::format("column '{}' holds {}; opcode counts must not be negative",
                                    core::printable(column.name), core::printable(cell)));
            return 0.0;
        }
        if (log && value > kLargestLog) {
            fault(line, fmt::format("column '{}' holds {}, which is the logarithm of no count",
                                    core::printable(column.name), core::printable(cell)));
        }
        return log ? value : std::log1p(value);
    }

    [[nodiscard]] Result<void> take_rows() {
        if (auto scaled = choose_scale(); !scaled) {
            return scaled;
        }
        values_.resize(features_.size());
        auto read = for_each_row([&](std::int64_t line, std::span<const std::string> fields) {
            if (fields.size() != columns_) {
                fault(line, fmt::format("has {} field{} where the header has {}; give one a column", fields.size(),
                                        fields.size() == 1 ? "" : "s", columns_));
                return;
            }
            names_.push_back(fields[names_at_]);
            for (std::size_t k = 0; k < features_.size(); ++k) {
                const FeatureColumn& column = features_[k];
                const std::string& cell = fields[column.at];
                if (column.is_text()) {
                    const auto at = column.categories.find(category_of(cell));
                    values_[k].push_back(at == column.categories.end()
                                             ? -1.0
                                             : static_cast<double>(std::distance(column.categories.begin(), at)));
                } else {
                    values_[k].push_back(is_gap_among_numbers(cell) ? std::nan("") : stored(line, column, cell));
                }
            }
        });
        if (!read || fault_count_ == 0) {
            return read;
        }
        if (fault_count_ == 1) {
            return wrong(faults_.front());
        }
        const std::int64_t more = fault_count_ - std::ssize(faults_);
        return wrong(fmt::format("{} cells or rows cannot be used:\n  {}{}", fault_count_, fmt::join(faults_, "\n  "),
                                 more > 0 ? fmt::format("\n  and {} more", more) : std::string()));
    }

    // Fills the gaps of a numeric column.
    void fill_gaps(const FeatureColumn& column, std::vector<double>& values) {
        double sum = 0;
        std::int64_t count = 0;
        for (const double value : values) {
            sum += std::isnan(value) ? 0.0 : value;
            count += std::isnan(value) ? 0 : 1;
        }
        const std::int64_t gaps = std::ssize(values) - count;
        if (gaps == 0) {
            return;
        }
        const auto known = known_mean(column.name);
        const double mean = known ? *known : sum / static_cast<double>(std::max<std::int64_t>(count, 1));
        std::ranges::replace_if(
            values, [](double v) { return std::isnan(v); }, mean);
        note(fmt::format("column '{}': {} empty cell{} filled with the mean {}, {:.4g}", core::printable(column.name),
                         gaps, gaps == 1 ? " was" : "s were", known ? "of those that the model knows" : "of the others",
                         axis_ == Axis::kModule ? std::expm1(mean) : mean));
    }

    [[nodiscard]] Result<SideTable> finish() {
        Side side;
        side.names = std::move(names_);
        if (auto checked =
                check_names(side.names, fmt::format("{}: column '{}'", table_.name, core::printable(names_header_)));
            !checked) {
            return Failure(checked.error());
        }
        std::vector<std::vector<double>> columns;
        std::vector<std::string> texts;
        for (std::size_t k = 0; k < features_.size(); ++k) {
            const FeatureColumn& column = features_[k];
            if (!column.is_text()) {
                fill_gaps(column, values_[k]);
                side.feature_names.push_back(column.name);
                columns.push_back(std::move(values_[k]));
                continue;
            }
            texts.push_back(fmt::format("'{}' ({})", core::printable(column.name), column.categories.size()));
            double number = 0;
            for (const std::string& category : column.categories) {
                side.feature_names.push_back(fmt::format("{}={}", column.name, category));
                auto& out = columns.emplace_back();
                for (const double value : values_[k]) {
                    const double is = value == number ? 1.0 : 0.0;
                    out.push_back(axis_ == Axis::kModule ? std::log1p(is) : is);
                }
                ++number;
            }
        }
        if (auto checked = check_names(side.feature_names, fmt::format("{}: header", table_.name)); !checked) {
            return Failure(checked.error());
        }
        if (!texts.empty()) {
            note(fmt::format("text became one feature a category, 1 or 0: {}", fmt::join(texts, ", ")));
        }
        side.features = Matrix<double>(side.size(), std::ssize(side.feature_names));
        for (std::size_t j = 0; j < columns.size(); ++j) {
            for (std::size_t i = 0; i < columns[j].size(); ++i) {
                side.features(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) = columns[j][i];
            }
        }
        return SideTable{std::move(side), std::move(notes_)};
    }

    TextTable table_;
    Axis axis_;
    const Side* known_;
    std::vector<std::string> notes_;
    std::size_t columns_ = 0;
    std::int64_t rows_ = 0;
    std::size_t names_at_ = 0;
    std::string names_header_;
    formats::DecimalMark mark_ = formats::DecimalMark::kPoint;
    Scale scale_ = Scale::kCount;
    std::vector<FeatureColumn> features_;
    std::vector<std::string> names_;
    std::vector<std::vector<double>> values_;  // a column each; of texts the category's number, -1 = none
    std::vector<std::string> faults_;
    std::int64_t fault_count_ = 0;
};

}  // namespace

Result<SideTable> read_side_table(const formats::CsvInput& input, Axis axis, const Side* known) {
    const std::string name = formats::input_name(input.file);
    auto bytes = input.text ? formats::unpacked_input(std::string(*input.text), name) : formats::read_input(input.file);
    if (!bytes) {
        return Failure(std::move(bytes).error());
    }
    if (formats::is_zip(*bytes)) {
        SideTable table;
        PITOT_TRY(const auto npz, formats::NpzReader::open_buffer(std::as_bytes(std::span(*bytes)), name));
        PITOT_TRY(auto side, read_side_archive(npz, axis, table.notes));
        table.side = std::move(side);
        return table;
    }
    PITOT_TRY(auto table, text_table(name, *std::move(bytes)));
    return TableReader(std::move(table), axis, known).read();
}

}  // namespace pitot::dataset
