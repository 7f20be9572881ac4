#include "figure/gnuplot.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/atomic_file.hpp"
#include "core/programs.hpp"

namespace pitot {
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

Result<void> run_gnuplot(const Plot& plot, const fs::path& folder, const std::string& script) {
    const auto program = find_program("gnuplot");
    if (!program) {
        return check_gnuplot();
    }
    const auto file = folder / (plot.name + ".gp.tmp");
    if (auto ok = write_text(file, script); !ok) {
        return ok;
    }
    std::vector<std::string> words{program->string(), file.filename().string()};
    const auto answer = run_child(
        [&](int fd) {
            const std::vector<char*> arguments = exec_pointers(words);
            if (::chdir(folder.c_str()) != 0 || ::dup2(fd, STDERR_FILENO) < 0 || ::dup2(fd, STDOUT_FILENO) < 0) {
                return kCannotExecute;
            }
            ::execv(arguments.front(), arguments.data());
            return kCannotExecute;
        },
        {});
    std::error_code ignored;
    fs::remove(file, ignored);
    if (!answer) {
        return Failure(answer.error());
    }
    if (answer->exit_status == kCannotExecute) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot run '{}' in '{}'", program->string(), folder.string()));
    }
    if (answer->exit_status != 0 || answer->signal != 0) {
        return fail(ErrorCode::kEnvironment, fmt::format("gnuplot could not draw '{}': {}", plot.name, answer->bytes));
    }
    return {};
}

// A name that ends neither its cell nor its line.
std::string one_cell(std::string name) {
    std::ranges::replace_if(
        name, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return name;
}

}  // namespace

Result<void> check_gnuplot() {
    if (!find_program("gnuplot")) {
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

std::string point_style(std::size_t n) {
    constexpr std::array<int, 10> markers{7, 5, 9, 13, 2, 11, 4, 6, 8, 1};
    return fmt::format("lc rgb '{}' pt {} ps 0.55", kStyles[n % kStyles.size()].colour, markers[n % markers.size()]);
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
    if (auto ok = check_options(options).and_then(check_gnuplot); !ok) {
        return Failure(ok.error());
    }
    std::error_code error;
    fs::create_directories(options.folder, error);
    if (error) {
        return fail(ErrorCode::kEnvironment, fmt::format("cannot make the folder '{}': {}; choose another with -o",
                                                         options.folder.string(), error.message()));
    }
    for (const auto& [name, text] : plot.tables) {
        if (auto ok = write_text(options.folder / name, text); !ok) {
            return Failure(ok.error());
        }
    }
    const std::string head = terminal(plot, options);
    const auto script = [&](const std::string& output) {
        return fmt::format(
            "set encoding utf8\n{}set output {}\nset datafile separator tab\nset datafile missing 'NaN'\n"
            "{}unset output\n",
            head, quoted(output), plot.script);
    };
    const fs::path picture = options.folder / (plot.name + "." + options.format);
    const auto drawn = write_whole(picture, [&](const fs::path& temporary) {
        return run_gnuplot(plot, options.folder, script(temporary.filename().string()));
    });
    if (!drawn) {
        return Failure(drawn.error());
    }
    if (options.keep_script) {
        if (auto ok = write_text(options.folder / (plot.name + ".gp"), script(picture.filename().string())); !ok) {
            return Failure(ok.error());
        }
    }
    return picture;
}

}  // namespace pitot
