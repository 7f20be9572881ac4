// The counters of an instrumented copy, by its bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "wasm/instrument.hpp"

namespace pitot::test {

/// By counter: in how many places of the copy's code 1 is added to it.
inline std::vector<std::uint64_t> times_counted(const wasm::Instrumented& copy) {
    std::vector<std::uint64_t> times;
    for (std::size_t i = 0; i < copy.pieces.size(); ++i) {
        std::vector<std::uint8_t> number;
        for (std::uint64_t rest = copy.first_counter + i;; rest >>= 7U) {
            number.push_back(static_cast<std::uint8_t>((rest & 0x7FU) | (rest > 0x7F ? 0x80U : 0U)));
            if (rest <= 0x7F) {
                break;
            }
        }
        std::vector<std::uint8_t> code{0x23};  // global.get, i64.const 1, i64.add, global.set
        code.insert(code.end(), number.begin(), number.end());
        code.insert(code.end(), {0x42, 1, 0x7C, 0x24});
        code.insert(code.end(), number.begin(), number.end());
        std::uint64_t found = 0;
        for (auto at = std::search(copy.bytes.begin(), copy.bytes.end(), code.begin(), code.end());
             at != copy.bytes.end(); at = std::search(at + 1, copy.bytes.end(), code.begin(), code.end())) {
            ++found;
        }
        times.push_back(found);
    }
    return times;
}

}  // namespace pitot::test
