#include "figure/pictures.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/key.hpp"
#include "core/readable.hpp"
#include "core/utf8.hpp"
#include "dataset/pair_means.hpp"
#include "dataset/pools.hpp"
#include "experiment/matching_results.hpp"
#include "figure/picture_parts.hpp"
#include "models/scaling/linear_scaling.hpp"
#include "pitot/remedy.hpp"
#include "pitot/units.hpp"

namespace pitot::figure {
namespace {

// Pictures have fewer dots than this on a side; and a text of them all should still be read.
constexpr std::int64_t kMostSide = 4000;

Result<void> check_size(std::int64_t rows, std::int64_t cols) {
    if (rows == 0 || cols == 0) {
        return fail(ErrorCode::kInput,
                    fmt::format("a matrix of {} x {} is empty; there is nothing to draw", rows, cols));
    }
    if (std::max(rows, cols) > kMostSide) {
        return fail(ErrorCode::kInput, fmt::format("a matrix of {} x {} is too large to draw; at most {} on a side",
                                                   rows, cols, kMostSide));
    }
    return {};
}

Result<void> check_alone(const Dataset& dataset) {
    if (dataset.pools[kAlone].rows == 0) {
        return fail(ErrorCode::kInput, "the dataset has no runtimes of modules alone; there is nothing to draw");
    }
    return check_size(dataset.platforms.size(), dataset.modules.size());
}

// Names down the first column, columns across.
std::string matrix_tsv(const std::string& corner, const std::vector<std::string>& rows,
                       const std::vector<std::string>& columns, const Matrix<double>& values) {
    TextTable table;
    table.columns.push_back(corner);
    table.columns.insert(table.columns.end(), columns.begin(), columns.end());
    table.labels = rows;
    for (std::int64_t i = 0; i < values.rows(); ++i) {
        const auto row = values.view().row(i);
        table.rows.emplace_back(row.begin(), row.end());
    }
    return table.to_tsv();
}

Matrix<double> logarithms(const Matrix<double>& runtimes_us) {
    Matrix<double> out(runtimes_us.rows(), runtimes_us.cols());
    for (std::int64_t i = 0; i < out.rows(); ++i) {
        for (std::int64_t j = 0; j < out.cols(); ++j) {
            out(i, j) = std::log10(runtimes_us(i, j));
        }
    }
    return out;
}

// Columns scaled to 0 … 1; constant ones are 0.
Matrix<double> scaled(const Matrix<double>& features) {
    Matrix<double> out(features.rows(), features.cols());
    for (std::int64_t j = 0; j < features.cols(); ++j) {
        double least = INFINITY, most = -INFINITY;
        for (std::int64_t i = 0; i < features.rows(); ++i) {
            least = std::min(least, features(i, j));
            most = std::max(most, features(i, j));
        }
        for (std::int64_t i = 0; i < features.rows(); ++i) {
            out(i, j) = most > least ? (features(i, j) - least) / (most - least) : 0.0;
        }
    }
    return out;
}

// Counts from ln(1 + count): features × modules.
Matrix<double> counts_of(const Matrix<double>& features) {
    Matrix<double> out(features.cols(), features.rows());
    for (std::int64_t i = 0; i < features.rows(); ++i) {
        for (std::int64_t j = 0; j < features.cols(); ++j) {
            out(j, i) = std::expm1(features(i, j));
        }
    }
    return out;
}

// A map of dark blue over green to yellow whose lightness grows evenly; white where nothing was measured.
constexpr const char* kPalette =
    "set palette defined (0 '#352a87', 0.2 '#1262d8', 0.4 '#0796c4', 0.6 '#38b99e', 0.8 '#d1ba58', 1 '#f9fb0e')\n";

std::string image_of(const std::string& file, const std::string& value) {
    // As headers gnuplot would write the names at the axes in full.
    return fmt::format("plot {} skip 1 matrix every 1::1 using ($1-1):2:{} with image notitle\n", quoted(file), value);
}

// Features as an image, each scaled for the eye; the table beside the picture has them as they are.
std::string scaled_image(const Matrix<double>& features) {
    const Matrix<double> values = scaled(features);
    std::string out = "$scaled << END\n";
    for (std::int64_t i = 0; i < values.rows(); ++i) {
        out += fmt::format("{:.4g}\n", fmt::join(values.view().row(i), "\t"));
    }
    return out + "END\nplot $scaled matrix using 1:2:3 with image notitle\n";
}

constexpr std::size_t kMostNamed = 40;
constexpr std::size_t kMostLetters = 40;
constexpr double kInchesALetter = 0.055;

// Names at the rows ('y') or columns ('x') of an image, where they are few enough to be read.
std::string named_tics(char axis, const std::vector<std::string>& names) {
    if (names.empty() || names.size() > kMostNamed) {
        return fmt::format("unset {}tics\n", axis);
    }
    std::string tics;
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::string name = short_name(names[i], kMostLetters);
        for (std::size_t at = name.find('%'); at != std::string::npos; at = name.find('%', at + 2)) {
            name.insert(at, "%");  // or it is a format
        }
        tics += fmt::format("{}{} {}", i == 0 ? "" : ", ", figure::quoted(name), i);
    }
    return fmt::format("set {}tics scale 0 nomirror noenhanced {} font ',{}' ({})\n", axis,
                       axis == 'x' ? "rotate by 90 right" : "norotate", names.size() > kMostNamed / 2 ? 6 : 8, tics);
}

// Characters that the longest of the names at an axis takes; 0 where none are shown.
double tics_width(const std::vector<std::string>& names) {
    std::size_t longest = 0;
    for (const std::string& name : names) {
        longest = std::max(longest, core::display_width(short_name(name, kMostLetters)));
    }
    return names.size() > kMostNamed ? 0.0 : static_cast<double>(longest);
}

// "Modules", or how many there are where their names are not shown.
std::string counted(const std::string& what, std::size_t count) {
    return count > kMostNamed ? fmt::format("{} ({})", what, core::count_text(static_cast<std::int64_t>(count))) : what;
}

// What pictures of one matrix begin with.
std::string matrix_head(const std::string& columns, const std::vector<std::string>& column_names,
                        const std::string& rows, const std::vector<std::string>& row_names) {
    return fmt::format(
        "{}{}{}set xlabel {}\nset ylabel {}\nset autoscale xfix\nset autoscale yfix\n"
        "set yrange [*:*] reverse\n",
        kPalette, named_tics('x', column_names), named_tics('y', row_names), quoted(columns), quoted(rows));
}

// Slowdown of every row with co-runners whose module was measured alone on the platform, with the platform.
std::vector<std::pair<std::int32_t, double>> slowdowns(const Dataset& dataset) {
    const Matrix<double> alone = dataset::pair_means_us(dataset);
    const ObservationView rows = dataset::beside_others(dataset);
    std::vector<std::pair<std::int32_t, double>> out;
    for (std::size_t n = 0; n < rows.runtime_us.size(); ++n) {
        const double base = alone(rows.platform[n], rows.module[n]);
        if (!std::isnan(base)) {
            out.emplace_back(rows.platform[n], rows.runtime_us[n] / base - 1.0);
        }
    }
    return out;
}

Result<void> check_together(const std::vector<std::pair<std::int32_t, double>>& values) {
    if (values.empty()) {
        return fail(ErrorCode::kInput,
                    "the dataset has no rows with co-runners whose modules were measured alone, too; "
                    "name one that has them",
                    Remedy::kNameTogetherDataset);
    }
    return {};
}

/// Singular values, greatest first: the roots of the eigenvalues of m m^T or m^T m, whichever is smaller. Those below
/// 10^-7 of the greatest are noise, which no picture shows.
Eigen::VectorXd singular_values(const Eigen::MatrixXd& m) {
    const Eigen::MatrixXd wide = m.rows() <= m.cols() ? m : m.transpose();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(wide * wide.transpose(), Eigen::EigenvaluesOnly);
    return solver.eigenvalues().cwiseMax(0.0).cwiseSqrt().reverse();
}

// Mean norm of V_s V_g^T over all models, of every platform.
std::vector<double> spectral_norms(const experiment::ResultArray<float>& v_s,
                                   const experiment::ResultArray<float>& v_g) {
    const auto models = v_s.shape[0] * v_s.shape[1];
    const auto platforms = v_s.shape[2];
    const auto rank = v_s.shape[3];
    const auto types = v_s.shape[4];
    std::vector<double> norm(static_cast<std::size_t>(platforms));
    using Factor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    for (std::int64_t m = 0; m < models; ++m) {
        for (std::int64_t i = 0; i < platforms; ++i) {
            const auto at = static_cast<std::size_t>((m * platforms + i) * rank * types);
            const Eigen::MatrixXd s = Eigen::Map<const Factor>(&v_s.values[at], rank, types).cast<double>();
            const Eigen::MatrixXd g = Eigen::Map<const Factor>(&v_g.values[at], rank, types).cast<double>();
            // The norm of S G^T is that of R_s R_g^T, the triangles of their QR decompositions.
            const Eigen::MatrixXd r_s = s.householderQr().matrixQR().topRows(types).triangularView<Eigen::Upper>();
            const Eigen::MatrixXd r_g = g.householderQr().matrixQR().topRows(types).triangularView<Eigen::Upper>();
            norm[static_cast<std::size_t>(i)] += (r_s * r_g.transpose()).operatorNorm() / static_cast<double>(models);
        }
    }
    return norm;
}

}  // namespace

