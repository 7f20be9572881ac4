#include "figure/gnuplot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/path.hpp"
#include "core/programs.hpp"
#include "core/read_file.hpp"
#include "core/temporary_folder.hpp"

namespace pitot::figure {
namespace {

namespace fs = std::filesystem;

struct Style {
    const char* colour;
    const char* dash;
    int marker;
};

// Okabe and Ito's colours, which the colour-blind tell apart, in an order of falling contrast; dashes and markers
// differ with them.
constexpr std::array<Style, 8> kStyles{{{"#0072B2", "solid", 7},
                                        {"#D55E00", "(12,6)", 5},
                                        {"#009E73", "(3,5)", 9},
                                        {"#CC79A7", "(14,5,3,5)", 13},
                                        {"#000000", "(24,6)", 2},
                                        {"#E69F00", "(8,4,8,10)", 11},
                                        {"#56B4E9", "(2,2)", 4},
                                        {"#999999", "(18,4,2,4,2,4)", 6}}};

std::string terminal(const Plot& plot, const DrawOptions& options) {
    if (options.format == "pdf") {
        return fmt::format("set terminal pdfcairo size {:g}in,{:g}in font \"Sans,9\"\n", plot.width, plot.height);
    }
    if (options.format == "svg") {
        return fmt::format("set terminal svg size {:.0f},{:.0f} font \"Sans,11\" background \"white\"\n",
                           plot.width * 96, plot.height * 96);
    }
    // Sizes of text, lines and points are of a picture of 96 dots an inch.
    const double scale = options.dpi / 96.0;
    return fmt::format(
        "set terminal pngcairo size {:.0f},{:.0f} font \"Sans,9\" fontscale {:.3f} linewidth {:.3f} "
        "pointscale {:.3f}\n",
        plot.width * options.dpi, plot.height * options.dpi, scale, scale, scale);
}

Result<void> run_gnuplot(const std::string& name, const fs::path& folder, const std::string& script,
                         const std::stop_token& stop) {
    const auto program = core::find_program("gnuplot");
    if (!program) {
        return check_gnuplot();
    }
    const auto answer = core::run_program({.argv = {program->string(), script}, .folder = folder},
                                          {.stop = stop, .streams = core::Streams::kCaptured});
    if (!answer) {
        return Failure(answer.error());
    }
    if (answer->stopped) {
        return fail(ErrorCode::kCancelled, fmt::format("stopped while '{}' was drawn", name));
    }
    if (answer->exit_status == core::kCannotExecute) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot run '{}' in '{}'", program->string(), folder.string()));
    }
    if (answer->exit_status != 0 || answer->signal != 0) {
        return fail(ErrorCode::kEnvironment, fmt::format("gnuplot could not draw '{}': {}", name, answer->bytes));
    }
    return {};
}

// The picture's bytes. gnuplot's status does not tell whether its libraries could write all of them.
Result<std::string> whole_picture(const fs::path& file, const std::string& name, const std::string& format) {
    std::string bytes = core::read_file(file).value_or("");
    constexpr std::size_t tail = 32;
    const std::string_view end = format == "pdf" ? "%%EOF" : format == "svg" ? "</svg>" : "IEND\xAE\x42\x60\x82";
    if (bytes.find(end, bytes.size() - std::min(bytes.size(), tail)) == std::string::npos) {
        return fail(
            ErrorCode::kEnvironment,
            fmt::format("gnuplot left '{}' unfinished after {} bytes; check the free space of '{}' and the limit "
                        "of file sizes (ulimit -f)",
                        name, bytes.size(), file.parent_path().parent_path().string()));
    }
    return bytes;
}

// A name that ends neither its cell nor its line.
std::string one_cell(std::string name) {
    std::ranges::replace_if(
        name, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return name;
}

}  // namespace

Result<void> check_gnuplot() {
    if (!core::find_program("gnuplot")) {
        return fail(ErrorCode::kEnvironment,
                    "gnuplot is not installed, and it draws the pictures; install it (Debian: gnuplot-nox)");
    }
    return {};
}

std::string TextTable::to_tsv() const {
    std::string out;
    for (const std::string& column : columns) {
        out += (out.empty() ? "" : "\t") + one_cell(column);
    }
    out += "\n";
    for (std::size_t r = 0; r < rows.size(); ++r) {
        bool first = true;
        if (!labels.empty()) {
            out += one_cell(labels[r]);
            first = false;
        }
        for (const double value : rows[r]) {
            out += first ? "" : "\t";
            out += std::isnan(value) ? "NaN" : fmt::format("{:.9g}", value);
            first = false;
        }
        out += "\n";
    }
    return out;
}

Plot renamed(Plot plot, const std::string& name) {
    for (auto& [file, text] : plot.tables) {
        const std::string before = figure::quoted(file);
        file.replace(0, plot.name.size(), name);
        const std::string after = figure::quoted(file);
        for (std::size_t at = plot.script.find(before); at != std::string::npos;
             at = plot.script.find(before, at + after.size())) {
            plot.script.replace(at, before.size(), after);
        }
    }
    plot.name = name;
    return plot;
}

Result<void> check_options(const DrawOptions& options) {
    if (options.format != "png" && options.format != "pdf" && options.format != "svg") {
        return fail(ErrorCode::kUsage, fmt::format("no format '{}'; use png, pdf or svg", options.format));
    }
    if (options.dpi < 30 || options.dpi > 2400) {
        return fail(ErrorCode::kUsage, fmt::format("{} dots an inch is not between 30 and 2400", options.dpi));
    }
    return {};
}

std::string line_style(std::size_t n) {
    const Style& style = kStyles[n % kStyles.size()];
    const std::string dash = std::string_view(style.dash) == "solid" ? "solid" : style.dash;
    return fmt::format("lc rgb '{}' dt {} pt {} lw 1.3 ps 0.55", style.colour, dash, style.marker);
}

std::string bar_style(std::size_t n) {
    return fmt::format("lc rgb '{}' dt solid pt 0 lw 0.8", kStyles[n % kStyles.size()].colour);
}

std::string point_style(std::size_t n) {
    // Markers of a like shape have colours far apart in lightness, so that they are told apart in grey, too.
    struct Point {
        const char* colour;
        int marker;
    };
    constexpr std::array<Point, 15> points{{{"#0072B2", 7},
                                            {"#E69F00", 5},
                                            {"#004D38", 9},
                                            {"#00304F", 13},
                                            {"#000000", 2},
                                            {"#56B4E9", 11},
                                            {"#7A2E00", 4},
                                            {"#009E73", 6},
                                            {"#D55E00", 8},
                                            {"#CC79A7", 12},
                                            {"#999999", 3},
                                            {"#5B2A86", 10},
                                            {"#F0A8C8", 15},
                                            {"#333333", 14},
                                            {"#7A0000", 1}}};
    if (n < points.size()) {
        return fmt::format("lc rgb '{}' pt {} ps 0.6", points.at(n).colour, points.at(n).marker);
    }
    // Letters, where there are more groups than markers.
    const std::size_t letter = n - points.size();
    return fmt::format("lc rgb '{}' pt '{}' ps 0.6", points.at(letter % points.size()).colour,
                       static_cast<char>('A' + letter % 26));
}

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "''";
        } else if (static_cast<unsigned char>(c) >= ' ') {
            out += c;
        }
    }
    return out + "'";
}

