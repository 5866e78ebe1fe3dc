import type { NdrType } from './type.ts'

const POINTER_BYTES = 4

/** [unique]: null or a target of its own (C706 14.3.10). */
export function unique<T, I>(target: NdrType<T, I>): NdrType<T | null, I | null, true> {
  const typeName = `unique ${target.typeName}`
  return {
    typeName,
    align: 4,
    minSize: POINTER_BYTES,
    needed: true,
    nullable: true,
    read(reader, set) {
      if (reader.u32(typeName) === 0) set(null)
      else reader.defer(() => target.read(reader, set))
    },
    write(writer, value) {
      writer.u32(value === null ? 0 : writer.referentId())
      if (value !== null) writer.defer(() => target.write(writer, value))
    },
  }
}

/**
 * [ref] inside a structure, array or union: an id that is never null, and a target. A [ref] that is a parameter has no
 * representation: declare its target as the parameter.
 */
export function ref<T, I>(target: NdrType<T, I>): NdrType<T, I, true> {
  const typeName = `ref ${target.typeName}`
  return {
    typeName,
    align: 4,
    minSize: POINTER_BYTES,
    needed: true,
    read(reader, set) {
      if (reader.u32(typeName) === 0) throw reader.error(typeName, 'a reference pointer is null')
      reader.defer(() => target.read(reader, set))
    },
    write(writer, value) {
      writer.u32(writer.referentId())
      writer.defer(() => target.write(writer, value))
    },
  }
}

/** [ptr]: null, a target, or the target of another full pointer of the same call. */
export function full<T, I>(target: NdrType<T, I>): NdrType<T | null, I | null, true> {
  const typeName = `full ${target.typeName}`
  return {
    typeName,
    align: 4,
    minSize: POINTER_BYTES,
    needed: true,
    nullable: true,
    read(reader, set) {
      const id = reader.u32(typeName)
      if (id === 0) set(null)
      else reader.shared<T>(id, set, (found) => target.read(reader, found))
    },
    write(writer, value) {
      if (value === null) {
        writer.u32(0)
        return
      }
      const { id, first } = writer.sharedId(value)
      writer.u32(id)
      if (first) writer.defer(() => target.write(writer, value))
    },
  }
}

/** A type that is declared further down, or that contains itself behind a pointer. */
export function later<T, I>(
  typeName: string,
  align: 1 | 2 | 4 | 8,
  declared: () => NdrType<T, I>,
): NdrType<T, I, true> {
  return {
    typeName,
    align,
    minSize: 0,
    needed: true,
    read: (reader, set) => declared().read(reader, set),
    write: (writer, value) => declared().write(writer, value),
  }
}
