// pitot report and pitot plot: pages and pictures of one's own model and data.
#include "figure/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/verbs.hpp"
#include "core/atomic_file.hpp"
#include "figure/model_pictures.hpp"
#include "pitot/predictor.hpp"
#include "predict/describe_model.hpp"

namespace pitot::cli {
namespace report_command {
namespace {

constexpr std::size_t kNamesShown = 12;

struct Options {
    std::string kind;
    std::string model;
    std::vector<std::string> data;
    DatasetOptions dataset;
    double confidence = 0.9;
    std::string title;
    std::string out;
    OutputFlags output;
};

Result<void> check_out(const Options& options, const char* extension) {
    const std::filesystem::path out = options.out;
    if (out.extension() != extension) {
        return fail(ErrorCode::kUsage,
                    fmt::format("-o '{}' does not end in {}: name the file so", printable(options.out), extension));
    }
    DatasetOptions read = options.dataset;
    read.files = options.data;
    Paths inputs = read.inputs();
    inputs.emplace_back(options.model);
    if (auto ok = options.output.check(out, OutputKind::kPage, inputs); !ok) {
        return ok;
    }
    return core::check_writable(out);
}

struct Inputs {
    Predictor predictor;
    std::optional<Dataset> runs;
};

Result<Inputs> read_inputs(const Options& options) {
    PITOT_TRY(auto predictor, Predictor::load(options.model));
    Inputs inputs{std::move(predictor), std::nullopt};
    if (!options.data.empty()) {
        PITOT_TRY(auto runs, options.dataset.read_files(options.data));
        inputs.runs = std::move(runs);
    }
    return inputs;
}

Result<figure::PictureSource> source_of(const Inputs& inputs, double confidence) {
    const Dataset* runs = inputs.runs ? &*inputs.runs : nullptr;
    return figure::tested_rows(inputs.predictor, runs, confidence).map([&](std::vector<figure::TestedRow>&& tested) {
        return figure::PictureSource{inputs.predictor, runs, confidence, std::move(tested)};
    });
}

void add_common(CLI::App& app, Options& options) {
    app.add_option("model", options.model, "Model file that 'pitot fit' wrote")->required()->type_name("MODEL");
    app.add_option("data", options.data,
                   "Measured runs: the dataset that the model was fitted on, further runs, or both")
        ->type_name("DATA");
    options.dataset.add_reading_to(app);
    app.add_option("--confidence", options.confidence, "Confidence of bounds. Default: 0.9")->type_name("X");
    options.output.add_to(app);
}

Result<void> run_report(const Options& options) {
    if (auto ok = check_out(options, ".html"); !ok) {
        return ok;
    }
    PITOT_TRY(const auto inputs, read_inputs(options));
    PITOT_TRY(const auto source, source_of(inputs, options.confidence));
    const std::string name = std::filesystem::path(options.model).stem().string();
    const figure::ReportHead head{options.title.empty() ? "How well does " + name + " predict?" : options.title,
                                  options.model, fmt::format("{}", fmt::join(options.data, ", ")),
                                  predict::describe_model(inputs.predictor, kNamesShown)};
    if (auto written = core::write_text(options.out, figure::report_page(source, head)); !written) {
        return written;
    }
    fmt::print("wrote {}\n", printable(options.out));
    return {};
}

Action add_report(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_common(app, *options);
    app.add_option("-o,--out", options->out, "Page to write (.html)")->required()->type_name("FILE");
    app.add_option("--title", options->title, "Title of the page")->type_name("TEXT");
    app.footer(
        "One page with everything inside, in light or dark as the reader's screen is: what was measured, predictions\n"
        "against measurements that the model did not learn from, how often bounds hold by platform, errors by\n"
        "runtime, speeds of platforms, maps of platforms and modules, the worst predictions, and what to measure "
        "next,\n"
        "each with a sentence that says how to read it. 'pitot plot' draws any of them alone.\n"
        "\n"
        "Examples:\n"
        "  pitot report fleet.pitot examples/fleet.csv -o report.html\n"
        "  pitot report fleet.pitot examples/fleet.csv examples/today.csv -o report.html --title 'Fleet, week 7' "
        "--force");
    return [options] { return run_report(*options); };
}

const figure::PictureKind* kind_of(const std::string& name) {
    const auto kinds = figure::picture_kinds();
    const auto found = std::ranges::find(kinds, std::string_view(name), &figure::PictureKind::name);
    return found == kinds.end() ? nullptr : &*found;
}

Result<void> run_plot(const Options& options) {
    if (auto ok = check_out(options, ".svg"); !ok) {
        return ok;
    }
    PITOT_TRY(const auto inputs, read_inputs(options));
    PITOT_TRY(const auto source, source_of(inputs, options.confidence));
    PITOT_TRY(const auto picture, kind_of(options.kind)->draw(source));
    if (auto written = core::write_text(options.out, picture.canvas.element(picture.title, true)); !written) {
        return written;
    }
    fmt::print("wrote {}\n{}\n", printable(options.out), printable(picture.sentence));
    return {};
}

Action add_plot(CLI::App& app) {
    auto options = std::make_shared<Options>();
    std::vector<std::string> names;
    std::string kinds;
    for (const figure::PictureKind& kind : figure::picture_kinds()) {
        names.emplace_back(kind.name);
        kinds += fmt::format("  {:<10} {}\n", kind.name, kind.shows);
    }
    app.add_option("kind", options->kind, "What to draw; see below")
        ->required()
        ->check(CLI::IsMember(names))
        ->type_name("KIND");
    add_common(app, *options);
    app.add_option("-o,--out", options->out, "Picture to write (.svg)")->required()->type_name("FILE");
    app.footer("Kinds:\n" + kinds +
               "\nThe picture is light or dark as the reader's screen is; the sentence that explains it is printed.\n"
               "\nExamples:\n"
               "  pitot plot predicted fleet.pitot examples/fleet.csv -o predicted.svg\n"
               "  pitot plot speeds fleet.pitot -o speeds.svg");
    return [options] { return run_plot(*options); };
}

}  // namespace
}  // namespace report_command

Verb report_verb() {
    return {"report", "Write a page about a model: its errors, bounds and fleet", report_command::add_report};
}

Verb plot_verb() { return {"plot", "Draw one picture of a model or of its errors", report_command::add_plot}; }

}  // namespace pitot::cli
