#include "figure/report.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "core/readable.hpp"
#include "evaluate/significance.hpp"

namespace pitot::figure {
namespace {

constexpr const char* kPageStyle =
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,'DejaVu Sans',sans-serif;"
    "color:#1d2733;background:#fff}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}figure{margin:0;overflow-x:auto}"
    "figure svg{display:block}p.soft,nav{color:#5b6775}a{color:#1f6fb4}"
    "pre{overflow-x:auto;font-size:.85rem;background:#f4f6f8;padding:.8rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .9rem .2rem 0;text-align:left;font-size:.9rem}"
    "td.number,th.number{text-align:right}\n"
    "@media (prefers-color-scheme:dark){body{color:#e6e9ed;background:#14181d}p.soft,nav{color:#9aa5b1}"
    "a{color:#6db3f2}pre{background:#1d232a}}\n";

// What the rows not learned from say in one sentence.
std::string summary_of(const PictureSource& source) {
    if (source.tested.empty()) {
        return "No measured combination is known that the model did not learn from, so that nothing can be said of its "
               "errors here.";
    }
    std::vector<double> errors;
    std::int64_t within = 0;
    std::int64_t bounded = 0;
    std::int64_t aside = 0;
    for (const TestedRow& row : source.tested) {
        errors.push_back(std::abs(row.predicted_us / row.runtime_us - 1.0));
        bounded += std::isnan(row.bound_us) ? 0 : 1;
        within += row.runtime_us <= row.bound_us ? 1 : 0;
        aside += !std::isnan(row.bound_us) && row.set_aside ? 1 : 0;
    }
    const double middle = evaluation::median_of(errors);
    std::ranges::sort(errors);
    double sum = 0.0;
    for (const double error : errors) {
        sum += error;
    }
    const auto count = static_cast<double>(errors.size());
    std::string text = fmt::format(
        "On {} combinations that the model did not learn from, predictions are off by {:.1f} % on average, "
        "half of them by less than {:.1f} %, nine of ten by less than {:.1f} %.",
        core::count_text(std::ssize(errors)), 100.0 * sum / count, 100.0 * middle,
        100.0 * errors[9 * (errors.size() - 1) / 10]);
    if (bounded > 0) {
        text += fmt::format(" {} of {} lie within their {:.4g} % bound.", core::count_text(within),
                            core::count_text(bounded), 100.0 * source.confidence);
        if (aside > 0) {
            text += fmt::format(
                " {} of these {} set aside to calibrate bounds, which hold for such on average by construction.",
                core::count_text(aside), aside == 1 ? "was" : "were");
        }
    }
    return text;
}

}  // namespace

std::string report_page(const PictureSource& source, const ReportHead& head) {
    std::string page = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<title>{0}</title>\n<style>{1}{2}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
        escaped(head.title), kPageStyle, svg_style());
    page += fmt::format("<p class=\"soft\">Model {}{}</p>\n<p>{}</p>\n", escaped(head.model),
                        head.dataset.empty() ? std::string(", without a dataset")
                                             : fmt::format(", held against {}", escaped(head.dataset)),
                        escaped(summary_of(source)));
    PictureSource shared = source;
    if (auto logs = predicted_logs(source.predictor)) {
        shared.logs = std::make_shared<const Matrix<double>>(*std::move(logs));
    }
    std::string pictures;
    std::string contents;
    for (const PictureKind& kind : picture_kinds()) {
        const auto picture = kind.draw(shared);
        std::string title = picture ? picture->title : std::string(kind.shows);
        title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(title.front())));
        contents += fmt::format("{}<a href=\"#{}\">{}</a>", contents.empty() ? "" : " · ", kind.name, escaped(title));
        pictures += fmt::format("<h2 id=\"{}\">{}</h2>\n", kind.name, escaped(title));
        pictures += picture ? fmt::format("<p>{}</p>\n<figure>\n{}</figure>\n", escaped(picture->sentence),
                                          picture->canvas.element(picture->title, false))
                            : fmt::format("<p class=\"soft\">Left out: {}</p>\n", escaped(picture.error().to_string()));
    }
    page +=
        fmt::format("<nav>{}</nav>\n{}<h2>The model</h2>\n<pre>{}</pre>\n</body>\n</html>\n", contents, pictures, [&] {
            std::string lines;  // escaped() would join them
            std::size_t from = 0;
            while (from < head.facts.size()) {
                const std::size_t end = std::min(head.facts.find('\n', from), head.facts.size());
                lines += escaped(head.facts.substr(from, end - from)) + "\n";
                from = end + 1;
            }
            return lines;
        }());
    return page;
}

}  // namespace pitot::figure
