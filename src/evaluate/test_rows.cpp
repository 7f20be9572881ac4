#include "evaluate/test_rows.hpp"

#include <cmath>
#include <utility>

namespace pitot::evaluation {
namespace {

template <typename T>
std::vector<T> at_places(std::span<const T> values, std::span<const std::size_t> places) {
    std::vector<T> some;
    some.reserve(places.size());
    for (const std::size_t n : places) {
        some.push_back(values[n]);
    }
    return some;
}

}  // namespace

TestRows test_rows(const Dataset& dataset, const HeldOutDraw& draw, std::size_t pool) {
    const ObservationView table = dataset.observations.view();
    const auto width = pool == kAlone ? 0 : static_cast<std::size_t>(table.width);
    TestRows rows{static_cast<std::int32_t>(width)};
    for (std::size_t c = 0; c < draw.held.size(); ++c) {
        if (draw.held[c].pool != pool) {
            continue;
        }
        for (const std::int64_t n : draw.held[c].rows) {
            const auto row = static_cast<std::size_t>(n);
            rows.platform.push_back(table.platform[row]);
            rows.module.push_back(table.module[row]);
            rows.runtime_us.push_back(table.runtime_us[row]);
            rows.weight.push_back(1.0 / static_cast<double>(draw.held[c].rows.size()));
            rows.combination.push_back(c);
            const auto beside = table.co_runner.subspan(row * width, width);
            rows.co_runner.insert(rows.co_runner.end(), beside.begin(), beside.end());
        }
    }
    return rows;
}

Result<TestAnswers> answers_of(const Predictor& predictor, const Predictor& baseline, const TestRows& rows,
                               std::span<const double> confidences) {
    TestAnswers answers;
    PITOT_TRY(auto of_model, predictor.predict(rows.query(), confidences));
    PITOT_TRY(auto of_baseline, baseline.predict(rows.query()));
    answers.model_us = std::move(of_model.runtime_us);
    answers.baseline_us = std::move(of_baseline.runtime_us);
    const auto width = static_cast<std::size_t>(rows.width);
    for (std::size_t k = 0; k < confidences.size(); ++k) {
        std::vector<double>& bounds = answers.bound_us.emplace_back();
        std::vector<BoundSource>& sources = answers.sources.emplace_back();
        for (std::size_t n = 0; n < rows.platform.size(); ++n) {
            bounds.push_back(of_model.bound_us(static_cast<std::int64_t>(n), static_cast<std::int64_t>(k)));
            PITOT_TRY(auto source, predictor.bound_source(rows.platform[n], rows.module[n], confidences[k],
                                                          std::span(rows.co_runner).subspan(n * width, width)));
            sources.push_back(std::move(source));
        }
    }
    return answers;
}

std::vector<std::size_t> tested_places(const TestRows& rows, const std::vector<bool>& learned) {
    std::vector<std::size_t> places;
    for (std::size_t n = 0; n < rows.combination.size(); ++n) {
        if (!learned[rows.combination[n]]) {
            places.push_back(n);
        }
    }
    return places;
}

Result<void> add_errors(const TestRows& rows, std::span<const double> predicted_us, std::span<const std::size_t> places,
                        AbsoluteErrors& errors) {
    std::vector<double> values;
    for (const std::size_t n : places) {
        values.push_back(std::abs(predicted_us[n] / rows.runtime_us[n] - 1.0));
    }
    return add_replicate(errors, values, at_places<double>(rows.weight, places));
}

void add_bounds(const TestRows& rows, const TestAnswers& answers, std::span<const std::size_t> places,
                std::vector<BoundTally>& tallies) {
    const auto platform = at_places<std::int32_t>(rows.platform, places);
    const auto module = at_places<std::int32_t>(rows.module, places);
    const auto runtime_us = at_places<double>(rows.runtime_us, places);
    const auto predicted_us = at_places<double>(answers.model_us, places);
    const auto weight = at_places<double>(rows.weight, places);
    for (std::size_t k = 0; k < tallies.size(); ++k) {
        tallies[k].add({platform, module, runtime_us, predicted_us, weight, std::vector<bool>(places.size(), false)},
                       at_places<double>(answers.bound_us[k], places),
                       at_places<BoundSource>(answers.sources[k], places));
        tallies[k].finish();
    }
}

}  // namespace pitot::evaluation
