#include "pitot/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "core/check.hpp"
#include "core/suggest.hpp"
#include "predict/ensemble.hpp"
#include "predict/parts.hpp"
#include "predict/scale.hpp"

namespace pitot {
namespace {

using NameIndex = std::vector<std::int32_t>;  // row numbers in the order of their names

NameIndex index_names(const std::vector<std::string>& names) {
    NameIndex order(names.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = static_cast<std::int32_t>(i);
    }
    std::ranges::sort(order, {},
                      [&](std::int32_t i) -> const std::string& { return names[static_cast<std::size_t>(i)]; });
    return order;
}

Result<std::int32_t> find(const Side& side, const NameIndex& order, std::string_view name, const char* kind) {
    const auto name_of = [&](std::int32_t i) { return std::string_view(side.names[static_cast<std::size_t>(i)]); };
    const auto at = std::ranges::lower_bound(order, name, {}, name_of);
    if (at != order.end() && name_of(*at) == name) {
        return *at;
    }
    const std::string near = suggestion(name, side.names);
    return fail(
        ErrorCode::kInput,
        fmt::format("the model has no {} '{}'{}", kind, name,
                    near.empty() ? fmt::format("; it has {} {}s, `pitot info` lists them", side.size(), kind) : near));
}

Result<void> check_range(std::span<const std::int32_t> rows, std::int64_t least, std::int64_t size, const char* kind) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] < least || rows[i] >= size) {
            return fail(ErrorCode::kUsage, fmt::format("row {} of the query asks for {} number {}, but the model has "
                                                       "numbers {} to {}",
                                                       i, kind, rows[i], least, size - 1));
        }
    }
    return {};
}

Result<void> check_query(const Query& query, const PredictorParts& parts) {
    const auto rows = static_cast<std::size_t>(query.size());
    if (query.module.size() != rows || query.width < 0 ||
        query.co_runner.size() != rows * static_cast<std::size_t>(query.width)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("a query of {} platforms needs as many modules ({} given) and {} "
                                "co-runners ({} given)",
                                rows, query.module.size(), query.size() * std::max<std::int32_t>(query.width, 0),
                                query.co_runner.size()));
    }
    return check_range(query.platform, 0, parts.platforms.size(), "platform")
        .and_then([&] { return check_range(query.module, 0, parts.modules.size(), "module"); })
        .and_then([&] { return check_range(query.co_runner, -1, parts.modules.size(), "module"); });
}

std::span<const std::int32_t> co_runners(const Query& query, std::size_t row) {
    const auto width = static_cast<std::size_t>(query.width);
    return query.co_runner.subspan(row * width, width);
}

}  // namespace

std::string_view to_string(Basis basis) {
    switch (basis) {
        case Basis::kMeasured:
            return "measured";
        case Basis::kFeatures:
            return "features";
        case Basis::kAverage:
            return "average";
    }
    return "?";
}

struct Predictor::Impl {
    explicit Impl(PredictorParts p)
        : parts(std::move(p)),
          scale(parts.config.model),
          ensemble(parts.config.model, parts.platforms, parts.modules, parts.baseline, parts.folds),
          platform_names(index_names(parts.platforms.names)),
          module_names(index_names(parts.modules.names)) {}

    [[nodiscard]] Basis basis(const Query& query, std::size_t row) const;

    PredictorParts parts;
    Scale scale;
    Ensemble ensemble;
    NameIndex platform_names;
    NameIndex module_names;
};

// The weakest of what the row's platform, module and co-runners rest on.
Basis Predictor::Impl::basis(const Query& query, std::size_t row) const {
    Basis weakest = std::max(parts.platform_basis[static_cast<std::size_t>(query.platform[row])],
                             parts.module_basis[static_cast<std::size_t>(query.module[row])]);
    for (const std::int32_t k : co_runners(query, row)) {
        if (k >= 0) {
            weakest = std::max(weakest, parts.module_basis[static_cast<std::size_t>(k)]);
        }
    }
    return weakest;
}

