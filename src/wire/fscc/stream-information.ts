import { chain, type Infer, struct, tail, u32, u64, utf16 } from '../schema/index.ts'

/** One stream, named `:name:$DATA`. MS-FSCC 2.4.49. */
export const FileStreamEntry = struct('FILE_STREAM_INFORMATION', '2.4.49', {
  nextEntryOffset: u32.reserved,
  streamNameLength: u32.lengthOf('streamName'),
  streamSize: u64,
  streamAllocationSize: u64,
  streamName: tail(utf16),
})
export type FileStreamEntry = Infer<typeof FileStreamEntry>

/** MS-FSCC 2.4.49. No entries: no bytes. */
export const FileStreamInformation = struct('FileStreamInformation', '2.4.49', {
  entries: tail(chain(FileStreamEntry, { align: 8 })),
})
export type FileStreamInformation = Infer<typeof FileStreamInformation>
