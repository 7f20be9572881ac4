#include "experiment/published.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "core/check.hpp"
#include "experiment/summary.hpp"
#include "formats/csv.hpp"

namespace pitot::experiment {

std::string_view embedded_file(std::string_view name);

namespace {

PublishedNumber parse(std::span<const std::string> fields) {
    static const std::map<std::string, Measure> measures{
        {"mape", Measure::kMape}, {"ratio", Measure::kRatio}, {"margin", Measure::kMargin}};
    PITOT_CHECK(fields.size() == 8);
    const auto share = formats::parse_number(fields[5]);
    const auto value = formats::parse_number(fields[6]);
    PITOT_CHECK(share && value);
    const Measure measure = measures.at(fields[3]);
    return {
        fields[0], fields[1], fields[2], measure, fields[4], *share, measure == Measure::kRatio ? *value : *value / 100,
        fields[7]};
}

struct Found {
    Summary summary;
    std::size_t place = 0;
};

// A preset's summary and the place of a share in it.
std::optional<Found> find(const std::filesystem::path& results, const std::string& preset, const std::string& objective,
                          double share) {
    auto summary = read_summary(results, preset);
    if (!summary || !summary->objectives.contains(objective)) {
        return std::nullopt;
    }
    const std::vector<double>& shares = summary->objectives.at(objective).shares;
    const auto at = std::ranges::find_if(shares, [&](double s) { return std::abs(s - share) < 1e-9; });
    if (at == shares.end()) {
        return std::nullopt;
    }
    const auto place = static_cast<std::size_t>(at - shares.begin());
    return Found{std::move(*summary), place};
}

}  // namespace

const std::vector<PublishedNumber>& published_numbers() {
    static const std::vector<PublishedNumber> numbers = [] {
        std::vector<PublishedNumber> list;
        const auto read =
            formats::read_csv({"docs/published.csv", experiment::embedded_file("published.csv")},
                              [&](std::int64_t /*line*/, std::span<const std::string> fields) -> Result<void> {
                                  if (!fields[0].starts_with('#') && fields[0] != "preset") {
                                      list.push_back(parse(fields));
                                  }
                                  return {};
                              });
        PITOT_CHECK(read.has_value());
        return list;
    }();
    return numbers;
}

std::optional<double> our_number(const std::filesystem::path& results, const PublishedNumber& number) {
    const bool scaling = number.preset == "linear scaling";
    const auto own = find(results, scaling ? "embedding/128" : number.preset, number.objective, number.share);
    if (!own) {
        return std::nullopt;
    }
    const ObjectiveSummary& objective = own->summary.objectives.at(number.objective);
    const ErrorMetrics& metrics = scaling ? objective.baseline[own->place] : objective.model[own->place];
    if (number.measure == Measure::kMargin) {
        return -metrics.percentile[5];
    }
    if (number.measure == Measure::kMape) {
        return metrics.mape.mean;
    }
    const auto other = find(results, number.relative_to, number.objective, number.share);
    if (!other) {
        return std::nullopt;
    }
    return metrics.mape.mean / other->summary.objectives.at(number.objective).model[other->place].mape.mean;
}

}  // namespace pitot::experiment