Predictor::Predictor(PredictorParts parts) : impl_(std::make_shared<const Impl>(std::move(parts))) {}

Result<Predictor> Predictor::load(const std::filesystem::path& file) {
    return read_parts(file).map([](PredictorParts&& parts) { return Predictor(std::move(parts)); });
}

Result<void> Predictor::save(const std::filesystem::path& file) const { return write_parts(impl_->parts, file); }

const FitConfig& Predictor::config() const { return impl_->parts.config; }
const Side& Predictor::platforms() const { return impl_->parts.platforms; }
const Side& Predictor::modules() const { return impl_->parts.modules; }
const std::string& Predictor::dataset_digest() const { return impl_->parts.dataset_digest; }
const PredictorParts& Predictor::parts() const { return impl_->parts; }

Result<std::int32_t> Predictor::find_platform(std::string_view name) const {
    return find(platforms(), impl_->platform_names, name, "platform");
}

Result<std::int32_t> Predictor::find_module(std::string_view name) const {
    return find(modules(), impl_->module_names, name, "module");
}

bool Predictor::measured(std::int32_t platform, std::int32_t module) const {
    return impl_->parts.measured.contains(platform, module);
}

std::int64_t Predictor::measured_pairs() const {
    return static_cast<std::int64_t>(impl_->parts.measured.modules.size());
}

Basis Predictor::platform_basis(std::int32_t platform) const {
    return impl_->parts.platform_basis[static_cast<std::size_t>(platform)];
}

Basis Predictor::module_basis(std::int32_t module) const {
    return impl_->parts.module_basis[static_cast<std::size_t>(module)];
}

std::int64_t Predictor::calibration_rows(bool with_co_runners) const {
    const RowGroup group = with_co_runners ? RowGroup::kTogether : RowGroup::kAlone;
    return static_cast<std::int64_t>(impl_->parts.calibration.residuals(group).size());
}

Result<Predictions> Predictor::predict(const Query& query, std::span<const double> confidences) const {
    if (auto ok = check_query(query, impl_->parts); !ok) {
        return Failure(ok.error());
    }
    for (const double confidence : confidences) {
        if (auto ok = check_confidence(confidence); !ok) {
            return Failure(ok.error());
        }
    }
    const auto rows = static_cast<std::size_t>(query.size());
    std::vector<double> y(rows);
    impl_->ensemble.predict({query.platform, query.module, query.co_runner, query.width}, y);

    Predictions answer;
    answer.runtime_us.resize(rows);
    answer.basis.resize(rows);
    answer.bound_us = Matrix<double>(query.size(), static_cast<std::int64_t>(confidences.size()));
    std::ranges::fill(answer.bound_us.flat(), std::numeric_limits<double>::quiet_NaN());
    // Asked for once a group, and only of groups that the query has.
    std::vector<Result<double>> margins[2];
    for (std::size_t i = 0; i < rows; ++i) {
        answer.runtime_us[i] = impl_->scale.runtime_us(y[i]);
        answer.basis[i] = impl_->basis(query, i);
        if (answer.basis[i] != Basis::kMeasured) {
            continue;
        }
        const RowGroup group = row_group(co_runners(query, i));
        std::vector<Result<double>>& margin = margins[static_cast<std::size_t>(group)];
        for (std::size_t c = margin.size(); c < confidences.size(); ++c) {
            margin.push_back(impl_->parts.calibration.margin(group, confidences[c]));
            if (!margin.back()) {
                return Failure(margin.back().error());
            }
        }
        for (std::size_t c = 0; c < confidences.size(); ++c) {
            answer.bound_us(static_cast<std::int64_t>(i), static_cast<std::int64_t>(c)) =
                impl_->scale.runtime_us(y[i] + *margin[c]);
        }
    }
    return answer;
}

}  // namespace pitot