Result<Plot> svd_plot(const Dataset& dataset) {
    if (auto ok = check_alone(dataset); !ok) {
        return Failure(ok.error());
    }
    const core::RowOrder rows(dataset.pools[kAlone].rows);
    const models::LinearScaling baseline =
        models::fit_linear_scaling(dataset.pool(kAlone), rows.view(), dataset.platforms.size(), dataset.modules.size());
    const Matrix<double> runtimes = dataset::pair_means_us(dataset);
    Eigen::MatrixXd residual(runtimes.rows(), runtimes.cols());
    for (std::int64_t i = 0; i < runtimes.rows(); ++i) {
        for (std::int64_t j = 0; j < runtimes.cols(); ++j) {
            const double t = runtimes(i, j);
            residual(i, j) = std::isnan(t) ? 0.0 : to_log({t}).value - baseline(i, j);
        }
    }
    const double mean = residual.mean();
    const double deviation = std::sqrt((residual.array() - mean).square().mean());
    Eigen::MatrixXd random(residual.rows(), residual.cols());
    core::Stream stream(core::Key(42).fold("svd"));
    for (Eigen::Index i = 0; i < random.rows(); ++i) {
        for (Eigen::Index j = 0; j < random.cols(); ++j) {
            random(i, j) = mean + deviation * stream.normal();
        }
    }
    const Eigen::VectorXd ours = singular_values(residual);
    const Eigen::VectorXd theirs = singular_values(random);
    TextTable table{{"index", "residual", "random matrix"}, {}, {}};
    const Eigen::Index shown = std::min<Eigen::Index>(25, ours.size());
    // What the subtraction of means makes zero, and rounding a little more.
    const auto without_noise = [](double value, double greatest) {
        return value < 1e-7 * greatest ? kNoNumber : value;
    };
    for (Eigen::Index k = 0; k < shown; ++k) {
        table.rows.push_back(
            {static_cast<double>(k + 1), without_noise(ours(k), ours(0)), without_noise(theirs(k), theirs(0))});
    }
    Plot plot{"svd", 4.5, 3.0, {{"svd.tsv", table.to_tsv()}}, {}};
    plot.script = fmt::format(
        "{}set logscale y\nset format y '%g'\n"
        "set xlabel '{} singular values, the greatest first'\nset ylabel 'Singular value (log scale)'\n"
        "set key outside top center horizontal samplen 3\n"
        "plot 'svd.tsv' skip 1 using 1:2 with linespoints {} title 'Residual of linear scaling', \\\n"
        "     '' skip 1 using 1:3 with linespoints {} title 'Random matrix of its variance'\n",
        kAxes,
        shown < ours.size() ? fmt::format("The {} greatest of {}", shown, ours.size()) : fmt::format("All {}", shown),
        line_style(0), line_style(1));
    return plot;
}

