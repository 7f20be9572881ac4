#include "engines/engine_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>

#include "core/read_file.hpp"
#include "core/suggest.hpp"
#include "engines/files.hpp"

namespace pitot::engines {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;
constexpr std::size_t kLongestName = 64;
constexpr const char* kName = "letters, digits, '.', '_', '+' and '-', a letter or digit first, at most 64";

Failure wrong(const std::string& where, const std::string& what) {
    return fail(ErrorCode::kInput, fmt::format("{}: {}; docs/engines.md describes the form", where, what));
}

bool is_name(std::string_view text) {
    const auto alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !text.empty() && text.size() <= kLongestName && alphanumeric(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '+' || c == '-'; });
}

/// Reads the fields of one object; the first error is kept, and what is read after it does not matter.
class Fields {
public:
    Fields(const Json& json, std::string where) : json_(&json), where_(std::move(where)) {}

    [[nodiscard]] const Result<void>& result() const { return result_; }
    void refuse(const std::string& field, const std::string& what) {
        if (result_) {
            result_ = wrong(where_, fmt::format("field '{}' {}", field, what));
        }
    }

    std::string text(const char* field) {
        const Json* value = find(field, true);
        if (value == nullptr) {
            return {};
        }
        if (!value->is_string() || value->get_ref<const std::string&>().empty()) {
            refuse(field, "must be a text that is not empty");
            return {};
        }
        return value->get<std::string>();
    }
    std::string name(const char* field, bool required = true) {
        const Json* value = find(field, required);
        if (value == nullptr) {
            return {};
        }
        if (!value->is_string() || !is_name(value->get_ref<const std::string&>())) {
            refuse(field, fmt::format("must be a name: {}", kName));
            return {};
        }
        return value->get<std::string>();
    }
    Words words(const char* field, bool required = true) {
        const Json* value = find(field, required);
        return value == nullptr ? Words() : to_words(*value, field);
    }
    NamedWords named_words(const char* field, bool required) {
        NamedWords named;
        for_each(field, required,
                 [&](const std::string& key, const Json& value) { named.emplace_back(key, to_words(value, field)); });
        return named;
    }
    std::vector<std::pair<std::string, std::string>> named_texts(const char* field) {
        std::vector<std::pair<std::string, std::string>> named;
        for_each(field, false, [&](const std::string& key, const Json& value) {
            if (value.is_string() && key.find('=') == std::string::npos) {
                named.emplace_back(key, value.get<std::string>());
            } else {
                refuse(field, "must give each variable (a name without '=') a text");
            }
        });
        return named;
    }
    std::vector<Words> list_of_words(const char* field) {
        std::vector<Words> list;
        const Json* value = find(field, false);
        if (value == nullptr) {
            return list;
        }
        if (!value->is_array()) {
            refuse(field, "must be a list of commands");
            return list;
        }
        for (const Json& one : *value) {
            list.push_back(to_words(one, field));
        }
        return list;
    }
    bool flag(const char* field, bool otherwise) {
        const Json* value = find(field, false);
        if (value != nullptr && !value->is_boolean()) {
            refuse(field, "must be true or false");
        }
        return value != nullptr && value->is_boolean() ? value->get<bool>() : otherwise;
    }
    /// A list of words, or the name of a variable.
    Given given(const char* field, bool takes_variable) {
        Given given;
        const Json* value = find(field, false);
        if (value != nullptr && value->is_string() && takes_variable) {
            given.variable = value->get<std::string>();
            if (given.variable.empty() || given.variable.find_first_of(std::string("=\0", 2)) != std::string::npos) {
                refuse(field, "must be the name of a variable, without '='");
            }
        } else if (value != nullptr) {
            given.words = to_words(*value, field);
        }
        return given;
    }
    /// An object's fields; those of an empty object if it is absent.
    Fields object(const char* field) {
        static const Json nothing = Json::object();
        const Json* value = find(field, false);
        if (value != nullptr && !value->is_object()) {
            refuse(field, "must be an object");
        }
        return {value != nullptr && value->is_object() ? *value : nothing, where_ + fmt::format(": '{}'", field)};
    }
    void take_result(const Fields& other) { result_ = result_ ? other.result_ : result_; }
    /// Call it last.
    void refuse_others() {
        for (const auto& [key, value] : json_->items()) {
            if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
                refuse(key, fmt::format("is not known{}", core::suggestion(key, known_)));
            }
        }
    }

private:
    const Json* find(const char* field, bool required) {
        known_.emplace_back(field);
        const auto found = json_->find(field);
        if (found != json_->end()) {
            return &*found;
        }
        if (required) {
            refuse(field, "is missing");
        }
        return nullptr;
    }
    template <typename Visit>
    void for_each(const char* field, bool required, const Visit& visit) {
        const Json* value = find(field, required);
        if (value == nullptr) {
            return;
        }
        if (!value->is_object()) {
            refuse(field, "must be an object");
            return;
        }
        for (const auto& [key, one] : value->items()) {
            visit(key, one);
        }
    }
    Words to_words(const Json& json, const char* field) {
        Words words;
        const bool is_list = json.is_array() && !json.empty();
        if (!is_list || !std::all_of(json.begin(), json.end(), [](const Json& word) {
                return word.is_string() && word.get_ref<const std::string&>().find('\0') == std::string::npos;
            })) {
            refuse(field, "must hold lists of words (texts) that are not empty");
            return words;
        }
        for (const Json& word : json) {
            words.push_back(word.get<std::string>());
        }
        return words;
    }

    const Json* json_;
    std::string where_;
    std::vector<std::string> known_;
    Result<void> result_;
};

