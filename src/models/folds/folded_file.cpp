// The members of a model file that a model of folds has.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "core/check.hpp"
#include "models/folds/folded_model.hpp"
#include "models/scaling/scaling_family.hpp"

namespace pitot::models {
namespace {

using Shape = std::vector<std::int64_t>;

constexpr const char* kLearnedRange = "learned_range";
constexpr const char* kSlowdownRange = "slowdown_range";

std::vector<float> stack(const std::vector<train::FoldFit>& folds, std::vector<float> train::FoldFit::*member,
                         std::size_t offset, std::size_t count) {
    std::vector<float> stacked;
    stacked.reserve(folds.size() * count);
    for (const train::FoldFit& fold : folds) {
        const auto first = (fold.*member).begin() + static_cast<std::ptrdiff_t>(offset);
        stacked.insert(stacked.end(), first, first + static_cast<std::ptrdiff_t>(count));
    }
    return stacked;
}

void save_limits(const AnswerLimits& limits, formats::NpzWriter& npz) {
    if (std::isfinite(limits.most)) {
        npz.add<double>(kLearnedRange, std::vector<double>{limits.least, limits.most});
    }
    if (std::isfinite(limits.most_slowdown)) {
        npz.add<double>(kSlowdownRange, std::vector<double>{limits.least_slowdown, limits.most_slowdown,
                                                            static_cast<double>(limits.co_runners)});
    }
}

Result<void> load_limits(const ModelArchive& archive, AnswerLimits& limits) {
    if (archive.contains(kLearnedRange)) {
        const auto range = archive.read<double>(kLearnedRange, {2});
        if (!range) {
            return Failure(range.error());
        }
        limits.least = (*range)[0];
        limits.most = (*range)[1];
    }
    if (archive.contains(kSlowdownRange)) {
        const auto range = archive.read<double>(kSlowdownRange, {3});
        if (!range) {
            return Failure(range.error());
        }
        limits.least_slowdown = (*range)[0];
        limits.most_slowdown = (*range)[1];
        limits.co_runners = static_cast<int>(std::clamp((*range)[2], 1.0, 1e6));
    }
    const bool ordered = limits.least <= limits.most && limits.least_slowdown <= limits.most_slowdown;
    return ordered ? Result<void>()
                   : archive.broken(kLearnedRange, fmt::format("or '{}' ends before it begins", kSlowdownRange));
}

Result<void> load_losses(const ModelArchive& archive, std::vector<train::FoldFit>& folds) {
    const auto count = std::ssize(folds);
    const auto scatter = [&](const char* name, std::vector<float> train::FoldFit::*member) -> Result<void> {
        const auto values = archive.read<float>(name, {count, -1});
        if (!values) {
            return Failure(values.error());
        }
        const auto each = static_cast<std::ptrdiff_t>(values->size() / folds.size());
        for (std::size_t f = 0; f < folds.size(); ++f) {
            const auto first = values->begin() + each * static_cast<std::ptrdiff_t>(f);
            (folds[f].*member).assign(first, first + each);
        }
        return {};
    };
    return scatter("train_loss", &train::FoldFit::train_loss).and_then([&] {
        return scatter("validation_loss", &train::FoldFit::validation_loss);
    });
}

Result<void> load_folds(const ModelArchive& archive, const FitConfig& config, const Side& platforms,
                        const Side& modules, std::vector<train::FoldFit>& folds) {
    // How many folds there are is believed once an array has as many.
    const std::int64_t count = config.train.folds;
    const auto kept = archive.read<std::int64_t>("kept_checkpoint", {count});
    if (!kept) {
        return Failure(kept.error());
    }
    folds.resize(static_cast<std::size_t>(count));
    for (std::size_t f = 0; f < folds.size(); ++f) {
        folds[f].kept_checkpoint = (*kept)[f];
    }
    for (const ParameterInfo& block : parameter_layout(config.model, platforms, modules)) {
        const auto values = archive.read<float>("param/" + block.name, {count, block.rows, block.cols});
        if (!values) {
            return Failure(values.error());
        }
        const auto size = static_cast<std::ptrdiff_t>(block.rows * block.cols);
        for (std::size_t f = 0; f < folds.size(); ++f) {
            std::vector<float>& flat = folds[f].parameters;
            PITOT_CHECK(std::ssize(flat) == block.offset);
            const auto first = values->begin() + size * static_cast<std::ptrdiff_t>(f);
            flat.insert(flat.end(), first, first + size);
        }
    }
    return load_losses(archive, folds);
}

}  // namespace

void FoldedModel::save(formats::NpzWriter& npz) const {
    save_scaling(parts_.baseline, npz);
    save_limits(parts_.limits, npz);
    const auto folds = std::ssize(parts_.folds);
    for (const ParameterInfo& block : layout_) {
        const auto values = stack(parts_.folds, &train::FoldFit::parameters, static_cast<std::size_t>(block.offset),
                                  static_cast<std::size_t>(block.rows * block.cols));
        npz.add<float>("param/" + block.name, values, Shape{folds, block.rows, block.cols});
    }
    const auto add_loss = [&](const char* name, std::vector<float> train::FoldFit::*member) {
        const std::size_t count = (parts_.folds.front().*member).size();
        npz.add<float>(name, stack(parts_.folds, member, 0, count), Shape{folds, static_cast<std::int64_t>(count)});
    };
    add_loss("train_loss", &train::FoldFit::train_loss);
    add_loss("validation_loss", &train::FoldFit::validation_loss);
    std::vector<std::int64_t> kept;
    for (const train::FoldFit& fold : parts_.folds) {
        kept.push_back(fold.kept_checkpoint);
    }
    npz.add<std::int64_t>("kept_checkpoint", kept);
}

Result<FoldedParts> load_folded_parts(const ModelArchive& archive, const FitConfig& config, const Side& platforms,
                                      const Side& modules) {
    PITOT_TRY(auto baseline, load_scaling(archive, platforms, modules));
    FoldedParts parts{config.model, std::move(baseline), {}, {}};
    auto read = load_limits(archive, parts.limits).and_then([&] {
        return load_folds(archive, config, platforms, modules, parts.folds);
    });
    if (!read) {
        return Failure(read.error());
    }
    return parts;
}

}  // namespace pitot::models
