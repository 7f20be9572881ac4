#include "core/digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <bit>
#include <new>

#include "core/check.hpp"

namespace pitot::core {

static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");

struct Sha256::State {
    EVP_MD_CTX* context = ::EVP_MD_CTX_new();

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { ::EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    if (state_->context == nullptr) {
        throw std::bad_alloc();
    }
    PITOT_CHECK(::EVP_DigestInit_ex(state_->context, ::EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::bytes(const void* data, std::size_t size) {
    PITOT_CHECK(size == 0 || ::EVP_DigestUpdate(state_->context, data, size) == 1);
}

void Sha256::text(std::string_view value) {
    number(value.size());
    bytes(value.data(), value.size());
}

std::string Sha256::finish() {
    std::array<unsigned char, 32> digest{};
    unsigned int size = 0;
    PITOT_CHECK(::EVP_DigestFinal_ex(state_->context, digest.data(), &size) == 1 && size == digest.size());
    std::string hex;
    for (const unsigned char byte : digest) {
        hex += fmt::format("{:02x}", byte);
    }
    return hex;
}

std::string sha256_of(std::string_view bytes) {
    Sha256 hash;
    hash.bytes(bytes.data(), bytes.size());
    return hash.finish();
}

std::string uuid_of(std::string_view text) {
    std::string hex = sha256_of(text);
    hex[12] = '8';                                              // version
    hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) % 4];  // variant
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                       hex.substr(20, 12));
}

}  // namespace pitot::core
