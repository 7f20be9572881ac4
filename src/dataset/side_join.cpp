#include "dataset/side_join.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/utf8.hpp"
#include "pitot/remedy.hpp"

namespace pitot::dataset {
namespace {

Remedy table_remedy(Axis axis) { return axis == Axis::kPlatform ? Remedy::kPlatformFeatures : Remedy::kModuleFeatures; }

// Single floats carry seven digits, and a table of counts rounds to whole numbers.
bool same_feature(double a, double b) { return std::abs(a - b) <= 1e-5 * std::max({1.0, std::abs(a), std::abs(b)}); }

}  // namespace

void SideJoin::set_table(std::string file, Side table) {
    table_file_ = std::move(file);
    for (std::size_t i = 0; i < table.names.size(); ++i) {
        table_index_.emplace(table.names[i], static_cast<std::int32_t>(i));
    }
    table_ = std::move(table);
}

std::int32_t SideJoin::append(std::string name) {
    const auto row = static_cast<std::int32_t>(names_.size());
    index_.emplace(name, row);
    names_.push_back(std::move(name));
    features_.resize(features_.size() + feature_names_.size());
    described_.push_back(false);
    return row;
}

Result<SideJoin::Columns> SideJoin::match_features(const std::string& file, const Side& side) {
    Columns columns;
    if (feature_names_.empty()) {
        feature_names_ = side.feature_names;
        features_.assign(names_.size() * feature_names_.size(), 0.0);
    }
    if (feature_names_.size() != side.feature_names.size()) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: {}s have {} features where files before it have {}; give one table for all files",
                                file, word(axis_), side.feature_names.size(), feature_names_.size()),
                    table_remedy(axis_));
    }
    for (const std::string& feature : feature_names_) {
        const auto at = std::ranges::find(side.feature_names, feature);
        if (at == side.feature_names.end()) {
            return fail(
                ErrorCode::kInput,
                fmt::format("{}: {}s have no feature '{}' as files before it have{}; give one table for all files",
                            file, word(axis_), core::printable(feature), near_names(feature, side.feature_names)),
                table_remedy(axis_));
        }
        columns.push_back(static_cast<std::size_t>(at - side.feature_names.begin()));
    }
    return columns;
}

Result<void> SideJoin::join_features(const std::string& file, const Side& side, std::int64_t from, std::int32_t to,
                                     const Columns& columns) {
    const auto row = static_cast<std::size_t>(to);
    for (std::size_t j = 0; j < columns.size(); ++j) {
        const double value = side.features(from, static_cast<std::int64_t>(columns[j]));
        double& known = features_[row * columns.size() + j];
        if (described_[row] && !same_feature(known, value)) {
            return fail(
                ErrorCode::kInput,
                fmt::format("{}: feature '{}' of {} '{}' is {} where a file before it has {}; correct one, or give "
                            "one table for all files",
                            file, core::printable(feature_names_[j]), word(axis_), core::printable(names_[row]), value,
                            known),
                table_remedy(axis_));
        }
        if (!described_[row]) {
            known = value;
        }
    }
    described_[row] = true;
    return {};
}

Result<std::vector<std::int32_t>> SideJoin::add(const std::string& file, Side side) {
    if (names_.size() + side.names.size() > std::numeric_limits<std::int32_t>::max()) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: more than 2 147 483 647 {}s; split the file", file, word(axis_)));
    }
    Columns columns;
    const bool with_features = !table_ && !side.feature_names.empty();
    if (with_features) {
        PITOT_TRY(auto matched, match_features(file, side));
        columns = std::move(matched);
    }
    std::vector<std::int32_t> rows;
    rows.reserve(side.names.size());
    for (std::size_t i = 0; i < side.names.size(); ++i) {
        const auto known = index_.find(side.names[i]);
        rows.push_back(known == index_.end() ? append(std::move(side.names[i])) : known->second);
        if (with_features) {
            if (auto joined = join_features(file, side, static_cast<std::int64_t>(i), rows.back(), columns); !joined) {
                return Failure(std::move(joined).error());
            }
        }
    }
    first_size_ = first_size_ == 0 ? size() : first_size_;
    return rows;
}

bool SideJoin::accepts(std::string_view name) const {
    return index_.contains(name) || (table_ ? table_index_.contains(name) : feature_names_.empty());
}

std::optional<std::int32_t> SideJoin::find_or_add(std::string_view name) {
    if (const auto known = index_.find(name); known != index_.end()) {
        return known->second;
    }
    return accepts(name) ? std::optional(append(std::string(name))) : std::nullopt;
}

Result<Side> SideJoin::finish() {
    if (table_) {
        for (const std::string& name : table_->names) {
            if (!index_.contains(name)) {
                (void)append(name);
            }
        }
        feature_names_ = table_->feature_names;
        features_.assign(names_.size() * feature_names_.size(), 0.0);
        for (std::size_t i = 0; i < names_.size(); ++i) {
            const auto row = table_index_.find(names_[i]);
            if (row == table_index_.end()) {
                return fail(ErrorCode::kInput,
                            fmt::format("{}: {} '{}' has no row{}; add it", table_file_, word(axis_),
                                        core::printable(names_[i]), near_names(names_[i], table_->names)));
            }
            const auto values = table_->features.view().row(row->second);
            std::ranges::copy(values, features_.begin() + static_cast<std::ptrdiff_t>(i * feature_names_.size()));
        }
        table_.reset();
    } else if (!feature_names_.empty()) {
        const auto bare = std::ranges::find(described_, false);
        if (bare != described_.end()) {
            return fail(
                ErrorCode::kInput,
                fmt::format("{0} '{1}' has no features though other {0}s have; add it to a table "
                            "of features and give that",
                            word(axis_), core::printable(names_[static_cast<std::size_t>(bare - described_.begin())])),
                table_remedy(axis_));
        }
    }
    if (names_.empty()) {
        return fail(ErrorCode::kInput,
                    fmt::format("there are no {}s; give a file that names at least one", word(axis_)));
    }
    Side side;
    side.names = std::move(names_);
    side.feature_names = std::move(feature_names_);
    side.features = Matrix<double>(side.size(), static_cast<std::int64_t>(side.feature_names.size()));
    std::ranges::copy(features_, side.features.flat().begin());
    return side;
}

}  // namespace pitot::dataset
