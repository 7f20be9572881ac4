#include "formats/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/utf8.hpp"

namespace pitot::formats {
namespace {

// Brackets open at once, at most; those in texts do not count. Of broken JSON it may say too much, never too little.
std::size_t depth_of(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            i += c == '\\' ? 1 : 0;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

// The first fault of a text that is not JSON or holds a number that does not fit.
class FirstFault final : public nlohmann::json_sax<nlohmann::json> {
public:
    bool null() override { return true; }
    bool boolean(bool /*value*/) override { return true; }
    bool number_integer(number_integer_t /*value*/) override { return true; }
    bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
    bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
    bool string(string_t& /*value*/) override { return true; }
    bool binary(binary_t& /*value*/) override { return true; }
    bool start_object(std::size_t /*elements*/) override { return true; }
    bool key(string_t& /*value*/) override { return true; }
    bool end_object() override { return true; }
    bool start_array(std::size_t /*elements*/) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t position, const std::string& token, const nlohmann::json::exception& error) override {
        number_ = dynamic_cast<const nlohmann::json::out_of_range*>(&error) != nullptr;
        end_ = position;
        begin_ = number_ ? position - std::min(position, token.size()) + 1 : position;
        return false;
    }

    [[nodiscard]] std::string describe(std::string_view text) const {
        if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
            return "is empty";
        }
        const std::string_view before = text.substr(0, std::max<std::size_t>(begin_, 1) - 1);
        const auto line = std::ranges::count(before, '\n') + 1;
        const std::size_t last = before.rfind('\n');
        const std::size_t column = before.size() - (last == std::string_view::npos ? 0 : last + 1) + 1;
        if (number_) {
            return fmt::format("holds a number beyond what a double can, at line {}, column {}", line, column);
        }
        if (end_ > text.size()) {
            return fmt::format("is not JSON: it ends too early, in line {}; was it cut?", line);
        }
        return fmt::format("is not JSON: unexpected text at line {}, column {}", line, column);
    }

private:
    bool number_ = false;
    std::size_t begin_ = 0;  // counted from 1
    std::size_t end_ = 0;
};

}  // namespace

Failure wrong(std::string what) { return fail(ErrorCode::kInput, std::move(what)); }

Result<nlohmann::json> parse_json(std::string_view text) {
    if (text.size() > kLargestJson) {
        return fail(ErrorCode::kInput,
                    fmt::format("is larger than {} MiB; split it or leave it out", kLargestJson >> 20U));
    }
    if (depth_of(text) > kDeepestJson) {
        return fail(ErrorCode::kInput,
                    fmt::format("nests more than {} levels of brackets; nothing of ours does", kDeepestJson));
    }
    FirstFault fault;
    if (!nlohmann::json::sax_parse(text, &fault)) {
        return fail(ErrorCode::kInput, fault.describe(text));
    }
    return nlohmann::json::parse(text);
}

// A text that can be a name or part of one; `place` says where it stands.
Result<std::string> read_name(const nlohmann::json* json, std::string_view place) {
    if (json == nullptr) {
        return wrong(fmt::format("has no {}", place));
    }
    if (!json->is_string()) {
        return wrong(fmt::format("has {} where {} should be a text", kind_of(*json), place));
    }
    auto text = json->get<std::string>();
    if (const char* fault = core::name_fault(text); fault != nullptr) {
        return wrong(fmt::format("has a name that cannot be used: {} {}", place, fault));
    }
    return text;
}

// Numbers from 0 to `most`.
Result<std::vector<double>> read_numbers(const nlohmann::json& json, std::string_view place, double most) {
    if (!json.is_array()) {
        return wrong(fmt::format("has {} where {} should be an array", kind_of(json), place));
    }
    std::vector<double> numbers;
    numbers.reserve(json.size());
    for (const nlohmann::json& element : json) {
        if (!element.is_number()) {
            return wrong(
                fmt::format("has {} where {}[{}] should be a number", kind_of(element), place, numbers.size()));
        }
        const auto number = element.get<double>();
        if (!(number >= 0 && number <= most)) {
            return wrong(
                fmt::format("has {} as {}[{}], which should be 0 to {:g}", number, place, numbers.size(), most));
        }
        numbers.push_back(number);
    }
    return numbers;
}

const nlohmann::json* find_member(const nlohmann::json& json, std::string_view key) {
    if (!json.is_object()) {
        return nullptr;
    }
    const auto found = json.find(key);
    return found == json.end() ? nullptr : &*found;
}

const char* kind_of(const nlohmann::json& json) {
    switch (json.type()) {
        case nlohmann::json::value_t::null:
            return "null";
        case nlohmann::json::value_t::object:
            return "an object";
        case nlohmann::json::value_t::array:
            return "an array";
        case nlohmann::json::value_t::string:
            return "a text";
        case nlohmann::json::value_t::boolean:
            return "true or false";
        default:
            return "a number";
    }
}

}  // namespace pitot::formats
