// Pictures of curves over training shares, one panel or two.
#pragma once

#include <string>
#include <vector>

#include "figure/gnuplot.hpp"

namespace pitot::figure {

struct LineSeries {
    std::string label;
    std::vector<double> x;
    std::vector<double> y;
    std::vector<double> error;  ///< half an error bar; empty = no bars
    // A further column of the table, which is not drawn.
    std::string beside_title{};
    std::vector<double> beside{};
};

struct LinePanel {
    std::string title;    ///< or empty
    std::string y_label;  ///< or empty, where a neighbour has it
    std::vector<LineSeries> series;
    double least = 0.0;  ///< of the y axis; least = most: as the numbers have it
    double most = 0.0;
    std::string note{};  ///< above a panel without a title
};

/// Axes in percent: 0.5 is drawn as 50 %. `x_label` for all panels; x is a share unless `x_percent` is false.
[[nodiscard]] Plot line_plot(const std::string& name, const std::string& x_label, const std::vector<LinePanel>& panels,
                             bool x_percent = true);

}  // namespace pitot::figure
