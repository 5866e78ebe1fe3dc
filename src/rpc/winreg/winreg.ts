/** The registry as far as it is read from afar, MS-RRP 3.1.5. Results are Win32 codes. */
import { conformantVaryingArray, contextHandle, filetime, u8, u16, u32, unicodeString, unique } from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'

/** Types of values, MS-RRP 2.2.9. */
export const RegistryType = { SZ: 1, DWORD: 4 } as const

const predefined = {
  in: { serverName: unique(u16), desiredAccess: u32 },
  out: { key: contextHandle, result: u32 },
} as const
/** Room that the client has, or bytes that it gets. */
const bytes = unique(conformantVaryingArray(u8))
const count = unique(u32)

export const Winreg = rpcInterface(
  'winreg',
  { uuid: '338cd001-2244-31f1-aaaa-900038001003', version: '1.0', pipe: 'winreg' },
  {
    /** MS-RRP 3.1.5.1. */
    OpenClassesRoot: op(0, 'OpenClassesRoot', predefined),
    /** MS-RRP 3.1.5.2. */
    OpenCurrentUser: op(1, 'OpenCurrentUser', predefined),
    /** MS-RRP 3.1.5.3. */
    OpenLocalMachine: op(2, 'OpenLocalMachine', predefined),
    /** MS-RRP 3.1.5.5. */
    OpenUsers: op(4, 'OpenUsers', predefined),
    /** MS-RRP 3.1.5.6. */
    BaseRegCloseKey: op(5, 'BaseRegCloseKey', {
      in: { key: contextHandle },
      out: { key: contextHandle, result: u32 },
    }),
    /** MS-RRP 3.1.5.10. Names and classes are told with their terminators. */
    BaseRegEnumKey: op(9, 'BaseRegEnumKey', {
      in: {
        key: contextHandle,
        index: u32,
        name: unicodeString(),
        className: unique(unicodeString()),
        lastWriteTime: unique(filetime),
      },
      out: {
        name: unicodeString(),
        className: unique(unicodeString()),
        lastWriteTime: unique(filetime),
        result: u32,
      },
    }),
    /** MS-RRP 3.1.5.11. */
    BaseRegEnumValue: op(10, 'BaseRegEnumValue', {
      in: {
        key: contextHandle,
        index: u32,
        name: unicodeString(),
        type: count,
        data: bytes,
        dataBytes: count,
        length: count,
      },
      out: { name: unicodeString(), type: count, data: bytes, dataBytes: count, length: count, result: u32 },
    }),
    /** MS-RRP 3.1.5.15. */
    BaseRegOpenKey: op(15, 'BaseRegOpenKey', {
      in: { key: contextHandle, subKey: unicodeString(), options: u32, desiredAccess: u32 },
      out: { key: contextHandle, result: u32 },
    }),
    /** MS-RRP 3.1.5.16. Lengths in bytes, without terminators. */
    BaseRegQueryInfoKey: op(16, 'BaseRegQueryInfoKey', {
      in: { key: contextHandle, className: unicodeString() },
      out: {
        className: unicodeString(),
        subKeys: u32,
        maxSubKeyLength: u32,
        maxClassLength: u32,
        values: u32,
        maxValueNameLength: u32,
        maxValueLength: u32,
        securityDescriptorBytes: u32,
        lastWriteTime: filetime,
        result: u32,
      },
    }),
    /** MS-RRP 3.1.5.17. */
    BaseRegQueryValue: op(17, 'BaseRegQueryValue', {
      in: { key: contextHandle, valueName: unicodeString(), type: count, data: bytes, dataBytes: count, length: count },
      out: { type: count, data: bytes, dataBytes: count, length: count, result: u32 },
    }),
    /** MS-RRP 3.1.5.24. */
    BaseRegGetVersion: op(26, 'BaseRegGetVersion', { in: { key: contextHandle }, out: { version: u32, result: u32 } }),
  },
)
