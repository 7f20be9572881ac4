#include "measure/measure_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace pitot::measure {
namespace {

struct Mean {
    double seconds = 0.0;
    double runs = 0.0;

    template <typename Runs>
    void add(const Runs& cell) {
        seconds += cell.seconds;
        runs += static_cast<double>(cell.runs());
    }
    [[nodiscard]] std::optional<double> value() const {
        return runs > 0.0 ? std::optional(seconds / runs) : std::nullopt;
    }
};

bool has_enough(const CellRuns& runs, const Plan& plan) {
    return plan.cell_seconds > 0.0 && runs.runs() >= kLeastRuns && runs.seconds >= plan.cell_seconds;
}

void summarize_cell(const Records& records, const Plan& plan, Cell cell, Summary& summary) {
    const CellRuns& runs = records.runs_of(cell);
    ++summary.cells;
    summary.runs += runs.runs();
    summary.failed_runs += runs.failures.size();
    const bool refused = !runs.refusal.empty();
    const bool abandoned = is_abandoned(runs, plan);
    summary.refused_cells += refused ? 1U : 0U;
    summary.abandoned_cells += abandoned ? 1U : 0U;
    summary.complete_cells += !refused && !abandoned && !is_open(runs, plan) ? 1U : 0U;
    if (refused || !runs.failures.empty()) {
        summary.problems.push_back({records.engines[cell.engine].name, records.modules[cell.module].file,
                                    refused ? runs.refusal : runs.failures.back().second, runs.failures.size(),
                                    runs.runs()});
    }
}

/// Seconds of calls: those of warm ones or, where there are none, of runs.
class WarmSeconds {
public:
    WarmSeconds(const Records& records, const std::vector<Cell>& cells) : records_(records) {
        for (const Cell& cell : cells) {
            for (const auto key : {static_cast<std::ptrdiff_t>(cell.engine), kAll}) {
                warm_[key].add(records.warm_of(cell));
                cold_[key].add(records.runs_of(cell));
            }
        }
    }
    /// Of the cell; else of its engine's cells, else of all. Nothing where there are none.
    [[nodiscard]] std::optional<double> of(Cell cell) const {
        Mean warm;
        Mean cold;
        warm.add(records_.warm_of(cell));
        cold.add(records_.runs_of(cell));
        std::vector<std::optional<double>> known{warm.value(), cold.value()};
        for (const auto key : {static_cast<std::ptrdiff_t>(cell.engine), kAll}) {
            known.push_back(warm_.at(key).value());
            known.push_back(cold_.at(key).value());
        }
        const auto first = std::find_if(known.begin(), known.end(), [](const auto& one) { return one.has_value(); });
        return first == known.end() ? std::nullopt : *first;
    }

private:
    static constexpr std::ptrdiff_t kAll = -1;
    const Records& records_;
    std::map<std::ptrdiff_t, Mean> warm_;
    std::map<std::ptrdiff_t, Mean> cold_;
};

/// How many warm calls are left.
std::size_t summarize_warm(const Records& records, const Plan& plan, Cell cell, Summary& summary) {
    const WarmRuns& warm = records.warm_of(cell);
    const std::size_t left = warm_calls_due(records, plan, cell);
    ++summary.warm_cells;
    summary.warm_calls += warm.runs();
    summary.failed_warm += warm.failures.size();
    summary.warm_left += left;
    if (!warm.failures.empty()) {
        summary.problems.push_back({records.engines[cell.engine].name, records.modules[cell.module].file,
                                    "warm: " + warm.failures.back().second, warm.failures.size(), warm.processes});
    }
    return left;
}

/// The same of all cells whose engines make warm calls. Gives their time, or nothing where that is not known.
std::optional<double> summarize_warm(const Records& records, const Plan& plan, const std::vector<std::size_t>& engines,
                                     const std::vector<std::size_t>& modules, Summary& summary) {
    std::vector<Cell> cells;
    for (std::size_t e = 0; plan.warm > 0 && e < engines.size(); ++e) {
        for (std::size_t m = 0; plan.engines[e].warms && m < modules.size(); ++m) {
            cells.push_back({engines[e], modules[m]});
        }
    }
    const WarmSeconds known(records, cells);
    std::optional<double> seconds = 0.0;
    for (const Cell& cell : cells) {
        if (const std::size_t left = summarize_warm(records, plan, cell, summary); left > 0) {
            const std::optional<double> each_s = known.of(cell);
            seconds = seconds && each_s ? std::optional(*seconds + static_cast<double>(left) * *each_s) : std::nullopt;
        }
    }
    return seconds;
}

void summarize_sets(const Records& records, const std::vector<std::size_t>& engines, Summary& summary) {
    for (const auto& [key, set] : records.sets) {
        if (std::find(engines.begin(), engines.end(), key.engine) == engines.end()) {
            continue;
        }
        ++summary.sets;
        if (!set.failure.empty()) {
            ++summary.failed_sets;
            std::string names;
            for (const std::size_t module : set.modules) {
                names += (names.empty() ? "" : " + ") + records.modules[module].file;
            }
            summary.problems.push_back({records.engines[key.engine].name, names, set.failure, 1, 1});
        }
    }
}

}  // namespace

bool is_abandoned(const CellRuns& runs, const Plan& plan) { return runs.failed_in_a_row >= plan.abandon; }

