export { type Ffi, ffi } from './ffi.ts'
export { type Libc, linuxLibc, NAME_BYTES, PATH_BYTES, Place, putAscii, VALUE_BYTES } from './libc.ts'
