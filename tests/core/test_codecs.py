"""Values come back from their stored form bit by bit, and damaged bytes never do."""

from __future__ import annotations

import enum
import json
import math
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, Protocol, TypeVar

import noisegraph as ng
import numpy
import pytest
import safetensors.numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from noisegraph.store.codecs import Codec, CodecError, decode, encode, size_of, storable

TORCH_TYPES = sorted({one for one in vars(torch).values() if isinstance(one, torch.dtype)}, key=str)
DENSE_TYPES = [one for one in TORCH_TYPES if not str(one).startswith(("torch.q", "torch.quint"))]


class Mode(enum.Enum):
    LINEAR = "linear"
    COSINE = 2


class Rank(enum.IntFlag):
    LOW = 1
    HIGH = 2


class State(NamedTuple):
    x: torch.Tensor
    old: torch.Tensor | None = None
    order: int = 1


@dataclass(frozen=True)
class Text:
    tokens: tuple[int, ...]
    hidden: Any
    mode: Mode = Mode.LINEAR
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.tokens != (13,), "a constructor that refuses"


@dataclass(frozen=True, slots=True)
class Slotted:
    name: str
    inner: Text | None = field(default=None, init=False)


@dataclass
class Changeable:
    x: int


class Opaque:
    """An author's own class."""

    def __init__(self, text: str) -> None:
        self.text = text


