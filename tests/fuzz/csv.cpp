// Any bytes as observations in the long form, and as a table of features.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataset/describe.hpp"
#include "dataset/side_table.hpp"
#include "dataset/source.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const pitot::dataset::Axis axis : {pitot::dataset::Axis::kPlatform, pitot::dataset::Axis::kModule}) {
        (void)pitot::dataset::read_side_table({"fuzz.csv", text}, axis);
    }
    for (const bool skip_invalid : {false, true}) {
        std::vector<std::unique_ptr<pitot::dataset::Source>> sources;
        auto source = pitot::dataset::text_source("fuzz.csv", std::string(text));
        if (!source) {
            continue;
        }
        sources.push_back(*std::move(source));
        pitot::ReadOptions options;
        options.skip_invalid = skip_invalid;
        const auto dataset = pitot::dataset::read_sources(sources, options);
        if (!dataset) {
            continue;
        }
        if (!skip_invalid && dataset->dropped_rows != 0) {
            std::abort();
        }
        (void)pitot::dataset::describe(*dataset);
    }
    return 0;
}
