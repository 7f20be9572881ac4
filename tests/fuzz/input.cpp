// Any bytes as an input: unpacked if they are gzip, decoded, and read as whatever they seem to be.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "core/utf8.hpp"
#include "dataset/text_table.hpp"
#include "formats/input.hpp"
#include "formats/quantity.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const pitot::test::MemoryFile file(bytes);
    auto input = pitot::formats::read_input(file.path());
    if (!input) {
        return 0;
    }
    if (const auto table = pitot::dataset::text_table("fuzz", *std::move(input))) {
        std::size_t width = 0;
        (void)table->for_each_record([&](std::int64_t, std::span<const std::string> fields) -> pitot::Result<void> {
            for (const std::string& field : fields) {
                const auto quantity = pitot::formats::parse_quantity(field, pitot::formats::DecimalMark::kComma);
                width += quantity ? quantity->digits.size() : 0;
            }
            return {};
        });
        if (table->listed && table->records.empty()) {
            std::abort();
        }
    }
    return 0;
}