Result<Plot> matrix_plot(const Dataset& dataset) {
    if (auto ok = check_alone(dataset); !ok) {
        return Failure(ok.error());
    }
    Plot plot{"matrix", 5.0, 4.4, {}, {}};
    plot.tables.emplace_back("matrix.tsv",
                             matrix_tsv("log10(runtime / us)", dataset.platforms.names, dataset.modules.names,
                                        logarithms(dataset::pair_means_us(dataset))));
    plot.script = matrix_head(counted("Modules", dataset.modules.names.size()), dataset.modules.names,
                              counted("Platforms", dataset.platforms.names.size()), dataset.platforms.names) +
                  "set cbtics 1 format '10^{%.0f} µs'\nset cblabel 'Runtime' offset 1\n" + image_of("matrix.tsv", "3");
    plot.width += kInchesALetter * tics_width(dataset.platforms.names);
    plot.height += kInchesALetter * tics_width(dataset.modules.names);
    return plot;
}

Result<Plot> opcodes_plot(const Side& modules) {
    if (auto ok = check_size(modules.size(), modules.features.cols()); !ok) {
        return Failure(ok.error());
    }
    Plot plot{"opcodes", 5.0, 4.4, {}, {}};
    plot.tables.emplace_back("opcodes.tsv",
                             matrix_tsv("feature", modules.feature_names, modules.names, counts_of(modules.features)));
    plot.script = matrix_head(counted("Modules", modules.names.size()), modules.names,
                              counted("Opcodes", modules.feature_names.size()), modules.feature_names) +
                  "set cbtics 2 format '10^{%.0f}'\nset cblabel 'Count + 1' offset 1\n" +
                  image_of("opcodes.tsv", "(log10(1+$3))");
    plot.width += kInchesALetter * tics_width(modules.feature_names);
    plot.height += kInchesALetter * tics_width(modules.names);
    return plot;
}

