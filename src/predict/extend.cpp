#include "predict/extend.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "core/border.hpp"
#include "core/suggest.hpp"
#include "core/utf8.hpp"

namespace pitot::predict {
namespace {

// The names of `a` that `b` lacks.
std::vector<std::string> missing_from(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    const std::set<std::string_view> known(b.begin(), b.end());
    std::vector<std::string> missing;
    std::ranges::copy_if(a, std::back_inserter(missing), [&](const std::string& n) { return !known.contains(n); });
    return missing;
}

// At most a few of the names, for a message.
std::string some(const std::vector<std::string>& names) {
    constexpr std::size_t most = 5;
    const std::vector<std::string> shown(names.begin(),
                                         names.begin() + static_cast<std::ptrdiff_t>(std::min(most, names.size())));
    const std::string text = fmt::format("'{}'", fmt::join(shown, "', '"));
    return names.size() <= most ? text : fmt::format("{} and {} more", text, names.size() - most);
}

Result<void> check_names(const Side& known, const Side& extra, const char* kind) {
    std::set<std::string_view> names(known.names.begin(), known.names.end());
    for (const std::string& name : extra.names) {
        if (const char* fault = core::name_fault(name); fault != nullptr) {
            return fail(ErrorCode::kInput, fmt::format("{} '{}' {}: name it", kind, core::printable(name), fault));
        }
        if (names.insert(name).second) {
            continue;
        }
        const bool in_model = std::ranges::find(known.names, name) != known.names.end();
        return fail(ErrorCode::kInput,
                    in_model ? fmt::format("{} '{}' is in the model already: leave its row out", kind, name)
                             : fmt::format("{} '{}' is given twice", kind, name));
    }
    return {};
}

}  // namespace

Result<void> check_feature_names(const Side& known, const Side& extra, const char* kind) {
    if (known.feature_names.empty()) {
        return fail(ErrorCode::kInput, fmt::format("the model was fitted without {0} features, so it cannot tell "
                                                   "anything about a new {0}: fit it on a dataset that has them",
                                                   kind));
    }
    const auto absent = missing_from(known.feature_names, extra.feature_names);
    const auto unknown = missing_from(extra.feature_names, known.feature_names);
    if (!absent.empty()) {
        return fail(ErrorCode::kInput,
                    fmt::format("{} features lack {} of the model's {} columns: {}{}", kind, absent.size(),
                                known.feature_names.size(), some(absent), core::suggestion(absent.front(), unknown)));
    }
    if (!unknown.empty()) {
        return fail(ErrorCode::kInput, fmt::format("{} features have {} columns the model does not know: {}: leave "
                                                   "them out",
                                                   kind, unknown.size(), some(unknown)));
    }
    if (extra.feature_names.size() != known.feature_names.size()) {
        return fail(ErrorCode::kInput, fmt::format("{} features have a column more than once", kind));
    }
    return {};
}

namespace {

Result<void> check_shape(const Side& extra, const char* kind) {
    const auto columns = static_cast<std::int64_t>(extra.feature_names.size());
    if (extra.features.rows() == extra.size() && extra.features.cols() == columns) {
        return {};
    }
    return fail(ErrorCode::kInput,
                fmt::format("{} features are {} × {} where {} names and {} feature names stand", kind,
                            extra.features.rows(), extra.features.cols(), extra.size(), columns));
}

Result<void> check_values(const Side& extra, const char* kind) {
    constexpr double largest = 1e30;  // what models compute with is single precision
    for (std::int64_t i = 0; i < extra.features.rows(); ++i) {
        for (std::int64_t c = 0; c < extra.features.cols(); ++c) {
            if (!(std::abs(extra.features(i, c)) <= largest)) {
                return fail(ErrorCode::kInput,
                            fmt::format("{} '{}' has {} for feature '{}', which is no number up to {}", kind,
                                        extra.names[static_cast<std::size_t>(i)], extra.features(i, c),
                                        extra.feature_names[static_cast<std::size_t>(c)], largest));
            }
        }
    }
    return {};
}

Result<void> check_side(const Side& known, const Side& extra, const char* kind) {
    if (extra.names.empty() && extra.features.rows() == 0) {
        return {};
    }
    return check_names(known, extra, kind)
        .and_then([&] { return check_feature_names(known, extra, kind); })
        .and_then([&] { return check_shape(extra, kind); })
        .and_then([&] { return check_values(extra, kind); });
}

// `known` with the rows of `extra`, its columns brought into the known order.
Side join(const Side& known, const Side& extra) {
    if (extra.names.empty()) {
        return clone_side(known);
    }
    std::map<std::string_view, std::int64_t> column;
    for (std::size_t c = 0; c < extra.feature_names.size(); ++c) {
        column[extra.feature_names[c]] = static_cast<std::int64_t>(c);
    }
    Side side{known.names, known.feature_names, Matrix<double>(known.size() + extra.size(), known.features.cols())};
    side.names.insert(side.names.end(), extra.names.begin(), extra.names.end());
    std::ranges::copy(known.features.flat(), side.features.flat().begin());
    for (std::int64_t i = 0; i < extra.size(); ++i) {
        for (std::int64_t c = 0; c < side.features.cols(); ++c) {
            side.features(known.size() + i, c) =
                extra.features(i, column.at(side.feature_names[static_cast<std::size_t>(c)]));
        }
    }
    return side;
}

}  // namespace

Result<PredictorParts> extend_parts(const PredictorParts& parts, const Side& platforms, const Side& modules) {
    const auto checked = check_side(parts.platforms, platforms, "platform").and_then([&] {
        return check_side(parts.modules, modules, "module");
    });
    if (!checked) {
        return Failure(checked.error());
    }
    PredictorParts more = clone_parts(parts);
    more.platforms = join(parts.platforms, platforms);
    more.modules = join(parts.modules, modules);
    auto model = parts.model->with_rows(
        {more.platforms, more.modules, platforms.size(), modules.size(), parts.platform_basis, parts.module_basis});
    if (!model) {
        return Failure(model.error());
    }
    more.model = std::move(*model);
    more.platform_basis.resize(static_cast<std::size_t>(more.platforms.size()), Basis::kFeatures);
    more.module_basis.resize(static_cast<std::size_t>(more.modules.size()), Basis::kFeatures);
    // As co-runners they are known as well as on their own.
    more.co_runner_basis.insert(more.co_runner_basis.end(), more.module_basis.end() - modules.size(),
                                more.module_basis.end());
    const auto offsets = static_cast<std::size_t>(more.platforms.size()) + 1;
    for (MeasuredPool& pool : more.measured) {
        pool.combinations.offsets.resize(offsets, pool.combinations.size());
    }
    if (!more.platform_part.empty()) {
        more.platform_part.resize(static_cast<std::size_t>(more.platforms.size()), -1);
        more.module_part.resize(static_cast<std::size_t>(more.modules.size()), -1);
    }
    if (!more.disagreement.platform.empty()) {
        more.disagreement.platform.resize(static_cast<std::size_t>(more.platforms.size()));
        more.disagreement.module.resize(static_cast<std::size_t>(more.modules.size()));
    }
    if (!more.platform_runs.empty()) {
        more.platform_runs.resize(static_cast<std::size_t>(more.platforms.size()), 0);
        more.module_runs.resize(static_cast<std::size_t>(more.modules.size()), 0);
    }
    return more;
}

}  // namespace pitot::predict

namespace pitot {

Result<Predictor> Predictor::with_rows(const Side& platforms, const Side& modules) const {
    return core::at_border("appending rows to a model", [&] {
        return predict::extend_parts(parts(), platforms, modules).map([](PredictorParts&& more) {
            return Predictor(std::move(more));
        });
    });
}

}  // namespace pitot