bool is_open(const CellRuns& runs, const Plan& plan) {
    return runs.refusal.empty() && !is_abandoned(runs, plan) && runs.runs() < plan.repeat && !has_enough(runs, plan);
}

bool is_due(const CellRuns& runs, const Plan& plan, std::size_t round) {
    return runs.runs() <= round && is_open(runs, plan);
}

std::size_t runs_left(const CellRuns& runs, const Plan& plan, double seconds) {
    if (!is_open(runs, plan)) {
        return 0;
    }
    std::size_t left = plan.repeat - runs.runs();
    if (plan.cell_seconds > 0.0 && seconds > 0.0) {
        const double by_time = std::max(1.0, std::ceil((plan.cell_seconds - runs.seconds) / seconds));
        const std::size_t at_least = runs.runs() < kLeastRuns ? kLeastRuns - runs.runs() : 1;
        if (by_time < static_cast<double>(left)) {
            left = std::min(left, std::max(at_least, static_cast<std::size_t>(by_time)));
        }
    }
    return left;
}

std::size_t warm_calls_due(const Records& records, const Plan& plan, Cell cell) {
    const CellRuns& cold = records.runs_of(cell);
    const WarmRuns& warm = records.warm_of(cell);
    const bool given_up = is_abandoned(cold, plan) || warm.failed_in_a_row >= plan.abandon;
    if (!cold.refusal.empty() || given_up || warm.runs() >= plan.warm) {
        return 0;
    }
    std::size_t left = plan.warm - warm.runs();
    if (plan.cell_seconds > 0.0) {
        if (warm.runs() >= kLeastRuns && warm.seconds >= plan.cell_seconds) {
            return 0;
        }
        // A warm call takes no longer than a cold run, nearly always.
        if (cold.runs() > 0 && cold.seconds > 0.0) {
            const double each_s = cold.seconds / static_cast<double>(cold.runs());
            const double by_time = std::ceil((plan.cell_seconds - warm.seconds) / each_s);
            const std::size_t at_least = warm.runs() < kLeastRuns ? kLeastRuns - warm.runs() : 1;
            if (by_time < static_cast<double>(left)) {
                left = std::min(left, std::max(at_least, static_cast<std::size_t>(std::max(1.0, by_time))));
            }
        }
    }
    return left;
}

Estimate estimate_alone(const Records& records, const Plan& plan, const std::vector<Cell>& cells) {
    Mean all;
    std::map<std::size_t, Mean> by_engine;
    for (const Cell& cell : cells) {
        all.add(records.runs_of(cell));
        by_engine[cell.engine].add(records.runs_of(cell));
    }
    Estimate estimate;
    estimate.spent_s = all.seconds;
    double left_s = 0.0;
    for (const Cell& cell : cells) {
        const CellRuns& runs = records.runs_of(cell);
        Mean own;
        own.add(runs);
        const double seconds = own.value().value_or(by_engine[cell.engine].value().value_or(all.value().value_or(0.0)));
        const std::size_t left = runs_left(runs, plan, seconds);
        estimate.runs_left += left;
        left_s += static_cast<double>(left) * seconds;
    }
    if (all.runs > 0.0 || estimate.runs_left == 0) {
        estimate.left_s = left_s / plan.settings.jobs;
    }
    estimate.spent_s /= plan.settings.jobs;
    return estimate;
}

std::vector<SetKey> missing_sets(const Records& records, const Plan& plan, const std::vector<std::size_t>& engines) {
    std::vector<SetKey> missing;
    for (std::size_t index = 0; plan.together > 0 && index < plan.sets; ++index) {
        for (const std::size_t engine : engines) {
            if (const SetKey key{engine, plan.together, index}; !records.sets.contains(key)) {
                missing.push_back(key);
            }
        }
    }
    return missing;
}

void summarize(const Records& records, const Plan& plan, const std::vector<std::size_t>& engines,
               const std::vector<std::size_t>& modules, Summary& summary) {
    summary.engines = engines.size();
    summary.modules = modules.size();
    std::vector<Cell> cells;
    for (const std::size_t engine : engines) {
        for (const std::size_t module : modules) {
            cells.push_back({engine, module});
        }
    }
    if (plan.alone) {
        for (const Cell& cell : cells) {
            summarize_cell(records, plan, cell, summary);
        }
    } else {
        cells.clear();
    }
    const std::optional<double> warm_s = summarize_warm(records, plan, engines, modules, summary);
    summarize_sets(records, engines, summary);
    for (const std::size_t module : modules) {
        const auto profile = records.profiles.find(module);
        if (profile != records.profiles.end() && profile->second.failure.empty()) {
            ++summary.profiles;
        } else if (profile != records.profiles.end()) {
            summary.problems.push_back({"", records.modules[module].file, profile->second.failure, 1, 1});
        }
    }
    const Estimate alone = estimate_alone(records, plan, cells);
    summary.runs_left = alone.runs_left;
    summary.sets_left = missing_sets(records, plan, engines).size();
    const double sets_s = static_cast<double>(summary.sets_left) * plan.together_limit_s;
    if (alone.left_s && warm_s) {
        summary.left_s = *alone.left_s + *warm_s / plan.settings.jobs + sets_s;
    }
    const auto runs_left = static_cast<double>(alone.runs_left + summary.warm_left);
    summary.most_s = runs_left * plan.settings.limit_s / plan.settings.jobs + sets_s;
}

}  // namespace pitot::measure
