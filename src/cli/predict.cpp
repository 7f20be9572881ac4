// pitot predict: runtimes and upper bounds from a model file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/prediction_output.hpp"
#include "cli/verbs.hpp"
#include "data/side_table.hpp"
#include "pitot/predictor.hpp"

namespace pitot::cli {
namespace predict_command {
namespace {

struct Options {
    std::string model;
    std::vector<std::string> platforms;
    std::vector<std::string> modules;
    std::vector<std::string> with;
    std::vector<double> confidences{0.9};
    bool no_bound = false;
    bool unmeasured = false;
    std::string platform_features;
    std::string module_features;
    std::string format = "table";
    bool json = false;
    std::int64_t limit = 50;
};

using Rows = std::vector<std::int32_t>;

Rows all_rows(const Side& side) {
    Rows rows(static_cast<std::size_t>(side.size()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = static_cast<std::int32_t>(i);
    }
    return rows;
}

Result<Rows> find_all(const std::vector<std::string>& names, auto find) {
    Rows rows;
    for (const std::string& name : names) {
        const Result<std::int32_t> row = find(name);
        if (!row) {
            return Failure(row.error());
        }
        rows.push_back(*row);
    }
    return rows;
}

Rows without_repeats(const Rows& rows) {
    Rows once;
    std::ranges::copy_if(rows, std::back_inserter(once),
                         [&](std::int32_t row) { return std::ranges::find(once, row) == once.end(); });
    return once;
}

// "a,b" is two modules, unless a module has that very name.
std::vector<std::string> split_names(const std::vector<std::string>& lists, const Predictor& predictor) {
    std::vector<std::string> names;
    for (const std::string& list : lists) {
        if (predictor.find_module(list)) {
            names.push_back(list);
            continue;
        }
        std::size_t from = 0;
        while (from <= list.size()) {
            const std::size_t comma = std::min(list.find(',', from), list.size());
            names.push_back(list.substr(from, comma - from));
            from = comma + 1;
        }
    }
    return names;
}

// The rows of a feature table that the model does not know yet.
Result<Side> read_new_rows(const std::string& file, Axis axis, const Side& known) {
    Result<Side> table = read_side_table({file, std::nullopt}, axis);
    if (!table) {
        return table;
    }
    Rows unknown;
    for (std::size_t i = 0; i < table->names.size(); ++i) {
        if (std::ranges::find(known.names, table->names[i]) == known.names.end()) {
            unknown.push_back(static_cast<std::int32_t>(i));
        }
    }
    if (unknown.size() < table->names.size()) {
        note(fmt::format("the model knows {} of the {} {}s in {}: what was measured of them counts, not the file",
                         table->names.size() - unknown.size(), table->names.size(), word(axis), file));
    }
    Side side{
        {}, table->feature_names, Matrix<double>(static_cast<std::int64_t>(unknown.size()), table->features.cols())};
    for (const std::int32_t row : unknown) {
        std::ranges::copy(table->features.view().row(row), side.features.view().row(side.size()).begin());
        side.names.push_back(table->names[static_cast<std::size_t>(row)]);
    }
    return side;
}

struct Loaded {
    Predictor predictor;
    std::int64_t known_platforms;  // rows from here on were added
    std::int64_t known_modules;
};

// The model with the platforms and modules that feature files add.
Result<Loaded> load(const Options& options) {
    Result<Predictor> predictor = Predictor::load(options.model);
    if (!predictor) {
        return Failure(predictor.error());
    }
    Side platforms;
    Side modules;
    const auto read = [](const std::string& file, Axis axis, const Side& known, Side& side) -> Result<void> {
        if (file.empty()) {
            return {};
        }
        return read_new_rows(file, axis, known).map([&](Side&& rows) { side = std::move(rows); });
    };
    const auto done = read(options.platform_features, Axis::kPlatform, predictor->platforms(), platforms).and_then([&] {
        return read(options.module_features, Axis::kModule, predictor->modules(), modules);
    });
    if (!done) {
        return Failure(done.error());
    }
    const Loaded loaded{*predictor, predictor->platforms().size(), predictor->modules().size()};
    if (platforms.names.empty() && modules.names.empty()) {
        return loaded;
    }
    return predictor->with_rows(platforms, modules).map([&](Predictor&& more) {
        return Loaded{std::move(more), loaded.known_platforms, loaded.known_modules};
    });
}

// Named rows; else the rows a feature file added; else all.
Result<Rows> choose(const std::vector<std::string>& names, const Side& side, std::int64_t known, auto find) {
    if (!names.empty()) {
        return find_all(names, find).map(without_repeats);
    }
    Rows rows = all_rows(side);
    if (side.size() > known) {
        rows.erase(rows.begin(), rows.begin() + known);
    }
    return rows;
}

Result<Selection> select(const Options& options, const Loaded& loaded) {
    const Predictor& predictor = loaded.predictor;
    const auto find_platform = [&](const std::string& name) { return predictor.find_platform(name); };
    const auto find_module = [&](const std::string& name) { return predictor.find_module(name); };
    auto platforms = choose(options.platforms, predictor.platforms(), loaded.known_platforms, find_platform);
    if (!platforms) {
        return Failure(platforms.error());
    }
    auto modules = choose(options.modules, predictor.modules(), loaded.known_modules, find_module);
    if (!modules) {
        return Failure(modules.error());
    }
    auto with = find_all(split_names(options.with, predictor), find_module);
    if (!with) {
        return Failure(with.error());
    }
    Selection selection;
    selection.platforms = std::move(*platforms);
    selection.modules = std::move(*modules);
    selection.with = std::move(*with);
    selection.unmeasured_only = options.unmeasured;
    selection.confidences = options.no_bound ? std::vector<double>{} : options.confidences;
    return selection;
}

Result<void> run(const Options& options) {
    const Result<Loaded> loaded = load(options);
    if (!loaded) {
        return Failure(loaded.error());
    }
    const Result<Selection> selection = select(options, *loaded);
    if (!selection) {
        return Failure(selection.error());
    }
    const Predictor& predictor = loaded->predictor;
    if (!selection->with.empty() && predictor.config().model.interference_types == 0) {
        note("this model ignores co-runners: points are those of modules alone; fit interference/2 to tell them apart");
    }
    if (options.json || options.format == "json") {
        return print_predictions_json(predictor, *selection);
    }
    if (options.format == "csv") {
        return print_predictions_csv(predictor, *selection);
    }
    return print_predictions_table(predictor, *selection, options.limit);
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "Model file that 'pitot fit' wrote")->required()->type_name("MODEL");
    add_repeated(app, "--platform", options->platforms, "Platform; may be repeated. Default: all")->type_name("NAME");
    add_repeated(app, "--module", options->modules, "Module; may be repeated. Default: all")->type_name("NAME");
    add_repeated(app, "--with", options->with, "Modules that run beside, all at once: --with M2,M3")
        ->type_name("NAMES");
    app.add_option("--confidence", options->confidences,
                   "Confidence of the upper bound; several as in 0.9,0.99. Default: 0.9")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("X");
    app.add_flag("--no-bound", options->no_bound, "Points alone");
    app.add_flag("--unmeasured", options->unmeasured, "Only pairs that were not measured alone");
    app.add_option("--platform-features", options->platform_features,
                   "Features of platforms the model never saw (CSV: name, then one column a feature)")
        ->type_name("FILE");
    app.add_option("--module-features", options->module_features,
                   "Features of modules the model never saw (CSV: name, then one opcode count a column)")
        ->type_name("FILE");
    app.add_option("--format", options->format, "table, json or csv")
        ->check(CLI::IsMember({"table", "json", "csv"}))
        ->type_name("FORMAT");
    app.add_flag("--json", options->json, "The same as --format json");
    app.add_option("--limit", options->limit, "Rows of a table at most; 0 = all. Default: 50")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    app.footer(
        "The bound is the runtime that is not exceeded with the confidence given, over pairs like the measured ones.\n"
        "Rows given by a feature file are predicted from features alone, marked so, and have no bound; with such a\n"
        "file and without names, these rows are what is predicted.\n"
        "\n"
        "Examples:\n"
        "  pitot predict fleet.pitot --unmeasured\n"
        "  pitot predict fleet.pitot --platform wasmtime.nuc --module gemm --confidence 0.9,0.99\n"
        "  pitot predict busy.pitot --module gemm --with fft,sort\n"
        "  pitot predict fleet.pitot --module-features new.csv --platform wasmtime.nuc\n"
        "  pitot predict fleet.pitot --format csv > all.csv");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace predict_command

Verb predict_verb() { return {"predict", "Predict runtimes and upper bounds with a model", predict_command::add}; }

}  // namespace pitot::cli
