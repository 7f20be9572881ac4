#include "evaluate/learner.hpp"

#include <algorithm>
#include <utility>

#include "core/key.hpp"
#include "evaluate/held_out_rows.hpp"
#include "pitot/observe.hpp"

namespace pitot::evaluation {

std::vector<std::int64_t> joined(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
    std::vector<std::int64_t> all(a.begin(), a.end());
    all.insert(all.end(), b.begin(), b.end());
    std::ranges::sort(all);
    return all;
}

Learner::Learner(const Dataset& dataset, FitConfig config, Context context, std::int64_t fits, predict::Bounds bounds,
                 bool refit)
    : dataset_(dataset),
      config_(std::move(config)),
      context_(std::move(context)),
      fits_(fits),
      bounds_(bounds),
      refit_(refit) {
    if (bounds_ == predict::Bounds::kUnwanted) {  // nothing of what a replicate learns from is lost to calibration
        config_.calibration_share = 0.0;
    }
}

Result<Predictor> Learner::fitted(std::span<const std::int64_t> rows, std::int64_t replicate) {
    FitConfig config = config_;
    config.seed = core::Key(config_.seed).fold("hold out").fold(static_cast<std::uint64_t>(replicate)).value();
    Context context = context_;
    if (context_.progress) {
        context.progress = [this](std::int64_t done, std::int64_t total) {
            context_.progress(count_ * total + done, fits_ * total);
        };
    }
    auto predictor = predict::fit(subset(dataset_, rows), config, context, bounds_);
    ++count_;
    return predictor;
}

Result<Predictor> Learner::taught(const std::optional<Predictor>& base, std::span<const std::int64_t> rows,
                                  std::span<const std::int64_t> more, std::int64_t replicate) {
    if (!refit_ && base && base->learns_on()) {
        const Dataset runs = subset(dataset_, joined(more, {}));
        if (runs.pool(kAlone).size() > 0) {
            ++count_;
            return base->observe(runs).map([](Observed&& observed) { return std::move(observed.predictor); });
        }
    }
    return fitted(joined(rows, more), replicate);
}

Result<Predictor> Learner::linear_scaling(std::span<const std::int64_t> rows) const {
    FitConfig config = preset("baseline/linear_scaling").value();
    config.calibration_share = 0.0;
    Context context = context_;
    context.progress = {};
    return predict::fit(subset(dataset_, rows), config, context, predict::Bounds::kUnwanted);
}

}  // namespace pitot::evaluation