Result<fs::path> draw(const Plot& plot, const DrawOptions& options) {
    if (auto ok =
            check_options(options).and_then(check_gnuplot).and_then([&] { return core::make_folder(options.folder); });
        !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(const auto workshop, core::TemporaryFolder::create("pitot-picture"));
    const std::string file = plot.name + "." + options.format;
    const std::string script = fmt::format(
        "set encoding utf8\n{}set output {}\nset datafile separator tab\nset datafile missing 'NaN'\n{}unset output\n",
        terminal(plot, options), quoted(file), plot.script);
    auto products = plot.tables;
    products.emplace_back(plot.name + ".gp", script);
    for (const auto& [name, text] : products) {
        if (auto ok = core::write_text(workshop.path() / name, text); !ok) {
            return Failure(ok.error());
        }
    }
    if (auto ok = run_gnuplot(plot.name, workshop.path(), products.back().first, options.stop); !ok) {
        return Failure(ok.error());
    }
    PITOT_TRY(auto picture, whole_picture(workshop.path() / file, file, options.format));
    if (!options.keep_script) {
        products.pop_back();
    }
    products.emplace(products.begin(), file, std::move(picture));
    for (const auto& [name, bytes] : products) {
        if (auto ok = core::write_text(options.folder / name, bytes); !ok) {
            return Failure(ok.error());
        }
    }
    return options.folder / file;
}

}  // namespace pitot::figure