def same(a: Any, b: Any) -> bool:
    """Equal to the bit, with the same types throughout."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and raw(a) == raw(b)
    if isinstance(a, numpy.ndarray | numpy.generic):
        return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if is_dataclass(a):
        return all(same(getattr(a, part.name), getattr(b, part.name)) for part in fields(a))
    return bool(a == b)


def raw(tensor: torch.Tensor) -> bytes:
    return tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def back(value: Any, **options: Any) -> Any:
    data = encode(value)
    assert data is not None
    return decode(data, **options)


def bits(dtype: torch.dtype, *shape: int) -> torch.Tensor:
    """A tensor of random bits."""
    count = math.prod(shape) * dtype.itemsize
    whole = torch.randint(0, 2 if dtype == torch.bool else 256, (count,), dtype=torch.uint8)
    return whole.view(dtype).reshape(shape)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.sampled_from(Mode),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.builds(State, inner, inner)
        | st.builds(Text, st.tuples(), inner)
    ),
    max_leaves=20,
)
array = arrays.arrays(
    st.one_of(
        arrays.boolean_dtypes(),
        arrays.integer_dtypes(endianness="?"),
        arrays.floating_dtypes(endianness="?"),
        arrays.complex_number_dtypes(endianness="<"),
        arrays.unicode_string_dtypes(endianness="<"),
        arrays.datetime64_dtypes(endianness="<"),
    ),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)


@given(plain)
@settings(deadline=None)
def test_plain_data_and_records_of_it_come_back_with_the_same_types_and_bits(value: Any) -> None:
    assert same(back(value), value)


@given(array, st.randoms())
@settings(deadline=None)
def test_arrays_of_every_type_and_stride_come_back(value: numpy.ndarray[Any, Any], random: Any) -> None:
    axes = random.sample(range(value.ndim), value.ndim)
    for view in (value, value.transpose(axes), value[..., ::-1] if value.ndim else value):
        found = back(view)
        assert same(found, view)
        assert not found.flags.writeable


@pytest.mark.parametrize("dtype", DENSE_TYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4, 5)], ids=str)
def test_tensors_of_every_dtype_come_back(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = bits(dtype, *shape)
    assert same(back(tensor), tensor)


def test_views_come_back_and_only_what_they_show_is_stored() -> None:
    whole = torch.randn(1000, 1000)
    for view in (whole[3], whole[:, 3], whole[::7, 1::3], whole.T[2:4], whole[0].expand(3, 1000), whole[4:4]):
        assert same(back(view), view)
    assert len(encode(whole[3]) or b"") < 5000


def test_channels_last_stays_channels_last_so_that_the_same_kernels_run_on_it() -> None:
    tensor = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    found = back(tensor)
    assert same(found, tensor)
    assert found.stride() == tensor.stride()


def test_gradients_conjugates_and_parameters_are_stored_as_their_values() -> None:
    tensor = torch.randn(3, dtype=torch.complex64, requires_grad=True)
    assert same(back(tensor.conj()), tensor.conj().resolve_conj().detach())
    parameter = torch.nn.Parameter(torch.randn(3))
    found = back(parameter)
    assert same(found, parameter.detach())
    assert not found.requires_grad


def test_the_same_tensor_twice_is_stored_once() -> None:
    tensor = torch.randn(1000)
    assert len(encode([tensor, tensor]) or b"") < 5000
    assert same(back([tensor, tensor]), [tensor, tensor])


@pytest.mark.parametrize("value", [0.0, -0.0, math.inf, -math.inf, math.nan, -math.nan, 5e-324, 1.0, 1, True])
def test_numbers_that_compare_equal_stay_apart(value: float) -> None:
    assert same(back(value), value)


def test_the_payload_of_a_nan_comes_back() -> None:
    (value,) = struct.unpack("<d", bytes.fromhex("010000000000f87f"))
    assert same(back(value), value)


@pytest.mark.parametrize("value", [2**62, -(2**62), 10**5000, -(10**5000)], ids=["big", "low", "huge", "deep"])
def test_ints_of_any_size_come_back(value: int) -> None:
    assert same(back(value), value)


def test_long_texts_and_lone_surrogates_come_back() -> None:
    assert same(back(["\ud800", "é\udfff" * 50_000, b"\0" * 9]), ["\ud800", "é\udfff" * 50_000, b"\0" * 9])


def test_numpy_scalars_stay_numpy_scalars() -> None:
    values = [numpy.float64(1.5), numpy.float32(-0.0), numpy.int8(3), numpy.bool_(True), numpy.str_("x")]
    assert same(back(values), values)


def test_dataclasses_come_back_without_their_constructor() -> None:
    refused = object.__new__(Text)
    for name, value in {"tokens": (13,), "hidden": None, "mode": Mode.COSINE, "extra": {"a": [1]}}.items():
        object.__setattr__(refused, name, value)
    slotted = Slotted("x")
    object.__setattr__(slotted, "inner", refused)
    assert back(slotted) == slotted


def test_what_has_no_codec_is_not_stored() -> None:
    @dataclass(frozen=True)
    class Local:
        x: int

    endless: list[Any] = []
    endless.append(endless)
    network = torch.nn.Linear(2, 2)
    values = [
        len, lambda: 0, network, Opaque("x"), Local(1), Changeable(1), {1: 2}, {"a": {3}}, object(), endless,
        Rank.LOW | Rank.HIGH, numpy.array([object()]), torch.randn(2, 2).to_sparse(), torch.empty(2, device="meta"),
        int, range(3), Callback(print),
    ]  # fmt: skip
    assert [encode([value]) for value in values] == [None] * len(values)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_a_quantized_tensor_is_not_stored_as_bare_bytes_without_its_scale() -> None:
    assert encode(torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)) is None


def test_the_codec_of_a_plugin_stores_its_class_wherever_it_occurs() -> None:
    codec = Codec(Opaque, lambda value: {"text": value.text}, lambda stored: Opaque(stored["text"]))
    data = encode({"a": (Opaque("hello"),)}, [codec])
    assert data is not None
    assert decode(data, [codec])["a"][0].text == "hello"
    with pytest.raises(CodecError, match=r"no plugin brings a codec for .*Opaque"):
        decode(data)


def test_any_flipped_byte_is_noticed() -> None:
    data = bytearray(encode(State(torch.arange(4.0), None, 2)) or b"")
    for index in range(len(data)):
        data[index] ^= 1
        with pytest.raises(CodecError):
            decode(data)
        data[index] ^= 1
    assert same(decode(data), State(torch.arange(4.0), None, 2))


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data)


def test_a_file_that_is_cut_short_or_too_long_is_refused() -> None:
    data = encode(torch.arange(100.0)) or b""
    for length in (0, 1, 7, 8, 50, 200, len(data) - 1):
        with pytest.raises(CodecError):
            decode(data[:length])
    with pytest.raises(CodecError):
        decode(data + b"\0")


def test_the_safetensors_library_reads_what_is_stored() -> None:
    value: dict[str, Any] = {
        "a": torch.randn(2, 3),
        "b": numpy.arange(4, dtype=numpy.int16),
        "c": torch.tensor([True, False]),
        "d": b"x",
    }
    data = encode(value) or b""
    found = safetensors.numpy.load(data)
    assert numpy.array_equal(found["0"], value["a"].numpy())
    assert numpy.array_equal(found["1"], value["b"])
    assert numpy.array_equal(found["2"], value["c"].numpy())
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert json.loads(header["__metadata__"]["noisegraph"])[0] == 1


def test_a_class_that_changed_its_fields_or_is_gone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(NamedTuple):
        x: int

    data = encode(State(torch.ones(1))) or b""
    Other.__module__, Other.__qualname__ = __name__, "State"
    monkeypatch.setitem(globals(), "State", Other)
    with pytest.raises(CodecError, match="other fields"):
        decode(data)
    monkeypatch.delitem(globals(), "State")
    with pytest.raises(CodecError, match="no class State"):
        decode(data)


@pytest.mark.parametrize("name", ["os:system", "subprocess:Popen", "enum:Enum", "nowhere.at_all:X", "builtins:object"])
def test_only_records_and_enums_are_put_together(name: str) -> None:
    from noisegraph.store.container import pack

    for tree in ({"record": [name, {}]}, {"enum": [name, "x"]}):
        with pytest.raises(CodecError):
            decode(pack(json.dumps([1, tree]), []) or b"")


def test_a_module_outside_the_installed_distributions_is_not_imported(tmp_path: Any) -> None:
    from noisegraph.store.container import pack

    (tmp_path / "stray.py").write_text("raise SystemExit('imported')")
    (tmp_path / "data").write_bytes(pack('[1, {"record": ["stray:X", {}]}]', []) or b"")
    code = (
        "from noisegraph.store.codecs import decode, CodecError\n"
        "try: decode(open('data', 'rb').read())\n"
        "except CodecError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "no installed distribution holds stray" in done.stdout


def test_an_enum_and_a_class_of_an_installed_distribution_are_found_in_a_new_process(tmp_path: Any) -> None:
    (tmp_path / "data").write_bytes(encode(ng.Level(1.0, 0.5, 0.5)) or b"")
    code = "from noisegraph.store.codecs import decode; print(decode(open('data', 'rb').read()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(ng.Level(1.0, 0.5, 0.5))


def test_reading_as_numpy_imports_no_torch_and_widens_bfloat16(tmp_path: Any) -> None:
    value: dict[str, Any] = {
        "half": torch.tensor([[1.5, -2.0], [math.inf, 0.0]], dtype=torch.bfloat16).T,
        "image": torch.rand(1, 3, 4, 4).to(memory_format=torch.channels_last),
        "none": torch.empty(0, 2, dtype=torch.bfloat16),
        "yes": torch.tensor(True),
        "rare": torch.tensor([1.0, 2.0]).to(torch.float8_e4m3fn),
        "level": ng.Level(1.0, 2.0, 3.0),
    }
    (tmp_path / "data").write_bytes(encode(value) or b"")
    code = (
        "import sys\n"
        "from noisegraph.store.codecs import decode\n"
        "value = decode(open('data', 'rb').read(), tensors='numpy')\n"
        "assert 'torch' not in sys.modules\n"
        "half, rare, yes = value['half'], value['rare'], value['yes']\n"
        "print(half.dtype, half.tolist(), half.flags.writeable, value['none'].shape, rare.dtype, rare.shape, yes)\n"
        "value['image'].tofile('image')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "float32 [[1.5, inf], [-2.0, 0.0]] False (0, 2) uint8 (2, 1) True"
    assert numpy.array_equal(numpy.fromfile(tmp_path / "image", "f4").reshape(1, 3, 4, 4), value["image"].numpy())


Thing = TypeVar("Thing")


class Box(NamedTuple, Generic[Thing]):
    inside: Thing


class Callback(NamedTuple):
    call: Callable[[], None]


class Tree(NamedTuple):
    children: list[Tree]
    leaf: ng.Tensor


class Speaks(Protocol):
    def speak(self) -> str: ...


@pytest.mark.parametrize(
    "kind",
    [
        ng.Tensor, torch.Tensor, ng.Image, Annotated[ng.Latent, "x"], int, float, bool, str, bytes, None,
        list[ng.Image], tuple[int, ...], dict[str, float], ng.Image | None, Literal["a", 1], Mode, State, Text,
        Slotted, Tree, ng.Level,
        numpy.ndarray, numpy.float32, Any, Thing, Box[int], Sequence[int], Mapping[str, ng.Tensor], list,
    ],
    ids=str,
)  # fmt: skip
def test_types_of_tensors_and_plain_data_are_storable(kind: Any) -> None:
    assert storable(kind)


@pytest.mark.parametrize(
    "kind",
    [
        ng.Denoiser, ng.Sampler, Callable[[int], int], Opaque, Changeable, Speaks, torch.nn.Module, Callback,
        ng.Network, list[ng.Denoiser], int | Opaque, dict[str, Callback], Callable, ng.Levels, ng.Weights,
    ],
    ids=str,
)  # fmt: skip
def test_types_that_hold_functions_or_arbitrary_classes_are_not_storable(kind: Any) -> None:
    assert not storable(kind)


def test_a_codec_makes_its_class_storable() -> None:
    assert storable(list[Opaque], (Opaque,))


def test_sizes_count_storages_once() -> None:
    tensor = torch.zeros(1000, 1000)
    assert 4_000_000 <= size_of(tensor) < 4_001_000
    assert 4_000_000 <= size_of(tensor[0]) < 4_001_000
    assert 4_000_000 <= size_of(State(tensor, tensor[3])) < 4_002_000
    assert 8_000_000 <= size_of({"a": numpy.zeros(10**6), "b": Text((1,), None)}) < 8_003_000
    assert 4_000_000 <= size_of(torch.nn.Linear(1000, 1000)) < 4_010_000
    assert size_of(Opaque("x")) < 1000
    assert size_of("x" * 10**6) > 10**6


def test_the_size_of_deep_and_endless_values_is_found() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    deep.append(deep)
    assert size_of(deep) > 100_000
