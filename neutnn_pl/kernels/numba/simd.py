"""Vectors of integers in compiled code: what LLVM's own vectoriser would have to be coaxed into.

Each function below is an operation on whole vectors, which LLVM lowers to what the processor has
(one AVX-512 instruction, two of AVX2, four of NEON). Offsets into arrays count elements and are not
checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_M0, _M1, _W0, _W1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85


def philox_keys(key0: int, key1: int) -> npt.NDArray[np.uint64]:
    """Return the twenty key words of the ten rounds of Philox."""
    pairs = [((key0 + turn * _W0), (key1 + turn * _W1)) for turn in range(10)]
    return np.array([word & 0xFFFFFFFF for pair in pairs for word in pair], np.uint64)


class Vector(types.Type):
    """A vector of `lanes` integers of `bits` bits."""

    def __init__(self, lanes: int, bits: int) -> None:
        self.lanes, self.bits = lanes, bits
        super().__init__(name=f"Vector({lanes} x {bits})")

    @property
    def llvm(self) -> ir.VectorType:
        """Its type in LLVM."""
        return ir.VectorType(ir.IntType(self.bits), self.lanes)


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, vector.llvm)


BYTES = Vector(32, 8)
WORDS = Vector(16, 32)
PAIRS = Vector(8, 64)
MASK = Vector(16, 1)
_INT = types.int64


def _splat(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, _I32(0))
    lanes = ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), lanes)


def _many(value: int, vector: ir.VectorType) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


def _data(context: Any, builder: Any, array: Any, value: Any) -> Any:
    if isinstance(array, types.CPointer):
        return value
    return context.make_array(array)(context, builder, value).data


def _pointer(context: Any, builder: Any, array: Any, value: Any, offset: Any, vector: Any) -> Any:
    data = _data(context, builder, array, value)
    return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())


@intrinsic
def pointers(typing, arrays):
    """Return a named tuple of arrays as one of pointers to their first elements.

    Arrays count their references wherever they go, which costs more than what is done with them
    here. Whoever calls keeps the arrays alive.
    """
    kinds = [types.CPointer(array.dtype) for array in arrays.types]
    result = types.NamedTuple(kinds, arrays.instance_class)

    def generate(context, builder, signature, args):
        parts = [
            _data(context, builder, array, builder.extract_value(args[0], index))
            for index, array in enumerate(arrays.types)
        ]
        return context.make_tuple(builder, result, parts)

    return result(arrays), generate


def _integer(context: Any, builder: Any, value: Any, given: Any, bits: int) -> Any:
    wide = context.cast(builder, value, given, _INT)
    return wide if bits == 64 else builder.trunc(wide, ir.IntType(bits))


def _load(vector: Vector) -> Any:
    @intrinsic
    def load(typing: Any, array: Any, offset: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            at = _integer(context, builder, args[1], offset, 64)
            pointer = _pointer(context, builder, array, args[0], at, vector.llvm)
            return builder.load(pointer, align=1)

        return vector(array, offset), generate

    return load


def _store(vector: Vector) -> Any:
    @intrinsic
    def store(typing: Any, array: Any, offset: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            at = _integer(context, builder, args[1], offset, 64)
            pointer = _pointer(context, builder, array, args[0], at, vector.llvm)
            builder.store(args[2], pointer, align=1)
            return context.get_dummy_value()

        return types.void(array, offset, value), generate

    return store


def _spread(vector: Vector) -> Any:
    @intrinsic
    def splat(typing: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            one = _integer(context, builder, args[0], value, vector.bits)
            return _splat(builder, one, vector.llvm)

        return vector(value), generate

    return splat


def _two(operation: str) -> Any:
    @intrinsic
    def apply(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, operation)(*args)

        return a(a, b), generate

    return apply


def _compare(operation: str, signed: bool) -> Any:
    @intrinsic
    def apply(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            compare: Callable[..., Any] = builder.icmp_signed if signed else builder.icmp_unsigned
            return compare(operation, *args)

        return Vector(a.lanes, 1)(a, b), generate

    return apply


load_bytes, load_words = _load(BYTES), _load(WORDS)
store_bytes, store_words = _store(BYTES), _store(WORDS)
splat_bytes, splat_words = _spread(BYTES), _spread(WORDS)
both, either, plus, minus_v = _two("and_"), _two("or_"), _two("add"), _two("sub")
shift_right, shift_left = _two("lshr"), _two("shl")
below, at_most = _compare("<", signed=False), _compare("<=", signed=False)
reaches, equal = _compare(">=", signed=True), _compare("==", signed=True)


@intrinsic
def inverse(typing, a):
    """Return the complement of every bit."""

    def generate(context, builder, signature, args):
        return builder.not_(args[0])

    return a(a), generate


@intrinsic
def ones(typing, a):
    """Return how many bits are set, lane by lane (or of one uint32 as an int64)."""

    def generate(context, builder, signature, args):
        kind = a.llvm if isinstance(a, Vector) else _I32
        value = args[0] if isinstance(a, Vector) else _integer(context, builder, args[0], a, 32)
        name = f"llvm.ctpop.v{a.lanes}i{a.bits}" if isinstance(a, Vector) else "llvm.ctpop.i32"
        function = ir.FunctionType(kind, [kind])
        count = builder.call(
            cgutils.get_or_insert_function(builder.module, function, name), [value]
        )
        return count if isinstance(a, Vector) else builder.zext(count, _I64)

    return (a if isinstance(a, Vector) else _INT)(a), generate


@intrinsic
def lowest_bit(typing, a):
    """Return the number of the lowest bit that is set in a positive int64."""

    def generate(context, builder, signature, args):
        function = ir.FunctionType(_I64, [_I64, ir.IntType(1)])
        trailing = cgutils.get_or_insert_function(builder.module, function, "llvm.cttz.i64")
        wide = context.cast(builder, args[0], a, _INT)
        return builder.call(trailing, [wide, ir.Constant(ir.IntType(1), 1)])

    return _INT(a), generate


@intrinsic
def bits_of(typing, mask):
    """Return a mask's lanes as the bits of an int64, lane 0 lowest."""

    def generate(context, builder, signature, args):
        return builder.zext(builder.bitcast(args[0], ir.IntType(mask.lanes)), _I64)

    return _INT(mask), generate


