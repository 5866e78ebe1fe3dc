import { type Infer, struct, u64 } from '../schema/index.ts'

/** MS-FSCC 2.4.4. */
export const FileAllocationInformation = struct('FileAllocationInformation', '2.4.4', { allocationSize: u64 })
export type FileAllocationInformation = Infer<typeof FileAllocationInformation>

/** MS-FSCC 2.4.14. */
export const FileEndOfFileInformation = struct('FileEndOfFileInformation', '2.4.14', { endOfFile: u64 })
export type FileEndOfFileInformation = Infer<typeof FileEndOfFileInformation>

/** MS-FSCC 2.4.50. */
export const FileValidDataLengthInformation = struct('FileValidDataLengthInformation', '2.4.50', {
  validDataLength: u64,
})
export type FileValidDataLengthInformation = Infer<typeof FileValidDataLengthInformation>
