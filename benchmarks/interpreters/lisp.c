// A small Lisp that is read from text and walked as lists (recursion, names found by search, an arena of pairs): SIZE
// rounds of sorting a list and adding up common divisors. Checked: the sums, found by counting and by Euler's totients.
#include "common.h"

static const char source[] =
    "(define next (lambda (x) (remainder (+ (* x 1103515) 12345) 65536)))"
    "(define make (lambda (n x) (if (< n 1) nil (cons x (make (- n 1) (next x))))))"
    "(define insert (lambda (x l) (if (null l) (cons x nil) (if (< x (first l)) (cons x l)"
    "  (cons (first l) (insert x (rest l)))))))"
    "(define sort (lambda (l) (if (null l) nil (insert (first l) (sort (rest l))))))"
    "(define weigh (lambda (l k s) (if (null l) s (weigh (rest l) (+ k 1) (+ s (* k (first l)))))))"
    "(define gcd (lambda (a b) (if (< b 1) a (gcd b (remainder a b)))))"
    "(define divisors (lambda (i n s) (if (< n i) s (divisors (+ i 1) n (+ s (gcd i n))))))"
    "(define round (lambda (x n) (+ (weigh (sort (make 40 x)) 1 0) (divisors 1 n 0))))";

typedef enum { NUMBER, SYMBOL, PAIR } Kind;
typedef struct Cell Cell;
struct Cell {
    Kind kind;
    union {
        int64_t number;  // of a symbol its place in `symbols`
        struct {
            Cell *first, *rest;
        };
    };
};
typedef enum { USER, IF, DEFINE, NULL_P, FIRST, REST, CONS, LESS, ADD, SUBTRACT, MULTIPLY, REMAINDER } Code;
typedef struct {
    char name[12];
    Code code;
    Cell* value;
} Symbol;

enum { kCells = 1 << 16, kArguments = 4 };
static Cell cells[kCells];
static int used_cells, symbol_count = 11;
static Symbol symbols[64] = {{"if", IF, 0},
                             {"define", DEFINE, 0},
                             {"null", NULL_P, 0},
                             {"first", FIRST, 0},
                             {"rest", REST, 0},
                             {"cons", CONS, 0},
                             {"<", LESS, 0},
                             {"+", ADD, 0},
                             {"-", SUBTRACT, 0},
                             {"*", MULTIPLY, 0},
                             {"remainder", REMAINDER, 0}};

static Cell* new_cell(Kind kind, int64_t number) {
    require(used_cells < kCells, "the arena is full");
    Cell* cell = &cells[used_cells++];
    cell->kind = kind;
    cell->number = number;
    return cell;
}

static Cell* cons(Cell* first, Cell* rest) {
    Cell* cell = new_cell(PAIR, 0);
    cell->first = first;
    cell->rest = rest;
    return cell;
}

static Cell* read_symbol(const char** at) {
    const size_t length = strcspn(*at, " ()");
    int i = 0;
    while (i < symbol_count && (strncmp(symbols[i].name, *at, length) != 0 || symbols[i].name[length] != 0))
        ++i;
    if (i == symbol_count)
        memcpy(symbols[symbol_count++].name, *at, length);
    *at += length;
    return new_cell(SYMBOL, i);
}

static Cell* read_form(const char** at);

// The elements up to the closing bracket, which is passed.
static Cell* read_rest(const char** at) {
    *at += strspn(*at, " ");
    if (**at == ')') {
        ++*at;
        return NULL;
    }
    Cell* first = read_form(at);
    return cons(first, read_rest(at));
}

static Cell* read_form(const char** at) {
    *at += strspn(*at, " ");
    if (**at == '(') {
        ++*at;
        return read_rest(at);
    }
    if (**at < '0' || **at > '9')
        return read_symbol(at);
    char* end;
    Cell* number = new_cell(NUMBER, strtoll(*at, &end, 10));
    *at = end;
    return number;
}

// NULL is the empty list, and false.
static Cell* truth(bool value) { return value ? new_cell(NUMBER, 1) : NULL; }

static Cell* apply(Code code, Cell** a) {
    switch (code) {
        case NULL_P:
            return truth(a[0] == NULL);
        case FIRST:
            return a[0]->first;
        case REST:
            return a[0]->rest;
        case CONS:
            return cons(a[0], a[1]);
        case LESS:
            return truth(a[0]->number < a[1]->number);
        case ADD:
            return new_cell(NUMBER, a[0]->number + a[1]->number);
        case SUBTRACT:
            return new_cell(NUMBER, a[0]->number - a[1]->number);
        case MULTIPLY:
            return new_cell(NUMBER, a[0]->number * a[1]->number);
        default:
            return new_cell(NUMBER, a[0]->number % a[1]->number);
    }
}

static Cell* look_up(int64_t symbol, const Cell* names, Cell** values) {
    for (; names != NULL; names = names->rest, ++values)
        if (names->first->number == symbol)
            return *values;
    return symbols[symbol].value;
}

static Cell* evaluate(Cell* form, const Cell* names, Cell** values) {
    Cell *arguments[kArguments], *own[kArguments];
    for (;;) {
        if (form == NULL || form->kind == NUMBER)
            return form;
        if (form->kind == SYMBOL)
            return look_up(form->number, names, values);
        const Symbol* head = &symbols[form->first->number];
        Cell* rest = form->rest;
        if (head->code == IF) {
            form = evaluate(rest->first, names, values) != NULL ? rest->rest->first : rest->rest->rest->first;
            continue;
        }
        for (int n = 0; rest != NULL; rest = rest->rest)
            arguments[n++] = evaluate(rest->first, names, values);
        if (head->code != USER)
            return apply(head->code, arguments);
        // The last call of a function takes its place.
        names = head->value->rest->first;
        form = head->value->rest->rest->first;
        memcpy(own, arguments, sizeof own);
        values = own;
    }
}

// What (round x n) should be.
static int64_t expected_round(int64_t x, int n) {
    int64_t list[40], sum = 0;
    for (int i = 0; i < 40; ++i, x = (x * 1103515 + 12345) % 65536)
        list[i] = x;
    for (int i = 0; i < 40; ++i) {
        int place = 1;
        for (int j = 0; j < 40; ++j)
            place += list[j] < list[i] || (list[j] == list[i] && j < i);
        sum += place * list[i];
    }
    for (int d = 1; d <= n; ++d) {
        int totient = n / d, left = n / d;
        for (int p = 2; p <= left; ++p) {
            if (left % p == 0)
                totient -= totient / p;
            while (left % p == 0)
                left /= p;
        }
        sum += n % d == 0 ? d * totient : 0;
    }
    return sum;
}

int main(void) {
    for (const char* at = source; *at != 0;) {
        Cell* form = read_form(&at);
        require(symbols[form->first->number].code == DEFINE, "a form that is no definition");
        symbols[form->rest->first->number].value = form->rest->rest->first;
    }
    const char* text = "(round x n)";
    Cell* call = read_form(&text);
    const int kept = used_cells;
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        used_cells = kept;
        call->rest->first = new_cell(NUMBER, i * 37 % 65536);
        call->rest->rest->first = new_cell(NUMBER, 1 + i % 60);
        const int64_t result = evaluate(call, NULL, NULL)->number;
        require(result == expected_round(i * 37 % 65536, 1 + i % 60), "the value of a round");
        digest = mix(digest, (uint64_t)result);
    }
    return finish(digest);
}
