import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { EncryptionType, KerberosMessageType, kerberosErrors } from '../../wire/kerberos/index.ts'
import { Command, FsctlCode } from '../../wire/smb2/index.ts'

type Codes = Readonly<Record<string, number>>

/** Fields whose values may be given by name, in quotation marks or without. */
const tables: Readonly<Record<string, Codes>> = {
  'smb2.cmd': Command,
  'smb2.nt_status': NtStatus,
  'smb.nt_status': NtStatus,
  'smb2.ioctl.function': FsctlCode,
  'kerberos.error_code': Object.fromEntries(kerberosErrors.map(({ name, code }) => [name, code])),
  'kerberos.msg_type': KerberosMessageType,
  'kerberos.etype': EncryptionType,
  'kerberos.ENCTYPE': EncryptionType,
}

/** `STATUS_LOGON_FAILURE`, `LOGON_FAILURE`, `CREATE`, `KDC_ERR_PREAUTH_FAILED`; undefined for what has no such name. */
export function valueOfName(field: string, name: string): bigint | undefined {
  const table = tables[field]
  if (table === undefined) return undefined
  const bare = name.replace(/^(?:STATUS|FSCTL)_/i, '')
  for (const wanted of [name, bare]) {
    const found = Object.entries(table).find(([key]) => key.toLowerCase() === wanted.toLowerCase())
    if (found !== undefined) return BigInt(found[1])
  }
  return undefined
}
