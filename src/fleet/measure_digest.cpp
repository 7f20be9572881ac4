#include "fleet/measure_digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "core/check.hpp"

namespace pitot::fleet {

std::string sha256_of(std::string_view bytes) {
    std::array<unsigned char, 32> digest{};
    unsigned int size = 0;
    PITOT_CHECK(::EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, ::EVP_sha256(), nullptr) == 1);
    PITOT_CHECK(size == digest.size());
    std::string hex;
    for (const unsigned char byte : digest) {
        hex += fmt::format("{:02x}", byte);
    }
    return hex;
}

std::string uuid_of(std::string_view text) {
    std::string hex = sha256_of(text);
    hex[12] = '8';                                              // version
    hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) % 4];  // variant
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                       hex.substr(20, 12));
}

}  // namespace pitot::fleet
