// pitot figures: pictures of datasets and of learned interference.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/draw_options.hpp"
#include "cli/result_options.hpp"
#include "cli/verbs.hpp"
#include "core/suggest.hpp"
#include "figure/pictures.hpp"

namespace pitot::cli {
namespace figures_command {
namespace {

const std::vector<std::string>& known() {
    static const std::vector<std::string> names{"svd", "matrix", "spectral_norm", "interference_hist"};
    return names;
}

struct Options {
    std::vector<std::string> figures = known();
    std::vector<std::string> data;
    std::vector<std::string> if_data;  // none: `data`, or the default where that is
    std::filesystem::path results = "results";
    figure::DrawOptions draw;
};

// Reads a dataset when it is first asked for.
class Lazy {
public:
    explicit Lazy(std::vector<std::string> files) : files_(std::move(files)) {}
    Result<const Dataset*> get() {
        if (!dataset_) {
            auto read = read_data(files_);
            if (!read) {
                return Failure(read.error());
            }
            dataset_ = std::move(*read);
        }
        return &*dataset_;
    }

private:
    std::vector<std::string> files_;
    std::optional<Dataset> dataset_;
};

Result<figure::Plot> plot_of(const std::string& name, Lazy& alone, Lazy& together,
                             const std::filesystem::path& results) {
    const bool interference = name == "spectral_norm" || name == "interference_hist";
    const auto dataset = interference ? together.get() : alone.get();
    if (!dataset) {
        return Failure(dataset.error());
    }
    if (name == "svd") {
        return figure::svd_plot(**dataset);
    }
    if (name == "matrix") {
        return figure::matrix_plot(**dataset);
    }
    return interference && name == "spectral_norm" ? figure::spectral_norm_plot(**dataset, results)
                                                   : figure::interference_hist_plot(**dataset);
}

Result<void> run(const Options& options) {
    if (auto ok = figure::check_options(options.draw); !ok) {
        return ok;
    }
    for (const std::string& name : options.figures) {
        if (std::ranges::find(known(), name) == known().end()) {
            const std::string near = core::suggestion(name, known());
            return fail(ErrorCode::kUsage, fmt::format("no figure is called '{}'{} there are {}", name,
                                                       near.empty() ? ";" : near, fmt::join(known(), ", ")));
        }
    }
    const std::vector<std::string> data =
        options.data.empty() ? std::vector<std::string>{"data/data.npz"} : options.data;
    const std::vector<std::string> usual_if =
        options.data.empty() ? std::vector<std::string>{"data/data.if.npz"} : options.data;
    Lazy alone(data);
    Lazy together(options.if_data.empty() ? usual_if : options.if_data);
    for (const std::string& name : options.figures) {
        const auto plot = plot_of(name, alone, together, options.results);
        if (!plot) {
            return fail(plot.error(), "drawing " + name);
        }
        if (auto ok = draw_and_tell(*plot, options.draw); !ok) {
            return ok;
        }
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_list(app, "-f,--figures", options->figures,
             "Figures: svd, matrix, spectral_norm, interference_hist; default: all")
        ->type_name("NAME");
    add_list(app, "-d,--data", options->data, "Dataset of runs alone; default: data/data.npz")->type_name("FILE");
    add_list(app, "--if_data", options->if_data,
             "Dataset with co-runners; default: that of --data, or else data/data.if.npz")
        ->type_name("FILE");
    app.add_option("-p,--path", options->results, "Folder of results; default: results")->type_name("FOLDER");
    add_draw_options(app, options->draw);
    app.footer(
        "spectral_norm needs the results of interference/1 at share 0.9.\n"
        "\n"
        "Examples:\n"
        "  pitot figures -d data/fleet.npz --if_data data/fleet.npz -p trial\n"
        "  pitot figures -f svd matrix -d examples/fleet.csv --format svg");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace figures_command

Verb figures_verb() { return {"figures", "Draw datasets and learned interference", figures_command::add}; }

}  // namespace pitot::cli