Result<Plot> platforms_plot(const Side& platforms) {
    if (auto ok = check_size(platforms.size(), platforms.features.cols()); !ok) {
        return Failure(ok.error());
    }
    Plot plot{"platforms", 5.0, 4.4, {}, {}};
    plot.tables.emplace_back("platforms.tsv",
                             matrix_tsv("platform", platforms.names, platforms.feature_names, platforms.features));
    plot.script = matrix_head("Features, each from its least (dark) to its greatest", platforms.feature_names,
                              counted("Platforms", platforms.names.size()), platforms.names) +
                  "unset colorbox\n" + scaled_image(platforms.features);
    plot.width += kInchesALetter * tics_width(platforms.names);
    plot.height += kInchesALetter * tics_width(platforms.feature_names);
    return plot;
}

Result<Plot> dataset_plot(const Dataset& dataset) {
    if (auto ok = check_alone(dataset); !ok) {
        return Failure(ok.error());
    }
    const bool platforms = dataset.platforms.features.cols() > 0;
    const bool modules = dataset.modules.features.cols() > 0;
    Plot plot{"dataset", 9.0, 7.0, {}, {}};
    plot.tables.emplace_back("dataset.tsv",
                             matrix_tsv("log10(runtime / us)", dataset.platforms.names, dataset.modules.names,
                                        logarithms(dataset::pair_means_us(dataset))));
    plot.script =
        fmt::format("{}unset tics\nset autoscale xfix\nset autoscale yfix\nunset key\nset multiplot\n", kPalette);
    // Room for names at the axes, and for both side informations: on the right and below.
    const double names_left = kInchesALetter * tics_width(dataset.platforms.names);
    const double names_below = kInchesALetter * tics_width(dataset.modules.names);
    plot.width += names_left;
    plot.height += names_below;
    const double left = (0.54 + names_left) / plot.width;
    const double below = names_below / plot.height;
    const double right = platforms ? 0.66 : 0.86;
    const double bottom = (modules ? 0.42 : 0.1) + below;
    plot.script += fmt::format(
        "set lmargin at screen {7:g}\nset rmargin at screen {0:g}\nset tmargin at screen 0.95\nset bmargin at screen "
        "{1:g}\nset title 'Runtime'\nset ylabel '{2}'\nset xlabel '{3}'\n{8}{9}"
        "set colorbox user origin screen {4:g},{1:g} size screen 0.015,{5:g}\nset cbtics 1 format '10^{{%.0f}} µs'\n"
        "set yrange [*:*] reverse\n{6}unset xtics\n",
        right, bottom,
        tics_width(dataset.platforms.names) > 0.0 ? "" : counted("Platforms", dataset.platforms.names.size()),
        counted("Modules", dataset.modules.names.size()), right + 0.012, 0.95 - bottom, image_of("dataset.tsv", "3"),
        left, named_tics('x', dataset.modules.names), named_tics('y', dataset.platforms.names));
    if (modules) {
        plot.tables.emplace_back("dataset.modules.tsv",
                                 matrix_tsv("feature", dataset.modules.feature_names, dataset.modules.names,
                                            counts_of(dataset.modules.features)));
        plot.script += fmt::format(
            "set tmargin at screen {0:g}\nset bmargin at screen 0.05\nset title 'Opcode counts + 1'\n"
            "set ylabel '{1}'\nunset xlabel\n{5}"
            "set colorbox user origin screen {2:g},0.05 size screen 0.015,{3:g}\nset cbtics 2 format '10^{{%.0f}}'\n"
            "{4}",
            bottom - below - 0.09, counted("Opcodes", dataset.modules.feature_names.size()), right + 0.012,
            bottom - below - 0.14, image_of("dataset.modules.tsv", "(log10(1+$3))"),
            named_tics('y', dataset.modules.feature_names));
    }
    if (platforms) {
        plot.tables.emplace_back("dataset.platforms.tsv",
                                 matrix_tsv("platform", dataset.platforms.names, dataset.platforms.feature_names,
                                            dataset.platforms.features));
        plot.script += fmt::format(
            "unset tics\nunset colorbox\nset lmargin at screen {:g}\nset rmargin at screen 0.98\nset tmargin at screen "
            "0.95\n"
            "set bmargin at screen {:g}\nset title 'Platform features'\nunset ylabel\n"
            "set xlabel \"{} features, each from\\nits least (dark) to its greatest\"\n{}",
            right + 0.12, bottom, dataset.platforms.feature_names.size(), scaled_image(dataset.platforms.features));
    }
    plot.script += "unset multiplot\n";
    return plot;
}

