import { type Content, type Infer, struct, tail, u32, utf16, WireError } from '../schema/index.ts'

const nameFields = { fileNameLength: u32.lengthOf('fileName'), fileName: tail(utf16) } as const

/** MS-FSCC 2.1.7, 2.4.32. */
export const FileNameInformation = struct('FileNameInformation', '2.4.32', nameFields)
export type FileNameInformation = Infer<typeof FileNameInformation>

/** The 8.3 name. MS-FSCC 2.4.5. */
export const FileAlternateNameInformation = struct('FileAlternateNameInformation', '2.4.5', nameFields)
export type FileAlternateNameInformation = Infer<typeof FileAlternateNameInformation>

/** The path in the spelling that is stored. MS-FSCC 2.4.35. */
export const FileNormalizedNameInformation = struct('FileNormalizedNameInformation', '2.4.35', nameFields)
export type FileNormalizedNameInformation = Infer<typeof FileNormalizedNameInformation>

/** Sets the 8.3 name. MS-FSCC 2.4.46. */
export const FileShortNameInformation = struct('FileShortNameInformation', '2.4.46', nameFields)
export type FileShortNameInformation = Infer<typeof FileShortNameInformation>

const NAME_ALIGNMENT = 8

/** Where each FILE_NAME_INFORMATION in a buffer lies. @throws WireError */
function* namesIn(view: DataView, start: number, end: number): Generator<[number, number]> {
  // Less than a length is left: what fills up the last one.
  for (let at = start; at + FileNameInformation.size <= end; ) {
    const stop = at + FileNameInformation.size + view.getUint32(at, true)
    if (stop > end) throw new WireError('FILE_NAME_INFORMATION', at, '2.1.7', `ends at ${stop}, past ${end}`)
    yield [at, stop]
    at = start + Math.ceil((stop - start) / NAME_ALIGNMENT) * NAME_ALIGNMENT
  }
}

/** FILE_NAME_INFORMATION one after the other, each on 8 bytes from the start, to the end of the buffer. MS-FSCC 2.3.16. */
export const nameList: Content<string[], readonly string[]> = {
  contentName: 'FILE_NAME_INFORMATION list',
  check(view, start, end) {
    for (const [at, stop] of namesIn(view, start, end)) FileNameInformation.check(view, at, stop)
  },
  read: (view, start, end) =>
    Array.from(namesIn(view, start, end), ([at, stop]) => FileNameInformation.read(view, at, stop).fileName),
  measure(names) {
    let at = 0
    for (const fileName of names)
      at = Math.ceil(at / NAME_ALIGNMENT) * NAME_ALIGNMENT + FileNameInformation.measure({ fileName })
    return at
  },
  write(view, start, names) {
    let at = start
    for (const fileName of names) {
      const next = start + Math.ceil((at - start) / NAME_ALIGNMENT) * NAME_ALIGNMENT
      for (; at < next; at++) view.setUint8(at, 0)
      at = FileNameInformation.encodeInto(view, at, { fileName })
    }
  },
  count: (names) => names.length,
  display: (names) => names.map((name) => JSON.stringify(name)).join(', '),
}
