#include "figure/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace pitot {
namespace {

// x, then value and error of every series of every panel.
TextTable table_of(const std::string& x_label, const std::vector<LinePanel>& panels) {
    TextTable table;
    std::set<double> all;
    table.columns.push_back(x_label);
    for (const LinePanel& panel : panels) {
        for (const LineSeries& series : panel.series) {
            all.insert(series.x.begin(), series.x.end());
            const std::string name = panel.title.empty() ? series.label : panel.title + ": " + series.label;
            table.columns.push_back(name);
            table.columns.push_back(name + " (2 standard errors)");
        }
    }
    for (const double x : all) {
        std::vector<double> row{x};
        for (const LinePanel& panel : panels) {
            for (const LineSeries& series : panel.series) {
                const auto at = std::ranges::find(series.x, x);
                const auto n = static_cast<std::size_t>(at - series.x.begin());
                row.push_back(at == series.x.end() ? kNoNumber : series.y[n]);
                row.push_back(at == series.x.end() || series.error.empty() ? kNoNumber : series.error[n]);
            }
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

}  // namespace

Plot line_plot(const std::string& name, const std::string& x_label, const std::vector<LinePanel>& panels,
               bool x_percent) {
    Plot plot;
    plot.name = name;
    plot.width = panels.size() == 1 ? 4.2 : 3.4 * static_cast<double>(panels.size());
    plot.height = 3.4;
    const std::string file = name + ".tsv";
    plot.tables.emplace_back(file, table_of(x_label, panels).to_tsv());
    plot.script = fmt::format(
        "{}set xlabel {}\n"
        "set format y '%.0f%%'\n{}set bars 0.7\nset key outside below center samplen 3 width -1\n",
        kAxes, quoted(x_label), x_percent ? "set format x '%.0f%%'\n" : "");
    if (panels.size() > 1) {
        plot.script += fmt::format("set multiplot layout 1,{}\n", panels.size());
    }
    std::size_t column = 2;
    for (const LinePanel& panel : panels) {
        plot.script += fmt::format("set title {}\nset ylabel {}\n", quoted(panel.title), quoted(panel.y_label));
        plot.script += panel.least < panel.most
                           ? fmt::format("set yrange [{:g}:{:g}]\n", 100.0 * panel.least, 100.0 * panel.most)
                           : std::string("set yrange [*:*]\n");
        std::string command = "plot ";
        for (std::size_t n = 0; n < panel.series.size(); ++n) {
            const LineSeries& series = panel.series[n];
            const std::string x = x_percent ? "($1*100)" : "1";
            const std::string points = fmt::format("{} skip 1 using {}:(${}*100)", quoted(file), x, column);
            if (!series.error.empty()) {
                command += fmt::format("{}:(${}*100) with yerrorbars notitle lc rgb '#666666' pt 0 lw 0.8, \\\n     ",
                                       points, column + 1);
            }
            command += fmt::format("{} with linespoints {} title {}", points, line_style(n), quoted(series.label));
            command += n + 1 < panel.series.size() ? ", \\\n     " : "\n";
            column += 2;
        }
        plot.script += command;
    }
    if (panels.size() > 1) {
        plot.script += "unset multiplot\n";
    }
    return plot;
}

}  // namespace pitot