Result<Plot> interference_hist_plot(const Dataset& dataset) {
    const auto values = slowdowns(dataset);
    if (auto ok = check_together(values); !ok) {
        return Failure(ok.error());
    }
    constexpr int bins = 60;
    constexpr double least = -0.5, most = 2.5;
    constexpr double width = (most - least) / bins;
    std::vector<double> count(bins, 0.0);
    std::int64_t outside = 0;
    for (const auto& [platform, slowdown] : values) {
        outside += slowdown < least || slowdown > most ? 1 : 0;
        // A slowdown on the border of two bins counts for the upper one, whatever rounding made of it.
        const double place = std::floor((slowdown - least) / width + 1e-9);
        count[static_cast<std::size_t>(std::clamp<double>(place, 0, bins - 1))] += 1.0;
    }
    TextTable table{{"slowdown from", "to", "density", "rows"}, {}, {}};
    for (int b = 0; b < bins; ++b) {
        const double rows = count[static_cast<std::size_t>(b)];
        table.rows.push_back({b == 0 ? -1.0 : least + b * width, b == bins - 1 ? INFINITY : least + (b + 1) * width,
                              rows / static_cast<double>(values.size()) / width, rows});
    }
    Plot plot{"interference_hist", 4.5, 3.0, {{"interference_hist.tsv", table.to_tsv()}}, {}};
    plot.script = fmt::format(
        "{}set logscale y\nset xrange [{:g}:{:g}]\nset format x '%.0f%%'\n"
        "set xlabel \"Slowdown beside co-runners\\n({} of {} rows lie beyond the ends and count in them)\"\n"
        "set ylabel 'Probability density (log scale)'\nset boxwidth {:g} absolute\n"
        "set style fill solid 0.8 noborder\nplot 'interference_hist.tsv' skip 1 using "
        "({:g}+{:g}*($0+0.5)):($3>0?$3:NaN) with boxes lc rgb '#0072B2' notitle\n",
        kAxes, 100 * least, 100 * most, outside, values.size(), 100 * width, 100 * least, 100 * width);
    return plot;
}

