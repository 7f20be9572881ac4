// SHA-256, and names made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace pitot::core {

class Sha256 {
public:
    Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    ~Sha256();

    void bytes(const void* data, std::size_t size);
    void number(std::uint64_t value) { bytes(&value, sizeof(value)); }
    /// Its length, then its bytes: texts one after the other are told apart.
    void text(std::string_view value);
    template <typename T>
    void array(std::span<const T> values) {
        number(values.size());
        bytes(values.data(), values.size_bytes());
    }

    /// 64 hexadecimal digits. Nothing may be added after it.
    [[nodiscard]] std::string finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The digest of these bytes.
[[nodiscard]] std::string sha256_of(std::string_view bytes);

/// A UUID (version 8, RFC 9562) that stands for `text`: the same each time.
[[nodiscard]] std::string uuid_of(std::string_view text);

}  // namespace pitot::core
