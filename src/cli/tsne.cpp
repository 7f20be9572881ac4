// pitot tsne: learned embeddings on a plane.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/draw_options.hpp"
#include "cli/result_options.hpp"
#include "cli/verbs.hpp"
#include "figure/embedding_map.hpp"

namespace pitot::cli {
namespace tsne_command {
namespace {

struct Options {
    std::vector<std::string> data{"data/data.npz"};
    std::filesystem::path results = "results";
    std::uint64_t seed = 42;
    figure::DrawOptions draw;
};

Result<void> run(const Options& options) {
    if (auto ok = figure::check_options(options.draw); !ok) {
        return ok;
    }
    const auto dataset = read_data(options.data);
    if (!dataset) {
        return Failure(dataset.error());
    }
    const auto plots = figure::embedding_plots(*dataset, options.results, options.seed);
    if (!plots) {
        return Failure(plots.error());
    }
    for (const figure::Plot& plot : *plots) {
        if (auto ok = draw_and_tell(plot, options.draw); !ok) {
            return ok;
        }
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_list(app, "-d,--data", options->data, "Dataset of the results; default: data/data.npz")->type_name("FILE");
    app.add_option("-p,--path", options->results, "Folder of results; default: results")->type_name("FOLDER");
    app.add_option("--key,--seed", options->seed, "Seed; default: 42")->type_name("N");
    add_draw_options(app, options->draw);
    app.footer(
        "Draws tsne_a (modules by suite), tsne_b (platforms by architecture) and tsne_c (platforms by runtime) from\n"
        "embedding/128 at share 0.9: the embeddings of all models side by side, standardised, 64 principal "
        "components,\n"
        "exact t-SNE.\n"
        "\n"
        "Examples:\n"
        "  pitot tsne -d data/fleet.npz -p trial\n"
        "  pitot tsne -d data/fleet.npz -p trial --seed 7 -i 150 -o seven");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace tsne_command

Verb tsne_verb() { return {"tsne", "Draw learned embeddings on a plane", tsne_command::add}; }

}  // namespace pitot::cli