Result<Plot> spectral_norm_plot(const Dataset& dataset, const std::filesystem::path& results) {
    const auto values = slowdowns(dataset);
    if (auto ok = check_together(values); !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(const auto found,
              experiment::open_matching_results(results, "interference/1", 0.9, dataset, Remedy::kNameTogetherDataset));
    const formats::NpzReader& file = found.arrays;
    const auto v_s = experiment::read_array<float>(file, "V_s", 5);
    PITOT_TRY(const auto v_g, v_s ? experiment::read_array<float>(file, "V_g", 5) : v_s);
    if (v_s->shape != v_g.shape || v_s->shape[2] != dataset.platforms.size() || v_s->shape[4] > v_s->shape[3]) {
        return fail(
            ErrorCode::kInput,
            fmt::format("'{}': its arrays V_s and V_g do not fit each other or the dataset; make the results again",
                        file.file().string()),
            Remedy::kRepeatAnyResults);
    }
    std::vector<double> measured(dataset.platforms.names.size()), count(measured);
    for (const auto& [platform, slowdown] : values) {
        measured[static_cast<std::size_t>(platform)] += slowdown;
        count[static_cast<std::size_t>(platform)] += 1.0;
    }
    const std::vector<double> norm = spectral_norms(*v_s, v_g);
    TextTable table{{"platform", "mean measured slowdown", "mean spectral norm of F"}, {}, {}};
    for (std::size_t i = 0; i < measured.size(); ++i) {
        if (count[i] > 0.0) {
            table.labels.push_back(dataset.platforms.names[i]);
            table.rows.push_back({measured[i] / count[i], norm[i]});
        }
    }
    Plot plot{"spectral_norm", 4.5, 3.0, {{"spectral_norm.tsv", table.to_tsv()}}, {}};
    plot.script = fmt::format(
        "{}set format x '%.0f%%'\n"
        "set xlabel 'Measured: mean slowdown beside co-runners'\nset ylabel 'Learned: mean of ||F||_2'\nset offsets "
        "graph 0.03, graph 0.03, graph 0.05, graph 0.05\nplot 'spectral_norm.tsv' skip 1 using (100*$2):3 with points "
        "{} notitle\n",
        kAxes, point_style(0));
    return plot;
}

}  // namespace pitot::figure
