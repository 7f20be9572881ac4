// Archives of arrays out of any bytes. Checksums and compression would keep a fuzzer away from what is behind them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../unit/formats/npz_bytes.hpp"

namespace pitot::test {

/// Packs `input` into an archive: a byte that chooses the name of an array, two that give its length, the array. Bytes
/// that begin like an archive are left as they are.
inline std::string archive_of(std::string_view input, std::span<const char* const> names) {
    if (input.starts_with("PK")) {
        return std::string(input);
    }
    std::vector<Member> members;
    while (input.size() >= 3) {
        const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(input[i])); };
        const std::string name = names[byte(0) % names.size()];
        const std::size_t length = byte(1) | (byte(2) << 8U);
        input.remove_prefix(3);
        members.push_back({name + ".npy", std::string(input.substr(0, length)), false, -1, -1, 0});
        input.remove_prefix(std::min(length, input.size()));
    }
    return zip(members);
}

}  // namespace pitot::test
