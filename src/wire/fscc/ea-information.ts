import { bytes, chain, type Infer, latin1, optionalTail, struct, tail, u8, u16, u32 } from '../schema/index.ts'
import { nul } from './kinds.ts'

/** The file cannot be used by who does not understand this attribute (MS-FSCC 2.4.16). */
export const EaFlags = { NEED_EA: 0x80 } as const

/** One extended attribute. MS-FSCC 2.4.16. The length of the name does not count its zero byte. */
export const FileFullEaEntry = struct('FILE_FULL_EA_INFORMATION', '2.4.16', {
  nextEntryOffset: u32.reserved,
  flags: u8.flags(EaFlags),
  eaNameLength: u8.lengthOf('eaName'),
  eaValueLength: u16.lengthOf('eaValue'),
  eaName: tail(latin1),
  terminator: optionalTail(nul, null),
  eaValue: tail(bytes),
})
export type FileFullEaEntry = Infer<typeof FileFullEaEntry>

/** MS-FSCC 2.4.16. No entries: no bytes. */
export const FileFullEaInformation = struct('FileFullEaInformation', '2.4.16', {
  entries: tail(chain(FileFullEaEntry, { align: 4 })),
})
export type FileFullEaInformation = Infer<typeof FileFullEaInformation>

/** The name of an attribute that is asked for. MS-FSCC 2.4.16.1. */
export const FileGetEaEntry = struct('FILE_GET_EA_INFORMATION', '2.4.16.1', {
  nextEntryOffset: u32.reserved,
  eaNameLength: u8.lengthOf('eaName'),
  eaName: tail(latin1),
  terminator: optionalTail(nul, null),
})
export type FileGetEaEntry = Infer<typeof FileGetEaEntry>

/** MS-FSCC 2.4.16.1. */
export const FileGetEaInformation = struct('FileGetEaInformation', '2.4.16.1', {
  entries: tail(chain(FileGetEaEntry, { align: 4 })),
})
export type FileGetEaInformation = Infer<typeof FileGetEaInformation>

/** Bytes that FileFullEaInformation takes for one attribute, without alignment. */
export const eaEntryBytes = (nameLength: number, valueLength: number): number => 8 + nameLength + 1 + valueLength