def _mask(lanes: int) -> Any:
    vector = Vector(lanes, 1)

    @intrinsic
    def mask_of(typing: Any, bits: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(_integer(context, builder, args[0], bits, lanes), vector.llvm)

        return vector(bits), generate

    return mask_of


mask_of_words, mask_of_bytes = _mask(16), _mask(32)


@intrinsic
def choose(typing, mask, a, b):
    """Return `a` where the mask is set, else `b`."""

    def generate(context, builder, signature, args):
        return builder.select(*args)

    return a(mask, a, b), generate


@intrinsic
def highest(typing, a):
    """Return the largest lane, signed, as an int64."""

    def generate(context, builder, signature, args):
        function = ir.FunctionType(_I32, [a.llvm])
        name = f"llvm.vector.reduce.smax.v{a.lanes}i{a.bits}"
        most = cgutils.get_or_insert_function(builder.module, function, name)
        return builder.sext(builder.call(most, args), _I64)

    return _INT(a), generate


@intrinsic
def load_halves(typing, array, offset):
    """Return sixteen words, loaded as two halves, which may have been stored as such just now."""

    def generate(context, builder, signature, args):
        eight = ir.VectorType(_I32, 8)
        at = _integer(context, builder, args[1], offset, 64)
        low, high = (
            builder.load(
                _pointer(context, builder, array, args[0], builder.add(at, _I64(8 * half)), eight),
                align=1,
            )
            for half in (0, 1)
        )
        lanes = ir.Constant(ir.VectorType(_I32, 16), list(range(16)))
        return builder.shuffle_vector(low, high, lanes)

    return WORDS(array, offset), generate


@intrinsic
def load_block(typing, array, offset):
    """Return the four words of a block, repeated over sixteen lanes."""

    def generate(context, builder, signature, args):
        four = ir.VectorType(_I32, 4)
        at = _integer(context, builder, args[1], offset, 64)
        block = builder.load(_pointer(context, builder, array, args[0], at, four), align=1)
        lanes = ir.Constant(ir.VectorType(_I32, 16), [lane % 4 for lane in range(16)])
        return builder.shuffle_vector(block, ir.Constant(four, ir.Undefined), lanes)

    return WORDS(array, offset), generate


@intrinsic
def append_owner(typing, owners, at, owner):
    """Write eight times the uint16 `owner` to `owners[at:]`."""

    def generate(context, builder, signature, args):
        eight = ir.VectorType(_I16, 8)
        where = _integer(context, builder, args[1], at, 64)
        value = _splat(builder, _integer(context, builder, args[2], owner, 16), eight)
        pointer = _pointer(context, builder, owners, args[0], where, eight)
        builder.store(value, pointer, align=1)
        return context.get_dummy_value()

    return types.void(owners, at, owner), generate


@intrinsic
def append_lines(typing, lines, at, table, entry, base):
    """Write the eight uint16 of an entry of a table, `base` added to each, to `lines[at:]`."""

    def generate(context, builder, signature, args):
        eight = ir.VectorType(_I16, 8)
        where = _integer(context, builder, args[1], at, 64)
        place = builder.mul(_integer(context, builder, args[3], entry, 64), _I64(8))
        found = builder.load(_pointer(context, builder, table, args[2], place, eight), align=1)
        first = _splat(builder, _integer(context, builder, args[4], base, 16), eight)
        pointer = _pointer(context, builder, lines, args[0], where, eight)
        builder.store(builder.add(found, first), pointer, align=1)
        return context.get_dummy_value()

    return types.void(lines, at, table, entry, base), generate


def _rounds(builder: Any, block: Any, c0: Any, c1: Any, column: Any, keys: Any) -> Any:
    """Return the words of eight blocks; upper halves of lanes are not cleared.

    `keys` points at the twenty words that the rounds use: an operand in memory is spread over the
    lanes for nothing, one in a register is not.
    """
    kind = PAIRS.llvm
    low, half = _many(0xFFFFFFFF, kind), _many(32, kind)
    a, b = (_splat(builder, value, kind) for value in (c0, c1))
    c, d = column, block
    for turn in range(10):
        key0, key1 = (
            _splat(builder, builder.load(builder.gep(keys, [_I64(2 * turn + side)])), kind)
            for side in (0, 1)
        )
        p0 = builder.mul(builder.and_(a, low), _many(_M0, kind))
        p1 = builder.mul(builder.and_(c, low), _many(_M1, kind))
        a = builder.xor(builder.lshr(p1, half), builder.xor(b, key0))
        c = builder.xor(builder.lshr(p0, half), builder.xor(d, key1))
        b, d = p1, p0
    return a, b, c, d


@intrinsic
def search_blocks(typing, out, at, lines, owners, first, scale, add, c0, c1, c2, keys):
    """Draw the blocks `lines[first + j] * scale + add`, j = 0 .. 7; write them one after another.

    Block `j` is of column `c2 + owners[first + j]`. `out` (uint32) gets 32 words from `at` on,
    four for each block.
    """

    def generate(context, builder, signature, args):
        where, start, times, more, low0, low1, base = (
            _integer(context, builder, args[i], signature.args[i], 64)
            for i in (1, 4, 5, 6, 7, 8, 9)
        )
        kind, eight = PAIRS.llvm, ir.VectorType(_I16, 8)
        line, owner = (
            builder.zext(
                builder.load(_pointer(context, builder, array, args[i], start, eight), align=1),
                kind,
            )
            for i, array in ((2, lines), (3, owners))
        )
        block = builder.add(
            builder.mul(line, _splat(builder, times, kind)), _splat(builder, more, kind)
        )
        column = builder.add(owner, _splat(builder, base, kind))
        words = _data(context, builder, keys, args[10])
        a, b, c, d = _rounds(builder, block, low0, low1, column, words)
        low, half = _many(0xFFFFFFFF, kind), _many(32, kind)
        first_two = builder.or_(builder.and_(a, low), builder.shl(b, half))
        last_two = builder.or_(builder.and_(c, low), builder.shl(d, half))
        for part in (0, 1):
            order = [4 * part + lane // 2 + 8 * (lane % 2) for lane in range(8)]
            lanes = ir.Constant(ir.VectorType(_I32, 8), order)
            mixed = builder.shuffle_vector(first_two, last_two, lanes)
            there = builder.add(where, _I64(16 * part))
            builder.store(mixed, _pointer(context, builder, out, args[0], there, kind), align=1)
        return context.get_dummy_value()

    return types.void(out, at, lines, owners, first, scale, add, c0, c1, c2, keys), generate


@intrinsic
def synapse_blocks(typing, out, at, stride, first, c0, c1, c2, keys):
    """Draw the blocks `first + j`, j = 0 .. 7; their words `k` go to `out[at + stride k + j]`."""

    def generate(context, builder, signature, args):
        where, step, start, low0, low1, column = (
            _integer(context, builder, args[i], signature.args[i], 64) for i in range(1, 7)
        )
        kind, narrow = PAIRS.llvm, ir.VectorType(_I32, 8)
        block = builder.add(_splat(builder, start, kind), ir.Constant(kind, list(range(8))))
        rest = (_splat(builder, column, kind), _data(context, builder, keys, args[7]))
        for number, word in enumerate(_rounds(builder, block, low0, low1, *rest)):
            there = builder.add(where, builder.mul(step, _I64(number)))
            pointer = _pointer(context, builder, out, args[0], there, narrow)
            builder.store(builder.trunc(word, narrow), pointer, align=1)
        return context.get_dummy_value()

    return types.void(out, at, stride, first, c0, c1, c2, keys), generate
