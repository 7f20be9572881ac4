// What a sweep has to do: which runs there are, whether they can be done, and what is there already.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/suggest.hpp"
#include "experiment/results.hpp"
#include "experiment/sweep.hpp"
#include "models/model_family.hpp"
#include "pitot/remedy.hpp"

namespace pitot::experiment {
namespace {

namespace fs = std::filesystem;

// The configurations agree in all but the preset's name.
bool same_model(const FitConfig& a, FitConfig b) {
    b.preset = a.preset;
    return to_json(a) == to_json(b);
}

Result<FitConfig> config_of(const std::string& method, double share, const SweepOptions& options) {
    auto config = preset(method);
    if (!config) {
        return config;
    }
    TrainConfig& train = config->train;
    train.checkpoints = options.checkpoints.value_or(train.checkpoints);
    train.epoch_samples = options.epoch_samples.value_or(train.epoch_samples);
    train.replicates = options.replicates.value_or(train.replicates);
    train.folds = options.folds.value_or(train.folds);
    config->share = share;
    config->seed = options.seed;
    config->split = SplitUnit::kRow;  // as published
    if (auto ok = config->validate(); !ok) {
        return Failure(ok.error());
    }
    return config;
}

// Each once, in their order.
Result<std::vector<double>> distinct_shares(const std::vector<double>& shares) {
    if (shares.empty()) {
        return fail(ErrorCode::kUsage, "no training share is given; give some, such as 0.9 and 0.5", Remedy::kShares);
    }
    std::vector<double> distinct;
    for (const double share : shares) {
        if (!(share > 0.0 && share < 1.0)) {
            return fail(ErrorCode::kUsage, fmt::format("share {} is not between 0 and 1: it is the share of rows to "
                                                       "train on, such as 0.9; the others test",
                                                       share));
        }
        if (std::ranges::find(distinct, share) == distinct.end()) {
            distinct.push_back(share);
        }
    }
    return distinct;
}

// Whether a row has exactly so many co-runners, of which there are some.
bool has_rows_with(const Dataset& dataset, std::int64_t co_runners) {
    const auto values = dataset.observations.co_runner.values();
    const auto width = static_cast<std::size_t>(dataset.observations.width);
    for (std::size_t first = 0; first < values.size(); first += width) {
        const auto row = values.subspan(first, width);
        if (std::ranges::count_if(row, [](std::int32_t k) { return k >= 0; }) == co_runners) {
            return true;
        }
    }
    return false;
}

// A preset of interference on data without, or of another number of co-runners, is most likely the wrong file.
Result<void> check_co_runners(const Dataset& dataset, const std::string& method) {
    if (!method.starts_with("interference")) {
        return {};
    }
    const auto refuse = [&](const std::string& why) {
        return fail(
            ErrorCode::kInput,
            fmt::format("preset '{}' needs {}; name one that has them, such as {}", method, why, usual_dataset(method)),
            Remedy::kNameDataset);
    };
    if (dataset.rows_beside_others() == 0) {
        return refuse("rows with co-runners and the dataset has none");
    }
    const std::int64_t co_runners = method.starts_with("interference3") ? 2 : 1;
    if (!has_rows_with(dataset, co_runners)) {
        return refuse(fmt::format("rows with {} and the dataset's have {}",
                                  co_runners == 1 ? "one co-runner" : "two co-runners",
                                  co_runners == 1                   ? "more"
                                  : dataset.observations.width == 1 ? "one"
                                                                    : "another number"));
    }
    return {};
}

// A test set must not be empty; make_split() cuts as this does.
Result<void> check_test_rows(std::int64_t rows, double share, const char* kind) {
    if (rows > 0 && static_cast<std::int64_t>(static_cast<double>(rows) * (1.0 - share)) < 1) {
        return fail(ErrorCode::kUsage, fmt::format("share {} leaves none of {} rows {} to test on; give a smaller one",
                                                   share_name(share), rows, kind));
    }
    return {};
}

// What would else fail when its turn comes, after hours of others.
Result<void> check_possible(const Dataset& dataset, const std::string& method, const FitConfig& config) {
    if (auto ok = check_co_runners(dataset, method); !ok) {
        return ok;
    }
    const models::ModelFamily& family = models::family_of(config.model);
    if (family.steps(config, config.share).value_or(1) < 1) {
        return fail(
            ErrorCode::kUsage,
            fmt::format("preset '{}' at share {} gets no training step: {} x {} / 100 is less than 1; raise the "
                        "epoch's size to {:.0f} or more, or leave out this share",
                        method, share_name(config.share), config.train.epoch_samples, share_name(config.share),
                        std::ceil(100.0 / config.share)),
            Remedy::kEpochSizeOrShare);
    }
    if (dataset.pools[kAlone].rows == 0) {
        return fail(ErrorCode::kInput,
                    "the dataset has no rows measured alone, which every preset trains on; add a "
                    "file that has them");
    }
    for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
        const PoolObjective* objective = config.train.find_objective(dataset.pools[p].name);
        const std::int64_t limit = objective != nullptr ? objective->rows : 0;
        const std::int64_t rows = limit > 0 ? std::min(limit, dataset.pools[p].rows) : dataset.pools[p].rows;
        if (auto ok = check_test_rows(rows, config.share, p == kAlone ? "measured alone" : "with co-runners"); !ok) {
            return ok;
        }
    }
    if (auto ok = family.check(dataset, config); !ok) {
        return ok;
    }
    return ResultArrays::check_size(dataset, config);
}

// What is there already under the name of a run; notes a conflict.
Result<RunState> look(Sweep& sweep, const SweepRun& run, const Dataset& dataset, bool force) {
    const fs::path record_file = sweep.file_of(run, ".json");
    const fs::path archive = sweep.file_of(run, ".npz");
    std::error_code ignored;
    if (!fs::exists(archive, ignored) || !fs::exists(record_file, ignored)) {
        return RunState::kToDo;  // the record is written last
    }
    const auto record = read_record(record_file);
    if (!record) {
        return force ? Result<RunState>(RunState::kReplaced) : Result<RunState>(Failure(record.error()));
    }
    std::vector<Difference> different = differences(*record, sweep.record_of(run));
    if (!different.empty()) {
        if (!force) {
            sweep.conflicts.push_back({sweep.runs.size(), *record, std::move(different)});
        }
        return force ? RunState::kReplaced : RunState::kInTheWay;
    }
    const auto whole = check_results(archive, dataset, run.config, force);
    if (!whole && whole.error().code() != ErrorCode::kInput) {
        return Failure(whole.error());
    }
    return whole ? RunState::kDone : RunState::kDamaged;
}

}  // namespace

