#include "measure/measure_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace pitot::measure {
namespace {

struct Mean {
    double seconds = 0.0;
    double runs = 0.0;

    void add(const CellRuns& cell) {
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
    if (alone.left_s) {
        summary.left_s = *alone.left_s + sets_s;
    }
    summary.most_s = static_cast<double>(alone.runs_left) * plan.settings.limit_s / plan.settings.jobs + sets_s;
}

}  // namespace pitot::measure
