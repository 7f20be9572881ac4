#include "cli/reproduction_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "experiment/published.hpp"
#include "experiment/record.hpp"
#include "train/train.hpp"

namespace pitot::cli {
namespace {

// What keeps a run from being one of the published kind, in words; empty if nothing does.
std::string shortfall(const FitConfig& config) {
    const TrainConfig standard = preset(config.preset).value_or(FitConfig()).train;
    if (train::steps_of(config.train, config.share) < train::steps_of(standard, config.share)) {
        return "shortened training";
    }
    return config.train.folds < standard.folds ? "fewer folds" : "";
}

// The first run of a preset stands for all of its shares, which differ from each other in nothing else.
std::string comparable(const std::vector<experiment::SweepRun>& runs, const std::string& preset_name) {
    const std::string name = preset_name == "linear scaling" ? "embedding/128" : preset_name;
    const auto run = std::ranges::find(runs, name, &experiment::SweepRun::method);
    if (run == runs.end()) {
        return "-";
    }
    const std::string missing = shortfall(run->config);
    return missing.empty() ? "yes" : "not one to one: " + missing;
}

const std::vector<Column>& columns() {
    static const std::vector<Column> all{{"PRESET", Align::kName},
                                         {"DATASET"},
                                         {"WHAT"},
                                         {"SHARE", Align::kRight},
                                         {"PUBLISHED", Align::kRight},
                                         {"OURS", Align::kRight},
                                         {"DIFFERENCE", Align::kRight},
                                         {"COMPARABLE"},
                                         {"SOURCE OF PUBLISHED"}};
    return all;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    }
    return out;
}

std::string how_ours(const FitConfig& config, bool quick) {
    const std::string missing = shortfall(config);
    std::string how = fmt::format("Ours: pitot reproduce{}, {} replicates of {} folds, seed 42.",
                                  quick ? " --quick" : "", config.train.replicates, config.train.folds);
    if (!missing.empty()) {
        const TrainConfig standard = preset(config.preset).value_or(FitConfig()).train;
        how += fmt::format(
            " They are of {}: {} of the published {} steps a fit at share {}, {} of {} folds. Errors come "
            "out greater than the published ones, and the two columns are not to be compared one to one.",
            missing, format_count(train::steps_of(config.train, config.share)),
            format_count(train::steps_of(standard, config.share)), experiment::share_name(config.share),
            config.train.folds, standard.folds);
    }
    return how;
}

}  // namespace

Table ReproductionReport::table() const {
    Table table(columns());
    for (const std::vector<std::string>& row : rows) {
        table.add(row);
    }
    return table;
}

std::string ReproductionReport::to_tsv() const {
    std::string tsv;
    for (const Column& column : columns()) {
        tsv += (tsv.empty() ? "" : "\t") + column.title;
    }
    for (const std::vector<std::string>& row : rows) {
        tsv += fmt::format("\n{}", fmt::join(row, "\t"));
    }
    return tsv + "\n";
}

std::string ReproductionReport::to_html(const std::vector<figure::Plot>& plots, const std::string& format) const {
    std::string html =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Pitot: published and ours</title>\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<style>body{font:16px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 "
        "1em}table{border-collapse:collapse}"
        "th,td{padding:.2em .8em;border-bottom:1px solid "
        "#ccc;text-align:left}td:nth-child(n+4):nth-child(-n+7){text-align:right}"
        "figure{display:inline-block;margin:1em}img{max-width:30em;width:100%}</style>\n<h1>Published and ours</h1>\n";
    html += fmt::format(
        "<p>{}</p>\n<p>Published: the reference's 2023 release, read off the figures that the "
        "table names; 25 replicates of 10 folds.</p>\n<table>\n<tr>",
        escaped(how));
    for (const Column& column : columns()) {
        html += "<th>" + escaped(column.title);
    }
    html += "\n";
    for (const std::vector<std::string>& row : rows) {
        html += "<tr>";
        for (const std::string& cell : row) {
            html += "<td>" + escaped(cell);
        }
        html += "\n";
    }
    html += "</table>\n<h1>Figures</h1>\n";
    for (const figure::Plot& plot : plots) {
        html += fmt::format(
            "<figure><a href=\"figures/{0}.{1}\"><img src=\"figures/{0}.{1}\" alt=\"{0}\"></a>"
            "<figcaption>{0} (<a href=\"figures/{0}.tsv\">numbers</a>)</figcaption></figure>\n",
            plot.name, format);
    }
    return html + "</html>\n";
}

ReproductionReport compare_with_published(const std::filesystem::path& results,
                                          const std::vector<experiment::SweepRun>& runs, bool quick) {
    ReproductionReport report;
    for (const experiment::PublishedNumber& number : experiment::published_numbers()) {
        const std::optional<double> ours = experiment::our_number(results, number);
        const bool ratio = number.measure == experiment::Measure::kRatio;
        const auto text = [&](double value) { return ratio ? fmt::format("{:.2f} x", value) : format_percent(value); };
        const char* const what = ratio                                            ? "error / "
                                 : number.measure == experiment::Measure::kMargin ? "5 % margin"
                                                                                  : "MAPE";
        report.rows.push_back({number.preset, number.dataset, what + (ratio ? number.relative_to : std::string()),
                               experiment::share_name(number.share), text(number.value), ours ? text(*ours) : "-",
                               ours ? fmt::format("{:+.1f} %", 100.0 * (*ours / number.value - 1.0)) : "-",
                               ours ? comparable(runs, number.preset) : "-", "2023 release, " + number.source});
    }
    report.how = how_ours(runs.front().config, quick);
    return report;
}

}  // namespace pitot::cli
