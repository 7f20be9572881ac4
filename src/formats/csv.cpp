#include "formats/csv.hpp"

#include <csv.h>
#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "core/path.hpp"

namespace pitot::formats {
namespace {

constexpr std::size_t kChunkBytes = 1 << 16;

// What libcsv's callbacks gather: fields until a record ends.
class Records {
public:
    Records(const CsvInput& input, const RecordHandler& handler)
        : file_(input.file.string()),
          handler_(handler),
          parser_(std::make_unique<csv_parser>()),
          line_(input.first_line) {
        ::csv_init(parser_.get(), CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
        ::csv_set_delim(parser_.get(), static_cast<unsigned char>(input.delimiter));
    }
    Records(const Records&) = delete;
    Records& operator=(const Records&) = delete;
    ~Records() { ::csv_free(parser_.get()); }

    [[nodiscard]] Result<void> take(std::string_view chunk) {
        if (first_ && chunk.starts_with("\xEF\xBB\xBF")) {
            chunk.remove_prefix(3);
        }
        first_ = first_ && chunk.empty();
        const std::size_t parsed = ::csv_parse(parser_.get(), chunk.data(), chunk.size(), on_field, on_record, this);
        return parsed == chunk.size() ? std::move(outcome_) : broken();
    }

    [[nodiscard]] Result<void> finish() {
        const bool whole = ::csv_fini(parser_.get(), on_field, on_record, this) == 0;
        return whole || !outcome_ ? std::move(outcome_) : broken();
    }

private:
    static void on_field(void* text, std::size_t size, void* self) {
        static_cast<Records*>(self)->add_field({static_cast<const char*>(text), size});
    }
    static void on_record(int terminator, void* self) { static_cast<Records*>(self)->end_record(terminator); }

    void add_field(std::string_view text) {
        if (count_ == fields_.size()) {
            fields_.emplace_back();
        }
        fields_[count_++].assign(text);
        inner_lines_ += std::ranges::count(text, '\n');
    }

    void end_record(int terminator) {
        const bool second_half = terminator == CSV_LF && count_ == 0 && last_terminator_ == CSV_CR;
        last_terminator_ = terminator;
        if (second_half) {  // of CR LF
            return;
        }
        if (count_ > 0 && outcome_) {
            outcome_ = handler_(line_, std::span(fields_).first(count_));
        }
        line_ += 1 + std::exchange(inner_lines_, 0);
        count_ = 0;
    }

    [[nodiscard]] Failure broken() const {
        if (!outcome_) {
            return Failure(outcome_.error());
        }
        const int error = ::csv_error(parser_.get());
        if (error != CSV_EPARSE) {
            return fail(ErrorCode::kEnvironment, fmt::format("{}: line {}: {}; free some memory, or split the file",
                                                             file_, line_, ::csv_strerror(error)));
        }
        return fail(
            ErrorCode::kInput,
            fmt::format("{}: line {}: a quote is out of place or never closed; a field with commas, quotes or line "
                        "breaks is written \"like \"\"this\"\"\"",
                        file_, line_));
    }

    std::string file_;
    const RecordHandler& handler_;
    std::unique_ptr<csv_parser> parser_;
    std::vector<std::string> fields_;  // kept between records for their memory
    std::size_t count_ = 0;
    std::int64_t line_;
    std::int64_t inner_lines_ = 0;
    int last_terminator_ = 0;
    bool first_ = true;
    Result<void> outcome_;
};

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

Failure unreadable(const std::filesystem::path& file) {
    return fail(ErrorCode::kEnvironment, fmt::format("{}: cannot be read: {}; check the path and its permissions",
                                                     file.string(), std::generic_category().message(errno)));
}

// The delimiters that are recognised; of two that divide lines as well, the one that text holds less often comes first.
constexpr std::string_view kDelimiters = ";\t,|";

// How often each delimiter stands outside of quotes, in each of the first lines that are not empty.
std::vector<std::array<int, kDelimiters.size()>> count_delimiters(std::string_view text) {
    constexpr std::size_t most_lines = 50;
    std::vector<std::array<int, kDelimiters.size()>> counts;
    std::array<int, kDelimiters.size()> line{};
    bool quoted = false;
    bool empty = true;
    for (const char c : text) {
        quoted = c == '"' ? !quoted : quoted;
        if (!quoted && (c == '\n' || c == '\r')) {
            if (!empty) {
                counts.push_back(line);
            }
            line = {};
            empty = true;
            if (counts.size() == most_lines) {
                return counts;
            }
            continue;
        }
        empty = false;
        if (const auto at = kDelimiters.find(c); !quoted && at != std::string_view::npos) {
            ++line.at(at);
        }
    }
    if (!empty && !quoted) {
        counts.push_back(line);
    }
    return counts;
}

// The delimiter that the header has and most lines have as often as it, then the one that the header has most of.
char find_delimiter(std::string_view text) {
    const auto counts = count_delimiters(text);
    char best = ',';  // of a single column
    std::pair<std::int64_t, int> best_score{-1, 0};
    for (std::size_t d = 0; d < kDelimiters.size() && !counts.empty(); ++d) {
        const int of_header = counts.front().at(d);
        if (of_header == 0) {
            continue;
        }
        const auto alike = std::ranges::count_if(counts, [&](const auto& line) { return line.at(d) == of_header; });
        if (const std::pair<std::int64_t, int> score{alike, of_header}; score > best_score) {
            best_score = score;
            best = kDelimiters[d];
        }
    }
    return best;
}

std::string_view line_at(std::string_view text, std::size_t at) {
    return text.substr(at, std::min(text.find_first_of("\r\n", at), text.size()) - at);
}

}  // namespace

DelimitedText delimited_text(std::string name, std::string text) {
    DelimitedText out;
    out.name = std::move(name);
    out.text = std::move(text);
    const std::string_view all = out.text;
    const auto skip_line = [&](std::size_t length) {
        out.start += length;
        out.start += all.substr(out.start).starts_with("\r\n") ? 2U : out.start < all.size() ? 1U : 0U;
        ++out.first_line;
    };
    char said = '\0';
    for (;;) {
        const std::string_view line = line_at(all, out.start);
        if (line.size() == 5 && line.starts_with("sep=")) {  // Excel's own
            said = line.back();
        } else if (line.starts_with('#')) {
            ++out.comments;
        } else if (!line.empty() || out.start == all.size()) {
            break;
        }
        skip_line(line.size());
    }
    out.delimiter = said != '\0' && said != '"' ? said : find_delimiter(all.substr(out.start));
    return out;
}

Result<void> DelimitedText::for_each_record(const RecordHandler& handler) const {
    return read_csv({name, std::string_view(text).substr(start), delimiter, first_line}, handler);
}

Result<void> read_csv(const CsvInput& input, const RecordHandler& handler) {
    Records records(input, handler);
    if (input.text) {
        // Piece by piece, so that a handler's error ends the reading.
        for (std::size_t at = 0; at < input.text->size(); at += kChunkBytes) {
            if (auto taken = records.take(input.text->substr(at, kChunkBytes)); !taken) {
                return taken;
            }
        }
        return records.finish();
    }
    if (core::holds_nul(input.file)) {
        errno = EINVAL;
        return unreadable(input.file);
    }
    const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(input.file.c_str(), "rbe"));
    if (!file) {
        return unreadable(input.file);
    }
    std::string chunk(kChunkBytes, '\0');
    while (const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
        if (auto taken = records.take(std::string_view(chunk).substr(0, n)); !taken) {
            return taken;
        }
    }
    return std::ferror(file.get()) != 0 ? Result<void>(unreadable(input.file)) : records.finish();
}

std::string csv_field(std::string_view text, bool quote_delimiters) {
    const auto outer_space = [](char c) { return c == ' ' || c == '\t'; };
    const bool plain = !text.empty() &&
                       text.find_first_of(quote_delimiters ? ",;|\t\"\r\n" : ",\"\r\n") == std::string_view::npos &&
                       !outer_space(text.front()) && !outer_space(text.back());
    if (plain) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted.append(c == '"' ? 2 : 1, c);
    }
    return quoted + '"';
}

std::optional<double> parse_number(std::string_view field) {
    double value = 0;
    field.remove_prefix(field.starts_with('+') && !field.starts_with("+-") ? 1 : 0);
    const auto [end, error] = fast_float::from_chars(field.data(), field.data() + field.size(), value);
    // Beyond the range of double: infinity or 0, as the nearest double says.
    const bool understood = error == std::errc() || error == std::errc::result_out_of_range;
    return understood && !field.empty() && end == field.data() + field.size() ? std::optional(value) : std::nullopt;
}

}  // namespace pitot::formats
