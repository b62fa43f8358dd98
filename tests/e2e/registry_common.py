"""What the tests of the registry share: hives made of Python's dictionaries, and layers with them."""
import tarfile

from store_common import *

MAKE_HIVE = os.path.join(BUILD, "tests/tools/wcl-make-hive")
MERGED, TOMBSTONE, SUPERSEDE_KEY, SUPERSEDE_TREE = range(4)
TYPES = ["REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
         "REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST",
         "REG_QWORD"]


def sz(text):
    return 1, text.encode("utf-16-le") + b"\0\0"


def dword(number):
    return 4, number.to_bytes(4, "little")


class Key:
    """A key: its subkeys, and its values, each a type with its bytes, or None where it is deleted."""

    def __init__(self, values=None, keys=None, semantics=MERGED):
        self.values = values or {}
        self.keys = keys or {}
        self.semantics = semantics

    def walk(self, path=()):
        yield path, self
        for name, key in self.keys.items():
            yield from key.walk(path + (name,))


def make_hive(path, root, layered=False):
    lines = []
    numbers = {}

    def hexed(text):
        return text.encode().hex()

    for where, key in root.walk():
        numbers[where] = len(numbers)
        parent = numbers[where[:-1]] if where else -1
        lines.append("key\t%d\t%d\t%d\t%s" % (numbers[where], parent, key.semantics, hexed(where[-1] if where else "ROOT")))
        for name, value in key.values.items():
            lines.append("deleted\t%d\t%s" % (numbers[where], hexed(name)) if value is None else
                         "value\t%d\t%d\t%s\t%s" % (numbers[where], value[0], hexed(name), value[1].hex()))
    subprocess.run([MAKE_HIVE, *(["--layered"] if layered else []), path], input="\n".join(lines).encode() + b"\n",
                   check=True)


def layer_tar(home, name, hives):
    """A tar with Files and these hives; a name that ends in _Delta is a layered hive."""
    path = home.path(name + ".tar")
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for folder in ("Files", "Hives"):
            info = tarfile.TarInfo(folder)
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        for hive, root in hives.items():
            file = home.path("hive")
            make_hive(file, root, layered=hive.endswith("_Delta"))
            tar.add(file, "Hives/" + hive, filter=lambda info: info)
    return path


def shown(home, *arguments):
    """What `wcl registry --json` tells: the values of each key, as types and data."""
    keys = {}
    for line in home.run("registry", "--json", *arguments).stdout.decode().splitlines():
        key = json.loads(line)
        keys[key["key"]] = key
    return keys


def data_of(value):
    """A value as JSON has it."""
    kind, data = value
    if kind in (1, 2, 6) and len(data) % 2 == 0:
        return {"data": data.decode("utf-16-le").rstrip("\0")}
    if kind == 7 and len(data) % 2 == 0:
        text = data.decode("utf-16-le").rstrip("\0")
        return {"data": text.split("\0") if text else []}
    if (kind, len(data)) in ((4, 4), (11, 8)):
        return {"data": int.from_bytes(data, "little")}
    if (kind, len(data)) == (5, 4):
        return {"data": int.from_bytes(data, "big")}
    return {"hex": data.hex()}


def values_of(key):
    """The values that JSON tells of a key, by name."""
    return {value["name"]: {name: value[name] for name in ("type", "data", "hex") if name in value}
            for value in key["values"]}


def expected(values):
    return {name: dict(type=TYPES[value[0]] if value[0] < len(TYPES) else hex(value[0]), **data_of(value))
            for name, value in values.items()}
