#include "predict/extend.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "core/check.hpp"
#include "core/suggest.hpp"
#include "data/utf8.hpp"
#include "model/fold_model.hpp"
#include "predict/side_regression.hpp"

namespace pitot {
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
        if (const char* fault = name_fault(name); fault != nullptr) {
            return fail(ErrorCode::kInput, fmt::format("{} '{}' {}: name it", kind, printable(name), fault));
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
                                known.feature_names.size(), some(absent), suggestion(absent.front(), unknown)));
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

// Rows that were not measured become the mean of those that were.
void average_rows(MatrixView<float> table, const std::vector<Basis>& basis) {
    PITOT_CHECK(table.rows == static_cast<std::int64_t>(basis.size()));
    const auto known = std::ranges::count(basis, Basis::kMeasured);
    for (std::int64_t c = 0; c < table.cols; ++c) {
        double sum = 0.0;
        for (std::int64_t i = 0; i < table.rows; ++i) {
            sum += basis[static_cast<std::size_t>(i)] == Basis::kMeasured ? static_cast<double>(table(i, c)) : 0.0;
        }
        for (std::int64_t i = 0; i < table.rows && known > 0; ++i) {
            if (basis[static_cast<std::size_t>(i)] != Basis::kMeasured) {
                table(i, c) = static_cast<float>(sum / static_cast<double>(known));
            }
        }
    }
}

void extend_baseline(const Side& side, std::vector<Basis>& basis, std::vector<double>& terms) {
    const auto rows = static_cast<std::size_t>(side.size());
    const auto added_from = static_cast<std::ptrdiff_t>(basis.size());
    std::vector<bool> known(rows, false);
    std::transform(basis.begin(), basis.end(), known.begin(), [](Basis b) { return b == Basis::kMeasured; });
    std::vector<double> filled = terms;
    filled.resize(rows);
    fill_baseline(side, known, filled);
    basis.resize(rows, Basis::kFeatures);
    terms.insert(terms.end(), filled.begin() + added_from, filled.end());
}

}  // namespace

void fill_baseline(const Side& side, const std::vector<bool>& known, std::vector<double>& terms) {
    const auto rows = static_cast<std::size_t>(side.size());
    PITOT_CHECK(known.size() == rows && terms.size() == rows);
    const auto count = std::ranges::count(known, true);
    if (count == side.size()) {
        return;
    }
    Matrix<double> features(count, side.features.cols());
    std::vector<double> known_terms;
    for (std::size_t i = 0; i < rows; ++i) {
        if (known[i]) {
            const auto to = features.view().row(static_cast<std::int64_t>(known_terms.size()));
            std::ranges::copy(side.features.view().row(static_cast<std::int64_t>(i)), to.begin());
            known_terms.push_back(terms[i]);
        }
    }
    const SideRegression regression(std::as_const(features).view(), known_terms);
    const auto [least, most] =
        known_terms.empty() ? std::ranges::min_max_result<double>{0.0, 0.0} : std::ranges::minmax(known_terms);
    const double more = 0.5 * (most - least);
    for (std::size_t i = 0; i < rows; ++i) {
        if (!known[i]) {
            terms[i] = std::clamp(regression(side.features.view().row(static_cast<std::int64_t>(i))), least - more,
                                  most + more);
        }
    }
}

void average_unmeasured_inputs(PredictorParts& parts) {
    if (parts.folds.empty()) {
        return;
    }
    const bool learns_from_co_runners =
        parts.config.model.interference_types > 0 && parts.config.train.together_weight > 0.0;
    const std::vector<Basis>& module_basis = learns_from_co_runners ? parts.co_runner_basis : parts.module_basis;
    for (const ParameterInfo& block : parameter_layout(parts.config.model, parts.platforms, parts.modules)) {
        const bool of_platforms = block.name == "platform.learned" || block.name == "platform.table";
        const bool of_modules = block.name == "module.learned" || block.name == "module.table";
        if (!of_platforms && !of_modules) {
            continue;
        }
        const std::vector<Basis>& basis = of_platforms ? parts.platform_basis : module_basis;
        for (FoldFit& fold : parts.folds) {
            average_rows({fold.parameters.data() + block.offset, block.rows, block.cols, block.cols}, basis);
        }
    }
}

Result<PredictorParts> extend_parts(const PredictorParts& parts, const Side& platforms, const Side& modules) {
    const auto checked = check_side(parts.platforms, platforms, "platform").and_then([&] {
        return check_side(parts.modules, modules, "module");
    });
    if (!checked) {
        return Failure(checked.error());
    }
    PredictorParts more = clone_parts(parts);
    for (FoldFit& fold : more.folds) {
        auto parameters = extend_parameters(parts.config.model, parts.platforms, parts.modules, platforms.size(),
                                            modules.size(), fold.parameters);
        if (!parameters) {
            return Failure(parameters.error());
        }
        fold.parameters = std::move(*parameters);
    }
    more.platforms = join(parts.platforms, platforms);
    more.modules = join(parts.modules, modules);
    extend_baseline(more.platforms, more.platform_basis, more.baseline.platform);
    extend_baseline(more.modules, more.module_basis, more.baseline.module);
    // As co-runners they are known as well as on their own.
    more.co_runner_basis.insert(more.co_runner_basis.end(), more.module_basis.end() - modules.size(),
                                more.module_basis.end());
    const auto offsets = static_cast<std::size_t>(more.platforms.size()) + 1;
    more.measured.offsets.resize(offsets, parts.measured.offsets.back());
    if (!more.platform_part.empty()) {
        more.platform_part.resize(static_cast<std::size_t>(more.platforms.size()), -1);
        more.module_part.resize(static_cast<std::size_t>(more.modules.size()), -1);
    }
    if (!more.platform_disagreement.empty()) {
        more.platform_disagreement.resize(static_cast<std::size_t>(more.platforms.size()));
        more.module_disagreement.resize(static_cast<std::size_t>(more.modules.size()));
    }
    if (more.measured_together) {
        more.measured_together->offsets.resize(offsets, more.measured_together->size());
    }
    return more;
}

Result<Predictor> Predictor::with_rows(const Side& platforms, const Side& modules) const {
    return extend_parts(parts(), platforms, modules).map([](PredictorParts&& more) {
        return Predictor(std::move(more));
    });
}

}  // namespace pitot
