"""Decompresses with libfwnt: ALGORITHM COMPRESSED-FILE SIZE OUT-FILE. Needs the C library only."""
import ctypes
import sys

FUNCTIONS = {
    "LZNT1": "libfwnt_lznt1_decompress",
    "LZ77": "libfwnt_lzxpress_decompress",
    "LZ77_HUFFMAN": "libfwnt_lzxpress_huffman_decompress",
}

library = ctypes.CDLL("libfwnt.so.1")
algorithm, source, length, target = sys.argv[1:]
with open(source, "rb") as file:
    compressed = file.read()
out = ctypes.create_string_buffer(int(length))
size = ctypes.c_size_t(len(out))
error = ctypes.c_void_p()
decompress = getattr(library, FUNCTIONS[algorithm])
if decompress(compressed, ctypes.c_size_t(len(compressed)), out, ctypes.byref(size), ctypes.byref(error)) != 1:
    text = ctypes.create_string_buffer(4096)
    library.libfwnt_error_backtrace_sprint.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    library.libfwnt_error_backtrace_sprint(error, text, 4096)
    sys.exit(text.value.decode())
with open(target, "wb") as file:
    file.write(out.raw[: size.value])
