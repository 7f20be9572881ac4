"""A producer of Arrow streams for tests, by ctypes alone: what Polars, Arrow and DuckDB hand out."""

import ctypes

import numpy as np

from support import pitot  # noqa: F401  (finds the package)

from pitot import _arrow


class Column:
    """A column: its format, length, nulls and buffers; children and a dictionary if it has some."""

    def __init__(self, kind, length, buffers, valid=None, offset=0, children=(), dictionary=None):
        self.kind = kind
        self.length = length
        self.offset = offset
        nulls = 0 if valid is None else int(np.sum(~np.asarray(valid, dtype=bool)))
        self.nulls = nulls
        bits = None if valid is None else np.packbits(np.asarray(valid, dtype=bool), bitorder="little")
        self.buffers = ([] if kind == "n" else [bits]) + list(buffers)
        self.children = list(children)
        self.dictionary = dictionary


def texts(cells, large=False, offset=0):
    encoded = [(cell or "").encode() for cell in cells]
    offsets = np.cumsum([0] + [len(cell) for cell in encoded]).astype("i8" if large else "i4")
    valid = [cell is not None for cell in cells]
    valid = None if all(valid) else valid
    data = np.frombuffer(b"".join(encoded) or b"\0", dtype="u1")
    return Column("U" if large else "u", len(cells) - offset, [offsets, data], valid, offset)


def views(cells):
    data, heads = b"", b""
    for cell in cells:
        encoded = (cell or "").encode()
        size = np.int32(len(encoded)).tobytes()
        if len(encoded) <= 12:
            heads += size + encoded.ljust(12, b"\0")
        else:
            heads += size + encoded[:4] + np.int32(0).tobytes() + np.int32(len(data)).tobytes()
            data += encoded
    valid = None if None not in cells else [cell is not None for cell in cells]
    sizes = np.array([len(data)], dtype="i8")
    return Column("vu", len(cells), [np.frombuffer(heads, "u1"), np.frombuffer(data or b"\0", "u1"), sizes], valid)


def numbers(kind, values, valid=None, offset=0):
    dtype = _arrow._NUMBERS[kind]
    return Column(kind, len(values) - offset, [np.asarray(values, dtype=dtype)], valid, offset)


def truths(values, offset=0):
    return Column("b", len(values) - offset, [np.packbits(values, bitorder="little")], None, offset)


def coded(codes, cells, valid=None):
    return Column("i", len(codes), [np.asarray(codes, dtype="i4")], valid, dictionary=texts(cells))


def lists(cells):
    offsets = np.cumsum([0] + [len(cell) for cell in cells]).astype("i4")
    return Column("+l", len(cells), [offsets], children=[texts([name for cell in cells for name in cell])])


class Stream:
    """A table of batches, each a dictionary of columns; hands its stream out once."""

    columns = ()

    def __init__(self, *batches, single=False, error=None, skip=0):
        self.batches = batches
        self.skip = skip  # rows before the first that the tables leave out
        self.single = single
        self.error = error
        self.kept = []
        self.released = 0

    def __arrow_c_stream__(self, requested_schema=None):
        stream = _arrow._Stream()
        left = list(self.batches)

        def get_schema(_stream, out):
            self.fill_schema(out.contents, self.schema_of(self.batches[0]), b"")
            return 0

        def get_next(_stream, out):
            if self.error:
                return 5
            if not left:
                out.contents.release = type(out.contents.release)(0)
                return 0
            self.fill_array(out.contents, self.schema_of(left.pop(0)))
            return 0

        def last_error(_stream):
            return ctypes.cast(ctypes.c_char_p(self.error), ctypes.c_void_p).value

        fields = dict(_arrow._Stream._fields_)
        # A function that returns char* returns an address here: ctypes has no callbacks that return texts.
        returns_address = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_arrow._Stream))
        address = returns_address(last_error)
        stream.get_schema = fields["get_schema"](get_schema)
        stream.get_next = fields["get_next"](get_next)
        stream.get_last_error = ctypes.cast(address, fields["get_last_error"])
        stream.release = fields["release"](self.release)
        self.kept += [stream, address]
        new = ctypes.pythonapi.PyCapsule_New
        new.restype = ctypes.py_object
        new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new(ctypes.addressof(stream), b"arrow_array_stream", None)

    def schema_of(self, batch):
        if self.single:
            return next(iter(batch.values()))
        rows = next(iter(batch.values())).length
        table = Column("+s", rows - self.skip, [], offset=self.skip, children=list(batch.values()))
        table.names = list(batch)
        return table

    def release(self, thing):
        self.released += 1
        thing.contents.release = type(thing.contents.release)(0)

    def fill_schema(self, schema, column, name):
        schema.format = column.kind.encode()
        schema.name = name
        schema.n_children = len(column.children)
        children = [_arrow._Schema() for _ in column.children]
        for i, (child, of) in enumerate(zip(children, column.children)):
            self.fill_schema(child, of, getattr(column, "names", ["item"] * 9)[i].encode())
        schema.children = self.pointers(_arrow._Schema, children)
        if column.dictionary:
            inner = _arrow._Schema()
            self.fill_schema(inner, column.dictionary, b"")
            schema.dictionary = ctypes.pointer(inner)
        schema.release = dict(_arrow._Schema._fields_)["release"](self.release)
        self.kept.append(schema)

    def fill_array(self, array, column):
        array.length, array.null_count, array.offset = column.length, column.nulls, column.offset
        array.n_buffers, array.n_children = len(column.buffers), len(column.children)
        addresses = [None if buffer is None else buffer.ctypes.data for buffer in column.buffers]
        array.buffers = (ctypes.c_void_p * max(len(addresses), 1))(*addresses)
        children = [_arrow._ArrowArray() for _ in column.children]
        for child, of in zip(children, column.children):
            self.fill_array(child, of)
        array.children = self.pointers(_arrow._ArrowArray, children)
        if column.dictionary:
            inner = _arrow._ArrowArray()
            self.fill_array(inner, column.dictionary)
            array.dictionary = ctypes.pointer(inner)
        array.release = dict(_arrow._ArrowArray._fields_)["release"](self.release)
        self.kept += [array, column]

    def pointers(self, kind, things):
        array = (ctypes.POINTER(kind) * max(len(things), 1))(*[ctypes.pointer(thing) for thing in things])
        self.kept.append(array)
        return array