Result<std::vector<std::string>> expand_methods(const std::vector<std::string>& methods) {
    std::vector<std::string> known;
    for (const PresetInfo& info : presets()) {
        known.push_back(info.name);
    }
    std::vector<std::string> out;
    for (const std::string& method : methods) {
        const bool pattern = method.ends_with('*');
        const std::string prefix = pattern ? method.substr(0, method.size() - 1) : method;
        bool found = false;
        for (const std::string& name : known) {
            if (pattern ? name.starts_with(prefix) : name == method) {
                found = true;
                if (std::ranges::find(out, name) == out.end()) {
                    out.push_back(name);
                }
            }
        }
        if (!found) {
            std::vector<std::string> names = known;
            for (const std::string& name : known) {  // "embedding/*" stands for a family
                std::string family = name.substr(0, name.find('/') + 1) + "*";
                if (pattern && std::ranges::find(names, family) == names.end()) {
                    names.push_back(std::move(family));
                }
            }
            const std::string near = core::suggestion(method, names);
            return fail(ErrorCode::kUsage,
                        fmt::format("no preset {} '{}'{}", pattern ? "fits" : "is called", method, near),
                        Remedy::kListPublishedPresets);
        }
    }
    return out;
}

Result<Sweep> plan_sweep(const Dataset& dataset, const SweepOptions& options) {
    PITOT_TRY(const auto methods, expand_methods(options.methods));
    if (auto ok = dataset.validate(); !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(const auto shares, distinct_shares(options.shares));
    Sweep sweep{
        options.results, dataset.sources, dataset_digest(dataset), options.backend, options.precision, {}, {}, {}};
    std::ranges::transform(dataset.pools, std::back_inserter(sweep.pools), &Pool::name);
    for (const std::string& method : methods) {
        for (const double share : shares) {
            PITOT_TRY(auto config, config_of(method, share, options));
            if (auto ok = check_possible(dataset, method, config); !ok) {
                return Failure(ok.error());
            }
            SweepRun run{method, std::move(config)};
            PITOT_TRY(const auto state, look(sweep, run, dataset, options.force));
            run.state = state;
            const auto equal = std::ranges::find_if(sweep.runs, [&](const SweepRun& other) {
                return other.state != RunState::kCopied && same_model(other.config, run.config);
            });
            if (trains(run.state) && equal != sweep.runs.end()) {
                run.state = RunState::kCopied;
                run.copied_of = static_cast<std::size_t>(equal - sweep.runs.begin());
            }
            sweep.runs.push_back(std::move(run));
        }
    }
    return sweep;
}

}  // namespace pitot::experiment
