#include <openssl/evp.h>

#include <array>
#include <bit>
#include <memory>

#include <fmt/format.h>

#include "core/check.hpp"
#include "pitot/dataset.hpp"

namespace pitot {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");

// Every array is preceded by its length, so that no two datasets give the same bytes.
class Sha256 {
public:
    Sha256() : context_(::EVP_MD_CTX_new()) {
        PITOT_CHECK(context_ != nullptr && ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) == 1);
    }

    template <typename T>
    void array(std::span<const T> values) {
        length(values.size());
        bytes(values.data(), values.size_bytes());
    }
    void text(const std::string& value) {
        length(value.size());
        bytes(value.data(), value.size());
    }
    void texts(const std::vector<std::string>& values) {
        length(values.size());
        for (const std::string& value : values) {
            text(value);
        }
    }
    void length(std::uint64_t value) { bytes(&value, sizeof(value)); }

    [[nodiscard]] std::string finish() {
        std::array<unsigned char, 32> digest{};
        unsigned int size = 0;
        PITOT_CHECK(::EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1 && size == digest.size());
        std::string hex;
        for (const unsigned char byte : digest) {
            hex += fmt::format("{:02x}", byte);
        }
        return hex;
    }

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
    };

    void bytes(const void* data, std::size_t size) {
        PITOT_CHECK(size == 0 || ::EVP_DigestUpdate(context_.get(), data, size) == 1);
    }

    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

void add(Sha256& hash, const Side& side) {
    hash.texts(side.names);
    hash.texts(side.feature_names);
    hash.length(side.features.flat().size());
    for (const double value : side.features.flat()) {
        hash.length(std::bit_cast<std::uint64_t>(value + 0.0));  // -0 is 0
    }
}

void add(Sha256& hash, const ObservationTable& table) {
    hash.array(table.platform.values());
    hash.array(table.module.values());
    hash.length(static_cast<std::uint64_t>(table.width));
    hash.array(table.co_runner.values());
    hash.array(table.runtime_us.values());
}

}  // namespace

std::string dataset_digest(const Dataset& dataset) {
    Sha256 hash;
    hash.text("pitot dataset 1");
    add(hash, dataset.platforms);
    add(hash, dataset.modules);
    add(hash, dataset.alone);
    add(hash, dataset.together);
    return hash.finish();
}

}  // namespace pitot