/// Every name between braces in `words` must be one of `programs` or `more`.
void check_names(Fields& fields, const char* field, const Words& words, const NamedWords& programs,
                 std::span<const char* const> more) {
    for (const std::string& word : words) {
        for (const std::string& name : names_in(word)) {
            std::vector<std::string> known(more.begin(), more.end());
            for (const auto& [program, candidates] : programs) {
                known.push_back(program);
            }
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                fields.refuse(field, fmt::format("has '{{{}}}', which is neither in 'programs' nor one of {{{}}}{}",
                                                 name, fmt::join(more, "}, {"), core::suggestion(name, known)));
            }
            if ((name == "args" || name == "options" || name == "emulator") && word != "{" + name + "}") {
                fields.refuse(field, fmt::format("has '{{{}}}' inside a word; it stands for several, so make it a "
                                                 "word of its own",
                                                 name));
            }
        }
    }
}

bool has_name(const Words& words, const std::string& name) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        const auto names = names_in(word);
        return std::find(names.begin(), names.end(), name) != names.end();
    });
}

void check_programs(Fields& fields, const NamedWords& programs) {
    constexpr std::array taken{"module", "args", "options", "value", "build", "files", "emulator", "engines", "self"};
    constexpr std::array folders{"engines", "self"};
    for (const auto& [name, candidates] : programs) {
        if (!is_name(name) || std::find(taken.begin(), taken.end(), name) != taken.end()) {
            fields.refuse("programs", fmt::format("has '{}', which is {}; choose another name", name,
                                                  is_name(name) ? "taken" : "no name"));
        }
        check_names(fields, "programs", candidates, {}, folders);
    }
}

Result<DeviceEntry> read_device(const Json& json, const std::string& where) {
    Fields fields(json, where);
    DeviceEntry entry;
    entry.name = fields.name("name");
    entry.title = fields.text("title");
    entry.package = fields.text("package");
    entry.cpu = fields.name("cpu");
    entry.programs = fields.named_words("programs", true);
    entry.version = fields.named_words("version", false);
    entry.emulator = fields.words("emulator");
    fields.refuse_others();
    constexpr std::array<const char*, 1> folders{"engines"};
    check_programs(fields, entry.programs);
    check_names(fields, "emulator", entry.emulator, entry.programs, folders);
    for (const auto& [label, words] : entry.version) {
        check_names(fields, "version", words, entry.programs, folders);
    }
    if (!fields.result()) {
        return Failure(fields.result().error());
    }
    return entry;
}

void read_given(Fields& fields, EngineEntry& entry) {
    Fields given = fields.object("given");
    entry.give_input = given.flag("stdin", true);
    entry.give_environment = given.given("env", true);
    entry.give_folders = given.given("dir", false);
    entry.give_calls = given.given("warm", true);
    entry.give_imports = given.given("imports", false);
    given.refuse_others();
    constexpr std::array<const char*, 1> value{"value"};
    for (const auto& [field, how] : {std::pair("env", &entry.give_environment), std::pair("dir", &entry.give_folders),
                                     std::pair("warm", &entry.give_calls), std::pair("imports", &entry.give_imports)}) {
        check_names(given, field, how->words, {}, value);
        if (given.result() && !how->words.empty() && !has_name(how->words, "value")) {
            given.refuse(field, "has no '{value}'; put it where what is given goes");
        }
        if (given.result() && !how->words.empty() && !has_name(entry.run, "options")) {
            given.refuse(field, "has words, but 'run' has no '{options}'; put it where they go");
        }
    }
    fields.take_result(given);
}

