#include "figure/comparisons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "core/check.hpp"
#include "core/suggest.hpp"
#include "experiment/results.hpp"
#include "experiment/summary.hpp"
#include "figure/lines.hpp"
#include "pitot/remedy.hpp"

namespace pitot::figure {
namespace {

struct Curve {
    std::string method;
    std::string label;
};

struct PanelSpec {
    std::string title{};
    std::string y_label{};
    std::string objective{};
    std::vector<Curve> curves{};
    std::string relative_to{};  // a preset whose errors are 100 %
    std::string baseline{};     // label of linear scaling's curve, of the rows of the first that is there
    int percentile = -1;        // draw minus this percentile instead of the mean
    double most = 0.0;          // of the y axis from 0; 0 = as the numbers have it
};

struct FigureSpec {
    std::string name;
    std::vector<PanelSpec> panels;
};

const char* const kMape = "Mean absolute percent error";

std::vector<FigureSpec> comparison_specs() {
    const std::vector<Curve> strong{
        {"embedding/128", "Pitot"}, {"linear/128", "Linear factorization"}, {"baseline/mlp", "Single network"}};
    return {
        {"comparisons_a", {{"", kMape, "mf", strong}}},
        {"comparisons_b",
         {{"",
           kMape,
           "mf",
           {{"embedding/128", "Pitot"}, {"baseline/device_mlp", "Per-device network"}},
           "",
           "Linear scaling (rank 1)"}}},
        {"comparisons_c",
         {{"",
           "Error relative to Pitot",
           "mf",
           {{"embedding/128", "All features (Pitot)"},
            {"baseline/module_only", "Module features only"},
            {"baseline/platform_only", "Platform features only"},
            {"linear/128", "No features (linear)"}},
           "embedding/128"}}},
        {"percentile",
         {{"99 % certainty", "Calibration margin", "mf", strong, "", "", 1},
          {"95 % certainty", "", "mf", strong, "", "", 5}}},
    };
}

std::vector<FigureSpec> ablation_specs() {
    PanelSpec rank{"Embedding dimension", "Relative error", "mf", {}, "embedding/512"};
    for (const char* r : {"32", "64", "128", "256", "512"}) {
        rank.curves.push_back({std::string("embedding/") + r, std::string("r = ") + r});
    }
    PanelSpec learned{"Learned features", "", "mf", {}, "features/4"};
    for (const char* q : {"0", "2", "4", "8", "16"}) {
        learned.curves.push_back({std::string("features/") + q, std::string("q = ") + q});
    }
    PanelSpec alone{"Error alone", "Relative error", "mf", {}, "interference/2"};
    for (const char* s : {"1", "2", "3", "4"}) {
        alone.curves.push_back({std::string("interference/") + s, std::string("s = ") + s});
    }
    PanelSpec together = alone;
    together.title = "Error with co-runners";
    together.y_label.clear();
    together.objective = "if";
    return {{"ablations_mf", {rank, learned}}, {"ablations_if", {alone, together}}};
}

std::vector<FigureSpec> interference_specs() {
    const auto curves = [](const std::string& family) {
        return std::vector<Curve>{
            {family + "/2", "Interference-aware"}, {family + "/discard", "Discard"}, {family + "/ignore", "Ignore"}};
    };
    std::vector<Curve> three = curves("interference3");
    three.push_back({"interference3/no-smt", "SMT disabled"});
    return {{"interference_a", {{"One co-runner", kMape, "if", curves("interference"), "", "", -1, 0.7}}},
            {"interference_b", {{"Alone", kMape, "mf", curves("interference"), "", "", -1, 0.7}}},
            {"interference_c", {{"Two co-runners", kMape, "if", three, "", "", -1, 0.7}}}};
}

const std::vector<FigureSpec>& specs() {
    static const std::vector<FigureSpec> all = [] {
        std::vector<FigureSpec> list;
        for (const auto& some : {comparison_specs(), ablation_specs(), interference_specs()}) {
            list.insert(list.end(), some.begin(), some.end());
        }
        return list;
    }();
    return all;
}

Result<const experiment::ObjectiveSummary*> objective_of(const experiment::Summary& summary,
                                                         const std::string& objective,
                                                         const std::filesystem::path& results) {
    const auto found = summary.objectives.find(objective);
    if (found == summary.objectives.end()) {
        return fail(
            ErrorCode::kInput,
            fmt::format("the results of '{}' in '{}' have no {}; they were made with a dataset "
                        "without co-runners",
                        summary.method, results.string(), objective == "if" ? "rows with co-runners" : "rows alone"));
    }
    return &found->second;
}

double standard_error(const ErrorMetrics& metrics) {
    return metrics.mape.std / std::sqrt(static_cast<double>(std::max<std::size_t>(metrics.replicates.size(), 1)));
}

LineSeries series_of(const std::string& label, const std::vector<double>& shares,
                     const std::vector<ErrorMetrics>& metrics, int percentile,
                     const experiment::ObjectiveSummary* reference) {
    LineSeries series{label, {}, {}, {}};
    for (std::size_t i = 0; i < shares.size(); ++i) {
        double norm = 1.0;
        if (reference != nullptr) {
            const auto at = std::ranges::find(reference->shares, shares[i]);
            if (at == reference->shares.end()) {
                continue;
            }
            norm = reference->model[static_cast<std::size_t>(at - reference->shares.begin())].mape.mean;
        }
        series.x.push_back(shares[i]);
        if (percentile >= 0) {
            series.y.push_back(-metrics[i].percentile[static_cast<std::size_t>(percentile)]);
        } else {
            series.y.push_back(metrics[i].mape.mean / norm);
            series.error.push_back(2.0 * standard_error(metrics[i]) / norm);
        }
    }
    return series;
}

using Names = std::span<const std::string>;

bool among(const std::string& name, Names names) { return std::ranges::find(names, name) != names.end(); }

bool can_draw(const PanelSpec& spec, Names without) {
    return !among(spec.relative_to, without) &&
           std::ranges::any_of(spec.curves, [&](const Curve& curve) { return !among(curve.method, without); });
}

Result<LinePanel> panel_of(const std::filesystem::path& results, const PanelSpec& spec, Names without) {
    LinePanel panel{spec.title, spec.y_label, {}, 0.0, spec.most};
    std::optional<experiment::Summary> reference;
    const experiment::ObjectiveSummary* relative = nullptr;
    if (!spec.relative_to.empty()) {
        PITOT_TRY(auto summary, experiment::read_summary(results, spec.relative_to));
        reference = std::move(summary);
        PITOT_TRY(auto objective, objective_of(*reference, spec.objective, results));
        relative = objective;
    }
    std::optional<LineSeries> baseline;
    for (const Curve& curve : spec.curves) {
        if (among(curve.method, without)) {
            continue;
        }
        PITOT_TRY(const auto summary, experiment::read_summary(results, curve.method));
        PITOT_TRY(const auto objective, objective_of(summary, spec.objective, results));
        panel.series.push_back(series_of(curve.label, objective->shares, objective->model, spec.percentile, relative));
        if (!spec.baseline.empty() && !baseline) {
            baseline = series_of(spec.baseline, objective->shares, objective->baseline, spec.percentile, relative);
        }
    }
    if (baseline) {
        panel.series.push_back(std::move(*baseline));
    }
    return panel;
}

const FigureSpec& spec_of(const std::string& figure) {
    const auto spec = std::ranges::find(specs(), figure, &FigureSpec::name);
    PITOT_CHECK(spec != specs().end());  // names come from expand_comparison()
    return *spec;
}

}  // namespace

std::vector<std::string> comparison_figures() {
    std::vector<std::string> names;
    for (const FigureSpec& spec : specs()) {
        names.push_back(spec.name);
    }
    return names;
}

Result<std::vector<std::string>> expand_comparison(const std::string& name) {
    std::vector<std::string> known = comparison_figures();
    std::vector<std::string> out;
    const std::string group = name == "comparison" ? "comparisons" : name;  // the published program's word
    for (const std::string& figure : known) {
        if (figure == name ||
            ((group == "comparisons" || group == "interference") && figure.starts_with(group + "_"))) {
            out.push_back(figure);
        }
    }
    if (out.empty()) {
        const std::string near = core::suggestion(name, known);
        return fail(ErrorCode::kUsage, fmt::format("no figure is called '{}'{} there are {}", name,
                                                   near.empty() ? ";" : near, fmt::join(known, ", ")));
    }
    return out;
}

std::vector<std::string> methods_of_comparison(const std::string& figure) {
    std::vector<std::string> methods;
    for (const FigureSpec& spec : specs()) {
        for (const PanelSpec& panel : spec.panels) {
            for (const Curve& curve : panel.curves) {
                if (spec.name == figure && std::ranges::find(methods, curve.method) == methods.end()) {
                    methods.push_back(curve.method);
                }
            }
        }
    }
    return methods;
}

Error MissingSummaries::error(const std::filesystem::path& results) const {
    const auto named = [](const char* what, const std::vector<std::string>& methods) {
        return methods.empty() ? std::string() : fmt::format("no {} of '{}'", what, fmt::join(methods, "', '"));
    };
    std::vector<std::string> about{results.string()};
    about.insert(about.end(), untrained.begin(), untrained.end());
    return {ErrorCode::kInput,
            fmt::format("there are {}{}{} in '{}'; make them", named("results", untrained),
                        untrained.empty() || unsummarised.empty() ? "" : " and ",
                        named("summaries that are up to date", unsummarised), results.string()),
            Remedy::kMakeCompared, std::move(about)};
}

MissingSummaries missing_summaries(const std::filesystem::path& results, const std::vector<std::string>& figures) {
    MissingSummaries missing;
    std::set<std::string> seen;
    for (const std::string& figure : figures) {
        for (const std::string& method : methods_of_comparison(figure)) {
            if (!seen.insert(method).second || experiment::read_summary(results, method)) {
                continue;
            }
            const bool trained = !experiment::shares_with_results(results, method).empty();
            (trained ? missing.unsummarised : missing.untrained).push_back(method);
        }
    }
    return missing;
}

bool can_compare(const std::string& figure, std::span<const std::string> without) {
    return std::ranges::any_of(spec_of(figure).panels,
                               [&](const PanelSpec& panel) { return can_draw(panel, without); });
}

Result<Plot> comparison_plot(const std::filesystem::path& results, const std::string& figure,
                             std::span<const std::string> without) {
    std::vector<LinePanel> panels;
    for (const PanelSpec& next : spec_of(figure).panels) {
        if (!can_draw(next, without)) {
            continue;
        }
        PITOT_TRY(auto panel, panel_of(results, next, without));
        if (panels.empty()) {  // the first has the label of all
            panel.y_label = spec_of(figure).panels.front().y_label;
        }
        panels.push_back(std::move(panel));
    }
    PITOT_CHECK(!panels.empty());
    return line_plot(figure, "Training split", panels);
}

}  // namespace pitot::figure
