#include "figure/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace pitot::figure {
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
            if (!series.beside.empty()) {
                table.columns.push_back(name + " (" + series.beside_title + ")");
            }
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
                if (!series.beside.empty()) {
                    row.push_back(at == series.x.end() ? kNoNumber : series.beside[n]);
                }
            }
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

// Space of the legend, in lines of text: its rows, and the axis with its label above them.
constexpr double kAxisLines = 3.9;
constexpr double kRowLines = 1.15;
// Of the axis, from series to series.
constexpr double kShift = 0.007;

// Of the x axis, with room for bars at both ends.
struct Range {
    double least = 0.0;
    double most = 0.0;
    explicit Range(const std::vector<LinePanel>& panels) {
        std::set<double> all;
        for (const LinePanel& panel : panels) {
            for (const LineSeries& series : panel.series) {
                all.insert(series.x.begin(), series.x.end());
            }
        }
        if (!all.empty()) {
            least = *all.begin();
            most = *all.rbegin();
        }
        const double room = most > least ? 0.05 * (most - least) : std::max(0.1 * std::abs(most), 0.01);
        least -= room;
        most += room;
    }
    [[nodiscard]] double width() const { return most - least; }
};

std::size_t legend_rows(const std::vector<LinePanel>& panels) {
    std::size_t rows = 0;
    for (const LinePanel& panel : panels) {
        rows = std::max(rows, panel.series.size());
    }
    return rows;
}

std::string head_of(const std::string& x_label, const Range& x, bool percent, std::size_t rows) {
    const double scale = percent ? 100.0 : 1.0;
    return fmt::format(
        "{}set xlabel {}\nset format y '%g%%'\n{}set xrange [{:g}:{:g}]\nset bars 0.7\n"
        "set lmargin 9.5\nset bmargin {:.2f}\nset key outside bottom center vertical maxrows {} samplen 3 width -1 "
        "noenhanced\n",
        kAxes, quoted(x_label), percent ? "set format x '%.0f%%'\n" : "", scale * x.least, scale * x.most,
        kAxisLines + kRowLines * static_cast<double>(rows), rows);
}

// Series lie a little beside each other, so that their bars do not hide one another.
std::string curve(const LineSeries& series, std::size_t n, const std::string& file, const std::string& x,
                  std::size_t column) {
    const std::string points = fmt::format("{} skip 1 using {}:(${}*100)", quoted(file), x, column);
    std::string command;
    if (!series.error.empty()) {
        command += fmt::format("{}:(${}*100) with yerrorbars notitle {}, \\\n     ", points, column + 1, bar_style(n));
    }
    return command + fmt::format("{} with linespoints {} title {}", points, line_style(n), quoted(series.label));
}

}  // namespace

Plot line_plot(const std::string& name, const std::string& x_label, const std::vector<LinePanel>& panels,
               bool x_percent) {
    Plot plot;
    plot.name = name;
    plot.width = panels.size() == 1 ? 4.2 : 3.4 * static_cast<double>(panels.size());
    const std::size_t rows = legend_rows(panels);
    plot.height = 2.9 + 0.17 * static_cast<double>(rows);
    const std::string file = name + ".tsv";
    plot.tables.emplace_back(file, table_of(x_label, panels).to_tsv());
    const double scale = x_percent ? 100.0 : 1.0;
    const Range range(panels);
    plot.script = head_of(x_label, range, x_percent, rows);
    if (panels.size() > 1) {
        plot.script +=
            fmt::format("set multiplot layout 1,{}\n{}", panels.size(), x_percent ? "set xtics 10,20\n" : "");
    }
    std::size_t column = 2;
    for (const LinePanel& panel : panels) {
        plot.script += fmt::format("set title {} noenhanced\nset ylabel {} noenhanced\n",
                                   quoted(panel.title.empty() ? panel.note : panel.title), quoted(panel.y_label));
        plot.script += panel.least < panel.most
                           ? fmt::format("set yrange [{:g}:{:g}]\n", 100.0 * panel.least, 100.0 * panel.most)
                           : std::string("set yrange [*:*]\n");
        std::string command = "plot ";
        for (std::size_t n = 0; n < panel.series.size(); ++n) {
            const LineSeries& series = panel.series[n];
            const double beside = static_cast<double>(n) - 0.5 * static_cast<double>(panel.series.size() - 1);
            const double shift = series.error.empty() ? 0.0 : kShift * beside * range.width() * scale;
            command += curve(series, n, file, fmt::format("($1*{:g}{:+g})", scale, shift), column);
            command += n + 1 < panel.series.size() ? ", \\\n     " : "\n";
            column += series.beside.empty() ? 2U : 3U;
        }
        plot.script += command;
    }
    if (panels.size() > 1) {
        plot.script += "unset multiplot\n";
    }
    return plot;
}

}  // namespace pitot::figure