Result<EngineEntry> read_engine(const Json& json, const std::string& where) {
    Fields fields(json, where);
    EngineEntry entry;
    entry.name = fields.name("name");
    entry.title = fields.text("title");
    entry.package = fields.text("package");
    entry.device = fields.name("device", false);
    entry.programs = fields.named_words("programs", true);
    entry.version = fields.named_words("version", false);
    entry.environment = fields.named_texts("environment");
    entry.compile = fields.list_of_words("compile");
    entry.run = fields.words("run");
    entry.provides = fields.words("provides", false);
    read_given(fields, entry);
    fields.refuse_others();
    check_programs(fields, entry.programs);
    std::vector<const char*> names{"engines"};
    if (!entry.device.empty()) {
        names.push_back("emulator");
    }
    for (const auto& [label, words] : entry.version) {
        check_names(fields, "version", words, entry.programs, names);
    }
    names.insert(names.end(), {"module", "files"});
    if (!entry.compile.empty()) {
        names.push_back("build");
    }
    for (const Words& words : entry.compile) {
        check_names(fields, "compile", words, entry.programs, names);
    }
    names.insert(names.end(), {"options", "args"});
    check_names(fields, "run", entry.run, entry.programs, names);
    if (fields.result() && !has_name(entry.run, "args")) {
        fields.refuse("run", "has no '{args}'; put it where the module's arguments go");
    }
    if (fields.result() && !has_name(entry.run, entry.compile.empty() ? "module" : "build")) {
        fields.refuse("run", entry.compile.empty() ? "has no '{module}'; put it where the module's file goes"
                                                   : "has no '{build}'; name what 'compile' has made there");
    }
    if (!fields.result()) {
        return Failure(fields.result().error());
    }
    return entry;
}

/// "engine 'node'", or its number where it has no name.
std::string entry_name(const std::string& file, const char* kind, std::size_t number, const Json& json) {
    if (json.is_object() && json.contains("name") && json["name"].is_string()) {
        return fmt::format("{}: {} '{}'", file, kind, json["name"].get<std::string>());
    }
    return fmt::format("{}: {} {} (counted from 1)", file, kind, number);
}

/// An entry takes the place of one of an earlier file with the same name; in one file each stands once.
template <typename Entry, typename Read, typename Same>
Result<void> read_entries(const Json& json, const std::string& file, const char* list, const char* kind,
                          const Read& read, const Same& same, std::vector<Entry>& entries) {
    if (!json.contains(list)) {
        return {};
    }
    if (!json[list].is_array()) {
        return wrong(file, fmt::format("'{}' must be a list", list));
    }
    std::vector<Entry> added;
    std::size_t number = 0;
    for (const Json& one : json[list]) {
        const std::string where = entry_name(file, kind, ++number, one);
        if (!one.is_object()) {
            return wrong(where, "must be an object");
        }
        PITOT_TRY(auto entry, read(one, where));
        const auto is_same = [&](const Entry& other) { return same(other, entry); };
        if (std::any_of(added.begin(), added.end(), is_same)) {
            return wrong(where, "stands twice; choose another name");
        }
        entries.erase(std::remove_if(entries.begin(), entries.end(), is_same), entries.end());
        added.push_back(std::move(entry));
    }
    entries.insert(entries.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
    return {};
}

}  // namespace

std::vector<std::string> names_in(const std::string& word) {
    std::vector<std::string> names;
    std::size_t open = word.find('{');
    while (open != std::string::npos) {
        const std::size_t close = word.find('}', open);
        if (close == std::string::npos) {
            break;
        }
        if (open == 0 || word[open - 1] != '$') {
            names.push_back(word.substr(open + 1, close - open - 1));
        }
        open = word.find('{', close);
    }
    return names;
}

const DeviceEntry* EngineTable::device(std::string_view name) const {
    const auto found = std::find_if(devices.begin(), devices.end(), [&](const auto& one) { return one.name == name; });
    return found == devices.end() ? nullptr : &*found;
}

Result<void> add_to_table(std::string_view text, const std::string& file, EngineTable& table) {
    Json json;
    try {
        json = Json::parse(text);
    } catch (const Json::parse_error& error) {
        return wrong(file, fmt::format("is not JSON (byte {})", error.byte));
    }
    if (!json.is_object()) {
        return wrong(file, "must be an object with 'schema' and 'engines'");
    }
    const std::vector<std::string> known{"schema", "devices", "engines"};
    for (const auto& [key, value] : json.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            return wrong(file, fmt::format("'{}' is not known{}", key, core::suggestion(key, known)));
        }
    }
    if (!json.contains("schema") || !json["schema"].is_number_integer() || json["schema"] != kSchema) {
        return wrong(file, fmt::format("'schema' must be {}", kSchema));
    }
    auto read = read_entries(
        json, file, "devices", "device", read_device, [](const auto& a, const auto& b) { return a.name == b.name; },
        table.devices);
    if (!read) {
        return read;
    }
    read = read_entries(
        json, file, "engines", "engine", read_engine,
        [](const auto& a, const auto& b) { return a.name == b.name && a.device == b.device; }, table.engines);
    for (const EngineEntry& entry : table.engines) {
        if (read && !entry.device.empty() && table.device(entry.device) == nullptr) {
            return wrong(fmt::format("{}: engine '{}'", file, entry.name),
                         fmt::format("field 'device' names '{}', which is not among the devices", entry.device));
        }
    }
    return read;
}

Result<EngineTable> read_engine_table(const std::filesystem::path& extra) {
    EngineTable table;
    Result<void> added = add_to_table(embedded_file("engines.json"), "the built-in table", table);
    if (added && !extra.empty()) {
        PITOT_TRY(const auto text, core::read_file(extra));
        added = add_to_table(text, extra.string(), table);
    }
    if (!added) {
        return Failure(added.error());
    }
    return table;
}

}  // namespace pitot::engines
