// pitot plot_dataset: a dataset's matrix with both side informations.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/draw_options.hpp"
#include "cli/result_options.hpp"
#include "cli/verbs.hpp"
#include "figure/pictures.hpp"

namespace pitot::cli {
namespace plot_dataset_command {
namespace {

struct Options {
    std::vector<std::string> data{"data/data.npz"};
    figure::DrawOptions draw;
};

Result<void> run(const Options& options) {
    if (auto ok = figure::check_options(options.draw); !ok) {
        return ok;
    }
    PITOT_TRY(const auto dataset, read_data(options.data));
    PITOT_TRY(const auto plot, figure::dataset_plot(dataset));
    // --out may name the picture itself, as the published program has it.
    const std::filesystem::path out = options.draw.folder;
    const std::string extension = out.extension().string();
    if (extension != ".png" && extension != ".pdf" && extension != ".svg") {
        return draw_and_tell(plot, options.draw);
    }
    figure::DrawOptions as_named = options.draw;
    as_named.folder = out.has_parent_path() ? out.parent_path() : ".";
    as_named.format = extension.substr(1);
    return draw_and_tell(figure::renamed(plot, out.stem().string()), as_named);
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_list(app, "-p,-d,--path,--data", options->data, "Dataset; default: data/data.npz")->type_name("FILE");
    add_draw_options(app, options->draw);
    app.footer(
        "Draws dataset: the logarithms of the runtimes, with platform features beside and opcode counts below. --out "
        "may\n"
        "also name the picture itself: pictures/laptop.png.\n"
        "\n"
        "Examples:\n"
        "  pitot plot_dataset -p data/fleet.npz\n"
        "  pitot plot_dataset -p laptop.npz --format pdf -o laptop-figures");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace plot_dataset_command

Verb plot_dataset_verb() {
    return {"plot_dataset", "Draw a dataset with its side information", plot_dataset_command::add};
}

}  // namespace pitot::cli
