"""Tars made header by header, as no tool would make them."""


def header(name, kind=b"0", size=0, mode=0o644, link=b"", major=0, minor=0):
    block = bytearray(512)
    block[0:len(name)] = name
    for at, width, value in ((100, 7, mode), (108, 7, 0), (116, 7, 0), (124, 11, size), (136, 11, 0), (329, 7, major),
                             (337, 7, minor)):
        block[at:at + width] = b"%0*o" % (width, value)
    block[156:157] = kind
    block[157:157 + len(link)] = link
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\x00" % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def pax(records):
    body = b""
    for key, value in records:
        rest = len(key) + len(value) + 3
        length = rest + len(str(rest))
        while len(str(length)) + rest != length:
            length = len(str(length)) + rest
        body += b"%d %s=%s\n" % (length, key, value)
    return header(b"pax", b"x", len(body)) + padded(body)


def long_name(name, kind=b"L"):
    return header(b"././@LongLink", kind, len(name) + 1) + padded(name + b"\0")


def entry(name, kind=b"0", data=b"", link=b"", records=(), **rest):
    """One entry; names of any length, and `records` as a pax header before it."""
    made = pax(records) if records else b""
    if len(name) > 99:
        made += long_name(name)
    if len(link) > 99:
        made += long_name(link, b"K")
    return made + header(name[:99], kind, len(data), link=link[:99], **rest) + padded(data)


def sparse(name, size, pieces):
    """A file of `size` bytes with the (offset, data) of `pieces` and holes between them, as GNU tar's format 1.0."""
    sparse_map = b"%d\n" % len(pieces) + b"".join(b"%d\n%d\n" % (offset, len(data)) for offset, data in pieces)
    body = padded(sparse_map) + b"".join(data for _, data in pieces)
    records = [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", name),
               (b"GNU.sparse.realsize", b"%d" % size)]
    return entry(b"GNUSparseFile.0/" + name[-60:], data=body, records=records)


END = bytes(1024)
