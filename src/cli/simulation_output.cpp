#include "cli/simulation_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
#include "figure/lines.hpp"

namespace pitot::cli {
namespace {

// The oracle's placement of as many jobs.
const place::SimulationResult* oracle_of(const std::vector<place::SimulationResult>& results, std::int64_t jobs) {
    const auto found = std::ranges::find_if(
        results, [&](const place::SimulationResult& r) { return r.method == "oracle" && r.jobs == jobs; });
    return found == results.end() ? nullptr : &*found;
}

std::string ratio_text(const place::SimulationResult& result, const place::LatencyRatio& ratio) {
    const bool several = result.latency.size() > 1;
    return !std::isnan(ratio.mean)
               ? format_percent(ratio.mean, 1) + (several ? fmt::format(" ± {:.1f}", 100.0 * ratio.error) : "")
           : result.method == "optimal" ? "infeasible"
                                        : "none placed";
}

}  // namespace

std::string predictor_label(const std::string& method) {
    return method == "embedding/128"  ? "Pitot"
           : method == "linear/128"   ? "Linear factorization"
           : method == "baseline/mlp" ? "Single network"
           : method == "C_bar"        ? "Linear scaling (rank 1)"
           : method == "optimal"      ? "Optimal (lower bound)"
                                      : method;
}

void print_simulation(const std::vector<place::SimulationResult>& results) {
    Table table(
        {{"PREDICTOR"}, {"JOBS", Align::kRight}, {"LATENCY / ORACLE'S", Align::kRight}, {"UNPLACED", Align::kRight}});
    std::int64_t infeasible = 0;
    for (const place::SimulationResult& result : results) {
        if (const place::SimulationResult* const oracle = oracle_of(results, result.jobs)) {
            const place::LatencyRatio ratio = place::latency_ratio(result, *oracle);
            const bool solved = ratio.infeasible < static_cast<std::int64_t>(result.latency.size());
            infeasible += ratio.infeasible;
            table.add({predictor_label(result.method), fmt::format("{}", result.jobs), ratio_text(result, ratio),
                       solved ? fmt::format("{:.1f}", ratio.unplaced) : "-"});
        }
    }
    fmt::print("{}± is twice the standard error over job sets; unplaced: jobs a set that fit nowhere.\n",
               table.to_string());
    if (infeasible > 0) {
        fmt::print("The linear program has no solution for {} job sets, which its numbers leave out.\n", infeasible);
    }
}

void print_simulation_json(const std::vector<place::SimulationResult>& results) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const place::SimulationResult& result : results) {
        if (const place::SimulationResult* const oracle = oracle_of(results, result.jobs)) {
            const place::LatencyRatio ratio = place::latency_ratio(result, *oracle);
            json.push_back({{"method", result.method},
                            {"jobs", result.jobs},
                            {"ratio", ratio.mean},
                            {"two_standard_errors", ratio.error},
                            {"unplaced", ratio.unplaced}});
            if (result.method == "optimal") {
                json.back()["infeasible_sets"] = ratio.infeasible;
            }
        }
    }
    print_json(json);
}

Result<figure::Plot> simulation_plot(const std::vector<place::SimulationResult>& results) {
    figure::LinePanel panel{"", "Latency over the oracle's", {}, 0.0, 0.0};
    // The published order, then what else there is.
    std::vector<std::string> methods{"embedding/128", "baseline/mlp", "linear/128", "C_bar", "optimal"};
    for (const place::SimulationResult& result : results) {
        if (std::ranges::find(methods, result.method) == methods.end()) {
            methods.push_back(result.method);
        }
    }
    double most_unplaced = 0.0;
    for (const std::string& method : methods) {
        figure::LineSeries series{predictor_label(method), {}, {}, {}, "unplaced jobs a set", {}};
        for (const place::SimulationResult& result : results) {
            const place::SimulationResult* const oracle = oracle_of(results, result.jobs);
            if (result.method != method || method == "oracle" || oracle == nullptr) {
                continue;
            }
            const place::LatencyRatio ratio = place::latency_ratio(result, *oracle);
            if (std::isnan(ratio.mean)) {
                continue;
            }
            most_unplaced = std::max(most_unplaced, ratio.unplaced);
            series.x.push_back(static_cast<double>(result.jobs));
            series.y.push_back(ratio.mean);
            series.error.push_back(ratio.error);
            series.beside.push_back(ratio.unplaced);
        }
        if (!series.x.empty()) {
            panel.series.push_back(std::move(series));
        }
    }
    if (panel.series.empty()) {
        return fail(ErrorCode::kInput,
                    "the simulation has no placement by the oracle to compare with; make it again with: "
                    "pitot simulate");
    }
    if (most_unplaced > 0.0) {
        panel.note = fmt::format("of jobs placed; up to {:.1f} a set were not", most_unplaced);
    }
    return figure::line_plot("simulation", "Jobs", {panel}, false);
}

}  // namespace pitot::cli
