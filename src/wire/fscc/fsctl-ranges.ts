import { array, type Infer, optionalTail, struct, tail, u32, u64 } from '../schema/index.ts'
import { FileId } from '../smb2/file-id.ts'
import { bool8 } from './kinds.ts'

/** Input of FSCTL_SET_SPARSE; a request without any input means true. MS-FSCC 2.3.83. */
export const FileSetSparseBuffer = struct('FILE_SET_SPARSE_BUFFER', '2.3.83', { setSparse: bool8 })
export type FileSetSparseBuffer = Infer<typeof FileSetSparseBuffer>

/** Input of FSCTL_SET_ZERO_DATA: the range ends before `beyondFinalZero`. MS-FSCC 2.3.85. */
export const FileZeroDataInformation = struct('FILE_ZERO_DATA_INFORMATION', '2.3.85', {
  fileOffset: u64,
  beyondFinalZero: u64,
})
export type FileZeroDataInformation = Infer<typeof FileZeroDataInformation>

/** Input of FSCTL_QUERY_ALLOCATED_RANGES, and each element of its output. MS-FSCC 2.3.51. */
export const FileAllocatedRange = struct('FILE_ALLOCATED_RANGE_BUFFER', '2.3.51', { fileOffset: u64, length: u64 })
export type FileAllocatedRange = Infer<typeof FileAllocatedRange>

/** Output of FSCTL_QUERY_ALLOCATED_RANGES. MS-FSCC 2.3.52. */
export const FileAllocatedRanges = struct('FSCTL_QUERY_ALLOCATED_RANGES Reply', '2.3.52', {
  ranges: tail(array(FileAllocatedRange)),
})
export type FileAllocatedRanges = Infer<typeof FileAllocatedRanges>

/** Which data of a region counts as valid (MS-FSCC 2.3.55). */
export const FileRegionUsage = { VALID_CACHED_DATA: 1, VALID_NONCACHED_DATA: 2 } as const

/** Input of FSCTL_QUERY_FILE_REGIONS (may be missing: the whole file), and each element of its output. MS-FSCC 2.3.55. */
export const FileRegion = struct('FILE_REGION_INFO', '2.3.55', {
  fileOffset: u64,
  length: u64,
  usage: u32.flags(FileRegionUsage),
  reserved: u32.reserved,
})
export type FileRegion = Infer<typeof FileRegion>

/** Output of FSCTL_QUERY_FILE_REGIONS. MS-FSCC 2.3.56. */
export const FileRegionOutput = struct('FILE_REGION_OUTPUT', '2.3.56', {
  flags: u32.reserved,
  totalRegionEntryCount: u32,
  regionEntryCount: u32.countOf('regions'),
  reserved: u32.reserved,
  regions: tail(array(FileRegion)),
})
export type FileRegionOutput = Infer<typeof FileRegionOutput>

/** MS-FSCC 2.3.13.1. */
export const FileLevelTrimRange = struct('FILE_LEVEL_TRIM_RANGE', '2.3.13.1', { offset: u64, length: u64 })
export type FileLevelTrimRange = Infer<typeof FileLevelTrimRange>

/** Input of FSCTL_FILE_LEVEL_TRIM. MS-FSCC 2.3.13. */
export const FileLevelTrim = struct('FILE_LEVEL_TRIM', '2.3.13', {
  key: u32.or(0),
  numRanges: u32.countOf('ranges'),
  ranges: tail(array(FileLevelTrimRange)),
})
export type FileLevelTrim = Infer<typeof FileLevelTrim>

/** Output of FSCTL_FILE_LEVEL_TRIM. MS-FSCC 2.3.14. */
export const FileLevelTrimOutput = struct('FILE_LEVEL_TRIM_OUTPUT', '2.3.14', { numRangesProcessed: u32 })
export type FileLevelTrimOutput = Infer<typeof FileLevelTrimOutput>

/** Input of FSCTL_DUPLICATE_EXTENTS_TO_FILE. MS-FSCC 2.3.7.2. */
export const DuplicateExtentsData = struct('SMB2_DUPLICATE_EXTENTS_DATA', '2.3.7.2', {
  sourceFileId: FileId,
  sourceFileOffset: u64,
  targetFileOffset: u64,
  byteCount: u64,
})
export type DuplicateExtentsData = Infer<typeof DuplicateExtentsData>

/** All of it or nothing (MS-FSCC 2.3.9.2). */
export const DuplicateExtentsFlags = { SOURCE_ATOMIC: 1 } as const

/** Input of FSCTL_DUPLICATE_EXTENTS_TO_FILE_EX. MS-FSCC 2.3.9.2: its size says 48, though it has 56 bytes. */
export const DuplicateExtentsDataEx = struct('SMB2_DUPLICATE_EXTENTS_DATA_EX', '2.3.9.2', {
  structureSize: u64.or(0x30n),
  sourceFileId: FileId,
  sourceFileOffset: u64,
  targetFileOffset: u64,
  byteCount: u64,
  flags: u32.flags(DuplicateExtentsFlags),
  reserved: u32.reserved,
})
export type DuplicateExtentsDataEx = Infer<typeof DuplicateExtentsDataEx>

/** Input of the three FSCTL_GET_RETRIEVAL_POINTER requests. MS-FSCC 2.3.29, 2.3.31, 2.3.33. */
export const StartingVcnInput = struct('STARTING_VCN_INPUT_BUFFER', '2.3.31', { startingVcn: u64 })
export type StartingVcnInput = Infer<typeof StartingVcnInput>

/** MS-FSCC 2.3.30. */
export const RetrievalPointerCount = struct('RETRIEVAL_POINTER_COUNT', '2.3.30', { extentCount: u32 })
export type RetrievalPointerCount = Infer<typeof RetrievalPointerCount>

/** A stretch of clusters; all ones in `lcn` mean that it is not allocated. MS-FSCC 2.3.32.1. */
export const Extent = struct('EXTENTS', '2.3.32.1', { nextVcn: u64, lcn: u64 })
export type Extent = Infer<typeof Extent>

/** MS-FSCC 2.3.32. */
export const RetrievalPointers = struct('RETRIEVAL_POINTERS_BUFFER', '2.3.32', {
  extentCount: u32.countOf('extents'),
  unused: u32.reserved,
  startingVcn: u64,
  extents: optionalTail(array(Extent), []),
})
export type RetrievalPointers = Infer<typeof RetrievalPointers>

/** MS-FSCC 2.3.34.1, with the padding that keeps each element on 8 bytes. */
export const ExtentAndRefcount = struct('EXTENT_AND_REFCOUNTS', '2.3.34.1', {
  nextVcn: u64,
  lcn: u64,
  referenceCount: u32,
  padding: u32.reserved,
})
export type ExtentAndRefcount = Infer<typeof ExtentAndRefcount>

/** MS-FSCC 2.3.34. */
export const RetrievalPointersAndRefcount = struct('RETRIEVAL_POINTERS_AND_REFCOUNT_BUFFER', '2.3.34', {
  extentCount: u32.countOf('extents'),
  unused: u32.reserved,
  startingVcn: u64,
  extents: optionalTail(array(ExtentAndRefcount), []),
})
export type RetrievalPointersAndRefcount = Infer<typeof RetrievalPointersAndRefcount>
